// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others take for guarding bind(): Landlock, and a program at the cgroup that goes through a list
 * of rules one by one, as systemd's SocketBindAllow= does.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/calls.h"
#include "lib/insn.h"

#define LIST 1000 /* rules */
#define LANDLOCK_FIRST 20001

/* As <linux/landlock.h> has it from Linux 6.7 on; the one here may be older. */
struct landlock_net {
	uint64_t handled_fs, handled_net;
};
struct landlock_port {
	uint64_t allowed, port;
} __attribute__((packed));
#define LANDLOCK_BIND 1ULL
#define LANDLOCK_PORT 2

static int landlock_ruleset(void)
{
	const struct landlock_net attr = { .handled_net = LANDLOCK_BIND };

	return (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
}

bool landlock_is_here(void)
{
	int fd = landlock_ruleset();

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

void landlock_enter(void)
{
	int fd = landlock_ruleset();

	for (unsigned i = 0; i < LIST; i++) {
		const struct landlock_port rule = { LANDLOCK_BIND, LANDLOCK_FIRST + i };

		if (syscall(SYS_landlock_add_rule, fd, LANDLOCK_PORT, &rule, 0))
			die("Landlock: a rule: %s", strerror(errno));
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, fd, 0))
		die("Landlock: %s", strerror(errno));
	(void)close(fd);
}

struct port_rule {
	uint16_t first, last;
};

/* All but the last are of other ports. */
static int rule_list(unsigned first, unsigned last)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench_list", sizeof(uint32_t),
				sizeof(struct port_rule), LIST, NULL);

	for (uint32_t i = 0; i < LIST; i++) {
		struct port_rule r = { (uint16_t)(1 + i), (uint16_t)(1 + i) };

		if (i == LIST - 1)
			r = (struct port_rule){ (uint16_t)first, (uint16_t)last };
		if (bpf_map_update_elem(fd, &i, &r, BPF_ANY))
			die("a list of rules: %s", strerror(errno));
	}
	return fd;
}

/* For each rule: a look-up, and the port compared with what it finds. */
int list_program(unsigned first, unsigned last)
{
	int list = rule_list(first, last);
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, BPF_REG_7, BPF_REG_1, offsetof(struct bpf_sock_addr, user_port)),
		TO_BE(16, BPF_REG_7),
		MOVE_IMM(BPF_REG_8, 0),
		STORE(BPF_W, BPF_REG_10, BPF_REG_8, -4),
		MOVE(BPF_REG_2, BPF_REG_10),
		ALU_IMM(BPF_ADD, BPF_REG_2, -4),
		INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, list),
		{ 0 },
		CALL(BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 8, 0),
		LOAD(BPF_H, BPF_REG_1, BPF_REG_0, offsetof(struct port_rule, first)),
		LOAD(BPF_H, BPF_REG_2, BPF_REG_0, offsetof(struct port_rule, last)),
		INSN(BPF_JMP | BPF_JLT | BPF_X, BPF_REG_7, BPF_REG_1, 3, 0),
		INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_7, BPF_REG_2, 2, 0),
		MOVE_IMM(BPF_REG_0, 1),
		EXIT,
		ALU_IMM(BPF_ADD, BPF_REG_8, 1),
		INSN(BPF_JMP | BPF_JLT | BPF_K, BPF_REG_8, 0, -15, LIST),
		MOVE_IMM(BPF_REG_0, 0),
		EXIT,
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_CGROUP_INET4_BIND);
	int fd = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "bench_list", "GPL", insns,
			       sizeof(insns) / sizeof(*insns), &opts);

	if (fd < 0)
		die("a program with a list: %s", strerror(errno));
	return fd;
}
