#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# portguard-export-kafka: to three brokers (librdkafka's mock cluster). Each event arrives, keyed by host,
# whatever brokers answer, and whoever is killed meanwhile.
. "$(dirname "$0")/export/lib.sh"
need jq openssl
[ -x "$BUILD/portguard-export-kafka" ] || { skip export_kafka "portguard-export-kafka is not built: packaging/dependencies.sh export"; exit 0; }
export_up
GOT=$LAB/brokers.log

start brokers admin "$BUILD/tests/lib/kafka" refused
within 10 says '^ready' "$LAB/brokers.log"
BROKERS=$(sed -n 's/^ready //p' "$LAB/brokers.log")
guard "$(policy export <<<'events: {max: 1000/s}')"
printf '# quick, for a test\nretry.backoff.ms=50\nreconnect.backoff.max.ms=300\n' >"$LAB/kafka.conf"
begin() { exporter kafka portguard-export-kafka --brokers "$BROKERS" --topic refused --config "$LAB/kafka.conf"; }
signal() { kill "-$1" "$(cat "$LAB/brokers.pid")"; }

ends "no brokers" 64 '--brokers' portguard-export-kafka --topic t
ends "no topic" 64 '--topic' portguard-export-kafka --brokers "$BROKERS"
ends "no PEM" 65 'PEM' portguard-export-kafka --brokers "$BROKERS" --topic t --ca "$LAB/kafka.conf"
echo 'no.such.property=1' >"$LAB/wrong.conf"
ends "a property that is none" 65 'wrong.conf:1: .*no.such.property' portguard-export-kafka --brokers "$BROKERS" --topic t --config "$LAB/wrong.conf"

# The mock cluster has no TLS: a server that prints what it is sent must do.
ca ca
ca other
certificate broker ca DNS:localhost 2
start tls-broker admin bash -c 'exec openssl s_server -accept 127.0.0.1:9093 -cert "$0" -key "$1" <&'"$LAB_IDLE" "$LAB/broker.pem" "$LAB/broker.key"
within 5 listens 9093
exporter other-ca portguard-export-kafka --brokers localhost:9093 --topic t --ca "$LAB/other.pem"
holds "a broker of another CA: refused" within 10 says 'certificate verify failed' "$LAB/other-ca.log"
stop other-ca
exporter other-name portguard-export-kafka --brokers 127.0.0.1:9093 --topic t --ca "$LAB/ca.pem"
holds "a broker of another name: refused" within 10 says 'certificate verify failed' "$LAB/other-name.log"
stop other-name
fails "neither was told anything" says librdkafka "$LAB/tls-broker.log"
exporter right portguard-export-kafka --brokers localhost:9093 --topic t --ca "$LAB/ca.pem"
holds "one that proves its name is spoken with" within 10 says librdkafka "$LAB/tls-broker.log"
stop right

begin
ids "$EVENTS" >"$LAB/so-far"
holds "what was told before comes first" within 10 all_in "$LAB/so-far" "$GOT"
in_sandbox kafka
makes_events
goes_on "at first" "$GOT"
signal USR1
goes_on "brokers answered with errors" "$GOT"
for _ in 1 2; do
	stop kafka KILL
	begin
	goes_on "the exporter was killed" "$GOT"
done
signal USR2
holds "brokers that are gone are told" within 5 says "brokers are down\|Connection refused\|Disconnected" "$LAB/kafka.log"
within 10 more_told $(($(grep -c . "$EVENTS") + 400)) # some time: positions are written once a second
stop kafka KILL # with all that it could not send
begin
signal USR2
goes_on "the brokers were down" "$GOT"
agent_again KILL
signal USR1
goes_on "the agent was killed" "$GOT"
at_least_once Kafka "$GOT"
same "the key is the host" "$(sed -n 's/^\(.*\)\t{"schema.*/\1/p' "$GOT" | sort -u)" "$(uname -n)"
stop kafka
same "what it says has arrived is what the agent has told" "$(position kafka sent) $(position kafka lost)" "$(grep -c . "$EVENTS") 0"
same "and the refusals are those" "$(position kafka refusals)" "$(told)"
