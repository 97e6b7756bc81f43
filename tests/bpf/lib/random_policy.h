/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random policies, changes of them and questions to them, from a universe so small that rules meet,
 * shadow and split each other all the time. The same numbers give the same policies in every run.
 */
#ifndef PORTGUARD_TESTS_RANDOM_POLICY_H
#define PORTGUARD_TESTS_RANDOM_POLICY_H

#include "bpf/lib/guarded.h"

/* Its ports are those below this, and the essential ones above. */
#define RANDOM_PORTS 100

void random_policy(struct policy *ret, uint32_t *random);
/*
 * One change as commands make them: a rule more or less (in place), now and then another default,
 * essential, protocol or set (a swap). Rules are about ports from @first_port on.
 */
void random_change(struct policy *p, uint32_t *random, unsigned first_port);

/* A question; *ret_device is the name of the device that it asks about, or NULL. */
struct pg_question random_question(uint32_t *random, const char **ret_device);

#endif
