// SPDX-License-Identifier: GPL-2.0-only
/*
 * What sockets pay. Bulk TCP from the peer to a socket of the guarded cgroup, by a guarded device:
 * the CPU time of both ends, softirqs included, by the byte, with `deliver` attached beside
 * without. And a resolver's load: a datagram to the peer and its answer, by an unconnected socket,
 * one for all or a new one each time.
 *
 * With and without take short turns within a round, in the order with, without, without, with, so
 * that what changes slowly falls on both. Links are made and ended by this process itself, which
 * takes microseconds; inbound and outbound stay as they are.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/network.h"
#include "bench/packets.h"
#include "bench/workers.h"

#define POLICY WORLD_DIR "/streams.yaml"
#define INSTANCE "bench-c"
#define PINS WORLD_BPFFS "/portguard/" INSTANCE
#define STREAM_PORT 80 /* what world_policy() allows */
#define QUESTION_PORT 53
#define QUESTION_BYTES 40
#define ANSWER_BYTES 120

#define TURN_MIB 128
#define TURN_MIB_SMALL 32
#define TURN_EXCHANGES 4000

/* --- the work --- */

static char buffer[64 * 1024];

struct stream {
	int from, to;
};

void stream_carry(int from, int to, unsigned mib)
{
	size_t unsent = (size_t)mib << 20, unread = unsent;
	ssize_t n;

	while (unread) {
		size_t piece = unsent < sizeof(buffer) ? unsent : sizeof(buffer);

		n = send(from, buffer, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			die("stream: send: %s", strerror(errno));
		unsent -= n > 0 ? (size_t)n : 0;
		while (unread && (n = recv(to, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
			unread -= (size_t)n;
		if (n < 0 && errno != EAGAIN)
			die("stream: receive: %s", strerror(errno));
	}
}

static void carry(const void *data, unsigned mib)
{
	const struct stream *s = data;

	stream_carry(s->from, s->to, mib);
}

struct questions {
	struct sockaddr_in server;
	int asker, answerer; /* @asker -1: a new socket for each question */
};

static void exchange(const struct questions *q, int asker)
{
	struct sockaddr_in from;
	socklen_t size = sizeof(from);

	if (sendto(asker, buffer, QUESTION_BYTES, 0, (const struct sockaddr *)&q->server,
		   sizeof(q->server)) != QUESTION_BYTES ||
	    recvfrom(q->answerer, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &size) !=
		    QUESTION_BYTES ||
	    sendto(q->answerer, buffer, ANSWER_BYTES, 0, (struct sockaddr *)&from, size) !=
		    ANSWER_BYTES ||
	    recvfrom(asker, buffer, sizeof(buffer), 0, NULL, NULL) != ANSWER_BYTES)
		die("question and answer: %s", strerror(errno));
}

static void ask(const void *data, unsigned count)
{
	const struct questions *q = data;

	for (unsigned i = 0; i < count; i++) {
		int fd = q->asker < 0 ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : q->asker;

		exchange(q, fd);
		if (q->asker < 0)
			(void)close(fd);
	}
}

/* --- who does it --- */

struct streams {
	const struct world *world;
	struct network network;
	int cgroup;
	struct hook {
		enum bpf_attach_type type;
		int program, link; /* @link -1: not attached */
	} deliver, send, empty;
	struct stream stream[CABLES];
	struct questions questions[CABLES][2]; /* by one socket, by new ones */
	struct worker with[STREAM_KINDS], without[STREAM_KINDS];
};

/* The peer's are never in the guarded cgroup: a socket's is the one in which it was made. */
static int host_socket(const struct streams *s, const char *cgroup, int type)
{
	world_enter_cgroup(s->world, cgroup);
	return network_socket(&s->network, false, type);
}

static int peer_socket(const struct streams *s, int type)
{
	world_enter_cgroup(s->world, "rest");
	return network_socket(&s->network, true, type);
}

static void open_stream(struct streams *s, enum cable cable)
{
	struct sockaddr_in address = network_address(cable, false, STREAM_PORT);
	int listener = host_socket(s, "guarded_c", SOCK_STREAM);
	int from = peer_socket(s, SOCK_STREAM), to;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1) ||
	    connect(from, (struct sockaddr *)&address, sizeof(address)))
		die("a stream: %s", strerror(errno));
	to = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (to < 0)
		die("accept: %s", strerror(errno));
	(void)close(listener);
	s->stream[cable] = (struct stream){ from, to };
}

/* @cgroup: of the one who asks. */
static void open_questions(struct streams *s, enum cable cable, const char *cgroup)
{
	struct sockaddr_in server = network_address(cable, true, QUESTION_PORT);
	struct questions q = { .server = server,
			       .asker = host_socket(s, cgroup, SOCK_DGRAM),
			       .answerer = peer_socket(s, SOCK_DGRAM) };

	if (bind(q.answerer, (struct sockaddr *)&server, sizeof(server)))
		die("bind: %s", strerror(errno));
	s->questions[cable][0] = q;
	q.asker = -1;
	s->questions[cable][1] = q;
}

static struct worker start_in(const struct streams *s, const char *cgroup,
			      void (*work)(const void *data, unsigned amount), const void *data)
{
	world_enter_cgroup(s->world, cgroup);
	return worker_start(work, data);
}

static void open_workers(struct streams *s)
{
	const struct questions *guarded = s->questions[CABLE];
	const struct questions *unguarded = s->questions[CABLE_UNGUARDED];

	open_stream(s, CABLE);
	open_stream(s, CABLE_NARROW);
	open_questions(s, CABLE, "guarded_c");
	open_questions(s, CABLE_UNGUARDED, "rest");
	s->with[TCP_LARGE] = start_in(s, "guarded_c", carry, &s->stream[CABLE]);
	s->with[TCP_SMALL] = start_in(s, "guarded_c", carry, &s->stream[CABLE_NARROW]);
	s->with[TCP_SMALL_OWN] = s->with[TCP_SMALL];
	s->with[UDP_ONE] = s->with[UDP_ONE_ALL] = start_in(s, "guarded_c", ask, &guarded[0]);
	s->with[UDP_NEW] = s->with[UDP_NEW_ALL] = start_in(s, "guarded_c", ask, &guarded[1]);
	for (enum stream_kind kind = 0; kind <= UDP_NEW; kind++)
		s->without[kind] = s->with[kind];
	s->without[UDP_ONE_ALL] = start_in(s, "rest", ask, &unguarded[0]);
	s->without[UDP_NEW_ALL] = start_in(s, "rest", ask, &unguarded[1]);
	world_enter_cgroup(s->world, "rest");
}

static void end_workers(const struct streams *s)
{
	worker_end(&s->with[TCP_LARGE]);
	worker_end(&s->with[TCP_SMALL]);
	for (size_t kind = UDP_ONE; kind <= UDP_NEW; kind++)
		worker_end(&s->with[kind]);
	for (size_t kind = UDP_ONE_ALL; kind <= UDP_NEW_ALL; kind++)
		worker_end(&s->without[kind]);
}

/* --- hooks --- */

/* Takes over the pinned link, so that the hook is this process's to attach and detach. */
static struct hook take_hook(const char *program, const char *link, enum bpf_attach_type type)
{
	struct hook h = { .type = type, .program = pinned(PINS, program), .link = -1 };
	int fd = pinned(PINS, link);

	if (bpf_link_detach(fd))
		die("%s: %s", link, strerror(errno));
	(void)close(fd);
	return h;
}

/* A program that lets everything pass, in the place of `deliver`. */
static struct hook empty_hook(void)
{
	const enum bpf_attach_type type = BPF_CGROUP_INET_INGRESS;

	return (struct hook){ .type = type,
			      .program = empty_program(BPF_PROG_TYPE_CGROUP_SKB, type, 1),
			      .link = -1 };
}

static void attach(const struct streams *s, struct hook *h)
{
	if (h->link >= 0)
		return;
	h->link = bpf_link_create(h->program, s->cgroup, h->type, NULL);
	if (h->link < 0)
		die("attaching: %s", strerror(errno));
}

static void detach(struct hook *h)
{
	if (h->link >= 0)
		(void)close(h->link); /* a link goes with its last reference */
	h->link = -1;
}

/* What a kind of row is about; the two of all of portguard take nothing away. */
static void set_hooks(struct streams *s, enum stream_kind kind, bool with)
{
	bool all = kind == UDP_ONE_ALL || kind == UDP_NEW_ALL;

	detach(&s->empty);
	if (with || all) {
		attach(s, &s->deliver);
		attach(s, &s->send);
		return;
	}
	detach(&s->deliver);
	if (kind == TCP_SMALL_OWN)
		attach(s, &s->empty);
	if (kind == UDP_ONE || kind == UDP_NEW)
		detach(&s->send);
}

static void guard(struct streams *s)
{
	char cgroup[BENCH_PATH + 16];

	world_policy(POLICY, NETWORK_GUARDED, 1);
	(void)snprintf(cgroup, sizeof(cgroup), "%s/guarded_c", s->world->cgroup);
	(void)run_portguard(s->world, INSTANCE, WORDS("up", "-c", POLICY, "--cgroup", cgroup));
	s->cgroup = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->cgroup < 0)
		die("%s: %s", cgroup, strerror(errno));
	s->deliver = take_hook("pg_deliver", "link_deliver", BPF_CGROUP_INET_INGRESS);
	s->send = take_hook("pg_send4", "link_send4", BPF_CGROUP_UDP4_SENDMSG);
	s->empty = empty_hook();
}

static void unguard(struct streams *s)
{
	struct hook *hooks[] = { &s->deliver, &s->send, &s->empty };

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		detach(hooks[i]);
		(void)close(hooks[i]->program);
	}
	(void)close(s->cgroup);
	(void)run_portguard(s->world, INSTANCE, WORDS("down", "--purge"));
}

