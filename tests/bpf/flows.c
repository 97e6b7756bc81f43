// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies: a packet that leaves by a guarded device makes its answer welcome, and nothing else
 * does. TCP is in tcp_flows.c. Test runs have a socket for every packet that leaves, so what is
 * forwarded is tested end to end.
 */
#include <criterion/criterion.h>

#include "bpf/lib/conversation.h"
#include "kernel/seed.h"
#include "util/cleanup.h"

/* --- UDP -----------------------------------------------------------------------------------------
 */

Test(flows, the_answer_to_a_datagram_passes)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic question = out(f, IPPROTO_UDP, .dport = DNS);

		expect_no_reply(g, question);
		leaves(g, question);
		expect_reply(g, question);
		expect_reply(g, question);
	}
}

Test(flows, a_datagram_from_port_53_that_answers_nothing_drops)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f)
	leaves(g, out(f, IPPROTO_UDP, .dport = DNS));
	expect(g, udp(.sport = DNS, .dport = 1024), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.sport = DNS, .dport = CLIENT + 1), PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, an_answer_from_another_address_or_port_drops)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f)
	leaves(g, out(f, IPPROTO_UDP, .dport = DNS));
	expect(g, udp(.from = "192.0.2.11", .sport = DNS, .dport = CLIENT), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, udp(.from = "2001:db8::11", .sport = DNS, .dport = CLIENT), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, udp(.sport = DNS + 1, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.to = "198.51.100.2", .sport = DNS, .dport = CLIENT), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, udp(.sport = DNS, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
}

Test(flows, a_port_that_shares_its_stamp_is_not_open)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f)
	leaves(g, out(f, IPPROTO_UDP, .dport = DNS));
	expect(g, udp(.sport = DNS, .dport = CLIENT - PG_USED_BYTES), PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, a_conversation_by_udp_opens_no_tcp_nor_the_reverse)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		leaves(g, out(f, IPPROTO_UDP, .dport = DNS));
		leaves(g, out(f, IPPROTO_TCP, .dport = 80, .sport = CLIENT + 1));
	}
	expect(g, tcp(.sport = DNS, .dport = CLIENT, .flags = SYN | ACK), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, udp(.sport = 80, .dport = CLIENT + 1), PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, an_unanswered_question_is_forgotten_after_30_seconds)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	struct traffic question = out(4, IPPROTO_UDP, .dport = DNS);

	leaves(g, question);
	age_flows(g, 31);
	expect_no_reply(g, question);
	leaves(g, question);
	expect_reply(g, question);
}

Test(flows, a_conversation_lives_on_for_two_minutes_of_silence)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	struct traffic question = out(6, IPPROTO_UDP, .dport = DNS);

	leaves(g, question);
	expect_reply(g, question);
	age_flows(g, 115);
	expect_reply(g, question); /* and that is life, too */
	age_flows(g, 115);
	expect_reply(g, question);
	age_flows(g, 125);
	expect_no_reply(g, question);
}

Test(flows, timeouts_are_the_policy_s)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("flows: {udp: 5s, udp-stream: 10s, tcp: 20s}");
	struct traffic question = out(4, IPPROTO_UDP, .dport = DNS);

	leaves(g, question);
	age_flows(g, 6);
	expect_no_reply(g, question);
	leaves(g, question);
	expect_reply(g, question);
	age_flows(g, 8);
	expect_reply(g, question);
	age_flows(g, 11);
	expect_no_reply(g, question);
}

Test(flows, the_later_fragments_of_an_answer_follow_it)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic question = out(f, IPPROTO_UDP, .dport = DNS),
			       answer = traffic_reversed(question);

		leaves(g, question);
		answer.more = true;
		answer.id = 77;
		answer.payload = 64;
		expect(g, answer, PG_ALLOW, PG_REASON_REPLY);
		answer.offset = 9;
		answer.more = false;
		expect(g, answer, PG_ALLOW, PG_REASON_FRAGMENT);
	}
}

/* --- questions to many ---------------------------------------------------------------------------
 */

Test(flows, anyone_may_answer_a_question_to_a_group)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "239.255.255.250", .dport = 1900));
	leaves(g, udp(.from = HERE6, .to = "ff02::c", .dport = 1900));
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_ALLOW,
	       PG_REASON_REPLY);
	expect(g, udp(.from = "203.0.113.5", .sport = 1900, .dport = CLIENT), PG_ALLOW,
	       PG_REASON_REPLY);
	expect(g, udp(.from = "fe80::99", .sport = 1900, .dport = CLIENT), PG_ALLOW,
	       PG_REASON_REPLY);
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT + 1), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, udp(.from = "192.0.2.99", .sport = 1901, .dport = CLIENT), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, tcp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_DENY,
	       PG_REASON_NO_RULE);
}

