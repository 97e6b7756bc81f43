// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: as many new connections as the rate says and not one more, whoever floods; and nothing that
 * is no new connection takes a token. Rates are so slow that no token comes back while a test runs.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bpf/lib/by_hand.h"
#include "bpf/lib/conversation.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define PORT 7000
#define OTHER 7001
#define LIMIT 5 /* the rule */
#define GROUP 9
#define TOKEN_NS 1000000000000ULL /* one in 1,000 seconds */
#define BURST 3
#define ALL 1000
#define PLACES 8192 /* of sources */

/* `limit … PORT`, as compiled: what is over the rate is refused, what does not count is not allowed. */
static struct guarded *limited(bool per_source)
{
	struct guarded *g = guarded_by("");

	put_in(g, PORT, ASK(GROUP));
	put_condition(g, GROUP, LIMIT, ALLOW(LIMIT), 0);
	put_rule(g, LIMIT,
		 (struct pg_rule){ .per_second_x1000 = 1, .burst = BURST, .per_source = per_source });
	return g;
}

static struct traffic syn(uint16_t sport)
{
	return tcp(.family = 4, .dport = PORT, .sport = sport);
}

static struct traffic datagram(uint16_t sport)
{
	return udp(.family = 4, .dport = PORT, .sport = sport);
}

static void expect_by(const struct guarded *g, enum entry entry, struct traffic t, enum pg_verdict verdict,
		      enum pg_reason reason)
{
	struct frame f = frame_of(&t);

	expect_entry_at(g, entry, &f, EXPECTED(verdict, reason));
}

static void spend_all(const struct guarded *g)
{
	for (uint16_t i = 0; i < BURST; i++)
		expect_by(g, IN_XDP, syn(1000 + i), PG_ALLOW, PG_REASON_RULE);
	expect_by(g, IN_XDP, syn(2000), PG_DENY, PG_REASON_RATE);
}

/* As if so many tokens had come back to the rule's bucket. */
static void refill(const struct guarded *g, uint64_t tokens)
{
	uint64_t *full_ns = &g->state.limits[LIMIT];

	*full_ns = tokens == ALL ? 0 : *full_ns - tokens * TOKEN_NS;
}

Test(limits, a_burst_passes_and_then_nothing_by_any_entry)
{
	_cleanup_guarded_ struct guarded *g = limited(false);

	spend_all(g);
	expect(g, tcp(.dport = PORT), PG_DENY, PG_REASON_RATE);
	expect(g, udp(.dport = PORT), PG_DENY, PG_REASON_RATE);
	expect(g, tcp(.dport = OTHER), PG_DENY, PG_REASON_NO_RULE);
}

Test(limits, the_refusal_names_its_rule)
{
	_cleanup_guarded_ struct guarded *g = limited(false);
	struct frame f = frame_of(&(struct traffic){ .proto = IPPROTO_TCP, .dport = PORT });
	struct result got;

	spend_all(g);
	cr_assert_eq(run_frame(g, IN_TC, &f, &got), 0);
	cr_assert_eq(got.rule, LIMIT);
}

Test(limits, so_many_tokens_come_back_as_time_has_passed)
{
	_cleanup_guarded_ struct guarded *g = limited(false);

	spend_all(g);
	refill(g, 2);
	expect_by(g, IN_TC, syn(3000), PG_ALLOW, PG_REASON_RULE);
	expect_by(g, IN_XDP, syn(3001), PG_ALLOW, PG_REASON_RULE);
	expect_by(g, IN_XDP, syn(3002), PG_DENY, PG_REASON_RATE);
	refill(g, ALL); /* never more than the burst */
	spend_all(g);
}

Test(limits, what_a_former_rule_of_that_number_owed_is_no_more_than_empty)
{
	_cleanup_guarded_ struct guarded *g = limited(false);

	refill(g, -1000ULL);
	expect_by(g, IN_XDP, syn(1000), PG_DENY, PG_REASON_RATE);
	refill(g, 1);
	expect_by(g, IN_XDP, syn(1000), PG_ALLOW, PG_REASON_RULE);
}

