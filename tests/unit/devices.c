// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows from how devices lie above one another, with made-up devices: which are guarded where
 * `interfaces:` is left out, which are covered, and by which device IP receives.
 */
#include <criterion/criterion.h>
#include <net/if.h> /* goes before the next */
#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>

#include "kernel/choice.h"
#include "kernel/receivers.h"
#include "util/cleanup.h"

#define DEVICE_OF(ethernet_or_not, number, called, ...)                                     \
	{                                                                                   \
		.index = (number), .name = called, .type = (ethernet_or_not), ##__VA_ARGS__ \
	}
#define DEVICE(...) DEVICE_OF(ARPHRD_ETHER, __VA_ARGS__)
#define DEVICES(...)                                                                       \
	{                                                                                  \
		.list = (struct device[]){ __VA_ARGS__ },                                  \
		.count = sizeof((struct device[]){ __VA_ARGS__ }) / sizeof(struct device), \
	}
#define LO DEVICE_OF(ARPHRD_LOOPBACK, 1, "lo", .loopback = true)
#define ETH0 DEVICE(2, "eth0", .default_route = true)

static void add_name(char *to, size_t size, const char *name)
{
	size_t used = strlen(to);

	(void)snprintf(to + used, size - used, "%s%s", used ? " " : "", name);
}

/* The names of the guarded devices, joined by spaces. */
static void expect_guarded(const struct policy *p, const struct devices *all, const char *wanted)
{
	char got[512] = "";

	for (size_t i = 0; i < all->count; i++)
		if (device_choice(p, all, &all->list[i]) != ATTACH_DEFAULT)
			add_name(got, sizeof(got), all->list[i].name);
	cr_expect_str_eq(got, wanted);
}

static void expect_default(const struct devices *all, const char *wanted)
{
	const struct policy p = { .attach = ATTACH_AUTO };

	expect_guarded(&p, all, wanted);
}

static void expect_named(const struct devices *all, const char *name, const char *wanted)
{
	struct interface_choice choice = { .pattern = (char *)name };
	const struct policy p = { .attach = ATTACH_AUTO,
				  .interfaces_said = true,
				  .interfaces = &choice,
				  .interface_count = 1 };

	expect_guarded(&p, all, wanted);
}

Test(choice, a_card_is_guarded_and_loopback_and_dummies_are_not)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "wlan0"), DEVICE(4, "dummy0", .kind = "dummy"),
			DEVICE(5, "ifb0", .kind = "ifb"));

	expect_default(&all, "eth0 wlan0");
}

Test(choice, the_hosts_ends_of_containers_and_vms_are_not_guarded)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "docker0", .kind = "bridge"),
			DEVICE(4, "veth1", .kind = "veth", .master = 3, .link_elsewhere = true),
			DEVICE(5, "virbr0", .kind = "bridge"),
			DEVICE(6, "vnet0", .kind = "tun", .master = 5));

	expect_default(&all, "eth0");
}

Test(choice, a_routed_containers_veth_is_not_guarded)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "cali1", .kind = "veth", .link_elsewhere = true),
			DEVICE(4, "tap0", .kind = "tun"));

	expect_default(&all, "eth0");
}

Test(choice, a_containers_own_uplink_is_guarded)
{
	const struct devices with_route = DEVICES(
		LO,
		DEVICE(2, "eth0", .kind = "veth", .link_elsewhere = true, .default_route = true),
		DEVICE(3, "eth1", .kind = "veth", .link_elsewhere = true));
	const struct devices tap =
		DEVICES(LO, DEVICE(2, "tap0", .kind = "tun", .default_route = true));

	expect_default(&with_route, "eth0");
	expect_default(&tap, "tap0");
}

Test(choice, without_a_default_route_a_container_still_has_an_uplink)
{
	const struct devices internal =
		DEVICES(LO, DEVICE_OF(ARPHRD_SIT, 2, "sit0", .kind = "sit"),
			DEVICE(3, "eth0", .kind = "veth", .link_elsewhere = true),
			DEVICE(4, "docker0", .kind = "bridge"),
			DEVICE(5, "veth1", .kind = "veth", .link_elsewhere = true, .master = 4),
			DEVICE(6, "pair0", .kind = "veth", .link = 7),
			DEVICE(7, "pair1", .kind = "veth", .link = 6));

	expect_default(&internal, "sit0 eth0");
}

