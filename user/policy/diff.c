// SPDX-License-Identifier: GPL-2.0-only
/*
 * What would change between two policies, as lines: each part of both is written as a list of lines,
 * and what only one of them has is shown with its sign, first what goes, then what comes. Settings
 * are first, in the order of the policy file, then sets, scopes, and rules.
 */
#include "policy/diff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image_words.h"
#include "policy/list.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "policy/rule_index.h"
#include "policy/scope.h"
#include "policy/units.h"
#include "util/cleanup.h"

struct lines {
	char **list;
	size_t count;
};

static void lines_free(struct lines *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->list[i]);
	free(l->list);
	*l = (struct lines){ .list = NULL };
}

/* Takes @line over, which may be NULL for want of memory. */
static int add_line(struct lines *l, char *line)
{
	if (line && !list_append(&l->list, &l->count, &line, sizeof(line)))
		return 0;
	free(line);
	return -ENOMEM;
}

__attribute__((format(printf, 2, 3))) static int add(struct lines *l, const char *format, ...)
{
	va_list ap;
	char *line;
	int r;

	va_start(ap, format);
	r = vasprintf(&line, format, ap);
	va_end(ap);
	return r < 0 ? -ENOMEM : add_line(l, line);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_lines(struct lines *l)
{
	if (l->count)
		qsort(l->list, l->count, sizeof(*l->list), compare_lines);
}

/* Those lines of @l that @other, which is sorted, does not have. */
static void print_missing(FILE *out, char sign, const struct lines *l, const struct lines *other)
{
	for (size_t i = 0; i < l->count; i++)
		if (!other->count || !bsearch(&l->list[i], other->list, other->count,
					      sizeof(*other->list), compare_lines))
			(void)fprintf(out, "%c %s\n", sign, l->list[i]);
}

static void print_difference(FILE *out, struct lines *from, struct lines *to)
{
	sort_lines(from);
	sort_lines(to);
	print_missing(out, '-', from, to);
	print_missing(out, '+', to, from);
}

static int list_mode(const struct policy *p, struct lines *l)
{
	return add(l, "mode: %s", image_modes[p->mode]);
}

static int list_interfaces(const struct policy *p, struct lines *l)
{
	int r = 0;

	if (!p->interface_count)
		r = p->interfaces_said ? add(l, "interfaces: []") : 0;
	for (size_t i = 0; !r && i < p->interface_count; i++)
		r = p->interfaces[i].attach == ATTACH_DEFAULT
			    ? add(l, "interfaces: %s", p->interfaces[i].pattern)
			    : add(l, "interfaces: %s, attach: %s", p->interfaces[i].pattern,
				  image_attach[p->interfaces[i].attach]);
	return r;
}

static int list_cgroup(const struct policy *p, struct lines *l)
{
	return add(l, "cgroup: %s", p->cgroup ? p->cgroup : "/");
}

static int list_attach(const struct policy *p, struct lines *l)
{
	return add(l, "attach: %s", image_attach[p->attach]);
}

static int list_defaults(const struct policy *p, struct lines *l)
{
	return add(l, "default: bind: %s", image_verdicts[p->defaults[PG_BIND]]) ?:
		add(l, "default: in: %s",
		    p->in_reject ? IMAGE_REJECT : image_verdicts[p->defaults[PG_IN]]) ?:
		add(l, "default: out: %s", image_verdicts[p->defaults[PG_OUT]]) ?:
		add(l, "default: raw: %s", image_verdicts[p->default_raw]);
}

static int list_essentials(const struct policy *p, struct lines *l)
{
	int r = p->essentials & ESSENTIAL_DHCP ? add(l, "essentials: dhcp") : 0;

	return r ?: p->essentials & ESSENTIAL_MDNS ? add(l, "essentials: mdns") : 0;
}

static int list_failsafe(const struct policy *p, struct lines *l)
{
	int r = 0;

	for (size_t i = 0; !r && i < p->failsafe_count; i++) {
		_cleanup_free_ char *port =
			ports_print(&p->failsafe[i].range, 1, false, p->failsafe[i].protos);

		r = port ? add(l, "failsafe: %s", port) : -ENOMEM;
	}
	return r;
}

static int list_protocols(const struct policy *p, struct lines *l)
{
	char text[PEER_TEXT];
	int r = 0;

	for (size_t i = 0; !r && i < p->protocol_count; i++) {
		const struct protocol_rule *rule = &p->protocols[i];
		const char *name = protocol_name(rule->protocol);
		char number[4];

		(void)snprintf(number, sizeof(number), "%u", rule->protocol);
		r = add(l, "protocols: %s%s%s", name ? name : number,
			rule->from.kind == PEER_ANY ? "" : " from ", peer_print(&rule->from, text));
	}
	return r;
}

static int list_icmp(const struct policy *p, struct lines *l)
{
	char text[RATE_TEXT];
	int r;

	if (p->echo == PG_NONE)
		r = add(l, "icmp: echo: %s", rate_print(&p->echo_rate, text));
	else
		r = add(l, "icmp: echo: %s", image_verdicts[p->echo]);
	return r ?: add(l, "icmp: redirect: %s", image_verdicts[p->redirect]);
}

static int list_switches(const struct policy *p, struct lines *l)
{
	return add(l, "forward: %s", image_verdicts[p->forward]) ?:
		add(l, "loopback: %s", p->loopback ? "true" : "false") ?:
		add(l, "on_listen: %s", p->on_listen_close ? "close" : "report");
}

static int list_flows(const struct policy *p, struct lines *l)
{
	return add(l, "flows: max: %u", p->flows_max) ?:
		add(l, "flows: udp: %us", p->flow_udp_s) ?:
		add(l, "flows: udp-stream: %us", p->flow_udp_stream_s) ?:
		add(l, "flows: tcp: %us", p->flow_tcp_s);
}

static int list_events(const struct policy *p, struct lines *l)
{
	return add(l, "events: max: %u/s", p->events_max)
		       ?: add(l, "events: number: %u", p->events_number);
}

static int list_metrics(const struct policy *p, struct lines *l)
{
	return p->metrics ? add(l, "metrics: %s", p->metrics) : 0;
}

static int list_outputs(const struct policy *p, struct lines *l)
{
	int r = p->outputs_said && !p->output_count ? add(l, "outputs: []") : 0;

	for (size_t i = 0; !r && i < p->output_count; i++)
		r = add(l, "outputs: %s", p->outputs[i].text);
	return r;
}

static int list_sets(const struct policy *p, struct lines *l)
{
	char text[PREFIX_TEXT];
	int r = 0;

	for (size_t i = 0; !r && i < p->set_count; i++) {
		const struct set *set = &p->sets[i];

		if (!set->count)
			r = add(l, "sets: %s: []", set->name);
		for (size_t j = 0; !r && j < set->count; j++)
			r = add(l, "sets: %s: %s", set->name,
				prefix_print(&set->prefixes[j], text));
	}
	return r;
}

/* Sets may be large, and are as a rule what they were. */
static bool same_sets(const struct policy *a, const struct policy *b)
{
	if (a->set_count != b->set_count)
		return false;
	for (size_t i = 0; i < a->set_count; i++) {
		const struct set *x = &a->sets[i], *y = &b->sets[i];

		if (strcmp(x->name, y->name) || x->count != y->count)
			return false;
		for (size_t j = 0; j < x->count; j++)
			if (prefix_compare(&x->prefixes[j], &y->prefixes[j]))
				return false;
	}
	return true;
}

static int list_scope(const struct scope *s, struct lines *l)
{
	static const char *const words[] = { "bind", "in", "out" };
	int r = add(l, "scopes: %s: %s: %s", s->name, scope_kinds[s->kind], s->selector);

	if (!r && s->mode_said)
		r = add(l, "scopes: %s: mode: %s", s->name, image_modes[s->mode]);
	if (!r && s->inherit)
		r = add(l, "scopes: %s: inherit: true", s->name);
	for (enum pg_direction d = 0; !r && d < PG_DIRECTION_COUNT; d++)
		if (s->defaults_said & 1u << d)
			r = add(l, "scopes: %s: default: %s: %s", s->name, words[d],
				image_verdicts[s->defaults[d]]);
	if (!r && s->raw_said)
		r = add(l, "scopes: %s: default: raw: %s", s->name, image_verdicts[s->raw]);
	return r;
}

static int list_scopes(const struct policy *p, struct lines *l)
{
	int r = 0;

	for (size_t i = 0; !r && i < p->scope_count; i++)
		r = list_scope(&p->scopes[i], l);
	return r;
}

static int (*const parts[])(const struct policy *p, struct lines *l) = {
	list_mode,       list_interfaces, list_cgroup,    list_attach, list_defaults,
	list_essentials, list_failsafe,   list_protocols, list_icmp,   list_switches,
	list_flows,      list_events,     list_metrics,   list_outputs, list_sets, list_scopes,
};

/* What @from lacks; those of @from that stay are marked. */
static int list_come(const struct policy *from, const struct policy *to, bool *stay,
		     struct lines *l)
{
	_cleanup_rule_index_ struct rule_index before = { .places = NULL };
	int r = rule_index_of(from, &before);

	for (size_t i = 0; !r && i < to->rule_count; i++) {
		const struct rule *found = rule_index_find(&before, &to->rules[i]);

		if (found)
			stay[found - from->rules] = true;
		else
			r = add_line(l, rule_print_line(&to->rules[i], false));
	}
	return r;
}

static int list_gone(const struct policy *from, const bool *stay, struct lines *l)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->rule_count; i++)
		if (!stay[i])
			r = add_line(l, rule_print_line(&from->rules[i], false));
	return r;
}

