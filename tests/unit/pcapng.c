// SPDX-License-Identifier: GPL-2.0-only
/* Blocks of pcapng: lengths at both ends, everything on a multiple of four. */
#include "util/pcapng.h"

#include <criterion/criterion.h>
#include <string.h>

static uint32_t word(const struct json *out, size_t at)
{
	uint32_t n;

	cr_assert_leq(at + sizeof(n), out->length);
	memcpy(&n, out->text + at, sizeof(n));
	return n;
}

static size_t expect_block(const struct json *out, size_t at, uint32_t type)
{
	uint32_t length = word(out, at + 4);

	cr_expect_eq(word(out, at), type);
	cr_expect_eq(length % 4, 0);
	cr_expect_eq(word(out, at + length - 4), length);
	return at + length;
}

Test(pcapng, file_is_a_section_its_interface_and_packets)
{
	struct json out = JSON_INIT;
	const struct pcapng_packet p = {
		.length = 1500,
		.captured = 3,
		.bytes = "abc",
		.time_ns = 0x123456789abcdef0,
		.comment = "why",
		.by = PCAPNG_VERDICT_XDP,
		.verdict = 1,
	};
	size_t at;

	pcapng_section(&out, "portguard 1");
	pcapng_interface(&out, "eth0", PCAPNG_ETHERNET, 256);
	pcapng_packet(&out, &p);
	at = expect_block(&out, 0, 0x0a0d0d0a);
	cr_expect_eq(word(&out, 8), 0x1a2b3c4d);
	at = expect_block(&out, at, 1);
	cr_expect_eq(word(&out, at + 12), 0x12345678);
	cr_expect_eq(word(&out, at + 16), 0x9abcdef0);
	cr_expect_eq(word(&out, at + 20), 3);
	cr_expect_eq(word(&out, at + 24), 1500);
	cr_expect_arr_eq(out.text + at + 28, "abc\0", 4);
	cr_expect_eq(expect_block(&out, at, 6), out.length);
	json_free(&out);
}

Test(pcapng, comment_longer_than_an_option_is_cut)
{
	static char text[70000];
	struct json out = JSON_INIT;
	const struct pcapng_packet p = { .bytes = "", .comment = text, .by = PCAPNG_NO_VERDICT };

	memset(text, 'x', sizeof(text) - 1);
	pcapng_packet(&out, &p);
	cr_expect_eq(expect_block(&out, 0, 6), out.length);
	cr_expect_lt(out.length, 70000);
	json_free(&out);
}
