/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finding what the rules say: a bit first (most ports have no rule), then the port's answer, and only
 * where that is "it depends" the classes of the addresses and the device. Nothing here grows with
 * the number of rules.
 */
#ifndef PG_BPF_POLICY_H
#define PG_BPF_POLICY_H

#include <bpf/bpf_endian.h>

#include "lib/maps.h"
#include "portguard/decide.h"

static __always_inline struct pg_decision decision(__u8 verdict, __u8 reason)
{
	return (struct pg_decision){ .verdict = verdict, .reason = reason };
}

static __always_inline __u32 peer_class(__u32 table_side, const __u8 address[16])
{
	struct pg_peer_key key = {
		.prefixlen = PG_PEER_PREFIX + 128,
		.table_side_be = bpf_htonl(table_side),
	};
	__u32 *class;

	__builtin_memcpy(key.address, address, 16);
	class = bpf_map_lookup_elem(&pg_peers, &key);
	return class ? *class : 0;
}

static __always_inline __u32 iface_class(__u32 table, __u32 ifindex, __u32 vlan)
{
	struct pg_iface_key key = { .table = table, .ifindex = ifindex, .vlan = vlan };
	__u32 *class = bpf_map_lookup_elem(&pg_ifaces, &key);

	if (class)
		return *class;
	return vlan ? PG_IFACE_UNKNOWN : 0;
}

/* The answer of a group for one attempt: none, allow or deny. */
static __always_inline __u32 resolve(__u32 number, const struct pg_question *q)
{
	struct pg_group *group = bpf_map_lookup_elem(&pg_groups, &number);
	struct pg_case_key key = { .group = number };
	__u32 *answer;

	if (!group)
		return 0;
	if (group->dimensions & PG_DIM_REMOTE)
		key.remote = peer_class(group->table * 2, q->remote);
	if (group->dimensions & PG_DIM_LOCAL)
		key.local = peer_class(group->table * 2 + 1, q->local);
	if (group->dimensions & PG_DIM_INTERFACE)
		key.interface = iface_class(group->table, q->ifindex, q->vlan);
	answer = bpf_map_lookup_elem(&pg_cases, &key);
	return answer ? *answer : group->base;
}

/* What the rules say of a port, before anybody asks from where: 0 for most ports, and for one bit. */
static __always_inline __u32 port_answer(const struct pg_control *ctl, __u32 index, __u32 direction,
					 __u32 proto, __u32 port)
{
	struct pg_port_line *line;
	__u32 key;

	if (direction >= PG_PORT_DIRECTIONS) /* for the verifier, where it comes from memory */
		return 0;
	if (!(ctl->slots[index].bits[direction][proto & 1][port / 64 % (PG_PORTS / 64)] >>
		      port % 64 &
	      1))
		return 0;
	key = PG_PORT_INDEX(index, direction, proto & 1, port) / PG_PORT_LINE;
	line = bpf_map_lookup_elem(&pg_ports, &key);
	return line ? line->answers[port % PG_PORT_LINE] : 0;
}

/* Whether a port's answer stands without the facts of the attempt. */
static __always_inline bool is_final(__u32 answer)
{
	return PG_ANSWER_KIND(answer) != PG_ANSWER_ASK && !PG_ANSWER_ESSENTIAL(answer);
}

/* Ask the rules in force. */
static __always_inline struct pg_decision ask_rules(const struct pg_control *ctl, __u32 index,
						    __u32 direction, __u32 proto,
						    const struct pg_question *q)
{
	__u32 answer = port_answer(ctl, index, direction, proto, q->port);

	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK)
		answer = resolve(PG_ANSWER_NUMBER(answer), q);
	return pg_decide(answer, q, ctl->slots[index].defaults[direction]);
}

#endif
