// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image's scopes, rules, and when rules end. A rule's scope stands before it, and its user's number
 * beside it: names are not looked up again, so that the image means what it meant when it was written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image_line.h"
#include "policy/image_words.h"
#include "policy/list.h"
#include "policy/rule.h"
#include "policy/scope.h"
#include "util/cleanup.h"

static void read_settings(struct scope *s, struct line *l)
{
	s->inherit = next_number(l, 1);
	s->mode_said = !next_is(l, "-");
	if (s->mode_said)
		s->mode = next_choice(l, image_modes);
	for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++) {
		s->defaults[d] = next_verdict(l, true);
		if (s->defaults[d] != PG_NONE)
			s->defaults_said |= 1u << d;
	}
	s->raw = next_verdict(l, true);
	s->raw_said = s->raw != PG_NONE;
}

static bool good_scope(const struct policy *p, const struct scope *s)
{
	return !scope_name_mistake(s->name, strlen(s->name)) &&
	       !scope_selector_mistake(s->kind, s->selector, strlen(s->selector)) &&
	       !policy_find_scope(p, s->name) && p->scope_count + 1 < PG_MAX_SCOPES;
}

int image_read_scope(struct policy *p, struct line *l)
{
	_cleanup_(scope_free) struct scope s = { .name = next_quoted(l) };
	int r;

	s.kind = next_choice(l, scope_kinds);
	s.selector = next_quoted(l);
	read_settings(&s, l);
	if (l->bad)
		return 0;
	if (!s.name || !s.selector)
		return -ENOMEM;
	if (!good_scope(p, &s))
		return l->bad = true, 0;
	r = list_append(&p->scopes, &p->scope_count, &s, sizeof(s));
	if (!r)
		memset(&s, 0, sizeof(s));
	return r;
}

/* What a line says of a rule beside its sentence. */
struct circumstances {
	bool uid_said;
	uint32_t uid;
	char *scope;
};

static void circumstances_free(struct circumstances *c)
{
	free(c->scope);
}

/* The scope of the rule before is mostly this rule's, too. */
static bool has_scope(const struct policy *p, const char *name)
{
	const struct rule *last = p->rule_count ? &p->rules[p->rule_count - 1] : NULL;

	return (last && last->scope && !strcmp(last->scope, name)) || policy_find_scope(p, name);
}

static int read_circumstances(const struct policy *p, struct line *l, struct circumstances *ret)
{
	ret->uid_said = next_is(l, "uid");
	if (ret->uid_said)
		ret->uid = (uint32_t)next_number(l, UINT32_MAX - 1);
	if (!next_is(l, "scope"))
		return 0;
	ret->scope = next_quoted(l);
	if (!l->bad && !ret->scope)
		return -ENOMEM;
	l->bad |= l->bad || !has_scope(p, ret->scope);
	return 0;
}

static int said_uid(void *data, const char *name, uint32_t *ret)
{
	const struct circumstances *c = data;

	(void)name;
	*ret = c->uid;
	return c->uid_said ? 0 : -ENOENT;
}

static int read_sentence(struct line *l, struct circumstances *c, struct rule *ret)
{
	const struct policy_world world = { .data = c, .user = said_uid };
	const char *words = l->rest;
	struct rule *rules = NULL;
	size_t count = 0;
	int r = rule_parse(&words, 1, false, &world, &rules, &count, NULL, NULL);

	l->rest = "";
	l->bad |= r == -EINVAL || (!r && count != 1);
	for (size_t i = 0; i < count; i++) {
		if (i || l->bad)
			rule_free(&rules[i]);
		else
			*ret = rules[i];
	}
	free(rules);
	/* A number that is said twice is the same twice. */
	l->bad |= !l->bad && !r && c->uid_said && (!ret->user || ret->uid != c->uid);
	return l->bad ? 0 : r;
}

int image_read_rule(struct policy *p, struct line *l)
{
	_cleanup_(circumstances_free) struct circumstances c = { .scope = NULL };
	_cleanup_(rule_free) struct rule rule = { .verdict = PG_NONE };
	uint32_t id = (uint32_t)next_number(l, PG_MAX_RULES);
	enum rule_origin origin = next_choice(l, image_origins);
	uint64_t hits_base = next_number(l, UINT64_MAX);
	int r = l->bad ? 0 : read_circumstances(p, l, &c);

	r = r || l->bad ? r : read_sentence(l, &c, &rule);
	if (r || l->bad)
		return r;
	rule.id = id;
	rule.origin = origin;
	rule.hits_base = hits_base;
	rule.scope = TAKE_PTR(c.scope);
	return policy_add_rule(p, &rule);
}

int image_read_until(struct policy *p, struct line *l)
{
	uint32_t id = (uint32_t)next_number(l, PG_MAX_RULES);
	uint64_t until_ns = next_number(l, UINT64_MAX);

	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].id == id) {
			p->rules[i].until_ns = until_ns;
			return 0;
		}
	l->bad = true; /* of no rule */
	return 0;
}
