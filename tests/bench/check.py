# SPDX-License-Identifier: GPL-2.0-only
"""make bench-check: has a ratio of portguard's become worse?

  check.py VALUES RATIOS            compare a run's values with the ratios committed last
  check.py --write VALUES RATIOS    make them those of this run

RATIOS holds, for each row whose ratio is portguard's own, the median and its 95 % interval. Runs differ
from each other by about as much again as that interval says, so the tolerance is twice its half that
lies on the worse side, and at least 5 %. A row fails whose whole interval lies beyond it: a run that was
disturbed has wide intervals, and then fails less easily, not more.
"""
import csv
import sys

FIELDS = ["section", "name", "size", "watch", "ratio", "ratio_low", "ratio_high"]
SPREADS = 2
LEAST = 0.05


def read(path):
    """The rows, by what they are called."""
    with open(path, newline="", encoding="utf-8") as f:
        rows = {(row["section"], row["name"], row["size"]): row for row in csv.DictReader(f)}
    if not rows:
        sys.exit(f"{path}: no ratios: did the run end early?")
    return rows


def title(name):
    return ": ".join(part for part in name if part)


def bound(old):
    """The ratio beyond which a row is worse."""
    ratio, low, high = (float(old[field]) for field in FIELDS[4:])
    if old["watch"] == "more":
        return ratio - max(SPREADS * (ratio - low), LEAST * ratio)
    return ratio + max(SPREADS * (high - ratio), LEAST * ratio)


def is_worse(new, old):
    if old["watch"] == "more":
        return float(new["ratio_high"]) < bound(old)
    return float(new["ratio_low"]) > bound(old)


def compare(new, old):
    worse = 0
    for name, was in old.items():
        now = new.get(name)
        if not now:
            worse += 1
            print(f"  GONE   {title(name)}")
        elif now["skip"]:
            print(f"  skip   {title(name)}: {now['skip']}")
        elif is_worse(now, was):
            worse += 1
            print(f"  WORSE  {title(name)}: {now['ratio']} ({now['ratio_low']}-{now['ratio_high']}),"
                  f" was {was['ratio']}; tolerated: {bound(was):.4g}")
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
    if len(words) == 2:
        return compare(read(words[0]), read(words[1]))
    print(__doc__, file=sys.stderr)
    return 64


sys.exit(main(sys.argv[1:]))
