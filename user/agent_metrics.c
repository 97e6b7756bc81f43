// SPDX-License-Identifier: GPL-2.0-only
/* See agent_metrics.h. */
#include "agent_metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "kernel/lock.h"
#include "metrics/table.h"
#include "util/address.h"
#include "util/cleanup.h"

#define SECOND_NS 1000000000ull
#define REST 19 /* for so many times as long as it took to make, a page is good */
#define RETRY_SECONDS 10

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

/* The policy in force, if it is another one than before; who holds the lock is not waited for. */
static bool follow_policy(struct agent_metrics *m)
{
	uint32_t changes = __atomic_load_n(&m->state->control->changes, __ATOMIC_SEQ_CST);
	uint32_t slot = state_slot(m->state);
	_cleanup_policy_ struct policy p = { 0 };
	_cleanup_close_ int lock = -1;

	if (m->known && changes == m->changes && slot == m->slot)
		return false;
	if (lock_take(m->paths, "lock", false, 0, &lock) || state_policy(m->state, &p, NULL))
		return false; /* the next time */
	policy_free(&m->policy);
	m->policy = TAKE(p, (struct policy){ 0 });
	m->changes = changes;
	m->slot = slot;
	m->known = true;
	return true;
}

static int make_page(struct agent_metrics *m)
{
	_cleanup_figures_ struct figures figures = { 0 };
	_cleanup_memory_ struct memory memory = { 0 };
	int r = m->known ? 0 : -EAGAIN;

	if (!r && state_has_scopes(m->state))
		r = state_map_scopes(m->state);
	r = r ? r : figures_read(m->state, &m->policy, &figures, NULL);
	r = r ? r : memory_read(m->paths, &memory);
	return r ? r : metrics_print(&m->page, &figures, &memory);
}

static const struct json *page(void *data)
{
	struct agent_metrics *m = data;
	uint64_t began = now_ns(), took;

	if (began >= m->good_until_ns) {
		json_reset(&m->page);
		(void)follow_policy(m);
		if (make_page(m))
			json_reset(&m->page);
		took = now_ns() - began;
		m->good_until_ns =
			began + took + (took * REST > SECOND_NS ? took * REST : SECOND_NS);
	}
	return m->page.length ? &m->page : NULL;
}

static void forget_trouble(struct agent_metrics *m)
{
	struct pg_meta *meta = m->state->meta;

	if (m->trouble[0] && !strcmp(meta->degraded, m->trouble))
		meta->degraded[0] = '\0';
	m->trouble[0] = '\0';
}

/* In status as long as nothing else is wrong. */
static void show_trouble(struct agent_metrics *m)
{
	struct pg_meta *meta = m->state->meta;

	if (!m->error)
		forget_trouble(m);
	else if (!meta->degraded[0])
		(void)snprintf(meta->degraded, sizeof(meta->degraded), "%s", m->trouble);
}

/* Told once; the policy may be what refuses a bind, the agent's like anybody's. */
static void note(struct agent_metrics *m, int error)
{
	const char *where = m->policy.metrics;
	char text[sizeof(m->trouble)], address[ADDRESS_TEXT];
	struct endpoint at;
	int length;

	m->error = error;
	m->seconds = 0;
	if (!error || !where) /* nowhere is always possible */
		return;
	length = snprintf(text, sizeof(text), "metrics %.80s: %s", where, strerror(-error));
	if (error == -EPERM && !endpoint_parse(where, strlen(where), &at, NULL) && at.port)
		(void)snprintf(text + length, sizeof(text) - (size_t)length,
			       ": allow bind %u/tcp at %s, or serve them at a path, unix://…",
			       at.port, address_print(at.address, address));
	if (!strcmp(text, m->trouble))
		return;
	forget_trouble(m);
	(void)snprintf(m->trouble, sizeof(m->trouble), "%s", text);
	m->say(m->data, "degraded", m->trouble);
}

static int serve_at(struct agent_metrics *m, const char *where)
{
	struct endpoint at;
	int r = where ? endpoint_parse(where, strlen(where), &at, NULL) : 0;

	free(TAKE_PTR(m->at));
	r = r ? r : server_listen(m->server, where ? &at : NULL);
	if (!r && where)
		m->at = strdup(where);
	return r;
}

/* Serve them where the policy says. */
static void settle(struct agent_metrics *m)
{
	const char *where = m->policy.metrics;
	bool there = where && m->at ? !strcmp(where, m->at) : where == m->at;

	note(m, there ? 0 : serve_at(m, where));
	show_trouble(m);
}

int agent_metrics_open(struct agent_metrics *m)
{
	int r = server_open(page, m, &m->server);

	if (r)
		return r;
	if (follow_policy(m))
		settle(m);
	return 0;
}

void agent_metrics_close(struct agent_metrics *m)
{
	if (m->state)
		forget_trouble(m); /* without an agent it is none */
	server_free(m->server);
	policy_free(&m->policy);
	json_free(&m->page);
	free(m->at);
}

int agent_metrics_fd(const struct agent_metrics *m)
{
	return server_fd(m->server);
}

void agent_metrics_dispatch(struct agent_metrics *m)
{
	server_dispatch(m->server);
}

/* What the policy refuses is tried again when there is another policy: each try is one more refusal. */
void agent_metrics_tick(struct agent_metrics *m)
{
	bool moved = follow_policy(m);

	m->seconds++;
	if (moved || (m->error && m->error != -EPERM && m->seconds >= RETRY_SECONDS))
		settle(m);
	else
		show_trouble(m);
	server_tick(m->server);
}
