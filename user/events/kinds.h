/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The summing table: refusals (and what a rule's `log` tells of) that were taken from the kernel and
 * wait for their line, by kind. It
 * never refuses one: where it is full, or more kinds wait than there may be lines, kinds are folded
 * into coarser ones - by port without the remote address, at last without the port too.
 *
 * What a line of a call names - process, addresses - is that of the last refusal it counts.
 */
#ifndef PORTGUARD_KINDS_H
#define PORTGUARD_KINDS_H

#include "events/event.h"
#include "events/process.h"

enum kind_level {
	KIND_WHOLE,	/* hook verdict reason rule proto, remote address, port asked for */
	KIND_PORT,	/* hook verdict reason rule proto, port asked for */
	KIND_REST,	/* hook verdict reason proto (tcp, udp, any) family */
};

/* Compared as bytes: it has no padding but its own, which is zero. */
struct kind_key {
	uint8_t level;		/* enum kind_level */
	uint8_t hook, verdict, reason, proto, family;
	uint8_t has_port;
	uint8_t packet;		/* 1: of packets, whose process is not known */
	uint16_t port;
	uint16_t rule;
	uint16_t scope;		/* PG_SCOPE_TOLD(); 0: the host */
	uint8_t pad2[2];
	uint8_t remote[16];	/* zero: none */
};

/* What a line says beside its key. */
struct kind_detail {
	uint64_t start_us, end_us;
	struct event_endpoint local, remote;
	uint32_t ifindex;	/* 0: none */
	uint32_t ports;		/* more ports that a scan tried */
	uint8_t mode;
	uint8_t proto;		/* of a scan, whose key has none */
	struct process *process;	/* or NULL; the table takes references of its own */
};

struct kind {
	struct kind_key key;
	struct kind_detail detail;
	uint64_t waiting;	/* refusals that wait for a line */
	uint64_t since;		/* order in which kinds began to wait */
	uint8_t patience;	/* ticks that it was let wait for company */
	uint8_t pace;		/* of a scan: seconds until its next line, while it goes on */
	uint64_t told_ns;	/* of a scan: when it had its last one (CLOCK_MONOTONIC); 0: never */
	bool touched;		/* since the last kinds_forget_quiet() */
	bool fresh;		/* made by the last kinds_add() */
	uint32_t next;		/* in its chain */
	uint32_t place;		/* in `used` */
};

struct kinds;

int kinds_new(struct kinds **ret);
void kinds_free(struct kinds *k);	/* NULL is fine */

/**
 * kinds_add() - Count refusals of a kind.
 * @detail: of the last of them; its start_us is taken where none waited before.
 * Return: the kind that counts them - a coarser one if the table is full. It is valid until
 * kinds_forget_quiet().
 */
struct kind *kinds_add(struct kinds *k, const struct kind_key *key, const struct kind_detail *detail,
		       uint64_t refusals);
struct kind *kinds_find(struct kinds *k, const struct kind_key *key);

/* The refusals of @kind have got their line. */
void kinds_told(struct kinds *k, struct kind *kind);
/* Let what waits in @kind wait in the kind above it; false: there is none. */
bool kinds_fold(struct kinds *k, struct kind *kind);

/* How many kinds wait; all of them, refusals and the longest waiting first, in an array of the table's own. */
size_t kinds_waiting(const struct kinds *k);
struct kind **kinds_list_waiting(struct kinds *k, size_t *ret_count);

/* Forget the kinds that nothing has touched since the last call and that do not wait. */
void kinds_forget_quiet(struct kinds *k);

/* Not told only because its rule says `log`: part of the sums of refusals. */
bool kind_is_refusal(const struct kind_key *key);

/* Whether a line names the addresses of the last refusal even where it sums up many kinds. */
bool kind_keeps_endpoints(const struct kind_key *key);

#endif
