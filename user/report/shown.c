// SPDX-License-Identifier: GPL-2.0-only
#include "report/shown.h"

#include <stdlib.h>

static void add(struct report_count *to, const struct report_count *c)
{
	to->deny += c->deny;
	to->audit += c->audit;
}

struct report_shown report_shown(const struct report_table *t)
{
	/* a row that only says "1 more" is no shorter than the one it stands for */
	struct report_shown top = { .shown = t->count <= REPORT_TOP + 1 ? t->count : REPORT_TOP };

	top.more = t->count - top.shown;
	for (size_t i = 0; i < t->count; i++) {
		add(&top.all, &t->rows[i].count);
		if (i >= top.shown)
			add(&top.rest, &t->rows[i].count);
	}
	return top;
}

static int compare(const void *a, const void *b)
{
	const struct report_reason *x = a, *y = b;
	uint64_t p = report_weight(&x->count), q = report_weight(&y->count);

	if (p != q)
		return p < q ? 1 : -1;
	return x->hook != y->hook ? x->hook - y->hook : x->reason - y->reason;
}

size_t report_reasons(const struct report_sums *s, struct report_reason rows[REPORT_REASONS_MAX])
{
	size_t count = 0;

	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++)
		for (unsigned reason = 0; reason < PG_REASON_COUNT; reason++)
			if (report_weight(&s->reasons[hook][reason]))
				rows[count++] = (struct report_reason){ hook, reason,
									s->reasons[hook][reason] };
	if (count)
		qsort(rows, count, sizeof(*rows), compare);
	return count;
}
