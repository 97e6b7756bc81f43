// SPDX-License-Identifier: GPL-2.0-only
/* Options and near words, for all commands. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

#define LONGEST_WORD 32

int usage_error(struct pg_error *err, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return pg_fail(err, -EINVAL, PG_EXIT_USAGE, "%s", text);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits that turn one word into the other, a swap of neighbours counted as one. */
static unsigned distance(const char *a, const char *b)
{
	unsigned d[LONGEST_WORD + 1][LONGEST_WORD + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > LONGEST_WORD || m > LONGEST_WORD)
		return LONGEST_WORD;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++) {
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
				       d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[n][m];
}

const char *nearest(const char *word, const char *const *words, size_t count)
{
	const char *best = NULL;
	unsigned least = strlen(word) < 4 ? 2 : 3; /* exclusive */

	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(word, words[i]);

		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

static int unknown_option(const char *word, const struct option_word *options, size_t count,
			  struct pg_error *err)
{
	const char *names[32];
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = options[i].name;
	near = nearest(word, names, count);
	if (near)
		return usage_error(err, "unknown option '%.64s': did you mean %s?", word, near);
	return usage_error(err, "unknown option '%.64s'", word);
}

/* One option, at argv[*at]. */
static int take_option(int argc, char **argv, int *at, const struct option_word *options,
		       size_t count, struct pg_error *err)
{
	char *word = argv[*at], *equals = word[1] == '-' ? strchr(word, '=') : NULL;
	size_t length = equals ? (size_t)(equals - word) : strlen(word);

	for (size_t i = 0; i < count; i++) {
		const struct option_word *o = &options[i];

		if (strlen(o->name) != length || strncmp(o->name, word, length))
			continue;
		if (o->flag) {
			if (equals)
				return usage_error(err, "%s takes no value", o->name);
			*o->flag = true;
			return 0;
		}
		if (!equals && *at + 1 >= argc)
			return usage_error(err, "%s wants a value", o->name);
		if (o->each)
			return o->each(o->data, equals ? equals + 1 : argv[++*at]);
		*o->value =
			equals ? equals + 1 : argv[++*at]; /* said twice, the later word stands */
		return 0;
	}
	return unknown_option(word, options, count, err);
}

int take_options(int argc, char **argv, const struct option_word *options, size_t count,
		 struct pg_error *err)
{
	bool comment = false; /* the next word is one, whatever it begins with */
	int left = 0, r;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			while (++i < argc)
				argv[++left] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || !argv[i][1] || comment) {
			comment = !comment && !strcmp(argv[i], "comment");
			argv[++left] = argv[i];
			continue;
		}
		r = take_option(argc, argv, &i, options, count, err);
		if (r)
			return r;
	}
	return left;
}
