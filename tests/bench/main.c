// SPDX-License-Identifier: GPL-2.0-only
/*
 * make bench: what portguard costs, in one interleaved run. Each round measures, one after the
 * other, packets and commands under one rule and under 10,000, the change from one policy to the
 * other, and an agent from its start to its end, so that slow stretches of the machine fall on
 * every row.
 *
 *   bench PORTGUARD CSV [quick]
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/calls.h"
#include "bench/commands.h"
#include "bench/network.h"
#include "bench/packets.h"
#include "bench/receive.h"

#define MANY 10000
#define REPEATS 15 /* of a command in a round; their median counts */
#define REPEATS_MANY 3 /* under many rules */

#define ONE_A WORLD_DIR "/one.yaml"
#define MANY_A WORLD_DIR "/many.yaml"
#define ONE_B WORLD_DIR "/agent.yaml"
#define EVENT_LOG WORLD_DIR "/events.jsonl"
#define INSTANCE_A "bench-a" /* without an agent: its packets and commands */
#define INSTANCE_B "bench-b" /* made and taken down in each round */
#define PINS_A WORLD_BPFFS "/portguard/" INSTANCE_A
#define PINS_B WORLD_BPFFS "/portguard/" INSTANCE_B

/* Each is followed by as many as its kind has. */
enum row_id {
	ROW_PACKETS, /* 10,000 rules beside 1 */
	ROW_EVENTS_DROP = ROW_PACKETS + PACKET_KINDS, /* with an agent beside without */
	ROW_EVENTS_SPREAD,
	ROW_CONSUMERS,
	ROW_CONSUMERS_FLOOD,
	ROW_STREAMS,
	ROW_STREAMS_END = ROW_STREAMS + STREAM_KINDS - 1,
	ROW_CPU_1,
	ROW_CPU_MANY = ROW_CPU_1 + 4,
	ROW_WALL_1 = ROW_CPU_MANY + 4,
	ROW_WALL_MANY = ROW_WALL_1 + 4,
	ROW_ELEMENT = ROW_WALL_MANY + 4, /* 1 rule: CPU, wall; 10,000 rules: the same */
	ROW_APPLY = ROW_ELEMENT + 4,
	ROW_APPLY_BACK,
	ROW_READY,
	ROW_RSS,
	ROW_MAPS,
	ROWS
};

enum { ALLOW_NEW, REMOVE, ALLOW_AGAIN, LIST, COMMANDS };

#define COMMAND_ROWS(at, heading, ratio)                                                         \
	[(at) + ALLOW_NEW] = { .section = heading,                                               \
			       .name = "allow 81/tcp, new",                                      \
			       .unit = "us",                                                     \
			       .beside = "/bin/true",                                            \
			       .most_ratio = ratio },                                            \
		[(at) + REMOVE] = { .name = "remove 81/tcp",                                     \
				    .unit = "us",                                                \
				    .beside = "/bin/true" },                                     \
		[(at) + ALLOW_AGAIN] = { .name = "allow 80/tcp, there already",                  \
					 .unit = "us",                                           \
					 .beside = "/bin/true",                                  \
					 .most_ratio = ratio },                                  \
		[(at) + LIST] = {                                                                \
			.name = "list", .unit = "us", .beside = "/bin/true", .most_ratio = ratio \
		}

