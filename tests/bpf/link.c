// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands before and around the ports: Ethernet, VLAN tags, IP headers, lengths that lie. Nothing
 * is guessed: headers that are cut short or too many are malformed, and padding is nobody's header.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "bpf/lib/expect.h"
#include "util/cleanup.h"

#define OPEN_80 "rules: [allow 80]"

Test(link, what_is_not_ip_passes_unjudged)
{
	static const uint16_t types[] = { 0x0806, 0x8137, 0x88cc, 0x888e, 0x0004 };	/* ARP IPX LLDP 802.1X LLC */
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct frame f = frame_of_type(types[i], 46);

		expect_unjudged(g, &f);
	}
}

Test(link, ports_are_found_behind_one_and_two_tags)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, tcp(.dport = 80, .tags = 1, .vlans = { 7 }), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81, .tags = 1, .vlans = { 7 }), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.dport = 80, .tags = 2, .vlans = { 7, 8 }), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 81, .tags = 2, .vlans = { 7, 8 }), PG_DENY, PG_REASON_NO_RULE);
}

Test(link, a_priority_tag_hides_nothing)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, udp(.dport = 80, .tags = 1, .vlans = { 0xe000 }), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 81, .tags = 1), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.dport = 81, .tags = 2), PG_DENY, PG_REASON_NO_RULE);
}

Test(link, more_than_two_tags_are_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t tags = 3; tags <= TAGS_MAX; tags++)
		expect(g, udp(.dport = 80, .tags = tags), PG_DENY, PG_REASON_MALFORMED);
}

Test(link, arp_behind_tags_passes)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct frame f = frame_of_type(0x8100, 46);

	f.bytes[16] = 0x08;	/* behind the tag: ARP */
	f.bytes[17] = 0x06;
	expect_unjudged(g, &f);
}

/*
 * A test run takes the type from where Ethernet has it, and some kernels want a whole IP header behind
 * that: a piece of the source address says the type, and a payload follows.
 */
static struct traffic bare_udp(int family, uint16_t port)
{
	return udp(.dport = port, .from = family == 4 ? "8.0.2.1" : "2001:db8:86dd::1", .payload = 40);
}

static void expect_bare(const struct guarded *g, struct traffic t, struct expected e)
{
	struct frame f = frame_of(&t), bare = frame_without_link(&f);

	expect_entry_at(g, IN_L3, &bare, e);
}

Test(link, a_device_without_ethernet_is_guarded_alike)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic cut = bare_udp(4, 80);

	expect_bare(g, bare_udp(4, 80), EXPECTED(PG_ALLOW, PG_REASON_RULE));
	expect_bare(g, bare_udp(6, 80), EXPECTED(PG_ALLOW, PG_REASON_RULE));
	expect_bare(g, bare_udp(4, 81), EXPECTED(PG_DENY, PG_REASON_NO_RULE));
	expect_bare(g, bare_udp(6, 81), EXPECTED(PG_DENY, PG_REASON_NO_RULE));
	cut.cut = 1;
	expect_bare(g, cut, EXPECTED(PG_DENY, PG_REASON_MALFORMED));
}

Test(link, a_device_without_ethernet_forgets_the_tags_of_other_devices)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, udp(.dport = 80, .tags = 8), PG_DENY, PG_REASON_MALFORMED);
	expect_bare(g, bare_udp(4, 80), EXPECTED(PG_ALLOW, PG_REASON_RULE));
}

Test(link, a_frame_that_ends_within_a_tag_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct frame f = frame_of_type(0x8100, 2);

	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	f = frame_of_type(0x8100, 0);
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
}

/* --- IP headers ---------------------------------------------------------------------------------- */

Test(link, a_frame_that_ends_within_its_ip_header_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t bytes = 0; bytes < 20; bytes++)
		expect(g, tcp(.family = 4, .dport = 80, .cut = 40 - bytes), PG_DENY, PG_REASON_MALFORMED);
	for (size_t bytes = 0; bytes < 40; bytes++)
		expect(g, tcp(.family = 6, .dport = 80, .cut = 60 - bytes), PG_DENY, PG_REASON_MALFORMED);
}

Test(link, another_version_than_the_frame_says_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.dport = 80, .family = 4);
	struct frame f = frame_of(&t);

	for (unsigned version = 0; version < 16; version++) {
		f.bytes[f.ip] = version << 4 | 5;
		expect_frame(g, &f, version == 4 ? PG_ALLOW : PG_DENY,
			     version == 4 ? PG_REASON_RULE : PG_REASON_MALFORMED);
	}
	t.family = 6;
	f = frame_of(&t);
	f.bytes[f.ip] = 0x40;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
}

Test(link, an_ipv4_header_of_less_than_20_bytes_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.dport = 80, .family = 4);
	struct frame f = frame_of(&t);

	for (unsigned words = 0; words < 5; words++) {
		f.bytes[f.ip] = 0x40 | words;
		expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	}
}

Test(link, ipv4_options_are_stepped_over)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t bytes = 4; bytes <= 40; bytes += 4) {
		expect(g, tcp(.family = 4, .dport = 80, .options = bytes), PG_ALLOW, PG_REASON_RULE);
		expect(g, udp(.family = 4, .dport = 81, .options = bytes), PG_DENY, PG_REASON_NO_RULE);
	}
}

Test(link, options_that_reach_beyond_the_datagram_are_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = udp(.dport = 80, .family = 4, .payload = 40);
	struct frame f = frame_of(&t);

	f.bytes[f.ip] = 0x4f;
	f.bytes[f.ip + 3] = 59;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
}

Test(link, a_datagram_longer_than_its_frame_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, tcp(.dport = 80, .payload = 100), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .payload = 100, .cut = 1), PG_DENY, PG_REASON_MALFORMED);
	expect(g, udp(.dport = 80, .payload = 100, .cut = 100), PG_DENY, PG_REASON_MALFORMED);
}

