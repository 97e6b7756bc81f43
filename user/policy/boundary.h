/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules that look like a boundary and are none: `by user` and `by exe` tell who asks, and hold nobody who can
 * have it asked by somebody else. No mistakes: `check` warns of them.
 */
#ifndef PORTGUARD_BOUNDARY_H
#define PORTGUARD_BOUNDARY_H

#include <limits.h>

#include "policy/policy.h"

/* What the file of a `by exe` is on this machine; empty: nothing is known, or there is nothing to say. */
struct boundary_file {
	char name[NAME_MAX + 1];	/* where links lead, without directories */
	bool script;			/* it begins with #! */
	bool set_id;			/* it runs with the rights of its owner or group */
	char writer[64];		/* who but root can put another file there: "user www", "everybody" … */
	char written[PATH_MAX];		/* … by writing this: the file, or a directory on the way to it */
};

struct boundary_world {
	void *data;
	/* Fills *ret, which is zeroed. */
	void (*look)(void *data, const char *path, struct boundary_file *ret);
	/* Whether somebody can log in as that user. */
	bool (*logs_in)(void *data, uint32_t uid);
	/* Told each warning, in the order of the files; @text is printable ASCII. */
	void (*warn)(void *data, const char *file, size_t line, size_t column, const char *text);
};

/**
 * boundary_warning() - Why a rule is not the boundary that it seems.
 * @elsewhere: its scope has files of its own (a container): the path is not looked at here.
 * @ret: malloc'ed text, or NULL: nothing to say.
 * Return: 0 or -ENOMEM.
 */
int boundary_warning(const struct rule *rule, bool elsewhere, const struct boundary_world *world,
		     char **ret);

#endif