static struct row rows[ROWS] = {
	[ROW_PACKETS + DROP] = { .section =
					 "A packet under 10,000 rules, over an empty XDP program",
				 .name = "drop: closed port, one source",
				 .unit = "ns",
				 .beside = "1 rule",
				 .most = 15,
				 .most_ratio = 1.05 },
	[ROW_PACKETS + DROP_SPREAD] = { .name = "drop: random sources and ports",
					.unit = "ns",
					.beside = "1 rule",
					.most = 15,
					.most_ratio = 1.05 },
	[ROW_PACKETS + ALLOWED] = { .name = "pass: allowed port",
				    .unit = "ns",
				    .beside = "1 rule",
				    .most = 10,
				    .most_ratio = 1.05 },
	[ROW_PACKETS + FLOW] = { .name = "pass: reply of a flow",
				 .unit = "ns",
				 .beside = "1 rule",
				 .most = 45,
				 .most_ratio = 1.05 },
	[ROW_PACKETS + SOCKET] = { .name = "pass: open connection, by its socket",
				   .unit = "ns",
				   .beside = "1 rule",
				   .most = 65,
				   .most_ratio = 1.05 },
	[ROW_EVENTS_DROP] = { .section = "A packet while an agent reports events",
			      .name = "drop: closed port, one source",
			      .unit = "ns",
			      .beside = "no agent" },
	[ROW_EVENTS_SPREAD] = { .name = "drop: random sources and ports",
				.unit = "ns",
				.beside = "no agent" },
	[ROW_CONSUMERS] = { .section = "The same, with every kind of output and a subscriber",
			    .name = "drop: closed port, one source",
			    .unit = "ns",
			    .beside = "no agent",
			    .most_ratio = 1.10 },
	[ROW_CONSUMERS_FLOOD] = { .name = "drop: 10,000 sources, 1,000 ports",
				  .unit = "ns",
				  .beside = "no agent",
				  .most_ratio = 1.10 },
	[ROW_STREAMS + TCP_LARGE] = { .section = "A KiB of a stream: CPU of both ends",
				      .name = "established TCP, 64 KiB packets",
				      .unit = "ns",
				      .beside = "no deliver",
				      .most_ratio = 1.03 },
	[ROW_STREAMS + TCP_SMALL] = { .name = "established TCP, 1448 byte packets",
				      .unit = "ns",
				      .beside = "no deliver",
				      .most_ratio = 1.03 },
	[ROW_STREAMS + TCP_SMALL_OWN] = { .name = "  what our program has of it",
					  .unit = "ns",
					  .beside = "an empty program" },
	[ROW_STREAMS + UDP_ONE] = { .section = "A question by UDP and its answer: CPU of both ends",
				    .name = "one unconnected socket",
				    .unit = "us",
				    .beside = "no deliver, no send" },
	[ROW_STREAMS + UDP_NEW] = { .name = "a new socket for each",
				    .unit = "us",
				    .beside = "no deliver, no send" },
	[ROW_STREAMS + UDP_ONE_ALL] = { .section = "The same, all of portguard",
					.name = "one unconnected socket",
					.unit = "us",
					.beside = "unguarded" },
	[ROW_STREAMS + UDP_NEW_ALL] = { .name = "a new socket for each",
					.unit = "us",
					.beside = "unguarded" },
	COMMAND_ROWS(ROW_CPU_1, "A command as a process, 1 rule: CPU", 2),
	COMMAND_ROWS(ROW_CPU_MANY, "The same, 10,000 rules: CPU", 0),
	COMMAND_ROWS(ROW_WALL_1, "A command as a process, 1 rule: wall", 2),
	COMMAND_ROWS(ROW_WALL_MANY, "The same, 10,000 rules: wall", 0),
	[ROW_ELEMENT] = { .section = "A rule that is new, beside nft add element",
			  .name = "allow 81/tcp, 1 rule: CPU",
			  .unit = "us",
			  .beside = "nft add element",
			  .most_ratio = 1 },
	[ROW_ELEMENT + 1] = { .name = "allow 81/tcp, 1 rule: wall",
			      .unit = "us",
			      .beside = "nft add element",
			      .most_ratio = 1 },
	[ROW_ELEMENT + 2] = { .name = "allow 81/tcp, 10,000 rules: CPU",
			      .unit = "us",
			      .beside = "nft add element" },
	[ROW_ELEMENT + 3] = { .name = "allow 81/tcp, 10,000 rules: wall",
			      .unit = "us",
			      .beside = "nft add element" },
	[ROW_APPLY] = { .section = "The larger things",
			.name = "apply a file of 10,000 rules",
			.unit = "ms",
			.most = 50 },
	[ROW_APPLY_BACK] = { .name = "apply a file of 1 rule after it", .unit = "ms" },
	[ROW_READY] = { .name = "run, until it says ready", .unit = "ms", .most = 100 },
	[ROW_RSS] = { .name = "memory: the agent", .unit = "KiB", .most = 8192 },
	[ROW_MAPS] = { .name = "memory: maps in the kernel", .unit = "KiB", .most = 16384 },
};

struct bench {
	size_t rounds, stream_rounds, size_rounds, set_rounds; /* peers: as many as @rounds */
	unsigned turns, peer_turns, size_turns; /* in a round: of packets, of decisions */
	unsigned repeat; /* packets in a turn */
	unsigned events; /* in a turn */
	double empty_ns[ROUNDS_MAX];
	int elements[2]; /* network namespaces with nftables' sets: of one, of many */
};

static double apply(const struct world *w, const char *path)
{
	return run_portguard(w, INSTANCE_A, WORDS("apply", path)).wall_us / 1e3;
}

/* Both into .value, or, under the policy that rows are compared to, into .base. */
static void measure_packets(struct bench *b, const struct packets *p, size_t round, bool many)
{
	double ns[PACKET_KINDS];

	b->empty_ns[round] = packets_measure(p, PACKET_KINDS, ns);
	for (int kind = 0; kind < PACKET_KINDS; kind++)
		(many ? rows[ROW_PACKETS + kind].value : rows[ROW_PACKETS + kind].base)[round] =
			ns[kind];
}

