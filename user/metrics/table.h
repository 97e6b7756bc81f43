/* SPDX-License-Identifier: GPL-2.0-only */
/* The metrics: their names, what they mean, and from which figure each comes. docs/metrics.md lists them. */
#ifndef PORTGUARD_METRICS_TABLE_H
#define PORTGUARD_METRICS_TABLE_H

#include "kernel/figures.h"
#include "kernel/memory.h"

/*
 * All of them, in Prometheus' text format, appended to @out.
 * @f: NULL: nothing runs here; then there is nothing to tell but that.
 * @m: may be NULL with @f.
 * Return: 0 or -ENOMEM.
 */
int metrics_print(struct json *out, const struct figures *f, const struct memory *m);

#endif