Test(limits, segments_that_begin_no_connection_take_no_token_and_are_not_allowed)
{
	_cleanup_guarded_ struct guarded *g = limited(false);

	expect(g, tcp(.dport = PORT, .flags = ACK), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = PORT, .flags = SYN | ACK), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = PORT, .flags = FIN), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = PORT, .flags = RST), PG_DENY, PG_REASON_NO_RULE);
	spend_all(g);
	expect(g, tcp(.dport = PORT, .flags = ACK), PG_DENY, PG_REASON_NO_RULE);
}

Test(limits, a_datagram_of_a_pair_that_has_taken_its_token_takes_no_other)
{
	_cleanup_guarded_ struct guarded *g = limited(false);

	for (int i = 0; i < 2 * BURST; i++)
		expect_by(g, i % 2 ? IN_TC : IN_XDP, datagram(1000), PG_ALLOW, PG_REASON_RULE);
	expect_by(g, IN_XDP, datagram(1001), PG_ALLOW, PG_REASON_RULE);
	expect_by(g, IN_XDP, datagram(1002), PG_ALLOW, PG_REASON_RULE);
	expect_by(g, IN_XDP, datagram(1003), PG_DENY, PG_REASON_RATE);
	expect_by(g, IN_XDP, datagram(1003), PG_DENY, PG_REASON_RATE);
	expect_by(g, IN_XDP, datagram(1001), PG_ALLOW, PG_REASON_RULE);
	expect_by(g, IN_XDP, syn(1000), PG_DENY, PG_REASON_RATE); /* TCP is no such pair */
}

struct admitted {
	uint8_t remote[16];
	uint32_t rule;
	uint16_t remote_port, local_port;
};

static void age_pair(const struct guarded *g, uint16_t sport, uint32_t seconds)
{
	_cleanup_close_ int fd = guarded_map(g, "pg_admitted");
	struct admitted key = { .rule = LIMIT, .remote_port = sport, .local_port = PORT };
	uint32_t seen;

	address_of(PEER4, key.remote);
	cr_assert_eq(bpf_map_lookup_elem(fd, &key, &seen), 0);
	seen -= seconds * g->state.control->hz;
	cr_assert_eq(bpf_map_update_elem(fd, &key, &seen, BPF_ANY), 0);
}

Test(limits, a_pair_that_was_silent_for_as_long_as_a_stream_lasts_is_new)
{
	_cleanup_guarded_ struct guarded *g = limited(false);

	for (uint16_t i = 0; i < BURST; i++)
		expect_by(g, IN_XDP, datagram(1000 + i), PG_ALLOW, PG_REASON_RULE);
	age_pair(g, 1000, 119);
	expect_by(g, IN_XDP, datagram(1000), PG_ALLOW, PG_REASON_RULE); /* and is seen anew */
	age_pair(g, 1000, 119);
	expect_by(g, IN_XDP, datagram(1000), PG_ALLOW, PG_REASON_RULE);
	age_pair(g, 1000, 121);
	expect_by(g, IN_XDP, datagram(1000), PG_DENY, PG_REASON_RATE);
}

Test(limits, replies_of_flows_take_no_token)
{
	_cleanup_guarded_ struct guarded *g = limited(false);
	struct traffic question = out(4, IPPROTO_UDP, .sport = PORT, .dport = DNS);

	leaves(g, question);
	for (int i = 0; i < BURST; i++)
		expect_by(g, IN_XDP, traffic_reversed(question), PG_ALLOW, PG_REASON_RULE);
	spend_all(g);
	expect_by(g, IN_XDP, traffic_reversed(question), PG_ALLOW, PG_REASON_RULE);
}

Test(limits, what_begins_here_is_remembered_although_a_limit_might_let_its_answer_in)
{
	_cleanup_guarded_ struct guarded *g = limited(false);
	struct traffic question = out(4, IPPROTO_TCP, .sport = PORT, .dport = 80);

	leaves(g, question);
	spend_all(g);
	expect_by(g, IN_XDP, traffic_reversed(question), PG_ALLOW, PG_REASON_REPLY);
}

