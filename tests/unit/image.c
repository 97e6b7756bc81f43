// SPDX-License-Identifier: GPL-2.0-only
/* The image loses nothing, and takes nothing that it did not write. */
#include "policy/file.h"
#include "policy/image.h"
#include "unit/policy_help.h"

static const char everything[] =
	"version: 1\nmode: audit\ninterfaces: [eth0, {name: \"veth*\", attach: tc}]\n"
	"cgroup: '/a b\"c\\d'\nattach: xdp\ndefault: {bind: allow, out: deny, raw: allow}\n"
	"essentials: [mdns]\nfailsafe: [22/tcp, 1000-2000, 7/udp]\n"
	"protocols: [vrrp, {gre: {from: '@office'}}, {esp: {from: 192.0.2.0/24}}]\n"
	"icmp: {echo: 100/m, redirect: allow}\nforward: allow\nloopback: true\non_listen: close\n"
	"flows: {max: 2048, udp: 10s, udp-stream: 11s, tcp: 12s}\nevents: {max: 7/s, number: 8}\n"
	"metrics: 'unix:///run/a b\"c\\d'\n"
	"sets: {office: [192.0.2.0/24, 2001:db8::/32], none: []}\n"
	"rules:\n  - 'allow 20-25,22/tcp from @office comment \"a \\\"b\\\" \\\\ c\"'\n  - deny any on eth0\n"
	"  - deny out 25 to @office\n  - allow bind 80 by user www by exe /a for 2h log\n"
	"  - limit 100/m burst 7 per source in 80\n  - reject 81\n"
	"scopes:\n  - {name: 'w\"e\\b', unit: nginx.service, mode: audit, rules: [allow 80, allow bind 81 by user 7]}\n"
	"  - {cgroup: /a/*, name: apps, inherit: true, default: {in: allow, raw: deny}}\n";

static void make(struct policy *p)
{
	struct policy_text file = { "policy.yaml", everything, strlen(everything) };
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_eq(policy_parse(&file, 1, &help_world, p, &err), 0, "%s", err.text);
	p->rules[0].id = 3;
	p->rules[1].id = PG_MAX_RULES;
	p->rules[1].origin = ORIGIN_RUNTIME;
	p->rules[1].hits_base = UINT64_MAX;
	p->rules[1].until_ns = UINT64_MAX - 1;
	p->panic = true;
}

Test(image, holds_everything)
{
	_cleanup_policy_ struct policy p, again;
	_cleanup_free_ char *text = NULL, *second = NULL;
	struct pg_error err = PG_ERROR_INIT;
	size_t length, second_length;

	make(&p);
	text = image_write(&p, &length);
	cr_assert_eq(image_read(text, length, &again, &err), 0, "%s", err.text);
	cr_assert(policy_equal(&p, &again));
	second = image_write(&again, &second_length);
	cr_assert_str_eq(text, second);
	cr_assert_eq(again.rules[1].id, PG_MAX_RULES);
	cr_assert_eq(again.rules[1].origin, ORIGIN_RUNTIME);
	cr_assert_eq(again.rules[1].hits_base, UINT64_MAX);
	cr_assert_eq(again.rules[1].until_ns, UINT64_MAX - 1);
	cr_assert(again.panic);
	cr_assert(rule_equal(&again.rules[2], &p.rules[2]));
	cr_assert_str_eq(again.rules[0].comment, "a \"b\" \\ c");
	cr_assert_str_eq(again.rules[3].user, "www");
	cr_assert_eq(again.rules[3].uid, 33);
	cr_assert_str_eq(again.rules[6].scope, "w\"e\\b");
	cr_assert_str_eq(again.scopes[0].selector, "nginx.service");
	cr_assert(again.scopes[1].inherit && again.scopes[1].raw_said);
	cr_assert_str_eq(again.cgroup, "/a b\"c\\d");
	cr_assert_str_eq(again.metrics, "unix:///run/a b\"c\\d");
	cr_assert_eq(again.interfaces[1].attach, ATTACH_TC);
}

Test(image, begins_with_its_version_and_is_plain_lines)
{
	_cleanup_policy_ struct policy p;
	_cleanup_free_ char *text = NULL;
	size_t length;

	cr_assert_eq(policy_init(&p), 0);
	text = image_write(&p, &length);
	cr_assert_eq(strncmp(text, "portguard-image 1\n", 18), 0);
	cr_assert_eq(length, strlen(text));
	cr_assert_eq(text[length - 1], '\n');
}

Test(image, one_that_was_cut_anywhere_is_refused)
{
	_cleanup_policy_ struct policy p;
	_cleanup_free_ char *text = NULL;
	size_t length;

	make(&p);
	text = image_write(&p, &length);
	for (size_t cut = 0; cut < length; cut++) {
		struct policy again;
		struct pg_error err = PG_ERROR_INIT;

		cr_assert_eq(image_read(text, cut, &again, &err), -EINVAL, "cut at %zu", cut);
		cr_assert(*err.text);
	}
}

/* The image with one line replaced. */
static int read_with(const char *line, const char *other, struct pg_error *err)
{
	_cleanup_policy_ struct policy p, again = { .mode = 0 };
	_cleanup_free_ char *text = NULL, *changed = NULL;
	char *found;
	size_t length;

	make(&p);
	text = image_write(&p, &length);
	found = strstr(text, line);
	cr_assert_not_null(found, "no %s in %s", line, text);
	cr_assert_neq(asprintf(&changed, "%.*s%s%s", (int)(found - text), text, other, strchr(found, '\n')), -1);
	return image_read(changed, strlen(changed), &again, err);
}

