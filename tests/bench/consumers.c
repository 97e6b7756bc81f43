// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dropping a packet of a flood costs while every kind of output has its share, a subscriber too,
 * and without an agent: the same programs and maps, before the agent ends and after. Who reads does
 * nothing else.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/commands.h"
#include "bench/events.h"
#include "bench/packets.h"

#define INSTANCE "bench-d"
#define PINS WORLD_BPFFS "/portguard/" INSTANCE
#define POLICY WORLD_DIR "/outputs.yaml"
#define SYSLOG WORLD_DIR "/log"
#define JOURNAL_DIR "/run/systemd/journal"
#define JOURNAL JOURNAL_DIR "/socket"
#define SUBSCRIBE "/run/portguard/" INSTANCE "/events.sock"
#define UDP_PORT 514
#define TCP_PORT 601

static const struct spread flood = { .sources = 10000, .ports = 1000 };

enum reader { READ_SYSLOG, READ_JOURNAL, READ_UDP, READ_TCP, READ_SUBSCRIBER, READERS };

/* A process that reads until it is ended; @fd is its own then. */
static pid_t read_all(int fd, bool listens)
{
	static char bytes[65536];
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid) {
		(void)close(fd);
		return pid;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (listens)
		fd = accept(fd, NULL, NULL);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	_exit(0);
}

static void receivers_start(pid_t readers[READERS])
{
	if (mkdir("/run/systemd", 0755) || mkdir(JOURNAL_DIR, 0755))
		die("%s: %s", JOURNAL_DIR, strerror(errno));
	readers[READ_SYSLOG] = read_all(receiver_unix(SYSLOG), false);
	readers[READ_JOURNAL] = read_all(receiver_unix(JOURNAL), false);
	readers[READ_UDP] = read_all(receiver_inet(SOCK_DGRAM, UDP_PORT), false);
	readers[READ_TCP] = read_all(receiver_inet(SOCK_STREAM, TCP_PORT), true);
}

static void readers_end(const pid_t readers[READERS])
{
	for (int i = 0; i < READERS; i++) {
		(void)kill(readers[i], SIGKILL);
		(void)waitpid(readers[i], NULL, 0);
	}
	(void)unlink(SYSLOG);
	(void)unlink(JOURNAL);
	(void)rmdir(JOURNAL_DIR);
	(void)rmdir("/run/systemd"); /* as it was */
}

static void write_policy(void)
{
	FILE *f;

	world_policy(POLICY, WORLD_DEVICE_B, 1);
	f = fopen(POLICY, "ae");
	if (!f)
		die("%s: %s", POLICY, strerror(errno));
	(void)fprintf(f,
		      "outputs:\n"
		      "  - {file: '" WORLD_DIR "/outputs.jsonl'}\n"
		      "  - {syslog: 'unix://" SYSLOG "'}\n"
		      "  - {syslog: 'udp://127.0.0.1:%u'}\n"
		      "  - {syslog: 'tcp://127.0.0.1:%u', buffer: 4M}\n"
		      "  - {journald: true}\n"
		      "  - {stdout: true}\n",
		      UDP_PORT, TCP_PORT);
	if (fclose(f))
		die("%s: %s", POLICY, strerror(errno));
}

void consumers_measure(const struct world *w, unsigned turns, unsigned repeat, size_t round,
		       struct row *one, struct row *spread)
{
	double with[PACKET_KINDS], without[PACKET_KINDS];
	char cgroup[BENCH_PATH + 16];
	pid_t readers[READERS];
	struct agent agent;
	struct packets p;

	(void)snprintf(cgroup, sizeof(cgroup), "%s/guarded_b", w->cgroup);
	write_policy();
	receivers_start(readers);
	agent = agent_start(w, INSTANCE, WORDS("run", "-c", POLICY, "--cgroup", cgroup));
	readers[READ_SUBSCRIBER] = read_all(receiver_subscriber(SUBSCRIBE, "format=json\n"), false);
	packets_open(&p, PINS, &flood, turns, repeat);
	(void)packets_measure(&p, DROP_SPREAD + 1, with);
	agent_end(&agent);
	(void)packets_measure(&p, DROP_SPREAD + 1, without);
	packets_close(&p);
	readers_end(readers);
	(void)run_portguard(w, INSTANCE, WORDS("down", "--purge"));
	one->value[round] = with[DROP];
	one->base[round] = without[DROP];
	spread->value[round] = with[DROP_SPREAD];
	spread->base[round] = without[DROP_SPREAD];
}
