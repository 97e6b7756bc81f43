#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Mixed traffic under a policy that changes all the time, and the judge of what came of it.

serve TCP UDP                     echo servers (FIRST-LAST each), IPv4 and IPv6; says ready
change SEED SECONDS LOG DIR PORTGUARD-COMMAND…   random rules, policies and modes, with the times of each
knock SEED SECONDS LOG TARGETS    new conversations all the time; tells of each when, what, and whether
stay SEED SECONDS LOG TARGETS     conversations that last; tells of those that broke
judge LOG…                        counts; exits 1 unless both are 0

TARGETS: DIRECTION=ADDRESS,ADDRESS:FIRST-LAST/PROTO joined by `;`; DIRECTION: in, out, bind, or free (no
rule may ever refuse it). All processes read the one monotonic clock of the machine. An attempt is judged
by every policy that may have been in force while it lasted: where they agree, the attempt must obey.
"""
import bisect
import errno
import heapq
import json
import os
import random
import selectors
import socket
import subprocess
import sys
import time

ALONE = 2.5         # seconds without an answer: refused
IN_PORTS = (9001, 9008)
PUBLISHED = 9301    # a container's, by NAT
OUT_PORTS = (9101, 9106)
BIND_PORTS = (9201, 9206)
PEERS = "10.77.0.2", "10.77.0.3", "fd77::2"
# From which address the host is asked: an unconnected socket's own would be unknown to the judge.
SOURCES = {"10.77.0.1": PEERS[:2], "fd77::1": PEERS[2:], "10.78.0.1": ("10.78.0.2",), "fd78::1": ("fd78::2",)}
now = time.monotonic


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make(proto, address):
    s = socket.socket(family(address), socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
    if proto == "tcp":  # two UDP sockets would get each other's answers
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family(address) == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.setblocking(False)
    return s


def span(text):
    first, _, last = text.partition("-")
    return int(first), int(last or first)


class Log:
    def __init__(self, path):
        self.file = open(path, "w", buffering=1 << 16)

    def say(self, **words):
        self.file.write(json.dumps(words) + "\n")

    def close(self):
        self.say(kind="end")
        self.file.close()


# --- servers -------------------------------------------------------------------------------------

def echo_connection(sel, s, waiting, mask):
    """What there is no room for is sent when there is, before more is read."""
    if mask & selectors.EVENT_READ:
        data = s.recv(65536)
        if not data:
            raise ConnectionResetError
        waiting.extend(data)
    try:
        del waiting[:s.send(waiting)]
    except BlockingIOError:
        pass
    sel.modify(s, selectors.EVENT_WRITE if waiting else selectors.EVENT_READ, waiting)


def echo(sel, s, kind, mask):
    if kind == "listener":
        one = s.accept()[0]
        one.setblocking(False)
        sel.register(one, selectors.EVENT_READ, bytearray())
    elif kind == "udp":
        s.sendto(*s.recvfrom(65536))
    else:
        echo_connection(sel, s, kind, mask)


def serve(tcp, udp):
    sel = selectors.DefaultSelector()
    for proto, ports in ("tcp", tcp), ("udp", udp):
        for port in range(span(ports)[0], span(ports)[1] + 1):
            for address in "0.0.0.0", "::":
                s = make(proto, address)
                s.bind((address, port))
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                if proto == "tcp":
                    s.listen(1024)
                sel.register(s, selectors.EVENT_READ, "listener" if proto == "tcp" else "udp")
    print("ready", flush=True)
    while True:
        for key, mask in sel.select():
            try:
                echo(sel, key.fileobj, key.data, mask)
            except OSError:
                if isinstance(key.data, bytearray):
                    sel.unregister(key.fileobj)
                    key.fileobj.close()


# --- rules, and what they say ----------------------------------------------------------------------

def rule(verb, words, first, last, proto, peer):
    """[verb, directions, first, last, proto or None, peer or None, the sentence]"""
    directions = [words] if words else ["bind", "in"]
    if peer and verb == "deny" and "out" not in directions:
        directions = ["in"]
    text = " ".join(w for w in (
        verb, words, "%d%s%s" % (first, "" if first == last else "-%d" % last, "/" + proto if proto else ""),
        ("to " if words == "out" else "from ") + peer if peer else "") if w)
    return [verb, directions, first, last, proto, peer, text]


def matches(one, direction, proto, port, peer):
    # Asked without a peer, `allow` gives that direction the rule without its peer.
    return (direction in one[1] and one[2] <= port <= one[3] and one[4] in (None, proto) and
            (one[5] in (None, peer) or direction == "bind"))


def allowed(state, direction, proto, port, peer):
    mode, rules = state
    if mode != "enforce" or direction == "free":
        return True
    those = {r[0] for r in rules if matches(r, direction, proto, port, peer)}
    if "deny" in those:
        return False
    return "allow" in those or direction == "out"


def random_rule(dice):
    words = dice.choice(["", "in", "in", "in", "bind", "out"])
    first, last = {"bind": BIND_PORTS, "out": OUT_PORTS}.get(words, IN_PORTS)
    port = dice.randint(first, last)
    if words in ("", "in") and dice.random() < 0.15:
        port = PUBLISHED
    verb = "deny" if words == "out" or dice.random() < 0.25 else "allow"
    proto = dice.choice(["tcp", "udp", None])
    peer = dice.choice(PEERS) if words in ("in", "out") and dice.random() < 0.25 else None
    if words == "out" and peer == "10.77.0.3":
        peer = None
    return rule(verb, words, port, port, proto, peer)


def random_file(dice):
    """Ranges, so that none is a rule that was typed."""
    rules = []
    for first, last in IN_PORTS, BIND_PORTS:
        for proto in "tcp", "udp":
            a = dice.randint(first, last - 1)
            rules.append(rule("allow", "", a, dice.randint(a + 1, last), proto, None))
    if dice.random() < 0.3:
        rules.append(rule("deny", "out", OUT_PORTS[0], OUT_PORTS[0] + 1, "tcp", None))
    return rules


class Changer:
    """One change after the other, and between which times each came into force."""

    def __init__(self, seed, log, directory, command):
        self.dice, self.log, self.directory, self.command = random.Random(seed), log, directory, command
        self.mode, self.typed, self.file, self.failed = "enforce", [], [], 0
        self.head = open(os.path.join(directory, "base.yaml")).read()
        self.tell(now(), "start")

    def tell(self, before, text):
        self.log.say(kind="policy", before=before, after=now(), mode=self.mode, text=text,
                     rules=self.file + self.typed)

    def run(self, *words):
        done = subprocess.run(self.command + list(words), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            self.failed += 1
            self.log.say(kind="trouble", text="%s: %s" % (" ".join(words), done.stderr))

    def change(self, text, *words, **to):
        before = now()
        self.run(*words)
        for name, value in to.items():
            setattr(self, name, value)
        self.tell(before, text)

    def type_one(self):
        one = random_rule(self.dice)
        if one[6] not in [r[6] for r in self.typed]:
            self.change(one[6], *one[6].split(), typed=self.typed + [one])

    def remove_one(self):
        if self.typed:
            one = self.dice.choice(self.typed)
            self.change("remove " + one[6], "remove", *one[6].split(),
                        typed=[r for r in self.typed if r is not one])

    def apply_file(self):
        rules, path = random_file(self.dice), os.path.join(self.directory, "next.yaml")
        with open(path, "w") as out:
            out.write(self.head + "rules:\n" + "".join("  - '%s'\n" % r[6] for r in rules))
        # An apply that changes something ends a mode that was typed.
        self.change("apply", "apply", path, file=rules, mode="enforce")

    def change_mode(self):
        mode = self.dice.choice(["audit", "off"])
        self.change("mode " + mode, "mode", mode, mode=mode)
        time.sleep(self.dice.uniform(0, 0.3))
        self.change("mode enforce", "mode", "enforce", mode="enforce")

    def one(self):
        kind = self.dice.random()
        if kind < 0.42:
            self.type_one()
        elif kind < 0.80:
            self.remove_one() if len(self.typed) > self.dice.randint(0, 14) else self.type_one()
        elif kind < 0.93:
            self.apply_file()
        else:
            self.change_mode()


def change(seed, seconds, path, directory, *command):
    log, end = Log(path), now() + float(seconds)
    changer = Changer(seed, log, directory, list(command))
    while now() < end:
        changer.one()
        # Long enough, often enough, for attempts to begin and end under one policy.
        time.sleep(changer.dice.choice([0.01, 0.05, 0.3, 1.5]))
    log.close()


# --- new conversations -------------------------------------------------------------------------------

class Target:
    def __init__(self, text):
        self.direction, rest = text.split("=")
        rest, self.proto = rest.rsplit("/", 1)
        addresses, ports = rest.rsplit(":", 1)
        self.addresses, self.ports = addresses.split(","), span(ports)

    def pick(self, dice):
        return dice.choice(self.addresses), dice.randint(*self.ports)


def targets(text):
    return [Target(t) for t in text.split(";")]


class Attempt:
    """One question: it ends with an answer, an error, or nothing in time."""

    def __init__(self, target, dice):
        self.target = target
        self.remote = target.pick(dice)
        self.own = None
        self.data = b"x" * (dice.choice([2000, 4000, 9000]) if target.proto == "udp" and dice.random() < 0.2 else 8)
        self.connected = target.proto == "tcp" or dice.random() < 0.5
        self.source = dice.choice(SOURCES[self.remote[0]]) if self.remote[0] in SOURCES else None
        self.began = now()
        self.sock = make(target.proto, self.remote[0])

    def open(self):
        if self.source:
            if self.connected and ":" not in self.source:
                self.sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            self.sock.bind((self.source, 0))
        if self.connected:
            error = self.sock.connect_ex(self.remote)
            if error not in (0, errno.EINPROGRESS):
                raise OSError(error, "connect")
            if self.target.proto == "udp":
                self.sock.send(self.data)
        else:
            self.sock.sendto(self.data, self.remote)
        self.own = self.sock.getsockname()[:2]

    def wants(self):
        return selectors.EVENT_WRITE if self.target.proto == "tcp" else selectors.EVENT_READ

    def said(self, log, result):
        again = 0
        if self.target.proto == "tcp" and result == "open":
            # struct tcp_info: tcpi_total_retrans
            again = int.from_bytes(self.sock.getsockopt(socket.IPPROTO_TCP, 11, 104)[100:104], sys.byteorder)
        log.say(kind="attempt", began=self.began, ended=now(), direction=self.target.direction,
                proto=self.target.proto, port=self.remote[1], to=self.remote[0], own=self.own, result=result,
                retransmitted=again)
        self.sock.close()


def try_bind(target, dice, log):
    address, port = target.pick(dice)
    began = now()
    with make(target.proto, address) as s:
        try:
            s.bind((address, port))
            result = "open"
        except OSError as error:
            result = errno.errorcode[error.errno]
    log.say(kind="attempt", began=began, ended=now(), direction="bind", proto=target.proto, port=port,
            to=address, own=None, result=result, retransmitted=0)


class Knocker:
    def __init__(self, seed, log, those):
        self.dice, self.log, self.those = random.Random(seed), log, those
        self.sel, self.waiting, self.number = selectors.DefaultSelector(), [], 0

    def begin(self):
        target = self.dice.choice(self.those)
        if target.direction == "bind":
            try_bind(target, self.dice, self.log)
            return
        one = Attempt(target, self.dice)
        try:
            one.open()
        except OSError as error:
            one.said(self.log, errno.errorcode[error.errno])
            return
        self.sel.register(one.sock, one.wants(), one)
        self.number += 1
        heapq.heappush(self.waiting, (one.began + ALONE, self.number, one))

    def end(self, one, result):
        self.sel.unregister(one.sock)
        one.said(self.log, result)

    def go_on(self, one, mask):
        try:
            if mask & selectors.EVENT_WRITE:
                error = one.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, "connect")
                one.sock.send(one.data)
                self.sel.modify(one.sock, selectors.EVENT_READ, one)
            else:
                self.end(one, "open" if one.sock.recv(65536) else "closed")
        except OSError as error:
            self.end(one, errno.errorcode[error.errno])

    def give_up(self):
        while self.waiting and self.waiting[0][0] < now():
            one = heapq.heappop(self.waiting)[2]
            if one.sock.fileno() >= 0:
                self.end(one, "silent")

    def run(self, seconds, rate):
        end, due = now() + seconds, now()
        while now() < end or self.sel.get_map():
            for key, mask in self.sel.select(0.01):
                self.go_on(key.data, mask)
            self.give_up()
            while due < min(now(), end):
                due += self.dice.expovariate(rate)
                self.begin()


def knock(seed, seconds, path, text):
    log = Log(path)
    Knocker(seed, log, targets(text)).run(float(seconds), 60)
    log.close()


# --- conversations that last ---------------------------------------------------------------------------

class Talk:
    """Question and answer at random intervals, as long as it pleases the dice."""

    def __init__(self, target, dice, end):
        self.target, self.dice = target, dice
        self.remote, self.said, self.heard, self.last = target.pick(dice), 0, 0, now()
        self.sock = make(target.proto, self.remote[0])
        self.sock.setblocking(True)
        self.sock.settimeout(ALONE)
        self.connected = target.proto == "tcp" or dice.random() < 0.5
        self.until = end if dice.random() < 0.25 else now() + dice.uniform(1, 12)

    def open(self):
        if self.connected:
            self.sock.connect(self.remote)
        self.turn()
        self.sock.settimeout(8)

    def turn(self):
        data = b"%d" % self.said
        if self.dice.random() < 0.05:
            data += b"x" * (6000 if self.target.proto == "udp" else 100000)
        if self.connected:
            self.sock.sendall(data)
        else:
            self.sock.sendto(data, self.remote)
        self.said += 1
        got = 0
        while got < len(data):
            part = len(self.sock.recv(1 << 17))
            if not part:
                raise ConnectionResetError(errno.ECONNRESET, "closed")
            got += part
        self.heard += 1
        self.last = now()

    def next_turn(self):
        return now() + self.dice.choice([0.005, 0.05, 0.2, 1.0])


def one_talk(target, dice, log, end):
    one = Talk(target, dice, end)
    began = now()
    with one.sock:
        try:
            one.open()
        except OSError:
            return  # whether it may begin is the knockers' question
        trouble = ""
        try:
            while now() < min(one.until, end):
                time.sleep(max(0.0, one.next_turn() - now()))
                one.turn()
        except OSError as error:
            trouble = errno.errorcode.get(error.errno, str(error))
    # What broke is told with the policies since its last answer.
    log.say(kind="talk", began=one.last if trouble else began, ended=now(), direction=target.direction,
            proto=target.proto, to=one.remote[0], port=one.remote[1], turns=one.heard, trouble=trouble)


def stay(seed, seconds, path, text):
    """Eight at a time, each a process: one that waits must not keep the others waiting."""
    end, children = now() + float(seconds), []
    for number in range(8):
        child = os.fork()
        if child:
            children.append(child)
            continue
        dice, log = random.Random("%s-%d" % (seed, number)), Log("%s.%d" % (path, number))
        while now() < end:
            one_talk(dice.choice(targets(text)), dice, log, end)
            time.sleep(0.05)
        log.close()
        os._exit(0)
    for child in children:
        os.waitpid(child, 0)


# --- the judge ------------------------------------------------------------------------------------------

class Policies:
    """What was in force: state N from `before` of its change (at the earliest) to `after` of the next."""

    def __init__(self, changes):
        self.states = [(c["mode"], c["rules"]) for c in changes]
        self.before = [c["before"] for c in changes]
        self.after = [c["after"] for c in changes]

    def during(self, began, ended):
        first = max(0, bisect.bisect_right(self.after, began) - 1)
        last = bisect.bisect_right(self.before, ended)
        return self.states[first:last]

    def answer(self, a, peer):
        """True, False, or None where they differ."""
        said = {allowed(s, a["direction"], a["proto"], a["port"], peer) for s in self.during(a["began"], a["ended"])}
        return said.pop() if len(said) == 1 else None


def read(paths):
    lines = {"policy": [], "attempt": [], "talk": [], "trouble": [], "end": []}
    for path in paths:
        for line in open(path):
            one = json.loads(line)
            lines[one["kind"]].append(one)
    return lines


def judge_attempts(policies, attempts, count):
    seen, complaints = {}, []
    for a in sorted(attempts, key=lambda a: a["began"]):
        peer = a["own"][0] if a["own"] and a["direction"] == "in" else a["to"]
        if a["own"]:
            # The same two ends as a little while ago: a conversation that goes on, not a new one.
            ends = (a["proto"], a["to"], a["port"], *a["own"])
            old, seen[ends] = seen.get(ends, -1e9), a["ended"]
            if a["began"] - old < 300:
                count["again"] += 1
                continue
        answer = policies.answer(a, peer)
        kind = a["direction"] if a["direction"] != "free" else "container"
        if answer is None:
            count["undecided"] += 1
        elif answer:
            count["allowed"] += 1
            count["allowed " + kind] += 1
            if a["result"] != "open" or a["retransmitted"]:
                count["false drops"] += 1
                complaints.append(("refused, though allowed", a))
        else:
            count["forbidden"] += 1
            count["forbidden " + kind] += 1
            if a["result"] == "open":
                count["forbidden accepted"] += 1
                complaints.append(("accepted, though forbidden", a))
    return complaints


def judge_talks(talks, count):
    complaints = []
    for t in talks:
        count["talks"] += 1
        count["turns"] += t["turns"]
        if t["trouble"]:
            count["false drops"] += 1
            complaints.append(("broke", t))
    return complaints


class Count(dict):
    def __missing__(self, key):
        return 0


def explain(policies, words, one):
    print("# %s: %s" % (words, json.dumps(one)))
    for mode, rules in policies.during(one["began"], one["ended"])[:6]:
        near = [r[6] for r in rules if r[2] <= one["port"] <= r[3]]
        print("#   in force: mode %s; %s" % (mode, "; ".join(near) or "no rule of that port"))


def judge(*paths):
    lines, count = read(paths), Count()
    changes = sorted(lines["policy"], key=lambda c: c["before"])
    policies = Policies(changes)
    complaints = judge_attempts(policies, lines["attempt"], count) + judge_talks(lines["talk"], count)
    for words, one in complaints[:20]:
        explain(policies, words, one)
    for one in lines["trouble"][:5]:
        print("# " + one["text"].strip().replace("\n", " / "))
    print("%d policy changes, %d of them failed" % (len(changes) - 1, len(lines["trouble"])))
    for kind in "allowed", "forbidden":
        those = [(d, count[kind + " " + d]) for d in ("in", "out", "bind", "container")]
        parts = ["%d %s" % (n, d) for d, n in those if n]
        print("%d attempts that were %s: %s" % (count[kind], kind, ", ".join(parts)))
    print("%d conversations of %d questions and answers" % (count["talks"], count["turns"]))
    print("not judged: %d while their rule changed, %d between two ends that had just spoken"
          % (count["undecided"], count["again"]))
    print("false drops: %d of %d" % (count["false drops"], count["allowed"] + count["turns"]))
    print("forbidden connections accepted: %d of %d" % (count["forbidden accepted"], count["forbidden"]))
    enough = count["allowed"] > 50 and count["forbidden"] > 50 and count["talks"] > 5
    if not enough or lines["trouble"] or len(lines["end"]) != len(paths):
        sys.exit("too little happened, or not all went to its end: %d of %d" % (len(lines["end"]), len(paths)))
    sys.exit(1 if count["false drops"] + count["forbidden accepted"] else 0)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
