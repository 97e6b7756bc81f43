// SPDX-License-Identifier: GPL-2.0-only
#include "top/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "util/utf8.h"

#define ESCAPE 12 /* bytes of the longest: \U0010ffff and NUL */

/* One character as it is shown. Return: its cells, which for an escape are its bytes. */
static unsigned show_character(uint32_t c, const char *bytes, size_t length, bool utf8,
			       char out[ESCAPE])
{
	int width = c < 0x80 ? 1 : utf8 ? wcwidth((wchar_t)c) : 0;

	if (c < 0x100 && utf8_is_control(c))
		return (unsigned)snprintf(out, ESCAPE, "\\x%02" PRIx32, c);
	if (c == UTF8_REPLACEMENT && !utf8)
		return (unsigned)snprintf(out, ESCAPE, "?");
	if (utf8_is_control(c) || utf8_turns_text(c) || width < 1)
		return (unsigned)snprintf(out, ESCAPE,
					  c < 0x10000 ? "\\u%04" PRIx32 : "\\U%08" PRIx32, c);
	if (c == UTF8_REPLACEMENT) {
		memcpy(out, "\xef\xbf\xbd", 4);
		return 1;
	}
	memcpy(out, bytes, length);
	out[length] = '\0';
	return (unsigned)width;
}

/* Whole characters, up to @cells. Return: the cells used; *ret_bytes of @out; *ret_whole: that was all. */
static unsigned put_text(const char *text, unsigned cells, bool utf8, char *out, size_t *ret_bytes,
			 bool *ret_whole)
{
	size_t length = strlen(text), used, bytes = 0;
	unsigned at = 0;

	*ret_whole = true;
	for (size_t i = 0; i < length; i += used) {
		uint32_t c = utf8_next(text + i, length - i, &used);
		char shown[ESCAPE];
		unsigned width = show_character(c, text + i, used, utf8, shown);

		if (at + width > cells) {
			*ret_whole = false;
			break;
		}
		memcpy(out + bytes, shown, strlen(shown));
		bytes += strlen(shown);
		at += width;
	}
	*ret_bytes = bytes;
	return at;
}

/* Blanks before or behind. */
static char *fit(const char *text, unsigned cells, bool utf8, bool right, char *out)
{
	const char *mark = utf8 ? "…" : "~";
	unsigned used;
	size_t bytes;
	bool whole;

	if (cells > CELLS_MOST)
		cells = CELLS_MOST;
	used = put_text(text, cells, utf8, out, &bytes, &whole);
	if (!whole && cells) {
		used = put_text(text, cells - 1, utf8, out, &bytes, &whole) + 1;
		memcpy(out + bytes, mark, strlen(mark));
		bytes += strlen(mark);
	}
	if (right)
		memmove(out + (cells - used), out, bytes);
	memset(right ? out : out + bytes, ' ', cells - used);
	out[bytes + cells - used] = '\0';
	return out;
}

char *cells_fit(const char *text, unsigned cells, bool utf8, char *out)
{
	return fit(text, cells, utf8, false, out);
}

char *cells_right(const char *text, unsigned cells, bool utf8, char *out)
{
	return fit(text, cells, utf8, true, out);
}

char *number_short(double number, char *out)
{
	static const struct {
		double unit;
		char letter;
	} units[] = { { 1e15, 'P' }, { 1e12, 'T' }, { 1e9, 'G' }, { 1e6, 'M' }, { 1e3, 'k' } };

	for (size_t i = 0; number >= 99999.5 && i < sizeof(units) / sizeof(*units); i++)
		if (number >= units[i].unit) {
			(void)snprintf(out, NUMBER_TEXT,
				       number < units[i].unit * 100 ? "%.1f%c" : "%.0f%c",
				       number / units[i].unit, units[i].letter);
			return out;
		}
	if (number > 0 && number < 99.95)
		(void)snprintf(out, NUMBER_TEXT, "%.1f", number);
	else if (number < 999.5)
		(void)snprintf(out, NUMBER_TEXT, "%.0f", number);
	else
		(void)snprintf(out, NUMBER_TEXT, "%u,%03u", (unsigned)(number + 0.5) / 1000,
			       (unsigned)(number + 0.5) % 1000);
	return out;
}

char *count_short(uint64_t number, char *out)
{
	if (number >= 1000)
		return number_short((double)number, out);
	(void)snprintf(out, NUMBER_TEXT, "%" PRIu64, number);
	return out;
}

char *age_short(uint64_t seconds, char *out)
{
	static const struct {
		uint64_t unit;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (i < 3 && seconds < units[i].unit)
		i++;
	(void)snprintf(out, NUMBER_TEXT, "%" PRIu64 "%c", seconds / units[i].unit % 10000,
		       units[i].letter);
	return out;
}

char *sparkline(const struct top_series *s, uint64_t now, unsigned cells, bool utf8, char *out)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
				 *const signs[] = { " ", ".", ".", ":", ":", "+", "+", "#", "#" };
	uint64_t most = 1;
	size_t bytes = 0;

	if (cells > TOP_SECONDS)
		cells = TOP_SECONDS;
	for (unsigned i = 1; i <= cells && i <= now; i++)
		if (top_series_at(s, now - i) > most)
			most = top_series_at(s, now - i);
	for (unsigned i = cells; i > 0; i--) {
		uint64_t number = i <= now ? top_series_at(s, now - i) : 0;
		/* what is not zero can be seen */
		unsigned height =
			number ? 1 + (unsigned)((double)(number - 1) * 7 / (double)most) : 0;
		const char *block = (utf8 ? blocks : signs)[number == most ? 8 : height];

		memcpy(out + bytes, block, strlen(block));
		bytes += strlen(block);
	}
	out[bytes] = '\0';
	return out;
}
