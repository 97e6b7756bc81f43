/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of the two compiled policies is in force. While a policy is tried, the former one lies in the
 * other slot, and from a moment on that is the one in force, whoever has died meanwhile. Where nothing
 * is tried this costs one look at a bit beside the slot's number: one word, so that nobody is killed between.
 */
#ifndef PG_BPF_SLOT_H
#define PG_BPF_SLOT_H

#include "lib/maps.h"

static __always_inline __u32 slot_in_force(const struct pg_control *ctl)
{
	__u32 slot = ctl->slot;

	if (slot & PG_SLOT_TRIED && bpf_ktime_get_boot_ns() >= ctl->try_until_ns)
		return !(slot & 1);
	return slot & 1;
}

/* A slot, as one address: else the compiler adds it up anew wherever a field is read. */
static __always_inline const struct pg_slot *slot_at(const struct pg_control *ctl, __u32 index)
{
	const struct pg_slot *slot = &ctl->slots[index];

	__asm__("" : "+r"(slot));
	return slot;
}

/* Panic enforces, whatever the mode. */
static __always_inline __u8 mode_of(const struct pg_slot *slot)
{
	return slot->panic ? PG_MODE_ENFORCE : slot->mode;
}

static __always_inline bool is_off(const struct pg_slot *slot)
{
	return slot->mode == PG_MODE_OFF && !slot->panic;
}

/* In panic what no rule allows is refused for that reason, and loopback stays as it is. */
static __always_inline __u8 refusal_reason(const struct pg_slot *slot, __u8 reason)
{
	return reason == PG_REASON_NO_RULE && slot->panic ? PG_REASON_PANIC : reason;
}

static __always_inline bool restricts_out(const struct pg_slot *slot)
{
	return slot->out_restricted || slot->panic;
}

static __always_inline bool guards_loopback(const struct pg_slot *slot)
{
	return slot->loopback && !slot->panic;
}

#endif
