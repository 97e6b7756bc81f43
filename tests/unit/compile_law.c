// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiled policy says what the law says. The law is written down a second time in lib/law.c, as
 * plainly as can be, and asked every question of a small universe for hundreds of random policies; who
 * asks, when, and whether there are tokens changes at random.
 */
#include "unit/lib/law.h"
#include "unit/policy_help.h"

/* --- random policies --------------------------------------------------------------------------- */

static const char *const port_words[] = {
	"22", "80", "68", "546", "5353", "22,80", "20-25", "60-5353", "any", "80/tcp", "22/tcp",
	"68/udp", "546/udp", "5353/udp", "any/udp", "79-81,22/tcp", "1-65535", "22,20-25",
};
static const char *const peer_words[] = {
	"192.0.2.7", "192.0.2.0/24", "192.0.0.0/16", "0.0.0.0/0", "::/0", "2001:db8::/32",
	"2001:db8::7", "fe80::/10", "@one", "@two", "@none", "128.0.0.0/1", "::/80", "8000::/1",
};
static const char *const remote_words[] = {
	"192.0.2.7", "192.0.2.8", "192.0.9.9", "10.0.0.1", "200.1.1.1", "2001:db8::7", "2001:db8::8",
	"::1", "fe80::1", "0.0.0.0", "::",
};
static const char *const local_words[] = {
	"192.0.2.7", "127.0.0.1", "224.0.0.251", "ff02::fb", "2001:db8::7", "::", "0.0.0.0",
};
static const char *const device_words[] = { "eth0", "eth1", "wlan0", NULL };
static const uint16_t ports[] = { 0, 1, 20, 22, 23, 25, 68, 79, 80, 81, 546, 5353, 65535 };

#define PICK(list) list[pick(random, ARRAY_SIZE(list))]

static void random_rule(struct policy *p, uint32_t *random)
{
	static const char *const directions[] = { "", "", "bind ", "in ", "out ", "out " };
	const char *direction = PICK(directions);
	bool out = !strcmp(direction, "out "), in = !out && strcmp(direction, "bind ");
	char text[200];
	int used = snprintf(text, sizeof(text), "%s %s%s", pick(random, 3) ? "allow" : "deny",
			    direction, PICK(port_words));

	if (in && pick(random, 2))
		used += snprintf(text + used, sizeof(text) - (size_t)used, " from %s", PICK(peer_words));
	if (out && pick(random, 3))
		used += snprintf(text + used, sizeof(text) - (size_t)used, " to %s", PICK(peer_words));
	if (!out && !pick(random, 3))
		used += snprintf(text + used, sizeof(text) - (size_t)used, " at %s", PICK(peer_words));
	if (in && !pick(random, 4))
		(void)snprintf(text + used, sizeof(text) - (size_t)used, " on %s",
			       device_words[pick(random, 2)]);
	(void)add_rules(p, text);
}

static const char *const paths[] = { "/a", "/b", "/c", "/none" };
static const char *const scopes[] = { "web", "db", "ci" };

/* What a path means: some files by several names, and one name differs in a scope. */
static const uint64_t *files_of(const char *scope, const char *path)
{
	static const uint64_t a[4] = { 1, 2 }, b[4] = { 2, 3 }, c[4] = { 4, 5 }, web_a[4] = { 3 };

	switch (path[1]) {
	case 'a':
		return scope && !strcmp(scope, "web") ? web_a : a;
	case 'b':
		return b;
	case 'c':
		return c;
	}
	return NULL;
}

static int identities(void *data, const char *scope, const char *path, struct exe_identity *ret,
		      size_t max, size_t *ret_count)
{
	const uint64_t *files = files_of(scope, path);

	(void)data;
	if (!files)
		return -ENOENT;
	for (*ret_count = 0; *ret_count < max && files[*ret_count]; ++*ret_count)
		ret[*ret_count] = (struct exe_identity){ .inode = files[*ret_count], .device = 1 };
	return 0;
}

static const struct exe_world exe_world = { .identities = identities };

#define NOW 1000000000000u

