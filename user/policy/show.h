/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of strangers inside messages: cut to a sensible length, and with everything but printable
 * ASCII escaped, so that a message is one line and means nothing to a terminal.
 */
#ifndef PORTGUARD_SHOW_H
#define PORTGUARD_SHOW_H

#include <stddef.h>
#include <string.h>

#define SHOW_BYTES 64

/* show_text() - Write @text, escaped and cut, into @buffer of SHOW_BYTES. Return: @buffer. */
char *show_text(char *buffer, const char *text, size_t length);

/* For arguments of printf: the buffer lives as long as the block that calls. */
#define SHOW(text, length) show_text((char[SHOW_BYTES]){ 0 }, text, length)
#define SHOW_STRING(text) SHOW(text, strlen(text))

/**
 * nearest_word() - The word that was probably meant, whatever its case.
 * @words: ends with NULL.
 * Return: one of @words, at most a third of its letters away, or NULL.
 */
const char *nearest_word(const char *text, size_t length, const char *const *words);

#endif
