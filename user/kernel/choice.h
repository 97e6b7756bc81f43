/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which devices are guarded. The law where `interfaces:` is left out: those by which the outside
 * reaches this machine.
 *
 * - A device with a driver of its own, a bond or team, a layer-3 tunnel: yes. Loopback, dummies: no.
 * - A veth or tap is the host's end of a container or VM, whatever addresses and routes it has: no.
 *   It is this namespace's own uplink, and guarded, if a default route leads over it, or over a VLAN
 *   or macvlan on it; or, as long as nothing else leads outside (no default route, no device with a
 *   driver of its own), if its other end lies in another namespace.
 * - A bridge is guarded if one of its ports would be, or if a default route leads over it; then, as
 *   with bonds and teams, its ports are not: what a bridge hands on among them is not this machine's.
 * - A VLAN, macvlan or ipvlan is seen at the device below it, and is guarded only where that one is
 *   not although the outside reaches it (a bridge's port). One whose lower device lies in another
 *   namespace is an uplink.
 * - A VRF's packets come in by its ports: they are guarded, never the VRF itself.
 */
#ifndef PORTGUARD_CHOICE_H
#define PORTGUARD_CHOICE_H

#include "kernel/devices.h"
#include "policy/policy.h"

/**
 * device_choice() - Whether the policy guards a device, and how.
 * A VRF that `interfaces:` names stands for those of its ports that it does not name. Loopback is
 * guarded by `loopback: true` or by its full name, not by a glob.
 * Return: ATTACH_DEFAULT: not guarded; else auto, xdp or tc.
 */
enum attach_choice device_choice(const struct policy *p, const struct devices *all, const struct device *d);

/* Programs for devices, as bits: device_programs[] names them. */
enum {
	PROGRAM_IN_XDP = 1 << 0,
	PROGRAM_IN_TC = 1 << 1,
	PROGRAM_OUT_TC = 1 << 2,
	PROGRAM_IN_L3 = 1 << 3, /* of devices without Ethernet headers */
	PROGRAM_OUT_L3 = 1 << 4,
	DEVICE_PROGRAMS = 5,
	DEVICE_PROGRAMS_ALL = (1 << DEVICE_PROGRAMS) - 1,
};
extern const char *const device_programs[DEVICE_PROGRAMS];

/* Whether XDP is tried. Where the choice is auto its driver may refuse it: then it is tc. */
bool device_tries_xdp(const struct device *d, enum attach_choice how);
/* Which programs the devices may want that the policy guards. */
unsigned devices_want(const struct policy *p, const struct devices *all);

/**
 * device_covered() - Whether all that IP receives by a device has met inbound on its way.
 * @guarded: for each of @all, whether inbound is attached to it.
 * So it is for a device that is guarded, a VLAN on one that is covered, and a VRF all of whose ports are
 * (IP receives their packets by it, and it has no inbound of its own). Not for a bridge, bond or team whose
 * ports are guarded instead of it: one may join while no agent runs. Nor for a macvlan or ipvlan on a
 * guarded device: those on the same device reach each other past it.
 */
bool device_covered(const struct devices *all, const bool *guarded, const struct device *d);

#endif
