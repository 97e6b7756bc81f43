// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `reject` answers: packets byte by byte, as XDP and tc would send them, and to what there is no
 * answer.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bpf/lib/by_hand.h"
#include "bpf/lib/conversation.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define PORT 7000
#define LINK 14
#define REDIRECT 7
#define MOST 256 /* answers a second and CPU */

#define BOTH_ENTRIES(entry) for (enum entry entry = IN_XDP; entry <= IN_TC; entry++)

/* What came of a packet: the frame that leaves, or nothing (length 0). */
struct answer {
	uint8_t bytes[FRAME_ROOM];
	size_t length;
	bool sent, passed;
};

static struct guarded *rejecting(void)
{
	struct guarded *g = guarded_by("");

	put_in(g, PORT, DENY(5) | PG_ANSWER_REJECT);
	return g;
}

static void put(const struct guarded *g, enum entry entry, const struct frame *f, struct answer *a)
{
	struct __sk_buff context = { .ifindex = g->device };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->length,
		    .data_out = a->bytes, .data_size_out = sizeof(a->bytes), .repeat = 1);

	if (entry != IN_XDP) {
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
	}
	cr_assert_eq(bpf_prog_test_run_opts(g->programs[entry], &opts), 0, "%s", strerror(errno));
	a->length = opts.data_size_out;
	a->sent = opts.retval == (entry == IN_XDP ? XDP_TX : REDIRECT);
	a->passed = (int)opts.retval == (entry == IN_XDP ? XDP_PASS : -1);
}

/* A frame whose bytes are not all alike. */
static struct frame lively(struct traffic t)
{
	struct frame f = frame_of(&t);

	for (size_t i = f.transport + 20; i < f.length; i++)
		f.bytes[i] = (uint8_t)(i * 37 + 11);
	f.bytes[0] |= 2;
	f.bytes[5] = 9;
	if (t.proto == IPPROTO_TCP)
		memcpy(f.bytes + f.transport + 4, "\x12\x34\xff\xff\xab\xcd\xef\x01", 8);
	return f;
}

static uint32_t add(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static bool sums_up(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* The IP header of an answer to @f, whose own begins at @ip; returns the transport's, and its length. */
static const uint8_t *check_ip(const struct frame *f, const struct answer *a, uint8_t proto,
			       size_t *ret_length)
{
	const uint8_t *ip = a->bytes + f->ip, *asked = f->bytes + f->ip;
	bool v4 = asked[0] >> 4 == 4;
	size_t header = v4 ? 20 : 40, address = v4 ? 4 : 16, at = v4 ? 12 : 8;
	size_t length = v4 ? get16(ip + 2) - header : get16(ip + 4);

	cr_assert_eq(ip[0], v4 ? 0x45 : 0x60);
	cr_assert_eq(ip[v4 ? 9 : 6], proto);
	cr_assert_eq(ip[v4 ? 8 : 7], 64);
	cr_assert_arr_eq(ip + at, asked + at + address, address);
	cr_assert_arr_eq(ip + at + address, asked + at, address);
	cr_assert_leq(f->ip + header + length, a->length);
	if (v4)
		cr_assert(sums_up(add(0, ip, 20)), "the IP header's checksum");
	*ret_length = length;
	return ip + header;
}

static bool transport_sums_up(const struct frame *f, const struct answer *a, uint8_t proto,
			      const uint8_t *transport, size_t length)
{
	const uint8_t *ip = a->bytes + f->ip;
	bool v4 = ip[0] >> 4 == 4;
	uint32_t sum = add(0, transport, length);

	if (proto == IPPROTO_ICMP)
		return sums_up(sum);
	sum = add(sum, ip + (v4 ? 12 : 8), v4 ? 8 : 32);
	return sums_up(sum + (uint32_t)length + proto);
}

static void check_link(const struct frame *f, const struct answer *a)
{
	cr_assert_arr_eq(a->bytes, f->bytes + 6, 6);
	cr_assert_arr_eq(a->bytes + 6, f->bytes, 6);
	cr_assert_arr_eq(a->bytes + 12, f->bytes + 12, f->ip - 12, "type and tags");
}

static void check_rst(const struct frame *f, const struct answer *a, uint32_t seq, uint32_t ack,
		      uint8_t flags)
{
	const uint8_t *tcp, *asked = f->bytes + f->transport;
	size_t length;

	cr_assert(a->sent);
	tcp = check_ip(f, a, IPPROTO_TCP, &length);
	cr_assert_eq(length, 20);
	cr_assert_eq(get16(tcp), get16(asked + 2));
	cr_assert_eq(get16(tcp + 2), get16(asked));
	cr_assert_eq(get32(tcp + 4), seq);
	cr_assert_eq(get32(tcp + 8), ack);
	cr_assert_eq(tcp[12], 0x50);
	cr_assert_eq(tcp[13], flags);
	cr_assert(transport_sums_up(f, a, IPPROTO_TCP, tcp, length), "the checksum of TCP");
}

static void check_unreachable(const struct frame *f, const struct answer *a, size_t most)
{
	bool v4 = f->bytes[f->ip] >> 4 == 4;
	uint8_t proto = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	size_t length, header = v4 ? 20 : 40, quote = f->length - f->ip;
	const uint8_t *icmp;

	if (quote > most - header - 8)
		quote = most - header - 8;
	cr_assert(a->sent);
	icmp = check_ip(f, a, proto, &length);
	cr_assert(icmp[0] == (v4 ? 3 : 1) && icmp[1] == (v4 ? 3 : 4));
	cr_assert_eq(get32(icmp + 4), 0);
	cr_assert_eq(length, 8 + quote);
	cr_assert_arr_eq(icmp + 8, f->bytes + f->ip, quote);
	cr_assert(transport_sums_up(f, a, proto, icmp, length), "the checksum of ICMP");
}

Test(reject, a_syn_is_reset_from_nothing)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	BOTH(family)
		BOTH_ENTRIES(entry) {
			struct frame f = lively(tcp(.family = family, .dport = PORT, .tcp_options = 20));
			struct answer a;

			put(g, entry, &f, &a);
			check_rst(&f, &a, 0, 0x1234ffff + 1, RST | ACK);
			check_link(&f, &a);
		}
}

Test(reject, segments_count_their_bytes_and_what_is_acknowledged_says_where)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	BOTH(family)
		BOTH_ENTRIES(entry) {
			struct frame f = lively(tcp(.family = family, .dport = PORT, .flags = FIN,
						    .payload = 101, .padding = 3));
			struct answer a;

			put(g, entry, &f, &a);
			check_rst(&f, &a, 0, 0x1234ffff + 102, RST | ACK);
			f = lively(tcp(.family = family, .dport = PORT, .flags = ACK, .payload = 1000));
			put(g, entry, &f, &a);
			check_rst(&f, &a, 0xabcdef01, 0, RST);
		}
}

