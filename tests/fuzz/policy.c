/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any text as a policy file: what is compiled of it decides as the law does (tests/unit/lib/law.c), asked
 * at random about the ports, addresses, users and times that the policy names, and what lies beside them.
 */
#include "fuzz/world.h"
#include "policy/diff.h"
#include "policy/file.h"
#include "policy/peer.h"
#include "unit/lib/law.h"

#define QUESTIONS 48
#define LAW_RULES 64	/* the law asks each rule about each question */
#define ADDRESSES 32
#define NOW 1000000000000u

/* xorshift32, seeded by the input, so that a finding is found again. */
struct asking {
	const struct policy *policy;
	const struct compiled *compiled;
	struct law_world law;
	uint32_t random;
	uint8_t addresses[ADDRESSES][16];
	size_t address_count;
};

static uint32_t next(struct asking *a)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 17;
	a->random ^= a->random << 5;
	return a->random / 7;
}

static uint32_t tokens; /* a bit for each rule; the same for both sides */

static bool has_token(uint32_t rule)
{
	return tokens >> rule % 32 & 1;
}

static bool take_token(void *data, uint32_t rule, const struct pg_question *q)
{
	(void)data;
	must(q->fresh == PG_FRESH_YES);
	return has_token(rule);
}

/* Which files a path is: by its last letter, and in a scope another one. */
static const uint64_t *files_of(const char *scope, const char *path)
{
	static const uint64_t files[][4] = { { 1, 2 }, { 2, 3 }, { 4 }, { 0 } };

	return files[((unsigned char)path[strlen(path) - 1] + (scope ? strlen(scope) : 0)) % 4];
}

static int identities(void *data, const char *scope, const char *path, struct exe_identity *ret,
		      size_t max, size_t *ret_count)
{
	const uint64_t *files = files_of(scope, path);

	(void)data;
	if (!*files)
		return -ENOENT;
	for (*ret_count = 0; *ret_count < max && files[*ret_count]; ++*ret_count)
		ret[*ret_count] = (struct exe_identity){ .inode = files[*ret_count], .device = 1 };
	return 0;
}

static void add_address(struct asking *a, const uint8_t address[16])
{
	if (a->address_count < ADDRESSES)
		memcpy(a->addresses[a->address_count++], address, 16);
}

static void add_peer(struct asking *a, const struct peer *peer)
{
	if (peer->kind == PEER_PREFIX)
		add_address(a, peer->prefix.address);
}

static void collect_addresses(struct asking *a)
{
	static const char *const usual[] = { "192.0.2.7", "127.0.0.1", "224.0.0.251", "ff02::fb", "fe80::1",
					     "::", "0.0.0.0", "2001:db8::7" };
	const struct policy *p = a->policy;

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		uint8_t address[16];

		question_address(usual[i], address);
		add_address(a, address);
	}
	for (size_t i = 0; i < p->rule_count; i++) {
		add_peer(a, &p->rules[i].remote);
		add_peer(a, &p->rules[i].at);
	}
	for (size_t i = 0; i < p->set_count; i++)
		for (size_t j = 0; j < p->sets[i].count; j++)
			add_address(a, p->sets[i].prefixes[j].address);
}

