# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# Conversations that are silent for longer than a flow is kept: the sockets of this machine are known to
# its kernel, whatever the table has forgotten. For a container behind NAT there is the table alone.
subject "Long conversations and containers"
SHORT='flows: {udp: 1s, udp-stream: 1s, tcp: 1s}'
idle_begin() {
	runs idle-peer peer "$PYTHON" "$NET" late 7700
	in_namespace host nft -f - <<-'END'
		table ip lab {
			chain in { type nat hook prerouting priority dstnat; iifname "host0" tcp dport 7786 dnat to 10.78.0.2:7701; }
			chain out { type nat hook postrouting priority srcnat; ip saddr 10.78.0.0/24 oifname "host0" masquerade; }
		}
	END
	runs idle-inner inner "$PYTHON" "$NET" late 7701
	answers idle-peer && answers idle-inner
}
out_client() { net host idle tcp $PEER4 7700 client 2.5 && net host idle tcp $PEER6 7700 client 2.5; }
out_server() { net host idle tcp $PEER4 7700 server 2.5 && net host idle tcp $PEER6 7700 server 2.5; }
given=$SHORT works 'TCP out, idle for longer than its flow, then we speak' out_client
given=$SHORT works 'TCP out, idle for longer than its flow, then they speak' out_server
idle_in() {
	runs idle-own host "$PYTHON" "$NET" late 7702 tcp
	answers idle-own || return
	net peer idle tcp $HOST4 7702 client 2.5 && net peer idle tcp $HOST4 7702 server 2.5
}
given=$SHORT works 'TCP in, idle for longer than its flow, then either side speaks' idle_in 'allow 7702/tcp'
udp_client() { net host idle udp $PEER4 7700 client 2.5 && net host idle udp $PEER6 7700 client 2.5; }
given=$SHORT works 'UDP, idle for longer than its flow, then we speak' udp_client
nat_client() { net inner idle tcp $PEER4 7700 client 2.5; }
given=$SHORT works 'TCP of a container behind NAT, idle for longer than its flow, then it speaks' nat_client
nat_alive() { net inner idle tcp $PEER4 7700 server 2.5 alive; }
given='flows: {tcp: 2s}' works 'TCP of a container behind NAT, kept alive, then they speak' nat_alive
nat_server() { net inner idle tcp $PEER4 7700 server 2.5; }
works 'TCP of a container behind NAT, idle for as long as the default allows, then they speak' nat_server
container_out() { page_of_container tcp && page_of_container udp; }
page_of_container() { net inner idle "$1" $PEER4 7700 client 0; }
works 'a container behind NAT asks the world by TCP and UDP' container_out
published() { net peer idle tcp $HOST4 7786 client 0; }
works 'a port of a container that is published by NAT' published 'allow in 7786/tcp'
slow_answer() { net host idle udp $PEER4 7700 server 2; }
works 'a slow UDP answer, within the time of the default' slow_answer
