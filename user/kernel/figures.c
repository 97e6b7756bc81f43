// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/figures.h"

#include "kernel/map.h"
#include "util/names.h"

const enum pg_hook counted_hooks[] = {
	PG_HOOK_BIND, PG_HOOK_LISTEN,  PG_HOOK_SOCKET,	PG_HOOK_CONNECT,
	PG_HOOK_SEND, PG_HOOK_INBOUND, PG_HOOK_DELIVER,
};
const size_t counted_hook_count = sizeof(counted_hooks) / sizeof(*counted_hooks);

int event_figures(const struct state *s, struct event_figures *ret)
{
	struct pg_journal *journal = NULL;
	long size = map_pinned(s->paths, "pg_journal", false, (void **)&journal);

	if (size < 0)
		return size;
	ret->emitted = journal->emitted;
	ret->suppressed = journal->suppressed;
	ret->lost = journal->lost + state_count(s, PG_COUNT_LOST);
	map_release(journal, size);
	return 0;
}

void counters_json(struct json *j, const struct state *s)
{
	json_object(j);
	for (size_t i = 0; i < counted_hook_count; i++) {
		json_key(j, hook_names[counted_hooks[i]]);
		json_object(j);
		for (unsigned v = PG_ALLOW; v < PG_VERDICT_COUNT; v++)
			json_member_u64(j, verdict_names[v],
					state_verdicts(s, counted_hooks[i], v));
		json_object_end(j);
	}
	json_object_end(j);
}
