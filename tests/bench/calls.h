/* SPDX-License-Identifier: GPL-2.0-only */
/* What calls and decisions take: calls.c, call_guards.c, decisions.c, sizes.c, sets.c. */
#ifndef PORTGUARD_BENCH_CALLS_H
#define PORTGUARD_BENCH_CALLS_H

#include <netinet/in.h>

#include "bench/bench.h"
#include "bench/workers.h"

/* --- call_guards.c --- */

/* Whether this kernel's Landlock knows ports (Linux 6.7). */
bool landlock_is_here(void);
/* This process may bind to 1,000 ports from 20001 on, and to no others. */
void landlock_enter(void);
/* For a cgroup's bind4: 1,000 rules, of which the last is of @first to @last. */
int list_program(unsigned first, unsigned last);

/* --- calls.c --- */

/* Makes two instances, and takes them down. */
void calls_measure(const struct world *w, size_t rounds);
/* Return: how many aims were missed. */
int calls_print(void);

/* --- decisions.c --- */

enum decision {
	DECIDE_BIND,
	DECIDE_LISTEN,
	DECIDE_SOCKET,
	DECIDE_CONNECT,
	DECIDE_SEND,
	DECIDE_DROP,
	DECIDE_PASS,
	DECIDE_DELIVER,
	DECISIONS
};

/* What the policy has to say of those that are asked. */
#define DECISION_ALLOWED 80 /* allow 80 */
#define DECISION_OUT 53 /* allow out 53/udp */
#define DECISION_CLOSED 81

struct decision_call {
	int fd; /* a socket, or a program */
	struct sockaddr_in address;
	unsigned port, ifindex;
	int verdict;
};

struct decision_place {
	struct decision_call calls[DECISIONS];
	struct worker workers[DECISIONS];
};

struct decisions {
	struct decision_place guarded, outside;
};

/*
 * Of an instance whose pins are in @pins, by sockets and processes of @cgroup, which it guards. @number: another
 * one for each of those that are open at once.
 */
void decisions_open(struct decisions *d, const struct world *w, const char *pins,
		    const char *cgroup, unsigned number);
void decisions_close(const struct decisions *d);
/* What each takes, in ns. */
void decisions_measure(const struct decisions *d, unsigned turns, double ret_ns[DECISIONS]);

/* --- sizes.c --- */

/* Makes an instance for each kind of policy, and takes it down. */
void sizes_measure(const struct world *w, size_t rounds, unsigned turns);
/* Return: how many aims were missed. */
int sizes_print(void);

/* --- sets.c --- */

/* Makes an instance of its own, and takes it down. */
void sets_measure(const struct world *w, size_t rounds, unsigned turns, unsigned repeat);
/* Return: how many aims were missed. */
int sets_print(void);

#endif
