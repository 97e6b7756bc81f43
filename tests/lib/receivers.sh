# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# receivers.sh, sourced after lab.sh: syslog daemons and journald in the lab, and what they got. Each writes
# lines of JSON, one a message, whatever transport it came by: $LAB/got.unix, got.udp, got.tcp.

# A figure of an output.
figure() { status ".outputs[] | select(.name == \"$1\").$2"; } # NAME FIGURE
# All that the counters say was refused has been told, and is somewhere.
is_told() { # NAME [CONDITION]
	local row
	row=$(status "([.counters[] | .deny + .audit] | add) as \$counted | .events.lost as \$lost |
		.outputs[] | select(.name == \"$1\") |
		.sent + .filtered + .queued + .lost + \$lost == \$counted and ${2:-true}")
	[ "$row" = true ]
}
# And nothing waits.
is_settled() { is_told "$1" '.queued == 0'; }
# Refusals that a receiver wrote, each id once.
refusals_in() { jq -s 'map(select(.kind == "verdict" and .verdict != "allow")) | unique_by(.id) | map(.count) | add // 0' "$1"; }
# settles NAME OUTPUT FILE: what was sent is what the receiver has, and nothing else was lost.
settles() {
	within 20 is_settled "$2" || { not_ok "$1: nothing waits" "$(status "[.events, .outputs]")"; return; }
	same "$1: what was sent is there" "$(refusals_in "$3")" "$(figure "$2" sent)"
}
# Sequence numbers of a file, each once as it came first, are in order.
in_order() { jq .seq "$1" | awk '!seen[$1]++ { if ($1 < last) bad++; last = $1 } END { exit bad > 0 }'; }

# rsyslog, as docs/events.md wants it: it writes what it has read before it reads on.
rsyslog_starts() {
	cat >"$LAB/rsyslog.conf" <<-END
		global(workDirectory="$LAB" maxMessageSize="256k")
		main_queue(queue.type="Direct")
		module(load="imuxsock" SysSock.Use="off")
		module(load="imudp")
		module(load="imtcp")
		template(name="message" type="string" string="%msg%\n")
		ruleset(name="unix") { action(type="omfile" file="$LAB/got.unix" template="message") }
		ruleset(name="udp") { action(type="omfile" file="$LAB/got.udp" template="message") }
		ruleset(name="tcp") { action(type="omfile" file="$LAB/got.tcp" template="message") }
		input(type="imuxsock" Socket="$LAB/log" useSpecialParser="off" RateLimit.Interval="0" ruleset="unix")
		input(type="imudp" address="$PEER4" port="514" ruleset="udp" rcvbufSize="1m")
		input(type="imtcp" address="$PEER4" port="601" ruleset="tcp")
	END
	start rsyslog peer rsyslogd -n -f "$LAB/rsyslog.conf" -i "$LAB/rsyslogd.pid"
	within 5 peer_listens 601 && within 5 peer_listens 514 && within 5 test -S "$LAB/log"
}
peer_listens() { in_namespace peer ss -Htuln "sport = :$1" | grep -q .; }

# syslog-ng, installed or as dependencies.sh has unpacked it.
SYSLOG_NG=$(command -v syslog-ng || echo "$BUILD/syslog-ng/usr/sbin/syslog-ng")
syslog_ng_starts() {
	local unpacked=()
	case $SYSLOG_NG in "$BUILD"/*)
		unpacked=("LD_LIBRARY_PATH=$BUILD/syslog-ng/usr/lib/syslog-ng"
			"$SYSLOG_NG" --module-path="$(echo "$BUILD"/syslog-ng/usr/lib/syslog-ng/[0-9]*)") ;;
	esac
	cat >"$LAB/syslog-ng.conf" <<-END
		@version: 3.38
		options { log-msg-size(262144); stats-freq(0); flush-lines(1); };
		template message { template("\${MESSAGE}\n"); };
		log { source { unix-dgram("$LAB/log" flags(syslog-protocol)); };
			destination { file("$LAB/got.unix" template(message)); }; };
		log { source { syslog(ip($PEER4) transport("udp") port(514) so-rcvbuf(1048576)); };
			destination { file("$LAB/got.udp" template(message)); }; };
		log { source { syslog(ip($PEER4) transport("tcp") port(601)); };
			destination { file("$LAB/got.tcp" template(message)); }; };
	END
	start syslog-ng peer env "${unpacked[@]:-$SYSLOG_NG}" -F --no-caps -f "$LAB/syslog-ng.conf" \
		-R "$LAB/syslog-ng.persist" -p "$LAB/syslog-ng.pidfile" -c "$LAB/syslog-ng.ctl"
	within 10 peer_listens 601 && within 5 peer_listens 514 && within 5 test -S "$LAB/log"
}

# journald, in a mount namespace in which /run is its own and the agent's: this machine's journal sees nothing.
JOURNALD=/lib/systemd/systemd-journald
journald_is_here() { [ -x "$JOURNALD" ] && [ -e /etc/systemd/journald.conf ] && quiet command -v journalctl; }
# From here on portguard and its commands have that /run, too.
journald_for_portguard() {
	mkdir -p "$LAB/run" "$LAB/keep" /run/portguard
	cat >"$LAB/journald.conf" <<-'END'
		[Journal]
		Storage=volatile
		ReadKMsg=no
		Audit=
		RateLimitBurst=0
		ForwardToSyslog=no
		ForwardToWall=no
	END
	cat >"$LAB/with_run.sh" <<-'END'
		mount --bind /run/portguard "$1/keep" && mount --bind "$1/run" /run &&
		mkdir -p /run/portguard /run/systemd/journal /run/log/journal &&
		mount --bind "$1/keep" /run/portguard && mount --bind "$1/journald.conf" /etc/systemd/journald.conf || exit 1
		shift
		exec "$@"
	END
	exec_pg() {
		exec_in "$LAB_CGROUP_TOP/rest" host unshare --mount sh "$LAB/with_run.sh" "$LAB" \
			"$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" "$@"
	}
}
journald_starts() {
	start journald host unshare --mount sh "$LAB/with_run.sh" "$LAB" "$JOURNALD"
	within 5 test -S "$LAB/run/systemd/journal/socket"
}
# What journald has, in the shape of the others' lines.
journal() {
	unshare --mount sh "$LAB/with_run.sh" "$LAB" \
		journalctl -D /run/log/journal -o json --no-pager -t portguard 2>/dev/null |
		jq -c '{id: .PORTGUARD_ID, seq: (.PORTGUARD_SEQ | tonumber), kind: .PORTGUARD_KIND, verdict: .PORTGUARD_VERDICT,
			count: ((.PORTGUARD_COUNT // "0") | tonumber), action: .PORTGUARD_ACTION, all: .}'
}
