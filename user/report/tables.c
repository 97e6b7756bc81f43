// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each table is a set of keys, which are bytes, and a row for each. How many different sources a port had, and
 * so on, is counted by another set: of pairs of a row and what it met.
 */
#include "report/tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX (8 * REPORT_KEYS_MAX)
#define PROGRAM_KEY 8192 /* bytes of its names that tell one program from another */

enum pair { PORT_SOURCE, PORT_PROGRAM, SOURCE_PORT, PROGRAM_PORT };

struct port_key {
	uint8_t kind, out, proto, pad;
	uint16_t port;
};

struct source_key {
	uint8_t kind;
	uint8_t ip[16];
};

struct pair_key {
	uint32_t pair, row;
	uint8_t met[16];
};

void report_tables_init(struct report_sums *s)
{
	keys_init(&s->ports.keys, REPORT_KEYS_MAX);
	keys_init(&s->sources.keys, REPORT_KEYS_MAX);
	keys_init(&s->programs.keys, REPORT_KEYS_MAX);
	keys_init(&s->pairs, PAIRS_MAX);
}

static void free_row(struct report_row *row)
{
	free(row->exe);
	free(row->comm);
	free(row->unit);
	free(row->container);
	free(row->cmdline);
}

static void free_table(struct report_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free_row(&t->rows[i]);
	free(t->rows);
	keys_free(&t->keys);
}

void report_tables_free(struct report_sums *s)
{
	free_table(&s->ports);
	free_table(&s->sources);
	free_table(&s->programs);
	keys_free(&s->pairs);
}

