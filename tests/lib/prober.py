#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Attempts without a break, for tests that change the guard meanwhile.

serve PORT,...           accept by TCP on IPv4 and close; at its end how many came, by port
probe RATE TARGET...     RATE attempts a second, the targets in turn, until SIGTERM; then what came of them
    open=ADDRESS/PORT[/OWN]     a TCP connection, from the address OWN: must come about
    closed=ADDRESS/PORT[/OWN]   must not
    bind-open=PORT, bind-closed=PORT

Says ready when each target has been tried, and at the end one line of JSON: for each target how often it
was tried, and how often the wrong thing happened. A connection whose first SYN got lost counts as
refused, however soon the next one is answered: the kernel tells (tcpi_total_retrans).
"""
import errno
import heapq
import json
import resource
import select
import signal
import socket
import struct
import sys
import time

LIVES = {"open": 3.0, "closed": 0.25}
LINGER = struct.pack("ii", 1, 0)


def serve(ports):
    came, by_fd, poll = {}, {}, select.epoll()
    for port in map(int, ports.split(",")):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("0.0.0.0", port))
        s.listen(4096)
        s.setblocking(False)
        poll.register(s, select.EPOLLIN)
        by_fd[s.fileno()] = s
        came[port] = 0
    signal.signal(signal.SIGTERM, lambda *_: (print(json.dumps(came), flush=True), sys.exit(0)))
    print("ready", flush=True)
    while True:
        for fd, _ in poll.poll():
            try:
                while True:
                    by_fd[fd].accept()[0].close()
                    came[by_fd[fd].getsockname()[1]] += 1
            except OSError:
                pass


class Target:
    def __init__(self, text):
        self.text = text
        self.kind, _, what = text.partition("=")
        words = what.split("/")
        self.to = (words[0], int(words[1])) if len(words) > 1 else ("0.0.0.0", int(words[0]))
        self.own = words[2] if len(words) > 2 else None
        self.tried = self.wrong = 0
        self.errors = {}

    def is_wrong(self, what):
        self.wrong += 1
        self.errors[what] = self.errors.get(what, 0) + 1

    def judge(self, s, over):
        """A connection under way: True when it is decided."""
        error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        connected = error == errno.ECONNRESET or not error and info[0] not in (2, 3, 7)  # SYN_SENT, SYN_RECV, CLOSE
        again = struct.unpack_from("I", info, 100)[0]
        if self.kind == "closed":
            if connected:
                self.is_wrong("accepted")
        elif error and not connected:
            self.is_wrong(errno.errorcode[error])
        elif again:
            self.is_wrong("lost")
        elif not connected:
            if not over:
                return False
            self.is_wrong("silent")
        return True

    def bind(self):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(self.to)
            if self.kind == "bind-closed":
                self.is_wrong("bound")
        except OSError as error:
            if self.kind == "bind-open" or error.errno != errno.EPERM:
                self.is_wrong(errno.errorcode[error.errno])
        s.close()

    def begin(self):
        """A socket that connects, or None: it is decided."""
        self.tried += 1
        if self.kind.startswith("bind"):
            return self.bind()
        s = socket.socket()
        s.setblocking(False)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
        if self.own:
            s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            s.bind((self.own, 0))
        s.connect_ex(self.to)
        return s


class Prober:
    def __init__(self, rate, targets):
        self.step, self.targets = 1 / float(rate), [Target(t) for t in targets]
        self.poll, self.open, self.ends, self.over = select.epoll(), {}, [], False
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "over", True))

    def decide(self, fd, over):
        s, target = self.open[fd]
        if target.judge(s, over):
            del self.open[fd]
            s.close()

    def begin(self, target):
        s = target.begin()
        if s:
            self.open[s.fileno()] = s, target
            self.poll.register(s, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
            heapq.heappush(self.ends, (time.monotonic() + LIVES[target.kind], id(s), s, target))

    def look(self, wait):
        for fd, _ in self.poll.poll(max(wait, 0)):
            if fd in self.open:
                self.decide(fd, False)
        while self.ends and self.ends[0][0] <= time.monotonic():
            _, _, s, _ = heapq.heappop(self.ends)
            if s.fileno() in self.open and self.open[s.fileno()][0] is s:
                self.decide(s.fileno(), True)

    def run(self):
        due, n = time.monotonic(), 0
        while not self.over:
            if time.monotonic() < due:
                self.look(due - time.monotonic())
                continue
            self.begin(self.targets[n % len(self.targets)])
            due = max(due + self.step, time.monotonic() - 0.1)  # what was missed is not made up for
            n += 1
            if n % 16 == 0:
                self.look(0)
            if n == len(self.targets):
                print("ready", flush=True)
        while self.open and self.ends:
            self.look(0.05)
        print(json.dumps({t.text: {"tried": t.tried, "wrong": t.wrong, "how": t.errors} for t in self.targets}))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        Prober(sys.argv[2], sys.argv[3:]).run()
