// SPDX-License-Identifier: GPL-2.0-only
/*
 * explain: one attempt put to the programs as loaded now, the rule behind the verdict, and what would
 * change it. Exit 0 allowed, 1 denied.
 */
#include <errno.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "config.h"
#include "kernel/ask.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "util/address.h"
#include "util/cleanup.h"

static const char *const directions[] = { "bind", "in", "out" };
static const char *const hooks[] = { "bind", "inbound", "connect" };

static int parse_direction(const char *word, struct pg_question *q, struct pg_error *err)
{
	for (unsigned i = 0; i < ARRAY_SIZE(directions); i++)
		if (!strcmp(word, directions[i])) {
			q->direction = i;
			return 0;
		}
	return usage_error(err, "explain: '%.32s': want bind, in or out", word);
}

/* One port and one protocol: `80/tcp`, `ssh/tcp`. */
static int parse_port(const char *word, struct pg_question *q, struct pg_error *err)
{
	_cleanup_port_choice_ struct port_choice choice = { 0 };
	struct policy_world world;
	size_t at;
	int r;

	config_world(&world, ".");
	r = ports_parse(word, strlen(word), &world, &choice, &at, err);
	if (r)
		return r;
	for (unsigned protos = RULE_TCP; protos <= RULE_UDP; protos++) {
		const struct port_list *l = &choice.by_protos[protos];

		if (l->count != 1 || l->list[0].first != l->list[0].last || choice.any)
			continue;
		q->port = l->list[0].first;
		q->proto = protos == RULE_TCP ? PG_TCP : PG_UDP;
		return 0;
	}
	return usage_error(err, "explain: '%.64s': want one port with its protocol, such as 80/tcp",
			   word);
}

static int parse_address(const char *word, bool remote, struct pg_question *q, struct pg_error *err)
{
	struct peer peer = { 0 };
	int r = peer_parse(word, strlen(word), &peer, err);

	if (r)
		return r;
	if (peer.kind != PEER_PREFIX || peer.prefix.length != 128) {
		peer_free(&peer);
		return usage_error(err, "explain: '%.64s': want one address", word);
	}
	memcpy(remote ? q->remote : q->local, peer.prefix.address, 16);
	q->family = prefix_is_v4(&peer.prefix) ? 4 : 6;
	return 0;
}

static int parse_user(const char *word, struct pg_question *q, struct pg_error *err)
{
	const struct passwd *user = getpwnam(word);
	char *end;
	unsigned long uid = strtoul(word, &end, 10);

	if (user)
		uid = user->pw_uid;
	else if (!*word || *end || uid > UINT32_MAX - 1)
		return usage_error(err, "explain: there is no user '%.64s'", word);
	q->uid = uid;
	return 0;
}

static int parse_device(const char *word, struct pg_question *q, struct pg_error *err)
{
	q->ifindex = if_nametoindex(word);
	return q->ifindex ? 0 : usage_error(err, "explain: there is no interface '%.32s'", word);
}

static int parse_qualifiers(int count, char **words, struct pg_question *q, struct pg_error *err)
{
	int r = 0;

	for (int i = 0; !r && i < count; i += 2) {
		const char *word = words[i], *value = i + 1 < count ? words[i + 1] : NULL;
		bool user = !strcmp(word, "by") && value && !strcmp(value, "user");
		const char *far = q->direction == PG_OUT ? "to" : "from";

		if (user) {
			i++;
			value = i + 1 < count ? words[i + 1] : NULL;
		}
		if (!value)
			return usage_error(err, "explain: '%.32s' wants a value", word);
		if (user)
			r = parse_user(value, q, err);
		else if (!strcmp(word, "from") || !strcmp(word, "to") || !strcmp(word, "at"))
			r = parse_address(value, !strcmp(word, far), q, err);
		else if (!strcmp(word, "on"))
			r = parse_device(value, q, err);
		else
			r = usage_error(
				err,
				"explain: unknown word '%.32s': want from, to, at, on or by user",
				word);
	}
	return r;
}

/* An address that was not said is one that no rule names, and none of the other family. */
static const uint8_t unsaid_v4[16] = { [10] = 0xff, 0xff, 0, 0, 0, 1 }; /* no packet has it: RFC 1122, 3.2.1.3 */

static bool is_zero(const uint8_t address[16])
{
	static const uint8_t none[16];

	return !memcmp(address, none, sizeof(none));
}

static void fill_addresses(struct pg_question *q)
{
	if (q->family == 4 && is_zero(q->remote))
		memcpy(q->remote, unsaid_v4, sizeof(unsaid_v4));
	if (q->family == 4 && is_zero(q->local))
		memcpy(q->local, unsaid_v4, sizeof(unsaid_v4));
}

static bool far_said(const struct pg_question *q)
{
	return !is_zero(q->remote) && memcmp(q->remote, unsaid_v4, sizeof(unsaid_v4)) != 0;
}

