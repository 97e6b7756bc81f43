#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# attach: xdp tc
#
# panic: nothing but the failsafe ports, whatever was open, with or without an agent; `panic off` brings
# back the policy, as it was changed meanwhile. Who would be locked out is told so.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
open=$(printf 'version: 1\ninterfaces: [host0]\nmode: enforce\nrules:\n  - allow 80/tcp\n  - allow 53/udp\n' | policy open)
echo_server servers host 22,80,81 53
echo_server remote peer 8080 ''
guard "$open"

# talk NAME PORT: a connection that stays open; a line into $LAB/NAME.in is echoed to NAME.log.
talk() {
	mkfifo "$LAB/$1.in"
	start "$1" peer "$PYTHON" -u -c 'import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
s.settimeout(20)
print("connected")
for line in open(sys.argv[3]):
    s.sendall(line.encode())
    print(s.recv(100).decode().strip())' $HOST4 "$2" "$LAB/$1.in"
	exec {LINE}>"$LAB/$1.in"
	eval "$1_in=$LINE"
	within 5 says connected "$LAB/$1.log"
}
send_word() { # NAME WORD
	local to="$1_in"
	echo "$2" >&"${!to}"
}
say() { send_word "$1" "$2" && within "${3:-2}" says "$2" "$LAB/$1.log"; } # NAME WORD [SECONDS]
stalls() { send_word "$1" "$2" && never_in 1 says "$2" "$LAB/$1.log"; }    # NAME WORD
talk login 22
talk web 80
holds "both talk" eval 'say login one && say web one'
# A socket that was connected before goes on sending; a word on its stdin makes it send so many datagrams.
mkfifo "$LAB/sender.in"
start sender host "$PYTHON" -u -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 4242))
print("connected")
for line in open(sys.argv[2]):
    for _ in range(int(line)):
        s.send(b"x")
    print("sent", line.strip())' $PEER4 "$LAB/sender.in"
exec {SENDER}>"$LAB/sender.in"
within 5 says connected "$LAB/sender.log"
exits "panic wants a word" 64 'on or off' panic
exits "panic on" 0 '' panic on
same "nothing comes in" "$(dial tcp $HOST4 80) $(dial udp $HOST4 53)" "silent silent"
holds "but by failsafe ports" reaches tcp $HOST4 22
holds "a login goes on" say login two
holds "another open connection stalls" stalls web two
same "nothing goes out" "$(traffic host dial tcp $PEER4 8080 | grep -c OPEN)" 0
fails "nothing is bound" binds tcp 0.0.0.0 83
run explain in 81/tcp
same "explain says what would open a port now" "$CODE $(tail -n 1 <<<"$OUT")" "1 to open it: portguard panic off"
same "status tells" "$(status ".panic // false")" true
within 2 says '"action":"panic"' "$EVENTS"
holds "and an event" says '"action":"panic"' "$EVENTS"
holds "refusals say why" within 3 says '"reason":"panic"' "$EVENTS"
echo 300 >&$SENDER
within 5 says 'sent 300' "$LAB/sender.log"
sent_told() { [ "$(jq -s 'map(select(.hook == "send" and .reason == "panic" and .remote == {ip: "'"$PEER4"'", port: 4242}).count) | add' "$EVENTS")" = 300 ]; }
holds "what is kept from leaving is told, each packet of it" within 5 sent_told
same "with nothing that a packet does not say" "$(jq -sc 'map(select(.remote.port == 4242))[0] | [.verdict, .local.ip, .interface, .pid, .rule, .scope, .severity]' "$EVENTS")" \
	"[\"deny\",\"$HOST4\",\"host0\",null,null,\"host\",6]"
holds "and nothing is uncounted" within 5 adds_up
exits "audit changes nothing about it" 0 '' mode audit
same "it stays closed" "$(dial tcp $HOST4 80)" silent
exits "enforce again" 0 '' mode enforce
exits "the policy below may be changed" 0 '' allow 81/tcp
exits "by a file, too" 0 '' apply "$(printf 'version: 1\ninterfaces: [host0]\nrules:\n  - allow 80/tcp\n' | policy other)"
same "which opens nothing now" "$(dial tcp $HOST4 81) $(status ".panic // false")" "silent true"
agent_ends KILL
same "without an agent it goes on" "$(dial tcp $HOST4 80) $(status ".panic // false")" "silent true"
agent "$LAB/other.yaml"
same "an agent that begins leaves it on" "$(dial tcp $HOST4 80) $(status ".panic // false")" "silent true"
exits "on twice is on" 0 '' panic on
exits "off" 0 '' panic off
same "the policy is back, as it was changed" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81)" "OPEN OPEN"
holds "the connection that stalled goes on" say web three 15
holds "the login too" say login three
holds "this machine goes out again" eval '[ "$(traffic host dial tcp $PEER4 8080)" = OPEN ]'

# --- a trial, and a login session ---------------------------------------------------------------

exits "a trial" 0 '' try --force "$(policy closed <<<'rules: []')"
exits "panic does not wait for it" 0 '' panic on
exits "off" 0 '' panic off
same "the policy before the trial is back" "$(dial tcp $HOST4 80) $(status .try)" "OPEN null"
exits "failsafe ports may be none" 0 '' apply --force "$(printf 'version: 1\ninterfaces: [host0]\nfailsafe: []\nrules:\n  - allow 22/tcp\n' | policy none)"
exits "then panic would end the login: refused" 78 'port 22/tcp of the login session' panic on
holds "and says what helps" grep -q 'failsafe' <<<"$ERR"
same "nothing was changed" "$(status ".panic // false")" false
exits "--force goes ahead" 0 '' panic on --force
holds "the login stalls" stalls login four
exits "and comes back" 0 '' panic off
holds "when it is over" say login five 15
unguard

exit $LAB_FAILED
