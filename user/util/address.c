// SPDX-License-Identifier: GPL-2.0-only
/* Addresses; see address.h. */
#include "util/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const uint8_t v4_begins[12] = { [10] = 0xff, [11] = 0xff };

void address_from_v4(uint8_t to[16], const void *v4)
{
	memcpy(to, v4_begins, sizeof(v4_begins));
	memcpy(to + 12, v4, 4);
}

bool address_is_v4(const uint8_t address[16])
{
	return !memcmp(address, v4_begins, sizeof(v4_begins));
}

bool address_is_loopback(const uint8_t address[16])
{
	static const uint8_t one[16] = { [15] = 1 };

	return address_is_v4(address) ? address[12] == 127 : !memcmp(address, one, 16);
}

bool address_is_any(const uint8_t address[16])
{
	static const uint8_t zero[16];

	return !memcmp(address + 12, zero, 4) &&
	       (address_is_v4(address) || !memcmp(address, zero, 12));
}

int address_parse(const char *text, uint8_t to[16])
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		address_from_v4(to, &v4);
		return 0;
	}
	return inet_pton(AF_INET6, text, to) == 1 ? 0 : -EINVAL;
}

char *address_print(const uint8_t address[16], char *text)
{
	bool v4 = address_is_v4(address);

	/* Room for the longest, so it cannot fail. */
	(void)inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? address + 12 : address, text, ADDRESS_TEXT);
	return text;
}
