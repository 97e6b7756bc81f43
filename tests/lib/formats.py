# SPDX-License-Identifier: GPL-2.0-only
"""formats.py SCHEMAS FORMAT... <LINES: events, each as one line in each of these formats, held against the
schemas, against each other, and against what RFC 5424, CEF and LEEF allow. `json` comes first: what the others
say must be what it says. Prints an `ok` or `not ok` line for each format."""

import datetime
import ipaddress
import json
import re
import sys

SCHEMAS = sys.argv[1]
FORMATS = sys.argv[2:]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
VERSION = re.compile(r"\d+\.\d+\.\d+")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
SD = re.compile(r'(\[portguard@\d+(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\]) ')
HEADER = re.compile(r"<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ")

COMMON = "schema kind id seq time start end host instance severity"
FIELDS = {
    "verdict": "verdict mode hook reason proto family local remote interface pid ppid uid comm exe cmdline "
               "cgroup unit container scope rule count ports",
    "change": "action actor before after text",
    "health": "action text counters",
}


class Wrong(Exception):
    pass


def must(holds, *words):
    if not holds:
        raise Wrong(" ".join(str(word) for word in words))


def no_twins(pairs):
    must(len({name for name, _ in pairs}) == len(pairs), "a name comes twice:", pairs)
    return dict(pairs)


def load(line):
    return json.loads(line, object_pairs_hook=no_twins)


def flat(value, path=""):
    """The leaves as path -> value; arrays are leaves."""
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for name in value for k, v in flat(value[name], f"{path}.{name}" if path else name).items()}


def milliseconds(time):
    since = datetime.datetime.fromisoformat(time) - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return since // datetime.timedelta(milliseconds=1)


# --- each field has one type ---------------------------------------------------------------------

types = {}


def same_types(name, value):
    for path, leaf in flat(value).items():
        if leaf is None:
            must(name == "json", path, "is null")
            continue
        kind = types.setdefault((name, path), type(leaf))
        must(kind is type(leaf), path, "is", type(leaf), "and has been", kind)


# --- native --------------------------------------------------------------------------------------

def check_json(line, native):
    must(list(native) == (COMMON + " " + FIELDS[native["kind"]]).split(), "fields:", *native)
    must(all(TIME.fullmatch(native[name]) for name in ("time", "start", "end")), "times")


# --- Elastic Common Schema -----------------------------------------------------------------------

def read_ecs():
    fields = {}
    with open(SCHEMAS + "/ecs-fields.txt", encoding="utf-8") as f:
        for words in (line.split() for line in f if not line.startswith("#")):
            values = [w[1:].split("|") for w in words if w.startswith("=")]
            fields[words[0]] = (words[1], "array" in words, values[0] if values else None)
    return fields


ECS = read_ecs()
ECS_TYPES = {
    "keyword": str, "wildcard": str, "match_only_text": str, "date": str, "ip": str, "long": int, "boolean": bool,
}


def check_ecs_field(path, value):
    must(path in ECS, path, "is no field of the schema")
    kind, array, allowed = ECS[path]
    must(isinstance(value, list) == array, path, "array?", value)
    for one in value if array else [value]:
        must(type(one) is ECS_TYPES[kind], path, "is no", kind, repr(one))
        must(not allowed or one in allowed, path, one, "is none of", allowed)
        must(kind != "date" or TIME.fullmatch(one), path, one)
        if kind == "ip":
            ipaddress.ip_address(one)


def check_ecs(line, native):
    got = load(line)
    same_types("ecs", got)
    leaves = flat(got)
    for path, value in leaves.items():
        if not path.startswith("portguard."):
            check_ecs_field(path, value)
    for path in ("@timestamp", "ecs.version", "message", "event.kind", "event.category", "event.type", "event.id"):
        must(path in leaves, "no", path)
    must(got["@timestamp"] == native["time"], "@timestamp")
    if native["kind"] != "verdict":
        return
    denied = native["verdict"] == "deny"
    must(got["event"]["type"] == ["denied" if denied else "allowed"], "event.type")
    must(got["event"]["outcome"] == ("failure" if denied else "success"), "event.outcome")
    must(got["portguard"]["would_deny"] is (native["verdict"] == "audit"), "would_deny")
    for name, end in ends(native).items():
        want = {k: v for k, v in (end or {}).items() if v is not None}
        must(got.get(name, {}) == want, name, got.get(name), want)


def ends(native):
    """Who connects is the source; where nobody does, the destination is ours."""
    if native["hook"] in ("connect", "send"):
        return {"source": native["local"], "destination": native["remote"]}
    return {"source": native["remote"], "destination": native["local"]}


# --- Open Cybersecurity Schema Framework ---------------------------------------------------------

def read_ocsf():
    with open(SCHEMAS + "/ocsf-4001.json", encoding="utf-8") as f:
        main = json.load(f)
    with open(SCHEMAS + "/ocsf-more.json", encoding="utf-8") as f:
        more = json.load(f)
    return main, {4001: main["class"], 5019: more["5019"], 6002: more["6002"]}, more["captions"]


