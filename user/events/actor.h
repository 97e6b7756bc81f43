/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who made a change: the process that did, and by which login - terminal and ssh client - it was typed.
 * sudo and su keep the terminal and drop SSH_CONNECTION: then it is looked for where they were typed, in the
 * processes above. All of it is the caller's word: who is root can make it say anything.
 */
#ifndef PORTGUARD_ACTOR_H
#define PORTGUARD_ACTOR_H

#include "events/event.h"
#include "util/address.h"

struct actor {
	struct event_actor event;	/* points into what follows: *this stays where it is */
	char comm[64], tty[32], ssh[ADDRESS_TEXT];
};

/* This process. */
void actor_read_self(struct actor *ret);
/* Another one, which may have ended: then pid and uid are all. @proc: where procfs is mounted. */
void actor_read(const char *proc, uint32_t pid, uint32_t uid, struct actor *ret);

#endif
