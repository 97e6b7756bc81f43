// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syslog over TLS (RFC 5425): each message behind its length, by GnuTLS. Who the receiver says it is, is
 * checked against --ca and the name that was asked for, before the first byte of an event.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/sockios.h>

#include "events/syslog.h"
#include "export/carrier.h"
#include "export/dial.h"
#include "export/parcels.h"
#include "export/session.h"
#include "util/cleanup.h"

#define SYSLOG_TLS_PORT "6514"
#define BUFFER_MAX 65536 /* bytes that wait for TLS; the message that goes over it is the last */
#define CONNECT_MS 10000 /* an address that does not answer, a handshake that does not end */
#define FINISH_MS 3000

const struct carrier_about carrier_about = {
	.program = "portguard-export",
	.words = "--tls HOST[:PORT] --ca FILE [--cert FILE --key FILE]",
	.help = "  --tls HOST[:PORT]  the receiver, syslog over TLS (RFC 5425); "
		"port " SYSLOG_TLS_PORT "\n"
		"  --ca FILE          certificates (PEM) of who may vouch for it\n"
		"  --cert FILE        our certificate, where the receiver asks for one\n"
		"  --key FILE         its key\n",
	.format = "syslog",
};

enum state { CLOSED, CONNECTING, HANDSHAKE, OPEN };

