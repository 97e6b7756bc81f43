/* SPDX-License-Identifier: GPL-2.0-only */
/* --cut: open TCP connections that a change of policy would not let begin any more are closed. */
#ifndef PORTGUARD_CUT_H
#define PORTGUARD_CUT_H

#include "policy/policy.h"

/**
 * cut_connections() - Close the connections of this network namespace that @from allowed and @to refuses.
 * A connection came in if somebody listens on its local port, or nobody does and programs that go out are
 * not given that port; else it went out. Asked are the host's rules, of an attempt that begins now.
 * Loopback, where the policy does not guard it, is left alone; so is all under a policy that only audits.
 * Who calls has made sure that no login session is among them (lockout_refuse()), or was told to go ahead.
 * Return: how many, or -errno with words; after an error those that could be closed are.
 */
int cut_connections(const struct policy *from, const struct policy *to, struct pg_error *err);

#endif
