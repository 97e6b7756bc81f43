// SPDX-License-Identifier: GPL-2.0-only
/* Rules are found by what they say, and by nothing else. */
#include "policy/rule_index.h"
#include "unit/policy_help.h"

#define MANY 5000

/* What a rule is made of, at random; with few choices, so that many are equal. */
static void add_random_rule(struct policy *p, uint32_t *random)
{
	static const char *const verbs[] = { "allow", "deny", "limit 6/m", "limit 7/m", "allow out", "reject in" };
	static const char *const rests[] = { "", " from 192.0.2.7", " from 192.0.2.0/24", " from @a", " from @b",
					     " on eth0", " for 2h" };
	_cleanup_free_ char *sentence = NULL;
	uint32_t verb = pick(random, ARRAY_SIZE(verbs));
	const char *rest = verb == 4 ? " to 192.0.2.7" : rests[pick(random, ARRAY_SIZE(rests))];

	cr_assert_neq(asprintf(&sentence, "%s %u%s%s", verbs[verb], 80 + pick(random, 4),
			       pick(random, 2) ? "/tcp" : "", rest),
		      -1);
	cr_assert_eq(add_rules(p, sentence), 1);
	if (pick(random, 2))
		p->rules[p->rule_count - 1].scope = strdup(pick(random, 2) ? "web" : "db");
}

Test(rule_index, of_equal_rules_the_first_is_found)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };
	_cleanup_rule_index_ struct rule_index index = { .places = NULL };
	uint32_t random = 20061123;
	size_t repeated = 0;

	for (int i = 0; i < 1000; i++)
		add_random_rule(&p, &random);
	cr_assert_eq(rule_index_of(&p, &index), 0);
	for (size_t i = 0; i < p.rule_count; i++) {
		size_t first = (size_t)policy_find_rule(&p, &p.rules[i]);

		cr_assert_eq(rule_index_find(&index, &p.rules[i]), &p.rules[first], "rule %zu", i);
		repeated += first != i;
	}
	cr_assert(repeated > 100 && repeated < 900, "%zu are repeated", repeated);
}

Test(rule_index, what_is_no_part_of_a_sentence_does_not_count)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };
	_cleanup_rule_index_ struct rule_index index = { .places = NULL };

	(void)add_rules(&p, "allow 80 by user www comment one");
	(void)add_rules(&p, "allow 80 by user www2 comment two");
	p.rules[1].id = 7;
	p.rules[1].origin = ORIGIN_RUNTIME;
	cr_assert_eq(rule_index_open(&index, 1), 0);
	cr_assert_null(rule_index_find(&index, &p.rules[0]));
	cr_assert_null(rule_index_put(&index, &p.rules[0]));
	cr_assert_eq(rule_index_put(&index, &p.rules[1]), &p.rules[0]);
}

Test(rule_index, holds_as_many_as_it_was_opened_for)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };
	_cleanup_rule_index_ struct rule_index index = { .places = NULL };

	for (unsigned i = 0; i < MANY; i++) {
		_cleanup_free_ char *sentence = NULL;

		cr_assert_neq(asprintf(&sentence, "allow %u", i + 1), -1);
		(void)add_rules(&p, sentence);
	}
	cr_assert_eq(rule_index_open(&index, MANY), 0);
	for (size_t i = 0; i < MANY; i++)
		cr_assert_null(rule_index_put(&index, &p.rules[i]));
	for (size_t i = 0; i < MANY; i++)
		cr_assert_eq(rule_index_find(&index, &p.rules[i]), &p.rules[i]);
}
