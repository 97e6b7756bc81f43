// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table: for each row the median and the range of its rounds, of what is beside it, and of the
 * ratio of the two in each round, with the 95 % interval of that ratio's median. An aim that is
 * missed is said where it stands.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)fprintf(stderr, "bench: ");
	(void)vfprintf(stderr, format, ap);
	(void)fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/*
 * The 95 % interval of a median lies between the @rank-th value from below and from above, whatever
 * the distribution: as many of @count values are below the true median as coins show heads, so the
 * rank is the greatest k with 2 P(heads < k) <= 5 %. 0: too few values.
 */
static size_t rank_of_95(size_t count)
{
	double exactly = 1, below = 0;
	size_t k = 0;

	for (size_t i = 0; i < count; i++)
		exactly /= 2;
	while (2 * (below + exactly) <= 0.05) {
		below += exactly;
		exactly *= (double)(count - k) / (double)(k + 1);
		k++;
	}
	return k;
}

static struct summary summarize(const double *values, size_t count)
{
	double sorted[ROUNDS_MAX], middle;
	size_t rank = rank_of_95(count), at = rank ? rank - 1 : 0;

	memcpy(sorted, values, count * sizeof(*values));
	middle = median(sorted, count);
	return (struct summary){ sorted[0], middle, sorted[count - 1], sorted[at],
				 sorted[count - 1 - at] };
}

/* A line that is being made: what its cells are filled up with does not stand at its end. */
struct line {
	char text[512];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
	size_t left = sizeof(l->text) - l->length;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(l->text + l->length, left, format, ap);
	va_end(ap);
	l->length += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left - 1;
}

static void end_line(struct line *l)
{
	while (l->length && l->text[l->length - 1] == ' ')
		l->length--;
	(void)printf("%.*s\n", (int)l->length, l->text);
}

static void print_cell(struct line *l, const struct summary *s, const char *unit, int decimals)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%.*f %s (%.*f-%.*f)", decimals, s->middle, unit,
		       decimals, s->low, decimals, s->high);
	add(l, "  %-25s", text);
}

static void print_interval(struct line *l, const struct summary *s, int decimals)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%.*f-%.*f", decimals, s->least, decimals, s->most);
	add(l, "  %-13s", text);
}

/* As many decimals as mean something: three figures or so. */
static int decimals_of(double value)
{
	return value < 2 ? 3 : value < 20 ? 2 : value < 200 ? 1 : 0;
}

static int print_aim(struct line *l, double most, double got, const char *unit)
{
	if (!most)
		return 0;
	add(l, "  aim %g %s: %s", most, unit, got <= most ? "met" : "MISSED");
	return got > most;
}

static int print_least_aim(struct line *l, double least, double got)
{
	if (!least)
		return 0;
	add(l, "  aim at least %g x: %s", least, got >= least ? "met" : "MISSED");
	return got < least;
}

static struct summary print_ratio(struct line *l, const struct row *row, size_t rounds,
				  int decimals, const struct summary *base)
{
	double ratios[ROUNDS_MAX];
	struct summary ratio;

	for (size_t i = 0; i < rounds; i++)
		ratios[i] = row->value[i] / row->base[i];
	ratio = summarize(ratios, rounds);
	print_cell(l, base, row->unit, decimals);
	print_cell(l, &ratio, "x", decimals_of(ratio.middle));
	print_interval(l, &ratio, decimals_of(ratio.middle));
	return ratio;
}

static void csv_row(const struct row *row, const char *section, const struct summary *value,
		    const struct summary *base, const struct summary *ratio)
{
	csv_line(&(struct csv_line){ .section = section,
				     .name = row->name,
				     .unit = row->unit,
				     .beside = row->beside,
				     .skip = row->skip,
				     .value = value,
				     .base = base,
				     .ratio = ratio,
				     .most = row->most,
				     .most_ratio = row->most_ratio,
				     .least_ratio = row->least_ratio,
				     .foreign = row->foreign });
}

