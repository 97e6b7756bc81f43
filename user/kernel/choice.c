// SPDX-License-Identifier: GPL-2.0-only
/* How devices lie above one another, and the choice among them; see choice.h. Pure. */
#include "kernel/choice.h"

#include <fnmatch.h>
#include <linux/if_arp.h>
#include <string.h>

#include "util/cleanup.h"

#define DEEPEST 8 /* of stacked devices; the kernel allows no more */

bool device_is(const struct device *d, const char *kind)
{
	return !strcmp(d->kind, kind);
}

static bool is_one_of(const struct device *d, const char *const *kinds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (device_is(d, kinds[i]))
			return true;
	return false;
}

const struct device *devices_by_index(const struct devices *d, uint32_t index)
{
	for (size_t i = 0; index && i < d->count; i++)
		if (d->list[i].index == index)
			return &d->list[i];
	return NULL;
}

bool device_matches(const struct device *d, const char *pattern)
{
	if (!fnmatch(pattern, d->name, 0))
		return true;
	for (const char *alt = d->altnames; *alt; alt += strlen(alt) + 1)
		if (!fnmatch(pattern, alt, 0))
			return true;
	return false;
}

static bool has_name(const struct device *d, const char *name)
{
	if (!strcmp(name, d->name))
		return true;
	for (const char *alt = d->altnames; *alt; alt += strlen(alt) + 1)
		if (!strcmp(name, alt))
			return true;
	return false;
}

const struct device *devices_by_name(const struct devices *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (has_name(&d->list[i], name))
			return &d->list[i];
	return NULL;
}

bool device_is_ethernet(const struct device *d)
{
	return d->type == ARPHRD_ETHER || d->type == ARPHRD_LOOPBACK;
}

bool device_prefers_tc(const struct device *d)
{
	return d->kind[0] || d->loopback || !device_is_ethernet(d);
}

const struct device *device_port_of(const struct devices *all, const struct device *d)
{
	const struct device *master = devices_by_index(all, d->master);

	return master && !device_is(master, "vrf") ? master : NULL;
}

const struct device *device_vrf(const struct devices *all, const struct device *d)
{
	const struct device *master = devices_by_index(all, d->master);

	return master && device_is(master, "vrf") ? master : NULL;
}

static bool is_stacked(const struct device *d)
{
	static const char *const kinds[] = { "vlan", "macvlan", "ipvlan", "macvtap", "ipvtap" };

	return is_one_of(d, kinds, ARRAY_SIZE(kinds));
}

bool device_is_on(const struct device *d, const struct device *below)
{
	return d->link == below->index && is_stacked(d);
}

const struct device *device_below(const struct devices *all, const struct device *d)
{
	return is_stacked(d) ? devices_by_index(all, d->link) : NULL;
}

/* Ends of cables to containers and VMs. A tap is a tun with Ethernet headers. */
static bool is_guest(const struct device *d)
{
	return device_is(d, "veth") || device_is(d, "netkit") ||
	       (device_is(d, "tun") && device_is_ethernet(d));
}

static bool leads_nowhere(const struct device *d)
{
	static const char *const kinds[] = { "dummy", "ifb", "nlmon", "vcan", "vxcan", "vsockmon" };

	return d->loopback || is_one_of(d, kinds, ARRAY_SIZE(kinds));
}

/* A default route leads over the device, or over one stacked on it. */
static bool carries_default(const struct devices *all, const struct device *d, int depth)
{
	if (d->default_route)
		return true;
	for (size_t i = 0; depth && i < all->count; i++)
		if (device_is_on(&all->list[i], d) &&
		    carries_default(all, &all->list[i], depth - 1))
			return true;
	return false;
}

/* Other than by cables whose nature nobody can tell, the outside is not reached. */
static bool nothing_else_leads_outside(const struct devices *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct device *d = &all->list[i];
		bool driver = !d->kind[0] && !d->loopback,
		     moved = is_stacked(d) && d->link_elsewhere;

		if (d->default_route || driver || moved || device_is(d, "bond") ||
		    device_is(d, "team"))
			return false;
	}
	return true;
}

static bool is_uplink(const struct devices *all, const struct device *d)
{
	if (carries_default(all, d, DEEPEST))
		return true;
	return d->link_elsewhere && !d->master && nothing_else_leads_outside(all);
}

static bool outside_reaches(const struct devices *all, const struct device *d, int depth);

