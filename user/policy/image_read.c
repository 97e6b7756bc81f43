// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the image. It was written by us, but lies where others may have touched it: every line is
 * parsed as if it were hostile, each key that is not a list must be there once, and `end` last. Images of
 * former versions lack keys that are lists, or may be left out: scopes, outputs, ends of rules, panic, metrics.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/endpoint.h"
#include "policy/image.h"
#include "policy/image_line.h"
#include "policy/image_words.h"
#include "policy/file.h"
#include "policy/list.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/show.h"
#include "util/cleanup.h"

static int read_mode(struct policy *p, struct line *l)
{
	p->mode = next_choice(l, image_modes);
	return 0;
}

static int read_default(struct policy *p, struct line *l)
{
	p->defaults[PG_BIND] = next_verdict(l, false);
	p->in_reject = next_is(l, IMAGE_REJECT);
	p->defaults[PG_IN] = p->in_reject ? PG_DENY : next_verdict(l, false);
	p->defaults[PG_OUT] = next_verdict(l, false);
	p->default_raw = next_verdict(l, false);
	return 0;
}

static int read_cgroup(struct policy *p, struct line *l)
{
	free(p->cgroup);
	p->cgroup = next_quoted(l);
	return p->cgroup || l->bad ? 0 : -ENOMEM;
}

static int read_attach(struct policy *p, struct line *l)
{
	p->attach = next_choice(l, image_attach);
	return 0;
}

static int read_essentials(struct policy *p, struct line *l)
{
	p->essentials = (unsigned)next_number(l, ESSENTIAL_DHCP | ESSENTIAL_MDNS);
	return 0;
}

static int read_icmp(struct policy *p, struct line *l)
{
	p->echo = next_verdict(l, true);
	p->echo_rate.per_second_x1000 = (__u32)next_number(l, UINT32_MAX);
	p->echo_rate.burst = (__u32)next_number(l, UINT32_MAX);
	p->redirect = next_verdict(l, false);
	return 0;
}

static int read_forward(struct policy *p, struct line *l)
{
	p->forward = next_verdict(l, false);
	return 0;
}

static int read_loopback(struct policy *p, struct line *l)
{
	p->loopback = next_number(l, 1);
	return 0;
}

static int read_on_listen(struct policy *p, struct line *l)
{
	p->on_listen_close = next_number(l, 1);
	return 0;
}

static int read_flows(struct policy *p, struct line *l)
{
	p->flows_max = (uint32_t)next_number(l, UINT32_MAX);
	p->flow_udp_s = (uint32_t)next_number(l, UINT32_MAX);
	p->flow_udp_stream_s = (uint32_t)next_number(l, UINT32_MAX);
	p->flow_tcp_s = (uint32_t)next_number(l, UINT32_MAX);
	return 0;
}

static int read_events(struct policy *p, struct line *l)
{
	p->events_max = (uint32_t)next_number(l, UINT32_MAX);
	p->events_number = (uint32_t)next_number(l, UINT32_MAX);
	return 0;
}

static int read_interfaces_said(struct policy *p, struct line *l)
{
	p->interfaces_said = next_number(l, 1);
	return 0;
}

static int read_failsafe(struct policy *p, struct line *l)
{
	_cleanup_port_choice_ struct port_choice c = { .any = false };
	const char *word = next_word(l);
	size_t at, read = 0;

	if (l->bad || ports_parse(word, strlen(word), NULL, &c, &at, NULL) || c.any)
		return l->bad = true, 0;
	for (unsigned protos = 1; protos <= (RULE_TCP | RULE_UDP); protos++)
		for (size_t i = 0; i < c.by_protos[protos].count; i++, read++) {
			struct failsafe_port port = { c.by_protos[protos].list[i], protos };

			if (list_append(&p->failsafe, &p->failsafe_count, &port, sizeof(port)))
				return -ENOMEM;
		}
	l->bad |= read != 1;
	return 0;
}

static int read_interface(struct policy *p, struct line *l)
{
	_cleanup_free_ char *pattern = next_quoted(l);
	struct interface_choice choice = { .pattern = pattern,
					   .attach = next_choice(l, image_attach) };

	if (l->bad)
		return 0;
	if (!pattern || list_append(&p->interfaces, &p->interface_count, &choice, sizeof(choice)))
		return -ENOMEM;
	(void)TAKE_PTR(pattern); /* the list's now */
	return 0;
}

static int read_protocol(struct policy *p, struct line *l)
{
	struct protocol_rule rule = { .protocol = (uint8_t)next_number(l, 255) };
	int r = 0;

	if (!l->bad && *l->rest) {
		const char *word = next_word(l);

		r = peer_parse(word, strlen(word), &rule.from, NULL);
		l->bad |= r == -EINVAL;
	}
	if (l->bad || r)
		return l->bad ? 0 : r;
	r = list_append(&p->protocols, &p->protocol_count, &rule, sizeof(rule));
	if (r)
		peer_free(&rule.from);
	return r;
}

static int read_prefixes(struct set *set, struct line *l)
{
	while (!l->bad && *l->rest) {
		const char *word = next_word(l);
		struct prefix prefix;

		if (l->bad || prefix_parse(word, strlen(word), &prefix, NULL))
			return l->bad = true, 0;
		if (list_append(&set->prefixes, &set->count, &prefix, sizeof(prefix)))
			return -ENOMEM;
	}
	return 0;
}

