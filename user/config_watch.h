/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the policy's files have changed: the one that is named, those of policy.d beside it, and those
 * that its sets name. A fingerprint of what stat(2) tells of them, asked once a second.
 */
#ifndef PORTGUARD_CONFIG_WATCH_H
#define PORTGUARD_CONFIG_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watched_file {
	char *path;
	uint64_t fingerprint;	/* when it was read */
};

struct config_watch {
	char *path;
	uint64_t fingerprint;	/* of it and policy.d, when they were read */
	uint32_t local;		/* of 90-local.yaml there, when it was read, or written by portguard itself */
	uint64_t last;		/* of all, at the last look */
	struct watched_file *files;
	size_t file_count;
};

#define CONFIG_WATCH_INIT { 0 }
/* Before the policy is read: what changes from here on is seen. */
void config_watch_open(struct config_watch *w, const char *path);
void config_watch_close(struct config_watch *w);
/* The policy is about to be read anew; then, before it is opened, each file that it names. */
void config_watch_begin(struct config_watch *w);
void config_watch_file(struct config_watch *w, const char *path);
/*
 * True when the files are others than were read, and the same as at the last look: who writes a file
 * where it lies may not be done yet, and one that is removed may be made again.
 * @saved: config_watch_local() of what `save` wrote last: what is in force already, and not to be read again.
 */
bool config_watch_changed(struct config_watch *w, uint32_t saved);
/* The fingerprint of policy.d/90-local.yaml beside the policy @path; never 0. */
uint32_t config_watch_local(const char *path);

#endif
