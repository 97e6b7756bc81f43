/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules compiled to what the kernel looks up: for each direction and protocol the port axis cut into
 * intervals with one answer each (include/portguard/abi.h: PG_ANSWER). Where the answer depends on
 * addresses or the interface its kind is ask, and its number is an index into groups, plus one.
 *
 * Addresses are sorted into classes first: two addresses are of one class if exactly the same peers of
 * the policy (prefixes and sets) hold them. A group then lists, for combinations of classes, the
 * answers that differ from its base. Dimensions that no rule of the group asks are class 0 in its cases.
 */
#ifndef PORTGUARD_COMPILE_H
#define PORTGUARD_COMPILE_H

#include "portguard/decide.h"
#include "policy/policy.h"

struct interval {
	uint16_t first, last;
	uint32_t answer;		/* PG_ANSWER(); ask: number = index in groups + 1 */
};

struct intervals {
	struct interval *list;		/* sorted, gapless, 0 … 65535; neighbours differ */
	size_t count;
};

struct class_prefix {
	struct prefix prefix;
	uint32_t class;			/* of the addresses for which this is the longest prefix */
};

struct class_table {
	struct class_prefix *list;	/* sorted by address, then length; no prefix twice */
	size_t count;
	uint32_t classes;		/* numbers below this; 0: no peer holds the address */
};

struct case_entry {
	uint32_t remote, local, interface, user, exe;
	uint32_t answer;		/* none, allow or deny, with the base's essential bits */
};

/*
 * Cases, or a condition (abi.h: struct pg_group): then rule is its id, base the answer while it holds and
 * otherwise the one where it does not; dimensions and cases are 0. Answers may be ask again.
 */
struct group {
	uint32_t rule, otherwise;
	uint32_t base;
	uint32_t dimensions;		/* enum pg_dimension bits */
	struct case_entry *cases;	/* sorted by (remote, local, interface) */
	size_t count;
};

/* What a rule says beside its verdict, for pg_rules; only rules that conditions ask have it. */
struct rule_facts {
	uint32_t id;
	struct pg_rule facts;
};

/* A scope's tables, in the order of the policy's scopes, behind number 0: what all allow to come in. */
struct compiled_scope {
	struct intervals ports[PG_PORT_DIRECTIONS][PG_PROTO_COUNT];	/* empty: the scope has no say there */
	unsigned answers;		/* directions, as struct pg_scope's */
};

struct compiled {
	struct intervals ports[PG_PORT_DIRECTIONS][PG_PROTO_COUNT];
	uint32_t protocols[256];	/* answers; allow 0 = let in, none = not, ask = groups */
	struct group *groups;		/* no two equal */
	size_t group_count;
	struct class_table remote, local;
	/* Names; their class is index + 2. PG_IFACE_UNKNOWN matches every `deny … on`, no `allow … on`. */
	char **interfaces;
	size_t interface_count;
	uint32_t *users;		/* uids, sorted; class is index + 1 */
	size_t user_count;
	struct exe_class {
		struct exe_identity identity;
		uint32_t class;		/* from 1 */
	} *exes;			/* sorted by identity; several may be of one class */
	size_t exe_count;
	uint32_t exe_classes;		/* numbers below this */
	struct rule_facts *facts;	/* sorted by id */
	size_t fact_count;
	struct compiled_scope *scopes;	/* scope_count of the policy + 1; none if it has no scopes */
	size_t scope_count;
};

#define PG_MAX_CASES (1u << 20)

/**
 * policy_compile() - Compile a policy. Every rule has its id. Ports are local for bind and in, remote for out.
 * Deny beats allow whatever the order; of several rules that say the same the one with the lowest id
 * is named. A failsafe port is allowed (number 0) where no rule of that direction and protocol names
 * that very port (`any` and ranges of more than one port do not name it) and no deny matches.
 * Out has neither failsafe nor essential ports. Essential ports carry their bits: dhcp: bind 68, 546/udp
 * and in 68, 546/udp; mdns: bind and in 5353/udp.
 * O(n log n) in rules for policies whose rules name ports; 10,000 rules in a few milliseconds.
 * Return: 0, -ENOMEM, -E2BIG (more than PG_MAX_CASES cases or PG_MAX_GROUPS groups: said in @err, exit 65).
 */
int policy_compile(const struct policy *p, struct compiled *ret, struct pg_error *err);
void compiled_free(struct compiled *c);
#define _cleanup_compiled_ __attribute__((cleanup(compiled_free)))

/* The interval's answer for a port; O(log n). */
uint32_t compiled_answer(const struct compiled *c, enum pg_direction direction, enum pg_proto proto, uint16_t port);
/*
 * The decision for one attempt, as the kernel would make it: resolves ask, then pg_decide(). @q->proto
 * is enum pg_proto; @interface: a name, or NULL: no device that a rule names. @q->vlan not 0: the
 * receiving device is not known, which meets every `deny … on` and no `allow … on`.
 */
struct pg_decision compiled_decide(const struct compiled *c, const struct policy *p, const struct pg_question *q,
				   const char *interface);
/* An answer, of a port or a protocol, with ask resolved to none, allow or deny. */
uint32_t compiled_resolve(const struct compiled *c, uint32_t answer, const struct pg_question *q,
			  const char *interface);
/* Whether there is any remote and local address and interface from which the port is allowed. */
bool compiled_may_allow(const struct compiled *c, const struct policy *p, enum pg_direction direction,
			enum pg_proto proto, uint16_t port);
/* The same tables of classes and interfaces: groups of both can be compared number by number. */
bool compiled_same_classes(const struct compiled *a, const struct compiled *b);
/* By remote, local, interface. */
int case_compare(const struct case_entry *a, const struct case_entry *b);
bool group_equal(const struct group *a, const struct group *b);

#endif
