// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space writes of scopes: the tables of the slot that is in force say what the compiler said,
 * lists are stored once, sums are kept up, and pg_cgroups has every cgroup of a tree with its scopes.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "bpf/lib/guarded.h"
#include "kernel/cgroup.h"
#include "kernel/edit.h"
#include "kernel/scope_cgroups.h"
#include "kernel/sums.h"
#include "portguard/place.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define WEB "scopes: [{name: web, unit: web.service, rules: [allow 443/tcp]}]"

/* --- tables ------------------------------------------------------------------------------------- */

static struct checksum_tables tables(const struct guarded *g)
{
	return slot_tables(&g->state, state_slot(&g->state));
}

static const struct pg_scope *scope_at(const struct guarded *g, unsigned number)
{
	return (const void *)(tables(g).scopes + number * PG_SCOPE_STRIDE);
}

static uint32_t answer_of(const struct guarded *g, const struct pg_scope *s, const struct pg_span_list *list,
			  uint16_t port)
{
	const struct pg_span *span = tables(g).spans + list->start, *end = span + list->count;
	uint32_t kind;

	while (span < end && span->last < port)
		span++;
	if (span == end || span->first > port)
		return 0;
	kind = PG_ANSWER_KIND(span->answer);
	if (kind == PG_ANSWER_ALLOW || kind == PG_ANSWER_DENY)
		return span->answer + PG_ANSWER(0, 0, s->first_rule);
	return span->answer;
}

static uint32_t port_answer(const struct guarded *g, unsigned table, unsigned proto, uint16_t port)
{
	return g->state.ports[PG_PORT_INDEX(state_slot(&g->state), table, proto, port)];
}

/* What is in force has its sum, and so has the other slot where they are in step. */
static void expect_sums(const struct guarded *g)
{
	uint32_t slot = state_slot(&g->state);

	for (int i = 0; i < 2; i++, slot = !slot) {
		const struct checksum_tables t = slot_tables(&g->state, slot);

		if (!i || g->state.meta->in_step)
			cr_assert_eq(checksum_slot(&t), g->state.meta->sums.slots[slot], "slot %u", slot);
	}
	cr_assert_eq(groups_sum(&g->state), g->state.meta->sums.groups);
}

/* A chain leads to groups that are there; cases are not followed. */
static void expect_same(const struct guarded *g, const struct compiled *c, uint32_t kernel, uint32_t wanted)
{
	while (PG_ANSWER_KIND(wanted) == PG_ANSWER_ASK) {
		const struct group *from = &c->groups[PG_ANSWER_NUMBER(wanted) - 1];
		const struct pg_group *to = &g->state.groups[PG_ANSWER_NUMBER(kernel)];

		cr_assert_eq(PG_ANSWER_KIND(kernel), PG_ANSWER_ASK);
		cr_assert_eq(to->rule, from->rule);
		cr_assert_eq(to->dimensions & ~PG_DIM_FEW, from->dimensions);
		if (!to->rule)
			cr_assert_eq(to->table, state_in_force(&g->state)->table);
		kernel = to->base;
		wanted = from->base;
	}
	cr_assert_eq(kernel, wanted);
}

static void expect_union(const struct guarded *g, const struct compiled *c)
{
	for (unsigned proto = 0; proto < PG_PROTO_COUNT; proto++) {
		const struct intervals *all = &c->ports[PG_PORT_SCOPES][proto];

		for (uint32_t i = 0, port = 0; port < PG_PORTS; port += 1 + port % 7) {
			while (i < all->count && all->list[i].last < port)
				i++;
			expect_same(g, c, port_answer(g, PG_PORT_SCOPES, proto, (uint16_t)port),
				    all->count ? all->list[i].answer : 0);
		}
	}
}

