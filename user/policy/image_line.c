// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a line of the image. A line that is bad stays so: its readers go on without asking, and
 * what they return then means nothing.
 */
#include "policy/image_line.h"

#include <string.h>

#include "policy/image_words.h"

char *next_word(struct line *l)
{
	char *word = l->rest, *end;

	if (l->bad || !*word || *word == ' ') {
		l->bad = true;
		return "";
	}
	end = strchrnul(word, ' ');
	l->rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

bool next_is(struct line *l, const char *word)
{
	size_t length = strlen(word);

	if (l->bad || strncmp(l->rest, word, length) || l->rest[length] != ' ')
		return false;
	l->rest += length + 1;
	return true;
}

uint64_t next_number(struct line *l, uint64_t most)
{
	const char *word = next_word(l);
	uint64_t number = 0;

	for (; *word && !l->bad; word++) {
		l->bad = *word < '0' || *word > '9' ||
			 __builtin_mul_overflow(number, (uint64_t)10, &number) ||
			 __builtin_add_overflow(number, (uint64_t)(*word - '0'), &number);
	}
	if (number > most)
		l->bad = true;
	return l->bad ? 0 : number;
}

unsigned next_choice(struct line *l, const char *const *words)
{
	const char *word = next_word(l);

	for (unsigned i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	l->bad = true;
	return 0;
}

uint8_t next_verdict(struct line *l, bool none)
{
	unsigned verdict = next_choice(l, image_verdicts);

	if (verdict == PG_NONE && !none)
		l->bad = true;
	return (uint8_t)verdict;
}

char *next_quoted(struct line *l)
{
	char *in = l->rest, *out = l->rest, *text = l->rest;

	if (l->bad || *in++ != '"')
		goto bad;
	for (; *in != '"'; in++) {
		if (*in == '\\')
			in++;
		if (!*in)
			goto bad;
		*out++ = *in;
	}
	in++;
	if (*in && *in != ' ')
		goto bad;
	l->rest = *in ? in + 1 : in;
	*out = '\0';
	return strdup(text);
bad:
	l->bad = true;
	return NULL;
}
