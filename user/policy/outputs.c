// SPDX-License-Identifier: GPL-2.0-only
/*
 * `outputs:` - where events go. An output is a map with one target (file, syslog, journald, stdout); what its
 * other keys mean depends on that, so that they are only kept at first, as those of scopes are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/file.h"
#include "policy/list.h"
#include "policy/output_words.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/cleanup.h"

#define OUTPUTS_MAX 64
#define ROTATE_LEAST 4096u
#define ROTATE_MOST ((uint64_t)1 << 40)
#define ROTATE_MOST_S (366u * 86400)
#define KEEP_MOST 1000u
#define BUFFER_LEAST 65536u
#define BUFFER_MOST ((uint64_t)64 << 30)
#define MAX_MOST 1000000u

struct output_words {
	const struct node *values[OUTPUT_KEYS];
	bool wrong; /* some key was: it may have been meant for the target */
};

/* The target that stands first in the file, or TARGETS; others are mistakes. */
static enum output_key want_target(struct reader *r, const struct node *map,
				   const struct output_words *w)
{
	enum output_key first = TARGETS;

	for (enum output_key key = KEY_FILE; key < TARGETS; key++)
		if (w->values[key] && (first == TARGETS || w->values[key] < w->values[first]))
			first = key;
	for (enum output_key key = KEY_FILE; key < TARGETS; key++)
		if (w->values[key] && key != first)
			MISTAKE(r, key_of(w->values[key]),
				"'%s' is a second target: an output has one of file, syslog, "
				"journald and "
				"stdout",
				key_of(w->values[key])->text);
	if (first == TARGETS && !w->wrong)
		MISTAKE(r, map,
			"the output lacks its target: want one of file, syslog, journald and "
			"stdout");
	return first;
}

static void read_format(struct reader *r, const struct node *n, struct output *o)
{
	const char *words[FORMATS_MAX + 1] = { NULL };
	size_t count = 0;
	int choice;

	for (const struct format *f; (f = format_at(count)); count++)
		words[count] = f->name;
	choice = want_choice(r, n, "format", words);
	if (choice >= 0)
		o->format = format_at((size_t)choice);
}

/* Left out: what the target's readers expect. */
static void default_format(struct output *o)
{
	bool is_syslog = o->kind == OUTPUT_UNIX || o->kind == OUTPUT_UDP || o->kind == OUTPUT_TCP;

	if (o->kind != OUTPUT_JOURNALD)
		o->format = format_find(is_syslog ? "syslog" : "json");
}

/* Of 100M, the size, and of 1d, the age, each at most once. */
static void read_rotate_word(struct reader *r, const struct node *n, struct output *o)
{
	struct pg_error err = PG_ERROR_INIT;
	bool is_age;
	int error;

	if (!want_scalar(r, n, "rotate", "a size such as 100M, an age such as 1d, or [100M, 1d]"))
		return;
	is_age = n->length && strchr("smhd", n->text[n->length - 1]);
	if (is_age ? o->rotate_s != 0 : o->rotate_bytes != 0) {
		MISTAKE(r, n, "rotate '%s': %s is said already", SHOW(n->text, n->length),
			is_age ? "an age" : "a size");
		return;
	}
	error = is_age ? duration_parse(n->text, n->length, ROTATE_MOST_S, &o->rotate_s, &err)
		       : size_parse(n->text, n->length, ROTATE_LEAST, ROTATE_MOST, &o->rotate_bytes,
				    &err);
	if (error)
		mistakes_add(&r->mistakes, n->place, "rotate %s", err.text);
}

static void read_rotate(struct reader *r, const struct node *n, struct output *o)
{
	if (n->kind != NODE_LIST) {
		read_rotate_word(r, n, o);
		return;
	}
	if (!n->count)
		MISTAKE(r, n, "rotate: want a size such as 100M, an age such as 1d, or [100M, 1d]");
	for (size_t i = 0; i < n->count; i++)
		read_rotate_word(r, &n->children[i], o);
}

static void read_keep(struct reader *r, const struct node *n, struct output *o)
{
	struct pg_error err = PG_ERROR_INIT;

	if (want_scalar(r, n, "keep", "a number of files") &&
	    number_parse(n->text, n->length, 1, KEEP_MOST, &o->keep, &err))
		mistakes_add(&r->mistakes, n->place, "keep %s", err.text);
}

static void read_buffer(struct reader *r, const struct node *n, struct output *o)
{
	struct pg_error err = PG_ERROR_INIT;

	if (want_scalar(r, n, "buffer", "a size such as 64M") &&
	    size_parse(n->text, n->length, BUFFER_LEAST, BUFFER_MOST, &o->buffer_bytes, &err))
		mistakes_add(&r->mistakes, n->place, "buffer %s", err.text);
}

/* What is said of a target that has no use for it. */
static void refuse(struct reader *r, const struct node *n, const char *why)
{
	if (n)
		MISTAKE(r, key_of(n), "'%s': %s", key_of(n)->text, why);
}

