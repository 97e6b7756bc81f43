/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy as the kernel holds it: mapped tables, and how one policy is turned into the next.
 *
 * There are two slots. A change is made in the one that is not in force; one word, control->slot,
 * then puts it in force: whoever looks meanwhile sees the former policy or the next, never a mix. A
 * change of port answers alone is then repeated in the other slot, so that the two are in step and the
 * next such change costs a few words; any other change leaves that for the next one.
 */
#ifndef PORTGUARD_STATE_H
#define PORTGUARD_STATE_H

#include "kernel/devices.h"
#include "kernel/paths.h"
#include "policy/compile.h"
#include "policy/policy.h"

/* Tables that are mapped in parts; those of scopes where there are some. */
enum { STATE_PORTS, STATE_GROUPS, STATE_RULES, STATE_LIMITS, STATE_SCOPES, STATE_SPANS, STATE_TEXTS, STATE_LATE };

struct state {
	const struct paths *paths;
	struct pg_control *control;
	/*
	 * Large, and mapped page by page by the kernel: here is only room for them, until one of
	 * state_map_…() maps what is needed.
	 */
	uint32_t *ports;		/* answers, PG_PORT_INDEX() */
	struct pg_group *groups;
	struct pg_rule *rules;		/* by id */
	uint64_t *limits;		/* likewise; the programs' own */
	struct state_late {
		int fd;
		uint32_t mapped;	/* a bit for each part */
	} late[STATE_LATE];
	int near_ports;			/* pg_ports; late has pg_far_ports */
	/* control->cpus + 1 regions, mapped where a counter is asked for: state_count() and its like. */
	struct state_counts {
		int fd;
		uint8_t *mapped;	/* a byte for each part */
		char *room;
		size_t bytes;
	} counts;
	struct pg_meta *meta;
	/* Of all slots; not mapped as long as no slot has scopes: state_map_scopes(). */
	char *scopes;			/* PG_SCOPE_STRIDE each */
	struct pg_span *spans;
	struct pg_texts *texts;
};

/*
 * Map an instance's tables. control->abi is 0 until a start is complete: then it counts as running
 * only for who starts it. -ENOENT: none runs (69, with what to do).
 */
int state_open(const struct paths *paths, bool starting, struct state *ret, struct pg_error *err);
void state_close(struct state *s);
#define _cleanup_state_ __attribute__((cleanup(state_close)))

/* The answers of one slot, table and protocol; the tables of STATE_…; all of them: 0 or -errno. */
int state_map_ports(struct state *s, uint32_t slot, uint32_t table, uint32_t proto);
int state_map_table(struct state *s, unsigned which);
int state_map_tables(struct state *s);
/*
 * Before something is written to it: make and map the part of a table that has this element, which reads as
 * nothing as long as it is not there. 0 or -errno.
 */
int state_make_part(struct state *s, unsigned which, uint32_t element);
int state_make_ports(struct state *s, uint32_t slot, uint32_t table, uint32_t proto);
/* All answers of a slot, which are mapped: those of the other one, and none. */
int state_copy_ports(struct state *s, uint32_t from, uint32_t to);
void state_clear_ports(struct state *s, uint32_t slot);
/* What they take counts as who maps them: whoever stays gives it back. */
void state_unmap_tables(struct state *s);

/* Map the tables of scopes, anew: another process may have written to them first. 0 or -errno. */
int state_map_scopes(struct state *s);
/* Whether either slot has scopes. */
bool state_has_scopes(const struct state *s);

/*
 * The slot in force now, as the programs find it (bpf/lib/slot.h): while a policy is tried, the former
 * one is in the other slot, and in force again when the time is up.
 */
uint32_t state_slot(const struct state *s);
const struct pg_slot *state_in_force(const struct state *s);
/* A policy is on trial, or was and nobody has gone back to the former one yet. */
bool state_is_tried(const struct state *s);
/* How long a trial still lasts; 0: none is pending. */
uint64_t state_try_left_ns(const struct state *s);
/* CLOCK_BOOTTIME, which goes on in suspend. */
uint64_t boot_now_ns(void);

/* A word that every change of what is in force changes: another policy, a start that is complete, `down`. */
uint64_t state_stamp(const struct state *s);

/* Under the lock: put a slot in force that is whole. */
void state_switch(struct state *s, uint32_t slot);
/* Under the lock: a trial ends, with the policy that was tried or with the former one. */
void state_end_trial(struct state *s, bool confirmed);

/* The policy in force, from its image. */
int state_policy(const struct state *s, struct policy *ret, struct pg_error *err);

/* Who tells of the devices that rules may name: devices_list(), or a test. Asked only if one is named. */
typedef int (*state_devices_fn)(struct devices *ret);

struct change {
	const struct policy *from;	/* in force; NULL: nothing yet */
	const struct policy *to;	/* every rule has an id */
	bool new_generation;
	bool cgroups;			/* look at all cgroups again: programs may not have seen them */
	bool anew;			/* from nothing (@from NULL), and what else lies in the tables goes */
	state_devices_fn devices;
	const struct exe_world *exes;	/* which files `by exe` means; NULL: none */
	/* @from and @to, where the caller has compiled them (with @exes): taken over. NULL: not yet. */
	struct compiled *from_compiled, *to_compiled;
	uint64_t try_until_ns;		/* on trial until then (CLOCK_BOOTTIME); 0: for good */
};

/* Put a policy in force. On failure the former one stays. -EBUSY: one is on trial. */
int state_change(struct state *s, const struct change *change, struct pg_error *err);

/* The same policy again, for devices that came, went or were renamed. */
int state_resolve_devices(struct state *s, const struct policy *p, const struct devices *devices);

/* Whether the kernel has the files that `by exe` of the policy in force means now. */
bool state_knows_exes(const struct state *s, const struct policy *p, const struct exe_world *exes);

/* Sums over CPUs. */
uint64_t state_count(const struct state *s, uint32_t id);
uint64_t state_verdicts(const struct state *s, enum pg_hook hook, enum pg_verdict verdict);
/* The same of packets alone: send counts calls as well. */
uint64_t state_packets(const struct state *s, enum pg_hook hook, enum pg_verdict verdict);
uint64_t state_rule_hits(const struct state *s, const struct rule *rule);

#endif
