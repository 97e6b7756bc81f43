#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Real containers, made by runc as Docker has them made: a cgroup docker/ID below the enforcement root,
# the host's network. First without a guard; then closed by the host's rules; open to the one that a scope
# names, by its id or by the name that Docker keeps for it; closed to others on the same port; and
# without a trace when the container is gone.
. "$(dirname "$0")/../lib/lab.sh"
need runc bpftool jq
lab_up
WEB=c0ffee000001$(printf '%052d' 1)
OTHER=c0ffee000002$(printf '%052d' 2)
NAMED=c0ffee000003$(printf '%052d' 3)
LATE=c0ffee000004$(printf '%052d' 4)
MOUNT=${LAB_CGROUP_TOP%"/$LAB_NAME"}
NAMESPACES="mount pid ipc uts"
mkdir -p "$LAB/lib/docker/containers" "$LAB/runc"

# --- containers -----------------------------------------------------------------------------------

# runc looks for cgroup2 at /sys/fs/cgroup alone: in a mount namespace of its own the lab's part of it is there.
# shellcheck disable=SC2016 # that shell's
OCI=(unshare --mount --propagation private sh -c 'mount --bind "$0" /sys/fs/cgroup && exec runc --root "$@"'
	"$LAB_CGROUP_TOP" "$LAB/runc")
oci() { admin "${OCI[@]}" "$@"; }
# The machine's own programs, read-only.
mounts() {
	local dir
	for dir in usr bin sbin lib lib32 lib64; do
		if [ -L "/$dir" ]; then
			cp -P "/$dir" "$1/rootfs/$dir"
		elif [ -d "/$dir" ]; then
			jq -n --arg dir "/$dir" '{destination: $dir, type: "bind", source: $dir, options: ["rbind", "ro"]}'
		fi
	done
	jq -n --arg lab "$LAB_ROOT/tests/lib" '
		{destination: "/lab", type: "bind", source: $lab, options: ["bind", "ro"]},
		{destination: "/proc", type: "proc", source: "proc"},
		{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755", "size=64k"]}'
}
bundle() { # ID COMMAND…
	rm -rf --one-file-system "$LAB/bundles/$1"
	mkdir -p "$LAB/bundles/$1/rootfs"
	mounts "$LAB/bundles/$1" | jq -s --arg cgroup "/guarded/docker/$1" --arg namespaces "$NAMESPACES" '{
		ociVersion: "1.0.2", root: {path: "rootfs", readonly: true}, mounts: .,
		process: {user: {uid: 0, gid: 0}, cwd: "/", args: $ARGS.positional,
			env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
			capabilities: (["CAP_NET_BIND_SERVICE"] | {bounding: ., effective: ., permitted: .})},
		linux: {cgroupsPath: $cgroup, namespaces: ($namespaces | split(" ") | map({type: .}))}
	}' --args -- "${@:2}" >"$LAB/bundles/$1/config.json"
}
# attempt ID tcp|udp PORT: a container that comes, tries to bind, and goes. OPEN or an errno.
attempt() {
	bundle "$1" "$PYTHON" /lab/traffic.py bind "$2" 0.0.0.0 "$3"
	oci run --bundle "$LAB/bundles/$1" "$1" 2>&1
}
# up NAME ID COMMAND…: one that stays.
up() {
	bundle "${@:2}"
	start "$1" admin "${OCI[@]}" run --bundle "$LAB/bundles/$2" "$2"
}
idle() { up "$1" "$2" tail -f /dev/null && within 10 quiet inside "$2" true; }
inside() { oci exec "$@" 2>&1; } # ID COMMAND…
tries() { inside "$1" "$PYTHON" /lab/traffic.py bind "$2" 0.0.0.0 "$3"; } # ID tcp|udp PORT
end() { # ID
	oci kill "$1" KILL
	within 10 not test -d "$LAB_CGROUP/docker/$1" && oci delete --force "$1"
} >/dev/null 2>&1

# --- the guard's view -----------------------------------------------------------------------------

