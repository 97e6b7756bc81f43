// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can stand before a receiver: portguard, its peers, or nothing. All refuse what is to a port that
 * none of their @rules allows: port 80 and, from 20001 on, as many more as there are to be. Peers are
 * the real programs; one that is not here gets a line that says so.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/packets.h"
#include "bench/receive.h"
#include "lib/insn.h"

#define PROGRAM_MISSING "not installed"

static void file_name(const struct target *r, char to[BENCH_PATH])
{
	(void)snprintf(to, BENCH_PATH, WORLD_DIR "/%s.rules", r->device);
}

static FILE *create(const struct target *r)
{
	char path[BENCH_PATH];
	FILE *f;

	file_name(r, path);
	f = fopen(path, "we");
	if (!f)
		die("%s: %s", path, strerror(errno));
	return f;
}

static void close_file(FILE *f)
{
	if (fclose(f))
		die("a file of rules: %s", strerror(errno));
}

static unsigned port_of(unsigned rule)
{
	return rule ? 20000 + rule : 80;
}

/* --- portguard ---------------------------------------------------------------------------------- */

static void write_policy(const struct target *r, const struct guard *g)
{
	FILE *f = create(r);

	(void)fprintf(f,
		      "version: 1\ninterfaces: [%s]\nattach: %s\nfailsafe: []\nessentials: []\n"
		      "flows: {max: %u}\nrules:\n",
		      r->device, g->kind == GUARD_TC ? "tc" : "xdp", GUARD_FLOWS);
	for (unsigned i = 0; i < g->rules; i++)
		(void)fprintf(f, "  - allow %u\n", port_of(i));
	close_file(f);
}

static const char *set_portguard(const struct world *w, const struct target *r, struct guard *g)
{
	char path[BENCH_PATH], cgroup[BENCH_PATH + 32];

	(void)snprintf(cgroup, sizeof(cgroup), "%s/guarded_e/%s", w->cgroup, r->device);
	if (mkdir(cgroup, 0755))
		die("%s: %s", cgroup, strerror(errno));
	write_policy(r, g);
	file_name(r, path);
	if (!g->agent) {
		(void)run_portguard(w, r->device, WORDS("up", "-c", path, "--cgroup", cgroup));
		(void)snprintf(path, sizeof(path), WORLD_BPFFS "/portguard/%s", r->device);
		if (g->busy)
			busy_begin(path);
		return NULL;
	}
	g->running = agent_start(w, r->device, WORDS("run", "-c", path, "--cgroup", cgroup));
	g->subscriber = start_portguard(w, r->device, WORDS("events", "-f"));
	return NULL;
}

/* --- other programs ----------------------------------------------------------------------------- */

static void attach(const struct target *r, int program)
{
	int ret = bpf_xdp_attach((int)if_nametoindex(r->device), program, XDP_FLAGS_DRV_MODE, NULL);

	if (ret)
		die("%s: XDP: %s", r->device, strerror(-ret));
}

/* Reads the port that a packet is to, and drops it: what no filter by port can do without. */
static int reading_program(void)
{
	const struct bpf_insn insns[] = {
		LOAD(BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, BPF_REG_3, BPF_REG_1, offsetof(struct xdp_md, data_end)),
		MOVE_IMM(BPF_REG_0, XDP_DROP),
		MOVE(BPF_REG_4, BPF_REG_2),
		ALU_IMM(BPF_ADD, BPF_REG_4, FRAME_BYTES),
		INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 3, 0),
		LOAD(BPF_H, BPF_REG_5, BPF_REG_2, ETH_HLEN + sizeof(struct iphdr) + 2),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 1, htons(GUARD_ALLOWED)),
		MOVE_IMM(BPF_REG_0, XDP_PASS),
		EXIT,
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "bench_read", "GPL", insns,
			       sizeof(insns) / sizeof(*insns), NULL);

	if (fd < 0)
		die("a program that reads: %s", strerror(errno));
	return fd;
}

#define FILTER_PASS_UDP (1 << 1 | 1 << 3) /* xdp-filter's words: by target port, UDP */

static void fill_filter(const struct bpf_object *object, unsigned rules)
{
	uint64_t values[1024];
	int map = bpf_object__find_map_fd_by_name(object, "filter_ports");

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		values[i] = FILTER_PASS_UDP;
	for (unsigned i = 0; i < rules; i++) {
		uint32_t key = htons((uint16_t)port_of(i));

		if (bpf_map_update_elem(map, &key, values, BPF_ANY))
			die("xdp-filter's ports: %s", strerror(errno));
	}
}

/* Its programs as they are, without its loader, whose dispatcher would cost each packet a call more. */
static const char *set_filter(const struct target *r, const struct guard *g, const char *build)
{
	char pattern[64];
	glob_t found = { 0 };
	struct bpf_object *object;
	struct bpf_map *map;

	(void)snprintf(pattern, sizeof(pattern), "/usr/lib{,64,/*}/bpf/%s", build);
	if (glob(pattern, GLOB_BRACE, NULL, &found))
		return PROGRAM_MISSING;
	object = bpf_object__open_file(found.gl_pathv[0], NULL);
	if (!object)
		return "its program cannot be opened";
	bpf_object__for_each_map(map, object)
		(void)bpf_map__set_pin_path(map, NULL); /* all such objects would share a pin */
	if (bpf_object__load(object))
		return "its program cannot be loaded";
	fill_filter(object, g->rules);
	attach(r, bpf_program__fd(bpf_object__next_program(object, NULL)));
	globfree(&found);
	return NULL;
}

