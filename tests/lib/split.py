#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A packet whose first fragment goes by one device and whose last goes by another.

split.py DEVICE MAC DEVICE MAC SOURCE TARGET tcp|udp PORT    says what came of it: answered, or silent
"""
import fcntl
import select
import socket
import struct
import sys
import time

SIOCGIFHWADDR = 0x8927
FROM = 5555
WAIT = 0.5


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def transport(proto, port, pseudo):
    """A UDP datagram, or a TCP SYN with data, of 48 bytes."""
    if proto == socket.IPPROTO_UDP:
        head, at = struct.pack("!HHHH", FROM, port, 48, 0), 6
    else:
        head, at = struct.pack("!HHIIBBHHH", FROM, port, 1000, 0, 5 << 4, 2, 8192, 0, 0), 16
    whole = head + b"x" * (48 - len(head))
    return whole[:at] + checksum(pseudo + whole) + whole[at + 2:]


def fragments(source, target, proto, port):
    if ":" in source:
        ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
        whole = transport(proto, port, ends + struct.pack("!II", 48, proto))
        for offset, more, data in (0, 1, whole[:24]), (24, 0, whole[24:]):
            yield 0x86DD, (struct.pack("!IHBB", 6 << 28, 8 + len(data), 44, 64) + ends
                           + struct.pack("!BBHI", proto, 0, offset | more, 0x77) + data)
    else:
        ends = socket.inet_aton(source) + socket.inet_aton(target)
        whole = transport(proto, port, ends + struct.pack("!HH", proto, 48))
        for field, data in (0x2000, whole[:24]), (3, whole[24:]):
            head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(data), 0x77, field, 64, proto)
            yield 0x800, head + checksum(head + b"\0\0" + ends) + ends + data


def send(device, mac, ethertype, packet):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((device, 0))
        own = fcntl.ioctl(s, SIOCGIFHWADDR, struct.pack("256s", device.encode()))[18:24]
        s.send(bytes.fromhex(mac.replace(":", "")) + own + struct.pack("!H", ethertype) + packet)


def is_answer(frame, port):
    """From that port to ours, whatever it is: IP headers without options, as the host sends them."""
    at = {0x800: 34, 0x86DD: 54}.get(struct.unpack("!H", frame[12:14])[0])
    return at is not None and frame[at:at + 4] == struct.pack("!HH", port, FROM)


def main(first, first_mac, last, last_mac, source, target, proto, port):
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    proto, port = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}[proto], int(port)
    ways = (first, first_mac), (last, last_mac)
    for way, fragment in zip(ways, fragments(source, target, proto, port)):
        send(*way, *fragment)
    end = time.monotonic() + WAIT
    while select.select([listener], [], [], max(0, end - time.monotonic()))[0]:
        if is_answer(listener.recv(2000), port):
            return "answered"
    return "silent"


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
