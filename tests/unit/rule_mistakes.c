// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of a sentence that is wrong: what is wrong with it, what was wanted, and where.
 */
#include "unit/policy_help.h"

#define V4 "192.0.2.7"

static const struct {
	const char *sentence, *words;
} wrong[] = {
	{ "", "the rule is empty: want allow or deny" },
	{ " ", "the rule is empty" },
	{ "alow 80", "verb 'alow': did you mean 'allow'" },
	{ "ALLOW 80", "did you mean 'allow'" },
	{ "Deny 80", "did you mean 'deny'" },
	{ "dney 80", "did you mean 'deny'" },
	{ "allw 80", "did you mean 'allow'" },
	{ "accept 80", "say 'allow'" },
	{ "permit 80", "say 'allow'" },
	{ "drop 80", "say 'deny'" },
	{ "block 80", "say 'deny'" },
	{ "80/tcp", "verb '80/tcp': want allow or deny" },
	{ "frobnicate 80", "verb 'frobnicate': want allow or deny" },
	{ "limit 6/m ssh", "'limit' is not supported in this version" },
	{ "reject 80", "'reject' is not supported in this version" },
	{ "allow 80 by user www", "'by' is not supported in this version" },
	{ "allow 80 for 2h", "'for' is not supported in this version" },
	{ "allow 80 log", "'log' is not supported in this version" },
	{ "allow by user www", "'by' is not supported in this version" },
	{ "allow log", "'log' is not supported in this version" },
	{ "allow out 80 by user www", "'by' is not supported in this version" },
	{ "allow out by user www", "'by' is not supported in this version" },
	{ "allow bind out 80", "'out' is a second direction: write two rules" },
	{ "allow out in 80", "'in' is a second direction: write two rules" },
	{ "allow bind in 80", "'in' is a second direction" },
	{ "allow in in 80", "'in' is a second direction" },
	{ "allow input 80", "direction 'input': say 'in'" },
	{ "allow incoming 80", "say 'in'" },
	{ "allow output 80", "say 'out'" },
	{ "allow listen 80", "say 'bind'" },
	{ "allow bnid 80", "direction 'bnid': did you mean 'bind'" },
	{ "allow IN 80", "neither a port 1-65535 nor the name of a service" },
	{ "allow", "the rule lacks its ports" },
	{ "allow bind", "the rule lacks its ports" },
	{ "deny in", "the rule lacks its ports" },
	{ "deny out", "the rule lacks its ports" },
	{ "allow out on eth0", "'on' where the ports belong" },
	{ "allow otu 80", "direction 'otu': did you mean 'out'" },
	{ "allow at " V4, "'at' where the ports belong" },
	{ "allow in on eth0", "'on' where the ports belong" },
	{ "allow comment x", "'comment' where the ports belong" },
	/* ports */
	{ "allow 0", "port '0': want 1-65535" },
	{ "allow 65536", "port '65536': want 1-65535" },
	{ "allow 99999999999999999999", "want 1-65535" },
	{ "allow 080", "port '080': want 1-65535 without leading zeros" },
	{ "allow 00", "without leading zeros" },
	{ "allow +80", "a port has no sign" },
	{ "allow -80", "a port has no sign" },
	{ "allow 0x50", "a port is plain decimal" },
	{ "allow 80.5", "a range is written with '-'" },
	{ "allow 80:90", "a range is written with '-'" },
	{ "allow 80..90", "a range is written with '-'" },
	{ "allow 8e1", "neither a port" },
	{ "allow 80tcp", "neither a port" },
	{ "allow htpp", "port 'htpp': neither a port 1-65535 nor the name of a service" },
	{ "allow 90-80", "port range '90-80' is empty: want 80-90" },
	{ "allow 80-", "want two numbers" },
	{ "allow 80-90-100", "want two numbers" },
	{ "allow 80--90", "want two numbers" },
	{ "allow 0-80", "port '0': want 1-65535" },
	{ "allow 80-70000", "port '70000': want 1-65535" },
	{ "allow 80-090", "port '090'" },
	{ "allow 80,", "a port is missing beside a comma" },
	{ "allow ,80", "a port is missing beside a comma" },
	{ "allow 80,,443", "a port is missing beside a comma" },
	{ "allow ,", "a port is missing beside a comma" },
	{ "allow 80, 443", "a port is missing beside a comma" },
	{ "allow 80 ,443", "ports are one word" },
	{ "allow 80 443", "ports are one word" },
	{ "allow 80 - 90", "ports are one word" },
	{ "allow any,80", "'any' stands alone" },
	{ "allow 80,any", "'any' stands alone" },
	{ "allow ANY", "neither a port" },
	{ "allow *", "neither a port" },
	{ "allow all", "neither a port" },
	{ "allow 80,0", "port '0': want 1-65535" },
	{ "allow 80;443", "neither a port" },
	{ "allow @office", "neither a port" },
	{ "allow port 80", "neither a port" },
	/* protocols */
	{ "allow 80/", "protocol '': want tcp or udp" },
	{ "allow /tcp", "lacks the port" },
	{ "allow tcp", "neither a port" },
	{ "allow tcp/80", "the port comes first" },
	{ "allow 80/TCP", "protocol 'TCP': want tcp or udp" },
	{ "allow 80/tpc", "protocol 'tpc': want tcp or udp" },
	{ "allow 80/sctp", "other protocols have no ports here" },
	{ "allow 80/icmp", "other protocols have no ports here" },
	{ "allow 80/udplite", "UDP-Lite goes with udp" },
	{ "allow 80/6", "want PORT/PROTO" },
	{ "allow 80/tcp,udp", "one protocol, for the whole list" },
	{ "allow 80/tcp,443/tcp", "one protocol, for the whole list" },
	{ "allow 80/tcp/udp", "one protocol, for the whole list" },
	{ "allow 80/tcp-udp", "want tcp or udp" },
	{ "allow ssh/udp", "service 'ssh' has no udp port in /etc/services" },
	{ "allow tftp/tcp", "service 'tftp' has no tcp port" },
	{ "allow 80 tcp", "the protocol follows the port: 80/tcp" },
	{ "allow 80 proto tcp", "the protocol follows the port" },
	{ "allow 80 / tcp", "word '/'" },
	/* qualifiers */
	{ "allow 80 form " V4, "word 'form': did you mean 'from'" },
	{ "allow 80 From " V4, "did you mean 'from'" },
	{ "allow 80 coment x", "did you mean 'comment'" },
	{ "allow 80 xyzzy", "word 'xyzzy': want from, at, on or comment" },
	{ "allow 80 src " V4, "say 'from'" },
	{ "allow 80 dev eth0", "say 'on'" },
	{ "allow 80 in", "the direction stands before the port" },
	{ "allow 80 bind", "the direction stands before the port" },
	{ "allow 80 out", "the direction stands before the port: allow out 80" },
	{ "allow 80 any", "leave it out" },
	{ "allow 80 port 443", "the port stands before the qualifiers" },
	{ "allow 80 # web", "want comment" },
	{ "allow 80 from", "'from' lacks its peer" },
	{ "allow 80 at", "'at' lacks its peer" },
	{ "allow 80 on", "'on' lacks the name of an interface" },
	{ "allow 80 comment", "'comment' lacks its text" },
	{ "allow 80 from from " V4, "'from' lacks its peer" },
	{ "allow 80 from on eth0", "'from' lacks its peer" },
	{ "allow 80 at comment x", "'at' lacks its peer" },
	{ "allow 80 from " V4 " from " V4, "'from' is said twice" },
	{ "allow 80 at " V4 " at " V4, "'at' is said twice" },
	{ "allow 80 on a on b", "'on' is said twice" },
	{ "allow 80 comment a comment b", "'comment' is said twice" },
	{ "allow bind 80 from " V4, "'from' is about packets that come in: bind cannot ask it" },
	{ "deny bind 80 from " V4, "bind cannot ask it" },
	{ "allow bind 80 on eth0", "'on' is about packets that come in" },
	{ "allow bind from " V4, "bind cannot ask it" },
	{ "allow 80 from " V4 " and 192.0.2.8", "put several into a set" },
	/* out asks `to`, and nothing else does */
	{ "allow 80 to " V4, "never meant unless it is said: want out before the ports" },
	{ "allow to " V4, "never meant unless it is said" },
	{ "allow in 80 to " V4, "'to' is about what goes out: in cannot ask it; want at for the local address, from" },
	{ "deny in 80 to " V4, "in cannot ask it" },
	{ "allow bind 80 to " V4, "bind cannot ask it; want at" },
	{ "allow from " V4 " to 192.0.2.8", "'to' is about what goes out" },
	{ "allow out 80 from " V4, "'from' is about packets that come in: out cannot ask it; want to" },
	{ "deny out 80 from " V4, "out cannot ask it" },
	{ "allow out from " V4, "out cannot ask it" },
	{ "allow out 80 on eth0", "'on' is about packets that come in: out cannot ask it" },
	{ "allow out 80 at " V4, "'at' is the local address of bind and in: out cannot ask it" },
	{ "allow out 80 to", "'to' lacks its peer" },
	{ "allow out 80 to comment x", "'to' lacks its peer" },
	{ "allow out 80 to " V4 " to " V4, "'to' is said twice" },
	{ "allow out 80 to any", "leave it out" },
	{ "allow out 80 to 192.0.2.7/24", "has host bits" },
	{ "allow out 80 xyzzy", "word 'xyzzy': want to or comment" },
	{ "allow out 80 dst " V4, "'to' of what goes out" },
	/* peers */
	{ "allow 80 from any", "leave it out" },
	{ "allow 80 from anywhere", "leave it out" },
	{ "allow 80 from 192.0.2.7/24", "has host bits: want 192.0.2.0/24, or 192.0.2.7 for that one address" },
	{ "allow 80 from 10.1.2.3/8", "want 10.0.0.0/8" },
	{ "allow 80 from 1.2.3.4/0", "want 0.0.0.0/0" },
	{ "allow 80 from 2001:db8::1/32", "want 2001:db8::/32, or 2001:db8::1" },
	{ "allow 80 from ::ffff:192.0.2.7/120", "want 192.0.2.0/24" },
	{ "allow 80 from 192.0.2.0/33", "want a prefix length 0-32" },
	{ "allow 80 from 2001:db8::/129", "want a prefix length 0-128" },
	{ "allow 80 from 192.0.2.0/", "want a prefix length 0-32" },
	{ "allow 80 from 192.0.2.0/-1", "want a prefix length 0-32" },
	{ "allow 80 from 192.0.2.0/024", "a prefix length has no leading zero" },
	{ "allow 80 from 192.0.2.0/255.255.255.0", "want a prefix length 0-32" },
	{ "allow 80 from 192.0.2.0/24/8", "want a prefix length 0-32" },
	{ "allow 80 from 192.0.2", "an IPv4 address has four numbers" },
	{ "allow 80 from 192.0.2.256", "an IPv4 address has four numbers" },
	{ "allow 80 from 192.0.2.07", "without leading zeros" },
	{ "allow 80 from 192.0.2.7.1", "an IPv4 address has four numbers" },
	{ "allow 80 from 3221225991", "an IPv4 address has four numbers" },
	{ "allow 80 from 0xc0.0.2.7", "names are not looked up" },
	{ "allow 80 from 192.0.2.7:80", "without a port" },
	{ "allow 80 from [2001:db8::1]", "without brackets" },
	{ "allow 80 from [2001:db8::1]:80", "without brackets" },
	{ "allow 80 from fe80::1%eth0", "without %zone" },
	{ "allow 80 from 2001:db8:::1", "want an address or a prefix" },
	{ "allow 80 from 1:2:3:4:5:6:7:8:9", "want an address or a prefix" },
	{ "allow 80 from gateway", "names are not looked up" },
	{ "allow 80 from example.org", "names are not looked up" },
	{ "allow 80 from 192.0.2.1,192.0.2.2", "put several into a set" },
	{ "allow 80 from 192.0.2.1-192.0.2.9", "written as prefixes" },
	{ "allow 80 from /24", "want an address or a prefix" },
	{ "allow 80 from @", "'@' lacks the name of a set" },
	{ "allow 80 from @a/b", "set 'a/b': a name is made of letters" },
	{ "allow 80 from @a@b", "a name is made of letters" },
	{ "allow 80 from @\"office\"", "a name is made of letters" },
	/* interfaces */
	{ "allow 80 on averyverylongname0", "has 1-15 letters" },
	{ "allow 80 on a/b", "no '/' or ':'" },
	{ "allow 80 on eth0:1", "no '/' or ':'" },
	{ "allow 80 on .", "no device has that name" },
	{ "allow 80 on ..", "no device has that name" },
	{ "allow 80 on veth*", "not a pattern" },
	{ "allow 80 on \"eth0\"", "no blanks, quotes" },
	/* comments and characters */
	{ "allow 80 comment \"\"", "the comment is empty" },
	{ "allow 80 comment \"open", "lacks its closing '\"'" },
	{ "allow 80 comment \"a\"b", "'b' clings to the comment" },
	{ "allow 80 comment \"a\\nb\"", "only \\\" and \\\\ are escapes" },
	{ "allow 80 comment \"a\\", "only \\\" and \\\\ are escapes" },
	{ "allow 80 comment \"a\tb\"", "control character U+0009" },
	{ "allow 80 comment \"a\nb\"", "control character U+000A" },
	{ "allow 80 comment \"a\x1b[2J\"", "control character U+001B" },
	{ "allow 80 comment \"a\x7f\"", "control character U+007F" },
	{ "allow 80 comment \"a\xc2\x9b\"", "control character U+009B" },
	{ "allow 80 comment \"a\xe2\x80\xa8\"", "control character U+2028" },
	{ "allow 80 comment \"a\xff\"", "not UTF-8 at '\\xff'" },
	{ "allow 80 comment \"\xc0\xaf\"", "not UTF-8" },
	{ "allow 80 comment \"\xed\xa0\x80\"", "not UTF-8" },
	{ "allow 80 comment my text", "a comment with blanks is put in double quotes" },
	{ "allow 80 comment 'my text'", "a comment with blanks is put in double quotes" },
	{ "allow\t80", "a tab: words are separated by blanks" },
	{ "allow 80\n", "a line break: a rule is one line" },
	{ "allow 80\r", "a line break" },
	{ "allow\nallow 80", "a line break" },
	{ "allow\xc2\xa0" "80", "U+00A0 looks like a blank" },
	{ "allow\xe2\x80\x8b 80", "U+200B looks like a blank" },
	{ "allow 80\xe2\x80\x93" "90", "U+2013 is no '-'" },
	{ "allow 80 comment x \xe2\x80\x9cy\xe2\x80\x9d", "U+201C is no '\"'" },
	{ "allow \xef\xbc\x98\xef\xbc\x90", "is not plain ASCII" },
	{ "allow 80\x01", "control character '\\x01'" },
	{ "allow 80\x7f", "control character '\\x7f'" },
	{ "allow 8\xff" "0", "is not plain ASCII" },
	{ "\xef\xbb\xbf" "allow 80", "is not plain ASCII" },
};

static const char *refusal(const char *const *words, size_t count, size_t *at, struct pg_error *err)
{
	struct rule *rules = NULL;
	size_t rule_count = 7;
	int r = rule_parse(words, count, false, &help_world, &rules, &rule_count, at, err);

	cr_assert_eq(r, -EINVAL, "'%s' was not refused", words[0]);
	cr_assert_eq(err->exit, PG_EXIT_POLICY);
	cr_assert(!rules && rule_count == 7, "the result was touched");
	cr_assert_null(strpbrk(err->text, "\n\r\t\x1b"), "not one line: %s", err->text);
	return err->text;
}

Test(rule_mistakes, a_wrong_sentence_is_told_what_is_wrong_and_what_was_wanted)
{
	cr_assert_geq(ARRAY_SIZE(wrong), 170);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct pg_error err = PG_ERROR_INIT;
		size_t at;
		const char *text = refusal(&wrong[i].sentence, 1, &at, &err);

		if (!strstr(text, wrong[i].words))
			FAIL("'%s': wanted '%s', got '%s'", wrong[i].sentence, wrong[i].words, text);
		cr_assert_leq(at, strlen(wrong[i].sentence));
	}
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
