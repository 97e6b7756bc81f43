// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scopes as values and words. A selector has one spelling and can mean something: a unit is named whole,
 * a cgroup by its path, and what is no process's place - a slice as unit, the root as cgroup - is said.
 */
#include "policy/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/paths.h"
#include "policy/show.h"
#include "util/cleanup.h"

#define UNIT_NAME_MAX 255 /* systemd.unit(5) */

const char *const scope_kinds[] = { "container", "unit", "cgroup", "netns", NULL };

const char *scope_name_mistake(const char *text, size_t length)
{
	const char *why = NULL;

	if (!length)
		return "it is empty";
	if (length > PATTERN_MAX)
		return "it has at most 1024 bytes";
	if (length == strlen(SCOPE_HOST) && !memcmp(text, SCOPE_HOST, length))
		return "the host is no scope: its rules stand under rules:";
	for (size_t i = 0; i < length && !why; i++)
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] > '~')
			why = "want printable ASCII without blanks";
	return why;
}

static bool ends(const char *text, size_t length, const char *with)
{
	size_t n = strlen(with);

	return length > n && !memcmp(text + length - n, with, n);
}

static const char *unit_mistake(const char *text, size_t length)
{
	static const char *const processless[] = { ".timer", ".target", ".path",  ".device",
						   ".mount", ".swap",   ".automount" };

	if (memchr(text, '/', length))
		return "want a unit's name, without '/' (a path is cgroup:)";
	if (length > UNIT_NAME_MAX)
		return "a unit's name has at most 255 letters";
	if (ends(text, length, ".slice"))
		return "a slice is a cgroup: want cgroup: and its path, such as /user.slice";
	for (size_t i = 0; i < ARRAY_SIZE(processless); i++)
		if (ends(text, length, processless[i]))
			return "such a unit opens no ports: want a .service, .socket or .scope";
	if (ends(text, length, ".service") || ends(text, length, ".socket") ||
	    ends(text, length, ".scope") || text[length - 1] == '*')
		return NULL;
	return "want the unit's whole name, such as nginx.service";
}

static const char *container_mistake(const char *text, size_t length)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				      "_.-*?[]!^";

	if (memchr(text, '/', length))
		return "want a container's name or id, without '/'";
	for (size_t i = 0; i < length; i++)
		if (!strchr(letters, text[i]))
			return "a container's name is made of letters, digits, '_', '.' and '-'";
	return NULL;
}

static const char *cgroup_mistake(const char *text, size_t length)
{
	if (length == 1 && text[0] == '/')
		return "the root is the host: its rules stand under rules:";
	return path_mistake(text, length);
}

const char *scope_selector_mistake(enum scope_kind kind, const char *text, size_t length)
{
	const char *why;

	if (memchr(text, '\0', length))
		return "it holds NUL";
	if (kind == SCOPE_NETNS)
		return strcmp(text, "private") ? "want private: the network namespaces that are not the host's"
					       : NULL;
	why = pattern_mistake(text, length);
	if (why)
		return why;
	if (kind == SCOPE_UNIT)
		return unit_mistake(text, length);
	return kind == SCOPE_CONTAINER ? container_mistake(text, length) : cgroup_mistake(text, length);
}

const struct scope *policy_find_scope(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->scope_count; i++)
		if (!strcmp(p->scopes[i].name, name))
			return &p->scopes[i];
	return NULL;
}

static int unknown_scope(const struct policy *p, const char *name, struct pg_error *err)
{
	_cleanup_free_ const char **names = calloc(p->scope_count + 1, sizeof(*names));
	const char *word = SHOW_STRING(name), *meant;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < p->scope_count; i++)
		names[i] = p->scopes[i].name;
	meant = nearest_word(name, strlen(name), names);
	if (meant)
		return pg_fail(err, -EINVAL, PG_EXIT_POLICY, "unknown scope '%s': did you mean '%s'?",
			       word, SHOW_STRING(meant));
	return pg_fail(err, -EINVAL, PG_EXIT_POLICY,
		       "unknown scope '%s': scopes: in the policy has none of that name", word);
}

int scope_want(const struct policy *p, const char *name, const struct scope **ret,
	       struct pg_error *err)
{
	const struct scope *found = policy_find_scope(p, name);

	if (!found && strcmp(name, SCOPE_HOST))
		return unknown_scope(p, name, err);
	*ret = found;
	return 0;
}

unsigned policy_scope_answers(const struct policy *p, const struct scope *s)
{
	unsigned answers = s->defaults_said;

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];

		if (!rule->scope || strcmp(rule->scope, s->name))
			continue;
		for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++)
			if (rule_covers(rule, d))
				answers |= 1u << d;
	}
	return answers;
}

static int compare_numbers(size_t a, size_t b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

/* Settings that were not said are not compared. */
static int compare_settings(const struct scope *a, const struct scope *b)
{
	int order = compare_numbers(a->inherit, b->inherit);

	order = order ?: compare_numbers(a->mode_said, b->mode_said);
	order = order ?: compare_numbers(a->raw_said, b->raw_said);
	order = order ?: compare_numbers(a->defaults_said, b->defaults_said);
	if (!order && a->mode_said)
		order = compare_numbers(a->mode, b->mode);
	if (!order && a->raw_said)
		order = compare_numbers(a->raw, b->raw);
	for (enum pg_direction d = 0; !order && d < PG_DIRECTION_COUNT; d++)
		if (a->defaults_said & 1u << d)
			order = compare_numbers(a->defaults[d], b->defaults[d]);
	return order;
}

int scope_compare(const struct scope *a, const struct scope *b)
{
	int order = strcmp(a->name, b->name);

	order = order ?: compare_numbers(a->kind, b->kind);
	order = order ?: strcmp(a->selector, b->selector);
	return order ?: compare_settings(a, b);
}

void scope_free(struct scope *s)
{
	free(s->name);
	free(s->selector);
	memset(s, 0, sizeof(*s));
}

int scope_copy(const struct scope *from, struct scope *to)
{
	struct scope copy = *from;

	copy.name = strdup(from->name);
	copy.selector = strdup(from->selector);
	if (!copy.name || !copy.selector) {
		scope_free(&copy);
		return -ENOMEM;
	}
	*to = copy;
	return 0;
}
