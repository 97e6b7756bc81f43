// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a policy file: mistakes that say where they are, or a policy that goes through its
 * image unchanged, compiles, and whose rules can be saved and read back.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile.h"
#include "policy/diff.h"
#include "policy/file.h"
#include "policy/image.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

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

static void through_saving(struct policy *p)
{
	_cleanup_policy_ struct policy again = { .mode = PG_MODE_ENFORCE };
	_cleanup_free_ char *text = NULL;
	struct policy_text file = { .name = "90-local.yaml" };

	for (size_t i = 0; i < p->rule_count; i++) {
		p->rules[i].origin = ORIGIN_RUNTIME;
		if (p->rules[i].remote.kind == PEER_SET || p->rules[i].at.kind == PEER_SET)
			return;		/* its set is not saved with it */
	}
	text = policy_print_local(p);
	must(text);
	file.text = text;
	file.length = strlen(text);
	must(!policy_parse(&file, 1, NULL, &again, NULL));
	must(again.rule_count == p->rule_count);
	for (size_t i = 0; i < p->rule_count; i++)
		must(rule_equal(&p->rules[i], &again.rules[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_policy_ struct policy p = { .mode = PG_MODE_ENFORCE };
	_cleanup_compiled_ struct compiled c = { .groups = NULL };
	struct policy_text files[2] = { { "a.yaml", (const char *)data, size }, { "b.yaml", "version: 1\n", 11 } };
	struct policy_world world = { .data = files, .read_file = same_text };
	struct pg_error err = PG_ERROR_INIT;

	if (policy_parse(files, 2, &world, &p, &err)) {
		must(strchr(err.text, ':') && err.exit == PG_EXIT_POLICY);
		return 0;
	}
	must(!policy_number(&p, NULL, NULL));
	through_image(&p);
	if (policy_compile(&p, &c, &err))
		must(err.exit == PG_EXIT_POLICY && *err.text && p.rule_count > PG_MAX_LIMITS);
	through_saving(&p);
	return 0;
}