static void expect_tables(const struct guarded *g)
{
	_cleanup_compiled_ struct compiled c = { .group_count = 0 };
	struct pg_error err = PG_ERROR_INIT;

	expect_sums(g);
	cr_assert_eq(policy_compile(&g->policy, &c, &err), 0, "%s", err.text);
	cr_assert_eq(state_in_force(&g->state)->scopes, c.scope_count);
	expect_union(g, &c);
	for (unsigned n = 0; n < c.scope_count; n++) {
		const struct pg_scope *s = scope_at(g, n);

		cr_assert_eq(s->answers, c.scopes[n].answers);
		for (unsigned d = 0; d < PG_DIRECTION_COUNT; d++)
			for (unsigned proto = 0; proto < PG_PROTO_COUNT; proto++) {
				const struct intervals *all = &c.scopes[n].ports[d][proto];

				const struct pg_span_list *list = &s->ports[d][proto];

				for (size_t i = 0; i < all->count; i++) {
					expect_same(g, &c, answer_of(g, s, list, all->list[i].first),
						    all->list[i].answer);
					expect_same(g, &c, answer_of(g, s, list, all->list[i].last),
						    all->list[i].answer);
				}
				if (!all->count)
					cr_assert_eq(s->ports[d][proto].count, 0);
			}
	}
}

Test(scope_tables, a_policy_without_scopes_maps_and_writes_none)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp]");

	cr_assert_null(g->state.scopes);
	cr_assert_eq(state_in_force(&g->state)->scopes, 0);
	expect_sums(g);
}

Test(scope_tables, every_field_of_a_scope_is_there)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(
		"default: {out: deny}\n"
		"scopes:\n"
		"  - {unit: 'web*.service', mode: audit, inherit: true, default: {out: allow, raw: allow}}\n"
		"  - {cgroup: /a/b, rules: [deny out 25/tcp]}\n"
		"  - {container: 0123456789ab, default: {in: allow}}\n"
		"  - {netns: private, rules: [allow bind 80]}\n");
	const struct pg_scope *s = scope_at(g, 1);

	expect_tables(g);
	cr_expect_eq(s->answers, 1 << PG_OUT | PG_SCOPE_RAW);
	cr_expect_eq(s->inherit, 1);
	cr_expect_eq(s->mode, PG_MODE_AUDIT + 1);
	cr_expect_eq(s->raw, PG_ALLOW);
	cr_expect_eq(s->defaults[PG_OUT], PG_ALLOW);
	cr_expect_eq(s->out_restricted, 1, "what it inherits is");
	cr_expect_eq(s->selector, PG_SELECT_UNIT);
	cr_expect_eq(s->with_socket, 1);
	cr_expect_eq(s->weight, strlen("web*.service"));
	cr_expect_eq(memcmp(tables(g).texts + s->pattern, "web*.service", s->pattern_length), 0);
	s = scope_at(g, 2);
	cr_expect_eq(s->selector, PG_SELECT_CGROUP);
	cr_expect_eq(s->weight, 0x8000 | strlen("/a/b"));
	cr_expect_eq(s->mode, 0);
	cr_expect_eq(s->out_restricted, 1);
	s = scope_at(g, 3);
	cr_expect_eq(s->selector, PG_SELECT_CONTAINER);
	cr_expect_eq(s->pattern_length, strlen("0123456789ab*"));
	cr_expect_eq(memcmp(tables(g).texts + s->pattern, "0123456789ab*", s->pattern_length), 0);
	cr_expect_eq(scope_at(g, 4)->selector, PG_SELECT_NETNS);
	cr_expect_eq(state_in_force(&g->state)->netns_scope, 4);
}

Test(scope_tables, identical_lists_are_stored_once)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(WEB);
	const struct pg_scope *s = scope_at(g, 1);

	cr_expect_eq(s->ports[PG_BIND][PG_TCP].count, 1);
	cr_expect_eq(s->ports[PG_BIND][PG_TCP].start, s->ports[PG_IN][PG_TCP].start);
	cr_expect_eq(s->ports[PG_BIND][PG_UDP].count, 0);
}

#define ALIKE "rules: ['allow 80,443,8000-8100/tcp', deny 82/tcp, deny out 25/tcp]"

