/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps, as every program sees them; maps.bpf.c holds them. Their layout is in portguard/abi.h.
 * Sizes that depend on the machine (CPUs, the policy's flows) are set before load.
 */
#ifndef PG_BPF_MAPS_H
#define PG_BPF_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "portguard/abi.h"

/*
 * Unrolled: clang may close a loop by falling into its head, which the verifier takes for an
 * endless one before Linux 6.4.
 */
#define UNROLLED _Pragma("unroll")

/* A function of its own in the program, for what is rarely done. */
#define SUBPROGRAM static __attribute__((noinline, unused))

/* The same, of numbers alone: the verifier follows it once for a program, from wherever it is called (5.6). */
#define GLOBAL __attribute__((noinline))

struct pg_control_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_control);
};

struct pg_ports_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PG_PORT_PLACES *PG_PORT_LINES);
	__type(key, __u32);
	__type(value, struct pg_port_line);
};

/* A table in parts, each an array of @entries; user space makes them (user/kernel/state_late.c). */
#define IN_PARTS(parts, entries, element)            \
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);    \
	__uint(max_entries, parts);                  \
	__type(key, __u32);                          \
	__array(values, struct {                     \
		__uint(type, BPF_MAP_TYPE_ARRAY);    \
		__uint(map_flags, BPF_F_MMAPABLE);   \
		__uint(max_entries, entries);        \
		__uint(key_size, sizeof(__u32));     \
		__uint(value_size, sizeof(element)); \
	})

struct pg_far_ports_map {
	IN_PARTS(PG_PORT_PLACES, PG_PORT_LINES, struct pg_port_line);
};

struct pg_groups_map {
	IN_PARTS(PG_MAX_GROUPS / PG_GROUPS_PART, PG_GROUPS_PART, struct pg_group);
};

/* A hash that is replaced by a larger one when it is full (user/kernel/classes.c), up to PG_CASES. */
struct pg_cases_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1024);
	__type(key, struct pg_case_key);
	__type(value, __u32);
};

struct pg_case_maps_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__uint(map_flags, BPF_F_NO_PREALLOC);
		__uint(max_entries, 1024);
		__uint(key_size, sizeof(struct pg_case_key));
		__uint(value_size, sizeof(__u32));
	});
};

struct pg_rules_map {
	IN_PARTS((PG_MAX_RULES + 1) / PG_RULES_PART, PG_RULES_PART, struct pg_rule);
};

struct pg_callers_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct pg_caller_key);
	__type(value, __u32);
};

struct pg_scopes_map {
	IN_PARTS(PG_SLOTS *PG_MAX_SCOPES / PG_SCOPES_PART, PG_SCOPES_PART, struct pg_scope);
};

struct pg_spans_map {
	IN_PARTS(PG_SLOTS *PG_MAX_SPANS / PG_SPANS_PART, PG_SPANS_PART, struct pg_span);
};

struct pg_texts_map {
	IN_PARTS(PG_SLOTS, 1, struct pg_texts);
};

/* Made at once, since a tracepoint may not allocate before Linux 6.1; from then on as they fill (load.c). */
struct pg_cgroups_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct pg_cgroup);
};

/* Lines in an array that is as large as they need; mapped, so that its elements begin with a cache line. */
struct pg_peers_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, PG_SLOTS);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, PG_PEER_FLAGS);
		__uint(max_entries, 1);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(union pg_peer_line));
	});
};

struct pg_ifaces_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, struct pg_iface_key);
	__type(value, __u32);
};

struct pg_flows_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct pg_flow_key);
	__type(value, struct pg_flow);
};

struct pg_fragments_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct pg_fragment_key);
	__type(value, __u64); /* jiffies when the first fragment passed */
};

struct pg_devices_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, __u32);
	__type(value, __u32); /* enum pg_device bits */
};

struct pg_asked_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct pg_asked_key);
	__type(value, __u32);
};

struct pg_heard_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct pg_asked_key);
	__type(value, __u32);
};

/*
 * Token buckets of those sources that share one, then that of echo requests. A bucket's lock is that of some
 * limits, too, whose own buckets are in pg_limits, by the rule's id: a part of a table holds no locks.
 */
#define SHARED_BUCKETS 2048
#define ECHO_BUCKET SHARED_BUCKETS
struct pg_bucket {
	struct bpf_spin_lock lock;
	__u32 pad;
	__u64 full_ns; /* CLOCK_BOOTTIME: when all tokens are there again */
};

struct pg_buckets_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SHARED_BUCKETS + 1);
	__type(key, __u32);
	__type(value, struct pg_bucket);
};

struct pg_limits_map {
	IN_PARTS((PG_MAX_RULES + 1) / PG_RULES_PART, PG_RULES_PART, __u64); /* full_ns */
};