Test(image, damaged_lines_are_refused_with_their_number)
{
	static const char *const changes[][2] = {
		{ "mode audit", "mode foo" }, { "mode audit", "mode" }, { "mode audit", "mode audit x" },
		{ "mode audit", "mode audit\nmode audit" }, { "mode audit", "" }, { "mode audit", "frob 1" },
		{ "default ", "default none deny allow deny" }, { "cgroup ", "cgroup \"/" },
		{ "cgroup ", "cgroup /" }, { "cgroup ", "cgroup \"/\"x" }, { "essentials", "essentials 9" },
		{ "loopback", "loopback 2" }, { "flows", "flows 1 2 3" }, { "flows", "flows 1 2 3 99999999999" },
		{ "failsafe", "failsafe 22,23" }, { "failsafe", "failsafe any" }, { "failsafe", "failsafe ssh" },
		{ "protocol", "protocol 256" }, { "protocol", "protocol 1 192.0.2.7/24" },
		{ "set office", "set a/b" }, { "set office", "set none" }, { "set office", "set office x" },
		{ "rule 3", "rule 3 file 0" }, { "rule 3", "rule 65536 file 0 allow 80" },
		{ "rule 3", "rule 3 file 0 alow 80" }, { "rule 3", "rule 3 file -1 allow 80" },
		{ "rule 3", "rule 3 else 0 allow 80" }, { "rule 3", "rule 3 file 0 allow ssh" },
		{ "rule 3", "rule 3 file 0 allow out 80 from 192.0.2.7" },
		{ "rule 3", "rule 3 file 0 allow in 80 to 192.0.2.7" },
		{ "rule 3", "rule  3 file 0 allow 80" },
		{ "rule 3", "rule 3 file 0 allow 80 by user www" }, { "rule 3", "rule 3 file 0 uid 7 allow 80" },
		{ "rule 3", "rule 3 file 0 uid 7 allow 80 by user 8" },
		{ "rule 3", "rule 3 file 0 uid x allow 80 by user www" },
		{ "rule 3", "rule 3 file 0 uid 4294967295 allow 80 by user www" },
		{ "rule 3", "rule 3 file 0 scope \"db\" allow 80" }, { "rule 3", "rule 3 file 0 scope apps allow 80" },
		{ "rule 3", "rule 3 file 0 scope \"apps\"" }, { "rule 3", "rule 3 file 0 limit 80" },
		{ "until", "until 9 1" }, { "until", "until 65536" }, { "panic 1", "panic 2" },
		{ "metrics ", "metrics unix:///run/a" }, { "metrics ", "metrics \"http://192.0.2.1:80\"" },
		{ "metrics ", "metrics \"unix:///a\"\nmetrics \"unix:///a\"" },
		{ "default ", "default reject deny allow deny" }, { "default ", "default deny reject" },
		{ "scope ", "scope \"web\" unit \"a.service\" 2 - none none none none" },
		{ "scope ", "scope \"web\" unit \"a.service\" 0 - none none none" },
		{ "scope ", "scope \"web\" unit \"a.service\" 0 - none none none none x" },
		{ "scope ", "scope \"web\" unit \"a.service\" 0 frob none none none none" },
		{ "scope ", "scope \"web\" unit \"a.service\" 0 - audit none none none" },
		{ "scope ", "scope \"web\" unit \"a\" 0 - none none none none" },
		{ "scope ", "scope \"web\" frob \"a.service\" 0 - none none none none" },
		{ "scope ", "scope \"apps\" unit \"a.service\" 0 - none none none none" },
		{ "scope ", "scope \"host\" unit \"a.service\" 0 - none none none none" },
		{ "scope ", "scope \"\" unit \"a.service\" 0 - none none none none" },
		{ "scope ", "scope \"a b\" unit \"a.service\" 0 - none none none none" },
		{ "scope ", "scope \"web\" netns \"host\" 0 - none none none none" },
		{ "scope ", "scope web unit \"a.service\" 0 - none none none none" },
		{ "end", "end\n" },
		{ "end", "end\nmode audit" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct pg_error err = PG_ERROR_INIT;

		cr_assert_eq(read_with(changes[i][0], changes[i][1], &err), -EINVAL, "'%s' was taken", changes[i][1]);
		cr_assert_not_null(strstr(err.text, "damaged in line"), "%s", err.text);
	}
}

Test(image, of_a_former_version_is_read)
{
	static const char text[] = "portguard-image 1\nmode enforce\ndefault deny deny allow deny\ncgroup \"/\"\n"
				   "attach auto\nessentials 1\nicmp allow 0 0 deny\nforward deny\nloopback 0\n"
				   "on-listen-close 0\nflows 65536 30 120 432000\nevents 200 32473\n"
				   "interfaces-said 0\nfailsafe 22/tcp\nset office 192.0.2.0/24\n"
				   "rule 1 file 0 allow 80/tcp from @office comment \"x\"\n"
				   "rule 2 runtime 7 deny out 25\nend\n";
	_cleanup_policy_ struct policy p;
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_eq(image_read(text, strlen(text), &p, &err), 0, "%s", err.text);
	cr_assert_eq(p.rule_count, 2);
	cr_assert_eq(p.rules[1].hits_base, 7);
	cr_assert(!p.scope_count && !p.panic && !p.in_reject && !p.rules[0].until_ns);
}

Test(image, a_later_version_is_told_from_damage)
{
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_eq(read_with("portguard-image 1", "portguard-image 2", &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "of a later version"), "%s", err.text);
	cr_assert_eq(read_with("portguard-image 1", "something", &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "damaged"));
}
