# SPDX-License-Identifier: GPL-2.0-only
"""make bench-check: has a ratio of portguard's become worse?

  check.py [--quick] VALUES RATIOS  compare a run's values with the ratios committed last
  check.py --write VALUES RATIOS    make them those of this run

RATIOS holds, for each row whose ratio is portguard's own, the median and its 95 % interval. Runs differ
from each other by about as much again as that interval says, so the tolerance is twice its half that
lies on the worse side, and at least 5 %. A row fails whose whole interval lies beyond it: a run that was
disturbed has wide intervals, and then fails less easily, not more.

--quick: VALUES are of a quick run. What it has for an interval is the range of its 3 to 5 rounds, which by
chance lie all on the worse side in one row of 8 to one of 32. So the range counts as wider by half of itself on
either side (a 95 % interval by Student's t is wider by 1.0 of it for 3 rounds, 0.3 for 4, 0 for 5), and the
tolerance is twice as much.
"""
import csv
import sys

FIELDS = ["section", "name", "size", "watch", "ratio", "ratio_low", "ratio_high"]
SPREADS = 2
LEAST = 0.05
QUICK_TOLERANCE = 2
QUICK_RANGE = 0.5


def read(path):
    """The rows, by what they are called."""
    with open(path, newline="", encoding="utf-8") as f:
        rows = {(row["section"], row["name"], row["size"]): row for row in csv.DictReader(f)}
    if not rows:
        sys.exit(f"{path}: no ratios: did the run end early?")
    return rows


def title(name):
    return ": ".join(part for part in name if part)


def bound(old, quick):
    """The ratio beyond which a row is worse."""
    ratio, low, high = (float(old[field]) for field in FIELDS[4:])
    times = QUICK_TOLERANCE if quick else 1
    if old["watch"] == "more":
        return ratio - times * max(SPREADS * (ratio - low), LEAST * ratio)
    return ratio + times * max(SPREADS * (high - ratio), LEAST * ratio)


def is_worse(new, old, quick):
    low, high = float(new["ratio_low"]), float(new["ratio_high"])
    wider = QUICK_RANGE * (high - low) if quick else 0
    if old["watch"] == "more":
        return high + wider < bound(old, quick)
    return low - wider > bound(old, quick)


def compare(new, old, quick):
    worse = 0
    for name, was in old.items():
        now = new.get(name)
        if not now:
            worse += 1
            print(f"  GONE   {title(name)}")
        elif now["skip"]:
            print(f"  skip   {title(name)}: {now['skip']}")
        elif is_worse(now, was, quick):
            worse += 1
            print(f"  WORSE  {title(name)}: {now['ratio']} ({now['ratio_low']}-{now['ratio_high']}),"
                  f" was {was['ratio']}; tolerated: {bound(was, quick):.4g}")
    for name, now in new.items():
        if now["watch"] and name not in old:
            print(f"  new    {title(name)}")
    print(f"{len(old)} ratios, {worse} worse or gone")
    return 1 if worse else 0


def write(rows, path):
    with open(path, "w", newline="", encoding="utf-8") as f:
        out = csv.DictWriter(f, FIELDS, extrasaction="ignore", lineterminator="\n")
        out.writeheader()
        out.writerows(row for row in rows.values() if row["watch"])
    return 0


def main(words):
    if len(words) == 3 and words[0] == "--write":
        return write(read(words[1]), words[2])
    quick = words[:1] == ["--quick"]
    if len(words) == 2 + quick:
        return compare(read(words[-2]), read(words[-1]), quick)
    print(__doc__, file=sys.stderr)
    return 64


sys.exit(main(sys.argv[1:]))
