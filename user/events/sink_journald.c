// SPDX-License-Identifier: GPL-2.0-only
/*
 * journald, by its native protocol: a datagram of fields. MESSAGE is the line for people, PORTGUARD_… are the
 * native names, without those that are null. What an attacker chose is escaped as everywhere else, so that
 * only texts of ours - a policy before and after a change - have lines, and these go with their length. What
 * is too large for a datagram goes as a sealed memory file.
 */
#include "events/sink_journald.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "events/rfc5424.h"
#include "events/sink_unix.h"
#include "util/cleanup.h"
#include "util/escape.h"

#define DATAGRAM 65536 /* bytes; larger ones go as a file */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void put_field(struct json *out, const char *name, const char *value)
{
	json_append_text(out, name);
	json_append(out, "=", 1);
	json_append_text(out, value);
	json_append(out, "\n", 1);
}

/* local_port is PORTGUARD_LOCAL_PORT. */
static void put_name(struct json *out, const char *name)
{
	size_t start;

	json_append_text(out, "PORTGUARD_");
	start = out->length;
	json_append_text(out, name);
	for (size_t i = start; i < out->length; i++)
		out->text[i] = (char)toupper((unsigned char)out->text[i]);
}

/* Line ends may be only in texts of ours, which no name of a stranger's is. */
static bool may_have_lines(const char *name)
{
	return !strcmp(name, "before") || !strcmp(name, "after") || !strcmp(name, "text");
}

static const struct escape how = { .marks = true, .put = escape_hex };

/* The value with its length, in 8 bytes, before it. */
static void put_lines(struct json *out, const char *text)
{
	uint64_t size = 0;
	size_t start;
	const char *end;

	json_append(out, "\n", 1);
	json_append(out, (const char *)&size, sizeof(size));
	start = out->length;
	for (; (end = strchr(text, '\n')); text = end + 1) {
		escape_bytes(out, &how, text, (size_t)(end - text));
		json_append(out, "\n", 1);
	}
	escape_text(out, &how, text);
	if (json_error(out))
		return;
	size = htole64(out->length - start);
	memcpy(out->text + start - sizeof(size), &size, sizeof(size));
}

static void put_native(struct json *out, const char *name, const char *text)
{
	put_name(out, name);
	if (may_have_lines(name) && strchr(text, '\n')) {
		put_lines(out, text);
	} else {
		json_append(out, "=", 1);
		escape_text(out, &how, text);
	}
	json_append(out, "\n", 1);
}

void journald_fields(struct json *out, const struct event_source *source, const struct event *e)
{
	char priority[FORMAT_NUMBER_SIZE];

	format_number(rfc5424_severity(e), priority);
	json_append_text(out, "MESSAGE=");
	format_sentence(out, e);
	json_append(out, "\n", 1);
	put_field(out, "PRIORITY", priority);
	put_field(out, "SYSLOG_IDENTIFIER", FORMAT_PRODUCT);
	format_fields(out, source, e, put_native);
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
