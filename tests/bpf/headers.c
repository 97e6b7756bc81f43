// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands between the IP header and the ports, and the header that holds them: it must be
 * whole, and lie within the datagram; extension headers of IPv6 hide nothing.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "bpf/lib/expect.h"
#include "util/cleanup.h"

#define OPEN_80 "rules: [allow 80]"

/* --- the headers that hold ports -----------------------------------------------------------------
 */

Test(headers, a_tcp_header_must_be_whole)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t missing = 1; missing <= 20; missing++)
		expect(g, tcp(.dport = 80, .missing = missing), PG_DENY, PG_REASON_MALFORMED);
}

Test(headers, a_udp_header_must_be_whole)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t missing = 1; missing <= 8; missing++)
		expect(g, udp(.dport = 80, .missing = missing), PG_DENY, PG_REASON_MALFORMED);
}

Test(headers, ports_that_lie_in_the_padding_are_not_read)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t missing = 1; missing <= 20; missing++)
		expect(g, tcp(.dport = 80, .missing = missing, .padded = true), PG_DENY,
		       PG_REASON_MALFORMED);
	for (size_t missing = 1; missing <= 8; missing++)
		expect(g, udp(.dport = 80, .missing = missing, .padded = true), PG_DENY,
		       PG_REASON_MALFORMED);
}

Test(headers, a_tcp_header_says_its_own_length)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.dport = 80, .family = 6, .tcp_options = 12);
	struct frame f = frame_of(&t);

	expect(g, tcp(.dport = 80, .tcp_options = 40), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .tcp_options = 12, .missing = 1), PG_DENY, PG_REASON_MALFORMED);
	f.bytes[f.transport + 12] = 4 << 4;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	f.bytes[f.transport + 12] = 9 << 4;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	f.bytes[f.transport + 12] = 8 << 4;
	expect_frame(g, &f, PG_ALLOW, PG_REASON_RULE);
}

/* --- IPv6 extension headers ----------------------------------------------------------------------
 */

Test(headers, ports_are_found_behind_extension_headers)
{
	static const uint8_t kinds[] = { HOP_BY_HOP, ROUTING, AUTHENTICATION, DESTINATION, 135,
					 139,        140 };
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		expect(g,
		       tcp(.family = 6, .dport = 80, .extensions = { kinds[i] },
			   .extension_count = 1),
		       PG_ALLOW, PG_REASON_RULE);
		expect(g,
		       udp(.family = 6, .dport = 81, .extensions = { kinds[i] },
			   .extension_count = 1),
		       PG_DENY, PG_REASON_NO_RULE);
	}
}

Test(headers, extension_headers_of_all_kinds_follow_each_other)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.family = 6, .dport = 80, .extension_count = 5,
			       .extensions = { HOP_BY_HOP, DESTINATION, ROUTING, AUTHENTICATION,
					       DESTINATION });

	expect(g, t, PG_ALLOW, PG_REASON_RULE);
	t.dport = 81;
	expect(g, t, PG_DENY, PG_REASON_NO_RULE);
}

Test(headers, eight_extension_headers_pass_and_nine_are_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = udp(.family = 6, .dport = 80);

	memset(t.extensions, DESTINATION, sizeof(t.extensions));
	for (t.extension_count = 1; t.extension_count <= 8; t.extension_count++)
		expect(g, t, PG_ALLOW, PG_REASON_RULE);
	for (; t.extension_count <= EXTENSIONS_MAX; t.extension_count++)
		expect(g, t, PG_DENY, PG_REASON_MALFORMED);
	t.extension_count = 8;
	t.dport = 81;
	expect(g, t, PG_DENY, PG_REASON_NO_RULE);
}

Test(headers, an_extension_header_that_reaches_beyond_the_datagram_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t =
		udp(.family = 6, .dport = 80, .extensions = { DESTINATION }, .extension_count = 1);
	struct frame f = frame_of(&t);

	f.bytes[f.ip + 41] = 1; /* 16 bytes: the ports would lie behind the datagram */
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	f.bytes[f.ip + 41] = 255;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	t.padding = 300;
	f = frame_of(&t);
	f.bytes[f.ip + 41] = 1;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
}

Test(headers, no_next_header_carries_no_port)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, ip(.family = 6, .proto = NO_NEXT, .dport = 80), PG_DENY, PG_REASON_PROTOCOL);
	expect(g,
	       ip(.family = 6, .proto = NO_NEXT, .extensions = { HOP_BY_HOP },
		  .extension_count = 1),
	       PG_DENY, PG_REASON_PROTOCOL);
}

Test(headers, an_ipv6_jumbogram_without_a_length_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.family = 6, .dport = 80);
	struct frame f = frame_of(&t);

	f.bytes[f.ip + 5] = 0;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
}

Test(headers, every_protocol_of_ipv4_is_judged_by_its_number)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	static const uint8_t extensions_of_ipv6[] = { 0, 43, 44, 51, 60 };

	for (size_t i = 0; i < ARRAY_SIZE(extensions_of_ipv6); i++)
		expect(g, ip(.family = 4, .proto = extensions_of_ipv6[i], .dport = 80), PG_DENY,
		       PG_REASON_PROTOCOL);
}
