/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `on X` means the device by which IP receives a packet. Where a program runs it sees the device that
 * the frame has come to, and the frame's VLAN id; by which device IP receives it follows from how
 * devices lie above one another. Here that is turned into keys of pg_ifaces.
 *
 *   eth0 <- bond0 <- bond0.5     (eth0, 0) bond0   (eth0, 5) and (bond0, 5) bond0.5   (bond0.5, 0) itself
 *   eth1, a port of br0          (eth1, 0) br0: never eth1
 *   eth2, in VRF red             (eth2, 0) red, unless a rule names eth2 itself
 *
 * Where that may be several devices (a VLAN with VLANs on it, whose inner tag nobody reads; a macvlan,
 * told by its address) or cannot be known (a bridge that filters VLANs, Open vSwitch), and rules tell
 * these apart, the class is PG_IFACE_UNKNOWN.
 */
#ifndef PORTGUARD_RECEIVERS_H
#define PORTGUARD_RECEIVERS_H

#include "kernel/devices.h"
#include "portguard/abi.h"

/* The class of frames that come to a device with this VLAN id, or with none. */
struct receiver {
	uint32_t ifindex, vlan, class;
};

struct receivers {
	struct receiver *list;
	size_t count;
};

/**
 * receivers_find() - What pg_ifaces shall hold.
 * @names: that rules name; the class of names[i] is i + 2.
 * Every receiver at which a missing key would be wrong: class 0 is left out where the VLAN id is 0,
 * PG_IFACE_UNKNOWN where it is not. First those whose absence would be less strict (id 0), last those
 * with id and class 0: a map that gets full has lost the least. No key is there twice.
 * Return: 0, or -ENOMEM.
 */
int receivers_find(const struct devices *all, char *const *names, size_t count, struct receivers *ret);
/* Whether a key is among them; O(log n). */
bool receivers_hold(const struct receivers *r, uint32_t ifindex, uint32_t vlan);
void receivers_free(struct receivers *r);
#define _cleanup_receivers_ __attribute__((cleanup(receivers_free)))

#endif
