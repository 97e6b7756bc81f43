/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets put to the programs, and what they must say: the return value, and the one counter that
 * must have moved, by exactly one. Where the family is open a packet is tried as IPv4 and as IPv6;
 * it is put to XDP and to tc ingress, which must agree.
 */
#ifndef PORTGUARD_TESTS_EXPECT_H
#define PORTGUARD_TESTS_EXPECT_H

#include "bpf/lib/guarded.h"

struct result {
	bool passed;
	enum pg_verdict verdict; /* PG_NONE: it was not counted */
	enum pg_reason reason;
	uint32_t rule; /* whose counter moved, 0: none */
};

/*
 * Run one program on a frame. Return: 0, or -EINVAL: this kernel makes no such test run (frames
 * that are too short for it; devices other than the first for XDP before 5.18).
 */
int run_frame(const struct guarded *g, enum entry entry, const struct frame *f, struct result *ret);
/* The same with everything behind @linear bytes out of the program's direct reach (XDP,
 * Linux 6.18). */
int run_frame_split(const struct guarded *g, const struct frame *f, size_t linear,
		    struct result *ret);

struct expected {
	const char *file;
	int line;
	enum pg_verdict verdict;
	enum pg_reason reason;
};
#define EXPECTED(v, r) ((struct expected){ __FILE__, __LINE__, v, r })

void expect_frame_at(const struct guarded *g, const struct frame *f, struct expected e);
void expect_entry_at(const struct guarded *g, enum entry entry, const struct frame *f,
		     struct expected e);
void expect_at(const struct guarded *g, struct traffic t, struct expected e);
/* @t comes: the verdict, and why. */
#define expect(g, t, verdict, reason) expect_at(g, t, EXPECTED(verdict, reason))
#define expect_frame(g, f, verdict, reason) expect_frame_at(g, f, EXPECTED(verdict, reason))
/* It passes, and nobody has decided or counted anything. */
#define expect_unjudged(g, f) expect_frame_at(g, f, EXPECTED(PG_NONE, 0))

/* @t leaves by the same device; its family must be known. */
void leaves(const struct guarded *g, struct traffic t);

#endif
