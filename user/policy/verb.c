// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verb of a sentence - allow, deny, reject, limit RATE - where RATE = 20/s | 100/m [burst N]
 * [per source] stands before direction and ports, as one would say it.
 */
#include <errno.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/cleanup.h"

#define VERBS "allow, deny, reject or limit"

static const char *const verbs[] = { "allow", "deny", "reject", "limit", NULL };

static const struct answer foreign_verbs[] = {
	{ "accept", "say 'allow'" },        { "permit", "say 'allow'" },
	{ "open", "say 'allow'" },          { "drop", "say 'deny'" },
	{ "block", "say 'deny'" },          { "close", "say 'deny'" },
	{ "refuse", "say 'deny'" },         { "rate", "say 'limit 20/s'" },
	{ "throttle", "say 'limit 20/s'" },
};

const char *nearest_verb(const struct token *t)
{
	return nearest_word(t->text, t->length, verbs);
}

static int parse_burst(struct parse *p)
{
	struct pg_error why = PG_ERROR_INIT;
	int r = parse_once(p, &p->burst) ?: parse_advance(p);

	if (r)
		return r;
	if (!p->more)
		return pg_fail(p->err, MISTAKE, "'burst' lacks its number: want 1-%u", RATE_MAX);
	r = number_parse(p->token.text, p->token.length, 1, RATE_MAX, &p->rule.limit.burst, &why);
	return r ? pg_fail(p->err, MISTAKE, "burst %s", why.text) : parse_advance(p);
}

static int parse_per(struct parse *p)
{
	int r = parse_once(p, &p->rule.per_source) ?: parse_advance(p);

	if (r)
		return r;
	if (!p->more)
		return pg_fail(p->err, MISTAKE, "'per' lacks its word: want per source");
	if (!token_is(&p->token, "source"))
		return pg_fail(p->err, MISTAKE,
			       "'per %s': want per source, a bucket for each address, or nothing",
			       SHOW(p->token.text, p->token.length));
	return parse_advance(p);
}

static int parse_rate(struct parse *p)
{
	int r;

	if (!p->more)
		return pg_fail(p->err, MISTAKE,
			       "'limit' lacks its rate: want 20/s or 100/m, then ports");
	r = rate_word_parse(p->token.text, p->token.length, &p->rule.limit, p->err);
	r = r ?: parse_advance(p);
	while (!r && p->more) {
		if (token_is(&p->token, "burst"))
			r = parse_burst(p);
		else if (token_is(&p->token, "per"))
			r = parse_per(p);
		else
			break;
	}
	return r;
}

int parse_verb(struct parse *p, bool verbless)
{
	const struct token *t = &p->token;
	int r;

	if (!p->more)
		return pg_fail(p->err, MISTAKE, "the rule is empty: want " VERBS ", then ports");
	if (!parse_one_of(t, verbs)) {
		if (verbless)
			return 0;
		return parse_unknown(p, "verb", FIND_ANSWER(foreign_verbs, t), nearest_verb(t),
				     VERBS);
	}
	p->rule.reject = token_is(t, "reject");
	p->rule.verdict = p->rule.reject || token_is(t, "deny") ? PG_DENY : PG_ALLOW;
	if (!token_is(t, "limit"))
		return parse_advance(p);
	r = parse_advance(p);
	return r ? r : parse_rate(p);
}
