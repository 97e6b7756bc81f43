// SPDX-License-Identifier: GPL-2.0-only
/* Rules that are no boundary: which are warned of, with what words and where, and which are not. */
#include "policy/boundary.h"
#include "unit/lib/file_help.h"

/* A machine with a few files; of users, 33 may log in. */
static void look(void *data, const char *path, struct boundary_file *ret)
{
	static const struct {
		const char *path;
		struct boundary_file file;
	} files[] = {
		{ "/usr/sbin/nginx", { .name = "nginx" } },
		{ "/opt/serve", { .name = "python3.11" } },
		{ "/usr/bin/script", { .name = "script.sh", .script = true } },
		{ "/home/www/server", { .name = "server", .writer = "user www", .written = "/home/www" } },
		{ "/usr/bin/passwd", { .name = "passwd", .set_id = true } },
		{ "/srv/web", { .name = "web", .writer = "everybody", .written = "/srv" } },
	};

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(path, files[i].path))
			*ret = files[i].file;
}

static bool logs_in(void *data, uint32_t uid)
{
	(void)data;
	return uid == 0 || uid == 33;
}

/* Every warning of a file, a line each. */
struct heard {
	char text[4096];
};

static void warn(void *data, const char *file, size_t line, size_t column, const char *text)
{
	struct heard *h = data;
	size_t used = strlen(h->text);

	(void)snprintf(h->text + used, sizeof(h->text) - used, "%s:%zu:%zu: %s\n", file, line, column, text);
}

static void expect_warnings(const char *text, const char *warnings)
{
	struct heard heard = { .text = "" };
	const struct boundary_world boundary = { &heard, look, logs_in, warn };
	const struct policy_world asked = { .service = help_service, .user = help_user,
					    .read_file = read_set, .boundary = &boundary };
	const struct policy_text file = { "policy.yaml", text, strlen(text) };
	struct pg_error err = PG_ERROR_INIT;
	_cleanup_policy_ struct policy p = { .mode = PG_MODE_OFF };

	cr_assert_eq(policy_parse(&file, 1, &asked, &p, &err), 0, "%s", err.text);
	cr_assert_str_eq(heard.text, warnings);
}

/* @warning: without its place; NULL: none. */
static void expect(const char *sentence, const char *warning)
{
	char text[256], warnings[512];

	(void)snprintf(text, sizeof(text), V "rules:\n  - '%s'\n", sentence);
	(void)snprintf(warnings, sizeof(warnings), "policy.yaml:3:5: %s\n", warning ?: "");
	expect_warnings(text, warning ? warnings : "");
}

Test(boundary, interpreters_do_what_they_are_told)
{
	expect("allow bind 80 by exe /usr/bin/perl5.36",
	       "'by exe /usr/bin/perl5.36' is no boundary: perl5.36 does whatever it is told by those who may run it");
	expect("allow bind 80 by exe /opt/serve",
	       "'by exe /opt/serve' is no boundary: python3.11 does whatever it is told by those who may run it");
	static const char *const more[] = { "sh", "bash", "node", "ruby3.1", "java", "php8.2", "busybox", "lua5.4",
					    "python3-dbg", "ld-linux-x86-64.so.2", "ld-2.31.so", "qemu-x86_64" };

	for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
		char sentence[128], warning[256];

		(void)snprintf(sentence, sizeof(sentence), "allow out 80 by exe /bin/%s", more[i]);
		(void)snprintf(warning, sizeof(warning),
			       "'by exe /bin/%s' is no boundary: %s does whatever it is told by those who may run it",
			       more[i], more[i]);
		expect(sentence, warning);
	}
}

Test(boundary, what_only_starts_others_is_none_of_them)
{
	expect("allow bind 80 by exe /usr/bin/env",
	       "'by exe /usr/bin/env' matches nothing that env starts: that runs as the file that it is");
	expect("allow bind 80 by exe /usr/bin/script",
	       "'by exe /usr/bin/script' matches nothing: it is a script, and what runs is its interpreter");
}

