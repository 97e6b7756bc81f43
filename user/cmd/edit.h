/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands that change rules share. */
#ifndef PORTGUARD_CMD_EDIT_H
#define PORTGUARD_CMD_EDIT_H

#include "cmd/cmd.h"
#include "kernel/guard.h"

struct edit_words {
	bool permanent, dry_run, force, cut;
	const char *scope;		/* as it was typed, or NULL */
	const char *const *words;	/* the sentence */
	size_t count;
};

/* The scope that the words name, of @p: *ret is NULL for the host's. 0, or -EINVAL (65). */
int edit_scope(const struct policy *p, const struct edit_words *w, const struct scope **ret, struct pg_error *err);
int edit_words(int argc, char **argv, struct edit_words *ret, struct pg_error *err);
/* What an edit's event says: sentences with `; ` between them, or NULL. */
struct edit_told {
	const char *action;
	char *before, *after;
};
void edit_told_free(struct edit_told *told);
#define _cleanup_edit_told_ __attribute__((cleanup(edit_told_free)))
/* One more rule, in told->before or told->after. 0 or -ENOMEM. */
int edit_tell_rule(char **list, const struct rule *rule);
/* Put @next in force (taken over), or with --dry-run print the difference; with --permanent save it too. */
int edit_finish(const struct pg_context *ctx, struct guard *g, struct policy *next, const struct edit_words *w,
		const struct edit_told *told, struct pg_error *err);
/*
 * Write the runtime rules of @g beside what policy.d/90-local.yaml has, less the rules of @gone. Those with
 * `for` stay what they are: a file would begin their time anew at every boot. @action: it is told; or NULL.
 */
int save_rules(struct guard *g, const struct policy *gone, const char *action, struct pg_error *err);

#endif
