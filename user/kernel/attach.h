/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching: bind to a cgroup, inbound and outbound to devices. Links are pinned as link_bind4,
 * link_bind6, link_in_INDEX and link_out_INDEX; classic tc filters, which no link holds, are known by
 * their handle. Nothing that is not ours is replaced.
 */
#ifndef PORTGUARD_ATTACH_H
#define PORTGUARD_ATTACH_H

#include "kernel/devices.h"
#include "kernel/load.h"

int attach_bind(const struct paths *paths, const char *cgroup_dir, struct pg_error *err);
/* Outbound first, then, when flows are seeded, inbound. Doing it again does nothing. */
int attach_outbound(const struct paths *paths, const struct device *d, struct pg_error *err);
int attach_inbound(const struct paths *paths, const struct device *d, enum attach_choice how, struct pg_error *err);
void detach_device(const struct paths *paths, const struct device *d);
/* Drop the pins of devices that are gone. */
void sweep_links(const struct paths *paths);
/* Classic filters on all devices; links end with their pins. */
void detach_all(const struct paths *paths, const struct devices *all);

enum attach_via { VIA_NONE, VIA_XDP, VIA_TC, VIA_TCX, VIA_CGROUP };
const char *attach_via_name(enum attach_via via);
enum attach_via attached_inbound(const struct paths *paths, const struct device *d);
enum attach_via attached_outbound(const struct paths *paths, const struct device *d);
bool attached_bind(const struct paths *paths);

#endif
