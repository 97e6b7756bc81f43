// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs the CPU that receives it. A receiver is a network namespace at the end of a cable
 * (a veth pair); its NAPI is a kernel thread, bound to one CPU, and what counts is the time of that
 * thread by the packets that it took from the ring. Who sends has another CPU: how fast it is, and
 * what finds the ring full, is no matter.
 *
 * The thread's time is perf's task clock, as in workers.c. A turn ends when the thread sleeps: then
 * the ring is empty.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/network.h"
#include "bench/receive.h"
#include "bench/workers.h"

#define SYS WORLD_DIR "/sys" /* a sysfs of the receiver's namespace, while it is asked */
#define PATIENCE_MS 20000

/* --- CPUs --------------------------------------------------------------------------------------- */

bool next_cpu(const cpu_set_t *set, int *cpu)
{
	do
		(*cpu)++;
	while (*cpu < CPU_SETSIZE && !CPU_ISSET(*cpu, set));
	return *cpu < CPU_SETSIZE;
}

void bind_to(pid_t pid, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(pid, sizeof(one), &one))
		die("CPU %d: %s", cpu, strerror(errno));
}

enum { ORDINARY, FIRST, BEFORE_IT };

/*
 * Before all that is ordinary, so that nothing of it comes in between: a turn takes some milliseconds.
 * Where that is not allowed the figures are less even.
 */
static void set_priority(pid_t pid, int priority)
{
	const struct sched_param p = { .sched_priority = priority };

	(void)sched_setscheduler(pid, priority ? SCHED_FIFO : SCHED_OTHER, &p);
}

/* Has the receiver's CPU while the receiver sleeps, lest others fill its caches or it idles deeply. */
static void stand_by(const void *data, unsigned unused)
{
	const volatile bool *wanted = data;

	(void)unused;
	while (*wanted)
		;
}

static void begin_stand_by(const struct receiving *g)
{
	*g->wanted = true;
	worker_begin(&g->stand_by, 0);
}

static void end_stand_by(const struct receiving *g)
{
	*g->wanted = false;
	worker_wait(&g->stand_by);
}

bool receive_begin(struct receiving *g)
{
	g->sender = -1;
	if (sched_getaffinity(0, sizeof(g->before), &g->before))
		die("CPUs: %s", strerror(errno));
	if (!next_cpu(&g->before, &g->sender))
		return false;
	g->receiver = g->sender;
	if (!next_cpu(&g->before, &g->receiver))
		return false;
	g->wanted =
		mmap(NULL, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->wanted == MAP_FAILED)
		die("shared memory: %s", strerror(errno));
	g->stand_by = worker_start(stand_by, g->wanted);
	bind_to(g->stand_by.pid, g->receiver);
	set_priority(g->stand_by.pid, FIRST);
	return frames_open(&g->frames);
}

void receive_end(const struct receiving *g)
{
	worker_end(&g->stand_by);
}

/* --- the cable ---------------------------------------------------------------------------------- */

void target_enter(const struct target *r)
{
	namespace_enter(r->namespace);
}

void target_leave(const struct target *r)
{
	namespace_enter(r->host);
}

/* What comes then goes through NAPI, as on a network card, with an XDP program or without. */
static void begin_napi(const char *device)
{
	struct ethtool_value on = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq request = { .ifr_data = (char *)&on };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die("%s: GRO: %s", device, strerror(errno));
	(void)close(fd);
}

#define IP(...) ((void)command((char *[]){ "ip", __VA_ARGS__, NULL }, -1))

/* Names are of this process alone, since the kernel's threads have them and are seen by all. */
static void make_cable(struct target *r, unsigned number)
{
	char sender[16], namespace[64];

	(void)snprintf(r->device, sizeof(r->device), "b%06x%02x", (unsigned)getpid() & 0xffffff,
		       number & 0xff);
	(void)snprintf(sender, sizeof(sender), "send%u", number);
	(void)snprintf(namespace, sizeof(namespace), "/proc/%d/fd/%d", (int)getpid(), r->namespace);
	IP("link", "add", sender, "address", SENDER_MAC, "type", "veth", "peer", "name", r->device,
	   "address", RECEIVER_MAC, "netns", namespace);
	IP("link", "set", sender, "up");
	r->sender = if_nametoindex(sender);
	target_enter(r);
	IP("link", "set", "lo", "up");
	IP("address", "add", RECEIVER_IPV4 "/24", "dev", r->device);
	IP("address", "add", RECEIVER_IPV6 "/64", "dev", r->device, "nodad");
	IP("link", "set", r->device, "up");
	begin_napi(r->device); /* not before: a veth that is down does not tell its other end */
	IP("neighbor", "add", SENDER_IPV4, "lladdr", SENDER_MAC, "dev", r->device);
	IP("neighbor", "add", SENDER_IPV6, "lladdr", SENDER_MAC, "dev", r->device);
	IP("route", "add", "default", "via", SENDER_IPV4); /* random sources are no strangers */
}

