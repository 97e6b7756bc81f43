// SPDX-License-Identifier: GPL-2.0-only
/*
 * What traffic pays that may pass, with all of portguard: every hook, an agent, attached where `auto`
 * puts it. Four hosts, each with a peer of its own: one that nobody guards, one with portguard, one
 * with a stateful ruleset of nftables, one with empty programs in portguard's place. Both ends of what
 * is carried are one process's, and on a veth pair softirqs run in its context: its CPU time is all
 * that it costs.
 *
 * A round's turns go from the first host to the last and back, so that what changes slowly falls on all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/network.h"
#include "bench/workers.h"

#define INSTANCE "bench-g"
#define PINS WORLD_BPFFS "/portguard/" INSTANCE
#define POLICY WORLD_DIR "/pass.yaml"
#define RULESET WORLD_DIR "/pass.nft"
#define DEVICE "bench2" /* of CABLE */
#define CGROUP "guarded_e/pass"
#define CGROUP_FLOOR "guarded_e/floor"

#define PORT 80 /* what all let in */
#define QUESTION_PORT 53
#define ASKED 256 /* peers of the resolver */
#define ASKED_FIRST 0x0a520001 /* 10.82.0.1 */

enum host { FREE, PORTGUARD, NFTABLES, FLOOR, HOSTS };
enum work { BULK, REQUESTS, CONNECTS, ECHO, RESOLVE, WORKS };

/* Sockets of the host and of its peer. */
struct ends {
	struct sockaddr_in address; /* the host's */
	int listener; /* TCP */
	struct connection {
		int client, server;
	} bulk, requests; /* two: TCP is another where requests and replies alternate */
	int echo, asker; /* UDP: who answers on the host, who asks it */
	int resolver, asked[ASKED]; /* UDP: who asks on the host, who answers */
};

static struct place {
	struct network network;
	struct ends ends;
	struct worker workers[WORKS];
} places[HOSTS];

static const char *missing[HOSTS]; /* why */
static size_t rounds;

/* --- the work ----------------------------------------------------------------------------------- */

static char buffer[64 * 1024];

static void must(ssize_t got, ssize_t wanted, const char *what)
{
	if (got != wanted)
		die("%s: %s", what, got < 0 ? strerror(errno) : "less than was sent");
}

static void carry(const void *data, unsigned mib)
{
	const struct ends *e = data;

	stream_carry(e->bulk.client, e->bulk.server, mib);
}

static void request(int client, int server)
{
	must(send(client, buffer, 100, MSG_NOSIGNAL), 100, "a request");
	must(recv(server, buffer, sizeof(buffer), 0), 100, "a request");
	must(send(server, buffer, 1000, MSG_NOSIGNAL), 1000, "a reply");
	must(recv(client, buffer, sizeof(buffer), 0), 1000, "a reply");
}

static void ask(const void *data, unsigned count)
{
	const struct ends *e = data;

	for (unsigned i = 0; i < count; i++)
		request(e->requests.client, e->requests.server);
}

/* The worker is in the peer's namespace, so its sockets are the peer's. */
static void connect_often(const void *data, unsigned count)
{
	const struct linger at_once = { .l_onoff = 1 }; /* no port waits to be free again */
	const struct ends *e = data;

	for (unsigned i = 0; i < count; i++) {
		int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

		must(connect(client, (const struct sockaddr *)&e->address, sizeof(e->address)), 0,
		     "connect");
		server = accept4(e->listener, NULL, NULL, SOCK_CLOEXEC);
		request(client, server);
		(void)setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		(void)close(client);
		(void)close(server);
	}
}

static void exchange(int asker, const struct sockaddr_in *to, int answerer)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);

	must(sendto(asker, buffer, 40, 0, (const struct sockaddr *)to, sizeof(*to)), 40,
	     "a question");
	must(recvfrom(answerer, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &size), 40,
	     "a question");
	must(sendto(answerer, buffer, 120, 0, (struct sockaddr *)&from, size), 120, "an answer");
	must(recv(asker, buffer, sizeof(buffer), 0), 120, "an answer");
}

static void echo(const void *data, unsigned count)
{
	const struct ends *e = data;

	for (unsigned i = 0; i < count; i++)
		exchange(e->asker, &e->address, e->echo);
}

