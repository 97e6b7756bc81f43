// SPDX-License-Identifier: GPL-2.0-only
/*
 * The qualifiers of a sentence: from, to, at, on, for, log, comment; `by` is in by.c. Each is said
 * once, and only where the rule has a direction that can ask it.
 */
#include <errno.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/peer.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/cleanup.h"

const char *const rule_qualifiers[] = { "from", "to",  "at",      "on", "by",
					"for",  "log", "comment", NULL };

#define LONGEST_FOR (3650u * 86400)

static const struct answer foreign_qualifiers[] = {
	{ "tcp", "the protocol follows the port: 80/tcp" },
	{ "udp", "the protocol follows the port: 53/udp" },
	{ "proto", "the protocol follows the port: 80/tcp" },
	{ "port", "the port stands before the qualifiers, alone" },
	{ "src", "say 'from'" },
	{ "source", "say 'from'" },
	{ "dst", "say 'at' of what comes in, 'to' of what goes out" },
	{ "dest", "say 'at' of what comes in, 'to' of what goes out" },
	{ "destination", "say 'at' of what comes in, 'to' of what goes out" },
	{ "dev", "say 'on'" },
	{ "in", "the direction stands before the port: allow in 80" },
	{ "out", "the direction stands before the port: allow out 80" },
	{ "bind", "the direction stands before the port: allow bind 80" },
	{ "and", "want one peer: put several into a set, @name" },
	{ "any", "leave it out" },
	{ "burst", "it belongs to the rate: limit 20/s burst 40, then ports" },
	{ "per", "it belongs to the rate: limit 20/s per source, then ports" },
	{ "limit", "it is the verb: limit 20/s, then ports" },
	{ "allow", "it is a second verb: write two rules" },
	{ "deny", "it is a second verb: write two rules" },
	{ "reject", "it is a second verb: write two rules" },
	{ "user", "say 'by user NAME'" },
	{ "uid", "say 'by user NUMBER'" },
	{ "owner", "say 'by user NAME'" },
	{ "exe", "say 'by exe /path'" },
	{ "scope",
	  "scopes are not part of the sentence: want --scope NAME, or scopes: in the file" },
	{ "until", "say 'for', and how long: for 2h" },
	{ "timeout", "say 'for', and how long: for 2h" },
	{ "forever", "leave it out" },
};

static int parse_peer(struct parse *p, const char *what, struct peer *peer)
{
	int r = parse_advance(p);

	if (r)
		return r;
	if (!p->more || parse_one_of(&p->token, rule_qualifiers))
		return pg_fail(p->err, MISTAKE,
			       "'%s' lacks its peer: want an address, a prefix or @set", what);
	r = peer_parse(p->token.text, p->token.length, peer, p->err);
	return r ? r : parse_advance(p);
}

static int parse_on(struct parse *p)
{
	int r = parse_advance(p);

	if (r)
		return r;
	if (!p->more)
		return pg_fail(p->err, MISTAKE, "'on' lacks the name of an interface");
	r = device_name_check(p->token.text, p->token.length, p->err);
	if (r)
		return r;
	p->rule.on = strndup(p->token.text, p->token.length);
	return p->rule.on ? parse_advance(p) : -ENOMEM;
}

static int parse_comment(struct parse *p)
{
	int r;

	r = sentence_comment(&p->sentence, &p->rule.comment, &p->wrong_at, p->err);
	return r ? r : parse_advance(p);
}

static int parse_for(struct parse *p)
{
	struct pg_error why = PG_ERROR_INIT;
	int r = parse_advance(p);

	if (r)
		return r;
	if (!p->more || parse_one_of(&p->token, rule_qualifiers))
		return pg_fail(p->err, MISTAKE,
			       "'for' lacks its time: want a duration such as 30s, 2m, 12h or 5d");
	r = duration_parse(p->token.text, p->token.length, LONGEST_FOR, &p->rule.for_s, &why);
	return r ? pg_fail(p->err, MISTAKE, "for %s", why.text) : parse_advance(p);
}

