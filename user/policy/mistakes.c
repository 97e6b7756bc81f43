// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes as a compiler shows them: FILE:LINE:COLUMN: what, the line, a caret. Lines are cut around
 * the column, and whatever a terminal could take for an order is escaped.
 */
#include "policy/mistakes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "util/cleanup.h"
#include "util/utf8.h"

#define MISTAKES_MAX 500
#define SHOWN_COLUMNS 100
#define SHOWN_BEFORE 60 /* at most so many of them before the caret's */

void mistakes_free(struct mistakes *m)
{
	for (size_t i = 0; i < m->source_count; i++) {
		free(m->sources[i].name);
		free(m->sources[i].owned);
		free(m->sources[i].lines);
	}
	for (size_t i = 0; i < m->count; i++)
		free(m->list[i].text);
	free(m->sources);
	free(m->list);
	*m = (struct mistakes){ .sources = NULL };
}

/* Length of the line end at @text, 0: none. The same ones as libyaml's, so that lines agree. */
static size_t line_end(const char *text, size_t length)
{
	if (utf8_is_plain(text[0]))
		return 0;
	if (text[0] == '\n')
		return 1;
	if (text[0] == '\r')
		return length > 1 && text[1] == '\n' ? 2 : 1;
	if (length > 1 && !memcmp(text, "\xc2\x85", 2))
		return 2;
	return length > 2 && (!memcmp(text, "\xe2\x80\xa8", 3) || !memcmp(text, "\xe2\x80\xa9", 3))
		       ? 3
		       : 0;
}

static int find_lines(struct source *s)
{
	size_t start = 0;

	if (list_append(&s->lines, &s->line_count, &start, sizeof(start)))
		return -ENOMEM;
	for (size_t i = 0, end; i < s->length; i += end ? end : 1) {
		end = line_end(s->text + i, s->length - i);
		start = i + end;
		if (end && list_append(&s->lines, &s->line_count, &start, sizeof(start)))
			return -ENOMEM;
	}
	return 0;
}

int mistakes_add_source(struct mistakes *m, const char *name, char *text, size_t length, bool owned)
{
	size_t mark = length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0; /* byte order mark */
	struct source s = { .name = strdup(name),
			    .text = text + mark,
			    .length = length - mark,
			    .owned = owned ? text : NULL };

	if (s.name && !find_lines(&s) && !list_append(&m->sources, &m->source_count, &s, sizeof(s)))
		return 0;
	free(s.name);
	free(s.owned);
	free(s.lines);
	m->no_memory = true;
	return -ENOMEM;
}

void mistakes_add(struct mistakes *m, struct place place, const char *format, ...)
{
	struct mistake mistake = { .place = place, .number = m->count };
	va_list ap;

	if (m->count >= MISTAKES_MAX) {
		m->left_out++;
		return;
	}
	va_start(ap, format);
	if (vasprintf(&mistake.text, format, ap) < 0)
		mistake.text = NULL;
	va_end(ap);
	if (!mistake.text || list_append(&m->list, &m->count, &mistake, sizeof(mistake))) {
		free(mistake.text);
		m->no_memory = true;
	}
}

const char *source_line(const struct source *s, size_t line, size_t *ret_length)
{
	const char *text;
	size_t length, used = 0;

	*ret_length = 0;
	if (line > s->line_count)
		return "";
	text = s->text + s->lines[line - 1];
	length = s->length - s->lines[line - 1];
	while (used < length && !line_end(text + used, length - used))
		used++;
	*ret_length = used;
	return text;
}

struct place source_place(const struct mistakes *m, size_t source, size_t offset)
{
	const struct source *s = &m->sources[source];
	struct place place = { .source = source, .column = 1 };
	size_t low = 0, high = s->line_count;

