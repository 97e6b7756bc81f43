#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make demo: the real agent against real programs, in a throw-away machine of its own (tests/lib/lab.sh)
# with a neighbour on the other end of a cable. Every command line shown is the one that runs, but that
# the cgroup of `run` is shown without its directory.
cd "$(dirname "$0")/.." || exit 1
. tests/lib/lab.sh
: "${MAKE:=make}"

bold='' dim='' red='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
fi
heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
note() { printf '  %s%s%s\n' "$dim" "$1" "$plain"; }
skip() { printf '%sThe demo cannot run here: %s.%s\n' "$red" "${*:2}" "$plain"; LAB_FAILED=1; }
not_ok() { LAB_FAILED=1; printf '\n%sThe demo failed: %s: %s%s\n' "$red" "$1" "${*:2}" "$plain"; }
ok() { :; }

# show WHERE WANT LINE: prints the command line, runs it, prints what it said; its output must fit WANT.
show() {
	local prompt='host' said
	[ "$1" != peer ] || prompt='neighbour'
	printf '  %s%s$%s %s\n' "$dim" "$prompt" "$plain" "$3"
	said=$("$1" bash -c "$3" 2>&1 </dev/null)
	[ -z "$said" ] || printf '    %s\n' "${said//$'\n'/$'\n'    }"
	grep -qE -- "$2" <<<"$said" || { not_ok "$3" "wanted '$2'"; exit 1; }
}

[ "$(id -u)" = 0 ] || { echo "make demo needs root (namespaces, cgroups, BPF): sudo make demo"; exit 77; }
started=$SECONDS
echo "${bold}portguard: every port closed until it is allowed${plain}"
note "in a network namespace, a cgroup and a bpffs of its own; this machine's own ports stay as they are"

heading "Build"
packaging/dependencies.sh build demo || exit
"$MAKE" -j"$(nproc)" all >/tmp/portguard-demo.$$ 2>&1 || { cat /tmp/portguard-demo.$$; rm /tmp/portguard-demo.$$; exit 1; }
rm -f /tmp/portguard-demo.$$
[ ! -e "$BUILD" ] || chown -R --reference=. "$BUILD"
echo "  build     $("$PORTGUARD" --version)"

lab_up
export PORTGUARD_INSTANCE=$LAB_NAME PORTGUARD_BPFFS=$BPFFS NO_COLOR=1
PATH=$(dirname "$PORTGUARD"):/usr/local/sbin:/usr/sbin:/sbin:$PATH
mkdir "$LAB/www"
echo '<h1>It works</h1>' >"$LAB/www/index.html"
printf 'nameserver %s\noptions timeout:2 attempts:1\n' $PEER4 >"$LAB/resolv.conf"
printf 'hosts: dns\n' >"$LAB/nsswitch.conf"
cat >"$LAB/policy.yaml" <<-END
	version: 1          # all the rest is left out: no port may be bound, none can be reached
	essentials: []
	failsafe: []
END
cd "$LAB" || exit

# A resolver's configuration of its own, for what runs in it.
own_resolver() {
	host unshare --mount sh -c 'mount -t tmpfs none /run && f=$(readlink -m /etc/resolv.conf) &&
		mkdir -p "$(dirname "$f")" && { [ -e "$f" ] || : >"$f"; } && mount --bind "$0/resolv.conf" "$f" &&
		mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf && exec "$@"' "$LAB" "$@"
}
daemon dns peer dnsmasq -k -C /dev/null --no-resolv --no-hosts --user=root --address=/deb.example/192.0.2.7
start web host "$PYTHON" -m http.server 80 --directory "$LAB/www"
page() { peer curl -s --max-time 1 http://$HOST4/ | grep -q works; }

heading "A web server runs on this host, and a neighbour sees it"
within 5 page
show peer 'It works' "curl -s http://$HOST4/"

heading "portguard starts with an empty policy"
show admin 'version' 'cat policy.yaml'
printf '  %shost$%s %s\n' "$dim" "$plain" "portguard run -c policy.yaml -i host0 --cgroup guarded &"
agent policy.yaml
grep -h 'portguard' "$LAB/agent.err" | sed 's/^/    /'
says 'portguard: ready' "$LAB/agent.err" || { not_ok "portguard run" "$(cat "$LAB/agent.err")"; exit 1; }

heading "No program gets a port, and from outside every port is silent"
show host 'not permitted' 'python3 -m http.server 8080 2>&1 | tail -n 1'
show peer 'imeout|timed out' "curl -sS -m 1 http://$HOST4/"

heading "Yet the host is a client like any other: answers to its own questions come in"
show own_resolver '192.0.2.7' 'getent ahostsv4 deb.example | head -n 1'

heading "One sentence opens a port, at once"
show admin '' 'portguard allow 80/tcp'
show peer 'It works' "curl -s http://$HOST4/"
show admin 'allow 80/tcp' 'portguard list'

heading "Every refusal was told"
told_both() { admin portguard events --format json | jq_free_both; }
jq_free_both() { "$PYTHON" -c 'import json, sys
hooks = {e.get("hook") for e in map(json.loads, sys.stdin)}
sys.exit(not {"bind", "inbound"} <= hooks)'; }
within 5 told_both
show admin 'bind' 'portguard events --format text'

heading "And taken down, nothing is left"
agent_ends TERM
show admin '' 'portguard down'
show peer 'It works' "curl -s http://$HOST4/"

printf '\n%sThe demo worked: a bind refused, a port silent, then opened with one command. (%d s)%s\n' \
	"$green" $((SECONDS - started)) "$plain"
