// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of a sentence that is wrong: what is wrong with it, what was wanted, and where. Verbs, directions,
 * ports and characters; the rest is in qualifier_mistakes.c and verb_mistakes.c.
 */
#include "unit/lib/mistake_help.h"

#define V4 "192.0.2.7"

static const struct wrong_sentence wrong[] = {
	{ "", 0, "the rule is empty: want allow, deny, reject or limit, then ports" },
	{ " ", 1, "the rule is empty: want allow, deny, reject or limit, then ports" },
	{ "alow 80", 0, "verb 'alow': did you mean 'allow'?" },
	{ "ALLOW 80", 0, "verb 'ALLOW': did you mean 'allow'?" },
	{ "Deny 80", 0, "verb 'Deny': did you mean 'deny'?" },
	{ "dney 80", 0, "verb 'dney': did you mean 'deny'?" },
	{ "allw 80", 0, "verb 'allw': did you mean 'allow'?" },
	{ "accept 80", 0, "verb 'accept': say 'allow'" },
	{ "permit 80", 0, "verb 'permit': say 'allow'" },
	{ "drop 80", 0, "verb 'drop': say 'deny'" },
	{ "block 80", 0, "verb 'block': say 'deny'" },
	{ "80/tcp", 0, "verb '80/tcp': want allow, deny, reject or limit" },
	{ "frobnicate 80", 0, "verb 'frobnicate': want allow, deny, reject or limit" },
	{ "allow bind out 80", 11, "'out' is a second direction: write two rules" },
	{ "allow out in 80", 10, "'in' is a second direction: write two rules" },
	{ "allow bind in 80", 11, "'in' is a second direction: leave it out for both, or write two rules" },
	{ "allow in in 80", 9, "'in' is a second direction: leave it out for both, or write two rules" },
	{ "allow input 80", 6, "direction 'input': say 'in'" },
	{ "allow incoming 80", 6, "direction 'incoming': say 'in'" },
	{ "allow output 80", 6, "direction 'output': say 'out'" },
	{ "allow listen 80", 6, "direction 'listen': say 'bind'" },
	{ "allow bnid 80", 6, "direction 'bnid': did you mean 'bind'?" },
	{ "allow IN 80", 6, "direction 'IN': did you mean 'in'?" },
	{ "allow", 5, "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any" },
	{ "allow bind", 10, "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any" },
	{ "deny in", 7, "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any" },
	{ "deny out", 8, "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any" },
	{ "allow out on eth0", 10, "'on' where the ports belong: want 80, http, 8000-8100, 80,443 or any" },
	{ "allow otu 80", 6, "direction 'otu': did you mean 'out'?" },
	{ "allow at 192.0.2.7", 6, "'at' where the ports belong: want 80, http, 8000-8100, 80,443 or any" },
	{ "allow in on eth0", 9, "'on' where the ports belong: want 80, http, 8000-8100, 80,443 or any" },
	{ "allow comment x", 6, "'comment' where the ports belong: want 80, http, 8000-8100, 80,443 or any" },
	/* ports */
	{ "allow 0", 6, "port '0': want 1-65535" },
	{ "allow 65536", 6, "port '65536': want 1-65535" },
	{ "allow 99999999999999999999", 6, "port '99999999999999999999': want 1-65535" },
	{ "allow 080", 6, "port '080': want 1-65535 without leading zeros" },
	{ "allow 00", 6, "port '00': want 1-65535 without leading zeros" },
	{ "allow +80", 6, "port '+80': a port has no sign: want 1-65535" },
	{ "allow -80", 6, "port '-80': a port has no sign: want 1-65535" },
	{ "allow 0x50", 6, "port '0x50': a port is plain decimal: want 1-65535" },
	{ "allow 80.5", 6, "port '80.5': a range is written with '-', such as 8000-8100" },
	{ "allow 80:90", 6, "port '80:90': a range is written with '-', such as 8000-8100" },
	{ "allow 80..90", 6, "port '80..90': a range is written with '-', such as 8000-8100" },
	{ "allow 8e1", 6, "port '8e1': neither a port 1-65535 nor the name of a service" },
	{ "allow 80tcp", 6, "port '80tcp': neither a port 1-65535 nor the name of a service" },
	{ "allow htpp", 6, "port 'htpp': neither a port 1-65535 nor the name of a service" },
	{ "allow 90-80", 6, "port range '90-80' is empty: want 80-90" },
	{ "allow 80-", 6, "port range '80-': want two numbers, such as 8000-8100" },
	{ "allow 80-90-100", 6, "port range '80-90-100': want two numbers, such as 8000-8100" },
	{ "allow 80--90", 6, "port range '80--90': want two numbers, such as 8000-8100" },
	{ "allow 0-80", 6, "port '0': want 1-65535" },
	{ "allow 80-70000", 9, "port '70000': want 1-65535" },
	{ "allow 80-090", 9, "port '090': want 1-65535 without leading zeros" },
	{ "allow 80,", 9, "a port is missing beside a comma: lists are written 80,443" },
	{ "allow ,80", 6, "a port is missing beside a comma: lists are written 80,443" },
	{ "allow 80,,443", 9, "a port is missing beside a comma: lists are written 80,443" },
	{ "allow ,", 6, "a port is missing beside a comma: lists are written 80,443" },
	{ "allow 80, 443", 9, "a port is missing beside a comma: lists are written 80,443" },
	{ "allow 80 ,443", 9, "word ',443': ports are one word, such as 80,443,8000-8100" },
	{ "allow 80 443", 9, "word '443': ports are one word, such as 80,443,8000-8100" },
	{ "allow 80 - 90", 9, "word '-': ports are one word, such as 80,443,8000-8100" },
	{ "allow any,80", 6, "'any' stands alone, not in a list of ports" },
	{ "allow 80,any", 9, "'any' stands alone, not in a list of ports" },
	{ "allow ANY", 6, "port 'ANY': did you mean 'any'?" },
	{ "allow *", 6, "port '*': say 'any'" },
	{ "allow all", 6, "port 'all': say 'any'" },
	{ "allow 80,0", 9, "port '0': want 1-65535" },
	{ "allow 80;443", 6, "port '80;443': lists are written 80,443" },
	{ "allow @office", 6, "port '@office': a set has addresses, not ports: it follows from, to or at" },
	{ "allow port 80", 6, "port 'port': leave the word out: the number is enough" },
	/* protocols */
	{ "allow 80/", 9, "protocol '': want tcp or udp" },
	{ "allow /tcp", 6, "'/tcp' lacks the port: want PORT/PROTO, such as 80/tcp" },
	{ "allow tcp", 6, "port 'tcp': want the port in front, such as 80/tcp, or any/tcp" },
	{ "allow tcp/80", 6, "'tcp/80': the port comes first, such as 80/tcp" },
	{ "allow 80/TCP", 9, "protocol 'TCP': want tcp or udp" },
	{ "allow 80/tpc", 9,
	  "protocol 'tpc': want tcp or udp (other protocols have no ports here: see protocols: "
	  "in the policy)" },
	{ "allow 80/sctp", 9,
	  "protocol 'sctp': want tcp or udp (other protocols have no ports here: see protocols: "
	  "in the policy)" },
	{ "allow 80/icmp", 9,
	  "protocol 'icmp': want tcp or udp (other protocols have no ports here: see protocols: "
	  "in the policy)" },
	{ "allow 80/udplite", 9, "protocol 'udplite': UDP-Lite goes with udp" },
	{ "allow 80/6", 9, "protocol '6': want PORT/PROTO, such as 80/tcp" },
	{ "allow 80/tcp,udp", 9,
	  "protocol 'tcp,udp': want one protocol, for the whole list: write a rule for each, or "
	  "leave it out for both" },
	{ "allow 80/tcp,443/tcp", 9,
	  "protocol 'tcp,443/tcp': want one protocol, for the whole list: write a rule for "
	  "each, or leave it out for both" },
	{ "allow 80/tcp/udp", 9,
	  "protocol 'tcp/udp': want one protocol, for the whole list: write a rule for each, or "
	  "leave it out for both" },
	{ "allow 80/tcp-udp", 9,
	  "protocol 'tcp-udp': want tcp or udp (other protocols have no ports here: see "
	  "protocols: in the policy)" },
	{ "allow ssh/udp", 6, "service 'ssh' has no udp port in /etc/services: want its number" },
	{ "allow tftp/tcp", 6, "service 'tftp' has no tcp port in /etc/services: want its number" },
	{ "allow 80 tcp", 9, "word 'tcp': the protocol follows the port: 80/tcp" },
	{ "allow 80 proto tcp", 9, "word 'proto': the protocol follows the port: 80/tcp" },
	{ "allow 80 / tcp", 9, "word '/': port and protocol are one word, such as 80/tcp" },
	/* comments and characters */
	{ "allow 80 comment \"\"", 17, "the comment is empty: leave it out" },
	{ "allow 80 comment \"open", 17, "the comment lacks its closing '\"'" },
	{ "allow 80 comment \"a\"b", 20, "'b' clings to the comment: want a blank behind the closing '\"'" },
	{ "allow 80 comment \"a\\nb\"", 19, "'\\n' in a comment: only \\\" and \\\\ are escapes" },
	{ "allow 80 comment \"a\\", 19, "'\\' in a comment: only \\\" and \\\\ are escapes" },
	{ "allow 80 comment \"a\tb\"", 17, "the comment holds the control character U+0009" },
	{ "allow 80 comment \"a\nb\"", 17, "the comment holds the control character U+000A" },
	{ "allow 80 comment \"a\x1b[2J\"", 17, "the comment holds the control character U+001B" },
	{ "allow 80 comment \"a\x7f\"", 17, "the comment holds the control character U+007F" },
	{ "allow 80 comment \"a\xc2\x9b\"", 17, "the comment holds the control character U+009B" },
	{ "allow 80 comment \"a\xe2\x80\xa8\"", 17, "the comment holds the control character U+2028" },
	{ "allow 80 comment \"a\xff\"", 17, "the comment is not UTF-8 at '\\xff'" },
	{ "allow 80 comment \"\xc0\xaf\"", 17, "the comment is not UTF-8 at '\\xc0'" },
	{ "allow 80 comment \"\xed\xa0\x80\"", 17, "the comment is not UTF-8 at '\\xed'" },
	{ "allow 80 comment my text", 20, "word 'text': a comment with blanks is put in double quotes" },
	{ "allow 80 comment 'my text'", 21, "word 'text'': a comment with blanks is put in double quotes" },
	{ "allow\t80", 5, "a tab: words are separated by blanks" },
	{ "allow 80\n", 8, "a line break: a rule is one line" },
	{ "allow 80\r", 8, "a line break: a rule is one line" },
	{ "allow\nallow 80", 5, "a line break: a rule is one line" },
	{ "allow\xc2\xa0" "80", 5, "U+00A0 looks like a blank and is none: words are separated by blanks" },
	{ "allow\xe2\x80\x8b 80", 5, "U+200B looks like a blank and is none: words are separated by blanks" },
	{ "allow 80\xe2\x80\x93" "90", 8, "U+2013 is no '-': a range is written 8000-8100" },
	{ "allow 80 comment x \xe2\x80\x9cy\xe2\x80\x9d", 19,
	  "U+201C is no '\"': a comment is put in plain double quotes" },
	{ "allow \xef\xbc\x98\xef\xbc\x90", 6,
	  "'\\xef\\xbc\\x98' is not plain ASCII: only a comment may be other text" },
	{ "allow 80\x01", 8, "control character '\\x01'" },
	{ "allow 80\x7f", 8, "control character '\\x7f'" },
	{ "allow 8\xff" "0", 7, "'\\xff' is not plain ASCII: only a comment may be other text" },
	{ "\xef\xbb\xbf" "allow 80", 0,
	  "'\\xef\\xbb\\xbf' is not plain ASCII: only a comment may be other text" },
};

