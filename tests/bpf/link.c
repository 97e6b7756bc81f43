// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands before and around the ports: Ethernet, VLAN tags, IP headers, lengths that lie.
 * Nothing is guessed: headers that are cut short or too many are malformed, and padding is nobody's
 * header.
 */
#include <criterion/criterion.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bpf/lib/expect.h"
#include "kernel/attach.h"
#include "util/cleanup.h"

#define OPEN_80 "rules: [allow 80]"

Test(link, what_is_not_ip_passes_unjudged)
{
	static const uint16_t types[] = { 0x0806, 0x8137, 0x88cc, 0x888e,
					  0x0004 }; /* ARP IPX LLDP 802.1X LLC */
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

	f.bytes[16] = 0x08; /* behind the tag: ARP */
	f.bytes[17] = 0x06;
	expect_unjudged(g, &f);
}

/* Frames that really come in by a device: its tc ingress, with the first tag in metadata. */
static int attach_second_device(struct guarded *g)
{
	struct ifreq up = { .ifr_name = "eth1", .ifr_flags = IFF_UP };
	_cleanup_close_ int fd = -1, control = socket(AF_INET, SOCK_DGRAM, 0);
	_cleanup_devices_ struct devices all = { 0 };
	struct pg_error err = PG_ERROR_INIT;

	g->device = second_device(&fd);
	cr_assert_eq(ioctl(control, SIOCSIFFLAGS, &up), 0);
	cr_assert_eq(devices_read(&all), 0);
	cr_assert_eq(attach_inbound(&g->paths, devices_by_index(&all, g->device), ATTACH_TC, &err),
		     0, "%s", err.text);
	return TAKE_FD(fd);
}

static void expect_received(const struct guarded *g, int fd, struct traffic t,
			    enum pg_verdict verdict, enum pg_reason reason)
{
	uint32_t counter = PG_COUNT_VERDICT(PG_HOOK_INBOUND, verdict, reason);
	uint64_t before = state_count(&g->state, counter);
	struct frame f = frame_of(&t);

	cr_assert_eq(write(fd, f.bytes, f.length), (ssize_t)f.length);
	for (int i = 0; i < 100000 && state_count(&g->state, counter) == before; i++)
		(void)sched_yield(); /* the kernel may hand it to another thread */
	cr_assert_eq(state_count(&g->state, counter), before + 1, "%zu tags, port %u", t.tags,
		     t.dport);
}

Test(link, a_tag_that_the_kernel_has_taken_off_is_the_first)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	_cleanup_close_ int fd = attach_second_device(g);

	for (int family = 4; family <= 6; family += 2) {
		expect_received(g, fd, udp(.family = family, .dport = 80), PG_ALLOW,
				PG_REASON_RULE);
		for (size_t tags = 0; tags <= 2; tags++)
			expect_received(
				g, fd,
				udp(.family = family, .dport = 81, .tags = tags, .vlans = { 7, 8 }),
				PG_DENY, PG_REASON_NO_RULE);
		for (size_t tags = 3; tags <= 8; tags++)
			expect_received(g, fd, udp(.family = family, .dport = 80, .tags = tags),
					PG_DENY, PG_REASON_MALFORMED);
	}
}

Test(link, by_which_device_a_tagged_packet_is_received_is_not_known)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp on eth1, allow 81/tcp, deny in 81/tcp on eth0]");
	_cleanup_close_ int fd = attach_second_device(g);

	expect_received(g, fd, tcp(.family = 4, .dport = 80), PG_ALLOW, PG_REASON_RULE);
	expect_received(g, fd, tcp(.family = 4, .dport = 81), PG_ALLOW, PG_REASON_RULE);
	expect_received(g, fd, tcp(.family = 4, .dport = 80, .tags = 1), PG_ALLOW, PG_REASON_RULE);
	expect_received(g, fd, tcp(.family = 4, .dport = 80, .tags = 1, .vlans = { 7 }), PG_DENY,
			PG_REASON_NO_RULE);
	expect_received(g, fd, tcp(.family = 4, .dport = 81, .tags = 1, .vlans = { 7 }), PG_DENY,
			PG_REASON_RULE);
	expect_received(g, fd, tcp(.family = 4, .dport = 81, .tags = 2, .vlans = { 0, 7 }), PG_DENY,
			PG_REASON_RULE);
}

