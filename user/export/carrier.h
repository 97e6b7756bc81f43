/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How events leave the machine. Each exporter is linked with one file that has these functions: tls.c or
 * kafka.c. All the rest is the same in both.
 */
#ifndef PORTGUARD_CARRIER_H
#define PORTGUARD_CARRIER_H

#include <errno.h>

#include "cmd/cmd.h"
#include "export/ledger.h"
#include "export/sandbox.h"

#define CARRIER_WORDS 8

struct carrier;

/* What there is to know of it before it exists. */
struct carrier_about {
	const char *program;	/* portguard-export */
	const char *words;	/* for the usage: its own words */
	const char *help;	/* what they mean, a line each */
	const char *format;	/* when none is asked for */
};
extern const struct carrier_about carrier_about;

struct carrier *carrier_new(void);	/* NULL: out of memory */
void carrier_free(struct carrier *c);

/* Its options, CARRIER_WORDS at most; returns how many. */
size_t carrier_options(struct carrier *c, struct option_word *ret);
/*
 * Check what was said and read the files that it names, while whoever started us may read them. Of @s
 * what it needs inside is set.
 */
int carrier_prepare(struct carrier *c, struct sandbox *s, struct pg_error *err);
/* Where to, for messages. */
const char *carrier_target(const struct carrier *c);

#define CARRIER_NEVER (-EDOM)	/* what was said is wrong, and trying again is of no use */
/* Begin to connect, from inside. 0, CARRIER_NEVER or -errno. */
int carrier_open(struct carrier *c, struct pg_error *err);
/* What to poll, and how long at most (ms; -1: no limit), before carrier_work(). */
int carrier_fd(const struct carrier *c);
short carrier_events(const struct carrier *c);
int carrier_timeout(const struct carrier *c);
/* @revents as polled. Send, and tell @l what has arrived. 0, or -errno: the connection is no good any more. */
int carrier_work(struct carrier *c, short revents, struct ledger *l, struct pg_error *err);

/* What is wrong, though it may get right by itself; "": nothing. */
const char *carrier_trouble(const struct carrier *c);

/* One more is taken now. */
bool carrier_ready(const struct carrier *c);
/* A line, with its newline. 0, or -errno: this one can never be sent, its ticket is done. */
int carrier_send(struct carrier *c, const struct event_source *source, const struct event *e,
		 const char *line, size_t length, uint64_t ticket);

/* The connection is given up, whatever is under way. */
void carrier_drop(struct carrier *c);
/* We end: wait a moment for what is under way. */
void carrier_finish(struct carrier *c, struct ledger *l);

#endif
