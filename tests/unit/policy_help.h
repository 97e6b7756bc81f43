/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of user/policy/ share: a world with a few services, sentences to rules and back, and
 * a small generator of random numbers that gives the same ones in every run.
 */
#ifndef PORTGUARD_TESTS_POLICY_HELP_H
#define PORTGUARD_TESTS_POLICY_HELP_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/peer.h"
#include "policy/rule.h"
#include "util/cleanup.h"

#define FAIL(...) cr_assert(false, __VA_ARGS__)

static inline size_t help_service(void *data, const char *name, struct failsafe_port *out, size_t max)
{
	static const struct {
		const char *name;
		uint16_t port;
		unsigned protos;
	} services[] = {
		{ "http", 80, RULE_TCP }, { "ssh", 22, RULE_TCP }, { "smtp", 25, RULE_TCP },
		{ "domain", 53, RULE_TCP }, { "domain", 53, RULE_UDP }, { "tftp", 69, RULE_UDP },
		{ "iso-tsap", 102, RULE_TCP }, { "9pfs", 564, RULE_TCP },
	};
	size_t count = 0;

	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (!strcmp(services[i].name, name) && count < max)
			out[count++] = (struct failsafe_port){ { services[i].port, services[i].port },
							       services[i].protos };
	return count;
}

/* www is 33, www2 too; nobody can be asked of `broken`. */
static inline int help_user(void *data, const char *name, uint32_t *ret)
{
	(void)data;
	if (!strcmp(name, "broken"))
		return -EIO;
	if (strncmp(name, "www", 3) && strcmp(name, "root"))
		return -ENOENT;
	*ret = name[0] == 'w' ? 33 : 0;
	return 0;
}

/* Arguments of rule_parse(): the words of a sentence, and how many. */
#define WORDS(...) (const char *const[]){ __VA_ARGS__ }, ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ }))

static const struct policy_world help_world = { .service = help_service, .user = help_user };

/* The rules of a sentence that is good, added to @p; returns how many. */
static inline size_t add_rules(struct policy *p, const char *sentence)
{
	struct pg_error err = PG_ERROR_INIT;
	struct rule *rules = NULL;
	size_t count = 0;

	if (rule_parse(&sentence, 1, false, &help_world, &rules, &count, NULL, &err))
		FAIL("'%s' was refused: %s", sentence, err.text);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(policy_add_rule(p, &rules[i]), 0);
	free(rules);
	return count;
}

/* What a sentence becomes: the texts of its rules, joined by " + "; freed by the caller. */
static inline char *canonical(const char *sentence)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };
	char *text = calloc(1, 1);
	size_t count = add_rules(&p, sentence);

	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *one = rule_print(&p.rules[i], true), *joined = NULL;

		cr_assert_neq(asprintf(&joined, "%s%s%s", text, i ? " + " : "", one), -1);
		free(text);
		text = TAKE_PTR(joined);
	}
	return text;
}

static inline void expect_text(const char *got, const char *want)
{
	cr_assert_not_null(got);
	cr_assert_str_eq(got, want);
}

struct good_sentence {
	const char *sentence, *canonical;
};

/* Each becomes its canonical text, and that itself; what becomes several rules is no sentence again. */
static inline void expect_canonical(const struct good_sentence *good, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *text = canonical(good[i].sentence), *again = NULL;

		expect_text(text, good[i].canonical);
		if (strstr(text, " + "))
			continue;
		again = canonical(text);
		expect_text(again, text);
	}
}

static inline void address_of(const char *text, uint8_t address[16])
{
	struct prefix p;

	cr_assert_eq(prefix_parse(text, strlen(text), &p, NULL), 0);
	memcpy(address, p.address, 16);
}

/* xorshift32: good enough to mix rules, and the same everywhere. */
static inline uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline uint32_t pick(uint32_t *state, uint32_t below)
{
	return next_random(state) / 7 % below;
}

#endif
