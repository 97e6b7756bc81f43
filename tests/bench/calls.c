// SPDX-License-Identifier: GPL-2.0-only
/*
 * What bind(), connect() and sendto() take, guarded and not, and what others take for it: Landlock, a
 * list of rules that a program at the cgroup goes through one by one (as systemd's SocketBindAllow=
 * does), and a program that does nothing, which is what the hook itself costs.
 *
 * A process for each, in a cgroup of its own, makes the sockets first, calls then, and times nothing but
 * the calls, by its own CPU time. What is sent leaves by a device without carrier, which drops it.
 * Of a round's turns the one that took least counts, since what disturbs only adds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/calls.h"
#include "bench/commands.h"
#include "bench/packets.h"
#include "bench/receive.h"
#include "bench/workers.h"

#define TURNS 8
#define SOCKETS 128 /* in a turn */
#define SENDS 1000
#define MANY 10000
#define SCOPES 1000
#define FIRST_PORT 20001 /* of SOCKETS, which all that guards them allows */
#define REFUSED_PORT 60000

#define DEVICE "call0"
#define TARGET "198.18.0.1"
#define INSTANCE "bench-e"
#define INSTANCE_SCOPES "bench-f"
#define INSTANCE_DEAF "bench-h"
#define POLICY WORLD_DIR "/calls.yaml"
#define POLICY_SCOPES WORLD_DIR "/calls-scopes.yaml"

/* --- the calls ---------------------------------------------------------------------------------- */

struct call {
	void (*before)(void); /* once; NULL: nothing */
	double *ns; /* shared: what a turn took */
	unsigned port; /* bind: the first */
	bool refused;
};

static double thread_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* cannot fail for this clock */
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct sockaddr_in address_of(const char *host, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	(void)inet_pton(AF_INET, host, &a.sin_addr);
	return a;
}

static void begin(const struct call *c)
{
	static bool begun; /* of this process, which does nothing else */

	if (c->before && !begun)
		c->before();
	begun = true;
}

static void open_all(int *fds, int type)
{
	for (int i = 0; i < SOCKETS; i++) {
		fds[i] = socket(AF_INET, type | SOCK_CLOEXEC, 0);
		if (fds[i] < 0)
			die("socket: %s", strerror(errno));
	}
}

static void close_all(const int *fds)
{
	for (int i = 0; i < SOCKETS; i++)
		(void)close(fds[i]);
}

static void call_bind(const void *data, unsigned unused)
{
	const struct call *c = data;
	struct sockaddr_in a = address_of("0.0.0.0", 0);
	int fds[SOCKETS];

	(void)unused;
	begin(c);
	open_all(fds, SOCK_STREAM);
	*c->ns = thread_ns();
	for (unsigned i = 0; i < SOCKETS; i++) {
		a.sin_port = htons((uint16_t)(c->port + i));
		if (!bind(fds[i], (struct sockaddr *)&a, sizeof(a)) == c->refused)
			die("bind: not what was to be measured: %s", strerror(errno));
	}
	*c->ns = (thread_ns() - *c->ns) / SOCKETS;
	close_all(fds);
}

static void call_connect(const void *data, unsigned unused)
{
	const struct call *c = data;
	const struct sockaddr_in a = address_of(TARGET, 53);
	int fds[SOCKETS];

	(void)unused;
	open_all(fds, SOCK_STREAM | SOCK_NONBLOCK);
	*c->ns = thread_ns();
	for (int i = 0; i < SOCKETS; i++)
		if (!connect(fds[i], (const struct sockaddr *)&a, sizeof(a)) ||
		    errno != EINPROGRESS)
			die("connect: %s", strerror(errno));
	*c->ns = (thread_ns() - *c->ns) / SOCKETS;
	close_all(fds);
}

static void call_send(const void *data, unsigned unused)
{
	const struct call *c = data;
	const struct sockaddr_in a = address_of(TARGET, 53);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)unused;
	*c->ns = thread_ns();
	for (int i = 0; i < SENDS; i++)
		if (sendto(fd, "question", 8, 0, (const struct sockaddr *)&a, sizeof(a)) != 8)
			die("sendto: %s", strerror(errno));
	*c->ns = (thread_ns() - *c->ns) / SENDS;
	(void)close(fd);
}

/* --- places: cgroups, and who is in them -------------------------------------------------------- */

enum place { FREE, GUARDED, SCOPED, DEAF, FOREIGN, LANDLOCK = FOREIGN, LINEAR, EMPTY, PLACES };

static const char *const names[PLACES] = { "free",     "guarded", "scoped", "deaf",
					   "landlock", "list",    "empty" };

enum work { BIND, CONNECT, SEND, BIND_REFUSED, WORKS };

static void (*const works[WORKS])(const void *data, unsigned unused) = { call_bind, call_connect,
									 call_send, call_bind };

