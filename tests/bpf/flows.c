// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies: a packet that leaves by a guarded device makes its answer welcome, and nothing else does.
 * Test runs have a socket for every packet that leaves, so what is forwarded is tested end to end.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <bpf/bpf.h>

#include "bpf/lib/expect.h"
#include "kernel/seed.h"
#include "util/cleanup.h"

#define BOTH(family) for (int family = 4; family <= 6; family += 2)
#define CLOSED "default: {in: deny}"
#define DNS 53
#define CLIENT 40000

#define here(family) ((family) == 6 ? HERE6 : HERE4)
#define peer(family) ((family) == 6 ? PEER6 : PEER4)
/* What this machine sends to the peer. */
#define out(f, p, ...) ip(.family = (f), .proto = (p), .from = here(f), .to = peer(f), __VA_ARGS__)

static void expect_reply(const struct guarded *g, struct traffic question)
{
	expect(g, traffic_reversed(question), PG_ALLOW, PG_REASON_REPLY);
}

static void expect_no_reply(const struct guarded *g, struct traffic question)
{
	expect(g, traffic_reversed(question), PG_DENY, PG_REASON_NO_RULE);
}

/* All flows are as if they had been seen last so much earlier. */
static void age_flows(const struct guarded *g, uint32_t seconds)
{
	_cleanup_close_ int fd = guarded_map(g, "pg_flows");
	struct pg_flow_key key, *from = NULL;
	struct pg_flow flow;

	for (; !bpf_map_get_next_key(fd, from, &key); from = &key) {
		cr_assert_eq(bpf_map_lookup_elem(fd, &key, &flow), 0);
		flow.seen -= seconds * g->state.control->hz;
		cr_assert_eq(bpf_map_update_elem(fd, &key, &flow, BPF_EXIST), 0);
	}
}

/* --- UDP ----------------------------------------------------------------------------------------- */

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
	expect(g, udp(.from = "192.0.2.11", .sport = DNS, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.from = "2001:db8::11", .sport = DNS, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.sport = DNS + 1, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.to = "198.51.100.2", .sport = DNS, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
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
	expect(g, tcp(.sport = DNS, .dport = CLIENT, .flags = SYN | ACK), PG_DENY, PG_REASON_NO_RULE);
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
	expect_reply(g, question);	/* and that is life, too */
	age_flows(g, 115);
	expect_reply(g, question);
	age_flows(g, 125);
	expect_no_reply(g, question);
}

Test(flows, timeouts_are_the_policy_s)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("flows: {udp: 5s, udp-stream: 10s, tcp: 20s}");
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
		struct traffic question = out(f, IPPROTO_UDP, .dport = DNS), answer = traffic_reversed(question);

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

/* --- questions to many --------------------------------------------------------------------------- */

Test(flows, anyone_may_answer_a_question_to_a_group)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "239.255.255.250", .dport = 1900));
	leaves(g, udp(.from = HERE6, .to = "ff02::c", .dport = 1900));
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
	expect(g, udp(.from = "203.0.113.5", .sport = 1900, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
	expect(g, udp(.from = "fe80::99", .sport = 1900, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT + 1), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.from = "192.0.2.99", .sport = 1901, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, anyone_may_answer_a_broadcast)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "255.255.255.255", .dport = 137));
	expect(g, udp(.from = "192.0.2.99", .sport = 137, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
}

Test(flows, a_subnet_s_broadcast_is_known_by_its_frame)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "198.51.100.255", .dport = 137, .group_frame = true));
	expect(g, udp(.from = "198.51.100.7", .sport = 137, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
}

Test(flows, a_question_to_many_is_answered_on_its_device_alone)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "239.255.255.250", .dport = 1900));
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
	g->device = second_device();
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, answers_do_not_prolong_a_question_to_many)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	leaves(g, udp(.from = HERE4, .to = "239.255.255.250", .dport = 1900));
	age_flows(g, 20);
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_ALLOW, PG_REASON_REPLY);
	age_flows(g, 11);
	expect(g, udp(.from = "192.0.2.99", .sport = 1900, .dport = CLIENT), PG_DENY, PG_REASON_NO_RULE);
}

/* --- TCP ----------------------------------------------------------------------------------------- */

Test(flows, the_answer_to_a_syn_and_what_follows_passes)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic syn = out(f, IPPROTO_TCP, .dport = 80), data = out(f, IPPROTO_TCP, .dport = 80, .flags = ACK);

		expect_no_reply(g, syn);
		leaves(g, syn);
		expect_reply(g, syn);
		leaves(g, data);
		expect_reply(g, data);
	}
}

