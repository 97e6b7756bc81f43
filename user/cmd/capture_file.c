// SPDX-License-Identifier: GPL-2.0-only
/* Captured packets as pcapng; see capture_file.h. */
#include "cmd/capture_file.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "events/event.h"
#include "kernel/guard.h"
#include "policy/rule.h"
#include "util/cleanup.h"
#include "util/pcapng.h"

#define INTERFACES_MAX 1024
#define COMMENT 1024

struct capture_file {
	const struct paths *paths;
	struct json *out;
	uint32_t snaplen;
	uint64_t boot_ns;	/* the time of boot, since 1970 */
	struct {
		uint32_t ifindex;
		uint8_t link;
	} interfaces[INTERFACES_MAX];	/* as they stand in the file */
	uint32_t interface_count;
	struct policy policy;	/* to name rules and scopes */
	uint32_t slot;		/* its own */
	bool policy_known;
	uint8_t frame[CAPTURE_SNAPLEN_MAX + 4];
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t); /* these clocks are always there */
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int capture_file_new(const struct paths *paths, uint32_t snaplen, struct json *out, struct capture_file **ret)
{
	struct capture_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->paths = paths;
	f->out = out;
	f->snaplen = snaplen;
	f->boot_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME);
	pcapng_section(out, "portguard " PG_VERSION);
	*ret = f;
	return 0;
}

void capture_file_free(struct capture_file *f)
{
	if (!f)
		return;
	policy_free(&f->policy);
	free(f);
}

void capture_file_forget(struct capture_file *f)
{
	f->policy_known = false;
}

/* Its number in the file; past INTERFACES_MAX there is no telling them apart. */
static uint32_t interface_of(struct capture_file *f, const struct pg_captured *c)
{
	char name[IF_NAMESIZE];
	uint32_t i = 0;

	while (i < f->interface_count &&
	       (f->interfaces[i].ifindex != c->ifindex || f->interfaces[i].link != c->link))
		i++;
	if (i < f->interface_count || i == INTERFACES_MAX)
		return i % INTERFACES_MAX;
	f->interfaces[i].ifindex = c->ifindex;
	f->interfaces[i].link = c->link;
	f->interface_count++;
	if (!if_indextoname(c->ifindex, name))
		(void)snprintf(name, sizeof(name), "if%u", c->ifindex); /* it is gone; fits */
	pcapng_interface(f->out, name, c->link == PG_LINK_IP ? PCAPNG_RAW : PCAPNG_ETHERNET, f->snaplen);
	return i;
}

/* Where it cannot be read packets are told without the words of their rules. */
static void read_policy(struct capture_file *f)
{
	_cleanup_guard_ struct guard g = { 0 };

	f->policy_known = true;
	policy_free(&f->policy);
	f->policy = (struct policy){ 0 };
	if (guard_open(f->paths, GUARD_READ, &g, NULL))
		return;
	f->slot = state_slot(&g.state);
	f->policy = g.policy;
	g.policy = (struct policy){ 0 };
}

static void append(char text[COMMENT], const char *before, const char *what)
{
	size_t length = strlen(text);

	(void)snprintf(text + length, COMMENT - length, "%s%s", before, what); /* longer ones are cut */
}

static void append_rule(const struct policy *p, uint32_t id, char text[COMMENT])
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].id == id) {
			_cleanup_free_ char *rule = rule_print(&p->rules[i], false);

			append(text, ": ", rule ? rule : "");
		}
}

/* `deny inbound rule: deny in 8080/tcp from 203.0.113.0/24, scope web` */
static void put_comment(struct capture_file *f, const struct pg_captured *c, char text[COMMENT])
{
	const struct policy *p = &f->policy;
	uint16_t scope = c->scope & (PG_MAX_SCOPES - 1);

	(void)snprintf(text, COMMENT, "%s %s %s", event_verdict_name(c->verdict), event_hook_name(c->hook),
		       event_reason_name(c->reason)); /* fits */
	if ((c->rule || scope) && !f->policy_known)
		read_policy(f);
	if (c->rule)
		append_rule(p, c->rule, text);
	if (scope && c->scope >> 15 == f->slot && scope <= p->scope_count)
		append(text, ", scope ", p->scopes[scope - 1].name);
}

/* A VLAN tag that the kernel keeps beside the packet goes back to where it was on the wire (IEEE 802.1Q, 9). */
static void put_tag(struct capture_file *f, const struct pg_captured *c, struct pcapng_packet *p)
{
	const uint8_t tag[4] = { 0x81, 0x00, c->vlan >> 8, c->vlan & 0xff };
	const uint8_t *bytes = p->bytes;

	memcpy(f->frame, bytes, 12);
	memcpy(f->frame + 12, tag, sizeof(tag));
	memcpy(f->frame + 16, bytes + 12, c->copied - 12);
	p->bytes = f->frame;
	p->captured += sizeof(tag);
	p->length += sizeof(tag);
}

void capture_file_put(struct capture_file *f, const struct pg_captured *c, const void *bytes)
{
	char comment[COMMENT];
	struct pcapng_packet p = {
		.interface = interface_of(f, c),
		.time_ns = f->boot_ns + c->time_ns,
		.length = c->length,
		.captured = c->copied,
		.bytes = bytes,
		.comment = comment,
		.leaves = c->hook == PG_HOOK_SEND,
		.by = PCAPNG_NO_VERDICT,
	};

	if (c->verdict == PG_DENY && c->via != PG_CAPTURED_CGROUP) {
		p.by = c->via == PG_CAPTURED_XDP ? PCAPNG_VERDICT_XDP : PCAPNG_VERDICT_TC;
		p.verdict = c->via == PG_CAPTURED_XDP ? XDP_DROP : TC_ACT_SHOT;
	}
	if (c->tagged && c->link == PG_LINK_ETHERNET && c->copied >= 14)
		put_tag(f, c, &p);
	put_comment(f, c, comment);
	pcapng_packet(f->out, &p);
}
