// SPDX-License-Identifier: GPL-2.0-only
/* The law; see law.h. */
#include "unit/lib/law.h"

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

static bool law_exe(const struct law_world *w, const struct rule *r, const struct question *q)
{
	const uint64_t *files = r->exe ? w->files(r->scope, r->exe) : NULL;

	for (int i = 0; files && i < 4 && files[i]; i++)
		if (files[i] == q->exe)
			return true;
	return !r->exe;
}

static bool law_alive(const struct law_world *w, const struct rule *r)
{
	return !r->for_s || !r->until_ns || w->now_ns < r->until_ns;
}

static bool is_limit(const struct rule *r, enum pg_direction direction)
{
	return r->limit.per_second_x1000 && direction != PG_BIND;
}

/* A deny or limit that asks what the direction cannot ask is none of it. */
static bool law_direction(const struct rule *r, const struct question *q)
{
	bool strict = r->verdict == PG_DENY || r->limit.per_second_x1000;

	if (!(r->protos >> q->proto & 1) || !(r->directions >> q->direction & 1))
		return false;
	if (q->direction == PG_BIND)
		return !strict || (r->remote.kind == PEER_ANY && !r->on);
	return q->direction == PG_OUT || !strict || (!r->user && !r->exe);
}

static bool law_port(const struct rule *r, const struct question *q)
{
	for (size_t i = 0; i < r->port_count; i++)
		if (r->ports[i].first <= q->port && q->port <= r->ports[i].last)
			return true;
	return false;
}

static bool law_matches(const struct law_world *w, const struct rule *r, const struct question *q,
			const struct pg_question *k)
{
	if (!law_direction(r, q) || !law_port(r, q) || !law_peer(w->policy, &r->at, k->local))
		return false;
	if (q->direction != PG_IN && ((r->user && r->uid != q->uid) || !law_exe(w, r, q)))
		return false;
	if (q->direction == PG_BIND)
		return true;
	return law_peer(w->policy, &r->remote, k->remote) &&
	       (q->direction == PG_OUT || law_device(r, q->device));
}

/* Ends a failsafe; a limit with `for` does not (policy/chain.c). */
static bool law_names(const struct law_world *w, const struct rule *r, const struct question *q)
{
	if (r->any || r->scope || !law_direction(r, q) || !law_alive(w, r) ||
	    (is_limit(r, q->direction) && r->for_s))
		return false;
	for (size_t i = 0; i < r->port_count; i++)
		if (r->ports[i].first == q->port && r->ports[i].last == q->port)
			return true;
	return false;
}