static struct sockaddr_in asked_address(unsigned i)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(QUESTION_PORT),
				     .sin_addr.s_addr = htonl(ASKED_FIRST + i) };
}

static void resolve(const void *data, unsigned count)
{
	const struct ends *e = data;

	for (unsigned i = 0; i < count; i++) {
		const struct sockaddr_in to = asked_address(i % ASKED);

		exchange(e->resolver, &to, e->asked[i % ASKED]);
	}
}

static const struct {
	const char *name, *unit;
	void (*work)(const void *data, unsigned amount);
	unsigned amount; /* of a turn: some milliseconds */
	double units; /* what its ns are divided by */
	double most; /* beside an unguarded host */
} works[WORKS] = {
	[BULK] = { "bulk TCP to the host, a KiB", "ns", carry, 64, 64 * 1024, 1.05 },
	[REQUESTS] = { "a request by an open connection", "us", ask, 1500, 1500e3, 1.05 },
	[CONNECTS] = { "a connection with one request", "us", connect_often, 250, 250e3, 1.05 },
	[ECHO] = { "a datagram to the host, and back", "us", echo, 2500, 2500e3, 1.05 },
	[RESOLVE] = { "a question to one of 256 resolvers", "us", resolve, 2500, 2500e3, 1.08 },
};

/* --- hosts -------------------------------------------------------------------------------------- */

static int bound(const struct network *n, bool of_peer, int type, const struct sockaddr_in *a)
{
	int fd = network_socket(n, of_peer, type);

	if (a && bind(fd, (const struct sockaddr *)a, sizeof(*a)))
		die("bind: %s", strerror(errno));
	return fd;
}

static struct connection open_connection(const struct network *n, const struct ends *e)
{
	struct connection c = { .client = bound(n, true, SOCK_STREAM, NULL) };

	must(connect(c.client, (const struct sockaddr *)&e->address, sizeof(e->address)), 0,
	     "connect");
	c.server = accept4(e->listener, NULL, NULL, SOCK_CLOEXEC);
	return c;
}

/* In @cgroup what is the host's, elsewhere what is the peer's: a socket stays where it was made. */
static void open_ends(const struct world *w, const struct network *n, const char *cgroup,
		      struct ends *e)
{
	world_enter_cgroup(w, cgroup);
	e->address = network_address(CABLE, false, PORT);
	e->listener = bound(n, false, SOCK_STREAM, &e->address);
	e->echo = bound(n, false, SOCK_DGRAM, &e->address);
	e->resolver = bound(n, false, SOCK_DGRAM, NULL);
	world_enter_cgroup(w, "rest");
	e->asker = bound(n, true, SOCK_DGRAM, NULL);
	for (unsigned i = 0; i < ASKED; i++) {
		const struct sockaddr_in a = asked_address(i);

		e->asked[i] = bound(n, true, SOCK_DGRAM, &a);
	}
	if (listen(e->listener, 16))
		die("listen: %s", strerror(errno));
	e->bulk = open_connection(n, e);
	e->requests = open_connection(n, e);
}

#define IP(...) ((void)command((char *[]){ "ip", __VA_ARGS__, NULL }, -1))

/* The peer has the addresses of all that the resolver asks. */
static void make_network(struct network *n)
{
	if (unshare(CLONE_NEWNET))
		die("namespaces: %s", strerror(errno));
	IP("link", "set", "lo", "up");
	network_make(n);
	IP("route", "add", "10.82.0.0/16", "via", "10.79.0.2");
	namespace_enter(n->peer);
	IP("link", "set", "lo", "up");
	IP("route", "add", "local", "10.82.0.0/16", "dev", "lo");
	namespace_enter(n->host);
}

static void make_cgroup(const struct world *w, const char *name, char path[BENCH_PATH + 16])
{
	(void)snprintf(path, BENCH_PATH + 16, "%s/%s", w->cgroup, name);
	if (mkdir(path, 0755))
		die("%s: %s", path, strerror(errno));
}

static struct agent guard(const struct world *w)
{
	char cgroup[BENCH_PATH + 16];

	make_cgroup(w, CGROUP, cgroup);
	return agent_start(w, INSTANCE, WORDS("run", "-c", POLICY, "--cgroup", cgroup));
}

static const char *attach_floor(const struct world *w)
{
	char cgroup[BENCH_PATH + 16];

	make_cgroup(w, CGROUP_FLOOR, cgroup);
	return floor_attach(PINS, cgroup, if_nametoindex(DEVICE));
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) == EOF || fclose(f))
		die("%s: %s", path, strerror(errno));
}