# The agent finds Docker's files below a /var/lib of the lab's own.
exec_pg() {
	# shellcheck disable=SC2016 # that shell's
	exec_in "$LAB_CGROUP_TOP/rest" host unshare --mount --propagation private sh -c '
		mount --bind "$0" /var/lib && exec "$@"' "$LAB/lib" \
		"$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" "$@"
}
docker_names() { # ID NAME
	mkdir -p "$LAB/lib/docker/containers/$1"
	jq -n --arg id "$1" --arg name "/$2" '{State: {Running: true}, ID: $id, Config: {Labels: {Name: "/other"}}, Name: $name}' \
		>"$LAB/lib/docker/containers/$1/new"
	mv "$LAB/lib/docker/containers/$1/new" "$LAB/lib/docker/containers/$1/config.v2.json"
}
cgroup_number() { stat -c %i "$LAB_CGROUP/docker/$1"; }
entries() { bpftool -j map dump pinned "$BPFFS/portguard/$LAB_NAME/pg_cgroups" | jq -r '.[].formatted.key'; }
has_entry() { entries | grep -qx "$1"; }

# --- without a guard ------------------------------------------------------------------------------

# It would switch on controllers all the way down, and no process may enter the guarded cgroup then; a
# cgroup that has processes keeps it from that.
start keeper host tail -f /dev/null
same "a container binds where nothing guards" "$(attempt "$WEB" tcp 80)" OPEN
[ $LAB_FAILED = 0 ] || exit # there is nothing to compare with
fails "it leaves no cgroup behind" test -d "$LAB_CGROUP/docker/$WEB"
holds "a container that stays" idle web "$WEB"
holds "and one with listeners" up other "$OTHER" "$PYTHON" /lab/traffic.py serve 83 83
within 10 says ready "$LAB/other.log"
same "its cgroup is where Docker has it" "$(inside "$WEB" cat /proc/self/cgroup | sed -n 's/^0:://p')" \
	"${LAB_CGROUP#"$MOUNT"}/docker/$WEB"
same "the one that stays binds" "$(tries "$WEB" tcp 80)" OPEN
holds "the listener is reached" reaches tcp $HOST4 83
holds "by UDP too" reaches udp $HOST4 83

# --- closed by the host's rules -------------------------------------------------------------------

