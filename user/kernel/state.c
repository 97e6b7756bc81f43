// SPDX-License-Identifier: GPL-2.0-only
/* Mapping a running instance's tables, and reading them; change.c turns one policy into the next. */
#include "kernel/state.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/image_map.h"
#include "kernel/map.h"
#include "kernel/state_late.h"
#include "kernel/upgrade.h"

struct mapping {
	const char *name;
	bool write;
	void **at;
};

void state_close(struct state *s)
{
	map_release(s->control, sizeof(*s->control));
	state_late_close(s);
	map_release(s->meta, sizeof(*s->meta));
	*s = (struct state){ 0 };
}

static int not_running(long r, const struct paths *paths, struct pg_error *err)
{
	if (r == -EACCES || r == -EPERM) {
		(void)pg_fail(err, r, PG_EXIT_PERMISSION,
			      "instance %s: missing CAP_BPF, or not its owner", paths->instance);
		return pg_help(err, r, "run it as root");
	}
	if (r != -ENOENT)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "instance %s: %s", paths->instance,
			       strerror(-r));
	(void)pg_fail(err, -ENOENT, PG_EXIT_UNAVAILABLE,
		      "instance %s is not running in %s; start it: portguard run, or portguard up",
		      paths->instance, paths->bpffs);
	return -ENOENT;
}

bool state_has_scopes(const struct state *s)
{
	return s->control->slots[0].scopes || s->control->slots[1].scopes;
}

int state_open(const struct paths *paths, bool starting, struct state *ret, struct pg_error *err)
{
	_cleanup_state_ struct state s = { .paths = paths };
	const struct mapping all[] = {
		{ "pg_control", true, (void **)&s.control },
		{ "pg_meta", true, (void **)&s.meta },
	};
	int r;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		long bytes = map_pinned(paths, all[i].name, all[i].write, all[i].at);

		if (bytes < 0)
			return not_running(bytes, paths, err);
		if (i || starting)
			continue;
		if (!s.control->abi)
			return not_running(-ENOENT, paths, err);
		if (s.control->abi != PG_ABI_VERSION)
			return upgrade_refuse_layout(paths, s.control->abi, err);
	}
	r = state_late_open(&s);
	if (!r && state_has_scopes(&s))
		r = state_map_scopes(&s);
	if (r)
		return not_running(r, paths, err);
	*ret = s;
	s = (struct state){ 0 };
	return 0;
}

uint64_t boot_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool state_is_tried(const struct state *s)
{
	return s->control->slot & PG_SLOT_TRIED;
}

uint64_t state_try_left_ns(const struct state *s)
{
	uint64_t now = boot_now_ns(), until = s->control->try_until_ns;

	return state_is_tried(s) && until > now ? until - now : 0;
}

uint32_t state_slot(const struct state *s)
{
	uint32_t slot = s->control->slot & 1;

	return state_is_tried(s) && !state_try_left_ns(s) ? !slot : slot;
}

uint64_t state_stamp(const struct state *s)
{
	const struct pg_control *c = s->control;

	/* The seed tells this start from those before it. */
	return (uint64_t)c->seed << 32 | (c->changes & 0x1fffffff) << 3 | (c->abi != 0) << 2 |
	       (c->slot & 3);
}

const struct pg_slot *state_in_force(const struct state *s)
{
	return &s->control->slots[state_slot(s)];
}

int state_policy(const struct state *s, struct policy *ret, struct pg_error *err)
{
	return image_map_read(s->paths, state_slot(s), ret, err);
}

static uint64_t count_from(const struct state *s, uint32_t region, uint32_t id)
{
	uint64_t sum = 0;

	for (; region <= s->control->cpus; region++)
		sum += state_count_at(s, region * PG_COUNT_REGION + id);
	return sum;
}

uint64_t state_count(const struct state *s, uint32_t id)
{
	return count_from(s, 0, id);
}

uint64_t state_verdicts(const struct state *s, enum pg_hook hook, enum pg_verdict verdict)
{
	uint64_t sum = 0;

	for (uint32_t reason = 0; reason < PG_REASON_COUNT; reason++)
		sum += state_count(s, PG_COUNT_VERDICT(hook, verdict, reason));
	return sum;
}

uint64_t state_packets(const struct state *s, enum pg_hook hook, enum pg_verdict verdict)
{
	uint64_t sum = 0;

	for (uint32_t reason = 0; reason < PG_REASON_COUNT; reason++)
		sum += count_from(s, 1, PG_COUNT_VERDICT(hook, verdict, reason));
	return sum;
}

uint64_t state_rule_hits(const struct state *s, const struct rule *rule)
{
	return state_count(s, PG_COUNT_RULE(rule->id)) - rule->hits_base;
}
