/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose socket it is, and what the scopes that answer for it say. The owner is the cgroup in which the
 * socket was made, whatever became of it since. Nearest first: container, unit, cgroup and those around
 * it, netns; the first that answers a direction decides, and with `inherit` those further out count
 * as well: a deny anywhere, else an allow anywhere, else the default of the innermost.
 *
 * Without scopes in the policy all of this is one compare. The walk is done by functions that take and
 * give numbers alone (owner.bpf.c): the verifier sees each once a program (Linux 5.6), and nothing of
 * what it knows of one scope multiplies with what it knows of the next.
 */
#ifndef PG_BPF_OWNER_H
#define PG_BPF_OWNER_H

#include "lib/policy.h"
#include "lib/sock.h"

#define OWNER_BITS 16 /* of a scope's number */
#define OWNER_MASK 0xffff
#define OWNER_HALF 4 /* numbers in each word */
#define OWNER_STEPS 12 /* groups that one attempt asks at most; more than any scope's own chain has */

_Static_assert(PG_OWNERS == 2 * OWNER_HALF && PG_MAX_SCOPES - 1 <= OWNER_MASK, "numbers are packed");

/* Scopes' numbers, nearest first, OWNER_BITS each from the lowest; 0: none. */
struct owner {
	__u64 near, far;
	__u8 mode; /* enum pg_mode */
	bool here; /* the socket is of the host's network namespace */
};

/* A decision as a function that is not inlined returns it. */
union decided {
	struct pg_decision d;
	__u64 word;
};

/* The mode + 1 of the innermost scope that says one, or 0. */
extern __u32 pg_owner_mode(__u64 near, __u64 far, __u32 index);
/* The innermost scope that answers one of @bits (struct pg_scope's answers), or 0. */
extern __u32 pg_owner_scope(__u64 near, __u64 far, __u32 index, __u32 bits);
/* What the scopes say: OWNER_SAYS() of the one behind @skip others that answer, or 0. */
extern __u64 pg_owner_says(__u64 near, __u64 far, __u32 index, __u32 port, __u32 skip);

/* pg_owner_says(): its question about a port, and its answer. */
#define OWNER_PORT(direction, proto, port) ((__u32)(direction) << 17 | (__u32)(proto) << 16 | (port))
#define OWNER_SAYS(answer, unruled, inherit, number) \
	((__u64)(answer) | (__u64)(unruled) << 32 | (__u64)(inherit) << 40 | (__u64)(number) << 48)
#define SAYS_UNRULED(says) ((says) >> 32 & 0xff)
#define SAYS_INHERIT(says) ((says) >> 40 & 1)
#define SAYS_NUMBER(says) ((says) >> 48)

static __always_inline struct pg_scope *scope_at(__u32 index, __u32 number)
{
	__u32 place = (index & 1) * PG_MAX_SCOPES + (number & (PG_MAX_SCOPES - 1));

	return in_parts(&pg_scopes, place, PG_SCOPES_PART);
}

static __always_inline __u64 pack_owner(const __u16 scopes[OWNER_HALF])
{
	return scopes[0] | (__u64)scopes[1] << OWNER_BITS | (__u64)scopes[2] << 2 * OWNER_BITS |
	       (__u64)scopes[3] << 3 * OWNER_BITS;
}

static __always_inline void take_owner(struct owner *o, const __u16 scopes[PG_OWNERS])
{
	o->near = pack_owner(scopes);
	o->far = pack_owner(scopes + OWNER_HALF);
}

/* No scope names it. */
static __always_inline bool is_of_host(const struct owner *o)
{
	return !(o->near | o->far);
}

static __always_inline void find_owner(const struct pg_slot *slot, __u32 index,
				       const void *socket, struct owner *o)
{
	__u64 id = cgroup_id_of(readable(socket));
	struct pg_cgroup *c = bpf_map_lookup_elem(&pg_cgroups, &id);

	if (c)
		take_owner(o, c->scope[index & 1]);
	if (!o->here)
		o->far |= (__u64)slot->netns_scope << (OWNER_HALF - 1) * OWNER_BITS;
}

/* Whether the socket is judged at all, and by whom. It is looked at only where there are scopes. */
static __always_inline bool is_judged(const struct pg_control *ctl, __u32 index,
				      const void *socket, bool here, struct owner *o)
{
	const struct pg_slot *slot = &ctl->slots[index];
	__u32 mode;

	*o = (struct owner){ .mode = mode_of(slot), .here = here };
	if (slot->scopes)
		find_owner(slot, index, socket, o);
	if (is_of_host(o))
		return here && o->mode != PG_MODE_OFF;
	mode = slot->panic || slot->one_mode ? 0 : pg_owner_mode(o->near, o->far, index);
	if (mode)
		o->mode = mode - 1;
	return o->mode != PG_MODE_OFF;
}

/* The number of the innermost scope that answers, or 0: the host does. @bits: of struct pg_scope's answers. */
static __always_inline __u32 owner_number(__u32 index, const struct owner *o, __u32 bits)
{
	return is_of_host(o) ? 0 : pg_owner_scope(o->near, o->far, index, bits);
}

static __always_inline struct pg_scope *owner_scope(__u32 index, const struct owner *o, __u32 bits)
{
	__u32 number = owner_number(index, o, bits);

	return number ? scope_at(index, number) : 0;
}

