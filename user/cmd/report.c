// SPDX-License-Identifier: GPL-2.0-only
/*
 * report: what history, or an event log, tells of the last hours or days, as one page of HTML or as JSON. It
 * needs no agent and no guard; what they would have added is left out, and the page says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "cmd/report_guard.h"
#include "events/follower.h"
#include "events/history.h"
#include "policy/units.h"
#include "report/log.h"
#include "util/cleanup.h"
#include "util/file.h"

#define DEFAULT_SINCE "24h"
#define LONGEST_SINCE (3660u * 86400) /* ten years */
#define FILES_MAX 64

struct request {
	uint32_t since_s;
	const char *output; /* NULL: stdout */
	const char *files[FILES_MAX];
	size_t file_count;
};

static int add_file(void *data, const char *name)
{
	struct request *r = data;

	if (r->file_count == FILES_MAX)
		return -E2BIG;
	r->files[r->file_count++] = name;
	return 0;
}

static int parse(int argc, char **argv, struct request *r, struct pg_error *err)
{
	const char *since = DEFAULT_SINCE;
	const struct option_word options[] = {
		{ .name = "--since", .value = &since },
		{ .name = "-o", .value = &r->output },
		{ .name = "--from", .each = add_file, .data = r },
	};
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err);

	if (left == -E2BIG)
		return usage_error(err, "--from: at most %d files", FILES_MAX);
	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "report takes options only, not '%.64s'", argv[1]);
	if (duration_parse(since, strlen(since), LONGEST_SINCE, &r->since_s, NULL))
		return usage_error(
			err,
			"--since '%.64s': want a time such as 90m, 24h or 7d, ten years at most",
			since);
	if (r->output && (!strcmp(r->output, "-") || !*r->output))
		r->output = NULL;
	return 0;
}

/* --- events --------------------------------------------------------------------------------- */

static int take_event(void *data, const struct event_source *source, const struct event *e)
{
	return report_take(data, source, e);
}

/* What a running agent has summed up so far is told now. */
static void flush_agent(const struct paths *paths)
{
	_cleanup_follower_ struct follower f = FOLLOWER_INIT;

	if (!follower_connect(paths->run, &f))
		follower_flush(&f);
}

static int read_history(const struct paths *paths, struct report_sums *sums, struct pg_error *err)
{
	int r = access(paths->var, R_OK | X_OK) ? -errno
						: history_each(paths->var, 0, take_event, sums);

	if (r == -EACCES || r == -EPERM)
		return pg_fail(err, r, PG_EXIT_PERMISSION,
			       "report: %s: permission denied: needs root (CAP_DAC_OVERRIDE)",
			       paths->var);
	if (r == -ENOENT) {
		(void)pg_fail(err, r, PG_EXIT_NO_FILE,
			      "report: %s: there is no history of instance '%s'", paths->var,
			      paths->instance);
		return pg_help(
			err, r,
			"an agent writes it: portguard run; an event log is read with --from FILE");
	}
	return r ? pg_fail(err, r, r == -ENOMEM ? PG_EXIT_AUTO : PG_EXIT_NO_FILE, "report: %s: %s",
			   paths->var, strerror(-r))
		 : 0;
}

/* The last line may not be whole yet: its agent is writing it. */
static int read_lines(FILE *f, const char *name, struct report_sums *sums, struct pg_error *err)
{
	_cleanup_free_ struct log_line *line = malloc(sizeof(*line));
	_cleanup_free_ char *text = NULL;
	size_t room = 0;
	ssize_t length;
	int r = line ? 0 : -ENOMEM;

	for (unsigned long number = 1; !r && (length = getline(&text, &room, f)) > 0; number++) {
		if (text[length - 1] != '\n')
			break;
		if (length == 1)
			continue;
		r = log_read(text, (size_t)length - 1, line);
		if (r == -EINVAL) {
			(void)pg_fail(err, r, PG_EXIT_NO_FILE, "report: %s:%lu: this is no event",
				      name, number);
			return pg_help(err, r,
				       "wanted are lines as `run --event-log` and `events --format "
				       "json` write them");
		}
		r = r ? r : report_take(sums, &line->source, &line->event);
	}
	if (!r && ferror(f))
		return pg_fail(err, -EIO, PG_EXIT_NO_FILE, "report: %s: %s", name, strerror(errno));
	return r;
}