/* --- rounds --- */

/* A turn, and by what its CPU time in ns becomes the row's unit. */
static const struct {
	unsigned amount;
	double units;
} turns[STREAM_KINDS] = {
	[TCP_LARGE] = { TURN_MIB, TURN_MIB * 1024. }, /* ns a KiB */
	[TCP_SMALL] = { TURN_MIB_SMALL, TURN_MIB_SMALL * 1024. },
	[TCP_SMALL_OWN] = { TURN_MIB_SMALL, TURN_MIB_SMALL * 1024. },
	[UDP_ONE] = { TURN_EXCHANGES, TURN_EXCHANGES * 1e3 }, /* us each */
	[UDP_NEW] = { TURN_EXCHANGES, TURN_EXCHANGES * 1e3 },
	[UDP_ONE_ALL] = { TURN_EXCHANGES, TURN_EXCHANGES * 1e3 },
	[UDP_NEW_ALL] = { TURN_EXCHANGES, TURN_EXCHANGES * 1e3 },
};

static double turn(struct streams *s, enum stream_kind kind, bool with)
{
	const struct worker *worker = with ? &s->with[kind] : &s->without[kind];

	set_hooks(s, kind, with);
	return worker_run(worker, turns[kind].amount) / turns[kind].units;
}

static void measure(struct streams *s, enum stream_kind kind, double *ret_with, double *ret_without)
{
	double with = turn(s, kind, true), without = turn(s, kind, false);

	without += turn(s, kind, false);
	with += turn(s, kind, true);
	*ret_with = with / 2;
	*ret_without = without / 2;
}

void streams_measure(const struct world *w, size_t rounds, struct row *rows)
{
	static struct streams s;

	s.world = w;
	network_make(&s.network);
	guard(&s);
	open_workers(&s);
	for (size_t round = 0; round <= rounds; round++) { /* the first is to warm up */
		size_t at = round ? round - 1 : 0;

		for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++)
			measure(&s, kind, &rows[kind].value[at], &rows[kind].base[at]);
	}
	for (enum stream_kind kind = 0; kind < STREAM_KINDS; kind++)
		rows[kind].rounds = rounds;
	end_workers(&s);
	unguard(&s);
}
