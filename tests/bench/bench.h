/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the benchmark share. Everything is measured in rounds: each round measures
 * every row, and beside it what the row is compared to, so that whatever else the machine does
 * falls on both alike. A row's ratio is the median of the rounds' ratios, not the ratio of two
 * medians.
 *
 *   main.c      the rounds and the rows
 *   world.c     a throw-away machine to measure in, gone afterwards however it ends
 *   packets.c   what a packet costs in a program
 *   idle.c      devices by which nothing comes, for programs that are run by hand
 *   decisions.c what a decision costs in each hook
 *   sizes.c     what grows with the policy, and what does not
 *   events.h    what events take on their way out, and how soon they arrive
 *   consumers.c what a dropped packet costs while all outputs tell of it
 *   sets.c      what a rule costs that asks for a set of addresses
 *   commands.c  what a command costs as a whole process
 *   elements.c  and what nftables' own costs
 *   receive.c   what a packet costs the CPU that receives it
 *   frames.c    packets for it, and the programs that send them
 *   guards.c    what can stand before a receiver: portguard and its peers
 *   busy.c      a machine with much going on
 *   peers.c     which of them is measured with what
 *   calls.c     what bind(), connect() and sendto() take, beside others that guard them
 *   call_guards.c  the others
 *   streams.c   what sockets pay: a TCP stream by the byte, a UDP question by the exchange
 *   pass.c      the same with all of portguard, beside nothing and beside nftables
 *   floor.c     and with empty programs in its place
 *   network.c   the peer and the sockets for it
 *   workers.c   processes that work on command, and their CPU time
 *   table.c     rows, medians, spread, aims
 *   csv.c       the same for programs
 */
#ifndef PORTGUARD_BENCH_H
#define PORTGUARD_BENCH_H

#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ROUNDS_MAX 64
#define BENCH_PATH 512

/* Says what failed and ends the process: a benchmark has nothing to go on with. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* Sorts @values. */
double median(double *values, size_t count);

/* --- table.c --- */

struct summary {
	double low, middle, high;
	double least, most; /* of the median, with 95 % */
};

struct row {
	const char *section; /* a heading, before its first row */
	const char *name, *unit;
	const char *beside; /* what the row is compared to; NULL: nothing, no ratio */
	double most, most_ratio, least_ratio; /* the aims; 0: none */
	const char *skip; /* why it has no figures */
	bool foreign; /* of a peer: what becomes of it is no matter of ours */
	size_t rounds; /* 0: as many as most rows have */
	double value[ROUNDS_MAX], base[ROUNDS_MAX];
};

/* Return: how many aims were missed. */
int table_print(const struct row *rows, size_t count, size_t rounds);

#define SIZES_MAX 3

/* One thing at several sizes of a policy. */
struct size_row {
	const char *name, *unit;
	double most; /* of the last size; 0: no aim */
	double most_ratio; /* of each size to the first; 0: values are printed, no ratios */
	double value[SIZES_MAX][ROUNDS_MAX];
};

/* @sizes: their names. Return: how many aims were missed. */
int table_print_sizes(const char *heading, const char *const sizes[], size_t size_count,
		      const struct size_row *rows, size_t count, size_t rounds);

/* --- csv.c --- */

struct csv_line {
	const char *section, *name, *size, *unit, *beside, *skip;
	const struct summary *value, *base, *ratio; /* NULL: none */
	double most, most_ratio, least_ratio;
	bool foreign;
};

/* All that is printed from then on. */
void csv_open(const char *path);
void csv_line(const struct csv_line *l);
void csv_close(void);

/* --- world.c --- */

struct world {
	char cgroup[BENCH_PATH]; /* ours; below it guarded_a to _e, and rest: this process */
	char portguard[BENCH_PATH];
};

#define WORLD_DIR "/run/bench" /* a tmpfs that nobody else sees */
#define WORLD_BPFFS WORLD_DIR "/bpf"
#define WORLD_DEVICE_A "bench0"
#define WORLD_DEVICE_B "bench1"

/* Make @cgroup, one of those below w->cgroup, the one of this process. */
void world_enter_cgroup(const struct world *w, const char *cgroup);

/* The same as /proc/PID/cgroup prints it: what patterns of scopes are of. */
void world_cgroup_path(const struct world *w, const char *cgroup, char *to, size_t size);

/* Remove what is below it. */
void world_clear_cgroup(const struct world *w, const char *cgroup);

/**
 * world_run() - Run @body in a process that has its own network, mounts, bpffs and cgroup.
 * Waits for it, or for a signal that ends both, and takes away what outlives processes: the cgroup.
 * Return: the exit code of @body, or 128 and the signal's number.
 */
int world_run(struct world *w, int (*body)(const struct world *w, void *data), void *data);

