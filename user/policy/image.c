// SPDX-License-Identifier: GPL-2.0-only
/*
 * A policy as lines of text. One line a thing, `KEY VALUES`, in the order of the table below; rules
 * are sentences behind their number, origin, counter's base, and what no sentence says: the number of its
 * user, and its scope. The last line is `end`, so that a
 * text that was cut does not pass for a smaller policy. Reading: image_read.c.
 */
#include "policy/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>

#include "policy/image_words.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "policy/scope.h"
#include "policy/sentence.h"
#include "util/cleanup.h"

const char *const image_modes[] = { "enforce", "audit", "off", NULL };
const char *const image_verdicts[] = { "none", "allow", "deny", NULL };
const char *const image_attach[] = { "default", "auto", "xdp", "tc", NULL };
const char *const image_origins[] = { "file", "runtime", NULL };

static void write_scalars(FILE *out, const struct policy *p)
{
	(void)fprintf(out, "mode %s\n", image_modes[p->mode]);
	(void)fprintf(out, "default %s %s %s %s\n", image_verdicts[p->defaults[PG_BIND]],
		      p->in_reject ? IMAGE_REJECT : image_verdicts[p->defaults[PG_IN]],
		      image_verdicts[p->defaults[PG_OUT]], image_verdicts[p->default_raw]);
	(void)fputs("cgroup ", out);
	sentence_quote(out, p->cgroup ? p->cgroup : "/");
	(void)fprintf(out, "\nattach %s\n", image_attach[p->attach]);
	(void)fprintf(out, "essentials %u\n", p->essentials);
	(void)fprintf(out, "icmp %s %u %u %s\n", image_verdicts[p->echo],
		      p->echo_rate.per_second_x1000, p->echo_rate.burst,
		      image_verdicts[p->redirect]);
	(void)fprintf(out, "forward %s\n", image_verdicts[p->forward]);
	(void)fprintf(out, "loopback %d\n", p->loopback);
	(void)fprintf(out, "on-listen-close %d\n", p->on_listen_close);
	(void)fprintf(out, "flows %u %u %u %u\n", p->flows_max, p->flow_udp_s, p->flow_udp_stream_s,
		      p->flow_tcp_s);
	(void)fprintf(out, "events %u %u\n", p->events_max, p->events_number);
	(void)fprintf(out, "interfaces-said %d\n", p->interfaces_said);
}

static void write_failsafe(FILE *out, const struct policy *p)
{
	for (size_t i = 0; i < p->failsafe_count; i++) {
		(void)fputs("failsafe ", out);
		ports_write(out, &p->failsafe[i].range, 1, false, p->failsafe[i].protos);
		(void)fputc('\n', out);
	}
}

static void write_lists(FILE *out, const struct policy *p)
{
	char text[PEER_TEXT];

	for (size_t i = 0; i < p->interface_count; i++) {
		(void)fputs("interface ", out);
		sentence_quote(out, p->interfaces[i].pattern);
		(void)fprintf(out, " %s\n", image_attach[p->interfaces[i].attach]);
	}
	for (size_t i = 0; i < p->protocol_count; i++) {
		const struct peer *from = &p->protocols[i].from;

		(void)fprintf(out, "protocol %u%s%s\n", p->protocols[i].protocol,
			      from->kind == PEER_ANY ? "" : " ", peer_print(from, text));
	}
	for (size_t i = 0; i < p->set_count; i++) {
		(void)fprintf(out, "set %s", p->sets[i].name);
		for (size_t j = 0; j < p->sets[i].count; j++)
			(void)fprintf(out, " %s", prefix_print(&p->sets[i].prefixes[j], text));
		(void)fputc('\n', out);
	}
}

/* Defaults that were not said are `none`, a mode `-`. */
static void write_scopes(FILE *out, const struct policy *p)
{
	for (size_t i = 0; i < p->scope_count; i++) {
		const struct scope *s = &p->scopes[i];

		(void)fputs("scope ", out);
		sentence_quote(out, s->name);
		(void)fprintf(out, " %s ", scope_kinds[s->kind]);
		sentence_quote(out, s->selector);
		(void)fprintf(out, " %d %s", s->inherit, s->mode_said ? image_modes[s->mode] : "-");
		for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++)
			(void)fprintf(out, " %s",
				      image_verdicts[s->defaults_said & 1u << d ? s->defaults[d]
										: PG_NONE]);
		(void)fprintf(out, " %s\n", image_verdicts[s->raw_said ? s->raw : PG_NONE]);
	}
}

/* What a sentence leaves to the machine, or to where it stands, is before it. */
static void write_circumstances(FILE *out, const struct rule *rule)
{
	if (rule->user)
		(void)fprintf(out, "uid %u ", rule->uid);
	if (rule->scope) {
		(void)fputs("scope ", out);
		sentence_quote(out, rule->scope);
		(void)fputc(' ', out);
	}
}

static void write_rules(FILE *out, const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];

		(void)fputs("rule ", out);
		sentence_number(out, rule->id);
		(void)fputc(' ', out);
		(void)fputs(image_origins[rule->origin], out);
		(void)fputc(' ', out);
		sentence_number(out, rule->hits_base);
		(void)fputc(' ', out);
		write_circumstances(out, rule);
		rule_write(out, rule, true);
		(void)fputc('\n', out);
	}
}

/* What may be left out. */
static void write_metrics(FILE *out, const struct policy *p)
{
	if (!p->metrics)
		return;
	(void)fputs("metrics ", out);
	sentence_quote(out, p->metrics);
	(void)fputc('\n', out);
}

static void write_outputs(FILE *out, const struct policy *p)
{
	if (p->outputs_said)
		(void)fputs("outputs-said 1\n", out);
	for (size_t i = 0; i < p->output_count; i++) {
		(void)fputs("output ", out);
		sentence_quote(out, p->outputs[i].text);
		(void)fputc('\n', out);
	}
}

/* What was never written in a file: panic, and when rules end. */
static void write_state(FILE *out, const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].until_ns)
			(void)fprintf(out, "until %u %" PRIu64 "\n", p->rules[i].id,
				      p->rules[i].until_ns);
	if (p->panic)
		(void)fputs("panic 1\n", out);
}

char *image_write(const struct policy *p, size_t *ret_length)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	(void)__fsetlocking(out, FSETLOCKING_BYCALLER); /* nobody else has it */
	(void)fputs(IMAGE_FIRST_LINE "\n", out);
	write_scalars(out, p);
	write_metrics(out, p);
	write_failsafe(out, p);
	write_lists(out, p);
	write_scopes(out, p);
	write_outputs(out, p);
	write_rules(out, p);
	write_state(out, p);
	(void)fputs(IMAGE_LAST_LINE "\n", out);
	/* A stream in memory fails for want of memory alone. */
	if (fclose(out))
		return NULL;
	*ret_length = length;
	return TAKE_PTR(text);
}
