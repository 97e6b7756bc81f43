# SPDX-License-Identifier: GPL-2.0-only
"""The plots of docs/performance.md, from the values of a run of make bench.

  plot.py VALUES DIRECTORY    writes cost-by-rules.svg and refused-per-second.svg there

Each has colours of its own for light and dark, and a ground, so that it can be read on any page.
"""
import csv
import math
import sys

DROPPED = "A packet to a closed port, refused: CPU of its receiver"
BY_RULES = "The same, by the number of rules"
STYLE = """
  .ground { fill: #ffffff } text { fill: #24292f; font: 13px sans-serif }
  .title { font-weight: bold; font-size: 15px } .small { font-size: 12px }
  .grid { stroke: #d0d7de; stroke-width: 1 } .floor { stroke: #57606a; stroke-dasharray: 6 4 }
  .line { fill: none; stroke-width: 2.5 }
  .c0 { stroke: #0969da } .f0 { fill: #0969da } .c1 { stroke: #1a7f37 } .f1 { fill: #1a7f37 }
  .c2 { stroke: #bc4c00 } .f2 { fill: #bc4c00 } .c3 { stroke: #8250df } .f3 { fill: #8250df }
  .other { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } text { fill: #e6edf3 }
    .grid { stroke: #30363d } .floor { stroke: #9198a1 }
    .c0 { stroke: #58a6ff } .f0 { fill: #58a6ff } .c1 { stroke: #56d364 } .f1 { fill: #56d364 }
    .c2 { stroke: #f0883e } .f2 { fill: #f0883e } .c3 { stroke: #bc8cff } .f3 { fill: #bc8cff }
    .other { fill: #6e7681 }
  }
"""


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def text_at(x, y, text, anchor="start", kind=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def svg(width, height, title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
            f' aria-label="{escape(title)}">\n<style>{STYLE}</style>\n'
            f'<rect width="{width}" height="{height}" class="ground"/>\n'
            + "\n".join([text_at(20, 28, title, kind="title")] + parts) + "\n</svg>\n")


def number(ns):
    return f"{ns:,.0f} ns" if ns >= 10 else f"{ns:.1f} ns"


# --- cost against the number of rules ---------------------------------------------------------------

def series_of(rows):
    """[(name, [(rules, ns)])], in the order of the table."""
    series = {}
    for row in rows:
        name, _, rules = row["name"].rpartition(": ")
        series.setdefault(name, []).append((int(rules.replace(",", "")), float(row["median"])))
    return list(series.items())


def cost_by_rules(rows):
    left, top, right, bottom, width, height = 80, 60, 600, 370, 800, 420
    series = series_of(rows)
    floor = sorted(float(row["beside_median"]) for row in rows)[len(rows) // 2]
    most = math.ceil(math.log10(max(ns for _, points in series for _, ns in points)))

    def x(rules):
        return left + (right - left) * math.log10(rules) / 4

    def y(ns):
        return bottom - (bottom - top) * (math.log10(ns) - 1) / (most - 1)

    parts = []
    for power in range(1, most + 1):
        parts += [line(left, y(10**power), right, y(10**power), "grid"),
                  text_at(left - 8, y(10**power) + 4, number(10**power), "end", "small")]
    for power in range(5):
        parts += [line(x(10**power), top, x(10**power), bottom, "grid"),
                  text_at(x(10**power), bottom + 18, f"{10**power:,}", "middle", "small")]
    parts += [text_at((left + right) / 2, bottom + 38, "rules", "middle"),
              line(left, y(floor), right, y(floor), "grid floor"),
              text_at(right + 10, y(floor) + 16, f"an empty program: {number(floor)}", kind="small")]
    for i, (name, points) in enumerate(series):
        path = " ".join(f"{x(rules):.1f},{y(ns):.1f}" for rules, ns in points)
        parts.append(f'<polyline points="{path}" class="line c{i % 4}"/>')
        parts += [f'<circle cx="{x(rules):.1f}" cy="{y(ns):.1f}" r="4" class="f{i % 4}"/>'
                  for rules, ns in points]
    # Names stand at the ends of their lines; two that end close to each other keep a line's distance.
    ends = sorted((y(points[-1][1]), i) for i, (_, points) in enumerate(series))
    lowest = -math.inf
    for at, i in ends:
        name, points = series[i]
        at = max(at, lowest + 18)
        lowest = at
        parts.append(text_at(right + 10, at + 4, f"{name}: {number(points[-1][1])}",
                             kind=f"small f{i % 4}"))
    return svg(width, height, "A refused packet: CPU of its receiver, by the number of rules", parts)


# --- how many a core refuses ------------------------------------------------------------------------

def bars_of(rows):
    """[(name, ns, whose)]: the floor, and whatever has one source and one port."""
    bars = [("an XDP program that drops everything", float(rows[0]["beside_median"]), "other")]
    for row in rows:
        name = row["name"].removesuffix(": one source")
        if ":" in name or not row["median"]:
            continue
        whose = "f0" if name.startswith("portguard") else "f2" if name.startswith(("nft", "ipt")) else \
            "f1" if name.startswith("xdp-filter") else "other"
        bars.append((name, float(row["median"]), whose))
    return sorted(bars, key=lambda bar: bar[1])


def refused_per_second(rows):
    bars = bars_of(rows)
    left, top, width, step = 260, 56, 800, 26
    most = 1e3 / bars[0][1]
    parts = []
    for i, (name, ns, whose) in enumerate(bars):
        at, length = top + i * step, max(1, 430 * 1e3 / ns / most)
        parts += [text_at(left - 10, at + 15, name, "end", "small"),
                  f'<rect x="{left}" y="{at}" width="{length:.1f}" height="18" rx="2" class="{whose}"/>',
                  text_at(left + length + 8, at + 15, f"{1e3 / ns:.2f} million", kind="small")]
    return svg(width, top + len(bars) * step + 14,
               "Packets of one source to a closed port that one core refuses in a second", parts)


def main(words):
    if len(words) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    with open(words[0], newline="", encoding="utf-8") as f:
        rows = [row for row in csv.DictReader(f) if not row["skip"]]
    for name, section, draw in (("cost-by-rules", BY_RULES, cost_by_rules),
                                ("refused-per-second", DROPPED, refused_per_second)):
        chosen = [row for row in rows if row["section"] == section]
        if not chosen:
            print(f"{words[0]}: no rows of '{section}': {name}.svg stays as it is", file=sys.stderr)
            return 1
        with open(f"{words[1]}/{name}.svg", "w", encoding="utf-8") as f:
            f.write(draw(chosen))
    return 0


sys.exit(main(sys.argv[1:]))
