// SPDX-License-Identifier: GPL-2.0-only
/* PORTS[/PROTO] as values. Their wrong texts are in rule.c, where people type them. */
#include "policy/ports.h"
#include "unit/policy_help.h"

static void expect_ports(const char *text, const char *both, const char *tcp, const char *udp)
{
	const char *const want[] = { [RULE_TCP] = tcp, [RULE_UDP] = udp, [RULE_TCP | RULE_UDP] = both };
	_cleanup_port_choice_ struct port_choice c;
	size_t at;

	cr_assert_eq(ports_parse(text, strlen(text), &help_world, &c, &at, NULL), 0, "%s", text);
	for (unsigned protos = 1; protos <= 3; protos++) {
		_cleanup_free_ char *got = ports_print(c.by_protos[protos].list, c.by_protos[protos].count,
						       c.any && c.by_protos[protos].count, 0);

		expect_text(got, want[protos]);
	}
}

Test(ports, numbers_are_both_protocols_unless_one_is_said)
{
	expect_ports("80", "80", "", "");
	expect_ports("80/tcp", "", "80", "");
	expect_ports("80,443/udp", "", "", "80,443");
	expect_ports("any", "any", "", "");
	expect_ports("any/tcp", "", "any", "");
}

Test(ports, services_take_the_protocols_that_are_listed)
{
	expect_ports("ssh", "", "22", "");
	expect_ports("domain", "53", "", "");
	expect_ports("domain/tcp", "", "53", "");
	expect_ports("ssh,tftp,domain,7", "7,53", "22", "69");
	expect_ports("22,ssh", "22", "", "");
}

Test(ports, ranges_are_merged_and_single_ports_stay_named)
{
	expect_ports("1-5,6-9", "1-9", "", "");
	expect_ports("1-5,3-9,20-30,25", "1-9,20-30,25", "", "");
	expect_ports("5,4,3,4", "3,4,5", "", "");
	expect_ports("1-5,6", "1-5,6", "", "");
	expect_ports("20,20-25,20", "20,20-25", "", "");
	expect_ports("65000-65535,1-2", "1-2,65000-65535", "", "");
}

Test(ports, thousands_of_ports_are_fine)
{
	char text[60000], *end = text;

	for (unsigned i = 10000; i > 0; i--)
		end += sprintf(end, "%u%s", i * 3, i > 1 ? "," : "");
	_cleanup_port_choice_ struct port_choice c;
	size_t at;

	cr_assert_eq(ports_parse(text, (size_t)(end - text), NULL, &c, &at, NULL), 0);
	cr_assert_eq(c.by_protos[3].count, 10000);
	cr_assert_eq(c.by_protos[3].list[0].first, 3);
}
