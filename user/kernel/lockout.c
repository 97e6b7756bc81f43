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
#include "kernel/scope_owner.h"
#include "kernel/sockets.h"
#include "kernel/state.h"
#include "policy/compile.h"
#include "policy/reach.h"
#include "policy/rule.h"
#include "util/address.h"
#include "util/cleanup.h"
#include "util/ssh.h"

#define FAILSAFE_PORT 22

/* A policy, and whose sockets it is asked for. */
struct judge {
	const struct policy *policy;	/* NULL: there is none */
	struct compiled compiled;
	struct scope_owners owners;
};

struct search {
	struct judge before, after;
	uint64_t now_ns; /* CLOCK_BOOTTIME */
	uint64_t *sshd;
	size_t sshd_count;
	uint8_t *listens; /* a byte for each port */
	struct socket_entry *doors, *sessions; /* on which sshd listens; login sessions */
	size_t door_count, session_count;
	struct ssh_connection own; /* server_port 0: no SSH_CONNECTION */
	struct ifaddrs *addresses;
	struct lockout *found;
};

static void search_free(struct search *s)
{
	compiled_free(&s->before.compiled);
	compiled_free(&s->after.compiled);
	scope_owners_close(&s->before.owners);
	scope_owners_close(&s->after.owners);
	free(s->sshd);
	free(s->doors);
	free(s->sessions);
	free(s->listens);
	local_free(&s->addresses);
}

static void read_own_session(struct search *s)
{
	const char *text = getenv("SSH_CONNECTION");

	if (!text || ssh_connection_parse(text, &s->own))
		s->own.server_port = 0;
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
	if (e->local_port == s->own.server_port && e->remote_port == s->own.client_port &&
	    !memcmp(e->remote, s->own.client, 16))
		return true;
	return e->local_port == FAILSAFE_PORT ||
	       (s->listens[e->local_port] && sshd_holds(s, e->inode));
}

/* --- deciding ----------------------------------------------------------------------------------- */

/* The scope that answers, or NULL: the host. */
static const char *scope_of(const struct judge *j, const uint16_t owner[PG_OWNERS])
{
	for (unsigned i = 0; i < PG_OWNERS; i++)
		if (owner[i] && j->compiled.scopes[owner[i]].answers & RULE_IN)
			return j->policy->scopes[owner[i] - 1].name;
	return NULL;
}

/* A packet is refused where it comes in, by the host's mode, or at the socket, by its scope's. */
static bool guards(const struct judge *j, const uint16_t owner[PG_OWNERS])
{
	for (unsigned i = 0; i < PG_OWNERS; i++)
		if (owner[i] && j->policy->scopes[owner[i] - 1].mode_said)
			return policy_host_guards(j->policy) ||
			       j->policy->scopes[owner[i] - 1].mode == PG_MODE_ENFORCE;
	return policy_host_guards(j->policy);
}

/* Where it comes in the host's deny is final; at the socket its scopes are asked. */
static struct pg_decision decide(const struct judge *j, uint64_t cgroup, const struct pg_question *q,
				 const struct circumstances *in, const char **ret_scope)
{
	struct pg_decision d = compiled_decide_in(&j->compiled, j->policy, q, in);
	size_t numbers[PG_OWNERS], count = 0;
	uint16_t owner[PG_OWNERS];
	bool scoped = scope_owners_find(&j->owners, cgroup, owner);
	bool final = d.verdict == PG_DENY && d.reason == PG_REASON_RULE && policy_host_guards(j->policy);

	*ret_scope = NULL;
	if (!guards(j, owner))
		return (struct pg_decision){ .verdict = PG_ALLOW, .reason = PG_REASON_DEFAULT };
	if (final || !scoped)
		return d;
	for (unsigned i = 0; i < PG_OWNERS; i++)
		if (owner[i])
			numbers[count++] = owner[i];
	*ret_scope = scope_of(j, owner);
	return compiled_decide_scopes(&j->compiled, j->policy, numbers, count, q, in);
}

static bool open_before(const struct search *s, uint64_t cgroup, const struct pg_question *q,
			const struct circumstances *in)
{
	const char *scope;

	return !policy_guards(s->before.policy) ||
	       decide(&s->before, cgroup, q, in, &scope).verdict == PG_ALLOW;
}

static void check_session(struct search *s, const struct socket_entry *e)
{
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
	const char *scope;

	memcpy(q.remote, e->remote, 16);
	memcpy(q.local, e->local, 16);
	d = decide(&s->after, e->cgroup, &q, &in, &scope);
	if (!open_before(s, e->cgroup, &q, &in) || d.verdict == PG_ALLOW)
		return;
	s->found->deny = d.reason == PG_REASON_RULE ? d.rule : 0;
	s->found->scope = scope;
	s->found->port = e->local_port;
	s->found->session = true;
	(void)address_print(e->remote, s->found->peer);
}

