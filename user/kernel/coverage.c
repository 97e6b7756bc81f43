// SPDX-License-Identifier: GPL-2.0-only
/* Keeping pg_devices; see coverage.h. */
#include "kernel/coverage.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "kernel/attach.h"
#include "kernel/choice.h"
#include "kernel/classes.h"
#include "util/cleanup.h"

#define IPSEC_NAT_PORT 4500 /* RFC 3948: ESP in UDP */

static bool opens_udp_port(const struct rule *rule, uint16_t port)
{
	if (rule->verdict != PG_ALLOW || !(rule->directions & RULE_IN) ||
	    !(rule->protos & RULE_UDP))
		return false;
	for (size_t i = 0; i < rule->port_count; i++)
		if (rule->ports[i].first <= port && port <= rule->ports[i].last)
			return true;
	return false;
}

bool coverage_has_ipsec(const struct policy *p)
{
	for (size_t i = 0; i < p->protocol_count; i++)
		if (p->protocols[i].protocol == IPPROTO_ESP ||
		    p->protocols[i].protocol == IPPROTO_AH)
			return true;
	for (size_t i = 0; i < p->rule_count; i++)
		if (opens_udp_port(&p->rules[i], IPSEC_NAT_PORT))
			return true;
	return p->defaults[PG_IN] == PG_ALLOW;
}

struct marks {
	const struct devices *all;
	const bool *covered;
};

static bool is_uncovered(const void *key, void *data)
{
	const struct marks *m = data;
	const struct device *d = devices_by_index(m->all, *(const uint32_t *)key);

	return !d || !m->covered[d - m->all->list];
}

static int write_marks(int fd, const struct marks *m)
{
	const uint32_t value = PG_DEVICE_COVERED;

	for (size_t i = 0; i < m->all->count; i++)
		if (m->covered[i] &&
		    bpf_map_update_elem(fd, &m->all->list[i].index, &value, BPF_ANY) &&
		    errno != E2BIG) /* one that is not marked is asked twice */
			return -errno;
	return 0;
}

int coverage_write(const struct paths *paths, const struct policy *p, const struct devices *all,
		   bool mark)
{
	_cleanup_free_ bool *guarded = calloc(all->count + 1, sizeof(*guarded));
	_cleanup_free_ bool *covered = calloc(all->count + 1, sizeof(*covered));
	_cleanup_close_ int fd = pin_open(paths, "pg_devices");
	struct marks marks = { all, covered };

	if (fd < 0)
		return fd;
	if (!guarded || !covered)
		return -ENOMEM;
	for (size_t i = 0; i < all->count && !coverage_has_ipsec(p); i++)
		guarded[i] = device_choice(p, all, &all->list[i]) != ATTACH_DEFAULT &&
			     attached_inbound(paths, &all->list[i]) != VIA_NONE;
	for (size_t i = 0; i < all->count; i++)
		covered[i] = device_covered(all, guarded, &all->list[i]);
	keys_drop(fd, sizeof(uint32_t), is_uncovered, &marks);
	return mark ? write_marks(fd, &marks) : 0;
}
