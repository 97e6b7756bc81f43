/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF instructions by hand, for programs of a few lines. */
#ifndef PORTGUARD_TEST_INSN_H
#define PORTGUARD_TEST_INSN_H

#include <linux/bpf.h>

#define INSN(c, d, s, o, i)                                                         \
	{                                                                           \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) \
	}
#define MOVE(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOVE_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ALU_IMM(op, d, i) INSN(BPF_ALU64 | (op) | BPF_K, d, 0, 0, i)
#define ALU32_IMM(op, d, i) INSN(BPF_ALU | (op) | BPF_K, d, 0, 0, i)
#define TO_BE(bits, d) INSN(BPF_ALU | BPF_END | BPF_TO_BE, d, 0, 0, bits)
#define LOAD(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, s, o) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
/* Two instructions: they take a map's descriptor. */
#define LOAD_MAP(d, fd) INSN(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* The end of a program that goes on into the first of an array, with the context that it kept (XDP). */
#define GO_ON(kept, array)                                                                \
	MOVE(BPF_REG_1, kept), LOAD_MAP(BPF_REG_2, array), MOVE_IMM(BPF_REG_3, 0),        \
		CALL(BPF_FUNC_tail_call), MOVE_IMM(BPF_REG_0, XDP_ABORTED), EXIT

#endif