/* What is measured, and where else the same is. */
static const struct line {
	const char *section, *name;
	enum place place;
	enum work work;
	double most;
} lines[] = {
	{ "bind() of a TCP socket", "portguard, 10,000 rules", GUARDED, BIND, 1.15 },
	{ NULL, "portguard, 1,000 scopes", SCOPED, BIND, 1.20 },
	{ NULL, "Landlock, 1,000 ports", LANDLOCK, BIND, 0 },
	{ NULL, "a list of 1,000 rules at the cgroup", LINEAR, BIND, 0 },
	{ NULL, "an empty program at the cgroup", EMPTY, BIND, 0 },
	{ "connect() of a TCP socket, that does not wait", "portguard", GUARDED, CONNECT, 1.02 },
	{ NULL, "portguard, but for what sees listen()", DEAF, CONNECT, 0 },
	{ NULL, "an empty program at the cgroup", EMPTY, CONNECT, 0 },
	{ "sendto() by UDP", "portguard", GUARDED, SEND, 1.10 },
	{ NULL, "an empty program at the cgroup", EMPTY, SEND, 0 },
};

#define LINES (sizeof(lines) / sizeof(*lines))

static struct row rows[LINES + 1]; /* the last: what a refusal takes more */
static size_t rounds;

struct calls {
	struct call call[PLACES][WORKS];
	struct worker worker[PLACES][WORKS]; /* pid 0: none */
	struct agent agent;
};

static void place_cgroup(const struct world *w, enum place place, char to[BENCH_PATH + 32])
{
	(void)snprintf(to, BENCH_PATH + 32, "%s/guarded_e/%s", w->cgroup, names[place]);
}

static void start(const struct world *w, struct calls *c, enum place place, enum work work)
{
	char cgroup[64];
	struct call *call = &c->call[place][work];

	if (c->worker[place][work].pid)
		return;
	call->ns = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (call->ns == MAP_FAILED)
		die("shared memory: %s", strerror(errno));
	call->before = place == LANDLOCK ? landlock_enter : NULL;
	call->refused = work == BIND_REFUSED;
	call->port = call->refused ? REFUSED_PORT : FIRST_PORT;
	(void)snprintf(cgroup, sizeof(cgroup), "guarded_e/%s", names[place]);
	world_enter_cgroup(w, cgroup);
	c->worker[place][work] = worker_start(works[work], call);
	world_enter_cgroup(w, "rest");
}

static void turn(const struct calls *c, enum place place, enum work work, double *least)
{
	double took;

	(void)worker_run(&c->worker[place][work], 0);
	took = *c->call[place][work].ns;
	*least = took < *least ? took : *least;
}

/* --- policies ----------------------------------------------------------------------------------- */

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die("%s: %s", path, strerror(errno));
	(void)fprintf(f,
		      "version: 1\ninterfaces: [%s]\nfailsafe: []\nessentials: []\nrules:\n"
		      "  - allow 80/tcp\n",
		      WORLD_DEVICE_A);
	return f;
}

static void close_file(FILE *f)
{
	if (fclose(f))
		die("a policy: %s", strerror(errno));
}

/* Every scope but the first, which is the worker's, is of a cgroup that is not there. */
static void write_policies(const char *path)
{
	FILE *f = create(POLICY);

	for (unsigned i = 0; i < MANY - 1; i++)
		(void)fprintf(f, "  - allow %u/tcp\n", FIRST_PORT + i);
	close_file(f);
	f = create(POLICY_SCOPES);
	(void)fprintf(f, "scopes:\n");
	for (unsigned i = 0; i < SCOPES; i++)
		(void)fprintf(f,
			      "  - name: s%u\n    cgroup: \"%s%.*u\"\n    rules: [\"allow "
			      "%u-%u/tcp\"]\n",
			      i, path, i ? 4 : 0, i, FIRST_PORT, FIRST_PORT + SOCKETS - 1);
	close_file(f);
}

static void guard(const struct world *w, struct calls *c)
{
	char cgroup[BENCH_PATH + 32], path[BENCH_PATH];

	world_cgroup_path(w, "guarded_e/scoped", path, sizeof(path));
	write_policies(path);
	place_cgroup(w, GUARDED, cgroup);
	c->agent = agent_start(w, INSTANCE, WORDS("run", "-c", POLICY, "--cgroup", cgroup));
	place_cgroup(w, SCOPED, cgroup);
	(void)run_portguard(w, INSTANCE_SCOPES,
			    WORDS("up", "-c", POLICY_SCOPES, "--cgroup", cgroup));
}

/*
 * Where the kernel lets no program refuse listen(), one of sockops sees it, whom the kernel asks four times for each
 * connect(), too. Without that program it is what connect() takes elsewhere.
 */
static void guard_deaf(const struct world *w)
{
	char cgroup[BENCH_PATH + 32];

	place_cgroup(w, DEAF, cgroup);
	(void)run_portguard(w, INSTANCE_DEAF, WORDS("up", "-c", POLICY, "--cgroup", cgroup));
	if (unlink(WORLD_BPFFS "/portguard/" INSTANCE_DEAF "/link_listen"))
		die("link_listen: %s", strerror(errno));
}

