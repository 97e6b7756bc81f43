// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event takes on its way out: as a line of each format, over each output, and from the
 * refusal to a subscriber. Ratios are to the native JSON, and to the file; of these two themselves
 * they are between two turns of the same, and tell how much turns differ.
 */
#include <string.h>
#include <time.h>

#include "bench/events.h"
#include "bench/workers.h"
#include "events/format.h"
#include "unit/lib/every_event.h"
#include "util/cleanup.h"

#define HOSTILE_MAX 32
#define VERDICTS (PG_VERDICT_COUNT - PG_ALLOW)
#define MIX_MAX ((size_t)HOSTILE_MAX * PG_HOOK_COUNT * VERDICTS * 2)

/* Of formats, or of ways: how many a second holds, by the clock on the wall, and CPU time. */
struct event_rows {
	struct row rates[FORMATS_MAX], cpus[FORMATS_MAX];
	size_t count;
};

_Static_assert((int)WAYS <= FORMATS_MAX, "rows for either");

static struct event mix[MIX_MAX];
static size_t mix_count;
static struct event_rows formats, ways;
static struct row latencies[2 * REFUSALS];
static size_t rounds;

/* --- events ----------------------------------------------------------------------------------- */

/* Each hostile one has a plain one beside it, since most are plain. */
static void mix_in(const char *hostile)
{
	for (uint8_t hook = 0; hook < PG_HOOK_COUNT; hook++)
		for (uint8_t verdict = PG_ALLOW; verdict < PG_VERDICT_COUNT; verdict++) {
			mix[mix_count++] = every_verdict(hook, verdict, hostile);
			mix[mix_count++] = every_verdict(hook, verdict, NULL);
		}
}

static void make_mix(void)
{
	for (size_t i = 0; i < HOSTILE_MAX && every_hostile(i); i++)
		mix_in(every_hostile(i));
}

const struct event *events_mixed(size_t i)
{
	return &mix[i % mix_count];
}

struct event_source events_source(void)
{
	struct event_source source = { 0 };

	event_source_fill(&source, "bench");
	source.number = 32473;
	return source;
}

/* --- turns ------------------------------------------------------------------------------------ */

static double now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct turn {
	double rate, cpu; /* thousands of events a second; ms for 100,000 */
};

static struct turn turn(const struct worker *w, unsigned events)
{
	double began = now_ns(), cpu_ns = worker_run(w, events);

	return (struct turn){ .rate = events / (now_ns() - began) * 1e6,
			      .cpu = cpu_ns / events * 1e5 / 1e6 };
}

/* The first is what the others are compared to: it has a turn before all, too. */
static void measure(struct event_rows *rows, const struct worker *workers, unsigned events,
		    size_t round)
{
	struct turn base = turn(&workers[0], events);

	for (size_t i = 0; i < rows->count; i++) {
		struct turn t = turn(&workers[i], events);

		rows->rates[i].value[round] = t.rate;
		rows->cpus[i].value[round] = t.cpu;
		rows->rates[i].base[round] = base.rate;
		rows->cpus[i].base[round] = base.cpu;
	}
}

static void add_rows(struct event_rows *rows, const char *name, const char *beside)
{
	rows->rates[rows->count] = (struct row){ .name = name, .unit = "k/s", .beside = beside };
	rows->cpus[rows->count++] = (struct row){ .name = name, .unit = "ms", .beside = beside };
}

/* --- formats ---------------------------------------------------------------------------------- */

static void write_lines(const void *data, unsigned amount)
{
	const struct format *format = data;
	struct event_source source = events_source();
	_cleanup_json_ struct json line = JSON_INIT;

	for (unsigned i = 0; i < amount; i++) {
		json_reset(&line);
		format->write(&line, &source, events_mixed(i));
		if (json_error(&line))
			die("format %s: %s", format->name, strerror(-json_error(&line)));
	}
}

static void open_formats(struct worker workers[FORMATS_MAX])
{
	const struct format *f;

	while ((f = format_at(formats.count))) {
		workers[formats.count] = worker_start(write_lines, f);
		add_rows(&formats, f->name, format_at(0)->name);
	}
	formats.rates[0].section = "Events as lines of a format, thousands a second";
	formats.cpus[0].section = "The same: CPU of 100,000 events";
}

static void open_ways(struct worker workers[WAYS])
{
	ways_open(workers);
	for (enum way way = 0; way < WAYS; way++)
		add_rows(&ways, way_names[way], way_names[0]);
	ways.rates[0].section = "Events over an output, thousands a second";
	ways.cpus[0].section = "The same: CPU of 100,000 events, the agent's side alone";
}

/* --- latency ---------------------------------------------------------------------------------- */

static void name_latencies(void)
{
	static const char *const names[REFUSALS][2] = {
		[REFUSED_BIND] = { "bind: median", "bind: 99 of 100 within" },
		[REFUSED_BIND_NEW] = { "bind, each by a new process: median",
				       "bind, new process: 99 of 100 within" },
		[REFUSED_CONNECT] = { "connect: median", "connect: 99 of 100 within" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(latencies); i++)
		latencies[i] = (struct row){ .name = names[i / 2][i % 2],
					     .unit = "us",
					     .most = i % 2 ? 10000 : 1000 };
	latencies[0].section = "From the refusal to a subscriber's line, one after another";
}

void events_measure(const struct world *w, size_t count, unsigned events)
{
	struct worker writers[FORMATS_MAX], senders[WAYS];

	rounds = count;
	make_mix();
	open_formats(writers);
	open_ways(senders);
	name_latencies();
	latency_open(w);
	for (size_t round = 0; round < rounds; round++) {
		measure(&formats, writers, events, round);
		measure(&ways, senders, events, round);
		for (enum refusal r = 0; r < REFUSALS; r++)
			latency_measure(r, events / 200, &latencies[2 * r].value[round],
					&latencies[2 * r + 1].value[round]);
	}
	latency_close(w);
	ways_close(senders);
	for (size_t i = 0; i < formats.count; i++)
		worker_end(&writers[i]);
}

static int print_rows(const struct event_rows *rows)
{
	return table_print(rows->rates, rows->count, rounds) +
	       table_print(rows->cpus, rows->count, rounds);
}

int events_print(void)
{
	return print_rows(&formats) + print_rows(&ways) +
	       table_print(latencies, ARRAY_SIZE(latencies), rounds);
}
