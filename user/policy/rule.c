// SPDX-License-Identifier: GPL-2.0-only
/*
 * One sentence to rules: direction and ports; verb.c and qualifiers.c read the rest. Each word that does not
 * fit is answered with what was wanted there, and with the word that was probably meant.
 */
#include "policy/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/parse.h"
#include "policy/show.h"
#include "util/cleanup.h"

static const struct answer foreign_directions[] = {
	{ "input", "say 'in'" },
	{ "inbound", "say 'in'" },
	{ "incoming", "say 'in'" },
	{ "output", "say 'out'" },
	{ "outbound", "say 'out'" },
	{ "outgoing", "say 'out'" },
	{ "ingress", "say 'in'" },
	{ "egress", "say 'out'" },
	{ "connect", "say 'out'" },
	{ "listen", "say 'bind'" },
	{ "both", "leave it out: bind and in are meant where none is said" },
};

const char *parse_answer(const struct answer *list, size_t count, const struct token *t)
{
	for (size_t i = 0; i < count; i++)
		if (token_is(t, list[i].word))
			return list[i].message;
	return NULL;
}

bool parse_one_of(const struct token *t, const char *const *words)
{
	for (; *words; words++)
		if (token_is(t, *words))
			return true;
	return false;
}

int parse_advance(struct parse *p)
{
	int r = sentence_next(&p->sentence, &p->token, p->err);

	p->wrong_at = p->token.at;
	p->more = r > 0;
	return r < 0 ? r : 0;
}

int parse_unknown(struct parse *p, const char *what, const char *answer, const char *meant,
		  const char *wanted)
{
	const char *word = SHOW(p->token.text, p->token.length);

	if (answer)
		return pg_fail(p->err, MISTAKE, "%s '%s': %s", what, word, answer);
	if (meant)
		return pg_fail(p->err, MISTAKE, "%s '%s': did you mean '%s'?", what, word, meant);
	return pg_fail(p->err, MISTAKE, "%s '%s': want %s", what, word, wanted);
}

/* In the order of enum pg_direction. */
static const char *const directions[] = { "bind", "in", "out", NULL };

/* RULE_BIND, RULE_IN or RULE_OUT; 0: the word is no direction. */
static unsigned direction_of(const struct token *t)
{
	for (unsigned i = 0; directions[i]; i++)
		if (token_is(t, directions[i]))
			return 1u << i;
	return 0;
}

static int second_direction(struct parse *p)
{
	bool out = (p->directions | direction_of(&p->token)) & RULE_OUT;

	return pg_fail(p->err, MISTAKE, "'%s' is a second direction: %s",
		       SHOW(p->token.text, p->token.length),
		       out ? "write two rules" : "leave it out for both, or write two rules");
}

static int parse_direction(struct parse *p)
{
	const char *answer;
	int r;

	if (!p->more)
		return 0;
	answer = FIND_ANSWER(foreign_directions, &p->token);
	if (answer)
		return parse_unknown(p, "direction", answer, NULL, NULL);
	p->directions = direction_of(&p->token);
	if (!p->directions)
		return 0;
	if (p->rule.limit.per_second_x1000 && p->directions == RULE_BIND)
		return pg_fail(p->err, MISTAKE,
			       "limit is about connections, and bind makes none: want in or out, "
			       "or no direction");
	r = parse_advance(p);
	return !r && p->more && direction_of(&p->token) ? second_direction(p) : r;
}

/* `allow bnid 80`, and in `remove alow 80` the verb: what is no port may be the word in front of it. */
static int wrong_first_word(struct parse *p, int error)
{
	const struct token *t = &p->token;
	const char *verb = NULL, *direction = NULL;

	if (!p->directions) {
		verb = p->rule.verdict == PG_NONE ? nearest_verb(t) : NULL;
		direction = nearest_word(t->text, t->length, directions);
	}
	if (verb)
		return parse_unknown(p, "verb", NULL, verb, NULL);
	/* Of two letters only the case may be wrong: many services have as many. */
	if (direction && (t->length > 2 || !strncasecmp(t->text, direction, t->length)))
		return parse_unknown(p, "direction", NULL, direction, NULL);
	return error;
}