/* What a sentence cannot say here is added by hand. */
static void qualify(struct rule *r, uint32_t *random, int *limits)
{
	bool by = r->directions != RULE_IN && !pick(random, 3);

	if (by && pick(random, 2)) {
		r->user = strdup("somebody");
		r->uid = pick(random, 2) * 1000;
	} else if (by) {
		r->exe = strdup(PICK(paths));
	}
	if (!pick(random, 3)) {
		r->for_s = 1 + pick(random, 3);
		r->until_ns = pick(random, 6) ? NOW - 2 + pick(random, 5) : 0;
	}
	if (r->verdict == PG_DENY) {
		r->reject = !pick(random, 3);
	} else {
		r->log = !pick(random, 4);
		if (*limits < 3 && r->directions != RULE_BIND && !pick(random, 3)) {
			r->limit.per_second_x1000 = 1000;
			++*limits;
		}
	}
}

static void random_scopes(struct policy *p, uint32_t *random)
{
	p->scope_count = pick(random, ARRAY_SIZE(scopes) + 1);
	p->scopes = calloc(p->scope_count + 1, sizeof(*p->scopes));
	for (size_t i = 0; i < p->scope_count; i++) {
		p->scopes[i].name = strdup(scopes[i]);
		p->scopes[i].inherit = !pick(random, 3);
		p->scopes[i].defaults_said = pick(random, 3) ? 0 : pick(random, 8);
		for (int d = 0; d < PG_DIRECTION_COUNT; d++)
			p->scopes[i].defaults[d] = pick(random, 4) ? PG_DENY : PG_ALLOW;
	}
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->scope_count && pick(random, 2))
			p->rules[i].scope = strdup(p->scopes[pick(random, p->scope_count)].name);
}

static void random_set(struct policy *p, const char *name, uint32_t *random)
{
	struct set set = { .name = strdup(name), .count = 1 + pick(random, 4) };

	set.prefixes = calloc(set.count, sizeof(*set.prefixes));
	for (size_t i = 0; i < set.count; i++) {
		const char *word = "@";

		while (*word == '@')
			word = PICK(peer_words);
		cr_assert_eq(prefix_parse(word, strlen(word), &set.prefixes[i], NULL), 0);
	}
	cr_assert_eq(policy_add_set(p, &set), 0);
}

static void random_policy(struct policy *p, uint32_t *random)
{
	static const struct failsafe_port wide = { { 79, 80 }, RULE_TCP | RULE_UDP };
	uint32_t count = 1 + pick(random, 9), first = 1 + pick(random, 9);
	int limits = 0;

	cr_assert_eq(policy_init(p), 0);
	p->essentials = pick(random, 4);
	p->defaults[PG_BIND] = pick(random, 3) ? PG_DENY : PG_ALLOW;
	p->defaults[PG_IN] = pick(random, 3) ? PG_DENY : PG_ALLOW;
	p->defaults[PG_OUT] = pick(random, 3) ? PG_ALLOW : PG_DENY;
	if (pick(random, 2))
		p->failsafe[0] = wide;
	random_set(p, "one", random);
	random_set(p, "two", random);
	for (uint32_t i = 0; i < count; i++)
		random_rule(p, random);
	for (size_t i = 0; i < p->rule_count; i++)
		qualify(&p->rules[i], random, &limits);
	random_scopes(p, random);
	/* Ids fall where the order rises: neither may matter. */
	for (size_t i = 0; i < p->rule_count; i++)
		p->rules[i].id = first + (uint32_t)(p->rule_count - i) * 3;
}

static void explain_more(const struct rule *r)
{
	(void)fprintf(stderr, " [scope %s uid %d exe %s until %d limit %u%s%s]\n", r->scope ? r->scope : "-",
		      r->user ? (int)r->uid : -1, r->exe ? r->exe : "-",
		      r->for_s ? (int)(r->until_ns - NOW) : 99, r->limit.per_second_x1000,
		      r->log ? " log" : "", r->reject ? " reject" : "");
}

