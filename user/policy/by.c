// SPDX-License-Identifier: GPL-2.0-only
/*
 * `by user NAME|UID` and `by exe /path`: who asks. A packet that comes in has neither, so that they are
 * asked of bind and out.
 */
#include <errno.h>
#include <string.h>

#include "policy/parse.h"
#include "policy/paths.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/cleanup.h"

#define USER_MAX 255			/* letters; LOGIN_NAME_MAX less NUL */
#define UID_MAX_SAID (UINT32_MAX - 1)	/* the last one means nobody at all */

static const struct answer foreign_kinds[] = {
	{ "uid", "say 'by user NUMBER'" },    { "owner", "say 'by user NAME'" },
	{ "group", "groups are not asked" },  { "gid", "groups are not asked" },
	{ "path", "say 'by exe /path'" },     { "program", "say 'by exe /path'" },
	{ "binary", "say 'by exe /path'" },   { "process", "say 'by exe /path'" },
	{ "comm", "names can be chosen by anybody: say 'by exe /path'" },
	{ "unit", "units are scopes: want --scope NAME, or scopes: in the file" },
	{ "container", "containers are scopes: want --scope NAME, or scopes: in the file" },
};

static bool strict(const struct parse *p)
{
	return p->rule.verdict == PG_DENY || p->rule.limit.per_second_x1000;
}

int parse_check_both(struct parse *p, const char *what, bool said, const char *other)
{
	if (p->directions || !said || !strict(p))
		return 0;
	return pg_fail(p->err, MISTAKE,
		       "'%s' and '%s' in one rule: in asks the one, bind the other, and none both: "
		       "write two rules",
		       other, what);
}

static int check_caller(struct parse *p)
{
	if (p->directions == RULE_IN)
		return pg_fail(p->err, MISTAKE,
			       "'by' is about programs of this machine: in cannot ask it; want bind "
			       "or out%s",
			       p->rule.limit.per_second_x1000 ? "" : ", or no direction");
	if (!p->directions && p->rule.limit.per_second_x1000)
		return pg_fail(p->err, MISTAKE,
			       "'by' is about programs of this machine, and what limit counts comes "
			       "in unless out is said: want limit out");
	return parse_check_both(p, "by", p->from, "from") ?: parse_check_both(p, "by", p->on, "on");
}

static int keep_user(struct parse *p, uint32_t uid)
{
	p->rule.uid = uid;
	p->rule.user = strndup(p->token.text, p->token.length);
	return p->rule.user ? parse_advance(p) : -ENOMEM;
}

static int find_user(struct parse *p)
{
	const char *word = SHOW(p->token.text, p->token.length);
	char name[USER_MAX + 1];
	uint32_t uid = 0;
	int r;

	if (p->token.length > USER_MAX)
		return pg_fail(p->err, MISTAKE, "user '%s': a name has at most %d letters", word,
			       USER_MAX);
	if (!p->world || !p->world->user)
		return pg_fail(p->err, MISTAKE, "user '%s': want a number 0-%u; no names are looked up here",
			       word, UID_MAX_SAID);
	memcpy(name, p->token.text, p->token.length);
	name[p->token.length] = '\0';
	r = p->world->user(p->world->data, name, &uid);
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT)
		return pg_fail(p->err, MISTAKE,
			       "unknown user '%s': this machine has none of that name", word);
	if (r)
		return pg_fail(p->err, MISTAKE, "user '%s' cannot be looked up: %s", word, strerror(-r));
	return keep_user(p, uid);
}

static int parse_user(struct parse *p)
{
	struct pg_error why = PG_ERROR_INIT;
	const struct token *t = &p->token;
	uint32_t uid;
	int r = parse_advance(p);

	if (r)
		return r;
	if (!p->more || parse_one_of(t, rule_qualifiers))
		return pg_fail(p->err, MISTAKE, "'by user' lacks its user: want a name or a number");
	if (strspn(t->text, "+-0123456789") < t->length)
		return find_user(p);
	r = number_parse(t->text, t->length, 0, UID_MAX_SAID, &uid, &why);
	return r ? pg_fail(p->err, MISTAKE, "user %s", why.text) : keep_user(p, uid);
}

static int parse_exe(struct parse *p)
{
	const struct token *t = &p->token;
	const char *why;
	int r = parse_advance(p);

	if (r)
		return r;
	if (!p->more || parse_one_of(t, rule_qualifiers))
		return pg_fail(p->err, MISTAKE, "'by exe' lacks its path: want /usr/sbin/nginx");
	why = path_mistake(t->text, t->length);
	if (!why && (memchr(t->text, '*', t->length) || memchr(t->text, '?', t->length)))
		why = "want the path of one file, not a pattern";
	if (!why && t->length == 1)
		why = "want the path of a file";
	if (why)
		return pg_fail(p->err, MISTAKE, "exe '%s': %s", SHOW(t->text, t->length), why);
	p->rule.exe = strndup(t->text, t->length);
	return p->rule.exe ? parse_advance(p) : -ENOMEM;
}

int parse_by(struct parse *p)
{
	static const char *const kinds[] = { "user", "exe", NULL };
	const struct token *t = &p->token;
	int r = check_caller(p) ?: parse_advance(p);

	if (r)
		return r;
	if (!p->more || parse_one_of(t, rule_qualifiers))
		return pg_fail(p->err, MISTAKE, "'by' lacks its kind: want by user NAME or by exe /path");
	if (token_is(t, "user"))
		return parse_once(p, &p->user) ?: parse_user(p);
	if (token_is(t, "exe"))
		return parse_once(p, &p->exe) ?: parse_exe(p);
	return parse_unknown(p, "by", FIND_ANSWER(foreign_kinds, t),
			     nearest_word(t->text, t->length, kinds), "user NAME or exe /path");
}
