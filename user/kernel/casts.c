// SPDX-License-Identifier: GPL-2.0-only
/* See casts.h. */
#include "kernel/casts.h"

#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "kernel/types.h"
#include "portguard/abi.h"
#include "util/cleanup.h"

/* Of the programs that read so. */
static const struct {
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
} kinds[] = {
	{ BPF_PROG_TYPE_SCHED_CLS, 0 },
	{ BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS },
	{ BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE },
	{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND },
	{ BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT },
	{ BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS },
};

/* A program that reads a byte of a @type so. */
static bool may_cast(size_t kind, __s32 function, __s32 type)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = kinds[kind].attach);
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = type },
		{ .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL, .imm = function },
		{ .code = BPF_LDX | BPF_MEM | BPF_B, .dst_reg = BPF_REG_0, .src_reg = BPF_REG_0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_close_ int fd = bpf_prog_load(kinds[kind].type, "pg_may_cast", "Dual BSD/GPL",
					       insns, ARRAY_SIZE(insns), &opts);

	return fd >= 0;
}

int casts_probe(const struct types *kernel)
{
	int function = types_find(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC);
	int type = types_find(kernel, "sock", BTF_KIND_STRUCT);

	if (!function || !type)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!may_cast(i, function, type))
			return 0;
	return function;
}

void casts_put(void *object, size_t size, int function)
{
	const struct bpf_insn placeholder = { .code = BPF_JMP | BPF_CALL, .imm = PG_CAST };
	const struct bpf_insn call = { .code = BPF_JMP | BPF_CALL,
				       .src_reg = BPF_PSEUDO_KFUNC_CALL,
				       .imm = function };
	struct bpf_insn *insns = object;

	for (size_t i = 0; i < size / sizeof(*insns); i++)
		if (!memcmp(&insns[i], &placeholder, sizeof(*insns)))
			insns[i] = call;
}
