// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changing the policy while packets come: a thread on another CPU asks without end while rules come
 * and go. Ports that no change touches always answer the same; those that are touched answer as
 * before or as after, and nothing in between.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "bpf/lib/expect.h"
#include "bpf/lib/random_policy.h"
#include "kernel/ask.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define CHANGES 250
#define FIRST_TOUCHED 50

static const char untouched_rules[] = "sets: {one: [192.0.2.0/24], two: ['2001:db8::/32']}\n"
				      "rules: [allow 10, deny in 11 from 192.0.2.7, allow 11, "
				      "'allow 12 from @one', 'allow 12 from @two on eth0', "
				      "allow 13-20/tcp at 192.0.2.7, deny in 21/udp]";

/* What one thread asks over and over, and what may come of each question. */
struct watch {
	const struct guarded *g;
	struct pg_question questions[64];
	struct pg_decision before[64], after[64];
	size_t count;
	atomic_bool stop;
	atomic_ulong asked;
	atomic_bool failed;
	struct pg_ask odd;
};

static struct pg_decision kernel_says(const struct guarded *g, const struct pg_question *q)
{
	struct pg_ask ask = { .question = *q };

	cr_assert_eq(ask_kernel(&g->paths, &ask), 0);
	return ask.decision;
}

static bool same(struct pg_decision a, struct pg_decision b)
{
	return a.verdict == b.verdict && a.reason == b.reason && a.rule == b.rule;
}

static void *watcher(void *data)
{
	struct watch *w = data;
	cpu_set_t all;

	/* Wherever there is room: the thread that makes the changes stays on its own CPU. */
	memset(&all, 0xff, sizeof(all));
	(void)sched_setaffinity(0, sizeof(all), &all);
	while (!atomic_load(&w->stop) && !w->failed)
		for (size_t i = 0; i < w->count && !w->failed; i++) {
			struct pg_ask ask = { .question = w->questions[i] };

			w->failed = ask_kernel(&w->g->paths, &ask) ||
				    (!same(ask.decision, w->before[i]) &&
				     !same(ask.decision, w->after[i]));
			w->odd = ask;
			atomic_fetch_add(&w->asked, 1);
		}
	return NULL;
}

/* Until every question has been asked once more. */
static void wait_for_watcher(struct watch *w)
{
	unsigned long from = atomic_load(&w->asked);

	while (atomic_load(&w->asked) < from + w->count && !w->failed)
		(void)sched_yield();
}

static void start(struct watch *w, pthread_t *thread)
{
	for (size_t i = 0; i < w->count; i++)
		w->before[i] = w->after[i] = kernel_says(w->g, &w->questions[i]);
	cr_assert_eq(pthread_create(thread, NULL, watcher, w), 0);
}

static void finish(struct watch *w, pthread_t thread)
{
	wait_for_watcher(w);
	atomic_store(&w->stop, true);
	cr_assert_eq(pthread_join(thread, NULL), 0);
	cr_assert_not(w->failed, "after %lu questions port %u: verdict %u reason %u rule %u",
		      w->asked, w->odd.question.port, w->odd.decision.verdict,
		      w->odd.decision.reason, w->odd.decision.rule);
}

static void watch_untouched(struct watch *w, struct guarded *g)
{
	uint32_t random = 1;
	const char *device;

	w->g = g;
	for (w->count = 0; w->count < ARRAY_SIZE(w->questions); w->count++) {
		struct pg_question q = random_question(&random, &device);

		q.port = 8 + w->count % 16;
		w->questions[w->count] = q;
	}
}

Test(change, ports_that_no_change_touches_answer_the_same_all_the_while)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(untouched_rules);
	_cleanup_free_ struct watch *w = calloc(1, sizeof(*w));
	uint32_t random = 1123;
	pthread_t thread;

	watch_untouched(w, g);
	start(w, &thread);
	for (int i = 0; i < CHANGES && !w->failed; i++) {
		_cleanup_policy_ struct policy next = { .mode = 0 };

		cr_assert_eq(policy_copy(&g->policy, &next), 0);
		random_change(&next, &random, FIRST_TOUCHED);
		put_in_force(g, &next, !pick(&random, 4));
	}
	finish(w, thread);
}

Test(change, a_port_that_is_touched_answers_as_before_or_as_after)
{
	_cleanup_guarded_ struct guarded *g = guarded_by(untouched_rules);
	_cleanup_free_ struct watch *w = calloc(1, sizeof(*w));
	uint32_t random = 7;
	pthread_t thread;
	const char *device;

	w->g = g;
	for (; w->count < 16; w->count++) {
		w->questions[w->count] = random_question(&random, &device);
		w->questions[w->count].direction = PG_IN;
		w->questions[w->count].port = 60;
	}
	add_rule(g, "allow 60 from @one");
	for (size_t i = 0; i < w->count; i++)
		w->after[i] = kernel_says(g, &w->questions[i]);
	remove_rule(g, "allow 60 from @one");
	for (size_t i = 0; i < w->count; i++)
		w->before[i] = kernel_says(g, &w->questions[i]);
	cr_assert_eq(pthread_create(&thread, NULL, watcher, w), 0);
	for (int i = 0; i < CHANGES / 2 && !w->failed; i++) {
		add_rule(g, "allow 60 from @one");
		remove_rule(g, "allow 60 from @one");
	}
	finish(w, thread);
}

Test(change, packets_of_an_open_port_all_pass_while_others_change)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp]");

	for (int i = 0; i < 20; i++) {
		expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
		add_rule(g, "allow 443 from 192.0.2.0/24");
		expect(g, tcp(.dport = 443, .family = 4), PG_ALLOW, PG_REASON_RULE);
		expect(g, tcp(.dport = 443, .family = 6), PG_DENY, PG_REASON_NO_RULE);
		expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
		remove_rule(g, "allow 443 from 192.0.2.0/24");
		expect(g, tcp(.dport = 443), PG_DENY, PG_REASON_NO_RULE);
	}
}

Test(change, a_rule_keeps_its_counter_through_changes_around_it)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp]");

	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	add_rule(g, "allow 81/tcp");
	change_policy(g, "rules: [allow 79/tcp, allow 80/tcp]");
	for (size_t i = 0; i < g->policy.rule_count; i++)
		if (g->policy.rules[i].ports[0].first == 80)
			cr_assert_eq(state_rule_hits(&g->state, &g->policy.rules[i]), 4);
}

Test(change, the_generation_moves_with_apply_and_not_with_allow)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	const struct pg_control *c = g->state.control;
	uint64_t first = c->slots[c->slot & 1].generation;

	add_rule(g, "allow 80 from 192.0.2.0/24");
	cr_assert_eq(c->slots[c->slot & 1].generation, first);
	change_policy(g, "rules: [allow 81]");
	cr_assert_eq(c->slots[c->slot & 1].generation, first + 1);
}

Test(change, the_device_that_a_rule_names_may_come_later)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp on late0]");
	_cleanup_devices_ struct devices devices = { 0 };

	expect(g, tcp(.dport = 80), PG_DENY, PG_REASON_NO_RULE);
	free(g->policy.rules[0].on);
	g->policy.rules[0].on = strdup("eth0");
	cr_assert_eq(devices_of(&devices), 0);
	cr_assert_eq(state_resolve_devices(&g->state, &g->policy, &devices), 0);
	expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
}
