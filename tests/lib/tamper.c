// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody else's hand in the kernel's state of a guard, for tests/e2e/tamper.sh: what bpftool does not
 * do. It is given the directory of the pins and works on those, without any lock.
 *
 *   tamper PINS run LINK PROGRAM-PIN      make a link run another program
 *   tamper PINS open bind|in PORT         a TCP port, in the tables of the policy in force
 *   tamper PINS off                       the mode of the policy in force
 *   tamper PINS switch                    put the former policy in force
 *   tamper PINS elsewhere                 another network namespace is the guarded one
 *   tamper PINS image                     a letter of the policy's text
 *   tamper PINS group, rule               a word of pg_groups, of pg_rules
 *   tamper PINS cut                       as if a command had been killed in the middle of a change
 *   tamper PINS empty MAP                 delete all entries
 *   tamper PINS layout older|newer        as if another version had made the tables
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "portguard/abi.h"

static const char *pins;

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "tamper: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_pin(const char *path)
{
	union bpf_attr attr = { .pathname = (uint64_t)(uintptr_t)path };
	int fd = bpf(BPF_OBJ_GET, &attr);

	if (fd < 0)
		fail(path);
	return fd;
}

static int open_ours(const char *name)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", pins, name);
	return open_pin(path);
}

static void *map_ours(const char *name, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, open_ours(name), 0);

	if (at == MAP_FAILED)
		fail(name);
	return at;
}

static struct pg_control *control(void)
{
	return map_ours("pg_control", sizeof(struct pg_control));
}

static void run_other(const char *link, const char *program)
{
	union bpf_attr attr = {
		.link_update = {
			.link_fd = (uint32_t)open_ours(link),
			.new_prog_fd = (uint32_t)open_pin(program),
		},
	};

	if (bpf(BPF_LINK_UPDATE, &attr))
		fail(link);
}

static void open_port(const char *direction, uint32_t port)
{
	struct pg_control *c = control();
	uint32_t slot = c->slot & 1, way = strcmp(direction, "in") ? PG_BIND : PG_IN;
	uint32_t *answers =
		map_ours("pg_ports", sizeof(uint32_t) * PG_PORT_PLACES * PG_PORTS);

	answers[PG_PORT_PLACE(slot, way, PG_TCP) * PG_PORTS + port] = PG_ANSWER(PG_ANSWER_ALLOW, 0, 0);
	c->slots[slot].bits[way][PG_TCP][port / 64] |= 1ULL << port % 64;
}

static void change_image(void)
{
	char name[16];
	struct pg_image *image;

	(void)snprintf(name, sizeof(name), "pg_image%u", control()->slot & 1);
	image = map_ours(name, PG_IMAGE_PAGE);
	image->text[image->length / 2 % 2048] ^= 1;
}

static void empty(const char *name)
{
	char key[64];
	union bpf_attr attr = { .map_fd = (uint32_t)open_ours(name) };

	/* Behind a key that is gone comes the first one of a hash, and the next one of an array. */
	for (;;) {
		attr.next_key = (uint64_t)(uintptr_t)key;
		if (bpf(BPF_MAP_GET_NEXT_KEY, &attr))
			return;
		attr.key = (uint64_t)(uintptr_t)key;
		attr.next_key = 0;
		if (bpf(BPF_MAP_DELETE_ELEM, &attr) && errno != ENOENT)
			fail(name);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";

	pins = argc > 1 ? argv[1] : "";
	if (!strcmp(what, "run") && argc == 5)
		run_other(argv[3], argv[4]);
	else if (!strcmp(what, "open") && argc == 5)
		open_port(argv[3], (uint32_t)strtoul(argv[4], NULL, 10));
	else if (!strcmp(what, "off"))
		control()->slots[control()->slot & 1].mode = PG_MODE_OFF;
	else if (!strcmp(what, "switch"))
		control()->slot ^= 1;
	else if (!strcmp(what, "group"))
		((struct pg_group *)map_ours("pg_part_groups_0", sizeof(struct pg_group)))[0].base ^= 1;
	else if (!strcmp(what, "rule"))
		((struct pg_rule *)map_ours("pg_part_rules_0", sizeof(struct pg_rule)))[7].until_ns ^= 1;
	else if (!strcmp(what, "elsewhere"))
		control()->netns_cookie++, control()->netns_inum++;
	else if (!strcmp(what, "cut"))
		((struct pg_meta *)map_ours("pg_meta", sizeof(struct pg_meta)))->sums.open = 1;
	else if (!strcmp(what, "image"))
		change_image();
	else if (!strcmp(what, "layout") && argc == 4)
		control()->abi = PG_ABI_VERSION + (strcmp(argv[3], "newer") ? -1 : 1);
	else if (!strcmp(what, "empty") && argc == 4)
		empty(argv[3]);
	else
		return 64;
	return 0;
}
