// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fragments: the first must show its ports and is judged by them; a later one follows its first, or
 * spends the allowance of those that overtake it. Nothing that lies in a fragment's payload is a
 * port.
 */
#include <criterion/criterion.h>

#include <bpf/bpf.h>

#include "bpf/lib/expect.h"
#include "util/cleanup.h"

#define OPEN_80 "rules: [allow 80]"
#define ALLOWANCE 256 /* fragments a second and CPU that come before their first one */
#define CPUS_MAX 1024
#define LATER 185 /* where a second fragment of 1,480 bytes lies */

struct allowance {
	uint64_t second, spent;
};

/* A stray fragment begins this second's allowance; then it is as if all of it were spent, on every
 * CPU. */
static void use_up_allowance(const struct guarded *g)
{
	_cleanup_close_ int fd = guarded_map(g, "pg_allowances");
	struct traffic stray =
		udp(.family = 4, .id = 0xdead, .offset = LATER, .from = "203.0.113.99");
	struct frame f = frame_of(&stray);
	struct allowance each[CPUS_MAX];
	struct result got;
	uint32_t zero = 0;

	cr_assert_leq(g->state.control->cpus, CPUS_MAX);
	cr_assert_eq(run_frame(g, IN_XDP, &f, &got), 0);
	cr_assert_eq(bpf_map_lookup_elem(fd, &zero, each), 0);
	for (size_t i = 0; i < CPUS_MAX; i++)
		each[i].spent = ALLOWANCE;
	cr_assert_eq(bpf_map_update_elem(fd, &zero, each, BPF_ANY), 0);
}

Test(fragments, a_first_fragment_is_judged_by_its_port)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, udp(.dport = 80, .more = true, .id = 1, .payload = 64), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 81, .more = true, .id = 2, .payload = 64), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 80, .more = true, .id = 3, .payload = 64), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81, .more = true, .id = 4, .payload = 64), PG_DENY,
	       PG_REASON_NO_RULE);
}

Test(fragments, a_first_fragment_too_short_to_show_its_port_drops_as_fragment)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	for (size_t missing = 1; missing <= 8; missing++)
		expect(g, udp(.dport = 80, .more = true, .missing = missing), PG_DENY,
		       PG_REASON_FRAGMENT);
	for (size_t missing = 1; missing <= 20; missing++)
		expect(g, tcp(.dport = 80, .more = true, .missing = missing), PG_DENY,
		       PG_REASON_FRAGMENT);
}

Test(fragments, a_first_fragment_must_hold_the_options_of_tcp_too)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, tcp(.dport = 80, .more = true, .tcp_options = 12), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .more = true, .tcp_options = 12, .missing = 4), PG_DENY,
	       PG_REASON_FRAGMENT);
}

Test(fragments, a_header_in_the_padding_of_a_first_fragment_drops_as_fragment)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, udp(.dport = 80, .more = true, .missing = 4, .padded = true), PG_DENY,
	       PG_REASON_FRAGMENT);
	expect(g, udp(.dport = 80, .more = true, .missing = 8, .padded = true), PG_DENY,
	       PG_REASON_FRAGMENT);
	expect(g, tcp(.dport = 80, .more = true, .missing = 12, .padded = true), PG_DENY,
	       PG_REASON_FRAGMENT);
}

Test(fragments, a_fragment_at_8_bytes_drops_since_it_could_only_lie_over_a_header)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, tcp(.dport = 80, .more = true, .id = 5, .payload = 64), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .offset = 1, .id = 5), PG_DENY, PG_REASON_FRAGMENT);
	expect(g, udp(.dport = 80, .offset = 1, .more = true, .id = 5), PG_DENY,
	       PG_REASON_FRAGMENT);
}

