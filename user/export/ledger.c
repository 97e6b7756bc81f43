// SPDX-License-Identifier: GPL-2.0-only
#include "export/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/file.h"

#define FILE_MOST 4096
#define FILE_FORMAT "id %s\nsent %" PRIu64 "\nrefusals %" PRIu64 "\nlost %" PRIu64 "\n"

int ledger_init(struct ledger *l)
{
	*l = (struct ledger){ 0 };
	l->entries = calloc(LEDGER_SIZE, sizeof(*l->entries));
	return l->entries ? 0 : -ENOMEM;
}

void ledger_free(struct ledger *l)
{
	free(l->entries);
	*l = (struct ledger){ 0 };
}

bool ledger_has_room(const struct ledger *l)
{
	return l->next - l->first < LEDGER_SIZE;
}

static struct entry *entry_of(const struct ledger *l, uint64_t ticket)
{
	return &l->entries[ticket % LEDGER_SIZE];
}

/* Events that the agent says did not reach us; 0 for any other event. */
static uint64_t lost_lines(const struct event *e)
{
	uint64_t events = 0;

	if (e->kind == EVENT_HEALTH && e->action && !strcmp(e->action, "lost") && e->counters_json)
		(void)sscanf(e->counters_json, "{\"events\":%" SCNu64, &events); /* or it stays 0 */
	return events;
}

uint64_t ledger_take(struct ledger *l, const struct event_source *source, const struct event *e)
{
	uint64_t ticket = l->next++;
	struct entry *entry = entry_of(l, ticket);

	*entry = (struct entry){ .step = { .lost = lost_lines(e) } };
	entry->step.sent =
		entry->step.lost ? 0 : 1; /* what stands for them is none of the agent's */
	entry->step.refusals = event_refusals(e);
	format_id(source, e->seq, entry->step.id);
	return ticket;
}

static void advance(struct position *p, const struct position *step)
{
	memcpy(p->id, step->id, sizeof(p->id));
	p->sent += step->sent;
	p->refusals += step->refusals;
	p->lost += step->lost;
}

void ledger_done(struct ledger *l, uint64_t ticket)
{
	if (ticket < l->first || ticket >= l->next)
		return; /* of a connection that is gone */
	entry_of(l, ticket)->done = true;
	while (l->first < l->next && entry_of(l, l->first)->done)
		advance(&l->position, &entry_of(l, l->first++)->step);
}

void ledger_leave_out(struct ledger *l, uint64_t ticket)
{
	struct position *step = &entry_of(l, ticket)->step;

	step->sent = step->refusals = 0;
	step->lost = step->lost ? step->lost : 1;
	ledger_done(l, ticket);
}

void ledger_drop(struct ledger *l)
{
	l->first = l->next;
}

const char *ledger_last_id(const struct ledger *l)
{
	return l->first < l->next ? entry_of(l, l->next - 1)->step.id : l->position.id;
}

int position_read(const char *path, struct position *ret)
{
	_cleanup_free_ char *text = NULL;
	struct position p = { 0 };
	int end = 0, r;
	size_t length;

	*ret = p;
	r = file_read(path, FILE_MOST, &text, &length);
	if (r)
		return r == -ENOENT ? 0 : r;
	_Static_assert(FORMAT_ID_SIZE == 100, "%99s below");
	if (sscanf(text, "id %99s sent %" SCNu64 " refusals %" SCNu64 " lost %" SCNu64 "%n", p.id,
		   &p.sent, &p.refusals, &p.lost, &end) != 4 ||
	    strcmp(text + end, "\n"))
		return -EBADMSG;
	*ret = p;
	return 0;
}

int position_write(const char *path, const struct position *p)
{
	char text[FILE_MOST];
	int n = snprintf(text, sizeof(text), FILE_FORMAT, p->id, p->sent, p->refusals, p->lost);

	return file_write(path, text, (size_t)n, 0640);
}
