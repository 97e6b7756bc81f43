// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process of a refusal, from a procfs of files.
 */
#include "events/process.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/lib/event_sample.h"

#define PID 42
#define STARTED_TICKS 5000ULL

static char dir[64], proc[128];
static int lookups;

static void put(const char *name, const char *bytes, size_t length)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", proc, name);
	f = fopen(path, "w");
	(void)fwrite(bytes, 1, length, f);
	(void)fclose(f);
}

static void setup(void)
{
	static const char stat[] =
		"42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 5000 20 21\n";
	static const char cmdline[] = "n\"|=]\n\0-c\0x y\0\0";
	char path[256];

	sample_dir(dir);
	(void)snprintf(proc, sizeof(proc), "%s/%d", dir, PID);
	cr_assert_eq(mkdir(proc, 0700), 0);
	put("stat", stat, sizeof(stat) - 1);
	put("cmdline", cmdline, sizeof(cmdline) - 1);
	(void)snprintf(path, sizeof(path), "%s/exe", proc);
	cr_assert_eq(symlink("/usr/bin/o\"d|d=\n]\x1b (deleted)", path), 0);
}

static void teardown(void)
{
	sample_dir_remove(proc);
	sample_dir_remove(dir);
}

TestSuite(process, .init = setup, .fini = teardown);

static uint64_t started_ns(long ticks)
{
	return (uint64_t)ticks * 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void read_it(uint64_t started, char **exe, char **cmdline)
{
	*exe = *cmdline = NULL;
	process_read(dir, PID, started, exe, cmdline);
}

Test(process, exe_and_command_line_are_as_they_are)
{
	char *exe, *cmdline;

	read_it(started_ns(STARTED_TICKS), &exe, &cmdline);
	cr_assert(exe && cmdline);
	cr_expect_str_eq(exe, "/usr/bin/o\"d|d=\n]\x1b (deleted)");
	cr_expect_str_eq(cmdline, "n\"|=]\n -c x y");
	free(exe);
	free(cmdline);
}

Test(process, start_may_differ_by_two_ticks)
{
	char *exe, *cmdline;

	for (long ticks = STARTED_TICKS - 4; ticks <= (long)STARTED_TICKS + 4; ticks++) {
		read_it(started_ns(ticks), &exe, &cmdline);
		cr_expect_eq(exe != NULL, labs(ticks - (long)STARTED_TICKS) <= 2, "%ld", ticks);
		free(exe);
		free(cmdline);
	}
}

Test(process, process_that_is_gone_leaves_nulls)
{
	char *exe = NULL, *cmdline = NULL;

	process_read(dir, PID + 1, started_ns(STARTED_TICKS), &exe, &cmdline);
	cr_expect(!exe && !cmdline);
	put("stat", "", 0);
	process_read(dir, PID, started_ns(STARTED_TICKS), &exe, &cmdline);
	cr_expect(!exe && !cmdline);
	put("stat", "42 (x) S 1", 10);
	process_read(dir, PID, 0, &exe, &cmdline);
	cr_expect(!exe && !cmdline);
}

Test(process, long_command_line_is_cut)
{
	char *exe, *cmdline, words[5000];

	memset(words, 'x', sizeof(words));
	put("cmdline", words, sizeof(words));
	read_it(started_ns(STARTED_TICKS), &exe, &cmdline);
	cr_expect_eq(strlen(cmdline), 4096);
	put("cmdline", "\0\0\0", 3);
	free(exe);
	free(cmdline);
	read_it(started_ns(STARTED_TICKS), &exe, &cmdline);
	cr_expect_null(cmdline, "a kernel thread");
	free(exe);
}

static const char *cgroup_path(void *data, uint64_t id)
{
	(void)data;
	lookups++;
	return id == 7 ? "/in/c\"|=]\x1b" : NULL;
}

static void place(void *data, const char *cgroup, struct process_place *ret)
{
	(void)data;
	if (!strncmp(cgroup, "/in/c", 5))
		*ret = (struct process_place){ .unit = "c.service",
					       .container_id = "c0ffee",
					       .container_name = "" };
}

Test(process, unit_and_container_are_those_of_the_cgroup)
{
	struct process_cache c = { .proc = dir, .cgroup_path = cgroup_path, .place = place };
	struct pg_record_refusal r = { .pid = PID, .cgroup_id = 7, .comm = "x" };
	struct process *p = process_get(&c, &r);

	cr_expect_str_eq(p->unit, "c.service");
	cr_expect_str_eq(p->container_id, "c0ffee");
	cr_expect_null(p->container_name, "an empty name is none");
	process_unref(p);
	r.cgroup_id = 8;
	p = process_get(&c, &r);
	cr_expect(!p->cgroup && !p->unit && !p->container_id);
	process_unref(p);
	process_cache_clear(&c);
}

Test(process, process_without_a_record_is_read_whole)
{
	struct process_cache c = { .proc = dir, .place = place };
	int dir_fd = open(proc, O_RDONLY | O_DIRECTORY);
	struct process *p;

	put("status", "Name:\ta\\nUid:\t9\nUid:\t1000\t0\t0\t0\n", 38);
	put("cgroup", "1:name=x:/v1\n0::/in/c.d\n", 25);
	p = process_of(&c, PID, dir_fd, "/elsewhere");
	cr_expect(p->pid == PID && p->uid == 1000 && p->ppid == 1);
	cr_expect_str_eq(p->comm, "a) b (c");
	cr_expect_str_eq(p->cmdline, "n\"|=]\n -c x y");
	cr_expect_str_eq(p->cgroup, "/in/c.d");
	cr_expect_str_eq(p->unit, "c.service");
	process_unref(p);
	put("stat", "", 0);
	p = process_of(&c, PID, dir_fd, "/elsewhere");
	cr_expect(!p->pid && !p->exe, "gone");
	cr_expect_str_eq(p->cgroup, "/elsewhere");
	process_unref(p);
	p = process_of(&c, 0, -1, NULL);
	cr_expect(!p->pid && !p->cgroup && !p->unit);
	process_unref(p);
	(void)close(dir_fd);
}

Test(process, process_is_looked_up_once_until_the_cache_is_cleared)
{
	struct process_cache c = { .proc = dir, .cgroup_path = cgroup_path };
	struct pg_record_refusal r = {
		.pid = PID, .started_ns = started_ns(STARTED_TICKS), .cgroup_id = 7, .comm = "x"
	};
	struct process *a = process_get(&c, &r), *b = process_get(&c, &r), *other;

	cr_expect_eq(a, b);
	cr_expect_str_eq(a->cgroup, "/in/c\"|=]\x1b");
	r.comm[0] = 'y';
	other = process_get(&c, &r);
	cr_expect_neq(a, other, "it has taken another name, and maybe another program");
	cr_expect_eq(lookups, 2);
	process_cache_clear(&c);
	cr_expect_str_eq(a->comm, "x", "a reference holds");
	process_unref(a);
	process_unref(b);
	process_unref(other);
}
