/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All that most packets are asked: their port's answer and what converses from that port decide, and nothing is
 * to be written but counts. The fields of a plain one never lie in memory: settle() is given a local struct that
 * the compiler takes apart, as long as nobody takes its address. What wants more finds the packet in hand.
 */
#ifndef PG_BPF_PLAIN_H
#define PG_BPF_PLAIN_H

#include "lib/answer.h"
#include "lib/conversation.h"
#include "lib/report.h"

/* What becomes of a packet. */
enum fate { FATE_PASS, FATE_DROP, FATE_ANSWER };

#define HELD (-1) /* it is the packet in hand, and not a plain one with so many tags */

/* A packet that is_plain() becomes the one in hand. Return: that, or NULL, which never happens. */
static __always_inline struct packet *hold_plain(const struct bytes *b, const __u32 tags)
{
	struct packet *p = packet_in_hand();

	if (p)
		read_plain(b, tags, p);
	return p;
}

/* Count and sum up what is refused of plain packets. Return: what becomes of it. */
static __always_inline enum fate refuse_plain(const struct pg_control *ctl, const struct bytes *b,
					      const struct packet *p, int held, __u8 mode,
					      union decided u)
{
	__u32 cpu = bpf_get_smp_processor_id(), verdict = verdict_in(mode, &u.d);

	count_decision(cpu, PG_HOOK_INBOUND, verdict, &u.d, p->segments);
	if (!see_known(ctl, cpu, p, PG_HOOK_INBOUND, verdict, &u.d, true) &&
	    (held == HELD || hold_plain(b, held)))
		(void)pg_see_new(u.word, SEEN_HOW(PG_HOOK_INBOUND, verdict, mode));
	return verdict == PG_DENY ? FATE_DROP : FATE_PASS;
}

/*
 * A whole packet with ports. @held: HELD, or its tags. Return: whether that was all; else nothing has been counted.
 * @fate: then what becomes of it.
 */
static __always_inline bool settle(struct pg_control *ctl, __u32 index, const struct bytes *b,
				   const struct packet *p, const int held, enum fate *fate)
{
	const struct pg_slot *slot = slot_at(ctl, index);
	__u32 word = packet_answer(ctl, index, p, false);
	union decided u;

	if (!is_final(word) || word & PG_ANSWER_LOG)
		return false;
	u.d = decide_packet(ctl, index, word, 0);
	if (u.d.verdict != PG_ALLOW && !slot->panic && may_converse(ctl, p) &&
	    (held == HELD || hold_plain(b, held)) && converses(b, index))
		u.d = decision(PG_ALLOW, PG_REASON_REPLY);
	if (u.d.verdict == PG_ALLOW) {
		count_decision(bpf_get_smp_processor_id(), PG_HOOK_INBOUND, PG_ALLOW, &u.d,
			       p->segments);
		*fate = FATE_PASS;
		return true;
	}
	if (slot->scopes || slot->forward == PG_ALLOW || ctl->capturing || wants_answer(slot, &u.d))
		return false;
	*fate = refuse_plain(ctl, b, p, held, mode_of(slot), u);
	return true;
}

/* What came of a frame that may be a plain packet's; PLAIN_UNSETTLED: it is, and settle() was not all. */
enum plain { PLAIN_NOT, PLAIN_UNSETTLED, PLAIN_SETTLED };

static __always_inline enum plain settle_plain(struct pg_control *ctl, __u32 index,
					       const struct bytes *b, const __u32 tags,
					       enum fate *fate)
{
	struct packet p;

	if (!is_plain(b, tags))
		return PLAIN_NOT;
	read_plain(b, tags, &p);
	return settle(ctl, index, b, &p, tags, fate) ? PLAIN_SETTLED : PLAIN_UNSETTLED;
}

#endif
