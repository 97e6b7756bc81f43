/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the policy's files have changed: a fingerprint of what stat(2) tells of them, asked once a second. */
#ifndef PORTGUARD_CONFIG_WATCH_H
#define PORTGUARD_CONFIG_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct config_watch {
	char *path;
	uint64_t fingerprint;
};

#define CONFIG_WATCH_INIT { 0 }
void config_watch_open(struct config_watch *w, const char *path);
void config_watch_close(struct config_watch *w);
/* True once after each change. A file that is gone counts as a change only when it comes back. */
bool config_watch_changed(struct config_watch *w);

#endif
