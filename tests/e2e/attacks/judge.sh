# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# judge.sh, sourced by ../attacks.sh: what became of each case without a guard ($LAB/free.results) and
# with one ($LAB/guarded.results). Lines are HOOK FAMILY NAME open|refused|unsupported WHY.

# HOOK FAMILY NAME FREE WHY GUARDED WHY of each case that was tried without a guard, in that order.
joined() {
	awk -F'\t' -v OFS='\t' '
		{ key = $2 FS $3 }
		NR == FNR { guarded[key] = $4 OFS $5; next }
		{ print $1, $2, $3, $4, $5, key in guarded ? guarded[key] : "untried" OFS "-" }
	' "$LAB/guarded.results" "$LAB/free.results"
}

# A refusal must be the guard's: EPERM for a caller, silence for a neighbour.
is_refusal() { # HOOK WHY
	case $1 in
	bind | socket | connect | send) [ "$2" = EPERM ] ;;
	listen) [ "$2" = EPERM ] || [ "$2" = silent ] ;;
	*) [ "$2" = silent ] ;;
	esac
}

judge() { # HOOK FAMILY NAME FREE WHY GUARDED WHY
	local name="$3, IPv$2"
	if [ "$6" = open ]; then
		not_ok "$name" "it succeeds with a guard (hook $1)"
	elif [ "$4" = unsupported ]; then
		skip "$name" "not supported by this kernel: $5"
	elif [ "$4" != open ]; then
		not_ok "$name" "without a guard it should succeed: $5"
	elif [ "$6" != refused ] || ! is_refusal "$1" "$7"; then
		not_ok "$name" "with a guard (hook $1) it is $6: $7"
	else
		ok "$name"
	fi
}
judge_all() {
	local columns
	while IFS=$TAB read -ra columns; do judge "${columns[@]}"; done < <(joined)
	# Fewer cases than there were once means that a program died on the way.
	holds "at least 70 attacks were tried, not counting IPv6 twice ($(names))" test "$(names)" -ge 70
}
names() { awk -F'\t' '$4 == "open" { print $3 }' "$LAB/free.results" | sort -u | wc -l; }

# FAMILY NAME HOOK FREE GUARDED, for attacks/table.sh.
table_rows() {
	local hook family name free why guarded refusal
	while IFS=$TAB read -r hook family name free why guarded refusal; do
		[ "$free" != unsupported ] || free="unsupported: $why"
		[ "$guarded" != refused ] || guarded=$refusal
		printf '%s\t%s\t%s\t%s\t%s\n' "$family" "$name" "$hook" "$free" "$guarded"
	done < <(joined)
}