/* The buckets of limits `per source`: sets, each with places for a few sources. */
#define SOURCE_SETS 1024
#define SOURCE_WAYS 8
struct pg_source {
	__u64 address; /* IPv6: the /64; IPv4: the half that holds it */
	__u64 full_ns;
	__u32 rule;
	__u32 family;
};

struct pg_source_set {
	struct bpf_spin_lock lock;
	__u32 found; /* by whoever holds the lock */
	struct pg_source ways[SOURCE_WAYS];
};

struct pg_sources_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SOURCE_SETS);
	__type(key, __u32);
	__type(value, struct pg_source_set);
};

/*
 * UDP pairs that have taken their token of a limit; the value is the low half of jiffies. Of SYN cookies that
 * have been brought back the cookie stands in the rule's place.
 */
struct pg_admitted_key {
	__u8 remote[16];
	__u32 rule;
	__u16 remote_port;
	__u16 local_port;
};

struct pg_admitted_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct pg_admitted_key);
	__type(value, __u32);
};

/* Fragments that come before their first one; answers of `reject`; copies of refused packets. */
enum { ALLOWANCE_FRAGMENTS, ALLOWANCE_ANSWERS, ALLOWANCE_CAPTURE, ALLOWANCES };
struct pg_allowance {
	__u64 second;
	__u64 spent;
};

struct pg_allowances_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ALLOWANCES);
	__type(key, __u32);
	__type(value, struct pg_allowance);
};

struct pg_capture_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_capture);
};

/* A buffer for each CPU, of whoever captures; they go when that process does. */
struct pg_captured_map {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
};

struct pg_counts_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * PG_COUNT_REGION);
	__type(key, __u32);
	__type(value, __u64);
};

struct pg_seen_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PG_SEEN_REGION);
	__type(key, __u32);
	__type(value, struct pg_seen);
};

struct pg_events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
};

/* User space's own, kept in the kernel so that they outlive every process. */
struct pg_reported_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PG_SEEN_REGION);
	__type(key, __u32);
	__type(value, __u64);
};

struct pg_journal_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_journal);
};

struct pg_meta_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pg_meta);
};

extern struct pg_control_map pg_control SEC(".maps");
extern struct pg_ports_map pg_ports SEC(".maps");
extern struct pg_far_ports_map pg_far_ports SEC(".maps");
extern struct pg_groups_map pg_groups SEC(".maps");
extern struct pg_cases_map pg_cases SEC(".maps");
extern struct pg_case_maps_map pg_case_maps SEC(".maps");
extern struct pg_rules_map pg_rules SEC(".maps");
extern struct pg_callers_map pg_callers SEC(".maps");
extern struct pg_scopes_map pg_scopes SEC(".maps");
extern struct pg_spans_map pg_spans SEC(".maps");
extern struct pg_texts_map pg_texts SEC(".maps");
extern struct pg_cgroups_map pg_cgroups SEC(".maps");
extern struct pg_peers_map pg_peers SEC(".maps");
extern struct pg_ifaces_map pg_ifaces SEC(".maps");
extern struct pg_flows_map pg_flows SEC(".maps");
extern struct pg_fragments_map pg_fragments SEC(".maps");
extern struct pg_devices_map pg_devices SEC(".maps");
extern struct pg_asked_map pg_asked SEC(".maps");
extern struct pg_heard_map pg_heard SEC(".maps");
extern struct pg_buckets_map pg_buckets SEC(".maps");
extern struct pg_limits_map pg_limits SEC(".maps");
extern struct pg_sources_map pg_sources SEC(".maps");
extern struct pg_admitted_map pg_admitted SEC(".maps");
extern struct pg_allowances_map pg_allowances SEC(".maps");
extern struct pg_capture_map pg_capture SEC(".maps");
extern struct pg_captured_map pg_captured SEC(".maps");
extern struct pg_counts_map pg_counts SEC(".maps");
extern struct pg_seen_map pg_seen SEC(".maps");
extern struct pg_events_map pg_events SEC(".maps");

/* bpf_xdp_load_bytes is there (Linux 5.18): headers beyond the linear part can be read. */
extern const volatile bool pg_xdp_load;

/* An element of a table in parts, or NULL. @size: of its parts, a constant. */
static __always_inline void *in_parts(void *table, __u32 index, __u32 size)
{
	__u32 key = index / size; /* one word of stack, of which Linux 5.10 is short, for both look-ups */
	void *array = bpf_map_lookup_elem(table, &key);

	key = index % size;
	return array ? bpf_map_lookup_elem(array, &key) : 0;
}

static __always_inline struct pg_control *control(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pg_control,
				   &zero); /* never NULL, but the verifier wants it asked */
}

#endif
