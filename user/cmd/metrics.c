// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics: the figures for Prometheus, on stdout or in a file for node_exporter's textfile collector.
 * Where nothing runs they say so, and what is in the file is no longer true: so they are told then, too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "kernel/lock.h"
#include "metrics/table.h"
#include "util/cleanup.h"
#include "util/file.h"

static int make_page(const struct paths *paths, struct json *out, struct pg_error *err)
{
	_cleanup_figures_ struct figures figures = { 0 };
	_cleanup_memory_ struct memory memory = { 0 };
	_cleanup_guard_ struct guard guard = { 0 };
	int r = guard_open(paths, GUARD_READ, &guard, err);

	if (r == -ENOENT)
		return metrics_print(out, NULL, NULL) ?: r;
	r = r ? r : figures_read(&guard.state, &guard.policy, &figures, err);
	r = r ? r : memory_read(paths, &memory);
	return r ? r : metrics_print(out, &figures, &memory);
}

static int write_stdout(const struct json *page, struct pg_error *err)
{
	(void)fwrite(page->text, 1, page->length, stdout);
	return print_done(err);
}

/* Readers of the directory see the former file or the new one; of two who write one waits. */
static int write_textfile(const struct paths *paths, bool running, const char *path,
			  const struct json *page, struct pg_error *err)
{
	_cleanup_close_ int lock = -1;
	int r = running ? lock_take(paths, "textfile", true, LOCK_WAIT_MS, &lock) : 0;

	r = r ? r : file_put(path, page->text, page->length, 0644);
	return r ? pg_fail(err, r, r == -EBUSY ? PG_EXIT_BUSY : PG_EXIT_OUTPUT, "textfile %s: %s",
			   path, strerror(-r))
		 : 0;
}

int cmd_metrics(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_json_ struct json page = JSON_INIT;
	const char *textfile = NULL;
	const struct option_word options[] = { { .name = "--textfile", .value = &textfile } };
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r, told;

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	if (ctx->json)
		return usage_error(
			err, "metrics have one format, Prometheus': for JSON see portguard status");
	r = make_page(&ctx->paths, &page, err);
	if (r && r != -ENOENT)
		return r;
	told = textfile ? write_textfile(&ctx->paths, !r, textfile, &page, err)
			: write_stdout(&page, err);
	return told ? told : r;
}
