// SPDX-License-Identifier: GPL-2.0-only
/*
 * portguard beside its peers: what a refused packet costs the CPU that receives it. Each guard stands
 * before a receiver of its own, all of them the whole time, and in each round all get all their packets;
 * each in turns with the floor, an XDP program that drops everything. Of a round's turns the one
 * that took least counts, since what disturbs only adds.
 *
 * The receiver is woken for every 64 packets, which is in all figures. Woken for 256 it costs less, and
 * what stands before it is more of it: some rows are measured both ways.
 */
#include <math.h>

#include <bpf/libbpf.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/receive.h"

#define TURN 10000 /* packets */
#define WAKE 64
#define WAKE_SELDOM 256

enum place {
	PORTGUARD,
	PORTGUARD_QUIET,
	PORTGUARD_BUSY,
	PORTGUARD_TC,
	PORTGUARD_1,
	PORTGUARD_100,
	FOREIGN,
	EMPTY = FOREIGN,
	READ,
	FILTER_UDP,
	FILTER_ALL,
	NETDEV,
	NETDEV_1,
	NETDEV_100,
	RAW,
	INPUT,
	CONNTRACK,
	LINEAR,
	LINEAR_1,
	LINEAR_10,
	LINEAR_100,
	IPTABLES,
	IPTABLES_1,
	IPTABLES_10,
	IPTABLES_100,
	NONE,
	PLACES
};

#define MANY 10000
#define LIST 1000 /* rules that are asked one after the other */

static struct guard guards[PLACES] = {
	[EMPTY] = { "an empty program", GUARD_EMPTY },
	[READ] = { "a program that reads the port", GUARD_READ, 1 },
	[PORTGUARD] = { "portguard", GUARD_XDP, MANY, .agent = true },
	[PORTGUARD_QUIET] = { "portguard without an agent", GUARD_XDP, MANY },
	[PORTGUARD_BUSY] = { "portguard on a busy machine", GUARD_XDP, MANY, .busy = true },
	[PORTGUARD_TC] = { "portguard at tc", GUARD_TC, MANY, .agent = true },
	[PORTGUARD_1] = { "portguard, 1 rule", GUARD_XDP, 1 },
	[PORTGUARD_100] = { "portguard, 100 rules", GUARD_XDP, 100 },
	[FILTER_UDP] = { "xdp-filter, UDP alone", GUARD_FILTER_UDP, MANY },
	[FILTER_ALL] = { "xdp-filter, all", GUARD_FILTER_ALL, MANY },
	[NETDEV] = { "nftables, netdev set", GUARD_NFT_NETDEV, MANY },
	[NETDEV_1] = { "nftables, netdev set of 1", GUARD_NFT_NETDEV, 1 },
	[NETDEV_100] = { "nftables, netdev set of 100", GUARD_NFT_NETDEV, 100 },
	[RAW] = { "nftables, raw set", GUARD_NFT_RAW, MANY },
	[INPUT] = { "nftables, input set", GUARD_NFT_INPUT, MANY },
	[CONNTRACK] = { "nftables, conntrack and set", GUARD_NFT_CONNTRACK, MANY },
	[LINEAR] = { "nftables, 1,000 rules", GUARD_NFT_LINEAR, LIST },
	[LINEAR_1] = { "nftables, 1 rule", GUARD_NFT_LINEAR, 1 },
	[LINEAR_10] = { "nftables, 10 rules", GUARD_NFT_LINEAR, 10 },
	[LINEAR_100] = { "nftables, 100 rules", GUARD_NFT_LINEAR, 100 },
	[IPTABLES] = { "iptables, 1,000 rules", GUARD_IPTABLES, LIST },
	[IPTABLES_1] = { "iptables, 1 rule", GUARD_IPTABLES, 1 },
	[IPTABLES_10] = { "iptables, 10 rules", GUARD_IPTABLES, 10 },
	[IPTABLES_100] = { "iptables, 100 rules", GUARD_IPTABLES, 100 },
	[NONE] = { "no firewall", GUARD_NONE },
};

/* What is measured, each once in a round. */
enum subject {
	READ_ONE,
	READ_ANEW,
	READ_SPREAD,
	ONE,
	ANEW,
	SPREAD,
	ONE_SELDOM,
	SPREAD_SELDOM,
	QUIET_ONE,
	QUIET_SPREAD,
	SYN,
	ACK,
	FIN,
	IPV6,
	VLAN,
	FRAGMENTS,
	BUSY,
	BUSY_ACK,
	AT_TC,
	FILTER_UDP_ONE,
	FILTER_UDP_SPREAD,
	FILTER_ALL_ONE,
	FILTER_ALL_ANEW,
	FILTER_ALL_SPREAD,
	NETDEV_ONE,
	NETDEV_SPREAD,
	RAW_ONE,
	INPUT_ONE,
	CONNTRACK_ONE,
	LINEAR_ONE,
	IPTABLES_ONE,
	NONE_ONE,
	BY_RULES, /* from here on: one port, the places in the order of by_rules[] */
};

