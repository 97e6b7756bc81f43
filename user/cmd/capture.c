// SPDX-License-Identifier: GPL-2.0-only
/*
 * capture: the refused packets themselves, which nobody else sees (XDP drops them before any packet socket).
 * Bounded: so many a second, so many in all, so many bytes of each.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "cmd/capture_file.h"
#include "cmd/cmd.h"
#include "cmd/print.h"
#include "kernel/capture.h"
#include "policy/units.h"
#include "util/cleanup.h"

#define RATE 1000 /* packets a second and CPU */
#define SNAPLEN 256
#define COUNT 100000

#define ENOUGH 1 /* packets; or nobody wants more */

struct request {
	const char *path;
	uint32_t most, rate, snaplen;
	struct capture_file *file;
	struct json out;
	int fd;
	uint64_t captured;
};

static void request_close(struct request *r)
{
	capture_file_free(r->file);
	json_free(&r->out);
	cleanup_close(&r->fd);
}

/* @word: NULL: as it is. */
static int parse_number(const char *option, const char *word, uint32_t least, uint32_t most, uint32_t *ret,
			struct pg_error *err)
{
	struct pg_error why = PG_ERROR_INIT;

	if (!word || !number_parse(word, strlen(word), least, most, ret, &why))
		return 0;
	return usage_error(err, "capture: %s %.200s", option, why.text);
}

static int parse(int argc, char **argv, struct request *r, struct pg_error *err)
{
	const char *count = NULL, *rate = NULL, *snaplen = NULL;
	const struct option_word options[] = {
		{ .name = "-w", .value = &r->path },
		{ .name = "-c", .value = &count },
		{ .name = "-s", .value = &snaplen },
		{ .name = "--rate", .value = &rate },
	};
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), error;

	if (left < 0)
		return left;
	if (left > 0)
		return usage_error(err, "capture takes options only, not '%.64s'", argv[1]);
	if (!r->path)
		return usage_error(err, "capture: -w FILE is missing");
	if (!strcmp(r->path, "-") && isatty(STDOUT_FILENO))
		return usage_error(err, "capture: -w - writes packets, and stdout is a terminal");
	error = parse_number("-c", count, 1, UINT32_MAX, &r->most, err);
	error = error ? error : parse_number("-s", snaplen, 16, CAPTURE_SNAPLEN_MAX, &r->snaplen, err);
	return error ? error : parse_number("--rate", rate, 1, 1000000, &r->rate, err);
}

static bool is_stdout(const struct request *r)
{
	return !strcmp(r->path, "-");
}

static int cannot_write(const struct request *r, int error, struct pg_error *err)
{
	return pg_fail(err, error, PG_EXIT_OUTPUT, "capture: %s: %s", is_stdout(r) ? "stdout" : r->path,
		       strerror(-error));
}

static int open_file(struct request *r, struct pg_error *err)
{
	r->fd = is_stdout(r) ? dup(STDOUT_FILENO)
			     : open(r->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	return r->fd < 0 ? cannot_write(r, -errno, err) : 0;
}

/* 0; ENOUGH: nobody reads any more; -errno. */
static int write_out(struct request *r, struct pg_error *err)
{
	size_t written = 0;

	if (json_error(&r->out))
		return json_error(&r->out);
	while (written < r->out.length) {
		ssize_t n = write(r->fd, r->out.text + written, r->out.length - written);

		if (n < 0 && errno == EPIPE)
			return ENOUGH;
		if (n < 0 && errno != EINTR)
			return cannot_write(r, -errno, err);
		written += n > 0 ? (size_t)n : 0;
	}
	json_reset(&r->out);
	return 0;
}

static int record(void *data, const struct pg_captured *c, const void *bytes)
{
	struct request *r = data;

	capture_file_put(r->file, c, bytes);
	return ++r->captured >= r->most ? ENOUGH : 0;
}

static int open_timer(int *ret_fd)
{
	const struct itimerspec every = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };

	*ret_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return *ret_fd < 0 || timerfd_settime(*ret_fd, 0, &every, NULL) ? -errno : 0;
}

