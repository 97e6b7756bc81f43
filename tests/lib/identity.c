// SPDX-License-Identifier: GPL-2.0-only
/*
 * identity GUARDED OUTSIDE: a process of a guarded cgroup tries to bind as somebody else: with a
 * socket that goes where nobody is guarded, as another user, in namespaces of its own. Whose socket
 * it is, the cgroup says in which it was made. GUARDED and OUTSIDE are directories of cgroups. A case
 * is one line of the table below, run in a process of its own; lib/attack.h says how it is told.
 */
#include <sched.h>
#include <sys/stat.h>

#include "lib/cgroup.h"

#define CLOSED_PORT 1081
#define NOBODY 65534

struct place {
	const char *guarded, *outside;
};

static int bind_closed(int fd, int family)
{
	struct address any = address_of(family, "", CLOSED_PORT);

	return fd < 0 ? fd : errno_of(bind(fd, sockaddr_of(&any), any.length));
}

/* Passed by SCM_RIGHTS from a guarded process to one outside. */
static int passed_out(const struct place *place, int family)
{
	int r = join(place->outside);

	return r ? r : bind_closed(socket_from(place->guarded, family, SOCK_STREAM), family);
}

/* Taken out of a guarded process, which need not even help. */
static int taken_out(const struct place *place, int family)
{
	int fd = make_socket(family, SOCK_STREAM, 0), r = join(place->outside), status, pidfd, copy;
	pid_t child = fork();

	if (fd < 0 || r || child < 0)
		return fd < 0 ? fd : r ? r : -errno;
	if (child) {
		(void)waitpid(child, &status, 0);
		return -WEXITSTATUS(status);
	}
	pidfd = syscall(SYS_pidfd_open, getppid(), 0);
	close(fd);
	copy = pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	_exit(copy < 0 ? errno : -bind_closed(copy, family));
}

static int moved(const struct place *place, int family)
{
	int fd = make_socket(family, SOCK_STREAM, 0), r = join(place->outside);

	return r ? r : bind_closed(fd, family);
}

static int below(const struct place *place, int family)
{
	char path[PATH_MAX];
	int r = snprintf(path, sizeof(path), "%s/below-%d", place->guarded, getpid());

	if (r >= (int)sizeof(path) || mkdir(path, 0755))
		return -errno;
	r = join(path);
	r = r ? r : bind_closed(make_socket(family, SOCK_STREAM, 0), family);
	if (!join(place->guarded))
		(void)rmdir(path);	/* else the test's end does it */
	return r;
}

static int cgroup_namespace(const struct place *place, int family)
{
	(void)place;
	if (unshare(CLONE_NEWCGROUP))
		return -errno;
	return bind_closed(make_socket(family, SOCK_STREAM, 0), family);
}

static int user_namespace(const struct place *place, int family)
{
	(void)place;
	if (unshare(CLONE_NEWUSER))
		return errno == EPERM || errno == ENOSPC ? -ENOSYS : -errno;
	return bind_closed(make_socket(family, SOCK_STREAM, 0), family);
}

/* The socket stays one of the host's namespace when its process leaves that. */
static int other_network(const struct place *place, int family)
{
	int fd = make_socket(family, SOCK_STREAM, 0);

	(void)place;
	if (unshare(CLONE_NEWNET))
		return -errno;
	return bind_closed(fd, family);
}

static int other_user(const struct place *place, int family)
{
	(void)place;
	if (setuid(NOBODY))
		return -errno;
	return bind_closed(make_socket(family, SOCK_STREAM, 0), family);
}

static const struct {
	const char *name;
	int (*run)(const struct place *place, int family);
} attacks[] = {
	{ "bind a socket passed out by SCM_RIGHTS", passed_out },
	{ "bind a socket taken by pidfd_getfd", taken_out },
	{ "bind after the process has moved out", moved },
	{ "bind in a cgroup below", below },
	{ "bind in a cgroup namespace", cgroup_namespace },
	{ "bind in a user namespace", user_namespace },
	{ "bind from another network namespace", other_network },
	{ "bind as another user", other_user },
};

/* Each case in a child: what it changes of itself must not outlive it. */
static int run_apart(size_t i, const struct place *place, int family)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		int r = join(place->guarded);

		_exit(-(r ? r : attacks[i].run(place, family)));
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

int main(int argc, char **argv)
{
	struct place place = { argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "" };

	if (argc != 3) {
		fprintf(stderr, "usage: identity GUARDED OUTSIDE\n");
		return 64;
	}
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++)
		for (int six = 0; six < 2; six++) {
			int family = six ? AF_INET6 : AF_INET;

			tell("bind", family, attacks[i].name, run_apart(i, &place, family));
			fflush(stdout);	/* or the next child would tell it again */
		}
	return 0;
}
