/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy file, YAML through libyaml. A mistake is `FILE:LINE:COLUMN: what is wrong`, the line, a
 * caret and the nearest right word; every mistake of all files in one run.
 */
#ifndef PORTGUARD_POLICY_FILE_H
#define PORTGUARD_POLICY_FILE_H

#include "policy/policy.h"

struct policy_text {
	const char *name;	/* as the user named it: begins the messages */
	const char *text;
	size_t length;
};

/**
 * policy_parse() - Read a policy from the main file and those of policy.d.
 * @files: the main file first. Lists add up; a scalar set twice is a mistake. A scope that several files
 *         name is one, with the rules of all; one of them says its selector (or @world->sets_of does).
 * @ret:   untouched on failure; the caller frees it. Rules have origin file, no id.
 * Return: 0, -EINVAL with all mistakes in err->text (exit 65), -ENOMEM.
 */
int policy_parse(const struct policy_text *files, size_t count, const struct policy_world *world,
		 struct policy *ret, struct pg_error *err);

/*
 * output_parse() - Read one output, as output_describe() wrote it. 0, -EINVAL (it is none), -ENOMEM.
 */
int output_parse(const char *text, struct output *ret);

/*
 * The YAML of the runtime rules for policy.d/90-local.yaml, always quoted; malloc'ed, or NULL. Rules of a
 * scope are below its name alone: a scope that another file says adds them to its own.
 */
char *policy_print_local(const struct policy *p);

#endif