static int note(struct socket_entry **list, size_t *count, const struct socket_entry *e)
{
	struct socket_entry *grown = reallocarray(*list, *count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[(*count)++] = *e;
	return 0;
}

static int note_listener(const struct socket_entry *e, void *data)
{
	struct search *s = data;

	if (e->state != SOCKET_LISTEN || address_is_loopback(e->local))
		return 0;
	s->listens[e->local_port] = 1;
	return sshd_holds(s, e->inode) ? note(&s->doors, &s->door_count, e) : 0;
}

static int note_session(const struct socket_entry *e, void *data)
{
	struct search *s = data;

	if (e->state != SOCKET_ESTABLISHED || !is_login(s, e))
		return 0;
	return note(&s->sessions, &s->session_count, e);
}

/* The deny of the host that closes a port to all, or 0. */
static uint32_t deny_of(const struct judge *j, uint16_t port, uint64_t now_ns)
{
	uint32_t answer = compiled_settle(&j->compiled,
					  compiled_answer(&j->compiled, PG_IN, PG_TCP, port), now_ns);

	return PG_ANSWER_KIND(answer) == PG_ANSWER_DENY ? PG_ANSWER_NUMBER(answer) : 0;
}

/* Whether anybody may come to the socket. */
static bool may_allow(const struct judge *j, const struct socket_entry *e, uint64_t now_ns,
		      const char **ret_scope)
{
	uint16_t owner[PG_OWNERS];
	const struct reach_socket to = {
		.proto = PG_TCP,
		.port = e->local_port,
		.v4 = true,
		.v6 = true,
		.now_ns = now_ns,
		.owner = owner,
	};
	struct reach reach;
	bool scoped;

	*ret_scope = NULL;
	scoped = scope_owners_find(&j->owners, e->cgroup, owner);
	if (!guards(j, owner))
		return true;
	if (!scoped)
		return compiled_may_allow_at(&j->compiled, j->policy, PG_IN, PG_TCP, e->local_port, now_ns);
	if (policy_host_guards(j->policy) && deny_of(j, e->local_port, now_ns))
		return false;
	*ret_scope = scope_of(j, owner);
	return reach_in(&j->compiled, j->policy, &to, &reach) || reach.allow;
}

/* Of several doors that close the lowest port is told. */
static void check_listeners(struct search *s)
{
	bool session = s->found->session;

	for (size_t i = 0; !session && i < s->door_count; i++) {
		const struct socket_entry *e = &s->doors[i];
		const char *scope, *before;

		if ((s->found->port && s->found->port <= e->local_port) ||
		    may_allow(&s->after, e, s->now_ns, &scope) ||
		    (policy_guards(s->before.policy) && !may_allow(&s->before, e, s->now_ns, &before)))
			continue;
		s->found->port = e->local_port;
		s->found->scope = scope;
		s->found->deny = deny_of(&s->after, e->local_port, s->now_ns);
	}
}

static int open_judge(struct judge *j, const struct policy *p, struct pg_error *err)
{
	int r;

	j->policy = p;
	if (!policy_guards(p))
		return 0;
	r = policy_compile(p, &j->compiled, err);
	return r ? r : scope_owners_open(p, &j->owners);
}

static int find_doors(struct search *s)
{
	int r;

	s->listens = calloc(PG_PORTS, 1);
	if (!s->listens)
		return -ENOMEM;
	read_own_session(s);
	r = owners_held_by("sshd", &s->sshd, &s->sshd_count);
	r = r ? r : sockets_each(IPPROTO_TCP, 1u << SOCKET_LISTEN, note_listener, s);
	return r ? r : sockets_each(IPPROTO_TCP, 1u << SOCKET_ESTABLISHED, note_session, s);
}

int lockout_find(const struct policy *from, const struct policy *to, struct lockout *ret,
		 struct pg_error *err)
{
	_cleanup_(search_free) struct search s = { .found = ret };
	int r;

	*ret = (struct lockout){ 0 };
	if (!policy_guards(to))
		return 0;
	r = find_doors(&s);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "login sessions: %s", strerror(-r));
	if (!s.door_count && !s.session_count)
		return 0; /* nobody to be locked out, which is known before any policy is compiled */
	r = open_judge(&s.after, to, err);
	r = r ? r : open_judge(&s.before, from, err);
	if (r)
		return r;
	s.now_ns = boot_now_ns();
	if (getifaddrs(&s.addresses))
		s.addresses = NULL; /* rules with `on` are then taken at their worst */
	for (size_t i = 0; !ret->port && i < s.session_count; i++)
		check_session(&s, &s.sessions[i]);
	check_listeners(&s);
	return 0;
}

/* "22/tcp", or "22/tcp from ADDRESS": what to allow. */
static void what_helps(const struct lockout *l, char *to, size_t size)
{
	(void)snprintf(to, size, "allow %u/tcp%s%s", l->port, l->session ? " from " : "",
		       l->session ? l->peer : "");
}

/* Its socket is in a scope, whose rules are asked. */
static int help_in_scope(const struct lockout *l, const char *helps, struct pg_error *err)
{
	return pg_help(err, -EPERM,
		       "its socket is in scope %s: keep it open there: portguard allow --scope %s %s, or "
		       "go ahead with --force",
		       l->scope, l->scope, helps + strlen("allow "));
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
			       "panic leaves failsafe ports alone open: add %u/tcp to failsafe: in the "
			       "policy and apply that, or go ahead with --force",
			       l->port);
	if (l->scope && !l->deny)
		return help_in_scope(l, helps, err);
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
