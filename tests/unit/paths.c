// SPDX-License-Identifier: GPL-2.0-only
/* Paths have one spelling, and a pattern's * stays in its directory. */
#include "policy/paths.h"

#include <fnmatch.h>

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
	static const char *const good[] = { "a", "*", "ci-*", "[a-z]?", "[]]", "[!]]x", "dev-a\\x2db.service", "a*b*c",
					    "[a-]", "[-a]", "[]-a]", "[^a]", "[a-z0-9_.-]", "[[]", "]", "a-z",
					    "[abcdefghijklmnopqrstuvwxyz0123456789_]" };
	static const char *const bad[] = { "", "[", "a[b", "[]", "[!]", "[!", "[a/b]", "[a-/]", "[/", "**", "a/**",
					   "a\n", "\xff", "[z-a]", "[[:alpha:]]", "[[.a.]]", "[a[=b=]]", "[\xc3\xa9]",
					   "[a-", "[a-]x[" };

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

/* --- glob.h against fnmatch(3), of which it is a part --------------------------------------------- */

/* The same numbers on every machine (xorshift). */
static unsigned below(unsigned *seed, unsigned most)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % most;
}

static void make_text(unsigned *seed, const char *letters, unsigned most, char *to)
{
	unsigned length = below(seed, most + 1);

	for (unsigned i = 0; i < length; i++)
		to[i] = letters[below(seed, strlen(letters))];
	to[length] = '\0';
}

static void compare(const char *pattern, const char *text, size_t *matches)
{
	bool wanted = !fnmatch(pattern, text, FNM_PATHNAME | FNM_NOESCAPE);

	*matches += wanted;
	cr_assert_eq(pattern_matches(pattern, text), wanted, "'%s' on '%s': want %d", pattern, text, wanted);
}

Test(paths, patterns_match_as_fnmatch_has_it)
{
	unsigned seed = 1;
	size_t matches = 0, compared = 0;

	for (unsigned i = 0; i < 400000; i++) {
		char pattern[16], text[16];

		make_text(&seed, i & 1 ? "ab/*?[]!^-\\." : "aab/**?", 10, pattern);
		make_text(&seed, i & 2 ? "ab/-]!\\.[^" : "aab/", 8, text);
		if (pattern_mistake(pattern, strlen(pattern)))
			continue;
		compared++;
		compare(pattern, text, &matches);
	}
	cr_assert_gt(compared, 100000);
	cr_assert_gt(matches, 2000, "%zu of %zu: too few to tell", matches, compared);
}

Test(paths, brackets_match_as_fnmatch_has_it)
{
	unsigned seed = 7;
	size_t matches = 0, compared = 0;

	for (unsigned i = 0; i < 200000; i++) {
		char inner[16], pattern[32], text[3] = { 0 };

		make_text(&seed, "abcz09-]!^[\\.", 8, inner);
		(void)snprintf(pattern, sizeof(pattern), "[%s]%s", inner, i & 1 ? "x" : "");
		text[0] = "abcz059-]!^[\\./"[below(&seed, 15)];
		text[1] = i & 1 ? 'x' : '\0';
		if (pattern_mistake(pattern, strlen(pattern)))
			continue;
		compared++;
		compare(pattern, text, &matches);
	}
	cr_assert_gt(compared, 100000);
	cr_assert_gt(matches, 10000, "%zu of %zu: too few to tell", matches, compared);
}

Test(paths, brackets_hold_what_they_say)
{
	static const struct {
		const char *pattern, *fit, *none;
	} cases[] = {
		{ "[abc]", "abc", "dA]" },	 { "[a-c]", "abc", "d-" },	{ "[!a-c]", "d-!^]", "abc/" },
		{ "[^a-c]", "d-!^]", "abc/" },	 { "[]]", "]", "[a" },		{ "[!]]", "[a", "]/" },
		{ "[a-]", "a-", "b]" },		 { "[-a]", "-a", "b" },		{ "[]-a]", "]^_`a", "\\b-" },
		{ "[+-0]", "+,-.0", "/1" },	 { "[a-c-e]", "abc-e", "d" },	{ "[a^!]", "a^!", "b" },
		{ "?", "a]*?", "/" },		 { "[\\]", "\\", "]" },		{ "[[]", "[", "]" },
		{ "[*?]", "*?", "ab" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[2] = "";

		cr_assert_null(pattern_mistake(cases[i].pattern, strlen(cases[i].pattern)));
		for (const char *c = cases[i].fit; *c; c++) {
			text[0] = *c;
			cr_expect(pattern_matches(cases[i].pattern, text), "%s %c", cases[i].pattern, *c);
		}
		for (const char *c = cases[i].none; *c; c++) {
			text[0] = *c;
			cr_expect_not(pattern_matches(cases[i].pattern, text), "%s %c", cases[i].pattern, *c);
		}
		cr_expect_not(pattern_matches(cases[i].pattern, ""), "%s", cases[i].pattern);
	}
}

Test(paths, a_full_bracket_is_read_to_its_end)
{
	const char *pattern = "[abcdefghijklmnopqrstuvwxyz012345]x";

	cr_assert(pattern_matches(pattern, "5x"));
	cr_assert(pattern_matches(pattern, "ax"));
	cr_assert_not(pattern_matches(pattern, "6x"));
	cr_assert_not(pattern_matches(pattern, "]x"));
}

Test(paths, long_texts_match_to_the_limit_and_no_further)
{
	char text[1100], pattern[1100];

	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[1024] = '\0';
	memcpy(pattern, text, 1025);
	cr_assert(pattern_matches("/*a", text));
	cr_assert(pattern_matches(pattern, text));
	pattern[1023] = '*';
	cr_assert(pattern_matches(pattern, text));
	pattern[1] = '*';
	pattern[1023] = 'b';
	cr_assert_not(pattern_matches(pattern, text));
	text[1024] = 'a';
	text[1025] = '\0';
	cr_assert_not(pattern_matches("/*a", text));
}
