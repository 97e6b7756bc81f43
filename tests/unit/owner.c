// SPDX-License-Identifier: GPL-2.0-only
/* Which scopes a cgroup is in: kinds, patterns, weights, and what children have of their parents. */
#include "policy/owner.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "portguard/place.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct policy policy;
static struct owner_patterns patterns;

static void setup(void)
{
	cr_assert_eq(policy_init(&policy), 0);
}

static void teardown(void)
{
	owner_patterns_free(&patterns);
	policy_free(&policy);
}

TestSuite(owner, .init = setup, .fini = teardown);

/* The next scope; its number. */
static size_t scope(enum scope_kind kind, const char *selector)
{
	struct scope s = { .kind = kind, .name = strdup(selector), .selector = strdup(selector) };

	policy.scopes = reallocarray(policy.scopes, policy.scope_count + 1, sizeof(s));
	cr_assert_not_null(policy.scopes);
	policy.scopes[policy.scope_count++] = s;
	owner_patterns_free(&patterns);
	cr_assert_eq(owner_patterns(&policy, &patterns), 0);
	return policy.scope_count;
}

/* The owners of a path, as the walk finds them from an enforcement root down. */
static struct cgroup_owner owner_in(const char *root, const char *path)
{
	struct cgroup_owner o;
	size_t at = strlen(root);

	owner_of_root(&patterns, root, at, &o);
	at = at == 1 ? 0 : at;
	while (path[at]) {
		at += 1 + strcspn(path + at + 1, "/");
		owner_below(&patterns, &o, path, at, &o);
	}
	return o;
}

static struct cgroup_owner owner_of(const char *path)
{
	return owner_in("/", path);
}

static void expect(const char *path, unsigned container, unsigned unit, unsigned cgroup)
{
	struct cgroup_owner o = owner_of(path);

	cr_expect_eq(o.scope[PG_OWNER_CONTAINER], container, "%s: container %u", path,
		     o.scope[PG_OWNER_CONTAINER]);
	cr_expect_eq(o.scope[PG_OWNER_UNIT], unit, "%s: unit %u", path, o.scope[PG_OWNER_UNIT]);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], cgroup, "%s: cgroup %u", path, o.scope[PG_OWNER_CGROUP]);
	cr_expect_eq(o.scope[PG_OWNER_NETNS], 0);
}

Test(owner, a_cgroup_that_no_scope_names_has_none)
{
	scope(SCOPE_UNIT, "nginx.service");
	scope(SCOPE_CONTAINER, "abcdef");
	scope(SCOPE_CGROUP, "/a");
	scope(SCOPE_NETNS, "private");
	expect("/", 0, 0, 0);
	expect("/system.slice", 0, 0, 0);
	expect("/system.slice/sshd.service", 0, 0, 0);
	expect("/system.slice/docker-" ID ".scope", 0, 0, 0);
}

Test(owner, a_unit_is_recognised_by_its_whole_name)
{
	scope(SCOPE_UNIT, "nginx.service");
	expect("/system.slice/nginx.service", 0, 1, 0);
	expect("/system.slice/nginx.service/worker", 0, 1, 0);
	expect("/system.slice/nginx.service2", 0, 0, 0);
	expect("/system.slice/xnginx.service", 0, 0, 0);
}

Test(owner, below_a_unit_names_claim_nothing)
{
	scope(SCOPE_UNIT, "nginx.service");
	expect("/system.slice/evil.service/nginx.service", 0, 0, 0);
	expect("/user.slice/user-1.slice/user@1.service/app.slice/nginx.service", 0, 0, 0);
	expect("/plain/nginx.service", 0, 0, 0);
}

Test(owner, a_service_includes_its_socket_and_not_the_reverse)
{
	scope(SCOPE_UNIT, "web*.service");
	scope(SCOPE_UNIT, "db.socket");
	expect("/system.slice/web1.socket", 0, 1, 0);
	expect("/system.slice/web1.scope", 0, 0, 0);
	expect("/system.slice/db.service", 0, 0, 0);
	expect("/system.slice/db.socket", 0, 2, 0);
}

Test(owner, escaped_names_are_matched_as_they_are_called)
{
	scope(SCOPE_UNIT, "cgroup.service");
	scope(SCOPE_UNIT, "dev-disk\\x2da.service");
	expect("/system.slice/_cgroup.service", 0, 1, 0);
	expect("/system.slice/dev-disk\\x2da.service", 0, 2, 0);
}

