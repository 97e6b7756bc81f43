#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""knock.py DEVICE MAC OWN4 OWN6 TARGET4 TARGET6 PORT

Knocks at a rejected port with frames made by hand: TCP and UDP, behind no, one and two VLAN tags, with IP
options or extension headers and without, their checksum complete or left to the device. Each wants its
answer, right to the last checksum; a line for each, `ok NAME` or `not ok NAME: why`.
"""
import os
import selectors
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e/attacks"))
from wire import (DESTINATION, ICMP6, RST, ACK, SOL_PACKET, PACKET_VNET_HDR, TCP, UDP, Attacker,  # noqa: E402
                  checksum, extension, mac, pack)

PACKET_AUXDATA, VLAN_VALID, OUTGOING, NEEDS_CHECKSUM = 8, 1 << 4, 4, 1
TAGS = [], [(0x8100, 7)], [(0x88A8, 7), (0x8100, 0x2008)]
ICMP = 1
SECONDS = 3


def ears(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.bind((device, 3))
    return s


def hear(s):
    """A frame that came, its outer tag back in it and its checksum as the device would complete it; or None."""
    data, control, _, whence = s.recvmsg(4096, 256)
    if whence[2] == OUTGOING:
        return None
    flags, _, _, _, start, offset = struct.unpack("=BBHHHH", data[:10])
    frame = bytearray(data[10:])
    if flags & NEEDS_CHECKSUM:
        at = start + offset
        frame[at:at + 2] = struct.pack("!H", checksum(bytes(frame[start:])))
    for level, kind, aux in control:
        status, _, _, _, _, tci, proto = struct.unpack("=IIIHHHH", aux[:20])
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and status & VLAN_VALID:
            frame[12:12] = struct.pack("!HH", proto, tci)
    return bytes(frame)


class Knock:
    def __init__(self, a, proto, tags, extra, partial, port):
        self.a, self.proto, self.tags, self.partial, self.port = a, proto, tags, partial, port
        upper = a.tcp(port=port) if proto == TCP else a.udp(port)
        at = 16 if proto == TCP else 6
        if partial:
            upper = upper[:at] + struct.pack("!H", a.pseudo(proto, len(upper))) + upper[at + 2:]
        if not extra:
            self.packet = a.ip(proto, upper)
        elif a.six:
            self.packet = a.ip6(DESTINATION, extension(proto, 24) + upper)
        else:
            self.packet = a.ip4(proto, upper, options=b"\x01" * 12)
        begin = 14 + 4 * len(tags) + len(self.packet) - len(upper)
        self.virtio = struct.pack("=BBHHHH", *((NEEDS_CHECKSUM, 0, 0, 0, begin, at) if partial else (0,) * 6))
        self.frame = a.frame(self.packet, tags)
        self.name = "%s, IPv%d, %d tags%s%s" % (
            "TCP" if proto == TCP else "UDP", a.family, len(tags),
            (", extension header" if a.six else ", IP options") if extra else "",
            ", checksum left to the device" if partial else "")

    def complaint(self, frame):
        """Why a frame is not the answer; "" where it is."""
        a, link = self.a, self.frame[12:14 + 4 * len(self.tags)]
        head, packet = frame[:12], frame[12 + len(link):]
        if head != self.frame[6:12] + self.frame[:6] or frame[12:12 + len(link)] != link:
            return "link header %s" % frame[:12 + len(link)].hex()
        if a.six:
            proto, length, begin, at = packet[6], struct.unpack("!H", packet[4:6])[0], 40, 8
        else:
            proto, length, begin, at = packet[9], struct.unpack("!H", packet[2:4])[0] - 20, 20, 12
            if packet[0] != 0x45 or checksum(packet[:20]):
                return "IP header %s" % packet[:20].hex()
        size = 16 if a.six else 4
        if packet[at:at + 2 * size] != pack(a.target) + pack(a.own):
            return "addresses"
        upper = packet[begin:begin + length]
        pseudo = b"" if proto == ICMP else packet[at:at + 2 * size] + struct.pack("!II", length, proto)
        if len(upper) != length or checksum(pseudo + upper):
            return "checksum of protocol %d" % proto
        return self.reset(proto, upper) if self.proto == TCP else self.unreachable(proto, upper)

    def reset(self, proto, upper):
        wanted = struct.pack("!HHIIBB", self.port, self.a.sport, 0, 1001, 0x50, RST | ACK)
        return "" if proto == TCP and upper[:14] == wanted and len(upper) == 20 else "no reset"

    def unreachable(self, proto, upper):
        wanted = (ICMP6, b"\1\4") if self.a.six else (ICMP, b"\3\3")
        quote, whole = upper[8:], self.packet
        if self.partial:  # whoever completed the checksum completed it in the quote
            at = len(whole) - len(self.a.token) - 2
            quote, whole = quote[:at] + quote[at + 2:], whole[:at] + whole[at + 2:]
        return "" if (proto, upper[:2]) == wanted and quote == whole else "no port unreachable"


def knock(device, s, one):
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    out.bind((device, 0))
    why, end, sel = "silence", time.monotonic() + SECONDS, selectors.DefaultSelector()
    sel.register(s, selectors.EVENT_READ)
    out.send(one.virtio + one.frame)
    while why and time.monotonic() < end:
        if not sel.select(end - time.monotonic()):
            continue
        frame = hear(s)
        if frame and (struct.pack("!H", one.a.sport) in frame or pack(one.a.own) in frame):
            why = one.complaint(frame)
    print("not ok %s: %s" % (one.name, why) if why else "ok %s" % one.name, flush=True)


def main():
    device, to, own4, own6, target4, target6, port = sys.argv[1:]
    macs, s, number = (mac(device), to), ears(device), 0
    for family, own, target in (4, own4, target4), (6, own6, target6):
        for proto in TCP, UDP:
            for tags in TAGS:
                for kind in range(4):
                    number += 1
                    a = Attacker(family, own, target, macs, number, "knock")
                    knock(device, s, Knock(a, proto, tags, kind & 1, kind & 2, int(port)))


main()
