// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy as lines of text. One line a thing, `KEY VALUES`, in the order of the table below; rules
 * are sentences behind their number, origin, counter's base, and what no sentence says: the number of its
 * user, and its scope. The last line is `end`, so that a
 * text that was cut does not pass for a smaller policy. Reading: image_read.c.
 */
#include "policy/image.h"

#include <inttypes.h>

#include "policy/image_words.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "policy/scope.h"
#include "policy/sentence.h"
#include "util/json.h"

const char *const image_modes[] = { "enforce", "audit", "off", NULL };
const char *const image_verdicts[] = { "none", "allow", "deny", NULL };
const char *const image_attach[] = { "default", "auto", "xdp", "tc", NULL };
const char *const image_origins[] = { "file", "runtime", NULL };

static void write_scalars(struct json *out, const struct policy *p)
{
	json_append_format(out, "mode %s\n", image_modes[p->mode]);
	json_append_format(out, "default %s %s %s %s\n", image_verdicts[p->defaults[PG_BIND]],
			   p->in_reject ? IMAGE_REJECT : image_verdicts[p->defaults[PG_IN]],
			   image_verdicts[p->defaults[PG_OUT]], image_verdicts[p->default_raw]);
	json_append_text(out, "cgroup ");
	sentence_quote(out, p->cgroup ? p->cgroup : "/");
	json_append_format(out, "\nattach %s\n", image_attach[p->attach]);
	json_append_format(out, "essentials %u\n", p->essentials);
	json_append_format(out, "icmp %s %u %u %s\n", image_verdicts[p->echo],
			   p->echo_rate.per_second_x1000, p->echo_rate.burst,
			   image_verdicts[p->redirect]);
	json_append_format(out, "forward %s\n", image_verdicts[p->forward]);
	json_append_format(out, "loopback %d\n", p->loopback);
	json_append_format(out, "on-listen-close %d\n", p->on_listen_close);
	json_append_format(out, "flows %u %u %u %u\n", p->flows_max, p->flow_udp_s,
			   p->flow_udp_stream_s, p->flow_tcp_s);
	json_append_format(out, "events %u %u\n", p->events_max, p->events_number);
	json_append_format(out, "interfaces-said %d\n", p->interfaces_said);
}

static void write_failsafe(struct json *out, const struct policy *p)
{
	for (size_t i = 0; i < p->failsafe_count; i++) {
		json_append_text(out, "failsafe ");
		ports_write(out, &p->failsafe[i].range, 1, false, p->failsafe[i].protos);
		json_append(out, "\n", 1);
	}
}

static void write_lists(struct json *out, const struct policy *p)
{
	char text[PEER_TEXT];

	for (size_t i = 0; i < p->interface_count; i++) {
		json_append_text(out, "interface ");
		sentence_quote(out, p->interfaces[i].pattern);
		json_append_format(out, " %s\n", image_attach[p->interfaces[i].attach]);
	}
	for (size_t i = 0; i < p->protocol_count; i++) {
		const struct peer *from = &p->protocols[i].from;

		json_append_format(out, "protocol %u%s%s\n", p->protocols[i].protocol,
				   from->kind == PEER_ANY ? "" : " ", peer_print(from, text));
	}
	for (size_t i = 0; i < p->set_count; i++) {
		json_append_format(out, "set %s", p->sets[i].name);
		for (size_t j = 0; j < p->sets[i].count; j++) {
			json_append(out, " ", 1);
			json_append_text(out, prefix_print(&p->sets[i].prefixes[j], text));
		}
		json_append(out, "\n", 1);
	}
}

/* Defaults that were not said are `none`, a mode `-`. */
static void write_scopes(struct json *out, const struct policy *p)
{
	for (size_t i = 0; i < p->scope_count; i++) {
		const struct scope *s = &p->scopes[i];

		json_append_text(out, "scope ");
		sentence_quote(out, s->name);
		json_append_format(out, " %s ", scope_kinds[s->kind]);
		sentence_quote(out, s->selector);
		json_append_format(out, " %d %s", s->inherit,
				   s->mode_said ? image_modes[s->mode] : "-");
		for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++)
			json_append_format(
				out, " %s",
				image_verdicts[s->defaults_said & 1u << d ? s->defaults[d]
									  : PG_NONE]);
		json_append_format(out, " %s\n", image_verdicts[s->raw_said ? s->raw : PG_NONE]);
	}
}

/* What a sentence leaves to the machine, or to where it stands, is before it. */
static void write_circumstances(struct json *out, const struct rule *rule)
{
	if (rule->user)
		json_append_format(out, "uid %u ", rule->uid);
	if (rule->scope) {
		json_append_text(out, "scope ");
		sentence_quote(out, rule->scope);
		json_append(out, " ", 1);
	}
}

static void write_rules(struct json *out, const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];

		json_append_text(out, "rule ");
		json_append_u64(out, rule->id);
		json_append(out, " ", 1);
		json_append_text(out, image_origins[rule->origin]);
		json_append(out, " ", 1);
		json_append_u64(out, rule->hits_base);
		json_append(out, " ", 1);
		write_circumstances(out, rule);
		rule_write(out, rule, true);
		json_append(out, "\n", 1);
	}
}

/* What may be left out. */
static void write_metrics(struct json *out, const struct policy *p)
{
	if (!p->metrics)
		return;
	json_append_text(out, "metrics ");
	sentence_quote(out, p->metrics);
	json_append(out, "\n", 1);
}

static void write_outputs(struct json *out, const struct policy *p)
{
	if (p->outputs_said)
		json_append_text(out, "outputs-said 1\n");
	for (size_t i = 0; i < p->output_count; i++) {
		json_append_text(out, "output ");
		sentence_quote(out, p->outputs[i].text);
		json_append(out, "\n", 1);
	}
}

/* What was never written in a file: panic, and when rules end. */
static void write_state(struct json *out, const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].until_ns)
			json_append_format(out, "until %u %" PRIu64 "\n", p->rules[i].id,
					   p->rules[i].until_ns);
	if (p->panic)
		json_append_text(out, "panic 1\n");
}

char *image_write(const struct policy *p, size_t *ret_length)
{
	_cleanup_json_ struct json out = JSON_INIT;

	json_append_text(&out, IMAGE_FIRST_LINE "\n");
	write_scalars(&out, p);
	write_metrics(&out, p);
	write_failsafe(&out, p);
	write_lists(&out, p);
	write_scopes(&out, p);
	write_outputs(&out, p);
	write_rules(&out, p);
	write_state(&out, p);
	json_append_text(&out, IMAGE_LAST_LINE "\n");
	*ret_length = out.length;
	return json_take(&out);
}
