/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rows of the sums a report shows; page and JSON show the same. */
#ifndef PORTGUARD_REPORT_SHOWN_H
#define PORTGUARD_REPORT_SHOWN_H

#include "report/sums.h"

#define REPORT_TOP 20
#define REPORT_REASONS_MAX (PG_HOOK_COUNT * PG_REASON_COUNT)

struct report_shown {
	size_t shown;		/* the first rows of the table */
	size_t more;		/* rows behind those, with a sum of … */
	struct report_count rest, all;
};

struct report_reason {
	uint8_t hook, reason;
	struct report_count count;
};

struct report_shown report_shown(const struct report_table *t);
/* The hooks and reasons that there are, the most refused first. Return: how many. */
size_t report_reasons(const struct report_sums *s, struct report_reason rows[REPORT_REASONS_MAX]);

#endif
