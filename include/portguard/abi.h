/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All that the BPF programs and user space share: names, limits and the layout of every map.
 *
 * Ports and numbers are in host byte order unless a name ends in _be. Addresses are 16 bytes in
 * network order; IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). Enum lists are append only: their
 * numbers lie in pinned maps and their names in stored events.
 */
#ifndef PORTGUARD_ABI_H
#define PORTGUARD_ABI_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

/* No helper of any kernel: where programs call it user space puts bpf_rdonly_cast() (user/kernel/casts.h). */
#define PG_CAST 0x50474341

#define PG_ABI_VERSION 6

/* The hooks, in the order of the counters. name, and what the verdict is about. */
#define PG_HOOKS(X)                                                  \
	X(BIND, "bind", "a process takes a local port")              \
	X(LISTEN, "listen", "a socket starts to listen")             \
	X(SOCKET, "socket", "a raw socket is made")                  \
	X(CONNECT, "connect", "a socket is connected")               \
	X(SEND, "send", "an unconnected socket sends")               \
	X(INBOUND, "inbound", "a packet enters by an interface")     \
	X(DELIVER, "deliver", "a packet reaches a socket")

/* Why a verdict is what it is. */
#define PG_REASONS(X)                                                              \
	X(RULE, "rule", "a rule matched")                                          \
	X(NO_RULE, "no-rule", "no rule matched, and the default denies")           \
	X(DEFAULT, "default", "no rule matched, and the default allows")           \
	X(ESSENTIAL, "essential", "what keeps the machine on its network")         \
	X(FAILSAFE, "failsafe", "a failsafe port that no rule names")              \
	X(REPLY, "reply", "the reply of a flow, or of an open connection")         \
	X(FRAGMENT, "fragment", "a fragment that hides its port or has no first")  \
	X(PROTOCOL, "protocol", "an IP protocol that is not let in")               \
	X(MALFORMED, "malformed", "headers that are cut short, or too many")       \
	X(RATE, "rate", "over the rate of its rule")                               \
	X(SCAN, "scan", "one source tried more than 16 ports")                     \
	X(RAW, "raw", "a socket that could receive or forge ports unseen")            \
	X(PANIC, "panic", "portguard panic is on")                                 \
	X(UNENFORCED, "unenforced", "seen, but this kernel cannot refuse it")      \
	X(ICMP, "icmp", "ICMP, as the policy's icmp: says")

enum pg_hook {
#define X(id, name, help) PG_HOOK_##id,
	PG_HOOKS(X)
#undef X
	PG_HOOK_COUNT
};

enum pg_reason {
#define X(id, name, help) PG_REASON_##id,
	PG_REASONS(X)
#undef X
	PG_REASON_COUNT
};

enum pg_verdict { PG_NONE, PG_ALLOW, PG_DENY, PG_AUDIT, PG_VERDICT_COUNT };
enum pg_mode { PG_MODE_ENFORCE, PG_MODE_AUDIT, PG_MODE_OFF, PG_MODE_COUNT };
enum pg_direction { PG_BIND, PG_IN, PG_OUT, PG_DIRECTION_COUNT };
enum pg_proto { PG_TCP, PG_UDP, PG_PROTO_COUNT };	/* an index, not IPPROTO_*; UDP-Lite is PG_UDP */

/* Essentials that a port may have; what each asks of the attempt is in decide.h. */
enum pg_essential { PG_NOT_ESSENTIAL, PG_ESSENTIAL_DHCP4, PG_ESSENTIAL_DHCP6, PG_ESSENTIAL_MDNS };

#define PG_MAX_RULES 65535		/* rule ids are 1 … PG_MAX_RULES */
#define PG_SLOTS 2			/* compiled policies: the one in force, and the next */
#define PG_MAX_SCOPES 4096		/* scope numbers are 1 … PG_MAX_SCOPES - 1; 0 is the host */
#define PG_PORTS 65536
#define PG_PORT_DIRECTIONS PG_DIRECTION_COUNT	/* bind and in ask for local ports, out for remote ones */
/*
 * The tables of ports: the host's, one for each direction, and behind them what the rules of all scopes let
 * in together, which inbound passes, since it cannot know the owner.
 */
#define PG_PORT_SCOPES PG_PORT_DIRECTIONS
#define PG_PORT_TABLES (PG_PORT_DIRECTIONS + 1)

