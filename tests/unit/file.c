// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy files: what a good one becomes, and how a wrong one is answered - place, words, line, caret.
 */
#include "policy/file.h"
#include "unit/policy_help.h"

static int read_blocked(void *data, const char *path, char **ret_text, size_t *ret_length)
{
	static const char good[] = "# from the feed\n192.0.2.0/24\n\n  2001:db8::/32  # a documentation prefix\n";
	static const char bad[] = "192.0.2.0/24\n192.0.2.7/24\n";
	const char *text = !strcmp(path, "bad.txt") ? bad : good;

	(void)data;
	if (strcmp(path, "blocked.txt") && strcmp(path, "bad.txt"))
		return -ENOENT;
	*ret_text = strdup(text);
	*ret_length = strlen(text);
	return 0;
}

static const struct policy_world world = { .service = help_service, .read_file = read_blocked };

static int parse_texts(const char *const *texts, size_t count, struct policy *p, struct pg_error *err)
{
	static const char *const names[] = { "policy.yaml", "policy.d/10.yaml", "policy.d/20.yaml" };
	struct policy_text files[3];

	for (size_t i = 0; i < count; i++)
		files[i] = (struct policy_text){ names[i], texts[i], strlen(texts[i]) };
	return policy_parse(files, count, &world, p, err);
}

static void parse_good(const char *text, struct policy *p)
{
	struct pg_error err = PG_ERROR_INIT;

	if (parse_texts(&text, 1, p, &err))
		FAIL("refused: %s\nin: %s", err.text, text);
}

#define V "version: 1\n"

