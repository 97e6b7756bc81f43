/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prometheus' text format, version 0.0.4: a metric is two lines about it and a line for each sample.
 * Values of labels are what others chose: they stay one value on one line, and mean nothing to a terminal.
 */
#ifndef PORTGUARD_METRICS_TEXT_H
#define PORTGUARD_METRICS_TEXT_H

#include "util/json.h"

struct metric_label {
	const char *name, *value;
};

/* @type: counter or gauge. @help: one line of ours, without backslash. */
void metric_begin(struct json *out, const char *name, const char *type, const char *help);
/*
 * @labels: one or more, until one without a name; or NULL. In values quote, backslash and newline are
 * escaped; other control characters, and what is not UTF-8, are U+FFFD.
 */
void metric_sample(struct json *out, const char *name, const struct metric_label *labels,
		   uint64_t value);
/* Whether a value is told as it is: no other text looks the same then. */
bool metric_value_is_exact(const char *value);

#endif
