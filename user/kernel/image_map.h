/* SPDX-License-Identifier: GPL-2.0-only */
/* The pinned image of a slot: the policy's text. Functions return 0 or -errno. */
#ifndef PORTGUARD_IMAGE_MAP_H
#define PORTGUARD_IMAGE_MAP_H

#include "kernel/paths.h"
#include "policy/policy.h"

int image_map_read(const struct paths *paths, uint32_t slot, struct policy *ret, struct pg_error *err);
int image_map_write(const struct paths *paths, uint32_t slot, const struct policy *p);
/* The slot's policy does not come back: a large map makes room, with what is in it. */
void image_map_shrink(const struct paths *paths, uint32_t slot);

#endif
