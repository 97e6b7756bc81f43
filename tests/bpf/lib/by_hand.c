// SPDX-License-Identifier: GPL-2.0-only
/* Writing the tables; see by_hand.h. */
#include "bpf/lib/by_hand.h"

#include <criterion/criterion.h>
#include <time.h>

#include <bpf/bpf.h>

#include "kernel/ask.h"
#include "kernel/map.h"
#include "util/cleanup.h"

void put_answer(struct guarded *g, enum pg_direction direction, enum pg_proto proto, uint16_t port,
		uint32_t answer)
{
	uint32_t slot = g->state.control->slot & 1;
	__u64 *word = &g->state.control->slots[slot].bits[direction][proto][port / 64];

	cr_assert_eq(state_make_ports(&g->state, slot, direction, proto), 0);
	g->state.ports[PG_PORT_INDEX(slot, direction, proto, port)] = answer;
	*word = answer ? *word | 1ULL << port % 64 : *word & ~(1ULL << port % 64);
}

void put_in(struct guarded *g, uint16_t port, uint32_t answer)
{
	put_answer(g, PG_IN, PG_TCP, port, answer);
	put_answer(g, PG_IN, PG_UDP, port, answer);
}

void put_group(struct guarded *g, uint32_t number, struct pg_group group)
{
	cr_assert_eq(state_make_part(&g->state, STATE_GROUPS, number), 0);
	g->state.groups[number] = group;
}

void put_condition(struct guarded *g, uint32_t number, uint32_t id, uint32_t answer,
		   uint32_t otherwise)
{
	cr_assert_eq(state_make_part(&g->state, STATE_RULES, id), 0);
	put_group(g, number,
		  (struct pg_group){ .base = answer, .otherwise = otherwise, .rule = id });
}

static void put(const struct guarded *g, const char *map, const void *key, const void *value)
{
	_cleanup_close_ int fd = guarded_map(g, map);

	cr_assert_eq(bpf_map_update_elem(fd, key, value, BPF_ANY), 0, "%s", map);
}

void put_rule(struct guarded *g, uint32_t id, struct pg_rule rule)
{
	cr_assert_eq(state_make_part(&g->state, STATE_RULES, id), 0);
	cr_assert_eq(state_make_part(&g->state, STATE_LIMITS, id), 0);
	g->state.rules[id] = rule;
}

void put_case(const struct guarded *g, struct pg_case_key key, uint32_t answer)
{
	put(g, "pg_cases", &key, &answer);
}

void put_caller(const struct guarded *g, struct pg_caller_key key, uint32_t class)
{
	put(g, "pg_callers", &key, &class);
}

uint64_t boot_time(int seconds)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)(now.tv_sec + seconds) * 1000000000 + (uint64_t)now.tv_nsec;
}

struct pg_decision asked(const struct guarded *g, struct pg_question q)
{
	struct pg_ask ask = { .question = q };

	if (!ask.question.family)
		ask.question.family = 4;
	cr_assert_eq(ask_kernel(&g->paths, &ask), 0);
	return ask.decision;
}
