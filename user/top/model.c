// SPDX-License-Identifier: GPL-2.0-only
#include "top/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "events/format.h"

/* --- series --------------------------------------------------------------------------------- */

void top_series_add(struct top_series *s, uint64_t second, uint64_t number)
{
	if (second > s->newest) {
		uint64_t gone = second - s->newest;

		for (uint64_t i = 0; i < gone && i < TOP_SECONDS; i++)
			s->numbers[(second - i) % TOP_SECONDS] = 0;
		s->newest = second;
	}
	if (s->newest - second < TOP_SECONDS)
		s->numbers[second % TOP_SECONDS] += number;
}

uint64_t top_series_at(const struct top_series *s, uint64_t second)
{
	if (second > s->newest || s->newest - second >= TOP_SECONDS)
		return 0;
	return s->numbers[second % TOP_SECONDS];
}

double top_series_rate(const struct top_series *s, uint64_t now)
{
	uint64_t sum = 0;

	for (uint64_t i = 1; i <= TOP_RATE_SECONDS && i <= now; i++)
		sum += top_series_at(s, now - i);
	return (double)sum / TOP_RATE_SECONDS;
}

/* --- rows ----------------------------------------------------------------------------------- */

int top_init(struct top *t)
{
	*t = (struct top){ 0 };
	for (unsigned view = 0; view < TOP_VIEW_COUNT; view++) {
		keys_init(&t->tables[view].keys, TOP_ROWS_MAX);
		/* large, but only pages in use take memory */
		t->tables[view].rows = calloc(TOP_ROWS_MAX, sizeof(struct top_row));
		if (!t->tables[view].rows)
			return -ENOMEM;
	}
	t->order = calloc(TOP_ROWS_MAX, sizeof(struct top_row *));
	return t->order ? 0 : -ENOMEM;
}

void top_free(struct top *t)
{
	for (unsigned view = 0; view < TOP_VIEW_COUNT; view++) {
		free(t->tables[view].rows);
		keys_free(&t->tables[view].keys);
	}
	free(t->order);
	*t = (struct top){ 0 };
}

void top_freeze(struct top *t, const struct top *from)
{
	for (unsigned view = 0; view < TOP_VIEW_COUNT; view++) {
		t->tables[view].count = from->tables[view].count;
		memcpy(t->tables[view].rows, from->tables[view].rows,
		       from->tables[view].count * sizeof(struct top_row));
	}
}

static int compare_age(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;

	return (x->last_second < y->last_second) - (x->last_second > y->last_second);
}

/* Half of the rows go, those quiet for longest; the others are numbered anew. */
static int make_room(struct top_table *table)
{
	uint32_t number;

	qsort(table->rows, table->count, sizeof(*table->rows), compare_age);
	keys_free(&table->keys);
	keys_init(&table->keys, TOP_ROWS_MAX);
	table->count = TOP_ROWS_MAX / 2;
	for (size_t i = 0; i < table->count; i++)
		if (keys_add(&table->keys, &table->rows[i].key, sizeof(struct top_key), &number) <
		    0)
			return -ENOMEM;
	return 0;
}

static int find_row(struct top *t, const struct top_key *key, struct top_row **ret)
{
	struct top_table *table = &t->tables[key->view];
	uint32_t number;
	int r = keys_add(&table->keys, key, sizeof(*key), &number);

	if (r == -ENOSPC) {
		r = make_room(table);
		r = r ? r : keys_add(&table->keys, key, sizeof(*key), &number);
	}
	if (r < 0)
		return r;
	*ret = &table->rows[number];
	if (r) {
		**ret = (struct top_row){ .key = *key };
		table->count = number + 1;
	}
	return 0;
}

static void put(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text ? text : "");
}

static void note(struct top_row *row, const struct event *e, uint64_t second)
{
	const struct event_endpoint *asked = event_asked(e);
	const char *container = e->container_name ? e->container_name : e->container_id;

	row->refusals += event_refusals(e);
	row->audits += e->verdict == PG_AUDIT ? event_refusals(e) : 0;
	top_series_add(&row->series, second, event_refusals(e));
	if (second < row->last_second)
		return;
	row->last_second = second;
	row->hook = e->hook;
	row->verdict = e->verdict;
	row->reason = e->reason;
	row->proto = e->proto;
	row->out = asked == &e->remote;
	row->port_known = asked->known && asked->port_known;
	row->port = row->port_known ? asked->port : 0;
	row->ip_known = e->remote.known && e->remote.ip_known;
	memcpy(row->ip, e->remote.ip, sizeof(row->ip));
	row->pid = e->process_known ? e->pid : 0;
	row->uid = e->uid;
	put(row->program, sizeof(row->program), e->exe ? e->exe : e->comm);
	put(row->cmdline, sizeof(row->cmdline), e->cmdline);
	put(row->place, sizeof(row->place), container ? container : e->unit);
	put(row->rule, sizeof(row->rule), e->rule);
	put(row->interface, sizeof(row->interface), e->interface);
	put(row->scope, sizeof(row->scope), e->scope);
}

