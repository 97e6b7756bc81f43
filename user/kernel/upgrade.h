/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another build of portguard takes over what an instance has pinned. Its programs are loaded into a
 * directory beside the pins, over the same maps, so that counters, flows and events go on; then each
 * link and filter is made to run the new program in the place of the old one, by one atomic step of the
 * kernel's; last the two directories are exchanged. At no moment is anything unguarded.
 *
 * Where the layout of the tables is an older one, the tables of the policy are made anew from its image,
 * and only those maps are kept whose layout is the same. A newer layout is refused.
 */
#ifndef PORTGUARD_UPGRADE_H
#define PORTGUARD_UPGRADE_H

#include <stdint.h>

#include "kernel/paths.h"

/**
 * upgrade() - Put the programs of this build in the place of another one's, under the exclusive lock.
 * Return: 0, also where there is nothing to do or nothing runs; -EPROTO (69: a newer layout, or an image
 * that cannot be read), -EBUSY (75: an agent of the other build runs), and others. What runs goes on then.
 */
int upgrade(const struct paths *paths, struct pg_error *err);

/* What a start that was killed has left beside the pins; the pins themselves, where it had moved them. */
void upgrade_tidy(const struct paths *paths);

/* With words: why this build cannot use tables of another layout, and what to do. -EPROTO. */
int upgrade_refuse_layout(const struct paths *paths, uint32_t layout, struct pg_error *err);

#endif
