/* SPDX-License-Identifier: GPL-2.0-only */
/* The network devices of this namespace, and which of them the policy guards. */
#ifndef PORTGUARD_DEVICES_H
#define PORTGUARD_DEVICES_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

struct device {
	uint32_t index, master, lower;	/* 0: none; lower: what it is stacked on, in this namespace */
	char name[IFNAMSIZ];
	char kind[16];			/* veth, bridge, bond …; empty: a driver of its own */
	uint16_t type;			/* ARPHRD_* */
	bool loopback, up, default_route;
	uint32_t xdp_prog;		/* id of an XDP program that is attached, 0: none */
};

struct devices {
	struct device *list;
	size_t count;
};

int devices_read(struct devices *ret);
void devices_free(struct devices *d);
#define _cleanup_devices_ __attribute__((cleanup(devices_free)))

const struct device *devices_by_index(const struct devices *d, uint32_t index);

/* Packets of the device begin with an Ethernet header. */
bool device_is_ethernet(const struct device *d);
/* Native XDP is the fastest place on a card of its own; on software devices tc is. */
bool device_prefers_tc(const struct device *d);

/**
 * device_choice() - Whether the policy guards a device, and how.
 * Where `interfaces:` is left out: those by which the outside reaches this machine.
 * Return: ATTACH_DEFAULT: not guarded; else auto, xdp or tc.
 */
enum attach_choice device_choice(const struct policy *p, const struct devices *all, const struct device *d);

#endif
