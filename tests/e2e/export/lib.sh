# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# export/lib.sh, sourced by the tests of the exporters: a lab with a user and a group portguard and name
# look-ups of its own, which only the agent and the exporters see (a mount namespace each); and what it
# means that nothing was lost.
. "$(dirname "${BASH_SOURCE[0]}")/../../lib/lab.sh"

export_up() {
	local file
	lab_up
	mkdir "$LAB/etc"
	{ grep -v '^portguard:' /etc/passwd; echo 'portguard:x:64999:64998::/:/bin/false'; } >"$LAB/etc/passwd"
	{ grep -v '^portguard:' /etc/group; echo 'portguard:x:64998:'; } >"$LAB/etc/group"
	echo 'hosts: files dns' >"$LAB/etc/nsswitch.conf"
	echo '127.0.0.1 localhost' >"$LAB/etc/hosts"
	printf 'nameserver %s\noptions timeout:1 attempts:2\n' $PEER4 >"$LAB/etc/resolv.conf"
	for file in "$LAB"/etc/*; do
		[ -e "/etc/${file##*/}" ] || { skip "$LAB_NAME" "no /etc/${file##*/} here"; exit 0; }
	done
	cat >"$LAB/inside" <<-END
		#!/bin/sh
		exec unshare --mount sh -c 'for file in "$LAB"/etc/*; do
			mount --bind "\$file" "/etc/\${file##*/}" || exit
		done; exec "\$@"' sh "\$@"
	END
	printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$LAB/inside" "$PORTGUARD" >"$LAB/portguard"
	chmod 755 "$LAB/inside" "$LAB/portguard"
	PORTGUARD=$LAB/portguard
}

# ca NAME: NAME.pem and NAME.key.  certificate NAME CA ALTERNATIVE-NAME DAYS: likewise.
new_key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
ca() { # NAME
	# shellcheck disable=SC2086 # words
	openssl req -x509 $new_key -keyout "$LAB/$1.key" -out "$LAB/$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null
}
certificate() { # NAME CA ALTERNATIVE-NAME DAYS
	# shellcheck disable=SC2086 # words
	openssl req $new_key -keyout "$LAB/$1.key" -subj "/CN=siem.test" -addext "subjectAltName=$3" -out "$LAB/$1.csr" 2>/dev/null
	openssl x509 -req -in "$LAB/$1.csr" -CA "$LAB/$2.pem" -CAkey "$LAB/$2.key" -days "$4" -copy_extensions copy -out "$LAB/$1.pem" 2>/dev/null
}

# exporter NAME PROGRAM WORD…: as the lab's administrator starts it. Its state is kept under that name.
exporter() {
	start "$1" admin "$LAB/inside" "$BUILD/$2" --instance "$LAB_NAME" --state "$LAB/state-$1" "${@:3}"
}
# ends NAME CODE PATTERN PROGRAM WORD…: with that code and message; nothing is sent.
ends() {
	local said code
	said=$(admin "$LAB/inside" timeout 10 "$BUILD/$4" --instance "$LAB_NAME" --state "$LAB/state-ends" "${@:5}" 2>&1)
	code=$?
	if [ $code = "$2" ] && grep -q "^$4: .*$3" <<<"$said"; then
		ok "$1: exit $2"
	else
		not_ok "$1: exit $2" "exit $code: $said"
	fi
}
position() { sed -n "s/^$2 //p" "$LAB/state-$1/position"; } # NAME FIELD

# makes_events: ever new ports are refused, thirty at a time, ten times a second, until `stop maker`.
makes_events() {
	start maker host "$PYTHON" -c 'import select, socket
for start in range(20000, 65000, 30):
    for port in range(start, start + 30):
        try: socket.socket().bind(("0.0.0.0", port))
        except PermissionError: pass
    select.select([], [], [], 0.1)'
}
# Of a line that a receiver was killed in, the next one follows without an end.
whole() { awk -F '"schema":1,' '/}$/ && NF > 1 { print $NF }' "$1"; }
ids() { [ ! -e "$1" ] || whole "$1" | awk -F '"' '{ print $8 }' | sort -u; }
more_told() { [ "$(grep -c . "$EVENTS")" -gt "$1" ]; }
all_in() { [ -z "$(comm -23 "$1" <(ids "$2"))" ]; } # IDS FILE
# goes_on NAME FILE: the agent tells more, and all that it has told by then is there.
goes_on() {
	within 10 more_told $(($(grep -c . "$EVENTS") + 30))
	ids "$EVENTS" >"$LAB/so-far"
	if within 10 all_in "$LAB/so-far" "$2"; then
		ok "$1: nothing is missing"
	else
		not_ok "$1: nothing is missing" "$(comm -23 "$LAB/so-far" <(ids "$2") | wc -l) of $(wc -l <"$LAB/so-far")"
	fi
}
# at_least_once NAME FILE: nothing is missing, nothing is made up, and what came twice is the same.
at_least_once() {
	stop maker
	pg events >/dev/null # what was summed up is told, too
	ids "$EVENTS" >"$LAB/so-far"
	within 10 all_in "$LAB/so-far" "$2"
	same "$1: each event has arrived" "$(comm -23 <(ids "$EVENTS") <(ids "$2") | grep -c .)" 0
	same "$1: and no other" "$(comm -13 <(ids "$EVENTS") <(ids "$2") | grep -c .)" 0
	same "$1: duplicates are the same to the letter" "$(whole "$2" | sort -u | grep -c .)" "$(ids "$2" | grep -c .)"
}
# in_sandbox NAME: what the kernel says of the running exporter.
in_sandbox() {
	same "$1: no user of ours, no capabilities, no new privileges, seccomp" \
		"$(awk '$1 ~ /^(Uid|CapPrm|CapEff|CapBnd|NoNewPrivs|Seccomp):$/ { printf "%s%s ", $1, $2 }' "/proc/$(cat "$LAB/$1.pid")/status")" \
		"Uid:64999 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000 NoNewPrivs:1 Seccomp:2 "
}
# The agent ends and comes again. `guard` waits for it.
agent_again() { # SIGNAL
	agent_ends "$1"
	guard "$LAB/export.yaml"
}
