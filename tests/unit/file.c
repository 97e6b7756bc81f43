// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy files: what a good one becomes, and that what is saved is one. Wrong ones: file_mistakes.c.
 */
#include <time.h>

#include "unit/lib/file_help.h"

Test(file, a_whole_policy_becomes_what_it_says)
{
	_cleanup_policy_ struct policy p;

	parse_good("version: 1\n"
		   "mode: audit\n"
		   "interfaces: [eth0, {name: veth*, attach: tc}]\n"
		   "cgroup: /system.slice\n"
		   "attach: xdp\n"
		   "default: {bind: allow, in: deny, out: deny, raw: allow}\n"
		   "essentials: [dhcp, mdns]\n"
		   "failsafe: [22/tcp, 8000-8010/tcp, domain]\n"
		   "protocols: [vrrp, {gre: {from: \"@office\"}}, 50]\n"
		   "icmp: {echo: 10/s burst 20, redirect: allow}\n"
		   "forward: allow\nloopback: true\non_listen: close\n"
		   "flows: {max: 2048, udp: 10s, udp-stream: 2m, tcp: 1d}\n"
		   "events: {max: 100/s, number: 12345}\n"
		   "sets:\n  office: [192.0.2.0/24, 2001:db8::/32]\n  blocked: {file: blocked.txt}\n"
		   "rules:\n  - allow ssh from @office\n  - allow 80,443/tcp comment \"web\"\n"
		   "  - 'deny from @blocked'\n",
		   &p);
	cr_assert_eq(p.mode, PG_MODE_AUDIT);
	cr_assert(p.interfaces_said && p.interface_count == 2);
	cr_assert_str_eq(p.interfaces[1].pattern, "veth*");
	cr_assert_eq(p.interfaces[1].attach, ATTACH_TC);
	cr_assert_eq(p.interfaces[0].attach, ATTACH_DEFAULT);
	cr_assert_str_eq(p.cgroup, "/system.slice");
	cr_assert_eq(p.attach, ATTACH_XDP);
	cr_assert_eq(p.defaults[PG_BIND], PG_ALLOW);
	cr_assert_eq(p.defaults[PG_IN], PG_DENY);
	cr_assert_eq(p.defaults[PG_OUT], PG_DENY);
	cr_assert_eq(p.default_raw, PG_ALLOW);
	cr_assert_eq(p.essentials, ESSENTIAL_DHCP | ESSENTIAL_MDNS);
	cr_assert_eq(p.failsafe_count, 3);
	cr_assert_eq(p.failsafe[2].range.first, 53);
	cr_assert_eq(p.failsafe[2].protos, RULE_TCP | RULE_UDP);
	cr_assert_eq(p.protocol_count, 3);
	cr_assert_eq(p.protocols[1].protocol, 47);
	cr_assert_str_eq(p.protocols[1].from.set, "office");
	cr_assert_eq(p.echo, PG_NONE);
	cr_assert_eq(p.echo_rate.per_second_x1000, 10000);
	cr_assert_eq(p.echo_rate.burst, 20);
	cr_assert_eq(p.redirect, PG_ALLOW);
	cr_assert_eq(p.forward, PG_ALLOW);
	cr_assert(p.loopback && p.on_listen_close);
	cr_assert_eq(p.flows_max, 2048);
	cr_assert_eq(p.flow_udp_stream_s, 120);
	cr_assert_eq(p.flow_tcp_s, 86400);
	cr_assert_eq(p.events_max, 100);
	cr_assert_eq(p.events_number, 12345);
	cr_assert_eq(p.set_count, 2);
	cr_assert_eq(p.sets[1].count, 2);
	cr_assert_eq(p.rule_count, 3);
	cr_assert_str_eq(p.rules[1].comment, "web");
	cr_assert_eq(p.rules[2].directions, RULE_IN);
}

Test(file, what_is_left_out_is_the_documented_default)
{
	_cleanup_policy_ struct policy p, defaults;

	parse_good(V, &p);
	cr_assert_eq(policy_init(&defaults), 0);
	cr_assert(policy_equal(&p, &defaults));
	cr_assert_eq(p.failsafe[0].range.first, 22);
	cr_assert_str_eq(p.cgroup, "/");
	cr_assert_eq(p.echo, PG_ALLOW);
}

Test(file, empty_lists_turn_defaults_off_and_lists_left_empty_are_empty)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "failsafe: []\nessentials: []\ninterfaces: []\nrules:\nsets:\n", &p);
	cr_assert_eq(p.failsafe_count, 0);
	cr_assert_eq(p.essentials, 0);
	cr_assert(p.interfaces_said && !p.interface_count);
}

