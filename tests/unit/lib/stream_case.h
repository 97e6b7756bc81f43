/* SPDX-License-Identifier: GPL-2.0-only */
/* A case of the stream: what its suites begin with, and how each of them ends. */
#ifndef TESTS_STREAM_CASE_H
#define TESTS_STREAM_CASE_H

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/lib/stream_world.h"

#define LINES 200

static struct world *w;

static void setup(void)
{
	w = world_new(LINES);
}

/* Criterion reports an assertion of a teardown and lets the test pass: nothing but dying fails it. */
static void teardown(void)
{
	if (!world_adds_up(w))
		abort();
	world_free(w);
}

static inline const struct event *line(size_t i)
{
	cr_assert_lt(i, w->line_count);
	return &w->lines[i].event;
}

static inline void refuse_bind(uint16_t port, uint32_t pid)
{
	struct pg_record_refusal r = world_bind(w, port, pid);

	world_refuse(w, &r);
}

static inline void ticks(int n)
{
	while (n--)
		world_tick(w);
}

#endif
