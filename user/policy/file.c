// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy files to a policy: each file to a tree, each key to its reader, and then what can be known
 * only after the last file - unknown sets and scopes, rules that are there twice.
 */
#include "policy/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/boundary.h"
#include "policy/list.h"
#include "policy/peer.h"
#include "policy/reader.h"
#include "policy/rule_index.h"
#include "policy/scope.h"
#include "util/cleanup.h"

void reader_free(struct reader *r)
{
	mistakes_free(&r->mistakes);
	policy_free(&r->policy);
	for (size_t i = 0; i < r->ref_count; i++)
		free(r->refs[i].name);
	free(r->refs);
	free(r->set_places);
	free(r->rule_places);
	free(r->scope_notes);
}

static bool says_version(const struct node *root)
{
	for (size_t i = 0; i < root->count; i += 2)
		if (root->children[i].text && !strcmp(root->children[i].text, "version"))
			return true;
	return false;
}

/* Each file may say its version; the main file must, unless it cannot be read at all. */
static void check_version(struct reader *r, const struct node *root, bool found)
{
	struct place top = { .source = 0, .line = 1, .column = 1 };

	if (found && !node_is_null(root) && (root->kind != NODE_MAP || says_version(root)))
		return;
	mistakes_add(&r->mistakes, found ? root->place : top,
		     "the version is missing: want a line `version: 1`");
}

static void read_file(struct reader *r, size_t source)
{
	struct node root = { .kind = NODE_MAP };
	size_t before = r->mistakes.count;
	bool found = tree_read(&r->mistakes, source, &root);

	if (!source && (found || r->mistakes.count == before))
		check_version(r, &root, found);
	if (found && !node_is_null(&root))
		read_root(r, &root);
	node_free(&root);
}

static bool knows_set(const struct reader *r, const char *name)
{
	const struct policy *known = r->world ? r->world->sets_of : NULL;

	return policy_find_set(&r->policy, name) || (known && policy_find_set(known, name));
}

static void check_scope_ref(struct reader *r, const struct name_ref *ref)
{
	struct pg_error err = PG_ERROR_INIT;
	const struct scope *found;
	int error = scope_want(&r->policy, ref->name, &found, &err);

	if (error)
		note_error(r, ref->place, error, &err);
}

static void check_names(struct reader *r)
{
	for (size_t i = 0; i < r->ref_count; i++) {
		const struct rule rule = { .remote = { .kind = PEER_SET, .set = r->refs[i].name } };
		struct pg_error err = PG_ERROR_INIT;
		int error;

		if (r->refs[i].scope) {
			check_scope_ref(r, &r->refs[i]);
			continue;
		}
		if (knows_set(r, r->refs[i].name))
			continue;
		if (!mistakes_want_help(&r->mistakes)) {
			mistakes_add(&r->mistakes, r->refs[i].place, "unknown set '@%s'",
				     r->refs[i].name);
			continue;
		}
		error = policy_check_rule(&r->policy, &rule, &err);
		note_error(r, r->refs[i].place, error, &err);
	}
}

/* The same sentence twice is one rule, where it stood first; the later comment stands. */
static int unite_rules(struct policy *p)
{
	_cleanup_rule_index_ struct rule_index index = { .places = NULL };
	size_t kept = 0;
	int r = rule_index_open(&index, p->rule_count);

	if (r)
		return r;
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *found = rule_index_put(&index, &p->rules[i]);
		struct rule *first;

		if (!found)
			continue;
		first = &p->rules[found - p->rules];
		free(first->comment);
		first->comment = TAKE_PTR(p->rules[i].comment);
		p->rules[i].verdict = PG_NONE; /* to be left out */
	}
	for (size_t i = 0; i < p->rule_count; i++) {
		if (p->rules[i].verdict == PG_NONE)
			rule_free(&p->rules[i]);
		else if (kept++ != i)
			p->rules[kept - 1] = p->rules[i];
	}
	p->rule_count = kept;
	return 0;
}

/* Sets of several files were appended to: sort them, each prefix once. */
static int settle_sets(struct policy *p)
{
	struct set *sets = TAKE_PTR(p->sets);
	size_t count = TAKE(p->set_count, 0);
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		r = r ?: policy_add_set(p, &sets[i]);
		free(sets[i].name);
		free(sets[i].prefixes);
	}
	free(sets);
	return r;
}

/* A scope's files are others where it may have a root of its own. */
static bool has_own_files(const struct reader *r, const struct rule *rule)
{
	const struct scope *s = rule->scope ? policy_find_scope(&r->policy, rule->scope) : NULL;

	return rule->scope && (!s || s->kind == SCOPE_CONTAINER || s->kind == SCOPE_NETNS);
}

/* One warning for a sentence, of which several rules may have come. */
static int warn_boundaries(const struct reader *r)
{
	const struct boundary_world *world = r->world ? r->world->boundary : NULL;
	const struct place *last = NULL;

	for (size_t i = 0; world && i < r->policy.rule_count; i++) {
		const struct rule *rule = &r->policy.rules[i];
		const struct place *place = &r->rule_places[i];
		_cleanup_free_ char *text = NULL;

		if (last && !memcmp(last, place, sizeof(*place)))
			continue;
		if (boundary_warning(rule, has_own_files(r, rule), world, &text))
			return -ENOMEM;
		if (!text)
			continue;
		world->warn(world->data, r->mistakes.sources[place->source].name, place->line,
			    place->column, text);
		last = place;
	}
	return 0;
}

int policy_parse(const struct policy_text *files, size_t count, const struct policy_world *world,
		 struct policy *ret, struct pg_error *err)
{
	_cleanup_(reader_free) struct reader r = { .world = world, .scope = -1 };
	int error = policy_init(&r.policy);

	for (size_t i = 0; !error && i < count; i++)
		error = mistakes_add_source(&r.mistakes, files[i].name, (char *)files[i].text,
					    files[i].length, false);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		read_file(&r, i);
	check_names(&r);
	check_scopes(&r);
	error = mistakes_report(&r.mistakes, err);
	error = error ?: warn_boundaries(&r);
	error = error ?: settle_sets(&r.policy);
	error = error ?: unite_rules(&r.policy);
	if (error)
		return error;
	*ret = r.policy;
	memset(&r.policy, 0, sizeof(r.policy));
	return 0;
}
