/* SPDX-License-Identifier: GPL-2.0-only */
/* The last policy in force, for a boot at which its file cannot be read: /var/lib/portguard/INSTANCE/policy.image. */
#ifndef PORTGUARD_LAST_H
#define PORTGUARD_LAST_H

#include "kernel/paths.h"
#include "policy/policy.h"

/*
 * Written whole or not at all, less what a reboot forgets: rules added by hand, panic, a mode that was
 * typed (@mode_typed; the former one stays), and when a rule's time is up: that begins anew. 0 or -errno.
 */
int last_policy_write(const struct paths *paths, const struct policy *p, bool mode_typed);
int last_policy_read(const struct paths *paths, struct policy *ret);

#endif
