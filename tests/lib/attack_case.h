/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of attacks that a process tries by itself, each once: attack.c takes ports and raw
 * sockets, outward.c reaches other machines. A case is one line of a table; lib/attack.h says how
 * its result is told.
 */
#ifndef PG_TEST_ATTACK_CASE_H
#define PG_TEST_ATTACK_CASE_H

#include "lib/attack.h"

#define CLOSED_PORT 1081
#define BOTH 0
#define NO_OPTION 0, 0, 0
#define TCP SOCK_STREAM, 0
#define UDP SOCK_DGRAM, 0
#define MPTCP SOCK_STREAM, IPPROTO_MPTCP
#define UDPLITE SOCK_DGRAM, IPPROTO_UDPLITE

struct plan {
	int family;
	const char *own, *peer;		/* addresses of this machine, and of another */
	const char *own4, *peer4;	/* theirs of IPv4, whatever the family */
};

struct attack {
	const char *hook, *name;
	int (*run)(const struct attack *attack, const struct plan *plan);
	int type, protocol;
	int level, option, value;	/* set before; NO_OPTION: none */
	int families;			/* BOTH, 4 or 6 */
};

/* The socket of a case, with its option set. */
static inline int case_socket(const struct attack *a, const struct plan *plan)
{
	int fd = make_socket(plan->family, a->type, a->protocol), r;

	if (fd < 0 || !a->option)
		return fd;
	r = set_option(fd, a->level, a->option, a->value);
	if (!r)
		return fd;
	close(fd);
	return r;
}

static inline struct address mapped(const char *text, uint16_t port)
{
	char name[INET6_ADDRSTRLEN + 8];

	(void)snprintf(name, sizeof(name), "::ffff:%s", text);
	return address_of(AF_INET6, name, port);
}

static inline int done(int fd, int r)
{
	close(fd);
	return r;
}

/* An address without a family is taken for one of IPv4. */
static inline struct address unspecified(struct address a)
{
	a.storage.ss_family = AF_UNSPEC;
	return a;
}

static inline void run_table(const struct attack *table, size_t count, char **words)
{
	for (size_t i = 0; i < 2 * count; i++) {
		const struct attack *a = &table[i / 2];
		bool six = i % 2;
		struct plan plan = {
			.family = six ? AF_INET6 : AF_INET,
			.own = words[six],
			.peer = words[2 + six],
			.own4 = words[0],
			.peer4 = words[2],
		};

		if (a->families == BOTH || a->families == (six ? 6 : 4))
			tell(a->hook, plan.family, a->name, a->run(a, &plan));
	}
}

#endif
