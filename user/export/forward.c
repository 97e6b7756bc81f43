// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ends, each of which may be gone: when, and how often, it is tried again is the same for both. When the
 * carrier is lost the agent is asked anew as well, since what was under way has to come again.
 */
#include "export/forward.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "events/follower.h"
#include "util/cleanup.h"

#define RETRY_FIRST_MS 200
#define RETRY_MOST_MS 30000
#define POSITION_MS 1000 /* how often the position is written at most */

struct end {
	const char *name;
	uint64_t retry_ms; /* when it is tried again */
	uint64_t delay_ms; /* how long it was waited for the last time */
	char said[256]; /* why it does not work, as said last */
};

struct forward {
	const struct forward_config *config;
	struct ledger *ledger;
	struct follower follower;
	struct end agent, carrier;
	bool carrier_open;
	struct json line;
	struct position written;
	uint64_t write_ms; /* when the position may be written again */
	char write_error[128];
	struct pg_error err; /* of the carrier */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void say(const struct forward *f, const char *what, const char *how)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%.200s: %.250s", what, how);
	f->config->say(text);
}

/* Twice as long each time, and half of it by chance: a fleet must not come back all at once. */
static void put_off(struct end *end)
{
	uint32_t chance = 0;

	end->delay_ms = end->delay_ms ? end->delay_ms * 2 : RETRY_FIRST_MS;
	if (end->delay_ms > RETRY_MOST_MS)
		end->delay_ms = RETRY_MOST_MS;
	(void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK); /* or none */
	end->retry_ms = now_ms() + end->delay_ms / 2 + chance % (end->delay_ms / 2);
}

/* Said once, until it works again or something else is wrong. */
static void complain(const struct forward *f, struct end *end, const char *why)
{
	if (!strncmp(end->said, why, sizeof(end->said) - 1))
		return;
	(void)snprintf(end->said, sizeof(end->said), "%.*s", (int)sizeof(end->said) - 1, why);
	say(f, end->name, why);
}

static void works(const struct forward *f, struct end *end)
{
	end->delay_ms = 0;
	if (end->said[0])
		say(f, end->name, "goes on");
	end->said[0] = '\0';
}

/* --- the agent ---------------------------------------------------------------------------------- */

static void lose_agent(struct forward *f, const char *why)
{
	follower_close(&f->follower);
	put_off(&f->agent);
	complain(f, &f->agent, why);
}

static const char *agent_error(int error)
{
	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		return "no agent is running: waiting for one";
	case EACCES:
	case EPERM:
		return "permission denied: be a member of the group portguard, which must exist "
		       "when the agent starts";
	default:
		return strerror(-error);
	}
}

static bool wants_agent(const struct forward *f)
{
	return f->carrier_open && carrier_ready(f->config->carrier) && ledger_has_room(f->ledger);
}

static void open_agent(struct forward *f)
{
	int r = follower_connect(f->config->run, &f->follower);

	r = r ? r : follower_begin_after(&f->follower, ledger_last_id(f->ledger));
	if (r)
		lose_agent(f, agent_error(r));
}

/* --- the carrier -------------------------------------------------------------------------------- */

static void lose_carrier(struct forward *f, const char *why)
{
	carrier_drop(f->config->carrier);
	f->carrier_open = false;
	put_off(&f->carrier);
	complain(f, &f->carrier, why);
	ledger_drop(f->ledger);
	follower_close(&f->follower); /* what was under way is asked for again */
}

/* 0, or CARRIER_NEVER. */
static int open_carrier(struct forward *f)
{
	int r = carrier_open(f->config->carrier, &f->err);

	f->carrier_open = !r;
	if (r && r != CARRIER_NEVER)
		lose_carrier(f, f->err.text);
	return r == CARRIER_NEVER ? r : 0;
}

static void work(struct forward *f, short revents)
{
	uint64_t arrived = f->ledger->first;

	if (carrier_work(f->config->carrier, revents, f->ledger, &f->err))
		lose_carrier(f, f->err.text);
	else if (f->ledger->first != arrived)
		works(f, &f->carrier);
	if (f->carrier_open && carrier_trouble(f->config->carrier)[0])
		complain(f, &f->carrier, carrier_trouble(f->config->carrier));
}

/* --- from one to the other ---------------------------------------------------------------------- */

static void tell_lost(const struct forward *f, const struct event *e, const struct position *step)
{
	if (step->lost)
		say(f, "events", e->text ? e->text : "some are lost");
}

