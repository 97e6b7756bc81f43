// SPDX-License-Identifier: GPL-2.0-only
/* Types of the kernel that runs are found where libbpf finds them. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include <bpf/btf.h>

#include "kernel/types.h"
#include "util/cleanup.h"
#include "util/file.h"

static const struct {
	const char *name;
	unsigned kind;
} those[] = {
	{ "sock", BTF_KIND_STRUCT },
	{ "sock_common", BTF_KIND_STRUCT },
	{ "task_struct", BTF_KIND_STRUCT },
	{ "u32", BTF_KIND_TYPEDEF },
	{ "security_socket_listen", BTF_KIND_FUNC },
	{ "bpf_rdonly_cast", BTF_KIND_FUNC },
	{ "bpf_mem_alloc", BTF_KIND_STRUCT },
};

static void expect_as_libbpf(const struct types *t)
{
	struct btf *all = btf__load_vmlinux_btf();

	cr_assert_not_null(all);
	for (size_t i = 0; i < ARRAY_SIZE(those); i++) {
		int id = btf__find_by_name_kind(all, those[i].name, those[i].kind);

		cr_expect_eq(types_find(t, those[i].name, those[i].kind), id > 0 ? id : 0, "%s",
			     those[i].name);
	}
	cr_expect_gt(types_find(t, "sock", BTF_KIND_STRUCT), 0);
	cr_expect_eq(types_find(t, "sock", BTF_KIND_FUNC), 0, "a name of another kind");
	cr_expect_eq(types_find(t, "no_such_type_anywhere", BTF_KIND_STRUCT), 0);
	btf__free(all);
}

Test(types, are_found_where_libbpf_finds_them)
{
	_cleanup_types_ struct types t;

	types_open(&t);
	expect_as_libbpf(&t);
}

Test(types, what_is_cut_short_or_something_else_has_none)
{
	_cleanup_free_ char *data = NULL;
	size_t size;

	cr_assert_eq(file_read("/sys/kernel/btf/vmlinux", 64 << 20, &data, &size), 0);
	cr_expect_eq(types_find(&(struct types){ .data = NULL }, "sock", BTF_KIND_STRUCT), 0);
	cr_expect_eq(types_find(&(struct types){ data, 10, false }, "sock", BTF_KIND_STRUCT), 0);
	cr_expect_eq(types_find(&(struct types){ data, size - 1, false }, "sock", BTF_KIND_STRUCT), 0);
	cr_expect_gt(types_find(&(struct types){ data, size, false }, "sock", BTF_KIND_STRUCT), 0);
	data[0] ^= 1;
	cr_expect_eq(types_find(&(struct types){ data, size, false }, "sock", BTF_KIND_STRUCT), 0);
}
