// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a change writes beside ports: conditions with the ends and rates that they ask, callers, and what
 * they add up to. The kernel is asked whether it has understood.
 */
#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#include "bpf/lib/expect.h"
#include "kernel/ask.h"
#include "kernel/load.h"
#include "kernel/peers.h"
#include "kernel/sums.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define SECOND 1000000000ull

static bool allowed(const struct guarded *g, enum pg_direction direction, uint16_t port,
		    uint32_t uid, bool fresh)
{
	struct pg_ask ask = { .question = { .direction = direction,
					    .proto = PG_TCP,
					    .family = 4,
					    .port = port,
					    .remote_port = 4711,
					    .uid = uid,
					    .fresh = fresh ? PG_FRESH_YES : PG_FRESH_NO,
					    .remote = { [10] = 0xff, 0xff, 192, 0, 2, 7 },
					    .local = { [10] = 0xff, 0xff, 192, 0, 2, 1 } } };

	cr_assert_eq(ask_kernel(&g->paths, &ask), 0);
	return ask.decision.verdict == PG_ALLOW;
}

/* Every sum is what the tables hold. */
static void expect_sums(const struct guarded *g)
{
	const struct pg_sums *sums = &g->state.meta->sums;
	const struct {
		const char *name;
		uint64_t sum;
	} maps[] = { { "pg_cases", sums->cases }, { "pg_callers", sums->callers } };
	_cleanup_close_ int peers = pin_open(&g->paths, "pg_peers");

	for (uint32_t slot = 0; slot < PG_SLOTS; slot++) {
		const struct checksum_tables t = slot_tables(&g->state, slot);

		cr_assert_eq(checksum_slot(&t), sums->slots[slot], "slot %u", slot);
	}
	cr_assert_eq(groups_sum(&g->state), sums->groups);
	cr_assert_eq(rules_sum(&g->state), sums->rules);
	cr_assert_eq(peers_sum(peers), sums->peers);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		_cleanup_close_ int fd = pin_open(&g->paths, maps[i].name);
		uint64_t sum;

		cr_assert_eq(map_sum(fd, &sum), 0);
		cr_assert_eq(sum, maps[i].sum, "%s", maps[i].name);
	}
}

static struct policy copy_of(const struct guarded *g)
{
	struct policy p = { .mode = 0 };

	cr_assert_eq(policy_copy(&g->policy, &p), 0);
	return p;
}

static void end_at(struct guarded *g, size_t rule, uint64_t until_ns)
{
	_cleanup_policy_ struct policy next = copy_of(g);

	next.rules[rule].for_s = 60;
	next.rules[rule].until_ns = until_ns;
	put_in_force(g, &next, false);
}

Test(edits, a_rule_ends_and_is_renewed_in_place)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80, allow 81 from 192.0.2.0/24]");

	for (size_t rule = 0; rule < 2; rule++) {
		uint16_t port = 80 + rule;

		end_at(g, rule, boot_now_ns() + 60 * SECOND);
		cr_assert(allowed(g, PG_IN, port, 0, true), "port %u before its end", port);
		expect_sums(g);
		end_at(g, rule, boot_now_ns() - SECOND);
		cr_assert_not(allowed(g, PG_IN, port, 0, true), "port %u after it", port);
		end_at(g, rule, boot_now_ns() + 60 * SECOND);
		cr_assert(allowed(g, PG_IN, port, 0, true), "port %u renewed", port);
		expect_sums(g);
	}
}

Test(edits, a_limit_takes_its_tokens)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow in 80/tcp from 192.0.2.0/24]");
	_cleanup_policy_ struct policy next = copy_of(g);

	next.rules[0].limit = (struct pg_bucket_config){ .per_second_x1000 = 1, .burst = 2 };
	put_in_force(g, &next, true);
	cr_assert(allowed(g, PG_IN, 80, 0, true));
	cr_assert(allowed(g, PG_IN, 80, 0, true));
	cr_assert_not(allowed(g, PG_IN, 80, 0, true), "the burst was two");
	cr_assert_not(allowed(g, PG_IN, 80, 0, false), "a limit is no allow for what is not new");
	expect_sums(g);
}

