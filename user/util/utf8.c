// SPDX-License-Identifier: GPL-2.0-only
/*
 * One character at a time, after the table of well-formed sequences (Unicode 15, table 3-7): the
 * second byte has a range of its own, by which overlong forms and surrogates are never accepted.
 */
#include "util/utf8.h"

struct lead {
	uint8_t first, last; /* lead bytes */
	uint8_t length;
	uint8_t low, high; /* of the second byte; later ones are 0x80-0xbf */
};

static const struct lead leads[] = {
	{ 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf }, { 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static const struct lead *find_lead(uint8_t byte)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(*leads); i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

uint32_t utf8_next(const char *text, size_t length, size_t *ret_used)
{
	const uint8_t *bytes = (const uint8_t *)text;
	const struct lead *lead;
	uint32_t character;

	*ret_used = 1;
	if (bytes[0] < 0x80)
		return bytes[0];
	lead = find_lead(bytes[0]);
	if (!lead)
		return UTF8_REPLACEMENT;
	character = bytes[0] & (0xffu >> (lead->length + 1));
	for (size_t i = 1; i < lead->length; i++) {
		uint8_t low = i == 1 ? lead->low : 0x80, high = i == 1 ? lead->high : 0xbf;

		if (i >= length || bytes[i] < low || bytes[i] > high)
			return UTF8_REPLACEMENT;
		character = character << 6 | (bytes[i] & 0x3f);
		*ret_used = i + 1;
	}
	return character;
}

bool utf8_is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
	       character == 0x2028 || character == 0x2029;
}

bool utf8_turns_text(uint32_t character)
{
	return character == 0x61c || character == 0x200e || character == 0x200f ||
	       (character >= 0x202a && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}
