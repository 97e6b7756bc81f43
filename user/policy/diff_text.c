// SPDX-License-Identifier: GPL-2.0-only
#include "policy/diff_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FOR_MORE 32 /* bytes for "; and N more" */

/* Lines of one sign, as long as there is room. */
static size_t gather(const char *diff, char sign, char to[DIFF_TEXT])
{
	size_t count = 0, left_out = 0, length = 0;

	to[0] = '\0';
	for (const char *line = diff; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *text = line + 2;
		int n;

		if (line[0] != sign || line[1] != ' ')
			continue;
		n = (int)strcspn(text, "\n");
		count++;
		if (left_out || length + (size_t)n + FOR_MORE > DIFF_TEXT)
			left_out++;
		else
			length += (size_t)snprintf(to + length, DIFF_TEXT - length, "%s%.*s",
						   length ? "; " : "", n, text);
	}
	if (left_out)
		(void)snprintf(to + length, DIFF_TEXT - length, "%s%zu more",
			       length ? "; and " : "", left_out);
	return count;
}

void diff_text_of(const char *diff, struct diff_text *ret)
{
	ret->went_count = gather(diff, '-', ret->went);
	ret->came_count = gather(diff, '+', ret->came);
}

void diff_text_sentence(const struct diff_text *d, const char *what, char *to, size_t size)
{
	size_t first = d->went_count ? d->went_count : d->came_count;
	char came[32] = "";

	if (d->went_count && d->came_count)
		(void)snprintf(came, sizeof(came), ", %zu came", d->came_count);
	if (first)
		(void)snprintf(to, size, "%s: %zu line%s of the policy %s%s", what, first,
			       first == 1 ? "" : "s", d->went_count ? "went" : "came", came);
	else
		(void)snprintf(to, size, "%s: no line but in comments and origins", what);
}