Test(scope_tables, scopes_that_say_the_same_share_their_lists_and_keep_their_rules_apart)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(
		"scopes:\n"
		"  - {unit: a.service, " ALIKE "}\n"
		"  - {unit: b.service, " ALIKE "}\n"
		"  - {unit: c.service, rules: [allow 80/tcp, allow 81/tcp from 192.0.2.0/24]}\n");
	const struct pg_scope *a = scope_at(g, 1), *b = scope_at(g, 2), *c = scope_at(g, 3);

	expect_tables(g); /* with the numbers of their own rules */
	cr_expect_neq(a->first_rule, b->first_rule);
	for (unsigned d = 0; d < PG_DIRECTION_COUNT; d++)
		cr_expect_eq(a->ports[d][PG_TCP].start, b->ports[d][PG_TCP].start, "direction %u", d);
	cr_expect_neq(a->ports[PG_BIND][PG_TCP].start, c->ports[PG_BIND][PG_TCP].start);
	add_rule(g, "allow 81/tcp"); /* of the host */
	change_policy(g, "scopes:\n"
			 "  - {unit: a.service, " ALIKE "}\n"
			 "  - {unit: b.service, rules: [allow 80/tcp, deny 81/tcp]}\n");
	expect_tables(g);
}

Test(scope_tables, a_change_of_the_host_alone_leaves_them_and_the_slots_come_in_step)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(WEB);

	expect_tables(g);
	add_rule(g, "allow 80/tcp");
	expect_tables(g);
	cr_expect(g->state.meta->in_step);
	add_rule(g, "allow 81/tcp from 192.0.2.0/24");
	expect_tables(g);
	add_rule(g, "allow 82/tcp from 192.0.2.0/24");
	expect_tables(g);
	cr_expect(g->state.meta->in_step);
	remove_rule(g, "allow 80/tcp");
	expect_tables(g);
}

Test(scope_tables, scopes_come_change_and_go)
{
	static const char *const policies[] = {
		WEB, "", "scopes: [{name: web, unit: web.service, rules: [allow 443/tcp from 192.0.2.0/24]}]",
		"scopes: [{name: web, unit: web.service, rules: [allow 443/tcp from 192.0.2.0/24, limit 5/s 80]}]",
		"rules: [allow in 80 from 10.0.0.0/8]\n"
		"scopes: [{name: web, unit: web.service, rules: [allow 443/tcp from 192.0.2.0/24]},"
		"{unit: db.service, rules: [allow in 80 from 10.0.0.0/8, deny out any to 10.0.0.1]}]",
		"scopes: [{unit: db.service, mode: audit}]", "rules: [allow in 80 from 10.0.0.0/8]",
	};
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	uint32_t random = 5;

	for (int i = 0; i < 100; i++) {
		change_policy(g, policies[pick(&random, ARRAY_SIZE(policies))]);
		expect_tables(g);
		if (i % 3)
			continue;
		add_rule(g, i % 2 ? "allow 90/tcp" : "allow 91/tcp from 192.0.2.0/24");
		expect_tables(g);
	}
}

/* --- cgroups ------------------------------------------------------------------------------------ */

#define CONTAINER "0123456789abcdef0123456789abcdef"

static char top[512], mount_point[256];

static void make(const char *path)
{
	char whole[1024];

	(void)snprintf(whole, sizeof(whole), "%s%s", top, path);
	cr_assert(!mkdir(whole, 0755) || errno == EEXIST, "%s: %s", whole, strerror(errno));
}

static void drop(const char *path)
{
	char whole[1024];

	(void)snprintf(whole, sizeof(whole), "%s%s", top, path);
	(void)rmdir(whole);
}

static uint64_t id_of(const char *path)
{
	char whole[1024];
	struct stat st;

	(void)snprintf(whole, sizeof(whole), "%s%s", top, path);
	cr_assert_eq(stat(whole, &st), 0, "%s", whole);
	return st.st_ino;
}

/* An enforcement root of the test's own. */
static void guard_tree(struct guarded *g)
{
	struct state *s = &g->state;

	(void)snprintf(s->meta->cgroup_dir, sizeof(s->meta->cgroup_dir), "%s", top);
	cr_assert_eq(cgroup_identity(top, (uint64_t *)&s->control->cgroup_id, &s->control->cgroup_level), 0);
}

static void tree_up(void)
{
	if (cgroup_mount(mount_point, sizeof(mount_point)))
		cr_skip_test("no cgroup v2");
	(void)snprintf(top, sizeof(top), "%s/pg-scope-tables-%d", mount_point, getpid());
	if (mkdir(top, 0755))
		cr_skip_test("no cgroup can be made");
	make("/system.slice");
	make("/system.slice/web.service");
	make("/system.slice/web.service/worker");
	make("/system.slice/db.service");
	make("/docker");
	make("/docker/" CONTAINER);
	make("/plain");
}