/* Told apart as rules, not as lines: one user may have two names. No policy has a rule twice. */
static int print_rules(FILE *out, const struct policy *from, const struct policy *to)
{
	_cleanup_free_ bool *stay = calloc(from->rule_count + 1, sizeof(*stay));
	_cleanup_(lines_free) struct lines gone = { .list = NULL }, come = { .list = NULL };
	int r = stay ? list_come(from, to, stay, &come) : -ENOMEM;

	r = r ?: list_gone(from, stay, &gone);
	if (r)
		return r;
	sort_lines(&gone);
	sort_lines(&come);
	for (size_t i = 0; i < gone.count; i++)
		(void)fprintf(out, "- %s\n", gone.list[i]);
	for (size_t i = 0; i < come.count; i++)
		(void)fprintf(out, "+ %s\n", come.list[i]);
	return 0;
}

char *policy_diff(const struct policy *from, const struct policy *to)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int r = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; !r && i < ARRAY_SIZE(parts); i++) {
		_cleanup_(lines_free) struct lines before = { .list = NULL },
						   after = { .list = NULL };

		if (parts[i] == list_sets && same_sets(from, to))
			continue;
		r = parts[i](from, &before) ?: parts[i](to, &after);
		if (!r)
			print_difference(out, &before, &after);
	}
	r = r ?: print_rules(out, from, to);
	/* A stream in memory fails for want of memory alone. */
	return fclose(out) || r ? NULL : TAKE_PTR(text);
}
