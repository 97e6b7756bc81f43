#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sets from files: a hundred thousand prefixes are in force within two seconds; they are replaced while
# connections come in from an address of both versions, which is never refused, and from one of neither,
# which is never let in. The agent sees files that are written, renamed, swapped and removed.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
probe_serve 80,81,82
generation() { status .generation; }
same_generation() { [ "$(generation)" = "$1" ]; }

# prefixes SEED: 100,000 prefixes of lengths as blocklists have them; 10.0.0.0/8 is the lab's own.
prefixes() {
	"$PYTHON" - "$1" <<-'END'
		import random, sys
		random.seed(sys.argv[1])
		seen = set()
		while len(seen) < 100000:
		    length = random.choice([12, 16, 20, 22, 24, 24, 24, 28, 32, 32])
		    address = random.getrandbits(32) >> (32 - length) << (32 - length)
		    if address >> 24 != 10 and length > 8:
		        seen.add("%d.%d.%d.%d/%d" % (*address.to_bytes(4, "big"), length))
		print("\n".join(seen))
	END
}
prefixes 1 >"$LAB/one"
prefixes 2 >"$LAB/two"
{ cat "$LAB/one"; echo "$PEER4  # the friend"; } >"$LAB/friends-1"
{ cat "$LAB/two"; echo "$PEER4/32"; } >"$LAB/friends-2"
{ cat "$LAB/two"; echo "$OTHER4"; } >"$LAB/blocked-1"
{ cat "$LAB/one"; echo "10.77.0.3/32"; } >"$LAB/blocked-2"
cp "$LAB/friends-1" "$LAB/friends.txt"
cp "$LAB/blocked-1" "$LAB/blocked.txt"
policy sets <<-'END' >/dev/null
	sets: {friends: {file: friends.txt}, blocked: {file: blocked.txt}}
	rules:
	  - allow 80/tcp from @friends
	  - allow 81/tcp
	  - deny in 81/tcp from @blocked
END
sed 's/^sets:.*/sets: {blocked: {file: blocked.txt}}/; /friends$/d' "$LAB/sets.yaml" >"$LAB/one-set.yaml"

# --- how long it takes --------------------------------------------------------------------------

guard "$(policy base <<<'rules: []')"
# By a processor's time: that the machine does much else besides is not portguard's.
TIMEFORMAT='%3R %3U %3S'
read -r whole user system < <({ time pg apply "$LAB/one-set.yaml" >/dev/null; } 2>&1)
echo "# a set of 100,000 prefixes: $whole s, of a processor $user + $system s"
holds "100,000 prefixes load in under 2 s" test $((10#${user/[.,]/} + 10#${system/[.,]/})) -lt 2000
answer() { run explain in "$1" from "$2"; echo $CODE; }
same "and hold" "$(answer 81/tcp $PEER4) $(answer 81/tcp $OTHER4)" "0 1"
unguard

# --- replaced while traffic flows ---------------------------------------------------------------

guard "$LAB/sets.yaml"
probe prober peer 400 open=$HOST4/80/$PEER4 closed=$HOST4/80/$OTHER4 open=$HOST4/81/$PEER4 closed=$HOST4/81/$OTHER4
for i in 2 1 2 1 2 1; do
	cp "$LAB/friends-$i" "$LAB/friends.new" && mv "$LAB/friends.new" "$LAB/friends.txt"
	cp "$LAB/blocked-$i" "$LAB/blocked.new" && mv "$LAB/blocked.new" "$LAB/blocked.txt"
	pg apply "$LAB/sets.yaml" >"$LAB/applied" || not_ok "the sets are replaced" "$(cat "$LAB/applied")"
done
before=$(generation)
cp "$LAB/friends-2" "$LAB/friends.new" && mv "$LAB/friends.new" "$LAB/friends.txt"
holds "the agent sees that a set's file was replaced" within 10 not same_generation "$before"
probed prober 100
unguard

# --- files as editors and Kubernetes write them -------------------------------------------------

# A volume of Kubernetes: names are links through ..data, which is swapped; what it led to is removed.
version() { # NUMBER ADDRESS
	mkdir "$LAB/etc/..v$1"
	sed 's/friends, //; /@friends/d; s/{friends: {file: friends.txt}, /{/' "$LAB/sets.yaml" >"$LAB/etc/..v$1/policy.yaml"
	echo "$2" >"$LAB/etc/..v$1/blocked.txt"
	ln -s "..v$1" "$LAB/etc/..new" && mv -T "$LAB/etc/..new" "$LAB/etc/..data"
}
blocks() { [ "$(answer 81/tcp "$1")" = 1 ]; }
sound() { [ "$(status .degraded)" = null ]; }
mkdir "$LAB/etc"
version 1 192.0.2.1
ln -s ..data/policy.yaml ..data/blocked.txt "$LAB/etc"
guard "$LAB/etc/policy.yaml"
holds "what a linked file says" blocks 192.0.2.1
version 2 192.0.2.2
rm -r "$LAB/etc/..v1"
holds "..data is swapped" within 10 blocks 192.0.2.2
fails "and what was, is no longer" blocks 192.0.2.1

file=$LAB/etc/blocked.txt
rm "$file"
echo 192.0.2.3 >"$file"
holds "a file that was removed and made again" within 10 blocks 192.0.2.3
echo 192.0.2.4 >"$file"
holds "one written where it lies" within 10 blocks 192.0.2.4
echo 192.0.2.5 >"$LAB/etc/.blocked.swp" && mv "$LAB/etc/.blocked.swp" "$file"
holds "one renamed into its place, as editors do" within 10 blocks 192.0.2.5
mkdir "$LAB/etc/policy.d"
echo 'rules: [allow 82/tcp]' >"$LAB/etc/policy.d/10-more.yaml"
allows_more() { [ "$(answer 82/tcp 192.0.2.99)" = 0 ]; }
holds "a file more in policy.d" within 10 allows_more
rm "$LAB/etc/policy.d/10-more.yaml"
holds "and a file less" within 10 not allows_more

before=$(generation)
degraded() { grep '"action":"degraded"' "$EVENTS" | grep -c "$1"; }
echo 'not an address' >"$file"
holds "a wrong file is reported" within 10 not sound
holds "by name" grep -q blocked.txt <(status .degraded)
holds "in the events as well" within 5 test "$(degraded blocked.txt)" -ge 1
same "and changes nothing" "$(generation) $(answer 81/tcp 192.0.2.5) $(answer 81/tcp 192.0.2.6)" "$before 1 0"
echo 192.0.2.6 >"$file"
holds "the next good one is taken" within 10 blocks 192.0.2.6
holds "and ends the report" within 5 sound
before=$(generation)
rm "$file"
holds "a file that stays away is reported" within 10 not sound
same "and changes nothing, either" "$(generation) $(answer 81/tcp 192.0.2.6)" "$before 1"
echo 192.0.2.7 >"$file"
holds "until it is there again" within 10 sound
holds "and says something else" blocks 192.0.2.7
mv "$LAB/etc/policy.yaml" "$LAB/etc/policy.away"
holds "the policy file itself likewise" within 10 not sound
mv "$LAB/etc/policy.away" "$LAB/etc/policy.yaml"
holds "until it is back" within 10 sound
same "all the while guarded" "$(answer 81/tcp 192.0.2.7) $(answer 82/tcp 192.0.2.8)" "1 1"