Test(choice, a_default_route_over_a_vlan_makes_the_device_below_the_uplink)
{
	const struct devices all = DEVICES(
		LO, DEVICE(2, "eth0", .kind = "veth", .link_elsewhere = true),
		DEVICE(3, "eth0.5", .kind = "vlan", .link = 2, .vlan = 5, .default_route = true));

	expect_default(&all, "eth0");
}

Test(choice, bridges_bonds_and_teams_are_guarded_instead_of_their_ports)
{
	const struct devices all = DEVICES(
		LO, DEVICE(2, "eth0", .master = 4), DEVICE(3, "vnet0", .kind = "tun", .master = 4),
		DEVICE(4, "br0", .kind = "bridge", .default_route = true),
		DEVICE(5, "eth1", .master = 7), DEVICE(6, "eth2", .master = 7),
		DEVICE(7, "bond0", .kind = "bond"), DEVICE(8, "eth3", .master = 9),
		DEVICE(9, "team0", .kind = "team"));

	expect_default(&all, "br0 bond0 team0");
}

Test(choice, a_bridge_over_a_bond_is_guarded_alone)
{
	const struct devices all = DEVICES(LO, DEVICE(2, "eth0", .master = 3),
					   DEVICE(3, "bond0", .kind = "bond", .master = 4),
					   DEVICE(4, "br0", .kind = "bridge"));

	expect_default(&all, "br0");
}

Test(choice, a_bridge_of_guests_is_guarded_if_it_leads_outside)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "br0", .kind = "bridge", .default_route = true),
			DEVICE(3, "veth0", .kind = "veth", .master = 2, .link_elsewhere = true));

	expect_default(&all, "br0");
}

Test(choice, what_is_stacked_is_seen_at_the_device_below)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "eth0.5", .kind = "vlan", .link = 2, .vlan = 5),
			DEVICE(4, "eth0.5.6", .kind = "vlan", .link = 3, .vlan = 6),
			DEVICE(5, "mv0", .kind = "macvlan", .link = 2),
			DEVICE(6, "tap1", .kind = "macvtap", .link = 2),
			DEVICE(7, "docker0", .kind = "bridge"),
			DEVICE(8, "docker0.7", .kind = "vlan", .link = 7, .vlan = 7));

	expect_default(&all, "eth0");
}

Test(choice, a_vlan_on_a_bridges_port_takes_its_frames_before_the_bridge)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .master = 4),
			DEVICE(3, "eth0.5", .kind = "vlan", .link = 2, .vlan = 5),
			DEVICE(4, "br0", .kind = "bridge"),
			DEVICE(5, "br0.6", .kind = "vlan", .link = 4, .vlan = 6));

	expect_default(&all, "eth0.5 br0");
}

Test(choice, a_macvlan_from_another_namespace_is_an_uplink)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .kind = "macvlan", .link_elsewhere = true));

	expect_default(&all, "eth0");
}

Test(choice, a_vrfs_ports_are_guarded_never_the_vrf)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .master = 4), DEVICE(3, "eth1", .master = 4),
			DEVICE(4, "red", .kind = "vrf"));

	expect_default(&all, "eth0 eth1");
	expect_named(&all, "red", "eth0 eth1");
	expect_named(&all, "eth1", "eth1");
}

Test(choice, layer_3_devices_are_guarded_and_never_by_xdp_for_all)
{
	const struct policy p = { .attach = ATTACH_XDP };
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE_OF(ARPHRD_NONE, 3, "tun0", .kind = "tun"),
			DEVICE_OF(ARPHRD_NONE, 4, "wg0", .kind = "wireguard"),
			DEVICE_OF(ARPHRD_IPGRE, 5, "gre1", .kind = "gre"));

	expect_default(&all, "eth0 tun0 wg0 gre1");
	cr_expect_eq(device_choice(&p, &all, &all.list[1]), ATTACH_XDP);
	cr_expect_eq(device_choice(&p, &all, &all.list[3]), ATTACH_TC);
}

