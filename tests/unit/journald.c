// SPDX-License-Identifier: GPL-2.0-only
/* journald's fields, read back as journald reads them: strictly. */
#include "events/sink_journald.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "events/sink_unix.h"
#include "unit/lib/event_sample.h"

#define FIELDS 64

struct field {
	char name[64], value[512];
};

static struct field fields[FIELDS];
static size_t count;

/* A name of journald's: capital letters, digits, _; none of its own. */
static bool is_name(const char *name)
{
	return name[0] >= 'A' && name[0] <= 'Z' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

static void read_back(const struct event *e)
{
	struct event_source source = sample_source();
	struct json out = JSON_INIT;
	const char *at, *end;

	journald_fields(&out, &source, e);
	cr_assert_eq(json_error(&out), 0);
	at = out.text;
	end = at + out.length;
	for (count = 0; at < end; count++) {
		struct field *f = &fields[count];
		size_t name = strcspn(at, "=\n"), length;

		cr_assert(count < FIELDS && name < sizeof(f->name));
		memcpy(f->name, at, name);
		f->name[name] = '\0';
		cr_assert(is_name(f->name), "'%s'", f->name);
		at += name + 1;
		if (at[-1] == '\n') {
			uint64_t size;

			memcpy(&size, at, sizeof(size));
			length = le64toh(size);
			at += sizeof(size);
		} else {
			length = strcspn(at, "\n");
		}
		cr_assert(at + length < end && at[length] == '\n' && length < sizeof(f->value));
		memcpy(f->value, at, length);
		f->value[length] = '\0';
		at += length + 1;
	}
	json_free(&out);
}

static const char *value_of(const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name))
			continue;
		cr_assert_null(found, "%s is there twice", name);
		found = fields[i].value;
	}
	return found;
}

#define expect_field(name, wanted) cr_expect_str_eq(value_of(name) ? value_of(name) : "(none)", wanted)

Test(journald, verdict_has_native_names_and_nothing_for_null)
{
	struct event e = sample_bind(7);

	read_back(&e);
	expect_field("MESSAGE", "deny bind 7070/tcp at 0.0.0.0 by /usr/bin/server[42] uid 1000: no-rule");
	expect_field("PRIORITY", "4");
	expect_field("SYSLOG_IDENTIFIER", "portguard");
	expect_field("PORTGUARD_ID", "0f5e2c3a-1111-4222-8333-444455556666-default-7");
	expect_field("PORTGUARD_SEQ", "7");
	expect_field("PORTGUARD_TIME", "2025-11-24T16:00:00.000001Z");
	expect_field("PORTGUARD_VERDICT", "deny");
	expect_field("PORTGUARD_HOOK", "bind");
	expect_field("PORTGUARD_LOCAL_IP", "0.0.0.0");
	expect_field("PORTGUARD_LOCAL_PORT", "7070");
	expect_field("PORTGUARD_PID", "42");
	expect_field("PORTGUARD_COUNT", "1");
	cr_expect_null(value_of("PORTGUARD_REMOTE_IP"));
	cr_expect_null(value_of("PORTGUARD_RULE"));
	cr_expect_null(value_of("PORTGUARD_PORTS"));
	cr_expect_null(value_of("PORTGUARD_CONTAINER_ID"));
}

Test(journald, names_cannot_forge_a_field)
{
	struct event e = sample_bind(7);

	e.comm = "a\nPRIORITY=0";
	e.cmdline = "\x1b[31m\x80=\n";
	e.exe = "/x\nMESSAGE=all is well";
	read_back(&e);
	expect_field("PORTGUARD_COMM", "a\\x0aPRIORITY=0");
	expect_field("PORTGUARD_CMDLINE", "\\x1b[31m\xef\xbf\xbd=\\x0a");
	expect_field("PRIORITY", "4");
	expect_field("MESSAGE",
		     "deny bind 7070/tcp at 0.0.0.0 by \"/x\\x0aMESSAGE=all is well\"[42] uid 1000: no-rule");
}

Test(journald, text_of_lines_goes_with_its_length)
{
	struct event e = { .kind = EVENT_CHANGE, .seq = 1, .action = "apply", .text = "one\ntwo",
			   .before = "- allow 80\n", .after = "", .actor = { .known = true, .uid = 0, .pid = 9 } };

	read_back(&e);
	expect_field("PORTGUARD_TEXT", "one\ntwo");
	expect_field("PORTGUARD_BEFORE", "- allow 80\n");
	expect_field("PORTGUARD_AFTER", "");
	expect_field("PORTGUARD_ACTOR_UID", "0");
	expect_field("PORTGUARD_ACTION", "apply");
	cr_expect_null(value_of("PORTGUARD_HOOK"));
}

Test(journald, health_has_its_counters)
{
	struct event e = { .kind = EVENT_HEALTH, .seq = 1, .action = "beat", .text = "alive",
			   .counters_json = "{\"bind\":{\"deny\":1}}" };

	read_back(&e);
	expect_field("MESSAGE", "health beat: alive");
	expect_field("PORTGUARD_COUNTERS", "{\"bind\":{\"deny\":1}}");
}

/* The file that a datagram carries, or -1; its own bytes are left out. */
static int receive_file(int fd)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int file = -1;

	if (!recvmsg(fd, &m, 0) && CMSG_FIRSTHDR(&m))
		memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(file));
	return file;
}

Test(journald, what_no_datagram_can_carry_goes_as_a_sealed_file)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sink_unix u = { .sink = { .ops = &sink_journald_ops, .fd = -1 } };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), file;
	const size_t large = 300000;
	char dir[64], path[80], *bytes = calloc(1, large), *got = calloc(1, large);

	sample_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/socket", dir);
	strcpy(address.sun_path, path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(sink_unix_connect(&u, path), 0);
	memset(bytes, 'x', large);
	cr_assert_eq(sink_journald_ops.write(&u.sink, bytes, large), (ssize_t)large);
	cr_expect_neq(sink_unix_in_flight(&u.sink), 0, "unread");
	file = receive_file(fd);
	cr_assert_geq(file, 0);
	cr_expect_eq(sink_unix_in_flight(&u.sink), 0);
	cr_expect_eq(fcntl(file, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
	cr_expect_eq(pread(file, got, large, 0), (ssize_t)large);
	cr_expect_eq(memcmp(got, bytes, large), 0);
	cr_assert_eq(sink_journald_ops.write(&u.sink, bytes, 100), 100);
	cr_expect_eq(recv(fd, got, large, 0), 100, "a small one as it is");
	(void)close(file);
	(void)close(fd);
	(void)close(u.sink.fd);
	free(bytes);
	free(got);
	sample_dir_remove(dir);
}
