// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The maps themselves, once; lib/maps.h says what each is. */
#include "lib/packet.h"

struct pg_control_map pg_control SEC(".maps");
struct pg_ports_map pg_ports SEC(".maps");
struct pg_far_ports_map pg_far_ports SEC(".maps");
struct pg_groups_map pg_groups SEC(".maps");
struct pg_cases_map pg_cases SEC(".maps");
struct pg_case_maps_map pg_case_maps SEC(".maps");
struct pg_rules_map pg_rules SEC(".maps");
struct pg_callers_map pg_callers SEC(".maps");
struct pg_scopes_map pg_scopes SEC(".maps");
struct pg_spans_map pg_spans SEC(".maps");
struct pg_texts_map pg_texts SEC(".maps");
struct pg_cgroups_map pg_cgroups SEC(".maps");
struct pg_peers_map pg_peers SEC(".maps");
struct pg_ifaces_map pg_ifaces SEC(".maps");
struct pg_flows_map pg_flows SEC(".maps");
struct pg_fragments_map pg_fragments SEC(".maps");
struct pg_devices_map pg_devices SEC(".maps");
struct pg_asked_map pg_asked SEC(".maps");
struct pg_heard_map pg_heard SEC(".maps");
struct pg_buckets_map pg_buckets SEC(".maps");
struct pg_limits_map pg_limits SEC(".maps");
struct pg_sources_map pg_sources SEC(".maps");
struct pg_admitted_map pg_admitted SEC(".maps");
struct pg_allowances_map pg_allowances SEC(".maps");
struct pg_packet_map pg_packet SEC(".maps");
struct pg_capture_map pg_capture SEC(".maps");
struct pg_captured_map pg_captured SEC(".maps");
struct pg_counts_map pg_counts SEC(".maps");
struct pg_seen_map pg_seen SEC(".maps");
struct pg_events_map pg_events SEC(".maps");
struct pg_reported_map pg_reported SEC(".maps");
struct pg_meta_map pg_meta SEC(".maps");
struct pg_journal_map pg_journal SEC(".maps");

const volatile bool pg_xdp_load = false;
const volatile bool pg_netns_by_inum = false;
const volatile bool pg_casts = false;

char LICENSE[] SEC("license") = "Dual BSD/GPL";
