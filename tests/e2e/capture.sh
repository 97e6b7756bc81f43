#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# capture: the refused packets themselves, with the reason of each, at every hook that drops packets; never
# more than wanted; and nothing is left on when the capturing process dies.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq tcpdump
lab_up
FILE=$LAB/drops.pcapng
packets() { [ ! -e "$FILE" ] || "$PYTHON" "$LAB_ROOT/tests/lib/pcapng.py" "$FILE"; }
# captured JQ: how many packets in the file are so.
captured() { packets | jq -s "map(select($1)) | length"; }
capture() { # OPTION…: begins one
	rm -f "$FILE"
	exec_pg capture -w "$FILE" "$@" >"$LAB/capture.out" 2>"$LAB/capture.err" &
	CAPTURE=$!
	within 5 test -s "$FILE"
}
capture_ends() { kill "-${1:-INT}" $CAPTURE; within 5 gone $CAPTURE; { wait $CAPTURE; } 2>/dev/null; }
send() { traffic peer datagrams "$@"; } # ADDRESS PORT COUNT
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }

in_namespace host tcpdump -Uni host0 -w "$LAB/tcpdump.pcap" 'udp port 7070' >"$LAB/tcpdump.log" 2>&1 &
tcpdump=$!
within 5 says 'listening on' "$LAB/tcpdump.log"
echo_server servers host 80 7070,7071
# A network that no interface of the policy guards: what comes from there is judged at the socket.
lab_namespace inner
lab_link host inner0 inner eth0
lab_address host inner0 10.78.0.1/24
lab_address inner eth0 10.78.0.2/24
same "without a guard, the port answers" "$(dial udp $HOST4 7070)" OPEN
same "and from within" "$(traffic inner dial udp 10.78.0.1 7070)" OPEN
by_tcpdump() { tcpdump -nr "$LAB/tcpdump.pcap" 2>/dev/null | grep -c "> $HOST4.7070: UDP"; }
one_by_tcpdump() { [ "$(by_tcpdump)" = 1 ]; }
holds "tcpdump sees it" within 5 one_by_tcpdump
guard "$({ rules 'allow 80/tcp' 'deny in 7071/udp from 10.77.0.0/24' 'allow bind 7070,7071/udp'; } | policy capture)"
exits "without a file" 64 '-w FILE is missing' capture
exits "with a wrong number" 64 'want a number 1-' capture -w "$FILE" -c -1
exits "where no file can be" 74 "$LAB/nowhere/x: No such file" capture -w "$LAB/nowhere/x"

capture
exits "two at once" 75 'another capture' capture -w "$LAB/other"
send $HOST4 7070 3
send $HOST6 7070 2
send $HOST4 7071 1
dial tcp $HOST4 81 0.2 >/dev/null
dial tcp $HOST4 80 >/dev/null
traffic inner datagrams 10.78.0.1 7070 2
all_there() { [ "$(captured true)" -ge 9 ]; }
holds "all are there" within 5 all_there
capture_ends
holds "in the end it says how many, of all that were refused" grep -qE '^([0-9]+) of \1 refused packets captured$' "$LAB/capture.err"
same "closed port, IPv4" "$(captured '.comment == "deny inbound no-rule" and .interface == "host0" and .link == 1 and (.bytes[24:28] == "0800") and (.bytes[46:48] == "11")')" 3
same "closed port, IPv6" "$(captured '.comment == "deny inbound no-rule" and (.bytes[24:28] == "86dd") and (.bytes[40:42] == "11")')" 2
same "by a rule, in its words" "$(captured '.comment == "deny inbound rule: deny in 7071/udp from 10.77.0.0/24"')" 1
holds "a SYN" test "$(captured '.bytes[24:28] == "0800" and .bytes[46:48] == "06" and .bytes[72:76] == "0051"')" -ge 1
same "at the socket" "$(captured '.comment == "deny deliver no-rule" and .link == 101 and .interface == "inner0" and (.bytes[0:2] == "45")')" 2
same "what is allowed is not there" "$(captured '.bytes[72:76] == "0050"')" 0
same "the verdict is the hook's own" "$(packets | jq -sc 'map(select(.link == 1).verdict) | unique')" "$([ "$LAB_ATTACH" = xdp ] && echo '[[2,1]]' || echo '[[1,2]]')"
same "all came in" "$(captured '.flags != 1')" 0
holds "the time is now" test "$(captured "(.seconds - $EPOCHSECONDS | fabs) > 60")" = 0
holds "tcpdump reads it" grep -q "$HOST4.7070: UDP" <<<"$(tcpdump -nr "$FILE" 2>&1)"
kill $tcpdump
[ "$LAB_ATTACH" != xdp ] || same "which is the only way to see them: XDP drops before any packet socket" "$(by_tcpdump)" 1

