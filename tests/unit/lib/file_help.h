/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of policy files share: files of texts, and the files of sets that they may name. */
#ifndef PORTGUARD_TESTS_FILE_HELP_H
#define PORTGUARD_TESTS_FILE_HELP_H

#include "policy/file.h"
#include "unit/policy_help.h"

/* Files of sets, good ones and bad ones. */
static inline int read_set(void *data, const char *path, char **ret_text, size_t *ret_length)
{
	static const struct {
		const char *path, *text;
		int error;
	} files[] = {
		{ "blocked.txt", "# from the feed\n192.0.2.0/24\n\n  2001:db8::/32  # a documentation prefix\n", 0 },
		{ "windows.txt", "192.0.2.0/24\r\n2001:db8::/32\r\n", 0 },
		{ "bad.txt", "192.0.2.0/24\n192.0.2.7/24\n", 0 },
		{ "names.txt", "# names\n\tgateway # ours\n", 0 },
		{ "two.txt", "192.0.2.1 192.0.2.2\n", 0 },
		{ "list.txt", "192.0.2.1, 192.0.2.2\n", 0 },
		{ "yaml.txt", "- 192.0.2.1\n", 0 },
		{ "sets.txt", "@office\n", 0 },
		{ "port.txt", "192.0.2.1:80\n", 0 },
		{ "latin.txt", "192.0.2.1\n\xe4\n", 0 },
		{ "escape.txt", "192.0.2.1\x1b[2J\n", 0 },
		{ "all.txt", "any\n", 0 },
		{ "secret.txt", NULL, -EACCES },
		{ ".", NULL, -EISDIR },
	};

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (strcmp(path, files[i].path))
			continue;
		if (files[i].error)
			return files[i].error;
		*ret_text = strdup(files[i].text);
		*ret_length = strlen(files[i].text);
		return 0;
	}
	return -ENOENT;
}

static const struct policy_world world = { .service = help_service, .user = help_user,
					   .read_file = read_set };

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

/* Refused, the result untouched, and the first line of what is said of it is this: FILE:LINE:COLUMN: words. */
static inline void expect_first(const char *const *texts, size_t count, const char *said)
{
	_cleanup_free_ char *line = NULL;
	struct pg_error err = PG_ERROR_INIT;
	struct policy p = { .mode = PG_MODE_OFF };

	cr_assert_eq(parse_texts(texts, count, &p, &err), -EINVAL, "not refused: %s", texts[0]);
	cr_assert_eq(err.exit, PG_EXIT_POLICY);
	cr_assert_eq(p.mode, PG_MODE_OFF, "the result was touched");
	line = strndup(err.text, strcspn(err.text, "\n"));
	if (strcmp(line, said))
		FAIL("of: %s\nwanted: %s\ngot: %s", texts[0], said, err.text);
}

struct wrong_file {
	const char *text, *said;
};

/* @said begins with line and column of policy.yaml. */
static inline void expect_first_of_each(const struct wrong_file *wrong, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *said = NULL;

		cr_assert_neq(asprintf(&said, "policy.yaml:%s", wrong[i].said), -1);
		expect_first(&wrong[i].text, 1, said);
	}
}

#define V "version: 1\n"

#endif