/*
 * Tables in parts: a map of arrays of the same size, of which each is made when something is first written
 * to it, so that a policy takes memory for what it needs. Index i is element i % size of array i / size.
 * Each is whole pages, of 64 KiB too.
 */
#define PG_GROUPS_PART 4096u
#define PG_RULES_PART 8192u
#define PG_SCOPES_PART 8192u
#define PG_SPANS_PART 16384u

/*
 * An answer: what the rules say about one port, packed into 32 bits.
 *   bits 0-1  kind: none (no rule), allow, deny, or ask (it depends on addresses or the interface)
 *   bits 2-4  enum pg_essential, asked where no rule matches
 *   bit  5    allow: the rule says `log`
 *   bit  6    deny: the rule says `reject`
 *   bits 8-31 allow, deny: the rule's id, 0 = failsafe; ask: the group's number
 */
enum pg_answer_kind { PG_ANSWER_NONE, PG_ANSWER_ALLOW, PG_ANSWER_DENY, PG_ANSWER_ASK };
#define PG_ANSWER(kind, essential, number) \
	((__u32)(kind) | (__u32)(essential) << 2 | (__u32)(number) << 8)
#define PG_ANSWER_KIND(a) ((a) & 3)
#define PG_ANSWER_ESSENTIAL(a) ((a) >> 2 & 7)
#define PG_ANSWER_NUMBER(a) ((a) >> 8)
#define PG_ANSWER_LOG (1u << 5)
#define PG_ANSWER_REJECT (1u << 6)
#define PG_MAX_GROUPS (1 << 16)		/* group numbers are 1 … PG_MAX_GROUPS - 1 */

/*
 * The answers of all ports, by slot, table and protocol. Array elements are padded to 8 bytes, so that one
 * element holds a line of 16 answers. The first tables, bind's and in's, are in pg_ports; the others, of
 * which many policies say nothing, are parts of pg_far_ports.
 */
#define PG_PORT_LINE 16
struct pg_port_line {
	__u32 answers[PG_PORT_LINE];
};
#define PG_PORT_LINES (PG_PORTS / PG_PORT_LINE)
#define PG_NEAR_TABLES 2
#define PG_PORT_PLACE(slot, table, proto) \
	(((__u32)(slot) * PG_NEAR_TABLES + (table) % PG_NEAR_TABLES) * PG_PROTO_COUNT + (proto))
#define PG_PORT_PLACES PG_PORT_PLACE(PG_SLOTS, 0, 0)
/* Where user space has them, as one array. */
#define PG_PORT_INDEX(slot, table, proto, port) \
	((((__u32)(slot) * PG_PORT_TABLES + (table)) * PG_PROTO_COUNT + (proto)) * PG_PORTS + (port))

/* Which of an attempt's facts a group's answer depends on. */
enum pg_dimension {
	PG_DIM_REMOTE = 1,
	PG_DIM_LOCAL = 2,
	PG_DIM_INTERFACE = 4,
	PG_DIM_USER = 8,
	PG_DIM_EXE = 16,
	PG_DIM_FEW = 32,	/* remote or local alone, and all cases are in the group itself */
};

#define PG_FEW_CASES 2

/*
 * A group is a table of cases, or, where `rule` is set, a condition: does that rule hold? Its time may
 * be up, or it is a limit: then it holds for an attempt that counts, and what it says depends on a
 * token. Answers may be ask again; a chain has at most PG_MAX_STEPS groups.
 */
struct pg_group {
	__u32 base;		/* cases: the answer where there is none; a condition: while it holds */
	union {
		__u32 table;	/* cases: the tables of classes that they speak of */
		__u32 otherwise;	/* a condition: the answer where it does not hold */
	};
	__u32 dimensions;	/* cases: enum pg_dimension bits, the classes that are looked up; others are 0 */
	__u32 rule;		/* a condition: the id of the rule (pg_rules); 0: cases */
	struct pg_few_case {
		__u32 class, answer;
	} few[PG_FEW_CASES];	/* PG_DIM_FEW; of a single case both are it */
};
#define PG_MAX_STEPS 8
#define PG_MAX_LIMITS 4		/* that may speak of one attempt */

