// SPDX-License-Identifier: GPL-2.0-only
/* From the files' policy to the one that runs: ids, counters and runtime rules stay. */
#include <time.h>

#include "policy/diff.h"
#include "unit/policy_help.h"

static void make(struct policy *p, const char *const *sentences, enum rule_origin origin)
{
	cr_assert_eq(policy_init(p), 0);
	for (; *sentences; sentences++)
		(void)add_rules(p, *sentences);
	for (size_t i = 0; i < p->rule_count; i++)
		p->rules[i].origin = origin;
}

#define MAKE(p, origin, ...) make(p, (const char *const[]){ __VA_ARGS__, NULL }, origin)

Test(merge, rules_that_run_keep_their_ids_and_counters)
{
	_cleanup_policy_ struct policy running, file;

	MAKE(&running, ORIGIN_FILE, "allow 80", "allow 443");
	cr_assert_eq(policy_number(&running, NULL, NULL), 0);
	running.rules[1].hits_base = 9;
	running.rules[1].until_ns = 10;
	running.panic = true;
	MAKE(&file, ORIGIN_FILE, "allow 443 comment new", "allow 1");
	cr_assert_eq(policy_merge(&running, &file, false), 0);
	cr_assert_eq(file.rules[0].id, running.rules[1].id);
	cr_assert_eq(file.rules[0].hits_base, 9);
	cr_assert_eq(file.rules[0].until_ns, 10);
	cr_assert(file.panic);
	cr_assert_str_eq(file.rules[0].comment, "new");
	cr_assert_eq(file.rules[1].id, 0);
}

Test(merge, runtime_rules_stay_unless_the_files_are_all_that_counts)
{
	_cleanup_policy_ struct policy running, file, exact;

	MAKE(&running, ORIGIN_RUNTIME, "allow 80", "allow 8080");
	cr_assert_eq(policy_number(&running, NULL, NULL), 0);
	MAKE(&file, ORIGIN_FILE, "allow 80");
	cr_assert_eq(policy_copy(&file, &exact), 0);
	cr_assert_eq(policy_merge(&running, &file, false), 0);
	cr_assert_eq(file.rule_count, 2);
	cr_assert_eq(file.rules[0].origin, ORIGIN_FILE);
	cr_assert_eq(file.rules[1].origin, ORIGIN_RUNTIME);
	cr_assert_eq(file.rules[1].id, running.rules[1].id);
	cr_assert_eq(policy_merge(&running, &exact, true), 0);
	cr_assert_eq(exact.rule_count, 1);
}

Test(merge, rules_of_former_files_go)
{
	_cleanup_policy_ struct policy running, file;

	MAKE(&running, ORIGIN_FILE, "allow 80");
	MAKE(&file, ORIGIN_FILE, "allow 443");
	cr_assert_eq(policy_merge(&running, &file, false), 0);
	cr_assert_eq(file.rule_count, 1);
}

Test(number, new_ids_are_those_that_nobody_has)
{
	_cleanup_policy_ struct policy p, before;

	MAKE(&before, ORIGIN_FILE, "allow 1", "allow 2");
	before.rules[0].id = 1;
	before.rules[1].id = 3;
	MAKE(&p, ORIGIN_FILE, "allow 2", "allow 3", "allow 4");
	p.rules[0].id = 3;
	cr_assert_eq(policy_number(&p, &before, NULL), 0);
	cr_assert_eq(p.rules[0].id, 3);
	cr_assert_eq(p.rules[1].id, 2);
	cr_assert_eq(p.rules[2].id, 4);
}

Test(number, there_is_an_end_to_ids)
{
	_cleanup_policy_ struct policy p;
	struct pg_error err = PG_ERROR_INIT;
	char text[32];

	cr_assert_eq(policy_init(&p), 0);
	for (unsigned i = 1; i <= PG_MAX_RULES; i++) {
		(void)snprintf(text, sizeof(text), "allow %u", i);
		(void)add_rules(&p, text);
	}
	cr_assert_eq(policy_number(&p, NULL, &err), 0);
	cr_assert_eq(p.rules[PG_MAX_RULES - 1].id, PG_MAX_RULES);
	(void)add_rules(&p, "allow 60000");
	cr_assert_eq(policy_number(&p, NULL, &err), -E2BIG);
	cr_assert_eq(err.exit, PG_EXIT_POLICY);
	cr_assert_not_null(strstr(err.text, "too many"));
}

Test(merge, ten_thousand_rules_merge_in_milliseconds)
{
	_cleanup_policy_ struct policy a, b;
	char text[32];
	clock_t start;

	cr_assert_eq(policy_init(&a), 0);
	for (unsigned i = 1; i <= 10000; i++) {
		(void)snprintf(text, sizeof(text), "allow %u", i);
		(void)add_rules(&a, text);
		a.rules[i - 1].origin = i % 2 ? ORIGIN_RUNTIME : ORIGIN_FILE;
	}
	cr_assert_eq(policy_copy(&a, &b), 0);
	start = clock();
	cr_assert_eq(policy_merge(&a, &b, false), 0);
	cr_assert_eq(b.rule_count, 10000);
	cr_assert_lt(clock() - start, CLOCKS_PER_SEC / 2);
}
