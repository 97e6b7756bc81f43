// SPDX-License-Identifier: GPL-2.0-only
/* scopes: in policy files: what they become, how files add up, what is saved, what changes. */
#include "policy/diff.h"
#include "policy/image.h"
#include "policy/scope.h"
#include "unit/lib/file_help.h"

static const char everything[] = V
	"default: {in: reject}\n"
	"sets: {office: [192.0.2.0/24]}\n"
	"rules: [allow 22]\n"
	"scopes:\n"
	"  - name: web\n"
	"    unit: nginx.service\n"
	"    rules: [\"allow bind 80,443/tcp by exe /usr/sbin/nginx\", allow in 80 from @office]\n"
	"  - container: ci-*\n"
	"    mode: audit\n"
	"  - cgroup: /system.slice/app@*.service\n"
	"    name: apps\n"
	"    inherit: true\n"
	"    default: {bind: allow, in: deny, out: deny, raw: allow}\n"
	"    rules:\n"
	"      - limit 6/m in 22\n"
	"  - netns: private\n"
	"    rules: []\n";

static void parse_two(const char *first, const char *second, struct policy *p)
{
	struct pg_error err = PG_ERROR_INIT;

	if (parse_texts((const char *const[]){ first, second }, 2, p, &err))
		FAIL("refused: %s", err.text);
}

Test(scopes, become_what_they_say)
{
	_cleanup_policy_ struct policy p;

	parse_good(everything, &p);
	cr_assert(p.in_reject && p.defaults[PG_IN] == PG_DENY);
	cr_assert_eq(p.scope_count, 4);
	cr_assert_str_eq(p.scopes[0].name, "web");
	cr_assert_eq(p.scopes[0].kind, SCOPE_UNIT);
	cr_assert_str_eq(p.scopes[0].selector, "nginx.service");
	cr_assert_not(p.scopes[0].mode_said || p.scopes[0].inherit || p.scopes[0].defaults_said);
	cr_assert_eq(p.scopes[1].kind, SCOPE_CONTAINER);
	cr_assert(p.scopes[1].mode_said && p.scopes[1].mode == PG_MODE_AUDIT);
	cr_assert_eq(p.scopes[2].kind, SCOPE_CGROUP);
	cr_assert(p.scopes[2].inherit && p.scopes[2].raw_said && p.scopes[2].raw == PG_ALLOW);
	cr_assert_eq(p.scopes[2].defaults_said, RULE_BIND | RULE_IN | RULE_OUT);
	cr_assert_eq(p.scopes[2].defaults[PG_BIND], PG_ALLOW);
	cr_assert_eq(p.scopes[2].defaults[PG_OUT], PG_DENY);
	cr_assert_eq(p.scopes[3].kind, SCOPE_NETNS);
}

Test(scopes, are_named_by_their_selector_unless_they_say_a_name)
{
	_cleanup_policy_ struct policy p;

	parse_good(everything, &p);
	cr_assert_str_eq(p.scopes[1].name, "ci-*");
	cr_assert_str_eq(p.scopes[2].name, "apps");
	cr_assert_str_eq(p.scopes[3].name, "private");
	cr_assert_eq(policy_find_scope(&p, "apps"), &p.scopes[2]);
	cr_assert_null(policy_find_scope(&p, "app"));
}

Test(scopes, have_rules_of_their_own)
{
	_cleanup_policy_ struct policy p;

	parse_good(everything, &p);
	cr_assert_eq(p.rule_count, 4);
	cr_assert_null(p.rules[0].scope);
	cr_assert_str_eq(p.rules[1].scope, "web");
	cr_assert_str_eq(p.rules[2].scope, "web");
	cr_assert_str_eq(p.rules[3].scope, "apps");
}

