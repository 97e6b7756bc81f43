#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Mixed traffic while the policy changes at random: TCP and UDP, IPv4 and IPv6, in and out, short and
# long, in fragments, from unconnected sockets, a container behind NAT, its published port, and an
# interface that is not guarded. What must pass passes, what must not does not: both counts are 0.
# SECONDS_OF_IT=20; MINUTES=10 for the long run; SEED=… for the same dice.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need nft
MIXED=$LAB_ROOT/tests/lib/mixed.py
SEED=${SEED:-$RANDOM$RANDOM}
LONG=${SECONDS_OF_IT:-20}
[ -z "${MINUTES:-}" ] || LONG=$((MINUTES * 60))
lab_up
echo "# seed $SEED, $LONG seconds"

lab_namespace inner
lab_link host inner0 inner eth0
lab_address host inner0 10.78.0.1/24 fd78::1/64
lab_address inner eth0 10.78.0.2/24 fd78::2/64
in_namespace inner ip route add default via 10.78.0.1
lab_sysctl host net.ipv4.ip_forward=1
in_namespace host nft -f - <<-'END' || { skip "mixed" "no nftables NAT in this kernel"; exit 0; }
	table ip lab {
		chain in { type nat hook prerouting priority dstnat; iifname "host0" tcp dport 9301 dnat to 10.78.0.2:9301; }
		chain out { type nat hook postrouting priority srcnat; ip saddr 10.78.0.0/24 oifname "host0" masquerade; }
	}
END
mixed() { start "$1" "$2" "$PYTHON" "$MIXED" "${@:3}"; }
# They are older than the guard: else whether they may bind would be asked once, at their start.
mixed servers host serve 9001-9008 9001-9008
mixed peer-servers peer serve 9101-9160 9101-9160
mixed inner-servers inner serve 9301 9301
for name in servers peer-servers inner-servers; do within 10 says ready "$LAB/$name.log"; done

policy base <<<'# nothing is allowed' >/dev/null
guard "$LAB/base.yaml"

LOGS=()
worker() { # NAME PART COMMAND TARGET…: in the background, for as long as it takes
	LOGS+=("$LAB/$1.jsonl")
	mixed "$1" "$2" "$3" "$SEED$1" "$LONG" "$LAB/$1.jsonl" "$(IFS=';'; echo "${*:4}")"
}
worker knock-in peer knock "in=$HOST4,$HOST6:9001-9008/tcp" "in=$HOST4,$HOST6:9001-9008/udp" "in=$HOST4:9301/tcp"
worker knock-out host knock "out=$PEER4,$PEER6:9101-9106/tcp" "out=$PEER4,$PEER6:9101-9106/udp" \
	"free=$PEER4,$OTHER4,$PEER6:9110-9120/tcp" "free=$PEER4,$PEER6:9110-9120/udp" \
	'bind=0.0.0.0,:::9201-9206/tcp' 'bind=0.0.0.0,::,127.0.0.1:9201-9206/udp'
worker knock-container inner knock "free=$PEER4:9121-9130/tcp" "free=$PEER4:9121-9130/udp" \
	"in=10.78.0.1,fd78::1:9001-9008/tcp" "in=10.78.0.1,fd78::1:9001-9008/udp"
worker stay-in peer stay "in=$HOST4,$HOST6:9001-9008/tcp" "in=$HOST4:9301/tcp"
worker stay-out host stay "free=$PEER4,$PEER6:9131-9140/tcp" "free=$PEER4,$PEER6:9131-9140/udp"
worker stay-container inner stay "free=$PEER4:9141-9150/tcp" "free=$PEER4:9141-9150/udp"
start change admin "$PYTHON" "$MIXED" change "$SEED" "$LONG" "$LAB/change.jsonl" "$LAB" \
	"$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS"
LOGS+=("$LAB/change.jsonl")

ended() { gone "$(cat "$LAB/$1.pid")"; }
for name in knock-in knock-out knock-container stay-in stay-out stay-container change; do
	within $((LONG + 60)) ended $name || not_ok "$name ends" "$(tail -n 2 "$LAB/$name.log")"
	[ ! -s "$LAB/$name.log" ] || not_ok "$name has nothing to complain of" "$(tail -n 3 "$LAB/$name.log")"
done
# The long conversations were several processes each.
mapfile -t those < <(for log in "${LOGS[@]}"; do ls "$log" "$log".* 2>/dev/null; done)
"$PYTHON" "$MIXED" judge "${those[@]}" >"$LAB/judged" 2>"$LAB/judged.err"
code=$?
sed 's/^[^#]/# &/' "$LAB/judged"
same "no false drop of an established connection, a reply, or what was allowed" \
	"$(sed -n 's/^false drops: \([0-9]*\) of.*/\1/p' "$LAB/judged")" 0
same "no forbidden connection accepted" \
	"$(sed -n 's/^forbidden connections accepted: \([0-9]*\) of.*/\1/p' "$LAB/judged")" 0
same "all of it happened" "$code $(cat "$LAB/judged.err")" '0 '
