// SPDX-License-Identifier: GPL-2.0-only
/* Copies of refused packets; see capture.h and bpf/lib/capture.h. */
#include "kernel/capture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/load.h"
#include "kernel/lock.h"
#include "kernel/map.h"
#include "kernel/state.h"
#include "util/cleanup.h"

#define LEASE_NS 3000000000ULL
#define BUFFER_PAGES 64 /* a CPU */

struct capture {
	const struct paths *paths;
	struct capture_config config;
	struct state state;
	struct pg_capture *wanted;
	long wanted_size;
	struct perf_buffer *buffers;
	uint32_t map_id;
	uint64_t lost;
	int map_fd; /* the kernel takes the buffers out of the map when this is closed */
	int lock_fd, result;
};

static void take_sample(void *data, int cpu, void *sample, __u32 size)
{
	struct capture *c = data;
	struct pg_captured head;

	(void)cpu;
	if (c->result || size < sizeof(head))
		return;
	memcpy(&head, sample, sizeof(head));
	if (head.copied <= size - sizeof(head))
		c->result = c->config.packet(c->config.data, &head, (char *)sample + sizeof(head));
}

static void count_lost(void *data, int cpu, __u64 count)
{
	(void)cpu;
	((struct capture *)data)->lost += count;
}

/* The pinned one's id; 0: there is none. */
static uint32_t pinned_id(const struct paths *paths)
{
	_cleanup_close_ int fd = pin_open(paths, "pg_captured");
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static int open_buffers(struct capture *c)
{
	c->map_fd = pin_open(c->paths, "pg_captured");
	if (c->map_fd < 0)
		return c->map_fd;
	c->buffers = perf_buffer__new(c->map_fd, BUFFER_PAGES, take_sample, count_lost, c, NULL);
	if (!c->buffers)
		return -errno;
	c->map_id = pinned_id(c->paths);
	c->wanted_size = map_pinned(c->paths, "pg_capture", true, (void **)&c->wanted);
	return c->wanted_size < 0 ? (int)c->wanted_size : 0;
}

static int lock(struct capture *c, struct pg_error *err)
{
	int r = lock_take(c->paths, "capture", true, 0, &c->lock_fd);

	if (r == -EBUSY) {
		(void)pg_fail(err, r, PG_EXIT_BUSY, "capture: another capture of instance %s is running",
			      c->paths->instance);
		return pg_help(err, r, "end it first");
	}
	return r ? pg_fail(err, r, PG_EXIT_AUTO, "lock %s/capture: %s", c->paths->run, strerror(-r)) : 0;
}

static void lease(struct capture *c)
{
	__atomic_store_n(&c->wanted->until_ns, boot_now_ns() + LEASE_NS, __ATOMIC_RELAXED);
	__atomic_store_n(&c->state.control->capturing, 1, __ATOMIC_RELEASE);
}

int capture_open(const struct paths *paths, const struct capture_config *config, struct capture **ret,
		 struct pg_error *err)
{
	struct capture *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->paths = paths;
	c->config = *config;
	c->map_fd = c->lock_fd = -1;
	r = state_open(paths, false, &c->state, err);
	r = r ? r : lock(c, err);
	if (!r) {
		r = open_buffers(c);
		if (r)
			(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE, "capture: the kernel's buffers: %s",
				      strerror(-r));
	}
	if (r) {
		capture_close(c);
		return r;
	}
	c->wanted->rate = config->rate;
	c->wanted->snaplen = config->snaplen;
	lease(c);
	*ret = c;
	return 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	if (c->wanted && c->wanted_size > 0) {
		__atomic_store_n(&c->state.control->capturing, 0, __ATOMIC_RELAXED);
		map_release(c->wanted, (size_t)c->wanted_size);
	}
	perf_buffer__free(c->buffers);
	cleanup_close(&c->map_fd);
	state_close(&c->state);
	cleanup_close(&c->lock_fd);
	free(c);
}

int capture_fd(const struct capture *c)
{
	return perf_buffer__epoll_fd(c->buffers);
}

int capture_read(struct capture *c)
{
	int r = perf_buffer__consume(c->buffers);

	return c->result ? c->result : r < 0 ? r : 0;
}

int capture_go_on(struct capture *c, struct pg_error *err)
{
	if (pinned_id(c->paths) != c->map_id)
		return pg_fail(err, -ENOENT, PG_EXIT_UNAVAILABLE,
			       "capture: the guard of instance %s has ended, or another build has taken over",
			       c->paths->instance);
	lease(c);
	return 0;
}

uint64_t capture_lost(const struct capture *c)
{
	return c->lost;
}
