// SPDX-License-Identifier: GPL-2.0-only
/* What allow, deny, remove and save share; see edit.h. */
#include "cmd/edit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/print.h"
#include "config.h"
#include "kernel/cut.h"
#include "policy/file.h"
#include "policy/rule.h"
#include "policy/scope.h"
#include "util/cleanup.h"
#include "util/file.h"

#define TOLD_MAX 1024 /* bytes: more is cut where it is told */
#define LARGEST_FILE (16u << 20)

int edit_words(int argc, char **argv, struct edit_words *ret, struct pg_error *err)
{
	const struct option_word options[] = {
		{ .name = "--permanent", .flag = &ret->permanent },
		{ .name = "--dry-run", .flag = &ret->dry_run },
		{ .name = "--force", .flag = &ret->force },
		{ .name = "--scope", .value = &ret->scope },
		{ .name = "--cut", .flag = &ret->cut },
	};
	int left;

	*ret = (struct edit_words){ 0 };
	left = take_options(argc, argv, options, ARRAY_SIZE(options), err);
	if (left < 0)
		return left;
	ret->words = (const char *const *)argv + 1;
	ret->count = left;
	return 0;
}

int edit_scope(const struct policy *p, const struct edit_words *w, const struct scope **ret,
	       struct pg_error *err)
{
	*ret = NULL;
	return w->scope ? scope_want(p, w->scope, ret, err) : 0;
}

/* The rules that portguard itself has written before; none if there is no such file. */
static int read_local(const char *path, const struct policy *running, struct policy *ret,
		      struct pg_error *err)
{
	_cleanup_free_ char *text = NULL;
	struct policy_text file = { .name = path };
	struct policy_world world;
	char directory[PATH_MAX];
	char *slash;
	int r = file_read(path, LARGEST_FILE, &text, &file.length);

	if (r == -ENOENT || r == -ENOTDIR)
		return policy_init(ret);
	if (r)
		return pg_fail(err, r, PG_EXIT_NO_FILE, "save: %s: %s", path, strerror(-r));
	(void)snprintf(directory, sizeof(directory), "%s", path);
	slash = strrchr(directory, '/');
	if (slash)
		*slash = '\0';
	config_world(&world, directory);
	world.sets_of = running;
	file.text = text;
	r = policy_parse(&file, 1, &world, ret, err);
	if (r == -EINVAL)
		err->places = true;
	return r;
}

/* As readable as the files in it: `check` needs no root. What is missing above it is root's alone. */
static int make_policy_directory(const char *path)
{
	if (mkdir(path, 0755))
		return errno == EEXIST ? 0 : errno == ENOENT ? make_directories(path) : -errno;
	return chmod(path, 0755) ? -errno : 0; /* whatever the umask */
}

static int write_local(const char *path, struct policy *local, struct pg_error *err)
{
	_cleanup_free_ char *text = NULL, *directory = strdup(path);
	int r;

	for (size_t i = 0; i < local->rule_count; i++)
		local->rules[i].origin = ORIGIN_RUNTIME;
	text = policy_print_local(local);
	if (!text || !directory)
		return -ENOMEM;
	*strrchr(directory, '/') = '\0';
	r = make_policy_directory(directory);
	r = r ? r : file_write(path, text, strlen(text), 0644);
	return r ? pg_fail(err, r, PG_EXIT_OUTPUT, "save: %s: %s", path, strerror(-r)) : 0;
}

void edit_told_free(struct edit_told *told)
{
	free(told->before);
	free(told->after);
}

int edit_tell_rule(char **list, const struct rule *rule)
{
	_cleanup_free_ char *line = NULL;
	char *longer;

	if (*list && strlen(*list) > TOLD_MAX)
		return 0;
	line = rule_print_line(rule, true);
	if (!line || asprintf(&longer, "%s%s%s", *list ? *list : "", *list ? "; " : "", line) < 0)
		return -ENOMEM;
	free(*list);
	*list = longer;
	return 0;
}

/* Rules that were added by hand join the local ones, and count as the file's from now on. */
static int adopt_rules(struct policy *running, struct policy *local, char **ret_told)
{
	_cleanup_policy_ struct policy copy = { 0 };
	int r = policy_copy(running, &copy);

	for (size_t i = 0; !r && i < copy.rule_count; i++) {
		if (copy.rules[i].origin != ORIGIN_RUNTIME || copy.rules[i].for_s)
			continue;
		running->rules[i].origin = ORIGIN_FILE;
		r = edit_tell_rule(ret_told, &copy.rules[i]);
		if (!r && policy_find_rule(local, &copy.rules[i]) < 0)
			r = policy_add_rule(local, &copy.rules[i]);
	}
	return r;
}

