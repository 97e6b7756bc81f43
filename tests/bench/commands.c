// SPDX-License-Identifier: GPL-2.0-only
/* Commands as whole processes: posix_spawn, wait4, and the two clocks. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/packets.h"

extern char **environ;

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Its output goes to @out, its messages to @err, or nowhere. Return: 0 or an errno. */
static int try_spawn(char *const argv[], int out, int err, pid_t *ret_pid)
{
	posix_spawn_file_actions_t files;
	int r = posix_spawn_file_actions_init(&files);

	if (!r)
		r = out < 0 ? posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)
			    : posix_spawn_file_actions_adddup2(&files, out, 1);
	if (!r)
		r = err < 0 ? posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)
			    : posix_spawn_file_actions_adddup2(&files, err, 2);
	if (!r)
		r = posix_spawnp(ret_pid, argv[0], &files, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

static pid_t spawn(char *const argv[], int out, int err)
{
	pid_t pid;
	int r = try_spawn(argv, out, err, &pid);

	if (r)
		die("%s: %s", argv[0], strerror(r));
	return pid;
}

static void say_words(char *const argv[])
{
	(void)fprintf(stderr, "bench: fails:");
	for (size_t i = 0; argv[i]; i++)
		(void)fprintf(stderr, " %s", argv[i]);
	(void)fprintf(stderr, "\n");
}

struct cost command(char *const argv[], int out_fd)
{
	double began = now_us();
	struct rusage used;
	int status;
	pid_t pid = spawn(argv, out_fd, -1);

	if (wait4(pid, &status, 0, &used) != pid)
		die("wait4: %s", strerror(errno));
	if (status) {
		say_words(argv);
		(void)waitpid(spawn(argv, 2, 2), &status, 0); /* again, to see what it says */
		die("a command that must succeed failed");
	}
	return (struct cost){
		.wall_us = now_us() - began,
		.cpu_us = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
			  (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec),
	};
}

bool succeeds(char *const argv[], int err_fd)
{
	pid_t pid;
	int status;

	return !try_spawn(argv, -1, err_fd, &pid) && waitpid(pid, &status, 0) == pid && !status;
}

struct command_line portguard(const struct world *w, const char *instance,
			      const char *const words[])
{
	struct command_line line = {
		.argv = { w->portguard, "--instance", instance, "--bpffs", WORLD_BPFFS },
	};
	size_t at = 5;

	for (size_t i = 0; words[i] && at < COMMAND_WORDS - 1; i++)
		line.argv[at++] = words[i];
	return line;
}

struct cost run_portguard(const struct world *w, const char *instance, const char *const words[])
{
	struct command_line line = portguard(w, instance, words);

	return command((char *const *)line.argv, -1);
}

pid_t start_portguard(const struct world *w, const char *instance, const char *const words[])
{
	struct command_line line = portguard(w, instance, words);

	return spawn((char *const *)line.argv, -1, -1);
}

void end_process(pid_t pid)
{
	(void)kill(pid, SIGTERM);
	(void)waitpid(pid, NULL, 0);
}

/* Until the line comes, or the agent ends. */
static void wait_until_ready(int fd, const char *argv0)
{
	char text[4096];
	size_t used = 0;
	ssize_t n;

	while (used < sizeof(text) - 1 &&
	       (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0) {
		used += (size_t)n;
		text[used] = '\0';
		if (strstr(text, "portguard: ready\n"))
			return;
	}
	text[used] = '\0';
	die("%s run did not get ready: %s", argv0, text);
}

/* What no device wants is loaded after the agent is ready: what is measured next is not to meet it. */
static void wait_for_the_rest(const char *instance)
{
	static const char *const programs[] = { "pg_in_xdp", "pg_in_tc", "pg_out_tc", "pg_in_l3", "pg_out_l3" };
	char pins[BENCH_PATH];

	(void)snprintf(pins, sizeof(pins), WORLD_BPFFS "/portguard/%s", instance);
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		(void)close(pinned(pins, programs[i]));
}

struct agent agent_start(const struct world *w, const char *instance, const char *const words[])
{
	struct command_line line = portguard(w, instance, words);
	double began = now_us();
	struct agent a;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	a.pid = spawn((char *const *)line.argv, -1, fds[1]);
	(void)close(fds[1]);
	wait_until_ready(fds[0], w->portguard);
	a.ready_ms = (now_us() - began) / 1e3;
	(void)close(fds[0]);
	wait_for_the_rest(instance);
	return a;
}

void agent_end(const struct agent *a)
{
	int status;

	if (kill(a->pid, SIGTERM) || waitpid(a->pid, &status, 0) != a->pid)
		die("the agent: %s", strerror(errno));
	if (status)
		die("the agent ended with status %d", status);
}

static double figure(const char *json, const char *key)
{
	const char *at = strstr(json, key);

	at = at ? strchr(at, ':') : NULL;
	if (!at)
		die("status --memory --json lacks %s: %s", key, json);
	return strtod(at + 1, NULL);
}

struct memory memory_of(const struct world *w, const char *instance)
{
	struct command_line line =
		portguard(w, instance, (const char *[]){ "--json", "status", "--memory", NULL });
	char json[16384];
	size_t used = 0;
	ssize_t n;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	(void)command((char *const *)line.argv, fds[1]); /* less than a pipe holds */
	(void)close(fds[1]);
	while (used < sizeof(json) - 1 &&
	       (n = read(fds[0], json + used, sizeof(json) - 1 - used)) > 0)
		used += (size_t)n;
	json[used] = '\0';
	(void)close(fds[0]);
	return (struct memory){ figure(json, "\"agent_rss\"") / 1024,
				figure(json, "\"maps_total\"") / 1024,
				figure(json, "\"pg_peers\"") / 1024 };
}