static void attach(const struct world *w, enum place place, int program, enum bpf_attach_type type)
{
	char path[BENCH_PATH + 32];
	int cgroup;

	place_cgroup(w, place, path);
	cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroup < 0 || bpf_prog_attach(program, cgroup, type, 0))
		die("%s: %s", path, strerror(errno));
	(void)close(cgroup);
	(void)close(program);
}

static void attach_empty(const struct world *w, enum bpf_attach_type type)
{
	attach(w, EMPTY, empty_program(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, type, 1), type);
}

/* What has no carrier drops what it is given, without a word. */
static void make_device(void)
{
	(void)command((char *[]){ "ip", "link", "add", DEVICE, "type", "veth", "peer", "name",
				  "call1", NULL },
		      -1);
	(void)command((char *[]){ "ip", "link", "set", DEVICE, "up", NULL }, -1);
	(void)command((char *[]){ "ip", "address", "add", "198.18.0.2/24", "dev", DEVICE, NULL },
		      -1);
	(void)command((char *[]){ "ip", "neighbor", "add", TARGET, "lladdr", SENDER_MAC, "dev",
				  DEVICE, NULL },
		      -1);
}

static void make(const struct world *w, struct calls *c)
{
	char path[BENCH_PATH + 32];

	make_device();
	for (enum place place = 0; place < PLACES; place++) {
		place_cgroup(w, place, path);
		if (mkdir(path, 0755))
			die("%s: %s", path, strerror(errno));
	}
	guard(w, c);
	guard_deaf(w);
	attach(w, LINEAR, list_program(FIRST_PORT, FIRST_PORT + SOCKETS - 1),
	       BPF_CGROUP_INET4_BIND);
	attach_empty(w, BPF_CGROUP_INET4_BIND);
	attach_empty(w, BPF_CGROUP_INET4_CONNECT);
	attach_empty(w, BPF_CGROUP_UDP4_SENDMSG);
	for (size_t i = 0; i < LINES; i++) {
		start(w, c, lines[i].place, lines[i].work);
		start(w, c, FREE, lines[i].work);
	}
	start(w, c, GUARDED, BIND_REFUSED);
}

/* --- rounds ------------------------------------------------------------------------------------- */

static void measure_line(const struct calls *c, size_t i, size_t round)
{
	const struct line *l = &lines[i];
	double with = HUGE_VAL, without = HUGE_VAL;

	for (int n = 0; n < TURNS; n++) {
		turn(c, FREE, l->work, &without);
		turn(c, l->place, l->work, &with);
	}
	rows[i].value[round] = with;
	rows[i].base[round] = without;
}

static void measure_refusal(const struct calls *c, size_t round)
{
	double refused = HUGE_VAL, allowed = HUGE_VAL;

	for (int n = 0; n < TURNS; n++) {
		turn(c, GUARDED, BIND, &allowed);
		turn(c, GUARDED, BIND_REFUSED, &refused);
	}
	rows[LINES].value[round] = (refused - allowed) / 1e3;
}

static void fill_rows(void)
{
	for (size_t i = 0; i < LINES; i++) {
		const struct line *l = &lines[i];

		rows[i] = (struct row){ .section = l->section,
					.name = l->name,
					.unit = "ns",
					.beside = "unguarded",
					.most_ratio = l->most,
					.foreign = l->place >= FOREIGN,
					.rounds = rounds };
		if (l->place == LANDLOCK && !landlock_is_here())
			rows[i].skip =
				"this kernel's Landlock knows no ports (Linux 6.7), or is off";
	}
	rows[LINES] =
		(struct row){ .section = "bind() of a TCP socket that is refused, with its event",
			      .name = "more than one that is allowed",
			      .unit = "us",
			      .most = 2,
			      .rounds = rounds };
}

static void end(const struct world *w, const struct calls *c)
{
	for (enum place place = 0; place < PLACES; place++)
		for (enum work work = 0; work < WORKS; work++)
			if (c->worker[place][work].pid)
				worker_end(&c->worker[place][work]);
	agent_end(&c->agent);
	(void)run_portguard(w, INSTANCE, WORDS("down", "--purge"));
	(void)run_portguard(w, INSTANCE_SCOPES, WORDS("down", "--purge"));
	(void)run_portguard(w, INSTANCE_DEAF, WORDS("down", "--purge"));
	world_clear_cgroup(w, "guarded_e");
}

void calls_measure(const struct world *w, size_t count)
{
	static struct calls c;

	rounds = count;
	fill_rows();
	make(w, &c);
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < LINES; i++)
			if (!rows[i].skip)
				measure_line(&c, i, round);
		measure_refusal(&c, round);
	}
	end(w, &c);
}

int calls_print(void)
{
	return table_print(rows, LINES + 1, rounds);
}