static void hand_on(struct forward *f, const struct event *e)
{
	uint64_t ticket = ledger_take(f->ledger, &f->follower.source, e);
	int r;

	tell_lost(f, e, &f->ledger->entries[ticket % LEDGER_SIZE].step);
	json_reset(&f->line);
	f->config->format->write(&f->line, &f->follower.source, e);
	r = json_error(&f->line);
	r = r ? r
	      : carrier_send(f->config->carrier, &f->follower.source, e, f->line.text,
			     f->line.length, ticket);
	if (!r)
		return;
	say(f, "an event cannot be sent and is left out", strerror(-r));
	ledger_leave_out(f->ledger, ticket);
}

/* Until the carrier has enough. -EBADMSG: the agent is not of this version. */
static int hand_on_all(struct forward *f)
{
	struct event e;
	int r = 1;

	while (f->follower.fd >= 0 && wants_agent(f) && (r = follower_next(&f->follower, &e)) > 0) {
		works(f, &f->agent);
		hand_on(f, &e);
	}
	return r < 0 ? r : 0;
}

static void receive(struct forward *f)
{
	if (follower_receive(&f->follower))
		lose_agent(f, "the agent has ended: waiting for the next");
}

/* --- the position ------------------------------------------------------------------------------- */

static bool position_changed(const struct forward *f)
{
	return strcmp(f->written.id, f->ledger->position.id) != 0;
}

/* What cannot be written now is tried again; meanwhile more would come twice, and nothing is lost. */
static void write_position(struct forward *f)
{
	int r;

	if (!position_changed(f))
		return;
	r = position_write(f->config->position, &f->ledger->position);
	f->write_ms = now_ms() + POSITION_MS;
	if (!r)
		f->written = f->ledger->position;
	if (r && strcmp(f->write_error, strerror(-r)))
		say(f, "the position cannot be written", strerror(-r));
	(void)snprintf(f->write_error, sizeof(f->write_error), "%s", r ? strerror(-r) : "");
}

/* --- the loop ----------------------------------------------------------------------------------- */

static void sooner(int *timeout, uint64_t when_ms)
{
	uint64_t now = now_ms();
	int ms = when_ms <= now ? 0 : (int)(when_ms - now);

	if (*timeout < 0 || ms < *timeout)
		*timeout = ms;
}

static int patience(const struct forward *f)
{
	int timeout = f->carrier_open ? carrier_timeout(f->config->carrier) : -1;

	if (!f->carrier_open)
		sooner(&timeout, f->carrier.retry_ms);
	else if (f->follower.fd < 0 && wants_agent(f))
		sooner(&timeout, f->agent.retry_ms);
	if (position_changed(f))
		sooner(&timeout, f->write_ms);
	return timeout;
}

static int open_what_is_due(struct forward *f)
{
	uint64_t now = now_ms();
	int r = 0;

	if (!f->carrier_open && now >= f->carrier.retry_ms)
		r = open_carrier(f);
	if (f->follower.fd < 0 && wants_agent(f) && now >= f->agent.retry_ms)
		open_agent(f);
	return r;
}

/* 1 when it is told to end. */
static int turn(struct forward *f)
{
	struct pollfd fds[] = {
		{ .fd = f->config->signal_fd, .events = POLLIN },
		{ .fd = f->follower.fd, .events = wants_agent(f) ? POLLIN : 0 },
		{ .fd = f->carrier_open ? carrier_fd(f->config->carrier) : -1,
		  .events = f->carrier_open ? carrier_events(f->config->carrier) : 0 },
	};

	if (poll(fds, ARRAY_SIZE(fds), patience(f)) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents)
		return 1;
	if (f->carrier_open)
		work(f, fds[2].revents);
	if (f->follower.fd >= 0 && fds[1].revents)
		receive(f);
	if (now_ms() >= f->write_ms)
		write_position(f);
	return 0;
}

static int loop(struct forward *f, struct pg_error *err)
{
	int r = 0;

	while (!r) {
		if (open_what_is_due(f)) {
			*err = f->err;
			return CARRIER_NEVER;
		}
		if (hand_on_all(f)) {
			(void)pg_fail(err, -EBADMSG, PG_EXIT_UNAVAILABLE,
				      "the agent speaks as another version of portguard");
			return pg_help(err, -EBADMSG,
				       "start this one again when both are of one version");
		}
		r = turn(f);
	}
	return r < 0 ? pg_fail(err, r, PG_EXIT_UNAVAILABLE, "poll: %s", strerror(-r)) : 0;
}

int forward(const struct forward_config *config, struct pg_error *err)
{
	struct forward f = {
		.config = config,
		.ledger = config->ledger,
		.follower = FOLLOWER_INIT,
		.agent.name = "agent",
		.carrier.name = carrier_target(config->carrier),
		.line = JSON_INIT,
		.written = config->ledger->position,
		.err = PG_ERROR_INIT,
	};
	int r = loop(&f, err);

	if (f.carrier_open)
		carrier_finish(config->carrier, f.ledger);
	write_position(&f);
	follower_close(&f.follower);
	json_free(&f.line);
	return r;
}