/* pg_rules, by id: what a rule says beside its verdict. Conditions ask it. */
struct pg_rule {
	__u64 until_ns;		/* CLOCK_BOOTTIME; 0: for ever */
	__u32 per_second_x1000;	/* limit: tokens a 1,000 seconds; 0: no limit */
	__u32 burst;
	__u8 per_source;	/* limit: a bucket for each /32 or /64 */
	__u8 host;		/* limit: one of the host's, which inbound asks */
	__u8 pad[6];
};

/* pg_cases, which programs see as pg_case_maps' only map: (group, class of each dimension) -> answer. */
#define PG_CASES (1u << 17)	/* at most */
struct pg_case_key {
	__u32 group;
	__u32 remote;
	__u32 local;
	__u32 interface;
	__u32 user;
	__u32 exe;
};

/* pg_callers: (table, user or file) -> class; what is missing is class 0. */
enum pg_caller_kind { PG_CALLER_USER, PG_CALLER_EXE };
struct pg_caller_key {
	__u32 table;
	__u32 kind;		/* enum pg_caller_kind */
	__u64 value;		/* the uid in the initial user namespace, or the inode */
	__u64 device;		/* of the inode, as the kernel counts them (major << 20 | minor); else 0 */
};

/*
 * Scopes. pg_cgroups: id of a cgroup -> the scopes that answer for the sockets created in it, by their
 * numbers, 0: none; a cgroup that is in none and below which none is recognised has no entry. What a cgroup
 * has its children have, until they have their own. Nearest first: container, unit, cgroup and those around
 * it; behind them programs put that of netns, then comes the host.
 */
#define PG_OWNERS 8			/* scopes that answer for one socket at most */
enum pg_owner { PG_OWNER_CONTAINER, PG_OWNER_UNIT, PG_OWNER_CGROUP, PG_OWNER_NETNS = PG_OWNERS - 1 };
#define PG_OWNER_CGROUPS (PG_OWNER_NETNS - PG_OWNER_CGROUP)	/* nested `cgroup:` scopes, the innermost first */
struct pg_cgroup {
	__u16 scope[PG_SLOTS][PG_OWNERS];	/* [PG_OWNER_NETNS] is 0 here */
	__u8 place;				/* what may be recognised below it (place.h) */
	__u8 pad[7];
};

/*
 * pg_spans: the ports of which a scope's rules speak, cut where the answer changes; sorted. Allow and deny
 * count rules from the scope's first_rule on, so that scopes which say the same have one list together.
 */
struct pg_span {
	__u16 first, last;
	__u32 answer;
};
#define PG_MAX_SPANS (1 << 17)		/* of one slot */

struct pg_span_list {
	__u32 start;		/* in the slot's part of pg_spans */
	__u32 count;		/* 0: no rule */
};

/*
 * pg_texts: for each slot its scopes' patterns, one behind the other (portguard/glob.h).
 */
#define PG_TEXTS (1 << 17)		/* bytes of one slot */
struct pg_texts {
	char bytes[PG_TEXTS];
};

/* pg_scopes: (slot, number) -> a scope; number 0 is none. */
enum pg_selector { PG_SELECT_NONE, PG_SELECT_CONTAINER, PG_SELECT_UNIT, PG_SELECT_CGROUP, PG_SELECT_NETNS };
struct pg_scope {
	struct pg_span_list ports[PG_PORT_DIRECTIONS][PG_PROTO_COUNT];
	__u8 answers;		/* bits 1 << direction, and PG_SCOPE_RAW: what is not asked further out */
	__u8 inherit;		/* 1: the rules further out count as well */
	__u8 mode;		/* enum pg_mode + 1; 0: as further out */
	__u8 defaults[PG_DIRECTION_COUNT];
	__u8 raw;		/* PG_ALLOW or PG_DENY, where answers has PG_SCOPE_RAW */
	__u8 out_restricted;
	/* Which cgroups. Of two that match one cgroup the one of more weight has it, then the lower number. */
	__u8 selector;		/* enum pg_selector */
	__u8 with_socket;	/* unit: the pattern ends in `.service`, and means the `.socket` too */
	__u16 weight;		/* of the pattern: without wildcards before with them, then the longer */
	__u32 pattern;		/* its place in pg_texts; container: of ids, netns: none */
	__u32 pattern_length;
	__u32 first_rule;	/* the lowest id of its rules */
};
/* A scope in what is told to the agent: its number, of which slot's policy. */
#define PG_SCOPE_TOLD(slot, number) ((number) ? (__u16)((slot) << 15 | (number)) : 0)
#define PG_SCOPE_RAW (1u << PG_DIRECTION_COUNT)

