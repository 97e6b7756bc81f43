/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions that leave and answers that come, of one host here and one peer. */
#ifndef PORTGUARD_TESTS_CONVERSATION_H
#define PORTGUARD_TESTS_CONVERSATION_H

#include "bpf/lib/expect.h"

#define BOTH(family) for (int family = 4; family <= 6; family += 2)
#define CLOSED "default: {in: deny}"
#define DNS 53
#define CLIENT 40000

#define here(family) ((family) == 6 ? HERE6 : HERE4)
#define peer(family) ((family) == 6 ? PEER6 : PEER4)
/* What this machine sends to the peer. */
#define out(f, p, ...) ip(.family = (f), .proto = (p), .from = here(f), .to = peer(f), __VA_ARGS__)

/* The answer to what left, or would have, passes as a reply; or is refused, since no rule lets it
 * in. */
void expect_reply(const struct guarded *g, struct traffic question);
void expect_no_reply(const struct guarded *g, struct traffic question);

/* All flows are as if they had been seen last so much earlier. */
void age_flows(const struct guarded *g, uint32_t seconds);

#endif
