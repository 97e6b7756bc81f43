// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users and files of a policy. The pairs (file, key that means it) are sorted by file, so that each file
 * has the list of its keys; files sorted by that list then are of one class where neighbours are equal.
 */
#include "policy/callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "util/cleanup.h"

struct meaning {
	struct exe_identity file;
	uint32_t key;
};

/* A file, and the pairs that are its own. */
struct file {
	const struct meaning *meanings;
	size_t count;
	uint32_t class;
};

static bool asks_caller(const struct rule *r)
{
	return rule_covers(r, PG_BIND) || rule_covers(r, PG_OUT);
}

static int compare_uids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int callers_users(const struct policy *p, struct compiled *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].user && asks_caller(&p->rules[i]) &&
		    list_append(&out->users, &out->user_count, &p->rules[i].uid, sizeof(*out->users)))
			return -ENOMEM;
	if (out->user_count)
		qsort(out->users, out->user_count, sizeof(*out->users), compare_uids);
	for (size_t i = 0; i < out->user_count; i++)
		if (!kept || out->users[kept - 1] != out->users[i])
			out->users[kept++] = out->users[i];
	out->user_count = kept;
	return 0;
}

uint32_t callers_user_class(const struct compiled *out, uint32_t uid)
{
	const uint32_t *found = NULL;

	if (out->user_count)
		found = bsearch(&uid, out->users, out->user_count, sizeof(uid), compare_uids);
	return found ? (uint32_t)(found - out->users) + 1 : 0;
}

static int compare_keys(const void *a, const void *b)
{
	const struct rule *x = *(const struct rule *const *)a, *y = *(const struct rule *const *)b;

	if (!x->scope != !y->scope)
		return x->scope ? 1 : -1;
	return (x->scope ? strcmp(x->scope, y->scope) : 0) ?: strcmp(x->exe, y->exe);
}

static int find_keys(const struct policy *p, struct exe_keys *keys)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];

		if (rule->exe && asks_caller(rule) &&
		    list_append(&keys->list, &keys->count, &rule, sizeof(rule)))
			return -ENOMEM;
	}
	if (keys->count)
		qsort(keys->list, keys->count, sizeof(*keys->list), compare_keys);
	for (size_t i = 0; i < keys->count; i++)
		if (!kept || compare_keys(&keys->list[kept - 1], &keys->list[i]))
			keys->list[kept++] = keys->list[i];
	keys->count = kept;
	return 0;
}

size_t exe_keys_find(const struct exe_keys *keys, const struct rule *rule)
{
	const struct rule **found =
		bsearch(&rule, keys->list, keys->count, sizeof(*keys->list), compare_keys);

	return (size_t)(found - keys->list);
}

void exe_keys_free(struct exe_keys *keys)
{
	free(keys->list);
	memset(keys, 0, sizeof(*keys));
}

/* All files that a key means; asked again with more room while all of it was used. */
static int identities_of(const struct exe_world *world, const struct rule *key,
			 struct exe_identity **ret, size_t *ret_count)
{
	for (size_t room = 64;; room *= 2) {
		_cleanup_free_ struct exe_identity *list = reallocarray(NULL, room, sizeof(*list));
		size_t count = 0;
		int r = list ? world->identities(world->data, key->scope, key->exe, list, room, &count)
			     : -ENOMEM;

		if (r == -ENOENT)
			return 0;
		if (r)
			return r;
		if (count == room)
			continue;
		*ret = TAKE_PTR(list);
		*ret_count = count;
		return 0;
	}
}

static int find_meanings(const struct exe_world *world, const struct exe_keys *keys,
			 struct meaning **list, size_t *count)
{
	for (size_t i = 0; world && i < keys->count; i++) {
		_cleanup_free_ struct exe_identity *files = NULL;
		size_t file_count = 0;
		int r = identities_of(world, keys->list[i], &files, &file_count);

		for (size_t j = 0; !r && j < file_count; j++) {
			struct meaning m = { .file = files[j], .key = (uint32_t)i };

			r = list_append(list, count, &m, sizeof(m));
		}
		if (r)
			return r;
	}
	return 0;
}