Test(flows, a_syn_is_no_reply_of_an_established_flow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic syn = out(f, IPPROTO_TCP, .dport = 80), back = traffic_reversed(syn);

		leaves(g, syn);
		expect(g, back, PG_ALLOW, PG_REASON_REPLY);	/* SYN ACK: established */
		back.flags = SYN;
		expect(g, back, PG_DENY, PG_REASON_NO_RULE);
		back.flags = SYN | FIN;
		expect(g, back, PG_DENY, PG_REASON_NO_RULE);
		back.flags = ACK;
		expect(g, back, PG_ALLOW, PG_REASON_REPLY);
	}
}

Test(flows, two_may_open_one_connection_at_once)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic syn = out(f, IPPROTO_TCP, .dport = 80), back = traffic_reversed(syn);

		leaves(g, syn);
		back.flags = SYN;
		expect(g, back, PG_ALLOW, PG_REASON_REPLY);
	}
}

Test(flows, scans_of_a_closed_port_get_silence)
{
	static const unsigned scans[] = { NO_FLAGS, FIN, ACK, RST, SYN | ACK, FIN | PSH | URG, FIN | ACK };
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f)
		leaves(g, out(f, IPPROTO_TCP, .dport = 80));
	for (size_t i = 0; i < ARRAY_SIZE(scans); i++)
		expect(g, tcp(.dport = CLIENT, .sport = 81, .flags = scans[i]), PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, resets_and_ends_of_what_is_not_known_make_no_flow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		leaves(g, out(f, IPPROTO_TCP, .dport = 80, .flags = RST));
		leaves(g, out(f, IPPROTO_TCP, .dport = 80, .flags = RST | ACK));
		leaves(g, out(f, IPPROTO_TCP, .dport = 80, .flags = FIN | ACK));
		expect_no_reply(g, out(f, IPPROTO_TCP, .dport = 80, .flags = ACK));
	}
	cr_assert_eq(flows_count(&g->state), 0);
}

Test(flows, a_connection_that_is_closed_from_here_is_heard_for_two_minutes)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	struct traffic syn = out(4, IPPROTO_TCP, .dport = 80), fin = out(4, IPPROTO_TCP, .dport = 80, .flags = FIN | ACK);

	leaves(g, syn);
	expect_reply(g, syn);
	leaves(g, fin);
	expect_reply(g, fin);
	age_flows(g, 60);
	expect_reply(g, fin);
	age_flows(g, 61);
	expect_no_reply(g, fin);
}

Test(flows, what_comes_ends_no_flow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	struct traffic syn = out(6, IPPROTO_TCP, .dport = 80), back = traffic_reversed(syn);

	leaves(g, syn);
	expect(g, back, PG_ALLOW, PG_REASON_REPLY);
	back.flags = RST;
	expect(g, back, PG_ALLOW, PG_REASON_REPLY);
	back.flags = ACK;
	expect(g, back, PG_ALLOW, PG_REASON_REPLY);
}

/* A connection of this network namespace over its loopback device. Return: the side that accepted. */
static void connect_here(int *ret_listener, int *ret_accepted, uint16_t *ret_port, uint16_t *ret_client_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from;
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	socklen_t size = sizeof(at);
	int client = socket(AF_INET, SOCK_STREAM, 0), listener = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(ioctl(listener, SIOCSIFFLAGS, &up), 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &size), 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	size = sizeof(from);
	*ret_accepted = accept(listener, (struct sockaddr *)&from, &size);
	cr_assert_geq(*ret_accepted, 0);
	*ret_listener = listener;
	*ret_port = ntohs(at.sin_port);
	*ret_client_port = ntohs(from.sin_port);
}

Test(flows, segments_of_a_connection_that_the_kernel_has_pass)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	_cleanup_close_ int listener = -1, accepted = -1;
	struct traffic segment = tcp(.from = "127.0.0.1", .to = "127.0.0.1", .flags = ACK);

	connect_here(&listener, &accepted, &segment.dport, &segment.sport);
	cr_assert_eq(seed_ports(&g->state), 0);
	expect(g, segment, PG_ALLOW, PG_REASON_REPLY);
	segment.flags = FIN | ACK;
	expect(g, segment, PG_ALLOW, PG_REASON_REPLY);
	segment.flags = SYN;
	expect(g, segment, PG_DENY, PG_REASON_NO_RULE);
}

Test(flows, a_listener_is_no_connection)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	_cleanup_close_ int listener = -1, accepted = -1;
	struct traffic segment = tcp(.from = "127.0.0.1", .to = "127.0.0.1", .flags = ACK);

	connect_here(&listener, &accepted, &segment.dport, &segment.sport);
	cr_assert_eq(seed_ports(&g->state), 0);
	segment.sport += segment.sport < 65535 ? 1 : -1;
	expect(g, segment, PG_DENY, PG_REASON_NO_RULE);
}

/* --- what makes flows ---------------------------------------------------------------------------- */

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
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 53/udp from 203.0.113.0/24]");

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
		struct traffic question = out(f, IPPROTO_UDP, .dport = DNS, .tags = 1, .vlans = { 7 });

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