static int the_file(void *data, const char *scope, const char *path, struct exe_identity *ret,
		    size_t max, size_t *ret_count)
{
	(void)scope;
	(void)path;
	*ret_count = max ? 1 : 0;
	if (max)
		*ret = *(const struct exe_identity *)data;
	return 0;
}

static bool table_has(const struct guarded *g, const struct exe_identity *file)
{
	_cleanup_close_ int fd = pin_open(&g->paths, "pg_callers");
	const struct pg_caller_key key = { .table = state_in_force(&g->state)->table,
					   .kind = PG_CALLER_EXE,
					   .value = file->inode,
					   .device = file->device };
	uint32_t class;

	return !bpf_map_lookup_elem(fd, &key, &class);
}

Test(edits, users_and_files_are_found_and_followed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow bind 80/tcp, allow bind 81/tcp]");
	struct exe_identity file = { .inode = 7, .device = 8 }, old;
	const struct exe_world world = { .data = &file, .identities = the_file };
	_cleanup_policy_ struct policy next = copy_of(g);
	struct change change = { .from = &g->policy, .to = &next, .exes = &world };

	next.rules[0].user = strdup("somebody");
	next.rules[0].uid = 1000;
	next.rules[1].exe = strdup("/somewhere");
	cr_assert_eq(state_change(&g->state, &change, NULL), 0);
	cr_assert(allowed(g, PG_BIND, 80, 1000, false));
	cr_assert_not(allowed(g, PG_BIND, 80, 1001, false));
	cr_assert(table_has(g, &file));
	cr_assert_eq(state_in_force(&g->state)->asks_exe, 1);
	old = file;
	file.inode = 9; /* replaced */
	change.from = &next;
	cr_assert_not(state_knows_exes(&g->state, &next, &world));
	cr_assert_eq(state_change(&g->state, &change, NULL), 0);
	cr_assert(state_knows_exes(&g->state, &next, &world));
	cr_assert(table_has(g, &file));
	cr_assert_not(table_has(g, &old));
	cr_assert(allowed(g, PG_BIND, 80, 1000, false));
	expect_sums(g);
}

static size_t entries(const struct guarded *g, const char *map)
{
	_cleanup_close_ int fd = pin_open(&g->paths, map);
	char key[64];
	size_t count = 0;

	for (void *from = NULL; !bpf_map_get_next_key(fd, from, key); from = key)
		count++;
	return count;
}

static size_t tables_of_peers(const struct guarded *g)
{
	_cleanup_close_ int fd = pin_open(&g->paths, "pg_peers");
	size_t count = 0;

	for (uint32_t place = 0, id; place < PG_SLOTS; place++)
		count += !bpf_map_lookup_elem(fd, &place, &id);
	return count;
}

Test(edits, what_goes_takes_what_it_led_to_along)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80, allow 81 from 192.0.2.0/24]");
	_cleanup_policy_ struct policy none = { .mode = 0 };
	uint64_t end = boot_now_ns() + 60 * SECOND;

	for (int round = 0; round < 20; round++) {
		end_at(g, round % 2, end + round);
		add_rule(g, "allow 90 from 192.0.2.7");
		remove_rule(g, "allow 90 from 192.0.2.7");
		cr_assert(allowed(g, PG_IN, 80, 0, true) && allowed(g, PG_IN, 81, 0, true));
	}
	expect_sums(g);
	policy_of("rules: [allow 1]", &none);
	put_in_force(g, &none, false);
	add_rule(g, "allow in 90 from 192.0.2.7 at 192.0.2.1");
	cr_assert_eq(entries(g, "pg_cases"), 1);
	cr_assert_eq(tables_of_peers(g), 1);
	expect_sums(g);
}

