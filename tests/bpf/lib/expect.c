// SPDX-License-Identifier: GPL-2.0-only
/* Running programs on packets and comparing; see expect.h. */
#include "bpf/lib/expect.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"
#include "util/names.h"

#define TC_NEXT (-1)
#define TC_DROP 2

static const char *const entry_names[ENTRIES] = { "pg_in_xdp", "pg_in_tc", "pg_in_l3", "pg_out_tc",
						  "pg_out_l3" };

struct counters {
	uint64_t verdicts[PG_VERDICT_COUNT][PG_REASON_COUNT];
	uint64_t rules[64]; /* of the first ids */
};

static void read_counters(const struct guarded *g, struct counters *c)
{
	for (uint32_t v = 0; v < PG_VERDICT_COUNT; v++)
		for (uint32_t r = 0; r < PG_REASON_COUNT; r++)
			c->verdicts[v][r] =
				state_count(&g->state, PG_COUNT_VERDICT(PG_HOOK_INBOUND, v, r));
	for (uint32_t id = 0; id < ARRAY_SIZE(c->rules); id++)
		c->rules[id] = state_count(&g->state, PG_COUNT_RULE(id));
}

/* The counter that moved. Anything but one, by one, is a lie to whoever reads them. */
static void compare_counters(const struct counters *before, const struct counters *after,
			     struct result *ret)
{
	uint64_t moved = 0;

	for (uint32_t v = 0; v < PG_VERDICT_COUNT; v++)
		for (uint32_t r = 0; r < PG_REASON_COUNT; r++) {
			uint64_t by = after->verdicts[v][r] - before->verdicts[v][r];

			moved += by;
			if (!by)
				continue;
			ret->verdict = v;
			ret->reason = r;
		}
	cr_assert_leq(moved, 1, "one packet was counted %lu times", moved);
	for (uint32_t id = 1; id < ARRAY_SIZE(before->rules); id++)
		if (after->rules[id] != before->rules[id])
			ret->rule = id;
}

static int run(const struct guarded *g, enum entry entry, struct bpf_test_run_opts *opts,
	       struct result *ret)
{
	struct counters before, after;

	*ret = (struct result){ .verdict = PG_NONE };
	read_counters(g, &before);
	if (bpf_prog_test_run_opts(g->programs[entry], opts))
		return -errno;
	read_counters(g, &after);
	compare_counters(&before, &after, ret);
	if (entry == IN_XDP) {
		cr_assert(opts->retval == XDP_PASS || opts->retval == XDP_DROP, "XDP returned %u",
			  opts->retval);
		ret->passed = opts->retval == XDP_PASS;
	} else {
		cr_assert((int)opts->retval == TC_NEXT || opts->retval == TC_DROP, "tc returned %u",
			  opts->retval);
		ret->passed = (int)opts->retval == TC_NEXT;
	}
	return 0;
}

static int run_xdp(const struct guarded *g, const struct frame *f, size_t linear,
		   struct result *ret)
{
	struct xdp_md context = { .data_end = linear, .ingress_ifindex = g->device };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->length,
		    .repeat = 1);

	if (g->device != 1 || linear != f->length) {
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
	}
	return run(g, IN_XDP, &opts, ret);
}

int run_frame_split(const struct guarded *g, const struct frame *f, size_t linear,
		    struct result *ret)
{
	return run_xdp(g, f, linear, ret);
}

int run_frame(const struct guarded *g, enum entry entry, const struct frame *f, struct result *ret)
{
	struct __sk_buff context = { .ifindex = g->device };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->length,
		    .repeat = 1, .ctx_in = &context, .ctx_size_in = sizeof(context));

	if (entry == IN_XDP)
		return run_xdp(g, f, f->length, ret);
	return run(g, entry, &opts, ret);
}

static const char *reason_of(const struct result *r)
{
	return r->verdict == PG_NONE ? "not counted" : reason_names[r->reason];
}

void expect_entry_at(const struct guarded *g, enum entry entry, const struct frame *f,
		     struct expected e)
{
	bool passes = e.verdict != PG_DENY;
	struct result got;
	int r = run_frame(g, entry, f, &got);

	if (r == -EINVAL && entry != IN_XDP && f->length < f->ip + 40)
		return; /* too short for this kernel's test runs of tc */
	if (r)
		cr_assert_fail("%s:%d: %s: the test run failed: %s", e.file, e.line,
			       entry_names[entry], strerror(-r));
	if (got.passed != passes || got.verdict != e.verdict ||
	    (e.verdict && got.reason != e.reason))
		cr_assert_fail("%s:%d: IPv%d by %s: %s, %s (%s); expected %s (%s)", e.file, e.line,
			       f->bytes[f->ip] >> 4, entry_names[entry],
			       got.passed ? "passed" : "dropped", verdict_names[got.verdict],
			       reason_of(&got), verdict_names[e.verdict],
			       e.verdict ? reason_names[e.reason] : "not counted");
}

void expect_frame_at(const struct guarded *g, const struct frame *f, struct expected e)
{
	expect_entry_at(g, IN_XDP, f, e);
	expect_entry_at(g, IN_TC, f, e);
}

void expect_at(const struct guarded *g, struct traffic t, struct expected e)
{
	int families[] = { 4, 6 }, only = traffic_family(&t);

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		struct frame f;

		if (only && only != families[i])
			continue;
		t.family = families[i];
		f = frame_of(&t);
		expect_frame_at(g, &f, e);
	}
}

void leaves(const struct guarded *g, struct traffic t)
{
	struct frame f = frame_of(&t);
	struct result got;
	int r = run_frame(g, OUT_TC, &f, &got);

	cr_assert_eq(r, 0, "the test run failed: %s", strerror(-r));
	cr_assert(got.passed && got.verdict == PG_NONE, "outbound refuses and counts nothing");
}