/* What is refused is an event anyhow. */
static int check_log(struct parse *p)
{
	if (p->rule.verdict != PG_DENY)
		return 0;
	return pg_fail(p->err, MISTAKE,
		       "'log' is about what is allowed: what is refused is an event already");
}

static int parse_log(struct parse *p)
{
	p->rule.log = true;
	return parse_advance(p);
}

/* Only a packet that comes in has a remote address and a device. */
static int check_incoming(struct parse *p, const char *what)
{
	if (p->directions == RULE_BIND)
		return pg_fail(p->err, MISTAKE,
			       "'%s' is about packets that come in: bind cannot ask it; want in, "
			       "or no direction",
			       what);
	if (p->directions == RULE_OUT)
		return pg_fail(p->err, MISTAKE,
			       "'%s' is about packets that come in: out cannot ask it; want to",
			       what);
	return parse_check_both(p, what, p->user || p->exe, "by");
}

static int check_local(struct parse *p)
{
	if (p->directions != RULE_OUT)
		return 0;
	return pg_fail(p->err, MISTAKE,
		       "'at' is the local address of bind and in: out cannot ask it; want to");
}

static int check_outgoing(struct parse *p)
{
	if (p->directions == RULE_OUT)
		return 0;
	if (p->directions)
		return pg_fail(p->err, MISTAKE,
			       "'to' is about what goes out: %s cannot ask it; want at for the "
			       "local address%s",
			       p->directions == RULE_BIND ? "bind" : "in",
			       p->directions == RULE_BIND ? "" : ", from for the remote one");
	return pg_fail(p->err, MISTAKE,
		       "'to' is about what goes out, which is never meant unless it is said: want "
		       "out before the ports, or at for the local address");
}

int parse_once(struct parse *p, bool *said)
{
	if (!TAKE(*said, true))
		return 0;
	return pg_fail(p->err, MISTAKE, "'%s' is said twice", SHOW(p->token.text, p->token.length));
}

static int unknown_qualifier(struct parse *p)
{
	const struct token *t = &p->token;
	const char *answer = FIND_ANSWER(foreign_qualifiers, t);

	if (!answer && p->comment)
		answer = "a comment with blanks is put in double quotes";
	if (!answer && t->text[0] == '#')
		answer = "want comment \"why\"";
	if (!answer && t->text[0] == '/')
		answer = t->length > 1 && t->text[1] <= '9'
				 ? "a prefix is one word, such as 192.0.2.0/24"
				 : "port and protocol are one word, such as 80/tcp";
	if (!answer && t->length && t->text[t->length - 1] == ',')
		answer = "lists are written 80,443 without blanks";
	if (!answer && strspn(t->text, "0123456789,-") >= t->length)
		answer = "ports are one word, such as 80,443,8000-8100";
	return parse_unknown(p, "word", answer, nearest_word(t->text, t->length, rule_qualifiers),
			     p->directions == RULE_OUT ? "to, by, for, log or comment"
						       : "from, at, on, by, for, log or comment");
}

int parse_qualifier(struct parse *p)
{
	const struct token *t = &p->token;

	if (token_is(t, "from"))
		return parse_once(p, &p->from) ?: check_incoming(p, "from") ?:
			parse_peer(p, "from", &p->rule.remote);
	if (token_is(t, "to"))
		return parse_once(p, &p->to) ?: check_outgoing(p) ?:
			parse_peer(p, "to", &p->rule.remote);
	if (token_is(t, "at"))
		return parse_once(p, &p->at) ?: check_local(p) ?: parse_peer(p, "at", &p->rule.at);
	if (token_is(t, "on"))
		return parse_once(p, &p->on) ?: check_incoming(p, "on") ?: parse_on(p);
	if (token_is(t, "by"))
		return parse_by(p);
	if (token_is(t, "for"))
		return parse_once(p, &p->lasting) ?: parse_for(p);
	if (token_is(t, "log"))
		return parse_once(p, &p->log) ?: check_log(p) ?: parse_log(p);
	if (token_is(t, "comment"))
		return parse_once(p, &p->comment) ?: parse_comment(p);
	return unknown_qualifier(p);
}
