// SPDX-License-Identifier: GPL-2.0-only
/* The order: first who we are, since a changed user loses what only root may ask for; system calls last. */
#include "export/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEFAULT_USER "portguard"

int sandbox_user(const char *name, struct sandbox *s, struct pg_error *err)
{
	const char *wanted = name ? name : DEFAULT_USER;
	const struct passwd *user;

	if (getuid() && geteuid())
		return name ? pg_fail(err, -EPERM, PG_EXIT_PERMISSION,
				      "user %.64s: only root can become somebody else", name)
			    : 0;
	user = getpwnam(wanted);
	if (user && user->pw_uid) {
		s->uid = user->pw_uid;
		s->gid = user->pw_gid;
		return 0;
	}
	(void)pg_fail(err, -EPERM, PG_EXIT_REFUSED, "user %.64s: %s", wanted,
		      user ? "root does not forward events"
			   : "there is none, and root does not forward events");
	return pg_help(
		err, -EPERM,
		"make one, in a group of that name: useradd --system --user-group portguard");
}

static void load_names(const char *host)
{
	struct addrinfo *found = NULL;

	if (!getaddrinfo(host, NULL, NULL, &found))
		freeaddrinfo(found);
}

/* Its groups come along: one of them may follow events. */
static int become(const struct sandbox *s)
{
	const capng_flags_t how = CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT;

	capng_clear(CAPNG_SELECT_ALL);
	if (s->uid && capng_change_id((int)s->uid, (int)s->gid, how))
		return -EPERM;
	if (!getuid() || !geteuid())
		return -EPERM;
	return capng_apply(CAPNG_SELECT_CAPS) || capng_apply(CAPNG_SELECT_AMBIENT) ? -EPERM : 0;
}

int sandbox_enter(const struct sandbox *s, int *ret_landlock, struct pg_error *err)
{
	static const struct rlimit none = { 0, 0 };
	int r = become(s);

	if (r)
		return pg_fail(err, r, PG_EXIT_PERMISSION,
			       "sandbox: cannot give up root and its capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0) ||
	    setrlimit(RLIMIT_CORE, &none))
		return pg_fail(err, -errno, PG_EXIT_UNAVAILABLE, "sandbox: %s", strerror(errno));
	load_names(s->host);
	r = landlock_enter(s);
	if (r < 0)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "sandbox: Landlock: %s", strerror(-r));
	*ret_landlock = r;
	r = syscalls_enter(s);
	return r ? pg_fail(err, r, PG_EXIT_UNAVAILABLE, "sandbox: seccomp: %s", strerror(-r)) : 0;
}
