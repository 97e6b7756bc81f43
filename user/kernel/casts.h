/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs that read the kernel's structures in place: bpf_rdonly_cast() (Linux 6.2) gives them a pointer that the
 * verifier lets them read through, and costs nothing. Where it is missing they copy (bpf/lib/sock.h).
 *
 * Its number among the kernel's types is put where they call PG_CAST, before the object is opened. As an external
 * symbol bpftool 7.1 does not link it, and libbpf 1.1 looks for a missing one in all modules, which takes
 * CAP_SYS_ADMIN.
 */
#ifndef PORTGUARD_CASTS_H
#define PORTGUARD_CASTS_H

#include <stddef.h>

struct types;

/* bpf_rdonly_cast()'s number, or 0: programs may not call it here. @kernel: the kernel's types. */
int casts_probe(const struct types *kernel);
/* Call @function for PG_CAST everywhere in an object file. @object: aligned to 8, @size in bytes. */
void casts_put(void *object, size_t size, int function);

#endif
