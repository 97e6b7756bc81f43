// SPDX-License-Identifier: GPL-2.0-only
/*
 * `portguard events`: what is in history, or with -f what comes from now on. Both need an agent: it is
 * asked to report what it has summed up so far, so that history is complete. Formats and filters are
 * applied here, on events that the agent hands over as they are.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "events/follower.h"
#include "events/format.h"
#include "events/history.h"
#include "util/cleanup.h"

#define WORDS_MAX 16
#define WRITE_SIZE 65536 /* history is written in pieces of about this size */
#define CLOSED 1 /* nobody reads our output any more: not an error */

struct request {
	bool follow;
	format_fn write;
	int hook, verdict, port; /* -1: any */
	struct json out;
};

typedef const char *(*word_fn)(size_t i);

static const char *format_word(size_t i)
{
	const struct format *f = format_at(i);

	return f ? f->name : NULL;
}

static const char *hook_word(size_t i)
{
	return i < PG_HOOK_COUNT ? event_hook_name((uint8_t)i) : NULL;
}

static const char *verdict_word(size_t i)
{
	return PG_ALLOW + i < PG_VERDICT_COUNT ? event_verdict_name((uint8_t)(PG_ALLOW + i)) : NULL;
}

/* The words there are, and the nearest one. */
static int unknown_word(const char *option, const char *word, word_fn word_at, struct pg_error *err)
{
	const char *words[WORDS_MAX], *near;
	char list[256] = "";
	size_t count = 0, length = 0;

	while (count < WORDS_MAX && (words[count] = word_at(count))) {
		int n = snprintf(list + length, sizeof(list) - length, "%s%s", count ? ", " : "",
				 words[count]);

		if (n < 0 || (size_t)n >= sizeof(list) - length)
			break;
		length += (size_t)n;
		count++;
	}
	near = nearest(word, words, count);
	return usage_error(err, "%s '%.64s': want one of %s%s%s%s", option, word, list,
			   near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static int parse_format(const char *word, const struct pg_context *ctx, struct request *r,
			struct pg_error *err)
{
	bool terminal = isatty(STDOUT_FILENO);
	const struct format *f;

	if (!word)
		word = terminal && !ctx->json ? "text" : "json";
	f = format_find(word);
	if (!f)
		return unknown_word("--format", word, format_word, err);
	r->write = f->write == format_text && ctx->color && terminal ? format_text_color : f->write;
	return 0;
}

/* Plain decimal, as everywhere: no sign, no leading zero. */
static int parse_port(const char *word, int *ret, struct pg_error *err)
{
	size_t digits = strspn(word, "0123456789");
	int port = 0;

	if (!digits || digits > 5 || word[digits] || word[0] == '0')
		return usage_error(err, "--port '%.64s': want 1-65535", word);
	for (size_t i = 0; i < digits; i++)
		port = port * 10 + (word[i] - '0');
	if (port > 65535)
		return usage_error(err, "--port '%.64s': want 1-65535", word);
	*ret = port;
	return 0;
}

static int parse_filters(const char *hook, const char *port, const char *verdict, struct request *r,
			 struct pg_error *err)
{
	if (hook) {
		r->hook = event_hook_by_name(hook);
		if (r->hook < 0)
			return unknown_word("--hook", hook, hook_word, err);
	}
	if (verdict) {
		r->verdict = event_verdict_by_name(verdict);
		if (r->verdict < 0)
			return unknown_word("--verdict", verdict, verdict_word, err);
	}
	return port ? parse_port(port, &r->port, err) : 0;
}

static int parse(int argc, char **argv, const struct pg_context *ctx, struct request *r,
		 struct pg_error *err)
{
	const char *format = NULL, *hook = NULL, *port = NULL, *verdict = NULL;
	const struct option_word options[] = {
		{ .name = "-f", .flag = &r->follow },
		{ .name = "--follow", .flag = &r->follow },
		{ .name = "--format", .value = &format },
		{ .name = "--hook", .value = &hook },
		{ .name = "--port", .value = &port },
		{ .name = "--verdict", .value = &verdict },
	};
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err);
	int error;

	if (left < 0)
		return left;
	if (left > 0)
		return usage_error(err, "events takes options only, not '%.64s'", argv[1]);
	error = parse_format(format, ctx, r, err);
	return error ? error : parse_filters(hook, port, verdict, r, err);
}

static bool matches(const struct request *r, const struct event *e)
{
	const struct event_endpoint *asked = event_asked(e);

	if (r->hook < 0 && r->verdict < 0 && r->port < 0)
		return true;
	return e->kind == EVENT_VERDICT && (r->hook < 0 || e->hook == r->hook) &&
	       (r->verdict < 0 || e->verdict == r->verdict) &&
	       (r->port < 0 || (asked->known && asked->port_known && asked->port == r->port));
}

/* To stdout at once. 0, CLOSED, or -errno. */
static int write_out(struct request *r)
{
	size_t written = 0;

	if (json_error(&r->out))
		return json_error(&r->out);
	while (written < r->out.length) {
		ssize_t n = write(STDOUT_FILENO, r->out.text + written, r->out.length - written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EPIPE ? CLOSED : -errno;
		written += (size_t)n;
	}
	json_reset(&r->out);
	return 0;
}

static int show(void *data, const struct event_source *source, const struct event *e)
{
	struct request *r = data;

	if (!matches(r, e))
		return 0;
	r->write(&r->out, source, e);
	return r->out.length >= WRITE_SIZE ? write_out(r) : 0;
}

static int not_running(const struct paths *paths, int error, struct pg_error *err)
{
	if (error == -EACCES || error == -EPERM)
		return pg_fail(err, error, PG_EXIT_PERMISSION,
			       "events: %s: permission denied: needs root (CAP_DAC_OVERRIDE)",
			       paths->run);
	(void)pg_fail(err, error, PG_EXIT_UNAVAILABLE,
		      "events: no agent is running for instance '%s'", paths->instance);
	return pg_help(err, error, "start one: portguard run");
}

static int show_history(const struct paths *paths, struct follower *f, struct request *r)
{
	int error;

	follower_flush(f);
	error = history_each(paths->var, 0, show, r);
	return error ? error : write_out(r);
}

/* All whole events that have come. */
static int show_received(struct follower *f, struct request *r)
{
	struct event e;
	int got;

	while ((got = follower_next(f, &e)) > 0) {
		int error = show(r, &f->source, &e);

		if (error)
			return error;
	}
	return got ? got : write_out(r);
}

/* More from the agent: 0, -ECONNRESET at its end, CLOSED when our own reader has gone meanwhile. */
static int receive(struct follower *f)
{
	struct pollfd fds[] = { { .fd = f->fd, .events = POLLIN }, { .fd = STDOUT_FILENO } };

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents & (POLLERR | POLLHUP))
		return CLOSED;
	return fds[0].revents ? follower_receive(f) : 0;
}

static int follow(struct follower *f, struct request *r)
{
	int error = follower_begin(f);

	while (!error) {
		error = receive(f);
		if (!error)
			error = show_received(f, r);
	}
	return error;
}

static int result(int error, const struct paths *paths, struct pg_error *err)
{
	switch (error) {
	case 0:
	case CLOSED:
		return 0;
	case -ECONNRESET:
		return pg_fail(err, error, PG_EXIT_UNAVAILABLE,
			       "events: the agent of instance '%s' has ended", paths->instance);
	case -EBADF:
	case -ENOSPC:
	case -EIO:
	case -EDQUOT:
		return pg_fail(err, error, PG_EXIT_OUTPUT, "events: cannot write: %s",
			       strerror(-error));
	default:
		return pg_fail(err, error, PG_EXIT_AUTO, "events: %s", strerror(-error));
	}
}

static void free_request(struct request *r)
{
	json_free(&r->out);
}

int cmd_events(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	__attribute__((cleanup(free_request))) struct request r = {
		.hook = -1, .verdict = -1, .port = -1, .out = JSON_INIT
	};
	_cleanup_follower_ struct follower f = FOLLOWER_INIT;
	int error = parse(argc, argv, ctx, &r, err);

	if (error)
		return error;
	error = follower_connect(ctx->paths.run, &f);
	if (error)
		return not_running(&ctx->paths, error, err);
	error = r.follow ? follow(&f, &r) : show_history(&ctx->paths, &f, &r);
	return result(error, &ctx->paths, err);
}
