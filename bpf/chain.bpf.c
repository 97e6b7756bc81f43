// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The classes that a group's cases are told apart by, as functions of numbers: the verifier follows each
 * once for a program, however many steps a chain may have (Linux 5.6).
 */
#include "lib/chain.h"

GLOBAL __u32 pg_peer_class(__u32 table_side, __u64 a0, __u64 a1)
{
	struct pg_peer_key key __attribute__((aligned(8))) = {
		.prefixlen = PG_PEER_PREFIX + 128,
		.table_side_be = bpf_htonl(table_side),
	};
	__u64 *address = (__u64 *)key.address;
	__u32 *class;

	address[0] = a0;
	address[1] = a1;
	class = bpf_map_lookup_elem(&pg_peers, &key);
	return class ? *class : 0;
}

GLOBAL __u32 pg_iface_class(__u32 table, __u32 ifindex, __u32 vlan)
{
	struct pg_iface_key key = { .table = table, .ifindex = ifindex, .vlan = vlan };
	__u32 *class = bpf_map_lookup_elem(&pg_ifaces, &key);

	if (class)
		return *class;
	return vlan ? PG_IFACE_UNKNOWN : 0;
}

GLOBAL __u32 pg_caller_class(__u32 table, __u32 kind, __u64 value, __u64 device)
{
	struct pg_caller_key key = {
		.table = table, .kind = kind, .value = value, .device = device
	};
	__u32 *class = bpf_map_lookup_elem(&pg_callers, &key);

	return class ? *class : 0;
}