/* Write a policy of @rules rules (1: port 80 alone) for @device, or several: "a, b". */
void world_policy(const char *path, const char *device, unsigned rules);

/* --- idle.c --- */

/* So that a test run of an XDP program waits for nothing. Return: a link, to be closed with the program. */
int idle_attach(int program);

/* --- packets.c --- */

/* A program that does nothing but return, and one that is pinned. */
int empty_program(enum bpf_prog_type type, enum bpf_attach_type attach, int returns);
int pinned(const char *pins, const char *name);

/* A TCP SYN from the peer to a port of the host, as Ethernet carries it. */
#define PACKET_BYTES 54
void packet_syn(unsigned port, unsigned char to[PACKET_BYTES]);

/* A program that goes on into element 0 of array_of(), which must stay open: its last user empties it. */
int array_of(int program);
int program_before(const struct bpf_insn *insns, size_t count);

/* Run an XDP program on a packet, over and over. Return: this thread's CPU time for each, in ns. */
#define PACKET_BYTES_MAX 128
double packet_run(int fd, const void *packet, size_t size, unsigned repeat, uint32_t *ret_verdict);

enum packet_kind { DROP, DROP_SPREAD, ALLOWED, FLOW, SOCKET, PACKET_KINDS };

struct packets {
	int base,
		base_spread; /* programs that do nothing; the second with other sources each time */
	int base_array;
	int inbound, spread, spread_array, outbound;
	int links[4]; /* of the XDP programs */
	int listener, client, server; /* an open TCP connection, for SOCKET */
	unsigned turns, repeat;
};

/* From how many sources, and to how many ports, DROP_SPREAD comes. */
struct spread {
	unsigned sources, ports;
};
extern const struct spread spread_any;

/* Open the programs of an instance whose pins are in @pins. */
void packets_open(struct packets *p, const char *pins, const struct spread *over, unsigned turns,
		  unsigned repeat);
void packets_close(struct packets *p);

/**
 * packets_measure() - What a packet of each of the first @kinds takes over an empty program, in ns.
 * Return: what the empty program takes.
 */
double packets_measure(const struct packets *p, size_t kinds, double *ret_ns);

struct packet_order {
	int program;
	unsigned char packet[PACKET_BYTES_MAX];
	size_t size;
};
/* What runs for a kind of packet, and on what, after all that must have left before it comes. */
struct packet_order packets_order(const struct packets *p, enum packet_kind kind);

/* --- growth.c --- */

/* The same packets by one CPU and by two at once, of the instance whose pins are in @pins. */
void growth_measure(const char *pins, size_t rounds, unsigned turns, unsigned repeat);
/* Return: how many aims were missed. */
int growth_print(void);

/* --- consumers.c --- */

/* One source, and 10,000 over 1,000 ports; makes an instance of its own and takes it down. */
void consumers_measure(const struct world *w, unsigned turns, unsigned repeat, size_t round,
		       struct row *one, struct row *spread);

/* --- commands.c --- */

struct cost {
	double wall_us, cpu_us; /* from posix_spawn to wait4, and what wait4 says */
};

/* A command that must succeed; its output goes to @out_fd, or, -1, nowhere. */
struct cost command(char *const argv[], int out_fd);

/* A command that may fail, or not be there; what it complains of goes to @err_fd, or, -1, nowhere. */
bool succeeds(char *const argv[], int err_fd);

#define COMMAND_WORDS 16
struct command_line {
	const char *argv[COMMAND_WORDS];
};

/* portguard --instance @instance WORD… */
struct command_line portguard(const struct world *w, const char *instance,
			      const char *const words[]);

#define WORDS(...) ((const char *[]){ __VA_ARGS__, NULL })

/* The same, run: it must succeed. */
struct cost run_portguard(const struct world *w, const char *instance, const char *const words[]);

/* The same, in the background, until end_process(). */
pid_t start_portguard(const struct world *w, const char *instance, const char *const words[]);
void end_process(pid_t pid);

struct agent {
	pid_t pid;
	double ready_ms; /* from posix_spawn to `portguard: ready` */
};
struct agent agent_start(const struct world *w, const char *instance, const char *const words[]);
void agent_end(const struct agent *a);

struct memory {
	double agent_kib, maps_kib, peers_kib;
};
struct memory memory_of(const struct world *w, const char *instance);

/* --- elements.c --- */

/*
 * A network namespace in which nftables has a set of so many ports. *@ret_missing: why it has none, else it is
 * left alone.
 */
int elements_open(unsigned rules, const char **ret_missing);
/* `nft add element` there, of a port that is then taken out again. */
struct cost elements_add(int namespace);

/* --- workers.c --- */

struct worker {
	pid_t pid;
	int orders, answers, clock;
};

