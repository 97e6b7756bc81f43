// SPDX-License-Identifier: GPL-2.0-only
/* The sinks by kind of output, and what is the same for all. */
#include <string.h>

#include "events/sink.h"
#include "util/cleanup.h"

static const struct sink_ops *const table[] = {
	[OUTPUT_FILE] = &sink_file_ops,         [OUTPUT_UNIX] = &sink_unix_ops,
	[OUTPUT_UDP] = &sink_udp_ops,           [OUTPUT_TCP] = &sink_tcp_ops,
	[OUTPUT_JOURNALD] = &sink_journald_ops, [OUTPUT_STDOUT] = &sink_stdout_ops,
};

struct sink *sink_new(const struct output *config)
{
	struct sink *s = calloc(1, table[config->kind]->size);

	if (!s)
		return NULL;
	s->ops = table[config->kind];
	s->config = config;
	s->fd = -1;
	return s;
}

void sink_close(struct sink *s)
{
	if (s->fd < 0)
		return;
	if (s->ops->close)
		s->ops->close(s);
	cleanup_close(&s->fd);
	s->fd = -1;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	sink_close(s);
	free(s);
}

void sink_put_framed(struct sink *s, struct json *out, const struct event_source *source,
		     const struct event *e, sink_frame_fn frame)
{
	_cleanup_json_ struct json line = JSON_INIT;

	s->config->format->write(&line, source, e);
	if (json_error(&line))
		out->error = json_error(&line);
	else
		frame(out, source, e, line.text, line.length);
}

const char *sink_error(const struct sink *s, int error)
{
	return s->why[0] ? s->why : strerror(-error);
}