Test(scopes, answer_what_their_rules_or_defaults_speak_of)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "scopes:\n"
		     "  - {name: a, unit: a.service, rules: [allow bind 80]}\n"
		     "  - {name: b, unit: b.service, rules: [allow 80]}\n"
		     "  - {name: c, unit: c.service, default: {out: deny}}\n"
		     "  - {name: d, unit: d.service, mode: audit, default: {raw: allow}}\n"
		     "  - {name: e, unit: e.service, rules: [deny 22 from 192.0.2.7, deny out 25]}\n"
		     "  - {name: f, unit: f.service, rules: [deny 22 by user www]}\n",
		   &p);
	cr_assert_eq(policy_scope_answers(&p, &p.scopes[0]), RULE_BIND);
	cr_assert_eq(policy_scope_answers(&p, &p.scopes[1]), RULE_BIND | RULE_IN);
	cr_assert_eq(policy_scope_answers(&p, &p.scopes[2]), RULE_OUT);
	cr_assert_eq(policy_scope_answers(&p, &p.scopes[3]), 0);
	cr_assert_eq(policy_scope_answers(&p, &p.scopes[4]), RULE_IN | RULE_OUT);
	cr_assert_eq(policy_scope_answers(&p, &p.scopes[5]), RULE_BIND);
}

Test(scopes, of_one_name_in_two_files_are_one)
{
	_cleanup_policy_ struct policy p;

	parse_two(V "scopes:\n  - {name: web, unit: nginx.service, rules: [allow 80]}\n",
		  "scopes:\n  - {name: web, mode: audit, rules: [allow 443, allow 80 comment x]}\n", &p);
	cr_assert_eq(p.scope_count, 1);
	cr_assert_eq(p.rule_count, 2);
	cr_assert_str_eq(p.rules[1].scope, "web");
	cr_assert_str_eq(p.rules[0].comment, "x");
	cr_assert_eq(p.scopes[0].mode, PG_MODE_AUDIT);
}

Test(scopes, may_say_their_selector_in_the_later_file_or_in_both)
{
	_cleanup_policy_ struct policy p, q;

	parse_two(V "scopes:\n  - {name: web, rules: [allow 80]}\n",
		  "scopes:\n  - {name: web, unit: nginx.service}\n", &p);
	cr_assert_str_eq(p.scopes[0].selector, "nginx.service");
	parse_two(V "scopes:\n  - {unit: nginx.service, rules: [allow 80]}\n",
		  "scopes:\n  - {unit: nginx.service, rules: [allow 443]}\n", &q);
	cr_assert_eq(q.scope_count, 1);
	cr_assert_eq(q.rule_count, 2);
}

Test(scopes, a_file_by_itself_may_name_those_that_are_known)
{
	static const char text[] = V "scopes:\n  - {name: web, rules: [allow 443]}\n";
	_cleanup_policy_ struct policy running, p;
	struct policy_world alone = world;
	struct policy_text file = { "90-local.yaml", text, strlen(text) };

	parse_good(everything, &running);
	alone.sets_of = &running;
	cr_assert_eq(policy_parse(&file, 1, &alone, &p, NULL), 0);
	cr_assert_str_eq(p.scopes[0].selector, "nginx.service");
	cr_assert_str_eq(p.rules[0].scope, "web");
}

Test(scopes, the_same_sentence_in_two_scopes_is_two_rules)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "rules: [allow 80]\nscopes:\n  - {unit: a.service, rules: [allow 80]}\n"
		     "  - {unit: b.service, rules: [allow 80, allow 80]}\n",
		   &p);
	cr_assert_eq(p.rule_count, 3);
	cr_assert_not(rule_equal(&p.rules[0], &p.rules[1]) || rule_equal(&p.rules[1], &p.rules[2]));
}

Test(scopes, without_any_are_fine)
{
	_cleanup_policy_ struct policy p, q;

	parse_good(V "scopes: []\n", &p);
	parse_good(V "scopes:\n", &q);
	cr_assert(policy_equal(&p, &q));
}

