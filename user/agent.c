// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent: one thread, one epoll. The kernel guards without it; it reports, attaches to devices that
 * come later, and reads the policy file again when that changes.
 */
#include "agent.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include <bpf/libbpf.h>

#include "agent_changes.h"
#include "agent_containers.h"
#include "agent_devices.h"
#include "agent_events.h"
#include "agent_later.h"
#include "agent_metrics.h"
#include "agent_reload.h"
#include "agent_times.h"
#include "kernel/load.h"
#include "kernel/lock.h"
#include "kernel/seed.h"
#include "kernel/watch.h"
#include "kernel/sockets.h"
#include "notify.h"
#include "util/cleanup.h"

#define ROTATE_SECONDS 600
#define MOST_CLOSED 20

struct agent {
	const struct paths *paths;
	struct state state; /* mapped as long as the agent runs; the lock is not held */
	struct agent_events *events;
	struct ring_buffer *ring;
	struct watch *tampering;
	struct agent_reload reload;
	struct agent_devices devices;
	struct agent_changes changes;
	struct agent_times times;
	struct agent_containers containers;
	struct agent_metrics metrics;
	int epoll_fd, signal_fd, timer_fd, watch_fd;
	uint64_t lost; /* as reported last */
	unsigned seconds;
	unsigned closed; /* listeners, in this second */
	bool ends;
};

static void agent_close(struct agent *a)
{
	agent_events_free(a->events);
	ring_buffer__free(a->ring);
	config_watch_close(&a->reload.watch);
	watch_free(a->tampering);
	agent_times_close(&a->times);
	agent_containers_close(&a->containers);
	agent_metrics_close(&a->metrics);
	agent_devices_close(&a->devices);
	cleanup_close(&a->epoll_fd);
	cleanup_close(&a->signal_fd);
	cleanup_close(&a->timer_fd);
	cleanup_close(&a->watch_fd);
	state_close(&a->state);
}

static void say(void *data, const char *action, const char *text)
{
	struct agent *a = data;

	(void)fprintf(stderr, "portguard: %s\n", text);
	agent_events_health(a->events, action, text);
}

/*
 * on_listen: close, where this kernel could not refuse listen(). That very socket and no other; of many
 * in a second the rest stay open, and unreachable.
 */
static void close_listener(struct agent *a, const struct pg_record_refusal *r)
{
	char text[128];
	int error;

	if (r->type != PG_RECORD_REFUSAL || r->hook != PG_HOOK_LISTEN ||
	    r->reason != PG_REASON_UNENFORCED || !state_in_force(&a->state)->close_listeners)
		return;
	if (a->closed++ >= MOST_CLOSED) /* each costs a look at all sockets */
		return;
	error = sockets_close_listener(IPPROTO_TCP, r->family, r->local, r->local_port, r->socket);
	if (error >= 0)
		return;
	(void)snprintf(text, sizeof(text), "on_listen: close: port %u: %s", r->local_port,
		       strerror(-error));
	agent_events_health(a->events, "degraded", text);
}

static int take_record(void *data, void *record, size_t size)
{
	struct agent *a = data;

	agent_events_record(a->events, record, size);
	if (size >= sizeof(struct pg_record_refusal))
		close_listener(a, record);
	return 0;
}

/* Somebody asks for all that there is. */
static void hand_in_all(void *data)
{
	struct agent *a = data;

	(void)ring_buffer__consume(a->ring);
	agent_changes_take(&a->changes);
}

/* What somebody else has taken away or changed is put right, and told. */
static void check_tampering(struct agent *a)
{
	if (!watch_check(a->tampering))
		a->ends = true; /* `down` has taken the guard away */
}

static void check_times(struct agent *a)
{
	if (agent_times_check(&a->times))
		a->devices.changed = true;
}

static void on_watch(struct agent *a)
{
	uint64_t passed;

	if (read(a->watch_fd, &passed, sizeof(passed)) <= 0)
		return;
	check_times(a);
	agent_changes_take(&a->changes);
	check_tampering(a);
	agent_reload_look(&a->reload);
}

static void sync_devices(struct agent *a)
{
	check_tampering(a); /* first: what is attached then would hide that it was detached */
	if (!a->ends)
		agent_devices_sync(&a->devices);
}


static void report_lost(struct agent *a)
{
	uint64_t lost = state_count(&a->state, PG_COUNT_LOST);
	char text[128];

	if (lost == a->lost)
		return;
	(void)snprintf(text, sizeof(text), "%llu refusals found the ring full and are only counted",
		       (unsigned long long)(lost - a->lost));
	a->lost = lost;
	agent_events_health(a->events, "lost", text);
}

