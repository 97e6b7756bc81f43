// SPDX-License-Identifier: GPL-2.0-only
/* Lock-out; see lockout.h. */
#include "kernel/lockout.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "kernel/local.h"
#include "kernel/owners.h"
#include "kernel/sockets.h"
#include "kernel/state.h"
#include "policy/compile.h"
#include "policy/rule.h"
#include "util/address.h"
#include "util/cleanup.h"

#define FAILSAFE_PORT 22

struct search {
	const struct policy *from, *to;
	struct compiled before, after;
	uint64_t now_ns; /* CLOCK_BOOTTIME */
	uint64_t *sshd;
	size_t sshd_count;
	uint8_t *listens; /* a byte for each port */
	uint8_t own_remote[16];
	uint16_t own_remote_port, own_port; /* own_port 0: no SSH_CONNECTION */
	struct ifaddrs *addresses;
	struct lockout *found;
};

static void search_free(struct search *s)
{
	compiled_free(&s->before);
	compiled_free(&s->after);
	free(s->sshd);
	free(s->listens);
	local_free(&s->addresses);
}

static bool is_guarding(const struct policy *p)
{
	return p && (p->mode == PG_MODE_ENFORCE || p->panic);
}

/* SSH_CONNECTION: "CLIENT PORT SERVER PORT", set by sshd. Whatever else it holds is no session. */
static void read_own_session(struct search *s)
{
	const char *text = getenv("SSH_CONNECTION");
	char client[64];

	if (!text ||
	    sscanf(text, "%63s %hu %*63s %hu", client, &s->own_remote_port, &s->own_port) != 3 ||
	    address_parse(client, s->own_remote))
		s->own_port = 0;
}

