// SPDX-License-Identifier: GPL-2.0-only
/*
 * ports, printed: JSON, or a table whose columns are as wide as what stands in them. What processes,
 * files and cgroups are called was chosen by others: it is escaped and, in the table, cut.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "cmd/ports.h"
#include "cmd/print.h"
#include "policy/rule.h"
#include "policy/scope.h"
#include "policy/show.h"
#include "util/address.h"
#include "util/cleanup.h"

#define SHORT_ID 12 /* as the runtimes' own commands print them */

/* --- what is said of a row ------------------------------------------------------------------- */

const char *port_proto_name(const struct socket_entry *s)
{
	return s->protocol == IPPROTO_TCP ? "tcp" : s->protocol == IPPROTO_UDP ? "udp" : "udplite";
}

/* The mode of the nearest scope that says one. */
static enum pg_mode mode_of(const struct ports *p, const struct port_row *row)
{
	for (unsigned i = 0; i < PG_OWNERS && !p->policy->panic; i++)
		if (row->owner[i] && row->owner[i] <= p->policy->scope_count &&
		    p->policy->scopes[row->owner[i] - 1].mode_said)
			return p->policy->scopes[row->owner[i] - 1].mode;
	return p->policy->mode;
}

/* The nearest, whatever it answers. */
const char *port_scope(const struct ports *p, const struct port_row *row)
{
	for (unsigned i = 0; i < PG_OWNERS; i++)
		if (row->owner[i] && row->owner[i] <= p->policy->scope_count)
			return p->policy->scopes[row->owner[i] - 1].name;
	return SCOPE_HOST;
}

const char *port_verdict(const struct ports *p, const struct port_row *row, const struct answer *a)
{
	if (a->depends)
		return "depends";
	return verdict_names[a->decision.verdict == PG_DENY && mode_of(p, row) == PG_MODE_AUDIT
				     ? PG_AUDIT
				     : a->decision.verdict];
}

char *port_rule(const struct ports *p, const struct answer *a)
{
	for (size_t i = 0; a->decision.rule && i < p->policy->rule_count; i++)
		if (p->policy->rules[i].id == a->decision.rule)
			return rule_print(&p->policy->rules[i], false);
	return NULL;
}

bool port_is_inner(const struct ports *p, const struct port_row *row)
{
	return !p->policy->loopback && address_is_loopback(row->socket.local);
}

static bool is_denied(const struct answer *a)
{
	return !a->depends && a->decision.verdict == PG_DENY;
}

bool port_is_denied(const struct ports *p, const struct port_row *row)
{
	return is_denied(&row->bind) || (is_denied(&row->in) && !port_is_inner(p, row));
}

