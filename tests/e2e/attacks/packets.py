#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""packets.py DEVICE MAC OWN4 OWN6 TARGET4 TARGET6 LOG PHASE [control]

The neighbour's packets to ports that are closed. This file has the table of whole packets; fragments.py,
chains.py and vlan.py have theirs. PHASE is `free` without a guard. control: what must come through when
it is sent to an allowed port. See wire.py for how a case is judged.
"""
import struct
import sys

import chains
import fragments
import vlan
from wire import (ACK, ALLOWED_TCP, ALLOWED_UDP, DATAGRAMS, FIN, LISTENING, NOBODY, PSH, RST, SYN,
                  TCP, UDP, UDPLITE, URG, Case, Wire, attack, mac)

STACK = "the kernel drops it itself"
NO_ANSWER = "no kernel answers a RST"


def segment(**words):
    return lambda a: [a.frame(a.ip(TCP, a.tcp(**words)))]


def datagram(ip=None, frame=None, **words):
    return lambda a: [a.frame(a.ip(UDP, a.udp(**words), **(ip or {})), **(frame or {}))]


def options(data):
    """TCP SYN behind IPv4 options."""
    return lambda a: [a.frame(a.ip4(TCP, a.tcp(), options=data))]


def source_route(kind):
    def frames(a):
        # The pointer is past the end: the last hop has it.
        return [a.frame(a.ip4(TCP, a.tcp(), options=bytes([kind, 7, 8]) + bytes([10, 77, 0, 3]) + b"\0"))]
    return frames


def ports_in_options(a):
    """Who takes the IP header for 20 bytes reads an allowed port, and a SYN, where the options lie."""
    looks = struct.pack("!HH", a.sport, ALLOWED_TCP)
    return [a.frame(a.ip4(TCP, a.tcp(), options=b"\x88\x04" + looks[2:] + b"\x01" * 8))]


def encapsulated(four, six, head=b""):
    """A packet to a closed port within one of another protocol."""
    def frames(a):
        return [a.frame(a.ip(six if a.six else four, head + a.ip(UDP, a.udp())))]
    return frames


def bare(number, head=b""):
    return lambda a: [a.frame(a.ip(number, head + a.token))]


def group(four, six, to):
    """To many: the frame's address says so, too."""
    def frames(a):
        target = six if a.six else four
        return [a.frame(a.ip(UDP, a.udp(target=target), target=target), to=to[a.six])]
    return frames


def from_address(four, six=None):
    def frames(a):
        own = six if a.six else four
        return [a.frame(a.ip(UDP, a.udp(own=own), own=own))]
    return frames


def to_loopback(a):
    """A kernel with route_localnet takes it from outside."""
    own, target = a.own, "::1" if a.six else "127.0.0.1"
    return [a.frame(a.ip(UDP, a.udp(own=own, target=target), target=target))]


def mapped(a):
    own, target = "::ffff:10.77.0.2", "::ffff:10.77.0.1"
    return [a.frame(a.ip6(UDP, a.udp(own=own, target=target), own=own, target=target))]


def padded(a):
    return [a.frame(a.ip(TCP, a.tcp())) + b"\x55" * 40]


def stated_length(change):
    def frames(a):
        whole = a.tcp()
        return [a.frame(a.ip(TCP, whole, length=(0 if a.six else 20) + len(whole) + change))]
    return frames


def lying_udp(change):
    def frames(a):
        return [a.frame(a.ip(UDP, a.udp(data=b"x" * 16, length=8 + len(a.token) + 16 + change)))]
    return frames


def other_ethertype(a):
    return [a.frame(a.ip(UDP, a.udp()), ethertype=0x0800 if a.six else 0x86DD)]


def snap(a):
    packet = a.ip(UDP, a.udp())
    kind = b"\x86\xdd" if a.six else b"\x08\0"
    return [a.frame(b"\xaa\xaa\x03\0\0\0" + kind + packet, ethertype=8 + len(packet))]


