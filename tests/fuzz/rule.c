/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any text as a sentence: it is refused in words and at a place, or its rules keep the law, and what is
 * printed of each reads as the same rule and prints the same. Nothing is taken that a second grammar does not
 * have, and one argument or many say the same. The first byte chooses: odd ones may lack the verb.
 */
#include <regex.h>

#include "fuzz/world.h"
#include "policy/rule.h"
#include "policy/sentence.h"

#define WORDS_MAX 64

static const struct policy_world world = { .user = fuzz_user, .service = fuzz_service };

struct sentences {
	struct rule *rules;
	size_t count;
};

static void sentences_free(struct sentences *s)
{
	for (size_t i = 0; i < s->count; i++)
		rule_free(&s->rules[i]);
	free(s->rules);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static void check_round_trip(const struct rule *rule)
{
	_cleanup_free_ char *text = rule_print(rule, true), *second = NULL;
	_cleanup_(sentences_free) struct sentences again = { .rules = NULL };

	must(text);
	must(!rule_parse((const char *const[]){ text }, 1, false, &world, &again.rules, &again.count, NULL,
			 NULL));
	must(again.count == 1 && rule_equal(rule, again.rules) && !rule_compare(rule, again.rules));
	must(same_text(rule->comment, again.rules->comment) && same_text(rule->user, again.rules->user));
	must(rule->uid == again.rules->uid);
	second = rule_print(again.rules, true);
	must(same_text(text, second));
}

/* Ports are sorted, each once; `any` is all of them. */
static void check_ports(const struct rule *rule)
{
	const struct port_range *p = rule->ports;

	must(rule->port_count && !(rule->protos & ~(RULE_TCP | RULE_UDP)) && rule->protos);
	must(rule->any == (!p->first && p->last == 65535) && (!rule->any || rule->port_count == 1));
	for (size_t i = 0; i < rule->port_count; i++) {
		must(p[i].first <= p[i].last && (p[i].first || rule->any));
		must(!i || p[i - 1].first < p[i].first ||
		     (p[i - 1].first == p[i].first && p[i - 1].last < p[i].last));
	}
}

/* What no sentence can be. */
static void check_law(const struct rule *rule)
{
	bool limit = rule->limit.per_second_x1000;
	unsigned spoken = 0;

	for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++)
		spoken |= rule_covers(rule, d) ? 1u << d : 0;
	must(rule->verdict == PG_NONE || spoken == rule->directions);
	must(rule->directions && (!(rule->directions & RULE_OUT) || rule->directions == RULE_OUT));
	must(!limit || (rule->verdict == PG_ALLOW && rule->limit.burst && rule->directions != RULE_BIND));
	must(!rule->reject || rule->verdict == PG_DENY);
	must(!rule->log || rule->verdict != PG_DENY);
	must(!rule->per_source || limit);
	must(!rule->until_ns && !rule->scope && !rule->id);
	must(rule_said_by(rule, rule));
}

static void check_copy(const struct rule *rule)
{
	struct rule copy;

	must(!rule_copy(rule, &copy) && rule_equal(rule, &copy));
	rule_free(&copy);
}

/* The grammar of portguard-policy(5) once more; the numbers' bounds and who asks what are not in it. */
#define NUMBER "[1-9][0-9]{0,6}"
#define RATE NUMBER "/[sm]( +burst +" NUMBER "| +per +source)*"
#define ELEMENT "([1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?|http|ssh|domain|tftp|x-y)"
#define PORTS "(any|" ELEMENT "(," ELEMENT ")*)(/(tcp|udp))?"
#define PEER "(@[A-Za-z0-9_.-]{1,64}|[0-9a-fA-F:.]+(/[0-9]{1,3})?)"
#define REMOTE "(from|to) +" PEER
#define COMMENT "comment +(\"([^\"\\\\]|\\\\[\"\\\\])*\"|[^\" ][^ ]*)"
#define QUALIFIER "(" REMOTE "|at +" PEER "|on +[!-~]{1,15}|by +user +[!-~]+|by +exe +/[!-~]+|" \
		  "for +[1-9][0-9]*[smhd]|log|" COMMENT ")"
#define SENTENCE "^ *((allow|deny|reject|limit +" RATE ") +)?((bind|in|out) +)?" \
		 "(" PORTS "|" REMOTE ")( +" QUALIFIER ")* *$"

static bool in_grammar(const char *text)
{
	static regex_t *grammar;

	if (!grammar) {
		grammar = calloc(1, sizeof(*grammar));
		must(grammar && !regcomp(grammar, SENTENCE, REG_EXTENDED | REG_NOSUB));
	}
	return !regexec(grammar, text, 0, NULL, 0);
}

/* As a shell would hand it over, where that says the same: no comment, no empty word. */
static void check_words(const char *text, bool verbless, const struct sentences *whole)
{
	_cleanup_(sentences_free) struct sentences split = { .rules = NULL };
	_cleanup_free_ char *copy = strdup(text);
	const char *words[WORDS_MAX];
	size_t count = 0;
	char *rest = copy;

	must(copy);
	if (strstr(text, "comment"))
		return;
	for (char *word; (word = strsep(&rest, " "));) {
		if (count == WORDS_MAX)
			return;
		if (*word)
			words[count++] = word;
	}
	must(!rule_parse(words, count, verbless, &world, &split.rules, &split.count, NULL, NULL));
	must(split.count == whole->count);
	for (size_t i = 0; i < split.count; i++)
		must(rule_equal(&split.rules[i], &whole->rules[i]));
}

static void check_rule(const struct rule *rule)
{
	if (rule->verdict != PG_NONE)
		check_round_trip(rule);
	check_ports(rule);
	check_law(rule);
	check_copy(rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_(sentences_free) struct sentences said = { .rules = NULL };
	bool verbless = size && data[0] & 1;
	struct pg_error err = PG_ERROR_INIT;
	size_t at = SIZE_MAX;

	must(text);
	if (rule_parse((const char *const[]){ text }, 1, verbless, &world, &said.rules, &said.count, &at, &err)) {
		must(*err.text && err.exit == PG_EXIT_POLICY && at <= strlen(text));
		for (const char *c = err.text; *c; c++)
			must(*c >= ' ' && *c <= '~');
		return 0;
	}
	must(said.count && said.count <= 3);
	must(size > 512 || in_grammar(text));
	for (size_t i = 0; i < said.count; i++)
		check_rule(&said.rules[i]);
	check_words(text, verbless, &said);
	return 0;
}
