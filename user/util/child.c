// SPDX-License-Identifier: GPL-2.0-only
#include "util/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int start(char *const argv[], int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawn_file_actions_init(&files);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		(void)posix_spawn_file_actions_destroy(&files);
		return -r;
	}
	r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	r = r ? r : posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	r = r ? r : posix_spawn_file_actions_adddup2(&files, out, STDERR_FILENO);
	r = r ? r : posix_spawnattr_setsigmask(&attributes, &none);
	r = r ? r : posix_spawnattr_setsigdefault(&attributes, &all);
	r = r ? r
	      : posix_spawnattr_setflags(&attributes,
					 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = r ? r : posix_spawn(ret, argv[0], &files, &attributes, argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attributes);
	return -r;
}

/* To the end of what it writes; what has no room is read all the same, so that it does not wait for us. */
static void read_all(int fd, char *said, size_t size)
{
	char more[4096];
	size_t length = 0;
	ssize_t n;

	for (;;) {
		bool room = length + 1 < size;

		n = read(fd, room ? said + length : more, room ? size - 1 - length : sizeof(more));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		length += room ? (size_t)n : 0;
	}
	said[length] = '\0';
}

int child_run(char *const argv[], char *said, size_t size)
{
	int ends[2], status = 0, r;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	r = start(argv, ends[1], &pid);
	(void)close(ends[1]);
	if (!r)
		read_all(ends[0], said, size);
	(void)close(ends[0]);
	if (r)
		return r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What it exits with: an errno, if there is room for it. */
static int exit_code(int r)
{
	return r >= -255 ? -r : EIO;
}

pid_t child_begin(int (*call)(void *data), void *data)
{
	pid_t parent = getpid(), pid;

	(void)signal(SIGCHLD, SIG_DFL); /* ignored, as it may be from our parent, it leaves nobody to wait for */
	pid = fork();
	if (pid)
		return pid < 0 ? -errno : pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(ESRCH);
	_exit(exit_code(call(data)));
}

int child_end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}
