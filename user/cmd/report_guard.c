// SPDX-License-Identifier: GPL-2.0-only
/* What a report tells of the guard itself, copied out of it: the lock is not held while the page is written. */
#include "cmd/report_guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/ports.h"
#include "kernel/figures.h"
#include "util/cleanup.h"
#include "util/names.h"

#define SHORT_ID 12 /* as the runtimes' own commands print them */

/* Copies of texts; one that fails makes all of them fail. */
static char *copy(const char *text, int *error)
{
	char *copied = text ? strdup(text) : NULL;

	if (text && !copied)
		*error = -ENOMEM;
	return copied;
}

static struct report_answer copy_answer(const struct ports *p, const struct port_row *row,
					const struct answer *a, int *error)
{
	return (struct report_answer){
		.verdict = copy(port_verdict(p, row, a), error),
		.reason = copy(reason_names[a->decision.reason], error),
		.rule = port_rule(p, a),
	};
}

/* "nginx[812] +3" */
static char *process_text(const struct port_row *row, int *error)
{
	const struct owner_process *o = row->process;
	char more[32] = "", *text = NULL;

	if (!o)
		return NULL;
	if (row->processes > 1)
		(void)snprintf(more, sizeof(more), " +%u", row->processes - 1);
	if (asprintf(&text, "%s[%u]%s", o->comm ? o->comm : "?", o->pid, more) < 0) {
		*error = -ENOMEM;
		return NULL;
	}
	return text;
}

static char *container_text(const struct port_row *row, int *error)
{
	char id[SHORT_ID + 1];

	if (!row->place.container_id[0])
		return NULL;
	(void)snprintf(id, sizeof(id), "%.*s", SHORT_ID, row->place.container_id);
	return copy(row->container_name[0] ? row->container_name : id, error);
}

static int copy_listener(const struct ports *p, const struct port_row *row,
			 struct report_listener *to)
{
	char local[PORT_LOCAL_TEXT];
	int error = 0;

	*to = (struct report_listener){
		.denied = port_is_denied(p, row),
		.inner = port_is_inner(p, row),
		.local = copy(port_local(&row->socket, local), &error),
		.proto = copy(port_proto_name(&row->socket), &error),
		.scope = copy(port_scope(p, row), &error),
		.bind = copy_answer(p, row, &row->bind, &error),
		.in = copy_answer(p, row, &row->in, &error),
		.service = copy(port_service(p, &row->socket), &error),
		.process = process_text(row, &error),
		.program = copy(row->process ? row->process->exe : NULL, &error),
		.unit = copy(row->place.unit[0] ? row->place.unit : NULL, &error),
		.container = container_text(row, &error),
	};
	return error;
}

static int copy_listeners(const struct ports *p, struct report_guard *ret)
{
	_cleanup_json_ struct json j = JSON_INIT;
	int r = 0;

	ret->listeners = calloc(p->count + 1, sizeof(*ret->listeners));
	if (!ret->listeners)
		return -ENOMEM;
	for (; !r && ret->listener_count < p->count; ret->listener_count++)
		r = copy_listener(p, &p->rows[ret->listener_count],
				  &ret->listeners[ret->listener_count]);
	ports_array(&j, p);
	if (r || json_error(&j))
		return -ENOMEM;
	ret->listeners_json = TAKE_PTR(j.text);
	ret->listeners_known = true;
	return 0;
}

static int find_listeners(const struct guard *g, struct report_guard *ret)
{
	struct pg_error err = PG_ERROR_INIT;
	_cleanup_ports_ struct ports ports = { 0 };
	int r = ports_find(g, &ports, &err);

	if (!r)
		return copy_listeners(&ports, ret);
	(void)snprintf(ret->listeners_why_not, sizeof(ret->listeners_why_not), "%.500s",
		       err.text[0] ? err.text : strerror(-r));
	return r == -ENOMEM ? r : 0;
}

static int look(const struct guard *g, struct report_guard *ret, struct pg_error *err)
{
	_cleanup_figures_ struct figures figures = { 0 };
	int r = figures_read(&g->state, &g->policy, &figures, err);

	if (r)
		return r;
	memcpy(ret->counters, figures.verdicts, sizeof(ret->counters));
	ret->emitted = figures.events.emitted;
	ret->suppressed = figures.events.suppressed;
	ret->lost = figures.events.lost;
	ret->agent = figures.agent;
	ret->panic = g->policy.panic;
	ret->mode = g->policy.mode;
	(void)snprintf(ret->degraded, sizeof(ret->degraded), "%s", figures.degraded);
	ret->up = true;
	return find_listeners(g, ret);
}

int report_guard_find(const struct paths *paths, struct report_guard *ret)
{
	struct pg_error err = PG_ERROR_INIT;
	_cleanup_guard_ struct guard g = { 0 };
	int r = guard_open(paths, GUARD_READ, &g, &err);

	*ret = (struct report_guard){ 0 };
	r = r ? r : look(&g, ret, &err);
	if (r && r != -ENOMEM) {
		(void)snprintf(ret->why_not, sizeof(ret->why_not), "%.500s",
			       err.text[0] ? err.text : strerror(-r));
		r = 0;
	}
	return r;
}
