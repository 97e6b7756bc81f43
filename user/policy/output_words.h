/* SPDX-License-Identifier: GPL-2.0-only */
/* An output's keys: where it goes (output_target.c), and the lists of what it gets (output_lists.c). */
#ifndef PORTGUARD_OUTPUT_WORDS_H
#define PORTGUARD_OUTPUT_WORDS_H

#include "policy/reader.h"

/* Targets first. */
enum output_key {
	KEY_FILE,
	KEY_SYSLOG,
	KEY_JOURNALD,
	KEY_STDOUT,
	KEY_KAFKA,
	TARGETS,
	KEY_FORMAT = TARGETS,
	KEY_ROTATE,
	KEY_KEEP,
	KEY_BUFFER,
	KEY_MAX,
	KEY_KINDS,
	KEY_HOOKS,
	KEY_VERDICTS,
	KEY_PORTS,
	KEY_SCOPES,
	OUTPUT_KEYS
};

/* A map's key stands before its value. */
static inline const struct node *key_of(const struct node *value)
{
	return value - 1;
}

/* Kind, path, address and port; false: a mistake. */
bool read_target(struct reader *r, enum output_key key, const struct node *n, struct output *o);

void read_kinds(struct reader *r, const struct node *n, struct event_filter *f);
void read_hooks(struct reader *r, const struct node *n, struct event_filter *f);
void read_verdicts(struct reader *r, const struct node *n, struct event_filter *f);
void read_filter_ports(struct reader *r, const struct node *n, struct event_filter *f);
/* Whether there are such scopes is known after the last file: check_output_scopes(). */
void read_filter_scopes(struct reader *r, const struct node *n, struct event_filter *f);

#endif
