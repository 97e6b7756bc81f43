/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pg_devices as devices and programs are now: by which devices nothing is received that inbound has
 * not judged. A device is covered only while inbound is attached: marked after that, unmarked before.
 */
#ifndef PORTGUARD_COVERAGE_H
#define PORTGUARD_COVERAGE_H

#include "kernel/devices.h"
#include "kernel/paths.h"
#include "policy/policy.h"

/*
 * Unmark what is not covered any more, once the policy's choice is followed; before anything is
 * detached. @mark: and mark what is covered; after everything is attached. 0 or -errno.
 */
int coverage_write(const struct paths *paths, const struct policy *p, const struct devices *all, bool mark);

/*
 * IPsec may be let in: what the kernel unpacks goes on to the socket as received by the same device,
 * and no inbound program has seen it. Then nothing is covered.
 */
bool coverage_has_ipsec(const struct policy *p);

#endif