Test(choice, programs_are_those_that_the_guarded_devices_may_want)
{
	const struct devices card = DEVICES(LO, ETH0);
	const struct devices uplink =
		DEVICES(LO, DEVICE(2, "eth0", .kind = "veth", .default_route = true));
	const struct devices tunnel =
		DEVICES(LO, DEVICE_OF(ARPHRD_NONE, 3, "wg0", .kind = "wireguard"));
	struct policy p = { .attach = ATTACH_AUTO };

	cr_expect_eq(devices_want(&p, &card), PROGRAM_IN_XDP | PROGRAM_IN_TC | PROGRAM_OUT_TC,
		     "its driver may refuse XDP");
	cr_expect_eq(devices_want(&p, &uplink), PROGRAM_IN_TC | PROGRAM_OUT_TC);
	cr_expect_eq(devices_want(&p, &tunnel), PROGRAM_IN_L3 | PROGRAM_OUT_L3);
	p.attach = ATTACH_XDP;
	cr_expect_eq(devices_want(&p, &card), PROGRAM_IN_XDP | PROGRAM_OUT_TC);
	cr_expect_eq(devices_want(&p, &tunnel), PROGRAM_IN_L3 | PROGRAM_OUT_L3);
	p.attach = ATTACH_TC;
	cr_expect_eq(devices_want(&p, &card), PROGRAM_IN_TC | PROGRAM_OUT_TC);
	cr_expect_eq(devices_want(&p, &(struct devices){ 0 }), 0);
}

Test(choice, a_device_answers_to_its_alternative_names)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .altnames = "enp0s3\0lan"), DEVICE(3, "eth1"));

	expect_named(&all, "enp*", "eth0");
	expect_named(&all, "lan", "eth0");
	cr_expect_eq(devices_by_name(&all, "lan"), &all.list[1]);
	cr_expect_null(devices_by_name(&all, "enp*"));
}

Test(choice, loopback_is_guarded_by_its_switch_or_its_full_name)
{
	const struct policy p = { .attach = ATTACH_AUTO, .loopback = true };
	const struct devices all = DEVICES(LO, ETH0);

	expect_guarded(&p, &all, "lo eth0");
	expect_named(&all, "*", "eth0");
	expect_named(&all, "lo", "lo");
}

static void expect_covered(const struct devices *all, const char *guarded, const char *wanted)
{
	bool is[16] = { false };
	char got[512] = "", name[32];

	for (size_t i = 0; i < all->count; i++) {
		(void)snprintf(name, sizeof(name), " %s ", all->list[i].name);
		is[i] = strstr(guarded, name) != NULL;
	}
	for (size_t i = 0; i < all->count; i++)
		if (device_covered(all, is, &all->list[i]))
			add_name(got, sizeof(got), all->list[i].name);
	cr_expect_str_eq(got, wanted, "guarded '%s': '%s', wanted '%s'", guarded, got, wanted);
}

Test(covered, a_vlan_is_covered_by_the_device_below)
{
	const struct devices all = DEVICES(LO, ETH0, DEVICE(3, "eth1"),
					   DEVICE(4, "v5", .kind = "vlan", .link = 2, .vlan = 5),
					   DEVICE(5, "v56", .kind = "vlan", .link = 4, .vlan = 6),
					   DEVICE(6, "v7", .kind = "vlan", .link = 3, .vlan = 7));

	expect_covered(&all, " eth0 ", "eth0 v5 v56");
	expect_covered(&all, " v5 ", "v5 v56");
	expect_covered(&all, "", "");
}

/* A port may join a master while no agent runs; a VRF has no inbound of its own. */
Test(covered, of_masters_only_a_vrf_is_covered_by_its_ports)
{
	static const char *const kinds[] = { "bridge", "bond", "team", "vrf" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct devices all = DEVICES(LO, DEVICE(2, "a", .master = 4),
					     DEVICE(3, "b", .master = 4), DEVICE(4, "m"),
					     DEVICE(5, "v", .kind = "vlan", .link = 4, .vlan = 5),
					     DEVICE(6, "empty", .kind = "bridge"));

		strcpy(all.list[3].kind, kinds[i]);
		expect_covered(&all, " a ", "a");
		expect_covered(&all, " a b ", strcmp(kinds[i], "vrf") ? "a b" : "a b m");
		expect_covered(&all, " m ", strcmp(kinds[i], "vrf") ? "m v" : "");
	}
}

Test(covered, a_guarded_vrf_covers_nothing)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "a", .master = 3), DEVICE(3, "red", .kind = "vrf"));

	expect_covered(&all, " red ", "");
}

