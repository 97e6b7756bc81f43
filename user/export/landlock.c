// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and TCP ports by Landlock. All that the kernel's version can restrict is restricted; headers
 * older than the kernel do not name it all, so the numbers are ours (linux/landlock.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "export/sandbox.h"
#include "util/cleanup.h"

#define RULE_NET_PORT 2
#define NET_CONNECT_TCP 2ULL
#define DNS_PORT 53

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_TRUNCATE (1ULL << 14)
#define FS_STATE                                                                 \
	(FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE)

/* linux/landlock.h, struct landlock_ruleset_attr, as of version 6. */
struct ruleset {
	uint64_t fs, net, scoped;
};

struct port_rule {
	uint64_t access, port;
};

/* What each version can restrict: all that those before it can, and more. */
static const struct ruleset versions[] = {
	{ 0, 0, 0 },        { 0x1fff, 0, 0 },   { 0x3fff, 0, 0 },     { 0x7fff, 0, 0 },
	{ 0x7fff, 0x3, 0 }, { 0xffff, 0x3, 0 }, { 0xffff, 0x3, 0x3 },
};

static int allow_path(int ruleset, uint64_t handled, const char *path, uint64_t access)
{
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .allowed_access = access & handled,
						   .parent_fd = fd };

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)
		       ? -errno
		       : 0;
}

/* resolv.conf may be a link to where a daemon puts new ones. */
static int allow_resolver(int ruleset, uint64_t handled)
{
	_cleanup_free_ char *real = realpath("/etc/resolv.conf", NULL);
	char *end = real ? strrchr(real, '/') : NULL;

	if (!end || end == real)
		return 0;
	*end = '\0';
	return allow_path(ruleset, handled, real, FS_READ);
}

static int allow_port(int ruleset, uint16_t port)
{
	const struct port_rule rule = { .access = NET_CONNECT_TCP, .port = port };

	return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) ? -errno : 0;
}

static int allow_ports(int ruleset, const struct ruleset *handled, uint16_t port)
{
	int r;

	if (!(handled->net & NET_CONNECT_TCP))
		return 0;
	r = allow_port(ruleset, port);
	return r ? r : allow_port(ruleset, DNS_PORT); /* long answers come by TCP */
}

int landlock_enter(const struct sandbox *s)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset handled;
	_cleanup_close_ int fd = -1;
	int r;

	if (version < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? LANDLOCK_NONE : -errno;
	if (version >= (long)ARRAY_SIZE(versions))
		version = ARRAY_SIZE(versions) - 1;
	handled = versions[version];
	if (!s->port)
		handled.net &= ~NET_CONNECT_TCP;
	/* an older kernel takes a longer struct if what it does not know is 0 */
	fd = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
	if (fd < 0)
		return -errno;
	r = allow_path(fd, handled.fs, "/etc", FS_READ);
	r = r ? r : allow_resolver(fd, handled.fs);
	r = r ? r : allow_path(fd, handled.fs, s->writable, FS_STATE);
	r = r ? r : allow_ports(fd, &handled, s->port);
	if (r)
		return r;
	return syscall(SYS_landlock_restrict_self, fd, 0) ? -errno : (int)version;
}
