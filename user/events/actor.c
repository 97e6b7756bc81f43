// SPDX-License-Identifier: GPL-2.0-only
#include "events/actor.h"

#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/proc.h"
#include "util/ssh.h"

#define ENVIRONMENT_MAX (32 * 1024)
#define MOST_PARENTS 5 /* a shell of root's, su, sudo and its watcher, the login shell */
#define VARIABLE "SSH_CONNECTION="

static bool take_ssh(struct actor *a, const char *text)
{
	struct ssh_connection c;

	if (!text || ssh_connection_parse(text, &c))
		return false;
	a->event.ssh = address_print(c.client, a->ssh);
	return true;
}

/* The environment with which a process began; others may have written anything into it. */
static bool take_environment(struct actor *a, int dir_fd)
{
	_cleanup_free_ char *text = malloc(ENVIRONMENT_MAX + 1);
	size_t length = text ? proc_read(dir_fd, "environ", text, ENVIRONMENT_MAX) : 0;

	if (!length)
		return false;
	text[length] = '\0';
	for (char *at = text; at < text + length; at += strlen(at) + 1)
		if (!strncmp(at, VARIABLE, strlen(VARIABLE)))
			return take_ssh(a, at + strlen(VARIABLE));
	return false;
}

/* From @pid up. */
static void find_ssh(struct actor *a, const char *proc, uint32_t pid)
{
	for (unsigned i = 0; i < MOST_PARENTS && pid > 1; i++) {
		_cleanup_close_ int dir_fd = proc_open(proc, pid);
		struct proc_stat stat;

		if (dir_fd < 0 || take_environment(a, dir_fd) || !proc_stat(dir_fd, &stat))
			return;
		pid = stat.parent;
	}
}

/* Return: the parent; 0: the process has ended. */
static uint32_t read_process(struct actor *a, const char *proc, uint32_t pid, uint32_t uid)
{
	_cleanup_close_ int dir_fd = proc_open(proc, pid);
	struct proc_stat stat;

	*a = (struct actor){ .event = { .known = true, .uid = uid, .pid = pid } };
	if (dir_fd < 0 || !proc_stat(dir_fd, &stat))
		return 0;
	(void)snprintf(a->comm, sizeof(a->comm), "%s", stat.comm);
	a->event.comm = a->comm;
	if (stat.tty) {
		proc_tty_name(stat.tty, a->tty, sizeof(a->tty));
		a->event.tty = a->tty;
	}
	return stat.parent;
}

void actor_read_self(struct actor *ret)
{
	uint32_t parent = read_process(ret, "/proc", (uint32_t)getpid(), getuid());

	/* Nobody logged in where there is no terminal, unless sudo was called by ssh itself. */
	if (!take_ssh(ret, getenv("SSH_CONNECTION")) && (ret->event.tty || getenv("SUDO_UID")))
		find_ssh(ret, "/proc", parent);
}

void actor_read(const char *proc, uint32_t pid, uint32_t uid, struct actor *ret)
{
	if (read_process(ret, proc, pid, uid))
		find_ssh(ret, proc, pid);
}