OCSF, CLASSES, CAPTIONS = read_ocsf()
OCSF_TYPES = {"string_t": str, "integer_t": int, "long_t": int, "boolean_t": bool}
CLASS_NAMES = {
    4001: (4, "Network Activity", "Network Activity"),
    5019: (5, "Discovery", "Device Config State Change"),
    6002: (6, "Application Activity", "Application Lifecycle"),
}


def check_object(name, attributes, got, profiles):
    """An object or a class: no attribute but the schema's, those of no other profile, none missing."""
    for key, value in got.items():
        must(key in attributes, name, "has no", key)
        a = attributes[key]
        must(a.get("profile") in (None, *profiles), name, key, "is of profile", a.get("profile"))
        must("deprecated" not in a, name, key, "is deprecated")
        must(isinstance(value, list) == bool(a.get("array")), name, key, "array?")
        for one in value if a.get("array") else [value]:
            check_attribute(f"{name}.{key}", key, a, one, profiles)
    for key, a in attributes.items():
        needed = a.get("req") and a.get("profile") in (None, *profiles)
        must(not needed or key in got, name, "lacks", key)
    choice = OCSF["one_of"].get(name.split(".")[-1])
    must(not choice or any(key in got for key in choice), name, "has none of", choice)


def check_attribute(name, key, a, value, profiles):
    kind = OCSF["types"].get(a["t"])
    if kind:
        must(type(value) is OCSF_TYPES[kind], name, "is no", a["t"], repr(value))
        enum = a.get("enum") if key not in ("class_uid", "category_uid") else None
        must(not enum or str(value) in enum, name, value, "is none of", enum)
        must(a["t"] != "port_t" or 0 <= value <= 65535, name, value)
        must(a["t"] != "timestamp_t" or 10**12 < value < 10**13, name, "is not in milliseconds")
        if a["t"] == "ip_t":
            ipaddress.ip_address(value)
    elif a["t"] != "object":
        check_object(a["t"], OCSF["objects"][a["t"]], value, profiles)


def check_captions(got, captions):
    leaves = flat(got)
    for path, names in captions.items():
        sibling = {"activity_id": "activity_name"}.get(path, path.removesuffix("_id"))
        if path in leaves and leaves[path] != 99:
            must(leaves.get(sibling) == names[str(leaves[path])], path, leaves[path], leaves.get(sibling))


def check_ocsf_class(got, uid):
    category, category_name, class_name = CLASS_NAMES[uid]
    must((got["category_uid"], got["category_name"], got["class_uid"], got["class_name"]) ==
         (category, category_name, uid, class_name), "class")
    must(got["type_uid"] == uid * 100 + got["activity_id"], "type_uid")
    activity = "Other" if got["activity_id"] == 99 else got["activity_name"]
    must(got["type_name"] == f"{class_name}: {activity}", "type_name")


def check_ocsf(line, native):
    got = load(line)
    same_types("ocsf", got)
    uid = {"verdict": 4001, "change": 5019, "health": 6002}[native["kind"]]
    check_object("class" if uid == 4001 else str(uid), CLASSES[uid], got, got["metadata"]["profiles"])
    check_ocsf_class(got, uid)
    check_captions(got, {**CAPTIONS, "activity_id": CLASSES[uid]["activity_id"]["enum"]} if uid != 4001 else CAPTIONS)
    must(got["time"] == milliseconds(native["time"]), "time")
    if uid == 4001:
        denied = native["verdict"] == "deny"
        must(got["action_id"] == (2 if denied else 1), "action_id", got["action_id"])
        must(got["status_id"] == (2 if denied else 1), "status_id", got["status_id"])
        must(got["count"] == native["count"], "count")


# --- RFC 5424, CEF, LEEF -------------------------------------------------------------------------

def seen(value, keep="", also=""):
    """What a reader is to see of a string; the native one has gone through UTF-8 already."""
    return "".join(f"\\x{ord(c):02x}" if (c not in keep and c < "\xa0" and CONTROL.match(c)) or c in also
                   else f"\\u{ord(c):04x}" if CONTROL.match(c) and c not in keep else c for c in value)


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def native_pairs(native, **how):
    counters = {"counters": native.pop("counters")} if native.get("counters") else {}
    pairs = {k.replace(".", "_"): v for k, v in {**flat(native), **counters}.items() if v is not None}
    native.update(counters)
    return {k: seen(as_text(v), **how) for k, v in pairs.items()}


def signature(native):
    return f"{native['hook']}:{native['reason']}" if native["kind"] == "verdict" else f"{native['kind']}:{native['action']}"


def check_header(line, native):
    """The rest of the line: structured data and MSG."""
    match = HEADER.match(line)
    must(match, "no header:", line[:120])
    priority, time, host, app, process, message = match.groups()
    level = [6, 6, 5, 5, 4, 4, 4, 3, 3, 2, 1][native["severity"]]
    must(int(priority) == 16 * 8 + level, "PRI", priority)
    must((time, host, app, process) == (native["time"], native["host"]["name"], "portguard", "-"), match.group())
    name = signature(native)
    want = re.sub("[^!-~]", "?", name.encode().decode("latin-1"))[:32]
    must(message == want or "\ufffd" in name, "MSGID", message)  # how many bytes that was is not known here
    return line[match.end():]


