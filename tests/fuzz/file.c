/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as one or two policy files: mistakes that each say where they are, or a policy that goes through
 * its image unchanged, compiles, and whose rules can be saved and read back, and outlive an apply.
 */
#include <ctype.h>

#include "fuzz/world.h"
#include "policy/compile.h"
#include "policy/diff.h"
#include "policy/file.h"
#include "policy/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int same_text(void *data, const char *path, char **ret_text, size_t *ret_length)
{
	const struct policy_text *file = data;

	(void)path;
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
static void through_merging(const struct policy *p)
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

/* Two files, where a line `%%` is between them. */
static void split_files(const uint8_t *data, size_t size, struct policy_text files[2])
{
	static const char between[] = "\n%%\n";
	const char *text = (const char *)data, *cut = size ? memmem(text, size, between, 4) : NULL;

	files[0] = (struct policy_text){ "a.yaml", text, cut ? (size_t)(cut - text) + 1 : size };
	files[1] = (struct policy_text){ "b.yaml", "version: 1\n", 11 };
	if (cut)
		files[1] = (struct policy_text){ "b.yaml", cut + 4, size - (size_t)(cut + 4 - text) };
}

/* FILE:LINE:COLUMN: words, the line, a caret; nothing that a terminal obeys. */
static void check_words(const struct pg_error *err)
{
	const char *at = strchr(err->text, ':');

	must(err->exit == PG_EXIT_POLICY && at && isdigit((unsigned char)at[1]));
	at += 1 + strspn(at + 1, "0123456789");
	must(*at == ':' && isdigit((unsigned char)at[1]));
	at += 1 + strspn(at + 1, "0123456789");
	must(!strncmp(at, ": ", 2) && isgraph((unsigned char)at[2]) && strstr(at, "\n"));
	for (at = err->text; *at; at++)
		must(*at == '\n' || ((unsigned char)*at >= ' ' && *at != 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_policy_ struct policy p = { .mode = PG_MODE_ENFORCE };
	_cleanup_compiled_ struct compiled c = { .groups = NULL };
	struct policy_text files[2];
	struct policy_world world = { .data = files, .user = fuzz_user, .service = fuzz_service,
				      .read_file = same_text };
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
	through_merging(&p);
	return 0;
}
