// SPDX-License-Identifier: GPL-2.0-only
/* Tables take what the policy needs: parts that are made when they are written to, and a hash that grows. */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <stdio.h>

#include "bpf/lib/expect.h"
#include "kernel/ask.h"
#include "kernel/load.h"
#include "kernel/map.h"
#include "kernel/sums.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define MANY 1500 /* cases: more than the first hash has room for */

static bool allowed(const struct guarded *g, enum pg_direction direction, uint16_t port)
{
	struct pg_ask ask = { .question = { .direction = direction,
					    .proto = PG_TCP,
					    .family = 4,
					    .port = port,
					    .remote = { [10] = 0xff, 0xff, 192, 0, 2, 7 },
					    .local = { [10] = 0xff, 0xff, 192, 0, 2, 1 } } };

	cr_assert_eq(ask_kernel(&g->paths, &ask), 0);
	return ask.decision.verdict == PG_ALLOW;
}

static bool is_pinned(const struct guarded *g, const char *name)
{
	_cleanup_close_ int fd = pin_open(&g->paths, name);

	return fd >= 0;
}

static void expect_sums(struct guarded *g)
{
	cr_assert_eq(state_map_tables(&g->state), 0);
	for (uint32_t slot = 0; slot < PG_SLOTS; slot++) {
		const struct checksum_tables t = slot_tables(&g->state, slot);

		cr_assert_eq(checksum_slot(&t), g->state.meta->sums.slots[slot], "slot %u", slot);
	}
	cr_assert_eq(groups_sum(&g->state), g->state.meta->sums.groups);
}

static void write_anew(struct guarded *g)
{
	const struct change change = { .to = &g->policy, .anew = true, .devices = devices_of };
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_eq(state_change(&g->state, &change, &err), 0, "%s", err.text);
}

Test(room, a_part_is_made_when_something_is_written_to_it)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp]");

	cr_assert_not(is_pinned(g, "pg_part_far_ports_0"));
	cr_assert_not(is_pinned(g, "pg_part_groups_0"));
	cr_assert(allowed(g, PG_OUT, 99));
	change_policy(g, "rules: [allow 80/tcp, deny out 99/tcp, allow in 81/tcp from 192.0.2.7]");
	cr_assert(is_pinned(g, "pg_part_far_ports_0"));
	cr_assert(is_pinned(g, "pg_part_groups_0"));
	cr_assert_not(allowed(g, PG_OUT, 99));
	cr_assert(allowed(g, PG_OUT, 98));
	cr_assert(allowed(g, PG_IN, 81));
	expect_sums(g);
}

/* As after a command that was killed between the pin of a part and its place, or as somebody tampers. */
Test(room, a_part_that_programs_do_not_see_reads_as_nothing_and_is_put_back)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny out 99/tcp]");
	_cleanup_close_ int outer = guarded_map(g, "pg_far_ports");
	uint32_t slot = state_slot(&g->state), place = PG_PORT_PLACE(slot, PG_OUT, PG_TCP);
	const uint32_t *answer = &g->state.ports[PG_PORT_INDEX(slot, PG_OUT, PG_TCP, 99)];

	cr_assert_neq(*answer, 0);
	cr_assert_eq(bpf_map_delete_elem(outer, &place), 0);
	cr_assert(allowed(g, PG_OUT, 99));
	state_unmap_tables(&g->state);
	cr_assert_eq(state_map_tables(&g->state), 0);
	cr_assert_eq(*answer, 0);
	write_anew(g);
	cr_assert_not(allowed(g, PG_OUT, 99));
	expect_sums(g);
}

/* A rule and a case for each port. */
static char *by_peer_and_address(unsigned count)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	cr_assert_not_null(f);
	(void)fputs("rules: [allow 80/tcp", f);
	for (unsigned i = 0; i < count; i++)
		(void)fprintf(f, ", allow in %u/tcp from 192.0.2.7 at 192.0.2.1", 1000 + i);
	(void)fputs("]", f);
	cr_assert_eq(fclose(f), 0);
	return text;
}

Test(room, cases_grow_and_keep_what_they_had)
{
	_cleanup_free_ char *few = by_peer_and_address(10), *many = by_peer_and_address(MANY);
	_cleanup_guarded_ struct guarded *g = guarded_by(few);
	_cleanup_close_ int before = guarded_map(g, "pg_cases"), now = -1;
	_cleanup_close_ int outer = guarded_map(g, "pg_case_maps");

	cr_assert_eq(map_holds(outer, 0, before), 0);
	change_policy(g, many);
	now = guarded_map(g, "pg_cases");
	cr_assert_eq(map_holds(outer, 0, before), -ESTALE);
	cr_assert_eq(map_holds(outer, 0, now), 0);
	for (uint16_t port = 1000; port < 1000 + MANY; port++)
		cr_assert(allowed(g, PG_IN, port), "%u", port);
	cr_assert_not(allowed(g, PG_IN, 1000 + MANY));
	expect_sums(g);
}

Test(room, cases_whose_growth_was_cut_short_are_those_that_are_pinned)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow in 81/tcp from 192.0.2.7 at 192.0.2.1]");
	_cleanup_close_ int outer = guarded_map(g, "pg_case_maps"),
			    cases = guarded_map(g, "pg_cases");
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	_cleanup_close_ int other =
		bpf_map_create(BPF_MAP_TYPE_HASH, "other", sizeof(struct pg_case_key),
			       sizeof(uint32_t), 8192, &options);
	uint32_t place = 0;

	cr_assert_eq(bpf_map_update_elem(outer, &place, &other, BPF_ANY), 0);
	cr_assert_not(allowed(g, PG_IN, 81));
	change_policy(g, "rules: [allow in 81/tcp from 192.0.2.7 at 192.0.2.1, "
			 "allow in 82/tcp from 192.0.2.7 at 192.0.2.1]");
	cr_assert_eq(map_holds(outer, 0, cases), 0);
	cr_assert(allowed(g, PG_IN, 81));
	cr_assert(allowed(g, PG_IN, 82));
}
