// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking through /proc/PID/fd; see owners.h. What a process is called is read as soon as one of its
 * sockets is found, through the descriptor by which it was found.
 */
#include "kernel/owners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/proc.h"

#define PROC "/proc"

/* @name: of the process's directory in @proc_fd. */
typedef int (*process_fn)(void *data, int proc_fd, const char *name);
typedef int (*socket_held_fn)(void *data, uint64_t inode);

static void cleanup_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int each_process(const char *proc, process_fn fn, void *data)
{
	_cleanup_(cleanup_dir) DIR *dir = opendir(proc);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir)))
		if (proc_pid(entry->d_name))
			r = fn(data, dirfd(dir), entry->d_name);
	return r;
}

/*
 * Every descriptor of a process that is a socket; none where we may not look. @budget: how many may be looked at, or
 * NULL; -EDQUOT when it is used up.
 */
static int each_held(int dir_fd, unsigned *budget, socket_held_fn fn, void *data)
{
	int fd = openat(dir_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(cleanup_dir) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		cleanup_close(&fd);
		return 0;
	}
	while (!r && (entry = readdir(dir))) {
		unsigned long long inode;
		char target[64];
		ssize_t n;

		if (budget && !(*budget)--) {
			*budget = 0;
			return -EDQUOT;
		}
		n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%llu]", &inode) == 1)
			r = fn(data, inode);
	}
	return r;
}

int owners_add(struct owners *o, uint64_t inode)
{
	struct owner *grown;

	/* Doubling: at each power of two what is there is full. */
	if (!(o->count & (o->count - 1))) {
		grown = reallocarray(o->list, o->count ? o->count * 2 : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		o->list = grown;
	}
	o->list[o->count++] = (struct owner){ .inode = inode };
	return 0;
}

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static void make_unique(struct owners *o)
{
	size_t kept = 0;

	if (o->count)
		qsort(o->list, o->count, sizeof(*o->list), compare_owners);
	for (size_t i = 0; i < o->count; i++)
		if (!kept || o->list[kept - 1].inode != o->list[i].inode)
			o->list[kept++] = o->list[i];
	o->count = kept;
}

static struct owner *find_owner(const struct owners *o, uint64_t inode)
{
	struct owner key = { .inode = inode };

	return o->count ? bsearch(&key, o->list, o->count, sizeof(key), compare_owners) : NULL;
}

struct look {
	struct owners *owners;
	uint32_t pid;
	int dir_fd;
	bool known; /* the last of owners->processes is this one */
};

static int note_process(struct look *l)
{
	struct owners *o = l->owners;
	struct owner_process *grown;

	if (l->known)
		return 0;
	grown = reallocarray(o->processes, o->process_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	o->processes = grown;
	grown[o->process_count++] = (struct owner_process){
		.pid = l->pid,
		.comm = proc_comm(l->dir_fd),
		.exe = proc_exe(l->dir_fd),
		.cgroup = proc_cgroup(l->dir_fd),
	};
	l->known = true;
	return 0;
}

static int found(void *data, uint64_t inode)
{
	struct look *l = data;
	struct owner *owner = find_owner(l->owners, inode);
	int r;

	if (!owner || owner->last_pid == l->pid) /* one descriptor of several */
		return 0;
	owner->last_pid = l->pid;
	if (owner->processes++)
		return 0;
	r = note_process(l);
	owner->first = l->owners->process_count - 1;
	return r;
}

static int look_into(void *data, int proc_fd, const char *name)
{
	_cleanup_close_ int fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct look l = { .owners = data, .pid = proc_pid(name), .dir_fd = fd };

	return fd < 0 ? 0 : each_held(fd, NULL, found, &l); /* it may have ended meanwhile */
}

int owners_find(struct owners *o, const char *proc)
{
	make_unique(o);
	/* In the order of pids, as procfs lists them: the first is the oldest but for a wrap. */
	return o->count ? each_process(proc, look_into, o) : 0;
}

const struct owner_process *owners_of(const struct owners *o, uint64_t inode,
				      uint32_t *ret_processes)
{
	const struct owner *owner = find_owner(o, inode);

	*ret_processes = owner ? owner->processes : 0;
	return *ret_processes ? &o->processes[owner->first] : NULL;
}

static int is_wanted(void *data, uint64_t inode)
{
	return inode == *(const uint64_t *)data;
}

/* Return: 1 it holds the socket, 0 it does not, or -EDQUOT. */
static int holds(int dir_fd, uint64_t inode, unsigned *budget)
{
	if (*budget < OWNERS_PROCESS)
		return -EDQUOT;
	*budget -= OWNERS_PROCESS;
	return each_held(dir_fd, budget, is_wanted, &inode);
}

int owners_one(const char *proc, const char *cgroup, uint64_t inode, unsigned *budget,
	       uint32_t *ret_pid)
{
	char path[PATH_MAX], line[32];
	_cleanup_fclose_ FILE *f = NULL;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		_cleanup_close_ int fd = -1;
		int r;

		line[strcspn(line, "\n")] = '\0';
		fd = proc_open(proc, proc_pid(line));
		r = fd < 0 ? 0 : holds(fd, inode, budget);
		if (r < 0)
			return r;
		if (r) {
			*ret_pid = proc_pid(line);
			return TAKE_FD(fd);
		}
	}
	return -ENOENT;
}

void owners_free(struct owners *o)
{
	for (size_t i = 0; i < o->process_count; i++) {
		free(o->processes[i].comm);
		free(o->processes[i].exe);
		free(o->processes[i].cgroup);
	}
	free(o->processes);
	free(o->list);
	*o = (struct owners){ .count = 0 };
}

struct of_program {
	const char *name;
	uint64_t *list;
	size_t count;
};

static int add_inode(void *data, uint64_t inode)
{
	struct of_program *all = data;
	uint64_t *grown = reallocarray(all->list, all->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	all->list = grown;
	all->list[all->count++] = inode;
	return 0;
}

/* By the program's file: a process name alone is the process's own to choose. */
static bool runs(int proc_fd, const char *name, const char *program)
{
	char path[32], target[PATH_MAX], *base;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%.10s/exe", name); /* a pid */
	n = readlinkat(proc_fd, path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	base = strrchr(target, '/');
	return base && !strncmp(base + 1, program, strlen(program));
}

/* Most processes cost one readlink() here: every command that narrows the policy asks for sshd's. */
static int add_of_program(void *data, int proc_fd, const char *name)
{
	struct of_program *all = data;
	_cleanup_close_ int fd = -1;

	if (!runs(proc_fd, name, all->name))
		return 0;
	fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? 0 : each_held(fd, NULL, add_inode, all);
}

static int compare_inodes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int owners_held_by(const char *name, uint64_t **ret_inodes, size_t *ret_count)
{
	struct of_program all = { .name = name };
	int r = each_process(PROC, add_of_program, &all);

	if (r) {
		free(all.list);
		return r;
	}
	if (all.count)
		qsort(all.list, all.count, sizeof(*all.list), compare_inodes);
	*ret_inodes = all.list;
	*ret_count = all.count;
	return 0;
}
