/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the agent serves metrics: a socket of this machine, by its path or at a loopback address. */
#ifndef PORTGUARD_ENDPOINT_H
#define PORTGUARD_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

#define ENDPOINT_PATH 108	/* sun_path */
#define ENDPOINT_EXAMPLE "unix:///run/portguard/metrics.sock"

struct endpoint {
	char path[ENDPOINT_PATH];	/* unix: absolute; else empty */
	uint8_t address[16];		/* loopback, as util/address.h has it */
	uint16_t port;			/* host order */
};

/*
 * unix:///run/portguard/metrics.sock, http://127.0.0.1:PORT or http://[::1]:PORT; /metrics may follow.
 * Return: 0 or -EINVAL with words in @err (exit 65).
 */
int endpoint_parse(const char *text, size_t length, struct endpoint *ret, struct pg_error *err);

#endif
