// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a wrong policy file is answered, to the letter: place, words, line, caret. What is wrong with the file
 * as a whole, with its YAML, its bytes and the sentences in it; values of keys are in key_mistakes.c, scopes
 * in scope_mistakes.c.
 */
#include <time.h>

#include "unit/lib/file_help.h"

static const struct wrong_file wrong[] = {
	/* the file as a whole */
	{ "", "1:1: the version is missing: want a line `version: 1`" },
	{ "# nothing\n", "1:1: the version is missing: want a line `version: 1`" },
	{ "---\n", "2:1: the version is missing: want a line `version: 1`" },
	{ "...\n", "1:1: YAML: did not find expected node content: want a value here" },
	{ "{}\n", "1:1: the version is missing: want a line `version: 1`" },
	{ "[]\n", "1:1: the policy: want a map, {version: …}; found a list" },
	{ "mode: audit\n", "1:1: the version is missing: want a line `version: 1`" },
	{ "version: 2\n", "1:10: version '2': this portguard reads version 1" },
	{ "version: 0\n", "1:10: version '0': this portguard reads version 1" },
	{ "version: 1.0\n", "1:10: version '1.0': this portguard reads version 1" },
	{ "version: one\n", "1:10: version 'one': this portguard reads version 1" },
	{ "version:\n", "1:9: version: want 1; found nothing" },
	{ "version: [1]\n", "1:10: version: want 1; found a list" },
	{ "version: {1: 1}\n", "1:10: version: want 1; found a map" },
	{ "version: 1\nversion: 1\n", "2:1: duplicate key 'version' in the policy" },
	{ "- allow 80\n", "1:1: the policy: want a map, {version: …}; found a list" },
	{ "allow 80\n", "1:1: the policy: want a map, {version: …}; found a word" },
	{ "\"version: 1\"\n", "1:1: the policy: want a map, {version: …}; found a word" },
	{ V "---\nmode: audit\n",
	  "2:1: a second document: a policy file has one, policy.d/ has room for more" },
	{ V "...\nmode: audit\n",
	  "3:1: YAML: did not find expected <document start>: a policy file has one document: leave `...` "
	  "and `%` lines out" },
	/* keys */
	{ V "moed: audit\n", "2:1: unknown key 'moed' in the policy: did you mean 'mode'?" },
	{ V "firewall: on\n",
	  "2:1: unknown key 'firewall' in the policy: want version, mode, interfaces, cgroup, attach, "
	  "default, essentials, failsafe, protocols, icmp, forward, loopback, on_listen, flows, events, "
	  "sets, rules, scopes, outputs or metrics" },
	{ V "Mode: audit\n", "2:1: unknown key 'Mode' in the policy: did you mean 'mode'?" },
	{ V "rule: [allow 80]\n", "2:1: unknown key 'rule' in the policy: did you mean 'rules'?" },
	{ V "'': 1\n",
	  "2:1: unknown key '' in the policy: want version, mode, interfaces, cgroup, attach, default, "
	  "essentials, failsafe, protocols, icmp, forward, loopback, on_listen, flows, events, sets, "
	  "rules, scopes, outputs or metrics" },
	{ V ": 1\n", "2:1: YAML: did not find expected key: want `key: value` below the key before it" },
	{ V "\"mode\\0\": audit\n", "2:1: unknown key 'mode\\x00' in the policy: did you mean 'mode'?" },
	{ V "mode: audit\nmode: off\n", "3:1: duplicate key 'mode' in the policy" },
	{ V "rules: [allow 80]\nrules: [allow 81]\n", "3:1: duplicate key 'rules' in the policy" },
	{ V "? [a]\n: b\n", "2:3: a list as a key: want a word" },
	{ V "? {a: b}\n: c\n", "2:3: a map as a key: want a word" },
	{ V "<<: {mode: audit}\n",
	  "2:1: unknown key '<<' in the policy: want version, mode, interfaces, cgroup, attach, default, "
	  "essentials, failsafe, protocols, icmp, forward, loopback, on_listen, flows, events, sets, "
	  "rules, scopes, outputs or metrics" },
	/* what YAML has and a policy has not */
	{ V "mode: &x audit\n", "2:7: anchors (&) are not taken: write it out" },
	{ V "mode: *x\n", "2:7: aliases (*) are not taken: write it out, or in quotes" },
	{ V "mode: !!str audit\n", "2:7: tags (!) are not taken: leave it out" },
	{ V "rules: &all [allow 80]\n", "2:8: anchors (&) are not taken: write it out" },
	{ V "default: !map {in: deny}\n", "2:10: tags (!) are not taken: leave it out" },
	{ V "*x : audit\n", "2:1: aliases (*) are not taken: write it out, or in quotes" },
	{ V "&key mode: audit\n", "2:1: anchors (&) are not taken: write it out" },
	{ V "sets: {a: *b}\n", "2:11: aliases (*) are not taken: write it out, or in quotes" },
	{ V "rules: [*r]\n", "2:9: aliases (*) are not taken: write it out, or in quotes" },
	/* what is no YAML */
	{ V "rules: [allow 80\n",
	  "3:1: YAML: did not find expected ',' or ']': a list in [ ] wants commas between its words, and "
	  "its ']' (it begins in line 2)" },
	{ V "default: {in: deny\n",
	  "3:1: YAML: did not find expected ',' or '}': a map in { } wants commas between its pairs, and "
	  "its '}' (it begins in line 2)" },
	{ V "default: {in: deny out: deny}\n",
	  "2:23: YAML: did not find expected ',' or '}': a map in { } wants commas between its pairs, and "
	  "its '}'" },
	{ V "mode: \"audit\n",
	  "2:7: YAML: found unexpected end of stream: the quote that begins here is not closed" },
	{ V "mode: 'audit\n",
	  "2:7: YAML: found unexpected end of stream: the quote that begins here is not closed" },
	{ V "mode: audit: b\n",
	  "2:12: YAML: mapping values are not allowed in this context: a sentence with ': ' is put in "
	  "quotes" },
	{ V "mode audit\nattach: tc\n", "3:1: YAML: could not find expected ':': want `key: value`" },
	{ V "rules:\n\t- allow 80\n",
	  "3:1: YAML: found character that cannot start any token: YAML is indented by blanks, not tabs" },
	{ V "rules:\n  - allow 80\n - allow 81\n",
	  "4:2: YAML: did not find expected key: want `key: value` below the key before it" },
	{ V "rules:\n  - allow 80\n  allow 81\n", "5:1: YAML: could not find expected ':': want `key: value`" },
	{ V "rules: - allow 80\n",
	  "2:8: YAML: block sequence entries are not allowed in this context: want a list on lines of its "
	  "own below its key" },
	{ V "default:\n  in: deny\n bind: deny\n",
	  "4:2: YAML: did not find expected key: want `key: value` below the key before it" },
	{ V "cgroup: \"/a\\d\"\n",
	  "2:12: YAML: found unknown escape character: in single quotes a backslash is only itself" },
	{ V "mode: @audit\n",
	  "2:7: YAML: found character that cannot start any token: a word that begins with '@' is put in "
	  "quotes, such as \"@office\"" },
	{ V "mode: `audit`\n",
	  "2:7: YAML: found character that cannot start any token: a word that begins so is put in quotes" },
	{ V "mode: %audit\n",
	  "2:7: YAML: found character that cannot start any token: a word that begins so is put in quotes" },
	{ V "sets: {a: [@b]}\n",
	  "2:12: YAML: found character that cannot start any token: a word that begins with '@' is put in "
	  "quotes, such as \"@office\"" },
	{ V "mode: ]\n", "2:7: YAML: did not find expected node content: want a value here" },
	{ V "%YAML 9.9\n---\nmode: audit\n",
	  "2:1: YAML: found incompatible YAML document: leave the % line out" },
	{ V "%\n" V, "2:2: YAML: could not find expected directive name: leave the % line out" },
	/* characters */
	{ V "mode: a\xff\n", "2:8: '\\xff' is not UTF-8: want the file saved as such" },
	{ "\xff\xfev\0e\0r\0", "1:1: '\\xff' is not UTF-8: want the file saved as such" },
	{ V "mode: \xed\xa0\x80\n", "2:7: '\\xed' is not UTF-8: want the file saved as such" },
	{ V "# caf\xe9\n", "2:6: '\\xe9' is not UTF-8: want the file saved as such" },
	{ V "mode: a\x1b[2J\n", "2:8: control character U+001B: want it left out, or written as an escape" },
	{ V "mode: a\x7f\n", "2:8: control character U+007F: want it left out, or written as an escape" },
	{ V "mode: a\xc2\x9b\n", "2:8: control character U+009B: want it left out, or written as an escape" },
	{ V "mode: audit\x01\n", "2:12: control character U+0001: want it left out, or written as an escape" },
	{ V "a: [[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]\n",
	  "2:19: nested more than 16 deep: no policy is" },
	/* rules */
	{ V "rules: allow 80\n", "2:8: rules: want a list such as [allow 80/tcp]; found a word" },
	{ V "rules: {allow: 80}\n", "2:8: rules: want a list such as [allow 80/tcp]; found a map" },
	{ V "rules:\n  - alow 80\n", "3:5: verb 'alow': did you mean 'allow'?" },
	{ V "rules: ['']\n", "2:10: the rule is empty: want allow, deny, reject or limit, then ports" },
	{ V "rules:\n  -\n", "3:4: the rule is empty: want allow, deny, reject or limit, then ports" },
	{ V "rules: [~]\n", "2:9: verb '~': want allow, deny, reject or limit" },
	{ V "rules:\n  - [allow 80]\n", "3:5: a rule is a sentence such as `allow 80/tcp`, not a list" },
	{ V "rules:\n  - {}\n", "3:5: a rule is a sentence such as `allow 80/tcp`, not a map" },
	{ V "rules:\n  - allow: 80\n",
	  "3:5: a rule is a sentence, and 'allow: …' is a map: a sentence with ': ' or { } must be quoted: "
	  "put the whole rule in quotes" },
	{ V "rules:\n  - {port: 80, proto: tcp}\n",
	  "3:5: a rule is a sentence, and 'port: …' is a map: a sentence with ': ' or { } must be quoted: "
	  "put the whole rule in quotes" },
	{ V "rules:\n  - allow 80: yes\n",
	  "3:5: a rule is a sentence, and 'allow 80: …' is a map: a sentence with ': ' or { } must be "
	  "quoted: put the whole rule in quotes" },
	{ V "rules:\n  - allow 80 comment \"a: b\"\n",
	  "3:5: a rule is a sentence, and 'allow 80 comment \"a: …' is a map: a sentence with ': ' or { } "
	  "must be quoted: put the whole rule in quotes" },
	{ V "rules:\n  - \"allow 80\" comment \"a\"\n",
	  "3:16: YAML: did not find expected '-' indicator: want the words of a list below each other, "
	  "each behind a '-'" },
	{ V "rules:\n  - allow 80 comment \"nr #1\"\n",
	  "3:22: the comment lacks its closing '\"' (' #' begins a comment of the file: if it belongs to "
	  "the rule, put the whole rule in quotes)" },
	{ V "rules: [allow 80,443/tcp]\n",
	  "2:18: verb '443/tcp': want allow, deny, reject or limit (between [ ] a comma ends a rule: if it "
	  "belongs to the rule, put the whole rule in quotes)" },
	{ V "rules: [allow 80, 443]\n",
	  "2:19: verb '443': want allow, deny, reject or limit (between [ ] a comma ends a rule: if it "
	  "belongs to the rule, put the whole rule in quotes)" },
	{ V "rules: [allow 80 comment \"a, b\"]\n",
	  "2:26: the comment lacks its closing '\"' (between [ ] a comma ends a rule: if it belongs to the "
	  "rule, put the whole rule in quotes)" },
	{ V "rules: [allow 80 comment {a}]\n",
	  "2:26: YAML: did not find expected ',' or ']': a list in [ ] wants commas between its words, and "
	  "its ']'" },
	{ V "rules: [allow outgoing 80, allow 81]\n", "2:15: direction 'outgoing': say 'out'" },
	{ V "rules: [allow 81, allow outgoing 80]\n", "2:25: direction 'outgoing': say 'out'" },
	{ V "rules: [80, 443]\n",
	  "2:9: verb '80': want allow, deny, reject or limit (between [ ] a comma ends a rule: if it "
	  "belongs to the rule, put the whole rule in quotes)" },
	{ V "rules: [allow 80 form a, \"443\"]\n", "2:18: word 'form': did you mean 'from'?" },
	{ V "rules: [allow 80,, allow 81]\n",
	  "2:18: YAML: did not find expected node content: want a value here" },
	{ V "rules:\n  - allow 80 by user nobodyhere\n",
	  "3:22: unknown user 'nobodyhere': this machine has none of that name" },
	{ V "rules:\n  - limit ssh\n",
	  "3:11: rate 'ssh': want so many a second or a minute, such as 20/s or 100/m, in front" },
	{ V "rules:\n  - deny 80 log\n",
	  "3:13: 'log' is about what is allowed: what is refused is an event already" },
	{ V "rules: [allow 80 for 2]\n", "2:22: for '2': want a duration such as 30s, 2m, 12h or 5d" },
	{ V "rules: [allow out 25 from 192.0.2.7]\n",
	  "2:22: 'from' is about packets that come in: out cannot ask it; want to" },
	{ V "rules: [deny out 25 to @nowhere]\n",
	  "2:24: unknown set '@nowhere': sets: in the policy has none of that name" },
	{ V "rules: [allow 80 at @nowhere]\n",
	  "2:21: unknown set '@nowhere': sets: in the policy has none of that name" },
	{ V "rules:\n  - allow 80 form 192.0.2.1\n", "3:14: word 'form': did you mean 'from'?" },
	{ V "rules:\n  - 'allow 80 form 192.0.2.1'\n", "3:15: word 'form': did you mean 'from'?" },
	{ V "rules:\n  - \"\\x61llow 80 form 192.0.2.1\"\n", "3:18: word 'form': did you mean 'from'?" },
	{ V "rules:\n  - 'allow 80 comment \"it''s\" form a'\n",
	  "3:31: word 'form': a comment with blanks is put in double quotes" },
	{ V "rules:\n  - \"allow 80 comment \\\"\u00e9\\\" form a\"\n",
	  "3:29: word 'form': a comment with blanks is put in double quotes" },
	{ V "rules:\n  - allow ssh from @ofice\nsets: {office: []}\n",
	  "3:20: unknown set '@ofice': did you mean '@office'?" },
	{ V "rules:\n  - \"allow\\t80\"\n", "3:11: a tab: words are separated by blanks" },
	{ V "rules:\n  - \"allow 80\\0\"\n", "3:5: the rule holds NUL" },
	{ V "rules:\n  - \"allow 80\\nallow 81\"\n", "3:14: a line break: a rule is one line" },
	{ V "rules:\n  - |\n    allow 80\n", "3:5: a line break: a rule is one line" },
	{ V "rules:\n  - >\n    allow 80\n", "3:5: a line break: a rule is one line" },
	{ V "rules:\n  - >-\n    allow 80\n    form a\n", "3:5: word 'form': did you mean 'from'?" },
	{ V "rules:\n  - allow 80\n    form a\n", "3:5: word 'form': did you mean 'from'?" },
};