def check_message(text):
    must(text.startswith("\ufeff") is not text.isascii(), "a MSG has a mark, or is US-ASCII:", text)
    return text.removeprefix("\ufeff")


def check_syslog(line, native):
    rest = check_header(line, native)
    match = SD.match(rest)
    must(match, "no structured data:", rest)
    got = re.findall(r' ([!#-<>-\\^-~]+)="((?:[^"\\\]]|\\.)*)"', match.group(1))
    got = no_twins([(name, re.sub(r"\\(.)", r"\1", value)) for name, value in got])
    must(got == native_pairs(native), "values:", got)
    check_message(rest[match.end():])


def split_header(text, start, count):
    """Fields between bars; a backslash may stand before a bar or a backslash."""
    must(text.startswith(start), "no", start)
    fields = re.match(r"((?:[^|\\]|\\[|\\])*)\|" * count, text[len(start):])
    must(fields, "no header:", text[:120])
    return [re.sub(r"\\(.)", r"\1", field) for field in fields.groups()], text[len(start) + fields.end():]


def check_cef(line, native):
    rest = check_header(line, native)
    must(rest.startswith("- "), "structured data")
    header, rest = split_header(check_message(rest[2:]), "CEF:", 7)
    must(header[:3] == ["0", "portguard", "portguard"] and VERSION.fullmatch(header[3]), header)
    must(header[4] == seen(signature(native).encode()[:63].decode("utf-8", "replace")), "signature", header[4])
    must(header[6] == str(native["severity"]), "severity")
    before, *pairs = re.split(r"(?:^| )([A-Za-z0-9]+)=", rest)
    must(not before and all(re.fullmatch(r"(?:[^\\=]|\\[\\=nr])*", value) for value in pairs[1::2]), "extension:", rest)
    undo = {"\\\\": "\\", "\\=": "=", "\\n": "\n", "\\r": "\r"}
    got = no_twins([(k, re.sub(r"\\.", lambda m: undo[m.group()], v)) for k, v in zip(pairs[::2], pairs[1::2])])
    must(got["externalId"] == native["id"], "externalId")
    must(got["rt"] == str(milliseconds(native["time"])), "rt")
    if native["kind"] == "verdict":
        want = native_pairs(native, keep="\r\n")
        want = {"act": want["verdict"], "cnt": want["count"], "reason": want["reason"], "proto": want["proto"]}
        for names, end in zip((("src", "spt"), ("dst", "dpt")), ends(native).values()):
            for name, key in zip(names, ("ip", "port")):
                want[name] = as_text((end or {}).get(key))
        must({name: got.get(name, "null") for name in want} == want, "values:", want, got)


def check_leef(line, native):
    rest = check_header(line, native)
    must(rest.startswith("- "), "structured data")
    text = check_message(rest[2:])
    header = text.split("|", 6)
    must(header[:3] == ["LEEF:2.0", "portguard", "portguard"] and VERSION.fullmatch(header[3]), header)
    must(header[4] == seen(signature(native).encode()[:63].decode("utf-8", "replace"), also="|"), header[4])
    must(header[5] == "^", "delimiter", header[5])
    got = no_twins([tuple(pair.split("=", 1)) for pair in header[6].split("^")])
    must(1 <= int(got.pop("sev")) <= 10, "sev")
    must(got.pop("devTime") == str(milliseconds(native["time"])), "devTime")
    if native["kind"] == "verdict":
        for names, end in zip((("src", "srcPort"), ("dst", "dstPort")), ends(native).values()):
            for name, key in zip(names, ("ip", "port")):
                value = (end or {}).get(key)
                must(got.pop(name, None) == (None if value is None else str(value)), name)
    must(got == native_pairs(native, also="^"), "values:", got)


def check_text(line, native):
    must(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (allow|deny|audit|change|health) ", line), "beginning:", line)


# --- all of it -----------------------------------------------------------------------------------

def main():
    lines = sys.stdin.buffer.read().split(b"\n")
    must(lines.pop() == b"" and lines and len(lines) % len(FORMATS) == 0, "lines:", len(lines))
    complaints = {name: [] for name in FORMATS}
    for i in range(0, len(lines), len(FORMATS)):
        native = load(lines[i].decode())
        same_types("json", native)
        for name, raw in zip(FORMATS, lines[i:i + len(FORMATS)]):
            try:
                line = raw.decode("utf-8", "strict")
                must(not CONTROL.search(line), "a control character in", repr(line))
                globals()["check_" + name](line, native)
            except (Wrong, ValueError, KeyError) as error:
                complaints[name].append(f"{type(error).__name__} {error}")
    for name, said in complaints.items():
        count = len(lines) // len(FORMATS)
        print(f"not ok {name}: {len(said)} of {count} events: {said[0][:600]}" if said else
              f"ok {name}: {count} events")
    sys.exit(any(complaints.values()))


main()
