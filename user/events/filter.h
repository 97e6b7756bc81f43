/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events an output gets: those that fit every list that was said. Filters by hook, verdict, port or
 * scope are about verdicts alone: they spare `change` and `health`, which tell that a quiet output is alive.
 */
#ifndef PORTGUARD_FILTER_H
#define PORTGUARD_FILTER_H

#include "events/event.h"

#define FILTER_TCP (1u << 0)
#define FILTER_UDP (1u << 1)	/* UDP-Lite is udp */

struct filter_ports {
	uint16_t first, last;
	uint8_t protos;			/* FILTER_TCP | FILTER_UDP */
};

/* Bits are 1u << the number of the word; 0, or an empty list: all. */
struct event_filter {
	unsigned kinds, hooks, verdicts;
	struct filter_ports *ports;	/* the port that the rule was asked for: event_asked() */
	size_t port_count;
	char **scopes;
	size_t scope_count;
};

bool filter_passes(const struct event_filter *f, const struct event *e);

/* Lines of verdicts that passed in a second; begins as zero. */
struct filter_rate {
	uint64_t second;
	uint32_t lines;
};

/*
 * Whether the event is among the first @max (0: no limit) of its second. By its own time, so that lines that
 * were told while nobody took them are not cut for coming all at once.
 */
bool filter_rate_passes(struct filter_rate *r, uint32_t max, const struct event *e);

void filter_free(struct event_filter *f);	/* and empties it */
int filter_copy(const struct event_filter *from, struct event_filter *to);	/* 0 or -ENOMEM */

#endif
