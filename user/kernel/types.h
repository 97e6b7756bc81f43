/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's types by name (BTF), for one or two questions: libbpf makes an index of all 100,000 of them first, which
 * takes 9 ms of a start.
 */
#ifndef PORTGUARD_TYPES_H
#define PORTGUARD_TYPES_H

#include <stdbool.h>
#include <stddef.h>

struct types {
	const char *data; /* NULL: the kernel tells none */
	size_t size;
	bool mapped;
};

/* What cannot be read has no types. */
void types_open(struct types *ret);
void types_close(struct types *t);
#define _cleanup_types_ _cleanup_(types_close)

/* The number of a type of that kind (BTF_KIND_…), or 0: there is none. */
int types_find(const struct types *t, const char *name, unsigned kind);

#endif
