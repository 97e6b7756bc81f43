// SPDX-License-Identifier: GPL-2.0-only
/*
 * What grows with the policy: memory, the time of an `apply`, and - not at all - what a decision takes.
 * Each block is one instance, whose policy goes from size to size and begins anew, so that a round
 * has measured all sizes; the first is what the others are compared to.
 *
 * A scope has 50 rules and a cgroup of its own, that is there before the policy is. Alike: all have the
 * same rules. Those that are asked are in the last scope. In one block the policy stays, and who asks is
 * in a cgroup of the scope's own or in one far below it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "bench/calls.h"
#include "bench/commands.h"

#define INSTANCE "bench-d"
#define PINS WORLD_BPFFS "/portguard/" INSTANCE
#define POLICIES WORLD_DIR "/size%zu.yaml"
#define RULES 50 /* of a scope */
#define SCOPES 1000
#define CGROUPS 10000
#define ROOT "guarded_d"
#define DEPTH 32
#define ASKED_PATH (64 + 2 * DEPTH)

struct size {
	const char *name;
	unsigned rules, scopes;
	const char *pattern; /* of one scope for several cgroups, below the root */
};

struct block {
	const char *heading;
	struct size sizes[SIZES_MAX];
	const char
		*cgroups; /* below the root, with numbers from 0 on; those asked are in the first */
	unsigned cgroup_count;
	unsigned depth; /* below the root, of who asks at the second size; 0: 1, as at all others */
	bool alike;
	double most_apply_ms, most_memory_kib; /* the aims of the last size */
};

/* Behind the decisions. */
enum { MEMORY = DECISIONS, APPLY, APPLY_CPU, ROWS };

static const struct block blocks[] = {
	{ .heading = "Rules of the host",
	  .sizes = { { "10 rules", 10 }, { "1,000 rules", 1000 }, { "10,000 rules", 10000 } },
	  .cgroups = "host",
	  .cgroup_count = 1,
	  .most_apply_ms = 50,
	  .most_memory_kib = 16384 },
	{ .heading = "Scopes of 50 rules, all alike",
	  .sizes = { { "1 scope", 1, 1 }, { "100 scopes", 1, 100 }, { "1,000 scopes", 1, SCOPES } },
	  .cgroups = "scope",
	  .cgroup_count = SCOPES,
	  .alike = true,
	  .most_apply_ms = 250,
	  .most_memory_kib = 32768 },
	{ .heading = "Scopes of 50 rules, all different",
	  .sizes = { { "1 scope", 1, 1 }, { "100 scopes", 1, 100 }, { "1,000 scopes", 1, SCOPES } },
	  .cgroups = "scope",
	  .cgroup_count = SCOPES,
	  .most_apply_ms = 250,
	  .most_memory_kib = 32768 },
	{ .heading = "Cgroups of one scope",
	  .sizes = { { "10 cgroups", 1, 1, "scope?" }, { "10,000 cgroups", 1, 1, "scope*" } },
	  .cgroups = "scope",
	  .cgroup_count = CGROUPS,
	  .alike = true },
	{ .heading = "Depth of the cgroup, under 100 scopes",
	  .sizes = { { "1 below the root", 1, 100 }, { "32 below it", 1, 100 } },
	  .cgroups = "scope",
	  .cgroup_count = 100,
	  .depth = DEPTH,
	  .alike = true },
};

#define BLOCKS (sizeof(blocks) / sizeof(*blocks))

static struct size_row rows[BLOCKS][ROWS];
static size_t rounds;

static size_t sizes_of(const struct block *b)
{
	size_t count = 0;

	while (count < SIZES_MAX && b->sizes[count].name)
		count++;
	return count;
}

/* --- policies ----------------------------------------------------------------------------------- */

/* The first two are what is asked; then four in five are of local ports. Of one owner no two are the same. */
static void write_rules(FILE *f, const char *indent, unsigned owner, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned port = 1024 + (owner * 7919 + i * 613) % 60000;

		if (!owner && i < 2)
			port = i ? DECISION_OUT : DECISION_ALLOWED;
		(void)fprintf(f, i % 5 == 1 ? "%s- allow out %u/udp\n" : "%s- allow %u\n", indent,
			      port);
	}
}

/* The last scope is the first cgroup's. */
static void write_scopes(FILE *f, const struct block *b, const struct size *size, const char *root)
{
	for (unsigned i = size->scopes; i-- > 0;) {
		(void)fprintf(f, "  - name: scope%u\n    cgroup: \"%s/", i, root);
		if (size->pattern)
			(void)fputs(size->pattern, f);
		else
			(void)fprintf(f, "%s%u", b->cgroups, i);
		(void)fprintf(f, "\"\n    default: {raw: allow}\n    rules:\n");
		write_rules(f, "      ", b->alike ? 0 : i, RULES);
	}
}

static void write_policy(const struct block *b, size_t which, const char *root)
{
	const struct size *size = &b->sizes[which];
	char path[BENCH_PATH];
	FILE *f;

	(void)snprintf(path, sizeof(path), POLICIES, which);
	f = fopen(path, "we");
	if (!f)
		die("%s: %s", path, strerror(errno));
	(void)fprintf(f,
		      "version: 1\ninterfaces: [%s]\nfailsafe: []\nessentials: []\n"
		      "default: {raw: allow}\nrules:\n",
		      WORLD_DEVICE_A);
	if (size->scopes)
		(void)fprintf(f, "  - allow 22/tcp\nscopes:\n");
	else
		write_rules(f, "  ", 0, size->rules);
	write_scopes(f, b, size, root);
	if (fclose(f))
		die("%s: %s", path, strerror(errno));
}

