// SPDX-License-Identifier: GPL-2.0-only
/*
 * A throw-away machine: a network namespace, a mount namespace with a tmpfs over /run and /var/lib
 * and a bpffs below it, and a cgroup. Links and maps die with the last process of those namespaces;
 * only the cgroup outlives processes, so a parent stays outside, waits, and removes it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/commands.h"

static const char *const cgroups[] = { "guarded_a", "guarded_b", "guarded_c",
				       "guarded_d", "guarded_e", "rest" };
#define CGROUPS (sizeof(cgroups) / sizeof(*cgroups))

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) == EOF || fclose(f))
		die("%s: %s", path, strerror(errno));
}

/* A cgroup of ours below the first cgroup2 mount where one can be made. */
static void make_cgroups(struct world *w)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *m;
	char path[BENCH_PATH + 16];

	w->cgroup[0] = '\0';
	while (mounts && !w->cgroup[0] && (m = getmntent(mounts))) {
		if (strcmp(m->mnt_type, "cgroup2"))
			continue;
		(void)snprintf(w->cgroup, sizeof(w->cgroup), "%.400s/portguard-bench-%d",
			       m->mnt_dir, (int)getpid());
		if (mkdir(w->cgroup, 0755))
			w->cgroup[0] = '\0';
	}
	if (mounts)
		(void)endmntent(mounts);
	if (!w->cgroup[0])
		die("no cgroup v2 mount in which a cgroup can be made");
	for (size_t i = 0; i < CGROUPS; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", w->cgroup, cgroups[i]);
		if (mkdir(path, 0755))
			die("%s: %s", path, strerror(errno));
	}
}

/* End what is left in a cgroup of ours: an agent, when its bench was interrupted. */
static void end_processes(const char *cgroup)
{
	char path[BENCH_PATH + 32];
	FILE *f;
	int pid;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		(void)kill(pid, SIGKILL);
	if (f)
		(void)fclose(f);
}

static void remove_cgroup(const char *path)
{
	if (!rmdir(path) || errno == ENOENT)
		return;
	end_processes(path);
	(void)rmdir(path);
}

/* Those below it. */
static void clear_cgroup(const char *path)
{
	char below[BENCH_PATH + 300];
	DIR *d = opendir(path);
	const struct dirent *entry;

	while (d && (entry = readdir(d))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (!rmdir(below))
			continue;
		clear_cgroup(below);
		remove_cgroup(below);
	}
	if (d)
		(void)closedir(d);
}

void world_clear_cgroup(const struct world *w, const char *cgroup)
{
	char path[BENCH_PATH + 16];

	(void)snprintf(path, sizeof(path), "%s/%s", w->cgroup, cgroup);
	clear_cgroup(path);
}

/* A cgroup can be removed when its last process is gone, which takes a moment. */
static void remove_cgroups(const struct world *w)
{
	struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	char path[BENCH_PATH + 16];

	for (int tries = 0; tries < 500; tries++) {
		for (size_t i = 0; i < CGROUPS; i++) {
			(void)snprintf(path, sizeof(path), "%s/%s", w->cgroup, cgroups[i]);
			clear_cgroup(path);
			remove_cgroup(path);
		}
		if (!rmdir(w->cgroup) || errno == ENOENT)
			return;
		(void)nanosleep(&pause, NULL);
	}
	(void)fprintf(stderr, "bench: %s could not be removed\n", w->cgroup);
}

static void mount_one(const char *type, const char *at)
{
	if (mount(type, at, type, 0, NULL))
		die("mount %s on %s: %s", type, at, strerror(errno));
}

static void must(char *const argv[])
{
	(void)command(argv, -1);
}

static void make_devices(void)
{
	must((char *[]){ "ip", "link", "set", "lo", "up", NULL });
	must((char *[]){ "ip", "link", "add", WORLD_DEVICE_A, "type", "veth", "peer", "name",
			 WORLD_DEVICE_B, NULL });
	must((char *[]){ "ip", "link", "set", WORLD_DEVICE_A, "up", NULL });
	must((char *[]){ "ip", "link", "set", WORLD_DEVICE_B, "up", NULL });
}

void world_enter_cgroup(const struct world *w, const char *cgroup)
{
	char path[BENCH_PATH + 32];

	(void)snprintf(path, sizeof(path), "%s/%s/cgroup.procs", w->cgroup, cgroup);
	write_text(path, "0");
}

void world_cgroup_path(const struct world *w, const char *cgroup, char *to, size_t size)
{
	FILE *f;
	char line[BENCH_PATH];

	world_enter_cgroup(w, cgroup);
	f = fopen("/proc/self/cgroup", "re");
	to[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "0::", 3))
			(void)snprintf(to, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
	if (f)
		(void)fclose(f);
	world_enter_cgroup(w, "rest");
	if (!to[0])
		die("/proc/self/cgroup: no cgroup v2");
}

static void enter(const struct world *w)
{
	world_enter_cgroup(w, "rest");
	if (unshare(CLONE_NEWNS | CLONE_NEWNET))
		die("namespaces: %s", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("mount --make-rprivate /: %s", strerror(errno));
	mount_one("tmpfs", "/run");
	mount_one("tmpfs", "/var/lib");
	if (mkdir(WORLD_DIR, 0700) || mkdir(WORLD_BPFFS, 0700))
		die("%s: %s", WORLD_BPFFS, strerror(errno));
	mount_one("bpf", WORLD_BPFFS);
	make_devices();
}

static int wait_for(pid_t child, const sigset_t *signals)
{
	int status, signal;

	for (;;) {
		if (sigwait(signals, &signal))
			continue;
		if (signal != SIGCHLD) {
			(void)kill(child, SIGKILL);
			(void)waitpid(child, &status, 0);
			return 128 + signal;
		}
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

int world_run(struct world *w, int (*body)(const struct world *w, void *data), void *data)
{
	sigset_t signals, before;
	pid_t child;
	int code;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGCHLD);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &signals, &before);
	make_cgroups(w);
	(void)fflush(stdout);
	child = fork();
	if (!child) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		enter(w);
		exit(body(w, data));
	}
	code = child < 0 ? 1 : wait_for(child, &signals);
	remove_cgroups(w);
	return code;
}

void world_policy(const char *path, const char *device, unsigned rules)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die("%s: %s", path, strerror(errno));
	(void)fprintf(f,
		      "version: 1\ninterfaces: [%s]\nfailsafe: []\nessentials: []\nrules:\n  - "
		      "allow 80/tcp\n",
		      device);
	for (unsigned i = 1; i < rules; i++)
		(void)fprintf(f, "  - allow %u/tcp\n", 20000 + i);
	if (fclose(f))
		die("%s: %s", path, strerror(errno));
}
