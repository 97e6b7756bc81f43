#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# portguard-export: syslog over TLS to rsyslog. Each event arrives, whoever is killed meanwhile: the
# receiver, the exporter, the agent. Who cannot show the right certificate gets nothing.
. "$(dirname "$0")/export/lib.sh"
need jq openssl rsyslogd dnsmasq
[ -x "$BUILD/portguard-export" ] || { skip export_tls "portguard-export is not built: packaging/dependencies.sh export"; exit 0; }
compgen -G "/usr/lib/*/rsyslog/lmnsd_gtls.so" >/dev/null || { skip export_tls "no rsyslog-gnutls here"; exit 0; }
export_up
GOT=$LAB/got.jsonl

# --- certificates -------------------------------------------------------------------------------

ca ca
ca other
certificate good ca "DNS:siem.test,IP:$PEER4" 2
certificate name ca DNS:elsewhere.test 2
certificate old ca DNS:siem.test -1
certificate client ca DNS:client.test 2
certificate stranger other DNS:client.test 2

# --- receivers ----------------------------------------------------------------------------------

# Names are what this server says: the exporter asks it each time it connects.
names() { # ADDRESS
	daemon names peer dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root \
		--port=53 --listen-address="$PEER4" --bind-interfaces --address="/siem.test/$1"
}
# documented NAME: a configuration of docs/siem.md.
documented() { awk -v name="<!-- $1 -->" '$0 == name { on = 1; next } on && /^```/ { if (inside++) exit; next } inside' "$LAB_ROOT/docs/siem.md"; }
# receiver NAME PORT CERTIFICATE AUTHENTICATION: as documented; appends the messages to NAME.jsonl.
receiver() {
	documented "rsyslog: receiver" | sed "s|/etc/rsyslog/ca|$LAB/ca|; s|/etc/rsyslog/siem|$LAB/$3|; s|/var/log/portguard.jsonl|$LAB/$1.jsonl|
		s|6514|$2|; s|x509/name|$4|; s|[*].clients.example|client.test|
		$([ "$4" = anon ] && echo '/^module/s|$|)|; /PermittedPeer/d')" >"$LAB/$1.conf"
	echo "global(workDirectory=\"$LAB\")" >>"$LAB/$1.conf"
	start "$1" peer rsyslogd -n -f "$LAB/$1.conf" -i "$LAB/$1.run"
	in_peer_listens() { in_namespace peer ss -Htln "sport = :$1" | grep -q .; }
	within 5 in_peer_listens "$2"
}
names "$PEER4"
receiver got 6514 good x509/name
receiver wrong-name 6515 name anon
receiver expired 6516 old anon
receiver sentences 6517 good anon
own=(--ca "$LAB/ca.pem" --cert "$LAB/client.pem" --key "$LAB/client.key")

guard "$(policy export <<<'events: {max: 1000/s}')"
same "the socket is the group's, and its directories are only let through" \
	"$(stat -c '%a %g' /run/portguard "/run/portguard/$LAB_NAME" "/run/portguard/$LAB_NAME/events.sock" | tr '\n' ' ')" \
	"710 64998 710 64998 660 64998 "
fails "who is not in the group cannot connect" quiet admin setpriv --reuid 65534 --regid 65534 --clear-groups \
	socat -u "UNIX-CONNECT:/run/portguard/$LAB_NAME/events.sock" -

# --- words --------------------------------------------------------------------------------------

ends "no receiver" 64 '--tls' portguard-export --ca "$LAB/ca.pem"
ends "nobody to trust" 64 '--ca' portguard-export --tls siem.test
ends "a port that is none" 64 "siem.test:0" portguard-export --tls siem.test:0 --ca "$LAB/ca.pem"
ends "a certificate without its key" 64 'together' portguard-export --tls siem.test --ca "$LAB/ca.pem" --cert "$LAB/client.pem"
ends "an unknown format" 64 'nonsense' portguard-export --tls siem.test --ca "$LAB/ca.pem" --format nonsense
ends "an unknown option" 64 'did you mean --tls' portguard-export --tsl siem.test
ends "a file that is not there" 66 'nowhere' portguard-export --tls siem.test --ca "$LAB/nowhere"
ends "a file that is no certificate" 66 'no certificate' portguard-export --tls siem.test --ca "$LAB/ca.key"
ends "a key of another certificate" 66 'client.pem' portguard-export --tls siem.test --ca "$LAB/ca.pem" --cert "$LAB/client.pem" --key "$LAB/old.key"
ends "as root" 78 'root does not forward' portguard-export --tls siem.test --ca "$LAB/ca.pem" --user root
ends "as nobody that there is" 78 'there is none' portguard-export --tls siem.test --ca "$LAB/ca.pem" --user no-such-user
mkdir "$LAB/state-other"
echo 'this is no position' >"$LAB/state-other/position"
ends "a state that is no position" 66 'not a position' portguard-export --tls siem.test --ca "$LAB/ca.pem" --state "$LAB/state-other"
printf 'id 0f5e2c3a-other-5\nsent 5\nrefusals 5\nlost 0\n' >"$LAB/state-other/position"
ends "the state of another instance" 78 'another instance' portguard-export --tls siem.test --ca "$LAB/ca.pem" --state "$LAB/state-other"