static int compare_files(const struct exe_identity *a, const struct exe_identity *b)
{
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return (a->inode > b->inode) - (a->inode < b->inode);
}

static int compare_meanings(const void *a, const void *b)
{
	const struct meaning *x = a, *y = b;

	return compare_files(&x->file, &y->file) ?: (x->key > y->key) - (x->key < y->key);
}

/* Sorted, each pair once; a container seen twice means the same file twice. */
static size_t sort_meanings(struct meaning *list, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(list, count, sizeof(*list), compare_meanings);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_meanings(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	return kept;
}

static int compare_lists(const struct file *a, const struct file *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->meanings[i].key != b->meanings[i].key)
			return a->meanings[i].key < b->meanings[i].key ? -1 : 1;
	return (a->count > b->count) - (a->count < b->count);
}

static int compare_by_list(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return compare_lists(x, y) ?: compare_files(&x->meanings->file, &y->meanings->file);
}

static int compare_exes(const void *a, const void *b)
{
	const struct exe_class *x = a, *y = b;

	return compare_files(&x->identity, &y->identity);
}

static size_t split_files(const struct meaning *list, size_t count, struct file *files)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!i || compare_files(&list[i - 1].file, &list[i].file))
			files[found++] = (struct file){ .meanings = &list[i] };
		files[found - 1].count++;
	}
	return found;
}

/* Numbers the classes; @files sorted by list. */
static void number_files(struct file *files, size_t count, struct compiled *out)
{
	for (size_t i = 0; i < count; i++) {
		out->exe_classes += !i || compare_lists(&files[i - 1], &files[i]);
		files[i].class = out->exe_classes - 1;
		out->exes[i].identity = files[i].meanings->file;
		out->exes[i].class = files[i].class;
	}
	out->exe_count = count;
	if (count)
		qsort(out->exes, count, sizeof(*out->exes), compare_exes);
}

/* Counts a class for each of its keys, or, @place, puts it where they have it. */
static void index_class(const struct file *file, bool place, struct class_index *index)
{
	for (size_t i = 0; i < file->count; i++) {
		uint32_t key = file->meanings[i].key;

		if (place)
			index->ids[index->first[key + 1]++] = file->class;
		else
			index->first[key + 2]++;
	}
}

/* The classes of each key, once each: a class has one list, which its first file tells. */
static int make_index(const struct file *files, size_t count, size_t keys, size_t total,
		      struct class_index *index)
{
	index->count = keys;
	index->first = calloc(keys + 2, sizeof(*index->first));
	index->ids = calloc(total + 1, sizeof(*index->ids));
	if (!index->first || !index->ids || total > UINT32_MAX)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!i || files[i - 1].class != files[i].class)
			index_class(&files[i], false, index);
	for (size_t i = 2; i <= keys; i++)
		index->first[i] += index->first[i - 1];
	/* first[key + 1] now is where the key's next class goes, and in the end its end. */
	for (size_t i = 0; i < count; i++)
		if (!i || files[i - 1].class != files[i].class)
			index_class(&files[i], true, index);
	return 0;
}

int callers_exes(const struct policy *p, const struct exe_world *world, struct compiled *out,
		 struct exe_keys *ret_keys, struct class_index *ret_index)
{
	_cleanup_free_ struct meaning *meanings = NULL;
	_cleanup_free_ struct file *files = NULL;
	size_t count = 0, file_count;
	int r = find_keys(p, ret_keys) ?: find_meanings(world, ret_keys, &meanings, &count);

	out->exe_classes = 1;
	if (r)
		return r;
	count = sort_meanings(meanings, count);
	files = calloc(count + 1, sizeof(*files));
	out->exes = calloc(count + 1, sizeof(*out->exes));
	if (!files || !out->exes)
		return -ENOMEM;
	file_count = split_files(meanings, count, files);
	qsort(files, file_count, sizeof(*files), compare_by_list);
	number_files(files, file_count, out);
	return make_index(files, file_count, ret_keys->count, count, ret_index);
}