Test(owner, a_container_is_known_by_its_id_or_the_beginning_of_it)
{
	scope(SCOPE_CONTAINER, "012345");
	expect("/system.slice/docker-" ID ".scope", 1, 0, 0);
	expect("/docker/" ID, 1, 0, 0);
	expect("/docker/" ID "/init", 1, 0, 0);
	expect("/docker/f" ID, 0, 0, 0);
}

Test(owner, too_few_digits_and_names_are_no_prefix)
{
	scope(SCOPE_CONTAINER, "01234");
	scope(SCOPE_CONTAINER, "web");
	expect("/docker/" ID, 0, 0, 0);
}

Test(owner, a_runtimes_scope_is_unit_and_container)
{
	scope(SCOPE_CONTAINER, ID);
	scope(SCOPE_UNIT, "docker-*.scope");
	expect("/system.slice/docker-" ID ".scope", 1, 2, 0);
}

Test(owner, the_pattern_without_wildcards_wins_then_the_longer_then_the_first)
{
	scope(SCOPE_UNIT, "web*.service");
	scope(SCOPE_UNIT, "w*.service");
	scope(SCOPE_UNIT, "web1.service");
	scope(SCOPE_UNIT, "web?.service");
	expect("/system.slice/web1.service", 0, 3, 0);
	expect("/system.slice/web2.service", 0, 1, 0);
	expect("/system.slice/web22.service", 0, 1, 0);
	expect("/system.slice/w.service", 0, 2, 0);
}

Test(owner, a_cgroup_pattern_is_of_the_whole_path_and_stars_stop_at_slashes)
{
	scope(SCOPE_CGROUP, "/apps/*");
	scope(SCOPE_CGROUP, "/apps/*/db");
	expect("/apps", 0, 0, 0);
	expect("/apps/a", 0, 0, 1);
	expect("/apps/a/db", 0, 0, 2);
	expect("/x/apps/a", 0, 0, 0);
}

Test(owner, nested_cgroup_scopes_stand_innermost_first)
{
	static const char *const paths[] = { "/a", "/a/a", "/a/a/a", "/a/a/a/a", "/a/a/a/a/a", "/a/a/a/a/a/a" };
	struct cgroup_owner o;

	for (size_t i = 0; i < 6; i++)
		scope(SCOPE_CGROUP, paths[i]);
	o = owner_of("/a/a/a/b");
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], 3);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP + 1], 2);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP + 2], 1);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP + 3], 0);
	o = owner_of(paths[5]); /* the last falls out */
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], 6);
	cr_expect_eq(o.scope[PG_OWNER_NETNS - 1], 2);
	cr_expect_eq(o.scope[PG_OWNER_NETNS], 0);
}

Test(owner, a_scope_that_matches_child_and_parent_stands_once)
{
	struct cgroup_owner o;

	scope(SCOPE_CGROUP, "/a");
	scope(SCOPE_CGROUP, "/a/b*");
	scope(SCOPE_CGROUP, "/a/[bc]*");
	o = owner_of("/a/b");
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], 3);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP + 1], 1);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP + 2], 0);
}

Test(owner, recognition_begins_at_the_enforcement_root)
{
	struct cgroup_owner o;

	scope(SCOPE_UNIT, "web.service");
	scope(SCOPE_CGROUP, "/lab");
	scope(SCOPE_CGROUP, "/lab/host");
	o = owner_in("/lab/host", "/lab/host");
	cr_expect_eq(o.place, PG_PLACE_SLICE);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], 3);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP + 1], 2);
	o = owner_in("/lab/host", "/lab/host/web.service");
	cr_expect_eq(o.scope[PG_OWNER_UNIT], 1);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], 3);
	o = owner_in("/", "/lab/host/web.service");
	cr_expect_eq(o.scope[PG_OWNER_UNIT], 0);
}