Test(rule_mistakes, a_wrong_sentence_is_told_what_is_wrong_what_was_wanted_and_where)
{
	expect_refusals(wrong, ARRAY_SIZE(wrong));
}

Test(rule_mistakes, the_place_of_a_mistake_counts_in_the_joined_words)
{
	static const struct {
		const char *sentence;
		size_t at;
	} places[] = {
		{ "alow 80", 0 }, { "allow 80,0", 9 }, { "allow 80/tpc", 9 }, { "allow 80 form x", 9 },
		{ "allow 80 from 1.2.3", 14 }, { "allow 80 on a/b", 12 }, { "allow 80 comment \"a\\n\"", 19 },
		{ "allow 80 from", 13 }, { "allow 9-8", 6 }, { "allow", 5 }, { "allow 8\t0", 7 },
	};
	struct pg_error err = PG_ERROR_INIT;
	size_t at;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		(void)refusal(&places[i].sentence, 1, &at, &err);
		cr_assert_eq(at, places[i].at, "'%s': at %zu", places[i].sentence, at);
	}
	(void)refusal(WORDS("allow", "80", "form", V4), &at, &err);
	cr_assert_eq(at, 9);
	(void)refusal(WORDS("allow", "80", "comment", "a\tb"), &at, &err);
	cr_assert_eq(at, 17);
}