Test(edits, lines_of_peers_are_closed_to_everybody)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80 from 192.0.2.0/24]");
	_cleanup_close_ int peers = pin_open(&g->paths, "pg_peers"), lines = -1;
	const union pg_peer_line line = { .words = { 0 } };
	uint32_t place = state_in_force(&g->state)->table % PG_SLOTS, zero = 0, id;

	cr_assert_eq(bpf_map_lookup_elem(peers, &place, &id), 0);
	lines = bpf_map_get_fd_by_id(id);
	cr_assert_geq(lines, 0);
	cr_assert_neq(bpf_map_update_elem(lines, &zero, &line, BPF_ANY), 0);
	cr_assert_eq(errno, EPERM);
	cr_assert_eq(mmap(NULL, sizeof(line), PROT_READ | PROT_WRITE, MAP_SHARED, lines, 0),
		     MAP_FAILED);
	cr_assert(allowed(g, PG_IN, 80, 0, true));
}

Test(edits, a_trial_ends_by_itself_and_nothing_may_be_changed_meanwhile)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80]");
	_cleanup_policy_ struct policy next = { .mode = 0 };
	struct change change = { .from = &g->policy, .to = &next, .new_generation = true };

	policy_of("rules: [allow 81]", &next);
	next.rules[0].id = 9;
	change.try_until_ns = boot_now_ns() + SECOND / 5;
	cr_assert_eq(state_change(&g->state, &change, NULL), 0);
	cr_assert(allowed(g, PG_IN, 81, 0, true) || !state_try_left_ns(&g->state));
	cr_assert_eq(state_change(&g->state, &change, NULL), -EBUSY);
	while (state_try_left_ns(&g->state))
		(void)sched_yield();
	cr_assert(allowed(g, PG_IN, 80, 0, true));
	cr_assert_not(allowed(g, PG_IN, 81, 0, true));
	state_end_trial(&g->state, false);
	cr_assert(allowed(g, PG_IN, 80, 0, true));
	change.try_until_ns = boot_now_ns() + 60 * SECOND;
	cr_assert_eq(state_change(&g->state, &change, NULL), 0);
	state_end_trial(&g->state, true);
	cr_assert(allowed(g, PG_IN, 81, 0, true));
	cr_assert_not(allowed(g, PG_IN, 80, 0, true));
}

static uint32_t image_pages(const struct guarded *g, uint32_t slot)
{
	_cleanup_close_ int fd = guarded_map(g, slot ? "pg_image1" : "pg_image0");
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info.max_entries;
}

Test(edits, the_text_of_a_large_policy_goes_when_it_cannot_come_back)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80]");
	_cleanup_policy_ struct policy large = copy_of(g), next = { .mode = 0 };
	struct change change = { .from = &g->policy, .to = &next, .try_until_ns = boot_now_ns() + 60 * SECOND };
	uint32_t least = image_pages(g, state_slot(&g->state)), slot;

	for (unsigned port = 1000; port < 6000; port++) {
		_cleanup_free_ char *sentence = NULL;

		cr_assert_neq(asprintf(&sentence, "allow %u", port), -1);
		cr_assert_eq(add_rules(&large, sentence), 1);
	}
	put_in_force(g, &large, true);
	slot = state_slot(&g->state);
	cr_assert_gt(image_pages(g, slot), least);
	policy_of("rules: [allow 81]", &next);
	next.rules[0].id = 9;
	cr_assert_eq(state_change(&g->state, &change, NULL), 0);
	cr_assert_gt(image_pages(g, slot), least, "it comes back when the trial is over");
	state_end_trial(&g->state, false);
	change_policy(g, "rules: [allow 82]");
	cr_assert_leq(image_pages(g, slot), least);
	cr_assert_leq(image_pages(g, !slot), least);
}