static int read_set(struct policy *p, struct line *l)
{
	const char *name = next_word(l);
	struct set set = { .name = NULL };
	int r;

	if (l->bad || set_name_check(name, strlen(name), NULL) || policy_find_set(p, name))
		return l->bad = true, 0;
	r = read_prefixes(&set, l);
	set.name = strdup(name);
	if (!r && !l->bad)
		r = set.name ? policy_add_set(p, &set) : -ENOMEM;
	free(set.name);
	free(set.prefixes);
	return r;
}

static int read_outputs_said(struct policy *p, struct line *l)
{
	p->outputs_said = next_number(l, 1);
	return 0;
}

static bool has_output(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->output_count; i++)
		if (!strcmp(p->outputs[i].name, name))
			return true;
	return false;
}

static int read_output(struct policy *p, struct line *l)
{
	_cleanup_free_ char *text = next_quoted(l);
	struct output output;
	int r;

	if (l->bad || !text)
		return l->bad ? 0 : -ENOMEM;
	r = output_parse(text, &output);
	if (r) {
		l->bad |= r == -EINVAL;
		return l->bad ? 0 : r;
	}
	l->bad |= has_output(p, output.name);
	r = l->bad ? 0 : list_append(&p->outputs, &p->output_count, &output, sizeof(output));
	if (l->bad || r)
		output_free(&output);
	return r;
}

static int read_panic(struct policy *p, struct line *l)
{
	p->panic = next_number(l, 1);
	return 0;
}

static int read_metrics(struct policy *p, struct line *l)
{
	_cleanup_free_ char *text = next_quoted(l);
	struct endpoint endpoint;

	if (!text || l->bad)
		return l->bad ? 0 : -ENOMEM;
	if (p->metrics || endpoint_parse(text, strlen(text), &endpoint, NULL))
		return l->bad = true, 0;
	p->metrics = TAKE_PTR(text);
	return 0;
}

static const struct key {
	const char *name;
	bool once;
	int (*read)(struct policy *p, struct line *l); /* 0 (a mistake: l->bad) or -ENOMEM */
} keys[] = {
	{ "mode", true, read_mode },
	{ "default", true, read_default },
	{ "cgroup", true, read_cgroup },
	{ "attach", true, read_attach },
	{ "essentials", true, read_essentials },
	{ "icmp", true, read_icmp },
	{ "forward", true, read_forward },
	{ "loopback", true, read_loopback },
	{ "on-listen-close", true, read_on_listen },
	{ "flows", true, read_flows },
	{ "events", true, read_events },
	{ "interfaces-said", true, read_interfaces_said },
	{ "failsafe", false, read_failsafe },
	{ "interface", false, read_interface },
	{ "protocol", false, read_protocol },
	{ "set", false, read_set },
	{ "scope", false, image_read_scope },
	{ "outputs-said", false, read_outputs_said },
	{ "output", false, read_output },
	{ "rule", false, image_read_rule },
	{ "until", false, image_read_until },
	{ "panic", false, read_panic },
	{ "metrics", false, read_metrics },
};

static int read_line(struct policy *p, char *text, unsigned *seen)
{
	struct line l = { .rest = text };
	const char *name = next_word(&l);

	for (size_t i = 0; !l.bad && i < ARRAY_SIZE(keys); i++) {
		int r;

		if (strcmp(keys[i].name, name))
			continue;
		if (keys[i].once && *seen & 1u << i)
			return -EINVAL;
		*seen |= 1u << i;
		r = keys[i].read(p, &l);
		return r ? r : l.bad || *l.rest ? -EINVAL : 0;
	}
	return -EINVAL;
}

static bool complete(unsigned seen)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].once && !(seen & 1u << i))
			return false;
	return true;
}

static int damaged(struct pg_error *err, unsigned line, const char *why)
{
	return pg_fail(err, -EINVAL, PG_EXIT_POLICY, "the stored policy is damaged in line %u: %s",
		       line, why);
}

static int check_first_line(const char *line, struct pg_error *err)
{
	if (!strcmp(line, IMAGE_FIRST_LINE))
		return 0;
	if (!strncmp(line, IMAGE_KIND " ", strlen(IMAGE_KIND " ")))
		return pg_fail(
			err, -EINVAL, PG_EXIT_POLICY,
			"the stored policy is of a later version of portguard: '%s', want '%s'",
			SHOW_STRING(line), IMAGE_FIRST_LINE);
	return damaged(err, 1, "want " IMAGE_FIRST_LINE);
}

/* Lines are cut off @text as they are read. */
static int read_lines(struct policy *p, char *text, struct pg_error *err)
{
	unsigned seen = 0, number = 1;

	for (char *end; (end = strchr(text, '\n')); text = end + 1, number++) {
		int r;

		*end = '\0';
		if (!strcmp(text, IMAGE_LAST_LINE))
			return end[1]           ? damaged(err, number, "text follows the end")
			       : complete(seen) ? 0
						: damaged(err, number, "a key is missing");
		r = number == 1 ? check_first_line(text, err) : read_line(p, text, &seen);
		if (r == -EINVAL && number > 1)
			return damaged(err, number, SHOW_STRING(text));
		if (r)
			return r;
	}
	return damaged(err, number, "the end is missing");
}

int image_read(const char *text, size_t length, struct policy *ret, struct pg_error *err)
{
	_cleanup_policy_ struct policy p = { .mode = PG_MODE_ENFORCE };
	_cleanup_free_ char *copy = NULL;
	int r;

	if (memchr(text, '\0', length))
		return damaged(err, 1, "it holds NUL");
	copy = strndup(text, length);
	if (!copy)
		return -ENOMEM;
	r = read_lines(&p, copy, err);
	if (r)
		return r;
	*ret = p;
	memset(&p, 0, sizeof(p));
	return 0;
}