guard "$(rules 'allow 81' | policy closed)"
same "closed: a container that was there" "$(tries "$WEB" tcp 80)" EPERM
same "closed: UDP" "$(tries "$WEB" udp 80)" EPERM
same "closed: a container that comes" "$(attempt "$LATE" tcp 80)" EPERM
same "what the host's rules allow is allowed in it" "$(attempt "$LATE" tcp 81)" OPEN
same "closed: a listener that was there" "$(dial tcp $HOST4 83)" silent
refused() { jq -es --arg tail "/docker/$1" 'any(.[]; .hook == "bind" and .verdict == "deny" and .local.port == 80 and
	(.cgroup // "" | endswith($tail)))' "$EVENTS" >/dev/null; }
holds "events name the container's cgroup" within 5 refused "$WEB"

# --- open to the one that a scope names -----------------------------------------------------------

scoped() { # SELECTOR
	printf 'rules: [allow 81]\nscopes:\n  - {container: "%s", rules: [allow 80, allow 83]}\n' "$1" | policy scoped
}
exits "a scope by twelve digits of the id" 0 '' apply "$(scoped "${WEB:0:12}")"
same "scope: its container binds" "$(tries "$WEB" tcp 80)" OPEN
same "scope: UDP" "$(tries "$WEB" udp 80)" OPEN
same "scope: what the host allows is not asked any more" "$(tries "$WEB" tcp 81)" EPERM
same "scope: another container stays closed" "$(attempt "$LATE" tcp 80)" EPERM
same "scope: the host's rules are the others' still" "$(attempt "$LATE" tcp 81)" OPEN
fails "scope: the host's own processes stay closed" binds tcp 0.0.0.0 80
same "scope: its port is not the other's listener's" "$(dial tcp $HOST4 83)" silent
same "scope: nor by UDP" "$(dial udp $HOST4 83)" silent
holds "the other one goes" end "$OTHER"
serves() { start serving admin "${OCI[@]}" exec "$WEB" "$PYTHON" /lab/traffic.py serve 83 83 && within 10 says ready "$LAB/serving.log"; }
holds "scope: it listens there itself" serves
holds "scope: and is reached" reaches tcp $HOST4 83
holds "scope: by UDP and IPv6" reaches udp $HOST6 83

# --- with a network of its own --------------------------------------------------------------------

NAMESPACES="$NAMESPACES network"
same "network of its own: what no scope names binds freely" "$(attempt "$LATE" tcp 90)" OPEN
inner_id=${WEB:0:12}$(printf '%052d' 9) # the scope's twelve digits
same "network of its own: its scope opens" "$(attempt "$inner_id" tcp 80)" OPEN
same "network of its own: its scope closes" "$(attempt "$inner_id" tcp 90)" EPERM
NAMESPACES=${NAMESPACES% network}

# --- gone when it is gone -------------------------------------------------------------------------

number=$(cgroup_number "$WEB")
holds "the container's cgroup is known" has_entry "$number"
holds "the container goes" end "$WEB"
holds "its cgroup is forgotten" within 5 not has_entry "$number"
same "the same container again: open from its first process on" "$(attempt "$WEB" tcp 80)" OPEN
same "one with another id is not it" "$(attempt "$OTHER" tcp 80)" EPERM

# --- by name --------------------------------------------------------------------------------------

docker_names "$NAMED" shop-1
docker_names "$OTHER" db
holds "a container that Docker calls shop-1" idle named "$NAMED"
same "name: closed without a scope" "$(tries "$NAMED" tcp 80)" EPERM
exits "a scope by a pattern of names" 0 '' apply "$(scoped 'shop-*')"
opens() { [ "$(tries "$1" tcp 80)" = OPEN ]; }
holds "name: its container binds" within 5 opens "$NAMED"
holds "a container that has no name yet" idle late "$LATE"
same "name: none, no scope" "$(tries "$LATE" tcp 80)" EPERM
docker_names "$LATE" shop-2
holds "name: found when Docker has written it" within 5 opens "$LATE"
same "name: another container stays closed" "$(attempt "$OTHER" tcp 80)" EPERM
number=$(cgroup_number "$LATE")
holds "the named one's cgroup is known" has_entry "$number"
holds "the named one goes" end "$LATE"
holds "and is forgotten" within 5 not has_entry "$number"
# Who looks for tampering knows of names what the agent knows: what it would put right is somebody else's.
number=$(cgroup_number "$NAMED")
forgotten() {
	local bytes
	read -ra bytes < <(printf '%016x' "$number" | sed 's/../& /g' | awk '{ for (i = 8; i; i--) printf "%s ", $i }')
	bpftool map delete pinned "$BPFFS/portguard/$LAB_NAME/pg_cgroups" key hex "${bytes[@]}"
}
tampering() { jq -s 'map(select(.action == "tamper")) | length' "$EVENTS"; }
same "nobody was taken for somebody who tampers" "$(tampering)" 0
# What is missing soon after a change of the policy, or of a name, is put right without a word; later it is told.
is_told() { [ "$(tampering)" -ge 1 ]; }
for time in first second third fourth; do
	holds "$time: somebody takes the named one's scope away" forgotten
	holds "$time: it is put right" within 15 opens "$NAMED"
	never_in 1 is_told || break
done
holds "and told" is_told
exits "its scope goes" 0 '' apply "$LAB/closed.yaml"
same "name: closed again" "$(tries "$NAMED" tcp 80)" EPERM
docker_names "$WEB" shop-3
holds "a container that comes while no scope is in force" idle web "$WEB"
run apply "$LAB/scoped.yaml"
same "name: known at once where the scopes come back" "$(tries "$WEB" tcp 80)" OPEN
same "and those of before" "$(tries "$NAMED" tcp 80)" OPEN
end "$WEB"
same "nothing is uncounted" "$(within 5 adds_up && echo so)" so
unguard
same "unguarded again" "$(tries "$NAMED" tcp 80)" OPEN
end "$NAMED"
