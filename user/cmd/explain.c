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
#include "policy/owner.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "policy/scope.h"
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

static bool is_zero(const uint8_t address[16])
{
	static const uint8_t none[16];

	return !memcmp(address, none, sizeof(none));
}

static int parse_address(const char *word, bool remote, struct pg_question *q, struct pg_error *err)
{
	uint8_t *to = remote ? q->remote : q->local, family;
	bool said = !is_zero(q->remote) || !is_zero(q->local);
	struct peer peer = { 0 };
	int r = peer_parse(word, strlen(word), &peer, err);

	if (r)
		return r;
	if (peer.kind != PEER_PREFIX || peer.prefix.length != 128) {
		peer_free(&peer);
		return usage_error(err, "explain: '%.64s': want one address", word);
	}
	family = prefix_is_v4(&peer.prefix) ? 4 : 6;
	if (!is_zero(to))
		return usage_error(err, "explain: '%.64s': that address is said twice", word);
	if (said && family != q->family)
		return usage_error(err, "explain: '%.64s': no packet has addresses of both families",
				   word);
	memcpy(to, peer.prefix.address, 16);
	q->family = family;
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

/* The question, what came of it, and what stands behind that. */
struct explained {
	const struct policy *policy;
	const struct scope *scope; /* whose socket it is; NULL: the host's */
	struct pg_ask ask;
	bool at_interface; /* the host's word, before anybody's socket is asked */
	const struct rule *rule;
	char *text;
};

static enum pg_mode mode_of(const struct explained *x)
{
	if (x->scope && x->scope->mode_said && !x->policy->panic && !x->at_interface)
		return x->scope->mode;
	return x->policy->mode;
}

static const char *verdict_of(const struct explained *x)
{
	bool audit = x->ask.decision.verdict == PG_DENY && mode_of(x) == PG_MODE_AUDIT;

	return verdict_names[audit ? PG_AUDIT : x->ask.decision.verdict];
}

/* The nearest that answers: the scope that was named may leave it to the host. */
static const struct scope *deciding(const struct explained *x)
{
	return x->ask.decision.scope && !x->at_interface ? x->scope : NULL;
}

static const char *scope_name(const struct explained *x)
{
	return deciding(x) ? deciding(x)->name : SCOPE_HOST;
}

static const char *hook_of(const struct explained *x)
{
	if (x->ask.question.direction == PG_IN && deciding(x))
		return "deliver"; /* where the owner is known */
	return hooks[x->ask.question.direction];
}

static int print_answer_json(const struct explained *x, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;

	json_object(&j);
	json_member_string(&j, "verdict", verdict_of(x));
	json_member_string(&j, "reason", reason_names[x->ask.decision.reason]);
	json_member_string(&j, "rule", x->text);
	json_member_string(&j, "scope", scope_name(x));
	json_member_string(&j, "hook", hook_of(x));
	json_object_end(&j);
	return print_json(&j, err);
}

static void print_scope_option(const char *scope)
{
	if (scope)
		(void)printf("--scope %s ", scope);
}

/* The rule that would change the answer; without a direction it is about bind and in. */
static void print_sentence(const char *verb, const struct explained *x)
{
	static const char *const words[] = { "bind ", "", "out " };
	const struct pg_question *q = &x->ask.question;
	char text[ADDRESS_TEXT];

	(void)printf("portguard %s ", verb);
	print_scope_option(deciding(x) ? deciding(x)->name : NULL);
	(void)printf("%s%u/%s", words[q->direction], q->port, q->proto == PG_TCP ? "tcp" : "udp");
	if (q->direction == PG_OUT && far_said(q))
		(void)printf(" to %s", address_print(q->remote, text));
	(void)printf("\n");
}

/* The limit that decided, or NULL; of bind a limit is a plain allow. */
static const struct rule *limit_of(const struct explained *x)
{
	const struct rule *rule = x->ask.question.direction == PG_BIND ? NULL : x->rule;

	return rule && rule->limit.per_second_x1000 ? rule : NULL;
}

/* What a limit says of an attempt that begins now; the look takes no token. */
static void print_tokens(const struct rule *limit, const struct explained *x)
{
	const char *whom = !limit->per_source	      ? "this"
			   : far_said(&x->ask.question) ? "that address"
							: "an address that is new to it";

	if (x->ask.decision.verdict == PG_DENY)
		(void)printf("it has no token for %s now: the next comes within %.3g s\n", whom,
			     1000.0 / limit->limit.per_second_x1000);
	else
		(void)printf("it has a token for %s now: what is over that rate it refuses\n", whom);
}

static void print_remedy(const struct explained *x)
{
	bool denied = x->ask.decision.verdict == PG_DENY;

	if (x->text) {
		(void)printf("rule: %s\n", x->text);
		if (limit_of(x))
			print_tokens(limit_of(x), x);
		(void)printf("to %s: portguard remove ", denied ? "lift that" : "close it");
		print_scope_option(x->rule->scope);
		(void)printf("%s\n", x->text);
		return;
	}
	(void)printf(denied ? "to open it: " : "to close it: ");
	if (x->ask.decision.reason == PG_REASON_PANIC)
		(void)printf("portguard panic off\n"); /* no rule opens anything now */
	else
		print_sentence(denied ? "allow" : "deny", x);
}

static void print_answer_text(const struct explained *x)
{
	const struct pg_question *q = &x->ask.question;

	(void)printf("%s %u/%s", directions[q->direction], q->port, q->proto == PG_TCP ? "tcp" : "udp");
	if (x->scope)
		(void)printf(" of scope %s", x->scope->name);
	(void)printf(": %s (%s)\n", verdict_of(x), reason_names[x->ask.decision.reason]);
	(void)printf("port %u is %s\n", q->port,
		     q->port < 1024 ? "well-known (below 1024)" : "registered (1024 or above)");
	if (x->at_interface)
		(void)printf("the host's word is final: it is refused where it comes in\n");
	if (stays_here(q, x->policy))
		(void)printf(
			"that address is this machine's own: not `out`, unless the policy says "
			"loopback: true\n");
	else
		print_remedy(x);
	if (mode_of(x) != PG_MODE_ENFORCE)
		(void)printf("mode is %s: nothing is refused\n", mode_names[mode_of(x)]);
}

static void explained_free(struct explained *x)
{
	free(x->text);
}

/* Where packets come in the host is asked, and what its rules refuse no scope lets in (bpf/inbound.bpf.c). */
static int ask_host_first(const struct paths *paths, struct explained *x)
{
	struct pg_ask host = x->ask;
	int r;

	if (!x->scope || x->ask.question.direction != PG_IN)
		return 0;
	memset(host.owner, 0, sizeof(host.owner));
	r = ask_kernel(paths, &host);
	if (r || host.decision.verdict != PG_DENY || host.decision.reason == PG_REASON_NO_RULE)
		return r;
	x->ask = host;
	x->at_interface = true;
	return 0;
}

static int ask(const struct paths *paths, struct explained *x, struct pg_error *err)
{
	const struct policy *p = x->policy;
	int r;

	if (x->scope)
		x->ask.owner[owner_place(x->scope->kind)] = (uint16_t)(x->scope - p->scopes + 1);
	r = ask_host_first(paths, x);
	if (!r && !x->at_interface)
		r = ask_kernel(paths, &x->ask);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			       "explain: the kernel does not answer: %s", strerror(-r));
	if (stays_here(&x->ask.question, p))
		x->ask.decision = (struct pg_decision){ .verdict = PG_ALLOW,
							.reason = PG_REASON_DEFAULT };
	x->rule = find_rule(p, x->ask.decision.rule);
	x->text = x->rule ? rule_print(x->rule, false) : NULL;
	return 0;
}

