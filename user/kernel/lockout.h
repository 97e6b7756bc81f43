/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Never being locked out: which login session, or port on which sshd listens, a change of policy
 * would close. A session is an established inbound TCP connection that is the caller's own
 * (SSH_CONNECTION), or whose socket sshd holds, or on the default failsafe port.
 */
#ifndef PORTGUARD_LOCKOUT_H
#define PORTGUARD_LOCKOUT_H

#include "policy/compile.h"

struct lockout {
	uint16_t port;		/* 0: nobody is locked out */
	bool session;		/* else sshd listens there */
	uint32_t deny;		/* the rule that closes it; 0: the lack of an allow does */
	const char *scope;	/* of the socket, where that closes it: a name of @to's; or NULL */
	char peer[64];		/* of the session */
};

/* @from: the policy in force, or NULL: nothing is closed yet. 0 or -errno. */
int lockout_find(const struct policy *from, const struct policy *to, struct lockout *ret, struct pg_error *err);
/* -EPERM with exit 78, naming port, peer, and the rule that helps; 0 if nobody is locked out. */
int lockout_refuse(const struct policy *from, const struct policy *to, struct pg_error *err);
/* By their modes: whether the host refuses anything, and whether it or some scope does (NULL: no). */
bool policy_host_guards(const struct policy *p);
bool policy_guards(const struct policy *p);
/* Whether @to, compiled @after, closes anything on inbound TCP that @from, compiled @before, leaves open. */
bool policy_narrows(const struct policy *from, const struct compiled *before, const struct policy *to,
		    const struct compiled *after);

#endif
