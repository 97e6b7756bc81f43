// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the refusal to a subscriber: an agent, this process at its socket, and calls of a guarded
 * socket that are refused. The time begins before the call and ends when the line of that very
 * refusal has been read. Each is the first of its kind, since later ones wait for the next sum, and
 * between two there is a pause, so that never as many come as make a flood. Who asks is looked up
 * in /proc once a second: where a new process asks each time, each time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/commands.h"
#include "bench/events.h"
#include "bench/workers.h"

#define INSTANCE "bench-e"
#define POLICY WORLD_DIR "/latency.yaml"
#define EVENT_LOG WORLD_DIR "/latency.jsonl"
#define SOCKET "/run/portguard/" INSTANCE "/events.sock"
#define GUARDED "guarded_b"
#define PAUSE_MS 10 /* 200 lines a second are the most, of which 150 at once */
#define PATIENCE_MS 5000
#define FIRST_PORT 10000
#define MOST 1000 /* in a measurement */
#define ADDRESS "192.0.2.1" /* nobody's: it is refused before that matters */

struct latency {
	struct agent agent;
	int subscriber, guarded; /* sockets */
	unsigned refused; /* so far: the next has another port */
	char lines[65536];
	size_t length;
};

static struct latency l;

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* --- refusals --------------------------------------------------------------------------------- */

static void refuse(enum refusal refusal, unsigned number)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)(FIRST_PORT + number)),
				       .sin_addr.s_addr = inet_addr(ADDRESS) };
	int r = refusal == REFUSED_CONNECT
			? connect(l.guarded, (struct sockaddr *)&address, sizeof(address))
			: bind(l.guarded, (struct sockaddr *)&address, sizeof(address));

	if (!r || errno != EPERM)
		die("latency: not refused: %s", r ? strerror(errno) : "success");
}

static void refuse_bind(const void *data, unsigned number)
{
	(void)data;
	refuse(REFUSED_BIND, number);
}

/* What the line has that no other has. */
static void describe(enum refusal refusal, unsigned number, char *to, size_t size)
{
	(void)snprintf(to, size, "\"%s\":{\"ip\":\"" ADDRESS "\",\"port\":%u}",
		       refusal == REFUSED_CONNECT ? "remote" : "local", FIRST_PORT + number);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Read what there is; false: nothing came in that time. */
static bool read_more(int timeout_ms)
{
	struct pollfd p = { .fd = l.subscriber, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, timeout_ms) <= 0)
		return false;
	n = read(l.subscriber, l.lines + l.length, sizeof(l.lines) - 1 - l.length);
	if (n <= 0)
		die("%s: %s", SOCKET, n ? strerror(errno) : "the agent hung up");
	l.length += (size_t)n;
	l.lines[l.length] = '\0';
	return true;
}

static void wait_for(const char *text)
{
	const char *found;

	while (!(found = strstr(l.lines, text)) || !strchr(found, '\n'))
		if (l.length == sizeof(l.lines) - 1 || !read_more(PATIENCE_MS))
			die("latency: no line has %s", text);
	l.length = 0;
	l.lines[0] = '\0';
}

static double measure(enum refusal refusal)
{
	unsigned number = l.refused++;
	struct worker asker = { 0 };
	char text[64];
	double began, us;

	if (refusal == REFUSED_BIND_NEW)
		asker = worker_start(refuse_bind, NULL);
	describe(refusal, number, text, sizeof(text));
	began = now_us();
	if (asker.pid)
		(void)worker_run(&asker, number);
	else
		refuse(refusal, number);
	wait_for(text);
	us = now_us() - began;
	if (asker.pid)
		worker_end(&asker);
	return us;
}

void latency_measure(enum refusal refusal, unsigned count, double *ret_median, double *ret_99)
{
	double us[MOST];

	count = count < MOST ? count : MOST;
	for (unsigned i = 0; i < count; i++) {
		us[i] = measure(refusal);
		while (read_more(PAUSE_MS)) /* a beat, say; the pause begins anew */
			l.length = 0;
	}
	*ret_median = median(us, count); /* and sorts them */
	*ret_99 = us[(99 * count + 99) / 100 - 1];
}

/* --- opening ---------------------------------------------------------------------------------- */

static void write_policy(void)
{
	FILE *f = fopen(POLICY, "we");

	if (!f ||
	    fputs("version: 1\ninterfaces: [" WORLD_DEVICE_A "]\nfailsafe: []\nessentials: []\n"
		  "default: {out: deny}\noutputs: []\nrules:\n  - allow 80/tcp\n",
		  f) == EOF ||
	    fclose(f))
		die("%s: %s", POLICY, strerror(errno));
}

void latency_open(const struct world *w)
{
	char cgroup[BENCH_PATH + 16];

	write_policy();
	(void)snprintf(cgroup, sizeof(cgroup), "%s/" GUARDED, w->cgroup);
	l.agent = agent_start(
		w, INSTANCE,
		WORDS("run", "-c", POLICY, "--cgroup", cgroup, "--event-log", EVENT_LOG));
	world_enter_cgroup(w, GUARDED); /* whose a socket is, is where it was made */
	l.guarded = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	world_enter_cgroup(w, "rest");
	l.subscriber = receiver_subscriber(SOCKET, "format=json from=0\n");
	wait_for("\"action\":\"start\""); /* of the past: from here on nothing is missed */
}

void latency_close(const struct world *w)
{
	(void)close(l.subscriber);
	(void)close(l.guarded);
	agent_end(&l.agent);
	(void)run_portguard(w, INSTANCE, WORDS("down", "--purge"));
}