static bool has_scoped_rules(const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].scope)
			return true;
	return false;
}

/*
 * Rules of a scope that the policy's files do not have would be mistakes there: what is in force was applied from
 * elsewhere. Files that are wrong already are not asked.
 */
static int check_scopes(const struct policy *local, const char *config, struct pg_error *err)
{
	_cleanup_policy_ struct policy files = { 0 };
	const struct scope *scope;

	if (!has_scoped_rules(local) || config_load(config, &files, NULL))
		return 0;
	for (size_t i = 0; i < local->rule_count; i++) {
		const char *name = local->rules[i].scope;

		if (!name || !scope_want(&files, name, &scope, NULL))
			continue;
		(void)pg_fail(err, -EINVAL, PG_EXIT_POLICY,
			      "save: %s and its policy.d have no scope '%s'", config, name);
		return pg_help(err, -EINVAL,
			       "write the scope there first, or leave its rules until reboot");
	}
	return 0;
}

int save_rules(struct guard *g, const struct policy *gone, const char *action, struct pg_error *err)
{
	_cleanup_policy_ struct policy local = { 0 }, next = { 0 };
	_cleanup_edit_told_ struct edit_told saved = { .action = action };
	struct guard_told told = { .action = action };
	const struct guard_change how = { .force = true, .told = action ? &told : NULL };
	char path[PATH_MAX], text[PATH_MAX + 64];
	bool changed;
	int r;

	if (!g->state.meta->config[0]) {
		(void)pg_fail(err, -ENOENT, PG_EXIT_NO_FILE,
			      "save: this guard was started without a policy file");
		return -ENOENT;
	}
	r = config_local_path(g->state.meta->config, path, sizeof(path));
	r = r ? r : read_local(path, &g->policy, &local, err);
	r = r ? r : policy_copy(&g->policy, &next);
	r = r ? r : adopt_rules(&next, &local, &saved.after);
	for (size_t i = local.rule_count; !r && gone && i-- > 0;)
		if (policy_find_rule(gone, &local.rules[i]) >= 0)
			policy_remove_rule(&local, i);
	r = r ? r : check_scopes(&local, g->state.meta->config, err);
	r = r ? r : write_local(path, &local, err);
	if (r)
		return r;
	(void)snprintf(text, sizeof(text), "kept in %s", path);
	/* It is in force: the agent need not read the files for it, which may be others than were applied. */
	g->state.meta->saved = config_watch_local(g->state.meta->config);
	told.after = saved.after;
	told.text = text;
	return guard_change(g, &next, &how, &changed, err);
}

/* Save what was changed, in the file too; what cannot be saved is not done either. */
static int edit_save(struct guard *g, struct policy *before, struct pg_error *err)
{
	const struct guard_change back = { .force = true };
	_cleanup_policy_ struct policy gone = { 0 };
	uint64_t noted = g->noted_at;
	bool changed;
	int r = policy_copy(before, &gone);

	for (size_t i = gone.rule_count; !r && i-- > 0;)
		if (policy_find_rule(&g->policy, &gone.rules[i]) >= 0)
			policy_remove_rule(&gone, i);
	r = r ? r : save_rules(g, &gone, NULL, err);
	if (r && !guard_change(g, before, &back, &changed, NULL))
		guard_note_drop(g, noted);
	return r;
}

/* "added: allow 80/tcp"; for good: in the file, too. */
static char *edit_sentence(const struct edit_words *w, const struct edit_told *told)
{
	const char *did = !told->after ? "removed" : told->before ? "said again" : "added";
	char *text;

	return asprintf(&text, "%s%s: %s", did, w->permanent ? " for good" : "",
			told->after ? told->after : told->before) < 0
		       ? NULL
		       : text;
}

int edit_finish(const struct pg_context *ctx, struct guard *g, struct policy *next,
		const struct edit_words *w, const struct edit_told *told, struct pg_error *err)
{
	_cleanup_free_ char *text = edit_sentence(w, told);
	const struct guard_told tell = {
		.action = told->action, .before = told->before, .after = told->after, .text = text
	};
	struct guard_change how = { .force = w->force, .dry_run = w->dry_run, .told = &tell };
	_cleanup_policy_ struct policy before = { 0 };
	bool changed;
	int r = text ? policy_copy(&g->policy, &before) : -ENOMEM;

	r = r ? r : guard_change(g, next, &how, &changed, err);
	if (r)
		return r;
	if (w->dry_run)
		return print_difference(ctx, &before, next, NULL, err);
	r = w->cut ? cut_connections(&before, &g->policy, err) : 0;
	if (r >= 0 && w->permanent)
		r = edit_save(g, &before, err);
	return r < 0 ? r : 0;
}
