// SPDX-License-Identifier: GPL-2.0-only
/* Locks; see lock.h. Neither kind has a deadline of its own: a timer's signal interrupts the wait. */
#include "kernel/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>

#include "util/cleanup.h"

#define KNOCK_US 20000 /* after the deadline the signal comes again: one may come before the wait */

/* What the alarm was before. */
struct alarm {
	struct sigaction action;
	struct itimerval timer;
	sigset_t mask;
	uint64_t end_ms;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void on_alarm(int signal)
{
	(void)signal; /* it has interrupted the wait, which is all */
}

static void alarm_begin(struct alarm *a, int wait_ms)
{
	const struct sigaction action = { .sa_handler = on_alarm }; /* without SA_RESTART */
	const struct itimerval timer = {
		.it_value = { wait_ms / 1000, wait_ms % 1000 * 1000 },
		.it_interval = { 0, KNOCK_US },
	};
	sigset_t set;

	a->end_ms = now_ms() + (uint64_t)wait_ms;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	(void)sigaction(SIGALRM, &action, &a->action);
	(void)sigprocmask(SIG_UNBLOCK, &set, &a->mask); /* who started us may have blocked it */
	(void)setitimer(ITIMER_REAL, &timer, &a->timer);
}

static void alarm_end(const struct alarm *a)
{
	(void)setitimer(ITIMER_REAL, &a->timer, NULL);
	(void)sigprocmask(SIG_SETMASK, &a->mask, NULL);
	(void)sigaction(SIGALRM, &a->action, NULL);
}

static int pass_turnstile(int fd, bool wait)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &all) ? -errno : 0;
}

static void leave_turnstile(int fd)
{
	struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_OFD_SETLK, &all); /* it ends with the descriptor, too */
}

static int take(int fd, bool exclusive, bool wait)
{
	return flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB)) ? -errno : 0;
}

/* Without waiting; who does not mean to wait passes those by who do. */
static int take_now(int fd, bool exclusive, bool in_turn)
{
	int r = in_turn ? pass_turnstile(fd, false) : 0;

	r = r ? r : take(fd, exclusive, false);
	if (in_turn)
		leave_turnstile(fd);
	return r == -EACCES ? -EAGAIN : r; /* fcntl(2): either */
}

/* Both, each as long as there is time. */
static int take_in_turn(int fd, bool exclusive, const struct alarm *alarm)
{
	int r;

	do
		r = pass_turnstile(fd, true);
	while (r == -EINTR && now_ms() < alarm->end_ms);
	if (r)
		return r == -EINTR ? -EBUSY : r;
	do
		r = take(fd, exclusive, true);
	while (r == -EINTR && now_ms() < alarm->end_ms);
	leave_turnstile(fd);
	return r == -EINTR ? -EBUSY : r;
}

static int open_file(const struct paths *p, const char *path)
{
	int r = make_directories(p->run), fd;

	if (r)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

/* `down` may have removed the file meanwhile: a lock on what is gone guards nothing. */
static bool is_current(int fd, const char *path)
{
	struct stat held, there;

	return !fstat(fd, &held) && !stat(path, &there) && held.st_ino == there.st_ino;
}

static int take_current(const struct paths *p, const char *path, bool exclusive,
			const struct alarm *alarm, int *ret_fd)
{
	for (;;) {
		_cleanup_close_ int fd = open_file(p, path);
		int r = fd < 0 ? fd : take_now(fd, exclusive, alarm != NULL);

		if (r == -EAGAIN)
			r = alarm ? take_in_turn(fd, exclusive, alarm) : -EBUSY;
		if (r)
			return r;
		if (is_current(fd, path)) {
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
	}
}

int lock_take(const struct paths *p, const char *name, bool exclusive, int wait_ms, int *ret_fd)
{
	char path[PG_PATH + 64];
	struct alarm alarm;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", p->run, name);
	if (wait_ms <= 0)
		return take_current(p, path, exclusive, NULL, ret_fd);
	alarm_begin(&alarm, wait_ms);
	r = take_current(p, path, exclusive, &alarm, ret_fd);
	alarm_end(&alarm);
	return r;
}

/* One line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 123 00:1a:456 0 EOF"; waiters have a "->". */
static int holder_of(const char *line, const struct stat *file)
{
	unsigned major, minor;
	unsigned long inode;
	int pid;

	return sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor, &inode) == 4 &&
			       inode == file->st_ino && makedev(major, minor) == file->st_dev
		       ? pid
		       : 0;
}

/* A process that holds the lock, or 0: nobody any more, or nobody of this pid namespace. */
static int find_holder(const char *path)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/locks", "re");
	_cleanup_free_ char *line = NULL;
	struct stat file;
	size_t room = 0;
	int pid = 0;

	if (!f || stat(path, &file))
		return 0;
	while (!pid && getline(&line, &room, f) > 0)
		pid = holder_of(line, &file);
	return pid > 0 ? pid : 0;
}

static int lock_is_busy(const struct paths *p, int wait_ms, struct pg_error *err)
{
	char path[PG_PATH + 64], waited[64] = "", who[32] = "";
	int pid;

	(void)snprintf(path, sizeof(path), "%s/lock", p->run);
	pid = find_holder(path);
	if (wait_ms > 0)
		(void)snprintf(waited, sizeof(waited), "; waited %d s", wait_ms / 1000);
	if (pid)
		(void)snprintf(who, sizeof(who), " (pid %d)", pid);
	(void)pg_fail(err, -EBUSY, PG_EXIT_BUSY, "lock: another portguard command%s holds %s%s",
		      who, path, waited);
	return pg_help(err, -EBUSY, "nothing was changed; try again when it is done");
}

int lock_commands(const struct paths *p, bool exclusive, int wait_ms, int *ret_fd,
		  struct pg_error *err)
{
	int r = lock_take(p, "lock", exclusive, wait_ms, ret_fd);

	if (r == -EBUSY)
		return lock_is_busy(p, wait_ms, err);
	return r ? pg_fail(err, r, PG_EXIT_AUTO, "lock %s/lock: %s", p->run, strerror(-r)) : 0;
}
