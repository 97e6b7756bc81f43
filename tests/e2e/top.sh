#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# top in a terminal: what is refused comes on the screen, sorted and filtered, at 80 by 24 and at 200 by 50, with
# colours and UTF-8 or without either; names forge nothing; `a` allows after two questions; and whatever ends it, the
# terminal is as it was.
. "$(dirname "$0")/../lib/lab.sh"
need jq tmux
lab_up
export LC_ALL=C.UTF-8

# terminal WIDTH HEIGHT [NAME=VALUE…]: a shell in a terminal of that size, on the guarded host.
terminal() {
	t kill-server 2>/dev/null
	within 3 not quiet t list-sessions
	run_in "$LAB_CGROUP_TOP/rest" host env -u TMUX tmux -u -S "$LAB/tmux" -f /dev/null new-session -d -x "$1" -y "$2" \
		env "${@:3}" PS1='$ ' sh
	within 5 shows '^\$'
}
t() { tmux -S "$LAB/tmux" "$@"; }
screen() { t capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }
keys() { t send-keys "$@"; }
sees() { if within 5 shows "$2"; then ok "$1"; else not_ok "$1" "$(screen)"; fi; } # NAME PATTERN
# In the terminal's shell; TOP_PID holds top's pid, CODE its exit code.
top() {
	rm -f "$LAB/top.pid" "$LAB/top.code" "$LAB/after"
	keys "stty -g >$LAB/before; clear; sh -c 'echo \$\$ >$LAB/top.pid; exec $PORTGUARD --instance $LAB_NAME --bpffs $BPFFS $* top'; echo \$? >$LAB/top.code; stty -g >$LAB/after" Enter
}
# ended NAME CODE: it has, with that code, and left no trace.
ended() {
	within 5 test -s "$LAB/after" || not_ok "$1: it ended" "$(screen)"
	same "$1: exit code" "$(cat "$LAB/top.code")" "$2"
	same "$1: the terminal is as it was" "$(cat "$LAB/after") $(t display -p '#{alternate_on} #{cursor_flag}')" "$(cat "$LAB/before") 0 1"
}
ROW='^ *[^ ]+.*  [0-9]+[smhd]  '
rows() { screen | grep -E "$ROW" | awk '{ print $1 }' | paste -sd' '; }
first_is() { [ "$(rows | cut -d' ' -f1)" = "$1" ]; }
listed() { pg list --json | jq -r '.rules[] | select(.origin == "runtime") | .text' | paste -sd'|'; }

exits "in a pipe" 69 'this is no terminal' top
exits "a word too many" 64 usage top ports
terminal 80 24
top
ended "without an agent" 69
holds "it says what to do" shows 'start one: portguard run'

# --- rows ---------------------------------------------------------------------------------------

guard "$(rules 'allow 80/tcp' 'deny 7095/tcp' 'deny out 7099/tcp' | policy top)"
evil=$LAB/evil$'\e[31m\u202e'
cp -L "$PYTHON" "$evil"
host "$evil" -IS -c 'import socket
try: socket.socket().bind(("0.0.0.0", 7001))
except OSError: pass'
traffic peer datagrams $HOST4 7101 30
traffic peer datagrams $HOST6 7102 20
same "a deny rule" "$(dial tcp $HOST4 7095 0.2)" silent
within 5 adds_up || not_ok "what was before is in history" "told $(told), counted $(counted)"
top
sees "what was refused before it began is there" '^ 7101/udp .* 30 '
sees "another" '^ 7095/tcp '
holds "how the guard is" shows "portguard  $LAB_NAME on .* enforce"
traffic peer datagrams $HOST4 7102 15
sees "what comes is added" '^ 7102/udp .* 35 '
sees "and has a rate" '^ 7102/udp +[0-9]+\.[0-9] '
sees "as the kernel counts it" "packets .*/s refused .* $(($(status '.counters | .inbound.deny + .deliver.deny'))) in all"
holds "the fastest is first now" within 5 first_is 7102/udp
keys s
sees "sorted by total" 'by total'
same "the most first" "$(rows | cut -d' ' -f-2)" "7102/udp 7101/udp"
keys s s
sees "by name" 'by name'
same "names go up" "$(rows)" "7001/tcp 7095/tcp 7101/udp 7102/udp"
keys r
sees "reversed" 'by name, reversed'
same "names go down" "$(rows)" "7102/udp 7101/udp 7095/tcp 7001/tcp"
keys 2
sees "sources" "^ $PEER4 .* 7102/udp"
same "both of them" "$(rows | tr ' ' '\n' | sort | paste -sd' ')" "$PEER4 $PEER6"
keys 3
sees "a program's name is spelt out" '^ evil\\x1b\[31m'
holds "its details too" shows 'evil\\x1b\[31m\\u202e\[[0-9]+\] uid 0'
keys 1 /
keys 710
sees "a filter" 'filter: 710'
same "shows what fits" "$(rows)" "7102/udp 7101/udp"
keys x
sees "nothing fits" 'Nothing that was refused fits'
keys Escape
sees "no filter" '^ 7095/tcp '
keys p
sees "paused" paused
traffic peer datagrams $HOST4 7103 5
within 5 adds_up
sees "what comes meanwhile is counted" "packets .* $(($(status '.counters | .inbound.deny + .deliver.deny'))) in all"
same "and not shown" "$(rows)" "7102/udp 7101/udp 7095/tcp 7001/tcp"
keys p
sees "but then" '^ 7103/udp .* 5 '
keys '?'
sees "help" 'Any key goes back'
keys q
sees "goes by any key" '^ 7103/udp '