struct carrier {
	const char *target, *ca, *cert, *key; /* as said */
	struct dial dial;
	struct session session;
	enum state state;
	uint64_t deadline_ms; /* of connecting and handshake */
	struct json out; /* messages that TLS has not taken whole */
	uint64_t taken; /* plain bytes that it took */
	struct parcels parcels;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct carrier *carrier_new(void)
{
	struct carrier *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->dial = (struct dial)DIAL_INIT;
	if (parcels_init(&c->parcels) || session_init(&c->session)) {
		carrier_free(c);
		return NULL;
	}
	return c;
}

void carrier_free(struct carrier *c)
{
	if (!c)
		return;
	carrier_drop(c);
	session_free(&c->session);
	parcels_free(&c->parcels);
	json_free(&c->out);
	free(c);
}

const char *carrier_target(const struct carrier *c)
{
	return c->target;
}

/* --- what was said ------------------------------------------------------------------------------ */

size_t carrier_options(struct carrier *c, struct option_word *ret)
{
	const struct option_word words[] = {
		{ .name = "--tls", .value = &c->target },
		{ .name = "--ca", .value = &c->ca },
		{ .name = "--cert", .value = &c->cert },
		{ .name = "--key", .value = &c->key },
	};

	memcpy(ret, words, sizeof(words));
	return ARRAY_SIZE(words);
}

int carrier_prepare(struct carrier *c, struct sandbox *s, struct pg_error *err)
{
	int r;

	if (!c->target)
		return usage_error(err, "--tls says where to, and is missing");
	if (!c->ca)
		return usage_error(err, "--ca says whom to trust, and is missing");
	if (!c->cert != !c->key)
		return usage_error(err, "--cert and --key are said together");
	r = dial_parse(&c->dial, c->target, SYSLOG_TLS_PORT, err);
	r = r ? r : session_trust(&c->session, c->ca, err);
	if (!r && c->cert)
		r = session_show(&c->session, c->cert, c->key, err);
	if (r)
		return r;
	s->port = (uint16_t)atoi(c->dial.port);
	s->host = c->dial.host;
	return 0;
}

/* --- the connection ----------------------------------------------------------------------------- */

int carrier_open(struct carrier *c, struct pg_error *err)
{
	int r = dial_begin(&c->dial, err);

	if (r)
		return r;
	c->state = CONNECTING;
	c->deadline_ms = now_ms() + CONNECT_MS;
	return 0;
}

void carrier_drop(struct carrier *c)
{
	session_close(&c->session);
	dial_close(&c->dial);
	json_reset(&c->out);
	parcels_reset(&c->parcels);
	c->taken = 0;
	c->state = CLOSED;
}

static int no_answer(struct pg_error *err)
{
	return pg_fail(err, -ETIMEDOUT, PG_EXIT_UNAVAILABLE, "no answer");
}

static int shake_hands(struct carrier *c, struct pg_error *err)
{
	int r = session_shake_hands(&c->session, err);

	if (r == 1)
		c->state = OPEN;
	return r == 1 ? 0 : r;
}

/* The socket, and with it the session, may be another one until an address has answered. */
static int begin_session(struct carrier *c, struct pg_error *err)
{
	int r = session_open(&c->session, c->dial.host, c->dial.fd, err);

	if (r)
		return r;
	c->state = HANDSHAKE;
	return shake_hands(c, err);
}

static int connect_on(struct carrier *c, short revents, struct pg_error *err)
{
	int r;

	if (now_ms() >= c->deadline_ms)
		return no_answer(err);
	if (c->state == HANDSHAKE)
		return shake_hands(c, err);
	if (!revents)
		return 0;
	r = dial_go_on(&c->dial, err);
	return r == 1 ? begin_session(c, err) : r;
}

/* --- events ------------------------------------------------------------------------------------- */

bool carrier_ready(const struct carrier *c)
{
	return c->state == OPEN && c->out.length < BUFFER_MAX;
}

int carrier_send(struct carrier *c, const struct event_source *source, const struct event *e,
		 const char *line, size_t length, uint64_t ticket)
{
	size_t before = c->out.length;

	syslog_counted(&c->out, source, e, line, length);
	if (json_error(&c->out)) {
		c->out.length = before;
		c->out.error = 0;
		return -ENOMEM;
	}
	parcels_pack(&c->parcels, ticket, c->out.length - before);
	return 0;
}

static int write_out(struct carrier *c, struct pg_error *err)
{
	int n = 1;

	while (c->out.length && n > 0) {
		n = session_write(&c->session, c->out.text, c->out.length, err);
		if (n <= 0)
			break;
		c->taken += (uint64_t)n;
		parcels_written(&c->parcels, c->taken, c->session.sent);
		c->out.length -= (size_t)n;
		memmove(c->out.text, c->out.text + n, c->out.length);
	}
	return n < 0 ? n : 0;
}

static void look_for_acks(struct carrier *c)
{
	int waits = 0;

	if (!ioctl(c->dial.fd, SIOCOUTQ, &waits) && (uint64_t)waits <= c->session.sent)
		parcels_acked(&c->parcels, c->session.sent - (uint64_t)waits, now_ms());
}

int carrier_fd(const struct carrier *c)
{
	return c->dial.fd;
}

short carrier_events(const struct carrier *c)
{
	switch (c->state) {
	case CONNECTING:
		return POLLOUT;
	case HANDSHAKE:
		return session_wants_to_write(&c->session) ? POLLOUT : POLLIN;
	default:
		return c->out.length ? POLLIN | POLLOUT : POLLIN;
	}
}

const char *carrier_trouble(const struct carrier *c)
{
	(void)c;
	return ""; /* what is wrong ends the connection */
}

int carrier_timeout(const struct carrier *c)
{
	uint64_t now = now_ms();

	if (c->state == OPEN)
		return parcels_timeout(&c->parcels, now);
	return c->deadline_ms > now ? (int)(c->deadline_ms - now) : 0;
}

int carrier_work(struct carrier *c, short revents, struct ledger *l, struct pg_error *err)
{
	int r;

	if (c->state != OPEN)
		return connect_on(c, revents, err);
	r = write_out(c, err);
	r = r ? r : session_read(&c->session, err);
	if (r)
		return r;
	look_for_acks(c);
	parcels_settle(&c->parcels, l, now_ms(), false);
	return 0;
}

/* --- the end ------------------------------------------------------------------------------------ */

static void wait_a_moment(struct carrier *c, uint64_t end_ms)
{
	struct pollfd fd = { .fd = c->dial.fd, .events = carrier_events(c) };
	uint64_t now = now_ms();
	int most = parcels_timeout(&c->parcels, now);
	int left = end_ms > now ? (int)(end_ms - now) : 0;

	(void)poll(&fd, 1, most >= 0 && most < left ? most : left);
}

/* After our end the receiver reads up to it and then ends, too: all that was acknowledged has been read. */
static bool ends_in_order(struct carrier *c, uint64_t end_ms)
{
	struct pollfd fd = { .fd = c->dial.fd, .events = POLLIN };
	char bytes[4096];
	ssize_t n;

	if (session_end(&c->session))
		return false;
	do {
		uint64_t now = now_ms();

		if (now >= end_ms || poll(&fd, 1, (int)(end_ms - now)) < 0)
			return false;
		n = recv(c->dial.fd, bytes, sizeof(bytes), 0);
	} while (n > 0 || (n < 0 && errno == EAGAIN));
	return n == 0;
}

void carrier_finish(struct carrier *c, struct ledger *l)
{
	uint64_t end_ms = now_ms() + FINISH_MS;
	struct pg_error err = PG_ERROR_INIT;

	while (c->state == OPEN && c->parcels.acked < c->parcels.packed && now_ms() < end_ms) {
		wait_a_moment(c, end_ms);
		if (carrier_work(c, POLLOUT, l, &err))
			return;
	}
	if (c->state == OPEN && c->parcels.acked == c->parcels.packed && ends_in_order(c, end_ms))
		parcels_settle(&c->parcels, l, now_ms(), true);
}