static struct top_key port_key(const struct event *e)
{
	const struct event_endpoint *asked = event_asked(e);
	struct top_key key = { .view = TOP_PORTS };

	key.scan = e->ports > 0;
	if (key.scan || !asked->known || !asked->port_known)
		return key;
	key.known = 1;
	key.out = asked == &e->remote;
	key.proto = e->proto;
	key.port = asked->port;
	return key;
}

static struct top_key source_key(const struct event *e)
{
	struct top_key key = { .view = TOP_SOURCES };

	key.known = e->remote.known && e->remote.ip_known;
	if (key.known)
		memcpy(key.ip, e->remote.ip, sizeof(key.ip));
	return key;
}

static struct top_key program_key(const struct event *e)
{
	struct top_key key = { .view = TOP_PROGRAMS };
	const char *name = e->exe ? e->exe : e->comm;

	key.known = e->process_known && name;
	if (!key.known)
		return key;
	key.uid = e->uid;
	memcpy(key.name, name, strnlen(name, sizeof(key.name) - 1));
	return key;
}

int top_take(struct top *t, const struct event *e, uint64_t second)
{
	bool packet = e->hook == PG_HOOK_INBOUND || e->hook == PG_HOOK_DELIVER;
	struct top_key port, who;
	struct top_row *row;
	int r;

	if (!event_refusals(e))
		return 0;
	port = port_key(e);
	who = packet ? source_key(e) : program_key(e);
	r = find_row(t, &port, &row);
	if (r)
		return r;
	note(row, e, second);
	r = find_row(t, &who, &row);
	if (!r)
		note(row, e, second);
	return r;
}

char *top_row_name(const struct top_row *row, char *text)
{
	const struct top_key *key = &row->key;
	char number[4], ip[FORMAT_IP_SIZE];

	format_ip(key->ip, ip);
	if (key->view == TOP_PORTS && key->known)
		(void)snprintf(text, TOP_TEXT, "%s%u/%s", key->out ? "to " : "", key->port,
			       event_proto_name(key->proto, number));
	else if (key->view == TOP_PORTS)
		put(text, TOP_TEXT, key->scan ? "many (scans)" : "no port");
	else if (key->view == TOP_SOURCES && key->known)
		put(text, TOP_TEXT, ip);
	else if (key->view == TOP_PROGRAMS && key->known)
		put(text, TOP_TEXT, key->name);
	else
		put(text, TOP_TEXT, key->view == TOP_SOURCES ? "many sources" : "not known");
	return text;
}

/* --- order ---------------------------------------------------------------------------------- */

static bool matches(const struct top_row *row, const char *filter)
{
	char name[TOP_TEXT], ip[FORMAT_IP_SIZE];

	if (!filter || !*filter)
		return true;
	format_ip(row->ip, ip);
	return strcasestr(top_row_name(row, name), filter) || strcasestr(row->program, filter) ||
	       strcasestr(row->cmdline, filter) || strcasestr(row->place, filter) ||
	       strcasestr(event_hook_name(row->hook), filter) ||
	       strcasestr(event_reason_name(row->reason), filter) ||
	       (row->ip_known && strcasestr(ip, filter));
}

static int compare_names(const struct top_row *x, const struct top_row *y)
{
	const struct top_key *a = &x->key, *b = &y->key;
	int order = memcmp(a->ip, b->ip, sizeof(a->ip));

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	order = order ? order : strcmp(a->name, b->name);
	return order ? order : memcmp(a, b, sizeof(*a));
}

static int by_number(double x, double y)
{
	return (x < y) - (x > y);
}

/* The fastest, the most, the latest first; names go up. */
static int compare(const void *a, const void *b, void *data)
{
	const struct top_row *x = *(const struct top_row *const *)a,
			     *y = *(const struct top_row *const *)b;
	const struct top_order *o = data;
	int total = by_number((double)x->refusals, (double)y->refusals);
	int last = by_number((double)x->last_second, (double)y->last_second), order = 0;

	if (o->sort == TOP_BY_RATE)
		order = by_number(top_series_rate(&x->series, o->now),
				  top_series_rate(&y->series, o->now));
	if (o->sort == TOP_BY_LAST)
		order = last;
	if (o->sort != TOP_BY_NAME) {
		order = order ? order : total;
		order = order ? order : last;
	}
	order = order ? order : compare_names(x, y);
	return o->reverse ? -order : order;
}

size_t top_list(struct top *t, const struct top_order *order, const struct top_row *const **ret)
{
	const struct top_table *table = &t->tables[order->view];
	struct top_order o = *order;
	size_t count = 0;

	for (size_t i = 0; i < table->count; i++)
		if (matches(&table->rows[i], order->filter))
			t->order[count++] = &table->rows[i];
	if (count)
		qsort_r(t->order, count, sizeof(*t->order), compare, &o);
	*ret = t->order;
	return count;
}
