// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching and detaching; see attach.h. tc by a TCX link where there is TCX (Linux 6.6), else by a
 * classic filter of clsact: ingress before everybody else's, egress after.
 */
#include "kernel/attach.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/choice.h"
#include "kernel/links.h"
#include "kernel/nl.h"
#include "util/cleanup.h"

/* Of Linux 6.6; Debian 12's headers are older. */
#define TCX_INGRESS ((enum bpf_attach_type)46)
#define TCX_EGRESS ((enum bpf_attach_type)47)
#define TCX_FIRST (1U << 3) /* BPF_F_BEFORE: whatever is there */
#define TCX_LAST (1U << 4) /* BPF_F_AFTER */

#define FILTER_FIRST 1
#define FILTER_LAST 0xfff0

const char *attach_via_name(enum attach_via via)
{
	static const char *const names[] = { "none", "xdp", "tc", "tcx" };

	return names[via];
}

static void link_name(char *to, size_t size, const char *what, uint32_t index)
{
	(void)snprintf(to, size, "link_%s_%u", what, index);
}

/* A classic filter's handle: "pg", and which instance of it. */
static uint32_t filter_handle(const struct paths *paths)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (const char *c = paths->instance; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	return 0x70670000u | ((hash ^ hash >> 16) & 0xffff);
}

static int filter_attach(const struct paths *paths, const char *program, const struct device *d,
			 enum bpf_tc_attach_point point, uint32_t priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = d->index,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = filter_handle(paths), .priority = priority,
		    .flags = BPF_TC_F_REPLACE);
	_cleanup_close_ int prog = pin_open(paths, program);
	int r;

	if (prog < 0)
		return prog;
	r = bpf_tc_hook_create(&hook);
	if (r && r != -EEXIST)
		return r;
	hook.attach_point = point;
	options.prog_fd = prog;
	return bpf_tc_attach(&hook, &options);
}

static bool filter_is_ours(const struct paths *paths, const struct device *d,
			   enum bpf_tc_attach_point point, uint32_t priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = d->index, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = filter_handle(paths), .priority = priority);

	return !bpf_tc_query(&hook, &options);
}

static void filter_detach(const struct paths *paths, const struct device *d,
			  enum bpf_tc_attach_point point, uint32_t priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = d->index, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = filter_handle(paths), .priority = priority);

	(void)bpf_tc_detach(&hook, &options);
}

static int saw_filter(const struct nlmsghdr *message, void *data)
{
	*(bool *)data |= message->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

/* Take clsact away with the last filter, whoever made it: without filters it does nothing. */
static void drop_empty_clsact(const struct device *d)
{
	static const uint32_t parents[] = { TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
					    TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS) };
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = d->index,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	bool used = false;

	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		struct {
			struct nlmsghdr h;
			struct tcmsg t;
		} request = {
			.h = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETTFILTER },
			.t = { .tcm_ifindex = d->index, .tcm_parent = parents[i] },
		};

		if (nl_dump(NETLINK_ROUTE, &request.h, 1, saw_filter, &used))
			return;
	}
	if (!used)
		(void)bpf_tc_hook_destroy(&hook);
}

/* By TCX, or where the kernel has none by a classic filter. */
static int attach_tc(const struct paths *paths, const struct device *d, bool in)
{
	bool ethernet = device_is_ethernet(d);
	const char *program = in         ? ethernet ? "pg_in_tc" : "pg_in_l3"
			      : ethernet ? "pg_out_tc"
					 : "pg_out_l3";
	char name[32];
	int r;

	link_name(name, sizeof(name), in ? "in" : "out", d->index);
	r = link_make(paths, name, program, d->index, in ? TCX_INGRESS : TCX_EGRESS,
		      in ? TCX_FIRST : TCX_LAST);
	if (r != -EINVAL)
		return r;
	return filter_attach(paths, program, d, in ? BPF_TC_INGRESS : BPF_TC_EGRESS,
			     in ? FILTER_FIRST : FILTER_LAST);
}

static int device_failed(int r, const struct device *d, const char *what, struct pg_error *err)
{
	return pg_fail(err, r, r == -EPERM ? PG_EXIT_PERMISSION : PG_EXIT_UNAVAILABLE, "%s: %s: %s",
		       d->name, what, strerror(-r));
}

int attach_outbound(const struct paths *paths, const struct device *d, struct pg_error *err)
{
	int r;

	if (attached_outbound(paths, d) != VIA_NONE)
		return 0;
	r = attach_tc(paths, d, false);
	return r ? device_failed(r, d, "tc egress", err) : 0;
}