# Once more with a VLAN tag, which the kernel takes out of the frame before tc.
frame=$(packets | jq -rs 'map(select(.comment == "deny inbound no-rule" and .bytes[24:28] == "0800"))[0].bytes')
capture -c 1
in_namespace peer "$PYTHON" - "${frame:0:24}8100a007${frame:24}" <<-'END'
	import socket, sys
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
	s.bind(("peer0", 0))
	s.send(bytes.fromhex(sys.argv[1]))
END
within 5 gone $CAPTURE
same "a VLAN tag is where it was on the wire" "$(packets | jq -r .bytes)" "${frame:0:24}8100a007${frame:24}"

capture -s 60 -c 3
send $HOST4 7070 5
holds "so many packets, and it ends" within 5 gone $CAPTURE
same "no more" "$(captured true)" 3
same "and so many bytes of each" "$(captured ".captured <= 60 and .length >= .captured")" 3

pg mode audit
capture
send $HOST4 7070 1
would() { [ "$(captured '.comment == "audit inbound no-rule" and .verdict == null')" = 1 ]; }
holds "audit: what would be refused" within 5 would
capture_ends
pg mode enforce --force

mkfifo "$LAB/go"
start sender host "$PYTHON" -u -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 4242))
print("connected")
open(sys.argv[2]).read()
for _ in range(3):
    s.send(b"x")' $PEER4 "$LAB/go"
within 5 says connected "$LAB/sender.log"
pg panic on --force
capture
: >"$LAB/go"
kept() { [ "$(captured '.comment == "deny send panic" and .flags == 2 and .link == 1 and .bytes[72:76] == "1092"')" = 3 ]; }
holds "panic: what is kept from leaving" within 5 kept
capture_ends
holds "of as many as were refused" grep -qE '^([0-9]+) of \1 refused packets captured$' "$LAB/capture.err"
pg panic off

capture --rate 5
began=$(counted) sent=400
# What the captures before have taken of this second is not there any more.
begins() { send $HOST4 7070 1; sent=$((sent + 1)); [ "$(captured true)" -ge 1 ]; }
holds "some" within 5 begins
send $HOST4 7070 400
capture_ends
holds "and no more a second than it says ($(captured true) of $sent)" test "$(captured true)" -le $((10 * $(nproc) + sent - 400))
same "and all are counted" $(($(counted) - began)) $sent

pg capture -w - 2>"$LAB/pipe.err" | head -c 300 >/dev/null &
pipe=$!
piped() { send $HOST4 7070 20; gone $pipe; }
holds "into a pipe, until nobody reads" within 5 piped

capture
capture_ends KILL
capturing() { bpftool -j map dump pinned "$BPFFS/portguard/$LAB_NAME/pg_control" | jq -r '.[0].value[34]'; } # struct pg_control
same "one that was killed leaves the byte behind" "$(capturing)" 0x01
clears() { send $HOST4 7070 1; [ "$(capturing)" = 0x00 ]; }
holds "which the programs clear when its time is over" within 10 clears
capture
send $HOST4 7070 1
one() { [ "$(captured true)" -ge 1 ]; }
holds "and the next one works" within 5 one
pg down
holds "down ends it" within 5 gone $CAPTURE
holds "which says so" says 'the guard of instance .* has ended' "$LAB/capture.err"
