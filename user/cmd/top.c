// SPDX-License-Identifier: GPL-2.0-only
/*
 * top: what is refused, as it happens. Rows come from the agent's events, those of the last hour and all that follow;
 * the rates at the top from the kernel's counters. To allow something it runs `portguard allow`, so that whatever
 * that command refuses is refused here too.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/top_guard.h"
#include "events/follower.h"
#include "events/format.h"
#include "events/history.h"
#include "top/screen.h"
#include "util/child.h"
#include "util/cleanup.h"

#define PAST_SECONDS 3600 /* of history, to begin with */
#define BEGIN 1000000 /* the clock's second 0: what was before it has a number too */

struct live {
	const struct pg_context *ctx;
	struct screen *screen;
	struct top top, frozen; /* all there is; as it was when it was paused */
	struct follower follower;
	struct event_source source;
	struct top_guard guard;
	uint64_t last_seq; /* of history */
	int signal_fd, timer_fd;
	int ended_by; /* signal; 0: none */
	bool ends;
};

static void live_free(struct live *l)
{
	screen_close();
	follower_close(&l->follower);
	top_guard_forget(&l->guard);
	top_free(&l->top);
	top_free(&l->frozen);
	free(l->screen);
	cleanup_close(&l->signal_fd);
	cleanup_close(&l->timer_fd);
}

static uint64_t second_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail */
	return BEGIN + (uint64_t)now.tv_sec;
}

/* --- events --------------------------------------------------------------------------------- */

static void keep_line(struct live *l, const struct event_source *source, const struct event *e)
{
	struct screen *s = l->screen;
	struct json line = JSON_INIT;

	if (e->kind == EVENT_HEALTH && e->action && !strcmp(e->action, "beat"))
		return;
	format_text(&line, source, e);
	if (!json_error(&line))
		(void)snprintf(s->latest[s->latest_count++ % SCREEN_LATEST], sizeof(s->latest[0]),
			       "%.*s", (int)line.length - 1, line.text);
	json_free(&line);
}

static int take_past(void *data, const struct event_source *source, const struct event *e)
{
	struct live *l = data;
	const uint64_t now = (uint64_t)time(NULL), then = e->end_us / 1000000;
	const uint64_t age = now > then ? now - then : 0;

	l->last_seq = e->seq;
	keep_line(l, source, e);
	return age < PAST_SECONDS ? top_take(&l->top, e, second_now() - age) : 0;
}

static int take_received(struct live *l)
{
	struct event e;
	int r;

	while ((r = follower_next(&l->follower, &e)) > 0) {
		if (e.seq <= l->last_seq)
			continue; /* history had it */
		keep_line(l, &l->follower.source, &e);
		r = top_take(&l->top, &e, second_now());
		if (r)
			return r;
	}
	return r;
}

/* First follow, then read what was: nothing falls between. */
static int begin_following(struct live *l)
{
	int r = follower_connect(l->ctx->paths.run, &l->follower);

	r = r ? r : follower_begin(&l->follower);
	if (r)
		follower_close(&l->follower);
	return r;
}

/* An agent that ends may come back, of another version and with another guard. */
static void lose_agent(struct live *l)
{
	follower_close(&l->follower);
	top_guard_forget(&l->guard);
}

/* --- what is done --------------------------------------------------------------------------- */

static void allow(struct live *l)
{
	const struct paths *paths = &l->ctx->paths;
	struct ui *ui = &l->screen->ui;
	char said[1024] = "";
	char *argv[10] = { "/proc/self/exe", "--instance", (char *)paths->instance, "--json" };
	size_t words = 4;
	int code;

	if (paths->bpffs_said) { /* else it is to be one that the first process sees */
		argv[words++] = "--bpffs";
		argv[words++] = (char *)paths->bpffs;
	}
	argv[words++] = "allow";
	argv[words++] = "--";
	argv[words++] = ui->line;
	code = child_run(argv, said, sizeof(said));
	said[strcspn(said, "\n")] = '\0';
	if (!code)
		(void)snprintf(ui->message, sizeof(ui->message),
			       "allowed until reboot: %.200s (portguard save keeps it)", ui->line);
	else
		(void)snprintf(ui->message, sizeof(ui->message), "not allowed: %.400s",
			       code < 0 ? strerror(-code) : said);
}

static void pause_or_not(struct live *l, bool was_paused)
{
	struct screen *s = l->screen;

	if (s->ui.paused && !was_paused)
		top_freeze(&l->frozen, &l->top);
	s->top = s->ui.paused ? &l->frozen : &l->top;
}

