/* SPDX-License-Identifier: GPL-2.0-only */
/* Scopes as words: their kinds, and what is wrong with a name or a selector. */
#ifndef PORTGUARD_SCOPE_H
#define PORTGUARD_SCOPE_H

#include "policy/policy.h"

#define SCOPE_NAME_MAX PATTERN_MAX
#define SCOPE_HOST "host"	/* what commands and events call what is no scope; no scope has that name */

/* The keys of the policy file, in the order of enum scope_kind, and NULL. */
extern const char *const scope_kinds[];

/* What is wrong, in words, or NULL. Texts may hold NUL, which is wrong. */
const char *scope_name_mistake(const char *text, size_t length);
const char *scope_selector_mistake(enum scope_kind kind, const char *text, size_t length);

/* The scope of that name; or -EINVAL with the nearest name in @err (exit 65). SCOPE_HOST is *ret = NULL. */
int scope_want(const struct policy *p, const char *name, const struct scope **ret, struct pg_error *err);
/* 0: the same scope with the same settings; its rules aside. By name first. */
int scope_compare(const struct scope *a, const struct scope *b);
int scope_copy(const struct scope *from, struct scope *to);

#endif