/* Who asks, below w->cgroup: the first cgroup, or one so deep below the root. */
static void asked_path(const struct block *b, unsigned depth, char to[ASKED_PATH])
{
	size_t end = (size_t)snprintf(to, ASKED_PATH, ROOT "/%s0", b->cgroups);

	for (unsigned i = 1; i < depth; i++, end += 2)
		(void)snprintf(to + end, ASKED_PATH - end, "/d");
}

static void make_cgroups(const struct world *w, const struct block *b)
{
	char path[BENCH_PATH + ASKED_PATH], asked[ASKED_PATH];

	for (unsigned i = 0; i < b->cgroup_count; i++) {
		(void)snprintf(path, sizeof(path), "%s/" ROOT "/%s%u", w->cgroup, b->cgroups, i);
		if (mkdir(path, 0755))
			die("%s: %s", path, strerror(errno));
	}
	for (unsigned depth = 2; depth <= b->depth; depth++) {
		asked_path(b, depth, asked);
		(void)snprintf(path, sizeof(path), "%s/%s", w->cgroup, asked);
		if (mkdir(path, 0755))
			die("%s: %s", path, strerror(errno));
	}
}

/* --- rounds ------------------------------------------------------------------------------------- */

static void one_size(const struct world *w, const struct decisions *d, unsigned turns, size_t which,
		     size_t round, struct size_row *to)
{
	double ns[DECISIONS];
	char path[BENCH_PATH];
	struct cost apply;

	(void)snprintf(path, sizeof(path), POLICIES, which);
	apply = run_portguard(w, INSTANCE, WORDS("apply", path));
	if (!turns)
		return;
	decisions_measure(d, turns, ns);
	for (size_t i = 0; i < DECISIONS; i++)
		to[i].value[which][round] = ns[i];
	to[MEMORY].value[which][round] = memory_of(w, INSTANCE).maps_kib;
	to[APPLY].value[which][round] = apply.wall_us / 1e3;
	to[APPLY_CPU].value[which][round] = apply.cpu_us / 1e3;
}

static void measure(const struct world *w, const struct block *b, unsigned turns,
		    struct size_row *to)
{
	static struct decisions asked, deep;
	char root[BENCH_PATH], cgroup[BENCH_PATH + 16], path[ASKED_PATH];
	size_t sizes = sizes_of(b);

	make_cgroups(w, b);
	world_cgroup_path(w, ROOT, root, sizeof(root));
	for (size_t i = 0; i < sizes; i++)
		write_policy(b, i, root);
	(void)snprintf(cgroup, sizeof(cgroup), "%s/" ROOT, w->cgroup);
	(void)run_portguard(w, INSTANCE,
			    WORDS("up", "-c", WORLD_DIR "/size0.yaml", "--cgroup", cgroup));
	asked_path(b, 1, path);
	decisions_open(&asked, w, PINS, path, 0);
	asked_path(b, b->depth, path);
	if (b->depth)
		decisions_open(&deep, w, PINS, path, 1);
	for (size_t round = 0; round <= rounds; round++) /* the first is to warm up */
		for (size_t i = 0; i < sizes; i++)
			one_size(w, b->depth && i ? &deep : &asked, round ? turns : 0, i,
				 round ? round - 1 : 0, to);
	decisions_close(&asked);
	if (b->depth)
		decisions_close(&deep);
	(void)run_portguard(w, INSTANCE, WORDS("down", "--purge"));
	world_clear_cgroup(w, ROOT);
}

void sizes_measure(const struct world *w, size_t count, unsigned turns)
{
	rounds = count;
	for (size_t i = 0; i < BLOCKS; i++)
		measure(w, &blocks[i], turns, rows[i]);
}

/* --- the tables --------------------------------------------------------------------------------- */

static const struct {
	const char *name, *unit;
} names[ROWS] = {
	[DECIDE_BIND] = { "bind", "ns" },
	[DECIDE_LISTEN] = { "listen, the whole call", "ns" },
	[DECIDE_SOCKET] = { "socket: raw, the whole call", "ns" },
	[DECIDE_CONNECT] = { "connect", "ns" },
	[DECIDE_SEND] = { "send", "ns" },
	[DECIDE_DROP] = { "inbound: drop, closed port", "ns" },
	[DECIDE_PASS] = { "inbound: pass, allowed port", "ns" },
	[DECIDE_DELIVER] = { "deliver", "ns" },
	[MEMORY] = { "memory: maps in the kernel", "KiB" },
	[APPLY] = { "apply", "ms" },
	[APPLY_CPU] = { "  CPU of it", "ms" },
};

static int print_block(const struct block *b, struct size_row *of)
{
	size_t sizes = sizes_of(b);
	const char *heads[SIZES_MAX];

	for (size_t i = 0; i < sizes; i++)
		heads[i] = b->sizes[i].name;
	for (size_t i = 0; i < ROWS; i++) {
		of[i].name = names[i].name;
		of[i].unit = names[i].unit;
		of[i].most_ratio = i < DECISIONS ? 1.05 : 0;
	}
	of[MEMORY].most = b->most_memory_kib;
	of[APPLY].most = b->most_apply_ms;
	/* The policy of such a block does not change. */
	return table_print_sizes(b->heading, heads, sizes, of, b->depth ? DECISIONS : ROWS, rounds);
}

int sizes_print(void)
{
	int missed = 0;

	for (size_t i = 0; i < BLOCKS; i++)
		missed += print_block(&blocks[i], rows[i]);
	return missed;
}
