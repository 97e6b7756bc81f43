# SPDX-License-Identifier: GPL-2.0-only
"""Frames byte by byte, and what packet attacks have in common.

A case is a line of a table: whether it got through is seen by an answer from the attacked port (TCP),
or by its token, which the victim writes into a file (all else). Every case has a source port and a
token of its own, so that all are sent at once.
"""
import fcntl
import selectors
import socket
import struct
import time

TCP, UDP, UDPLITE, ICMP6 = 6, 17, 136, 58
HOPS, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
LISTENING, NOBODY, DATAGRAMS = 81, 82, 54  # ports of the victim: TCP, none, UDP
ALLOWED_TCP, ALLOWED_UDP = 80, 53
SOL_PACKET, PACKET_VNET_HDR, SIOCGIFHWADDR = 263, 15, 0x8927
SILENCE = 0.4


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pack(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def extension(next_header, length=8):
    """One option that nobody knows and everybody skips; of padding the kernel takes 7 bytes only."""
    return bytes([next_header, length // 8 - 1, 0x1E, length - 4]) + bytes(length - 4)


class Attacker:
    """Who sends, from where to where, and with which token: one for each case and family."""

    def __init__(self, family, own, target, macs, number, phase, sport=None):
        self.family, self.own, self.target, self.macs = family, own, target, macs
        self.sport = sport or 20000 + number
        self.id = number
        self.token = b"[[%s.%d.%d]]" % (phase.encode(), number, family)
        self.six = family == 6

    # Above IP. @pseudo: what the checksum takes for addresses, where they are not the case's own.
    def pseudo(self, proto, length):
        """The sum of the pseudo header alone, for a device that adds the rest."""
        return 0xFFFF & ~checksum(pack(self.own) + pack(self.target) + struct.pack("!II", length, proto))

    def sum(self, proto, data, own=None, target=None):
        head = pack(own or self.own) + pack(target or self.target)
        return checksum(head + struct.pack("!II", len(data), proto) + data)

    def tcp(self, flags=SYN, port=LISTENING, data=b"", options=b"", doff=None):
        size = 20 + len(options)
        head = struct.pack("!HHIIBBHHH", self.sport, port, 1000, 0 if not flags & ACK else 1,
                           (doff or size // 4) << 4, flags, 65535, 0, 0) + options
        total = self.sum(TCP, head + data)
        return head[:16] + struct.pack("!H", total) + head[18:] + data

    def udp(self, port=DATAGRAMS, data=b"", length=None, sport=None, own=None, target=None, summed=True, token=None):
        data = (token or self.token) + data
        head = struct.pack("!HHHH", sport or self.sport, port, length or 8 + len(data), 0)
        # A length that lies is summed as the receiver reads it.
        total = self.sum(UDP, (head + data)[:length or None], own, target) or 0xFFFF
        return head[:6] + struct.pack("!H", total if summed else 0) + data

    def udplite(self, port=DATAGRAMS, coverage=8):
        head = struct.pack("!HHHH", self.sport, port, coverage, 0)
        whole = pack(self.own) + pack(self.target)
        whole += struct.pack("!II", 8 + len(self.token), UDPLITE) + (head + self.token)[:coverage or None]
        return head[:6] + struct.pack("!H", checksum(whole) or 0xFFFF) + self.token

    # IP. @first: the next header of IPv6, where extensions stand before @proto.
    def ip(self, proto, data, **more):
        return self.ip6(proto, data, **more) if self.six else self.ip4(proto, data, **more)

    def ip4(self, proto, data, options=b"", ihl=None, length=None, fragment=0, own=None, target=None, ident=None):
        size = 20 + len(options)
        head = struct.pack("!BBHHHBBH4s4s", 0x40 | (ihl or size // 4), 0, length or size + len(data),
                           self.id if ident is None else ident, fragment, 64, proto, 0,
                           pack(own or self.own), pack(target or self.target)) + options
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data

    def ip6(self, proto, data, length=None, own=None, target=None):
        return struct.pack("!IHBB16s16s", 6 << 28, len(data) if length is None else length, proto, 64,
                           pack(own or self.own), pack(target or self.target)) + data

    def chained(self, headers, proto, data):
        """IPv6 with these extension headers, (number, length) each, before @data."""
        numbers = [number for number, _ in headers] + [proto]
        chain = b"".join(extension(numbers[i + 1], length) for i, (_, length) in enumerate(headers))
        return self.ip6(numbers[0], chain + data)

    def fragment(self, proto, data, offset, more, ident=None, before=()):
        """One fragment; @offset in bytes. @before: extension headers before IPv6's fragment header."""
        if not self.six:
            return self.ip4(proto, data, fragment=offset // 8 | (0x2000 if more else 0), ident=ident)
        head = struct.pack("!BBHI", proto, 0, offset | (1 if more else 0), self.id if ident is None else ident)
        return self.chained([(number, 8) for number in before], FRAGMENT, head + data)

    # Below IP.
    def frame(self, packet, tags=(), to=None, ethertype=None):
        head = bytes.fromhex((to or self.macs[1]).replace(":", "")) + bytes.fromhex(self.macs[0].replace(":", ""))
        for kind, tci in tags:
            head += struct.pack("!HH", kind, tci)
        return head + struct.pack("!H", ethertype or (0x86DD if packet[0] >> 4 == 6 else 0x0800)) + packet


class Case:
    """
    @frames: what an Attacker sends. @silent: why the kernel itself may take none of it. @virtio: of an
    Attacker, the fields of a struct virtio_net_hdr. @sport: a source port that matters.
    """

    def __init__(self, name, frames, kind=UDP, families=(4, 6), silent=None, hook="inbound", virtio=None, sport=None):
        self.name, self.frames, self.kind, self.families = name, frames, kind, families
        self.silent, self.hook, self.virtio, self.sport = silent, hook, virtio, sport


class Wire:
    """The neighbour's device: sends frames, and hears what comes back."""

    def __init__(self, device):
        self.device = device
        self.plain = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.plain.bind((device, 0))
        self.ears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.ears.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.ears.bind((device, 3))
        self.virtual = None

    def send(self, frame, virtio=None):
        if virtio is None:
            self.plain.send(frame)
            return
        if not self.virtual:
            self.virtual = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.virtual.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            self.virtual.bind((self.device, 0))
        self.virtual.send(struct.pack("=BBHHHH", *virtio) + frame)

    def answers(self, wanted, log):
        """Listens until all of @wanted have come, or there is silence; wanted: sport or token -> case."""
        sel, got = selectors.DefaultSelector(), set()
        sel.register(self.ears, selectors.EVENT_READ)
        end = time.monotonic() + SILENCE
        while len(got) < len(wanted) and time.monotonic() < end:
            if sel.select(0.02):
                got |= {answered(self.ears.recv(2048)[14:])} & set(wanted)
            got |= set(tokens(log)) & set(wanted)
        return got


def answered(packet):
    """The port to which a TCP segment is sent, with its family; else nothing that is wanted."""
    head = (packet[0] & 15) * 4
    if packet[0] >> 4 == 4 and packet[9] == TCP and len(packet) >= head + 4:
        return 4, struct.unpack("!H", packet[head + 2:head + 4])[0]
    if packet[0] >> 4 == 6 and packet[6] == TCP and len(packet) >= 44:
        return 6, struct.unpack("!H", packet[42:44])[0]
    return None


def tokens(path):
    with open(path, "rb") as log:
        return log.read().split()


def attack(cases, wire, log, phase, addresses, macs):
    """Sends all cases, and tells a line for each as lib/attack.h has it."""
    plan, wanted = [], {}
    for number, case in enumerate(cases):
        for family in case.families:
            unique = number + (1000 if phase != "free" else 0)
            one = Attacker(family, *addresses[family], macs, unique, phase, case.sport)
            key = (family, one.sport) if case.kind == TCP else one.token
            wanted[key] = case
            plan.append((case, one, key))
    for case, one, _ in plan:
        for frame in case.frames(one):
            wire.send(frame, case.virtio(one) if case.virtio else None)
    got = wire.answers(wanted, log)
    for case, one, key in plan:
        outcome, why = ("open", "-") if key in got else ("refused", "silent")
        if key not in got and phase == "free" and case.silent:
            outcome, why = "unsupported", case.silent
        print("\t".join([case.hook, str(one.family), case.name, outcome, why]), flush=True)


def mac(device):
    """By an ioctl: /sys may show another network namespace's devices."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return fcntl.ioctl(s, SIOCGIFHWADDR, struct.pack("40s", device.encode()))[18:24].hex(":")
