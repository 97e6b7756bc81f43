// SPDX-License-Identifier: GPL-2.0-only
/* Paths have one spelling, and a pattern's * stays in its directory. */
#include "policy/paths.h"
#include "unit/policy_help.h"

Test(paths, have_one_spelling)
{
	static const char *const good[] = { "/", "/a", "/usr/sbin/nginx", "/a b/..c", "/.hidden", "/\xc3\xa9" };
	static const char *const bad[] = { "", "a", "./a", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a/.",
					   "/a\nb", "/\xff", "/a\x7f" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		cr_assert_null(path_mistake(good[i], strlen(good[i])), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_not_null(path_mistake(bad[i], strlen(bad[i])), "%s", bad[i]);
}

Test(paths, are_cut_at_what_the_kernel_takes)
{
	char path[5000];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	cr_assert_null(path_mistake(path, 4095));
	cr_assert_not_null(path_mistake(path, 4096));
}

Test(paths, patterns_close_their_brackets_and_have_no_double_star)
{
	static const char *const good[] = { "a", "*", "ci-*", "[a-z]?", "[]]", "[!]]x", "dev-a\\x2db.service", "a*b*c" };
	static const char *const bad[] = { "", "[", "a[b", "[]", "[!]", "[a/b]", "**", "a/**", "a\n", "\xff" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		cr_assert_null(pattern_mistake(good[i], strlen(good[i])), "%s", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		cr_assert_not_null(pattern_mistake(bad[i], strlen(bad[i])), "%s", bad[i]);
}

Test(paths, a_star_stops_at_a_slash_and_a_backslash_is_itself)
{
	cr_assert(pattern_matches("/system.slice/*", "/system.slice/nginx.service"));
	cr_assert_not(pattern_matches("/system.slice/*", "/system.slice/a/b"));
	cr_assert_not(pattern_matches("/system.slice/*", "/system.slice"));
	cr_assert_not(pattern_matches("/a?b", "/a/b"));
	cr_assert_not(pattern_matches("/a[!x]b", "/a/b"));
	cr_assert(pattern_matches("dev-a\\x2db.service", "dev-a\\x2db.service"));
	cr_assert_not(pattern_matches("dev-a\\x2db.service", "dev-ax2db.service"));
	cr_assert(pattern_matches("app@*.service", "app@1.service"));
	cr_assert(pattern_matches("ci-[0-9]", "ci-7"));
	cr_assert_not(pattern_matches("ci", "ci-7"));
}
