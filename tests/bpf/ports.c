// SPDX-License-Identifier: GPL-2.0-only
/* Which ports are open: rules, defaults, failsafe and essentials, as packets meet them. */
#include <criterion/criterion.h>

#include "bpf/lib/expect.h"
#include "util/cleanup.h"

Test(ports, every_port_is_closed_until_it_is_allowed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp, allow 53/udp]");

	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 53), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 79), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 81), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.dport = 54), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, tcp_does_not_open_udp_nor_the_reverse)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp, allow 53/udp]");

	expect(g, udp(.dport = 80), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 53), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, a_port_without_a_protocol_is_open_to_both)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 53]");

	expect(g, udp(.dport = 53), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 53), PG_ALLOW, PG_REASON_RULE);
}

Test(ports, lists_and_ranges_end_where_they_say)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: ['allow 25,143,8000-8100/tcp', allow 65535/udp]");

	expect(g, tcp(.dport = 25), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 143), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 7999), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 8000), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 8100), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 8101), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.dport = 65535), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 65534), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, any_is_every_port_of_its_protocol)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow any/udp]");

	expect(g, udp(.dport = 1), PG_ALLOW, PG_REASON_RULE);
	expect(g, udp(.dport = 65535), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, port_0_is_a_port_that_no_rule_opens)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 1-65535/tcp]");

	expect(g, tcp(.dport = 0), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 1), PG_ALLOW, PG_REASON_RULE);
}

Test(ports, udp_lite_is_udp)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 53/udp, allow 54/tcp]");

	expect(g, ip(.proto = IPPROTO_UDPLITE, .dport = 53), PG_ALLOW, PG_REASON_RULE);
	expect(g, ip(.proto = IPPROTO_UDPLITE, .dport = 54), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, the_source_port_opens_nothing)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 53/udp, allow 80/tcp]");

	expect(g, udp(.sport = 53, .dport = 1024), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.sport = 80, .dport = 1024), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, allow_bind_opens_nothing_from_outside)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow bind 80]");

	expect(g, tcp(.dport = 80), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.dport = 80), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, deny_beats_allow_whatever_the_order)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80, deny in 80/tcp, deny 81/tcp, allow 81]");

	expect(g, tcp(.dport = 80), PG_DENY, PG_REASON_RULE);
	expect(g, udp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81), PG_DENY, PG_REASON_RULE);
	expect(g, udp(.dport = 81), PG_ALLOW, PG_REASON_RULE);
}

Test(ports, the_counter_of_the_rule_that_decided_moves)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp, deny in 81/tcp]");
	struct traffic allowed = tcp(.dport = 80, .family = 4),
		       denied = tcp(.dport = 81, .family = 6);
	struct frame f = frame_of(&allowed);
	struct result got;

	cr_assert_eq(run_frame(g, IN_XDP, &f, &got), 0);
	cr_assert_eq(got.rule, g->policy.rules[0].id);
	f = frame_of(&denied);
	cr_assert_eq(run_frame(g, IN_TC, &f, &got), 0);
	cr_assert_eq(got.rule, g->policy.rules[1].id);
	cr_assert_eq(state_rule_hits(&g->state, &g->policy.rules[0]), 1);
	cr_assert_eq(state_rule_hits(&g->state, &g->policy.rules[1]), 1);
}

/* --- addresses and devices ----------------------------------------------------------------------
 */

Test(ports, from_lets_in_whom_it_names_and_nobody_else)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(
		"rules: [allow 80/tcp from 192.0.2.0/28, allow 80/tcp from 2001:db8::/64]");

	expect(g, tcp(.dport = 80, .from = "192.0.2.15"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "192.0.2.16"), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 80, .from = "2001:db8::ffff"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "2001:db8:0:1::1"), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.dport = 80, .from = "192.0.2.15"), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, all_of_ipv4_is_not_ipv6_nor_the_reverse)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp from 0.0.0.0/0, 'allow 81/tcp from ::/0']");

	expect(g, tcp(.dport = 80, .family = 4), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .family = 6), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 81, .family = 4), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 81, .family = 6), PG_ALLOW, PG_REASON_RULE);
}

Test(ports, a_mapped_address_in_an_ipv6_packet_gains_at_most_what_ipv4_has)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp, deny in 80/tcp from 192.0.2.0/24]");

	expect(g, tcp(.dport = 80, .from = "192.0.2.9"), PG_DENY, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .family = 6, .from = "::ffff:192.0.2.9"), PG_DENY,
	       PG_REASON_RULE);
}

