# SPDX-License-Identifier: GPL-2.0-only
"""Packets in fragments: tiny ones, disordered ones, ones that lie over each other."""
from wire import ALLOWED_UDP, DESTINATION, FRAGMENT, SYN, TCP, UDP, Case

OVERLAP = "the kernel drops what overlaps (RFC 5722)"
NESTED = "the kernel takes one fragment header only"
HIDDEN = "the kernel wants all headers in the first fragment (RFC 8200)"


def cut(data, *places):
    """[(offset, piece, more)]"""
    ends = list(places) + [len(data)]
    starts = [0] + list(places)
    return [(start, data[start:end], end != len(data)) for start, end in zip(starts, ends)]


def sent(a, proto, pieces, **more):
    return [a.frame(a.fragment(proto, piece, offset, following, **more)) for offset, piece, following in pieces]


def datagram(a):
    return a.udp(data=b"x" * 64)


def allowed(a):
    """Not what the case is about: without its token."""
    return a.udp(ALLOWED_UDP, b"x" * 64, token=b"x" * len(a.token))


def two(a):
    return sent(a, UDP, cut(datagram(a), 24))


def two_allowed(a):
    return sent(a, UDP, cut(a.udp(ALLOWED_UDP, b"x" * 64), 24))


def backwards(a):
    return two(a)[::-1]


def many(a):
    return sent(a, UDP, cut(datagram(a), *range(16, 64, 16)))


def tiny_tcp(a):
    """The flags come in the second fragment (RFC 1858, 3)."""
    return sent(a, TCP, cut(a.tcp(), 8))


def tiny_tcp_16(a):
    return sent(a, TCP, cut(a.tcp(), 16))


def tiny_udp(a):
    """The ports come alone, without a byte of data."""
    return sent(a, UDP, cut(datagram(a), 8))


def overlapping(a):
    """A first fragment that shows an allowed port, and one that lies over it."""
    whole, lie = datagram(a), allowed(a)
    return sent(a, UDP, [(0, lie[:24], True), (0, whole[:24], True), (24, whole[24:], False)])


def over_flags(a):
    """A second fragment at 8 bytes rewrites what follows the ports (RFC 3128)."""
    whole = a.tcp(SYN, data=b"x" * 32)
    return sent(a, TCP, [(0, whole[:24], True), (8, whole[8:], False)])


def borrowed(a):
    """Behind an allowed datagram's first fragment, another with the same id."""
    return sent(a, UDP, cut(allowed(a), 24)) + two(a)


def atomic(a):
    return [a.frame(a.fragment(TCP, a.tcp(), 0, False))]


def atomic_udp(a):
    return [a.frame(a.fragment(UDP, a.udp(), 0, False))]


def nested(a):
    """Two fragment headers, both saying that nothing is missing."""
    return [a.frame(a.fragment(TCP, a.tcp(), 0, False, before=(FRAGMENT,)))]


def behind_options(a):
    return sent(a, UDP, cut(datagram(a), 24), before=(DESTINATION,))


def hidden(a):
    """The transport header comes in the second fragment, behind an extension header."""
    whole = bytes([UDP, 0, 1, 4, 0, 0, 0, 0]) + datagram(a)
    return sent(a, DESTINATION, cut(whole, 8))


def too_far(a):
    return sent(a, UDP, [(0, datagram(a)[:24], True), (65528, b"x" * 64, False)])


CASES = [
    Case("UDP in two fragments", two),
    Case("UDP in two fragments, the second first", backwards),
    Case("UDP in many fragments", many),
    Case("tiny first fragment, 8 bytes of TCP", tiny_tcp, TCP, silent=HIDDEN),
    Case("tiny first fragment, 16 bytes of TCP", tiny_tcp_16, TCP, silent=HIDDEN),
    Case("first fragment with nothing but the UDP header", tiny_udp),
    Case("overlapping first fragments, one to an allowed port", overlapping, silent=OVERLAP),
    Case("fragment at 8 bytes over the TCP flags", over_flags, TCP, silent=OVERLAP),
    Case("fragments behind an allowed datagram's, same id", borrowed),
    Case("fragment that ends beyond 65,535 bytes", too_far, silent=OVERLAP),
    Case("atomic fragment, TCP", atomic, TCP, (6,)),
    Case("atomic fragment, UDP", atomic_udp, UDP, (6,)),
    Case("atomic fragment in an atomic fragment", nested, TCP, (6,), NESTED),
    Case("fragments behind destination options", behind_options, UDP, (6,)),
    Case("first fragment without the transport header", hidden, UDP, (6,), HIDDEN),
]

CONTROLS = [Case("UDP in two fragments", two_allowed)]