Test(fragments, a_later_fragment_follows_its_first_one)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	use_up_allowance(g);
	expect(g, udp(.dport = 80, .more = true, .id = 7, .payload = 64), PG_ALLOW, PG_REASON_RULE);
	use_up_allowance(g);
	/* Its payload, read as ports, would be a closed one. */
	expect(g, udp(.dport = 81, .offset = LATER, .id = 7, .payload = 64), PG_ALLOW,
	       PG_REASON_FRAGMENT);
	expect(g, udp(.dport = 81, .offset = LATER, .more = true, .id = 7), PG_ALLOW,
	       PG_REASON_FRAGMENT);
}

Test(fragments, a_later_fragment_of_another_datagram_does_not)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, udp(.dport = 80, .more = true, .id = 7, .payload = 64), PG_ALLOW, PG_REASON_RULE);
	use_up_allowance(g);
	expect(g, udp(.dport = 80, .offset = LATER, .id = 8), PG_DENY, PG_REASON_FRAGMENT);
	expect(g, udp(.dport = 80, .offset = LATER, .id = 7, .from = "192.0.2.99"), PG_DENY,
	       PG_REASON_FRAGMENT);
	expect(g, udp(.dport = 80, .offset = LATER, .id = 7, .to = "198.51.100.99"), PG_DENY,
	       PG_REASON_FRAGMENT);
	expect(g, udp(.dport = 80, .offset = LATER, .id = 7, .from = "2001:db8::99"), PG_DENY,
	       PG_REASON_FRAGMENT);
	expect(g, tcp(.family = 4, .dport = 80, .offset = LATER, .id = 7), PG_DENY,
	       PG_REASON_FRAGMENT);
}

Test(fragments, a_later_fragment_after_a_refused_first_one_does_not_follow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);

	expect(g, udp(.dport = 81, .more = true, .id = 7, .payload = 64), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, udp(.dport = 80, .more = true, .id = 8, .missing = 4), PG_DENY,
	       PG_REASON_FRAGMENT);
	use_up_allowance(g);
	expect(g, udp(.dport = 80, .offset = LATER, .id = 7), PG_DENY, PG_REASON_FRAGMENT);
	expect(g, udp(.dport = 80, .offset = LATER, .id = 8), PG_DENY, PG_REASON_FRAGMENT);
}

Test(fragments, those_that_overtake_their_first_one_have_an_allowance)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	unsigned passed = 0, tried = 0;
	struct result got = { .passed = true };

	while (got.passed && tried++ <= 100 * ALLOWANCE) {
		struct traffic t = udp(.family = tried % 2 ? 4 : 6, .id = tried, .offset = LATER);
		struct frame f = frame_of(&t);

		cr_assert_eq(run_frame(g, tried % 3 ? IN_XDP : IN_TC, &f, &got), 0);
		cr_assert_eq(got.reason, PG_REASON_FRAGMENT);
		passed += got.passed;
	}
	/* A busy machine may reach the next second, and its allowance, before the first one is used
	 * up. */
	cr_assert(!got.passed, "no end after %u", passed);
	cr_assert_eq(passed % ALLOWANCE, 0, "%u passed", passed);
}

Test(fragments, a_first_fragment_is_remembered_for_30_seconds)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	_cleanup_close_ int fd = guarded_map(g, "pg_fragments");
	uint64_t passed_at, long_ago;
	struct pg_fragment_key key;

	expect(g, udp(.family = 4, .dport = 80, .more = true, .id = 7, .payload = 64), PG_ALLOW,
	       PG_REASON_RULE);
	cr_assert_eq(bpf_map_get_next_key(fd, NULL, &key), 0);
	cr_assert_eq(bpf_map_lookup_elem(fd, &key, &passed_at), 0);
	use_up_allowance(g);
	long_ago = passed_at - 29ULL * g->state.control->hz;
	cr_assert_eq(bpf_map_update_elem(fd, &key, &long_ago, BPF_ANY), 0);
	expect(g, udp(.family = 4, .offset = LATER, .id = 7), PG_ALLOW, PG_REASON_FRAGMENT);
	long_ago = passed_at - 31ULL * g->state.control->hz;
	cr_assert_eq(bpf_map_update_elem(fd, &key, &long_ago, BPF_ANY), 0);
	use_up_allowance(g);
	expect(g, udp(.family = 4, .offset = LATER, .id = 7), PG_DENY, PG_REASON_FRAGMENT);
}