/* A process, in the cgroup of this one, that waits for orders; @data must outlive it. */
struct worker worker_start(void (*work)(const void *data, unsigned amount), const void *data);
void worker_end(const struct worker *w);

/* Let it work, and wait until it has. */
void worker_begin(const struct worker *w, unsigned amount);
void worker_wait(const struct worker *w);
/* Both. Return: its CPU time, softirqs in its context included, in ns. */
double worker_run(const struct worker *w, unsigned amount);

/* A clock of all the time for which @pid holds a CPU, and what it says. */
int task_clock(pid_t pid);
double clock_ns(int clock);

/* --- frames.c --- */

enum traffic {
	TRAFFIC_UDP, /* one source, one port */
	TRAFFIC_ANEW, /* one source, one port, and each frame written anew by the CPU that sends it */
	TRAFFIC_SPREAD, /* UDP of any source to any of many closed ports */
	TRAFFIC_SYN,
	TRAFFIC_ACK,
	TRAFFIC_FIN,
	TRAFFIC_IPV6,
	TRAFFIC_VLAN,
	TRAFFIC_FRAGMENT /* later ones, whose first one never came */
};

#define FRAME_BYTES 64
#define SENDER_IPV4 "10.80.0.2"
#define SENDER_IPV6 "fd80::2"
#define RECEIVER_IPV4 "10.80.0.1"
#define RECEIVER_IPV6 "fd80::1"
#define SENDER_MAC "02:00:00:00:00:02"
#define RECEIVER_MAC "02:00:00:00:00:01"

struct frames {
	int same, anew, spread; /* programs that send */
};
/* Return: whether this kernel can (from Linux 5.18 on). */
bool frames_open(struct frames *f);

struct frame_order {
	enum traffic traffic;
	unsigned device, port, count, batch; /* @batch: so many before the receiver is woken */
};
void frames_send(const struct frames *f, const struct frame_order *o);

/* --- receive.c --- */

/* The next one of a set behind @cpu. Return: whether there is one. */
bool next_cpu(const cpu_set_t *set, int *cpu);
/* Let a process, 0: this one, run on that CPU alone. */
void bind_to(pid_t pid, int cpu);

struct receiving {
	struct frames frames;
	int sender, receiver; /* CPUs */
	cpu_set_t before;
	struct worker stand_by;
	bool *wanted; /* shared with it */
};

struct target {
	int namespace, host;
	char device[16]; /* in @namespace */
	unsigned sender; /* the cable's other end, in @host */
	pid_t thread;
	int clock, figures;
};

/* Return: whether there are two CPUs, and a kernel that can send. */
bool receive_begin(struct receiving *g);
void receive_end(const struct receiving *g);

/* Return: false where NAPI has no threads (before Linux 5.12). */
bool target_make(struct target *r, const struct receiving *g, unsigned number);
/* For what is started or opened meanwhile. */
void target_enter(const struct target *r);
void target_leave(const struct target *r);

/* Send it what @o says, of whatever device. Return: its thread's CPU time for each that came, in ns. */
double target_run(const struct target *r, const struct receiving *g, struct frame_order o);

/* --- guards.c --- */

enum guard_kind {
	GUARD_NONE,
	GUARD_EMPTY, /* an XDP program that drops everything */
	GUARD_READ, /* one that asks for port 80, and nothing else */
	GUARD_XDP, /* portguard */
	GUARD_TC,
	GUARD_FILTER_UDP, /* xdp-filter: only what UDP needs; all that it can */
	GUARD_FILTER_ALL,
	GUARD_NFT_NETDEV, /* nftables with a set */
	GUARD_NFT_RAW,
	GUARD_NFT_INPUT,
	GUARD_NFT_CONNTRACK,
	GUARD_NFT_LINEAR, /* rule after rule */
	GUARD_IPTABLES
};

#define GUARD_FLOWS 65536
#define GUARD_CLOSED 81
#define GUARD_ALLOWED 80

struct guard {
	const char *name;
	enum guard_kind kind;
	unsigned rules;
	bool agent; /* that reports events, with somebody who reads them */
	bool busy; /* every port in use, the table of flows full, a thousand sockets */
	struct agent running;
	pid_t subscriber;
};

/* `set open { ... }`: port 80 and @rules - 1 others. */
void guard_write_set(FILE *f, unsigned rules);

/* Put it before @r, and see that it lets in and refuses what it is to. Return: NULL, or why not. */
const char *guard_set(const struct world *w, const struct target *r, const struct receiving *g,
		      struct guard *guard);
void guard_end(const struct world *w, const struct target *r, const struct guard *guard);

/* --- busy.c --- */

/* Make this namespace's sockets, and the flows of the instance whose pins are in @pins. */
void busy_begin(const char *pins);