	while (low + 1 < high) {
		size_t middle = (low + high) / 2;

		if (s->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	place.line = low + 1;
	for (size_t at = s->lines[low], used; at < offset && at < s->length; at += used) {
		(void)utf8_next(s->text + at, s->length - at, &used);
		place.column++;
	}
	return place;
}

/* One character as it is shown; returns its columns. A tab is a blank: the caret stands below. */
static size_t show_character(FILE *out, const char *text, size_t length, size_t *ret_used)
{
	uint32_t c = utf8_next(text, length, ret_used);
	bool bad = c == UTF8_REPLACEMENT && (*ret_used != 3 || memcmp(text, "\xef\xbf\xbd", 3));

	if (c == '\t') {
		(void)fputc(' ', out);
		return 1;
	}
	if (!bad && !utf8_is_control(c)) {
		(void)fwrite(text, 1, *ret_used, out);
		return 1;
	}
	for (size_t i = 0; i < *ret_used; i++)
		(void)fprintf(out, "\\x%02x", (unsigned char)text[i]);
	return 4 * *ret_used;
}

static void show_line(FILE *out, const char *text, size_t length, size_t column)
{
	size_t first = column > SHOWN_BEFORE ? column - SHOWN_BEFORE : 1, number = 1;
	size_t caret = 0, width = 0, at = 0, used;

	for (; at < length && number < first; at += used, number++)
		(void)utf8_next(text + at, length - at, &used);
	if (first > 1) {
		(void)fputs("...", out);
		caret = width = 3;
	}
	for (; at < length && width < SHOWN_COLUMNS; at += used, number++) {
		width += show_character(out, text + at, length - at, &used);
		if (number < column)
			caret = width;
	}
	(void)fprintf(out, "%s\n%*s^\n", at < length ? "..." : "", (int)caret, "");
}

static void show_name(FILE *out, const char *name)
{
	for (size_t length = strlen(name), at = 0, used; at < length; at += used)
		(void)show_character(out, name + at, length - at, &used);
}

static void show_mistake(FILE *out, const struct mistakes *m, const struct mistake *mistake)
{
	const struct source *s = &m->sources[mistake->place.source];
	const char *line;
	size_t length;

	show_name(out, s->name);
	(void)fprintf(out, ":%zu:%zu: %s\n", mistake->place.line, mistake->place.column,
		      mistake->text);
	line = source_line(s, mistake->place.line, &length);
	show_line(out, line, length, mistake->place.column);
}

static int compare_mistakes(const void *a, const void *b)
{
	const struct mistake *x = a, *y = b;

	if (x->place.source != y->place.source)
		return x->place.source < y->place.source ? -1 : 1;
	if (x->place.line != y->place.line)
		return x->place.line < y->place.line ? -1 : 1;
	if (x->place.column != y->place.column)
		return x->place.column < y->place.column ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/* As many as fit, whole, and how many do not. */
static int fill(const struct mistakes *m, char *text, size_t room)
{
	static const size_t reserve = sizeof("... and 18446744073709551615 more mistakes");
	size_t used = 0, shown = 0;

	for (; shown < m->count; shown++) {
		_cleanup_free_ char *one = NULL;
		size_t length;
		FILE *out = open_memstream(&one, &length);

		if (!out)
			return -ENOMEM;
		show_mistake(out, m, &m->list[shown]);
		if (fclose(out))
			return -ENOMEM;
		if (used + length + reserve > room)
			break;
		memcpy(text + used, one, length);
		used += length;
	}
	text[used ? used - 1 : 0] = '\0'; /* the last line's end is the printer's */
	if (shown < m->count || m->left_out)
		(void)sprintf(text + (used ? used - 1 : 0), "\n... and %zu more mistakes",
			      m->count - shown + m->left_out);
	return 0;
}

int mistakes_report(struct mistakes *m, struct pg_error *err)
{
	if (m->no_memory)
		return -ENOMEM;
	if (!m->count)
		return 0;
	qsort(m->list, m->count, sizeof(*m->list), compare_mistakes);
	(void)pg_fail(err, -EINVAL, PG_EXIT_POLICY, "%zu mistakes", m->count);
	if (err && (fill(m, err->text, sizeof(err->text)) ||
		    (err->all && fill(m, err->all, err->all_room))))
		return -ENOMEM;
	return -EINVAL;
}
