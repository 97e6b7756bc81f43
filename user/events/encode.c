// SPDX-License-Identifier: GPL-2.0-only
/*
 * A frame: header, then for an event its numbers as one struct and its strings one after another,
 * each with a length that counts its NUL (0: null), so that decoding copies nothing. All of it is
 * checked: a torn write, an older version or a flipped bit is -EBADMSG, never a wild pointer.
 */
#include "events/encode.h"

#include <errno.h>
#include <string.h>

#include "util/cleanup.h"

#define FRAME_VERSION 2 /* counted up when the layout changes: older frames are then skipped */

struct frame_header {
	uint32_t length; /* of the whole frame */
	uint32_t check; /* FNV-1a over what follows this word */
	uint16_t version;
	uint16_t type;
};

/* The numbers of an event. */
struct event_numbers {
	uint64_t seq, start_us, end_us, count;
	struct event_endpoint local, remote;
	uint32_t kind, severity, pid, ppid, uid, ports, actor_uid, actor_pid;
	uint8_t verdict, mode, hook, reason, proto, family, process_known, actor_known;
};

/* The strings of an event, by their place in it; append only, with FRAME_VERSION. */
static const size_t string_places[] = {
	offsetof(struct event, interface),     offsetof(struct event, comm),
	offsetof(struct event, exe),           offsetof(struct event, cmdline),
	offsetof(struct event, cgroup),        offsetof(struct event, unit),
	offsetof(struct event, container_id),  offsetof(struct event, container_name),
	offsetof(struct event, scope),         offsetof(struct event, rule),
	offsetof(struct event, action),        offsetof(struct event, text),
	offsetof(struct event, counters_json), offsetof(struct event, actor.comm),
	offsetof(struct event, actor.tty),     offsetof(struct event, actor.ssh),
	offsetof(struct event, before),        offsetof(struct event, after),
};

static const char **string_at(struct event *e, size_t place)
{
	return (const char **)((char *)e + place);
}

static uint32_t checksum(const char *bytes, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
	return hash;
}

#define CHECKED offsetof(struct frame_header, version) /* where the checked bytes begin */

static size_t begin_frame(struct json *out, enum frame_type type)
{
	struct frame_header header = { .version = FRAME_VERSION, .type = (uint16_t)type };
	size_t start = out->length;

	json_append(out, (const char *)&header, sizeof(header));
	return start;
}

static int end_frame(struct json *out, size_t start)
{
	struct frame_header header;
	char *frame;

	if (json_error(out))
		return json_error(out);
	if (out->length - start > FRAME_MAX) {
		out->length = start;
		return -EMSGSIZE;
	}
	frame = out->text + start;
	memcpy(&header, frame, sizeof(header));
	header.length = (uint32_t)(out->length - start);
	header.check = checksum(frame + CHECKED, header.length - CHECKED);
	memcpy(frame, &header, sizeof(header));
	return 0;
}

static void put_string(struct json *out, const char *text)
{
	uint32_t length = text ? (uint32_t)strlen(text) + 1 : 0;

	json_append(out, (const char *)&length, sizeof(length));
	json_append(out, text, length);
}

int frame_put_source(struct json *out, const struct event_source *source)
{
	size_t start = begin_frame(out, FRAME_SOURCE);

	json_append(out, (const char *)source, sizeof(*source));
	return end_frame(out, start);
}

static struct event_numbers numbers_of(const struct event *e)
{
	struct event_numbers n;

	memset(&n, 0, sizeof(n)); /* padding too: it is checked */
	n.seq = e->seq;
	n.start_us = e->start_us;
	n.end_us = e->end_us;
	n.count = e->count;
	n.local = e->local;
	n.remote = e->remote;
	n.kind = e->kind;
	n.severity = (uint32_t)e->severity;
	n.pid = e->pid;
	n.ppid = e->ppid;
	n.uid = e->uid;
	n.ports = e->ports;
	n.actor_uid = e->actor.uid;
	n.actor_pid = e->actor.pid;
	n.verdict = e->verdict;
	n.mode = e->mode;
	n.hook = e->hook;
	n.reason = e->reason;
	n.proto = e->proto;
	n.family = e->family;
	n.process_known = e->process_known;
	n.actor_known = e->actor.known;
	return n;
}