const char *port_service(const struct ports *p, const struct socket_entry *s)
{
	return services_name(&p->services, port_proto(s) == PG_UDP, s->local_port);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static void answer_json(struct json *j, const char *name, const struct ports *p,
			const struct port_row *row, const struct answer *a)
{
	_cleanup_free_ char *rule = port_rule(p, a);

	json_key(j, name);
	json_object(j);
	json_member_string(j, "verdict", port_verdict(p, row, a));
	json_member_string(j, "reason", reason_names[a->decision.reason]);
	json_member_string(j, "rule", rule);
	json_object_end(j);
}

static void process_json(struct json *j, const struct port_row *row)
{
	const struct owner_process *o = row->process;

	if (o)
		json_member_u64(j, "pid", o->pid);
	else
		json_member_null(j, "pid");
	json_member_string(j, "comm", o ? o->comm : NULL);
	json_member_string(j, "exe", o ? o->exe : NULL);
	json_member_u64(j, "processes", row->processes);
	json_member_string(j, "unit", row->place.unit[0] ? row->place.unit : NULL);
	json_key(j, "container");
	if (!row->place.container_id[0]) {
		json_null(j);
		return;
	}
	json_object(j);
	json_member_string(j, "id", row->place.container_id);
	json_member_string(j, "name", row->container_name[0] ? row->container_name : NULL);
	json_object_end(j);
}

void ports_array(struct json *j, const struct ports *p)
{
	char address[ADDRESS_TEXT];

	json_array(j);
	for (size_t i = 0; i < p->count; i++) {
		const struct port_row *row = &p->rows[i];

		json_object(j);
		json_member_string(j, "proto", port_proto_name(&row->socket));
		json_key(j, "local");
		json_object(j);
		json_member_string(j, "ip", address_print(row->socket.local, address));
		json_member_u64(j, "port", row->socket.local_port);
		json_object_end(j);
		process_json(j, row);
		json_member_string(j, "service", port_service(p, &row->socket));
		json_member_string(j, "scope", port_scope(p, row));
		answer_json(j, "bind", p, row, &row->bind);
		answer_json(j, "in", p, row, &row->in);
		json_object_end(j);
	}
	json_array_end(j);
}

int ports_json(const struct ports *p, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;

	json_object(&j);
	json_key(&j, "ports");
	ports_array(&j, p);
	json_object_end(&j);
	return print_json(&j, err);
}

/* --- text ----------------------------------------------------------------------------------- */

enum column { PROTO, LOCAL, SERVICE, RANGE, PROCESS, PROGRAM, UNIT, CONTAINER, BIND, IN, COLUMNS };

static const char *const titles[COLUMNS] = { "proto",   "local", "service",   "port is", "process",
					     "program", "unit",  "container", "bind",    "in" };

#define CELL PORT_LOCAL_TEXT /* the longest: two texts of SHOW_BYTES, and a little */

struct cells {
	char mark;
	char text[COLUMNS][CELL];
};

/* Names are their owners' to choose: escaped, and cut. */
static void show(char *cell, const char *text)
{
	(void)snprintf(cell, CELL, "%s", text && *text ? SHOW_STRING(text) : "-");
}

char *port_local(const struct socket_entry *s, char *text)
{
	char address[ADDRESS_TEXT], device[IF_NAMESIZE] = "";
	bool v6 = s->family == 6;

	(void)address_print(s->local, address);
	if (s->device && !if_indextoname(s->device, device))
		(void)snprintf(device, sizeof(device), "if%u", s->device);
	(void)snprintf(text, PORT_LOCAL_TEXT, "%s%s%s%s%s:%u", v6 ? "[" : "", address, *device ? "%" : "",
		       *device ? SHOW_STRING(device) : "", v6 ? "]" : "", s->local_port);
	return text;
}

static void show_process(char *cell, const struct port_row *row)
{
	const struct owner_process *o = row->process;
	int n;

	if (!o) {
		show(cell, NULL);
		return;
	}
	n = snprintf(cell, CELL, "%s[%u]", o->comm ? SHOW_STRING(o->comm) : "?", o->pid);
	if (row->processes > 1) /* and how many more */
		(void)snprintf(cell + n, CELL - (size_t)n, " +%u", row->processes - 1);
}

static void show_answer(char *cell, const struct ports *p, const struct port_row *row,
			const struct answer *a)
{
	_cleanup_free_ char *rule = port_rule(p, a);

	(void)snprintf(cell, CELL, "%s (%s)", port_verdict(p, row, a),
		       rule ? SHOW_STRING(rule) : reason_names[a->decision.reason]);
}

static void fill(struct cells *c, const struct ports *p, const struct port_row *row)
{
	const struct socket_entry *s = &row->socket;
	char id[SHORT_ID + 1];

	c->mark = port_is_denied(p, row) ? '!' : ' ';
	(void)snprintf(id, sizeof(id), "%.*s", SHORT_ID, row->place.container_id);
	show(c->text[PROTO], port_proto_name(s));
	(void)port_local(s, c->text[LOCAL]);
	show(c->text[SERVICE], port_service(p, s));
	show(c->text[RANGE], s->local_port < 1024 ? "well-known" : "registered");
	show_process(c->text[PROCESS], row);
	show(c->text[PROGRAM], row->process ? row->process->exe : NULL);
	show(c->text[UNIT], row->place.unit);
	show(c->text[CONTAINER], id);
	show_answer(c->text[BIND], p, row, &row->bind);
	show_answer(c->text[IN], p, row, &row->in);
	if (port_is_inner(p, row))
		show(c->text[IN], "loopback");
}

static void print_table(const struct cells *table, size_t count)
{
	int widths[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++) {
		widths[i] = (int)strlen(titles[i]);
		for (size_t j = 0; j < count; j++)
			if ((int)strlen(table[j].text[i]) > widths[i])
				widths[i] = (int)strlen(table[j].text[i]);
	}
	widths[COLUMNS - 1] = 0; /* nothing stands behind it */
	(void)printf(" ");
	for (size_t i = 0; i < COLUMNS; i++)
		(void)printf(" %-*s%s", widths[i], titles[i], i + 1 < COLUMNS ? " " : "\n");
	for (size_t j = 0; j < count; j++) {
		(void)printf("%c", table[j].mark);
		for (size_t i = 0; i < COLUMNS; i++)
			(void)printf(" %-*s%s", widths[i], table[j].text[i],
				     i + 1 < COLUMNS ? " " : "\n");
	}
}

/* What would let the row in: nothing but its own removal does where a deny rule matches. */
static void print_remedy(const struct ports *p, const struct port_row *row)
{
	bool in = is_denied(&row->in) && !port_is_inner(p, row);
	const struct answer *a = in ? &row->in : &row->bind;

	(void)printf("To %s, such as the first: portguard %s%u/%s\n",
		     a->decision.reason == PG_REASON_RULE ? "see what denies them" : "let them",
		     a->decision.reason == PG_REASON_RULE ? in ? "explain in " : "explain bind "
		     : in                                 ? "allow "
							  : "allow bind ",
		     row->socket.local_port, port_proto(&row->socket) == PG_TCP ? "tcp" : "udp");
}

static void print_summary(const struct ports *p)
{
	const struct port_row *first = NULL;
	size_t denied = 0;

	for (size_t i = 0; i < p->count; i++)
		if (port_is_denied(p, &p->rows[i]) && !denied++)
			first = &p->rows[i];
	if (!first) {
		(void)printf("%zu listening, none denied\n", p->count);
		return;
	}
	(void)printf(
		"%zu listening, %zu denied now (!): they stay open, but where `in` is denied "
		"nobody outside reaches them,\nand where `bind` is their program could not start "
		"again. ",
		p->count, denied);
	print_remedy(p, first);
}

int ports_text(const struct ports *p, struct pg_error *err)
{
	_cleanup_free_ struct cells *table = calloc(p->count + 1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < p->count; i++)
		fill(&table[i], p, &p->rows[i]);
	print_table(table, p->count);
	print_summary(p);
	if (p->policy->mode != PG_MODE_ENFORCE)
		(void)printf("mode is %s: nothing is refused\n", mode_names[p->policy->mode]);
	return print_done(err);
}