static int parse_ports(struct parse *p)
{
	const struct token *t = &p->token;
	size_t at = 0;
	int r;

	if (!p->more)
		return pg_fail(p->err, MISTAKE,
			       "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any");
	if (token_is(t, "from") || token_is(t, "to"))
		return ports_parse("any", 3, NULL, &p->ports, &at, p->err);
	if (parse_one_of(t, rule_qualifiers))
		return pg_fail(
			p->err, MISTAKE,
			"'%s' where the ports belong: want 80, http, 8000-8100, 80,443 or any",
			SHOW(t->text, t->length));
	r = ports_parse(t->text, t->length, p->world, &p->ports, &at, p->err);
	if (r == -EINVAL) {
		p->wrong_at += at;
		return wrong_first_word(p, r);
	}
	return r ? r : parse_advance(p);
}

/* Of bind and in, where neither was said, what a verb that is strict leaves (rule_covers()). */
static void settle_directions(struct rule *rule)
{
	if (rule->directions != (RULE_BIND | RULE_IN) ||
	    (rule->verdict != PG_DENY && !rule->limit.per_second_x1000))
		return;
	if (!rule_covers(rule, PG_BIND))
		rule->directions &= ~RULE_BIND;
	if (!rule_covers(rule, PG_IN))
		rule->directions &= ~RULE_IN;
}

void rule_give_verb(struct rule *rule, enum pg_verdict verdict)
{
	rule->verdict = verdict;
	settle_directions(rule);
}

bool rule_said_by(const struct rule *rule, const struct rule *sentence)
{
	struct rule wanted = *sentence; /* borrows what it points to */

	if (wanted.verdict == PG_NONE) {
		wanted.reject = rule->reject;
		wanted.limit = rule->limit;
		wanted.per_source = rule->per_source;
		rule_give_verb(&wanted, rule->verdict);
	}
	if (!wanted.for_s)
		wanted.for_s = rule->for_s;
	return rule_equal(&wanted, rule);
}

static int parse_sentence(struct parse *p, bool verbless)
{
	int r = parse_advance(p);

	r = r ?: parse_verb(p, verbless);
	r = r ?: parse_direction(p);
	r = r ?: parse_ports(p);
	while (!r && p->more)
		r = parse_qualifier(p);
	if (r)
		return r;
	p->rule.directions = p->directions ? p->directions : RULE_BIND | RULE_IN;
	rule_give_verb(&p->rule, p->rule.verdict);
	return 0;
}

static int check_size(const char *const *words, size_t count, struct pg_error *err)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += strlen(words[i]) + 1;
	if (size <= SENTENCE_MAX)
		return 0;
	return pg_fail(err, MISTAKE, "the rule has %zu bytes: want at most %d", size, SENTENCE_MAX);
}

/* One rule for each choice of protocols that has ports: both, tcp, udp. */
static int make_rules(struct parse *p, struct rule **list, size_t *count)
{
	static const unsigned order[] = { RULE_TCP | RULE_UDP, RULE_TCP, RULE_UDP };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct port_list *ports = &p->ports.by_protos[order[i]];
		struct rule rule;

		if (!ports->count)
			continue;
		if (rule_copy(&p->rule, &rule))
			return -ENOMEM;
		rule.protos = order[i];
		rule.any = p->ports.any;
		rule.ports = TAKE_PTR(ports->list);
		rule.port_count = TAKE(ports->count, 0);
		if (list_append(list, count, &rule, sizeof(rule))) {
			rule_free(&rule);
			return -ENOMEM;
		}
	}
	return 0;
}

int rule_parse(const char *const *words, size_t count, bool verbless,
	       const struct policy_world *world, struct rule **ret_rules, size_t *ret_count,
	       size_t *ret_at, struct pg_error *err)
{
	struct parse p = { .sentence = { .words = words, .count = count },
			   .world = world,
			   .err = err };
	struct rule *rules = NULL;
	size_t rule_count = 0;
	int r = check_size(words, count, err);

	r = r ?: parse_sentence(&p, verbless);
	r = r ?: make_rules(&p, &rules, &rule_count);
	if (ret_at)
		*ret_at = p.wrong_at;
	rule_free(&p.rule);
	port_choice_free(&p.ports);
	if (!r) {
		*ret_rules = rules;
		*ret_count = rule_count;
		return 0;
	}
	for (size_t i = 0; i < rule_count; i++)
		rule_free(&rules[i]);
	free(rules);
	return r;
}
