#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""cookie.py DEVICE MAC OWN TARGET PORT

One who makes his segments by hand, before a listener that sends SYN cookies. Begins a connection, and brings
its cookie back three times, the connections before reset, and then a cookie that nobody sent. Says of each
time `echo` or `silent`.
"""
import os
import selectors
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e/attacks"))
from wire import ACK, PSH, RST, SYN, TCP, Attacker, mac, pack  # noqa: E402

SECONDS, ISN, WORD = 1, 1000, b"hello\n"


class Client:
    def __init__(self, device, to, own, target, port):
        self.a = Attacker(6 if ":" in own else 4, own, target, (mac(device), to), 1, "cookie")
        self.port = port
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.wire.bind((device, 3))

    def send(self, flags, seq, ack=0, data=b""):
        head = struct.pack("!HHIIBBHHH", self.a.sport, self.port, seq, ack, 5 << 4, flags, 65535, 0, 0)
        total = self.a.sum(TCP, head + data)
        segment = head[:16] + struct.pack("!H", total) + head[18:] + data
        self.wire.send(self.a.frame(self.a.ip(TCP, segment)))

    def hear(self, flags):
        """The number of a segment to us with these flags, or None."""
        sel, end = selectors.DefaultSelector(), time.monotonic() + SECONDS
        sel.register(self.wire, selectors.EVENT_READ)
        while time.monotonic() < end:
            if not sel.select(0.02):
                continue
            packet = self.wire.recv(2048)[14:]
            at = 40 if self.a.six else 20
            if packet[at - len(pack(self.a.own)):at] != pack(self.a.own) or len(packet) < at + 20:
                continue
            if struct.unpack("!H", packet[at:at + 2])[0] == self.port and packet[at + 13] & 0x3F == flags:
                return struct.unpack("!I", packet[at + 4:at + 8])[0]
        return None

    def bring(self, cookie):
        self.send(ACK | PSH, ISN + 1, cookie, WORD)
        echo = self.hear(ACK | PSH)
        self.send(RST | ACK, ISN + 1 + len(WORD), cookie + len(WORD))
        return "silent" if echo is None else "echo"


def main():
    device, to, own, target, port = sys.argv[1:]
    client = Client(device, to, own, target, int(port))
    client.send(SYN, ISN)
    number = client.hear(SYN | ACK)
    if number is None:
        print("no answer to the SYN")
        return
    cookie = (number + 1) & 0xFFFFFFFF
    print(*(client.bring(c) for c in (cookie, cookie, cookie, cookie ^ 0x5A5A)))


main()
