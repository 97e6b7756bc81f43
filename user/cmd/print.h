/* SPDX-License-Identifier: GPL-2.0-only */
/* What several commands print alike. */
#ifndef PORTGUARD_CMD_PRINT_H
#define PORTGUARD_CMD_PRINT_H

#include "cmd/cmd.h"
#include "kernel/guard.h"
#include "util/json.h"
#include "util/names.h"

/*
 * The rules that the policy has by itself: essentials and failsafe ports.
 * Return: malloc'ed text of row @i; NULL past the last.
 */
char *built_in_text(const struct policy *p, size_t i, bool *ret_failsafe);

/*
 * Print what would change: policy_diff(), or {"changed":true,"removed":["allow 80/tcp"],"added":[]}.
 * @ret_differs, unless NULL: whether anything would. 0, -ENOMEM or -EIO (74).
 */
int print_difference(const struct pg_context *ctx, const struct policy *from, const struct policy *to,
		     bool *ret_differs, struct pg_error *err);
/* Write the JSON and a newline to stdout. 0, or -EIO (74). */
int print_json(struct json *j, struct pg_error *err);
/* Whether all that was printed has reached stdout. 0, or -EIO (74). */
int print_done(struct pg_error *err);

#endif