static void explain_difference(const struct policy *p, const struct question *q,
			       struct pg_decision got, struct pg_decision want)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		_cleanup_free_ char *text = rule_print(&p->rules[i], false);

		(void)fprintf(stderr, "%u: %s", p->rules[i].id, text);
		explain_more(&p->rules[i]);
	}
	FAIL("direction %d proto %d port %u remote %s:%u local %s on %s uid %u exe %u fresh %u: "
	     "verdict %u reason %u rule %u, the law says %u %u %u",
	     q->direction, q->proto, q->port, q->remote, q->remote_port, q->local,
	     q->device ? q->device : "?", q->uid, (unsigned)q->exe, q->fresh,
	     got.verdict, got.reason, got.rule, want.verdict,
	     want.reason, want.rule);
}

struct asked {
	const struct policy *policy;
	const struct compiled *compiled;
	struct law_world law;
	uint32_t *random;
};

static uint32_t tokens; /* a bit for each rule; the same for both sides */

static bool has_token(uint32_t rule)
{
	return tokens >> rule % 32 & 1;
}

static bool take_token(void *data, uint32_t rule, const struct pg_question *q)
{
	(void)data;
	cr_assert_eq(q->fresh, PG_FRESH_YES);
	return has_token(rule);
}

static void compare(const struct asked *a, const struct question *q, struct pg_decision got,
		    struct pg_decision want)
{
	if (got.verdict != want.verdict || got.reason != want.reason || got.rule != want.rule ||
	    got.flags != want.flags)
		explain_difference(a->policy, q, got, want);
}

static void ask_scopes(const struct asked *a, const struct question *q, const struct pg_question *k,
		       const struct circumstances *in)
{
	uint32_t *random = a->random;
	size_t numbers[3], count = 0, start = pick(random, 3);

	for (size_t i = 0; i < a->policy->scope_count; i++)
		if (pick(random, 2))
			numbers[count++] = (start + i) % a->policy->scope_count + 1;
	compare(a, q, compiled_decide_scopes(a->compiled, a->policy, numbers, count, k, in),
		law_decide_scopes(&a->law, numbers, count, q));
}

static void ask_union(const struct asked *a, const struct question *q, const struct pg_question *k,
		      const struct circumstances *in)
{
	bool want = law_union(&a->law, q);
	struct pg_decision got = compiled_decide_union(a->compiled, k, in);

	if ((got.verdict == PG_ALLOW) != want || got.flags)
		explain_difference(a->policy, q, got,
				   (struct pg_decision){ .verdict = want ? PG_ALLOW : PG_DENY });
}

/* Returns whether the attempt is allowed. */
static bool ask(struct asked *a, const struct question *q)
{
	struct pg_question k = to_kernel(q);
	struct circumstances in = { .interface = q->device, .take_token = take_token };
	struct pg_decision got;

	in.now_ns = a->law.now_ns = NOW - 2 + pick(a->random, 6);
	tokens = next_random(a->random);
	got = compiled_decide_in(a->compiled, a->policy, &k, &in);
	compare(a, q, got, law_decide(&a->law, NULL, a->policy->defaults[q->direction], q));
	if (a->policy->scope_count) {
		ask_scopes(a, q, &k, &in);
		if (q->direction == PG_IN)
			ask_union(a, q, &k, &in);
	}
	return got.verdict == PG_ALLOW &&
	       !compiled_may_allow_at(a->compiled, a->policy, q->direction, q->proto, q->port, in.now_ns);
}

static bool same_family(const char *a, const char *b)
{
	return !strchr(a, ':') == !strchr(b, ':');
}

static void ask_all(struct asked *a, struct question q)
{
	uint32_t *random = a->random;

	for (size_t r = 0; r < ARRAY_SIZE(remote_words); r++)
		for (size_t l = 0; l < ARRAY_SIZE(local_words); l++) {
			q.remote = remote_words[r];
			q.local = local_words[l];
			q.device = PICK(device_words);
			q.remote_port = q.port == 68 ? 67 : q.port == 546 ? 547 : 40000;
			q.uid = pick(random, 3) * 1000;
			q.exe = pick(random, 7);
			q.fresh = pick(random, 3);
			if (same_family(q.remote, q.local) && ask(a, &q))
				FAIL("port %u is allowed, and may_allow says no", q.port);
		}
}