Test(scopes, are_copied_and_compared)
{
	static const char *const others[] = {
		"{name: b, unit: a.service}", "{name: a, unit: b.service}", "{name: a, container: a}",
		"{name: a, unit: a.service, mode: audit}", "{name: a, unit: a.service, mode: enforce}",
		"{name: a, unit: a.service, inherit: true}",
		"{name: a, unit: a.service, default: {in: deny}}",
		"{name: a, unit: a.service, default: {in: allow}}",
		"{name: a, unit: a.service, default: {raw: deny}}",
		"{name: a, unit: a.service, rules: [allow 80]}",
	};
	_cleanup_policy_ struct policy p, copy;

	parse_good(V "scopes: [{name: a, unit: a.service}]\n", &p);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_policy_ struct policy other, again;
		_cleanup_free_ char *text = NULL;

		cr_assert_neq(asprintf(&text, V "scopes: [%s]\n", others[i]), -1);
		parse_good(text, &other);
		cr_assert_not(policy_equal(&p, &other), "%s", others[i]);
		cr_assert_eq(policy_copy(&other, &again), 0);
		cr_assert(policy_equal(&other, &again), "%s", others[i]);
	}
	parse_good(V "scopes: [{name: a, unit: a.service, inherit: false}]\n", &copy);
	cr_assert(policy_equal(&p, &copy), "what is the default may be said");
}

Test(scopes, go_through_the_image)
{
	_cleanup_policy_ struct policy p, again;
	_cleanup_free_ char *text = NULL, *second = NULL;
	struct pg_error err = PG_ERROR_INIT;
	size_t length, same;

	parse_good(everything, &p);
	cr_assert_eq(add_rules(&p, "reject bind 81 by user www for 2h"), 1);
	text = image_write(&p, &length);
	cr_assert_eq(image_read(text, length, &again, &err), 0, "%s\n%s", err.text, text);
	cr_assert(policy_equal(&p, &again));
	second = image_write(&again, &same);
	cr_assert_str_eq(text, second);
	cr_assert_str_eq(again.rules[4].user, "www");
	cr_assert_eq(again.rules[4].uid, 33);
	cr_assert(again.in_reject);
}

Test(scopes, save_their_runtime_rules_below_their_names)
{
	_cleanup_policy_ struct policy p, again;
	_cleanup_free_ char *text = NULL;

	parse_good(everything, &p);
	for (size_t i = 0; i < p.rule_count; i++)
		p.rules[i].origin = ORIGIN_RUNTIME;
	text = policy_print_local(&p);
	expect_text(text, "# Written by portguard; its rules are changed by commands.\n"
			  "version: 1\n"
			  "rules:\n"
			  "  - \"allow 22\"\n"
			  "scopes:\n"
			  "  - name: \"apps\"\n"
			  "    rules:\n"
			  "      - \"limit 6/m in 22\"\n"
			  "  - name: \"web\"\n"
			  "    rules:\n"
			  "      - \"allow bind 80,443/tcp by exe /usr/sbin/nginx\"\n"
			  "      - \"allow in 80 from @office\"\n");
	parse_two(everything, text, &again);
	cr_assert(policy_equal(&p, &again));
}

Test(scopes, save_nothing_of_the_host_where_it_has_nothing)
{
	_cleanup_policy_ struct policy p;
	_cleanup_free_ char *text = NULL;

	parse_good(everything, &p);
	p.rules[3].origin = ORIGIN_RUNTIME;
	text = policy_print_local(&p);
	expect_text(text, "# Written by portguard; its rules are changed by commands.\nversion: 1\nrules: []\n"
			  "scopes:\n  - name: \"apps\"\n    rules:\n      - \"limit 6/m in 22\"\n");
}

static void expect_diff(const char *from, const char *to, const char *want)
{
	_cleanup_policy_ struct policy a, b;
	_cleanup_free_ char *got = NULL;

	parse_good(from, &a);
	parse_good(to, &b);
	got = policy_diff(&a, &b);
	expect_text(got, want);
	cr_assert_eq(policy_equal(&a, &b), !*want);
}

