// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiled policy says what the law says. The law is written down a second time here, as plainly
 * as can be, and asked every question of a small universe for hundreds of random policies.
 */
#include "unit/lib/question.h"

/* --- the law, naively ------------------------------------------------------------------------ */

static bool law_prefix(const struct prefix *p, const uint8_t *address)
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	bool prefix_v4 = p->length >= 96 && !memcmp(p->address, v4, 12);
	bool address_v4 = !memcmp(address, v4, 12);

	if (prefix_v4 != address_v4)
		return false;
	for (int bit = 0; bit < p->length; bit++)
		if ((p->address[bit / 8] ^ address[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static bool law_peer(const struct policy *p, const struct peer *peer, const uint8_t *address)
{
	if (peer->kind == PEER_ANY)
		return true;
	if (peer->kind == PEER_PREFIX)
		return law_prefix(&peer->prefix, address);
	for (size_t i = 0; i < p->set_count; i++)
		for (size_t j = 0; !strcmp(p->sets[i].name, peer->set) && j < p->sets[i].count; j++)
			if (law_prefix(&p->sets[i].prefixes[j], address))
				return true;
	return false;
}

static bool law_device(const struct rule *r, const char *device)
{
	if (!r->on)
		return true;
	return device ? !strcmp(r->on, device) : r->verdict == PG_DENY;
}

static bool law_port(const struct rule *r, const struct question *q)
{
	if (!(r->protos >> q->proto & 1) || !(r->directions >> q->direction & 1))
		return false;
	for (size_t i = 0; i < r->port_count; i++)
		if (r->ports[i].first <= q->port && q->port <= r->ports[i].last)
			return true;
	return false;
}

static bool law_matches(const struct policy *p, const struct rule *r, const struct question *q,
			const struct pg_question *k)
{
	if (!law_port(r, q) || !law_peer(p, &r->at, k->local))
		return false;
	if (q->direction == PG_BIND)	/* a deny that asks what bind cannot ask is no deny of bind */
		return r->verdict == PG_ALLOW || (r->remote.kind == PEER_ANY && !r->on);
	return law_peer(p, &r->remote, k->remote) && (q->direction == PG_OUT || law_device(r, q->device));
}

static bool law_names(const struct rule *r, const struct question *q)
{
	if (r->any || !(r->protos >> q->proto & 1) || !(r->directions >> q->direction & 1))
		return false;
	for (size_t i = 0; i < r->port_count; i++)
		if (r->ports[i].first == q->port && r->ports[i].last == q->port)
			return true;
	return false;
}

static bool law_essential(const struct policy *p, const struct question *q)
{
	bool link_local = !strncmp(q->remote, "fe80:", 5);

	if (q->proto != PG_UDP || q->direction == PG_OUT)
		return false;
	if (p->essentials & ESSENTIAL_DHCP && (q->port == 68 || q->port == 546)) {
		if (q->direction == PG_BIND)
			return q->uid == 0;
		return q->port == 68 ? !strchr(q->remote, ':') && q->remote_port == 67 :
			link_local && q->remote_port == 547;
	}
	if (!(p->essentials & ESSENTIAL_MDNS) || q->port != 5353)
		return false;
	return q->direction == PG_BIND ||
		!strcmp(q->local, strchr(q->remote, ':') ? "ff02::fb" : "224.0.0.251");
}

static bool law_failsafe(const struct policy *p, const struct question *q)
{
	bool listed = false;

	for (size_t i = 0; i < p->failsafe_count && q->direction != PG_OUT; i++)
		listed |= p->failsafe[i].protos >> q->proto & 1 &&
			p->failsafe[i].range.first <= q->port && q->port <= p->failsafe[i].range.last;
	for (size_t i = 0; i < p->rule_count; i++)
		listed &= !law_names(&p->rules[i], q);
	return listed;
}

static struct pg_decision law(const struct policy *p, const struct question *q)
{
	struct pg_decision d = { .verdict = PG_ALLOW };
	struct pg_question k = to_kernel(q);
	uint32_t lowest[PG_VERDICT_COUNT] = { 0 };

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = &p->rules[i];

		if (law_matches(p, r, q, &k) && (!lowest[r->verdict] || r->id < lowest[r->verdict]))
			lowest[r->verdict] = r->id;
	}
	if (lowest[PG_DENY])
		return (struct pg_decision){ PG_DENY, PG_REASON_RULE, 0, 0, lowest[PG_DENY] };
	if (lowest[PG_ALLOW])
		return (struct pg_decision){ PG_ALLOW, PG_REASON_RULE, 0, 0, lowest[PG_ALLOW] };
	if (law_failsafe(p, q))
		d.reason = PG_REASON_FAILSAFE;
	else if (law_essential(p, q))
		d.reason = PG_REASON_ESSENTIAL;
	else
		d = (struct pg_decision){ p->defaults[q->direction],
					  p->defaults[q->direction] == PG_ALLOW ? PG_REASON_DEFAULT :
										  PG_REASON_NO_RULE, 0, 0, 0 };
	return d;
}

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
	uint32_t count = 1 + pick(random, 7), first = 1 + pick(random, 9);

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
	/* Ids fall where the order rises: neither may matter. */
	for (size_t i = 0; i < p->rule_count; i++)
		p->rules[i].id = first + (uint32_t)(p->rule_count - i) * 3;
}

static void explain_difference(const struct policy *p, const struct question *q,
			       struct pg_decision got, struct pg_decision want)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		_cleanup_free_ char *text = rule_print(&p->rules[i], false);

		(void)fprintf(stderr, "%u: %s\n", p->rules[i].id, text);
	}
	FAIL("direction %d proto %d port %u remote %s:%u local %s on %s uid %u: "
	     "verdict %u reason %u rule %u, the law says %u %u %u",
	     q->direction, q->proto, q->port, q->remote, q->remote_port, q->local,
	     q->device ? q->device : "?", q->uid, got.verdict, got.reason, got.rule, want.verdict,
	     want.reason, want.rule);
}

