/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules compiled to what the kernel looks up: for each direction and protocol the port axis cut into
 * intervals with one answer each (include/portguard/abi.h: PG_ANSWER). Where the answer depends on
 * addresses, the interface, the caller, time or rate its kind is ask, and its number is an index into
 * groups, plus one.
 *
 * Addresses are sorted into classes first: two addresses are of one class if exactly the same peers of
 * the policy (prefixes and sets) hold them. A group then lists, for combinations of classes, the
 * answers that differ from its base. Dimensions that no rule of the group asks are class 0 in its cases.
 * Callers are sorted into classes likewise. A group may also be a condition; answers of groups may be ask
 * again, and then name a group that stands before theirs.
 *
 * The classes and groups are shared by the tables of the host and of all scopes.
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
	uint32_t answer;		/* with the base's essential bits; ask: a condition */
};

/*
 * Cases, or a condition (abi.h: struct pg_group): then rule is its id, base the answer while it holds and
 * otherwise the one where it does not; dimensions and cases are 0. Answers may be ask again.
 */
struct group {
	uint32_t rule, otherwise;
	uint32_t base;
	uint32_t dimensions;		/* enum pg_dimension bits */
	struct case_entry *cases;	/* sorted by case_compare() */
	size_t count;
};

/* What a rule says beside its verdict, for pg_rules; only rules that conditions ask have it. */
struct rule_facts {
	uint32_t id;
	struct pg_rule facts;
};

/*
 * A scope's tables, in the order of the policy's scopes, behind number 0, which is none. There are neither
 * failsafe nor essential ports in them: those are the host's.
 *
 * What all scopes let in together is a table beside the host's (compiled.ports, PG_PORT_SCOPES). It logs
 * nothing and knows no rates, since the scope itself is asked later: it is asked as PG_FRESH_PASSED, as all of
 * bind is, so that a condition on a limit asks its time alone. Where a scope's default lets all in it
 * allows all. The rule that it names is one of those that allow a port nearby.
 */
struct compiled_scope {
	struct intervals ports[PG_PORT_DIRECTIONS][PG_PROTO_COUNT];	/* empty: the scope has no say there */
	unsigned answers;		/* directions, as struct pg_scope's */
	uint8_t defaults[PG_DIRECTION_COUNT];	/* where it does not say one: the host's */
	bool out_restricted;		/* it answers out, and may refuse some */
};

/* Which files `by exe` means; of the kernel, for the pure code. */
struct exe_world {
	void *data;
	/*
	 * The files that @path is in @scope (NULL: the host; several containers may be one scope). At most
	 * @max go to @ret; if all of that was used it is asked again with more room. 0, or -errno, of which
	 * -ENOENT means no file.
	 */
	int (*identities)(void *data, const char *scope, const char *path, struct exe_identity *ret,
			  size_t max, size_t *ret_count);
};

