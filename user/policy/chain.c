// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains: a condition for each clause whose time may be up or whose rate may be spent, in the order in
 * which the law asks: deny, limits, allow, failsafe. Of several timed clauses that say the same only
 * the one that lasts longest is asked, so that a chain is short whatever the number of rules.
 *
 * Chains are made from their end, so that a group names only groups made before it. Of several that
 * allow, those that say `log` come first: whether it is logged may not depend on the order of rules.
 */
#include "policy/chain.h"

#include <errno.h>

#include "policy/rule.h"
#include "util/cleanup.h"

/* The clauses that matter of those that match. */
struct matching {
	struct group_builder *builder;
	const struct plain *plain;
	const struct clause *deny, *allow; /* lasting ones */
	const struct clause *timed_deny, *timed_allow, *timed_log;
	const struct clause *limits[PG_MAX_LIMITS + 1]; /* by id */
	size_t limit_count;
};

static bool better_deny(const struct clause *a, const struct clause *b)
{
	return !b || a->id < b->id;
}

static bool better_allow(const struct clause *a, const struct clause *b)
{
	return !b || (a->log != b->log ? a->log : a->id < b->id);
}

static bool lasts_longer(const struct clause *a, const struct clause *b)
{
	if (!b || a->until == b->until)
		return !b || better_allow(a, b);
	return !a->until || (b->until && a->until > b->until);
}

void plain_speak(struct plain *plain, const struct clause *c)
{
	if (c->verdict == PG_DENY && better_deny(c, plain->deny))
		plain->deny = c;
	if (c->verdict == PG_ALLOW && better_allow(c, plain->allow))
		plain->allow = c;
}

/*
 * A limit with `for` ends no failsafe: to ask whether its time is up is to ask for a token, too, and
 * if it ended one for ever, the machine would be closed when the time is up.
 */
void plain_name(struct plain *plain, const struct clause *c)
{
	if (!(c->limited && c->until) && lasts_longer(c, plain->named))
		plain->named = c;
}

/* Whether a clause that asks something can change what the plain ones say. */
static bool matters(const struct plain *plain, const struct clause *c)
{
	if (plain->deny)
		return c->verdict == PG_DENY && !c->until && better_deny(c, plain->deny);
	if (c->verdict == PG_DENY || c->limited || !plain->allow)
		return true;
	return c->until ? c->log && !plain->allow->log : better_allow(c, plain->allow);
}

size_t chain_prune(const struct plain *plain, const struct clause **clauses, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (matters(plain, clauses[i]))
			clauses[kept++] = clauses[i];
	return kept;
}

/* Sorted by id; one more than may be is kept, to tell that there are too many. */
static void note_limit(struct matching *m, const struct clause *c)
{
	size_t at = m->limit_count;

	while (at && m->limits[at - 1]->id > c->id)
		at--;
	if (at == ARRAY_SIZE(m->limits) || (at && m->limits[at - 1]->id == c->id))
		return;
	if (m->limit_count == ARRAY_SIZE(m->limits))
		m->limit_count--;
	for (size_t i = m->limit_count++; i > at; i--)
		m->limits[i] = m->limits[i - 1];
	m->limits[at] = c;
}

static void note(struct matching *m, const struct clause *c)
{
	if (c->verdict == PG_DENY) {
		if (!c->until && better_deny(c, m->deny))
			m->deny = c;
		if (c->until && lasts_longer(c, m->timed_deny))
			m->timed_deny = c;
	} else if (c->limited) {
		note_limit(m, c);
	} else if (!c->until) {
		if (better_allow(c, m->allow))
			m->allow = c;
	} else {
		if (lasts_longer(c, m->timed_allow))
			m->timed_allow = c;
		if (c->log && lasts_longer(c, m->timed_log))
			m->timed_log = c;
	}
}

static uint32_t say(const struct matching *m, enum pg_answer_kind kind, const struct clause *c)
{
	uint32_t answer = PG_ANSWER(kind, m->plain->essential, c ? c->id : 0);

	if (c && c->log && kind == PG_ANSWER_ALLOW)
		answer |= PG_ANSWER_LOG;
	if (c && c->reject && kind == PG_ANSWER_DENY)
		answer |= PG_ANSWER_REJECT;
	return answer;
}

static int add_condition(const struct matching *m, const struct clause *c, uint32_t base,
			 uint32_t otherwise, uint32_t *ret)
{
	struct group g = { .rule = c->id, .base = base, .otherwise = otherwise };
	uint32_t number = 0;
	int r = groups_add(m->builder, &g, &number);

	*ret = PG_ANSWER(PG_ANSWER_ASK, m->plain->essential, number);
	return r;
}

