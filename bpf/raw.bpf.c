// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * socket: raw sockets could receive what inbound let pass for somebody else, and forge what out
 * refuses. ICMP, ICMPv6 and the policy's protocols stay usable. IPPROTO_RAW only sends: it is refused
 * where out is restricted, and there nobody may write IP headers of his own either. Nor are there
 * UDP-Lite sockets then: the kernel does not ask the connect hook about them.
 */
#include "lib/socket.h"

#define WHOLE_OPTION 4096 /* bytes of an option that a program is given at most */
#define LEVEL_IP 0
#define LEVEL_IPV6 41
#define LEVEL_RAW 255 /* takes IPV6_HDRINCL too */
#define OPTION_IP_HDRINCL 3
#define OPTION_IPV6_HDRINCL 36

/* What the socket would be good for, beside what it is meant for. */
enum { RECEIVES_OR_FORGES, GOES_OUT_UNSEEN };

static __always_inline bool may_be_raw(const struct pg_slot *slot, __u32 protocol,
				       bool out_restricted)
{
	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return true;
	if (protocol == IPPROTO_RAW)
		return !out_restricted;
	return PG_ANSWER_KIND(slot->protocols[protocol & 255]) != PG_ANSWER_NONE;
}

/* Return: 1 the call may go on, 0 EPERM. */
static __always_inline int judge_raw(struct bpf_sock *sk, int danger)
{
	struct attempt a = { .hook = PG_HOOK_SOCKET, .protocol = sk->protocol };
	struct pg_decision d = { .verdict = PG_ALLOW, .reason = PG_REASON_RAW };
	struct pg_control *ctl = control();
	const struct pg_slot *slot;
	bool out_restricted;
	__u32 index;

	if (!ctl)
		return 1;
	index = slot_in_force(ctl);
	slot = &ctl->slots[index];
	if (!is_judged(ctl, index, sk, of_host(ctl, readable(sk)), &a.owner))
		return 1;
	out_restricted = owner_restricts_out(slot, index, &a.owner);
	a.q.family = sk->family == FAMILY_IPV6 ? 6 : 4;
	if (owner_raw(slot, index, &a.owner) == PG_DENY &&
	    (danger == GOES_OUT_UNSEEN ? out_restricted :
					 !may_be_raw(slot, sk->protocol, out_restricted)))
		d = decision(PG_DENY, slot->panic ? PG_REASON_PANIC : PG_REASON_RAW);
	d.scope = PG_SCOPE_TOLD(index, owner_number(index, &a.owner, PG_SCOPE_RAW));
	return settle(&a, d);
}

SEC("cgroup/sock_create")
int pg_socket(struct bpf_sock *ctx)
{
	if (ctx->type == SOCKET_RAW)
		return judge_raw(ctx, RECEIVES_OR_FORGES);
	return ctx->protocol == IPPROTO_UDPLITE ? judge_raw(ctx, GOES_OUT_UNSEEN) : 1;
}

/* Attached only where out is restricted: each setsockopt() of the cgroup pays for it. */
SEC("cgroup/setsockopt")
int pg_setsockopt(struct bpf_sockopt *ctx)
{
	bool headers = (ctx->level == LEVEL_IP && ctx->optname == OPTION_IP_HDRINCL) ||
		       ((ctx->level == LEVEL_IPV6 || ctx->level == LEVEL_RAW) &&
			ctx->optname == OPTION_IPV6_HDRINCL);
	struct bpf_sock *sk = ctx->sk;

	if (ctx->optlen >
	    WHOLE_OPTION) /* the kernel gave less than that: let it take the caller's */
		ctx->optlen = 0;
	if (!headers || !sk)
		return 1;
	return judge_raw(sk, GOES_OUT_UNSEEN);
}