# struct virtio_net_hdr: flags, GSO type, header length, GSO size, where the checksum begins and lies.
def spread(a):
    """Only the Ethernet header in the linear part."""
    return 0, 0, 14, 0, 0, 0


def segmented(a):
    """UDP_L4, in pieces of 1,000 bytes."""
    begin = 54 if a.six else 34
    return 1, 5, begin + 8, 1000, begin, 6


def gso(a):
    """One packet of 20,000 bytes that stands for twenty."""
    whole = a.udp(data=b"x" * (20000 - len(a.token)), summed=False)
    return [a.frame(a.ip(UDP, whole[:6] + struct.pack("!H", a.pseudo(UDP, len(whole))) + whole[8:]))]


def jumbo(kind):
    def frames(a):
        data = b"x" * 7000
        return [a.frame(a.ip(kind, a.tcp(data=data) if kind == TCP else a.udp(data=data)))]
    return frames


ALL_NODES = ("01:00:5e:00:00:01", "33:33:00:00:00:01")
EVERYBODY = ("ff:ff:ff:ff:ff:ff",) * 2
PORTS = struct.pack("!HHII", 7000, DATAGRAMS, 0, 0)

CASES = [
    Case("TCP SYN", segment(), TCP),
    Case("TCP SYN that carries data", segment(data=b"x" * 100), TCP),
    Case("TCP SYN with ECN flags", segment(flags=SYN | 0xC0), TCP),
    Case("TCP SYN with PSH and URG", segment(flags=SYN | PSH | URG), TCP),
    Case("TCP SYN with 40 bytes of options", segment(options=b"\x01" * 40), TCP),
    Case("TCP SYN with a fast-open cookie", segment(options=b"\x22\x0a12345678\x01\x01", data=b"x" * 9), TCP),
    Case("TCP SYN from port 53", segment(), TCP, sport=53),
    Case("TCP SYN and FIN", segment(flags=SYN | FIN, port=NOBODY), TCP),
    Case("TCP SYN and RST", segment(flags=SYN | RST), TCP, silent=NO_ANSWER),
    Case("TCP SYN and ACK", segment(flags=SYN | ACK, port=NOBODY), TCP),
    Case("TCP FIN to a closed port", segment(flags=FIN, port=NOBODY), TCP),
    Case("TCP NULL to a closed port", segment(flags=0, port=NOBODY), TCP),
    Case("TCP Xmas to a closed port", segment(flags=FIN | PSH | URG, port=NOBODY), TCP),
    Case("TCP ACK to a closed port", segment(flags=ACK, port=NOBODY), TCP),
    Case("TCP ACK to a listening port", segment(flags=ACK, port=LISTENING), TCP),
    Case("TCP SYN in a frame longer than its packet", padded, TCP),
    Case("IP length longer than the frame", stated_length(8), TCP, silent=STACK),
    Case("IP length that cuts the TCP header", stated_length(-4), TCP, silent=STACK),
    Case("IHL too small", lambda a: [a.frame(a.ip4(TCP, a.tcp(), ihl=4))], TCP, (4,), STACK),
    Case("IHL beyond the packet", lambda a: [a.frame(a.ip4(TCP, a.tcp(), ihl=15, length=40))], TCP, (4,), STACK),
    Case("TCP header said to be too short", segment(doff=4), TCP, silent=STACK),
    Case("TCP header said to go beyond the packet", segment(doff=15), TCP, silent=STACK),
    Case("IP options, all NOP", options(b"\x01" * 40), TCP, (4,)),
    Case("IP options, record route", options(b"\x07\x07\x04" + bytes(5)), TCP, (4,)),
    Case("IP options, router alert", options(b"\x94\x04\0\0"), TCP, (4,)),
    Case("IP options that look like an allowed port", ports_in_options, TCP, (4,)),
    Case("loose source route", source_route(0x83), TCP, (4,)),
    Case("strict source route", source_route(0x89), TCP, (4,)),
    Case("the reserved IP flag", lambda a: [a.frame(a.ip4(TCP, a.tcp(), fragment=0x8000))], TCP, (4,)),
    Case("UDP", datagram()),
    Case("UDP from port 53 that answers nothing", datagram(sport=53)),
    Case("UDP from port 67", datagram(sport=67)),
    Case("UDP without a checksum", datagram(summed=False), families=(4,)),
    Case("UDP shorter than its packet", lying_udp(-8)),
    Case("UDP longer than its packet", lying_udp(8), silent=STACK),
    Case("UDP-Lite", lambda a: [a.frame(a.ip(UDPLITE, a.udplite()))], UDPLITE),
    Case("UDP-Lite, all covered", lambda a: [a.frame(a.ip(UDPLITE, a.udplite(coverage=0)))], UDPLITE),
    Case("UDP in a broadcast frame", datagram(frame={"to": EVERYBODY[0]})),
    Case("UDP to 255.255.255.255", group("255.255.255.255", None, EVERYBODY), families=(4,)),
    Case("UDP to the network's broadcast address", group("10.77.0.255", None, EVERYBODY), families=(4,)),
    Case("UDP to all nodes", group("224.0.0.1", "ff02::1", ALL_NODES)),
    Case("UDP from the host's own address", from_address("10.77.0.1"), families=(4,)),
    Case("UDP from a loopback address", from_address("127.0.0.1", "::1"), silent=STACK),
    Case("UDP to a loopback address", to_loopback, silent=STACK),
    Case("UDP between v4-mapped addresses", mapped, families=(6,), silent=STACK),
    Case("UDP under the other family's ethertype", other_ethertype, silent=STACK),
    Case("UDP in an 802.3 frame with SNAP", snap, silent=STACK),
    Case("TCP SYN of a jumbo frame", jumbo(TCP), TCP),
    Case("UDP of a jumbo frame", jumbo(UDP)),
    Case("TCP headers beyond the linear part", jumbo(TCP), TCP, virtio=spread),
    Case("UDP headers beyond the linear part", jumbo(UDP), virtio=spread),
    Case("UDP, twenty in one GSO packet", gso, virtio=segmented),
    Case("IP in IP, a packet within", encapsulated(4, 41), 4),
    Case("GRE, a packet within", encapsulated(47, 47, b"\0\0\x08\0"), 47),
    Case("ESP", bare(50, bytes(8)), 50),
    Case("SCTP", bare(132, PORTS), 132),
    Case("DCCP", bare(33, PORTS), 33),
    Case("an unused protocol", bare(253), 253),
]

# What must come through when it is sent to an allowed port: or silence would prove nothing.
CONTROLS = [
    Case("TCP SYN", segment(port=ALLOWED_TCP), TCP),
    Case("UDP", datagram(port=ALLOWED_UDP)),
    Case("UDP of a jumbo frame", datagram(port=ALLOWED_UDP, data=b"x" * 7000)),
    Case("UDP headers beyond the linear part", datagram(port=ALLOWED_UDP, data=b"x" * 7000), virtio=spread),
    Case("IP options", lambda a: [a.frame(a.ip4(TCP, a.tcp(port=ALLOWED_TCP), options=b"\x01" * 40))], TCP, (4,)),
]


def main(device, target_mac, own4, own6, target4, target6, log, phase, what="attacks"):
    tables = (CONTROLS, fragments.CONTROLS, chains.CONTROLS, vlan.CONTROLS) if what == "control" else (
        CASES, fragments.CASES, chains.CASES, vlan.CASES)
    cases = [case for table in tables for case in table]
    attack(cases, Wire(device), log, phase, {4: (own4, target4), 6: (own6, target6)}, (mac(device), target_mac))


if __name__ == "__main__":
    main(*sys.argv[1:])