Test(boundary, a_file_that_others_write_is_what_they_make_of_it)
{
	expect("allow bind 80 by exe /home/www/server",
	       "'by exe /home/www/server' is no boundary: user www can put another file there, by writing /home/www");
	expect("allow bind 80 by exe /srv/web",
	       "'by exe /srv/web' is no boundary: everybody can put another file there, by writing /srv");
	expect("allow bind 80 by exe /usr/bin/passwd",
	       "'by exe /usr/bin/passwd' is no boundary: it is set-id, so that whoever starts it has it done with the "
	       "rights of its owner");
}

Test(boundary, a_denied_file_is_copied_and_root_is_anybody)
{
	expect("deny out 25 by exe /usr/sbin/nginx",
	       "'by exe /usr/sbin/nginx' is no boundary: a copy of the file is another file, which is not refused");
	expect("reject out 25 by exe /usr/sbin/nginx",
	       "'by exe /usr/sbin/nginx' is no boundary: a copy of the file is another file, which is not refused");
	expect("deny bind 80 by user root", "'by user root' is no boundary: root can do it as any other user");
	expect("deny bind 80 by user 0", "'by user 0' is no boundary: root can do it as any other user");
}

Test(boundary, who_logs_in_can_do_the_same)
{
	expect("allow bind 80 by user www",
	       "'by user www' is no boundary against www: who can log in as that user can do the same with any "
	       "program");
	expect("allow bind 80 by user www by exe /usr/sbin/nginx",
	       "'by user www' is no boundary against www: who can log in as that user can do the same with that file");
}

Test(boundary, of_what_holds_nothing_is_said)
{
	expect("allow bind 80 by exe /usr/sbin/nginx", NULL);
	expect("allow bind 80 by exe /usr/sbin/absent", NULL);
	expect("allow bind 80 by user 34", NULL);
	expect("deny bind 80 by user www", NULL);
	expect("allow bind 80 by user root", NULL);
	expect("allow 80 from 192.0.2.7", NULL);
	expect("allow out 80 by exe /usr/bin/shell", NULL);
	expect("allow out 80 by exe /usr/bin/2to3", NULL);
}

Test(boundary, each_is_told_with_its_line_and_once_a_sentence)
{
	expect_warnings(V "rules:\n  - allow bind http,domain by exe /bin/sh\n  - allow 80\n"
			  "  - \"deny bind 81 by user root\"\n",
			"policy.yaml:3:5: 'by exe /bin/sh' is no boundary: sh does whatever it is told by those who "
			"may run it\n"
			"policy.yaml:5:5: 'by user root' is no boundary: root can do it as any other user\n");
}

Test(boundary, a_containers_files_are_not_this_machines)
{
	expect_warnings(V "scopes:\n  - {container: web, rules: [allow bind 80 by exe /srv/web]}\n", "");
	expect_warnings(V "scopes:\n  - {container: web, rules: [allow bind 80 by exe /bin/sh]}\n",
			"policy.yaml:3:30: 'by exe /bin/sh' is no boundary: sh does whatever it is told by those who "
			"may run it\n");
	expect_warnings(V "scopes:\n  - {unit: web.service, rules: [allow bind 80 by exe /srv/web]}\n",
			"policy.yaml:3:33: 'by exe /srv/web' is no boundary: everybody can put another file there, by "
			"writing /srv\n");
}

Test(boundary, mistakes_come_first)
{
	const char *text = V "rules:\n  - allow bind 80 by exe /bin/sh\n  - alow 80\n";
	struct heard heard = { .text = "" };
	const struct boundary_world boundary = { &heard, look, logs_in, warn };
	const struct policy_world asked = { .service = help_service, .user = help_user, .boundary = &boundary };
	struct policy p = { .mode = PG_MODE_OFF };

	cr_assert_eq(policy_parse(&(struct policy_text){ "policy.yaml", text, strlen(text) }, 1, &asked, &p, NULL),
		     -EINVAL);
	cr_assert_str_eq(heard.text, "");
}
