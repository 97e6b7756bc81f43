#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The commands as a user meets them: exit codes, messages, wrong input, JSON, and what each changes.
. "$(dirname "$0")/../lib/lab.sh"
need jq setpriv
lab_up
COMMANDS='run up down allow deny reject limit remove list status metrics events top report apply diff check save explain ports mode capture try confirm rollback panic'

# --- nothing runs yet ---------------------------------------------------------------------------

exits "no command at all" 64 usage
# shellcheck source=completion/portguard.bash
. "$LAB_ROOT/completion/portguard.bash"
exits "--help" 0 '' --help
for command in $COMMANDS; do
	holds "--help names $command" grep -qw -- "$command" <<<"$OUT"
done
for command in $COMMANDS; do
	run "$command" --help
	same "$command --help" "$CODE ${ERR:-nothing on stderr}" "0 nothing on stderr"
	holds "$command --help is about $command" grep -qw -- "$command" <<<"$OUT"
	options=$(head -n 1 <<<"$OUT" | grep -oE -- '[[ ]--?[a-z][a-z-]*' | tr -d '[ ' | sort)
	[ "$command" = up ] || same "and the manual has its options" "$(sed -n "s/^\.It Ic $command\b//p" "$LAB_ROOT/man/portguard.8" |
		grep -oE 'Fl (Fl )?[a-z][a-z-]*' | sed 's/Fl Fl /--/; s/Fl /-/' | sort)" "$options"
	same "completion, too" "$(_portguard_options "$PORTGUARD" "$command")" "$options"
done
exits "--version" 0 '' --version
exits "a misspelt command" 64 '\ballow\b' alow 80/tcp
exits "another misspelt command" 64 '\bstatus\b' statsu
exits "another firewall's word" 64 '\bremove\b' delete 80/tcp
exits "another firewall's enable" 64 '\b(up|run)\b' enable
exits "a habit of other programs" 64 'portguard --help' help
exits "another firewall's reload" 64 '\bapply\b' reload
exits "an unknown option" 64 'nonsense' list --nonsense
exits "a command of a later version" 64 'not supported in this version' evict 80/tcp
PORTGUARD_INSTANCE='' admin "$PORTGUARD" --bpffs "$BPFFS" list 2>"$LAB/err"
holds "a variable that is empty names no instance" grep -q 'instance default is not running' "$LAB/err"
PORTGUARD_BPFFS='' admin "$PORTGUARD" --instance "$LAB_NAME" list 2>"$LAB/err"
holds "and no bpffs" grep -q 'is not running in /sys/fs/bpf;' "$LAB/err"
exits "an instance's name is plain" 64 instance --instance A.b status
for command in list status metrics 'allow 80/tcp' 'remove 80/tcp' 'explain in 80/tcp' 'mode audit' events; do
	# shellcheck disable=SC2086 # several words
	exits "$command, and nothing runs" 69 'portguard (run|up)' $command
