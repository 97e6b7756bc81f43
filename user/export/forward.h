/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events from the agent to the carrier, until a signal says otherwise. At least once: after whatever broke
 * - the agent, the connection, this process - it goes on behind what has arrived. History at the agent is the
 * buffer: while the carrier takes no more, nothing is read.
 */
#ifndef PORTGUARD_FORWARD_H
#define PORTGUARD_FORWARD_H

#include "events/format.h"
#include "export/carrier.h"

struct forward_config {
	const char *run;		/* the instance's run directory */
	const struct format *format;
	const char *position;		/* the file */
	struct carrier *carrier;
	struct ledger *ledger;		/* its position as it was read */
	int signal_fd;			/* readable: end */
	/* What the operator should know, a line without an end. */
	void (*say)(const char *text);
};

/* 0 when it was told to end, or -errno. */
int forward(const struct forward_config *config, struct pg_error *err);

#endif
