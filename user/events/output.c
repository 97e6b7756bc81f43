// SPDX-License-Identifier: GPL-2.0-only
/* Outputs as values and as text; see output.h. The text is one line that policy/outputs.c reads back. */
#include "events/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/address.h"
#include "util/cleanup.h"
#include "util/size.h"
#include "util/yaml.h"

#define DEFAULT_MAX 20

const char *const output_protos[] = {
	[FILTER_TCP] = "/tcp", [FILTER_UDP] = "/udp", [FILTER_TCP | FILTER_UDP] = ""
};

void output_free(struct output *o)
{
	free(o->name);
	free(o->text);
	free(o->path);
	filter_free(&o->filter);
	memset(o, 0, sizeof(*o));
}

static int copy_string(char **string)
{
	if (!*string)
		return 0;
	*string = strdup(*string);
	return *string ? 0 : -ENOMEM;
}

int output_copy(const struct output *from, struct output *to)
{
	struct output copy = *from;
	int r;

	/* From here on the copy owns what it points to, or points to nothing. */
	copy.filter = (struct event_filter){ .kinds = 0 };
	r = copy_string(&copy.name);
	r = copy_string(&copy.text) ?: r;
	r = copy_string(&copy.path) ?: r;
	r = filter_copy(&from->filter, &copy.filter) ?: r;
	if (r) {
		output_free(&copy);
		return r;
	}
	*to = copy;
	return 0;
}

int output_name(struct output *o)
{
	char ip[ADDRESS_TEXT];
	bool v4 = address_is_v4(o->ip);
	int n;

	switch (o->kind) {
	case OUTPUT_FILE:
		n = asprintf(&o->name, "%s", o->path);
		break;
	case OUTPUT_UNIX:
		n = asprintf(&o->name, "unix://%s", o->path);
		break;
	case OUTPUT_JOURNALD:
		n = asprintf(&o->name, "journald");
		break;
	case OUTPUT_STDOUT:
		n = asprintf(&o->name, "stdout");
		break;
	default:
		n = asprintf(&o->name, "%s://%s%s%s:%u", o->kind == OUTPUT_UDP ? "udp" : "tcp",
			     v4 ? "" : "[", address_print(o->ip, ip), v4 ? "" : "]", o->port);
	}
	if (n < 0)
		o->name = NULL;
	return n < 0 ? -ENOMEM : 0;
}

static void put_target(FILE *out, const struct output *o)
{
	if (o->kind == OUTPUT_JOURNALD || o->kind == OUTPUT_STDOUT) {
		(void)fprintf(out, "{%s: true", o->name);
		return;
	}
	(void)fprintf(out, "{%s: ", o->kind == OUTPUT_FILE ? "file" : "syslog");
	yaml_quote(out, o->name);
}

static void put_rotation(FILE *out, const struct output *o)
{
	char size[SIZE_TEXT];

	if (!o->rotate_bytes && !o->rotate_s)
		return;
	(void)fprintf(out, ", rotate: [%s",
		      o->rotate_bytes ? size_print(o->rotate_bytes, size) : "");
	if (o->rotate_s)
		(void)fprintf(out, "%s%us", o->rotate_bytes ? ", " : "", o->rotate_s);
	(void)fprintf(out, "], keep: %u", o->keep);
}

static void put_words(FILE *out, const char *key, unsigned bits,
		      const char *(*name)(unsigned number))
{
	const char *between = "";

	if (!bits)
		return;
	(void)fprintf(out, ", %s: [", key);
	for (unsigned i = 0; bits >> i; i++) {
		if (!(bits & 1u << i))
			continue;
		(void)fprintf(out, "%s%s", between, name(i));
		between = ", ";
	}
	(void)fputc(']', out);
}

static const char *kind_name(unsigned number)
{
	return event_kind_name((enum event_kind)number);
}

static const char *hook_name(unsigned number)
{
	return event_hook_name((uint8_t)number);
}

static const char *verdict_name(unsigned number)
{
	return event_verdict_name((uint8_t)number);
}

static void put_filter(FILE *out, const struct event_filter *f)
{
	put_words(out, "kinds", f->kinds, kind_name);
	put_words(out, "hooks", f->hooks, hook_name);
	put_words(out, "verdicts", f->verdicts, verdict_name);
	for (size_t i = 0; i < f->port_count; i++) {
		const struct filter_ports *p = &f->ports[i];

		(void)fprintf(out, "%s%u", i ? ", " : ", ports: [", p->first);
		if (p->last != p->first)
			(void)fprintf(out, "-%u", p->last);
		(void)fprintf(out, "%s%s", output_protos[p->protos],
			      i + 1 < f->port_count ? "" : "]");
	}
	for (size_t i = 0; i < f->scope_count; i++) {
		(void)fputs(i ? ", " : ", scopes: [", out);
		yaml_quote(out, f->scopes[i]);
		(void)fputs(i + 1 < f->scope_count ? "" : "]", out);
	}
}

int output_describe(struct output *o)
{
	_cleanup_free_ char *text = NULL;
	char size[SIZE_TEXT];
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return -ENOMEM;
	put_target(out, o);
	if (o->format)
		(void)fprintf(out, ", format: %s", o->format->name);
	put_rotation(out, o);
	if (o->buffer_bytes != OUTPUT_BUFFER)
		(void)fprintf(out, ", buffer: %s", size_print(o->buffer_bytes, size));
	if (o->max)
		(void)fprintf(out, ", max: %u/s", o->max);
	put_filter(out, &o->filter);
	(void)fputc('}', out);
	if (fclose(out)) /* a stream in memory fails for want of memory alone */
		return -ENOMEM;
	free(o->text);
	o->text = TAKE_PTR(text);
	return 0;
}

/* Takes @o over. */
static int finish(struct output *o, struct output *ret)
{
	int r = output_name(o);

	r = r ?: output_describe(o);
	if (r)
		output_free(o);
	else
		*ret = *o;
	return r;
}

int output_event_log(const char *path, struct output *ret)
{
	struct output o = {
		.kind = OUTPUT_FILE,
		.path = strdup(path),
		.format = format_find("json"),
		.buffer_bytes = OUTPUT_BUFFER,
	};

	return o.path ? finish(&o, ret) : -ENOMEM;
}

int output_default(struct output *ret)
{
	struct output o = { .kind = OUTPUT_JOURNALD,
			    .buffer_bytes = OUTPUT_BUFFER,
			    .max = DEFAULT_MAX };

	return finish(&o, ret);
}