struct place {
	int cpu, wall; /* the rows */
	size_t round;
	int repeats;
};

static void set_cost(const struct place *at, struct row *cpu_row, struct row *wall_row,
		     const struct cost *costs, const struct cost *beside)
{
	double cpu[REPEATS], wall[REPEATS], cpu_beside[REPEATS], wall_beside[REPEATS];

	for (int i = 0; i < at->repeats; i++) {
		cpu[i] = costs[i].cpu_us;
		wall[i] = costs[i].wall_us;
		cpu_beside[i] = beside[i].cpu_us;
		wall_beside[i] = beside[i].wall_us;
	}
	cpu_row->value[at->round] = median(cpu, at->repeats);
	wall_row->value[at->round] = median(wall, at->repeats);
	cpu_row->base[at->round] = median(cpu_beside, at->repeats);
	wall_row->base[at->round] = median(wall_beside, at->repeats);
}

static void measure_commands(const struct world *w, size_t round, bool many)
{
	struct cost costs[COMMANDS][REPEATS], beside[REPEATS];
	const struct place at = {
		.cpu = many ? ROW_CPU_MANY : ROW_CPU_1,
		.wall = many ? ROW_WALL_MANY : ROW_WALL_1,
		.round = round,
		.repeats = many ? REPEATS_MANY : REPEATS,
	};

	for (int i = 0; i < at.repeats; i++) {
		beside[i] = command((char *[]){ "/bin/true", NULL }, -1);
		costs[ALLOW_NEW][i] = run_portguard(w, INSTANCE_A, WORDS("allow", "81/tcp"));
		costs[REMOVE][i] = run_portguard(w, INSTANCE_A, WORDS("remove", "81/tcp"));
		costs[ALLOW_AGAIN][i] = run_portguard(w, INSTANCE_A, WORDS("allow", "80/tcp"));
		costs[LIST][i] = run_portguard(w, INSTANCE_A, WORDS("list"));
	}
	for (int i = 0; i < COMMANDS; i++)
		set_cost(&at, &rows[at.cpu + i], &rows[at.wall + i], costs[i], beside);
}

/* By turns of their own: after nft(8) any command finds colder caches than after one of ours. */
static void measure_element(const struct world *w, const struct bench *b, size_t round, bool many)
{
	struct cost costs[REPEATS], beside[REPEATS];
	struct row *cpu = &rows[many ? ROW_ELEMENT + 2 : ROW_ELEMENT];
	const struct place at = { .round = round, .repeats = many ? REPEATS_MANY : REPEATS };

	for (int i = 0; i < at.repeats && !cpu->skip; i++) {
		beside[i] = elements_add(b->elements[many]);
		costs[i] = run_portguard(w, INSTANCE_A, WORDS("allow", "81/tcp"));
		(void)run_portguard(w, INSTANCE_A, WORDS("remove", "81/tcp"));
	}
	if (!cpu->skip)
		set_cost(&at, cpu, cpu + 1, costs, beside);
}

static void open_elements(struct bench *b)
{
	const char *missing = NULL;

	b->elements[false] = elements_open(1, &missing);
	b->elements[true] = elements_open(MANY, &missing);
	for (size_t i = 0; i < 4; i++)
		rows[ROW_ELEMENT + i].skip = missing;
}

/* An agent from its start to its end; the same programs and maps with it and then without it. */
static void measure_agent(const struct world *w, const struct bench *b, size_t round)
{
	struct packets p;
	struct memory memory;
	struct agent agent;
	double with[PACKET_KINDS], without[PACKET_KINDS];
	char cgroup[BENCH_PATH + 16];

	(void)snprintf(cgroup, sizeof(cgroup), "%s/guarded_b", w->cgroup);
	agent = agent_start(
		w, INSTANCE_B,
		WORDS("run", "-c", ONE_B, "--cgroup", cgroup, "--event-log", EVENT_LOG));
	rows[ROW_READY].value[round] = agent.ready_ms;
	packets_open(&p, PINS_B, &spread_any, b->turns, b->repeat);
	(void)packets_measure(&p, DROP_SPREAD + 1, with);
	memory = memory_of(w, INSTANCE_B);
	rows[ROW_RSS].value[round] = memory.agent_kib;
	rows[ROW_MAPS].value[round] = memory.maps_kib;
	agent_end(&agent);
	(void)packets_measure(&p, DROP_SPREAD + 1, without);
	packets_close(&p);
	for (int kind = DROP; kind <= DROP_SPREAD; kind++) {
		rows[ROW_EVENTS_DROP + kind].value[round] = with[kind];
		rows[ROW_EVENTS_DROP + kind].base[round] = without[kind];
	}
	(void)run_portguard(w, INSTANCE_B, WORDS("down", "--purge"));
}

