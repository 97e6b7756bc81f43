// SPDX-License-Identifier: GPL-2.0-only
/* What has no ports: ICMP, IGMP, and all the other IP protocols, which are shut out unless they are
 * named. */
#include <criterion/criterion.h>

#include <bpf/bpf.h>

#include "bpf/lib/expect.h"
#include "util/cleanup.h"

#define ECHO 255 /* struct traffic's word for an echo request */
#define PROTO_VRRP 112
#define PROTO_OSPF 89

struct bucket {
	uint32_t lock, pad;
	uint64_t full_ns;
};

static void expect_types(const struct guarded *g, struct traffic t, const uint8_t *types,
			 size_t count, enum pg_verdict verdict)
{
	for (size_t i = 0; i < count; i++) {
		t.type = types[i];
		expect(g, t, verdict, PG_REASON_ICMP);
	}
}

Test(protocols, icmp_errors_and_answers_pass_whatever_the_policy)
{
	/* Echo reply, unreachable (path MTU), quench, router messages, exceeded, parameter,
	 * timestamp reply. */
	static const uint8_t types[] = { 0, 3, 4, 9, 10, 11, 12, 14 };
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: deny, redirect: deny}");

	expect_types(g, icmp(), types, ARRAY_SIZE(types), PG_ALLOW);
}

Test(protocols, icmpv6_errors_neighbours_and_groups_pass_whatever_the_policy)
{
	/* Errors (too big), echo reply, MLD, ND, inverse ND, MLDv2, SEND, multicast routers. */
	static const uint8_t types[] = { 1,   2,   3,   4,   129, 130, 131, 132, 133, 134,
					 135, 136, 141, 142, 143, 148, 149, 151, 152, 153 };
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: deny, redirect: deny}");

	expect_types(g, icmp6(), types, ARRAY_SIZE(types), PG_ALLOW);
}

Test(protocols, icmp_questions_other_than_echo_are_refused)
{
	static const uint8_t v4[] = { 13, 15, 17, 42,
				      254 }; /* timestamp, information, mask, extended echo */
	static const uint8_t v6[] = {
		138, 139, 140, 144, 160, 200, 254
	}; /* renumbering, node information … */
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: allow, redirect: allow}");

	expect_types(g, icmp(), v4, ARRAY_SIZE(v4), PG_DENY);
	expect_types(g, icmp6(), v6, ARRAY_SIZE(v6), PG_DENY);
}

Test(protocols, echo_is_allowed_or_denied_as_the_policy_says)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: allow}");

	expect(g, icmp(.type = ECHO), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp6(.type = ECHO), PG_ALLOW, PG_REASON_ICMP);
	change_policy(g, "icmp: {echo: deny}");
	expect(g, icmp(.type = ECHO), PG_DENY, PG_REASON_ICMP);
	expect(g, icmp6(.type = ECHO), PG_DENY, PG_REASON_ICMP);
}

Test(protocols, echo_at_a_rate_passes_its_burst_and_then_a_token_at_a_time)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: '1/m burst 4'}");
	_cleanup_close_ int fd = guarded_map(g, "pg_buckets");
	struct bucket bucket;
	uint32_t echo = 2048;

	expect(g, icmp(.type = ECHO), PG_ALLOW, PG_REASON_ICMP); /* twice: by XDP and by tc */
	expect(g, icmp6(.type = ECHO), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp(.type = ECHO), PG_DENY, PG_REASON_RATE);
	expect(g, icmp6(.type = ECHO), PG_DENY, PG_REASON_RATE);
	cr_assert_eq(bpf_map_lookup_elem(fd, &echo, &bucket), 0);
	bucket.full_ns -= 130ULL * 1000000000; /* two minutes and a little go by */
	cr_assert_eq(bpf_map_update_elem(fd, &echo, &bucket, BPF_ANY), 0);
	expect(g, icmp(.type = ECHO), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp(.type = ECHO), PG_DENY, PG_REASON_RATE);
}

Test(protocols, a_bucket_never_holds_more_than_its_burst)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: '1/m burst 2'}");
	_cleanup_close_ int fd = guarded_map(g, "pg_buckets");
	struct bucket bucket;
	uint32_t echo = 2048;

	expect(g, icmp(.type = ECHO), PG_ALLOW, PG_REASON_ICMP);
	cr_assert_eq(bpf_map_lookup_elem(fd, &echo, &bucket), 0);
	bucket.full_ns = 1; /* since the machine was started */
	cr_assert_eq(bpf_map_update_elem(fd, &echo, &bucket, BPF_ANY), 0);
	expect(g, icmp(.type = ECHO), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp(.type = ECHO), PG_DENY, PG_REASON_RATE);
}

Test(protocols, a_rate_of_echo_spends_nothing_on_other_icmp)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: '1/m burst 2'}");

	for (int i = 0; i < 8; i++)
		expect(g, icmp(.type = 3), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp(.type = ECHO), PG_ALLOW, PG_REASON_ICMP);
}

