// SPDX-License-Identifier: GPL-2.0-only
#include "report/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "events/format.h"
#include "util/utf8.h"

#define FORMATTED 512 /* every use of html_f() is far shorter */

void html(struct json *out, const char *markup)
{
	json_append(out, markup, strlen(markup));
}

void html_f(struct json *out, const char *format, ...)
{
	char text[FORMATTED];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n > 0)
		json_append(out, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* Numbers that Unicode gives to no character: no HTML may have them. */
static bool is_no_character(uint32_t c)
{
	return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

static void put_character(struct json *out, uint32_t c, const char *bytes, size_t length)
{
	if (c == '<')
		html(out, "&lt;");
	else if (c == '>')
		html(out, "&gt;");
	else if (c == '&')
		html(out, "&amp;");
	else if (c == '"')
		html(out, "&quot;");
	else if (c == '\'')
		html(out, "&#39;");
	else if (c < 0x100 && utf8_is_control(c))
		html_f(out, "\\x%02" PRIx32, c);
	else if (utf8_is_control(c) || utf8_turns_text(c) || is_no_character(c))
		html_f(out, "\\u%04" PRIx32, c);
	else if (c == UTF8_REPLACEMENT)
		html(out, "\xef\xbf\xbd");
	else
		json_append(out, bytes, length);
}

void html_text_cut(struct json *out, const char *text, size_t most)
{
	size_t length = text ? strlen(text) : 0, used;

	for (size_t i = 0, characters = 0; i < length; i += used, characters++) {
		uint32_t c = utf8_next(text + i, length - i, &used);

		if (most && characters == most) {
			html(out, "…");
			return;
		}
		put_character(out, c, text + i, used);
	}
}

void html_text(struct json *out, const char *text)
{
	html_text_cut(out, text, 0);
}

void html_number(struct json *out, uint64_t number)
{
	char digits[24], grouped[32];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, number), to = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			grouped[to++] = ',';
		grouped[to++] = digits[i];
	}
	json_append(out, grouped, (size_t)to);
}

void html_counted(struct json *out, uint64_t number, const char *one, const char *many)
{
	html_number(out, number);
	html_f(out, " %s", number == 1 ? one : many);
}

char *html_time_text(uint64_t us, enum html_time how, char text[HTML_TIME_TEXT])
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	const char *month;
	int year;

	if (!gmtime_r(&seconds, &tm))
		tm = (struct tm){ .tm_year = 70, .tm_mday = 1 }; /* a year that no int holds */
	month = months[tm.tm_mon];
	year = tm.tm_year + 1900;
	if (how == HTML_DAY)
		(void)snprintf(text, HTML_TIME_TEXT, "%d %s %d", tm.tm_mday, month, year);
	else if (how == HTML_MINUTE)
		(void)snprintf(text, HTML_TIME_TEXT, "%d %s %02d:%02d", tm.tm_mday, month,
			       tm.tm_hour, tm.tm_min);
	else if (how == HTML_SECOND)
		(void)snprintf(text, HTML_TIME_TEXT, "%d %s %d %02d:%02d:%02d", tm.tm_mday, month,
			       year, tm.tm_hour, tm.tm_min, tm.tm_sec);
	else if (how == HTML_CLOCK)
		(void)snprintf(text, HTML_TIME_TEXT, "%02d:%02d", tm.tm_hour, tm.tm_min);
	else if (how == HTML_SHORT_DAY)
		(void)snprintf(text, HTML_TIME_TEXT, "%d %s", tm.tm_mday, month);
	else
		(void)snprintf(text, HTML_TIME_TEXT, "%s %d", month, year);
	return text;
}

void html_time(struct json *out, uint64_t us, enum html_time how)
{
	char whole[FORMAT_TIME_SIZE], text[HTML_TIME_TEXT];

	format_time(us, whole);
	/* HTML knows milliseconds at most */
	(void)snprintf(whole + strcspn(whole, "."), 8, ".%03uZ", (unsigned)(us % 1000000 / 1000));
	html_f(out, "<time datetime=\"%s\">%s</time>", whole, html_time_text(us, how, text));
}
