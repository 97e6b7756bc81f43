// SPDX-License-Identifier: GPL-2.0-only
/* Which rules are no boundary; see boundary.h. */
#include "policy/boundary.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/show.h"
#include "util/cleanup.h"

/* They do what a script says, or are many programs in one file. Without the version: python3.11 is python. */
static const char *const interpreters[] = {
	"ash",    "awk",    "bash",   "beam.smp", "bun",    "busybox", "csh",     "dash",
	"deno",   "dotnet", "emacs",  "expect",   "fish",   "gawk",    "gdb",     "guile",
	"java",   "julia",  "ksh",    "lua",      "luajit", "mawk",    "mksh",    "mono",
	"nc",     "ncat",   "node",   "nodejs",   "perl",   "php",     "php-fpm", "pypy",
	"python", "qemu",   "R",      "rbash",    "ruby",   "sh",      "socat",   "ssh",
	"tclsh",  "tcsh",   "toybox", "vim",      "wish",   "zsh",
};

/* What these start runs as the file that it is. */
static const char *const starters[] = {
	"chroot",  "doas",   "env",    "ionice", "nice", "nohup",   "nsenter", "pkexec",  "runuser",
	"setpriv", "setsid", "stdbuf", "su",     "sudo", "taskset", "timeout", "unshare", "xargs",
};

static bool is_one_of(const char *name, size_t length, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == length && !memcmp(words[i], name, length))
			return true;
	return false;
}

/* python3.11, perl5.36; qemu-x86_64; and the loader of all programs, ld-linux-x86-64.so.2. */
static bool is_interpreter(const char *name)
{
	size_t length = strcspn(name, "0123456789");

	if (!strncmp(name, "qemu-", 5) || !strcmp(name, "ld.so") ||
	    (!strncmp(name, "ld-", 3) && strstr(name, ".so")))
		return true;
	if (is_one_of(name, strlen(name), interpreters, ARRAY_SIZE(interpreters)))
		return true;
	while (length && strchr("-.", name[length - 1]))
		length--;
	return is_one_of(name, length, interpreters, ARRAY_SIZE(interpreters));
}

static bool is_starter(const char *name)
{
	return is_one_of(name, strlen(name), starters, ARRAY_SIZE(starters));
}

static int __attribute__((format(printf, 2, 3))) say(char **ret, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(ret, format, ap);
	va_end(ap);
	if (n >= 0)
		return 0;
	*ret = NULL;
	return -ENOMEM;
}

static int warn_of_file(const struct rule *rule, const struct boundary_file *f, char **ret)
{
	const char *exe = SHOW_STRING(rule->exe), *said = strrchr(rule->exe, '/') + 1;
	const char *name = f->name[0] ? f->name : said;

	if (f->script)
		return say(ret,
			   "'by exe %s' matches nothing: it is a script, and what runs is its "
			   "interpreter",
			   exe);
	if (is_starter(said) || is_starter(name))
		return say(ret,
			   "'by exe %s' matches nothing that %s starts: that runs as the file that "
			   "it is",
			   exe, SHOW_STRING(said));
	if (is_interpreter(said) || is_interpreter(name))
		return say(ret,
			   "'by exe %s' is no boundary: %s does whatever it is told by those who "
			   "may run it",
			   exe, SHOW_STRING(name));
	if (f->writer[0])
		return say(
			ret,
			"'by exe %s' is no boundary: %s can put another file there, by writing %s",
			exe, SHOW_STRING(f->writer), SHOW_STRING(f->written));
	if (f->set_id)
		return say(ret,
			   "'by exe %s' is no boundary: it is set-id, so that whoever starts it "
			   "has it done "
			   "with the rights of its owner",
			   exe);
	return 0;
}

static int warn_of_user(const struct rule *rule, const struct boundary_world *world, char **ret)
{
	const char *user = SHOW_STRING(rule->user);

	if (rule->verdict == PG_DENY && !rule->uid)
		return say(ret, "'by user %s' is no boundary: root can do it as any other user",
			   user);
	if (rule->verdict == PG_ALLOW && rule->uid && world->logs_in &&
	    world->logs_in(world->data, rule->uid))
		return say(ret,
			   "'by user %s' is no boundary against %s: who can log in as that user "
			   "can do the "
			   "same with %s",
			   user, user, rule->exe ? "that file" : "any program");
	return 0;
}

int boundary_warning(const struct rule *rule, bool elsewhere, const struct boundary_world *world,
		     char **ret)
{
	struct boundary_file file = { .name = "" };
	int r = 0;

	*ret = NULL;
	if (rule->exe && rule->verdict == PG_DENY)
		return say(ret,
			   "'by exe %s' is no boundary: a copy of the file is another file, which "
			   "is not refused",
			   SHOW_STRING(rule->exe));
	if (rule->exe && !elsewhere && world->look)
		world->look(world->data, rule->exe, &file);
	if (rule->exe)
		r = warn_of_file(rule, &file, ret);
	if (!r && !*ret && rule->user)
		r = warn_of_user(rule, world, ret);
	return r;
}
