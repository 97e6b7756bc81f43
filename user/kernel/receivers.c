// SPDX-License-Identifier: GPL-2.0-only
/*
 * By which device IP receives; see receivers.h. Pure. A frame is followed upwards as
 * __netif_receive_skb_core() does it: a VLAN device takes its tag first, then the bridge, bond, macvlan
 * … that has claimed the device, and what nobody takes is received by the device itself.
 */
#include "kernel/receivers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define DEEPEST 8 /* of stacked devices; the kernel allows no more */

struct search {
	const struct devices *all;
	const uint32_t *classes; /* of each device, 0: no rule names it */
	struct receivers found;
	size_t room;
};

/* The classes of all devices that may receive a frame. */
struct candidates {
	bool any, unknown;
	uint32_t class;
};

void receivers_free(struct receivers *r)
{
	free(r->list);
	*r = (struct receivers){ 0 };
}

static void add_class(struct candidates *c, uint32_t class)
{
	c->unknown |= c->any && c->class != class;
	c->any = true;
	c->class = class;
}

static uint32_t class_of_device(const struct search *s, const struct device *d)
{
	return s->classes[d - s->all->list];
}

/* A VRF counts as each of its ports that a rule names, and the other ports as the VRF. */
static void add_receiver(const struct search *s, struct candidates *c, const struct device *d)
{
	const struct device *vrf = device_vrf(s->all, d);
	uint32_t class = class_of_device(s, d);
	bool ports = false;

	if (!device_is(d, "vrf")) {
		add_class(c, class || !vrf ? class : class_of_device(s, vrf));
		return;
	}
	for (size_t i = 0; i < s->all->count; i++) {
		uint32_t port = s->classes[i];

		if (s->all->list[i].master != d->index)
			continue;
		add_class(c, port ? port : class);
		ports = true;
	}
	if (!ports)
		add_class(c, class);
}

static void follow(const struct search *s, struct candidates *c, const struct device *d,
		   uint32_t vlan, int depth);

/* A frame whose tag has been taken may carry another one, which no program has read. */
static void follow_inner(const struct search *s, struct candidates *c, const struct device *d,
			 int depth)
{
	follow(s, c, d, 0, depth);
	for (size_t i = 0; depth && i < s->all->count; i++) {
		const struct device *inner = &s->all->list[i];

		if (device_is_on(inner, d) && device_is(inner, "vlan") && inner->vlan)
			follow_inner(s, c, inner, depth - 1);
	}
}

/* Return: whether a VLAN device takes the frame for certain. Id 0 stands for an untagged frame too. */
static bool follow_tag(const struct search *s, struct candidates *c, const struct device *d,
		       uint32_t vlan, int depth)
{
	bool taken = false;

	for (size_t i = 0; i < s->all->count; i++) {
		const struct device *upper = &s->all->list[i];

		if (upper->vlan != vlan || !device_is_on(upper, d) || !device_is(upper, "vlan"))
			continue;
		follow_inner(s, c, upper, depth - 1);
		taken = vlan != 0;
	}
	return taken;
}

static bool is_address_switch(const struct device *d)
{
	return device_is(d, "macvlan") || device_is(d, "ipvlan");
}

static void follow_master(const struct search *s, struct candidates *c, const struct device *master,
			  uint32_t vlan, int depth)
{
	if (device_is(master, "bond") || device_is(master, "team") ||
	    (device_is(master, "bridge") && !master->vlan_filtering))
		follow(s, c, master, vlan, depth - 1);
	else
		c->unknown = c->any = true;
}

/* Frames at @d, tagged with @vlan or not at all. Nobody receives what has a tag that nobody takes. */
static void follow(const struct search *s, struct candidates *c, const struct device *d,
		   uint32_t vlan, int depth)
{
	const struct device *master = device_port_of(s->all, d);

	if (!depth) {
		c->unknown = c->any = true;
		return;
	}
	if (follow_tag(s, c, d, vlan, depth))
		return;
	if (master) {
		follow_master(s, c, master, vlan, depth);
		return;
	}
	for (size_t i = 0; i < s->all->count; i++)
		if (device_is_on(&s->all->list[i], d) && is_address_switch(&s->all->list[i]))
			follow(s, c, &s->all->list[i], vlan, depth - 1);
	if (!vlan)
		add_receiver(s, c, d);
}

static int add_key(struct search *s, const struct device *d, uint32_t vlan)
{
	struct candidates c = { 0 };
	uint32_t class;

	follow(s, &c, d, vlan, DEEPEST);
	class = !c.any || c.unknown ? PG_IFACE_UNKNOWN : c.class;
	if (class == (vlan ? PG_IFACE_UNKNOWN : 0))
		return 0;
	if (s->found.count == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		struct receiver *grown = reallocarray(s->found.list, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->found.list = grown;
		s->room = room;
	}
	s->found.list[s->found.count++] = (struct receiver){ d->index, vlan, class };
	return 0;
}

/* Where frames of this tag come in: at @d, and at whatever hands its frames to @d. */
static int add_entries(struct search *s, const struct device *d, uint32_t vlan, int depth)
{
	int r = add_key(s, d, vlan);
	const struct device *below = is_address_switch(d) ? device_below(s->all, d) : NULL;

	if (!r && below && depth)
		r = add_entries(s, below, vlan, depth - 1);
	for (size_t i = 0; !r && depth && !device_is(d, "vrf") && i < s->all->count; i++)
		if (s->all->list[i].master == d->index)
			r = add_entries(s, &s->all->list[i], vlan, depth - 1);
	return r;
}

/* Id 0 first, class 0 last, then in order of the key. */
static int compare(const void *a, const void *b)
{
	const struct receiver *x = a, *y = b;

	if (!x->vlan != !y->vlan)
		return x->vlan ? 1 : -1;
	if (!x->class != !y->class)
		return x->class ? -1 : 1;
	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return (x->vlan > y->vlan) - (x->vlan < y->vlan);
}

static void sort(struct receivers *r)
{
	size_t kept = 0;

	if (r->count)
		qsort(r->list, r->count, sizeof(*r->list), compare);
	for (size_t i = 0; i < r->count; i++)
		if (!kept || compare(&r->list[kept - 1], &r->list[i]))
			r->list[kept++] = r->list[i];
	r->count = kept;
}

int receivers_find(const struct devices *all, char *const *names, size_t count,
		   struct receivers *ret)
{
	_cleanup_free_ uint32_t *classes = calloc(all->count + 1, sizeof(*classes));
	struct search s = { .all = all, .classes = classes };
	int r = classes ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < count; i++) {
		const struct device *d = devices_by_name(all, names[i]);

		if (d) /* by two of its names: the strict reading of both */
			classes[d - all->list] =
				classes[d - all->list] ? PG_IFACE_UNKNOWN : (uint32_t)i + 2;
	}
	for (size_t i = 0; !r && i < all->count; i++) {
		const struct device *d = &all->list[i], *below = device_below(all, d);

		r = add_key(&s, d, 0);
		if (!r && device_is(d, "vlan") && d->vlan && below)
			r = add_entries(&s, below, d->vlan, DEEPEST);
	}
	sort(&s.found);
	*ret = s.found;
	if (r)
		receivers_free(ret);
	return r;
}

bool receivers_hold(const struct receivers *r, uint32_t ifindex, uint32_t vlan)
{
	for (uint32_t class = 0; r->count && class < 2; class ++) {
		const struct receiver key = { ifindex, vlan, class };

		if (bsearch(&key, r->list, r->count, sizeof(key), compare))
			return true;
	}
	return false;
}
