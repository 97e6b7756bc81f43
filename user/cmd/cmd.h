/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands: words in, one call, result out. Each is a file here and a line of the table in main.c,
 * which dispatch, usage and completion read.
 */
#ifndef PORTGUARD_CMD_H
#define PORTGUARD_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/paths.h"
#include "util/error.h"

struct pg_context {
	struct paths paths;
	bool json;		/* --json */
	bool color;		/* stdout is a terminal, and neither NO_COLOR nor --no-color says otherwise */
};

/*
 * argv[0] is the command's name. Return: 0, PG_EXIT_NEGATIVE (a negative answer, said on stdout or in
 * err->text), or -errno with the words in @err.
 */
typedef int (*command_fn)(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);

int cmd_run(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_up(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_down(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
/* allow, deny, reject, limit */
int cmd_allow(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_remove(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_list(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_status(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_apply(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_diff(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_check(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_save(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_mode(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_try(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_confirm(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_rollback(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_panic(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_explain(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_ports(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_capture(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_metrics(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_top(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_report(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);
int cmd_events(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err);

/* Options of a command: "--name", with a value or not; a name may be short ("-c"). */
struct option_word {
	const char *name;
	const char **value;	/* takes one: stored here; or NULL */
	bool *flag;		/* takes none: set here; or NULL */
	int (*each)(void *data, const char *value);	/* takes one, may come again; or NULL */
	void *data;
};

/*
 * Take the options out of @argv; what is left are the command's words, from argv[1] on. Options may
 * stand anywhere before `--`. Return: how many words are left (without argv[0]), or -EINVAL (64).
 */
int take_options(int argc, char **argv, const struct option_word *options, size_t count, struct pg_error *err);

/* A usage error that names the word. */
int usage_error(struct pg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The nearest of @count words, or NULL if none is near. */
const char *nearest(const char *word, const char *const *words, size_t count);

#define DEFAULT_CONFIG "/etc/portguard/policy.yaml"

#endif