Test(fragments, of_protocols_that_are_let_in_later_fragments_follow_as_well)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("protocols: [esp]");

	expect(g, ip(.proto = IPPROTO_ESP, .more = true, .id = 7, .payload = 64), PG_ALLOW,
	       PG_REASON_PROTOCOL);
	expect(g, ip(.proto = IPPROTO_GRE, .more = true, .id = 8, .payload = 64), PG_DENY,
	       PG_REASON_PROTOCOL);
	use_up_allowance(g);
	expect(g, ip(.proto = IPPROTO_ESP, .offset = LATER, .id = 7), PG_ALLOW, PG_REASON_FRAGMENT);
	expect(g, ip(.proto = IPPROTO_GRE, .offset = LATER, .id = 8), PG_DENY, PG_REASON_FRAGMENT);
}

/* --- IPv6's header of fragments ------------------------------------------------------------------
 */

Test(fragments, an_atomic_fragment_is_a_whole_packet)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t =
		tcp(.family = 6, .dport = 80, .extensions = { FRAGMENT }, .extension_count = 1);

	expect(g, t, PG_ALLOW, PG_REASON_RULE);
	t.dport = 81;
	expect(g, t, PG_DENY, PG_REASON_NO_RULE);
	t.missing = 8;
	expect(g, t, PG_DENY, PG_REASON_MALFORMED);
}

Test(fragments, a_fragment_header_may_stand_behind_other_headers)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t =
		tcp(.family = 6, .dport = 80, .id = 7, .more = true, .payload = 64,
		    .extension_count = 3, .extensions = { HOP_BY_HOP, ROUTING, FRAGMENT });

	expect(g, t, PG_ALLOW, PG_REASON_RULE);
	use_up_allowance(g);
	t.offset = LATER;
	t.more = false;
	expect(g, t, PG_ALLOW, PG_REASON_FRAGMENT);
	t.id = 8;
	expect(g, t, PG_DENY, PG_REASON_FRAGMENT);
}

Test(fragments, headers_behind_a_fragment_header_are_stepped_over)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = tcp(.family = 6, .dport = 80, .more = true, .payload = 64,
			       .extension_count = 2, .extensions = { FRAGMENT, DESTINATION });

	expect(g, t, PG_ALLOW, PG_REASON_RULE);
	t.dport = 81;
	expect(g, t, PG_DENY, PG_REASON_NO_RULE);
}

Test(fragments, a_first_fragment_that_ends_within_its_chain_of_headers_drops_as_fragment)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = udp(.family = 6, .dport = 80, .more = true, .extension_count = 2,
			       .extensions = { FRAGMENT, DESTINATION });

	for (t.missing = 1; t.missing <= 16; t.missing++)
		expect(g, t, PG_DENY, PG_REASON_FRAGMENT);
	t.padded = true;
	for (t.missing = 1; t.missing <= 16; t.missing++)
		expect(g, t, PG_DENY, PG_REASON_FRAGMENT);
}

Test(fragments, a_second_fragment_header_does_not_undo_the_first)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(OPEN_80);
	struct traffic t = udp(.family = 6, .dport = 80, .more = true, .missing = 4,
			       .extension_count = 2, .extensions = { FRAGMENT, FRAGMENT });
	struct frame f = frame_of(&t);

	f.bytes[f.ip + 40 + 8 + 3] = 0; /* the inner one says: whole */
	expect_frame(g, &f, PG_DENY, PG_REASON_FRAGMENT);
}
