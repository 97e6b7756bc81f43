// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a wrong policy file is answered: place, words, line, caret.
 */
#include "unit/lib/file_help.h"

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
	{ V "default: {bind: reject}\n", "2:17", "bind 'reject': want allow or deny" },
	{ V "default: {out: reject}\n", "2:16", "out 'reject': want allow or deny" },
	{ V "default: {raw: reject}\n", "2:16", "raw 'reject': want allow or deny" },
	{ V "default: {in: rejct}\n", "2:15", "in 'rejct': did you mean 'reject'" },
	{ V "forward: reject\n", "2:10", "want allow or deny" },
	{ V "icmp: {echo: reject}\n", "2:14", "want allow or deny" },
	{ V "default: {raw: audit}\n", "2:16", "want allow or deny" },
	{ V "forward: yes\n", "2:10", "want allow or deny" },
	{ V "on_listen: clsoe\n", "2:12", "did you mean 'close'" },
	{ V "rules: [allow out 25 from 192.0.2.7]\n", "2:22", "out cannot ask it" },
	{ V "rules: [deny out 25 to @nowhere]\n", "2:24", "unknown set '@nowhere'" },
	{ V "default: {inn: deny}\n", "2:11", "did you mean 'in'" },
	{ V "default: {in: drop}\n", "2:15", "want allow, deny or reject" },
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
	{ V "rules:\n  - allow 80 by user nobodyhere\n", "3:22", "unknown user 'nobodyhere'" },
	{ V "rules:\n  - limit ssh\n", "3:11", "rate 'ssh': want so many a second or a minute" },
	{ V "rules:\n  - deny 80 log\n", "3:13", "what is refused is an event already" },
	{ V "rules: [allow 80 for 2]\n", "2:22", "for '2': want a duration" },
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

Test(file_mistakes, every_mistake_is_told_with_its_place)
{
	char place[64];

	cr_assert_geq(ARRAY_SIZE(wrong), 60);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		(void)snprintf(place, sizeof(place), "policy.yaml:%s%s", wrong[i].place,
			       *wrong[i].place ? ": " : "");
		expect_mistake(&wrong[i].text, 1, place, wrong[i].words);
	}
}

Test(file_mistakes, a_mistake_shows_its_line_and_a_caret)
{
	static const char text[] = V "rules:\n  - allow 80 form 192.0.2.1\n";
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;

	cr_assert_eq(parse_texts((const char *const[]){ text }, 1, &p, &err), -EINVAL);
	cr_assert_str_eq(err.text, "policy.yaml:3:14: word 'form': did you mean 'from'?\n"
				   "  - allow 80 form 192.0.2.1\n"
				   "             ^");
}

Test(file_mistakes, a_long_line_is_cut_around_the_column)
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

Test(file_mistakes, all_mistakes_come_in_one_run_in_the_order_of_files_and_lines)
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

Test(file_mistakes, a_mistake_in_a_sets_file_names_that_file)
{
	static const char *const text = V "sets: {a: {file: bad.txt}}\n";
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;

	cr_assert_eq(parse_texts(&text, 1, &p, &err), -EINVAL);
	cr_assert_eq(strncmp(err.text, "bad.txt:2:1: '192.0.2.7/24' has host bits", 41), 0, "%s", err.text);
}

Test(file_mistakes, a_thousand_mistakes_fit_and_the_rest_is_counted)
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

Test(file_mistakes, deep_and_huge_files_are_refused_at_once)
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