/* One of them, often with a bit of it flipped; IPv4 stays what it is. */
static void random_address(struct asking *a, char text[ADDRESS_TEXT])
{
	uint8_t address[16];
	uint32_t bit;

	memcpy(address, a->addresses[next(a) % a->address_count], 16);
	bit = address_is_v4(address) ? 96 + next(a) % 32 : next(a) % 128;
	if (next(a) % 3 == 0)
		address[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	(void)address_print(address, text);
}

static const struct rule *random_rule(struct asking *a)
{
	const struct policy *p = a->policy;

	return p->rule_count ? &p->rules[next(a) % p->rule_count] : NULL;
}

static uint16_t random_port(struct asking *a)
{
	static const uint16_t usual[] = { 0, 1, 22, 68, 80, 546, 5353, 65535 };
	const struct rule *r = random_rule(a);
	const struct port_range *range;

	if (!r || next(a) % 4 == 0)
		return usual[next(a) % ARRAY_SIZE(usual)];
	range = &r->ports[next(a) % r->port_count];
	return (uint16_t)((next(a) % 2 ? range->first : range->last) + next(a) % 3 - 1);
}

static void random_question(struct asking *a, struct question *q, char texts[2][ADDRESS_TEXT])
{
	const struct rule *r = random_rule(a), *other = random_rule(a);

	do {
		random_address(a, texts[0]);
		random_address(a, texts[1]);
	} while (!strchr(texts[0], ':') != !strchr(texts[1], ':'));
	*q = (struct question){ .direction = next(a) % PG_DIRECTION_COUNT,
				.proto = next(a) % 2 ? PG_UDP : PG_TCP,
				.port = random_port(a),
				.uid = r && r->user && next(a) % 3 ? r->uid : next(a) % 2,
				.remote = texts[0],
				.local = texts[1],
				.exe = next(a) % 6,
				.fresh = next(a) % 3 };
	q->remote_port = q->port == 68 ? 67 : q->port == 546 ? 547 : 40000;
	if (other && next(a) % 3)
		q->device = other->on ? other->on : "none";
}

static void same(struct pg_decision got, struct pg_decision want)
{
	must(got.verdict == want.verdict && got.reason == want.reason && got.rule == want.rule);
	must(got.flags == want.flags || want.reason == PG_REASON_NO_RULE);
}

static void ask_scopes(struct asking *a, const struct question *q, const struct pg_question *k,
		       const struct circumstances *in)
{
	size_t numbers[LAW_SCOPES], count = 0, n = a->policy->scope_count, start = next(a) % n;
	struct pg_decision got;

	for (size_t i = 0; i < n && count < ARRAY_SIZE(numbers); i++)
		if (next(a) % 2)
			numbers[count++] = (start + i) % n + 1;
	same(compiled_decide_scopes(a->compiled, a->policy, numbers, count, k, in),
	     law_decide_scopes(&a->law, numbers, count, q));
	if (q->direction != PG_IN)
		return;
	got = compiled_decide_union(a->compiled, k, in);
	must((got.verdict == PG_ALLOW) == law_union(&a->law, q) && !got.flags);
}

static void ask(struct asking *a)
{
	struct circumstances in = { .take_token = take_token };
	char texts[2][ADDRESS_TEXT];
	struct pg_decision got;
	struct pg_question k;
	struct question q;

	random_question(a, &q, texts);
	k = to_kernel(&q);
	in.interface = q.device;
	in.now_ns = a->law.now_ns = NOW + (next(a) % 4) * 3600000000000u;
	tokens = next(a);
	got = compiled_decide_in(a->compiled, a->policy, &k, &in);
	same(got, law_decide(&a->law, NULL, a->policy->defaults[q.direction], &q));
	must(got.verdict != PG_ALLOW || compiled_may_allow_at(a->compiled, a->policy, q.direction, q.proto,
							      q.port, in.now_ns));
	if (a->policy->scope_count)
		ask_scopes(a, &q, &k, &in);
}

static void ask_much(const struct policy *p, const struct compiled *c, uint32_t seed)
{
	struct asking a = { p, c, { p, 0, files_of, has_token }, seed | 1, { { 0 } }, 0 };

	collect_addresses(&a);
	for (int i = 0; i < QUESTIONS; i++)
		ask(&a);
}

static uint32_t hash(const uint8_t *data, size_t size)
{
	uint32_t h = 2166136261;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 16777619;
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct exe_world exes = { .identities = identities };
	struct policy_text file = { "fuzz.yaml", (const char *)data, size };
	_cleanup_compiled_ struct compiled compiled = { 0 };
	_cleanup_policy_ struct policy policy = { 0 };
	struct policy_world world = { .user = fuzz_user, .service = fuzz_service };
	struct pg_error err = PG_ERROR_INIT;
	int r;

	if (policy_parse(&file, 1, &world, &policy, &err))
		return 0;
	must(!policy_number(&policy, NULL, NULL));
	if (data[size - 1] & 1)
		policy_begin_times(&policy, NOW);
	r = policy_compile_exes(&policy, &exes, &compiled, &err);
	must(!r || (r == -E2BIG && *err.text && err.exit == PG_EXIT_POLICY));
	if (!r && policy.rule_count <= LAW_RULES)
		ask_much(&policy, &compiled, hash(data, size));
	return 0;
}
