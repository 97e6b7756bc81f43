// SPDX-License-Identifier: GPL-2.0-only
/*
 * journald, by its native protocol: a datagram of fields. MESSAGE is the line for people, PORTGUARD_… are the
 * native names, without those that are null. What an attacker chose is escaped as everywhere else, so that
 * only texts of ours - a policy before and after a change - have lines, and these go with their length. What
 * is too large for a datagram goes as a sealed memory file.
 */
#include "events/sink_journald.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "events/format.h"
#include "events/sink_unix.h"
#include "events/syslog.h"
#include "util/cleanup.h"
#include "util/escape.h"

#define DATAGRAM 65536 /* bytes; larger ones go as a file */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void put_field(struct json *out, const char *name, const char *value, size_t length)
{
	json_append(out, name, strlen(name));
	if (memchr(value, '\n', length)) {
		uint64_t size = htole64(length);

		json_append(out, "\n", 1);
		json_append(out, (const char *)&size, sizeof(size));
	} else {
		json_append(out, "=", 1);
	}
	json_append(out, value, length);
	json_append(out, "\n", 1);
}

/* Escaped, but for line ends where there may be @lines. */
static void put_text(struct json *out, const char *name, const char *text, bool lines)
{
	static const struct escape how = { .marks = true, .put = escape_hex };
	_cleanup_json_ struct json clean = JSON_INIT;
	const char *end;

	if (!text)
		return;
	for (; lines && (end = strchr(text, '\n')); text = end + 1) {
		escape_bytes(&clean, &how, text, (size_t)(end - text));
		json_append(&clean, "\n", 1);
	}
	escape_text(&clean, &how, text);
	if (json_error(&clean))
		out->error = json_error(&clean);
	put_field(out, name, clean.text ? clean.text : "", clean.length);
}

static void put_name(struct json *out, const char *name, const char *text)
{
	put_text(out, name, text, false);
}

static void put_number(struct json *out, const char *name, bool known, uint64_t number)
{
	char text[24];

	if (known)
		put_field(out, name, text,
			  (size_t)snprintf(text, sizeof(text), "%" PRIu64, number));
}

static void put_time(struct json *out, const char *name, uint64_t us)
{
	char text[FORMAT_TIME_SIZE];

	format_time(us, text);
	put_name(out, name, text);
}

/* The line for people, without its time: journald has one. */
static void put_message(struct json *out, const struct event_source *source, const struct event *e)
{
	_cleanup_json_ struct json line = JSON_INIT;
	const char *text = "";

	format_text(&line, source, e);
	if (json_error(&line))
		out->error = json_error(&line);
	else
		text = line.text;
	for (int blanks = 0; *text && blanks < 2; text++) /* date, time */
		blanks += *text == ' ';
	put_field(out, "MESSAGE", text, strcspn(text, "\n"));
}

static void put_common(struct json *out, const struct event_source *source, const struct event *e)
{
	char id[FORMAT_ID_SIZE];

	format_id(source, e->seq, id);
	put_number(out, "PRIORITY", true, (uint64_t)syslog_level(e));
	put_name(out, "SYSLOG_IDENTIFIER", "portguard");
	put_number(out, "PORTGUARD_SCHEMA", true, 1);
	put_name(out, "PORTGUARD_KIND", event_kind_name(e->kind));
	put_name(out, "PORTGUARD_ID", id);
	put_number(out, "PORTGUARD_SEQ", true, e->seq);
	put_time(out, "PORTGUARD_TIME", e->end_us);
	put_time(out, "PORTGUARD_START", e->start_us);
	put_time(out, "PORTGUARD_END", e->end_us);
	put_name(out, "PORTGUARD_HOST_NAME", source->host_name);
	put_name(out, "PORTGUARD_HOST_ID", source->host_id);
	put_name(out, "PORTGUARD_INSTANCE", source->instance);
	put_number(out, "PORTGUARD_SEVERITY", true, (uint64_t)e->severity);
}

static void put_endpoint(struct json *out, const char *ip_name, const char *port_name,
			 const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	if (end->known && end->ip_known) {
		format_ip(end->ip, ip);
		put_name(out, ip_name, ip);
	}
	put_number(out, port_name, end->known && end->port_known, end->port);
}

