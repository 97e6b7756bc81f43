// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/lib/conversation.h"

#include <criterion/criterion.h>

#include <bpf/bpf.h>

#include "util/cleanup.h"

void expect_reply(const struct guarded *g, struct traffic question)
{
	expect(g, traffic_reversed(question), PG_ALLOW, PG_REASON_REPLY);
}

void expect_no_reply(const struct guarded *g, struct traffic question)
{
	expect(g, traffic_reversed(question), PG_DENY, PG_REASON_NO_RULE);
}

void age_flows(const struct guarded *g, uint32_t seconds)
{
	_cleanup_close_ int fd = guarded_map(g, "pg_flows");
	struct pg_flow_key key, *from = NULL;
	struct pg_flow flow;

	for (; !bpf_map_get_next_key(fd, from, &key); from = &key) {
		cr_assert_eq(bpf_map_lookup_elem(fd, &key, &flow), 0);
		flow.seen -= seconds * g->state.control->hz;
		cr_assert_eq(bpf_map_update_elem(fd, &key, &flow, BPF_EXIST), 0);
	}
}