Test(reject, datagrams_get_port_unreachable_with_what_they_were)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	BOTH(family)
		BOTH_ENTRIES(entry)
			for (size_t payload = 0; payload < 70; payload += 1 + payload / 20) {
				struct frame f = lively(udp(.family = family, .dport = PORT, .payload = payload));
				struct answer a;

				if (entry != IN_XDP && f.length < f.ip + 40)
					continue; /* too short for test runs of some kernels */
				put(g, entry, &f, &a);
				check_unreachable(&f, &a, family == 4 ? 576 : 1280);
				check_link(&f, &a);
			}
}

Test(reject, the_quote_ends_where_the_answer_would_be_too_long)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	BOTH(family)
		BOTH_ENTRIES(entry)
			for (size_t payload = 500; payload < 1400; payload += 61) {
				struct frame f = lively(udp(.family = family, .dport = PORT, .payload = payload));
				struct answer a;

				put(g, entry, &f, &a);
				check_unreachable(&f, &a, family == 4 ? 576 : 1280);
			}
}

Test(reject, ip_options_and_extension_headers_are_quoted)
{
	_cleanup_guarded_ struct guarded *g = rejecting();
	struct frame f = lively(udp(.family = 4, .dport = PORT, .options = 12, .payload = 40));
	struct answer a;

	put(g, IN_XDP, &f, &a);
	check_unreachable(&f, &a, 576);
	f = lively(udp(.family = 6, .dport = PORT, .extensions = { DESTINATION }, .extension_count = 1,
		       .payload = 40));
	put(g, IN_TC, &f, &a);
	check_unreachable(&f, &a, 1280);
}

Test(reject, segments_with_ip_options_and_extension_headers_are_reset_without_them)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	BOTH_ENTRIES(entry)
		for (size_t n = 1; n <= 8; n++) {
			struct traffic t = tcp(.dport = PORT, .payload = n * 31, .flags = FIN,
					       .options = n * 4, .tcp_options = 8);
			struct answer a;
			struct frame f;

			t.family = 4;
			f = lively(t);
			put(g, entry, &f, &a);
			check_rst(&f, &a, 0, 0x1234ffff + (uint32_t)n * 31 + 1, RST | ACK);
			check_link(&f, &a);
			t.family = 6;
			t.options = 0;
			t.extension_count = n;
			memset(t.extensions, DESTINATION, n);
			t.extensions[0] = n % 2 ? HOP_BY_HOP : ROUTING;
			f = lively(t);
			put(g, entry, &f, &a);
			check_rst(&f, &a, 0, 0x1234ffff + (uint32_t)n * 31 + 1, RST | ACK);
			check_link(&f, &a);
		}
}

Test(reject, tags_stay_on_the_frame)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	BOTH(family)
		for (size_t tags = 1; tags <= 2; tags++) {
			struct traffic t = tcp(.family = family, .dport = PORT, .tags = tags, .vlans = { 7, 8 });
			struct frame f = lively(t);
			struct answer a;

			put(g, IN_XDP, &f, &a);
			check_rst(&f, &a, 0, 0x1234ffff + 1, RST | ACK);
			check_link(&f, &a);
			t.proto = IPPROTO_UDP;
			t.payload = 333;
			f = lively(t);
			put(g, IN_XDP, &f, &a);
			check_unreachable(&f, &a, family == 4 ? 576 : 1280);
			check_link(&f, &a);
		}
}

