/* SPDX-License-Identifier: GPL-2.0-only */
/* Captured packets as pcapng: interfaces by name, and why each packet was refused, in words. */
#ifndef PORTGUARD_CMD_CAPTURE_FILE_H
#define PORTGUARD_CMD_CAPTURE_FILE_H

#include "kernel/paths.h"
#include "portguard/abi.h"
#include "util/json.h"

#define CAPTURE_SNAPLEN_MAX 65535

struct capture_file;

/* Begins the file in @out, to which all that follows is appended; its error sticks. Both arguments outlive it. */
int capture_file_new(const struct paths *paths, uint32_t snaplen, struct json *out, struct capture_file **ret);
void capture_file_free(struct capture_file *f);	/* NULL is fine */

/* @bytes: c->copied of them, at most CAPTURE_SNAPLEN_MAX. */
void capture_file_put(struct capture_file *f, const struct pg_captured *c, const void *bytes);
/* The policy may be another one by now. */
void capture_file_forget(struct capture_file *f);

#endif
