// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a guarded machine; see guarded.h. What start.c does before it attaches is done here by the
 * same functions. The process stays on one CPU, so that what is kept by CPU is kept in one place.
 */
#include "bpf/lib/guarded.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "kernel/choice.h"
#include "kernel/load.h"
#include "policy/diff.h"
#include "policy/file.h"
#include "unit/policy_help.h"

#define BPFFS "/run/bpf"

static void must(int r, const char *what)
{
	cr_assert_eq(r, 0, "%s: %s", what, strerror(r < 0 && r != -1 ? -r : errno));
}

/* /run is a file system of this process alone: what is made there is gone with it. */
static void make_namespaces(void)
{
	must(unshare(CLONE_NEWNS | CLONE_NEWNET), "namespaces of its own (root?)");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	must(mount("run", "/run", "tmpfs", 0, "size=1m"), "tmpfs");
	must(mkdir(BPFFS, 0700), "directory");
	must(mount("bpf", BPFFS, "bpf", 0, NULL), "bpffs");
}

void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	must(sched_setaffinity(0, sizeof(one), &one), "CPU");
}

static void fill_control(int fd)
{
	struct pg_control *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct timespec tick;
	uint64_t cookie;

	cr_assert_neq(c, MAP_FAILED);
	must(netns_identity(&cookie, &c->netns_inum), "network namespace");
	c->netns_cookie = cookie;
	c->cpus = libbpf_num_possible_cpus();
	c->epoch = 2;
	c->used_now = 1;
	c->seed = 0x5eed;
	(void)clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	c->hz = (1000000000u + tick.tv_nsec / 2) / tick.tv_nsec;
	(void)munmap(c, sizeof(*c));
}

static void open_programs(struct guarded *g)
{
	static const char *const names[ENTRIES] = {
		[IN_XDP] = "pg_in_xdp", [IN_TC] = "pg_in_tc",   [IN_L3] = "pg_in_l3",
		[OUT_TC] = "pg_out_tc", [OUT_L3] = "pg_out_l3",
	};

	for (size_t i = 0; i < ENTRIES; i++) {
		g->programs[i] = pin_open(&g->paths, names[i]);
		cr_assert_geq(g->programs[i], 0, "%s is not pinned", names[i]);
	}
}

/* The names that the rules of tests call devices: eth0 is the one by which packets come where none
 * is said. */
uint32_t device_of(void *data, const char *name)
{
	(void)data;
	if (!strcmp(name, "eth0"))
		return 1;
	return !strcmp(name, "eth1") ? 2 : if_nametoindex(name);
}

int devices_of(struct devices *ret)
{
	static const struct device those[] = { { .index = 1, .name = "eth0" },
					       { .index = 2, .name = "eth1" } };

	ret->list = malloc(sizeof(those));
	cr_assert_not_null(ret->list);
	memcpy(ret->list, those, sizeof(those));
	ret->count = sizeof(those) / sizeof(*those);
	return 0;
}

void policy_of(const char *yaml, struct policy *ret)
{
	_cleanup_free_ char *text = NULL;
	struct policy_text file = { .name = "policy.yaml" };
	struct pg_error err = PG_ERROR_INIT;
	int length = asprintf(&text, "version: 1\n%s\n", yaml);

	cr_assert_gt(length, 0);
	file.text = text;
	file.length = (size_t)length;
	if (policy_parse(&file, 1, &help_world, ret, &err))
		cr_assert_fail("%s", err.text);
}

void own_pins(struct paths *ret)
{
	struct pg_error err = PG_ERROR_INIT;

	make_namespaces();
	must(paths_init(ret, "test", BPFFS, &err), "paths");
	must(make_directories(ret->pins), "pins");
}

struct guarded *guarded_by(const char *yaml)
{
	struct guarded *g = calloc(1, sizeof(*g));
	struct pg_error err = PG_ERROR_INIT;
	_cleanup_policy_ struct policy first = { .mode = 0 };
	int control = -1;

	cr_assert_not_null(g);
	g->device = 1;
	own_pins(&g->paths);
	stay_on_one_cpu();
	policy_of(yaml, &first);
	if (load_programs(&g->paths, &first, DEVICE_PROGRAMS_ALL, &control, &err))
		cr_assert_fail("%s", err.text);
	fill_control(control);
	must(pin_make(&g->paths, "pg_control", control), "pg_control");
	(void)close(control);
	if (state_open(&g->paths, true, &g->state, &err))
		cr_assert_fail("%s", err.text);
	must(state_map_tables(&g->state), "the tables");
	g->state.meta->in_step = 1;
	open_programs(g);
	put_in_force(g, &first, true);
	g->state.control->abi = PG_ABI_VERSION;
	return g;
}

void guarded_end(struct guarded **g)
{
	for (size_t i = 0; i < ENTRIES; i++)
		cleanup_close(&(*g)->programs[i]);
	state_close(&(*g)->state);
	policy_free(&(*g)->policy);
	free(*g);
}

void put_in_force(struct guarded *g, struct policy *next, bool new_generation)
{
	bool first = !g->state.control->changes;
	struct change change = {
		.from = first ? NULL : &g->policy,
		.to = next,
		.new_generation = new_generation,
		.devices = devices_of,
	};
	struct pg_error err = PG_ERROR_INIT;

	must(policy_number(next, first ? NULL : &g->policy, &err), "rule ids");
	if (state_change(&g->state, &change, &err))
		cr_assert_fail("%s", err.text);
	policy_free(&g->policy);
	g->policy = *next;
	*next = (struct policy){ .mode = 0 };
}

void change_policy(struct guarded *g, const char *yaml)
{
	_cleanup_policy_ struct policy next = { .mode = 0 };

	policy_of(yaml, &next);
	must(policy_merge(&g->policy, &next, true), "rule ids");
	put_in_force(g, &next, true);
}

void add_rule(struct guarded *g, const char *sentence)
{
	_cleanup_policy_ struct policy next = { .mode = 0 };

	must(policy_copy(&g->policy, &next), "copy");
	(void)add_rules(&next, sentence);
	put_in_force(g, &next, false);
}

void remove_rule(struct guarded *g, const char *sentence)
{
	_cleanup_policy_ struct policy next = { .mode = 0 }, gone = { .mode = 0 };

	must(policy_copy(&g->policy, &next), "copy");
	(void)add_rules(&gone, sentence);
	for (size_t i = 0; i < gone.rule_count; i++) {
		ptrdiff_t at = policy_find_rule(&next, &gone.rules[i]);

		cr_assert_geq(at, 0, "no rule '%s'", sentence);
		policy_remove_rule(&next, (size_t)at);
	}
	put_in_force(g, &next, false);
}

uint32_t second_device(int *ret_fd)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	_cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		cr_skip_test("no /dev/net/tun");
	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "eth1");
	must(ioctl(fd, TUNSETIFF, &request), "TAP device");
	*ret_fd = TAKE_FD(fd);
	return if_nametoindex("eth1");
}

int guarded_map(const struct guarded *g, const char *name)
{
	int fd = pin_open(&g->paths, name);

	cr_assert_geq(fd, 0, "%s is not pinned", name);
	return fd;
}
