#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# listen: a socket that listens where it may not, on whatever way it came to its port, is refused by
# kernels that can refuse it, and elsewhere seen, told, never reached - and closed, if the policy says so.
. "$(dirname "$0")/../lib/lab.sh"
lab_up

# A socket that listens without bind() and says on which port; it stays, and says when it is closed.
# shellcheck disable=SC2016 # Python's
LISTENER='import socket
s = socket.socket()
s.listen()
print("port", s.getsockname()[1], flush=True)
try:
    while True:
        c = s.accept()[0]
        c.sendall(c.recv(64))
        c.close()
except OSError:
    print("closed", flush=True)'
port() { sed -n 's/^port //p' "$LAB/$1.log"; }
listener() { start "$1" host "$PYTHON" -c "$LISTENER"; within 3 says '^port' "$LAB/$1.log"; }
refused() { says PermissionError "$LAB/$1.log"; }

holds "without a guard, a socket listens without bind" listener before
holds "and is reached" reaches tcp $HOST4 "$(port before)"

guard "$(rules 'allow 80/tcp' | policy report)"
via=$(status '.hooks[] | select(.hook == "listen").via' | tr -d '"')
if [ "$via" != sockops ]; then
	start denied host "$PYTHON" -c "$LISTENER"
	holds "by $via: listen without bind is refused, with EPERM" within 3 refused denied
	same "and an event" "$(jq -r 'select(.hook == "listen") | .verdict' "$EVENTS" | head -n 1)" deny
	exit $LAB_FAILED
fi
holds "by sockops: listen cannot be refused" listener seen
told_unenforced() { jq -es 'any(.[]; .hook == "listen" and .verdict == "audit" and .reason == "unenforced")' "$EVENTS"; }
holds "and is told" within 3 quiet told_unenforced
fails "and not reached" reaches tcp $HOST4 "$(port seen)"
same "the event names its port" "$(jq 'select(.hook == "listen").local.port' "$EVENTS")" "$(port seen)"
fails "report leaves it open" says closed "$LAB/seen.log"

pg apply "$({ echo 'on_listen: close'; rules 'allow 80/tcp' 'allow bind 8000/tcp'; } | policy close)" 2>/dev/null
holds "on_listen: close: another one" listener closed
holds "is closed by the agent" within 3 says '^closed' "$LAB/closed.log"
fails "what listened before stays" says closed "$LAB/seen.log"
start allowed host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" serve 8000 ''
holds "and what may listen, listens" within 3 listens 8000
