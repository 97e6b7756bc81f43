/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who asks: users by number, and files that processes run. Files are sorted into classes as addresses
 * are: two are of one class if exactly the same (scope, path) of the policy mean them.
 */
#ifndef PORTGUARD_CALLERS_H
#define PORTGUARD_CALLERS_H

#include "policy/classes.h"

/* The (scope, path) pairs that rules name, sorted, each one once; the rules that name them first. */
struct exe_keys {
	const struct rule **list;
	size_t count;
};

/* Fills out->users. Return: 0 or -ENOMEM. */
int callers_users(const struct policy *p, struct compiled *out);
/* The class of a user that is among them. */
uint32_t callers_user_class(const struct compiled *out, uint32_t uid);

/**
 * callers_exes() - Fill out->exes.
 * @world:     who tells which files a path means; NULL: none.
 * @ret_keys:  to be freed by exe_keys_free().
 * @ret_index: the classes of each key, by its number.
 * Return: 0, -ENOMEM, or what @world said.
 */
int callers_exes(const struct policy *p, const struct exe_world *world, struct compiled *out,
		 struct exe_keys *ret_keys, struct class_index *ret_index);
/* The number of a rule's `by exe`, which is among them. */
size_t exe_keys_find(const struct exe_keys *keys, const struct rule *rule);
void exe_keys_free(struct exe_keys *keys);

#endif