/* Returns whether the attempt is allowed. */
static bool ask(const struct policy *p, const struct compiled *c, const struct question *q)
{
	struct pg_question k = to_kernel(q);
	struct pg_decision got = compiled_decide(c, p, &k, q->device), want = law(p, q);

	if (got.verdict != want.verdict || got.reason != want.reason || got.rule != want.rule)
		explain_difference(p, q, got, want);
	return got.verdict == PG_ALLOW;
}

static bool same_family(const char *a, const char *b)
{
	return !strchr(a, ':') == !strchr(b, ':');
}

static bool ask_all(const struct policy *p, const struct compiled *c, struct question q)
{
	bool allowed = false;

	for (size_t r = 0; r < ARRAY_SIZE(remote_words); r++)
		for (size_t l = 0; l < ARRAY_SIZE(local_words); l++)
			for (size_t d = 0; d < ARRAY_SIZE(device_words); d++) {
				q.remote = remote_words[r];
				q.local = local_words[l];
				q.device = device_words[d];
				q.remote_port = q.port == 68 ? 67 : q.port == 546 ? 547 : 40000;
				q.uid = (uint32_t)(r & 1) * 1000;
				if (same_family(q.remote, q.local))
					allowed |= ask(p, c, &q);
			}
	return allowed;
}

static void ask_every_question(const struct policy *p, const struct compiled *c)
{
	struct question q = { .port = 0 };

	for (q.direction = PG_BIND; q.direction < PG_DIRECTION_COUNT; q.direction++)
		for (q.proto = PG_TCP; q.proto <= PG_UDP; q.proto++)
			for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
				q.port = ports[i];
				if (ask_all(p, c, q) &&
				    !compiled_may_allow(c, p, q.direction, q.proto, q.port))
					FAIL("port %u may be allowed, and may_allow says no", q.port);
			}
}

static void check_form(const struct compiled *c)
{
	for (size_t d = 0; d < PG_PORT_DIRECTIONS; d++)
		for (size_t proto = 0; proto < PG_PROTO_COUNT; proto++) {
			const struct intervals *l = &c->ports[d][proto];

			cr_assert(l->count && !l->list[0].first && l->list[l->count - 1].last == 65535);
			for (size_t i = 1; i < l->count; i++) {
				cr_assert_eq(l->list[i].first, l->list[i - 1].last + 1);
				cr_assert_neq(l->list[i].answer, l->list[i - 1].answer);
			}
		}
	for (size_t i = 0; i < c->group_count; i++)
		for (size_t j = 0; j < i; j++)
			cr_assert_not(group_equal(&c->groups[i], &c->groups[j]));
}

Test(compile_law, says_what_the_law_says_for_random_policies)
{
	uint32_t random = 20061123;

	for (int round = 0; round < 600; round++) {
		_cleanup_policy_ struct policy p;
		_cleanup_compiled_ struct compiled c;

		random_policy(&p, &random);
		cr_assert_eq(policy_compile(&p, &c, NULL), 0);
		check_form(&c);
		ask_every_question(&p, &c);
	}
}
