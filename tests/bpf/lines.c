// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two CPUs that refuse and pass packets of their own write no cache line together: what each has changed in all
 * arrays that are mapped, line by line. What is not seen so: a store of what was there already; entries of the
 * hashes, each of which is a conversation's; and what is rare by design - the ring, which is told of a new kind,
 * and the stamp of a local port, once a rotation.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bpf/lib/by_hand.h"
#include "bpf/lib/conversation.h"
#include "kernel/load.h"
#include "kernel/map.h"
#include "util/cleanup.h"

#define LINE 64
#define CPUS 2
#define ARRAYS_MAX 32

struct array {
	char name[BPF_OBJ_NAME_LEN];
	uint8_t *now, *before;
	size_t bytes;
	bool *written[CPUS]; /* a line by that CPU */
};

struct arrays {
	struct array at[ARRAYS_MAX];
	size_t count;
	int cpus[CPUS];
};

static void bind_to(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* Before a test is guarded, which leaves it one CPU. */
static void two_cpus(int cpus[CPUS])
{
	cpu_set_t ours;
	size_t found = 0;

	cr_assert_eq(sched_getaffinity(0, sizeof(ours), &ours), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && found < CPUS; cpu++)
		if (CPU_ISSET(cpu, &ours))
			cpus[found++] = cpu;
	if (found < CPUS)
		cr_skip_test("there is one CPU");
}

static void open_array(struct arrays *a, const struct guarded *g, const char *name)
{
	_cleanup_close_ int fd = pin_open(&g->paths, name);
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	struct array *one = &a->at[a->count];
	long bytes;

	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != BPF_MAP_TYPE_ARRAY ||
	    !(info.map_flags & BPF_F_MMAPABLE))
		return;
	cr_assert_lt(a->count, ARRAYS_MAX);
	bytes = map_pinned(&g->paths, name, false, (void **)&one->now);
	cr_assert_gt(bytes, 0, "%s", name);
	one->bytes = (size_t)bytes;
	one->before = malloc(one->bytes);
	for (size_t i = 0; i < CPUS; i++)
		one->written[i] = calloc(one->bytes / LINE + 1, sizeof(bool));
	memcpy(one->name, info.name, sizeof(one->name));
	a->count++;
}

static void open_arrays(struct arrays *a, const struct guarded *g)
{
	DIR *pins = opendir(g->paths.pins);
	const struct dirent *entry;

	cr_assert_not_null(pins);
	while ((entry = readdir(pins)))
		if (!strncmp(entry->d_name, "pg_", strlen("pg_")))
			open_array(a, g, entry->d_name);
	(void)closedir(pins);
	cr_assert_gt(a->count, 2, "at least pg_control, pg_counts and pg_seen");
}

static void close_arrays(struct arrays *a)
{
	for (size_t i = 0; i < a->count; i++) {
		map_release(a->at[i].now, a->at[i].bytes);
		free(a->at[i].before);
		for (size_t cpu = 0; cpu < CPUS; cpu++)
			free(a->at[i].written[cpu]);
	}
}
#define _cleanup_arrays_ _cleanup_(close_arrays)

/* What @work does on one CPU and on the other, each with what is its own. */
static void watch(struct arrays *a, const struct guarded *g,
		  void (*work)(const struct guarded *g, unsigned whose))
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		bind_to(a->cpus[cpu]);
		for (size_t i = 0; i < a->count; i++)
			memcpy(a->at[i].before, a->at[i].now, a->at[i].bytes);
		work(g, cpu);
		for (size_t i = 0; i < a->count; i++)
			for (size_t byte = 0; byte < a->at[i].bytes; byte++)
				if (a->at[i].before[byte] != a->at[i].now[byte])
					a->at[i].written[cpu][byte / LINE] = true;
	}
}

/* Lines of an array, or, NULL, of all, that one CPU has written, or both. */
static size_t lines(const struct arrays *a, const char *name, bool first, bool second)
{
	size_t count = 0;

	for (size_t i = 0; i < a->count; i++)
		for (size_t line = 0; line <= a->at[i].bytes / LINE; line++)
			count += (!name || !strcmp(a->at[i].name, name)) &&
				 (!first || a->at[i].written[0][line]) &&
				 (!second || a->at[i].written[1][line]);
	return count;
}

/* --- packets ------------------------------------------------------------------------------------ */

#define OPEN 80 /* by the rule with the last id, whose counter lies beside the next CPU's first */

static const char *const peers[CPUS][2] = { { "192.0.2.20", "2001:db8::20" },
					    { "192.0.2.21", "2001:db8::21" } };

/* Ports of one line of the stamps. */
static struct traffic question(int family, unsigned whose)
{
	return ip(.family = family, .proto = IPPROTO_UDP, .from = here(family),
		  .to = peers[whose][family == 6], .sport = (uint16_t)(CLIENT + whose),
		  .dport = DNS);
}

static void ask(const struct guarded *g, unsigned whose)
{
	BOTH(family)
	leaves(g, question(family, whose));
}

static void drop_and_pass(const struct guarded *g, unsigned whose)
{
	BOTH(family)
	{
		const char *from = peers[whose][family == 6];

		for (uint16_t port = 1000; port < 1030; port++) { /* a scan, too */
			expect(g, tcp(.from = from, .dport = port), PG_DENY, PG_REASON_NO_RULE);
			expect(g, udp(.from = from, .dport = port), PG_DENY, PG_REASON_NO_RULE);
		}
		expect(g, tcp(.from = from, .dport = 1000, .flags = ACK), PG_DENY,
		       PG_REASON_NO_RULE);
		expect(g, tcp(.from = from, .dport = OPEN), PG_ALLOW, PG_REASON_RULE);
		leaves(g, question(family, whose));
		expect_reply(g, question(family, whose));
	}
}

Test(lines, two_cpus_that_drop_and_pass_packets_of_their_own_write_none_together)
{
	_cleanup_arrays_ struct arrays a = { .count = 0 };
	_cleanup_guarded_ struct guarded *g = NULL;

	two_cpus(a.cpus);
	g = guarded_by(CLOSED);
	put_in(g, OPEN, ALLOW(PG_MAX_RULES));
	open_arrays(&a, g);
	for (unsigned whose = 0; whose < CPUS; whose++)
		ask(g, whose); /* stamps and flows are there before */
	watch(&a, g, drop_and_pass);
	cr_assert_gt(lines(&a, "pg_counts", true, false), 2);
	cr_assert_gt(lines(&a, "pg_counts", false, true), 2);
	cr_assert_gt(lines(&a, "pg_seen", true, false), PG_SCAN_PORTS);
	cr_assert_gt(lines(&a, "pg_seen", false, true), PG_SCAN_PORTS);
	for (size_t i = 0; i < a.count; i++)
		cr_assert_eq(lines(&a, a.at[i].name, true, true), 0,
			     "%s: %zu lines that both write", a.at[i].name,
			     lines(&a, a.at[i].name, true, true));
}

/* The same look at what both do write, now and then: neighbours among the stamps. */
Test(lines, one_that_two_cpus_write_is_seen)
{
	_cleanup_arrays_ struct arrays a = { .count = 0 };
	_cleanup_guarded_ struct guarded *g = NULL;

	two_cpus(a.cpus);
	g = guarded_by(CLOSED);
	open_arrays(&a, g);
	watch(&a, g, ask);
	cr_assert_eq(lines(&a, "pg_control", true, true), 1);
	cr_assert_eq(lines(&a, NULL, true, true), 1);
}