Test(covered, macvlans_reach_each_other_past_the_device_below)
{
	const struct devices all = DEVICES(LO, ETH0, DEVICE(3, "m", .kind = "macvlan", .link = 2),
					   DEVICE(4, "i", .kind = "ipvlan", .link = 2));

	expect_covered(&all, " eth0 ", "eth0");
	expect_covered(&all, " m ", "m");
}

#define UNKNOWN PG_IFACE_UNKNOWN

/* As the program looks it up. */
static uint32_t class_at(const struct receivers *r, uint32_t ifindex, uint32_t vlan)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i].ifindex == ifindex && r->list[i].vlan == vlan)
			return r->list[i].class;
	return vlan ? UNKNOWN : 0;
}

/* Names of rules: the first one's class is 2, the second one's 3. */
#define RECEIVERS(all, ...)                             \
	_cleanup_receivers_ struct receivers r = { 0 }; \
	char *names[] = { __VA_ARGS__ };                \
	cr_assert_eq(receivers_find(&(all), names, ARRAY_SIZE(names), &r), 0)
#define EXPECT(ifindex, vlan, class) cr_expect_eq(class_at(&r, ifindex, vlan), class)

Test(receivers, a_vlan_is_known_by_the_device_below_and_its_id)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "v5", .kind = "vlan", .link = 2, .vlan = 5),
			DEVICE(4, "v6", .kind = "vlan", .link = 2, .vlan = 6));
	RECEIVERS(all, "v5");

	EXPECT(2, 0, 0);
	EXPECT(2, 5, 2);
	EXPECT(2, 6, 0); /* it is there, and no rule names it */
	EXPECT(2, 7, UNKNOWN);
	EXPECT(3, 0, 2); /* where it is guarded itself, and at deliver */
	EXPECT(4, 0, 0);
}

Test(receivers, tagged_frames_are_not_received_by_the_device_below)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "v5", .kind = "vlan", .link = 2, .vlan = 5));
	RECEIVERS(all, "eth0");

	EXPECT(2, 0, 2);
	EXPECT(2, 5, 0);
	EXPECT(2, 6, UNKNOWN);
}

Test(receivers, a_stack_is_followed_from_the_bonds_port_to_the_vlan)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .master = 3), DEVICE(3, "bond0", .kind = "bond"),
			DEVICE(4, "v5", .kind = "vlan", .link = 3, .vlan = 5),
			DEVICE(5, "eth0.6", .kind = "vlan", .link = 2, .vlan = 6));
	RECEIVERS(all, "bond0", "v5", "eth0", "eth0.6");

	EXPECT(2, 0, 2); /* never eth0 */
	EXPECT(2, 5, 3);
	EXPECT(3, 0, 2);
	EXPECT(3, 5, 3);
	EXPECT(2, 6, 5); /* a VLAN on the port itself goes first */
	EXPECT(3, 6, UNKNOWN);
}

Test(receivers, a_bridges_port_is_never_the_one_that_receives)
{
	const struct devices all = DEVICES(
		LO, DEVICE(2, "eth0", .master = 4), DEVICE(3, "tap0", .kind = "tun", .master = 4),
		DEVICE(4, "br0", .kind = "bridge"),
		DEVICE(5, "br0.5", .kind = "vlan", .link = 4, .vlan = 5));
	RECEIVERS(all, "eth0", "br0", "br0.5");

	EXPECT(2, 0, 3);
	EXPECT(3, 0, 3);
	EXPECT(2, 5, 4);
	EXPECT(4, 0, 3);
	EXPECT(4, 5, 4);
}

Test(receivers, a_bridge_that_filters_vlans_is_not_seen_through)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .master = 3),
			DEVICE(3, "br0", .kind = "bridge", .vlan_filtering = true),
			DEVICE(4, "br0.5", .kind = "vlan", .link = 3, .vlan = 5));
	RECEIVERS(all, "br0", "br0.5");

	EXPECT(2, 0, UNKNOWN);
	EXPECT(2, 5, UNKNOWN);
	EXPECT(3, 0, 2);
	EXPECT(3, 5, 3);
}

Test(receivers, a_master_of_another_kind_is_not_seen_through)
{
	const struct devices all = DEVICES(LO, DEVICE(2, "eth0", .master = 3),
					   DEVICE(3, "ovs", .kind = "openvswitch"));
	RECEIVERS(all, "eth0");

	EXPECT(2, 0, UNKNOWN);
	EXPECT(3, 0, 0);
}