/* --- peers.c --- */

void peers_measure(const struct world *w, size_t rounds, unsigned turns);
/* Return: how many aims were missed. */
int peers_print(void);

/* --- call_guards.c --- */

/* Whether this kernel's Landlock knows ports (Linux 6.7). */
bool landlock_is_here(void);
/* This process may bind to 1,000 ports from 20001 on, and to no others. */
void landlock_enter(void);
/* For a cgroup's bind4: 1,000 rules, of which the last is of @first to @last. */
int list_program(unsigned first, unsigned last);

/* --- calls.c --- */

/* Makes two instances, and takes them down. */
void calls_measure(const struct world *w, size_t rounds);
/* Return: how many aims were missed. */
int calls_print(void);

/* --- decisions.c --- */

enum decision {
	DECIDE_BIND,
	DECIDE_LISTEN,
	DECIDE_SOCKET,
	DECIDE_CONNECT,
	DECIDE_SEND,
	DECIDE_DROP,
	DECIDE_PASS,
	DECIDE_DELIVER,
	DECISIONS
};

/* What the policy has to say of those that are asked. */
#define DECISION_ALLOWED 80 /* allow 80 */
#define DECISION_OUT 53 /* allow out 53/udp */
#define DECISION_CLOSED 81

struct decision_call {
	int fd; /* a socket, or a program */
	struct sockaddr_in address;
	unsigned port, ifindex;
	int verdict;
};

struct decision_place {
	struct decision_call calls[DECISIONS];
	struct worker workers[DECISIONS];
};

struct decisions {
	struct decision_place guarded, outside;
};

/*
 * Of an instance whose pins are in @pins, by sockets and processes of @cgroup, which it guards. @number: another
 * one for each of those that are open at once.
 */
void decisions_open(struct decisions *d, const struct world *w, const char *pins,
		    const char *cgroup, unsigned number);
void decisions_close(const struct decisions *d);
/* What each takes, in ns. */
void decisions_measure(const struct decisions *d, unsigned turns, double ret_ns[DECISIONS]);

/* --- sizes.c --- */

/* Makes an instance for each kind of policy, and takes it down. */
void sizes_measure(const struct world *w, size_t rounds, unsigned turns);
/* Return: how many aims were missed. */
int sizes_print(void);

/* --- events.c --- */

/* Each round has turns of @events each. */
void events_measure(const struct world *w, size_t rounds, unsigned events);
/* Return: how many aims were missed. */
int events_print(void);

/* --- sets.c --- */

/* Makes an instance of its own, and takes it down. */
void sets_measure(const struct world *w, size_t rounds, unsigned turns, unsigned repeat);
/* Return: how many aims were missed. */
int sets_print(void);

/* --- network.c --- */

/* The network namespace of this process, and another one for it. */
int namespace_open(void);
void namespace_enter(int namespace);

/* Cables from the host to a peer in a network namespace of its own. */
enum cable {
	CABLE, /* guarded; a packet may be as large as TCP makes it (GSO) */
	CABLE_NARROW, /* guarded; a TCP segment is a packet */
	CABLE_UNGUARDED,
	CABLES
};
#define NETWORK_GUARDED "bench2, bench4"

struct network {
	int host, peer; /* namespaces */
};

void network_make(struct network *n);

/* A socket of the peer, or of the host, and of this process's cgroup. */
int network_socket(const struct network *n, bool of_peer, int type);
struct sockaddr_in network_address(enum cable cable, bool of_peer, unsigned port);

/* --- floor.c --- */

/*
 * Empty programs, for as long as this process is there, at all that the instance whose pins are in @pins is
 * attached to, but of @cgroup and @ifindex. Return: NULL, or why not.
 */
const char *floor_attach(const char *pins, const char *cgroup, unsigned ifindex);

/* --- pass.c --- */

/* Makes an instance of its own and takes it down. */
void pass_measure(const struct world *w, size_t rounds);
/* Return: how many aims were missed. */
int pass_print(void);

/* --- streams.c --- */

enum stream_kind {
	TCP_LARGE, /* deliver beside nothing */
	TCP_SMALL,
	TCP_SMALL_OWN, /* deliver beside an empty program in its place */
	UDP_ONE, /* deliver and send beside neither */
	UDP_NEW,
	UDP_ONE_ALL, /* all of portguard beside nothing of it */
	UDP_NEW_ALL,
	STREAM_KINDS
};

/* So many MiB from one socket to the other by this process alone: what is measured is no scheduler. */
void stream_carry(int from, int to, unsigned mib);
/* Fill @rows, one for each kind; makes an instance of its own and takes it down. */
void streams_measure(const struct world *w, size_t rounds, struct row *rows);

#endif