static void one_round(const struct world *w, struct bench *b, const struct packets *p, size_t round)
{
	measure_packets(b, p, round, false);
	measure_commands(w, round, false);
	measure_element(w, b, round, false);
	rows[ROW_APPLY].value[round] = apply(w, MANY_A);
	measure_packets(b, p, round, true);
	measure_commands(w, round, true);
	measure_element(w, b, round, true);
	rows[ROW_APPLY_BACK].value[round] = apply(w, ONE_A);
	measure_agent(w, b, round);
	consumers_measure(w, b->turns, b->repeat, round, &rows[ROW_CONSUMERS],
			  &rows[ROW_CONSUMERS_FLOOD]);
}

static void print(struct bench *b)
{
	int missed;

	(void)printf("How to read it: median (least-most) of %zu rounds (streams and questions: "
		     "%zu; sizes and\n"
		     "events: %zu; sets: %zu), in each of which a row and what stands beside it "
		     "take turns; the ratio is made\n"
		     "in each round. 95 %%: the interval of the ratio's median. Times depend on "
		     "the machine, ratios less.\n"
		     "(The empty program takes %.1f ns here.)\n",
		     b->rounds, b->stream_rounds, b->size_rounds, b->set_rounds,
		     median(b->empty_ns, b->rounds));
	missed = table_print(rows, ROWS, b->rounds) + growth_print() + events_print() + sizes_print() +
		 sets_print() + peers_print() + calls_print() + pass_print();
	csv_close();
	(void)printf("\n%d aims missed\n", missed);
}

static int bench(const struct world *w, void *data)
{
	struct bench *b = data;
	struct packets p;
	char cgroup[BENCH_PATH + 16];

	streams_measure(w, b->stream_rounds, &rows[ROW_STREAMS]);
	world_policy(ONE_A, WORLD_DEVICE_A, 1);
	world_policy(MANY_A, WORLD_DEVICE_A, MANY);
	world_policy(ONE_B, WORLD_DEVICE_B, 1);
	(void)snprintf(cgroup, sizeof(cgroup), "%s/guarded_a", w->cgroup);
	(void)run_portguard(w, INSTANCE_A, WORDS("up", "-c", ONE_A, "--cgroup", cgroup));
	packets_open(&p, PINS_A, &spread_any, b->turns, b->repeat);
	open_elements(b);
	for (size_t round = 0; round < b->rounds; round++)
		one_round(w, b, &p, round);
	growth_measure(PINS_A, b->rounds, 2, 4 * b->repeat);
	packets_close(&p);
	(void)run_portguard(w, INSTANCE_A, WORDS("down", "--purge"));
	events_measure(w, b->size_rounds, b->events);
	sizes_measure(w, b->size_rounds, b->size_turns);
	sets_measure(w, b->set_rounds, b->turns, b->repeat);
	peers_measure(w, b->rounds, b->peer_turns);
	calls_measure(w, b->rounds);
	pass_measure(w, b->stream_rounds);
	print(b);
	return fflush(stdout) ? 74 : 0;
}

int main(int argc, char **argv)
{
	static struct bench b = { .rounds = 15,
				  .stream_rounds = 60,
				  .size_rounds = 20,
				  .set_rounds = 9,
				  .turns = 5,
				  .peer_turns = 8,
				  .size_turns = 10,
				  .repeat = 100000,
				  .events = 10000 };
	struct world w;
	char *portguard_path = argc > 1 ? realpath(argv[1], NULL) : NULL;

	if (!portguard_path || argc < 3 || strlen(portguard_path) >= sizeof(w.portguard)) {
		(void)fprintf(stderr, "usage: bench PORTGUARD CSV [quick], as root\n");
		return 64;
	}
	(void)snprintf(w.portguard, sizeof(w.portguard), "%s", portguard_path);
	free(portguard_path);
	if (argc > 3 && !strcmp(argv[3], "quick")) {
		b.rounds = 4;
		b.stream_rounds = 5;
		b.size_rounds = 3;
		b.set_rounds = 2;
		b.turns = 3;
		b.peer_turns = 2;
		b.size_turns = 6;
		b.repeat = 50000;
		b.events = 4000;
	}
	csv_open(argv[2]); /* here: in the world /run and /var/lib are others */
	return world_run(&w, bench, &b);
}
