/* SPDX-License-Identifier: GPL-2.0-only */
/* What the watch (watch.h) has found: told, but not without end, and kept as what is degraded. */
#ifndef PORTGUARD_FINDINGS_H
#define PORTGUARD_FINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct pg_meta;

/* What was told within a minute, and how often. */
struct finding_told {
	uint64_t text;
	unsigned seen;		/* the check that found it last */
	unsigned times;
	uint64_t since_ns;
};

struct findings {
	/* Action `tamper`, or `degraded` where it could not be put right, `recovered` where that is over. */
	void (*say)(void *data, const char *action, const char *text);
	void *data;
	struct pg_meta *meta;		/* outlives them; its `degraded` has what could not be put right */
	struct finding_told told[32];
	unsigned checks;		/* so many were made, this one included */
	bool degraded;			/* by our word */
};

/* @what was found; @done: what came of it, if @r is 0, else @r and @err (may be NULL) say why nothing did. */
void findings_add(struct findings *f, const char *what, const char *done, int r, const struct pg_error *err);

/* What stays and is no tampering: once a minute. @every: of how many checks one looks for it. */
void findings_stays(struct findings *f, const char *text, unsigned every);

/* What findings_stays() told of is over. */
void findings_over(const struct findings *f, const char *text);

/* A check has found nothing. */
void findings_none(struct findings *f);

#endif