static const struct packets_to {
	enum place place;
	enum traffic traffic;
	unsigned wake; /* 0: WAKE */
} subjects[] = {
	[READ_ONE] = { READ, TRAFFIC_UDP },
	[READ_ANEW] = { READ, TRAFFIC_ANEW },
	[READ_SPREAD] = { READ, TRAFFIC_SPREAD },
	[ONE] = { PORTGUARD, TRAFFIC_UDP },
	[ANEW] = { PORTGUARD, TRAFFIC_ANEW },
	[SPREAD] = { PORTGUARD, TRAFFIC_SPREAD },
	[ONE_SELDOM] = { PORTGUARD, TRAFFIC_UDP, WAKE_SELDOM },
	[SPREAD_SELDOM] = { PORTGUARD, TRAFFIC_SPREAD, WAKE_SELDOM },
	[QUIET_ONE] = { PORTGUARD_QUIET, TRAFFIC_UDP },
	[QUIET_SPREAD] = { PORTGUARD_QUIET, TRAFFIC_SPREAD },
	[SYN] = { PORTGUARD, TRAFFIC_SYN },
	[ACK] = { PORTGUARD, TRAFFIC_ACK },
	[FIN] = { PORTGUARD, TRAFFIC_FIN },
	[IPV6] = { PORTGUARD, TRAFFIC_IPV6 },
	[VLAN] = { PORTGUARD, TRAFFIC_VLAN },
	[FRAGMENTS] = { PORTGUARD, TRAFFIC_FRAGMENT },
	[BUSY] = { PORTGUARD_BUSY, TRAFFIC_SPREAD },
	[BUSY_ACK] = { PORTGUARD_BUSY, TRAFFIC_ACK },
	[AT_TC] = { PORTGUARD_TC, TRAFFIC_UDP },
	[FILTER_UDP_ONE] = { FILTER_UDP, TRAFFIC_UDP },
	[FILTER_UDP_SPREAD] = { FILTER_UDP, TRAFFIC_SPREAD },
	[FILTER_ALL_ONE] = { FILTER_ALL, TRAFFIC_UDP },
	[FILTER_ALL_ANEW] = { FILTER_ALL, TRAFFIC_ANEW },
	[FILTER_ALL_SPREAD] = { FILTER_ALL, TRAFFIC_SPREAD },
	[NETDEV_ONE] = { NETDEV, TRAFFIC_UDP },
	[NETDEV_SPREAD] = { NETDEV, TRAFFIC_SPREAD },
	[RAW_ONE] = { RAW, TRAFFIC_UDP },
	[INPUT_ONE] = { INPUT, TRAFFIC_UDP },
	[CONNTRACK_ONE] = { CONNTRACK, TRAFFIC_UDP },
	[LINEAR_ONE] = { LINEAR, TRAFFIC_UDP },
	[IPTABLES_ONE] = { IPTABLES, TRAFFIC_UDP },
	[NONE_ONE] = { NONE, TRAFFIC_UDP },
	[BY_RULES] = { PORTGUARD_1, TRAFFIC_UDP },
	{ PORTGUARD_100, TRAFFIC_UDP },
	{ NETDEV_1, TRAFFIC_UDP },
	{ NETDEV_100, TRAFFIC_UDP },
	{ LINEAR_1, TRAFFIC_UDP },
	{ LINEAR_10, TRAFFIC_UDP },
	{ LINEAR_100, TRAFFIC_UDP },
	{ IPTABLES_1, TRAFFIC_UDP },
	{ IPTABLES_10, TRAFFIC_UDP },
	{ IPTABLES_100, TRAFFIC_UDP },
};

#define SUBJECTS (sizeof(subjects) / sizeof(*subjects))
#define FLOOR (-1)