Test(rule_mistakes, empty_words_are_mistakes)
{
	struct pg_error err = PG_ERROR_INIT;
	size_t at;

	cr_assert_not_null(strstr(refusal(WORDS("allow", "", "80"), &at, &err), "an empty word"));
	cr_assert_not_null(strstr(refusal(WORDS("allow", "80", "comment", ""), &at, &err),
				  "the comment is empty"));
	(void)refusal(WORDS("allow", "80", ""), &at, &err);
}

Test(rule_mistakes, comments_have_at_most_256_bytes)
{
	char sentence[400] = "allow 80 comment ";
	struct pg_error err = PG_ERROR_INIT;
	_cleanup_policy_ struct policy p = { .mode = 0 };
	const char *words = sentence;
	size_t start = strlen(sentence), at;

	memset(sentence + start, 'x', 256);
	(void)add_rules(&p, sentence);
	sentence[start + 256] = 'x';
	cr_assert_not_null(strstr(refusal(&words, 1, &at, &err), "257 bytes: want at most 256"));
}

Test(rule_mistakes, endless_sentences_are_refused)
{
	_cleanup_free_ char *sentence = malloc(100001);
	struct pg_error err = PG_ERROR_INIT;
	const char *words = sentence;
	size_t at;

	memset(sentence, '1', 100000);
	sentence[100000] = '\0';
	cr_assert_not_null(strstr(refusal(&words, 1, &at, &err), "want at most 65536"));
	sentence[60000] = '\0';
	(void)refusal(&words, 1, &at, &err);
	cr_assert_lt(strlen(err.text), 200);
}

Test(rule_mistakes, without_a_world_names_are_refused_and_numbers_work)
{
	struct pg_error err = PG_ERROR_INIT;
	struct rule *rules;
	size_t count;

	cr_assert_eq(rule_parse(WORDS("allow", "ssh"), false, NULL, &rules, &count, NULL, &err), -EINVAL);
	cr_assert_not_null(strstr(err.text, "no names are looked up here"));
	cr_assert_eq(rule_parse(WORDS("allow", "22"), false, NULL, &rules, &count, NULL, NULL), 0);
	rule_free(&rules[0]);
	free(rules);
}
