/* SPDX-License-Identifier: GPL-2.0-only */
/* What would change between two policies, as words: shared by `diff`, --dry-run and change events. */
#ifndef PORTGUARD_DIFF_H
#define PORTGUARD_DIFF_H

#include "policy/policy.h"

/*
 * Lines `- allow 80/tcp`, `+ deny in 25`, `- mode: audit` / `+ mode: enforce`, `+ scopes: web: unit: nginx.service`,
 * and of a scope's rule `+ [web] allow bind 80`; empty: no difference. Return: malloc'ed text, or NULL.
 */
char *policy_diff(const struct policy *from, const struct policy *to);

/*
 * policy_merge() - The policy of the files, as it will run: ids and counters' bases of equal rules of
 * @running kept, as are the ends of rules and panic, its runtime rules appended unless @exact or already in
 * @file, or of a scope that @file does not have. New rules have id 0.
 */
int policy_merge(const struct policy *running, struct policy *file, bool exact);
/*
 * Lines `[web] allow bind 80`: the runtime rules of @running that policy_merge() drops, since @file does not
 * have their scope; empty: none. Return: malloc'ed text, or NULL.
 */
char *policy_orphans(const struct policy *running, const struct policy *file);
/*
 * policy_number() - Give every rule without one an id that no rule of @p or @before has.
 * Return: 0, or -E2BIG: more than PG_MAX_RULES.
 */
int policy_number(struct policy *p, const struct policy *before, struct pg_error *err);

#endif