static const struct line {
	const char *section, *name, *beside_name;
	int of, beside; /* subjects */
	double most, least;
} lines[] = {
	{ "A packet to a closed port, refused: CPU of its receiver",
	  "portguard, all on: one source", "an empty XDP program", ONE, FLOOR, 1.20, 0 },
	{ NULL, "  one source, frames written anew", NULL, ANEW, FLOOR, 0, 0 },
	{ NULL, "  random sources and ports", NULL, SPREAD, FLOOR, 1.35, 0 },
	{ NULL, "  one source, woken for 256 packets", NULL, ONE_SELDOM, FLOOR, 0, 0 },
	{ NULL, "  random, woken for 256 packets", NULL, SPREAD_SELDOM, FLOOR, 0, 0 },
	{ NULL, "  random, all ports in use, flows full", NULL, BUSY, FLOOR, 0, 0 },
	{ NULL, "  later fragments", NULL, FRAGMENTS, FLOOR, 0, 0 },
	{ NULL, "XDP that reads the port: one source", NULL, READ_ONE, FLOOR, 0, 0 },
	{ NULL, "  one source, frames written anew", NULL, READ_ANEW, FLOOR, 0, 0 },
	{ NULL, "  random sources and ports", NULL, READ_SPREAD, FLOOR, 0, 0 },
	{ NULL, "portguard at tc: one source", NULL, AT_TC, FLOOR, 0, 0 },
	{ NULL, "xdp-filter, UDP alone: one source", NULL, FILTER_UDP_ONE, FLOOR, 0, 0 },
	{ NULL, "  random sources and ports", NULL, FILTER_UDP_SPREAD, FLOOR, 0, 0 },
	{ NULL, "xdp-filter, all of it: one source", NULL, FILTER_ALL_ONE, FLOOR, 0, 0 },
	{ NULL, "  one source, frames written anew", NULL, FILTER_ALL_ANEW, FLOOR, 0, 0 },
	{ NULL, "  random sources and ports", NULL, FILTER_ALL_SPREAD, FLOOR, 0, 0 },
	{ NULL, "nftables, netdev set: one source", NULL, NETDEV_ONE, FLOOR, 0, 0 },
	{ NULL, "  random sources and ports", NULL, NETDEV_SPREAD, FLOOR, 0, 0 },
	{ NULL, "nftables, raw set", NULL, RAW_ONE, FLOOR, 0, 0 },
	{ NULL, "nftables, input set", NULL, INPUT_ONE, FLOOR, 0, 0 },
	{ NULL, "nftables, conntrack and a set", NULL, CONNTRACK_ONE, FLOOR, 0, 0 },
	{ NULL, "nftables, 1,000 rules", NULL, LINEAR_ONE, FLOOR, 0, 0 },
	{ NULL, "iptables, 1,000 rules", NULL, IPTABLES_ONE, FLOOR, 0, 0 },
	{ NULL, "no firewall", NULL, NONE_ONE, FLOOR, 0, 0 },

	{ "The same, peers beside portguard", "nftables, netdev set: one source",
	  "portguard, all on", NETDEV_ONE, ONE, 0, 5 },
	{ NULL, "nftables, 1,000 rules", NULL, LINEAR_ONE, ONE, 0, 100 },
	{ NULL, "iptables, 1,000 rules", NULL, IPTABLES_ONE, ONE, 0, 100 },

	{ "The same, portguard: events on beside off", "one source, one port", "no agent", ONE,
	  QUIET_ONE, 1.10, 0 },
	{ NULL, "random sources and ports", NULL, SPREAD, QUIET_SPREAD, 1.10, 0 },

	{ "The same, portguard: other packets beside UDP by IPv4", "TCP SYN", "UDP", SYN, ONE, 1.10,
	  0 },
	{ NULL, "TCP ACK", NULL, ACK, ONE, 1.10, 0 },
	{ NULL, "TCP FIN", NULL, FIN, ONE, 1.10, 0 },
	{ NULL, "TCP ACK, 1,000 sockets, flows full", NULL, BUSY_ACK, ONE, 1.10, 0 },
	{ NULL, "UDP by IPv6", NULL, IPV6, ONE, 1.10, 0 },
	{ NULL, "UDP by IPv4 in a VLAN", NULL, VLAN, ONE, 1.10, 0 },

	{ "The same, by the number of rules", "portguard, no agent: 1", "an empty XDP program",
	  BY_RULES, FLOOR, 0, 0 },
	{ NULL, "portguard, no agent: 100", NULL, BY_RULES + 1, FLOOR, 0, 0 },
	{ NULL, "portguard, no agent: 10,000", NULL, QUIET_ONE, FLOOR, 0, 0 },
	{ NULL, "nftables, netdev set: 1", NULL, BY_RULES + 2, FLOOR, 0, 0 },
	{ NULL, "nftables, netdev set: 100", NULL, BY_RULES + 3, FLOOR, 0, 0 },
	{ NULL, "nftables, netdev set: 10,000", NULL, NETDEV_ONE, FLOOR, 0, 0 },
	{ NULL, "nftables, a list: 1", NULL, BY_RULES + 4, FLOOR, 0, 0 },
	{ NULL, "nftables, a list: 10", NULL, BY_RULES + 5, FLOOR, 0, 0 },
	{ NULL, "nftables, a list: 100", NULL, BY_RULES + 6, FLOOR, 0, 0 },
	{ NULL, "nftables, a list: 1,000", NULL, LINEAR_ONE, FLOOR, 0, 0 },
	{ NULL, "iptables, a list: 1", NULL, BY_RULES + 7, FLOOR, 0, 0 },
	{ NULL, "iptables, a list: 10", NULL, BY_RULES + 8, FLOOR, 0, 0 },
	{ NULL, "iptables, a list: 100", NULL, BY_RULES + 9, FLOOR, 0, 0 },
	{ NULL, "iptables, a list: 1,000", NULL, IPTABLES_ONE, FLOOR, 0, 0 },
};

