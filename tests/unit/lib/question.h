/* SPDX-License-Identifier: GPL-2.0-only */
/* An attempt as a test writes it, and as the rules are asked. */
#ifndef PORTGUARD_TESTS_QUESTION_H
#define PORTGUARD_TESTS_QUESTION_H

#include <stdlib.h>
#include <string.h>

#include "policy/compile.h"
#include "util/address.h"

struct question {
	enum pg_direction direction;
	enum pg_proto proto;
	uint16_t port, remote_port;
	uint32_t uid;
	const char *remote, *local, *device;	/* device NULL: not known */
	uint64_t exe;				/* the inode of a file on device 1; 0: not known */
	enum pg_fresh fresh;
};

static inline void question_address(const char *text, uint8_t address[16])
{
	if (address_parse(text, address))
		abort();
}

static inline struct pg_question to_kernel(const struct question *q)
{
	struct pg_question k = { .direction = q->direction, .proto = q->proto, .port = q->port,
				 .remote_port = q->remote_port, .uid = q->uid, .vlan = !q->device,
				 .exe_inode = q->exe, .exe_device = q->exe ? 1 : 0,
				 .fresh = q->fresh };

	k.family = strchr(q->remote, ':') ? 6 : 4;
	question_address(q->remote, k.remote);
	question_address(q->local, k.local);
	return k;
}

#endif
