#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Inside the guest of systemd.sh: scopes of units on a machine that systemd runs. The enforcement root is
# the root cgroup, PID 1 binds the sockets, and everything that is not web or echo@ may bind nothing.
cd /work || exit 1
units=/run/systemd/system

say() { # RESULT WANTED WORDS…
	if [ "$1" = "$2" ]; then echo "ok systemd: ${*:3}"; else echo "not ok systemd: ${*:3}: $1 instead of $2"; fi
}
state() { systemctl show -p ActiveState --value "$1"; }
start() { systemctl start "$@" 2>/dev/null && echo started || echo refused; }
stop() { systemctl stop "$@" 2>/dev/null; systemctl reset-failed 2>/dev/null; }
asked() { timeout 30 socat -t 30 - TCP:127.0.0.1:"$1" </dev/null 2>/dev/null; }

for module in modules/*.ko; do ./busybox insmod "$module"; done
mkdir -p $units
cat >$units/web.socket <<'END'
[Socket]
ListenStream=127.0.0.1:80
Accept=no
END
cat >$units/web.service <<'END'
[Service]
ExecStart=/work/net answer "from web"
END
# Type=notify would want code of its own; ExecStartPost waits until the port answers.
listener() { # UNIT PORT
	cat >"$units/$1" <<-END
		[Service]
		ExecStart=/usr/bin/socat TCP-LISTEN:$2,bind=127.0.0.1,reuseaddr,fork SYSTEM:"echo from %n"
		ExecStartPost=/bin/bash -c 'until [ -n "\$\$(timeout 2 socat -T 1 - TCP:127.0.0.1:$2 </dev/null 2>/dev/null)" ]; do kill -0 \$MAINPID || exit 1; done'
		Restart=no
		TimeoutStartSec=10
	END
}
listener echo@.service %i
listener other.service 80
listener odd.service 7001
systemctl daemon-reload

try_all() { # WHO-WEB WHO-ECHO WORDS: what starting them is to say
	say "$(start web.socket)" "$1" "$3: a socket-activated unit"
	[ "$1" = refused ] || say "$(asked 80)" "from web" "$3: it answers"
	stop web.socket web.service
	say "$(start echo@7001.service)" "$2" "$3: an instance of a template"
	stop echo@7001.service
}

cat >none.yaml <<'END'
version: 1
interfaces: []
END
cat >scopes.yaml <<'END'
version: 1
interfaces: []
scopes:
  - unit: web.service
    rules: [allow bind 80/tcp]
  - name: echoes
    unit: "echo@*.service"
    rules: [allow bind 7000-7100/tcp]
END

# Binds port $2 in a cgroup of that path, which is made for it.
bind_in() {
	mkdir -p "/sys/fs/cgroup/$1" && (echo "$BASHPID" >"/sys/fs/cgroup/$1/cgroup.procs" &&
		timeout 1 socat TCP-LISTEN:"$2",bind=127.0.0.1,reuseaddr /dev/null >/dev/null 2>&1; [ $? = 124 ] && echo bound || echo refused)
}

try_all started started unguarded
say "$(start other.service)" started "unguarded: another unit on port 80"
stop other.service
say "$(bind_in user.slice/user@0.service/web.service 80)" bound "unguarded: a user's web.service"

./portguard up -c none.yaml || echo "not ok systemd: portguard up: $?"
try_all refused refused "no rule"

./portguard apply scopes.yaml || echo "not ok systemd: portguard apply: $?"
try_all started started "a scope's rule"
say "$(start other.service)" refused "another unit has no part in it"
stop other.service
say "$(start odd.service)" refused "nor has one that is no instance"
stop odd.service
say "$(bind_in user.slice/user@0.service/web.service 80)" refused "a user's web.service is not the system's"
say "$(bind_in system.slice/other.service/web.service 80)" refused "nor is one within another unit"
say "$(bind_in system.slice/web.service 80)" bound "the unit's own cgroup, made anew"
say "$(start echo@6001.service)" refused "an instance on a port outside its rule"
stop echo@6001.service

./portguard down || echo "not ok systemd: portguard down: $?"
try_all started started "taken down"
echo "that was all"
