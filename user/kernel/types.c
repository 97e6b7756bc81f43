// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's types; see types.h. The format is that of the kernel's Documentation/bpf/btf.rst. */
#include "kernel/types.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bpf/btf.h>

#include "util/cleanup.h"
#include "util/file.h"

#define TYPES "/sys/kernel/btf/vmlinux"
#define MOST (64 << 20) /* bytes; 6 MiB are usual */

/* From Linux 6.16 on nothing is copied. */
static bool map_types(struct types *ret)
{
	_cleanup_close_ int fd = open(TYPES, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0)
		return false;
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	*ret = (struct types){ .data = data, .size = st.st_size, .mapped = true };
	return true;
}

void types_open(struct types *ret)
{
	char *data;
	size_t size;

	*ret = (struct types){ .data = NULL };
	if (!map_types(ret) && !file_read(TYPES, MOST, &data, &size))
		*ret = (struct types){ .data = data, .size = size };
}

void types_close(struct types *t)
{
	if (t->mapped)
		(void)munmap((void *)t->data, t->size);
	else
		free((void *)t->data);
	*t = (struct types){ .data = NULL };
}

/* What follows a type, in bytes; -1: a kind that came later than this. */
static long behind(const struct btf_type *t)
{
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return btf_vlen(t) * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return btf_vlen(t) * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return btf_vlen(t) * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return btf_vlen(t) * sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return btf_vlen(t) * sizeof(struct btf_enum64);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	}
	return -1;
}

int types_find(const struct types *t, const char *name, unsigned kind)
{
	const struct btf_header *h = (const void *)t->data;
	const struct btf_type *type;
	const char *names;
	size_t at, end;
	long more;

	if (!h || t->size < sizeof(*h) || h->magic != BTF_MAGIC)
		return 0;
	at = (size_t)h->hdr_len + h->type_off;
	end = at + h->type_len;
	names = t->data + h->hdr_len + h->str_off;
	if (end > t->size || (size_t)h->hdr_len + h->str_off + h->str_len > t->size)
		return 0;
	for (int id = 1; at + sizeof(*type) <= end; id++) {
		type = (const void *)(t->data + at);
		if (btf_kind(type) == kind && type->name_off < h->str_len &&
		    !strcmp(names + type->name_off, name))
			return id;
		more = behind(type);
		if (more < 0)
			return 0;
		at += sizeof(*type) + more;
	}
	return 0;
}
