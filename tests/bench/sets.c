// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a rule costs that asks for a set of addresses: a packet to its port, beside the same packet to a port
 * whose rule asks for none. Both pass, found in the set or not. The prefixes' lengths are mixed as lists of
 * networks have them; each packet comes from another address, by a small program in front of ours that
 * takes one of many from an array, and that both packets go through.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/calls.h"
#include "bench/commands.h"
#include "bench/packets.h"
#include "lib/insn.h"

#define INSTANCE "bench-e"
#define PINS WORLD_BPFFS "/portguard/" INSTANCE
#define POLICY WORLD_DIR "/sets.yaml"
#define SOURCES (1u << 15) /* addresses that packets come from; 512 KiB */
#define TURNS_MAX 16

static const unsigned sizes[] = { 1, 100, 10000, 100000 };
#define SIZES (sizeof(sizes) / sizeof(*sizes))
#define PREFIXES_MAX 100000

/* Of each family and size: an address of the set, or of none of its prefixes. */
enum kind { V4_FOUND, V4_NOT, V6_FOUND, V6_NOT, KINDS };
enum { PORT_PLAIN = 81 };
static const unsigned ports[KINDS] = { 80, 82, 83, 84 };

static struct row rows[SIZES][KINDS];
static struct row last_rows[] = {
	{ .section = "Both sets of 100,000 prefixes",
	  .name = "apply, the whole command",
	  .unit = "ms",
	  .most = 2000 },
	{ .name = "memory: pg_peers", .unit = "KiB", .most = 65536 },
};
static size_t rounds;

/* --- prefixes ----------------------------------------------------------------------------------- */

/* The first 64 bits of an address, or all 32 of IPv4, shifted up: from @first to @last. */
struct span {
	uint64_t first, last;
	unsigned length;
};

struct set {
	bool v6;
	struct span spans[PREFIXES_MAX];
	struct span merged[PREFIXES_MAX];
	size_t count, merged_count;
};

static uint64_t random_bits(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
}

static unsigned between(unsigned least, unsigned most)
{
	return least + (unsigned)random() % (most - least + 1);
}

/* As in lists of networks: few are large, so that large ones do not hold all the others. */
static unsigned random_length(bool v6)
{
	unsigned thousand = (unsigned)random() % 1000;

	if (v6)
		return thousand < 350   ? 32
		       : thousand < 650 ? between(33, 47)
		       : thousand < 850 ? 48
		       : thousand < 945 ? between(29, 31)
		       : thousand < 950 ? between(19, 28)
					: between(49, 64);
	return thousand < 560   ? 24
	       : thousand < 910 ? between(16, 22)
	       : thousand < 950 ? 23
	       : thousand < 952 ? between(8, 15)
				: between(25, 32);
}