/*
 * pg_peers: table % PG_SLOTS -> an array of lines, made whole for one table and never written again. A line
 * is a cache line; portguard/peer_line.h reads them. Where a table has no lines every address is of class 0.
 * The first is the head: for each side and family an index by the address's first bits. Its words, and the
 * values of leaves, are classes, or, with PG_PEER_MORE, the number of the line at which the search goes on.
 *   inner  [0] line of the first of 16 children, [1-15] the last key of each child but the 16th
 *   leaf   [0] PG_PEER_LEAF, [1-7] the last key of each range but the 8th, [8-15] the ranges' values
 * Keys are 32 bits of the address: of IPv4 all of it, of IPv6 the first, then, behind a leaf's
 * PG_PEER_MORE, the next ones. A key that is not used is the greatest.
 */
#define PG_PEER_WORDS 16
#define PG_PEER_RANGES 8		/* of a leaf */
#define PG_PEER_LEAF (1u << 30)
#define PG_PEER_MORE (1u << 30)
#define PG_PEER_LINES (1u << 20)	/* of one table at most: 64 MiB */
#define PG_PEER_FLAGS (BPF_F_MMAPABLE | BPF_F_INNER_MAP | BPF_F_RDONLY_PROG)	/* of the array */
#define PG_PEER_STEPS 6			/* lines at most for each 32 bits */
#define PG_PEER_KEYS 4			/* of 32 bits, in an address */
enum pg_peer_side { PG_PEER_REMOTE, PG_PEER_LOCAL, PG_PEER_SIDES };
enum pg_peer_family { PG_PEER_V4, PG_PEER_V6, PG_PEER_FAMILIES };
struct pg_peer_index {
	__u32 line;		/* the first; a word for each key >> shift */
	__u32 shift;		/* 32: one word */
};
union pg_peer_line {
	__u32 words[PG_PEER_WORDS];
	struct {
		struct pg_peer_index index[PG_PEER_SIDES][PG_PEER_FAMILIES];
		__u32 table;
	} head;
};

/*
 * pg_ifaces: (table, device where the program runs, VLAN id of the frame or 0) -> class of the device by
 * which IP receives. What is missing is class 0, or with a VLAN id PG_IFACE_UNKNOWN.
 */
struct pg_iface_key {
	__u32 table;
	__u32 ifindex;
	__u32 vlan;
};
#define PG_IFACE_UNKNOWN 1	/* class of a packet whose receiving device is not known */

/* pg_devices: device by which IP receives -> enum pg_device bits. */
enum pg_device {
	PG_DEVICE_COVERED = 1,	/* all that it receives has met inbound: guarded, or stacked on guarded ones */
};

/* A token bucket; rate 0: none. */
struct pg_bucket_config {
	__u32 per_second_x1000;	/* tokens a 1,000 seconds */
	__u32 burst;
};

enum pg_flow_state {
	PG_FLOW_UDP,		/* asked, not answered yet */
	PG_FLOW_UDP_STREAM,	/* answered */
	PG_FLOW_MULTICAST,	/* a question to many: any remote may answer */
	PG_FLOW_TCP_SYN,
	PG_FLOW_TCP,
	PG_FLOW_TCP_CLOSING,
	PG_FLOW_STATES
};