#define LINES (sizeof(lines) / sizeof(*lines))

static struct row rows[LINES];
static double ns[SUBJECTS][ROUNDS_MAX], floor_ns[SUBJECTS][ROUNDS_MAX];
static size_t rounds;
static unsigned turns; /* of each in a round */

/* --- rounds ------------------------------------------------------------------------------------- */

struct peers {
	struct receiving receiving;
	struct target targets[PLACES];
	const char *missing[PLACES]; /* why; NULL: it is there */
};

static void one_turn(const struct peers *p, enum place place, const struct packets_to *what,
		     double *least)
{
	double took = target_run(&p->targets[place], &p->receiving,
				 (struct frame_order){ .traffic = what->traffic,
						       .port = GUARD_CLOSED,
						       .count = TURN,
						       .batch = what->wake ? what->wake : WAKE });

	*least = took < *least ? took : *least;
}

static void measure(const struct peers *p, size_t subject, size_t round)
{
	const struct packets_to *what = &subjects[subject];

	if (p->missing[what->place])
		return;
	ns[subject][round] = floor_ns[subject][round] = HUGE_VAL;
	for (unsigned turn = 0; turn < turns; turn++) {
		one_turn(p, EMPTY, what, &floor_ns[subject][round]);
		one_turn(p, what->place, what, &ns[subject][round]);
	}
}

static void fill_row(const struct peers *p, size_t i, const char **beside)
{
	const struct line *l = &lines[i];
	const double *base = l->beside == FLOOR ? floor_ns[l->of] : ns[l->beside];

	*beside = l->beside_name ? l->beside_name : *beside;
	rows[i] = (struct row){ .section = l->section,
				.name = l->name,
				.unit = "ns",
				.beside = *beside,
				.most_ratio = l->most,
				.least_ratio = l->least,
				.rounds = rounds,
				.foreign = !l->least && subjects[l->of].place >= FOREIGN,
				.skip = p->missing[subjects[l->of].place] };
	for (size_t round = 0; round < rounds; round++) {
		rows[i].value[round] = ns[l->of][round];
		rows[i].base[round] = base[round];
	}
}

static void skip_all(const char *why)
{
	for (size_t i = 0; i < LINES; i++)
		rows[i] = (struct row){ .section = lines[i].section,
					.name = lines[i].name,
					.skip = why };
}

static bool make(const struct world *w, struct peers *p)
{
	for (size_t i = 0; i < PLACES; i++)
		if (!target_make(&p->targets[i], &p->receiving, (unsigned)i))
			return false;
	for (size_t i = 0; i < PLACES; i++) {
		p->missing[i] = guard_set(w, &p->targets[i], &p->receiving, &guards[i]);
		if (p->missing[i])
			(void)fprintf(stderr, "bench: without %s: %s\n", guards[i].name,
				      p->missing[i]);
	}
	return true;
}

void peers_measure(const struct world *w, size_t count, unsigned turns_each)
{
	static struct peers p;
	const char *beside = NULL;

	rounds = count;
	turns = turns_each;
	(void)libbpf_set_print(NULL); /* it would tell what of xdp-filter's files it leaves out */
	if (!receive_begin(&p.receiving))
		return skip_all("it takes two CPUs, and Linux 5.18");
	if (!make(w, &p))
		return skip_all("NAPI has no threads here");
	for (size_t round = 0; round < rounds; round++)
		for (size_t subject = 0; subject < SUBJECTS; subject++)
			measure(&p, subject, round);
	for (size_t i = 0; i < LINES; i++)
		fill_row(&p, i, &beside);
	for (size_t i = 0; i < PLACES; i++)
		if (!p.missing[i])
			guard_end(w, &p.targets[i], &guards[i]);
	receive_end(&p.receiving);
	world_clear_cgroup(w, "guarded_e");
}

int peers_print(void)
{
	return table_print(rows, LINES, rounds);
}
