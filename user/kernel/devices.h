/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The network devices of this namespace. devices.c reads them; what follows from how they lie above one
 * another is pure: choice.h which of them are guarded, receivers.h by which of them IP receives.
 */
#ifndef PORTGUARD_DEVICES_H
#define PORTGUARD_DEVICES_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_ALTNAMES 256

struct device {
	uint32_t index;
	uint32_t master;		/* bridge, bond, VRF … whose port it is; 0: none */
	uint32_t link;			/* IFLA_LINK, in this namespace: below a VLAN, the other end of a veth … */
	uint16_t vlan;			/* a VLAN device's id */
	uint16_t type;			/* ARPHRD_* */
	char name[IFNAMSIZ];
	char altnames[DEVICE_ALTNAMES];	/* each ended by a zero; an empty one ends them */
	char kind[16];			/* veth, bridge, bond …; empty: a driver of its own */
	bool loopback;
	bool link_elsewhere;		/* what IFLA_LINK names lies in another namespace */
	bool vlan_filtering;		/* a bridge that changes tags */
	bool default_route;		/* or a route to the half of all addresses */
	uint32_t xdp_prog;		/* id of an XDP program that is attached, 0: none */
};

struct devices {
	struct device *list;
	size_t count;
};

/* All devices. devices_list() leaves default_route unset, and spares reading the routes. 0 or -errno. */
int devices_read(struct devices *ret);
int devices_list(struct devices *ret);
void devices_free(struct devices *d);
#define _cleanup_devices_ __attribute__((cleanup(devices_free)))

/* By index, or by name or alternative name; NULL: there is none. */
const struct device *devices_by_index(const struct devices *d, uint32_t index);
const struct device *devices_by_name(const struct devices *d, const char *name);
/* The name, or one of the alternative ones, fits a pattern (fnmatch). */
bool device_matches(const struct device *d, const char *pattern);
bool device_is(const struct device *d, const char *kind);

/* What takes the frames of a device: its bridge, bond, team …, but not its VRF. NULL: none, or not here. */
const struct device *device_port_of(const struct devices *all, const struct device *d);
/* The VRF that a device is in, or NULL. */
const struct device *device_vrf(const struct devices *all, const struct device *d);
/* What a VLAN, macvlan or ipvlan is stacked on. NULL: nothing, or not in this namespace. */
bool device_is_on(const struct device *d, const struct device *below);
const struct device *device_below(const struct devices *all, const struct device *d);

/* Packets of the device begin with an Ethernet header. */
bool device_is_ethernet(const struct device *d);
/* Native XDP is the fastest place on a card of its own; on software devices tc is. */
bool device_prefers_tc(const struct device *d);

#endif
