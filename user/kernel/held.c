// SPDX-License-Identifier: GPL-2.0-only
/* Holding what is pinned; see held.h. */
#include "kernel/held.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#include "kernel/choice.h"
#include "kernel/load.h"
#include "util/cleanup.h"

#define BPFFS_MAGIC 0xcafe4a11

static void pin_path(const struct paths *paths, const char *name, char *to, size_t size)
{
	(void)snprintf(to, size, "%s/%s", paths->pins, name);
}

static int pin_inode(const struct paths *paths, const char *name, ino_t *ret)
{
	char path[PG_PATH + 128];
	struct stat st;

	pin_path(paths, name, path, sizeof(path));
	if (stat(path, &st))
		return -errno;
	*ret = st.st_ino;
	return 0;
}

/* What a descriptor is: the kernel names its file. */
static int kind_of(int fd, enum held_kind *ret)
{
	char path[64], name[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return -errno;
	name[n] = '\0';
	*ret = strstr(name, "prog") ? HELD_PROGRAM : strstr(name, "link") ? HELD_LINK : HELD_MAP;
	return 0;
}

static int link_info(int fd, struct bpf_link_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &size) ? -errno : 0;
}

static int read_ids(struct held *h)
{
	struct bpf_prog_info prog = { 0 };
	struct bpf_map_info map = { 0 };
	struct bpf_link_info link;
	__u32 size;
	int r;

	switch (h->kind) {
	case HELD_PROGRAM:
		size = sizeof(prog);
		r = bpf_obj_get_info_by_fd(h->fd, &prog, &size) ? -errno : 0;
		h->id = prog.id;
		return r;
	case HELD_MAP:
		size = sizeof(map);
		r = bpf_obj_get_info_by_fd(h->fd, &map, &size) ? -errno : 0;
		h->id = map.id;
		return r;
	default:
		r = link_info(h->fd, &link);
		h->id = link.id;
		h->program = link.prog_id;
		return r;
	}
}

/* Open a pin as *ret; on failure that is untouched. */
static int hold(const struct paths *paths, const char *name, struct held *ret)
{
	struct held h = { .kept = true };
	_cleanup_close_ int fd = pin_open(paths, name);
	int r = fd < 0 ? fd : pin_inode(paths, name, &h.inode);

	(void)snprintf(h.name, sizeof(h.name), "%s", name);
	h.fd = fd;
	r = r ? r : kind_of(fd, &h.kind);
	r = r ? r : read_ids(&h);
	if (r)
		return r;
	*ret = h;
	(void)TAKE_FD(fd);
	return 0;
}

static bool may_change(const char *name)
{
	return !strncmp(name, "link_", 5) || !strncmp(name, "pg_image", 8) ||
	       !strncmp(name, "pg_part_", 8) || !strcmp(name, "pg_cases");
}

/* Programs that a start may have left out: load_later()'s. */
static bool may_come(const char *name)
{
	for (size_t i = 0; i < DEVICE_PROGRAMS; i++)
		if (!strcmp(name, device_programs[i]))
			return true;
	return false;
}

struct following {
	const struct paths *paths;
	struct holdings *holdings;
};

static int add(struct holdings *h, const struct paths *paths, const char *name)
{
	struct held *grown = reallocarray(h->list, h->count + 1, sizeof(*grown));
	int r;

	if (!grown)
		return -ENOMEM;
	h->list = grown;
	r = hold(paths, name, &h->list[h->count]);
	h->count += !r;
	return r == -ENOENT ? 0 : r;
}

static int follow_one(const char *name, void *data)
{
	struct following *f = data;
	struct held *known = held_find(f->holdings, name), fresh = { 0 };
	ino_t inode = 0;

	if (!known)
		return may_change(name) || may_come(name) ? add(f->holdings, f->paths, name) : 0;
	if (!may_change(name))
		return 0;
	known->kept = true;
	if (pin_inode(f->paths, name, &inode) || inode == known->inode ||
	    hold(f->paths, name, &fresh))
		return 0; /* as it was, or for the check of pins to tell */
	cleanup_close(&known->fd);
	*known = fresh;
	return 0;
}

