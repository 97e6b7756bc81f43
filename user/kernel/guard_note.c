// SPDX-License-Identifier: GPL-2.0-only
/* Noting changes of a guard's policy, for the agent to tell: events/changes.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "events/actor.h"
#include "events/changes.h"
#include "kernel/guard.h"
#include "policy/diff.h"
#include "policy/diff_text.h"
#include "policy/rule.h"
#include "util/cleanup.h"

#define TEXT_SIZE 1024 /* rules may be longer */
#define MARK "..."

const struct event_actor guard_nobody;

/* UTC in microseconds of a moment in boot time. */
static uint64_t utc_us(uint64_t boot_ns)
{
	uint64_t ago_us = (boot_now_ns() - boot_ns) / 1000;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 - ago_us;
}

/* Between two letters. */
static const char *cut(const char *text, char to[TEXT_SIZE])
{
	size_t length = TEXT_SIZE - sizeof(MARK);

	if (!text || strlen(text) < TEXT_SIZE)
		return text;
	while (length && (text[length] & 0xc0) == 0x80) /* UTF-8 goes on */
		length--;
	memcpy(to, text, length);
	memcpy(to + length, MARK, sizeof(MARK));
	return to;
}

static uint64_t note(const struct guard *g, const struct event *whole)
{
	struct event e = *whole;
	char before[TEXT_SIZE], after[TEXT_SIZE], text[TEXT_SIZE];
	uint64_t at = GUARD_NOWHERE;
	int r;

	e.before = cut(e.before, before);
	e.after = cut(e.after, after);
	e.text = cut(e.text, text);
	r = changes_note(g->paths->var, &e, &at);
	if (r == -ENOENT && !make_directories(g->paths->var))
		(void)changes_note(g->paths->var, &e, &at);
	return at;
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

static bool any_has_ended(const struct policy *p)
{
	uint64_t now_ns = boot_now_ns();

	for (size_t i = 0; i < p->rule_count; i++)
		if (guard_has_ended(&p->rules[i], now_ns))
			return true;
	return false;
}

/* What ended by itself is no part of it: guard_note_ended(). */
static uint64_t note_difference(const struct guard *g, const struct policy *next,
				const struct event *whole)
{
	struct event e = *whole;
	_cleanup_policy_ struct policy lasting = { 0 };
	_cleanup_free_ char *diff = NULL;
	const struct policy *from = &g->policy;
	struct diff_text texts;
	char sentence[TEXT_SIZE];

	if (any_has_ended(from) && !policy_copy(from, &lasting)) {
		(void)guard_drop_ended(&lasting);
		from = &lasting;
		if (policy_equal(from, next))
			return GUARD_NOWHERE;
	}
	diff = policy_diff(from, next);
	if (!diff)
		return note(g, &e);
	diff_text_of(diff, &texts);
	diff_text_sentence(&texts, e.text, sentence, sizeof(sentence));
	e.before = or_null(texts.went);
	e.after = or_null(texts.came);
	e.text = sentence;
	return note(g, &e);
}

uint64_t guard_note(const struct guard *g, const struct guard_told *told, const struct policy *next)
{
	struct event e = {
		.kind = EVENT_CHANGE,
		.seq = state_stamp(&g->state),
		.pid = (uint32_t)getpid(),
		.action = told->action,
		.before = told->before,
		.after = told->after,
		.text = told->text,
		.end_us = utc_us(told->at_ns ? told->at_ns : boot_now_ns()),
	};
	struct actor self;

	if (!told->actor)
		actor_read_self(&self);
	e.actor = told->actor ? *told->actor : self.event;
	e.start_us = e.end_us;
	return told->compare ? note_difference(g, next, &e) : note(g, &e);
}

uint64_t guard_note_ended(const struct guard *g)
{
	uint64_t now_ns = boot_now_ns(), first = GUARD_NOWHERE, at;

	for (size_t i = 0; i < g->policy.rule_count; i++) {
		const struct rule *rule = &g->policy.rules[i];
		_cleanup_free_ char *line = NULL, *text = NULL;

		if (!guard_has_ended(rule, now_ns))
			continue;
		line = rule_print_line(rule, true);
		if (!line || asprintf(&text, "its time is over: %s", line) < 0)
			continue;
		at = guard_note(g,
				&(struct guard_told){ .action = "expire",
						      .actor = &guard_nobody,
						      .before = line,
						      .text = text,
						      .at_ns = rule->until_ns },
				NULL);
		first = at < first ? at : first;
	}
	return first;
}

void guard_note_drop(struct guard *g, uint64_t at)
{
	if (at != GUARD_NOWHERE)
		changes_drop(g->paths->var, at);
	g->noted_at = GUARD_NOWHERE;
}
