// SPDX-License-Identifier: GPL-2.0-only
/* sock_diag(7) dumps, and /proc/PID/fd for who holds what; see sockets.h. */
#include "kernel/sockets.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/nl.h"
#include "util/cleanup.h"

struct walk {
	uint8_t protocol;
	socket_fn fn;
	void *data;
};

static void map_address(uint8_t to[16], uint8_t family, const __be32 from[4])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (family == AF_INET6) {
		memcpy(to, from, 16);
		return;
	}
	memcpy(to, mapped, sizeof(mapped));
	memcpy(to + 12, from, 4);
}

static bool is_mapped(const uint8_t address[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(address, mapped, sizeof(mapped));
}

static int one_socket(const struct nlmsghdr *m, void *data)
{
	const struct inet_diag_msg *d = NLMSG_DATA(m);
	const struct walk *w = data;
	struct socket_entry s;

	if (m->nlmsg_len < NLMSG_LENGTH(sizeof(*d)))
		return 0;
	s = (struct socket_entry){
		.protocol = w->protocol,
		.state = d->idiag_state,
		.local_port = ntohs(d->id.idiag_sport),
		.remote_port = ntohs(d->id.idiag_dport),
		.uid = d->idiag_uid,
		.device = d->id.idiag_if,
		.inode = d->idiag_inode,
	};
	map_address(s.local, d->idiag_family, d->id.idiag_src);
	map_address(s.remote, d->idiag_family, d->id.idiag_dst);
	s.family = is_mapped(s.local) || is_mapped(s.remote) ? 4 : 6;
	return w->fn(&s, w->data);
}

int sockets_each(uint8_t protocol, uint32_t states, socket_fn fn, void *data)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 q;
	} request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.q = { .sdiag_protocol = protocol, .idiag_states = states },
	};
	struct walk w = { protocol, fn, data };
	int r;

	request.q.sdiag_family = AF_INET;
	r = nl_dump(NETLINK_SOCK_DIAG, &request.h, 1, one_socket, &w);
	if (r)
		return r;
	request.q.sdiag_family = AF_INET6;
	r = nl_dump(NETLINK_SOCK_DIAG, &request.h, 1, one_socket, &w);
	return r == -ENOENT ? 0 : r; /* no IPv6 */
}

struct inodes {
	uint64_t *list;
	size_t count;
};

static void cleanup_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int add_held(struct inodes *all, int fd_dir)
{
	_cleanup_(cleanup_dir) DIR *dir = fdopendir(fd_dir);
	struct dirent *entry;

	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		unsigned long long inode;
		char target[64];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		uint64_t *grown;

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%llu]", &inode) != 1)
			continue;
		grown = reallocarray(all->list, all->count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		all->list = grown;
		all->list[all->count++] = inode;
	}
	return 0;
}

/* The program's file: a process name alone is the process's own to choose. */
static bool runs(const char *pid, const char *name)
{
	char path[64], target[1024], *base;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	base = strrchr(target, '/');
	return base && !strncmp(base + 1, name, strlen(name));
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int sockets_held_by(const char *name, uint64_t **ret_inodes, size_t *ret_count)
{
	_cleanup_(cleanup_dir) DIR *proc = opendir("/proc");
	struct inodes all = { 0 };
	struct dirent *entry;
	int r = 0;

	if (!proc)
		return -errno;
	while (!r && (entry = readdir(proc))) {
		char path[64];
		int fd;

		if (!isdigit((unsigned char)entry->d_name[0]) || !runs(entry->d_name, name))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%.20s/fd", entry->d_name);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			r = add_held(&all, fd);
	}
	if (r) {
		free(all.list);
		return r;
	}
	if (all.count)
		qsort(all.list, all.count, sizeof(*all.list), compare);
	*ret_inodes = all.list;
	*ret_count = all.count;
	return 0;
}