/* As addresses are given out: 1.0.0.0 to 223.255.255.255; of IPv6 64 /16s of 2000::/3, some side by side. */
static uint64_t random_address(bool v6)
{
	uint64_t bits = random_bits();

	if (v6)
		return 0x2000ull << 48 | (bits & 0x0c0full << 48) | (bits & ~0ull >> 16);
	return (uint64_t)between(1, 223) << 56 | (bits & 0xffffffull) << 32;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void make_set(struct set *s, size_t count, bool v6)
{
	*s = (struct set){ .v6 = v6, .count = count };
	for (size_t i = 0; i < count; i++) {
		unsigned length = random_length(v6);
		uint64_t hosts = length == 64 ? 0 : ~0ull >> length;

		s->spans[i].first = random_address(v6) & ~hosts;
		s->spans[i].last = s->spans[i].first | hosts;
		s->spans[i].length = length;
	}
	memcpy(s->merged, s->spans, count * sizeof(*s->merged));
	qsort(s->merged, count, sizeof(*s->merged), compare_spans);
	for (size_t i = 0; i < count; i++) {
		struct span *before = s->merged_count ? &s->merged[s->merged_count - 1] : NULL;

		if (!before || s->merged[i].first > before->last)
			s->merged[s->merged_count++] = s->merged[i];
		else if (s->merged[i].last > before->last)
			before->last = s->merged[i].last;
	}
}

static bool holds(const struct set *s, uint64_t address)
{
	size_t low = 0, high = s->merged_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->merged[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->merged_count && s->merged[low].first <= address;
}

static uint64_t source(const struct set *s, bool found)
{
	uint64_t address;

	if (found) {
		const struct span *from = &s->spans[(size_t)random() % s->count];

		return from->first | (random_bits() & (from->last - from->first));
	}
	do
		address = random_address(s->v6);
	while (holds(s, address));
	return address;
}

static void write_set(const struct set *s, const char *name)
{
	char path[BENCH_PATH], text[INET6_ADDRSTRLEN];
	FILE *f;

	(void)snprintf(path, sizeof(path), WORLD_DIR "/%s.txt", name);
	f = fopen(path, "we");
	if (!f)
		die("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < s->count; i++) {
		struct in6_addr address = { 0 };
		const uint64_t first = htobe64(s->spans[i].first);

		memcpy(&address, &first, sizeof(first));
		(void)inet_ntop(s->v6 ? AF_INET6 : AF_INET, &address, text, sizeof(text));
		(void)fprintf(f, "%s/%u\n", text, s->spans[i].length);
	}
	if (fclose(f))
		die("%s: %s", path, strerror(errno));
}

static void write_policy(void)
{
	FILE *f = fopen(POLICY, "we");

	if (!f)
		die(POLICY ": %s", strerror(errno));
	(void)fprintf(
		f,
		"version: 1\ninterfaces: [%s]\nfailsafe: []\nessentials: []\n"
		"sets: {four: {file: four.txt}, six: {file: six.txt}}\nrules:\n"
		"  - allow %u/tcp\n  - allow %u/tcp from @four\n  - allow %u/tcp\n"
		"  - deny in %u/tcp from @four\n  - allow %u/tcp from @six\n  - allow %u/tcp\n"
		"  - deny in %u/tcp from @six\n",
		WORLD_DEVICE_A, PORT_PLAIN, ports[V4_FOUND], ports[V4_NOT], ports[V4_NOT],
		ports[V6_FOUND], ports[V6_NOT], ports[V6_NOT]);
	if (fclose(f))
		die(POLICY ": %s", strerror(errno));
}

/* --- packets ------------------------------------------------------------------------------------ */

struct packet6 {
	struct ethhdr ethernet;
	struct ip6_hdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

static size_t make_packet(bool v6, unsigned port, char to[PACKET_BYTES_MAX])
{
	struct packet6 p = { .ethernet.h_proto = htons(ETH_P_IPV6) };

	if (!v6) {
		packet_syn(port, (unsigned char *)to);
		return PACKET_BYTES;
	}
	p.ip.ip6_vfc = 6 << 4;
	p.ip.ip6_plen = htons(sizeof(p.tcp));
	p.ip.ip6_nxt = IPPROTO_TCP;
	p.ip.ip6_hlim = 64;
	p.ip.ip6_dst.s6_addr[0] = 0x20;
	p.ip.ip6_dst.s6_addr[15] = 1;
	p.tcp = (struct tcphdr){
		.source = htons(40000), .dest = htons((uint16_t)port), .doff = 5, .syn = 1
	};
	memcpy(to, &p, sizeof(p));
	return sizeof(p);
}

/* An address of @sources, at random, into the packet at @at; then on. */
static int feeder(int sources, int array, short at, bool v6)
{
	const struct bpf_insn insns[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		CALL(BPF_FUNC_get_prandom_u32),
		ALU_IMM(BPF_AND, BPF_REG_0, SOURCES - 1),
		STORE(BPF_W, BPF_REG_10, BPF_REG_0, -4),
		LOAD_MAP(BPF_REG_1, sources),
		MOVE(BPF_REG_2, BPF_REG_10),
		ALU_IMM(BPF_ADD, BPF_REG_2, -4),
		CALL(BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 14, 0),
		LOAD(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, BPF_REG_3, BPF_REG_6, offsetof(struct xdp_md, data_end)),
		MOVE(BPF_REG_4, BPF_REG_2),
		ALU_IMM(BPF_ADD, BPF_REG_4, PACKET_BYTES),
		INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 9, 0),
		LOAD(BPF_W, BPF_REG_1, BPF_REG_0, 0),
		STORE(BPF_W, BPF_REG_2, BPF_REG_1, at),
		LOAD(BPF_W, BPF_REG_1, BPF_REG_0, v6 ? 4 : 0),
		STORE(BPF_W, BPF_REG_2, BPF_REG_1, v6 ? at + 4 : at),
		GO_ON(BPF_REG_6, array),
	};

	return program_before(insns, sizeof(insns) / sizeof(*insns));
}

struct bench_sets {
	struct set sets[2]; /* by family */
	int inbound, array, feeders[KINDS], links[KINDS];
	uint64_t *sources[KINDS]; /* mapped */
	unsigned turns, repeat;
};

static bool is_v6(enum kind kind)
{
	return kind == V6_FOUND || kind == V6_NOT;
}

static void open_kind(struct bench_sets *b, enum kind kind)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	bool v6 = is_v6(kind);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench_sources", 4, 8, SOURCES, &options);
	void *at = map < 0 ? MAP_FAILED
			   : mmap(NULL, SOURCES * sizeof(uint64_t), PROT_READ | PROT_WRITE,
				  MAP_SHARED, map, 0);

	if (at == MAP_FAILED)
		die("addresses: %s", strerror(errno));
	b->sources[kind] = at;
	b->feeders[kind] = feeder(map, b->array,
				  sizeof(struct ethhdr) + (v6 ? offsetof(struct ip6_hdr, ip6_src)
							      : offsetof(struct iphdr, saddr)),
				  v6);
	b->links[kind] = idle_attach(b->feeders[kind]);
	(void)close(map);
}

static double run(const struct bench_sets *b, enum kind kind, unsigned port)
{
	char packet[PACKET_BYTES_MAX];
	size_t size = make_packet(is_v6(kind), port, packet);
	uint32_t verdict;
	double ns = packet_run(b->feeders[kind], packet, size, b->repeat, &verdict);

	if (verdict != XDP_PASS)
		die("sets: a packet to port %u: verdict %u", port, verdict);
	return ns;
}

static double above_plain(const struct bench_sets *b, enum kind kind)
{
	double over[TURNS_MAX];
	unsigned turns = b->turns < TURNS_MAX ? b->turns : TURNS_MAX;

	for (unsigned turn = 0; turn < turns; turn++) {
		double plain = run(b, kind, PORT_PLAIN);

		over[turn] = run(b, kind, ports[kind]) - plain;
	}
	return median(over, turns);
}

/* --- rounds ------------------------------------------------------------------------------------- */

static void one_size(const struct world *w, struct bench_sets *b, size_t which, size_t round)
{
	double apply;

	srandom((unsigned)which + 1);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		make_set(&b->sets[v6], sizes[which], v6);
		write_set(&b->sets[v6], v6 ? "six" : "four");
	}
	for (enum kind kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < SOURCES; i++) {
			uint64_t address = htobe64(source(&b->sets[is_v6(kind)],
							  kind == V4_FOUND || kind == V6_FOUND));

			b->sources[kind][i] = address;
		}
	apply = run_portguard(w, INSTANCE, WORDS("apply", POLICY)).wall_us / 1e3;
	for (enum kind kind = 0; kind < KINDS; kind++)
		rows[which][kind].value[round] = above_plain(b, kind);
	if (which + 1 < SIZES)
		return;
	last_rows[0].value[round] = apply;
	last_rows[1].value[round] = memory_of(w, INSTANCE).peers_kib;
}