/* One compiled policy but for its port answers. */
struct pg_slot {
	__u64 generation;
	__u8 mode;				/* enum pg_mode */
	__u8 defaults[PG_DIRECTION_COUNT];	/* PG_ALLOW or PG_DENY */
	__u8 echo;				/* PG_ALLOW, PG_DENY, or PG_NONE: by echo_rate */
	__u8 redirect;				/* PG_ALLOW or PG_DENY */
	__u8 forward;				/* PG_ALLOW or PG_DENY */
	__u8 loopback;				/* 1: loopback packets are `in`, and to loopback is `out`, too */
	__u8 raw;				/* PG_ALLOW or PG_DENY */
	__u8 out_restricted;			/* 1: some out may be refused, so raw sockets may not forge it */
	__u8 close_listeners;			/* 1: the agent closes what listens where it may not (on_listen) */
	__u8 panic;				/* 1: nothing but the failsafe ports */
	__u8 asks_exe;				/* 1: some rule says `by exe` */
	__u8 in_reject;				/* 1: default: {in: reject} */
	__u16 netns_scope;			/* of `netns: private`, or 0 */
	__u16 scopes;				/* numbers in use, with 0; 0: no scopes */
	__u8 one_mode;				/* 1: no scope says a mode; 0: some may */
	__u8 pad0[5];
	struct pg_bucket_config echo_rate;
	__u32 flow_ticks[PG_FLOW_STATES];	/* timeouts in jiffies */
	__u32 table;				/* of classes, as its groups name it */
	__u32 pad;
	__u32 protocols[256];			/* an answer for each IP protocol */
	/* A bit for each port: 0 = its answer is "none", do not look. */
	__u64 bits[PG_PORT_TABLES][PG_PROTO_COUNT][PG_PORTS / 64];
};

/*
 * Local ports in use, the small table before the flow table: outbound stamps a byte, inbound
 * looks. A byte, since setting shared bits loses some before Linux 5.12. Ports share bytes.
 */
#define PG_USED_BYTES 16384
enum pg_used { PG_USED_TCP, PG_USED_UDP, PG_USED_MULTICAST, PG_USED_TABLES };

/* pg_control.slot: on trial until try_until_ns; from then on the other slot is in force. */
#define PG_SLOT_TRIED 2

/*
 * pg_control, one element, mapped by user space. Up to `changes` it stays as it is in every version: by
 * that much a newer portguard understands an older one's (user/kernel/upgrade.c).
 */
struct pg_control {
	__u32 abi;		/* PG_ABI_VERSION */
	__u32 slot;		/* the one in force, and PG_SLOT_TRIED: the single word that a change commits by */
	__u64 netns_cookie;	/* the host's network namespace */
	__u32 netns_inum;	/* the same, where cookies are not to be had */
	__u32 cpus;		/* regions in pg_seen and, plus one, in pg_counts */
	__u32 epoch;		/* counted up each time the agent has read pg_seen */
	__u32 drained;		/* slots last hit in this epoch or before have been reported */
	__u8 used_now;		/* the stamp that outbound writes; never 0 */
	__u8 used_before;	/* the other stamp that still counts; 0: none */
	__u8 capturing;		/* 1: refused packets are copied, as pg_capture says */
	__u8 pad;
	__u32 seed;		/* random: where a key lies in pg_seen is not for outsiders to choose */
	__u32 hz;		/* jiffies a second */
	__u32 changes;		/* of the policy, counted up */
	struct pg_slot slots[PG_SLOTS];
	__u8 used[PG_USED_TABLES][PG_USED_BYTES];
	/* Behind what each packet needs, which is to stay in one cache line. */
	__u64 cgroup_id;	/* of the enforcement root */
	__u32 cgroup_level;	/* its depth below the cgroup2 mount's root, which is 0 */
	__u32 pad1;
	__u64 try_until_ns;	/* CLOCK_BOOTTIME */
};

/*
 * What the tables of the policy add up to (user/kernel/checksum.h), as the last command left them: the
 * agent finds by it what somebody else has changed.
 */
struct pg_sums {
	__u64 slots[PG_SLOTS];		/* header and ports */
	__u64 images[PG_SLOTS];
	__u64 peers, cases, ifaces, devices, callers;	/* of all entries; of peers: which maps they are */
	__u64 groups, rules;		/* of all that these tables hold */
	__u32 slot;			/* pg_control's, as the last command left it */
	__u32 serial;			/* counted up by whoever changes tables, links or pins */
	__u32 peer_tables[PG_SLOTS];	/* whose lines pg_peers has at each place; 0: none */
	__u8 open;			/* 1: a change is under way, or was cut short */
	__u8 pad[7];
};

