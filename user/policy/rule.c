// SPDX-License-Identifier: GPL-2.0-only
/*
 * One sentence to rules: verb, direction, ports, qualifiers. Each word that does not fit is answered
 * with what was wanted there, and with the word that was probably meant.
 */
#include "policy/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/sentence.h"
#include "policy/show.h"
#include "util/cleanup.h"

#define MISTAKE -EINVAL, PG_EXIT_POLICY

struct parse {
	struct sentence sentence;
	struct token token;
	bool more; /* token is one; else the sentence is at its end */
	const struct policy_world *world;
	struct rule rule; /* but for its ports and protocols */
	struct port_choice ports;
	unsigned directions; /* that were said */
	bool from, at, on, comment; /* were said */
	size_t wrong_at;
	struct pg_error *err;
};

struct answer {
	const char *word, *message;
};

static const struct answer foreign_verbs[] = {
	{ "accept", "say 'allow'" }, { "permit", "say 'allow'" }, { "open", "say 'allow'" },
	{ "drop", "say 'deny'" },    { "block", "say 'deny'" },   { "close", "say 'deny'" },
	{ "refuse", "say 'deny'" },
};

static const struct answer foreign_directions[] = {
	{ "input", "say 'in'" },   { "inbound", "say 'in'" },   { "incoming", "say 'in'" },
	{ "output", "say 'out'" }, { "outbound", "say 'out'" }, { "listen", "say 'bind'" },
};

static const struct answer foreign_qualifiers[] = {
	{ "tcp", "the protocol follows the port: 80/tcp" },
	{ "udp", "the protocol follows the port: 53/udp" },
	{ "proto", "the protocol follows the port: 80/tcp" },
	{ "port", "the port stands before the qualifiers, alone" },
	{ "src", "say 'from'" },
	{ "source", "say 'from'" },
	{ "dev", "say 'on'" },
	{ "in", "the direction stands before the port: allow in 80" },
	{ "bind", "the direction stands before the port: allow bind 80" },
	{ "and", "want one peer: put several into a set, @name" },
	{ "any", "leave it out" },
};

static const char *find_answer(const struct answer *list, size_t count, const struct token *t)
{
	for (size_t i = 0; i < count; i++)
		if (token_is(t, list[i].word))
			return list[i].message;
	return NULL;
}
#define FIND_ANSWER(list, token) find_answer(list, ARRAY_SIZE(list), token)

static bool one_of(const struct token *t, const char *const *words)
{
	for (; *words; words++)
		if (token_is(t, *words))
			return true;
	return false;
}

static int advance(struct parse *p)
{
	int r = sentence_next(&p->sentence, &p->token, p->err);

	p->wrong_at = p->token.at;
	p->more = r > 0;
	return r < 0 ? r : 0;
}

static int unsupported(struct parse *p)
{
	return pg_fail(p->err, MISTAKE, "'%s' is not supported in this version",
		       SHOW(p->token.text, p->token.length));
}

static int unknown(struct parse *p, const char *what, const char *answer, const char *meant,
		   const char *wanted)
{
	const char *word = SHOW(p->token.text, p->token.length);

	if (answer)
		return pg_fail(p->err, MISTAKE, "%s '%s': %s", what, word, answer);
	if (meant)
		return pg_fail(p->err, MISTAKE, "%s '%s': did you mean '%s'?", what, word, meant);
	return pg_fail(p->err, MISTAKE, "%s '%s': want %s", what, word, wanted);
}

static int parse_verb(struct parse *p, bool verbless)
{
	static const char *const verbs[] = { "allow", "deny", NULL };
	static const char *const later[] = { "limit", "reject", NULL };
	const struct token *t = &p->token;

	if (!p->more)
		return pg_fail(p->err, MISTAKE,
			       "the rule is empty: want allow or deny, then ports");
	if (one_of(t, later))
		return unsupported(p);
	if (token_is(t, "allow") || token_is(t, "deny")) {
		p->rule.verdict = token_is(t, "allow") ? PG_ALLOW : PG_DENY;
		return advance(p);
	}
	if (verbless)
		return 0;
	return unknown(p, "verb", FIND_ANSWER(foreign_verbs, t),
		       nearest_word(t->text, t->length, verbs), "allow or deny");
}

static int parse_direction(struct parse *p)
{
	static const char *const directions[] = { "bind", "in", NULL };
	const char *answer;
	int r;

	if (!p->more)
		return 0;
	if (token_is(&p->token, "out"))
		return unsupported(p);
	answer = FIND_ANSWER(foreign_directions, &p->token);
	if (answer)
		return unknown(p, "direction", answer, NULL, NULL);
	if (!one_of(&p->token, directions))
		return 0;
	p->directions = token_is(&p->token, "bind") ? RULE_BIND : RULE_IN;
	r = advance(p);
	if (!r && p->more && (one_of(&p->token, directions) || token_is(&p->token, "out")))
		return pg_fail(
			p->err, MISTAKE,
			"'%s' is a second direction: leave it out for both, or write two rules",
			SHOW(p->token.text, p->token.length));
	return r;
}

