/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing HTML and the SVG inside of it, into the buffer of util/json.h. Markup is ours; everything else goes
 * through html_text(), which is safe in text and in quoted attributes alike, whoever chose it.
 */
#ifndef PORTGUARD_REPORT_HTML_H
#define PORTGUARD_REPORT_HTML_H

#include "util/json.h"

/* Markup of ours, as it is; printf's, for numbers and words of our own. */
void html(struct json *out, const char *markup);
__attribute__((format(printf, 2, 3))) void html_f(struct json *out, const char *format, ...);

/*
 * Text of anybody's; NULL: nothing. Markup is escaped, what is no character to see is spelt out (\x1b,
 * \u202e), and bytes that are not UTF-8 are U+FFFD. Behind @most characters, unless 0, it is cut: "…".
 */
void html_text(struct json *out, const char *text);
void html_text_cut(struct json *out, const char *text, size_t most);

/* 1,234,567 */
void html_number(struct json *out, uint64_t number);
/* "1 port", "2 ports" */
void html_counted(struct json *out, uint64_t number, const char *one, const char *many);

/* As much of a time as is needed; always UTC. */
enum html_time {
	HTML_DAY,	/* 23 Nov 2026 */
	HTML_MINUTE,	/* 23 Nov 21:32 */
	HTML_SECOND,	/* 23 Nov 2026 21:32:11 */
	HTML_CLOCK,	/* 21:32 */
	HTML_SHORT_DAY,	/* 23 Nov */
	HTML_MONTH,	/* Nov 2026 */
};
#define HTML_TIME_TEXT 48
char *html_time_text(uint64_t us, enum html_time how, char text[HTML_TIME_TEXT]);
/* In a <time>, which tells programs all of it. */
void html_time(struct json *out, uint64_t us, enum html_time how);

#endif
