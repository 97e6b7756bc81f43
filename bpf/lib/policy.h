/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finding what the rules say: a bit first (most ports have no rule), then the port's answer, and only
 * where that is "it depends" a chain of groups (chain.h). Nothing here grows with the number of rules.
 */
#ifndef PG_BPF_POLICY_H
#define PG_BPF_POLICY_H

#include "lib/chain.h"
#include "lib/slot.h"

static __always_inline struct pg_decision decision(__u8 verdict, __u8 reason)
{
	return (struct pg_decision){ .verdict = verdict, .reason = reason };
}

/* Whether a table says anything of a port: most have no rule, and this is one bit. */
static __always_inline bool has_answer(const struct pg_control *ctl, __u32 index, __u32 table,
				       __u32 proto, __u32 port)
{
	return slot_at(ctl, index)->bits[table][proto & 1][port / 64 % (PG_PORTS / 64)] >>
		       port % 64 &
	       1;
}

/* What a table says of a port, before anybody asks from where: 0 for most ports, and for one bit. */
static __always_inline __u32 port_answer(const struct pg_control *ctl, __u32 index, __u32 table,
					 __u32 proto, __u32 port)
{
	struct pg_port_line *line;
	__u32 key;

	if (table >= PG_PORT_TABLES) /* for the verifier, where it comes from memory */
		return 0;
	if (!has_answer(ctl, index, table, proto, port))
		return 0;
	key = PG_PORT_PLACE(index, table, proto & 1) * PG_PORT_LINES + port / PG_PORT_LINE;
	line = table < PG_NEAR_TABLES ? bpf_map_lookup_elem(&pg_ports, &key)
				      : in_parts(&pg_far_ports, key, PG_PORT_LINES);
	return line ? line->answers[port % PG_PORT_LINE] : 0;
}

/* Whether a port's answer stands without the facts of the attempt. */
static __always_inline bool is_final(__u32 answer)
{
	return PG_ANSWER_KIND(answer) != PG_ANSWER_ASK && !PG_ANSWER_ESSENTIAL(answer);
}

static __always_inline struct pg_decision decide(const struct pg_slot *slot, __u32 answer,
						 const struct pg_question *q, __u32 direction)
{
	struct pg_decision d = pg_decide(answer, q, slot->defaults[direction]);

	d.reason = refusal_reason(slot, d.reason);
	return d;
}

/* Ask the rules in force. */
static __always_inline struct pg_decision ask_rules(const struct pg_control *ctl, __u32 index,
						    __u32 direction, __u32 proto,
						    const struct pg_question *q,
						    const struct asker *a)
{
	__u32 answer = resolve(a, port_answer(ctl, index, direction, proto, q->port));

	return decide(&ctl->slots[index], answer, q, direction);
}

#endif
