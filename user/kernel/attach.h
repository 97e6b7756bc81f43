/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching inbound and outbound to devices. Links are pinned as link_in_INDEX and link_out_INDEX;
 * classic tc filters, which no link holds, are known by their handle. Nothing that is not ours is
 * replaced.
 */
#ifndef PORTGUARD_ATTACH_H
#define PORTGUARD_ATTACH_H

#include "kernel/choice.h"
#include "kernel/load.h"

/* Outbound first, then, when flows are seeded, inbound. Doing it again does nothing. */
int attach_outbound(const struct paths *paths, const struct device *d, struct pg_error *err);
int attach_inbound(const struct paths *paths, const struct device *d, enum attach_choice how, struct pg_error *err);
void detach_device(const struct paths *paths, const struct device *d);
/* Drop the pins of devices that are gone. */
void sweep_links(const struct paths *paths);
/* Classic filters on all devices; links end with their pins. */
void detach_all(const struct paths *paths, const struct devices *all);

enum attach_via { VIA_NONE, VIA_XDP, VIA_TC, VIA_TCX };
const char *attach_via_name(enum attach_via via);
enum attach_via attached_inbound(const struct paths *paths, const struct device *d);
enum attach_via attached_outbound(const struct paths *paths, const struct device *d);

/* The id of the program that our classic filter runs, or 0: there is none. */
uint32_t attached_filter(const struct paths *paths, uint32_t index, bool in);
/* In the place of what our filter has become. */
int attach_filter_again(const struct paths *paths, const struct device *d, bool in);

#endif