Test(file, rules_may_stand_in_brackets)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "rules: [allow 80, allow 443, \"allow 1,2\"]\n", &p);
	cr_assert_eq(p.rule_count, 3);
}

Test(file, a_comment_of_the_file_may_follow_a_rule)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "rules:\n  - allow 80   # the web\n", &p);
	cr_assert_eq(p.rule_count, 1);
}

Test(file, a_byte_order_mark_and_windows_line_ends_are_fine)
{
	_cleanup_policy_ struct policy p;

	parse_good("\xef\xbb\xbfversion: 1\r\nrules:\r\n  - allow 80\r\n", &p);
	cr_assert_eq(p.rule_count, 1);
}

Test(file, a_set_may_stand_in_a_file_of_windows)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "sets: {a: {file: windows.txt}}\n", &p);
	cr_assert_eq(p.sets[0].count, 2);
}

Test(file, the_same_rule_twice_is_one_with_the_later_comment)
{
	_cleanup_policy_ struct policy p;

	parse_good(V "rules: ['allow 80 comment a', allow 443, 'allow 80 comment b']\n", &p);
	cr_assert_eq(p.rule_count, 2);
	cr_assert_str_eq(p.rules[0].comment, "b");
	cr_assert_eq(p.rules[1].ports[0].first, 443);
}

Test(file, lists_of_all_files_add_up)
{
	static const char *const texts[] = {
		V "failsafe: [22/tcp]\nsets: {a: [192.0.2.1]}\nrules: [allow 80]\n",
		"sets: {a: [192.0.2.2]}\nrules: ['allow 443 from @a', 'allow 1 from @b']\n",
		V "failsafe: [2222/tcp]\nsets: {b: [192.0.2.3]}\n",
	};
	_cleanup_policy_ struct policy p;
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_eq(parse_texts(texts, 3, &p, &err), 0, "%s", err.text);
	cr_assert_eq(p.failsafe_count, 2);
	cr_assert_eq(p.rule_count, 3);
	cr_assert_eq(p.sets[0].count, 2);
}

Test(file, an_empty_file_beside_the_main_one_is_fine)
{
	static const char *const texts[] = { V, "", "# nothing\n" };
	_cleanup_policy_ struct policy p;

	cr_assert_eq(parse_texts(texts, 3, &p, NULL), 0);
}

/* As a program writes it: where a set is named is found without looking at the line from its beginning. */
Test(file, a_policy_of_one_long_line_is_read_as_fast_as_any)
{
	_cleanup_policy_ struct policy p;
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	clock_t start = clock();

	(void)fputs("{\"version\": 1, \"sets\": {\"a\": [\"192.0.2.1\"]}, \"rules\": [", out);
	for (unsigned i = 0; i < 16000; i++)
		(void)fprintf(out, "%s\"allow in %u from @a\"", i ? ", " : "", i + 1);
	(void)fputs("]}\n", out);
	(void)fclose(out);
	parse_good(text, &p);
	cr_assert_eq(p.rule_count, 16000);
	cr_assert_lt(clock() - start, 5 * CLOCKS_PER_SEC, "it takes a quarter of a minute");
}

Test(file, saved_rules_are_read_back)
{
	_cleanup_policy_ struct policy p, again;
	_cleanup_free_ char *text = NULL;

	cr_assert_eq(policy_init(&p), 0);
	(void)add_rules(&p, "allow 80,443/tcp from 192.0.2.0/24 comment \"a: b # \\\"c\\\" \\\\ é\xef\xbf\xbe\"");
	(void)add_rules(&p, "deny in any on eth0");
	(void)add_rules(&p, "allow 1");
	(void)add_rules(&p, "deny out 25/tcp to 2001:db8::/32");
	p.rules[0].origin = p.rules[1].origin = p.rules[3].origin = ORIGIN_RUNTIME;
	text = policy_print_local(&p);
	parse_good(text, &again);
	cr_assert_eq(again.rule_count, 3);
	cr_assert(rule_equal(&again.rules[0], &p.rules[0]));
	cr_assert_str_eq(again.rules[0].comment, p.rules[0].comment);
	cr_assert(rule_equal(&again.rules[1], &p.rules[1]));
	cr_assert(rule_equal(&again.rules[2], &p.rules[3]));
}

Test(file, nothing_to_save_is_still_a_good_file)
{
	_cleanup_policy_ struct policy p, again;
	_cleanup_free_ char *text = NULL;

	cr_assert_eq(policy_init(&p), 0);
	text = policy_print_local(&p);
	parse_good(text, &again);
	cr_assert_eq(again.rule_count, 0);
}