static int print_row(const struct row *row, const char *section, size_t most_rounds)
{
	size_t rounds = row->rounds ? row->rounds : most_rounds;
	struct line text = { .length = 0 }, *l = &text;
	struct summary value, base, ratio = { 0 };
	int decimals, missed;

	add(l, "  %-38s", row->name);
	if (row->skip) {
		add(l, "  skip: %s", row->skip);
		end_line(l);
		csv_row(row, section, NULL, NULL, NULL);
		return 0;
	}
	value = summarize(row->value, rounds);
	decimals = decimals_of(value.middle);
	print_cell(l, &value, row->unit, decimals);
	if (row->beside) {
		base = summarize(row->base, rounds);
		ratio = print_ratio(l, row, rounds, decimals, &base);
	}
	missed = print_aim(l, row->most, value.middle, row->unit);
	missed += print_aim(l, row->most_ratio, ratio.middle, "x");
	missed += print_least_aim(l, row->least_ratio, ratio.middle);
	end_line(l);
	csv_row(row, section, &value, row->beside ? &base : NULL, row->beside ? &ratio : NULL);
	return missed;
}

static void print_sizes_head(const char *heading, const char *const sizes[], size_t count)
{
	struct line text = { .length = 0 }, *l = &text;

	(void)printf("\n%s\n", heading);
	add(l, "%-40s", "");
	for (size_t i = 0; i < count; i++)
		add(l, "  %-*s", i ? 35 : 25, sizes[i]);
	end_line(l);
}

static struct summary summarize_ratio(const struct size_row *row, size_t size, size_t rounds)
{
	double ratios[ROUNDS_MAX];

	for (size_t i = 0; i < rounds; i++)
		ratios[i] = row->value[size][i] / row->value[0][i];
	return summarize(ratios, rounds);
}

/* The ratio to the first size in each round; its 95 % interval; whether that is the aim. */
static int print_size_ratio(struct line *l, const struct summary *s, double most)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%.3f x, 95 %%: %.3f-%.3f  %s", s->middle, s->least,
		       s->most, s->middle <= most ? "met" : "MISSED");
	add(l, "  %-35s", text);
	return s->middle > most;
}

static int print_size_row(const struct size_row *row, const char *heading,
			  const char *const names[], size_t sizes, size_t rounds)
{
	struct line text = { .length = 0 }, *l = &text;
	struct summary value = { 0 }, ratio;
	int missed = 0;

	add(l, "  %-38s", row->name);
	for (size_t i = 0; i < sizes; i++) {
		bool has_ratio = i && row->most_ratio;

		value = summarize(row->value[i], rounds);
		ratio = summarize_ratio(row, i, rounds);
		csv_line(&(struct csv_line){ .section = heading,
					     .name = row->name,
					     .size = names[i],
					     .unit = row->unit,
					     .beside = has_ratio ? names[0] : NULL,
					     .value = &value,
					     .ratio = has_ratio ? &ratio : NULL,
					     .most_ratio = has_ratio ? row->most_ratio : 0,
					     .most = i + 1 == sizes ? row->most : 0 });
		if (has_ratio) {
			missed += print_size_ratio(l, &ratio, row->most_ratio);
			continue;
		}
		print_cell(l, &value, row->unit, decimals_of(value.middle));
		add(l, "%*s", i ? 10 : 0, "");
	}
	missed += print_aim(l, row->most_ratio ? 0 : row->most, value.middle, row->unit);
	end_line(l);
	return missed;
}

int table_print_sizes(const char *heading, const char *const sizes[], size_t size_count,
		      const struct size_row *rows, size_t count, size_t rounds)
{
	int missed = 0;

	print_sizes_head(heading, sizes, size_count);
	for (size_t i = 0; i < count; i++)
		missed += print_size_row(&rows[i], heading, sizes, size_count, rounds);
	return missed;
}

static void print_section(const struct row *row)
{
	struct line text = { .length = 0 }, *l = &text;

	(void)printf("\n%s\n", row->section);
	add(l, "%-40s  %-25s  %-25s  %-25s  %s", "", "this", row->beside ? row->beside : "",
	    row->beside ? "ratio" : "", row->beside ? "95 %" : "");
	end_line(l);
}

int table_print(const struct row *rows, size_t count, size_t rounds)
{
	const char *section = NULL;
	int missed = 0;

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];

		section = row->section ? row->section : section;
		if (row->section)
			print_section(row);
		missed += print_row(row, section, rounds);
	}
	return missed;
}
