// SPDX-License-Identifier: GPL-2.0-only
/* What would change, in words. */
#include "policy/diff.h"
#include "policy/file.h"
#include "unit/policy_help.h"

static void parse(const char *text, struct policy *p)
{
	_cleanup_free_ char *whole = NULL;
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_neq(asprintf(&whole, "version: 1\n%s", text), -1);
	cr_assert_eq(policy_parse(&(struct policy_text){ "policy.yaml", whole, strlen(whole) }, 1, &help_world, p,
				  &err), 0, "%s", err.text);
}

static void expect_diff(const char *from, const char *to, const char *want)
{
	_cleanup_policy_ struct policy a, b;
	_cleanup_free_ char *got = NULL;

	parse(from, &a);
	parse(to, &b);
	got = policy_diff(&a, &b);
	expect_text(got, want);
	cr_assert_eq(policy_equal(&a, &b), !*want);
}

Test(diff, equal_policies_have_no_difference)
{
	expect_diff("", "", "");
	expect_diff("rules: [allow 80, allow 443]\n", "rules: [allow 443, allow 80 comment x]\n", "");
	expect_diff("essentials: [dhcp]\nfailsafe: [ssh]\nmode: enforce\n", "", "");
}

Test(diff, rules_that_go_and_come_are_lines)
{
	expect_diff("rules: [allow 80/tcp, allow 7]\n", "rules: [allow 7, deny in 25]\n",
		    "- allow 80/tcp\n+ deny in 25\n");
}

Test(diff, rules_of_out_are_sentences_too)
{
	expect_diff("rules: [deny out 25/tcp to 192.0.2.7]\n", "rules: [deny 25/tcp, deny out 25/tcp]\n",
		    "- deny out 25/tcp to 192.0.2.7\n+ deny 25/tcp\n+ deny out 25/tcp\n");
}

Test(diff, settings_are_named_as_in_the_file)
{
	expect_diff("mode: audit\n", "mode: enforce\n", "- mode: audit\n+ mode: enforce\n");
	expect_diff("", "default: {in: allow}\nicmp: {echo: 10/s}\n",
		    "- default: in: deny\n+ default: in: allow\n- icmp: echo: allow\n+ icmp: echo: 10/s\n");
	expect_diff("", "default: {out: deny, raw: allow}\nforward: allow\n",
		    "- default: out: allow\n- default: raw: deny\n+ default: out: deny\n"
		    "+ default: raw: allow\n- forward: deny\n+ forward: allow\n");
	expect_diff("", "failsafe: []\n", "- failsafe: 22/tcp\n");
	expect_diff("", "interfaces: [{name: eth0, attach: tc}]\n", "+ interfaces: eth0, attach: tc\n");
	expect_diff("", "interfaces: []\n", "+ interfaces: []\n");
	expect_diff("", "protocols: [{gre: {from: 192.0.2.7}}]\n", "+ protocols: gre from 192.0.2.7\n");
	expect_diff("", "flows: {tcp: 1d}\nevents: {max: 1/s}\n",
		    "- flows: tcp: 432000s\n+ flows: tcp: 86400s\n- events: max: 200/s\n+ events: max: 1/s\n");
	expect_diff("loopback: true\n", "on_listen: close\n",
		    "- loopback: true\n- on_listen: report\n+ loopback: false\n+ on_listen: close\n");
	expect_diff("", "metrics: unix:///run/m\n", "+ metrics: unix:///run/m\n");
	expect_diff("metrics: unix:///run/m\n", "metrics: http://127.0.0.1:1\n",
		    "- metrics: unix:///run/m\n+ metrics: http://127.0.0.1:1\n");
}

Test(diff, sets_change_prefix_by_prefix)
{
	expect_diff("sets: {a: [192.0.2.1, 192.0.2.2]}\n", "sets: {a: [192.0.2.2, 192.0.2.3], b: []}\n",
		    "- sets: a: 192.0.2.1\n+ sets: a: 192.0.2.3\n+ sets: b: []\n");
}