/* --- the thread --------------------------------------------------------------------------------- */

static bool begin_thread(const char *device)
{
	char path[BENCH_PATH];
	int fd;
	bool done;

	if ((mkdir(SYS, 0700) && errno != EEXIST) || mount("sysfs", SYS, "sysfs", 0, NULL))
		die("%s: %s", SYS, strerror(errno));
	(void)snprintf(path, sizeof(path), SYS "/class/net/%s/threaded", device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, "1", 1) == 1;
	if (fd >= 0)
		(void)close(fd);
	if (umount(SYS))
		die("%s: %s", SYS, strerror(errno));
	return done;
}

static bool read_line(pid_t pid, const char *file, char *line, int size)
{
	char path[64];
	FILE *f;
	bool got;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	got = f && fgets(line, size, f);
	if (f)
		(void)fclose(f);
	return got;
}

static pid_t find_thread(const char *device)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	char wanted[32], name[64];
	pid_t found = 0;

	(void)snprintf(wanted, sizeof(wanted), "napi/%s-", device);
	while (proc && !found && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_line(atoi(entry->d_name), "comm", name, sizeof(name)) &&
		    !strncmp(name, wanted, strlen(wanted)))
			found = atoi(entry->d_name);
	if (proc)
		(void)closedir(proc);
	if (!found)
		die("no thread %s*", wanted);
	return found;
}

/* Its state would not do: a thread that is about to look for work says that it sleeps. */
static bool is_asleep(pid_t thread)
{
	char where[64];

	if (!read_line(thread, "wchan", where, sizeof(where)))
		die("the receiver's thread is gone");
	return strcmp(where, "0") != 0;
}

static void wait_until_asleep(const struct target *r)
{
	const struct timespec pause = { .tv_nsec = 200 * 1000 };

	for (unsigned waited = 0; waited < PATIENCE_MS * 5; waited++) {
		if (is_asleep(r->thread))
			return;
		(void)nanosleep(&pause, NULL);
	}
	die("%s still receives after %d s", r->device, PATIENCE_MS / 1000);
}

bool target_make(struct target *r, const struct receiving *g, unsigned number)
{
	bool threaded;

	r->host = namespace_open();
	if (unshare(CLONE_NEWNET))
		die("namespaces: %s", strerror(errno));
	r->namespace = namespace_open();
	namespace_enter(r->host);
	make_cable(r, number);
	threaded = begin_thread(r->device);
	r->figures = open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC); /* of this namespace */
	target_leave(r);
	if (!threaded || r->figures < 0)
		return false;
	r->thread = find_thread(r->device);
	bind_to(r->thread, g->receiver);
	set_priority(r->thread, BEFORE_IT);
	r->clock = task_clock(r->thread);
	return true;
}

/* --- a turn ------------------------------------------------------------------------------------- */

static double packets_of(const struct target *r)
{
	char text[4096], *at;
	ssize_t n = pread(r->figures, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, r->device);
	at = at ? strchr(at, ':') : NULL;
	if (!at)
		die("/proc/net/dev lacks %s", r->device);
	(void)strtod(at + 1, &at); /* bytes */
	return strtod(at, NULL);
}

double target_run(const struct target *r, const struct receiving *g, struct frame_order o)
{
	double clock, packets;

	o.device = r->sender;
	wait_until_asleep(r);
	bind_to(0, g->sender);
	packets = packets_of(r);
	clock = clock_ns(r->clock);
	begin_stand_by(g);
	set_priority(0, FIRST);
	frames_send(&g->frames, &o);
	set_priority(0, ORDINARY);
	wait_until_asleep(r);
	end_stand_by(g);
	clock = clock_ns(r->clock) - clock;
	packets = packets_of(r) - packets;
	if (sched_setaffinity(0, sizeof(g->before), &g->before))
		die("CPUs: %s", strerror(errno));
	if (packets < 1)
		die("%s: nothing was received", r->device);
	return clock / packets;
}
