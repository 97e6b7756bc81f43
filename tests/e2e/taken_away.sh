#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A permission that is taken away ends the UDP conversations that it let begin, whatever it asked besides the port and
# by whatever device they came; what this host has begun goes on. And whom a server answers, it has not asked.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq bpftool
lab_up
HERE4=10.78.0.1 HERE6=fd78::1 THERE4=10.78.0.2
TOP=${LAB_CGROUP#"${LAB_CGROUP_TOP%"/$LAB_NAME"}"}
lab_link host host1 peer peer1 # nobody guards it: there deliver is asked alone
lab_address host host1 $HERE4/24 $HERE6/64
lab_address peer peer1 $THERE4/24 fd78::2/64
echo_server far peer 7 7

# serve_at NAME ADDRESS,PORT…: unconnected sockets that answer.  served_by_app: in the cgroup of a scope.
serve_at() {
	start "$1" "${WHO:-host}" "$PYTHON" -c '
import select, socket, sys
sockets = []
for address, port in (word.split(",") for word in sys.argv[1:]):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    if address == "::": s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, int(port)))
    sockets.append(s)
print("ready", flush=True)
while True:
    for s in select.select(sockets, [], [])[0]: s.sendto(*s.recvfrom(100))' "${@:2}"
	within 5 says ready "$LAB/$1.log"
}
app() { mkdir -p "$LAB_CGROUP/app"; run_in "$LAB_CGROUP/app" host "$@"; }
# asks ADDRESS,PORT…: from one port of the peer, always the same; who answers, O, or not, -.
asks() {
	peer "$PYTHON" -c '
import select, socket, sys, time
sockets = {}
for family in socket.AF_INET, socket.AF_INET6:
    s = sockets[family] = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("", 4321))
targets, heard, end = [tuple(word.split(",")) for word in sys.argv[1:]], set(), time.monotonic() + 0.6
for address, port in targets:
    sockets[socket.AF_INET6 if ":" in address else socket.AF_INET].sendto(b"hello", (address, int(port)))
while time.monotonic() < end and len(heard) < len(targets):
    for s in select.select(list(sockets.values()), [], [], 0.05)[0]:
        address, port = s.recvfrom(100)[1][:2]
        heard.add((address, str(port)))
print("".join("-O"[t in heard] for t in targets))' "$@"
}
# 1: allowed to all; 2: at an address, to which it is bound; 3: the same, bound to any; 4: on a device; 5: a scope's.
unguarded() { asks $HERE4,700{1,2,3,4,5} $HERE6,700{1,2,3,4,5}; }
guarded() { asks $HOST4,700{1,2,3,5} $HOST6,700{1,2,3,5}; }
remembers() { bpftool -j map dump pinned "$BPFFS/portguard/$LAB_NAME/pg_asked" | jq length; }
counts() { [ -s "$LAB/$1" ] && tr -d ' ' <"$LAB/$1" || echo 0; }
grows() { local was; was=$(counts "$1"); more() { [ "$(counts "$1")" -gt "$was" ]; }; within 5 more "$1"; }

serve_at servers $HOST4,7002 $HOST6,7002 $HERE4,7002 $HERE6,7002 {0.0.0.0,::},700{1,3,4}
WHO=app serve_at scoped {0.0.0.0,::},7005
same "without a guard all are reached" "$(unguarded) $(guarded)" 'OOOOOOOOOO OOOOOOOO'

at() { printf "  - allow in 7002-7003/udp at %s\n" $HOST4 $HOST6 $HERE4 $HERE6; }
policy before >/dev/null <<END
rules:
  - allow bind 7001-7006/udp
  - allow in 7001/udp
$(at)
  - allow in 7004/udp on host1
  - allow in 7006/udp at $HOST4
  - allow in 7007/udp
scopes:
  - {name: app, cgroup: '$TOP/app', rules: [allow 7005/udp, allow bind 7007/udp]}
END
policy after >/dev/null <<END
rules: [allow bind 7001-7006/udp, allow in 7006/udp at $HOST4, allow in 7007/udp]
scopes:
  - {name: app, cgroup: '$TOP/app', rules: [allow in 9/udp, allow bind 7005/udp, allow bind 7007/udp]}
END
guard "$LAB/before.yaml"
same "whom a rule lets in where inbound judges is heard" "$(guarded)" OOOOOOOO
# By which address a socket that has all was asked `send` cannot tell, nor by which IPv6 address any was: those three.
same "and is not remembered as asked, which outsiders could fill" "$(remembers)" 3
same "whom a rule lets in where deliver judges is heard" "$(unguarded)" OOOOOOOOOO
start talk host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" chat 7006 $THERE4 7 "$LAB/talk"
start talk-app app "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" chat 7007 $THERE4 7 "$LAB/talk-app"
holds "whom the host has asked is heard, though a rule speaks of the port" grows talk
holds "a scope's socket too, of whose port the host's rules speak alone" grows talk-app

exits "the permissions are taken away" 0 '' apply "$LAB/after.yaml"
same "then nobody is heard where inbound judges" "$(guarded)" --------
same "nor where deliver does" "$(unguarded)" ----------
holds "whom the host asks is heard on" grows talk
holds "by the scope's socket, too" grows talk-app
