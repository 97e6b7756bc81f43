/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's tables of classes and cases: what stands behind an answer of "it depends". */
#ifndef PORTGUARD_CLASSES_H
#define PORTGUARD_CLASSES_H

#include "kernel/devices.h"
#include "kernel/state.h"

/* Descriptors of the maps, opened when a policy first needs them, and where what is written is added up. */
struct classes {
	int peers, cases, case_maps, ifaces, callers;
	const struct paths *paths;
	struct pg_sums *sums;
};

#define CLASSES_INIT { -1, -1, -1, -1, -1, NULL, NULL }
int classes_open(const struct paths *paths, struct classes *ret);
void classes_close(struct classes *c);
#define _cleanup_classes_ __attribute__((cleanup(classes_close)))

/* Write the classes of @compiled as @table: its addresses and callers, and by which devices IP receives now. */
int classes_write(const struct classes *c, const struct compiled *compiled, uint32_t table);
int classes_write_devices(const struct classes *c, const struct compiled *compiled, uint32_t table,
			  const struct devices *devices);
/* Take tables away for which @unused is true. */
void classes_drop(const struct classes *c, bool (*unused)(void *data, uint32_t table), void *data);
/* Whether @table has exactly the files of @compiled: they may have been replaced since. */
bool classes_have_exes(const struct classes *c, const struct compiled *compiled, uint32_t table);

/* Delete the keys of a map for which @goes says so. */
void keys_drop(int fd, size_t key_size, bool (*goes)(const void *key, void *data), void *data);

/* Under the lock, before cases are written: programs see those that are pinned, whoever was killed. 0 or -errno. */
int cases_mend(const struct classes *c);
/* @answer: that of a case, as the kernel has it. */
int case_write(struct classes *c, uint32_t group_number, const struct case_entry *from, uint32_t answer);
/* Call @fn for the answer of each case that there is. 0 or -errno. */
int cases_each(const struct classes *c, void (*fn)(void *data, uint32_t answer), void *data);
/* Take the cases of groups away for which @unused is true. */
void cases_drop(const struct classes *c, bool (*unused)(void *data, uint32_t group), void *data);

#endif