/* Whether some of what the socket sends may be refused. */
static __always_inline bool owner_restricts_out(const struct pg_slot *slot, __u32 index,
						const struct owner *o)
{
	struct pg_scope *scope = owner_scope(index, o, 1u << PG_OUT);

	if (scope && !slot->panic)
		return scope->out_restricted; /* those further out included, where it inherits */
	return restricts_out(slot);
}

static __always_inline __u8 owner_raw(const struct pg_slot *slot, __u32 index,
				      const struct owner *o)
{
	struct pg_scope *scope = owner_scope(index, o, PG_SCOPE_RAW);

	if (slot->panic)
		return PG_DENY;
	return scope ? scope->raw : slot->raw;
}

/* What the scopes say, as far as it is known. */
struct said {
	__u64 groups; /* still to be asked, 16 bits each, the next one lowest */
	__u32 best; /* the strongest answer of those that are resolved */
	__u32 unruled; /* the default of the innermost that answers, PG_NONE: none does */
	__u32 scope; /* that one's number; 0: the host */
};

/* Numbers in, numbers out, so that no branch of theirs multiplies the verifier's ways. */
extern __u32 pg_stronger(__u32 best, __u32 answer, __u64 groups);
extern __u64 pg_groups_add(__u64 groups, __u32 answer);
extern __u32 pg_either(__u32 a, __u32 b);

static __always_inline void hear(struct said *s, __u32 answer, __u32 unruled)
{
	s->unruled = pg_either(s->unruled, unruled);
	s->best = pg_stronger(s->best, answer, s->groups);
	s->groups = pg_groups_add(s->groups, answer);
}

/* Return: whether those further out count. */
static __always_inline bool hear_scopes(__u32 index, const struct owner *o, __u32 port,
					struct said *s)
{
	__u32 i;

	for (i = 0; i < PG_OWNERS; i++) {
		__u64 says = pg_owner_says(o->near, o->far, index, port, i);

		if (!says)
			return true;
		s->scope = pg_either(s->scope, SAYS_NUMBER(says));
		hear(s, says, SAYS_UNRULED(says));
		if (!SAYS_INHERIT(says))
			return false;
	}
	return true;
}

/* Follow all groups to their ends. What is longer than any policy's is refused. */
static __always_inline __u32 resolve_said(struct said *s, const struct asker *a)
{
	__u64 groups = pg_groups_add(s->groups, 0);
	__u32 answer = pg_either(0, 0), best = pg_either(s->best, 0);
	int i;

	for (i = 0; i < OWNER_STEPS; i++) {
		if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK) {
			best = pg_stronger(best, answer, 0);
			if (!groups)
				return best;
			answer = pg_either(PG_ANSWER(PG_ANSWER_ASK, 0, groups & 0xffff), 0);
			groups = pg_groups_add(groups >> 16, 0);
		}
		answer = step(a, answer);
	}
	return PG_ANSWER(PG_ANSWER_DENY, 0, 0);
}

/* What the innermost scope says, where that is all: nobody further out counts, and the port alone answers. */
static __always_inline bool stands_alone(__u64 says)
{
	return says && !SAYS_INHERIT(says) && is_final(says);
}

/* What comes of an answer of scopes' that is resolved. @unruled, @scope: the innermost's (struct said). */
static __always_inline struct pg_decision decide_scoped(const struct pg_slot *slot, __u32 index,
							__u32 answer, const struct pg_question *q,
							__u32 unruled, __u32 scope)
{
	struct pg_decision d = pg_decide(answer, q, unruled);

	d.reason = refusal_reason(slot, d.reason);
	d.scope = PG_SCOPE_TOLD(index, scope);
	return d;
}

static __always_inline struct pg_decision decide_alone(const struct pg_slot *slot, __u32 index,
						       __u64 says, const struct pg_question *q)
{
	return decide_scoped(slot, index, says, q, SAYS_UNRULED(says), SAYS_NUMBER(says));
}

static __always_inline __u64 ask_all(__u32 index, const struct owner *o,
				     const struct pg_question *q, __u32 direction,
				     const struct asker *a)
{
	struct pg_control *ctl = control();
	__u32 port = OWNER_PORT(direction, q->proto & 1, q->port);
	union decided u = { .word = 0 };
	struct said s = {};
	__u64 says;

	if (!ctl)
		return 0;
	index &= 1;
	says = pg_owner_says(o->near, o->far, index, port, 0);
	if (stands_alone(says)) {
		u.d = decide_alone(&ctl->slots[index], index, says, q);
		return u.word;
	}
	if (hear_scopes(index, o, port, &s))
		hear(&s, port_answer(ctl, index, direction, q->proto, q->port),
		     ctl->slots[index].defaults[direction]);
	u.d = decide_scoped(&ctl->slots[index], index, resolve_said(&s, a), q, s.unruled, s.scope);
	return u.word;
}

/* Ask the policy in force. */
static __always_inline struct pg_decision ask_owner(const struct pg_control *ctl, __u32 index,
						    const struct owner *o, __u32 direction,
						    const struct pg_question *q,
						    const struct asker *a)
{
	union decided u;

	if (is_of_host(o))
		return ask_rules(ctl, index, direction, q->proto, q, a);
	u.word = ask_all(index, o, q, direction, a);
	return u.d;
}

#endif