Test(flows, anyone_may_answer_a_broadcast)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "255.255.255.255", .dport = 137));
	expect(g, udp(.from = "192.0.2.99", .sport = 137, .dport = CLIENT), PG_ALLOW,
	       PG_REASON_REPLY);
}

Test(flows, a_subnet_s_broadcast_is_known_by_its_frame)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "198.51.100.255", .dport = 137, .group_frame = true));
	expect(g, udp(.from = "198.51.100.7", .sport = 137, .dport = CLIENT), PG_ALLOW,
	       PG_REASON_REPLY);
}

Test(flows, a_question_to_many_is_answered_on_its_device_alone)
{
	_cleanup_close_ int fd = -1;
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "239.255.255.250", .dport = 1900));
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_ALLOW,
	       PG_REASON_REPLY);
	g->device = second_device(&fd);
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_DENY,
	       PG_REASON_NO_RULE);
}

Test(flows, answers_do_not_prolong_a_question_to_many)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "239.255.255.250", .dport = 1900));
	age_flows(g, 20);
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_ALLOW,
	       PG_REASON_REPLY);
	age_flows(g, 11);
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_DENY,
	       PG_REASON_NO_RULE);
}

/* --- what makes flows ----------------------------------------------------------------------------
 */

Test(flows, an_answer_of_an_open_port_makes_no_flow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 53]");

	BOTH(f) {
		leaves(g, out(f, IPPROTO_UDP, .sport = 53, .dport = CLIENT));
		leaves(g, out(f, IPPROTO_TCP, .sport = 53, .dport = CLIENT, .flags = SYN | ACK));
	}
	cr_assert_eq(flows_count(&g->state), 0);
	remove_rule(g, "allow 53");
	expect(g, udp(.dport = 53), PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, an_answer_makes_a_flow_where_the_port_is_not_open_to_whom_it_goes)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 53/udp from 203.0.113.0/24]");

	leaves(g, udp(.from = HERE4, .to = "203.0.113.9", .sport = 53, .dport = CLIENT));
	cr_assert_eq(flows_count(&g->state), 0);
	leaves(g, udp(.from = HERE4, .to = PEER4, .sport = 53, .dport = CLIENT));
	cr_assert_eq(flows_count(&g->state), 1);
	expect(g, udp(.from = PEER4, .dport = 53), PG_ALLOW, PG_REASON_REPLY);
}

Test(flows, what_comes_makes_no_flow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80]");

	expect(g, udp(.sport = DNS, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	cr_assert_eq(flows_count(&g->state), 0);
}

Test(flows, icmp_and_fragments_without_ports_make_no_flow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		leaves(g, out(f, f == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, .type = 255));
		leaves(g, out(f, IPPROTO_UDP, .dport = DNS, .offset = 99));
		leaves(g, out(f, IPPROTO_UDP, .dport = DNS, .missing = 4));
	}
	cr_assert_eq(flows_count(&g->state), 0);
}

Test(flows, each_of_many_is_counted)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	for (unsigned i = 1; i <= 2500; i++)
		leaves(g, out(4, IPPROTO_UDP, .dport = i));
	cr_assert_eq(flows_count(&g->state), 2500);
}

Test(flows, a_deny_of_a_rule_does_not_refuse_replies_of_flows)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in 40000/udp]");
	struct traffic question = out(4, IPPROTO_UDP, .dport = DNS);

	expect(g, traffic_reversed(question), PG_DENY, PG_REASON_RULE);
	leaves(g, question);
	expect_reply(g, question);
}

Test(flows, behind_tags_conversations_are_followed_as_well)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic question =
			out(f, IPPROTO_UDP, .dport = DNS, .tags = 1, .vlans = { 7 });

		leaves(g, question);
		expect_reply(g, question);
	}
}

Test(flows, conversations_outlive_the_rotation_of_stamps_and_changes_of_the_policy)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic question = out(f, IPPROTO_UDP, .dport = DNS);

		leaves(g, question);
		expect_reply(g, question);
	}
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(seed_rotate(&g->state), 0);
		change_policy(g, i % 2 ? CLOSED : "rules: [allow 80]");
		BOTH(f)
		expect_reply(g, out(f, IPPROTO_UDP, .dport = DNS));
	}
}

Test(flows, in_audit_and_off_flows_are_remembered_for_when_it_is_enforced)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("mode: off");

	leaves(g, out(4, IPPROTO_UDP, .dport = DNS));
	change_policy(g, "mode: audit");
	leaves(g, out(6, IPPROTO_TCP, .dport = 80));
	change_policy(g, "mode: enforce");
	expect_reply(g, out(4, IPPROTO_UDP, .dport = DNS));
	expect_reply(g, out(6, IPPROTO_TCP, .dport = 80));
}
