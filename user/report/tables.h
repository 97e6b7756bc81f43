/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of sums.h: by port, by source, by program. */
#ifndef PORTGUARD_REPORT_TABLES_H
#define PORTGUARD_REPORT_TABLES_H

#include "report/sums.h"

void report_tables_init(struct report_sums *s);
void report_tables_free(struct report_sums *s);
/* Count a refusal in each table that it belongs to; 0 or -ENOMEM. */
int report_tables_take(struct report_sums *s, const struct event *e, enum report_side side);
void report_tables_sort(struct report_sums *s);

#endif