/* Nobody's rule: failsafe, unless a rule that is in force names the port. */
static int add_unruled(const struct matching *m, const struct clause *before, uint32_t *ret)
{
	const struct clause *named = m->plain->named;

	*ret = say(m, PG_ANSWER_NONE, NULL);
	if (!m->plain->failsafe || (named && !named->until))
		return 0;
	*ret = say(m, PG_ANSWER_ALLOW, NULL);
	if (!named || (before && before->until >= named->until))
		return 0;
	return add_condition(m, named, say(m, PG_ANSWER_NONE, NULL), *ret, ret);
}

/* What follows the limits; @allow: the best that allows for ever, or whose rate it is under. */
static int add_allow(const struct matching *m, const struct clause *allow, uint32_t *ret)
{
	const struct clause *timed = allow ? NULL : m->timed_allow, *log = m->timed_log;
	int r = 0;

	if (allow)
		*ret = say(m, PG_ANSWER_ALLOW, allow);
	else
		r = add_unruled(m, timed, ret);
	if (!r && timed)
		r = add_condition(m, timed, say(m, PG_ANSWER_ALLOW, timed), *ret, ret);
	if (r || !log || log == timed || (allow && allow->log))
		return r;
	return add_condition(m, log, say(m, PG_ANSWER_ALLOW, log), *ret, ret);
}

static int add_limits(const struct matching *m, size_t next, const struct clause *allow,
		      uint32_t *ret)
{
	const struct clause *limit = m->limits[next];
	uint32_t under = 0, without = 0;
	int r;

	if (next == m->limit_count)
		return add_allow(m, allow, ret);
	r = add_limits(m, next + 1, better_allow(limit, allow) ? limit : allow, &under);
	r = r ?: add_limits(m, next + 1, allow, &without);
	return r ?: add_condition(m, limit, under, without, ret);
}

static int too_many_limits(const struct matching *m)
{
	_cleanup_free_ char *one = rule_print(m->limits[0]->rule, false);
	_cleanup_free_ char *other = rule_print(m->limits[PG_MAX_LIMITS]->rule, false);

	if (!one || !other)
		return -ENOMEM;
	return pg_help(m->builder->err,
		       pg_fail(m->builder->err, -E2BIG, PG_EXIT_POLICY,
			       "more than %u limits speak of one attempt, among them '%s' and '%s'",
			       PG_MAX_LIMITS, one, other),
		       "Make one rule of limits that speak of the same ports.");
}

static int too_many_steps(const struct matching *m)
{
	_cleanup_free_ char *one = rule_print(m->timed_deny->rule, false);

	if (!one)
		return -ENOMEM;
	return pg_help(m->builder->err,
		       pg_fail(m->builder->err, -E2BIG, PG_EXIT_POLICY,
			       "%u limits and too many rules with `for` speak of one attempt, among "
			       "them '%s'",
			       PG_MAX_LIMITS, one),
		       "Remove one of these limits.");
}

/* The longest way through the chain, with the cases in front of it. */
static size_t count_steps(const struct matching *m)
{
	const struct clause *named = m->plain->failsafe ? m->plain->named : NULL;
	size_t steps = 1 + m->limit_count + (m->timed_deny != NULL);

	if (m->timed_log && !(m->allow && m->allow->log) && (m->allow || m->timed_log != m->timed_allow))
		steps++;
	if (m->allow)
		return steps;
	if (m->timed_allow)
		steps++;
	if (named && named->until && !(m->timed_allow && m->timed_allow->until >= named->until))
		steps++;
	return steps;
}

static int make_chain(const struct matching *m, uint32_t *ret)
{
	int r;

	if (m->limit_count > PG_MAX_LIMITS)
		return too_many_limits(m);
	if (count_steps(m) > PG_MAX_STEPS)
		return too_many_steps(m);
	r = add_limits(m, 0, m->allow, ret);
	if (r || !m->timed_deny)
		return r;
	return add_condition(m, m->timed_deny, say(m, PG_ANSWER_DENY, m->timed_deny), *ret, ret);
}

int chain_answer(struct group_builder *b, const struct plain *plain,
		 const struct clause *const *clauses, size_t count, uint32_t *ret)
{
	struct matching m = {
		.builder = b, .plain = plain, .deny = plain->deny, .allow = plain->allow
	};

	for (size_t i = 0; i < count; i++)
		note(&m, clauses[i]);
	if (!m.deny)
		return make_chain(&m, ret);
	*ret = say(&m, PG_ANSWER_DENY, m.deny);
	return 0;
}
