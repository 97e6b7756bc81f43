# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bash completion for portguard. Commands and options are read from its own --help, so they are those
# of the version that is installed.

# The commands: the first words of the indented lines of --help.
_portguard_commands() {
	"$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'
}

# The options of a command, or of all commands: those of its usage.
_portguard_options() {
	"$@" --help 2>/dev/null | sed -n '/^usage:/p' | grep -oE -- '[^a-z-]--?[a-z][a-z-]*' | tr -d ' [' | sort -u
}

_portguard() {
	local program=$1 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i
	local candidates=''

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--instance | --bpffs) i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $before in
	-c | -w | --event-log | --bpffs | --cgroup | --textfile | -o | --from)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	-i) candidates=$(cd /sys/class/net && echo ./* | sed 's|\./||g') ;;
	--hook) candidates='bind listen socket connect send inbound deliver' ;;
	--verdict) candidates='allow deny audit' ;;
	--format) candidates='json text ecs ocsf cef leef syslog' ;;
	--scope)
		candidates=$("$program" --json list 2>/dev/null | grep -oE '"scope":"[^"\\]*"' | cut -d'"' -f4 | sort -u)
		;;
	*)
		case $command:$word in
		:-*) candidates=$(_portguard_options "$program") ;;
		:*) candidates=$(_portguard_commands "$program") ;;
		*:-*) candidates=$(_portguard_options "$program" "$command") ;;
		mode:*) candidates='enforce audit off' ;;
		panic:*) candidates='on off' ;;
		explain:*) candidates='bind in out from to at on by' ;;
		allow:* | deny:* | reject:* | limit:* | remove:*)
			candidates='bind in out from to at on by for log any comment'
			;;
		apply:* | check:* | diff:* | try:*)
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return ;;
		esac ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
}

complete -o filenames -F _portguard portguard
