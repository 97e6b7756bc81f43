// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words of strangers inside messages, and the word they probably meant: the edit distance (with
 * neighbours swapped, as typing does), up to a third of the word's letters.
 */
#include "policy/show.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#define NEAREST_LETTERS 32

char *show_text(char *buffer, const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = text[i];
		bool printable = c >= 0x20 && c < 0x7f, last = i + 1 == length;

		/* Room for it, for the dots unless it is the last, and for the NUL. */
		if (used + (printable ? 1 : 4) + (last ? 0 : 3) + 1 > SHOW_BYTES) {
			memcpy(buffer + used, "...", 4);
			return buffer;
		}
		used += (size_t)sprintf(buffer + used, printable ? "%c" : "\\x%02x", c);
	}
	buffer[used] = '\0';
	return buffer;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Both at most NEAREST_LETTERS long. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t d[NEAREST_LETTERS + 1][NEAREST_LETTERS + 1];

	for (size_t i = 0; i <= a_length; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= b_length; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			int x = tolower((unsigned char)a[i - 1]),
			    y = tolower((unsigned char)b[j - 1]);

			d[i][j] = smallest(d[i - 1][j] + 1, d[i][j - 1] + 1,
					   d[i - 1][j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[a_length][b_length];
}

const char *nearest_word(const char *text, size_t length, const char *const *words)
{
	const char *best = NULL;
	size_t least = NEAREST_LETTERS;

	if (!length || length > NEAREST_LETTERS)
		return NULL;
	for (; *words; words++) {
		size_t letters = strlen(*words), away;

		if (letters > NEAREST_LETTERS)
			continue;
		away = distance(text, length, *words, letters);
		if (away < least && away * 3 <= (letters < 3 ? 3 : letters)) {
			least = away;
			best = *words;
		}
	}
	return best;
}
