/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of policy files share: files of texts, and the files of sets that they may name. */
#ifndef PORTGUARD_TESTS_FILE_HELP_H
#define PORTGUARD_TESTS_FILE_HELP_H

#include "policy/file.h"
#include "unit/policy_help.h"

static inline int read_blocked(void *data, const char *path, char **ret_text, size_t *ret_length)
{
	static const char good[] = "# from the feed\n192.0.2.0/24\n\n  2001:db8::/32  # a documentation prefix\n";
	static const char bad[] = "192.0.2.0/24\n192.0.2.7/24\n";
	const char *text = !strcmp(path, "bad.txt") ? bad : good;

	(void)data;
	if (strcmp(path, "blocked.txt") && strcmp(path, "bad.txt"))
		return -ENOENT;
	*ret_text = strdup(text);
	*ret_length = strlen(text);
	return 0;
}

static const struct policy_world world = { .service = help_service, .user = help_user,
					   .read_file = read_blocked };

static inline int parse_texts(const char *const *texts, size_t count, struct policy *p, struct pg_error *err)
{
	static const char *const names[] = { "policy.yaml", "policy.d/10.yaml", "policy.d/20.yaml" };
	struct policy_text files[3];

	for (size_t i = 0; i < count; i++)
		files[i] = (struct policy_text){ names[i], texts[i], strlen(texts[i]) };
	return policy_parse(files, count, &world, p, err);
}

static inline void parse_good(const char *text, struct policy *p)
{
	struct pg_error err = PG_ERROR_INIT;

	if (parse_texts(&text, 1, p, &err))
		FAIL("refused: %s\nin: %s", err.text, text);
}

#define V "version: 1\n"

#endif