# --- allowing -----------------------------------------------------------------------------------

keys / 7001 Enter
sees "one row" '^ 7001/tcp '
keys a
sees "a rule is proposed" 'allow 7001/tcp_'
keys Enter
sees "and asked for once more" 'portguard allow 7001/tcp - now, until reboot\? \(y/n\)'
keys n
sees "no is no" 'nothing was changed'
same "and changes nothing" "$(listed)" ''
keys a Enter
sees "again" '\(y/n\)'
keys y
sees "yes allows" 'allowed until reboot: 7001/tcp'
same "it does" "$(listed)" 'allow 7001/tcp'
holds "now" binds tcp 0.0.0.0 7001
keys a C-u
keys -l -- '--force 80'
keys Enter
sees "what was typed is a rule, no option" 'portguard allow --force 80 - now'
keys y
sees "a wrong one is refused in words" 'not allowed: portguard: .*force'
same "and changes nothing" "$(listed)" 'allow 7001/tcp'
keys Escape / 7095 Enter
sees "what a rule denies" '^ 7095/tcp '
keys a
sees "no allow helps" 'a deny wins'
keys Escape 2
sees "from a source" "^ $PEER4 "
keys / "$PEER6" Enter a
sees "only from there" "allow in 7102/udp from $PEER6"
keys Escape Escape 1

# --- sizes, agents ------------------------------------------------------------------------------

t resize-window -x 200 -y 50
sees "a larger terminal shows the latest events" '^ Latest'
holds "as lines" shows "deny inbound 7103/udp from $PEER4 at $HOST4 on host0: no-rule"
t resize-window -x 50 -y 10
sees "a tiny one says so" 'too small'
t resize-window -x 80 -y 24
sees "and back" '^ 7103/udp '
agent_ends KILL
sees "the agent has died" 'no agent runs'
guard "$LAB/top.yaml"
sees "another one" ' enforce '
traffic peer datagrams $HOST4 7104 7
sees "tells what comes" '^ 7104/udp .* 7 '

# --- every way out ------------------------------------------------------------------------------

keys q
ended "q" 0
for signal in TERM HUP INT; do
	top
	sees "it runs" '^ 7103/udp '
	kill -$signal "$(cat "$LAB/top.pid")"
	ended "SIG$signal" "$(case $signal in TERM) echo 143 ;; HUP) echo 129 ;; *) echo 0 ;; esac)"
done
top
sees "it runs" '^ 7103/udp '
keys C-c
ended "Ctrl-C" 0

# --- other terminals ----------------------------------------------------------------------------

coloured() { t capture-pane -pe | grep -aqE $'\e\\[[0-9;]*3[0-7]m'; }
top
sees "colours" '^ 7103/udp '
holds "where there are some" within 3 coloured
keys q
ended "q" 0
top --no-color
sees "none" '^ 7103/udp '
fails "where they are not wanted" coloured
terminal 80 24 TERM=vt100 LC_ALL=C
top
sees "neither colours nor UTF-8" '^ 7103/udp '
same "nothing but ASCII" "$(screen | LC_ALL=C grep -c '[^ -~]')" 0
fails "and no colours" coloured
keys q
ended "q" 0
terminal 80 24 TERM=dumb
top
ended "a terminal that cannot place text" 69
t kill-server
