/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of the page, each a <section>; page.c puts them together. */
#ifndef PORTGUARD_REPORT_PAGE_H
#define PORTGUARD_REPORT_PAGE_H

#include "report/html.h"
#include "report/report.h"

extern const char report_style[];

void page_time(struct json *out, const struct report *r);
void page_tables(struct json *out, const struct report *r);	/* by port, by source, by program, by reason */
void page_listeners(struct json *out, const struct report *r);
void page_notes(struct json *out, const struct report *r);
void page_counters(struct json *out, const struct report *r);

/* <section>, its heading, and a sentence of ours or NULL. */
void page_section(struct json *out, const char *id, const char *title);
/* Something would have been refused, and has columns of its own then. */
bool page_has_audit(const struct report *r);
/* A cell for each of deny and, where the report has any, audit. */
void page_count_cells(struct json *out, const struct report *r, const struct report_count *c);
void page_count_heads(struct json *out, const struct report *r);
/* A part of the whole as a bar, for eyes only: the number stands beside it. */
void page_bar(struct json *out, const struct report_count *c, uint64_t whole);

#endif
