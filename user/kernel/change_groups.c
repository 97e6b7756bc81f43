// SPDX-License-Identifier: GPL-2.0-only
/*
 * What answers of "it depends" lead to: groups, their cases and classes. Numbers in the kernel are given
 * anew, and never one that either slot can still come to: by its ports and protocols, by another group,
 * or by a case.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>

#include "kernel/checksum.h"
#include "kernel/edit.h"
#include "kernel/scopes.h"
#include "util/cleanup.h"

void wait_for_programs(void)
{
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

/* --- numbers ------------------------------------------------------------------------------------ */

/* A chain of conditions is short; what was damaged by hand ends where it comes to a number again. */
static void note_taken(void *data, uint32_t answer)
{
	struct edit *e = data;

	while (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK) {
		uint32_t number = PG_ANSWER_NUMBER(answer) % PG_MAX_GROUPS;
		const struct pg_group *group = &e->state->groups[number];

		if (e->taken[number])
			return;
		e->taken[number] = 1;
		if (group->rule)
			note_taken(e, group->otherwise);
		else if (group->dimensions & PG_DIM_FEW)
			for (size_t i = 0; i < PG_FEW_CASES; i++)
				note_taken(e, group->few[i].answer);
		answer = group->base;
	}
}

static int open_maps(struct edit *e)
{
	int r;

	if (e->maps.peers >= 0)
		return 0;
	e->maps.sums = &e->state->meta->sums;
	r = classes_open(e->state->paths, &e->maps);
	return r ? r : cases_mend(&e->maps);
}

/* Which groups either slot speaks of. Cases that are there count, whatever group they are of. */
static int find_taken(struct edit *e)
{
	int r = open_maps(e) ?: state_map_tables(e->state);

	free(e->taken);
	e->taken = calloc(PG_MAX_GROUPS, 1);
	if (r || !e->taken)
		return r ? r : -ENOMEM;
	for (uint32_t i = 0; i < PG_PORT_INDEX(PG_SLOTS, 0, 0, 0); i++)
		note_taken(e, e->state->ports[i]);
	for (uint32_t slot = 0; slot < PG_SLOTS; slot++) {
		for (uint32_t i = 0; i < 256; i++)
			note_taken(e, e->state->control->slots[slot].protocols[i]);
		scopes_each_answer(e->state, slot, note_taken, e);
	}
	return cases_each(&e->maps, note_taken, e);
}

static int new_group_number(struct edit *e, uint32_t *ret)
{
	struct pg_meta *meta = e->state->meta;
	int r = e->taken ? 0 : find_taken(e);

	for (uint32_t tries = 0; !r && tries < PG_MAX_GROUPS; tries++) {
		uint32_t number = ++meta->next_group % PG_MAX_GROUPS;

		if (!number || e->taken[number])
			continue;
		e->taken[number] = 1;
		*ret = number;
		return 0;
	}
	return r ? r : -E2BIG;
}

/* --- writing ------------------------------------------------------------------------------------ */

int groups_open(struct edit *e)
{
	_cleanup_devices_ struct devices devices = { 0 };
	int r = open_maps(e);

	if (r || e->same_classes || e->classes_written)
		return r;
	e->classes_written = true;
	r = classes_write(&e->maps, &e->to, e->table);
	if (!r && e->to.interface_count)
		r = e->change->devices(&devices);
	return r ? r : classes_write_devices(&e->maps, &e->to, e->table, &devices);
}

static int put_group(struct edit *e, uint32_t number, const struct pg_group *group)
{
	struct pg_group *to = &e->state->groups[number];
	__u64 *sum = &e->state->meta->sums.groups;
	int r = state_make_part(e->state, STATE_GROUPS, number);

	if (r)
		return r;
	*sum -= checksum_bytes(number * sizeof(*to), to, sizeof(*to));
	*to = *group;
	*sum += checksum_bytes(number * sizeof(*to), to, sizeof(*to));
	return 0;
}

