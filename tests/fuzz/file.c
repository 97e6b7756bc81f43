/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as one or two policy files and one of a set: mistakes that each say where they are, or a policy
 * that goes through its image unchanged, compiles, and whose rules can be saved and read back, and outlive an
 * apply.
 */
#include <ctype.h>

#include "fuzz/world.h"
#include "policy/compile.h"
#include "policy/diff.h"
#include "policy/file.h"
#include "policy/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every file of a set is the last of the three, but for those that are not there. */
static int set_text(void *data, const char *path, char **ret_text, size_t *ret_length)
{
	const struct policy_text *file = data;

	if (path[0] == '/')
		return -ENOENT;
	*ret_text = malloc(file->length + 1);
	must(*ret_text);
	memcpy(*ret_text, file->text, file->length);
	*ret_length = file->length;
	return 0;
}

static void through_image(const struct policy *p)
{
	_cleanup_policy_ struct policy again;
	_cleanup_free_ char *text = NULL, *same = NULL, *difference = NULL;
	size_t length, same_length;

	text = image_write(p, &length);
	must(text && !image_read(text, length, &again, NULL));
	must(policy_equal(p, &again));
	same = image_write(&again, &same_length);
	must(same && same_length == length && !memcmp(same, text, length));
	difference = policy_diff(p, &again);
	must(difference && !*difference);
}

static void through_copy(const struct policy *p)
{
	_cleanup_policy_ struct policy copy;

	must(!policy_copy(p, &copy) && policy_equal(p, &copy));
}

/* What 90-local.yaml says beside the files that say sets and scopes. */
static void through_saving(struct policy *p)
{
	_cleanup_policy_ struct policy again = { .mode = PG_MODE_ENFORCE };
	const struct policy_world world = { .user = fuzz_user, .sets_of = p };
	_cleanup_free_ char *text = NULL;
	struct policy_text file = { .name = "90-local.yaml" };

	for (size_t i = 0; i < p->rule_count; i++)
		p->rules[i].origin = ORIGIN_RUNTIME;
	text = policy_print_local(p);
	must(text);
	file.text = text;
	file.length = strlen(text);
	must(!policy_parse(&file, 1, &world, &again, NULL));
	must(again.rule_count == p->rule_count);
	for (size_t i = 0; i < p->rule_count && i < 100; i++)
		must(policy_find_rule(&again, &p->rules[i]) >= 0);
}

/* Runtime rules stay, but for those whose scope is gone. */
static void into_nothing(const struct policy *p)
{
	_cleanup_policy_ struct policy none;
	_cleanup_free_ char *orphans = NULL;
	size_t scoped = 0;

	for (size_t i = 0; i < p->rule_count; i++)
		scoped += p->rules[i].scope != NULL;
	must(!policy_init(&none));
	orphans = policy_orphans(p, &none);
	must(orphans && !*orphans == !scoped);
	must(!policy_merge(p, &none, false));
	must(none.rule_count == p->rule_count - scoped);
}

/* Rules that are there already keep their ids, and nothing is there twice. */
static void into_itself(const struct policy *p)
{
	_cleanup_policy_ struct policy next;

	must(!policy_copy(p, &next));
	for (size_t i = 0; i < next.rule_count; i++)
		next.rules[i].id = 0;
	must(!policy_merge(p, &next, false) && policy_equal(p, &next));
	must(!policy_number(&next, p, NULL));
	for (size_t i = 0; i < next.rule_count; i++)
		must(next.rules[i].id == p->rules[i].id);
}

/* Text in three parts, where lines `%%` are between them. */
static void split_files(const uint8_t *data, size_t size, struct policy_text files[3])
{
	static const char between[] = "\n%%\n";
	const char *text = (const char *)data, *end = text + size;

	files[0] = (struct policy_text){ "a.yaml", "", 0 };
	files[1] = (struct policy_text){ "b.yaml", "version: 1\n", 11 };
	files[2] = (struct policy_text){ "set", "192.0.2.0/24\n", 13 };
	for (int i = 0; i < 3; i++) {
		const char *cut = text < end && i < 2 ? memmem(text, (size_t)(end - text), between, 4) : NULL;

		files[i].text = text;
		files[i].length = (size_t)((cut ? cut + 1 : end) - text);
		if (!cut)
			return;
		text = cut + 4;
	}
}

/* `:12:3: word`: after the name of a file, which may hold the same. */
static bool is_place(const char *at)
{
	for (int i = 0; i < 2; i++) {
		if (*at++ != ':' || !isdigit((unsigned char)*at))
			return false;
		at += strspn(at, "0123456789");
	}
	return !strncmp(at, ": ", 2) && isgraph((unsigned char)at[2]);
}

/* FILE:LINE:COLUMN: words, the line, a caret; nothing that a terminal obeys. */
static void check_words(const struct pg_error *err)
{
	const char *end = strchr(err->text, '\n'), *at = err->text;

	must(err->exit == PG_EXIT_POLICY && end && strstr(end, "^"));
	while (at < end && !is_place(at))
		at++;
	must(at > err->text && at < end);
	for (at = err->text; *at; at++)
		must(*at == '\n' || ((unsigned char)*at >= ' ' && *at != 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_policy_ struct policy p = { .mode = PG_MODE_ENFORCE };
	_cleanup_compiled_ struct compiled c = { .groups = NULL };
	struct policy_text files[3];
	struct policy_world world = { .data = &files[2], .user = fuzz_user, .service = fuzz_service,
				      .read_file = set_text };
	struct pg_error err = PG_ERROR_INIT;
	int r;

	split_files(data, size, files);
	if (policy_parse(files, 2, &world, &p, &err)) {
		check_words(&err);
		return 0;
	}
	must(!policy_number(&p, NULL, NULL));
	through_image(&p);
	through_copy(&p);
	r = policy_compile(&p, &c, &err);
	must(!r || (r == -E2BIG && err.exit == PG_EXIT_POLICY && *err.text && p.rule_count > PG_MAX_LIMITS));
	through_saving(&p);
	into_nothing(&p);
	into_itself(&p);
	return 0;
}
