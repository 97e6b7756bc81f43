// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of wrong ports and protocols, of words that other programs take, and of sentences of `remove`,
 * which may lack their verb. More of all of it: rule_mistakes.c, verb_mistakes.c, qualifier_mistakes.c.
 */
#include "unit/lib/mistake_help.h"

static const struct wrong_sentence wrong[] = {
	/* more verbs and directions */
	{ "add 80", 0, "verb 'add': want allow, deny, reject or limit" },
	{ "remove 80", 0, "verb 'remove': want allow, deny, reject or limit" },
	{ "delete 80", 0, "verb 'delete': want allow, deny, reject or limit" },
	{ "ufw allow 80", 0, "verb 'ufw': want allow, deny, reject or limit" },
	{ "\"allow\" 80", 0, "verb '\"allow\"': want allow, deny, reject or limit" },
	{ "'allow 80'", 0, "verb ''allow': did you mean 'allow'?" },
	{ "allow,deny 80", 0, "verb 'allow,deny': want allow, deny, reject or limit" },
	{ "allow80", 0, "verb 'allow80': want allow, deny, reject or limit" },
	{ "allow: 80", 0, "verb 'allow:': did you mean 'allow'?" },
	{ "- allow 80", 0, "verb '-': want allow, deny, reject or limit" },
	{ "-A INPUT -p tcp --dport 80 -j ACCEPT", 0, "verb '-A': want allow, deny, reject or limit" },
	{ "allow Out 80", 6, "direction 'Out': did you mean 'out'?" },
	{ "allow outgoing 80", 6, "direction 'outgoing': say 'out'" },
	{ "allow outbound 80", 6, "direction 'outbound': say 'out'" },
	{ "allow inbound 80", 6, "direction 'inbound': say 'in'" },
	{ "allow egress 80", 6, "direction 'egress': say 'out'" },
	{ "allow ingress 80", 6, "direction 'ingress': say 'in'" },
	{ "allow connect 80", 6, "direction 'connect': say 'out'" },
	{ "allow both 80", 6, "direction 'both': leave it out: bind and in are meant where none is said" },
	{ "allow in,out 80", 6, "port 'in': neither a port 1-65535 nor the name of a service" },
	{ "allow bind/in 80", 11,
	  "protocol 'in': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "deny in bind 80", 8, "'bind' is a second direction: leave it out for both, or write two rules" },
	{ "reject out out 80", 11, "'out' is a second direction: write two rules" },
	{ "allow bind bind 80", 11, "'bind' is a second direction: leave it out for both, or write two rules" },
	/* ports */
	{ "allow http-https", 6,
	  "port 'http-https': neither the name of a service nor a range of two numbers, such as 8000-8100" },
	{ "allow http,", 11, "a port is missing beside a comma: lists are written 80,443" },
	{ "allow ssh,nosuch", 10, "port 'nosuch': neither a port 1-65535 nor the name of a service" },
	{ "allow 80,https,", 9, "port 'https': neither a port 1-65535 nor the name of a service" },
	{ "allow 1-65536", 8, "port '65536': want 1-65535" },
	{ "allow 0-65535", 6, "port '0': want 1-65535" },
	{ "allow 22-", 6, "port range '22-': want two numbers, such as 8000-8100" },
	{ "allow -22", 6, "port '-22': a port has no sign: want 1-65535" },
	{ "allow -", 6, "port '-': a port has no sign: want 1-65535" },
	{ "allow 80-http", 6,
	  "port '80-http': neither the name of a service nor a range of two numbers, such as 8000-8100" },
	{ "allow 1_000", 6, "port '1_000': neither a port 1-65535 nor the name of a service" },
	{ "allow 1e3", 6, "port '1e3': neither a port 1-65535 nor the name of a service" },
	{ "allow 80%", 6, "port '80%': neither a port 1-65535 nor the name of a service" },
	{ "allow 80!", 6, "port '80!': neither a port 1-65535 nor the name of a service" },
	{ "allow !80", 6, "port '!80': neither a port 1-65535 nor the name of a service" },
	{ "allow ~80", 6, "port '~80': neither a port 1-65535 nor the name of a service" },
	{ "allow 22&80", 6, "port '22&80': neither a port 1-65535 nor the name of a service" },
	{ "allow 65535,65536", 12, "port '65536': want 1-65535" },
	{ "allow 655350", 6, "port '655350': want 1-65535" },
	{ "allow 4294967376", 6, "port '4294967376': want 1-65535" },
	{ "allow 18446744073709551696", 6, "port '18446744073709551696': want 1-65535" },
	{ "allow any-80", 6,
	  "port 'any-80': neither the name of a service nor a range of two numbers, such as 8000-8100" },
	{ "allow 80-any", 6,
	  "port '80-any': neither the name of a service nor a range of two numbers, such as 8000-8100" },
	{ "allow any,any", 6, "'any' stands alone, not in a list of ports" },
	{ "allow Any", 6, "port 'Any': did you mean 'any'?" },
	{ "allow ALL", 6, "port 'ALL': say 'any'" },
	{ "allow <80", 6, "port '<80': neither a port 1-65535 nor the name of a service" },
	{ "allow >1024", 6, "port '>1024': neither a port 1-65535 nor the name of a service" },
	{ "allow 1024+", 6, "port '1024+': neither a port 1-65535 nor the name of a service" },
	{ "allow 1024:", 6, "port '1024:': a range is written with '-', such as 8000-8100" },
	{ "allow :80", 6, "port ':80': neither a port 1-65535 nor the name of a service" },
	{ "allow [80,443]", 6, "port '[80': neither a port 1-65535 nor the name of a service" },
	{ "allow {80}", 6, "port '{80}': neither a port 1-65535 nor the name of a service" },
	{ "allow (80)", 6, "port '(80)': neither a port 1-65535 nor the name of a service" },
	{ "allow \"80\"", 6, "port '\"80\"': neither a port 1-65535 nor the name of a service" },
	{ "allow $PORT", 6, "port '$PORT': neither a port 1-65535 nor the name of a service" },
	{ "allow ports 80", 6, "port 'ports': leave the word out: the numbers are enough" },
	{ "allow tcp 80", 6, "port 'tcp': want the port in front, such as 80/tcp, or any/tcp" },
	{ "allow UDP", 6, "port 'UDP': want the port in front, such as 53/udp, or any/udp" },
	{ "allow udp/53", 6, "'udp/53': the port comes first, such as 80/tcp" },
	{ "allow icmp", 6, "port 'icmp': it has no ports: see icmp: in the policy" },
	{ "allow ICMPv6", 6, "port 'ICMPv6': it has no ports: see icmp: in the policy" },
	{ "allow eth0", 6, "port 'eth0': neither a port 1-65535 nor the name of a service" },
	{ "allow 192.0.2.7", 6,
	  "port '192.0.2.7': an address follows from, to or at, as in any from 192.0.2.7" },
	{ "allow ::1", 6, "port '::1': an address follows from, to or at, as in any from 192.0.2.7" },
	/* protocols */
	{ "allow 80/udp-lite", 9, "protocol 'udp-lite': UDP-Lite goes with udp" },
	{ "allow 80/mptcp", 9,
	  "protocol 'mptcp': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "allow 80/any", 9, "protocol 'any': leave it out for both tcp and udp" },
	{ "allow 80/all", 9, "protocol 'all': leave it out for both tcp and udp" },
	{ "allow 80/both", 9, "protocol 'both': leave it out for both tcp and udp" },
	{ "allow 80//tcp", 9,
	  "protocol '/tcp': want one protocol, for the whole list: write a rule for each, or leave it out "
	  "for both" },
	{ "allow 80/tcp/", 9,
	  "protocol 'tcp/': want one protocol, for the whole list: write a rule for each, or leave it out "
	  "for both" },
	{ "allow 80,443/", 13, "protocol '': want tcp or udp" },
	{ "allow 80/tcp,443", 9,
	  "protocol 'tcp,443': want one protocol, for the whole list: write a rule for each, or leave it "
	  "out for both" },
	{ "allow 80/udp/tcp", 9,
	  "protocol 'udp/tcp': want one protocol, for the whole list: write a rule for each, or leave it "
	  "out for both" },
	{ "allow 80/t", 9, "protocol 't': want tcp or udp" },
	{ "allow 80/t cp", 9, "protocol 't': want tcp or udp" },
	{ "allow 80/\"tcp\"", 9,
	  "protocol '\"tcp\"': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "allow ssh/sctp", 10,
	  "protocol 'sctp': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "allow any/icmp", 10,
	  "protocol 'icmp': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "allow /", 6, "'/' lacks the port: want PORT/PROTO, such as 80/tcp" },
	{ "allow 80 /tcp", 9, "word '/tcp': port and protocol are one word, such as 80/tcp" },
	{ "allow 80/ tcp", 9, "protocol '': want tcp or udp" },
	{ "allow udp/tcp", 6, "'udp/tcp': the port comes first, such as 80/tcp" },
	{ "allow http/https", 11,
	  "protocol 'https': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "allow domain/dccp", 13,
	  "protocol 'dccp': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "allow ssh,tftp/udp", 6, "service 'ssh' has no udp port in /etc/services: want its number" },
	/* trailing words */
	{ "allow 80 allow 81", 9, "word 'allow': it is a second verb: write two rules" },
	{ "allow 80 ; allow 81", 9, "word ';': want from, at, on, by, for, log or comment" },
	{ "allow 80 || true", 9, "word '||': want from, at, on, by, for, log or comment" },
	{ "allow 80, from 192.0.2.7", 9, "a port is missing beside a comma: lists are written 80,443" },
	{ "allow 80 -", 9, "word '-': ports are one word, such as 80,443,8000-8100" },
	{ "allow 80 --", 9, "word '--': ports are one word, such as 80,443,8000-8100" },
	{ "allow 80 --comment x", 9, "word '--comment': did you mean 'comment'?" },
	{ "allow 80 \"comment\"", 9, "word '\"comment\"': did you mean 'comment'?" },
	{ "allow 80 from 192.0.2.0 /24", 24, "word '/24': a prefix is one word, such as 192.0.2.0/24" },
	{ "allow 80 comment \"a\"\"b\"", 20,
	  "'\"b\"' clings to the comment: want a blank behind the closing '\"'" },
	{ "allow 80 comment \"\"x", 19, "'x' clings to the comment: want a blank behind the closing '\"'" },
	{ "allow 80 comment \"a\" \"b\"", 21, "word '\"b\"': a comment with blanks is put in double quotes" },
	{ "allow 80 comment a b", 19, "word 'b': a comment with blanks is put in double quotes" },
	{ "allow 80 comment \"\\x41\"", 18, "'\\x' in a comment: only \\\" and \\\\ are escapes" },
	{ "allow 80 comment \"\\", 18, "'\\' in a comment: only \\\" and \\\\ are escapes" },
	{ "allow 80 comment \"tab\tx\"", 17, "the comment holds the control character U+0009" },
	{ "allow 80 COMMENT x", 9, "word 'COMMENT': did you mean 'comment'?" },
	{ "allow 80 comment# x", 9, "word 'comment#': did you mean 'comment'?" },
};

Test(port_mistakes, are_told_what_is_wrong_what_was_wanted_and_where)
{
	expect_refusals(wrong, ARRAY_SIZE(wrong));
}

static const struct wrong_sentence verbless[] = {
	{ "alow 79", 0, "verb 'alow': did you mean 'allow'?" },
	{ "dney 79/tcp", 0, "verb 'dney': did you mean 'deny'?" },
	{ "79 80", 3, "word '80': ports are one word, such as 80,443,8000-8100" },
	{ "79/tpc", 3,
	  "protocol 'tpc': want tcp or udp (other protocols have no ports here: see protocols: in the "
	  "policy)" },
	{ "79, 80", 3, "a port is missing beside a comma: lists are written 80,443" },
	{ "in", 2, "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any" },
	{ "bind", 4, "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any" },
	{ "in out 79", 3, "'out' is a second direction: write two rules" },
	{ "out 79 from 192.0.2.7", 7, "'from' is about packets that come in: out cannot ask it; want to" },
	{ "in 79 to 192.0.2.7", 6,
	  "'to' is about what goes out: in cannot ask it; want at for the local address, from for the "
	  "remote one" },
	{ "bnid 79", 0, "direction 'bnid': did you mean 'bind'?" },
	{ "79 log log", 7, "'log' is said twice" },
	{ "79 for", 6, "'for' lacks its time: want a duration such as 30s, 2m, 12h or 5d" },
	{ "79 for 2 hours", 7, "for '2': want a duration such as 30s, 2m, 12h or 5d" },
	{ "79 by user nobodyhere", 11, "unknown user 'nobodyhere': this machine has none of that name" },
	{ "bind 79 on eth0", 8,
	  "'on' is about packets that come in: bind cannot ask it; want in, or no direction" },
	{ "out 79 at 192.0.2.7", 7, "'at' is the local address of bind and in: out cannot ask it; want to" },
	{ "from", 4, "'from' lacks its peer: want an address, a prefix or @set" },
	{ "from here", 5, "'here': want an address: names are not looked up (a set is written @set)" },
	{ "79 comment", 10, "'comment' lacks its text: want comment \"why\"" },
	{ "6/m ssh", 2, "protocol 'm': want tcp or udp (if this is a rate, limit stands in front of it)" },
	{ "limit 79", 6, "rate '79': want 79/s or 79/m" },
	{ "per source 79", 0, "port 'per': neither a port 1-65535 nor the name of a service" },
	{ "@office", 0, "port '@office': a set has addresses, not ports: it follows from, to or at" },
	{ "all", 0, "port 'all': say 'any'" },
};

Test(port_mistakes, of_a_sentence_without_a_verb_are_told_likewise)
{
	expect_verbless_refusals(verbless, ARRAY_SIZE(verbless));
}