static void put_verdict(struct json *out, const struct event *e)
{
	char number[4];

	put_name(out, "PORTGUARD_VERDICT", event_verdict_name(e->verdict));
	put_name(out, "PORTGUARD_MODE", event_mode_name(e->mode));
	put_name(out, "PORTGUARD_HOOK", event_hook_name(e->hook));
	put_name(out, "PORTGUARD_REASON", event_reason_name(e->reason));
	put_name(out, "PORTGUARD_PROTO", event_proto_name(e->proto, number));
	put_name(out, "PORTGUARD_FAMILY", e->family == 6 ? "ipv6" : "ipv4");
	put_endpoint(out, "PORTGUARD_LOCAL_IP", "PORTGUARD_LOCAL_PORT", &e->local);
	put_endpoint(out, "PORTGUARD_REMOTE_IP", "PORTGUARD_REMOTE_PORT", &e->remote);
	put_name(out, "PORTGUARD_INTERFACE", e->interface);
	put_number(out, "PORTGUARD_PID", e->process_known, e->pid);
	put_number(out, "PORTGUARD_PPID", e->process_known, e->ppid);
	put_number(out, "PORTGUARD_UID", e->process_known, e->uid);
	put_name(out, "PORTGUARD_COMM", e->comm);
	put_name(out, "PORTGUARD_EXE", e->exe);
	put_name(out, "PORTGUARD_CMDLINE", e->cmdline);
	put_name(out, "PORTGUARD_CGROUP", e->cgroup);
	put_name(out, "PORTGUARD_UNIT", e->unit);
	put_name(out, "PORTGUARD_CONTAINER_ID", e->container_id);
	put_name(out, "PORTGUARD_CONTAINER_NAME", e->container_name);
	put_name(out, "PORTGUARD_SCOPE", e->scope);
	put_name(out, "PORTGUARD_RULE", e->rule);
	put_number(out, "PORTGUARD_COUNT", true, e->count);
	put_number(out, "PORTGUARD_PORTS", e->ports != 0, e->ports);
}

static void put_change_or_health(struct json *out, const struct event *e)
{
	put_name(out, "PORTGUARD_ACTION", e->action);
	put_number(out, "PORTGUARD_ACTOR_UID", e->actor.known, e->actor.uid);
	put_number(out, "PORTGUARD_ACTOR_PID", e->actor.known, e->actor.pid);
	put_name(out, "PORTGUARD_ACTOR_COMM", e->actor.comm);
	put_name(out, "PORTGUARD_ACTOR_TTY", e->actor.tty);
	put_name(out, "PORTGUARD_ACTOR_SSH", e->actor.ssh);
	put_text(out, "PORTGUARD_BEFORE", e->before, true);
	put_text(out, "PORTGUARD_AFTER", e->after, true);
	put_text(out, "PORTGUARD_TEXT", e->text, true);
	put_name(out, "PORTGUARD_COUNTERS", e->counters_json);
}

void journald_fields(struct json *out, const struct event_source *source, const struct event *e)
{
	put_message(out, source, e);
	put_common(out, source, e);
	if (e->kind == EVENT_VERDICT)
		put_verdict(out, e);
	else
		put_change_or_health(out, e);
}

static int journald_open(struct sink *s)
{
	return sink_unix_connect((struct sink_unix *)s, JOURNALD_SOCKET);
}

static void journald_put(struct sink *s, struct json *out, const struct event_source *source,
			 const struct event *e)
{
	(void)s;
	journald_fields(out, source, e);
}

static int make_file(const char *bytes, size_t length)
{
	_cleanup_close_ int fd = memfd_create("portguard-event", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	while (length) {
		ssize_t n = write(fd, bytes, length);

		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		length -= (size_t)n;
	}
	return fcntl(fd, F_ADD_SEALS, SEALS) ? -errno : TAKE_FD(fd);
}

static ssize_t send_file(struct sink *s, int file)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr message = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &file, sizeof(file));
	return sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static ssize_t journald_write(struct sink *s, const char *bytes, size_t length)
{
	_cleanup_close_ int file = -1;
	ssize_t r;

	if (length <= DATAGRAM)
		return sink_unix_send(s, bytes, length);
	file = make_file(bytes, length);
	r = file < 0 ? file : send_file(s, file);
	return !r ? (ssize_t)length : r == -EAGAIN || r == -ENOBUFS || r == -EINTR ? 0 : r;
}

const struct sink_ops sink_journald_ops = {
	.size = sizeof(struct sink_unix),
	.datagrams = true,
	.open = journald_open,
	.put = journald_put,
	.write = journald_write,
	.in_flight = sink_unix_in_flight,
};
