// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/figures.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "kernel/map.h"
#include "kernel/seed.h"
#include "util/cleanup.h"
#include "util/names.h"

/* From the agent's journal. */
static int read_events(const struct state *s, struct event_figures *ret)
{
	struct pg_journal *journal = NULL;
	long size = map_pinned(s->paths, "pg_journal", false, (void **)&journal);

	if (size < 0)
		return size;
	ret->emitted = journal->emitted;
	ret->suppressed = journal->suppressed;
	ret->lost = journal->lost + state_count(s, PG_COUNT_LOST);
	map_release(journal, size);
	return 0;
}

static int open_map(const struct paths *paths, const char *name, uint64_t *ret_entries)
{
	_cleanup_close_ int fd = pin_open(paths, name);
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*ret_entries = info.max_entries;
	return TAKE_FD(fd);
}

/* What lies in the ring: its first two pages are how far the reader has come, and how far the writers. */
static int read_ring(const struct paths *paths, uint64_t *ret_used, uint64_t *ret_size)
{
	_cleanup_close_ int fd = open_map(paths, "pg_events", ret_size);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t read;
	const char *at;

	if (fd < 0)
		return fd;
	at = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	read = __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE); /* before what is written */
	*ret_used = __atomic_load_n((const uint64_t *)(at + page), __ATOMIC_ACQUIRE) - read;
	(void)munmap((void *)at, 2 * page);
	return 0;
}

static int read_flows(const struct state *s, uint64_t *ret_count, uint64_t *ret_most)
{
	_cleanup_close_ int fd = open_map(s->paths, "pg_flows", ret_most);
	long count = fd < 0 ? fd : flows_count(s);

	if (count < 0)
		return (int)count;
	*ret_count = (uint64_t)count;
	return 0;
}

int figures_read(const struct state *s, const struct policy *p, struct figures *ret,
		 struct pg_error *err)
{
	_cleanup_figures_ struct figures f = {
		.policy = p,
		.generation = state_in_force(s)->generation,
		.try_left_s = (state_try_left_ns(s) + 999999999) / 1000000000,
		.agent = agent_pid(s->paths),
	};
	int r;

	(void)snprintf(f.degraded, sizeof(f.degraded), "%.255s", s->meta->degraded);
	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++)
		for (unsigned v = PG_ALLOW; v < PG_VERDICT_COUNT; v++)
			f.verdicts[hook][v] = state_verdicts(s, hook, v);
	r = read_events(s, &f.events);
	r = r ? r : read_ring(s->paths, &f.ring_used, &f.ring_size);
	r = r ? r : read_flows(s, &f.flows, &f.flows_max);
	r = r ? r : published_read(s->paths->var, &f.outputs);
	r = r ? r : hook_rows_read(s, p, &f.hooks);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "figures: %s", strerror(-r));
	*ret = TAKE(f, (struct figures){ 0 });
	return 0;
}

void figures_free(struct figures *f)
{
	hook_rows_free(&f->hooks);
	published_free(&f->outputs);
	*f = (struct figures){ 0 };
}

void counters_json(struct json *j, const struct state *s)
{
	json_object(j);
	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++) {
		json_key(j, hook_names[hook]);
		json_object(j);
		for (unsigned v = PG_ALLOW; v < PG_VERDICT_COUNT; v++)
			json_member_u64(j, verdict_names[v], state_verdicts(s, hook, v));
		json_object_end(j);
	}
	json_object_end(j);
}
