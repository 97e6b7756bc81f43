/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `top` shows: events in, rows out, sorted. Pure. A row is a port, a source or a program; it has its refusals
 * of each of the last seconds, and their sum. At most TOP_ROWS_MAX rows a view are kept: those quiet for longest go.
 */
#ifndef PORTGUARD_TOP_MODEL_H
#define PORTGUARD_TOP_MODEL_H

#include "events/event.h"
#include "util/keys.h"

#define TOP_ROWS_MAX 4096
#define TOP_SECONDS 64		/* that are kept one by one */
#define TOP_RATE_SECONDS 5	/* over which a rate is the mean */
#define TOP_NAME 160		/* bytes of a name that tell one from another */
#define TOP_TEXT 256

enum top_view { TOP_PORTS, TOP_SOURCES, TOP_PROGRAMS, TOP_VIEW_COUNT };
enum top_sort { TOP_BY_RATE, TOP_BY_TOTAL, TOP_BY_LAST, TOP_BY_NAME, TOP_SORT_COUNT };

/* So much in each of the last seconds; a second is a number that goes up by one. */
struct top_series {
	uint64_t newest;	/* second of the newest number */
	uint64_t numbers[TOP_SECONDS];
};

void top_series_add(struct top_series *s, uint64_t second, uint64_t number);
/* 0 for a second that is too old, or to come. */
uint64_t top_series_at(const struct top_series *s, uint64_t second);
/* The mean of the whole seconds before @now. */
double top_series_rate(const struct top_series *s, uint64_t now);

/* Compared as bytes: zero where a view has none of it. */
struct top_key {
	uint8_t view, known;	/* known: 0 where events do not say it */
	uint8_t out, proto;	/* ports */
	uint16_t port;
	uint8_t scan, pad;
	uint32_t uid;		/* programs */
	uint8_t ip[16];		/* sources */
	char name[TOP_NAME];	/* programs: their file, or what they call themselves */
};

struct top_row {
	struct top_key key;
	uint64_t refusals, audits;	/* of them: let pass by audit */
	struct top_series series;
	uint64_t last_second;
	/* of the last event */
	uint8_t hook, verdict, reason, proto;
	bool out, port_known, ip_known;
	uint16_t port;
	uint8_t ip[16];			/* remote */
	uint32_t pid, uid;		/* pid 0: not known */
	char program[TOP_TEXT], cmdline[TOP_TEXT], place[TOP_TEXT], rule[TOP_TEXT], interface[32], scope[64];
};

struct top_table {
	struct top_row *rows;
	size_t count;
	struct keys keys;
};

struct top {
	struct top_table tables[TOP_VIEW_COUNT];
	const struct top_row **order;	/* of the last top_list() */
};

int top_init(struct top *t);
void top_free(struct top *t);
/* The rows of @from as they are now; only to be listed. */
void top_freeze(struct top *t, const struct top *from);

/* @second: when it was. 0 or -ENOMEM; what is no refusal is passed over. */
int top_take(struct top *t, const struct event *e, uint64_t second);

struct top_order {
	enum top_view view;
	enum top_sort sort;
	bool reverse;
	const char *filter;	/* part of what the row's names are, whatever its case; NULL or "": all */
	uint64_t now;
};

/* The rows to show, in order: valid until the next call. Return: how many. */
size_t top_list(struct top *t, const struct top_order *order, const struct top_row *const **ret);

/* What the row is called: "22/tcp", an address, a file. Return: @text of TOP_TEXT. */
char *top_row_name(const struct top_row *row, char *text);

#endif