/* What stays on this machine is not `out`: the programs do not ask the rules (bpf/connect.bpf.c). */
static bool stays_here(const struct pg_question *q, const struct policy *p)
{
	return q->direction == PG_OUT && far_said(q) && !p->loopback &&
	       (address_is_loopback(q->remote) || address_is_any(q->remote));
}

static const struct rule *find_rule(const struct policy *p, uint32_t id)
{
	for (size_t i = 0; id && i < p->rule_count; i++)
		if (p->rules[i].id == id)
			return &p->rules[i];
	return NULL;
}

static int print_answer_json(const struct pg_decision *d, const struct pg_question *q,
			     const char *verdict, const char *rule, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;

	json_object(&j);
	json_member_string(&j, "verdict", verdict);
	json_member_string(&j, "reason", reason_names[d->reason]);
	json_member_string(&j, "rule", rule);
	json_member_string(&j, "scope", "host");
	json_member_string(&j, "hook", hooks[q->direction]);
	json_object_end(&j);
	return print_json(&j, err);
}

/* The rule that would change the answer; without a direction it is about bind and in. */
static void print_sentence(const char *verb, const struct pg_question *q)
{
	static const char *const words[] = { "bind ", "", "out " };
	char text[ADDRESS_TEXT];

	(void)printf("portguard %s %s%u/%s", verb, words[q->direction], q->port,
		     q->proto == PG_TCP ? "tcp" : "udp");
	if (q->direction == PG_OUT && far_said(q))
		(void)printf(" to %s", address_print(q->remote, text));
	(void)printf("\n");
}

static void print_remedy(const struct pg_decision *d, const struct pg_question *q, const char *rule)
{
	if (rule) {
		(void)printf("rule: %s\n", rule);
		(void)printf("to %s: portguard remove %s\n",
			     d->verdict == PG_DENY ? "lift that" : "close it", rule);
		return;
	}
	(void)printf(d->verdict == PG_DENY ? "to open it: " : "to close it: ");
	print_sentence(d->verdict == PG_DENY ? "allow" : "deny", q);
}

static void print_answer_text(const struct pg_decision *d, const struct pg_question *q,
			      const char *verdict, const char *rule, const struct policy *p)
{
	(void)printf("%s %u/%s: %s (%s)\n", directions[q->direction], q->port,
		     q->proto == PG_TCP ? "tcp" : "udp", verdict, reason_names[d->reason]);
	(void)printf("port %u is %s\n", q->port,
		     q->port < 1024 ? "well-known (below 1024)" : "registered (1024 or above)");
	if (stays_here(q, p))
		(void)printf(
			"that address is this machine's own: not `out`, unless the policy says "
			"loopback: true\n");
	else
		print_remedy(d, q, rule);
	if (p->mode != PG_MODE_ENFORCE)
		(void)printf("mode is %s: nothing is refused\n", mode_names[p->mode]);
}

static int refuse_scope(void *data, const char *value)
{
	(void)value;
	return usage_error(data, "--scope is not supported in this version");
}

int cmd_explain(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	const struct option_word options[] = {
		{ .name = "--scope", .each = refuse_scope, .data = err }
	};
	_cleanup_guard_ struct guard guard = { 0 };
	_cleanup_free_ char *text = NULL;
	struct pg_ask ask = { .question = { .family = 4 } };
	struct pg_question *q = &ask.question;
	const struct rule *rule;
	const char *verdict;
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;

	if (left < 0)
		return left;
	if (left < 2)
		return usage_error(err, "explain what? such as: explain in 80/tcp from 192.0.2.7");
	r = parse_direction(argv[1], q, err);
	r = r ? r : parse_port(argv[2], q, err);
	r = r ? r : parse_qualifiers(left - 2, argv + 3, q, err);
	fill_addresses(q);
	r = r ? r : guard_open(&ctx->paths, GUARD_READ, &guard, err);
	if (r)
		return r;
	r = ask_kernel(&ctx->paths, &ask);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			       "explain: the kernel does not answer: %s", strerror(-r));
	if (stays_here(q, &guard.policy))
		ask.decision = (struct pg_decision){ .verdict = PG_ALLOW, .reason = PG_REASON_DEFAULT };
	rule = find_rule(&guard.policy, ask.decision.rule);
	text = rule ? rule_print(rule, false) : NULL;
	verdict =
		verdict_names[ask.decision.verdict == PG_DENY && guard.policy.mode == PG_MODE_AUDIT
				      ? PG_AUDIT
				      : ask.decision.verdict];
	if (ctx->json)
		r = print_answer_json(&ask.decision, q, verdict, text, err);
	else
		print_answer_text(&ask.decision, q, verdict, text, &guard.policy);
	r = r ? r : print_done(err);
	return r ? r : ask.decision.verdict == PG_DENY ? PG_EXIT_NEGATIVE : 0;
}
