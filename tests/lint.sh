#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make lint: what a machine can see of HACKING.md's rules. Each complaint is FILE:LINE: what to write
# instead. Tools that are not installed are named and left out.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build}"
bad=0

mapfile -t c_files < <(find bpf include user tests -name '*.[ch]' | sort)
mapfile -t scripts < <(find . -path ./.git -prune -o -path "./$BUILD" -prune -o -type f -name '*.sh' -print | sort; echo .ci/run)
complain() { [ -z "$1" ] || { printf '%s\n' "$1"; bad=1; }; }
have() { command -v "$1" >/dev/null || { echo "  lint: no $1 here: left out"; return 1; }; }
# never PATTERN INSTEAD FILE…: no line of the files may fit.
never() { complain "$(grep -nE -- "$1" "${@:3}" /dev/null | sed -E "s|^([^:]+:[0-9]+):.*|\1: $2|")"; }

never '[[:blank:]]+$' 'no blanks at the end of a line' "${c_files[@]}" "${scripts[@]}" ./*.md docs/*.md man/*
never '^ +[^ *]' 'indent with tabs' "${c_files[@]}"
never '\b(TODO|FIXME|XXX)\b' 'finish it, or open an issue' "${c_files[@]}"
never '\b(system|popen|strcat|gets)\(' 'not this function: see user/util' "${c_files[@]}"
never '^[^#]*\bsleep [0-9.]' 'wait for a condition: within SECONDS COMMAND' tests/e2e/*.sh tests/lib/*.sh tests/demo.sh tests/run.sh
never '^[^#]*ip netns exec' 'nsenter --net=: ip netns exec hides bpffs' "${scripts[@]}"
# Tabs count as eight columns.
for file in "${c_files[@]}"; do
	complain "$(expand "$file" | awk -v f="$file" 'length > 120 { print f ":" NR ": longer than 120 columns" }')"
done
for file in "${c_files[@]}" "${scripts[@]}"; do
	head -n 4 "$file" | grep -q SPDX-License-Identifier || complain "$file:1: an SPDX-License-Identifier"
done
# Operators read these names, and the kernel cuts them at 15.
complain "$(grep -nE '^SEC\("[^.]' -A 2 bpf/*.c | grep -oE 'int [a-z_0-9]+\(' | tr -d '(' | awk '{ print $2 }' |
	grep -vE '^pg_.{1,12}$' | sed 's/$/: a program'"'"'s name begins with pg_ and has at most 15 characters/')"
# The manual's table of reasons is the enum's.
while IFS=$'\t' read -r word help; do
	grep -qF ".It Cm $word Ta $help" man/portguard.8 || complain "man/portguard.8: the table of reasons lacks: $word, $help"
done < <(sed -n '/define PG_REASONS/,/^$/s/^\tX([A-Z_]*, "\([^"]*\)", "\([^"]*\)").*/\1\t\2/p' include/portguard/abi.h)

have shellcheck && { printf '%s\n' "${scripts[@]}" | xargs -P "$(nproc)" -n 8 shellcheck || bad=1; }
have man && for page in man/*.[1-9]; do complain "$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null)"; done
have clang-tidy && { printf "%s\n" user/*.c user/*/*.c | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p . 2>/dev/null | grep -E ": (warning|error):"; [ "${PIPESTATUS[1]}" = 0 ] || bad=1; }
[ $bad = 0 ] && echo "  lint: nothing to say"
exit $bad