static int read_file(const char *name, struct report_sums *sums, struct pg_error *err)
{
	_cleanup_fclose_ FILE *f = NULL;
	struct stat st;

	if (!strcmp(name, "-"))
		return read_lines(stdin, "standard input", sums, err);
	f = fopen(name, "re");
	if (!f || fstat(fileno(f), &st))
		return pg_fail(err, -errno, PG_EXIT_NO_FILE, "report: %s: %s", name,
			       strerror(errno));
	if (S_ISDIR(st.st_mode))
		return pg_fail(err, -EISDIR, PG_EXIT_NO_FILE, "report: %s: %s", name,
			       strerror(EISDIR));
	return read_lines(f, name, sums, err);
}

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int collect(const struct paths *paths, const struct request *request,
		   struct report_sums *sums, struct pg_error *err)
{
	uint64_t now, since = request->since_s * 1000000ULL;
	int r = 0;

	flush_agent(paths);
	now = now_us();
	report_begin(sums, now > since ? now - since : 0, now);
	for (size_t i = 0; !r && i < request->file_count; i++)
		r = read_file(request->files[i], sums, err);
	if (!r && !request->file_count)
		r = read_history(paths, sums, err);
	if (!r)
		report_finish(sums);
	return r;
}

/* --- output --------------------------------------------------------------------------------- */

static int cannot_write(const char *name, int error, struct pg_error *err)
{
	return pg_fail(err, error, PG_EXIT_OUTPUT, "report: %s: %s", name, strerror(-error));
}

/*
 * For its owner alone, as history is: it names programs, command lines and addresses. Whoever publishes it
 * changes that.
 */
static int write_report(const char *name, const struct json *text, struct pg_error *err)
{
	int r;

	if (!name) {
		(void)fwrite(text->text, 1, text->length, stdout);
		return print_done(err);
	}
	r = file_put(name, text->text, text->length, 0600);
	return r ? cannot_write(name, r, err) : 0;
}

/* A log may be of another host; this one's guard has nothing to do with it. */
static int find_guard(const struct paths *paths, const struct report_sums *sums,
		      const struct event_source *here, struct report_guard *ret)
{
	if (!sums->events || (!strcmp(sums->source.host_id, here->host_id) &&
			      !strcmp(sums->source.instance, here->instance)))
		return report_guard_find(paths, ret);
	*ret = (struct report_guard){
		.why_not = "the events are of another host or instance than this"
	};
	return 0;
}

int cmd_report(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_(report_free) struct report_sums sums = { 0 };
	_cleanup_(report_guard_free) struct report_guard guard = { 0 };
	_cleanup_services_ struct services services = { 0 };
	_cleanup_json_ struct json text = JSON_INIT;
	struct request request = { 0 };
	struct event_source here;
	struct report report = {
		.sums = &sums, .guard = &guard, .services = &services, .here = &here
	};
	int r = parse(argc, argv, &request, err);

	event_source_fill(&here, ctx->paths.instance);
	r = r ? r : collect(&ctx->paths, &request, &sums, err);
	r = r ? r : find_guard(&ctx->paths, &sums, &here, &guard);
	r = r ? r : services_read("/etc/services", &services);
	if (r)
		return r;
	report.from_files = request.file_count;
	report.made_us = sums.to_us;
	if (ctx->json)
		report_json(&text, &report);
	else
		report_page(&text, &report);
	return json_error(&text) ? json_error(&text) : write_report(request.output, &text, err);
}