Test(file_mistakes, are_told_to_the_letter_with_their_place)
{
	expect_first_of_each(wrong, ARRAY_SIZE(wrong));
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

Test(file_mistakes, whoever_prints_them_gives_room_for_all)
{
	static char text[20000], all[1 << 18];
	char *end = stpcpy(text, V "rules:\n");
	struct pg_error err = { .exit = PG_EXIT_AUTO, .all = all, .all_room = sizeof(all) };
	char place[64];
	struct policy p;

	for (int i = 0; i < 400; i++)
		end = stpcpy(end, "  - 'allow 80 from @nobody'\n");
	cr_assert_eq(parse_texts((const char *const[]){ text }, 1, &p, &err), -EINVAL);
	for (int i = 0; i < 400; i++) {
		(void)snprintf(place, sizeof(place), "policy.yaml:%d:", i + 3);
		cr_assert_not_null(strstr(all, place), "no %s", place);
	}
	cr_assert_null(strstr(all, " more mistakes"));
	cr_assert_not_null(strstr(err.text, " more mistakes"));
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

Test(file_mistakes, two_files_say_a_scalar_once)
{
	static const char first[] = V "mode: audit\nattach: tc\ndefault: {in: deny, raw: deny}\nicmp: {echo: 1/s}\n"
				    "flows: {udp: 1s}\nevents: {max: 1/s}\ncgroup: /a\nloopback: true\n";
	static const struct wrong_file seconds[] = {
		{ "mode: audit\n", "1:1: mode is said already in policy.yaml:2: only lists add up" },
		{ "attach: tc\n", "1:1: attach is said already in policy.yaml:3: only lists add up" },
		{ "default: {out: deny, in: deny}\n",
		  "1:22: default: in is said already in policy.yaml:4: only lists add up" },
		{ "default: {raw: deny}\n", "1:11: default: raw is said already in policy.yaml:4: only lists add up" },
		{ "icmp: {echo: 1/s}\n", "1:8: icmp: echo is said already in policy.yaml:5: only lists add up" },
		{ "flows: {udp: 1s}\n", "1:9: flows: udp is said already in policy.yaml:6: only lists add up" },
		{ "events: {max: 1/s}\n", "1:10: events: max is said already in policy.yaml:7: only lists add up" },
		{ "cgroup: /a\n", "1:1: cgroup is said already in policy.yaml:8: only lists add up" },
		{ "loopback: true\n", "1:1: loopback is said already in policy.yaml:9: only lists add up" },
		{ "interfaces: [eth0]\nrules: [allow 80 from @a]\nversion: 2\n",
		  "2:23: unknown set '@a': sets: in the policy has none of that name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		_cleanup_free_ char *said = NULL;

		cr_assert_neq(asprintf(&said, "policy.d/10.yaml:%s", seconds[i].said), -1);
		expect_first((const char *const[]){ first, seconds[i].text }, 2, said);
	}
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

/* What was meant is looked for among as many right names; nobody reads more than the first of them. */
Test(file_mistakes, thousands_of_unknown_names_on_one_line_are_told_at_once)
{
	_cleanup_free_ char *text = NULL;
	struct pg_error err = PG_ERROR_INIT;
	struct policy p;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	clock_t start = clock();

	(void)fputs("{version: 1, sets: {", out);
	for (unsigned i = 0; i < 4000; i++)
		(void)fprintf(out, "aaaaaaaaaaaaaaaaaaaaaaaaa%05u: [], ", i);
	(void)fputs("}, rules: [", out);
	for (unsigned i = 0; i < 16000; i++)
		(void)fprintf(out, "\"allow in %u from @aaaaaaaaaaaaaaaaaaaaaxxxx%05u\", \"alow\", ", i + 1, i);
	(void)fputs("]}\n", out);
	(void)fclose(out);
	cr_assert_eq(parse_texts((const char *const *)&text, 1, &p, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, " more mistakes"));
	cr_assert_lt(clock() - start, 20 * CLOCKS_PER_SEC, "it takes minutes");
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