int cmd_explain(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	const char *scope = NULL;
	const struct option_word options[] = { { .name = "--scope", .value = &scope } };
	_cleanup_guard_ struct guard guard = { 0 };
	_cleanup_(explained_free) struct explained x = { .policy = &guard.policy };
	struct pg_question *q = &x.ask.question;
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;

	if (left < 0)
		return left;
	if (left < 2)
		return usage_error(err, "explain what? such as: explain in 80/tcp from 192.0.2.7");
	q->family = 4;
	q->fresh = PG_FRESH_LOOK;
	r = parse_direction(argv[1], q, err);
	r = r ? r : parse_port(argv[2], q, err);
	r = r ? r : parse_qualifiers(left - 2, argv + 3, q, err);
	fill_addresses(q);
	r = r ? r : guard_open(&ctx->paths, GUARD_READ, &guard, err);
	if (!r && scope)
		r = scope_want(&guard.policy, scope, &x.scope, err);
	r = r ? r : ask(&ctx->paths, &x, err);
	if (r)
		return r;
	if (ctx->json)
		r = print_answer_json(&x, err);
	else
		print_answer_text(&x);
	r = r ? r : print_done(err);
	return r ? r : x.ask.decision.verdict == PG_DENY ? PG_EXIT_NEGATIVE : 0;
}
