/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of the policy in force written by hand: answers, groups and rules as a test wants them, whatever
 * a compiler would make of a policy. Numbers of groups and ids of rules are the test's to choose.
 */
#ifndef PORTGUARD_TESTS_BY_HAND_H
#define PORTGUARD_TESTS_BY_HAND_H

#include "bpf/lib/guarded.h"

#define ALLOW(id) PG_ANSWER(PG_ANSWER_ALLOW, 0, id)
#define DENY(id) PG_ANSWER(PG_ANSWER_DENY, 0, id)
#define ASK(group) PG_ANSWER(PG_ANSWER_ASK, 0, group)

/* What the slot in force says of a port; 0: nothing. */
void put_answer(struct guarded *g, enum pg_direction direction, enum pg_proto proto, uint16_t port,
		uint32_t answer);
/* The same of `in`, TCP and UDP. */
void put_in(struct guarded *g, uint16_t port, uint32_t answer);
void put_group(struct guarded *g, uint32_t number, struct pg_group group);
/* A condition: @answer while rule @id holds, else @otherwise. */
void put_condition(struct guarded *g, uint32_t number, uint32_t id, uint32_t answer,
		   uint32_t otherwise);
void put_rule(struct guarded *g, uint32_t id, struct pg_rule rule);
void put_case(const struct guarded *g, struct pg_case_key key, uint32_t answer);
void put_caller(const struct guarded *g, struct pg_caller_key key, uint32_t class);

/* CLOCK_BOOTTIME, @seconds from now. */
uint64_t boot_time(int seconds);

/* What the kernel decides of a question; TCP and IPv4 unless it says so. */
struct pg_decision asked(const struct guarded *g, struct pg_question q);

#endif