Test(receivers, a_vrf_stands_for_its_ports_unless_one_is_named)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .master = 5), DEVICE(3, "eth1", .master = 5),
			DEVICE(4, "v5", .kind = "vlan", .link = 3, .vlan = 5, .master = 5),
			DEVICE(5, "red", .kind = "vrf"));
	RECEIVERS(all, "red", "eth0");

	EXPECT(2, 0, 3);
	EXPECT(3, 0, 2);
	EXPECT(3, 5, 2);
	EXPECT(4, 0, 2);
	EXPECT(5, 0, UNKNOWN); /* at deliver nobody knows any more by which port */
}

Test(receivers, at_a_vrf_whose_ports_are_alike_the_class_is_known)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .master = 4), DEVICE(3, "eth1", .master = 4),
			DEVICE(4, "red", .kind = "vrf"));
	RECEIVERS(all, "red");

	EXPECT(2, 0, 2);
	EXPECT(3, 0, 2);
	EXPECT(4, 0, 2);
}

Test(receivers, a_vlan_with_vlans_on_it_is_unresolved_if_rules_tell_them_apart)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "v5", .kind = "vlan", .link = 2, .vlan = 5),
			DEVICE(4, "v56", .kind = "vlan", .link = 3, .vlan = 6));
	RECEIVERS(all, "v56");

	EXPECT(2, 5, UNKNOWN);
	EXPECT(3, 0, 0);
	EXPECT(3, 6, 2); /* where v5 is guarded itself */
	EXPECT(4, 0, 2);
}

Test(receivers, a_vlan_with_vlans_on_it_is_known_if_no_rule_names_any)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "v5", .kind = "vlan", .link = 2, .vlan = 5),
			DEVICE(4, "v56", .kind = "vlan", .link = 3, .vlan = 6));
	RECEIVERS(all, "eth0");

	EXPECT(2, 0, 2);
	EXPECT(2, 5, 0);
}

Test(receivers, macvlans_are_told_by_addresses_and_so_not_apart)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "mv", .kind = "macvlan", .link = 2),
			DEVICE(4, "mv.5", .kind = "vlan", .link = 3, .vlan = 5), DEVICE(5, "eth1"),
			DEVICE(6, "vm", .kind = "macvtap", .link = 5));
	RECEIVERS(all, "eth0", "mv.5", "eth1");

	EXPECT(2, 0, UNKNOWN);
	EXPECT(2, 5, 3);
	EXPECT(3, 0, 0);
	EXPECT(5, 0, 4); /* a VM's frames are not received here */
}

Test(receivers, a_vlan_of_id_0_may_have_what_looks_untagged)
{
	const struct devices all =
		DEVICES(LO, ETH0, DEVICE(3, "v0", .kind = "vlan", .link = 2, .vlan = 0));
	RECEIVERS(all, "eth0");

	EXPECT(2, 0, UNKNOWN);
}

Test(receivers, a_device_named_twice_is_read_strictly)
{
	const struct devices all = DEVICES(LO, DEVICE(2, "eth0", .altnames = "lan"));
	RECEIVERS(all, "eth0", "lan");

	EXPECT(2, 0, UNKNOWN);
}

Test(receivers, a_name_that_is_not_there_makes_no_key)
{
	const struct devices all = DEVICES(LO, ETH0);
	RECEIVERS(all, "late0");

	cr_expect_eq(r.count, 0);
	cr_expect_not(receivers_hold(&r, 2, 0));
}

Test(receivers, each_key_is_there_once_and_found)
{
	const struct devices all =
		DEVICES(LO, DEVICE(2, "eth0", .master = 3), DEVICE(3, "bond0", .kind = "bond"),
			DEVICE(4, "v5", .kind = "vlan", .link = 3, .vlan = 5),
			DEVICE(5, "w5", .kind = "vlan", .link = 3, .vlan = 5));
	RECEIVERS(all, "v5", "w5");

	cr_expect_eq(r.count, 2, "%zu", r.count); /* two protocols, one id: unknown, so left out */
	cr_expect(receivers_hold(&r, 4, 0));
	cr_expect(receivers_hold(&r, 5, 0));
	cr_expect_not(receivers_hold(&r, 2, 5));
	EXPECT(2, 5, UNKNOWN);
}
