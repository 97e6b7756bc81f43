/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guarded machine for one test: the programs as `portguard up` loads and pins them, with a policy
 * in force, in namespaces of the test's own process - its bpffs and its network are gone with it -
 * and attached to nothing: packets are put to the programs by hand (BPF_PROG_TEST_RUN).
 */
#ifndef PORTGUARD_TESTS_GUARDED_H
#define PORTGUARD_TESTS_GUARDED_H

#include "bpf/lib/frame.h"
#include "kernel/state.h"

enum entry { IN_XDP, IN_TC, IN_L3, OUT_TC, OUT_L3, ENTRIES };

struct guarded {
	struct paths paths;
	struct state state;
	struct policy policy; /* in force */
	int programs[ENTRIES];
	uint32_t device; /* by which packets come and go; 1 is "eth0" */
};

/* Namespaces of this process's own, with a bpffs and an empty directory of pins. */
void own_pins(struct paths *ret);
void stay_on_one_cpu(void);

/* Put the policy of a YAML text, `version: 1` aside, in force on a machine that was not guarded. */
struct guarded *guarded_by(const char *yaml);
void guarded_end(struct guarded **g);
#define _cleanup_guarded_ _cleanup_(guarded_end)

/* Another policy instead, as by `apply --exact`; one rule more, by `allow`; one less, by `remove`.
 */
void change_policy(struct guarded *g, const char *yaml);
void add_rule(struct guarded *g, const char *sentence);
void remove_rule(struct guarded *g, const char *sentence);
/* Takes the contents of *next over. */
void put_in_force(struct guarded *g, struct policy *next, bool new_generation);
/* The policy of a text; the names that its rules call devices. */
void policy_of(const char *yaml, struct policy *ret);
uint32_t device_of(void *data, const char *name);
/* The same two, for who asks by which device IP receives. */
int devices_of(struct devices *ret);

/*
 * A second device, "eth1": a TAP device, by whose descriptor frames can really come in. Returns its
 * index; where the kernel has no such devices the test is skipped.
 */
uint32_t second_device(int *ret_fd);

/* A pinned map's descriptor, for what a test must age by hand; closed by the caller. */
int guarded_map(const struct guarded *g, const char *name);

#endif