/* pg_meta, one element, written under the commands' lock: what commands must know beside the policy. */
#define PG_META_PATH 1024
struct pg_meta {
	__u32 next_table;	/* tables of classes made so far */
	__u32 next_group;	/* where the search for a free group begins */
	__u8 in_step;		/* 1: the slot not in force has the same port answers as the other */
	__u8 interfaces_said;	/* by -i: an `apply` does not change them */
	__u8 cgroup_said;	/* by --cgroup, likewise */
	__u8 mode_typed;	/* by `mode`: holds until an `apply` that changes something */
	__u32 saved;		/* config_watch_local() of what `save` wrote last; 0: nothing */
	char cgroup_dir[PG_META_PATH];
	char config[PG_META_PATH];	/* the policy file of `run` or `up`; empty: none */
	char degraded[256];		/* why; empty: not */
	__u64 build;			/* of the programs that are pinned (user/kernel/upgrade.h) */
	struct pg_sums sums;
};

/* pg_image0, pg_image1: the policy as text that each slot was compiled from; pages, mapped as one. */
#define PG_IMAGE_PAGE 4096
struct pg_image {
	__u64 length;
	char text[];
};

/*
 * pg_counts: exact counters, __u64 each. Region 1 + cpu belongs to that CPU, so that no two write one cache
 * line: to its packets, where softirq keeps others out, and to its calls, which add by one instruction. Region 0
 * has what another layout had counted.
 */
#define PG_COUNT_VERDICT(hook, verdict, reason) \
	(((hook) * PG_VERDICT_COUNT + (verdict)) * 32 + (reason))
#define PG_COUNT_VERDICTS (PG_HOOK_COUNT * PG_VERDICT_COUNT * 32)
#define PG_COUNT_LOST PG_COUNT_VERDICTS			/* refusals that found the ring full */
#define PG_COUNT_RULE(id) (PG_COUNT_VERDICTS + 1 + (id))
#define PG_COUNT_REGION (PG_COUNT_VERDICTS + 2 + PG_MAX_RULES)

/*
 * pg_seen: what was refused to packets, by kind. Each CPU has a region: a header, a direct-mapped
 * table of kinds, and one fixed slot for each thing that is left when even that table is full. The
 * kernel counts up; the agent reports the difference to what it reported before (pg_reported; the
 * word of slot 0, a header, is the agent's account of the ring). Behind these lie kinds that a rule
 * allowed and wants told: no refusals, so that whole slots are left out of sums; where two fall on
 * one slot, or new ones come too fast, they go untold.
 *
 * What leaves is refused in panic alone (hook send). The port that is asked for is then the remote one, and
 * stands in local_port, as the local one in remote_port.
 */
enum pg_seen_level {
	PG_SEEN_FREE,
	PG_SEEN_KIND,		/* hook verdict reason rule proto, remote address, local port */
	PG_SEEN_SOURCE,		/* hook verdict, remote address: how many ports it tried */
	PG_SEEN_PORT,		/* hook verdict reason rule proto, local port: sources spread too far */
	PG_SEEN_REST,		/* hook verdict reason proto family */
};
#define PG_SEEN_KINDS 512	/* the hashed slots: kinds first, then sources, then ports */
#define PG_SEEN_SOURCES 256
#define PG_SEEN_PORTS 256
#define PG_SEEN_HASHED (PG_SEEN_KINDS + PG_SEEN_SOURCES + PG_SEEN_PORTS)
#define PG_SEEN_FIXED 512	/* hook, verdict, reason, proto, family */
#define PG_SEEN_ALLOWED 128	/* kinds with verdict PG_ALLOW, in slots of their own */
#define PG_SEEN_REFUSED (1 + PG_SEEN_HASHED + PG_SEEN_FIXED)	/* slots before those */
#define PG_SEEN_REGION (PG_SEEN_REFUSED + PG_SEEN_ALLOWED)
#define PG_SEEN_IS_ALLOWED(index) ((index) % PG_SEEN_REGION >= PG_SEEN_REFUSED)
#define PG_SCAN_PORTS 16		/* more than these in an epoch: a scan */
#define PG_SCAN_QUIET 60		/* epochs without a packet that end one */
#define PG_SEEN_PORT_BITS 1024

