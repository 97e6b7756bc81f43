// SPDX-License-Identifier: GPL-2.0-only
/*
 * See escape.h. Runs of plain ASCII, which is nearly everything, are copied whole; only what is left
 * is decoded character by character.
 */
#include "util/escape.h"

#include <string.h>

#include "util/json.h"
#include "util/utf8.h"

static bool is_plain(const struct escape *how, char c)
{
	return c >= ' ' && c < 0x7f && c != how->special[0] && c != how->special[1] &&
	       c != how->special[2];
}

/* One character that is not plain; returns the bytes it took. */
static size_t put_character(struct json *out, const struct escape *how, const char *text,
			    size_t length)
{
	size_t used;
	uint32_t character = utf8_next(text, length, &used);

	if (character < 0x80 || utf8_is_control(character) ||
	    (how->marks && utf8_turns_text(character)))
		how->put(out, character);
	else if (character == UTF8_REPLACEMENT)
		json_append(out, "\xef\xbf\xbd", 3);
	else
		json_append(out, text, used);
	return used;
}

void escape_bytes(struct json *out, const struct escape *how, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t run = i;

		while (run < length && is_plain(how, text[run]))
			run++;
		json_append(out, text + i, run - i);
		i = run;
		if (i < length)
			i += put_character(out, how, text + i, length - i);
	}
}

void escape_text(struct json *out, const struct escape *how, const char *text)
{
	escape_bytes(out, how, text, strlen(text));
}

void escape_digits(struct json *out, uint32_t number, int digits)
{
	while (digits--)
		json_append(out, &"0123456789abcdef"[number >> 4 * digits & 0xf], 1);
}

void escape_hex(struct json *out, uint32_t character)
{
	json_append(out, character < 0x100 ? "\\x" : "\\u", 2);
	escape_digits(out, character, character < 0x100 ? 2 : 4);
}
