// SPDX-License-Identifier: GPL-2.0-only
/* check: a policy file that is only read, compiled too; and its rules that are not what they seem. */
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "config.h"
#include "config_look.h"
#include "policy/compile.h"
#include "policy/diff.h"
#include "policy/show.h"

static void warn_text(void *data, const char *file, size_t line, size_t column, const char *text)
{
	(void)data;
	(void)fprintf(stderr, "%s:%zu:%zu: warning: %s\n", SHOW_STRING(file), line, column, text);
}

static void warn_json(void *data, const char *file, size_t line, size_t column, const char *text)
{
	struct json *j = data;

	json_object(j);
	json_member_string(j, "file", file);
	json_member_u64(j, "line", line);
	json_member_u64(j, "column", column);
	json_member_string(j, "text", text);
	json_object_end(j);
}

static int check(const char *path, const struct boundary_world *boundary, struct policy *ret,
		 struct pg_error *err)
{
	_cleanup_compiled_ struct compiled compiled = { 0 };
	int r = config_load_warned(path, boundary, ret, err);

	r = r ? r : policy_number(ret, NULL, err);
	return r ? r : policy_compile(ret, &compiled, err);
}

static int check_json(const char *path, struct pg_error *err)
{
	_cleanup_policy_ struct policy policy = { 0 };
	_cleanup_json_ struct json j = JSON_INIT;
	const struct boundary_world boundary = { &j, config_look, config_logs_in, warn_json };
	int r;

	json_object(&j);
	json_key(&j, "warnings");
	json_array(&j);
	r = check(path, &boundary, &policy, err);
	if (r)
		return r;
	json_array_end(&j);
	json_member_u64(&j, "rules", policy.rule_count);
	json_object_end(&j);
	return print_json(&j, err);
}

int cmd_check(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	static const struct boundary_world boundary = { NULL, config_look, config_logs_in,
							warn_text };
	_cleanup_policy_ struct policy policy = { 0 };
	int left = take_options(argc, argv, NULL, 0, err), r;
	const char *path = left ? argv[1] : DEFAULT_CONFIG;

	if (left < 0)
		return left;
	if (left > 1)
		return usage_error(err, "check takes one file");
	if (ctx->json)
		return check_json(path, err);
	r = check(path, &boundary, &policy, err);
	if (r)
		return r;
	(void)printf("%s: %zu rule%s, no mistakes\n", path, policy.rule_count,
		     policy.rule_count == 1 ? "" : "s");
	return print_done(err);
}