Test(limits, of_several_each_takes_a_token_and_the_empty_one_is_named)
{
	_cleanup_guarded_ struct guarded *g = limited(false);
	struct frame f = frame_of(&(struct traffic){ .proto = IPPROTO_TCP, .dport = PORT });
	struct result got;

	put_condition(g, GROUP, LIMIT, ASK(GROUP + 1), ASK(GROUP + 1));
	put_condition(g, GROUP + 1, LIMIT + 1, ALLOW(LIMIT), 0);
	put_rule(g, LIMIT + 1, (struct pg_rule){ .per_second_x1000 = 1, .burst = 1 });
	expect_by(g, IN_XDP, syn(1000), PG_ALLOW, PG_REASON_RULE);
	cr_assert_eq(run_frame(g, IN_TC, &f, &got), 0);
	cr_assert(got.verdict == PG_DENY && got.reason == PG_REASON_RATE && got.rule == LIMIT + 1);
}

Test(limits, a_limit_whose_time_is_up_counts_no_more)
{
	_cleanup_guarded_ struct guarded *g = limited(false);

	put_condition(g, GROUP, LIMIT, ALLOW(LIMIT), ALLOW(7));
	spend_all(g);
	put_rule(g, LIMIT, (struct pg_rule){ .per_second_x1000 = 1, .burst = BURST, .until_ns = 1 });
	expect(g, tcp(.dport = PORT), PG_ALLOW, PG_REASON_RULE);
}

Test(limits, deliver_asks_without_a_token_for_what_goes_on)
{
	_cleanup_guarded_ struct guarded *g = limited(false);
	struct pg_question q = { .direction = PG_IN, .port = PORT, .fresh = PG_FRESH_PASSED };

	spend_all(g);
	cr_assert_eq(asked(g, q).verdict, PG_ALLOW);
	q.fresh = PG_FRESH_NO;
	cr_assert_eq(asked(g, q).reason, PG_REASON_NO_RULE);
	q.fresh = PG_FRESH_YES;
	cr_assert_eq(asked(g, q).reason, PG_REASON_RATE);
}

Test(limits, a_look_sees_what_is_left_and_takes_nothing)
{
	for (int per_source = 0; per_source < 2; per_source++) {
		_cleanup_guarded_ struct guarded *g = limited(per_source);
		struct pg_question q = { .direction = PG_IN, .proto = PG_UDP, .port = PORT, .fresh = PG_FRESH_LOOK };

		address_of(PEER4, q.remote);
		for (int i = 0; i < 10 * BURST; i++)
			cr_assert_eq(asked(g, q).verdict, PG_ALLOW);
		spend_all(g);
		cr_assert_eq(asked(g, q).reason, PG_REASON_RATE);
		cr_assert_eq(asked(g, q).rule, LIMIT);
		address_of("192.0.2.11", q.remote);
		cr_assert_eq(asked(g, q).verdict, per_source ? PG_ALLOW : PG_DENY);
	}
}

Test(limits, out_is_counted_by_call_and_datagram)
{
	_cleanup_guarded_ struct guarded *g = limited(false);
	struct pg_question q = { .direction = PG_OUT, .proto = PG_UDP, .port = PORT, .fresh = PG_FRESH_YES };

	put_answer(g, PG_OUT, PG_UDP, PORT, ASK(GROUP));
	for (int i = 0; i < BURST; i++)
		cr_assert_eq(asked(g, q).verdict, PG_ALLOW);
	cr_assert_eq(asked(g, q).reason, PG_REASON_RATE);
}

