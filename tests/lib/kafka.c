// SPDX-License-Identifier: GPL-2.0-only
/*
 * kafka TOPIC: librdkafka's mock cluster, three brokers on 127.0.0.1, and a consumer that prints KEY<TAB>VALUE of
 * what arrives in TOPIC, until SIGTERM. First of all it prints `ready BROKERS` on stderr. SIGUSR1: brokers answer
 * the next produce requests with errors, and one answer is lost; SIGUSR2: all brokers go down, or come back.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define BROKERS 3
#define PARTITIONS 4
#define PRODUCE 0 /* the number of that request in Kafka's protocol */

static volatile sig_atomic_t ends, errors, toggles;

static void on_signal(int number)
{
	ends |= number == SIGTERM;
	errors |= number == SIGUSR1;
	toggles |= number == SIGUSR2;
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "kafka: %s\n", what);
	exit(1);
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256] = "";
	rd_kafka_t *rk;

	if (brokers)
		(void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
	(void)rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	(void)rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
	(void)rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "200", NULL, 0);
	(void)rd_kafka_conf_set(conf, "fetch.error.backoff.ms", "50", NULL, 0);
	rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!rk)
		fail(why);
	return rk;
}

static void read_all_of(rd_kafka_t *consumer, const char *topic)
{
	rd_kafka_topic_partition_list_t *parts = rd_kafka_topic_partition_list_new(PARTITIONS);

	(void)rd_kafka_poll_set_consumer(consumer);
	for (int i = 0; i < PARTITIONS; i++)
		rd_kafka_topic_partition_list_add(parts, topic, i)->offset =
			RD_KAFKA_OFFSET_BEGINNING;
	if (rd_kafka_assign(consumer, parts))
		fail("assign");
	rd_kafka_topic_partition_list_destroy(parts);
}

static void print(const rd_kafka_message_t *m)
{
	if (m->err)
		return; /* it goes on by itself */
	(void)printf("%.*s\t%.*s\n", (int)m->key_len, (const char *)m->key, (int)m->len,
		     (const char *)m->payload);
	(void)fflush(stdout);
}

static void make_errors(rd_kafka_mock_cluster_t *cluster)
{
	rd_kafka_mock_push_request_errors(
		cluster, PRODUCE, 5, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
		RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND);
}

static void toggle(rd_kafka_mock_cluster_t *cluster, bool *down)
{
	*down = !*down;
	for (int id = 1; id <= BROKERS; id++)
		(void)(*down ? rd_kafka_mock_broker_set_down(cluster, id)
			     : rd_kafka_mock_broker_set_up(cluster, id));
}

static void serve(rd_kafka_t *consumer, rd_kafka_mock_cluster_t *cluster)
{
	bool down = false;

	while (!ends) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 50);

		if (m) {
			print(m);
			rd_kafka_message_destroy(m);
		}
		if (errors)
			make_errors(cluster);
		if (toggles)
			toggle(cluster, &down);
		errors = toggles = 0;
	}
}

int main(int argc, char **argv)
{
	rd_kafka_t *host, *consumer;
	rd_kafka_mock_cluster_t *cluster;

	if (argc != 2)
		fail("usage: kafka TOPIC");
	(void)signal(SIGTERM, on_signal);
	(void)signal(SIGUSR1, on_signal);
	(void)signal(SIGUSR2, on_signal);
	host = client(RD_KAFKA_PRODUCER, NULL);
	cluster = rd_kafka_mock_cluster_new(host, BROKERS);
	if (!cluster || rd_kafka_mock_topic_create(cluster, argv[1], PARTITIONS, BROKERS))
		fail("no mock cluster");
	consumer = client(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(cluster));
	read_all_of(consumer, argv[1]);
	(void)fprintf(stderr, "ready %s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	serve(consumer, cluster);
	(void)rd_kafka_consumer_close(consumer);
	rd_kafka_destroy(consumer);
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(host);
	return 0;
}