# --- whom it does not trust gets nothing --------------------------------------------------------

exporter stranger-ca portguard-export --tls siem.test --ca "$LAB/other.pem"
exporter other-name portguard-export --tls siem.test:6515 --ca "$LAB/ca.pem"
exporter out-of-date portguard-export --tls siem.test:6516 --ca "$LAB/ca.pem"
exporter no-client portguard-export --tls siem.test --ca "$LAB/ca.pem"
exporter stranger portguard-export --tls siem.test --ca "$LAB/ca.pem" --cert "$LAB/stranger.pem" --key "$LAB/stranger.key"
holds "another CA: refused" within 10 says 'certificate: .*NOT trusted' "$LAB/stranger-ca.log"
holds "another name: refused" within 10 says 'certificate: .*name in the certificate does not match' "$LAB/other-name.log"
holds "an expired certificate: refused" within 10 says 'certificate: .*expired' "$LAB/out-of-date.log"
holds "a receiver that wants a certificate refuses who has none" within 10 says 'siem.test: ' "$LAB/no-client.log"
holds "and a stranger's" within 10 says 'siem.test: ' "$LAB/stranger.log"
for name in stranger-ca other-name out-of-date no-client stranger; do stop $name; done
same "nothing has arrived anywhere" "$(cat "$LAB"/{got,wrong-name,expired}.jsonl 2>/dev/null | wc -c)" 0

# --- events, while everybody is killed ----------------------------------------------------------

exporter tls portguard-export --tls siem.test --format json "${own[@]}"
ids "$EVENTS" >"$LAB/so-far"
holds "what was told before comes first" within 10 all_in "$LAB/so-far" "$GOT"
in_sandbox tls
exporter sentences portguard-export --tls siem.test:6517 --ca "$LAB/ca.pem"
holds "without --format it is syslog with structured data" within 10 says "guards this host" "$LAB/sentences.jsonl"
fails "which the receiver took for that" says 'portguard@' "$LAB/sentences.jsonl"
stop sentences
ends "a second one with the same state" 75 'another exporter uses it' portguard-export --tls siem.test --ca "$LAB/ca.pem" --state "$LAB/state-tls"
makes_events
goes_on "at first" "$GOT"
# What its TCP has acknowledged and it has not read goes with it. It must not hang for as long as the exporter
# takes for a sign of life, however slow this machine is.
kill_hung_receiver() {
	local begun
	for _ in 1 2 3 4 5; do
		begun=${EPOCHREALTIME/[.,]/}
		kill -STOP "$(cat "$LAB/got.pid")"
		wait_for 1 more_told $(($(grep -c . "$EVENTS") + 30))
		[ $((${EPOCHREALTIME/[.,]/} - begun)) -gt 1500000 ] || break
		kill -CONT "$(cat "$LAB/got.pid")"
	done
	stop got KILL
}
kill_hung_receiver
within 5 more_told $(($(grep -c . "$EVENTS") + 30))
receiver got 6514 good x509/name
goes_on "the receiver was killed" "$GOT"
for _ in 1 2; do
	stop tls KILL
	exporter tls portguard-export --tls siem.test --format json "${own[@]}"
	goes_on "the exporter was killed" "$GOT"
done
agent_again TERM
goes_on "the agent ended" "$GOT"
agent_again KILL
goes_on "the agent was killed" "$GOT"
stop names
stop got
names "$OTHER4"
receiver got 6514 good x509/name
holds "the name is looked up anew, in the sandbox" within 10 eval 'in_namespace peer ss -Htn state established "src $OTHER4 and sport = :6514" | grep -q .'
at_least_once TLS "$GOT"
stop tls
same "what it says has arrived is what the agent has told" "$(position tls sent) $(position tls lost)" "$(grep -c . "$EVENTS") 0"
same "and the refusals are those" "$(position tls refusals)" "$(told)"

if compgen -G "/usr/lib/*/rsyslog/omelasticsearch.so" >/dev/null; then
	documented "rsyslog: elasticsearch" | sed "s|/etc/rsyslog/ca|$LAB/ca|" >"$LAB/elasticsearch.conf"
	holds "rsyslogd takes the documented configuration for Elasticsearch" quiet rsyslogd -N1 -f "$LAB/elasticsearch.conf"
else
	skip "the documented configuration for Elasticsearch" "no rsyslog-elasticsearch here"
fi
documented "policy: shipper" >"$LAB/shipper.yaml"
exits "and check takes the policy for a file shipper" 0 '' check "$LAB/shipper.yaml"