Test(ports, deny_from_refuses_whom_it_names_of_those_who_are_allowed)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp, deny in 80/tcp from 192.0.2.66, deny in 80/tcp "
			   "from 2001:db8:bad::/48]");

	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "192.0.2.66"), PG_DENY, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "192.0.2.67"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "2001:db8:bad::1"), PG_DENY, PG_REASON_RULE);
}

Test(ports, a_longer_prefix_does_not_undo_a_shorter_one)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp from 192.0.0.0/16, allow 81/tcp from "
			   "192.0.2.0/24, deny in 82/tcp from 192.0.2.7, "
			   "allow 82/tcp]");

	expect(g, tcp(.dport = 80, .from = "192.0.2.7"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "192.0.9.9"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81, .from = "192.0.2.7"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81, .from = "192.0.9.9"), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 82, .from = "192.0.2.7"), PG_DENY, PG_REASON_RULE);
}

Test(ports, a_set_is_all_of_its_addresses)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("sets: {office: [192.0.2.0/24, 203.0.113.7, '2001:db8:5::/48']}\n"
			   "rules: ['allow 80/tcp from @office', 'deny in 81/tcp from @office', "
			   "allow 81/tcp]");

	expect(g, tcp(.dport = 80, .from = "192.0.2.200"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "203.0.113.7"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "203.0.113.8"), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 80, .from = "2001:db8:5::1"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81, .from = "2001:db8:5::1"), PG_DENY, PG_REASON_RULE);
	expect(g, tcp(.dport = 81, .from = "2001:db8:6::1"), PG_ALLOW, PG_REASON_RULE);
}

Test(ports, at_is_the_address_that_the_packet_is_for)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(
		"rules: [allow 80/tcp at 198.51.100.1, 'allow 80/tcp at 2001:db8:1::1']");

	expect(g, tcp(.dport = 80, .to = "198.51.100.1"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .to = "198.51.100.2"), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 80, .from = "198.51.100.1", .to = "198.51.100.2"), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 80, .to = "2001:db8:1::1"), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .to = "2001:db8:1::2"), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, from_and_at_must_both_fit)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp from 192.0.2.0/24 at 198.51.100.1]");

	expect(g, tcp(.dport = 80, .from = "192.0.2.1", .to = "198.51.100.1"), PG_ALLOW,
	       PG_REASON_RULE);
	expect(g, tcp(.dport = 80, .from = "192.0.2.1", .to = "198.51.100.2"), PG_DENY,
	       PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 80, .from = "192.0.3.1", .to = "198.51.100.1"), PG_DENY,
	       PG_REASON_NO_RULE);
}

Test(ports, on_is_the_device_by_which_the_packet_came)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp on eth0, allow 81/tcp on eth1, allow 82/tcp, deny "
			   "in 82/tcp on eth0]");

	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 82), PG_DENY, PG_REASON_RULE);
}

Test(ports, on_another_device_the_other_rules_decide)
{
	_cleanup_close_ int fd = -1;
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp on eth0, allow 81/tcp on eth1, allow 82/tcp, deny "
			   "in 82/tcp on eth0]");

	g->device = second_device(&fd);
	expect(g, tcp(.dport = 80), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 81), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 82), PG_ALLOW, PG_REASON_RULE);
}

Test(ports, a_device_that_is_not_there_has_no_packets)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 80/tcp on wlan9, allow 81/tcp, deny in 81/tcp on wlan9]");

	expect(g, tcp(.dport = 80), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 81), PG_ALLOW, PG_REASON_RULE);
}

/* --- defaults, failsafe, essentials, modes -------------------------------------------------------
 */

Test(ports, default_in_allow_passes_what_no_rule_denies)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("default: {in: allow}\nrules: [deny in 23/tcp]");

	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_DEFAULT);
	expect(g, udp(.dport = 23), PG_ALLOW, PG_REASON_DEFAULT);
	expect(g, tcp(.dport = 23), PG_DENY, PG_REASON_RULE);
}

Test(ports, ssh_is_failsafe_as_long_as_no_rule_names_it)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [allow 20-30/tcp from 203.0.113.0/24]");

	expect(g, tcp(.dport = 22), PG_ALLOW, PG_REASON_FAILSAFE);
	expect(g, udp(.dport = 22), PG_DENY, PG_REASON_NO_RULE);
	add_rule(g, "allow ssh from 203.0.113.0/24");
	expect(g, tcp(.dport = 22), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.dport = 22, .from = "203.0.113.9"), PG_ALLOW, PG_REASON_RULE);
	remove_rule(g, "allow ssh from 203.0.113.0/24");
	expect(g, tcp(.dport = 22), PG_ALLOW, PG_REASON_FAILSAFE);
}