static void read_shape(struct reader *r, const struct output_words *w, struct output *o)
{
	const struct node *const *v = w->values;

	if (o->kind == OUTPUT_JOURNALD)
		refuse(r, v[KEY_FORMAT], "journald gets fields, which have no other shape");
	else if (v[KEY_FORMAT])
		read_format(r, v[KEY_FORMAT], o);
	else
		default_format(o);
	if (o->kind != OUTPUT_FILE) {
		refuse(r, v[KEY_ROTATE], "only a file is rotated");
		refuse(r, v[KEY_KEEP], "only a file is rotated");
		return;
	}
	if (v[KEY_KEEP] && !v[KEY_ROTATE])
		refuse(r, v[KEY_KEEP], "nothing is rotated without `rotate: 100M`");
	o->keep = v[KEY_ROTATE] ? OUTPUT_KEEP : 0;
	if (v[KEY_ROTATE])
		read_rotate(r, v[KEY_ROTATE], o);
	if (v[KEY_KEEP])
		read_keep(r, v[KEY_KEEP], o);
}

static void read_filters(struct reader *r, const struct output_words *w, struct output *o)
{
	const struct node *const *v = w->values;

	if (v[KEY_MAX])
		read_lines_a_second(r, v[KEY_MAX], "max", MAX_MOST, &o->max);
	if (v[KEY_KINDS])
		read_kinds(r, v[KEY_KINDS], &o->filter);
	if (v[KEY_HOOKS])
		read_hooks(r, v[KEY_HOOKS], &o->filter);
	if (v[KEY_VERDICTS])
		read_verdicts(r, v[KEY_VERDICTS], &o->filter);
	if (v[KEY_PORTS])
		read_filter_ports(r, v[KEY_PORTS], &o->filter);
	if (v[KEY_SCOPES])
		read_filter_scopes(r, v[KEY_SCOPES], &o->filter);
}

static bool is_new(struct reader *r, const struct node *target, const struct output *o)
{
	for (size_t i = 0; i < r->policy.output_count; i++)
		if (!strcmp(r->policy.outputs[i].name, o->name)) {
			MISTAKE(r, target, "output '%s' is there already", SHOW_STRING(o->name));
			return false;
		}
	return true;
}

/* Takes the contents of @o over. */
static void add_output(struct reader *r, const struct node *target, struct output *o)
{
	struct policy *p = &r->policy;
	bool added = false;

	if (p->output_count == OUTPUTS_MAX)
		MISTAKE(r, target, "more than %d outputs", OUTPUTS_MAX);
	else if (output_name(o) || output_describe(o))
		r->mistakes.no_memory = true;
	else if (is_new(r, target, o))
		added = !list_append(&p->outputs, &p->output_count, o, sizeof(*o));
	if (!added)
		output_free(o);
}

static void keep(struct reader *r, const struct key *key, const struct node *n)
{
	r->output_words->values[key->field] = n;
}

void read_output(struct reader *r, const struct node *n)
{
	static const struct key keys[] = {
		{ "file", keep, NULL, KEY_FILE },         { "syslog", keep, NULL, KEY_SYSLOG },
		{ "journald", keep, NULL, KEY_JOURNALD }, { "stdout", keep, NULL, KEY_STDOUT },
		{ "kafka", keep, NULL, KEY_KAFKA },       { "format", keep, NULL, KEY_FORMAT },
		{ "rotate", keep, NULL, KEY_ROTATE },     { "keep", keep, NULL, KEY_KEEP },
		{ "buffer", keep, NULL, KEY_BUFFER },     { "max", keep, NULL, KEY_MAX },
		{ "kinds", keep, NULL, KEY_KINDS },       { "hooks", keep, NULL, KEY_HOOKS },
		{ "verdicts", keep, NULL, KEY_VERDICTS }, { "ports", keep, NULL, KEY_PORTS },
		{ "scopes", keep, NULL, KEY_SCOPES },
	};
	struct output_words words = { .values = { NULL } };
	struct output o = { .buffer_bytes = OUTPUT_BUFFER };
	size_t before = r->mistakes.count + r->mistakes.left_out;
	enum output_key target;
	bool good;

	if (n->bad)
		return;
	if (n->kind != NODE_MAP) {
		MISTAKE(r, n, "an output is a map such as {file: /var/log/portguard/events.jsonl}");
		return;
	}
	r->output_words = &words;
	read_map(r, n, keys, ARRAY_SIZE(keys), "an output");
	r->output_words = NULL;
	words.wrong = r->mistakes.count + r->mistakes.left_out > before;
	target = want_target(r, n, &words);
	good = target != TARGETS && read_target(r, target, words.values[target], &o);
	if (good)
		read_shape(r, &words, &o);
	if (words.values[KEY_BUFFER])
		read_buffer(r, words.values[KEY_BUFFER], &o);
	read_filters(r, &words, &o);
	if (r->mistakes.count + r->mistakes.left_out > before || r->mistakes.no_memory)
		output_free(&o);
	else
		add_output(r, words.values[target], &o);
}

void read_outputs(struct reader *r, const struct key *key, const struct node *n)
{
	if (!want_list(r, n, key->name, "{file: /var/log/portguard/events.jsonl}"))
		return;
	r->policy.outputs_said = true;
	for (size_t i = 0; i < n->count; i++)
		read_output(r, &n->children[i]);
}

int output_parse(const char *text, struct output *ret)
{
	_cleanup_(reader_free) struct reader r = { .scope = -1 };
	struct node node = { .kind = NODE_MAP };
	int error = mistakes_add_source(&r.mistakes, "output", (char *)text, strlen(text), false);

	if (error)
		return error;
	if (tree_read(&r.mistakes, 0, &node))
		read_output(&r, &node);
	node_free(&node);
	if (r.mistakes.no_memory)
		return -ENOMEM;
	if (r.mistakes.count || r.policy.output_count != 1)
		return -EINVAL;
	*ret = r.policy.outputs[0];
	r.policy.output_count = 0;
	return 0;
}