struct pg_seen {
	__u32 seq;		/* odd while the key is being written */
	__u8 level;		/* enum pg_seen_level */
	__u8 hook;
	__u8 verdict;
	__u8 reason;
	__u16 rule;
	__u16 scope;		/* PG_SCOPE_TOLD() */
	__u16 local_port;
	__u8 proto;		/* IPPROTO_* */
	__u8 family;		/* 4 or 6 */
	__u8 remote[16];
	__u32 epoch;		/* of the last hit */
	__u32 scanning;		/* SOURCE: 1 while it counts as a scan; header: keys made in this epoch */
	__u64 count;		/* packets, never reset */
	__u64 last_jiffies;
	__u64 first_ns;		/* CLOCK_MONOTONIC, of the packet that made the key; PORT: see first */
	/* second cache line: from that packet too */
	__u8 local[16];
	__u32 ifindex;
	__u16 remote_port;
	__u16 ports;		/* SOURCE: keys of this source in this epoch */
	__u8 ports_known;	/* the packet had ports */
	__u8 mode;		/* enum pg_mode */
	__u32 port_rounds;	/* SOURCE: how often port_bits has been full, and begun anew */
	__u16 port_ones;	/* bits set in port_bits */
	__u8 pad[6];
	__u8 first[16];		/* PORT: the source of its first packet in this epoch, with first_ns */
	__u8 pad2[8];
	__u64 port_bits[PG_SEEN_PORT_BITS / 64];	/* SOURCE: ports tried in this epoch, by their low bits */
};

/* pg_events, the ring: refusals of sockets whole (and what `log` tells of), and a word that pg_seen has a new kind. */
enum pg_record_type { PG_RECORD_REFUSAL, PG_RECORD_SEEN };

struct pg_record_seen {
	__u8 type;
	__u8 pad[3];
	__u32 index;		/* of the slot in pg_seen */
};

struct pg_record_refusal {
	__u8 type;
	__u8 hook;
	__u8 verdict;
	__u8 reason;
	__u8 proto;		/* IPPROTO_* */
	__u8 family;		/* 4 or 6 */
	__u8 mode;
	__u8 pad;
	__u16 rule;
	__u16 scope;		/* PG_SCOPE_TOLD() */
	__u16 local_port;
	__u16 remote_port;
	__u8 local[16];
	__u8 remote[16];
	__u64 time_ns;		/* CLOCK_MONOTONIC */
	__u64 cgroup_id;
	__u64 started_ns;	/* when the process began (boot time): tells a pid used again */
	__u32 pid;
	__u32 ppid;
	__u32 uid;
	char comm[16];
	__u32 pad2;
	__u64 socket;		/* listen: its cookie; else 0 */
};

/* pg_capture, one element: what `portguard capture` wants, as long as it lives. */
struct pg_capture {
	__u64 until_ns;		/* CLOCK_BOOTTIME; then it is over, whoever has died */
	__u32 rate;		/* packets a second and CPU */
	__u32 snaplen;		/* bytes of a packet at most */
};

/* pg_captured: before the bytes of a packet. */
enum pg_link { PG_LINK_ETHERNET, PG_LINK_IP };
enum pg_captured_by { PG_CAPTURED_XDP, PG_CAPTURED_TC, PG_CAPTURED_CGROUP };
struct pg_captured {
	__u64 time_ns;		/* CLOCK_BOOTTIME */
	__u32 length;		/* of the packet */
	__u32 copied;		/* of it, behind this */
	__u32 ifindex;
	__u16 rule;
	__u16 scope;		/* PG_SCOPE_TOLD() */
	__u8 verdict;
	__u8 reason;
	__u8 hook;
	__u8 link;		/* enum pg_link */
	__u8 via;		/* enum pg_captured_by */
	__u8 tagged;		/* 1: a VLAN tag lies beside the packet, of this id */
	__u16 vlan;
};

/* pg_flows: a conversation that this machine began. */
struct pg_flow_key {
	__u8 remote[16];	/* all zero: any (multicast) */
	__u8 local[16];		/* likewise */
	__u16 remote_port;
	__u16 local_port;
	__u32 ifindex;		/* multicast only, else 0 */
	__u8 proto;		/* enum pg_proto */
	__u8 pad[3];
};

struct pg_flow {
	__u32 seen;		/* low half of jiffies */
	__u32 state;		/* enum pg_flow_state */
};

/*
 * pg_asked: whom an unconnected UDP socket has sent to; pg_heard: who was let speak to one, kept where
 * out is restricted, so that a server may answer. LRU; the value is the low half of jiffies.
 */
