/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UTF-8 from hostile hands: names of processes, paths and command lines are bytes that somebody
 * chose. Every format decodes them here and nowhere else, so that all agree on what is a character.
 */
#ifndef PORTGUARD_UTF8_H
#define PORTGUARD_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffdu

/**
 * utf8_next() - Decode one character.
 * @text, @length: what is left, at least one byte.
 * @ret_used:      bytes consumed, 1-4.
 * A sequence that is cut, overlong, a surrogate or above U+10FFFF gives U+FFFD for its longest valid
 * beginning ("maximal subpart", Unicode 3.9), at least one byte.
 */
uint32_t utf8_next(const char *text, size_t length, size_t *ret_used);

/* utf8_is_control() - C0, DEL and C1, and the two separators that some readers take for line ends. */
bool utf8_is_control(uint32_t character);

/* utf8_turns_text() - Marks by which text turns its direction (UAX #9): a name with one may pass for another. */
bool utf8_turns_text(uint32_t character);
/* A printable ASCII character, as nearly all are: told without a call. */
static inline bool utf8_is_plain(char byte)
{
	return byte >= ' ' && byte <= '~';
}

#endif
