// SPDX-License-Identifier: GPL-2.0-only
/*
 * `rules:` - a list of sentences. YAML has its own idea of ` #`, `: ` and of commas between brackets;
 * where one of them has torn a sentence apart the message says so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/reader.h"
#include "policy/rule.h"
#include "policy/sentence.h"
#include "policy/show.h"
#include "util/cleanup.h"

#define QUOTE_IT "put the whole rule in quotes"

/* Does not begin as a sentence does. */
static bool is_fragment(const struct node *n)
{
	const struct token first = { .text = n->text,
				     .length = n->text ? strcspn(n->text, " ") : 0 };

	return n->kind == NODE_SCALAR && n->style == STYLE_PLAIN && !nearest_verb(&first);
}

/* A comma may have ended it: what it lacks is the next one, or it is what another lacks. */
static bool is_torn(const struct node *list, const struct node *n)
{
	const struct node *end = list->children + list->count;

	if (list->style != STYLE_FLOW || n->style != STYLE_PLAIN)
		return false;
	return (n > list->children && is_fragment(n)) || (n + 1 < end && is_fragment(n + 1));
}

/* What YAML may have done to the sentence, as the end of a message. */
static const char *torn_by(struct reader *r, const struct node *list, const struct node *n)
{
	if (node_is_cut(&r->mistakes, n))
		return " (' #' begins a comment of the file: if it belongs to the rule, " QUOTE_IT
		       ")";
	if (is_torn(list, n))
		return " (between [ ] a comma ends a rule: if it belongs to the rule, " QUOTE_IT
		       ")";
	return "";
}

static void wrong_kind(struct reader *r, const struct node *n)
{
	const struct node *first = n->count ? &n->children[0] : NULL;

	if (n->kind == NODE_MAP && first && first->kind == NODE_SCALAR && first->text)
		MISTAKE(r, n,
			"a rule is a sentence, and '%s: …' is a map: a sentence with ': ' or { } "
			"must be quoted: " QUOTE_IT,
			SHOW(first->text, first->length));
	else
		MISTAKE(r, n, "a rule is a sentence such as `allow 80/tcp`, not a %s",
			n->kind == NODE_MAP ? "map" : "list");
}

/* A message's own byte offset points at the word; a set is looked for in the sentence. */
static void note_rule_set(struct reader *r, const struct node *n, const struct peer *peer)
{
	_cleanup_free_ char *word = NULL;
	const char *found;

	if (peer->kind != PEER_SET)
		return;
	if (asprintf(&word, "@%s", peer->set) < 0) {
		word = NULL;
		r->mistakes.no_memory = true;
		return;
	}
	found = strstr(n->text, word);
	note_set(r, peer->set, node_place(&r->mistakes, n, found ? (size_t)(found - n->text) : 0));
}

/* Takes the rule over. */
static void add_rule(struct reader *r, const struct node *n, struct rule *rule)
{
	if (r->policy.rule_count >= PG_MAX_RULES) {
		if (!TAKE(r->too_many_rules, true))
			MISTAKE(r, n, "more than %d rules", PG_MAX_RULES);
	} else {
		const char *scope = r->scope < 0 ? NULL : r->policy.scopes[r->scope].name;

		note_rule_set(r, n, &rule->remote);
		note_rule_set(r, n, &rule->at);
		rule->scope = scope ? strdup(scope) : NULL;
		if ((scope && !rule->scope) || policy_add_rule(&r->policy, rule) ||
		    list_append(&r->rule_places, &r->rule_place_count, &n->place, sizeof(n->place)))
			r->mistakes.no_memory = true;
	}
	rule_free(rule);
}

static void read_sentence(struct reader *r, const struct node *list, const struct node *n)
{
	struct pg_error err; /* written where there is a mistake: to clear it costs more than the rule */
	struct rule *rules = NULL;
	size_t count = 0, at = 0;
	int error;

	if (memchr(n->text, '\0', n->length)) {
		MISTAKE(r, n, "the rule holds NUL");
		return;
	}
	error = rule_parse((const char *const[]){ n->text }, 1, false, r->world, &rules, &count,
			   &at, &err);
	if (error == -ENOMEM)
		r->mistakes.no_memory = true;
	else if (error)
		mistakes_add(&r->mistakes, node_place(&r->mistakes, n, at), "%s%s", err.text,
			     torn_by(r, list, n));
	for (size_t i = 0; i < count; i++)
		add_rule(r, n, &rules[i]);
	free(rules);
}

void read_rules(struct reader *r, const struct key *key, const struct node *n)
{
	if (node_is_null(n))
		return; /* its rules may be commented out */
	if (!want_list(r, n, key->name, "allow 80/tcp"))
		return;
	for (size_t i = 0; i < n->count; i++) {
		const struct node *one = &n->children[i];

		if (one->bad)
			continue;
		if (one->kind == NODE_SCALAR)
			read_sentence(r, n, one);
		else
			wrong_kind(r, one);
	}
}