static void take_keys(struct live *l)
{
	struct screen *s = l->screen;
	int key;

	while ((key = screen_key()) != UI_KEY_NONE && !l->ends) {
		bool paused = s->ui.paused;
		enum ui_action action = key < 0 ? UI_QUIT : ui_key(&s->ui, key);

		l->ends = action == UI_QUIT;
		if (action == UI_ALLOW)
			allow(l);
		pause_or_not(l, paused);
		screen_draw(s); /* the next key speaks of what it shows */
	}
}

static void take_signal(struct live *l)
{
	struct signalfd_siginfo info;

	if (read(l->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH) {
		screen_resize();
		return;
	}
	l->ends = true;
	l->ended_by =
		info.ssi_signo == SIGINT ? 0 : (int)info.ssi_signo; /* Ctrl-C quits, as q does */
}

static void take_second(struct live *l)
{
	uint64_t passed;

	if (read(l->timer_fd, &passed, sizeof(passed)) < 0)
		return;
	l->screen->now = second_now();
	if (!l->screen->ui.paused)
		l->screen->shown = l->screen->now;
	if (l->follower.fd < 0)
		(void)begin_following(l);
	top_guard_look(&l->guard, &l->ctx->paths, l->follower.fd >= 0, l->screen);
}

static int loop(struct live *l)
{
	while (!l->ends) {
		struct pollfd fds[] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = l->signal_fd, .events = POLLIN },
			{ .fd = l->timer_fd, .events = POLLIN },
			{ .fd = l->follower.fd, .events = POLLIN }, /* -1 is passed over */
		};
		int r = 0;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			take_signal(l);
		if (fds[3].revents) {
			r = follower_receive(&l->follower);
			r = r ? r : take_received(l);
		}
		if (r == -ENOMEM)
			return r;
		if (r)
			lose_agent(l);
		if (fds[2].revents)
			take_second(l);
		if (fds[0].revents)
			take_keys(l);
		l->ends |= fds[0].revents & (POLLHUP | POLLERR);
		if (!l->ends && (fds[1].revents || fds[2].revents))
			screen_draw(l->screen);
	}
	return 0;
}

/* --- begin and end -------------------------------------------------------------------------- */

static int not_running(const struct live *l, int error, struct pg_error *err)
{
	const struct paths *paths = &l->ctx->paths;

	if (error == -EACCES || error == -EPERM)
		return pg_fail(err, error, PG_EXIT_PERMISSION,
			       "top: %s: permission denied: needs root (CAP_DAC_OVERRIDE)",
			       paths->run);
	(void)pg_fail(err, error, PG_EXIT_UNAVAILABLE, "top: no agent is running for instance '%s'",
		      paths->instance);
	return pg_help(err, error, "start one: portguard run");
}

static int make_descriptors(struct live *l)
{
	const struct itimerspec every_second = { .it_interval.tv_sec = 1, .it_value.tv_nsec = 1 };
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->signal_fd < 0 || l->timer_fd < 0 ||
	    timerfd_settime(l->timer_fd, 0, &every_second, NULL))
		return -errno;
	return 0;
}

static int begin(struct live *l, const struct services *services, struct pg_error *err)
{
	struct screen *s;
	int r = begin_following(l);

	if (r)
		return not_running(l, r, err);
	l->screen = s = calloc(1, sizeof(*s));
	if (!s || top_init(&l->top) || top_init(&l->frozen))
		return -ENOMEM;
	event_source_fill(&l->source, l->ctx->paths.instance);
	s->services = services;
	s->instance = l->source.instance;
	s->host = l->source.host_name;
	s->top = &l->top;
	r = history_each(l->ctx->paths.var, 0, take_past, l);
	if (r)
		return pg_fail(err, r, PG_EXIT_NO_FILE, "top: %s: %s", l->ctx->paths.var,
			       strerror(-r));
	r = make_descriptors(l);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "top: %s", strerror(-r));
	return screen_open(s, l->ctx->color, err);
}

/* The signal that ended it ends the process, now that the terminal is as it was. */
static void die_of(int signal_number)
{
	sigset_t set;

	(void)signal(signal_number, SIG_DFL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signal_number);
	(void)raise(signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int cmd_top(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_services_ struct services services = { 0 };
	int left = take_options(argc, argv, NULL, 0, err), r, ended_by;

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	r = screen_check(err);
	r = r ? r : services_read("/etc/services", &services);
	if (r)
		return r;
	{
		_cleanup_(live_free) struct live l = {
			.ctx = ctx, .follower = FOLLOWER_INIT, .signal_fd = -1, .timer_fd = -1
		};

		r = begin(&l, &services, err);
		r = r ? r : loop(&l);
		ended_by = l.ended_by;
	}
	if (ended_by)
		die_of(ended_by);
	return r;
}