static int append(struct report_table *t, enum report_row_kind kind)
{
	struct report_row *grown;

	if (!(t->count & (t->count - 1))) { /* full at each power of two */
		grown = reallocarray(t->rows, t->count ? t->count * 2 : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->rows = grown;
	}
	t->rows[t->count++] = (struct report_row){ .kind = kind };
	return 0;
}

/* The row of a key; of one too many the last row, which begins when the keys end. */
static int find_row(struct report_table *t, enum report_row_kind kind, const void *key,
		    size_t length, uint32_t *ret)
{
	int r = keys_add(&t->keys, key, length, ret);

	if (r == -ENOSPC) {
		*ret = t->keys.count;
		return t->count > t->keys.count ? 0 : append(t, REPORT_ROW_REST);
	}
	return r == 1 ? append(t, kind) : r;
}

static void count(struct report_row *row, const struct event *e)
{
	uint64_t refusals = event_refusals(e);

	if (!report_weight(&row->count) || e->start_us < row->first_us)
		row->first_us = e->start_us;
	if (e->end_us > row->last_us)
		row->last_us = e->end_us;
	row->count.deny += e->verdict == PG_DENY ? refusals : 0;
	row->count.audit += e->verdict == PG_AUDIT ? refusals : 0;
	row->hooks[e->hook] += refusals;
}

/* What port it was about. */
static void note_attempt(struct report_row *row, const struct event *e)
{
	const struct event_endpoint *asked = event_asked(e);

	row->out = asked == &e->remote;
	row->hook = e->hook;
	row->proto = e->proto;
	row->port_known = asked->known && asked->port_known;
	row->port = row->port_known ? asked->port : 0;
}

/* @counter: one more if the row has not met this yet. */
static int count_pair(struct report_sums *s, enum pair pair, uint32_t row, const void *met,
		      size_t length, uint32_t *counter)
{
	struct pair_key key = { .pair = pair, .row = row };
	uint32_t number;
	int r;

	memcpy(key.met, met, length);
	r = keys_add(&s->pairs, &key, sizeof(key), &number);
	*counter += r == 1;
	return r == -ENOMEM ? r : 0;
}

static int take_port(struct report_sums *s, const struct event *e, uint32_t *ret)
{
	const struct event_endpoint *asked = event_asked(e);
	struct port_key key = { .kind = REPORT_ROW_KNOWN,
				.out = asked == &e->remote,
				.proto = e->proto };
	int r;

	if (e->ports)
		key = (struct port_key){ .kind = REPORT_ROW_SCANS };
	else if (!asked->known || !asked->port_known)
		key = (struct port_key){ .kind = REPORT_ROW_NONE };
	else
		key.port = asked->port;
	r = find_row(&s->ports, key.kind, &key, sizeof(key), ret);
	if (r)
		return r;
	count(&s->ports.rows[*ret], e);
	note_attempt(&s->ports.rows[*ret], e);
	return 0;
}

static int take_source(struct report_sums *s, const struct event *e, uint32_t port)
{
	bool known = e->remote.known && e->remote.ip_known;
	struct source_key key = { .kind = known ? REPORT_ROW_KNOWN : REPORT_ROW_NONE };
	struct report_row *row;
	uint32_t number;
	int r;

	if (known)
		memcpy(key.ip, e->remote.ip, sizeof(key.ip));
	r = find_row(&s->sources, key.kind, &key, sizeof(key), &number);
	if (r)
		return r;
	row = &s->sources.rows[number];
	memcpy(row->ip, key.ip, sizeof(row->ip));
	if (e->end_us >= row->last_us)
		note_attempt(row, e);
	count(row, e);
	if (e->ports > row->scanned)
		row->scanned = e->ports;
	if (s->ports.rows[port].kind == REPORT_ROW_KNOWN)
		r = count_pair(s, SOURCE_PORT, number, &port, sizeof(port), &row->ports);
	if (!r && known)
		r = count_pair(s, PORT_SOURCE, port, key.ip, sizeof(key.ip),
			       &s->ports.rows[port].sources);
	return r;
}

static size_t put_name(char *key, size_t at, const char *name)
{
	size_t length = name ? strlen(name) + 1 : 1;

	if (length > PROGRAM_KEY - at)
		length = PROGRAM_KEY - at;
	memcpy(key + at, name ? name : "", length);
	return at + length;
}

static int replace(char **to, const char *text)
{
	char *copied = text ? strdup(text) : NULL;

	if (text && !copied)
		return -ENOMEM;
	free(*to);
	*to = copied;
	return 0;
}

/* As it is now: what a process calls itself may change. */
static int note_program(struct report_row *row, const struct event *e)
{
	int r = replace(&row->exe, e->exe);

	r = r ? r : replace(&row->comm, e->comm);
	r = r ? r : replace(&row->unit, e->unit);
	r = r ? r
	      : replace(&row->container, e->container_name ? e->container_name : e->container_id);
	r = r ? r : replace(&row->cmdline, e->cmdline);
	row->uid = e->uid;
	note_attempt(row, e);
	return r;
}

/* One program: the same file, user, unit and container. A file that is not known: the same name. */
static int take_program(struct report_sums *s, const struct event *e, uint32_t port)
{
	bool known = e->process_known;
	uint32_t uid = known ? e->uid : 0, number;
	struct report_row *row;
	char key[PROGRAM_KEY];
	size_t length = 0;
	int r;

	key[length++] = known ? REPORT_ROW_KNOWN : REPORT_ROW_NONE;
	memcpy(key + length, &uid, sizeof(uid));
	length += sizeof(uid);
	length = put_name(key, length, known ? e->unit : NULL);
	length = put_name(key, length, known ? e->container_id : NULL);
	length = put_name(key, length, !known ? NULL : e->exe ? e->exe : e->comm);
	r = find_row(&s->programs, known ? REPORT_ROW_KNOWN : REPORT_ROW_NONE, key, length,
		     &number);
	if (r)
		return r;
	row = &s->programs.rows[number];
	if (row->kind == REPORT_ROW_KNOWN && e->end_us >= row->last_us)
		r = note_program(row, e);
	count(row, e);
	if (!r && s->ports.rows[port].kind == REPORT_ROW_KNOWN)
		r = count_pair(s, PROGRAM_PORT, number, &port, sizeof(port), &row->ports);
	if (!r && row->kind == REPORT_ROW_KNOWN)
		r = count_pair(s, PORT_PROGRAM, port, &number, sizeof(number),
			       &s->ports.rows[port].programs);
	return r;
}

int report_tables_take(struct report_sums *s, const struct event *e, enum report_side side)
{
	uint32_t port;
	int r = take_port(s, e, &port);

	if (r)
		return r;
	return side == REPORT_PACKETS ? take_source(s, e, port) : take_program(s, e, port);
}

/* The most refused first, then the latest; what has no name comes last. */
static int compare(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;
	uint64_t p = report_weight(&x->count), q = report_weight(&y->count);

	if (x->kind != y->kind && (x->kind == REPORT_ROW_REST || y->kind == REPORT_ROW_REST))
		return x->kind == REPORT_ROW_REST ? 1 : -1;
	if (p != q)
		return p < q ? 1 : -1;
	return (x->last_us < y->last_us) - (x->last_us > y->last_us);
}

static void sort(struct report_table *t)
{
	if (t->count)
		qsort(t->rows, t->count, sizeof(*t->rows), compare);
}

void report_tables_sort(struct report_sums *s)
{
	sort(&s->ports);
	sort(&s->sources);
	sort(&s->programs);
}
