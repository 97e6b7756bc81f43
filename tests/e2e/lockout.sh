#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Nobody is locked out: a change that would close the port of an open login session, or one on which
# sshd listens, is refused and says which rule would help; --force goes ahead; failsafe ports stay.
. "$(dirname "$0")/../lib/lab.sh"
need sshd ssh ssh-keygen jq
lab_up

ssh-keygen -q -t ed25519 -N '' -f "$LAB/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$LAB/user_key"
cat >"$LAB/sshd.conf" <<-END
	Port 22
	Port 2222
	HostKey $LAB/host_key
	PidFile none
	UsePAM no
	StrictModes no
	PermitRootLogin yes
	AuthorizedKeysFile $LAB/user_key.pub
END
daemon sshd host sh -c 'mkdir -p /run/sshd; exec "$0" -D -e -f "$1"' "$(command -v sshd)" "$LAB/sshd.conf"
login() { # PORT COMMAND…
	peer ssh -n -F none -i "$LAB/user_key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o LogLevel=ERROR -o ConnectTimeout=2 -p "$1" root@$HOST4 "${@:2}" 2>>"$LAB/ssh.err"
}
within 5 login 22 true || { skip "lockout" "no login by ssh here: $(tail -n 1 "$LAB/ssh.err" "$LAB/sshd.log" | tr '\n' ' ')"; exit 0; }
ok "without a guard, ssh logs in"
mkfifo "$LAB/end"
start session peer ssh -n -F none -i "$LAB/user_key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
	-o LogLevel=ERROR -p 2222 root@$HOST4 "echo in; cat $LAB/end"
within 5 says in "$LAB/session.log" || not_ok "a session on port 2222" "$(cat "$LAB/session.log")"

closed=$(rules 'allow 80/tcp' | policy closed)
open=$(rules 'allow 80/tcp' 'allow 22/tcp' 'allow 2222/tcp' | policy open)
sed 's/^version: 1/&\nmode: audit/' "$closed" >"$LAB/audit.yaml"

exits "run refuses" 78 '2222' run -c "$closed" --cgroup "$LAB_CGROUP" -i host0
holds "and names the peer" grep -q "$PEER4" <<<"$ERR"
holds "and the rule that helps" grep -qE 'allow .*2222' <<<"$ERR"
exits "up refuses" 78 '2222' up -c "$closed" --cgroup "$LAB_CGROUP" -i host0
exits "and nothing was attached" 69 '' status
guard "$open"
for change in "apply $closed" 'remove allow 2222/tcp' 'remove 2222/tcp' 'deny 2222/tcp' "deny in 2222/tcp from $PEER4" \
	'deny in any from 10.77.0.0/24' 'deny in 2000-3000' 'deny in 2222/tcp on host0' "try $closed" "apply --cut $closed"; do
	# shellcheck disable=SC2086 # several words
	exits "'${change##*/}' is refused" 78 2222 $change
done
same "and changed nothing" "$(pg list --json | jq -r '.rules[] | select(.number) | .text' | paste -sd'|')" \
	'allow 80/tcp|allow 22/tcp|allow 2222/tcp'
exits "a deny of another peer is none of the session's" 0 '' deny in 2222/tcp from 192.0.2.0/24
exits "nor is one on another device" 0 '' deny in 2222/tcp on other0
exits "a rule is named that always wins" 78 "'deny in 2000-3000' closes it" deny in 2000-3000
run apply "$closed"
helps=$(grep -o 'portguard allow 2222/tcp from [0-9.]*' <<<"$ERR" | cut -d' ' -f2-)
same "the rule that helps is a sentence" "$helps" "allow 2222/tcp from $PEER4"
# shellcheck disable=SC2086 # several words
exits "which can be typed" 0 '' $helps
exits "one that is in force already is to be left in" 78 "leave 'allow 22/tcp' in" apply "$closed"
exits "so it is" 0 '' try "$(rules 'allow 80/tcp' 'allow 22/tcp' | policy kept)"
holds "and the session may begin anew" login 2222 true
exits "back" 0 '' rollback
exits "audit closes nothing" 0 '' apply --exact "$LAB/audit.yaml"
exits "but mode enforce would" 78 2222 mode enforce
exits "--force goes ahead" 0 '' apply --force "$closed"
fails "--force closes the port" login 2222 true
same "and yet the session goes on" "$(cat "$LAB/session.log"; kill -0 "$(cat "$LAB/session.pid")" && echo alive)" "in
alive"
exits "open again" 0 '' apply "$open"
stop session
exits "sshd listens there, though nobody is logged in" 78 '22' apply "$closed"
exits "a deny that is in the way is named" 78 "'deny 20-30' closes it" deny 20-30
stop sshd
exits "nobody listens: go ahead" 0 '' apply "$closed"
unguard

# --- failsafe -----------------------------------------------------------------------------------

echo_server servers host 22,23 ''
guard "$(printf 'version: 1\ninterfaces: [host0]\nrules:\n  - allow 80/tcp\n' | policy default)"
same "22/tcp is a failsafe port" "$(dial tcp $HOST4 22) $(dial tcp $HOST6 22)" "OPEN OPEN"
same "23/tcp is not" "$(dial tcp $HOST4 23)" silent
same "list shows it" "$(pg list --json | jq -c '[.rules[] | select(.origin == "failsafe") | .number]')" '[null]'
exits "a range does not name it" 0 '' allow 20-30/tcp from 192.0.2.1
same "so it stays open" "$(dial tcp $HOST4 22)" OPEN
exits "a rule that names it decides alone" 0 '' allow 22/tcp from $OTHER4
same "for others it is closed" "$(dial tcp $HOST4 22)" silent
same "for the one it is open" "$(peer "$PYTHON" -c "import socket
s = socket.create_connection((\"$HOST4\", 22), 1, (\"$OTHER4\", 0)); print(\"OPEN\")")" OPEN
holds "list says what shadows it" grep -q "22/tcp from $OTHER4" <(pg list --json | jq -r '.rules[] | select(.origin == "failsafe") | .text')
