// SPDX-License-Identifier: GPL-2.0-only
/* Who made a change, from a procfs of files. */
#include "events/actor.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/lib/event_sample.h"
#include "util/ssh.h"

static char dir[64];

static void put(unsigned pid, const char *name, const char *bytes, size_t length)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%u", dir, pid);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof(path), "%s/%u/%s", dir, pid, name);
	f = fopen(path, "w");
	(void)fwrite(bytes, 1, length, f);
	(void)fclose(f);
}

static void process(unsigned pid, const char *comm, unsigned parent, unsigned tty)
{
	char stat[256];
	int n = snprintf(stat, sizeof(stat),
			 "%u (%s) S %u 1 1 %u -1 0 1 2 3 4 5 6 7 8 20 0 1 0 5000 9 9\n", pid, comm,
			 parent, tty);

	put(pid, "stat", stat, (size_t)n);
}

static void setup(void)
{
	sample_dir(dir);
}

static void teardown(void)
{
	for (unsigned pid = 1; pid < 20; pid++) {
		char path[256];

		(void)snprintf(path, sizeof(path), "%s/%u", dir, pid);
		sample_dir_remove(path);
	}
	sample_dir_remove(dir);
}

TestSuite(actor, .init = setup, .fini = teardown);

Test(actor, process_and_its_terminal)
{
	struct actor a;

	process(9, "a) \n(b", 1, 136 << 8 | 3);
	actor_read(dir, 9, 1000, &a);
	cr_expect(a.event.known && a.event.pid == 9 && a.event.uid == 1000);
	cr_expect_str_eq(a.event.comm, "a) \n(b");
	cr_expect_str_eq(a.event.tty, "pts/3");
	cr_expect_null(a.event.ssh);
}

Test(actor, terminals_have_names)
{
	static const struct {
		unsigned device;
		const char *name;
	} all[] = {
		{ 4 << 8 | 1, "tty1" },      { 4 << 8 | 64, "ttyS0" },
		{ 137 << 8 | 1, "pts/257" }, { 136 << 8 | 0x2c | 1 << 20, "pts/300" },
		{ 204 << 8 | 64, "204:64" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct actor a;

		process(9, "x", 1, all[i].device);
		actor_read(dir, 9, 0, &a);
		cr_expect_str_eq(a.event.tty, all[i].name);
	}
}

Test(actor, process_that_has_ended_is_pid_and_uid)
{
	struct actor a;

	actor_read(dir, 9, 5, &a);
	cr_expect(a.event.known && a.event.pid == 9 && a.event.uid == 5);
	cr_expect(!a.event.comm && !a.event.tty && !a.event.ssh);
}

#define ENVIRONMENT(text) text, sizeof(text)

Test(actor, ssh_is_found_behind_sudo_and_su)
{
	struct actor a;

	process(9, "bash", 8, 0);
	put(9, "environ", ENVIRONMENT("HOME=/root\0SHELL=/bin/sh"));
	process(8, "su", 7, 0);
	put(8, "environ",
	    ENVIRONMENT("HOME=/root\0SSH_CONNECTIONS=1\0SSH_CONNECTION=2001:db8::7 40000 192.0.2.1 "
			"22"));
	actor_read(dir, 9, 0, &a);
	cr_expect_str_eq(a.event.ssh, "2001:db8::7");
}

Test(actor, nobody_is_looked_for_above_pid_1_and_five_parents)
{
	struct actor a;

	put(1, "environ", ENVIRONMENT("SSH_CONNECTION=192.0.2.7 4 192.0.2.1 22"));
	process(2, "x", 1, 0);
	actor_read(dir, 2, 0, &a);
	cr_expect_null(a.event.ssh);
	for (unsigned pid = 3; pid < 12; pid++)
		process(pid, "x", pid - 1, 0);
	put(3, "environ", ENVIRONMENT("SSH_CONNECTION=192.0.2.7 4 192.0.2.1 22"));
	actor_read(dir, 11, 0, &a);
	cr_expect_null(a.event.ssh);
	actor_read(dir, 7, 0, &a);
	cr_expect_str_eq(a.event.ssh, "192.0.2.7");
}

Test(actor, what_is_no_address_is_nothing)
{
	static const char *const hostile[] = {
		"",
		"192.0.2.7",
		"192.0.2.7 4 192.0.2.1",
		"\"},\"uid\":1 4 5 6",
		"192.0.2.7\n 4",
		"\x1b[31m 4 192.0.2.1 22",
		"192.0.2.777 4 192.0.2.1 22",
		"0xc0000207 4 192.0.2.1 22",
		"192.0.2.7192.0.2.7192.0.2.7192.0.2.7192.0.2.7192.0.2.7192.0.2.7192.0.2.7192.0.2.7 "
		"4 5 6",
	};

	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		struct ssh_connection c = { .client_port = 77 };

		cr_expect_lt(ssh_connection_parse(hostile[i], &c), 0, "%s", hostile[i]);
		cr_expect_eq(c.client_port, 77, "untouched");
	}
}

Test(actor, ssh_connection_in_the_forms_of_sshd)
{
	struct ssh_connection c;
	char text[ADDRESS_TEXT];

	cr_assert_eq(ssh_connection_parse("192.0.2.7 40000 192.0.2.1 22", &c), 0);
	cr_expect_str_eq(address_print(c.client, text), "192.0.2.7");
	cr_expect(c.client_port == 40000 && c.server_port == 22);
	cr_assert_eq(ssh_connection_parse("::ffff:192.0.2.7 1 ::ffff:192.0.2.1 2222", &c), 0);
	cr_expect_str_eq(address_print(c.client, text), "192.0.2.7");
	cr_assert_eq(ssh_connection_parse("fe80::1%eth0 1 fe80::2%eth0 22", &c), 0);
	cr_expect_str_eq(address_print(c.client, text), "fe80::1");
}

Test(actor, this_process)
{
	struct actor a;

	(void)setenv("SSH_CONNECTION", "192.0.2.9 1 192.0.2.1 22", 1);
	actor_read_self(&a);
	cr_expect(a.event.known && a.event.pid == (uint32_t)getpid() && a.event.uid == getuid());
	cr_expect_str_eq(a.event.comm, "actor");
	cr_expect_str_eq(a.event.ssh, "192.0.2.9");
}