void guard_write_set(FILE *f, unsigned rules)
{
	(void)fprintf(f, "set open { type inet_service; elements = {");
	for (unsigned i = 0; i < rules; i++)
		(void)fprintf(f, " %u,", port_of(i));
	(void)fprintf(f, " }; }\n");
}

static void write_nftables(const struct target *r, const struct guard *g)
{
	FILE *f = create(r);

	(void)fprintf(f, "table %s bench {\n", g->kind == GUARD_NFT_NETDEV ? "netdev" : "inet");
	if (g->kind != GUARD_NFT_LINEAR)
		guard_write_set(f, g->rules);
	if (g->kind == GUARD_NFT_NETDEV)
		(void)fprintf(f, "chain in { type filter hook ingress device \"%s\" priority 0;\n",
			      r->device);
	else
		(void)fprintf(f, "chain in { type filter hook %s;\n",
			      g->kind == GUARD_NFT_RAW ? "prerouting priority raw"
						       : "input priority filter");
	if (g->kind == GUARD_NFT_CONNTRACK)
		(void)fprintf(f, "ct state established,related accept\n");
	if (g->kind == GUARD_NFT_LINEAR)
		for (unsigned i = 0; i < g->rules; i++)
			(void)fprintf(f, "udp dport %u accept\n", port_of(i));
	else
		(void)fprintf(f, "udp dport @open accept\n");
	(void)fprintf(f, "meta l4proto udp drop\n}\n}\n");
	close_file(f);
}

static const char *run(const struct target *r, const char *program, const char *option)
{
	char path[BENCH_PATH];
	const char *argv[] = { program, "--version", NULL, NULL };

	if (!succeeds((char *const *)argv, -1))
		return PROGRAM_MISSING;
	file_name(r, path);
	argv[1] = option ? option : path;
	argv[2] = option ? path : NULL;
	return succeeds((char *const *)argv, STDERR_FILENO) ? NULL
							    : "this kernel refuses its rules";
}

static const char *set_nftables(const struct target *r, const struct guard *g)
{
	write_nftables(r, g);
	return run(r, "nft", "-f");
}

static const char *set_iptables(const struct target *r, const struct guard *g)
{
	FILE *f = create(r);

	(void)fprintf(f, "*filter\n:INPUT DROP [0:0]\n");
	for (unsigned i = 0; i < g->rules; i++)
		(void)fprintf(f, "-A INPUT -p udp --dport %u -j ACCEPT\n", port_of(i));
	(void)fprintf(f, "COMMIT\n");
	close_file(f);
	return run(r, "iptables-nft-restore", NULL);
}

static const char *set(const struct world *w, const struct target *r, struct guard *g)
{
	switch (g->kind) {
	case GUARD_NONE:
		return NULL;
	case GUARD_EMPTY:
		attach(r, empty_program(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_DROP));
		return NULL;
	case GUARD_READ:
		attach(r, reading_program());
		return NULL;
	case GUARD_XDP:
	case GUARD_TC:
		return set_portguard(w, r, g);
	case GUARD_FILTER_UDP:
		return set_filter(r, g, "xdpfilt_dny_udp.o");
	case GUARD_FILTER_ALL:
		return set_filter(r, g, "xdpfilt_dny_all.o");
	case GUARD_IPTABLES:
		return set_iptables(r, g);
	default:
		return set_nftables(r, g);
	}
}

/* --- whether it does what it is to do ----------------------------------------------------------- */

static int listening(unsigned port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		die("UDP port %u: %s", port, strerror(errno));
	return fd;
}

static bool has_come(const struct target *r, const struct receiving *g, unsigned port)
{
	char data[FRAME_BYTES];
	bool come;
	int fd;

	target_enter(r);
	fd = listening(port);
	target_leave(r);
	(void)target_run(r, g, (struct frame_order){ .port = port, .count = 8 });
	come = recv(fd, data, sizeof(data), 0) > 0;
	(void)close(fd);
	return come;
}

static void check(const struct target *r, const struct receiving *g, const struct guard *guard)
{
	if (guard->kind == GUARD_NONE || guard->kind == GUARD_EMPTY)
		return;
	if (has_come(r, g, GUARD_CLOSED))
		die("%s lets in what it is to refuse", guard->name);
	if (!has_come(r, g, GUARD_ALLOWED) || !has_come(r, g, port_of(guard->rules - 1)))
		die("%s refuses what it is to let in", guard->name);
}

const char *guard_set(const struct world *w, const struct target *r, const struct receiving *g,
		      struct guard *guard)
{
	const char *why;

	target_enter(r);
	why = set(w, r, guard);
	target_leave(r);
	if (!why)
		check(r, g, guard);
	return why;
}

void guard_end(const struct world *w, const struct target *r, const struct guard *g)
{
	if (g->kind != GUARD_XDP && g->kind != GUARD_TC)
		return;
	target_enter(r);
	if (g->agent) {
		agent_end(&g->running);
		end_process(g->subscriber);
	}
	(void)run_portguard(w, r->device, WORDS("down", "--purge"));
	target_leave(r);
}
