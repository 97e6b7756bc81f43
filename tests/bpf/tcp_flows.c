// SPDX-License-Identifier: GPL-2.0-only
/* Connections that began here: what belongs to one passes; scans of the rest get silence. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf/lib/conversation.h"
#include "kernel/seed.h"
#include "util/cleanup.h"

Test(tcp_flows, the_answer_to_a_syn_and_what_follows_passes)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic syn = out(f, IPPROTO_TCP, .dport = 80),
			       data = out(f, IPPROTO_TCP, .dport = 80, .flags = ACK);

		expect_no_reply(g, syn);
		leaves(g, syn);
		expect_reply(g, syn);
		leaves(g, data);
		expect_reply(g, data);
	}
}

Test(tcp_flows, a_syn_is_no_reply_of_an_established_flow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic syn = out(f, IPPROTO_TCP, .dport = 80), back = traffic_reversed(syn);

		leaves(g, syn);
		expect(g, back, PG_ALLOW, PG_REASON_REPLY); /* SYN ACK: established */
		back.flags = SYN;
		expect(g, back, PG_DENY, PG_REASON_NO_RULE);
		back.flags = SYN | FIN;
		expect(g, back, PG_DENY, PG_REASON_NO_RULE);
		back.flags = ACK;
		expect(g, back, PG_ALLOW, PG_REASON_REPLY);
	}
}

Test(tcp_flows, two_may_open_one_connection_at_once)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f) {
		struct traffic syn = out(f, IPPROTO_TCP, .dport = 80), back = traffic_reversed(syn);

		leaves(g, syn);
		back.flags = SYN;
		expect(g, back, PG_ALLOW, PG_REASON_REPLY);
	}
}

Test(tcp_flows, scans_of_a_closed_port_get_silence)
{
	static const unsigned scans[] = { NO_FLAGS,        FIN,      ACK, RST, SYN | ACK,
					  FIN | PSH | URG, FIN | ACK };
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);

	BOTH(f)
	leaves(g, out(f, IPPROTO_TCP, .dport = 80));
	for (size_t i = 0; i < ARRAY_SIZE(scans); i++)
		expect(g, tcp(.dport = CLIENT, .sport = 81, .flags = scans[i]), PG_DENY,
		       PG_REASON_NO_RULE);
}

Test(tcp_flows, resets_and_ends_of_what_is_not_known_make_no_flow)
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

Test(tcp_flows, a_connection_that_is_closed_from_here_is_heard_for_two_minutes)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	struct traffic syn = out(4, IPPROTO_TCP, .dport = 80),
		       fin = out(4, IPPROTO_TCP, .dport = 80, .flags = FIN | ACK);

	leaves(g, syn);
	expect_reply(g, syn);
	leaves(g, fin);
	expect_reply(g, fin);
	age_flows(g, 60);
	expect_reply(g, fin);
	age_flows(g, 61);
	expect_no_reply(g, fin);
}

Test(tcp_flows, what_comes_ends_no_flow)
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

/* A connection of this network namespace over its loopback device. Return: the side that accepted.
 */
static void connect_here(int *ret_listener, int *ret_accepted, uint16_t *ret_port,
			 uint16_t *ret_client_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
			   from;
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

Test(tcp_flows, segments_of_a_connection_that_the_kernel_has_pass)
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

Test(tcp_flows, a_listener_is_no_connection)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(CLOSED);
	_cleanup_close_ int listener = -1, accepted = -1;
	struct traffic segment = tcp(.from = "127.0.0.1", .to = "127.0.0.1", .flags = ACK);

	connect_here(&listener, &accepted, &segment.dport, &segment.sport);
	cr_assert_eq(seed_ports(&g->state), 0);
	segment.sport += segment.sport < 65535 ? 1 : -1;
	expect(g, segment, PG_DENY, PG_REASON_NO_RULE);
}
