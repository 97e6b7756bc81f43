/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the fuzzers share: a machine whose users are all that have short names, two names for each number,
 * and whose services are a few of each kind.
 */
#ifndef PORTGUARD_FUZZ_WORLD_H
#define PORTGUARD_FUZZ_WORLD_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "util/cleanup.h"

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

static inline int fuzz_user(void *data, const char *name, uint32_t *ret)
{
	(void)data;
	if (strlen(name) > 8)
		return -ENOENT;
	*ret = (uint32_t)(unsigned char)name[0] / 2;
	return 0;
}

static inline size_t fuzz_service(void *data, const char *name, struct failsafe_port *out, size_t max)
{
	static const struct {
		const char *name;
		struct failsafe_port port;
	} services[] = {
		{ "http", { { 80, 80 }, RULE_TCP } },	 { "ssh", { { 22, 22 }, RULE_TCP } },
		{ "domain", { { 53, 53 }, RULE_TCP } },	 { "domain", { { 53, 53 }, RULE_UDP } },
		{ "tftp", { { 69, 69 }, RULE_UDP } },	 { "x-y", { { 6000, 6000 }, RULE_TCP | RULE_UDP } },
	};
	size_t count = 0;

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (!strcmp(services[i].name, name) && count < max)
			out[count++] = services[i].port;
	return count;
}

#endif