/*
 * A test run takes the type from where Ethernet has it, and some kernels want a whole IP header
 * behind that: a piece of the source address says the type, and a payload follows.
 */
static struct traffic bare_udp(int family, uint16_t port)
{
	return udp(.dport = port, .from = family == 4 ? "8.0.2.1" : "2001:db8:86dd::1",
		   .payload = 40);
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

/* --- IP headers ----------------------------------------------------------------------------------
 */

Test(link, a_frame_that_ends_within_its_ip_header_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t bytes = 0; bytes < 20; bytes++)
		expect(g, tcp(.family = 4, .dport = 80, .cut = 40 - bytes), PG_DENY,
		       PG_REASON_MALFORMED);
	for (size_t bytes = 0; bytes < 40; bytes++)
		expect(g, tcp(.family = 6, .dport = 80, .cut = 60 - bytes), PG_DENY,
		       PG_REASON_MALFORMED);
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
		expect(g, tcp(.family = 4, .dport = 80, .options = bytes), PG_ALLOW,
		       PG_REASON_RULE);
		expect(g, udp(.family = 4, .dport = 81, .options = bytes), PG_DENY,
		       PG_REASON_NO_RULE);
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
	struct traffic open = tcp(.dport = 80, .family = 4, .payload = 300),
		       closed = tcp(.dport = 81, .family = 4, .payload = 300);
	struct frame f = frame_of(&open);
	struct result got;

	if (run_frame_split(g, &f, 34, &got))
		cr_skip_test("this kernel splits no test packets");
	cr_assert(got.passed && got.verdict == PG_ALLOW && got.reason == PG_REASON_RULE);
	f = frame_of(&closed);
	for (size_t linear = 14; linear < 60; linear++) {
		cr_assert_eq(run_frame_split(g, &f, linear, &got), 0);
		cr_assert(!got.passed && got.reason == PG_REASON_NO_RULE, "%zu bytes: reason %d",
			  linear, got.reason);
	}
}

/* What is read in place, and what is copied where it lies out of reach, is the same. */
static void expect_same_both_ways(const struct guarded *g, const struct frame *f, size_t at)
{
	struct result near, far;

	cr_assert_eq(run_frame(g, IN_XDP, f, &near), 0);
	cr_assert_eq(run_frame_split(g, f, 14, &far), 0);
	cr_assert(near.passed == far.passed && near.verdict == far.verdict &&
			  near.reason == far.reason && near.rule == far.rule,
		  "byte %zu is %#x: verdict %d (%d) in reach, %d (%d) out of it", at, f->bytes[at],
		  near.verdict, near.reason, far.verdict, far.reason);
}

Test(link, whatever_a_header_says_it_is_read_alike_in_reach_and_out_of_it)
{
	static const uint8_t flips[] = { 0x01, 0x10, 0x20, 0x80, 0xff };
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic kinds[] = { tcp(.dport = 80, .family = 4), udp(.dport = 81, .family = 4),
				   tcp(.dport = 81, .family = 4, .tags = 1, .vlans = { 7 }),
				   udp(.dport = 80, .family = 4, .tags = 1) };
	struct frame f = frame_of(&kinds[0]);
	struct result got;

	if (run_frame_split(g, &f, 14, &got))
		cr_skip_test("this kernel splits no test packets");
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		f = frame_of(&kinds[k]);
		for (size_t at = 12; at < f.transport + 14; at++) {
			uint8_t as_it_was = f.bytes[at];

			for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
				f.bytes[at] = as_it_was ^ flips[i];
				expect_same_both_ways(g, &f, at);
			}
			f.bytes[at] = as_it_was;
		}
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