static void ask_every_question(const struct policy *p, const struct compiled *c, uint32_t *random)
{
	struct asked a = { p, c, { p, 0, files_of, has_token }, random };
	struct question q = { .port = 0 };

	for (q.direction = PG_BIND; q.direction < PG_DIRECTION_COUNT; q.direction++)
		for (q.proto = PG_TCP; q.proto <= PG_UDP; q.proto++)
			for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
				q.port = ports[i];
				ask_all(&a, q);
			}
}

static void check_intervals(const struct intervals *l)
{
	cr_assert(l->count && !l->list[0].first && l->list[l->count - 1].last == 65535);
	for (size_t i = 1; i < l->count; i++) {
		cr_assert_eq(l->list[i].first, l->list[i - 1].last + 1);
		cr_assert_neq(l->list[i].answer, l->list[i - 1].answer);
	}
}

/* A group names only groups before it, and chains are as short as the kernel walks them. */
static size_t check_answer(const struct compiled *c, uint32_t answer, size_t below)
{
	size_t deepest = 0;
	const struct group *g;

	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
		return 0;
	cr_assert(PG_ANSWER_NUMBER(answer) && PG_ANSWER_NUMBER(answer) <= below);
	below = PG_ANSWER_NUMBER(answer) - 1;
	g = &c->groups[below];
	deepest = check_answer(c, g->base, below);
	if (g->rule) {
		size_t other = check_answer(c, g->otherwise, below);

		cr_assert(!g->dimensions && !g->count);
		deepest = other > deepest ? other : deepest;
	}
	for (size_t i = 0; i < g->count; i++) {
		size_t other = check_answer(c, g->cases[i].answer, below);

		cr_assert(!i || case_compare(&g->cases[i - 1], &g->cases[i]) < 0);
		deepest = other > deepest ? other : deepest;
	}
	return deepest + 1;
}

static void check_ports(const struct compiled *c, const struct intervals *l)
{
	check_intervals(l);
	for (size_t i = 0; i < l->count; i++)
		cr_assert_leq(check_answer(c, l->list[i].answer, c->group_count), PG_MAX_STEPS);
}

static void check_form(const struct compiled *c)
{
	for (size_t proto = 0; c->scope_count && proto < PG_PROTO_COUNT; proto++)
		check_ports(c, &c->ports[PG_PORT_SCOPES][proto]);
	for (size_t d = 0; d < PG_PORT_DIRECTIONS; d++)
		for (size_t proto = 0; proto < PG_PROTO_COUNT; proto++) {
			check_ports(c, &c->ports[d][proto]);
			for (size_t i = 0; i < c->scope_count; i++) {
				cr_assert_eq(c->scopes[i].answers >> d & 1,
					     c->scopes[i].ports[d][proto].count != 0);
				if (c->scopes[i].answers >> d & 1)
					check_ports(c, &c->scopes[i].ports[d][proto]);
			}
		}
	for (size_t i = 0; i < c->group_count; i++)
		for (size_t j = 0; j < i; j++)
			cr_assert_not(group_equal(&c->groups[i], &c->groups[j]));
	for (size_t i = 1; i < c->fact_count; i++)
		cr_assert_lt(c->facts[i - 1].id, c->facts[i].id);
}

static void free_scopes(struct policy *p)
{
	for (size_t i = 0; i < p->scope_count; i++)
		free(p->scopes[i].name);
	free(p->scopes);
	p->scopes = NULL;
	p->scope_count = 0;
}

Test(compile_law, says_what_the_law_says_for_random_policies)
{
	uint32_t random = 20061123;

	for (int round = 0; round < 600; round++) {
		_cleanup_policy_ struct policy p;
		_cleanup_compiled_ struct compiled c;

		random_policy(&p, &random);
		cr_assert_eq(policy_compile_exes(&p, &exe_world, &c, NULL), 0);
		check_form(&c);
		ask_every_question(&p, &c, &random);
		free_scopes(&p);
	}
}
