// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every row that is printed, once more for programs: a line of comma-separated values (RFC 4180). Of
 * a row that is compared to something `median low high` are of the row itself, the ratios of the two; of a
 * thing measured at several sizes there is a line for each. `watch` says which way a ratio of
 * portguard's own gets worse: "less" is better, or "more"; check.py reads it.
 */
#include <errno.h>
#include <string.h>

#include "bench/bench.h"

static FILE *csv;

void csv_open(const char *path)
{
	csv = fopen(path, "we");
	if (!csv)
		die("%s: %s", path, strerror(errno));
	(void)fprintf(csv, "section,name,size,unit,median,low,high,beside,beside_median,"
			   "ratio,ratio_low,ratio_high,most,most_ratio,least_ratio,watch,skip\n");
	if (fflush(csv)) /* before anybody forks */
		die("%s: %s", path, strerror(errno));
}

/* Our own words hold no quotes. */
static void put_word(const char *word, const char *end)
{
	(void)fprintf(csv, word && strchr(word, ',') ? "\"%s\"%s" : "%s%s", word ? word : "", end);
}

static void put_number(double number, const char *end)
{
	if (number)
		(void)fprintf(csv, "%.6g", number);
	(void)fputs(end, csv);
}

/* A row that is printed indented goes on with the name above it, up to its colon. */
static const char *whole_name(const char *name, char *to, size_t size)
{
	static char above[64];

	if (name[0] != ' ') {
		(void)snprintf(above, sizeof(above), "%.*s", (int)strcspn(name, ":"), name);
		return name;
	}
	(void)snprintf(to, size, "%s: %s", above, name + strspn(name, " "));
	return to;
}

static const char *watch(const struct csv_line *l)
{
	if (!l->ratio || l->foreign)
		return "";
	return l->least_ratio || strstr(l->unit, "/s") ? "more" : "less";
}

void csv_line(const struct csv_line *l)
{
	const struct summary none = { 0 }, *value = l->value ? l->value : &none;
	const struct summary *ratio = l->ratio ? l->ratio : &none;
	const double numbers[] = { l->base ? l->base->middle : 0,
				   ratio->middle,
				   ratio->least,
				   ratio->most,
				   l->most,
				   l->most_ratio,
				   l->least_ratio };
	char name[128];

	if (!csv)
		return;
	put_word(l->section, ",");
	put_word(whole_name(l->name, name, sizeof(name)), ",");
	put_word(l->size, ",");
	put_word(l->unit, ",");
	put_number(value->middle, ",");
	put_number(value->low, ",");
	put_number(value->high, ",");
	put_word(l->beside, ",");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		put_number(numbers[i], ",");
	put_word(watch(l), ",");
	put_word(l->skip, "\n");
}

void csv_close(void)
{
	if (csv && fclose(csv))
		die("the file of values: %s", strerror(errno));
	csv = NULL;
}
