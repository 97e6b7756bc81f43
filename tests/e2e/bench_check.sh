#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make bench-check and the plots, without the run, whose figures are no test's business.
. "$(dirname "$0")/../lib/lab.sh"
need python3

dir=$(mktemp -d)
trap 'rm -rf "$dir"; exit $LAB_FAILED' EXIT

# values OURS PEERS: a run in which a row of ours, a peer beside us and a peer alone have these ratios.
values() {
	cat <<-END
		section,name,size,ratio,ratio_low,ratio_high,watch,skip
		a packet,"drop, all",,$1,less,
		a packet,a peer beside us,,$2,more,
		a packet,a peer,,$1,,
	END
}
write() { "$PYTHON" "$LAB_ROOT/tests/bench/check.py" --write "$dir/new" "$dir/old"; }
passes() { "$PYTHON" "$LAB_ROOT/tests/bench/check.py" "$@" "$dir/new" "$dir/old" >"$dir/out"; }

values 1.20,1.15,1.25 5.0,4.9,5.1 >"$dir/new"
holds "the ratios of a run are taken over" write
same "only ours are compared" "$(wc -l <"$dir/old")" 3
holds "the same run is no worse" passes
values 1.32,1.29,1.35 4.8,4.7,4.9 >"$dir/new"
holds "within twice the spread, and 5 %, a run is no worse" passes
values 1.36,1.31,1.40 5.0,4.9,5.1 >"$dir/new"
fails "a greater ratio is worse" passes
holds "it is named" says 'WORSE  a packet: drop, all: 1.36' "$dir/out"
values 1.36,1.29,1.60 5.0,4.9,5.1 >"$dir/new"
holds "unless the run was disturbed" passes
values 1.37,1.34,1.40 5.0,4.9,5.1 >"$dir/new"
fails "twice the spread is too much" passes
holds "but not for a quick run" passes --quick
values 1.46,1.42,1.50 5.0,4.9,5.1 >"$dir/new"
holds "whose rounds are few, and its interval therefore too narrow" passes --quick
values 1.80,1.75,1.85 5.0,4.9,5.1 >"$dir/new"
fails "what is half as dear again is seen by a quick run" passes --quick
holds "with what it tolerates" says 'tolerated: 1.4' "$dir/out"
values 1.20,1.15,1.25 4.0,3.9,4.1 >"$dir/new"
fails "and less, where more is wanted" passes --quick
values 1.10,1.05,1.15 4.5,4.4,4.7 >"$dir/new"
fails "less is worse where more is wanted" passes
values 1.20,1.15,1.25 5.0,4.9,5.1 | grep -v beside >"$dir/new"
fails "a row that is gone is not overlooked" passes
values 1.20,1.15,1.25 5.0,4.9,5.1 | sed 's/beside us.*/beside us,,,,,,not here/' >"$dir/new"
holds "one that is skipped is said" passes
holds "with the reason" says 'skip   a packet: a peer beside us: not here' "$dir/out"

# One bar of 110 ns, one with a name that XML would take for its own, one of a peer that is not here.
cat >"$dir/run" <<-END
	section,name,median,beside_median,skip
	"A packet to a closed port, refused: CPU of its receiver","portguard, all on: one source",110,70,
	"A packet to a closed port, refused: CPU of its receiver",no <firewall>,760,70,
	"A packet to a closed port, refused: CPU of its receiver",not here,,,why
	"The same, by the number of rules","portguard, no agent: 1",110,70,
	"The same, by the number of rules","portguard, no agent: 10,000",111,72,
END
holds "plots are drawn" "$PYTHON" "$LAB_ROOT/tests/bench/plot.py" "$dir/run" "$dir"
holds "they are well-formed" "$PYTHON" -c 'import sys, xml.dom.minidom as x; [x.parse(f) for f in sys.argv[1:]]' \
	"$dir"/cost-by-rules.svg "$dir"/refused-per-second.svg
holds "a bar says how many" says '9.09 million' "$dir/refused-per-second.svg"
fails "nothing is drawn of nothing" quiet "$PYTHON" "$LAB_ROOT/tests/bench/plot.py" /dev/null "$dir"