static void tree_down(void)
{
	drop("/plain");
	drop("/docker/" CONTAINER);
	drop("/docker");
	drop("/system.slice/db.service");
	drop("/system.slice/web.service/worker");
	drop("/system.slice/web.service");
	drop("/system.slice");
	drop("");
}

TestSuite(scope_cgroups, .init = tree_up, .fini = tree_down);

static bool lookup(const struct guarded *g, uint64_t id, struct pg_cgroup *ret)
{
	_cleanup_close_ int fd = guarded_map(g, "pg_cgroups");

	return !bpf_map_lookup_elem(fd, &id, ret);
}

static void expect_owner(const struct guarded *g, const char *path, enum pg_owner kind, unsigned number)
{
	struct pg_cgroup c = { .place = 0 };

	(void)lookup(g, id_of(path), &c);
	cr_expect_eq(c.scope[state_slot(&g->state)][kind], number, "%s: %u", path,
		     c.scope[state_slot(&g->state)][kind]);
}

static size_t wrong(struct guarded *g, bool mend)
{
	size_t n = 77;

	cr_assert_eq(scope_cgroups_check(&g->state, &g->policy, NULL, mend, &n), 0);
	return n;
}

Test(scope_cgroups, each_cgroup_has_the_scopes_that_name_it_or_one_above)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_cgroup c;

	guard_tree(g);
	change_policy(g, "scopes: [{unit: db.service, mode: off}, {unit: web.service, mode: off}, "
			 "{container: 0123456, mode: off}]");
	expect_owner(g, "/system.slice/db.service", PG_OWNER_UNIT, 1);
	expect_owner(g, "/system.slice/web.service", PG_OWNER_UNIT, 2);
	expect_owner(g, "/system.slice/web.service/worker", PG_OWNER_UNIT, 2);
	expect_owner(g, "/docker/" CONTAINER, PG_OWNER_CONTAINER, 3);
	expect_owner(g, "/docker", PG_OWNER_CONTAINER, 0);
	cr_expect(lookup(g, id_of(""), &c) && c.place == PG_PLACE_SLICE);
	cr_expect(lookup(g, id_of("/docker"), &c) && c.place == PG_PLACE_DOCKER);
	cr_expect_not(lookup(g, id_of("/plain"), &c), "no scope, and no names below it");
	cr_expect_eq(wrong(g, false), 0);
}

Test(scope_cgroups, other_numbers_of_the_next_policy_do_not_touch_those_in_force)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_cgroup c;
	uint32_t before;

	guard_tree(g);
	change_policy(g, "scopes: [{unit: db.service, mode: off}, {unit: web.service, mode: off}]");
	before = state_slot(&g->state);
	change_policy(g, "scopes: [{unit: web.service, mode: off}]");
	cr_assert(lookup(g, id_of("/system.slice/web.service"), &c));
	cr_expect_eq(c.scope[before][PG_OWNER_UNIT], 2);
	cr_expect_eq(c.scope[!before][PG_OWNER_UNIT], 1);
	expect_owner(g, "/system.slice/db.service", PG_OWNER_UNIT, 0);
	change_policy(g, "scopes: [{unit: web.service, mode: audit}]");
	expect_owner(g, "/system.slice/web.service", PG_OWNER_UNIT, 1);
	add_rule(g, "allow 80/tcp");
	expect_owner(g, "/system.slice/web.service", PG_OWNER_UNIT, 1);
	cr_expect_eq(wrong(g, false), 0);
}

Test(scope_cgroups, without_scopes_nothing_is_left)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_cgroup c;

	guard_tree(g);
	change_policy(g, "scopes: [{unit: web.service, mode: off}]");
	change_policy(g, "");
	expect_owner(g, "/system.slice/web.service", PG_OWNER_UNIT, 0);
	change_policy(g, "rules: [allow 80]");
	cr_expect_not(lookup(g, id_of("/system.slice/web.service"), &c));
	cr_expect_not(lookup(g, id_of(""), &c));
}