Test(owner, a_path_that_is_too_long_has_what_its_parent_has)
{
	char path[PG_GLOB_MAX * 2];
	struct cgroup_owner o;

	scope(SCOPE_CGROUP, "/a");
	scope(SCOPE_CGROUP, "/a/*");
	scope(SCOPE_CGROUP, "/a/*/*");
	memset(path, 'x', sizeof(path));
	memcpy(path, "/a/", 3);
	path[sizeof(path) - 1] = '\0';
	o = owner_of(path);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], 1);
	path[1000] = '/';
	o = owner_of(path);
	cr_expect_eq(o.scope[PG_OWNER_CGROUP], 2);
}

Test(owner, a_thousand_scopes_and_cgroups_take_a_moment)
{
	struct cgroup_owner root, o;
	char text[64];
	clock_t begin;

	policy.scopes = calloc(1000, sizeof(*policy.scopes));
	policy.scope_count = 1000;
	for (unsigned i = 0; i < 1000; i++) {
		struct scope *s = &policy.scopes[i];

		s->kind = i % 2 ? SCOPE_UNIT : SCOPE_CGROUP;
		(void)snprintf(text, sizeof(text), "%sapplication-%u*%s", i % 2 ? "" : "/system.slice/", i,
			       i % 2 ? ".service" : "");
		s->name = strdup(text);
		s->selector = strdup(text);
	}
	cr_assert_eq(owner_patterns(&policy, &patterns), 0);
	begin = clock();
	owner_of_root(&patterns, "/", 1, &root);
	owner_below(&patterns, &root, "/system.slice", 13, &root);
	for (unsigned i = 0; i < 1000; i++) {
		int length = snprintf(text, sizeof(text), "/system.slice/application-%ub.service", i);

		owner_below(&patterns, &root, text, (size_t)length, &o);
		if (i % 2)
			cr_assert_eq(o.scope[PG_OWNER_UNIT], i + 1);
		else
			cr_assert_eq(o.scope[PG_OWNER_CGROUP], i + 1);
	}
	cr_expect_lt((double)(clock() - begin) / CLOCKS_PER_SEC, 0.2);
}

/* --- names of containers ---------------------------------------------------------------------------- */

static const char *name_of(void *data, const char *id)
{
	return strcmp(id, ID) ? NULL : data;
}

static struct owner_names names = { .container_name = name_of };

static uint16_t container_called(char *name)
{
	names.data = name;
	patterns.names = &names;
	return owner_of("/docker/" ID).scope[PG_OWNER_CONTAINER];
}

Test(owner, containers_are_found_by_name)
{
	size_t web = scope(SCOPE_CONTAINER, "web"), shop = scope(SCOPE_CONTAINER, "shop-*");

	cr_assert_eq(container_called("web"), web);
	cr_assert_eq(container_called("shop-1"), shop);
	cr_assert_eq(container_called("web2"), 0);
	cr_assert_eq(container_called(NULL), 0);
	names.data = "web";
	cr_assert_eq(owner_of("/docker/0123456789ab").scope[PG_OWNER_CONTAINER], 0);
	cr_assert_eq(owner_of("/docker/" ID "/init").scope[PG_OWNER_CONTAINER], web);
	cr_assert_eq(owner_of("/web").scope[PG_OWNER_CONTAINER], 0);
	cr_assert_eq(owner_of("/web.service").scope[PG_OWNER_UNIT], 0);
}

Test(owner, a_name_of_hexadecimal_digits_is_whole)
{
	size_t cafe = scope(SCOPE_CONTAINER, "cafe01");

	cr_assert_eq(container_called("cafe01"), cafe);
	cr_assert_eq(container_called("cafe012"), 0);
	cr_assert_eq(container_called("cafe01*"), 0);
}

Test(owner, of_name_and_id_the_weightier_pattern_has_the_container)
{
	size_t by_id = scope(SCOPE_CONTAINER, "0123456789ab"), by_name = scope(SCOPE_CONTAINER, "web");

	cr_assert_eq(container_called("web"), by_name); /* without wildcards before with them */
	cr_assert_eq(container_called("other"), by_id);
}

Test(owner, says_whether_names_matter)
{
	scope(SCOPE_UNIT, "web.service");
	cr_assert_not(owner_has_containers(&patterns));
	cr_assert_not(owner_names_container(&patterns, "web.service"));
	scope(SCOPE_CONTAINER, "we*");
	cr_assert(owner_has_containers(&patterns));
	cr_assert(owner_names_container(&patterns, "web"));
	cr_assert_not(owner_names_container(&patterns, "db"));
}