/* The addresses say the type, which a test run reads where Ethernet has it (tests/bpf/link.c). */
Test(reject, devices_without_ethernet_answer_too)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	BOTH(family) {
		struct frame whole = lively(tcp(.family = family, .dport = PORT, .payload = 40,
						.from = family == 4 ? "8.0.2.1" : "2001:db8:86dd::1"));
		struct frame f = frame_without_link(&whole);
		struct answer a;

		put(g, IN_L3, &f, &a);
		check_rst(&f, &a, 0, 0x1234ffff + 41, RST | ACK);
		cr_assert_eq(a.length, (family == 4 ? 20u : 40u) + 20u);
	}
}

static void expect_silence(const struct guarded *g, struct traffic t)
{
	BOTH(family)
		BOTH_ENTRIES(entry) {
			struct frame f;
			struct answer a;

			if (traffic_family(&t) && traffic_family(&t) != family)
				continue;
			t.family = family;
			f = lively(t);
			put(g, entry, &f, &a);
			cr_assert(!a.sent && !a.passed);
			t.family = 0;
		}
}

Test(reject, nothing_answers_a_reset_a_fragment_or_many)
{
	_cleanup_guarded_ struct guarded *g = rejecting();

	expect_silence(g, tcp(.dport = PORT, .flags = RST));
	expect_silence(g, tcp(.dport = PORT, .flags = RST | ACK));
	expect_silence(g, udp(.dport = PORT, .payload = 100, .more = true));
	expect_silence(g, udp(.dport = PORT, .payload = 40, .group_frame = true));
	expect_silence(g, udp(.dport = PORT, .payload = 40, .to = "224.0.0.251"));
	expect_silence(g, udp(.dport = PORT, .payload = 40, .to = "255.255.255.255"));
	expect_silence(g, udp(.dport = PORT, .payload = 40, .to = "ff02::1"));
}

Test(reject, nothing_answers_who_is_no_single_host)
{
	_cleanup_guarded_ struct guarded *g = rejecting();
	static const char *const nobody[] = { "0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255",
					      "::",      "::1",       "ff02::1" };

	for (size_t i = 0; i < ARRAY_SIZE(nobody); i++) {
		expect_silence(g, tcp(.dport = PORT, .from = nobody[i]));
		expect_silence(g, udp(.dport = PORT, .from = nobody[i], .payload = 40));
	}
}

Test(reject, the_default_may_reject_and_what_is_denied_or_over_rate_hears_nothing)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in 81]");
	struct frame f = lively(tcp(.family = 4, .dport = PORT));
	struct answer a;

	put_in(g, 82, ASK(9));
	put_condition(g, 9, 5, ALLOW(5), 0);
	put_rule(g, 5, (struct pg_rule){ .per_second_x1000 = 1, .burst = 0 });
	expect_silence(g, tcp(.dport = PORT));
	g->state.control->slots[g->state.control->slot & 1].in_reject = 1;
	put(g, IN_XDP, &f, &a);
	check_rst(&f, &a, 0, 0x1234ffff + 1, RST | ACK);
	expect_silence(g, tcp(.dport = 81));
	expect_silence(g, tcp(.dport = 82));
	expect_silence(g, icmp(.type = 5));
	expect_silence(g, ip(.proto = IPPROTO_GRE));
}

Test(reject, audit_lets_pass_what_it_would_answer)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("mode: audit");
	struct frame f = lively(tcp(.family = 4, .dport = PORT));
	struct answer a;

	put_in(g, PORT, DENY(5) | PG_ANSWER_REJECT);
	BOTH_ENTRIES(entry) {
		put(g, entry, &f, &a);
		cr_assert(a.passed);
		cr_assert_eq(a.length, f.length);
		cr_assert_arr_eq(a.bytes, f.bytes, f.length);
	}
}

Test(reject, a_flood_gets_few_answers)
{
	_cleanup_guarded_ struct guarded *g = rejecting();
	struct frame f = lively(tcp(.family = 4, .dport = PORT));
	unsigned sent = 0;
	struct answer a;

	for (int i = 0; i < 4 * MOST; i++) {
		put(g, IN_XDP, &f, &a);
		sent += a.sent;
	}
	cr_assert_geq(sent, MOST);
	cr_assert_lt(sent, 4 * MOST, "unless this machine takes seconds for a thousand packets");
}

Test(reject, an_answer_that_leaves_is_no_question)
{
	_cleanup_guarded_ struct guarded *g = rejecting();
	struct traffic reset = out(4, IPPROTO_TCP, .sport = PORT, .dport = CLIENT, .flags = RST | ACK);

	leaves(g, reset);
	cr_assert_eq(g->state.control->used[PG_USED_TCP][PORT % PG_USED_BYTES], 0);
}
