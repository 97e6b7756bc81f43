/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was open before the guard stays open: stamps of the local ports in use, and flows for connected
 * UDP sockets and for what this host translates or forwards, from sock_diag and conntrack.
 */
#ifndef PORTGUARD_SEED_H
#define PORTGUARD_SEED_H

#include "kernel/state.h"

/* After outbound is attached, before inbound is, and before a policy closes more. 0 or -errno. */
int seed_flows(struct state *s);
/* Stamp the ports of open TCP connections only. */
int seed_ports(struct state *s);
/*
 * Before and after a change that closes a port: stamps, and flows for the TCP connections that this host
 * translates or forwards. While the rules let them in they needed none; UDP conversations end.
 */
int seed_open(struct state *s);
/* Move on to the next stamp, so that ports which nobody uses any more are forgotten. */
int seed_rotate(struct state *s);
/* Flows that are alive. */
long flows_count(const struct state *s);

#endif
