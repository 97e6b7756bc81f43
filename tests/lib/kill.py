#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Kill commands at random points, and look at what they leave.

kill.py SEED TIMES A.yaml B.yaml ADDRESS PEER DIALER-COMMAND -- PORTGUARD-COMMAND
    A command that changes the policy is begun and killed. Then the policy in force is the one from
    before it or the one after it, whole: as list tells it, as explain does, and as a neighbour finds
    that connects; and the next command works. Says `wrong: …` for what is not so.
dial
    connects to what it is told by lines `ADDRESS PORT…`, and answers with the ports that are open. One that
    ought to be, `PORT+`, is waited for on a busy machine, too.
"""
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import time

# What each policy opens; 85 and 86 are opened by hand. No port is open in none, 80 in both.
OPEN = {"A": {80, 82, 83}, "B": {80, 83, 84}}
BY_HAND = (85, 86)
PORTS = range(80, 88)


def dial():
    for line in sys.stdin:
        address, *numbers = line.split()
        those, due = {}, set()
        for number in numbers:
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((address, int(number.rstrip("+"))))
            those[s] = int(number.rstrip("+"))
            if number.endswith("+"):
                due.add(s)
        begun, found, waiting = time.monotonic(), [], set(those)
        while waiting and time.monotonic() < begun + (10 if waiting & due else 0.12):
            for s in select.select([], waiting, [], 0.02)[1]:
                waiting.discard(s)
                if not s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    found.append(those[s])
        for s in those:
            s.close()
        print(*sorted(found), flush=True)


class Killer:
    def __init__(self, seed, times, a, b, address, peer, dialer, portguard):
        self.dice, self.times, self.files = random.Random(seed), times, {"A": a, "B": b}
        self.address, self.peer, self.portguard = address, peer, portguard
        self.dialer = subprocess.Popen(dialer, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.took, self.killed, self.begun = {}, {}, {}

    def run(self, *words):
        return subprocess.run([*self.portguard, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def choose(self):
        """A command, and what the policy is after it."""
        policy, by_hand = self.state
        number = self.dice.choice(BY_HAND)
        if self.dice.random() < 0.5:
            policy = "B" if policy == "A" else "A"
            return ("apply", self.files[policy]), (policy, by_hand)
        if number in by_hand:
            return ("remove", "%d/tcp" % number), (policy, by_hand - {number})
        return ("allow", "%d/tcp" % number), (policy, by_hand | {number})

    def kill(self, words):
        """True if it was killed before it was done."""
        most = self.took.get(words[0], 0.01)
        begun = time.monotonic()
        p = subprocess.Popen([*self.portguard, *words], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            p.wait(self.dice.uniform(0, most * 1.1))
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
        says = p.communicate()[1]
        if p.returncode == -signal.SIGKILL:
            self.took[words[0]] = 1.02 * most
            return True
        self.took[words[0]] = 0.8 * most + 0.2 * (time.monotonic() - begun)
        if p.returncode:
            print("wrong: %s: exit %d: %s" % (" ".join(words), p.returncode, says))
        return False

    def listed(self):
        """The policy in force, by what list tells."""
        p = self.run("--json", "list")
        if p.returncode:
            return "list: exit %d: %s" % (p.returncode, p.stderr)
        rules = json.loads(p.stdout)["rules"]
        of_file = sorted(r["text"] for r in rules if r["origin"] == "file")
        by_hand = frozenset(int(r["text"].split()[-1].split("/")[0]) for r in rules if r["origin"] == "runtime")
        for name, wanted in self.texts.items():
            if of_file == wanted:
                return name, by_hand
        return "a mix: %s" % of_file

    def look(self):
        state = self.listed()
        if isinstance(state, str):
            return state
        wanted = OPEN[state[0]] | state[1]
        ports = " ".join("%d%s" % (n, "+" * (n in wanted)) for n in PORTS)
        self.dialer.stdin.write("%s %s\n" % (self.address, ports))
        self.dialer.stdin.flush()
        explained = {n for n in PORTS if not self.run("explain", "in", "%d/tcp" % n, "from", self.peer).returncode}
        reached = set(map(int, self.dialer.stdout.readline().split()))
        if explained != wanted:
            return "%s by list, %s by explain" % (sorted(wanted), sorted(explained))
        if reached != wanted:
            return "%s by list, %s by the wire" % (sorted(wanted), sorted(reached))
        return state

    def learn(self):
        self.texts = {}
        for name in "BA":
            begun = time.monotonic()
            self.run("apply", self.files[name])
            self.took["apply"] = time.monotonic() - begun
            rules = json.loads(self.run("--json", "list").stdout)["rules"]
            self.texts[name] = sorted(r["text"] for r in rules if r["origin"] == "file")
        self.state = self.listed()

    def go(self):
        self.learn()
        for n in range(self.times):
            words, after = self.choose()
            killed = self.kill(words)
            self.begun[words[0]] = self.begun.get(words[0], 0) + 1
            self.killed[words[0]] = self.killed.get(words[0], 0) + killed
            found = self.look()
            if found != after and (found != self.state or not killed):
                print("wrong: %d: %s%s, from %s: %s" % (n, " ".join(words), killed * ", killed", self.state, found))
            if isinstance(found, str):
                break
            self.state = found
        for word in sorted(self.begun):
            print("# %s: %d, %d of them killed" % (word, self.begun[word], self.killed[word]))
        print("done", self.times)


if __name__ == "__main__":
    if sys.argv[1] == "dial":
        dial()
    else:
        at = sys.argv.index("--")
        Killer(sys.argv[1], int(sys.argv[2]), *sys.argv[3:7], sys.argv[7].split(), sys.argv[at + 1:]).go()