Test(scopes, change_line_by_line)
{
	expect_diff(V, V "scopes: [{name: web, unit: a.service, rules: [allow bind 80]}]\n",
		    "+ scopes: web: unit: a.service\n+ [web] allow bind 80\n");
	expect_diff(V "scopes: [{name: web, unit: a.service, mode: audit, default: {out: deny}}]\n",
		    V "scopes: [{name: web, unit: b.service, inherit: true, default: {raw: deny}}]\n",
		    "- scopes: web: default: out: deny\n- scopes: web: mode: audit\n- scopes: web: unit: a.service\n"
		    "+ scopes: web: default: raw: deny\n+ scopes: web: inherit: true\n"
		    "+ scopes: web: unit: b.service\n");
	expect_diff(V "rules: [allow 80]\nscopes: [{unit: a.service, rules: [allow 81]}]\n",
		    V "rules: [allow 81]\nscopes: [{unit: a.service, rules: [allow 80]}]\n",
		    "- [a.service] allow 81\n- allow 80\n+ [a.service] allow 80\n+ allow 81\n");
	expect_diff(V, V "default: {in: reject}\n", "- default: in: deny\n+ default: in: reject\n");
	expect_diff(V "rules: [allow 80 by user www]\n", V "rules: [allow 80 by user 33]\n", "");
}

Test(scopes, that_are_gone_take_their_runtime_rules_along_and_say_so)
{
	_cleanup_policy_ struct policy running, file, kept;
	_cleanup_free_ char *orphans = NULL, *none = NULL;

	parse_good(V "scopes: [{name: web, unit: a.service}, {name: db, unit: b.service}]\n", &running);
	(void)add_rules(&running, "allow 80");
	(void)add_rules(&running, "allow 5432");
	running.rules[0].scope = strdup("web");
	running.rules[1].scope = strdup("db");
	running.rules[0].origin = running.rules[1].origin = ORIGIN_RUNTIME;
	parse_good(V "scopes: [{name: db, unit: c.service}]\n", &file);
	orphans = policy_orphans(&running, &file);
	expect_text(orphans, "[web] allow 80\n");
	cr_assert_eq(policy_merge(&running, &file, false), 0);
	cr_assert_eq(file.rule_count, 1);
	cr_assert_str_eq(file.rules[0].scope, "db");
	cr_assert_eq(policy_copy(&running, &kept), 0);
	none = policy_orphans(&running, &kept);
	expect_text(none, "");
}

Test(scopes, a_rule_must_not_name_one_that_is_not_there)
{
	_cleanup_policy_ struct policy p;
	struct pg_error err = PG_ERROR_INIT;
	const struct scope *scope = NULL;

	parse_good(everything, &p);
	cr_assert_eq(scope_want(&p, "web", &scope, &err), 0);
	cr_assert_eq(scope, &p.scopes[0]);
	cr_assert_eq(scope_want(&p, "host", &scope, &err), 0);
	cr_assert_null(scope);
	cr_assert_eq(scope_want(&p, "wbe", &scope, &err), -EINVAL);
	cr_assert_str_eq(err.text, "unknown scope 'wbe': did you mean 'web'?");
	cr_assert_eq(err.exit, PG_EXIT_POLICY);
	cr_assert_eq(scope_want(&p, "nothing\n", &scope, &err), -EINVAL);
	cr_assert_str_eq(err.text, "unknown scope 'nothing\\x0a': scopes: in the policy has none of that name");
	p.rules[0].scope = strdup("abps");
	cr_assert_eq(policy_check_rule(&p, &p.rules[0], &err), -EINVAL);
	cr_assert_str_eq(err.text, "unknown scope 'abps': did you mean 'apps'?");
}

Test(scopes, take_every_kind_of_selector)
{
	static const struct {
		enum scope_kind kind;
		const char *text;
	} good[] = {
		{ SCOPE_UNIT, "nginx.service" }, { SCOPE_UNIT, "app@1.service" }, { SCOPE_UNIT, "app@*.service" },
		{ SCOPE_UNIT, "ssh.socket" }, { SCOPE_UNIT, "session-*" }, { SCOPE_UNIT, "a\\x2db.scope" },
		{ SCOPE_CONTAINER, "web" }, { SCOPE_CONTAINER, "0123456789ab" }, { SCOPE_CONTAINER, "ci-[0-9]*" },
		{ SCOPE_CONTAINER, "k8s_a.b" }, { SCOPE_CGROUP, "/a" }, { SCOPE_CGROUP, "/user.slice/*/x" },
		{ SCOPE_CGROUP, "/caf\xc3\xa9" }, { SCOPE_NETNS, "private" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		cr_assert_null(scope_selector_mistake(good[i].kind, good[i].text, strlen(good[i].text)), "%s",
			       good[i].text);
}