Test(link, padding_behind_a_datagram_is_no_mistake)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, udp(.dport = 80, .padding = 18), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .padding = 200), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 81, .padding = 18), PG_DENY, PG_REASON_NO_RULE);
}

Test(link, a_header_beyond_what_the_program_sees_at_once_is_loaded)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic open = tcp(.dport = 80, .family = 4, .payload = 300), closed = tcp(.dport = 81, .family = 4, .payload = 300);
	struct frame f = frame_of(&open);
	struct result got;

	if (run_frame_split(g, &f, 34, &got))
		cr_skip_test("this kernel splits no test packets");
	cr_assert(got.passed && got.verdict == PG_ALLOW && got.reason == PG_REASON_RULE);
	f = frame_of(&closed);
	for (size_t linear = 14; linear < 60; linear++) {
		cr_assert_eq(run_frame_split(g, &f, linear, &got), 0);
		cr_assert(!got.passed && got.reason == PG_REASON_NO_RULE, "%zu bytes: reason %d", linear, got.reason);
	}
}

Test(link, jumbo_frames_are_judged_as_others)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.dport = 80, .family = 4, .payload = 8900);
	struct frame f = frame_of(&t);
	struct result got;

	if (run_frame(g, IN_XDP, &f, &got))
		cr_skip_test("this kernel makes no test runs of such frames");
	cr_assert(got.passed && got.verdict == PG_ALLOW);
	t.dport = 81;
	f = frame_of(&t);
	cr_assert_eq(run_frame(g, IN_XDP, &f, &got), 0);
	cr_assert(!got.passed && got.reason == PG_REASON_NO_RULE);
	t.dport = 80;
	t.cut = 1;
	f = frame_of(&t);
	cr_assert_eq(run_frame(g, IN_XDP, &f, &got), 0);
	cr_assert(!got.passed && got.reason == PG_REASON_MALFORMED);
}

/* --- the headers that hold ports ----------------------------------------------------------------- */

Test(link, a_tcp_header_must_be_whole)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t missing = 1; missing <= 20; missing++)
		expect(g, tcp(.dport = 80, .missing = missing), PG_DENY, PG_REASON_MALFORMED);
}

Test(link, a_udp_header_must_be_whole)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t missing = 1; missing <= 8; missing++)
		expect(g, udp(.dport = 80, .missing = missing), PG_DENY, PG_REASON_MALFORMED);
}

Test(link, ports_that_lie_in_the_padding_are_not_read)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t missing = 1; missing <= 20; missing++)
		expect(g, tcp(.dport = 80, .missing = missing, .padded = true), PG_DENY, PG_REASON_MALFORMED);
	for (size_t missing = 1; missing <= 8; missing++)
		expect(g, udp(.dport = 80, .missing = missing, .padded = true), PG_DENY, PG_REASON_MALFORMED);
}

Test(link, a_tcp_header_says_its_own_length)
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

/* --- IPv6 extension headers ---------------------------------------------------------------------- */

Test(link, ports_are_found_behind_extension_headers)
{
	static const uint8_t kinds[] = { HOP_BY_HOP, ROUTING, AUTHENTICATION, DESTINATION, 135, 139, 140 };
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		expect(g, tcp(.family = 6, .dport = 80, .extensions = { kinds[i] }, .extension_count = 1),
		       PG_ALLOW, PG_REASON_RULE);
		expect(g, udp(.family = 6, .dport = 81, .extensions = { kinds[i] }, .extension_count = 1),
		       PG_DENY, PG_REASON_NO_RULE);
	}
}

Test(link, extension_headers_of_all_kinds_follow_each_other)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.family = 6, .dport = 80, .extension_count = 5,
			       .extensions = { HOP_BY_HOP, DESTINATION, ROUTING, AUTHENTICATION, DESTINATION });

	expect(g, t, PG_ALLOW, PG_REASON_RULE);
	t.dport = 81;
	expect(g, t, PG_DENY, PG_REASON_NO_RULE);
}

Test(link, eight_extension_headers_pass_and_nine_are_malformed)
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

Test(link, an_extension_header_that_reaches_beyond_the_datagram_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = udp(.family = 6, .dport = 80, .extensions = { DESTINATION }, .extension_count = 1);
	struct frame f = frame_of(&t);

	f.bytes[f.ip + 41] = 1;	/* 16 bytes: the ports would lie behind the datagram */
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	f.bytes[f.ip + 41] = 255;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
	t.padding = 300;
	f = frame_of(&t);
	f.bytes[f.ip + 41] = 1;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
}

Test(link, no_next_header_carries_no_port)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, ip(.family = 6, .proto = NO_NEXT, .dport = 80), PG_DENY, PG_REASON_PROTOCOL);
	expect(g, ip(.family = 6, .proto = NO_NEXT, .extensions = { HOP_BY_HOP }, .extension_count = 1),
	       PG_DENY, PG_REASON_PROTOCOL);
}

Test(link, an_ipv6_jumbogram_without_a_length_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.family = 6, .dport = 80);
	struct frame f = frame_of(&t);

	f.bytes[f.ip + 5] = 0;
	expect_frame(g, &f, PG_DENY, PG_REASON_MALFORMED);
}

Test(link, every_protocol_of_ipv4_is_judged_by_its_number)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	static const uint8_t extensions_of_ipv6[] = { 0, 43, 44, 51, 60 };

	for (size_t i = 0; i < ARRAY_SIZE(extensions_of_ipv6); i++)
		expect(g, ip(.family = 4, .proto = extensions_of_ipv6[i], .dport = 80), PG_DENY, PG_REASON_PROTOCOL);
}