done
exits "check of no file" 66 absent.yaml check "$LAB/absent.yaml"
nobody() { admin setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" "$@"; }
nobody up -c "$(rules 'allow 80/tcp' | policy plain)" >/dev/null 2>"$LAB/err"
same "without capabilities" "$?" 77
holds "and the first line names the one that is missing" grep -q CAP_ <(head -n 1 "$LAB/err")

# --- wrong policies -----------------------------------------------------------------------------

wrong() { # NAME LINE PATTERN <<END: check refuses the policy and points at that line
	cat >"$LAB/wrong.yaml"
	run check "$LAB/wrong.yaml"
	same "$1: exit code" "$CODE" 65
	holds "$1: says where" grep -qE "wrong.yaml:$2:[0-9]+: .*$3" <<<"$ERR"
}
wrong "an unknown key" 2 'failsafe' <<<$'version: 1\nfailsave: [22/tcp]'
wrong "a port over 65535" 3 '65535|70000' <<<$'version: 1\nrules:\n  - allow 70000/tcp'
wrong "an empty range" 3 '90-80' <<<$'version: 1\nrules:\n  - allow 90-80/tcp'
wrong "host bits" 3 '' <<<$'version: 1\nrules:\n  - allow 80 from 192.0.2.1/24'
wrong "an unknown set" 3 office <<<$'version: 1\nrules:\n  - allow 80 from @office'
wrong "a key twice" 3 mode <<<$'version: 1\nmode: audit\nmode: enforce'
wrong "a limit without its rate" 3 "rate 'ssh': want" <<<$'version: 1\nrules:\n  - limit ssh'
wrong "an unknown user" 3 "unknown user 'nosuchuser'" <<<$'version: 1\nrules:\n  - allow 80 by user nosuchuser'
wrong "a scope without a selector" 3 'selector' <<<$'version: 1\nscopes:\n  - {name: web}'
wrong "a rule that YAML took for a map" 3 'quot' <<<$'version: 1\nrules:\n  - allow 80/tcp comment: web'
wrong "a version of the future" 1 version <<<'version: 2'
cat >"$LAB/two.yaml" <<<$'version: 1\nmod: audit\nrules:\n  - alow 80/tcp\n  - allow 99999'
run check "$LAB/two.yaml"
same "every mistake of a file in one run" "$(grep -cE 'two.yaml:[0-9]+:[0-9]+: ' <<<"$ERR")" 3
holds "with the line and a caret" grep -qE '^ *\^' <<<"$ERR"
exits "a right one" 0 '' check "$LAB/plain.yaml"
same "of which there is nothing more to say" "$ERR" ''

# Rules that are no boundary: what the files are here, and who writes them, check looks at itself.
cp /bin/true "$LAB/server"
printf '#!/bin/sh\n' >"$LAB/script" && chmod 755 "$LAB/script"
ln -s "$PYTHON" "$LAB/link"
mkdir "$LAB/theirs" "$LAB/shared" "$LAB/sticky"
for dir in theirs shared sticky; do cp /bin/true "$LAB/$dir/server"; done
cp /bin/true "$LAB/own" && chown 65534 "$LAB/own"
cp /bin/true "$LAB/setid" && chmod 4755 "$LAB/setid"
chown 65534 "$LAB/theirs" && chmod 777 "$LAB/shared" && chmod 1777 "$LAB/sticky"
doubts() { # RULE: what check says of it, without its place
	rules "$1" | policy doubt >/dev/null
	run check "$LAB/doubt.yaml"
	[ "$CODE" = 0 ] || not_ok "check of '$1'" "exit $CODE: $ERR"
	DOUBT=$(sed -n "s|^.*/doubt.yaml:$(grep -n "'$1'" "$LAB/doubt.yaml" | cut -d: -f1):5: warning: ||p" <<<"$ERR")
}
while IFS='|' read -r file pattern; do
	doubts "allow bind 90 by exe $LAB/$file"
	holds "check of a rule by exe $file${pattern:+: $pattern}" grep -qE "^$pattern" <<<"${DOUBT:-none}"
done <<'END'
server|none
sticky/server|none
absent|none
link|.* python[0-9.]+ does whatever it is told
script|.* matches nothing: it is a script
setid|.* it is set-id
own|.* user nobody can put another file there, by writing .*/own$
theirs/server|.* user nobody can put another file there, by writing .*/theirs$
shared/server|.* everybody can put another file there, by writing .*/shared$
sticky/absent|.* everybody can put another file there, by writing .*/sticky$
END
doubts 'deny out 90 by exe /usr/bin/nc'
holds "check of a deny by exe" grep -q 'a copy of the file is another file' <<<"$DOUBT"
doubts 'allow bind 90 by user nobody'
same "check of a rule by a user that nobody logs in as" "$DOUBT" ''
sed 's|^nobody:.*|nobody:x:65534:65534::/:/bin/sh|' /etc/passwd >"$LAB/passwd"
# shellcheck disable=SC2016 # the inner shell's
admin unshare --mount sh -c 'mount --bind "$1" /etc/passwd && exec "$2" check "$3"' sh \
	"$LAB/passwd" "$PORTGUARD" "$LAB/doubt.yaml" 2>"$LAB/err" >&2
holds "and as whom somebody does" grep -q 'can do the same with any program' "$LAB/err"
doubts 'deny 90 by user root'
run --json check "$LAB/doubt.yaml"
same "check --json has its warnings, and nothing on stderr" "$CODE$ERR $(jq -c '[.rules, .warnings[0].line, .warnings[0].text[:29]]' <<<"$OUT")" \
	"0 [1,$(wc -l <"$LAB/doubt.yaml"),\"'by user root' is no boundary\"]"
run --json check "$LAB/plain.yaml"
same "or none" "$OUT" '{"warnings":[],"rules":1}'

# --- changes ------------------------------------------------------------------------------------

echo_server servers host 80,81,82 53
guard "$LAB/plain.yaml"
texts() { pg list --json | jq -r '.rules[] | select(.number) | .text' | paste -sd'|'; }
exits "a second agent" 75 '' run -c "$LAB/plain.yaml" --cgroup "$LAB_CGROUP" -i host0
same "81 is closed" "$(dial tcp $HOST4 81)" silent
exits "allow" 0 'until reboot' allow 81/tcp
holds "allow says how to keep it" grep -q 'portguard save' <<<"$ERR"
same "81 is open" "$(dial tcp $HOST4 81)" OPEN
same "81 is open, IPv6" "$(dial tcp $HOST6 81)" OPEN
exits "the same again" 0 '' allow 81/tcp
same "is one rule" "$(texts)" 'allow 80/tcp|allow 81/tcp'
exits "a sentence as one argument" 0 '' allow '82/tcp from 10.77.0.2 comment "one"'
same "from one neighbour alone" "$(dial tcp $HOST4 82)" OPEN
exits "deny beats allow" 0 '' deny in 82/tcp from 10.77.0.0/24
same "82 is closed by the deny" "$(dial tcp $HOST4 82)" silent
exits "remove what was denied" 0 '' remove deny in 82/tcp from 10.77.0.0/24
same "82 is open again" "$(dial tcp $HOST4 82)" OPEN
exits "remove without a verb" 0 '' remove 82/tcp from 10.77.0.2
exits "remove by number" 0 '' remove "$(pg list --json | jq '.rules[] | select(.text == "allow 81/tcp").number')"
same "81 is closed again" "$(dial tcp $HOST4 81)" silent
exits "remove what is not there" 1 '' remove allow 9/tcp
exits "remove a number that is not there" 1 'a rule of that port: remove allow 99' remove 99
exits "UDP does not open TCP" 0 '' allow 81/udp
same "81/tcp stays closed" "$(dial tcp $HOST4 81)" silent
exits "remove 81/udp" 0 '' remove 81/udp
exits "--dry-run" 0 '' allow --dry-run 81/tcp
same "--dry-run changes nothing" "$(texts)" 'allow 80/tcp'
for sentence in 'allow' 'allow 0' 'allow -1' 'allow 080' 'allow 70000' 'allow 80/icmp' 'allow nosuchservice' 'allow 80 from' \
	'allow 80 from 300.1.1.1' 'allow 80 from 192.0.2.1/24' 'allow 90-80' 'allow 80 80' 'allow 80,' 'deny bind 80 from 192.0.2.1' \
	'limit' 'limit ssh' 'limit 6/h ssh' 'limit 6/m bind ssh' 'reject' 'reject 80 log' 'allow in 80 by user root' \
	'allow 80 by user nosuchuser' 'allow 80 by exe nginx' 'allow 80 for 2' 'allow 80 --scope web'; do
	# shellcheck disable=SC2086 # several words
	run $sentence
	holds "'$sentence' is refused" grep -qE '^6[45]$' <<<"$CODE"
done
same "and nothing of it came in" "$(texts)" 'allow 80/tcp'

# --- what list prints can be typed again --------------------------------------------------------

while read -r sentence; do
	# shellcheck disable=SC2086 # several words
	run $sentence
	printed=$(pg list --json | jq -r '.rules[] | select(.origin == "runtime") | .text')
	# shellcheck disable=SC2086 # as it would be typed
	while read -r line; do run remove $line; run $line; done <<<"$printed"
	same "'$sentence' round-trips" "$(pg list --json | jq -r '.rules[] | select(.origin == "runtime") | .text')" "$printed"
	# shellcheck disable=SC2086 # likewise
	while read -r line; do run remove $line; done <<<"$printed"
	same "'$sentence' goes by its own words" "$(texts)" 'allow 80/tcp'
done <<'END'
allow 443
allow in 8000-8100/udp
deny bind 8443/tcp
allow 25,110,143/tcp from 10.77.0.0/24
allow bind any at 127.0.0.0/8
allow in any from 2001:db8::/32
allow 5000/tcp on host0
deny 6000/tcp from fd77::/64 at fd77::1
allow http
allow bind 7000/tcp by user root
allow 7001/tcp from 10.77.0.2 by user 0 by exe /usr/bin/env
deny 7002/tcp by user nobody
deny out 7003/tcp by exe /usr/bin/env
limit 100/m burst 9 per source 7004/tcp
limit 20/s out 7005/udp to 10.77.0.2
reject 7006
reject in 7007/tcp from 10.77.0.0/24 for 2h
allow 7008 for 90m log
END

# --- policies -----------------------------------------------------------------------------------

exits "no difference" 0 '' diff "$LAB/plain.yaml"
rules 'allow 81/tcp' | policy other >/dev/null
exits "a difference" 1 '' diff "$LAB/other.yaml"
holds "diff says it in rules" grep -q '^+ allow 81/tcp' <<<"$OUT"
difference() { pg --json "$@" | jq -c .; }
same "diff --json" "$(difference diff "$LAB/other.yaml")" '{"changed":true,"removed":["allow 80/tcp"],"added":["allow 81/tcp"]}'
same "of the same policy" "$(difference diff "$LAB/plain.yaml")" '{"changed":false,"removed":[],"added":[]}'
same "--dry-run --json" "$(difference allow --dry-run 81/tcp; difference remove --dry-run 80/tcp; difference apply --dry-run "$LAB/plain.yaml")" \
	'{"changed":true,"removed":[],"added":["allow 81/tcp"]}
{"changed":true,"removed":["allow 80/tcp"],"added":[]}
{"changed":false,"removed":[],"added":[]}'
before=$(status .generation)
same "the same policy changes nothing" "$(pg --json apply "$LAB/plain.yaml")" "{\"changed\":false,\"generation\":$before}"
run allow 82/tcp
same "another one does" "$(pg --json apply "$LAB/other.yaml" 2>/dev/null | jq -c '[.changed, .generation > '"$before"']')" '[true,true]'
same "runtime rules survive it" "$(texts)" 'allow 81/tcp|allow 82/tcp'
exits "apply --exact" 0 '' apply --exact "$LAB/plain.yaml"
same "drops them" "$(texts)" 'allow 80/tcp'
exits "apply of no file" 66 absent.yaml apply "$LAB/absent.yaml"
exits "apply of a wrong one" 65 'two.yaml:2:' apply "$LAB/two.yaml"
same "and nothing changed" "$(texts)" 'allow 80/tcp'
run allow 82/tcp comment 'with "quotes" and # and : too'
exits "save" 0 '' save
holds "save writes policy.d beside the file" grep -q '82/tcp' "$LAB/policy.d/90-local.yaml"
exits "a comment may look like an option" 0 '' allow --dry-run 83/tcp comment '- not --one'
exits "what was saved is right" 0 '' check "$LAB/plain.yaml"
holds "which others than root may ask" quiet nobody check "$LAB/plain.yaml"
exits "and is read with the policy" 0 '' apply "$LAB/plain.yaml"
holds "as a rule of the file" test "$(pg list --json | jq -r '.rules[] | select(.text == "allow 82/tcp").origin')" = file
rm -r "$LAB/policy.d"
exits "apply without it" 0 '' apply --exact "$LAB/plain.yaml"

# What save writes is in force; the agent's own files may say something else than what was applied since.
exits "another policy than the agent's" 0 '' apply --exact "$LAB/other.yaml"
exits "and a rule for good" 0 '' allow --permanent 82/tcp
exits "while the agent looks twice" 0 '' allow 99/tcp for 3s
holds "and drops what has ended" within 10 says '"action":"expire"' "$EVENTS"
same "saving puts no other policy in force" "$(texts)" 'allow 81/tcp|allow 82/tcp'
policy scoped >/dev/null <<<'scopes: [{name: web, cgroup: /web, rules: [allow 80/tcp]}]'
exits "one with a scope that the agent's files lack" 0 '' apply --exact "$LAB/scoped.yaml"
exits "a rule of it cannot be kept there" 65 "no scope 'web'" allow --permanent --scope web 83/tcp
same "and is not added either" "$(texts)" 'allow 80/tcp|allow 82/tcp'
echo 'rules: [allow 83/tcp]' >"$LAB/policy.d/90-local.yaml"
reread() { [ "$(texts)" = 'allow 80/tcp|allow 83/tcp' ]; }
holds "what somebody else writes there is read" within 10 reread
rm -r "$LAB/policy.d"
exits "back to the first" 0 '' apply --exact "$LAB/plain.yaml"

# --- answers ------------------------------------------------------------------------------------

explains() { # NAME CODE VERDICT REASON WORDS…
	run --json explain "${@:5}"
	same "$1" "$CODE $(jq -r '"\(.verdict) \(.reason)"' <<<"$OUT")" "$2 $3 $4"
}
explains "explain what is allowed" 0 allow rule in 80/tcp
explains "explain what is not" 1 deny no-rule in 81/tcp
explains "explain bind" 0 allow rule bind 80/tcp
explains "explain bind of another" 1 deny no-rule bind 80/udp
explains "explain out: the default" 0 allow default out 443/tcp
exits "explain of two families" 64 'both families' explain in 80/tcp from fd77::2 at $HOST4
exits "explain of two sources" 64 'said twice' explain in 80/tcp from $PEER4 from $OTHER4
same "explain names the rule" "$(pg --json explain in 80/tcp | jq -c '[.rule, .scope, .hook]')" '["allow 80/tcp","host","inbound"]'
run limit 1/m burst 2 per source 82/tcp
for _ in 1 2 3; do
	explains "explain a limit that has a token, and take none" 0 allow rule in 82/tcp from $PEER4
done
same "both its tokens are there" "$(dial tcp $HOST4 82) $(dial tcp $HOST4 82) $(dial tcp $HOST4 82)" "OPEN OPEN silent"
explains "explain a limit that has none left" 1 deny rate in 82/tcp from $PEER4
explains "but for another source" 0 allow rule in 82/tcp from $OTHER4
explains "and bind knows no rate" 0 allow rule bind 82/tcp
run explain in 82/tcp from $PEER4
holds "explain names the limit" grep -qx 'rule: limit 1/m burst 2 per source 82/tcp' <<<"$OUT"
holds "and says when that changes" grep -qx 'it has no token for that address now: the next comes within 58.8 s' <<<"$OUT"
same "ports says whom the rules let in, whatever is left" "$(pg --json ports | jq -c '[.ports[] | select(.local.port == 82).in.verdict] | unique')" '["allow"]'
run remove 82/tcp
quiet dial tcp $HOST4 80
same "list --json" "$(pg list --json | jq -c '.rules[0] | [keys, .text, .scope, .origin, .hits > 0, .expires_in, .comment]')" \
	'[["comment","expires_in","hits","number","origin","scope","text"],"allow 80/tcp","host","file",true,null,null]'
same "status --json" "$(status '[keys, .instance, .mode, .degraded, .agent]')" \
	"[[\"agent\",\"counters\",\"degraded\",\"events\",\"flows\",\"generation\",\"hooks\",\"instance\",\"mode\",\"outputs\",\"version\"],\"$LAB_NAME\",\"enforce\",null,{\"running\":true,\"pid\":$AGENT}]"
same "status names its hooks" "$(status '[.hooks[] | select(.attached).hook] | contains(["bind", "inbound"])')" true
same "with --json success is silent on stderr" "$(pg --json allow 83/tcp 2>&1 >/dev/null)" ''
run remove 83/tcp
same "what is printed is all there, or it is an error" "$(pg list 2>/dev/null >/dev/full; echo $?)" 74
same "no colour in a pipe" "$(pg list | grep -c $'\e')$(pg status | grep -c $'\e')" 00
same "by environment" "$(PORTGUARD_INSTANCE=$LAB_NAME PORTGUARD_BPFFS=$BPFFS admin "$PORTGUARD" --json status | jq -r .instance)" "$LAB_NAME"

# --- modes, and no agent ------------------------------------------------------------------------

exits "mode audit" 0 '' mode audit
same "audit lets through" "$(dial tcp $HOST4 81)" OPEN
holds "audit lets bind" binds tcp 0.0.0.0 90
exits "mode off" 0 '' mode off
same "off lets through" "$(dial tcp $HOST4 81)" OPEN
exits "mode nonsense" 64 enforce mode nonsense
exits "mode enforce" 0 '' mode enforce
same "enforce shuts" "$(dial tcp $HOST4 81)" silent
fails "enforce refuses bind" binds tcp 0.0.0.0 90
agent_ends TERM
same "enforcement stays when the agent stops" "$(dial tcp $HOST4 81) $(dial tcp $HOST4 80)" "silent OPEN"
exits "allow without an agent" 0 '' allow 81/tcp
same "81 is open" "$(dial tcp $HOST4 81)" OPEN
same "status knows" "$(status .agent.running)" false
exits "events without an agent" 69 '' events
exits "down" 0 '' down
same "down opens" "$(dial tcp $HOST4 82)" OPEN
exits "up" 0 '' up -c "$LAB/plain.yaml" --cgroup "$LAB_CGROUP" -i host0
exits "up takes what run takes, and says who would write events" 0 'until an agent runs' up -c "$LAB/plain.yaml" \
	--cgroup "$LAB_CGROUP" -i host0 --event-log "$EVENTS"
same "up guards" "$(dial tcp $HOST4 82) $(dial tcp $HOST4 80)" "silent OPEN"
same "runtime rules do not outlive down" "$(texts)" 'allow 80/tcp'
exits "down again" 0 '' down
exits "and then nothing runs" 69 '' status
