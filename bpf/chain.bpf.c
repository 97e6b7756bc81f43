// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The classes that a group's cases are told apart by, and what conditions ask of their rules, as functions of
 * numbers: the verifier follows each once for a program, however many steps a chain may have (Linux 5.6).
 */
#include "lib/chain.h"
#include "portguard/peer_line.h"

/* From line to line as long as they are about this key. */
static __always_inline __u32 follow_lines(void *lines, __u32 word, __u64 key)
{
	union pg_peer_line *line;
	__u32 at, i;

	for (i = 0; i < PG_PEER_STEPS && word & PG_PEER_MORE; i++) {
		at = word & ~PG_PEER_MORE;
		line = bpf_map_lookup_elem(lines, &at);
		if (!line)
			return 0;
		word = pg_peer_step(line, key);
		if (pg_peer_is_leaf(line))
			return word;
	}
	return word & PG_PEER_MORE ? 0 : word;
}

/* The next 32 bits of an IPv6 address. @at: of pg_peers. */
GLOBAL __u32 pg_peer_on(__u32 at, __u32 word, __u64 key)
{
	void *lines = bpf_map_lookup_elem(&pg_peers, &at);

	return lines ? follow_lines(lines, word, key) : 0;
}

GLOBAL __u32 pg_peer_class(__u32 table_side, __u64 a0, __u64 a1)
{
	struct pg_peer_search search = { bpf_be64_to_cpu(a0), bpf_be64_to_cpu(a1) };
	__u32 place = table_side / PG_PEER_SIDES % PG_SLOTS, at = 0, word, i;
	void *lines = bpf_map_lookup_elem(&pg_peers, &place);
	const struct pg_peer_index *index;
	union pg_peer_line *line;
	__u64 begin;

	if (!lines)
		return 0;
	line = bpf_map_lookup_elem(lines, &at);
	if (!line || line->head.table != table_side / PG_PEER_SIDES)
		return 0;
	index = &line->head.index[table_side % PG_PEER_SIDES][pg_peer_family(&search)];
	begin = pg_peer_begin(&search, index);
	at = index->line + begin / PG_PEER_WORDS;
	line = bpf_map_lookup_elem(lines, &at);
	if (!line)
		return 0;
	word = follow_lines(lines, line->words[begin % PG_PEER_WORDS], pg_peer_key(&search));
	for (i = 1; i < PG_PEER_KEYS && word & PG_PEER_MORE; i++) {
		pg_peer_shift(&search);
		word = pg_peer_on(place, word, pg_peer_key(&search));
	}
	return word & PG_PEER_MORE ? 0 : word;
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

GLOBAL __u32 pg_rule_is(__u32 id)
{
	struct pg_rule *rule = in_parts(&pg_rules, id, PG_RULES_PART);
	__u32 is = 0;

	if (!rule)
		return RULE_IS_OVER;
	if (rule->until_ns)
		is = bpf_ktime_get_boot_ns() >= rule->until_ns ? RULE_IS_OVER : RULE_ENDS;
	return rule->per_second_x1000 ? is | RULE_COUNTS : is;
}