/* A look-up less than in pg_cases: those of one side's address, as a rule from one peer or set has. */
static bool has_few(const struct group *g)
{
	return !g->rule && g->count && g->count <= PG_FEW_CASES &&
	       (g->dimensions == PG_DIM_REMOTE || g->dimensions == PG_DIM_LOCAL);
}

static int put_few(struct edit *e, const struct group *from, struct pg_group *to)
{
	int r = 0;

	to->dimensions |= PG_DIM_FEW;
	for (size_t i = 0; !r && i < PG_FEW_CASES; i++) {
		const struct case_entry *c = &from->cases[i < from->count ? i : 0];

		to->few[i].class = c->remote | c->local; /* the other is 0 */
		r = kernel_answer(e, c->answer, &to->few[i].answer);
	}
	return r;
}

static int write_cases(struct edit *e, uint32_t number, const struct group *from)
{
	int r = 0;

	if (has_few(from))
		return 0;
	for (size_t i = 0; !r && i < from->count; i++) {
		uint32_t answer;

		r = kernel_answer(e, from->cases[i].answer, &answer);
		r = r ? r : case_write(&e->maps, number, &from->cases[i], answer);
	}
	return r;
}

static int make_group(struct edit *e, uint32_t index)
{
	const struct group *from = &e->to.groups[index];
	struct pg_group group = { .dimensions = from->dimensions, .rule = from->rule };
	uint32_t number;
	int r = groups_open(e);

	r = r ? r : kernel_answer(e, from->base, &group.base);
	if (!r && from->rule)
		r = kernel_answer(e, from->otherwise, &group.otherwise);
	else
		group.table = e->table;
	if (!r && has_few(from))
		r = put_few(e, from, &group);
	r = r ? r : new_group_number(e, &number);
	r = r ? r : write_cases(e, number, from);
	r = r ? r : put_group(e, number, &group);
	if (!r)
		e->numbers[index] = number;
	return r;
}

int kernel_answer(struct edit *e, uint32_t answer, uint32_t *ret)
{
	uint32_t index = PG_ANSWER_NUMBER(answer) - 1;
	int r = 0;

	*ret = answer;
	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
		return 0;
	if (!e->numbers[index])
		r = make_group(e, index);
	*ret = PG_ANSWER(PG_ANSWER_ASK, PG_ANSWER_ESSENTIAL(answer), e->numbers[index]);
	return r;
}

bool groups_know_exes(struct edit *e)
{
	const struct pg_slot *slot = state_in_force(e->state);

	if (!slot->asks_exe && !e->to.exe_count)
		return true;
	return !open_maps(e) && classes_have_exes(&e->maps, &e->to, slot->table);
}

bool state_knows_exes(const struct state *s, const struct policy *p, const struct exe_world *exes)
{
	_cleanup_compiled_ struct compiled c = { 0 };
	_cleanup_classes_ struct classes maps = CLASSES_INIT;

	return !policy_compile_exes(p, exes, &c, NULL) && !classes_open(s->paths, &maps) &&
	       classes_have_exes(&maps, &c, state_in_force(s)->table);
}

/* --- dropping ----------------------------------------------------------------------------------- */

static bool group_unused(void *data, uint32_t group)
{
	return !((struct edit *)data)->taken[group % PG_MAX_GROUPS];
}

static bool table_unused(void *data, uint32_t table)
{
	struct edit *e = data;

	for (uint32_t i = 1; i < PG_MAX_GROUPS; i++)
		if (e->taken[i] && !e->state->groups[i].rule && e->state->groups[i].table == table)
			return false;
	return table != e->table;
}

void groups_drop_unused(struct edit *e)
{
	bool scopes = e->scopes_written || e->scopes_moved;

	if ((e->maps.peers < 0 && !scopes && e->to.group_count >= e->from.group_count) || find_taken(e))
		return;
	wait_for_programs();
	cases_drop(&e->maps, group_unused, e);
	if (!e->same_classes)
		classes_drop(&e->maps, table_unused, e);
}
