// SPDX-License-Identifier: GPL-2.0-only
/*
 * Panic, as the programs make it of a slot that says so: nothing comes in or leaves but to and from the
 * failsafe ports, whatever the mode was, what is open included.
 */
#include <criterion/criterion.h>

#include "bpf/lib/by_hand.h"
#include "bpf/lib/conversation.h"
#include "util/cleanup.h"

#define SSH 22
#define WEB 80

/* As the compiler fills the slot: only failsafe ports have answers, and the defaults deny. */
static struct guarded *panicking(const char *yaml)
{
	struct guarded *g = guarded_by(yaml);
	struct pg_slot *slot = &g->state.control->slots[g->state.control->slot & 1];

	for (int i = 0; i < PG_DIRECTION_COUNT; i++)
		slot->defaults[i] = PG_DENY;
	slot->panic = 1;
	return g;
}

static bool may_leave(const struct guarded *g, struct traffic t)
{
	struct frame f = frame_of(&t);
	struct result got;

	cr_assert_eq(run_frame(g, OUT_TC, &f, &got), 0);
	cr_assert_eq(got.verdict, PG_NONE);
	return got.passed;
}

Test(panic, only_failsafe_ports_are_open)
{
	_cleanup_guarded_ struct guarded *g = panicking("");

	expect(g, tcp(.dport = SSH), PG_ALLOW, PG_REASON_FAILSAFE);
	expect(g, tcp(.dport = SSH, .flags = ACK), PG_ALLOW, PG_REASON_FAILSAFE);
	expect(g, tcp(.dport = WEB), PG_DENY, PG_REASON_PANIC);
	expect(g, udp(.dport = SSH), PG_DENY, PG_REASON_PANIC);
}

Test(panic, neighbours_and_errors_are_let_in)
{
	_cleanup_guarded_ struct guarded *g = panicking("");

	expect(g, icmp(.type = 3), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp6(.type = 135), PG_ALLOW, PG_REASON_ICMP);
}

Test(panic, audit_and_off_refuse_as_well)
{
	_cleanup_guarded_ struct guarded *g = panicking("mode: audit");

	expect(g, tcp(.dport = WEB), PG_DENY, PG_REASON_PANIC);
	g->state.control->slots[g->state.control->slot & 1].mode = PG_MODE_OFF;
	expect(g, tcp(.dport = WEB), PG_DENY, PG_REASON_PANIC);
}

Test(panic, replies_come_in_no_more)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct traffic question = out(4, IPPROTO_UDP, .sport = CLIENT, .dport = DNS);
	struct pg_slot *slot = &g->state.control->slots[g->state.control->slot & 1];

	leaves(g, question);
	expect_reply(g, question);
	slot->panic = 1;
	expect(g, traffic_reversed(question), PG_DENY, PG_REASON_PANIC);
	slot->panic = 0;
	expect_reply(g, question);
}

Test(panic, what_the_policy_would_forward_is_dropped)
{
	_cleanup_guarded_ struct guarded *g = panicking("forward: allow");

	expect(g, tcp(.dport = WEB), PG_DENY, PG_REASON_PANIC);
}

Test(panic, only_failsafe_ports_may_send)
{
	_cleanup_guarded_ struct guarded *g = panicking("");

	cr_assert(may_leave(g, out(4, IPPROTO_TCP, .sport = SSH, .dport = CLIENT, .flags = ACK)));
	cr_assert(may_leave(g, out(6, IPPROTO_TCP, .sport = SSH, .dport = CLIENT, .flags = ACK)));
	cr_assert_not(may_leave(g, out(4, IPPROTO_TCP, .sport = CLIENT, .dport = SSH)));
	cr_assert_not(may_leave(g, out(6, IPPROTO_UDP, .sport = CLIENT, .dport = DNS)));
	cr_assert(may_leave(g, out(4, IPPROTO_ICMP, .type = 3)));
}

Test(panic, binds_and_connects_are_refused_for_that_reason)
{
	_cleanup_guarded_ struct guarded *g = panicking("");
	struct pg_question q = { .direction = PG_BIND, .port = WEB };

	cr_assert_eq(asked(g, q).reason, PG_REASON_PANIC);
	q.port = SSH;
	cr_assert_eq(asked(g, q).reason, PG_REASON_FAILSAFE);
	q.direction = PG_OUT;
	cr_assert_eq(asked(g, q).reason, PG_REASON_PANIC);
}