struct compiled {
	/* PG_PORT_SCOPES: what all scopes let in together; empty: there are none. */
	struct intervals ports[PG_PORT_TABLES][PG_PROTO_COUNT];
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
 * policy_compile_exes() - Compile a policy. Every rule has its id. Ports are local for bind and in, remote for out.
 * @exes: which files `by exe` means; NULL: none, and such rules match nothing.
 * Deny beats limit beats allow whatever the order; of several rules that say the same the one with the
 * lowest id is named, of those that allow the lowest that says `log`. Of rules with `for` that say the same
 * the one that lasts longest is asked, so that a rule that is renewed wants compiling anew. A rule with
 * for_s but no until_ns (policy_begin_times()) does not end.
 * A failsafe port is allowed (number 0) where no rule of that direction and protocol that is in force names
 * that very port (`any` and ranges of more than one port do not name it) and no deny matches.
 * Out has neither failsafe nor essential ports. Essential ports carry their bits: dhcp: bind 68, 546/udp
 * and in 68, 546/udp; mdns: bind and in 5353/udp.
 * Under panic only failsafe ports have answers (bind, in), those that their rules give them: panic never
 * opens what was closed. The default then is policy_default()'s, and scopes answer nothing.
 * O(n log n) in rules for policies whose rules name ports; 10,000 rules in a few milliseconds.
 * Return: 0, -ENOMEM, -E2BIG (more than PG_MAX_CASES cases or PG_MAX_GROUPS groups, more than PG_MAX_LIMITS
 * limits for one attempt: said in @err, exit 65), or what @exes said.
 */
int policy_compile_exes(const struct policy *p, const struct exe_world *exes, struct compiled *ret,
			struct pg_error *err);
/* The same without files: enough for questions about `in`. */
int policy_compile(const struct policy *p, struct compiled *ret, struct pg_error *err);
/* The interfaces that rules name, and nothing else. Return: 0 or -ENOMEM; @out is to be freed either way. */
int policy_compile_interfaces(const struct policy *p, struct compiled *out);
/* The default of the host for a direction: the policy's, or deny under panic. */
uint8_t policy_default(const struct policy *p, enum pg_direction direction);
/* Rules with for_s that have no end yet end that long after @now_ns (CLOCK_BOOTTIME). */
void policy_begin_times(struct policy *p, uint64_t now_ns);
void compiled_free(struct compiled *c);
#define _cleanup_compiled_ __attribute__((cleanup(compiled_free)))

/* The interval's answer for a port; O(log n). */
uint32_t compiled_answer(const struct compiled *c, enum pg_direction direction, enum pg_proto proto, uint16_t port);
/* The same of a scope, by its number. */
uint32_t compiled_scope_answer(const struct compiled *c, size_t number, enum pg_direction direction,
			       enum pg_proto proto, uint16_t port);
/* What the kernel knows of an attempt beside the question. */
struct circumstances {
	const char *interface;	/* a name, or NULL: no device that a rule names */
	uint64_t now_ns;	/* CLOCK_BOOTTIME; 0: nothing has ended yet */
	/* Whether a limit has a token left, asked where @q is fresh (PG_FRESH_YES); NULL: it has. */
	bool (*take_token)(void *data, uint32_t rule, const struct pg_question *q);
	void *data;
};

/*
 * The host's decision for one attempt, as the kernel would make it: resolves ask, then pg_decide().
 * @q->proto is enum pg_proto. @q->vlan not 0: the receiving device is not known, which meets every
 * `deny … on` and no `allow … on`. A limit that has no token left: deny, reason rate, its id.
 */
struct pg_decision compiled_decide_in(const struct compiled *c, const struct policy *p,
				      const struct pg_question *q, const struct circumstances *in);
/* The same, with nothing ended yet and tokens for all. */
struct pg_decision compiled_decide(const struct compiled *c, const struct policy *p, const struct pg_question *q,
				   const char *interface);
/*
 * The decision of scopes for one attempt. @scopes: numbers (index in compiled.scopes), the nearest first,
 * of which those count that answer the direction, up to the first that does not inherit. The host is
 * asked where all do, or none answers. A deny of any of them, else an allow, else the nearest's default.
 */
struct pg_decision compiled_decide_scopes(const struct compiled *c, const struct policy *p,
					  const size_t *scopes, size_t count,
					  const struct pg_question *q,
					  const struct circumstances *in);
/* Whether some scope may let in what no rule of the host speaks of: PG_PORT_SCOPES, asked as inbound does. */
struct pg_decision compiled_decide_union(const struct compiled *c, const struct pg_question *q,
					 const struct circumstances *in);
/* An answer, of a port or a protocol, with ask resolved to none, allow or deny; as compiled_decide(). */
uint32_t compiled_resolve(const struct compiled *c, uint32_t answer, const struct pg_question *q,
			  const char *interface);
/*
 * The answer with the conditions at its front taken as they are at @now_ns for a new attempt: rules that
 * have ended do not hold, limits hold, since they have tokens mostly. Cases, or no ask.
 */
uint32_t compiled_settle(const struct compiled *c, uint32_t answer, uint64_t now_ns);
/*
 * Whether there is any remote and local address, interface and caller from which the port is allowed now
 * (CLOCK_BOOTTIME; 0: nothing has ended yet). What may end later, or be over its rate, is allowed.
 */
bool compiled_may_allow_at(const struct compiled *c, const struct policy *p, enum pg_direction direction,
			   enum pg_proto proto, uint16_t port, uint64_t now_ns);
bool compiled_may_allow(const struct compiled *c, const struct policy *p, enum pg_direction direction,
			enum pg_proto proto, uint16_t port);
/* The same tables of classes, interfaces and callers: groups of both can be compared number by number. */
bool compiled_same_classes(const struct compiled *a, const struct compiled *b);
/* Two answers of two policies of the same classes that say the same, whatever their groups' numbers. */
bool compiled_same_answer(const struct compiled *a, uint32_t x, const struct compiled *b, uint32_t y);
/* By remote, local, interface, user, exe. */
int case_compare(const struct case_entry *a, const struct case_entry *b);
/* Of one compiled policy: in another one nested answers have other numbers (compiled_same_answer()). */
bool group_equal(const struct group *a, const struct group *b);

#endif
