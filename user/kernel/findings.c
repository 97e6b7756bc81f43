// SPDX-License-Identifier: GPL-2.0-only
/* See findings.h. */
#include "kernel/findings.h"

#include <stdio.h>
#include <string.h>

#include "kernel/checksum.h"
#include "kernel/state.h"
#include "util/cleanup.h"

#define SAY_AGAIN_NS 60000000000
#define SAY_UNDONE 20 /* of one kind, in that time */

/* Where the same was told, or the place that was longest not used. */
static struct finding_told *find_told(struct findings *f, uint64_t text)
{
	struct finding_told *oldest = &f->told[0];

	for (size_t i = 0; i < ARRAY_SIZE(f->told); i++) {
		if (f->told[i].text == text)
			return &f->told[i];
		if (f->told[i].seen < oldest->seen)
			oldest = &f->told[i];
	}
	*oldest = (struct finding_told){ .text = text };
	return oldest;
}

/*
 * What is undone and done again is told each time, up to a limit; what stays, since it cannot be
 * undone, once a minute: @times is 1.
 */
static void tell(struct findings *f, const char *action, const char *text, unsigned every,
		 unsigned times)
{
	struct finding_told *t =
		find_told(f, checksum_entry(text, strlen(text), action, strlen(action)));
	uint64_t now_ns = boot_now_ns();
	bool stays = f->checks - t->seen <= every || times > 1;

	if (!t->times || !stays || now_ns - t->since_ns >= SAY_AGAIN_NS) {
		t->times = 0;
		t->since_ns = now_ns;
	}
	t->seen = f->checks;
	if (t->times++ < times)
		f->say(f->data, action, text);
}

void findings_add(struct findings *f, const char *what, const char *done, int r,
		  const struct pg_error *err)
{
	char text[1024];

	if (!r) {
		(void)snprintf(text, sizeof(text), "%s; %s", what, done);
		tell(f, "tamper", text, 1, SAY_UNDONE);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s, and could not be put right: %.400s", what,
		       err && err->text[0] ? err->text : strerror(-r));
	tell(f, "tamper", text, 1, 1);
	(void)snprintf(f->meta->degraded, sizeof(f->meta->degraded), "%.250s", text);
	f->degraded = true;
}

void findings_stays(struct findings *f, const char *text, unsigned every)
{
	tell(f, "degraded", text, every, 1);
}

void findings_over(const struct findings *f, const char *text)
{
	f->say(f->data, "recovered", text);
}

void findings_none(struct findings *f)
{
	if (!f->degraded)
		return;
	f->meta->degraded[0] = '\0';
	f->degraded = false;
}