static const char *const qualifiers[] = { "from", "at", "on", "comment", NULL };
static const char *const later_qualifiers[] = { "to", "by", "for", "log", NULL };

static int parse_ports(struct parse *p)
{
	static const char *const directions[] = { "bind", "in", NULL };
	const struct token *t = &p->token;
	const char *meant;
	size_t at = 0;
	int r;

	if (!p->more)
		return pg_fail(p->err, MISTAKE,
			       "the rule lacks its ports: want 80, http, 8000-8100, 80,443 or any");
	if (token_is(t, "from"))
		return ports_parse("any", 3, NULL, &p->ports, &at, p->err);
	if (one_of(t, later_qualifiers))
		return unsupported(p);
	if (one_of(t, qualifiers))
		return pg_fail(
			p->err, MISTAKE,
			"'%s' where the ports belong: want 80, http, 8000-8100, 80,443 or any",
			SHOW(t->text, t->length));
	r = ports_parse(t->text, t->length, p->world, &p->ports, &at, p->err);
	if (r == -EINVAL) {
		p->wrong_at += at;
		/* `allow bnid 80`: another word follows that could well be the ports. */
		meant = p->directions ? NULL : nearest_word(t->text, t->length, directions);
		if (meant && t->length > 2)
			return unknown(p, "direction", NULL, meant, NULL);
		return r;
	}
	return r ? r : advance(p);
}

static int parse_peer(struct parse *p, const char *what, bool *said, struct peer *peer)
{
	int r;

	*said = true;
	r = advance(p);
	if (r)
		return r;
	if (!p->more || one_of(&p->token, qualifiers))
		return pg_fail(p->err, MISTAKE,
			       "'%s' lacks its peer: want an address, a prefix or @set", what);
	r = peer_parse(p->token.text, p->token.length, peer, p->err);
	return r ? r : advance(p);
}

static int parse_on(struct parse *p)
{
	int r;

	p->on = true;
	r = advance(p);
	if (r)
		return r;
	if (!p->more)
		return pg_fail(p->err, MISTAKE, "'on' lacks the name of an interface");
	r = device_name_check(p->token.text, p->token.length, p->err);
	if (r)
		return r;
	p->rule.on = strndup(p->token.text, p->token.length);
	return p->rule.on ? advance(p) : -ENOMEM;
}

static int parse_comment(struct parse *p)
{
	int r;

	p->comment = true;
	r = sentence_comment(&p->sentence, &p->rule.comment, &p->wrong_at, p->err);
	return r ? r : advance(p);
}

/* Only a packet that comes in has a remote address and a device. */
static int check_asked(struct parse *p, const char *what)
{
	if (p->directions != RULE_BIND)
		return 0;
	return pg_fail(
		p->err, MISTAKE,
		"'%s' is about packets that come in: bind cannot ask it; want in, or no direction",
		what);
}

static int check_once(struct parse *p, bool said)
{
	if (!said)
		return 0;
	return pg_fail(p->err, MISTAKE, "'%s' is said twice", SHOW(p->token.text, p->token.length));
}

static int unknown_qualifier(struct parse *p)
{
	const struct token *t = &p->token;
	const char *answer = FIND_ANSWER(foreign_qualifiers, t);

	if (one_of(t, later_qualifiers) || token_is(t, "out"))
		return unsupported(p);
	if (!answer && p->comment)
		answer = "a comment with blanks is put in double quotes";
	if (!answer && t->length && t->text[0] == '#')
		answer = "want comment \"why\"";
	if (!answer && t->length && t->text[t->length - 1] == ',')
		answer = "lists are written 80,443 without blanks";
	if (!answer && strspn(t->text, "0123456789,-") >= t->length)
		answer = "ports are one word, such as 80,443,8000-8100";
	return unknown(p, "word", answer, nearest_word(t->text, t->length, qualifiers),
		       "from, at, on or comment");
}

static int parse_qualifier(struct parse *p)
{
	if (token_is(&p->token, "from"))
		return check_once(p, p->from) ?: check_asked(p, "from") ?:
			parse_peer(p, "from", &p->from, &p->rule.from);
	if (token_is(&p->token, "at"))
		return check_once(p, p->at) ?: parse_peer(p, "at", &p->at, &p->rule.at);
	if (token_is(&p->token, "on"))
		return check_once(p, p->on) ?: check_asked(p, "on") ?: parse_on(p);
	if (token_is(&p->token, "comment"))
		return check_once(p, p->comment) ?: parse_comment(p);
	return unknown_qualifier(p);
}

void rule_give_verb(struct rule *rule, enum pg_verdict verdict)
{
	rule->verdict = verdict;
	if (verdict == PG_DENY && rule->directions == (RULE_BIND | RULE_IN) &&
	    !rule_covers(rule, PG_BIND))
		rule->directions = RULE_IN;
}

static int parse_sentence(struct parse *p, bool verbless)
{
	int r = advance(p);

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
