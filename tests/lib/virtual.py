#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What stands behind tun and tap devices in the end-to-end tests.

cable tun|tap DEVICE OWN OTHER   what the device sends goes to the Unix socket OTHER, what comes to the
                                 socket OWN goes into the device; two of these make a cable between
                                 namespaces. Says ready.
machine DEVICE MAC ADDRESS PORT  a very small machine on a tap: it answers ARP, echoes UDP on PORT and
                                 any datagram that answers one of its own, and takes TCP connections on
                                 PORT (an answer to the first data). Says ready.
                                 A line `dial ADDRESS PORT` on its input is a question by UDP: it
                                 prints OPEN or silent.
"""
import fcntl
import os
import select
import socket
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454CA, 1, 2, 0x1000
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def device(kind, name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    mode = (IFF_TUN if kind == "tun" else IFF_TAP) | IFF_NO_PI
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), mode))
    return fd


def cable(kind, name, own, other):
    fd, s = device(kind, name), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(own)
    print("ready", flush=True)
    while True:
        for one in select.select([fd, s], [], [])[0]:
            try:
                if one == fd:
                    s.sendto(os.read(fd, 65536), other)
                else:
                    os.write(fd, s.recv(65536))
            except OSError:
                pass  # a device that is down, or an end that is not there yet


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Machine:
    def __init__(self, name, mac, address, port):
        self.fd = device("tap", name)
        self.mac = bytes.fromhex(mac.replace(":", ""))
        self.address, self.port = socket.inet_aton(address), int(port)
        self.heard, self.own = False, 40000

    def frame(self, target, kind, payload):
        os.write(self.fd, target + self.mac + struct.pack("!H", kind) + payload)

    def ip(self, mac, target, proto, payload):
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0,
                           self.address, target)
        self.frame(mac, 0x0800, head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload)

    def udp(self, mac, target, sport, dport, data):
        self.ip(mac, target, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data)

    def tcp(self, mac, target, ports, seq, ack, flags, data=b""):
        head = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0)
        pseudo = self.address + target + struct.pack("!BBH", 0, 6, len(head) + len(data))
        total = checksum(pseudo + head + data)
        self.ip(mac, target, 6, head[:16] + struct.pack("!H", total) + head[18:] + data)

    def arp(self, mac, body):
        kind, sender, source, target = struct.unpack("!6xH6s4s6x4s", body[:28])
        if kind == 1 and target == self.address:
            self.frame(mac, 0x0806, struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 2, self.mac,
                                                self.address, sender, source))
        elif kind == 2:
            self.neighbour = sender

    def segment(self, mac, source, body):
        sport, dport, seq, ack, offset, flags = struct.unpack("!HHIIBB", body[:14])
        data, ports = body[(offset >> 4) * 4:], (dport, sport)
        if dport != self.port or flags & RST:
            return
        if flags & SYN:
            self.tcp(mac, source, ports, 1000, seq + 1, SYN | ACK)
        elif data:
            self.tcp(mac, source, ports, ack, seq + len(data), PSH | ACK, data)
        elif flags & FIN:
            self.tcp(mac, source, ports, ack, seq + 1, FIN | ACK)

    def take(self, frame):
        mac, kind = frame[6:12], struct.unpack("!H", frame[12:14])[0]
        if kind == 0x0806:
            self.arp(mac, frame[14:])
        if kind != 0x0800 or frame[30:34] != self.address:
            return
        size, source = (frame[14] & 15) * 4, frame[26:30]
        body = frame[14 + size:14 + struct.unpack("!H", frame[16:18])[0]]
        if frame[23] == 6:
            self.segment(mac, source, body)
        elif frame[23] == 17:
            sport, dport = struct.unpack("!HH", body[:4])
            self.heard |= dport == self.own
            if dport == self.port:
                self.udp(mac, source, dport, sport, body[8:])

    def run(self, seconds):
        end = time.monotonic() + seconds
        while not self.heard and time.monotonic() < end:
            ready = select.select([self.fd, 0], [], [], max(0, end - time.monotonic()))[0]
            if self.fd in ready:
                self.take(os.read(self.fd, 65536))
            if 0 in ready:
                return

    def dial(self, address, port):
        target = socket.inet_aton(address)
        self.heard, self.neighbour, self.own = False, None, self.own + 1 # a new conversation
        self.frame(b"\xff" * 6, 0x0806, struct.pack("!HHBBH6s4s6x4s", 1, 0x0800, 6, 4, 1, self.mac,
                                                    self.address, target))
        end = time.monotonic() + 1
        while not self.neighbour and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                self.take(os.read(self.fd, 65536))
        self.udp(self.neighbour or b"\xff" * 6, target, self.own, int(port), b"hello\n")
        end = time.monotonic() + 0.6
        while not self.heard and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                self.take(os.read(self.fd, 65536))
        print("OPEN" if self.heard else "silent", flush=True)
        self.heard = False


def machine(*words):
    m = Machine(*words)
    print("ready", flush=True)
    while True:
        m.run(3600)
        line = sys.stdin.readline().split()
        if not line:
            return
        m.dial(*line[1:])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