struct pg_asked_key {
	__u64 socket;		/* its cookie */
	__u8 remote[16];	/* as its program wrote it; all zero: many (multicast, broadcast) */
	__u16 remote_port;
	__u16 pad[3];
};

/* pg_fragments: first fragments that passed. */
struct pg_fragment_key {
	__u8 source[16];
	__u8 target[16];
	__u32 id;
	__u32 proto;
};

/* pg_journal, one element, written by the agent alone: what must survive it. */
struct pg_journal {
	__u64 seq;		/* of the last line */
	__u64 emitted;		/* lines of verdicts */
	__u64 suppressed;	/* refusals that are only in a count */
	__u64 lost;		/* refusals in no line, beside PG_COUNT_LOST */
	__u64 pending_seq;	/* the first line of a batch under way; 0: none */
	__u64 pending_count;	/* emitted + suppressed before that batch */
};

/* What a limit does with an attempt. */
enum pg_fresh {
	PG_FRESH_NO,		/* it is no allow for it */
	PG_FRESH_YES,		/* a new connection or conversation: one token */
	PG_FRESH_PASSED,	/* it has been counted where it was judged first: an allow */
	PG_FRESH_LEAVING,	/* of what leaves: will its answer be let in? No allow, nor is what ends */
	PG_FRESH_MET,		/* inbound has counted it for the host's limits, and for no scope's */
	PG_FRESH_LOOK,		/* explain: is there a token for what is new? It stays */
};

/* What pg_ask, the program for test runs, is asked and answers in its packet (after 14 bytes). */
struct pg_question {
	__u8 direction;		/* enum pg_direction */
	__u8 proto;		/* enum pg_proto */
	__u8 family;		/* 4 or 6 */
	__u8 fresh;		/* enum pg_fresh */
	__u16 port;		/* bind, in: local; out: remote */
	__u16 remote_port;
	__u32 uid;
	__u32 ifindex;
	__u32 vlan;		/* its id; not 0: ifindex is not the device that receives */
	__u32 pad;
	__u8 remote[16];
	__u8 local[16];
	__u64 exe_inode;	/* of the file that asks; both 0: not known */
	__u64 exe_device;
};

struct pg_decision {
	__u8 verdict;		/* PG_ALLOW or PG_DENY; audit is the mode's doing */
	__u8 reason;
	__u8 flags;		/* PG_ANSWER_LOG, PG_ANSWER_REJECT */
	__u8 pad;
	__u16 rule;		/* id, 0: none */
	__u16 scope;		/* PG_SCOPE_TOLD() of the nearest that answers, 0: the host */
};

struct pg_ask {
	struct pg_question question;
	__u16 owner[PG_OWNERS];	/* whose socket: as struct pg_cgroup's, with netns; all 0: the host's */
	struct pg_decision decision;
	__u64 jiffies;
	__u64 monotonic_ns;
};

_Static_assert(sizeof(struct pg_slot) % 8 == 0, "an element of pg_control");
_Static_assert(sizeof(struct pg_group) == 32 && sizeof(struct pg_case_key) == 24, "map layout");
_Static_assert(sizeof(struct pg_rule) == 24 && sizeof(struct pg_caller_key) == 24, "map layout");
_Static_assert(sizeof(struct pg_cgroup) == 40 && sizeof(struct pg_scope) == 72, "map layout");
_Static_assert(sizeof(union pg_peer_line) == 64 && sizeof(struct pg_iface_key) == 12, "map layout");
_Static_assert(sizeof(struct pg_seen) == 256, "whole cache lines; the first holds what is hot");
_Static_assert(__builtin_offsetof(struct pg_seen, local) == 64, "the second cache line");
_Static_assert(sizeof(struct pg_record_refusal) == 112, "ring layout");
_Static_assert(sizeof(struct pg_capture) == 16 && sizeof(struct pg_captured) == 32, "map layout");
_Static_assert(sizeof(struct pg_flow_key) == 44 && sizeof(struct pg_flow) == 8, "map layout");
_Static_assert(sizeof(struct pg_question) == 72 && sizeof(struct pg_decision) == 8, "map layout");
_Static_assert(sizeof(struct pg_asked_key) == 32, "map layout");
_Static_assert(PG_REASON_COUNT <= 16, "PG_COUNT_VERDICT, PG_SEEN_FIXED");

#endif