Test(protocols, redirects_are_denied_unless_the_policy_allows_them)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	expect(g, icmp(.type = 5), PG_DENY, PG_REASON_ICMP);
	expect(g, icmp6(.type = 137), PG_DENY, PG_REASON_ICMP);
	change_policy(g, "icmp: {redirect: allow}");
	expect(g, icmp(.type = 5), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp6(.type = 137), PG_ALLOW, PG_REASON_ICMP);
}

Test(protocols, icmp_that_is_cut_short_is_malformed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	expect(g, icmp(.type = 3, .missing = 4), PG_ALLOW, PG_REASON_ICMP);
	expect(g, icmp(.type = 3, .missing = 5), PG_DENY, PG_REASON_MALFORMED);
	expect(g, icmp6(.type = 3, .missing = 8), PG_DENY, PG_REASON_MALFORMED);
	expect(g, icmp6(.type = 3, .missing = 8, .padded = true), PG_DENY, PG_REASON_MALFORMED);
}

Test(protocols, icmp_of_the_other_family_is_no_icmp)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	expect(g, ip(.family = 6, .proto = IPPROTO_ICMP, .type = 3), PG_DENY, PG_REASON_PROTOCOL);
	expect(g, ip(.family = 4, .proto = IPPROTO_ICMPV6, .type = 135), PG_DENY,
	       PG_REASON_PROTOCOL);
}

Test(protocols, icmpv6_is_found_behind_a_hop_by_hop_header)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("icmp: {echo: deny}");
	struct traffic t = icmp6(.type = 143, .extensions = { HOP_BY_HOP }, .extension_count = 1);

	expect(g, t, PG_ALLOW, PG_REASON_ICMP); /* MLDv2 comes with a router alert */
	t.type = ECHO;
	expect(g, t, PG_DENY, PG_REASON_ICMP);
}

Test(protocols, igmp_passes_to_groups_alone)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	expect(g, ip(.family = 4, .proto = IPPROTO_IGMP, .to = "224.0.0.1", .options = 4), PG_ALLOW,
	       PG_REASON_ICMP);
	expect(g, ip(.family = 4, .proto = IPPROTO_IGMP, .to = "239.255.255.250"), PG_ALLOW,
	       PG_REASON_ICMP);
	expect(g, ip(.family = 4, .proto = IPPROTO_IGMP, .to = "240.0.0.1"), PG_DENY,
	       PG_REASON_PROTOCOL);
	expect(g, ip(.family = 4, .proto = IPPROTO_IGMP), PG_DENY, PG_REASON_PROTOCOL);
	expect(g, ip(.family = 6, .proto = IPPROTO_IGMP), PG_DENY, PG_REASON_PROTOCOL);
}

Test(protocols, every_other_protocol_is_refused)
{
	static const uint8_t all[] = { 3,  4,   33,  41,  46,  47,  50,  88, 89,
				       94, 103, 112, 115, 132, 137, 253, 255 };
	_cleanup_guarded_ struct guarded *g =
		guarded_by("default: {in: allow}\nrules: [allow any]");

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		expect(g, ip(.proto = all[i], .dport = 80), PG_DENY, PG_REASON_PROTOCOL);
}

Test(protocols, a_protocol_that_is_named_is_let_in)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("protocols: [vrrp, gre]");

	expect(g, ip(.proto = PROTO_VRRP, .to = "224.0.0.18"), PG_ALLOW, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = PROTO_VRRP, .family = 6), PG_ALLOW, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = IPPROTO_GRE), PG_ALLOW, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = PROTO_OSPF), PG_DENY, PG_REASON_PROTOCOL);
	change_policy(g, "protocols: [89]");
	expect(g, ip(.proto = PROTO_OSPF), PG_ALLOW, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = IPPROTO_GRE), PG_DENY, PG_REASON_PROTOCOL);
}

Test(protocols, a_protocol_may_be_let_in_from_some_alone)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("sets: {peers: [192.0.2.0/28, '2001:db8::/64']}\n"
			   "protocols: [{gre: {from: '@peers'}}, {esp: {from: 203.0.113.7}}]");

	expect(g, ip(.proto = IPPROTO_GRE), PG_ALLOW, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = IPPROTO_GRE, .from = "192.0.2.16"), PG_DENY, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = IPPROTO_GRE, .from = "2001:db8:1::1"), PG_DENY, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = IPPROTO_ESP, .from = "203.0.113.7"), PG_ALLOW, PG_REASON_PROTOCOL);
	expect(g, ip(.proto = IPPROTO_ESP), PG_DENY, PG_REASON_PROTOCOL);
}

Test(protocols, a_protocol_is_found_behind_extension_headers)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("protocols: [gre]");
	struct traffic t = ip(.family = 6, .proto = IPPROTO_GRE, .extensions = { DESTINATION },
			      .extension_count = 1);

	expect(g, t, PG_ALLOW, PG_REASON_PROTOCOL);
	t.proto = IPPROTO_SCTP;
	expect(g, t, PG_DENY, PG_REASON_PROTOCOL);
}