static bool has_outside_port(const struct devices *all, const struct device *master, int depth)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].master == master->index &&
		    outside_reaches(all, &all->list[i], depth))
			return true;
	return false;
}

/* Whether frames from outside come to the device, be it that another one takes them then. */
static bool outside_reaches(const struct devices *all, const struct device *d, int depth)
{
	const struct device *below = device_below(all, d);

	if (!depth)
		return true;
	if (leads_nowhere(d) || device_is(d, "vrf"))
		return false;
	if (below)
		return outside_reaches(all, below, depth - 1);
	if (device_is(d, "bridge"))
		return carries_default(all, d, DEEPEST) || has_outside_port(all, d, depth - 1);
	if (is_guest(d))
		return is_uplink(all, d);
	return true;
}

static bool guarded_by_default(const struct devices *all, const struct device *d, int depth)
{
	const struct device *below = device_below(all, d);

	if (!depth || !outside_reaches(all, d, DEEPEST) || device_port_of(all, d))
		return false;
	/* What is seen below is not asked again; a bridge's port is not looked at. */
	while (below && depth--) {
		if (guarded_by_default(all, below, depth))
			return false;
		below = device_below(all, below);
	}
	return true;
}

static enum attach_choice named_choice(const struct policy *p, const struct device *d)
{
	for (size_t i = 0; i < p->interface_count; i++) {
		const struct interface_choice *choice = &p->interfaces[i];

		if (d->loopback ? has_name(d, choice->pattern) : device_matches(d, choice->pattern))
			return choice->attach == ATTACH_DEFAULT ? p->attach : choice->attach;
	}
	return ATTACH_DEFAULT;
}

static enum attach_choice wanted(const struct policy *p, const struct devices *all,
				 const struct device *d)
{
	const struct device *vrf = device_vrf(all, d);
	enum attach_choice choice;

	if (!p->interfaces_said)
		return guarded_by_default(all, d, DEEPEST) ? p->attach : ATTACH_DEFAULT;
	choice = named_choice(p, d);
	return choice == ATTACH_DEFAULT && vrf ? named_choice(p, vrf) : choice;
}

enum attach_choice device_choice(const struct policy *p, const struct devices *all,
				 const struct device *d)
{
	enum attach_choice choice;

	if (d->loopback && p->loopback)
		return ATTACH_TC;
	if (device_is(d, "vrf")) /* what it receives by itself is this machine talking to itself */
		return ATTACH_DEFAULT;
	choice = wanted(p, all, d);
	/* XDP programs see Ethernet frames: `attach: xdp` for all is not meant for tunnels. */
	return choice == ATTACH_XDP && !device_is_ethernet(d) ? ATTACH_TC : choice;
}

const char *const device_programs[] = { "pg_in_xdp", "pg_in_tc", "pg_out_tc", "pg_in_l3", "pg_out_l3" };

bool device_tries_xdp(const struct device *d, enum attach_choice how)
{
	return how == ATTACH_XDP || (how == ATTACH_AUTO && !device_prefers_tc(d));
}

static unsigned device_wants(const struct device *d, enum attach_choice how)
{
	unsigned xdp = device_tries_xdp(d, how) ? PROGRAM_IN_XDP : 0;
	bool tc = how != ATTACH_XDP;

	if (how == ATTACH_DEFAULT)
		return 0;
	if (device_is_ethernet(d))
		return xdp | (tc ? PROGRAM_IN_TC : 0) | PROGRAM_OUT_TC;
	return xdp | PROGRAM_IN_L3 | PROGRAM_OUT_L3;
}

unsigned devices_want(const struct policy *p, const struct devices *all)
{
	unsigned programs = 0;

	for (size_t i = 0; i < all->count; i++)
		programs |= device_wants(&all->list[i], device_choice(p, all, &all->list[i]));
	return programs;
}

static bool covered(const bool *guarded, const struct devices *all, const struct device *d)
{
	for (int depth = DEEPEST; d && depth; depth--) {
		if (guarded[d - all->list] && !device_is(d, "vrf"))
			return true;
		d = device_is(d, "vlan") ? device_below(all, d) : NULL;
	}
	return false;
}

bool device_covered(const struct devices *all, const bool *guarded, const struct device *d)
{
	bool any = false;

	if (!device_is(d, "vrf"))
		return covered(guarded, all, d);
	for (size_t i = 0; i < all->count; i++) {
		if (all->list[i].master != d->index)
			continue;
		if (!covered(guarded, all, &all->list[i]))
			return false;
		any = true;
	}
	return any;
}