static int xdp_failed(int r, const struct device *d, struct pg_error *err)
{
	if (r == -EBUSY || r == -EEXIST || d->xdp_prog) {
		(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			      "%s: another XDP program (id %u) is attached, and is not replaced",
			      d->name, d->xdp_prog);
		return pg_help(err, r,
			       "use attach: tc for this interface, or detach the other: ip link "
			       "set %s xdp off",
			       d->name);
	}
	(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE, "%s: its driver refuses XDP: %s", d->name,
		      strerror(-r));
	return pg_help(err, r, "use attach: auto or tc for this interface");
}

/* Attached, but not by what the policy names; auto is content with what there is. */
static bool is_wrong(enum attach_via now, enum attach_choice how)
{
	return (how == ATTACH_XDP && now != VIA_XDP) || (how == ATTACH_TC && now == VIA_XDP);
}

int attach_inbound(const struct paths *paths, const struct device *d, enum attach_choice how,
		   struct pg_error *err)
{
	enum attach_via now;
	char name[32];
	int r = -EOPNOTSUPP;

	now = attached_inbound(paths, d);
	if (now != VIA_NONE && !is_wrong(now, how))
		return 0;
	link_name(name, sizeof(name), "in", d->index);
	if (device_tries_xdp(d, how))
		r = link_make(paths, name, "pg_in_xdp", d->index, BPF_XDP, XDP_FLAGS_DRV_MODE);
	if (!r && now == VIA_TC)
		filter_detach(paths, d, BPF_TC_INGRESS,
			      FILTER_FIRST); /* no moment unguarded: the new one is there */
	if (!r)
		return 0;
	if (how == ATTACH_XDP)
		return xdp_failed(r, d, err);
	r = attach_tc(paths, d, true);
	return r ? device_failed(r, d, "tc ingress", err) : 0;
}

static enum attach_via via_link(const struct paths *paths, const struct device *d, const char *what)
{
	char name[32];
	uint32_t type = 0;

	link_name(name, sizeof(name), what, d->index);
	if (link_target(paths, name, &type, NULL) != (int)d->index)
		return VIA_NONE;
	return type == BPF_LINK_TYPE_XDP ? VIA_XDP : VIA_TCX;
}

enum attach_via attached_inbound(const struct paths *paths, const struct device *d)
{
	enum attach_via via = via_link(paths, d, "in");

	return via != VIA_NONE                                          ? via
	       : filter_is_ours(paths, d, BPF_TC_INGRESS, FILTER_FIRST) ? VIA_TC
									: VIA_NONE;
}

enum attach_via attached_outbound(const struct paths *paths, const struct device *d)
{
	enum attach_via via = via_link(paths, d, "out");

	return via != VIA_NONE                                        ? via
	       : filter_is_ours(paths, d, BPF_TC_EGRESS, FILTER_LAST) ? VIA_TC
								      : VIA_NONE;
}

void detach_device(const struct paths *paths, const struct device *d)
{
	bool filters = filter_is_ours(paths, d, BPF_TC_INGRESS, FILTER_FIRST) ||
		       filter_is_ours(paths, d, BPF_TC_EGRESS, FILTER_LAST);
	char name[32];

	link_name(name, sizeof(name), "in", d->index);
	link_drop(paths, name);
	link_name(name, sizeof(name), "out", d->index);
	link_drop(paths, name);
	if (!filters)
		return;
	filter_detach(paths, d, BPF_TC_INGRESS, FILTER_FIRST);
	filter_detach(paths, d, BPF_TC_EGRESS, FILTER_LAST);
	drop_empty_clsact(d);
}

static int sweep_one(const char *name, void *data)
{
	uint32_t type;

	if (!link_target(data, name, &type, NULL))
		pin_drop(data, name);
	return 0;
}

void sweep_links(const struct paths *paths)
{
	(void)pins_each(paths, "link_in_", sweep_one, (void *)paths);
	(void)pins_each(paths, "link_out_", sweep_one, (void *)paths);
}

void detach_all(const struct paths *paths, const struct devices *all)
{
	for (size_t i = 0; i < all->count; i++)
		detach_device(paths, &all->list[i]);
}

uint32_t attached_filter(const struct paths *paths, uint32_t index, bool in)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = index,
		    .attach_point = in ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = filter_handle(paths),
		    .priority = in ? FILTER_FIRST : FILTER_LAST);

	return bpf_tc_query(&hook, &options) ? 0 : options.prog_id;
}

int attach_filter_again(const struct paths *paths, const struct device *d, bool in)
{
	return attach_tc(paths, d, in);
}
