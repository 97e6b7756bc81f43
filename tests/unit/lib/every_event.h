/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of every kind, hook, verdict and action, with every field null and not, and with names that an
 * attacker would choose: what formats are tried on, by the unit tests and against the schemas.
 */
#ifndef TESTS_EVERY_EVENT_H
#define TESTS_EVERY_EVENT_H

#include "events/event.h"

/* Fields that may be null: bits of a mask. */
enum every_null {
	NO_LOCAL,
	NO_REMOTE,
	NO_INTERFACE,
	NO_PROCESS,
	NO_COMM,
	NO_EXE,
	NO_CMDLINE,
	NO_CGROUP,
	NO_UNIT,
	NO_CONTAINER_ID,
	NO_CONTAINER_NAME,
	NO_RULE,
	NO_PORTS,
	NULLS
};

typedef void (*every_visit_fn)(void *data, const struct event *e);

/* A refusal or the like with all fields known; its strings are @text, or plain words for NULL. */
struct event every_verdict(uint8_t hook, uint8_t verdict, const char *text);
void every_set_null(struct event *e, unsigned mask);

/* Each hook and verdict with each field null alone, all null, and many masks; @masks: with each mask there is. */
void every_null(bool masks, every_visit_fn visit, void *data);
/* Each hook, verdict and action with @text at every place where there is text. */
void every_name(const char *text, every_visit_fn visit, void *data);

/* Quotes, line ends, delimiters of all formats, terminal sequences, what is not UTF-8. NULL past the last. */
const char *every_hostile(size_t i);

#endif
