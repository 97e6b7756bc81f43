// SPDX-License-Identifier: GPL-2.0-only
/* Checking the tables of the policy; see tables.h. */
#include "kernel/tables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/exe.h"
#include "kernel/guard.h"
#include "kernel/map.h"
#include "kernel/peers.h"
#include "kernel/scope_cgroups.h"
#include "policy/image.h"
#include "util/cleanup.h"

/* Entries a check: what is larger takes several. The agent idles below half a percent of a CPU. */
#define SLICE 2048

static const char *const walked_maps[WALKS] = { "pg_cases", "pg_ifaces", "pg_devices",
						"pg_callers" };
static const enum table walked_tables[WALKS] = { TABLE_CASES, TABLE_IFACES, TABLE_DEVICES,
						 TABLE_CALLERS };

static struct fixed_control read_fixed(const struct pg_control *c)
{
	return (struct fixed_control){
		.netns_cookie = c->netns_cookie,
		.cgroup_id = c->cgroup_id,
		.abi = c->abi,
		.netns_inum = c->netns_inum,
		.cpus = c->cpus,
		.seed = c->seed,
		.hz = c->hz,
		.cgroup_level = c->cgroup_level,
	};
}

static void write_fixed(struct pg_control *c, const struct fixed_control *f)
{
	c->netns_cookie = f->netns_cookie;
	c->cgroup_id = f->cgroup_id;
	c->abi = f->abi;
	c->netns_inum = f->netns_inum;
	c->cpus = f->cpus;
	c->seed = f->seed;
	c->hz = f->hz;
	c->cgroup_level = f->cgroup_level;
}

void tables_open(const struct paths *paths, struct state *state, struct tables *ret)
{
	*ret = (struct tables){ .paths = paths, .state = state };
	ret->fixed = read_fixed(state->control);
}

void tables_close(struct tables *t)
{
	policy_free(&t->policy);
}

void tables_follow(struct tables *t)
{
	memset(t->walking, 0, sizeof(t->walking));
}

/* Remember the policy of a sound image. */
static void keep_policy(struct tables *t, uint64_t sum, const char *text, size_t length)
{
	_cleanup_policy_ struct policy p = { 0 };

	if (!text || image_read(text, length, &p, NULL))
		return;
	policy_free(&t->policy);
	t->policy = TAKE(p, (struct policy){ 0 });
	t->policy_image = sum;
	t->policy_known = true;
}

static bool check_image(struct tables *t, uint32_t slot)
{
	uint64_t wanted = t->state->meta->sums.images[slot], sum;
	bool news = !t->policy_known || t->policy_image != wanted;
	_cleanup_free_ char *text = NULL;
	size_t length = 0;

	if (image_sum(t->paths, slot, &sum, news ? &text : NULL, &length) || sum != wanted)
		return false;
	if (news)
		keep_policy(t, sum, text, length);
	return true;
}

static bool check_slot(const struct tables *t, uint32_t slot)
{
	const struct checksum_tables tables = slot_tables(t->state, slot);

	return checksum_slot(&tables) == t->state->meta->sums.slots[slot];
}

/* A map was changed if a walk through all of it, with no command between, adds up to something else. */
static bool check_walk(struct tables *t, unsigned which, const struct holdings *held)
{
	const struct pg_sums *sums = &t->state->meta->sums;
	const uint64_t wanted[WALKS] = { sums->cases, sums->ifaces, sums->devices, sums->callers };
	const struct held *map = held_find(held, walked_maps[which]);
	int r;

	if (!map || (!t->walking[which] && walk_begin(&t->walks[which], map->fd)))
		return true; /* its pin is told of elsewhere */
	r = walk_step(&t->walks[which], SLICE);
	t->walking[which] = !r;
	return r != 1 || t->walks[which].sum == wanted[which];
}

static bool check_peers(const struct tables *t, const struct holdings *held)
{
	const struct held *map = held_find(held, "pg_peers");

	return !map || peers_sum(map->fd) == t->state->meta->sums.peers;
}

/* What programs see as cases is what is pinned, and walked. */
static bool check_cases(const struct holdings *held)
{
	const struct held *maps = held_find(held, "pg_case_maps"),
			  *cases = held_find(held, "pg_cases");

	return !maps || !cases || !map_holds(maps->fd, 0, cases->fd);
}

unsigned tables_check_cgroups(struct tables *t)
{
	size_t wrong = 0;

	if (!t->policy_known || !t->policy.scope_count || !state_in_force(t->state)->scopes)
		return 0;
	if (scope_cgroups_check(t->state, &t->policy, t->names, false, &wrong))
		return 0; /* the enforcement root is gone, or some cgroup this moment */
	return wrong ? 1u << TABLE_CGROUPS : 0;
}

