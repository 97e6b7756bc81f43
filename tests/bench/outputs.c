// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an output takes of the agent: from the event to its arrival, through the outlet (filter,
 * spool, format, sink) or the subscribers' socket, as the agent calls them. A batch is what it
 * makes of a second, so there is a tick before each; the sender waits until the receiver, a process
 * beside it, has all of it. History is what every event goes to before.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/events.h"
#include "bench/workers.h"
#include "events/encode.h"
#include "events/history.h"
#include "events/outlet.h"
#include "events/sink_journald.h"
#include "events/subscribers.h"
#include "util/cleanup.h"

#define DIR WORLD_DIR "/events"
#define SPOOLS DIR "/spool"
#define SYSLOG DIR "/syslog.sock"
#define SUBSCRIBERS DIR "/events.sock"
#define PORT 5514
#define LOCALHOST                                                        \
	{                                                                \
		[10] = 0xff, [11] = 0xff, [12] = 127, [13] = 0, [15] = 1 \
	}
#define ROTATE (16u << 20) /* memory has an end */
#define PATIENCE_MS 10000

struct sender {
	enum way way;
	struct event_source source;
	uint64_t seq;
	struct history *history;
	struct subscribers *subscribers;
	struct outlet *outlet;
	struct receiver receiver;
	struct worker reader; /* of what is received; .pid 0: nobody has to */
	int epoll_fd; /* the outlet or the subscribers, and the reader's answers: data.ptr NULL */
};

const char *const way_names[WAYS] = {
	[WAY_FILE] = "file, json",
	[WAY_STDOUT] = "stdout: a pipe, json",
	[WAY_UNIX] = "syslog: a unix socket",
	[WAY_UDP] = "syslog: UDP",
	[WAY_TCP] = "syslog: TCP",
	[WAY_JOURNALD] = "journald",
	[WAY_SUBSCRIBER] = "a subscriber, json",
	[WAY_HISTORY] = "history, for all of them",
};

static struct sender senders[WAYS];

static const struct output outputs[] = {
	[WAY_FILE] = { .kind = OUTPUT_FILE,
		       .path = DIR "/events.jsonl",
		       .rotate_bytes = ROTATE,
		       .keep = 1 },
	[WAY_STDOUT] = { .kind = OUTPUT_STDOUT },
	[WAY_UNIX] = { .kind = OUTPUT_UNIX, .path = SYSLOG },
	[WAY_UDP] = { .kind = OUTPUT_UDP, .ip = LOCALHOST, .port = PORT },
	[WAY_TCP] = { .kind = OUTPUT_TCP, .ip = LOCALHOST, .port = PORT },
	[WAY_JOURNALD] = { .kind = OUTPUT_JOURNALD },
};

static void must(int result, const char *what)
{
	if (result < 0)
		die("%s: %s", what, strerror(-result));
}

static void watch(const struct sender *s, int fd, void *what)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = what };

	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		die("epoll: %s", strerror(errno));
}

/* --- opening ---------------------------------------------------------------------------------- */

static void make_directories(void)
{
	static const char *const paths[] = { DIR, SPOOLS, "/run/systemd", "/run/systemd/journal" };
	FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "we");

	/* As systemd sets it; of this network namespace. */
	if (!f || fputs("512", f) == EOF || fclose(f))
		die("net.unix.max_dgram_qlen: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (mkdir(paths[i], 0700))
			die("%s: %s", paths[i], strerror(errno));
}

static void open_outlet(struct sender *s)
{
	const struct outlet_place place = { .dir = SPOOLS,
					    .source = &s->source,
					    .epoll_fd = s->epoll_fd };
	struct output config = outputs[s->way];

	config.buffer_bytes = OUTPUT_BUFFER;
	if (config.kind == OUTPUT_FILE || config.kind == OUTPUT_STDOUT)
		config.format = format_find("json");
	else if (config.kind != OUTPUT_JOURNALD)
		config.format = format_find("syslog");
	must(output_name(&config), way_names[s->way]);
	must(outlet_new(&config, &place, &s->outlet), config.name);
	if (outlet_error(s->outlet))
		die("%s: %s", config.name, outlet_trouble(s->outlet));
	free(config.name);
}

/* Behind a standard output that is a pipe. */
static void open_stdout(struct sender *s)
{
	int ours = dup(STDOUT_FILENO), pipes[2];

	(void)fflush(stdout);
	if (ours < 0 || pipe2(pipes, O_CLOEXEC) || dup2(pipes[1], STDOUT_FILENO) < 0)
		die("pipe: %s", strerror(errno));
	open_outlet(s);
	if (dup2(ours, STDOUT_FILENO) < 0)
		die("stdout: %s", strerror(errno));
	(void)close(ours);
	(void)close(pipes[1]);
	s->receiver = (struct receiver){ pipes[0], READS_LINES };
}

