/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy as a value: what a file describes and the kernel holds. Everything in user/policy/
 * takes and returns values: no file descriptor, no BPF, no clock, no printing; what it must ask of
 * the machine (users, services, included files) comes in through struct policy_world.
 */
#ifndef PORTGUARD_POLICY_H
#define PORTGUARD_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/output.h"
#include "portguard/abi.h"
#include "util/error.h"

struct port_range {
	uint16_t first, last;
};

struct prefix {
	uint8_t address[16];	/* IPv4 as ::ffff:a.b.c.d */
	uint8_t length;		/* 0-128, of the 16 bytes; 0.0.0.0/0 is 96, ::/0 is 0 */
};

enum peer_kind { PEER_ANY, PEER_PREFIX, PEER_SET };

struct peer {
	enum peer_kind kind;
	struct prefix prefix;
	char *set;		/* PEER_SET: its name, without the @ */
};

enum rule_origin { ORIGIN_FILE, ORIGIN_RUNTIME };

#define RULE_BIND (1u << PG_BIND)
#define RULE_IN (1u << PG_IN)
#define RULE_OUT (1u << PG_OUT)
#define RULE_TCP (1u << PG_TCP)
#define RULE_UDP (1u << PG_UDP)

struct rule {
	enum pg_verdict verdict;	/* PG_ALLOW: allow and limit; PG_DENY: deny and reject */
	bool reject;			/* PG_DENY: refused with an answer */
	bool log;			/* PG_ALLOW: its allowed verdicts become events */
	bool per_source;
	struct pg_bucket_config limit;	/* PG_ALLOW, of `in`, or of `out` if that was said; rate 0: no limit */
	unsigned directions;		/* RULE_BIND | RULE_IN: none was said; or one of the three */
	unsigned protos;		/* RULE_TCP | RULE_UDP */
	bool any;			/* ports: `any`, which does not name a failsafe port */
	/*
	 * Sorted by first, then last; any: one range 0-65535. Ranges are merged where they touch, single
	 * ports stay by themselves even inside a range: naming a port is what ends its failsafe.
	 */
	struct port_range *ports;
	size_t port_count;
	struct peer remote;		/* `from` of in, `to` of out */
	struct peer at;			/* the local address, of bind and in */
	char *on;			/* a device's name, or NULL */
	char *user;			/* `by user`, as it was written, or NULL */
	char *exe;			/* `by exe`: an absolute path, or NULL */
	uint32_t for_s;			/* `for`, in seconds; 0: for ever */
	char *scope;			/* name of its scope; NULL: host */
	char *comment;			/* or NULL */
	/* What is not part of the sentence. */
	uint32_t id;			/* 1 … PG_MAX_RULES; 0: not given yet */
	enum rule_origin origin;
	uint64_t hits_base;		/* what the id's counter had when the rule was made */
	uint64_t until_ns;		/* for_s: the end, of CLOCK_BOOTTIME; 0: not put in force yet */
	uint32_t uid;			/* user: its number in the initial user namespace */
};

struct set {
	char *name;
	struct prefix *prefixes;
	size_t count;
};

struct protocol_rule {
	uint8_t protocol;		/* IPPROTO_* */
	struct peer from;
};

struct interface_choice {
	char *pattern;			/* a name, or a glob (fnmatch) */
	enum attach_choice { ATTACH_DEFAULT, ATTACH_AUTO, ATTACH_XDP, ATTACH_TC } attach;
};

struct failsafe_port {
	struct port_range range;	/* one port, or a range */
	unsigned protos;
};

enum scope_kind { SCOPE_CONTAINER, SCOPE_UNIT, SCOPE_CGROUP, SCOPE_NETNS };

/* Whose sockets a part of the policy is for. Its rules are among the policy's, by its name. */
struct scope {
	char *name;			/* what --scope takes: `name:`, or the selector's value */
	enum scope_kind kind;
	char *selector;			/* `container:` name or id prefix, `unit:`, `cgroup:` (paths.h); `private` */
	bool inherit;			/* the rules of wider scopes count as well */
	bool mode_said, raw_said;
	enum pg_mode mode;
	unsigned defaults_said;		/* RULE_BIND, RULE_IN, RULE_OUT */
	uint8_t defaults[PG_DIRECTION_COUNT];
	uint8_t raw;
};

#define ESSENTIAL_DHCP (1u << 0)
#define ESSENTIAL_MDNS (1u << 1)