Test(file, a_whole_policy_becomes_what_it_says)
{
	_cleanup_policy_ struct policy p;

	parse_good("version: 1\n"
		   "mode: audit\n"
		   "interfaces: [eth0, {name: veth*, attach: tc}]\n"
		   "cgroup: /system.slice\n"
		   "attach: xdp\n"
		   "default: {bind: allow, in: deny, out: allow, raw: allow}\n"
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

/* --- mistakes -------------------------------------------------------------------------------- */

static void expect_mistake(const char *const *texts, size_t count, const char *place, const char *words)
{
	struct policy p = { .mode = PG_MODE_OFF };
	struct pg_error err = PG_ERROR_INIT;
	int r = parse_texts(texts, count, &p, &err);

	cr_assert_eq(r, -EINVAL, "not refused: %s", texts[0]);
	cr_assert_eq(err.exit, PG_EXIT_POLICY);
	cr_assert_eq(p.mode, PG_MODE_OFF, "the result was touched");
	if (strncmp(err.text, place, strlen(place)) || !strstr(err.text, words))
		FAIL("of: %s\nwanted %s … %s\ngot: %s", texts[0], place, words, err.text);
}

/* After `version: 1` unless the text says it; the place is of the whole file. */
static const struct {
	const char *text, *place, *words;
} wrong[] = {
	{ "", "1:1", "version is missing" },
	{ "# nothing\n", "1:1", "version is missing" },
	{ "---\n", "", "version is missing" },
	{ "mode: audit\n", "1:1", "version is missing" },
	{ "version: 2\n", "1:10", "reads version 1" },
	{ "version: one\n", "1:10", "reads version 1" },
	{ "version:\n", "", "version: want 1; found nothing" },
	{ "version: [1]\n", "1:10", "found a list" },
	{ "- allow 80\n", "1:1", "the policy: want a map" },
	{ "allow 80\n", "1:1", "the policy: want a map" },
	{ V "---\nmode: audit\n", "2:1", "second document" },
	{ V "moed: audit\n", "2:1", "unknown key 'moed' in the policy: did you mean 'mode'" },
	{ V "firewall: on\n", "2:1", "unknown key 'firewall'" },
	{ V "Mode: audit\n", "2:1", "did you mean 'mode'" },
	{ V "mode: audit\nmode: off\n", "3:1", "duplicate key 'mode'" },
	{ V "mode: enforec\n", "2:7", "did you mean 'enforce'" },
	{ V "mode: 7\n", "2:7", "want enforce, audit or off" },
	{ V "mode:\n", "2:6", "found nothing" },
	{ V "mode: [audit]\n", "2:7", "found a list" },
	{ V "mode: {a: b}\n", "2:7", "found a map" },
	{ V "mode: &x audit\n", "2:7", "anchors" },
	{ V "mode: *x\n", "2:7", "aliases" },
	{ V "mode: !!str audit\n", "2:7", "tags" },
	{ V "? [a]\n: b\n", "2:3", "a list as a key" },
	{ V "<<: {mode: audit}\n", "2:1", "unknown key '<<'" },
	{ V "scopes: []\n", "2:1", "'scopes' is not supported in this version" },
	{ V "outputs: []\n", "2:1", "'outputs' is not supported in this version" },
	{ V "metrics: x\n", "2:1", "'metrics' is not supported in this version" },
	{ V "interfaces: eth0\n", "2:13", "want a list" },
	{ V "interfaces:\n", "2:12", "found nothing" },
	{ V "interfaces: [averyveryverylongname]\n", "2:14", "want a name of 1-15 letters" },
	{ V "interfaces: [a/b]\n", "2:14", "without blank" },
	{ V "interfaces: ['eth 0']\n", "2:14", "without blank" },
	{ V "interfaces: [eth0, eth0]\n", "2:20", "is there already" },
	{ V "interfaces: [{attach: tc}]\n", "2:14", "lacks its name" },
	{ V "interfaces: [{name: a, attach: tcx}]\n", "2:32", "attach 'tcx'" },
	{ V "interfaces: [{name: a, atach: tc}]\n", "2:24", "name and attach" },
	{ V "interfaces: [{name: a, name: b}]\n", "2:24", "duplicate key 'name'" },
	{ V "interfaces: [[eth0]]\n", "2:14", "found a list" },
	{ V "cgroup: system.slice\n", "2:9", "want a path below the cgroup2 mount" },
	{ V "cgroup: /a/../b\n", "2:9", "want a path below the cgroup2 mount" },
	{ V "cgroup: \"/a\\nb\"\n", "2:9", "/a\\x0ab" },
	{ V "attach: xpd\n", "2:9", "did you mean 'xdp'" },
	{ V "default: deny\n", "2:10", "default: want a map" },
	{ V "default: {in: reject}\n", "2:15", "'reject' is not supported in this version" },
	{ V "default: {out: deny}\n", "2:16", "'out: deny' is not supported in this version" },
	{ V "default: {inn: deny}\n", "2:11", "did you mean 'in'" },
	{ V "default: {in: drop}\n", "2:15", "want allow or deny" },
	{ V "default: {in: deny, in: deny}\n", "2:21", "duplicate key 'in'" },
	{ V "essentials: dhcp\n", "2:13", "want a list" },
	{ V "essentials: [dchp]\n", "2:14", "did you mean 'dhcp'" },
	{ V "essentials: [ntp]\n", "2:14", "want dhcp or mdns" },
	{ V "failsafe: 22/tcp\n", "2:11", "want a list" },
	{ V "failsafe: [any]\n", "2:12", "single ports or ranges" },
	{ V "failsafe: [22/tpc]\n", "2:15", "want tcp or udp" },
	{ V "failsafe: [70000]\n", "2:12", "want 1-65535" },
	{ V "failsafe: [{a: b}]\n", "2:12", "found a map" },
	{ V "protocols: [tcp]\n", "2:13", "rules allow its ports" },
	{ V "protocols: [icmp]\n", "2:13", "icmp: rules it" },
	{ V "protocols: [58]\n", "2:13", "icmp: rules it" },
	{ V "protocols: [256]\n", "2:13", "its number 0-255" },
	{ V "protocols: [vrpp]\n", "2:13", "did you mean 'vrrp'" },
	{ V "protocols: [{gre: {to: 192.0.2.1}}]\n", "2:20", "{NAME: {from: PEER}}" },
	{ V "protocols: [{gre: 192.0.2.1}]\n", "2:13", "{NAME: {from: PEER}}" },
	{ V "protocols: [{gre: {from: 192.0.2.7/24}}]\n", "2:26", "host bits" },
	{ V "protocols: [{gre: {from: '@nobody'}}]\n", "2:26", "unknown set '@nobody'" },
	{ V "protocols: [{gre: {from: @peers}}]\n", "2:26", "put in quotes" },
	{ V "icmp: allow\n", "2:7", "icmp: want a map" },
	{ V "icmp: {echo: 10}\n", "2:14", "want allow or deny" },
	{ V "icmp: {echo: 10/h}\n", "2:14", "10/s or 100/m" },
	{ V "icmp: {echo: 0/s}\n", "2:14", "10/s or 100/m" },
	{ V "icmp: {echo: 10/s per source}\n", "2:14", "not supported in this version" },
	{ V "icmp: {redirect: 10/s}\n", "2:18", "want allow or deny" },
	{ V "forward: yes\n", "2:10", "want allow or deny" },
	{ V "loopback: yes\n", "2:11", "want true or false" },
	{ V "loopback: True\n", "2:11", "did you mean 'true'" },
	{ V "on_listen: kill\n", "2:12", "want report or close" },
	{ V "flows: {max: -1}\n", "2:14", "want a number 1024-16777216" },
	{ V "flows: {max: 0x800}\n", "2:14", "want a number" },
	{ V "flows: {udp: 30}\n", "2:14", "want a duration such as 30s" },
	{ V "flows: {udp: 0s}\n", "2:14", "from 1s" },
	{ V "flows: {tcp: 99999d}\n", "2:14", "from 1s to 24d" },
	{ V "flows: {udp_stream: 1s}\n", "2:9", "did you mean 'udp-stream'" },
	{ V "events: {max: 200}\n", "2:15", "such as 200/s" },
	{ V "events: {max: 200/m}\n", "2:15", "such as 200/s" },
	{ V "events: {number: 0}\n", "2:18", "want a number 1-4294967295" },
	{ V "sets: [a]\n", "2:7", "want a map" },
	{ V "sets: {a: 192.0.2.1}\n", "2:11", "want a list of prefixes" },
	{ V "sets: {'a b': []}\n", "2:8", "letters, digits" },
	{ V "sets: {a: [192.0.2.7/24]}\n", "2:12", "want 192.0.2.0/24, or 192.0.2.7" },
	{ V "sets: {a: ['@b']}\n", "2:12", "not sets" },
	{ V "sets: {a: [], a: []}\n", "2:15", "duplicate key 'a'" },
	{ V "sets: {a: {fil: x}}\n", "2:11", "{file: PATH}" },
	{ V "sets: {a: {file: missing.txt}}\n", "2:18", "cannot be read: No such file" },
	{ V "rules: allow 80\n", "2:8", "want a list such as [allow 80/tcp]" },
	{ V "rules:\n  - alow 80\n", "3:5", "verb 'alow': did you mean 'allow'" },
	{ V "rules:\n  - allow 80 form 192.0.2.1\n", "3:14", "did you mean 'from'" },
	{ V "rules:\n  - 'allow 80 form 192.0.2.1'\n", "3:15", "did you mean 'from'" },
	{ V "rules:\n  - \"\\x61llow 80 form 192.0.2.1\"\n", "3:18", "did you mean 'from'" },
	{ V "rules:\n  - allow ssh from @ofice\nsets: {office: []}\n", "3:20",
	  "unknown set '@ofice': did you mean '@office'" },
	{ V "rules:\n  - allow 80: yes\n", "3:5", "must be quoted" },
	{ V "rules:\n  - allow 80 comment \"a: b\"\n", "3:5", "must be quoted" },
	{ V "rules:\n  - allow 80 comment \"nr #1\"\n", "3:22", "' #' begins a comment of the file" },
	{ V "rules: [allow 80,443/tcp]\n", "2:18", "between [ ] a comma ends a rule" },
	{ V "rules:\n  - [allow 80]\n", "3:5", "not a list" },
	{ V "rules:\n  -\n", "3:4", "the rule is empty" },
	{ V "rules:\n  - \"allow\\t80\"\n", "3:11", "a tab" },
	{ V "rules:\n  - \"allow 80\\0\"\n", "3:5", "NUL" },
	{ V "rules:\n  - \"allow 80\\nallow 81\"\n", "3:14", "a line break" },
	{ V "rules:\n  - |\n    allow 80\n", "3:5", "a line break" },
	{ V "rules:\n\t- allow 80\n", "3:1", "not tabs" },
	{ V "rules: [allow 80\n", "", "YAML: " },
	{ V "mode: \"audit\n", "", "YAML: " },
	{ V "mode: audit: b\n", "2:12", "put in quotes" },
	{ V "mode: a\xff\n", "2:8", "'\\xff' is not UTF-8" },
	{ V "mode: a\x1b[2J\n", "2:8", "control character U+001B" },
	{ V "a: [[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]\n", "2:19", "nested more than" },
};

Test(file, every_mistake_is_told_with_its_place)
{
	char place[64];

	cr_assert_geq(ARRAY_SIZE(wrong), 60);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		(void)snprintf(place, sizeof(place), "policy.yaml:%s%s", wrong[i].place,
			       *wrong[i].place ? ": " : "");
		expect_mistake(&wrong[i].text, 1, place, wrong[i].words);
	}
}

Test(file, a_mistake_shows_its_line_and_a_caret)
{
	static const char text[] = V "rules:\n  - allow 80 form 192.0.2.1\n";
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;

	cr_assert_eq(parse_texts((const char *const[]){ text }, 1, &p, &err), -EINVAL);
	cr_assert_str_eq(err.text, "policy.yaml:3:14: word 'form': did you mean 'from'?\n"
				   "  - allow 80 form 192.0.2.1\n"
				   "             ^");
}

Test(file, a_long_line_is_cut_around_the_column)
{
	char text[600], *end = stpcpy(text, V "rules: ['allow 80 comment \"");
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;

	memset(end, 'x', 200);
	(void)stpcpy(end + 200, "\" form a']\n");
	cr_assert_eq(parse_texts((const char *const[]){ text }, 1, &p, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "\n...xxx"));
	for (char *rest = err.text, *line; (line = strsep(&rest, "\n"));)
		cr_assert_leq(strlen(line), 110, "%s", line);
}

Test(file, all_mistakes_come_in_one_run_in_the_order_of_files_and_lines)
{
	static const char *const texts[] = {
		V "rules: ['allow 80 from @nobody']\nmode: x\n", "mode: audit\nrules: [alow 1]\n",
	};
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;
	static const char *const wanted[] = {
		"policy.yaml:2:24: ", "policy.yaml:3:7: ",
		"policy.d/10.yaml:1:1: mode is said already in policy.yaml:3", "policy.d/10.yaml:2:9: ",
	};
	const char *at = err.text;

	cr_assert_eq(parse_texts(texts, 2, &p, &err), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		at = strstr(at, wanted[i]);
		cr_assert_not_null(at, "no %s in: %s", wanted[i], err.text);
	}
}

Test(file, a_mistake_in_a_sets_file_names_that_file)
{
	static const char *const text = V "sets: {a: {file: bad.txt}}\n";
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;

	cr_assert_eq(parse_texts(&text, 1, &p, &err), -EINVAL);
	cr_assert_eq(strncmp(err.text, "bad.txt:2:1: '192.0.2.7/24' has host bits", 41), 0, "%s", err.text);
}

Test(file, a_thousand_mistakes_fit_and_the_rest_is_counted)
{
	_cleanup_free_ char *text = NULL;
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)fputs(V "rules:\n", out);
	for (int i = 0; i < 1000; i++)
		(void)fputs("  - alow 80\n", out);
	(void)fclose(out);
	cr_assert_eq(parse_texts((const char *const *)&text, 1, &p, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, " more mistakes"));
	cr_assert_lt(strlen(err.text), sizeof(err.text));
}