void sets_measure(const struct world *w, size_t count, unsigned turns, unsigned repeat)
{
	static struct bench_sets b;
	char cgroup[BENCH_PATH + 16];

	rounds = count;
	b.turns = turns;
	b.repeat = repeat;
	write_policy();
	for (unsigned v6 = 0; v6 < 2; v6++) {
		make_set(&b.sets[v6], 1, v6);
		write_set(&b.sets[v6], v6 ? "six" : "four");
	}
	(void)snprintf(cgroup, sizeof(cgroup), "%s/guarded_e", w->cgroup);
	(void)run_portguard(w, INSTANCE, WORDS("up", "-c", POLICY, "--cgroup", cgroup));
	b.inbound = pinned(PINS, "pg_in_xdp");
	b.array = array_of(b.inbound);
	for (enum kind kind = 0; kind < KINDS; kind++)
		open_kind(&b, kind);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < SIZES; i++)
			one_size(w, &b, i, round);
	(void)run_portguard(w, INSTANCE, WORDS("down", "--purge"));
	for (enum kind kind = 0; kind < KINDS; kind++) {
		(void)close(b.links[kind]);
		(void)close(b.feeders[kind]);
		(void)munmap(b.sources[kind], SOURCES * sizeof(uint64_t));
	}
	(void)close(b.inbound);
	(void)close(b.array);
}

int sets_print(void)
{
	static const char *const names[KINDS] = { "IPv4: found", "IPv4: not in it", "IPv6: found",
						  "IPv6: not in it" };
	static const double aims[SIZES] = { 0, 0, 60, 90 }; /* of IPv4; IPv6: twice that */
	static const char *const headings[SIZES] = {
		"A packet whose rule asks for a set of 1 prefix, over one whose rule asks for none",
		"The same, 100 prefixes", "The same, 10,000 prefixes", "The same, 100,000 prefixes"
	};
	int missed = 0;

	for (size_t i = 0; i < SIZES; i++) {
		rows[i][0].section = headings[i];
		for (enum kind kind = 0; kind < KINDS; kind++) {
			rows[i][kind].name = names[kind];
			rows[i][kind].unit = "ns";
			rows[i][kind].most = aims[i] * (is_v6(kind) ? 2 : 1);
		}
		missed += table_print(rows[i], KINDS, rounds);
	}
	return missed + table_print(last_rows, sizeof(last_rows) / sizeof(*last_rows), rounds);
}
