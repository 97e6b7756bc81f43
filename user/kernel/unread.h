/* SPDX-License-Identifier: GPL-2.0-only */
/* Accounts of a former layout, which programs and agent of a newer one cannot go on with. */
#ifndef PORTGUARD_UNREAD_H
#define PORTGUARD_UNREAD_H

#include <stdint.h>

#include "kernel/paths.h"

/**
 * unread_carry() - Count as taken what was counted there, so that the next agent finds it to be lost:
 * in no line, but not uncounted (events/journal.h).
 * @from, @to: pins of the former and of the new layout; its programs have run until now, and no more.
 * @cpus: regions of pg_seen.
 * Nothing is done where both have the same map. Doing it again does no harm. 0 or -errno.
 */
int unread_carry(const struct paths *from, const struct paths *to, uint32_t cpus);

/**
 * counts_carry() - Add up what the former layout counted in the new one's pg_counts, which counts already.
 * Once, before pg_counts is frozen; otherwise as unread_carry().
 */
int counts_carry(const struct paths *from, const struct paths *to, uint32_t cpus);

#endif
