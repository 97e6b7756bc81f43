// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kafka by librdkafka: an idempotent producer, which keeps the order and repeats what was not acknowledged
 * for as long as it takes. All events of a host have one key, hence one partition. It makes its threads
 * inside the sandbox, and gets certificates as text: there it may read no file of ours.
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "export/carrier.h"
#include "util/cleanup.h"
#include "util/file.h"

#define FILE_MOST (1024 * 1024)
#define TROUBLES 4 /* kinds that are told until something arrives */
#define FINISH_MS 5000
_Static_assert(LEDGER_SIZE < 10000, "queue.buffering.max.messages");
#define BYTES_MOST \
	(8 * 1024 * 1024) /* under way; librdkafka's own limit lies above, and is never met */

const struct carrier_about carrier_about = {
	.program = "portguard-export-kafka",
	.words = "--brokers LIST --topic T [--ca FILE [--cert FILE --key FILE]] [--config FILE]",
	.help = "  --brokers LIST     HOST:PORT,... of some brokers\n"
		"  --topic T          where to; the key is the host's name\n"
		"  --ca FILE          certificates (PEM) of who may vouch for brokers: TLS\n"
		"  --cert FILE        our certificate, where brokers ask for one\n"
		"  --key FILE         its key\n"
		"  --config FILE      properties of librdkafka, NAME=VALUE a line: SASL, say\n",
	.format = "json",
};

struct carrier {
	const char *brokers, *topic, *ca, *cert, *key, *config; /* as said */
	char host[256]; /* of the first broker */
	rd_kafka_conf_t *conf; /* each producer gets a copy */
	rd_kafka_t *producer;
	rd_kafka_queue_t *queue; /* its reports */
	int event_fd; /* written when there are some */
	size_t bytes; /* under way */
	struct ledger *ledger; /* while it is polled */
	char error[256]; /* why the producer is no good any more; "": it is */
	char trouble[256]; /* what it complains of, and tries again by itself */
	int told[TROUBLES]; /* errors that were one already, since something arrived; 0: none */
};

struct carrier *carrier_new(void)
{
	struct carrier *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->conf = rd_kafka_conf_new();
	c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return c;
}

void carrier_free(struct carrier *c)
{
	if (!c)
		return;
	carrier_drop(c);
	rd_kafka_conf_destroy(c->conf);
	cleanup_close(&c->event_fd);
	free(c);
}

const char *carrier_target(const struct carrier *c)
{
	return c->brokers;
}

/* --- what was said ------------------------------------------------------------------------------ */

size_t carrier_options(struct carrier *c, struct option_word *ret)
{
	const struct option_word words[] = {
		{ .name = "--brokers", .value = &c->brokers },
		{ .name = "--topic", .value = &c->topic },
		{ .name = "--ca", .value = &c->ca },
		{ .name = "--cert", .value = &c->cert },
		{ .name = "--key", .value = &c->key },
		{ .name = "--config", .value = &c->config },
	};

	memcpy(ret, words, sizeof(words));
	return ARRAY_SIZE(words);
}