static void on_second(struct agent *a)
{
	uint64_t passed;

	if (read(a->timer_fd, &passed, sizeof(passed)) < 0)
		return;
	(void)ring_buffer__consume(a->ring);
	agent_events_tick(a->events);
	report_lost(a);
	a->seconds++;
	a->closed = 0;
	if (a->seconds % ROTATE_SECONDS == 0)
		(void)seed_rotate(&a->state); /* next time, then: stamps only wait longer */
	if (a->devices.changed)
		sync_devices(a);
	agent_containers_check(&a->containers);
	agent_metrics_tick(&a->metrics);
	if (config_watch_changed(&a->reload.watch, a->state.meta->saved) && !a->reload.wanted)
		a->reload.wanted = RELOAD_BY_WATCH;
	if (a->reload.wanted)
		agent_reload(&a->reload);
}

static void on_signal(struct agent *a)
{
	struct signalfd_siginfo info;

	if (read(a->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGUSR1) {
		agent_events_reopen(a->events);
	} else if (info.ssi_signo == SIGHUP) {
		a->reload.wanted = RELOAD_BY_HAND;
		actor_read("/proc", info.ssi_pid, info.ssi_uid, &a->reload.by);
		agent_reload(&a->reload);
	} else {
		a->ends = true;
	}
}

static int watch(struct agent *a, int fd, int which)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = which };

	return epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

enum { ON_RING, ON_SECOND, ON_WATCH, ON_TRIAL, ON_SIGNAL, ON_LINKS, ON_OUTPUTS, ON_METRICS };

static int open_signals(struct agent *a)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	a->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return a->signal_fd < 0 ? -errno : 0;
}

static int open_timer(unsigned ms, int *ret_fd)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	struct itimerspec every = { .it_interval = time, .it_value = time };

	*ret_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (*ret_fd < 0 || timerfd_settime(*ret_fd, 0, &every, NULL))
		return -errno;
	return 0;
}

static int open_watch(struct agent *a, struct pg_error *err)
{
	const struct watch_config config = {
		.paths = a->paths,
		.state = &a->state,
		.names = &a->containers.names,
		.say = say,
		.data = a,
	};

	return watch_open(&config, &a->tampering, err);
}

static int open_times(struct agent *a)
{
	a->times = (struct agent_times){
		.paths = a->paths,
		.state = &a->state,
		.timer_fd = -1,
	};
	return agent_times_open(&a->times);
}

static int open_metrics(struct agent *a)
{
	a->metrics = (struct agent_metrics){
		.paths = a->paths, .state = &a->state, .say = say, .data = a
	};
	return agent_metrics_open(&a->metrics);
}

static int open_ring(struct agent *a)
{
	_cleanup_close_ int fd = pin_open(a->paths, "pg_events");

	if (fd < 0)
		return fd;
	a->ring = ring_buffer__new(fd, take_record, a, NULL);
	return a->ring ? 0 : -errno;
}

static int open_all(struct agent *a, const struct agent_start *start, struct pg_error *err)
{
	const struct agent_events_config config = {
		.paths = a->paths,
		.state = &a->state,
		.event_log = start->event_log,
		.drain = hand_in_all,
		.data = a,
	};
	int r = open_timer(1000, &a->timer_fd);

	r = r ? r : open_timer(WATCH_MS, &a->watch_fd);
	r = r ? r : agent_devices_open(&a->devices);
	r = r ? r : open_ring(a);
	if (!r) {
		a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		r = a->epoll_fd < 0 ? -errno : 0;
	}
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "agent: %s", strerror(-r));
	agent_containers_open(&a->containers, a->paths, &a->state);
	r = agent_events_open(&config, &a->events, err);
	a->devices.events = a->reload.events = a->events;
	a->changes = (struct agent_changes){ a->paths, &a->state, a->events, false };
	r = r ? r : open_watch(a, err);
	r = r ? r : watch(a, ring_buffer__epoll_fd(a->ring), ON_RING);
	r = r ? r : watch(a, a->timer_fd, ON_SECOND);
	r = r ? r : watch(a, a->watch_fd, ON_WATCH);
	r = r ? r : open_times(a);
	r = r ? r : watch(a, a->times.timer_fd, ON_TRIAL);
	r = r ? r : watch(a, a->signal_fd, ON_SIGNAL);
	r = r ? r : watch(a, a->devices.fd, ON_LINKS);
	r = r ? r : watch(a, agent_events_fd(a->events), ON_OUTPUTS);
	r = r ? r : open_metrics(a);
	return r ? r : watch(a, agent_metrics_fd(&a->metrics), ON_METRICS);
}

