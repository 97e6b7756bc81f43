// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process of a record, by its pid and when it began. Everything is read through one descriptor
 * (util/proc.h), so that after the start time has been compared no other can slip in under that pid.
 */
#include "events/process.h"

#include <string.h>

#include "util/cleanup.h"
#include "util/proc.h"

#define START_SLACK 2 /* ticks */
#define NS_PER_SECOND 1000000000ULL

static bool is_same(int dir_fd, uint64_t started_ns)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), want;
	struct proc_stat stat;

	if (!proc_stat(dir_fd, &stat))
		return false;
	want = started_ns / NS_PER_SECOND * hz + started_ns % NS_PER_SECOND * hz / NS_PER_SECOND;
	return stat.started > want ? stat.started - want <= START_SLACK
				   : want - stat.started <= START_SLACK;
}

void process_read(const char *proc, uint32_t pid, uint64_t started_ns, char **ret_exe,
		  char **ret_cmdline)
{
	_cleanup_close_ int dir_fd = proc_open(proc, pid);

	if (dir_fd < 0 || !is_same(dir_fd, started_ns))
		return;
	*ret_exe = proc_exe(dir_fd);
	*ret_cmdline = proc_cmdline(dir_fd);
}

struct process *process_ref(struct process *p)
{
	if (p)
		p->refs++;
	return p;
}

void process_unref(struct process *p)
{
	if (!p || --p->refs)
		return;
	free(p->exe);
	free(p->cmdline);
	free(p->cgroup);
	free(p->unit);
	free(p->container_id);
	free(p->container_name);
	free(p);
}

static void set_comm(struct process *p, const char comm[16])
{
	size_t length = strnlen(comm, 16);

	memcpy(p->comm, comm, length);
	p->comm[length] = '\0';
	if (!length)
		p->comm[0] = '?'; /* a process may take its own name away */
}

static bool is_process_of(const struct process *p, const struct pg_record_refusal *r)
{
	return p->pid == r->pid && p->started_ns == r->started_ns && p->uid == r->uid &&
	       p->ppid == r->ppid && p->cgroup_id == r->cgroup_id &&
	       (!strncmp(p->comm, r->comm, 16) || !r->comm[0]);
}

static char *copy(const char *text)
{
	return text && *text ? strdup(text) : NULL;
}

static void set_place(const struct process_cache *c, struct process *p)
{
	struct process_place place = { .unit = NULL };

	if (p->cgroup && c->place)
		c->place(c->data, p->cgroup, &place);
	p->unit = copy(place.unit);
	p->container_id = copy(place.container_id);
	p->container_name = copy(place.container_name);
}

static struct process *look_up(const struct process_cache *c, const struct pg_record_refusal *r)
{
	struct process *p = calloc(1, sizeof(*p));
	const char *cgroup;

	if (!p)
		return NULL;
	p->refs = 1;
	p->pid = r->pid;
	p->ppid = r->ppid;
	p->uid = r->uid;
	p->started_ns = r->started_ns;
	p->cgroup_id = r->cgroup_id;
	set_comm(p, r->comm);
	process_read(c->proc, r->pid, r->started_ns, &p->exe, &p->cmdline);
	cgroup = c->cgroup_path && r->cgroup_id ? c->cgroup_path(c->data, r->cgroup_id) : NULL;
	p->cgroup = copy(cgroup);
	set_place(c, p);
	return p;
}

struct process *process_of(const struct process_cache *c, uint32_t pid, int dir_fd,
			   const char *cgroup)
{
	struct process *p = calloc(1, sizeof(*p));
	struct proc_stat stat;

	if (!p)
		return NULL;
	p->refs = 1;
	if (dir_fd >= 0 && proc_stat(dir_fd, &stat) && proc_uid(dir_fd, &p->uid)) {
		p->pid = pid;
		p->ppid = stat.parent;
		set_comm(p, stat.comm);
		p->exe = proc_exe(dir_fd);
		p->cmdline = proc_cmdline(dir_fd);
		p->cgroup = proc_cgroup(dir_fd);
	}
	if (!p->cgroup)
		p->cgroup = copy(cgroup);
	set_place(c, p);
	return p;
}

struct process *process_get(struct process_cache *c, const struct pg_record_refusal *r)
{
	struct process **recent = &c->recent[r->pid % PROCESS_CACHE];

	if (*recent && is_process_of(*recent, r))
		return process_ref(*recent);
	process_unref(*recent);
	*recent = look_up(c, r);
	return process_ref(*recent);
}

void process_cache_clear(struct process_cache *c)
{
	for (size_t i = 0; i < PROCESS_CACHE; i++) {
		process_unref(c->recent[i]);
		c->recent[i] = NULL;
	}
}