static int set(struct carrier *c, const char *name, const char *value, struct pg_error *err)
{
	char why[256];

	if (rd_kafka_conf_set(c->conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	return pg_fail(err, -EINVAL, PG_EXIT_POLICY, "%s", why);
}

static int set_file(struct carrier *c, const char *name, const char *path, struct pg_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r = path ? file_read(path, FILE_MOST, &text, &length) : 0;

	if (r)
		return pg_fail(err, r, PG_EXIT_NO_FILE, "%s: %s", path, strerror(-r));
	r = path ? set(c, name, text, err) : 0;
	if (r)
		(void)pg_fail(err, r, PG_EXIT_NO_FILE, "%s: this is no PEM that is of use here",
			      path);
	if (text)
		explicit_bzero(text, length);
	return r;
}

static int set_tls(struct carrier *c, struct pg_error *err)
{
	int r;

	if (!c->ca && !c->cert && !c->key)
		return 0;
	if (!c->ca)
		return usage_error(err, "--cert and --key are for TLS, and that wants --ca");
	if (!c->cert != !c->key)
		return usage_error(err, "--cert and --key are said together");
	r = set(c, "security.protocol", "ssl", err);
	r = r ? r : set(c, "ssl.endpoint.identification.algorithm", "https", err);
	r = r ? r : set_file(c, "ssl.ca.pem", c->ca, err);
	r = r ? r : set_file(c, "ssl.certificate.pem", c->cert, err);
	return r ? r : set_file(c, "ssl.key.pem", c->key, err);
}

/* NAME=VALUE; empty lines and those that begin with # are none. */
static int set_line(struct carrier *c, char *line, unsigned number, struct pg_error *err)
{
	char *equals = strchr(line, '='), why[256];

	if (!line[0] || line[0] == '#')
		return 0;
	if (!equals)
		return pg_fail(err, -EINVAL, PG_EXIT_POLICY, "%s:%u: want NAME=VALUE", c->config,
			       number);
	*equals = '\0';
	if (rd_kafka_conf_set(c->conf, line, equals + 1, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return 0;
	return pg_fail(err, -EINVAL, PG_EXIT_POLICY, "%s:%u: %s", c->config, number, why);
}

static int set_config(struct carrier *c, struct pg_error *err)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;
	unsigned number = 0;
	size_t length;
	int r = c->config ? file_read(c->config, FILE_MOST, &text, &length) : 0;

	if (r)
		return pg_fail(err, r, PG_EXIT_NO_FILE, "%s: %s", c->config, strerror(-r));
	rest = text;
	while (!r && (line = strsep(&rest, "\n")))
		r = set_line(c, line, ++number, err);
	return r;
}

/* What the promise rests on; after --config, so that nobody takes it away. */
static int set_promise(struct carrier *c, struct pg_error *err)
{
	static const struct {
		const char *name, *value;
	} promise[] = {
		{ "enable.idempotence", "true" },
		{ "message.timeout.ms", "0" }, /* never given up */
		{ "queue.buffering.max.messages", "10000" },
		{ "queue.buffering.max.kbytes", "16384" },
		{ "log_level", "0" },
	};
	int r = set(c, "bootstrap.servers", c->brokers, err);

	for (size_t i = 0; !r && i < ARRAY_SIZE(promise); i++)
		r = set(c, promise[i].name, promise[i].value, err);
	return r;
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *message, void *data)
{
	struct carrier *c = data;

	(void)producer;
	c->bytes -= message->len;
	if (!message->err) {
		c->trouble[0] = '\0';
		memset(c->told, 0, sizeof(c->told));
		ledger_done(c->ledger, (uint64_t)(uintptr_t)message->_private);
	} else if (!c->error[0]) {
		(void)snprintf(c->error, sizeof(c->error), "an event is not taken: %s",
			       rd_kafka_err2str(message->err));
	}
}

/* Each kind of trouble once: its words are ever new ones. */
static void note_trouble(struct carrier *c, int error, const char *reason)
{
	for (size_t i = 0; i < TROUBLES; i++) {
		if (c->told[i] == error)
			return;
		if (c->told[i])
			continue;
		c->told[i] = error;
		(void)snprintf(c->trouble, sizeof(c->trouble), "%s", reason);
		return;
	}
}

static void on_error(rd_kafka_t *producer, int error, const char *reason, void *data)
{
	struct carrier *c = data;
	char why[256];

	note_trouble(c, error, reason);
	if (error == RD_KAFKA_RESP_ERR__FATAL && rd_kafka_fatal_error(producer, why, sizeof(why)))
		(void)snprintf(c->error, sizeof(c->error), "%s", why);
}

int carrier_prepare(struct carrier *c, struct sandbox *s, struct pg_error *err)
{
	int r;

	if (!c->brokers)
		return usage_error(err, "--brokers says where to, and is missing");
	if (!c->topic)
		return usage_error(err, "--topic is missing");
	if (c->event_fd < 0)
		return pg_fail(err, -EMFILE, PG_EXIT_UNAVAILABLE, "eventfd: no descriptor is left");
	r = set_config(c, err);
	r = r ? r : set_tls(c, err);
	r = r ? r : set_promise(c, err);
	if (r)
		return r;
	rd_kafka_conf_set_dr_msg_cb(c->conf, on_delivery);
	rd_kafka_conf_set_error_cb(c->conf, on_error);
	rd_kafka_conf_set_opaque(c->conf, c);
	s->threads = true;
	/* the first is enough to learn how hosts are looked up here */
	(void)snprintf(c->host, sizeof(c->host), "%.*s", (int)strcspn(c->brokers, ":,"),
		       c->brokers);
	s->host = c->host;
	return 0;
}

/* --- the producer ------------------------------------------------------------------------------- */

int carrier_open(struct carrier *c, struct pg_error *err)
{
	static const uint64_t one = 1;
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(c->conf);
	char why[256];

	c->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!c->producer) {
		rd_kafka_conf_destroy(conf);
		return pg_fail(err, CARRIER_NEVER, PG_EXIT_POLICY, "%s", why);
	}
	c->queue = rd_kafka_queue_get_main(c->producer);
	rd_kafka_queue_io_event_enable(c->queue, c->event_fd, &one, sizeof(one));
	c->bytes = 0;
	c->error[0] = c->trouble[0] = '\0';
	return 0;
}

void carrier_drop(struct carrier *c)
{
	if (!c->producer)
		return;
	rd_kafka_queue_destroy(c->queue);
	(void)rd_kafka_purge(c->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_destroy_flags(c->producer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	c->producer = NULL;
}

bool carrier_ready(const struct carrier *c)
{
	return c->producer && c->bytes < BYTES_MOST && !c->error[0];
}

int carrier_send(struct carrier *c, const struct event_source *source, const struct event *e,
		 const char *line, size_t length, uint64_t ticket)
{
	rd_kafka_resp_err_t error;

	(void)e;
	error = rd_kafka_producev(c->producer, RD_KAFKA_V_TOPIC(c->topic),
				  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				  RD_KAFKA_V_KEY(source->host_name, strlen(source->host_name)),
				  RD_KAFKA_V_VALUE((void *)line, length - 1), /* no newline */
				  RD_KAFKA_V_OPAQUE((void *)(uintptr_t)ticket), RD_KAFKA_V_END);
	if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		return -EMSGSIZE;
	if (!error)
		c->bytes += length - 1;
	else
		(void)snprintf(c->error, sizeof(c->error), "%s", rd_kafka_err2str(error));
	return 0;
}

int carrier_fd(const struct carrier *c)
{
	return c->event_fd;
}

short carrier_events(const struct carrier *c)
{
	(void)c;
	return POLLIN;
}

const char *carrier_trouble(const struct carrier *c)
{
	return c->trouble;
}

int carrier_timeout(const struct carrier *c)
{
	return c->error[0] ? 0 : -1;
}

int carrier_work(struct carrier *c, short revents, struct ledger *l, struct pg_error *err)
{
	uint64_t times;

	(void)revents;
	(void)!read(c->event_fd, &times, sizeof(times)); /* it may say nothing new */
	c->ledger = l;
	(void)rd_kafka_poll(c->producer, 0);
	return c->error[0] ? pg_fail(err, -EIO, PG_EXIT_UNAVAILABLE, "%s", c->error) : 0;
}

void carrier_finish(struct carrier *c, struct ledger *l)
{
	c->ledger = l;
	(void)rd_kafka_flush(c->producer, FINISH_MS); /* what is left comes again */
}