Test(ports, a_deny_of_any_closes_failsafe_ports_too)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in any from 192.0.2.0/24]");

	expect(g, tcp(.dport = 22, .from = "192.0.2.1"), PG_DENY, PG_REASON_RULE);
	expect(g, tcp(.dport = 22, .from = "192.0.3.1"), PG_ALLOW, PG_REASON_FAILSAFE);
}

Test(ports, failsafe_is_what_the_policy_says_it_is)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("failsafe: [2222/tcp]");

	expect(g, tcp(.dport = 2222), PG_ALLOW, PG_REASON_FAILSAFE);
	expect(g, tcp(.dport = 22), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, dhcp_answers_come_from_server_to_client_port)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	expect(g, udp(.family = 4, .sport = 67, .dport = 68), PG_ALLOW, PG_REASON_ESSENTIAL);
	expect(g, udp(.family = 4, .sport = 66, .dport = 68), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.family = 6, .sport = 67, .dport = 68), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.sport = 68, .dport = 67), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.sport = 67, .dport = 68), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, dhcpv6_answers_come_from_link_local_addresses)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	expect(g, udp(.from = "fe80::1", .sport = 547, .dport = 546), PG_ALLOW,
	       PG_REASON_ESSENTIAL);
	expect(g, udp(.from = "febf::1", .sport = 547, .dport = 546), PG_ALLOW,
	       PG_REASON_ESSENTIAL);
	expect(g, udp(.from = "fec0::1", .sport = 547, .dport = 546), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.from = PEER6, .sport = 547, .dport = 546), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.from = "fe80::1", .sport = 546, .dport = 546), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.from = PEER4, .sport = 547, .dport = 546), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, without_essentials_dhcp_is_closed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("essentials: []");

	expect(g, udp(.family = 4, .sport = 67, .dport = 68), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.from = "fe80::1", .sport = 547, .dport = 546), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, a_deny_closes_what_is_essential)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in 68/udp from 192.0.2.66]");

	expect(g, udp(.from = "192.0.2.66", .sport = 67, .dport = 68), PG_DENY, PG_REASON_RULE);
	expect(g, udp(.from = "192.0.2.67", .sport = 67, .dport = 68), PG_ALLOW,
	       PG_REASON_ESSENTIAL);
}

Test(ports, mdns_comes_to_its_groups_alone)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("essentials: [mdns]");

	expect(g, udp(.to = "224.0.0.251", .sport = 5353, .dport = 5353), PG_ALLOW,
	       PG_REASON_ESSENTIAL);
	expect(g, udp(.to = "ff02::fb", .sport = 5353, .dport = 5353), PG_ALLOW,
	       PG_REASON_ESSENTIAL);
	expect(g, udp(.sport = 5353, .dport = 5353), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.to = "224.0.0.252", .dport = 5353), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.to = "ff02::1:fb", .dport = 5353), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.to = "ff05::fb", .dport = 5353), PG_DENY, PG_REASON_NO_RULE);
	expect(g, tcp(.to = "224.0.0.251", .dport = 5353), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, without_mdns_its_groups_are_closed)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	expect(g, udp(.to = "224.0.0.251", .dport = 5353), PG_DENY, PG_REASON_NO_RULE);
	expect(g, udp(.to = "ff02::fb", .dport = 5353), PG_DENY, PG_REASON_NO_RULE);
}

Test(ports, audit_passes_what_it_would_deny_and_says_so)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("mode: audit\nrules: [allow 80/tcp, deny in 81/tcp]");

	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	expect(g, tcp(.dport = 81), PG_AUDIT, PG_REASON_RULE);
	expect(g, tcp(.dport = 82), PG_AUDIT, PG_REASON_NO_RULE);
	expect(g, ip(.proto = IPPROTO_GRE), PG_AUDIT, PG_REASON_PROTOCOL);
	expect(g, tcp(.dport = 80, .more = true, .missing = 18), PG_AUDIT, PG_REASON_FRAGMENT);
	expect(g, tcp(.dport = 80, .missing = 18), PG_AUDIT, PG_REASON_MALFORMED);
}

Test(ports, mode_off_passes_everything_and_counts_nothing)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("mode: off\nrules: [allow 80/tcp, deny in 81/tcp]");

	expect(g, tcp(.dport = 80), PG_NONE, 0);
	expect(g, tcp(.dport = 81), PG_NONE, 0);
	expect(g, tcp(.dport = 82, .missing = 18), PG_NONE, 0);
}
