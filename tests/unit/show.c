// SPDX-License-Identifier: GPL-2.0-only
/* Words of strangers in messages, and the words that were meant. */
#include "policy/show.h"
#include "unit/policy_help.h"

Test(show, plain_words_are_shown_as_they_are)
{
	cr_assert_str_eq(SHOW_STRING("allow"), "allow");
	cr_assert_str_eq(SHOW("", 0), "");
}

Test(show, what_a_terminal_could_obey_is_escaped)
{
	cr_assert_str_eq(SHOW("a\x1b[2J\n\xc3", 7), "a\\x1b[2J\\x0a\\xc3");
	cr_assert_str_eq(SHOW("a\0b", 3), "a\\x00b");
}

Test(show, long_words_are_cut)
{
	char word[1000], buffer[SHOW_BYTES];

	for (size_t fill = 0; fill < 2; fill++) {
		memset(word, fill ? '\x01' : 'x', sizeof(word));
		for (size_t length = 0; length < sizeof(word); length++) {
			(void)show_text(buffer, word, length);
			cr_assert_lt(strlen(buffer), SHOW_BYTES);
		}
		cr_assert_not_null(strstr(buffer, "..."));
	}
}

static const char *const words[] = { "enforce", "audit", "off", "comment", "in", NULL };

static const char *meant(const char *word)
{
	const char *found = nearest_word(word, strlen(word), words);

	return found ? found : "";
}

Test(nearest, a_slip_of_the_fingers_is_forgiven)
{
	cr_assert_str_eq(meant("enforec"), "enforce");
	cr_assert_str_eq(meant("enfroce"), "enforce");
	cr_assert_str_eq(meant("AUDIT"), "audit");
	cr_assert_str_eq(meant("coment"), "comment");
	cr_assert_str_eq(meant("inn"), "in");
}

Test(nearest, other_words_are_not_taken_for_slips)
{
	cr_assert_str_eq(meant("firewall"), "");
	cr_assert_str_eq(meant(""), "");
	cr_assert_str_eq(meant("xyz"), "");
	cr_assert_str_eq(meant("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "");
}