Test(scope_cgroups, what_differs_is_found_and_mended)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_close_ int fd = guarded_map(g, "pg_cgroups");
	uint64_t web = id_of("/system.slice/web.service"), db = id_of("/system.slice/db.service");
	struct pg_cgroup nonsense = { .scope = { { 9, 9 }, { 9, 9 } } };

	guard_tree(g);
	change_policy(g, "scopes: [{unit: web.service, mode: off}]");
	cr_assert_eq(bpf_map_delete_elem(fd, &web), 0);
	cr_assert_eq(bpf_map_update_elem(fd, &db, &nonsense, BPF_ANY), 0);
	cr_expect_eq(wrong(g, false), 2);
	cr_expect_eq(wrong(g, true), 2);
	cr_expect_eq(wrong(g, false), 0);
	expect_owner(g, "/system.slice/web.service", PG_OWNER_UNIT, 1);
	expect_owner(g, "/system.slice/db.service", PG_OWNER_UNIT, 0);
}

Test(scope_cgroups, a_removed_cgroup_keeps_the_scopes_that_stay)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_cgroup c;
	uint64_t id = id_of("/system.slice/web.service/worker");

	guard_tree(g);
	change_policy(g, "scopes: [{unit: db.service, mode: off}, {unit: web.service, mode: off}]");
	drop("/system.slice/web.service/worker");
	change_policy(g, "scopes: [{unit: web.service, mode: off}]");
	cr_assert(lookup(g, id, &c));
	cr_expect_eq(c.scope[state_slot(&g->state)][PG_OWNER_UNIT], 1);
	change_policy(g, "scopes: [{unit: db.service, mode: off}]");
	change_policy(g, "scopes: [{unit: db.service, mode: off}, {cgroup: /x, mode: off}]");
	cr_expect_not(lookup(g, id, &c), "it is in none of either policy");
}

#define DEEP 40

/* The directories of a nest whose path is longer than any system call takes, outermost first; closed by the caller. */
static void make_nest(int fds[DEEP + 1], const char *name)
{
	fds[0] = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < DEEP; i++) {
		cr_assert_eq(mkdirat(fds[i], name, 0755), 0, "%d: %s", i, strerror(errno));
		fds[i + 1] = openat(fds[i], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		cr_assert_geq(fds[i + 1], 0);
	}
}

static void drop_nest(int fds[DEEP + 1], const char *name)
{
	(void)close(fds[DEEP]);
	for (int i = DEEP; i--;) {
		(void)unlinkat(fds[i], name, AT_REMOVEDIR);
		(void)close(fds[i]);
	}
}

Test(scope_cgroups, however_deep_a_cgroup_is_it_has_the_scope_of_those_above)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_free_ char *text = NULL;
	char name[121];
	struct pg_cgroup c = { .place = 0 };
	struct stat st;
	int fds[DEEP + 1];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	guard_tree(g);
	make_nest(fds, name);
	cr_assert_eq(fstat(fds[DEEP], &st), 0);
	cr_assert_geq(asprintf(&text, "scopes: [{cgroup: '%s/x*', mode: off}]", top + strlen(mount_point)), 0);
	change_policy(g, text);
	cr_expect(lookup(g, st.st_ino, &c));
	cr_expect_eq(c.scope[state_slot(&g->state)][PG_OWNER_CGROUP], 1);
	cr_expect_eq(wrong(g, false), 0);
	drop_nest(fds, name);
}

/* YAML of a thousand scopes, each with three rules. */
static char *thousand(void)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	cr_assert_not_null(f);
	(void)fprintf(f, "scopes:\n");
	for (unsigned i = 0; i < 1000; i++)
		(void)fprintf(f, "  - {unit: app%u.service, rules: [allow %u/tcp, deny out 25/tcp, "
				 "allow in 9000 from 192.0.2.%u]}\n", i, 1000 + i, i % 256);
	(void)fclose(f);
	return text;
}

Test(scope_cgroups, a_thousand_scopes_meet_a_thousand_cgroups)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_policy_ struct policy next = { .mode = 0 };
	_cleanup_free_ char *text = thousand();
	char path[64];

	guard_tree(g);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof(path), "/system.slice/app%u.service", i);
		make(path);
	}
	policy_of(text, &next);
	put_in_force(g, &next, true);
	expect_owner(g, "/system.slice/app999.service", PG_OWNER_UNIT, 1000);
	cr_expect_eq(wrong(g, false), 0);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof(path), "/system.slice/app%u.service", i);
		drop(path);
	}
}