static void write_rules(void)
{
	write_file(POLICY, "version: 1\ninterfaces: [" DEVICE "]\nfailsafe: []\nessentials: []\n"
			   "rules:\n  - allow 80\n");
	write_file(RULESET,
		   "table inet bench {\nchain in { type filter hook input priority filter;\n"
		   "policy drop;\nct state established,related accept\niif lo accept\n"
		   "tcp dport 80 accept\nudp dport 80 accept\n}\n}\n");
}

static void start(struct place *p)
{
	namespace_enter(p->network.peer);
	for (enum work work = 0; work < WORKS; work++)
		p->workers[work] = worker_start(works[work].work, &p->ends);
	namespace_enter(p->network.host);
}

static struct agent make(const struct world *w)
{
	int here = namespace_open();
	struct agent agent;

	write_rules();
	for (enum host host = 0; host < HOSTS; host++) {
		struct place *p = &places[host];

		make_network(&p->network);
		if (host == PORTGUARD)
			agent = guard(w);
		if (host == NFTABLES &&
		    !succeeds((char *[]){ "nft", "-f", RULESET, NULL }, STDERR_FILENO))
			missing[host] = "no nftables here, or no connection tracking";
		if (host == FLOOR)
			missing[host] = attach_floor(w);
		open_ends(w, &p->network,
			  host == PORTGUARD ? CGROUP
			  : host == FLOOR   ? CGROUP_FLOOR
					    : "rest",
			  &p->ends);
		start(p);
	}
	namespace_enter(here);
	(void)close(here);
	return agent;
}

/* --- rounds ------------------------------------------------------------------------------------- */

/* Two of a kind beside an unguarded host: portguard's, the floor's; then beside nftables. */
static struct row rows[3 * WORKS];

static void fill_rows(void)
{
	for (enum work work = 0; work < WORKS; work++) {
		const struct row row = { .name = works[work].name,
					 .unit = works[work].unit,
					 .rounds = rounds };

		rows[2 * work] = rows[2 * work + 1] = rows[2 * WORKS + work] = row;
		rows[2 * work].beside = "unguarded";
		rows[2 * work].most_ratio = works[work].most;
		rows[2 * work + 1].name = "  empty programs at the same hooks";
		rows[2 * work + 1].beside = "unguarded";
		rows[2 * work + 1].foreign = true;
		rows[2 * work + 1].skip = missing[FLOOR];
		rows[2 * WORKS + work].beside = "nftables, stateful";
		rows[2 * WORKS + work].most_ratio = 1;
		rows[2 * WORKS + work].skip = missing[NFTABLES];
	}
	rows[0].section = "What may pass, all of portguard: CPU of both ends";
	rows[2 * WORKS].section = "The same, beside nftables";
}

static void measure(enum work work, size_t round)
{
	double took[HOSTS] = { 0 };

	for (int turn = 0; turn < 2 * HOSTS; turn++) {
		enum host host = turn < HOSTS ? turn : 2 * HOSTS - 1 - turn;

		took[host] += worker_run(&places[host].workers[work], works[work].amount) /
			      works[work].units / 2;
	}
	rows[2 * work].value[round] = rows[2 * WORKS + work].value[round] = took[PORTGUARD];
	rows[2 * work + 1].value[round] = took[FLOOR];
	rows[2 * work].base[round] = rows[2 * work + 1].base[round] = took[FREE];
	rows[2 * WORKS + work].base[round] = took[NFTABLES];
}

void pass_measure(const struct world *w, size_t count)
{
	struct agent agent = make(w);

	rounds = count;
	fill_rows();
	for (size_t round = 0; round <= rounds; round++) /* the first is to warm up */
		for (enum work work = 0; work < WORKS; work++)
			measure(work, round ? round - 1 : 0);
	for (enum host host = 0; host < HOSTS; host++)
		for (enum work work = 0; work < WORKS; work++)
			worker_end(&places[host].workers[work]);
	agent_end(&agent);
	(void)run_portguard(w, INSTANCE, WORDS("down", "--purge"));
	world_clear_cgroup(w, "guarded_e");
}

int pass_print(void)
{
	return table_print(rows, 3 * WORKS, rounds);
}