/* Source @n of a flood: of all over 10.0.0.0/8, or as IPv6 a /64 each of 2001:db8::/32. */
static struct traffic from(uint32_t n, int family, char text[64])
{
	if (family == 4)
		(void)snprintf(text, 64, "10.%u.%u.%u", n & 255, n >> 8 & 255, n >> 16 & 255);
	else
		(void)snprintf(text, 64, "2001:db8:%x:%x::7", n >> 16, n & 65535);
	return tcp(.family = family, .dport = PORT, .from = text);
}

static bool passes(const struct guarded *g, const struct traffic *t)
{
	struct frame f = frame_of(t);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.bytes, .data_size_in = f.length, .repeat = 1);

	cr_assert_eq(bpf_prog_test_run_opts(g->programs[IN_XDP], &opts), 0);
	return opts.retval == XDP_PASS;
}

static unsigned tokens_of(const struct guarded *g, const struct traffic *t)
{
	unsigned n = 0;

	while (n < 100 && passes(g, t))
		n++;
	return n;
}

Test(limits, each_source_has_a_bucket_of_its_own)
{
	_cleanup_guarded_ struct guarded *g = limited(true);
	char text[64];

	BOTH(family)
		for (uint32_t n = 0; n < 20; n++) {
			struct traffic t = from(n, family, text);

			cr_assert_eq(tokens_of(g, &t), BURST, "%s", text);
		}
}

Test(limits, an_ipv6_source_is_its_64)
{
	_cleanup_guarded_ struct guarded *g = limited(true);
	struct traffic one = tcp(.family = 6, .dport = PORT, .from = "2001:db8:5:6::1");
	struct traffic same = tcp(.family = 6, .dport = PORT, .from = "2001:db8:5:6:ffff::2");
	struct traffic other = tcp(.family = 6, .dport = PORT, .from = "2001:db8:5:7::1");

	cr_assert(passes(g, &one) && passes(g, &same) && passes(g, &one));
	cr_assert_not(passes(g, &same));
	cr_assert(passes(g, &other));
}

Test(limits, sources_are_counted_by_rule)
{
	_cleanup_guarded_ struct guarded *g = limited(true);
	struct traffic one = syn(1000), other = syn(1000);

	other.dport = OTHER;
	put_in(g, OTHER, ASK(GROUP + 1));
	put_condition(g, GROUP + 1, LIMIT + 1, ALLOW(LIMIT + 1), 0);
	put_rule(g, LIMIT + 1, (struct pg_rule){ .per_second_x1000 = 1, .burst = 1, .per_source = 1 });
	cr_assert_eq(tokens_of(g, &one), BURST);
	cr_assert_eq(tokens_of(g, &other), 1);
}

/* Twice as many sources as there are places; returns how many of their packets passed. */
static unsigned flood(const struct guarded *g, int family, uint32_t first, uint32_t count)
{
	unsigned passed = 0;
	char text[64];

	for (uint32_t n = first; n < first + count; n++) {
		struct traffic t = from(n, family, text);

		passed += passes(g, &t);
	}
	return passed;
}

Test(limits, a_flood_opens_nothing_and_pushes_nobody_out)
{
	_cleanup_guarded_ struct guarded *g = limited(true);
	struct traffic known = syn(1000), unknown = tcp(.family = 4, .dport = PORT, .from = "203.0.113.9");
	unsigned passed;
	char text[64];

	cr_assert(passes(g, &known));
	passed = flood(g, 4, 0, 2 * PLACES);
	cr_assert_geq(passed, PLACES * 3 / 4, "%u", passed);
	cr_assert_leq(passed, PLACES + 256 * BURST, "the places, and what each /16 shares: %u", passed);
	cr_assert_leq(flood(g, 6, 0, 2 * PLACES), PLACES / 4 + BURST);
	cr_assert_eq(tokens_of(g, &known), BURST - 1, "who has a bucket keeps it");
	cr_assert_leq(tokens_of(g, &unknown), BURST, "a newcomer has no more than its rate");
	for (uint32_t n = 0; n < 500; n++) {
		struct traffic again = from(n, 4, text);

		cr_assert_leq(tokens_of(g, &again), BURST - 1, "%s", text);
	}
}