static int open_signals(int *ret_fd)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

static int on_second(struct request *r, struct capture *capture, int timer, struct pg_error *err)
{
	uint64_t passed;

	if (read(timer, &passed, sizeof(passed)) < 0)
		return 0;
	capture_file_forget(r->file);
	return capture_go_on(capture, err);
}

/* What has come is written, the last of it too. */
static int read_packets(struct request *r, struct capture *capture, struct pg_error *err)
{
	int error = capture_read(capture), written = write_out(r, err);

	return error < 0 ? error : written ? written : error;
}

enum { ON_PACKETS, ON_SECOND, ON_SIGNAL, ON_READER, WATCHED };

/* Until a signal, or ENOUGH. */
static int loop(struct request *r, struct capture *capture, struct pg_error *err)
{
	_cleanup_close_ int timer = -1, signals = -1;
	int error = open_timer(&timer);

	error = error ? error : open_signals(&signals);
	while (!error) {
		struct pollfd fds[WATCHED] = {
			[ON_PACKETS] = { .fd = capture_fd(capture), .events = POLLIN },
			[ON_SECOND] = { .fd = timer, .events = POLLIN },
			[ON_SIGNAL] = { .fd = signals, .events = POLLIN },
			[ON_READER] = { .fd = r->fd }, /* a pipe that is closed */
		};

		if (poll(fds, WATCHED, -1) < 0)
			return -errno;
		error = read_packets(r, capture, err);
		if (!error && fds[ON_SECOND].revents)
			error = on_second(r, capture, timer, err);
		if (!error && (fds[ON_SIGNAL].revents || fds[ON_READER].revents & (POLLERR | POLLHUP)))
			error = ENOUGH;
	}
	return error;
}

static uint64_t refused(const struct paths *paths)
{
	_cleanup_state_ struct state s = { 0 };
	uint64_t sum = 0;

	if (state_open(paths, false, &s, NULL))
		return 0;
	for (enum pg_hook hook = 0; hook < PG_HOOK_COUNT; hook++)
		sum += state_packets(&s, hook, PG_DENY) + state_packets(&s, hook, PG_AUDIT);
	return sum;
}

static int tell(const struct request *r, bool as_json, uint64_t of, uint64_t lost, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;

	if (!as_json || is_stdout(r)) {
		(void)fprintf(stderr, "%llu of %llu refused packets captured%s\n",
			      (unsigned long long)r->captured, (unsigned long long)of,
			      lost ? "; some came faster than they could be read" : "");
		return 0;
	}
	json_object(&j);
	json_member_u64(&j, "captured", r->captured);
	json_member_u64(&j, "refused", of);
	json_member_u64(&j, "lost", lost);
	json_object_end(&j);
	return print_json(&j, err);
}

int cmd_capture(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_(request_close) struct request r = {
		.most = COUNT, .rate = RATE, .snaplen = SNAPLEN, .fd = -1, .out = JSON_INIT,
	};
	struct capture_config config = { .packet = record, .data = &r };
	struct capture *capture = NULL;
	uint64_t before, lost;
	int error = parse(argc, argv, &r, err);

	if (error)
		return error;
	config.rate = r.rate;
	config.snaplen = r.snaplen;
	before = refused(&ctx->paths);
	error = capture_file_new(&ctx->paths, r.snaplen, &r.out, &r.file);
	error = error ? error : capture_open(&ctx->paths, &config, &capture, err);
	error = error ? error : open_file(&r, err); /* only now: a file that is there is not emptied for nothing */
	error = error ? error : write_out(&r, err);
	error = error ? error : loop(&r, capture, err);
	lost = capture ? capture_lost(capture) : 0;
	capture_close(capture);
	return error < 0 ? error : tell(&r, ctx->json, refused(&ctx->paths) - before, lost, err);
}
