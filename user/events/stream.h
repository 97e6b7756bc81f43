/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream: refusals from the kernel in, lines out, every refusal in exactly one line or counted as
 * lost. It knows no BPF: the ring's records are handed in, the kernel's tables are plain memory that
 * is mapped by the caller, so that unit tests make their own.
 *
 * Packets: pg_seen counts them by kind; each drain reports the difference to pg_reported. Sockets:
 * each refusal is a record, and equal ones within a second are summed up here.
 */
#ifndef PORTGUARD_STREAM_H
#define PORTGUARD_STREAM_H

#include "events/event.h"
#include "events/history.h"
#include "events/process.h"
#include "util/error.h"

struct stream;

/* One line is made: the event is whole (seq, severity … set). 0 or -errno, which is only counted. */
typedef int (*stream_sink_fn)(void *data, const struct event *event);

struct stream_memory {
	struct pg_control *control;		/* epoch and drained are written */
	const struct pg_seen *seen;		/* control->cpus regions of PG_SEEN_REGION */
	uint64_t *reported;	/* a word for each slot of seen: its count as reported so far; journal.h */
	struct pg_journal *journal;
};

/* Where a packet was to go. */
struct stream_packet {
	uint8_t proto;		/* IPPROTO_* */
	uint16_t port;
	const uint8_t *local;	/* 16 bytes */
	uint32_t ifindex;
	bool scoped;		/* a scope answered: the socket may be of another network namespace */
};

struct stream_config {
	struct stream_memory memory;
	uint32_t lines_max;			/* in any second */
	stream_sink_fn sink;			/* all outputs: the caller fans out */
	/* The end of a batch of lines: write them, history first. May be NULL. 0 or -errno, only counted. */
	int (*flush)(void *data);
	void *data;
	/* Text of a rule id as `list` prints it, or NULL; valid until the next call. These may be NULL. */
	const char *(*rule_text)(void *data, uint32_t id);
	/* Name of a scope as programs tell it (PG_SCOPE_TOLD()), or NULL; likewise. */
	const char *(*scope_name)(void *data, uint16_t told);
	/* Device name by index, or NULL; likewise. */
	const char *(*interface_name)(void *data, uint32_t ifindex);
	/* Path of a cgroup by id as /proc/PID/cgroup prints it, or NULL; likewise. */
	const char *(*cgroup_path)(void *data, uint64_t id);
	/* Unit and container of a cgroup; likewise. */
	void (*place)(void *data, const char *cgroup, struct process_place *ret);
	/* Whose the local port of a packet is, asked once for a line of packets; or NULL; likewise. */
	const struct process *(*owner)(void *data, const struct stream_packet *to);
	/* The counters as a JSON object, for the heartbeat; or NULL; likewise. */
	const char *(*counters)(void *data);
	/* history_tally() from journal->pending_seq on, before anything new is written. */
	struct history_tally past;
	const char *proc;			/* where procfs is; NULL: /proc */
	/* CLOCK_MONOTONIC and CLOCK_REALTIME in ns; NULL: the machine's. */
	void (*clocks)(void *data, uint64_t *ret_monotonic_ns, uint64_t *ret_realtime_ns);
};

struct stream_figures {
	uint64_t sink_errors;	/* lines and batches that an output did not take, as it said */
	uint64_t lost_before;	/* refusals that died with the former agent: found by stream_open() */
};

/**
 * stream_open() - Go on where the former agent ended, however it did (journal.h).
 * @config: copied.
 * What was taken from the kernel and is in no line of history is now in journal->lost.
 */
int stream_open(const struct stream_config *config, struct stream **ret);
void stream_free(struct stream *s);	/* what waits is not told: see stream_finish(); NULL is fine */

/* More or fewer lines in any second; what was made in this one counts. 0 or -ENOMEM, and it stays as it was. */
int stream_set_lines_max(struct stream *s, uint32_t lines_max);

/* A record of the ring (pg_record_*); reports a first of its kind at once, within lines_max. */
void stream_record(struct stream *s, const void *record, size_t size);
/*
 * About once a second: drain pg_seen, report what was summed up, start a new epoch. Each STREAM_BEAT_SECONDS a `beat`
 * comes before that.
 */
void stream_tick(struct stream *s);
/* Report what there is now, within lines_max, between two ticks: somebody asks. Epochs stay. */
void stream_flush(struct stream *s);
/* The agent ends: report all that is left, folded as far as needed, whatever lines_max says. */
void stream_finish(struct stream *s);

#define STREAM_BEAT_SECONDS 300
/* A health event now, before verdicts; @counters_json may be NULL. */
void stream_health(struct stream *s, const char *action, const char *text, const char *counters_json);
/*
 * A change now, before verdicts: end_us (0: now), action, text, actor, before and after of @change are used.
 */
void stream_change(struct stream *s, const struct event *change);

/* When anything waits to be reported (the agent then ticks once more before it ends). */
bool stream_pending(const struct stream *s);
struct stream_figures stream_figures(const struct stream *s);

#endif