int held_follow(const struct paths *paths, struct holdings *h)
{
	struct following f = { paths, h };
	size_t left = 0;
	int r;

	for (size_t i = 0; i < h->count; i++)
		h->list[i].kept = h->list[i].kind != HELD_LINK;
	r = pins_each(paths, "", follow_one, &f);
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].kept)
			h->list[left++] = h->list[i];
		else
			cleanup_close(&h->list[i].fd);
	h->count = left;
	return r;
}

static int hold_one(const char *name, void *data)
{
	struct following *f = data;

	return add(f->holdings, f->paths, name);
}

int held_open(const struct paths *paths, struct holdings *ret)
{
	struct holdings h = { NULL, 0 };
	struct following f = { paths, &h };
	int r = pins_each(paths, "", hold_one, &f);

	if (r)
		held_close(&h);
	else
		*ret = h;
	return r;
}

void held_close(struct holdings *h)
{
	for (size_t i = 0; i < h->count; i++)
		cleanup_close(&h->list[i].fd);
	free(h->list);
	*h = (struct holdings){ NULL, 0 };
}

struct held *held_find(const struct holdings *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (!strcmp(h->list[i].name, name))
			return &h->list[i];
	return NULL;
}

enum pin_state held_pin_state(const struct paths *paths, struct held *of)
{
	struct held there = { 0 };
	ino_t inode = 0;
	bool same;

	if (pin_inode(paths, of->name, &inode))
		return PIN_GONE;
	if (inode == of->inode)
		return PIN_THERE;
	if (hold(paths, of->name, &there))
		return PIN_REPLACED; /* by what is no BPF object at all */
	same = there.kind == of->kind && there.id == of->id;
	cleanup_close(&there.fd);
	if (same)
		of->inode = inode; /* somebody made it again */
	return same ? PIN_THERE : PIN_REPLACED;
}

int held_pin_again(const struct paths *paths, const struct held *of)
{
	struct statfs fs;
	int r;

	if (statfs(paths->bpffs, &fs))
		return -errno;
	if ((unsigned long)fs.f_type != BPFFS_MAGIC)
		return -EOPNOTSUPP; /* unmounted: no directories in what lies below it */
	r = make_directories(paths->pins);
	pin_drop(paths, of->name);
	return r ? r : pin_make(paths, of->name, of->fd);
}

static bool device_is_there(uint32_t index)
{
	char name[IF_NAMESIZE];

	return if_indextoname(index, name) != NULL;
}

/* link_in_7 -> 7; 0: of no device. */
static uint32_t device_of(const struct held *link)
{
	const char *digits = strrchr(link->name, '_');

	return digits ? (uint32_t)strtoul(digits + 1, NULL, 10) : 0;
}

enum link_state held_link_state(const struct held *link, uint32_t *ret_program)
{
	uint32_t device = device_of(link);
	struct bpf_link_info info;
	bool attached;

	*ret_program = 0;
	if (link_info(link->fd, &info))
		return LINK_DETACHED;
	attached = info.type == BPF_LINK_TYPE_CGROUP ? info.cgroup.cgroup_id != 0
		   : device ? info.xdp.ifindex == device /* TCX: the same place */
			    : true;
	if (!attached)
		return device && !device_is_there(device) ? LINK_WHOLE : LINK_DETACHED;
	*ret_program = info.prog_id;
	return info.prog_id == link->program ? LINK_WHOLE : LINK_OTHER_PROGRAM;
}

static const struct held *program_of(const struct holdings *h, uint32_t id)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].kind == HELD_PROGRAM && h->list[i].id == id)
			return &h->list[i];
	return NULL;
}

/* link_bind4 runs pg_bind4, link_in_7 pg_in_tc or another pg_in_…, link_listen a pg_listen_…. */
bool held_link_is_ours(const struct holdings *h, const struct held *link)
{
	const struct held *program = program_of(h, link->program);
	const char *stem = link->name + strlen("link_");
	size_t length = device_of(link) ? (size_t)(strrchr(stem, '_') - stem) : strlen(stem);

	return program && !strncmp(program->name + strlen("pg_"), stem, length);
}

int held_link_restore(const struct holdings *h, const struct held *link)
{
	const struct held *program = program_of(h, link->program);

	if (!program)
		return -ENOENT;
	return bpf_link_update(link->fd, program->fd, NULL) ? -errno : 0;
}
