#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --cut: open connections that may not begin any more are closed, and no others; without it they stay.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
echo_server servers host 22,80,81 ''
echo_server remote peer 8080,8081 ''
guard "$(printf 'version: 1\ninterfaces: [host0]\nrules:\n  - allow 80/tcp\n  - allow 81/tcp\n' | policy base)"

# talk NAME host|peer ADDRESS PORT: a connection that is kept; the log says `connected`, then `closed`.
talk() {
	start "$1" "$2" "$PYTHON" -u -c 'import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
s.settimeout(None)
s.sendall(b"hello\n")
s.recv(100)
print("connected")
try:
    s.recv(100)
except OSError:
    pass
print("closed")' "$3" "$4"
	within 5 says connected "$LAB/$1.log" || not_ok "$1 connects" "$(cat "$LAB/$1.log")"
}
closed() { within 3 says closed "$LAB/$1.log"; }
# Who was to be closed is by now: so the others would be.
stays() { not says closed "$LAB/$1.log"; }

talk web4 peer $HOST4 80
talk web6 peer $HOST6 80
talk other peer $HOST4 81
talk login peer $HOST4 22
talk out host $PEER4 8080
talk out2 host $PEER6 8081
exits "without --cut" 0 '' remove 80/tcp
holds "open connections stay" never_in 3 says closed "$LAB/web4.log"
exits "allowed again" 0 '' allow 80/tcp
exits "with --cut" 0 '' remove --cut 80/tcp
holds "they are closed, of IPv4" closed web4
holds "and of IPv6" closed web6
holds "but no others" eval 'stays other && stays login && stays out && stays out2'
exits "what goes out" 0 '' deny --cut out 8080/tcp
holds "is closed as well" closed out
holds "by its port alone" eval 'stays out2 && stays other'
exits "a deny of another peer" 0 '' deny --cut in 81/tcp from $OTHER4
talk again peer $HOST6 81
exits "closes nobody" 0 '' deny --cut in 81/tcp from $PEER6
holds "but that peer" closed again
holds "and no other" stays other
exits "a dry run" 0 '' apply --cut --dry-run "$(printf 'version: 1\ninterfaces: [host0]\nrules: []\n' | policy none)"
exits "apply" 0 '' apply --cut --exact "$LAB/none.yaml"
holds "closes what it does not allow" closed other
holds "and leaves what it does" eval 'stays login && stays out2'
exits "a login session is refused" 78 'port 22/tcp of the login session' deny --cut 22/tcp
holds "and stays" stays login
exits "but by --force" 0 '' deny --cut --force 22/tcp
holds "it is closed" closed login
unguard

exit $LAB_FAILED