int frame_put_event(struct json *out, const struct event *e)
{
	struct event_numbers numbers = numbers_of(e);
	struct event copy = *e;
	size_t start = begin_frame(out, FRAME_EVENT);

	json_append(out, (const char *)&numbers, sizeof(numbers));
	for (size_t i = 0; i < ARRAY_SIZE(string_places); i++)
		put_string(out, *string_at(&copy, string_places[i]));
	return end_frame(out, start);
}

static bool take(const char **bytes, size_t *length, void *out, size_t size)
{
	if (*length < size)
		return false;
	memcpy(out, *bytes, size);
	*bytes += size;
	*length -= size;
	return true;
}

static bool take_string(const char **bytes, size_t *length, const char **ret)
{
	uint32_t size;

	if (!take(bytes, length, &size, sizeof(size)) || size > *length)
		return false;
	if (size && (*bytes)[size - 1] != '\0')
		return false;
	*ret = size ? *bytes : NULL;
	*bytes += size;
	*length -= size;
	return true;
}

static bool numbers_make_sense(const struct event_numbers *n)
{
	return n->kind < EVENT_KIND_COUNT && n->verdict < PG_VERDICT_COUNT &&
	       n->mode < PG_MODE_COUNT && n->hook < PG_HOOK_COUNT && n->reason < PG_REASON_COUNT &&
	       n->severity < EVENT_SEVERITIES;
}

static void set_numbers(struct event *e, const struct event_numbers *n)
{
	*e = (struct event){
		.kind = n->kind,
		.seq = n->seq,
		.start_us = n->start_us,
		.end_us = n->end_us,
		.severity = (int)n->severity,
		.verdict = n->verdict,
		.mode = n->mode,
		.hook = n->hook,
		.reason = n->reason,
		.proto = n->proto,
		.family = n->family,
		.local = n->local,
		.remote = n->remote,
		.process_known = n->process_known,
		.pid = n->pid,
		.ppid = n->ppid,
		.uid = n->uid,
		.count = n->count,
		.ports = n->ports,
		.actor = { .known = n->actor_known, .uid = n->actor_uid, .pid = n->actor_pid },
	};
}

static int get_event(const char *bytes, size_t length, struct event *e)
{
	struct event_numbers numbers;

	if (!take(&bytes, &length, &numbers, sizeof(numbers)) || !numbers_make_sense(&numbers))
		return -EBADMSG;
	set_numbers(e, &numbers);
	for (size_t i = 0; i < ARRAY_SIZE(string_places); i++)
		if (!take_string(&bytes, &length, string_at(e, string_places[i])))
			return -EBADMSG;
	return length ? -EBADMSG : 0;
}

static int get_source(const char *bytes, size_t length, struct event_source *source)
{
	if (length != sizeof(*source))
		return -EBADMSG;
	memcpy(source, bytes, sizeof(*source));
	source->boot_id[sizeof(source->boot_id) - 1] = '\0';
	source->host_name[sizeof(source->host_name) - 1] = '\0';
	source->host_id[sizeof(source->host_id) - 1] = '\0';
	source->instance[sizeof(source->instance) - 1] = '\0';
	source->version[sizeof(source->version) - 1] = '\0';
	return 0;
}

int frame_get(const char *bytes, size_t length, struct frame *ret, size_t *ret_used)
{
	struct frame_header header;
	int r;

	if (length < sizeof(header))
		return 0;
	memcpy(&header, bytes, sizeof(header));
	if (header.length < sizeof(header) || header.length > FRAME_MAX ||
	    header.version != FRAME_VERSION)
		return -EBADMSG;
	if (length < header.length)
		return 0;
	if (checksum(bytes + CHECKED, header.length - CHECKED) != header.check)
		return -EBADMSG;
	bytes += sizeof(header);
	length = header.length - sizeof(header);
	ret->type = header.type;
	if (header.type == FRAME_EVENT)
		r = get_event(bytes, length, &ret->event);
	else
		r = header.type == FRAME_SOURCE ? get_source(bytes, length, &ret->source)
						: -EBADMSG;
	if (r)
		return r;
	*ret_used = header.length;
	return 1;
}