static void open_tcp(struct sender *s)
{
	int fd = receiver_inet(SOCK_STREAM, PORT);

	open_outlet(s);
	s->receiver = (struct receiver){ accept(fd, NULL, NULL), READS_COUNTED };
	if (s->receiver.fd < 0)
		die("accept: %s", strerror(errno));
	(void)close(fd);
}

static void open_datagrams(struct sender *s, int fd)
{
	s->receiver = (struct receiver){ fd, READS_DATAGRAMS };
	open_outlet(s);
}

static void open_subscribers(struct sender *s)
{
	const struct subscribers_config config = { .path = SUBSCRIBERS,
						   .source = &s->source,
						   .group = SUBSCRIBERS_NO_GROUP };

	must(subscribers_open(&config, NULL, &s->subscribers), SUBSCRIBERS);
	watch(s, subscribers_fd(s->subscribers), s->subscribers);
	s->receiver =
		(struct receiver){ receiver_subscriber(SUBSCRIBERS, "format=json\n"), READS_LINES };
	while (!subscribers_count(s->subscribers)) /* it has connected and spoken already */
		subscribers_dispatch(s->subscribers);
}

static void open_sender(struct sender *s)
{
	s->receiver.fd = -1;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->source = events_source();
	switch (s->way) {
	case WAY_STDOUT:
		open_stdout(s);
		break;
	case WAY_TCP:
		open_tcp(s);
		break;
	case WAY_UNIX:
		open_datagrams(s, receiver_unix(SYSLOG));
		break;
	case WAY_UDP:
		open_datagrams(s, receiver_inet(SOCK_DGRAM, PORT));
		break;
	case WAY_JOURNALD:
		open_datagrams(s, receiver_unix(JOURNALD_SOCKET));
		break;
	case WAY_SUBSCRIBER:
		open_subscribers(s);
		break;
	case WAY_HISTORY:
		must(history_open(DIR, &s->source, 0, NULL, &s->history), DIR);
		break;
	default:
		open_outlet(s);
	}
	if (s->receiver.fd < 0)
		return;
	s->reader = worker_start(receiver_read, &s->receiver);
	watch(s, s->reader.answers, NULL);
	(void)close(s->receiver.fd); /* the reader's own is open */
}

/* --- sending ---------------------------------------------------------------------------------- */

static void give(struct sender *s, struct json *frame)
{
	struct event e = *events_mixed(s->seq);
	int r = 0;

	e.seq = ++s->seq;
	if (s->history)
		r = history_append(s->history, &e);
	else if (s->subscribers)
		subscribers_publish(s->subscribers, &e);
	else
		r = frame_put_event(frame, &e);
	must(r, "an event");
	if (s->outlet)
		outlet_take(s->outlet, &e, s->source.boot_id, frame->text, frame->length);
	json_reset(frame);
}

/* One look; true: the reader has all. */
static bool look(struct sender *s)
{
	struct epoll_event evs[4];
	int n = epoll_wait(s->epoll_fd, evs, ARRAY_SIZE(evs), PATIENCE_MS);
	bool all = false;
	char answer;

	if (n <= 0)
		die("%s: nothing arrives", way_names[s->way]);
	for (int i = 0; i < n; i++) {
		if (!evs[i].data.ptr)
			all = read(s->reader.answers, &answer, 1) == 1;
		else if (s->outlet)
			outlet_ready(s->outlet, evs[i].events);
		else
			subscribers_dispatch(s->subscribers);
	}
	return all;
}

static void send_batch(struct sender *s, struct json *frame)
{
	const unsigned count = EVENTS_A_BATCH;

	if (s->reader.pid && write(s->reader.orders, &count, sizeof(count)) != sizeof(count))
		die("%s: its reader is gone", way_names[s->way]);
	if (s->outlet)
		outlet_tick(s->outlet);
	for (unsigned i = 0; i < count; i++)
		give(s, frame);
	if (s->history)
		must(history_flush(s->history), "history");
	if (s->subscribers)
		subscribers_flush(s->subscribers);
	if (s->outlet)
		outlet_flush(s->outlet);
	while (s->reader.pid && !look(s))
		;
}

static void send_events(const void *data, unsigned amount)
{
	struct sender *s = &senders[((const struct sender *)data)->way];
	_cleanup_json_ struct json frame = JSON_INIT;

	for (unsigned i = 0; i < amount / EVENTS_A_BATCH; i++)
		send_batch(s, &frame);
	if (s->outlet && spool_figures(outlet_spool(s->outlet)).lost)
		die("%s: events were lost", way_names[s->way]);
}

void ways_open(struct worker workers[WAYS])
{
	make_directories();
	for (enum way way = 0; way < WAYS; way++) {
		senders[way].way = way;
		open_sender(&senders[way]);
		workers[way] = worker_start(send_events, &senders[way]);
	}
}

void ways_close(const struct worker workers[WAYS])
{
	for (enum way way = 0; way < WAYS; way++) {
		worker_end(&workers[way]);
		if (senders[way].reader.pid)
			worker_end(&senders[way].reader);
	}
}