Test(file, deep_and_huge_files_are_refused_at_once)
{
	size_t length = 17u << 20;
	_cleanup_free_ char *text = malloc(length + 1);
	struct pg_error err = PG_ERROR_INIT;
	struct policy_text file = { "policy.yaml", text, length };
	struct policy p;

	memset(text, '[', length);
	text[length] = '\0';
	cr_assert_eq(policy_parse(&file, 1, &world, &p, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "larger than 16 MiB"));
	file.length = 8u << 20;
	cr_assert_eq(policy_parse(&file, 1, &world, &p, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "nested more than"));
}

Test(file, saved_rules_are_read_back)
{
	_cleanup_policy_ struct policy p, again;
	_cleanup_free_ char *text = NULL;

	cr_assert_eq(policy_init(&p), 0);
	(void)add_rules(&p, "allow 80,443/tcp from 192.0.2.0/24 comment \"a: b # \\\"c\\\" \\\\ é\xef\xbf\xbe\"");
	(void)add_rules(&p, "deny in any on eth0");
	(void)add_rules(&p, "allow 1");
	p.rules[0].origin = p.rules[1].origin = ORIGIN_RUNTIME;
	text = policy_print_local(&p);
	parse_good(text, &again);
	cr_assert_eq(again.rule_count, 2);
	cr_assert(rule_equal(&again.rules[0], &p.rules[0]));
	cr_assert_str_eq(again.rules[0].comment, p.rules[0].comment);
	cr_assert(rule_equal(&again.rules[1], &p.rules[1]));
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
