/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hostile text on its way into a format. Whatever the format: C0, DEL, C1 and the separators U+2028
 * and U+2029 never come out as they are, and what is not UTF-8 comes out as U+FFFD. A format says
 * which other characters it uses itself, and how it writes what may not stand as it is.
 */
#ifndef PORTGUARD_ESCAPE_H
#define PORTGUARD_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

struct escape {
	char special[3]; /* printable ASCII that the format uses itself */
	bool marks; /* marks by which text turns its direction may not stand either (UAX #9) */
	/* Writes one character that may not stand as it is. */
	void (*put)(struct json *out, uint32_t character);
};

/* What comes out is valid UTF-8. */
void escape_bytes(struct json *out, const struct escape *how, const char *text, size_t length);
void escape_text(struct json *out, const struct escape *how, const char *text);

/* `\x1b`, `\u2028`: for formats that have no spelling of their own. */
void escape_hex(struct json *out, uint32_t character);
/* @digits of a number, in hexadecimal. */
void escape_digits(struct json *out, uint32_t number, int digits);

#endif
