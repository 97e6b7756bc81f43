// SPDX-License-Identifier: GPL-2.0-only
/* Addresses: both families in 16 bytes, and which of them are this host's own. */
#include "unit/policy_help.h"
#include "util/address.h"

Test(address, loopback_is_127_8_and_ipv6_1)
{
	static const char *const here[] = { "127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1" };
	static const char *const elsewhere[] = { "126.255.255.255", "128.0.0.0", "::2", "::", "::127.0.0.1" };
	uint8_t address[16];

	for (size_t i = 0; i < ARRAY_SIZE(here); i++) {
		address_of(here[i], address);
		cr_assert(address_is_loopback(address), "%s", here[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		address_of(elsewhere[i], address);
		cr_assert_not(address_is_loopback(address), "%s", elsewhere[i]);
	}
}

Test(address, any_is_zero_in_either_family)
{
	uint8_t address[16];

	address_of("0.0.0.0", address);
	cr_assert(address_is_any(address) && address_is_v4(address));
	address_of("::", address);
	cr_assert(address_is_any(address) && !address_is_v4(address));
	address_of("::1", address);
	cr_assert_not(address_is_any(address));
	address_of("0.0.0.1", address);
	cr_assert_not(address_is_any(address));
}

Test(address, what_is_printed_is_parsed)
{
	static const char *const texts[] = { "192.0.2.7", "0.0.0.0", "2001:db8::1", "::", "::1" };
	char text[ADDRESS_TEXT];
	uint8_t address[16];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cr_assert_eq(address_parse(texts[i], address), 0);
		cr_assert_str_eq(address_print(address, text), texts[i]);
	}
	cr_assert_eq(address_parse("::ffff:192.0.2.7", address), 0);
	cr_assert_str_eq(address_print(address, text), "192.0.2.7");
	cr_assert_eq(address_parse("192.0.2.7.8", address), -EINVAL);
}