static void handle(struct agent *a, int which)
{
	switch (which) {
	case ON_RING:
		(void)ring_buffer__consume(a->ring);
		break;
	case ON_SECOND:
		on_second(a);
		break;
	case ON_WATCH:
		on_watch(a);
		break;
	case ON_TRIAL:
		check_times(a);
		break;
	case ON_SIGNAL:
		on_signal(a);
		break;
	case ON_LINKS:
		if (agent_devices_news(&a->devices))
			sync_devices(a);
		break;
	case ON_OUTPUTS:
		agent_events_dispatch(a->events);
		break;
	case ON_METRICS:
		agent_metrics_dispatch(&a->metrics);
		break;
	}
}

static int loop(struct agent *a)
{
	struct epoll_event events[8];

	while (!a->ends) {
		int n = epoll_wait(a->epoll_fd, events, ARRAY_SIZE(events), -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++)
			handle(a, events[i].data.u32);
	}
	hand_in_all(a);
	agent_events_finish(a->events);
	return 0;
}

static int hold_agent_lock(const struct paths *paths, int *ret_fd, struct pg_error *err)
{
	char pid[32];
	int r = lock_take(paths, "agent.pid", true, 200, ret_fd);

	if (r == -EBUSY) {
		(void)pg_fail(err, r, PG_EXIT_BUSY,
			      "another agent of instance %s is running: pid %d", paths->instance,
			      agent_pid(paths));
		return pg_help(err, r,
			       "end it first, or give this one another name: --instance NAME");
	}
	if (r)
		return pg_fail(err, r, PG_EXIT_AUTO, "lock %s/agent.pid: %s", paths->run,
			       strerror(-r));
	(void)snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(*ret_fd, 0) || write(*ret_fd, pid, strlen(pid)) < 0)
		return pg_fail(err, -errno, PG_EXIT_OUTPUT, "%s/agent.pid: %s", paths->run,
			       strerror(errno));
	return 0;
}

static void remove_lock(const struct paths *paths)
{
	char path[PG_PATH + 64];

	(void)snprintf(path, sizeof(path), "%s/agent.pid", paths->run);
	(void)unlink(path);
}

static int begin(struct agent *a, const struct agent_start *start, struct pg_error *err)
{
	_cleanup_guard_ struct guard g = { 0 };
	bool fresh;
	int r = guard_begin(a->paths, &start->guard, &g, err);

	r = r ? r : state_open(a->paths, false, &a->state, err);
	if (r)
		return r;
	a->lost = state_count(&a->state, PG_COUNT_LOST);
	fresh = g.fresh;
	guard_close(&g); /* commands may go on */
	r = open_all(a, start, err);
	if (r && fresh)
		guard_undo(a->paths);
	return r;
}

int agent_run(const struct agent_start *start, struct pg_error *err)
{
	_cleanup_(agent_close) struct agent a = {
		.paths = start->paths,
		.epoll_fd = -1,
		.signal_fd = -1,
		.timer_fd = -1,
		.times = { .timer_fd = -1 },
		.watch_fd = -1,
		.devices = { .paths = start->paths, .say = say, .data = &a, .fd = -1 },
		.reload = { .paths = start->paths,
			    .state = &a.state,
			    .say = say,
			    .data = &a,
			    .watch = start->watch },
	};
	_cleanup_close_ int lock = -1;
	int r = open_signals(&a); /* first: one that comes during the start ends it in order */

#ifdef __GLIBC__
	/* Large tables are pages that nobody has touched, whatever loading takes and frees before. */
	(void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
#endif
	r = r ? r : hold_agent_lock(start->paths, &lock, err);
	if (r)
		return r;
	r = begin(&a, start, err);
	if (r) {
		remove_lock(start->paths);
		return r;
	}
#ifdef __GLIBC__
	(void)malloc_trim(0); /* what loading took: libbpf reads the types of the whole kernel */
#endif
	agent_events_health(a.events, "start", "portguard " PG_VERSION " guards this host");
	agent_changes_take(&a.changes);
	agent_reload_look(&a.reload);
	if (start->guard.degraded)
		agent_events_health(a.events, "degraded", start->guard.degraded);
	(void)fprintf(stderr, "portguard: ready\n");
	notify_ready();
	agent_later_load(a.paths, &a.state, a.tampering, a.events);
	r = loop(&a);
	remove_lock(start->paths);
	return r;
}
