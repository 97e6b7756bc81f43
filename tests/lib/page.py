#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""page.py FILE: what is on a page of `portguard report`, as JSON - if it is HTML without any doubt.

Every tag is closed where it belongs, every attribute is quoted, known and given once, there is no script and no
reference to anything outside, every table has a caption and rows of equal length. Else: what is wrong, exit 1.
"""
import json
import re
import sys
from html.parser import HTMLParser

VOID = {"meta"}
TAGS = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "h1", "h2", "p",
        "ul", "li", "a", "strong", "em", "b", "span", "small", "code", "time", "dl", "div", "dt", "dd", "figure",
        "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td",
        "svg", "g", "rect", "line", "text"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "datetime", "scope", "colspan",
              "role", "aria-label", "aria-labelledby", "aria-hidden",
              "x", "y", "x1", "x2", "y1", "y2", "width", "height", "text-anchor"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.refers = [], [], []
        self.tables, self.section, self.tiles, self.notices, self.policy = {}, None, {}, [], None
        self.words, self.tile = [], None
        self.feed(text)
        self.close()
        self.want(not self.open, f"not closed: {self.open}")
        self.want(len(set(self.ids)) == len(self.ids), "an id twice")
        for name in self.refers:
            self.want(name in self.ids, f"refers to #{name}, which is not there")

    def want(self, so, complaint):
        if not so:
            line, column = self.getpos()
            sys.exit(f"{line}:{column}: {complaint}")

    def handle_starttag(self, tag, attributes):
        self.want(tag in TAGS, f"<{tag}>")
        raw = self.get_starttag_text()
        self.want(len(re.findall(r'="', raw)) == len(attributes) and "'" not in re.sub(r'"[^"]*"', "", raw),
                  f"attributes of {raw}")
        names = [name for name, _ in attributes]
        self.want(len(set(names)) == len(names), f"an attribute twice in {raw}")
        of = dict(attributes)
        for name, value in attributes:
            self.want(name in ATTRIBUTES, f"{name}= in {raw}")
            self.want(name != "href" or value.startswith("#"), f"a reference outside: {raw}")
        if "id" in of:
            self.ids.append(of["id"])
        self.refers += [of[n].lstrip("#") for n in ("href", "aria-labelledby") if n in of]
        if of.get("http-equiv") == "Content-Security-Policy":
            self.policy = of["content"]
        if tag == "section":
            self.section = of["id"]
        elif tag == "table":
            self.tables[self.section] = {"caption": None, "rows": [], "total": None}
        elif tag == "tr":
            self.cells, self.width = [], 0
        elif tag in ("td", "th"):
            self.width += int(of.get("colspan", 1))
        if tag in ("td", "th", "caption", "dt", "dd", "li"):
            self.words = []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.want("svg" in self.open, f"<{tag}/> outside of a drawing")
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        self.want(self.open and self.open[-1] == tag, f"</{tag}> while {self.open[-3:]} are open")
        self.open.pop()
        said = " ".join("".join(self.words).split())
        table = self.tables.get(self.section)
        if tag == "caption":
            table["caption"] = said
        elif tag in ("td", "th"):
            self.cells.append(said)
        elif tag == "tr":
            self.want(table.setdefault("width", self.width) == self.width, "a row of another length")
            if "tfoot" in self.open:
                table["total"] = self.cells
            elif "tbody" in self.open:
                table["rows"].append(self.cells)
        elif tag == "table":
            self.want(table["caption"], "a table without a caption")
        elif tag == "dt":
            self.tile = said
        elif tag == "dd":
            self.tiles[self.tile] = said
        elif tag == "li" and "nav" not in self.open:
            self.notices.append(said)

    def handle_data(self, data):
        if "svg" not in self.open:
            self.words.append(data)

    def handle_decl(self, declaration):
        self.want(declaration == "DOCTYPE html", declaration)

    def handle_comment(self, comment):
        self.want(False, "a comment")

    def unknown_decl(self, declaration):
        self.want(False, declaration)

    def handle_pi(self, text):
        self.want(False, text)


with open(sys.argv[1], encoding="utf-8", newline="") as file:
    content = file.read()
bad = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", content)
if bad:
    sys.exit(f"the character {bad.group()!r}")
bad = re.search(r"<(?!/?[a-z][a-z0-9]*[ >/]|!DOCTYPE html>)|&(?!(amp|lt|gt|quot|nbsp|#39);)", content)
if bad:
    sys.exit(f"not escaped: {content[bad.start():][:40]!r}")
page = Page(content)
json.dump({"tables": page.tables, "tiles": page.tiles, "notices": page.notices, "policy": page.policy}, sys.stdout)
