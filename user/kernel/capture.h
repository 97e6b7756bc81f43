/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies of refused packets, which the programs make while somebody captures: one process at a time, so
 * many packets a second and CPU. It says so anew each second; when it is dead the programs stop by themselves.
 */
#ifndef PORTGUARD_KERNEL_CAPTURE_H
#define PORTGUARD_KERNEL_CAPTURE_H

#include <stdint.h>

#include "kernel/paths.h"
#include "portguard/abi.h"

struct capture;

struct capture_config {
	uint32_t rate, snaplen;
	/* A packet, c->copied bytes of it. Anything but 0 ends capture_read(), which returns it. */
	int (*packet)(void *data, const struct pg_captured *c, const void *bytes);
	void *data;
};

/* -EBUSY (75): another process captures; -ENOENT (69): no guard runs. */
int capture_open(const struct paths *paths, const struct capture_config *config, struct capture **ret,
		 struct pg_error *err);
void capture_close(struct capture *c);	/* NULL is fine */

/* Readable when packets are there. */
int capture_fd(const struct capture *c);
int capture_read(struct capture *c);
/* Once a second: go on. -ENOENT (69): the guard has been taken down, or another build has taken over. */
int capture_go_on(struct capture *c, struct pg_error *err);
/* Packets that found the buffers full. */
uint64_t capture_lost(const struct capture *c);

#endif
