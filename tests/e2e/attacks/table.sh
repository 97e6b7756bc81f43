#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# table.sh: runs the attacks with XDP and with tc, and writes what came out into the table of
# docs/threat-model.md, between its two marks. Root; builds nothing.
set -euo pipefail
cd "$(dirname "$0")/../../.."
document=docs/threat-model.md
rows=$(mktemp)
trap 'rm -f "$rows" "$rows".*' EXIT

# FAMILY NAME HOOK FREE GUARDED, for each way of attaching.
for attach in xdp tc; do LAB_ATTACH=$attach tests/e2e/attacks.sh --table >"$rows.$attach"; done

# One row for both families where both have come to the same.
awk -F'\t' '
	function cell(text) { return text == "open" ? "**open**" : text }
	{ key = $2 FS $3 FS $1 }
	NR == FNR { xdp[key] = $5; next }
	{
		free = $4 == "open" ? "succeeds" : $4
		sub(/^unsupported: /, "fails: ", free)
		row = "| " $2 " | `" $3 "` | " free " | " cell(xdp[key]) " | " cell($5)
		if (!(row in families))
			order[++count] = row
		families[row] = families[row] (row in families && families[row] ? ", " : "") $1
	}
	END {
		print "| way | refused by | without a guard | with, XDP | with, tc | IPv |"
		print "|---|---|---|---|---|---|"
		for (i = 1; i <= count; i++)
			print order[i] " | " families[order[i]] " |"
	}' "$rows.xdp" "$rows.tc" >"$rows"

awk -v rows="$rows" '
	/<!-- attacks: end -->/ { inside = 0 }
	!inside { print }
	/<!-- attacks: begin -->/ { inside = 1; while ((getline line <rows) > 0) print line }
' "$document" >"$rows.new"
cat "$rows.new" >"$document"
grep -c '^| .* `' "$document"
