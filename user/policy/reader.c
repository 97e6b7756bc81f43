// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grammar of maps, lists and scalars: keys that are unknown or twice, values of
 * the wrong kind, words that are nearly right.
 */
#include "policy/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/show.h"
#include "util/cleanup.h"

static const char *kind_name(const struct node *n)
{
	static const char *const names[] = {
		[NODE_SCALAR] = "a word", [NODE_LIST] = "a list", [NODE_MAP] = "a map"
	};

	return node_is_null(n) ? "nothing" : names[n->kind];
}

/* "a, b or c", cut to what fits. */
static const char *alternatives(char *buffer, size_t size, const char *const *words)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (size_t i = 0; words[i] && used < size; i++)
		used += (size_t)snprintf(buffer + used, size - used, "%s%s",
					 !i             ? ""
					 : words[i + 1] ? ", "
							: " or ",
					 words[i]);
	return buffer;
}

static void unknown_key(struct reader *r, const struct node *name, const struct key *keys,
			size_t count, const char *what)
{
	_cleanup_free_ const char **words = calloc(count + 1, sizeof(*words));
	char wanted[256];
	const char *meant;

	if (!words) {
		r->mistakes.no_memory = true;
		return;
	}
	for (size_t i = 0; i < count; i++)
		words[i] = keys[i].name;
	meant = mistakes_want_help(&r->mistakes) ? nearest_word(name->text, name->length, words)
						 : NULL;
	if (meant)
		MISTAKE(r, name, "unknown key '%s' in %s: did you mean '%s'?",
			SHOW(name->text, name->length), what, meant);
	else
		MISTAKE(r, name, "unknown key '%s' in %s: want %s", SHOW(name->text, name->length),
			what, alternatives(wanted, sizeof(wanted), words));
}

/* Whether the scalar is said for the first time in all files; else a mistake. */
static bool say_once(struct reader *r, const struct node *name, const char *path)
{
	for (size_t i = 0; i < r->said_count; i++) {
		const struct said *s = &r->said[i];

		if (strcmp(s->path, path))
			continue;
		MISTAKE(r, name, "%s is said already in %s:%zu: only lists add up", path,
			r->mistakes.sources[s->place.source].name, s->place.line);
		return false;
	}
	if (r->said_count < SAID_MAX)
		r->said[r->said_count++] = (struct said){ path, name->place };
	return true;
}

static const struct key *find_key(const struct key *keys, size_t count, const struct node *name)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(keys[i].name) == name->length &&
		    !memcmp(keys[i].name, name->text, name->length))
			return &keys[i];
	return NULL;
}

static void read_pair(struct reader *r, const struct node *pair, const struct key *keys,
		      size_t count, uint64_t *seen, const char *what)
{
	const struct node *name = &pair[0], *value = &pair[1];
	const struct key *key;

	if (name->kind != NODE_SCALAR || name->bad) {
		if (!name->bad)
			MISTAKE(r, name, "%s as a key: want a word", kind_name(name));
		return;
	}
	key = find_key(keys, count, name);
	if (!key) {
		unknown_key(r, name, keys, count, what);
	} else if (*seen & 1ull << (key - keys)) {
		MISTAKE(r, name, "duplicate key '%s' in %s", key->name, what);
	} else {
		*seen |= 1ull << (key - keys);
		if (!key->path || say_once(r, name, key->path))
			key->read(r, key, value);
	}
}

void read_map(struct reader *r, const struct node *map, const struct key *keys, size_t count,
	      const char *what)
{
	uint64_t seen = 0; /* tables have fewer than 64 keys */

	if (map->bad)
		return;
	if (map->kind != NODE_MAP) {
		MISTAKE(r, map, "%s: want a map, {%s: …}; found %s", what, keys[0].name,
			kind_name(map));
		return;
	}
	for (size_t i = 0; i + 1 < map->count; i += 2)
		read_pair(r, &map->children[i], keys, count, &seen, what);
}

bool want_list(struct reader *r, const struct node *n, const char *what, const char *example)
{
	if (n->kind == NODE_LIST)
		return true;
	if (!n->bad)
		MISTAKE(r, n, "%s: want a list such as [%s]; found %s", what, example,
			kind_name(n));
	return false;
}

bool want_scalar(struct reader *r, const struct node *n, const char *what, const char *wanted)
{
	if (n->bad)
		return false;
	if (n->kind != NODE_SCALAR || node_is_null(n))
		MISTAKE(r, n, "%s: want %s; found %s", what, wanted, kind_name(n));
	else if (memchr(n->text, '\0', n->length))
		MISTAKE(r, n, "%s: want %s; found NUL", what, wanted);
	else
		return true;
	return false;
}

int want_choice(struct reader *r, const struct node *n, const char *what, const char *const *words)
{
	char wanted[128];
	const char *meant;

	(void)alternatives(wanted, sizeof(wanted), words);
	if (!want_scalar(r, n, what, wanted))
		return -1;
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], n->text))
			return i;
	meant = nearest_word(n->text, n->length, words);
	if (meant)
		MISTAKE(r, n, "%s '%s': did you mean '%s'?", what, SHOW(n->text, n->length), meant);
	else
		MISTAKE(r, n, "%s '%s': want %s", what, SHOW(n->text, n->length), wanted);
	return -1;
}

void note_error(struct reader *r, struct place place, int error, const struct pg_error *err)
{
	if (error == -ENOMEM)
		r->mistakes.no_memory = true;
	else
		mistakes_add(&r->mistakes, place, "%s", err->text);
}

static void note_name(struct reader *r, const char *name, bool scope, struct place place)
{
	struct name_ref ref = { .name = strdup(name), .scope = scope, .place = place };

	if (ref.name && !list_append(&r->refs, &r->ref_count, &ref, sizeof(ref)))
		return;
	free(ref.name);
	r->mistakes.no_memory = true;
}

void note_set(struct reader *r, const char *name, struct place place)
{
	note_name(r, name, false, place);
}

void note_scope(struct reader *r, const char *name, struct place place)
{
	note_name(r, name, true, place);
}

bool want_peer(struct reader *r, const struct node *n, const char *what, struct peer *ret)
{
	struct pg_error err = PG_ERROR_INIT;
	int error;

	if (!want_scalar(r, n, what, "an address, a prefix or \"@set\""))
		return false;
	error = peer_parse(n->text, n->length, ret, &err);
	if (error) {
		note_error(r, n->place, error, &err);
		return false;
	}
	if (ret->kind == PEER_SET)
		note_set(r, ret->set, n->place);
	return true;
}