struct policy {
	enum pg_mode mode;
	uint8_t defaults[PG_DIRECTION_COUNT];	/* PG_ALLOW or PG_DENY */
	uint8_t default_raw;
	bool in_reject;				/* default: {in: reject}; defaults[PG_IN] is PG_DENY then */
	bool panic;				/* `panic on`: nothing but the failsafe ports; kept in the image */
	bool interfaces_said;			/* false: by those that the outside reaches */
	struct interface_choice *interfaces;
	size_t interface_count;
	char *cgroup;				/* "/" if left out */
	enum attach_choice attach;		/* ATTACH_AUTO if left out */
	unsigned essentials;			/* ESSENTIAL_… bits */
	struct failsafe_port *failsafe;
	size_t failsafe_count;
	struct protocol_rule *protocols;
	size_t protocol_count;
	uint8_t echo, redirect;			/* PG_ALLOW, PG_DENY; echo also PG_NONE: by rate */
	struct pg_bucket_config echo_rate;
	uint8_t forward;			/* PG_ALLOW or PG_DENY */
	bool loopback;
	bool on_listen_close;
	uint32_t flows_max, flow_udp_s, flow_udp_stream_s, flow_tcp_s;
	uint32_t events_max;			/* lines a second */
	uint32_t events_number;			/* the enterprise number of syslog's structured data */
	char *metrics;				/* where the agent serves them (endpoint.h), or NULL */
	bool outputs_said;			/* false: journald, a little: output_default() */
	struct output *outputs;
	size_t output_count;
	struct set *sets;
	size_t set_count;
	struct scope *scopes;
	size_t scope_count;
	struct rule *rules;			/* of the file first, in its order; then runtime ones */
	size_t rule_count;
};

/* A file that processes run, as the kernel tells it. */
struct exe_identity {
	uint64_t inode, device;			/* struct pg_caller_key's */
};

/* What the pure code asks of the machine; each may be NULL, then that feature is a mistake in words. */
struct policy_world {
	void *data;
	/* Service name -> ports with protocols, at most @max; returns how many (0: unknown). */
	size_t (*service)(void *data, const char *name, struct failsafe_port *out, size_t max);
	/* A user's name -> its number in the initial user namespace. 0, -ENOENT (unknown), or another -errno. */
	int (*user)(void *data, const char *name, uint32_t *ret);
	/* A policy whose sets and scopes may be named beside the files' own (one file by itself); or NULL. */
	const struct policy *sets_of;
	/* The whole text of a file that the policy names, relative to the policy's directory; 0 or -errno. */
	int (*read_file)(void *data, const char *path, char **ret_text, size_t *ret_length);
	/* Who hears of rules that are no boundary (boundary.h), where there is no mistake; NULL: nobody. */
	const struct boundary_world *boundary;
};

/* The documented defaults: bind, in, raw deny; out allow; dhcp; 22/tcp … Return: 0 or -ENOMEM (empty). */
int policy_init(struct policy *p);
void policy_free(struct policy *p);	/* and zeroes it; NULL is fine */
int policy_copy(const struct policy *from, struct policy *to);
#define _cleanup_policy_ __attribute__((cleanup(policy_free)))

/* Rules of @p as values. policy_add_rule() takes the contents of *rule over (zeroing it) on success. */
void rule_free(struct rule *r);
int policy_add_rule(struct policy *p, struct rule *rule);
void policy_remove_rule(struct policy *p, size_t index);
/* The same sentence (verb, directions, ports, protocols, qualifiers; not comment, id, origin) of one scope? */
bool rule_equal(const struct rule *a, const struct rule *b);
/* A total order of sentences; 0: rule_equal(). */
int rule_compare(const struct rule *a, const struct rule *b);
int rule_copy(const struct rule *from, struct rule *to);
/*
 * Whether a rule speaks of a direction: a deny or limit that asks what it cannot (bind: `from`, `on`; in:
 * `by`) is none of it.
 */
bool rule_covers(const struct rule *r, enum pg_direction direction);
/* Whether some of what goes out of the host may be refused: then raw sockets may not forge it either. */
bool policy_out_restricted(const struct policy *p);
/* The same of some scope, whatever the host's rules are. */
bool policy_scopes_out_restricted(const struct policy *p);
/* A port that the rule names: a number, not `any` or a range, ends what failsafe: says of it. */
bool rule_names_port(const struct rule *r, uint16_t port);
/* The same policy? Counters, ids, comments and origins aside; order of rules and of lists aside. */
bool policy_equal(const struct policy *a, const struct policy *b);
/* The modes of host and scopes, where both have the scope: those of @from instead. */
void policy_take_modes(struct policy *to, const struct policy *from);
/* Index of an equal rule, or -1. */
ptrdiff_t policy_find_rule(const struct policy *p, const struct rule *rule);
/* The set of that name, or NULL. */
const struct set *policy_find_set(const struct policy *p, const char *name);
/* The scope of that name, or NULL. */
const struct scope *policy_find_scope(const struct policy *p, const char *name);
/*
 * The directions (RULE_BIND, RULE_IN, RULE_OUT) that a scope of @p answers: those of which its own rules or
 * its default: speak. The others are asked one scope further out.
 */
unsigned policy_scope_answers(const struct policy *p, const struct scope *s);
void scope_free(struct scope *s);
/* Does the policy have the scope and every set that the rule names? 0, or -EINVAL with words in @err (exit 65). */
int policy_check_rule(const struct policy *p, const struct rule *rule, struct pg_error *err);
/* Takes over the contents of *set (zeroing it) on success, its prefixes sorted, each one once. */
int policy_add_set(struct policy *p, struct set *set);

#endif
