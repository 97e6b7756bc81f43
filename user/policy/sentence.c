// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a sentence word by word. What looks like a blank and is none (a tab, U+00A0 from a web page)
 * would change the meaning without anybody seeing it, so it is refused by name.
 */
#include "policy/sentence.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/show.h"
#include "util/cleanup.h"
#include "util/utf8.h"

#define MISTAKE -EINVAL, PG_EXIT_POLICY

bool token_is(const struct token *t, const char *word)
{
	return t->length && t->text[0] == word[0] && strlen(word) == t->length &&
	       !memcmp(t->text, word, t->length);
}

/* To the next byte that is not a blank; false at the end. */
static bool skip_blanks(struct sentence *s)
{
	while (s->word < s->count) {
		const char *word = s->words[s->word];

		while (word[s->byte] == ' ')
			s->byte++;
		if (word[s->byte] || (s->byte == 0 && s->count > 1))
			return true; /* an empty argument is a word too, a wrong one */
		s->base += s->byte + 1;
		s->byte = 0;
		s->word++;
	}
	return false;
}

static int wrong_character(const char *text, struct pg_error *err)
{
	size_t used;
	uint32_t c = utf8_next(text, strnlen(text, 4), &used);

	if (c == '\t')
		return pg_fail(err, MISTAKE, "a tab: words are separated by blanks");
	if (c == '\n' || c == '\r')
		return pg_fail(err, MISTAKE, "a line break: a rule is one line");
	if (c == 0xa0 || (c >= 0x2000 && c <= 0x200b) || c == 0x202f || c == 0x3000)
		return pg_fail(
			err, MISTAKE,
			"U+%04X looks like a blank and is none: words are separated by blanks", c);
	if (c >= 0x2010 && c <= 0x2015)
		return pg_fail(err, MISTAKE, "U+%04X is no '-': a range is written 8000-8100", c);
	if (c >= 0x201c && c <= 0x201f)
		return pg_fail(err, MISTAKE,
			       "U+%04X is no '\"': a comment is put in plain double quotes", c);
	if (c < 0x20 || c == 0x7f)
		return pg_fail(err, MISTAKE, "control character '%s'", SHOW(text, 1));
	return pg_fail(err, MISTAKE, "'%s' is not plain ASCII: only a comment may be other text",
		       SHOW(text, used));
}

int sentence_next(struct sentence *s, struct token *ret, struct pg_error *err)
{
	const char *text;
	size_t length = 0;

	if (!skip_blanks(s)) {
		ret->at = s->base ? s->base - 1 : 0;
		return 0;
	}
	text = s->words[s->word] + s->byte;
	*ret = (struct token){ .text = text, .at = s->base + s->byte };
	if (!*text)
		return pg_fail(err, MISTAKE, "an empty word");
	for (; text[length] && text[length] != ' '; length++) {
		if (text[length] > ' ' && text[length] < 0x7f)
			continue;
		ret->at += length;
		return wrong_character(text + length, err);
	}
	ret->length = length;
	s->byte += length;
	return 1;
}

int comment_check(const char *text, size_t length, struct pg_error *err)
{
	if (!length)
		return pg_fail(err, MISTAKE, "the comment is empty: leave it out");
	if (length > COMMENT_MAX)
		return pg_fail(err, MISTAKE, "the comment has %zu bytes: want at most %d", length,
			       COMMENT_MAX);
	for (size_t i = 0, used; i < length; i += used) {
		uint32_t c = utf8_next(text + i, length - i, &used);

		if (c == UTF8_REPLACEMENT && (used != 3 || memcmp(text + i, "\xef\xbf\xbd", 3)))
			return pg_fail(err, MISTAKE, "the comment is not UTF-8 at '%s'",
				       SHOW(text + i, used));
		if (utf8_is_control(c))
			return pg_fail(err, MISTAKE,
				       "the comment holds the control character U+%04X", c);
	}
	return 0;
}

/* Up to the closing quote, into @out; the bytes consumed, quotes included, go to @ret_used. */
static int unquote(const char *text, char *out, size_t *ret_used, struct pg_error *err)
{
	size_t i = 1, length = 0;

	for (; text[i] != '"'; i++) {
		if (text[i] == '\\') {
			i++;
			if (text[i] != '"' && text[i] != '\\') {
				*ret_used = i - 1;
				return pg_fail(err, MISTAKE,
					       "'%s' in a comment: only \\\" and \\\\ are escapes",
					       SHOW(text + i - 1, text[i] ? 2 : 1));
			}
		}
		if (!text[i]) {
			*ret_used = 0;
			return pg_fail(err, MISTAKE, "the comment lacks its closing '\"'");
		}
		out[length++] = text[i];
	}
	out[length] = '\0';
	*ret_used = i + 1;
	if (text[i + 1] && text[i + 1] != ' ')
		return pg_fail(err, MISTAKE,
			       "'%s' clings to the comment: want a blank behind the closing '\"'",
			       SHOW(text + i + 1, strcspn(text + i + 1, " ")));
	return 0;
}

void sentence_quote(struct json *out, const char *text)
{
	json_append(out, "\"", 1);
	for (size_t plain; *text; text += plain) {
		plain = strcspn(text, "\"\\");
		json_append(out, text, plain);
		if (!text[plain])
			break;
		json_append(out, "\\", 1);
		json_append(out, text + plain++, 1);
	}
	json_append(out, "\"", 1);
}

static bool argument_ends(const struct sentence *s)
{
	const char *rest = s->words[s->word] + s->byte;

	return rest[strspn(rest, " ")] == '\0';
}

int sentence_comment(struct sentence *s, char **ret, size_t *ret_at, struct pg_error *err)
{
	_cleanup_free_ char *comment = NULL;
	const char *text;
	size_t used;
	bool whole = argument_ends(s) && s->word + 1 < s->count;
	int r = 0;

	if (whole) {
		s->base += strlen(s->words[s->word]) + 1;
		s->word++;
		s->byte = 0;
	} else if (!skip_blanks(s)) {
		*ret_at = s->base ? s->base - 1 : 0;
		return pg_fail(err, MISTAKE, "'comment' lacks its text: want comment \"why\"");
	}
	*ret_at = s->base + s->byte;
	text = s->words[s->word] + s->byte;
	comment = strdup(text);
	if (!comment)
		return -ENOMEM;
	used = whole ? strlen(text) : strcspn(text, " ");
	if (!whole && *text == '"')
		r = unquote(text, comment, &used, err);
	else
		comment[used] = '\0';
	if (r) {
		*ret_at += used;
		return r;
	}
	s->byte += used;
	r = comment_check(comment, strlen(comment), err);
	if (!r)
		*ret = TAKE_PTR(comment);
	return r;
}