unsigned tables_check(struct tables *t, const struct holdings *held)
{
	const struct fixed_control fixed = read_fixed(t->state->control);
	const struct pg_meta *meta = t->state->meta;
	uint32_t wanted = meta->sums.slot, slot = wanted & 1;
	unsigned wrong = 0;

	if (state_map_tables(t->state) ||
	    (state_has_scopes(t->state) && state_map_scopes(t->state)))
		return 0; /* there is no memory now to look */
	wrong |= (unsigned)!!memcmp(&fixed, &t->fixed, sizeof(fixed)) << TABLE_FIXED;
	wrong |= (unsigned)(meta->sums.open != 0) << TABLE_OPEN;
	wrong |= (unsigned)(t->state->control->slot != wanted) << TABLE_SWITCH;
	wrong |= (unsigned)!check_slot(t, slot) << TABLE_SLOT;
	if (meta->in_step)
		wrong |= (unsigned)!check_slot(t, !slot) << TABLE_NEXT;
	wrong |= (unsigned)!check_image(t, slot) << TABLE_IMAGE;
	wrong |= (unsigned)!check_peers(t, held) << TABLE_PEERS;
	wrong |= (unsigned)!check_cases(held) << TABLE_CASES;
	wrong |= (unsigned)(groups_sum(t->state) != meta->sums.groups) << TABLE_GROUPS;
	wrong |= (unsigned)(rules_sum(t->state) != meta->sums.rules) << TABLE_RULES;
	for (unsigned i = 0; i < WALKS; i++)
		wrong |= (unsigned)!check_walk(t, i, held) << walked_tables[i];
	if (!(wrong & 1 << TABLE_SLOT))
		t->generation = t->state->control->slots[slot].generation;
	state_unmap_tables(t->state);
	return wrong;
}

int tables_sync(struct tables *t, struct pg_error *err)
{
	/* Borrowed from here, so there is no guard_close(). */
	struct guard g = { .paths = t->paths, .state = *t->state, .policy = t->policy };

	if (!t->policy_known)
		return pg_fail(err, -ENODATA, PG_EXIT_UNAVAILABLE,
			       "the policy in force cannot be read");
	return guard_sync_devices(&g, true, err);
}

static int write_anew(struct tables *t, struct pg_error *err)
{
	struct pg_control *c = t->state->control;
	const struct change change = {
		.to = &t->policy,
		.anew = true,
		.devices = devices_list,
		.exes = &exe_own_world,
	};

	if (!t->policy_known) {
		(void)pg_fail(err, -ENODATA, PG_EXIT_UNAVAILABLE,
			      "the text of the policy was changed before this agent could read it");
		return pg_help(err, -ENODATA, "put one in force: portguard apply FILE");
	}
	if (t->generation)
		c->slots[c->slot & 1].generation = t->generation;
	return state_change(t->state, &change, err);
}

int tables_repair(struct tables *t, unsigned wrong, struct pg_error *err)
{
	const unsigned all = 1 << TABLE_SLOT | 1 << TABLE_NEXT | 1 << TABLE_IMAGE |
			     1 << TABLE_PEERS | 1 << TABLE_CASES | 1 << TABLE_CALLERS |
			     1 << TABLE_GROUPS | 1 << TABLE_RULES | 1 << TABLE_OPEN;
	const unsigned devices = 1 << TABLE_IFACES | 1 << TABLE_DEVICES;
	struct pg_control *c = t->state->control;
	size_t mended;
	int r = 0;

	if (wrong & 1 << TABLE_FIXED)
		write_fixed(c, &t->fixed);
	if (wrong & 1 << TABLE_SWITCH)
		__atomic_store_n(&c->slot, t->state->meta->sums.slot, __ATOMIC_SEQ_CST);
	if (wrong & all && state_is_tried(t->state)) { /* the former one is whole */
		state_end_trial(t->state, false);
		return 0; /* the next check looks at that */
	}
	if (wrong & all)
		r = write_anew(t, err);
	if (!r && wrong & (all | devices))
		r = tables_sync(t, err);
	if (!r && wrong & 1 << TABLE_CGROUPS)
		r = scope_cgroups_check(t->state, &t->policy, t->names, true, &mended);
	return r;
}

void tables_words(unsigned wrong, char *to, size_t size)
{
	static const char *const words[TABLE_COUNT] = {
#define X(id, words) [TABLE_##id] = words,
		TABLES(X)
#undef X
	};
	size_t used = 0;

	to[0] = '\0';
	for (unsigned i = 0; i < TABLE_COUNT && used < size; i++)
		if (wrong & 1u << i)
			used += (size_t)snprintf(to + used, size - used, "%s%s", used ? ", " : "",
						 words[i]);
}