static bool sshd_holds(const struct search *s, uint64_t inode)
{
	for (size_t low = 0, high = s->sshd_count; low < high;) {
		size_t middle = (low + high) / 2;

		if (s->sshd[middle] == inode)
			return true;
		if (s->sshd[middle] < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool is_login(const struct search *s, const struct socket_entry *e)
{
	if (address_is_loopback(e->remote) || !memcmp(e->local, e->remote, 16))
		return false;
	if (e->local_port == s->own_port && e->remote_port == s->own_remote_port &&
	    !memcmp(e->remote, s->own_remote, 16))
		return true;
	return e->local_port == FAILSAFE_PORT ||
	       (s->listens[e->local_port] && sshd_holds(s, e->inode));
}

static bool open_before(const struct search *s, const struct pg_question *q,
			const struct circumstances *in)
{
	return !is_guarding(s->from) ||
	       compiled_decide_in(&s->before, s->from, q, in).verdict == PG_ALLOW;
}

static int check_session(const struct socket_entry *e, void *data)
{
	struct search *s = data;
	const struct circumstances in = { .interface = local_device(s->addresses, e->local),
					  .now_ns = s->now_ns };
	struct pg_question q = {
		.direction = PG_IN,
		.proto = PG_TCP,
		.family = e->family,
		.fresh = PG_FRESH_YES, /* could this login begin anew? */
		.port = e->local_port,
		.remote_port = e->remote_port,
	};

	struct pg_decision d;

	if (e->state != SOCKET_ESTABLISHED || s->found->port || !is_login(s, e))
		return 0;
	memcpy(q.remote, e->remote, 16);
	memcpy(q.local, e->local, 16);
	d = compiled_decide_in(&s->after, s->to, &q, &in);
	if (!open_before(s, &q, &in) || d.verdict == PG_ALLOW)
		return 0;
	s->found->deny = d.reason == PG_REASON_RULE ? d.rule : 0;
	s->found->port = e->local_port;
	s->found->session = true;
	(void)address_print(e->remote, s->found->peer);
	return 0;
}

static int note_listener(const struct socket_entry *e, void *data)
{
	struct search *s = data;

	if (e->state == SOCKET_LISTEN && !address_is_loopback(e->local))
		s->listens[e->local_port] =
			sshd_holds(s, e->inode) ? 2 : s->listens[e->local_port] | 1;
	return 0;
}

/* The deny that closes a port to all, or 0. */
static uint32_t deny_of(const struct search *s, uint16_t port)
{
	uint32_t answer = compiled_settle(
		&s->after, compiled_answer(&s->after, PG_IN, PG_TCP, port), s->now_ns);

	return PG_ANSWER_KIND(answer) == PG_ANSWER_DENY ? PG_ANSWER_NUMBER(answer) : 0;
}

static void check_listeners(struct search *s)
{
	for (uint32_t port = 1; port < PG_PORTS && !s->found->port; port++)
		if (s->listens[port] & 2 &&
		    !compiled_may_allow_at(&s->after, s->to, PG_IN, PG_TCP, port, s->now_ns) &&
		    (!is_guarding(s->from) ||
		     compiled_may_allow_at(&s->before, s->from, PG_IN, PG_TCP, port, s->now_ns))) {
			s->found->port = port;
			s->found->deny = deny_of(s, port);
		}
}

int lockout_find(const struct policy *from, const struct policy *to, struct lockout *ret,
		 struct pg_error *err)
{
	_cleanup_(search_free) struct search s = { .from = from, .to = to, .found = ret };
	int r;

	*ret = (struct lockout){ 0 };
	if (!is_guarding(to))
		return 0;
	r = policy_compile(to, &s.after, err);
	if (!r && is_guarding(from))
		r = policy_compile(from, &s.before, err);
	if (r)
		return r;
	s.listens = calloc(PG_PORTS, 1);
	if (!s.listens)
		return -ENOMEM;
	s.now_ns = boot_now_ns();
	read_own_session(&s);
	if (getifaddrs(&s.addresses))
		s.addresses = NULL; /* rules with `on` are then taken at their worst */
	r = owners_held_by("sshd", &s.sshd, &s.sshd_count);
	r = r ? r : sockets_each(IPPROTO_TCP, 1u << SOCKET_LISTEN, note_listener, &s);
	r = r ? r : sockets_each(IPPROTO_TCP, 1u << SOCKET_ESTABLISHED, check_session, &s);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "login sessions: %s", strerror(-r));
	check_listeners(&s);
	return 0;
}

/* "22/tcp", or "22/tcp from ADDRESS": what to allow. */
static void what_helps(const struct lockout *l, char *to, size_t size)
{
	(void)snprintf(to, size, "allow %u/tcp%s%s", l->port, l->session ? " from " : "",
		       l->session ? l->peer : "");
}

static int help_with_deny(const struct policy *p, const struct lockout *l, const char *helps,
			  struct pg_error *err)
{
	_cleanup_free_ char *text = NULL;

	for (size_t i = 0; i < p->rule_count && !text; i++)
		if (p->rules[i].id == l->deny)
			text = rule_print(&p->rules[i], false);
	return pg_help(err, -EPERM,
		       "'%s' closes it, and always wins over portguard %s: leave that %s out of "
		       "it, or go ahead with --force",
		       text ? text : "a deny", helps, l->session ? "address" : "port");
}

/* Typed again, a rule that is there already changes nothing: then it is to be left in. */
static bool is_there(const struct policy *p, const char *sentence)
{
	struct rule *rules = NULL;
	size_t count = 0;
	bool found = false;

	if (!p || rule_parse(&sentence, 1, false, NULL, &rules, &count, NULL, NULL))
		return false;
	for (size_t i = 0; i < count; i++) {
		found |= policy_find_rule(p, &rules[i]) >= 0;
		rule_free(&rules[i]);
	}
	free(rules);
	return found;
}

static int help_lockout(const struct policy *from, const struct policy *to,
			const struct lockout *l, struct pg_error *err)
{
	char helps[128];

	what_helps(l, helps, sizeof(helps));
	if (to->panic && !(from && from->panic))
		return pg_help(err, -EPERM,
			       "panic leaves failsafe ports alone open: add it in the policy "
			       "(failsafe: [22/tcp, %u/tcp]) and apply that, or go ahead with "
			       "--force",
			       l->port);
	if (l->deny)
		return help_with_deny(to, l, helps, err);
	if (is_there(from, helps))
		return pg_help(err, -EPERM, "leave '%s' in, or go ahead with --force", helps);
	return pg_help(err, -EPERM,
		       "keep it open: portguard %s (in a file: - %s), or go ahead with --force",
		       helps, helps);
}

int lockout_refuse(const struct policy *from, const struct policy *to, struct pg_error *err)
{
	struct lockout l;
	int r = lockout_find(from, to, &l, err);

	if (r || !l.port)
		return r;
	if (l.session)
		(void)pg_fail(err, -EPERM, PG_EXIT_REFUSED,
			      "refused: this would close port %u/tcp of the login session from %s",
			      l.port, l.peer);
	else
		(void)pg_fail(err, -EPERM, PG_EXIT_REFUSED,
			      "refused: this would close port %u/tcp, on which sshd listens",
			      l.port);
	return help_lockout(from, to, &l, err);
}

/* Whether a port's answer can refuse what it let in before; where it depends on addresses: if it changes at all. */
static bool answer_narrows(const struct compiled *before, uint32_t a, const struct compiled *after,
			   uint32_t b, uint8_t unruled)
{
	uint32_t from = PG_ANSWER_KIND(a), to = PG_ANSWER_KIND(b);

	if (from == PG_ANSWER_ASK && to == PG_ANSWER_ASK)
		return !compiled_same_answer(before, a, after, b);
	if (from == PG_ANSWER_DENY || (from == PG_ANSWER_NONE && unruled == PG_DENY))
		return false;
	return to != PG_ANSWER_ALLOW && from != to;
}

bool policy_narrows(const struct policy *from, const struct policy *to)
{
	_cleanup_compiled_ struct compiled before = { 0 }, after = { 0 };
	const struct interval *a, *b;

	if (!is_guarding(to))
		return false;
	if (!is_guarding(from) || policy_compile(from, &before, NULL) ||
	    policy_compile(to, &after, NULL) || to->scope_count || from->scope_count ||
	    policy_default(from, PG_IN) != policy_default(to, PG_IN) ||
	    !compiled_same_classes(&before, &after))
		return true;
	a = before.ports[PG_IN][PG_TCP].list;
	b = after.ports[PG_IN][PG_TCP].list;
	for (uint32_t at = 0; at < PG_PORTS;) {
		uint32_t last = a->last < b->last ? a->last : b->last;

		if (answer_narrows(&before, a->answer, &after, b->answer,
				   policy_default(from, PG_IN)))
			return true;
		at = last + 1;
		a += a->last == last;
		b += b->last == last;
	}
	return false;
}
