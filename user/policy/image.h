/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image: a policy as plain text lines, lossless (ids, origins, counters' bases included), as it
 * lies pinned in the kernel beside what was compiled from it, and in /var/lib for the next boot. Text,
 * so that a later version can read it and compile anew. Starts with `portguard-image 1`.
 */
#ifndef PORTGUARD_IMAGE_H
#define PORTGUARD_IMAGE_H

#include "policy/policy.h"

/* Return: malloc'ed text ending in a newline and NUL, or NULL. Equal policies give equal text. */
char *image_write(const struct policy *p, size_t *ret_length);
/* Return: 0, -EINVAL (damaged, or of a later version: said in @err), -ENOMEM. */
int image_read(const char *text, size_t length, struct policy *ret, struct pg_error *err);

#endif
