/* SPDX-License-Identifier: GPL-2.0-only */
/* Any event, by machines of any name: the law of formats holds (tests/unit/lib/format_law.h). */
#include <stdio.h>

#include "fuzz/world.h"
#include "unit/lib/format_law.h"

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t take_byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static uint64_t take_number(struct input *in, int bytes)
{
	uint64_t number = 0;

	while (bytes--)
		number = number << 8 | take_byte(in);
	return number;
}

/* NULL for a length of 0, else one less; a NUL ends it. */
static char *take_string(struct input *in)
{
	size_t length = take_byte(in);
	char *text;

	if (!length--)
		return NULL;
	if (length > in->left)
		length = in->left;
	text = strndup((const char *)in->at, length);
	must(text);
	in->at += length;
	in->left -= length;
	return text;
}

static void take_endpoint(struct input *in, struct event_endpoint *end)
{
	uint8_t bits = take_byte(in);

	end->known = bits & 1;
	end->ip_known = bits & 2;
	end->port_known = bits & 4;
	for (size_t i = bits & 8 ? 12 : 0; i < sizeof(end->ip); i++)
		end->ip[i] = take_byte(in);
	if (bits & 8)
		end->ip[10] = end->ip[11] = 0xff;
	end->port = (uint16_t)take_number(in, 2);
}

static void take_numbers(struct input *in, struct event *e)
{
	e->kind = take_byte(in) % EVENT_KIND_COUNT;
	e->severity = take_byte(in) % EVENT_SEVERITIES;
	e->verdict = take_byte(in) % PG_VERDICT_COUNT;
	e->mode = take_byte(in) % PG_MODE_COUNT;
	e->hook = take_byte(in) % PG_HOOK_COUNT;
	e->reason = take_byte(in) % PG_REASON_COUNT;
	e->proto = take_byte(in);
	e->family = take_byte(in) % 2 ? 4 : 6;
	e->process_known = take_byte(in) % 2;
	e->actor.known = take_byte(in) % 2;
	e->seq = take_number(in, 8);
	e->start_us = take_number(in, 8);
	e->end_us = take_number(in, 8);
	e->count = take_number(in, 8);
	e->pid = e->actor.pid = (uint32_t)take_number(in, 4);
	e->ppid = (uint32_t)take_number(in, 4);
	e->uid = e->actor.uid = (uint32_t)take_number(in, 4);
	e->ports = (uint32_t)take_number(in, 4);
	e->counters_json = take_byte(in) % 2 ? "{\"bind\":{\"allow\":1,\"deny\":2}}" : NULL;
	take_endpoint(in, &e->local);
	take_endpoint(in, &e->remote);
}

static void fill(char *out, size_t size, const char *text)
{
	if (text)
		(void)snprintf(out, size, "%s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct event_source source = { .boot_id = "boot", .instance = "fuzz" };
	struct event e = { 0 };
	const char **strings[] = {
		&e.interface,    &e.comm,           &e.exe,       &e.cmdline, &e.cgroup, &e.unit,
		&e.container_id, &e.container_name, &e.scope,     &e.rule,    &e.action, &e.text,
		&e.actor.comm,   &e.actor.tty,      &e.actor.ssh, &e.before,  &e.after,
	};
	char broken[FORMAT_LAW_SIZE];

	take_numbers(&in, &e);
	source.number = (uint32_t)take_number(&in, 4);
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		*strings[i] = take_string(&in);
	fill(source.host_name, sizeof(source.host_name), e.text);
	fill(source.host_id, sizeof(source.host_id), e.before);
	fill(source.version, sizeof(source.version), e.after);
	if (*format_law(&source, &e, broken)) {
		(void)fprintf(stderr, "%s\n", broken);
		abort();
	}
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free((char *)*strings[i]);
	return 0;
}