static bool is_link_local(const char *text)
{
	uint8_t address[16];

	question_address(text, address);
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool law_essential(const struct policy *p, const struct question *q)
{
	if (q->proto != PG_UDP || q->direction == PG_OUT)
		return false;
	if (p->essentials & ESSENTIAL_DHCP && (q->port == 68 || q->port == 546)) {
		if (q->direction == PG_BIND)
			return q->uid == 0;
		return q->port == 68 ? !strchr(q->remote, ':') && q->remote_port == 67 :
			is_link_local(q->remote) && q->remote_port == 547;
	}
	if (!(p->essentials & ESSENTIAL_MDNS) || q->port != 5353)
		return false;
	return q->direction == PG_BIND ||
		!strcmp(q->local, strchr(q->remote, ':') ? "ff02::fb" : "224.0.0.251");
}

static bool law_failsafe(const struct law_world *w, const struct question *q)
{
	const struct policy *p = w->policy;
	bool listed = false;

	for (size_t i = 0; i < p->failsafe_count && q->direction != PG_OUT; i++)
		listed |= p->failsafe[i].protos >> q->proto & 1 &&
			p->failsafe[i].range.first <= q->port && q->port <= p->failsafe[i].range.last;
	for (size_t i = 0; i < p->rule_count; i++)
		listed &= !law_names(w, &p->rules[i], q);
	return listed;
}

/* Which of two that say the same is named. */
static const struct rule *lowest(const struct rule *a, const struct rule *b)
{
	return !a || b->id < a->id ? b : a;
}

static const struct rule *logging(const struct rule *a, const struct rule *b)
{
	if (a && a->log != b->log)
		return a->log ? a : b;
	return lowest(a, b);
}

static uint64_t ends(const struct rule *r)
{
	return r->until_ns ? r->until_ns : UINT64_MAX / 2 + r->for_s;
}

static const struct rule *longest(const struct rule *a, const struct rule *b)
{
	if (a && ends(a) != ends(b))
		return ends(a) > ends(b) ? a : b;
	return logging(a, b);
}

struct found {
	const struct rule *deny, *timed_deny, *allow, *timed_allow, *timed_log, *over;
	bool under;		/* some limit */
};

static void find_limit(const struct law_world *w, const struct rule *r, const struct question *q,
		       struct found *f)
{
	if (q->fresh == PG_FRESH_NO || !law_alive(w, r))
		return;
	if (q->fresh == PG_FRESH_YES && !w->has_token(r->id)) {
		f->over = lowest(f->over, r);
		return;
	}
	f->under = true;
	f->allow = logging(f->allow, r);
}

static void find(const struct law_world *w, const struct rule *r, const struct question *q,
		 struct found *f)
{
	if (r->verdict == PG_DENY && !r->for_s)
		f->deny = lowest(f->deny, r);
	else if (r->verdict == PG_DENY)
		f->timed_deny = longest(f->timed_deny, r);
	else if (is_limit(r, q->direction))
		find_limit(w, r, q, f);
	else if (!r->for_s)
		f->allow = logging(f->allow, r);
	else {
		f->timed_allow = longest(f->timed_allow, r);
		if (r->log)
			f->timed_log = longest(f->timed_log, r);
	}
}

static struct pg_decision by_rule(const struct rule *r)
{
	bool denies = r->verdict == PG_DENY;

	return (struct pg_decision){ .verdict = r->verdict,
				     .reason = PG_REASON_RULE,
				     .flags = denies ? (r->reject ? PG_ANSWER_REJECT : 0) :
						       (r->log ? PG_ANSWER_LOG : 0),
				     .rule = r->id };
}

static struct pg_decision unruled_decision(const struct law_world *w, bool host, uint8_t unruled,
					   const struct question *q)
{
	if (host && law_failsafe(w, q))
		return (struct pg_decision){ .verdict = PG_ALLOW, .reason = PG_REASON_FAILSAFE };
	if (host && law_essential(w->policy, q))
		return (struct pg_decision){ .verdict = PG_ALLOW, .reason = PG_REASON_ESSENTIAL };
	return (struct pg_decision){ .verdict = unruled,
				     .reason = unruled == PG_ALLOW ? PG_REASON_DEFAULT :
								     PG_REASON_NO_RULE };
}

static bool is_of(const struct rule *r, const char *scope)
{
	return scope && r->scope ? !strcmp(scope, r->scope) : !scope && !r->scope;
}

struct pg_decision law_decide(const struct law_world *w, const char *scope, uint8_t unruled,
			      const struct question *q)
{
	struct pg_question k = to_kernel(q);
	struct found f = { .deny = NULL };

	for (size_t i = 0; i < w->policy->rule_count; i++) {
		const struct rule *r = &w->policy->rules[i];

		if (is_of(r, scope) && law_matches(w, r, q, &k))
			find(w, r, q, &f);
	}
	if (f.deny || (f.timed_deny && law_alive(w, f.timed_deny)))
		return by_rule(f.deny ? f.deny : f.timed_deny);
	if (f.over)
		return (struct pg_decision){ .verdict = PG_DENY,
					     .reason = PG_REASON_RATE,
					     .rule = f.over->id };
	if (f.timed_log && law_alive(w, f.timed_log) && !(f.allow && f.allow->log))
		return by_rule(f.timed_log);
	if (f.allow)
		return by_rule(f.allow);
	if (f.timed_allow && law_alive(w, f.timed_allow))
		return by_rule(f.timed_allow);
	return unruled_decision(w, !scope, unruled, q);
}

static bool answers(const struct policy *p, const struct scope *s, enum pg_direction direction)
{
	bool says = s->defaults_said >> direction & 1;

	for (size_t i = 0; i < p->rule_count; i++)
		says |= p->rules[i].scope && !strcmp(p->rules[i].scope, s->name) &&
			rule_covers(&p->rules[i], direction);
	return says;
}

static uint8_t scope_default(const struct policy *p, const struct scope *s, enum pg_direction direction)
{
	return s->defaults_said >> direction & 1 ? s->defaults[direction] : p->defaults[direction];
}

struct pg_decision law_decide_scopes(const struct law_world *w, const size_t *numbers, size_t count,
				     const struct question *q)
{
	const struct policy *p = w->policy;
	struct pg_decision found[LAW_SCOPES + 1], d;
	size_t n = 0;
	bool more = true;

	for (size_t i = 0; i < count && more; i++) {
		const struct scope *s = &p->scopes[numbers[i] - 1];

		if (!answers(p, s, q->direction))
			continue;
		found[n++] = law_decide(w, s->name, scope_default(p, s, q->direction), q);
		more = s->inherit;
	}
	if (more)
		found[n++] = law_decide(w, NULL, p->defaults[q->direction], q);
	for (size_t i = 0; i < n; i++)
		if (found[i].verdict == PG_DENY && found[i].reason != PG_REASON_NO_RULE)
			return found[i];
	for (size_t i = 0; i < n; i++) {
		d = found[i];
		if (d.verdict == PG_ALLOW && d.reason != PG_REASON_DEFAULT)
			return d;
	}
	return found[0];
}

bool law_union(const struct law_world *w, const struct question *q)
{
	struct pg_question k = to_kernel(q);
	const struct policy *p = w->policy;

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = &p->rules[i];

		if (r->scope && r->verdict == PG_ALLOW && law_alive(w, r) && law_matches(w, r, q, &k))
			return true;
	}
	for (size_t i = 0; i < p->scope_count; i++)
		if (answers(p, &p->scopes[i], PG_IN) && scope_default(p, &p->scopes[i], PG_IN) == PG_ALLOW)
			return true;
	return false;
}
