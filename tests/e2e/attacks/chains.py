# SPDX-License-Identifier: GPL-2.0-only
"""IPv6 extension headers before what matters, up to the limit of eight and past it."""
from wire import ALLOWED_TCP, DESTINATION, HOPS, ROUTING, SYN, TCP, Case


def chain(*headers, port=None):
    def frames(a):
        segment = a.tcp(SYN, port) if port else a.tcp()
        return [a.frame(a.chained(headers, TCP, segment))]
    return frames


def destinations(count, length=8):
    return [(DESTINATION, length)] * count


def routed(kind, left):
    """A routing header with one address: the last hop's, or one that is still to come."""
    def frames(a):
        head = bytes([TCP, 2, kind, left]) + bytes(4) + b"\xfd\x77" + bytes(13) + b"\x01"
        return [a.frame(a.ip6(ROUTING, head + a.tcp()))]
    return frames


def long_chain(a):
    return [a.frame(a.chained(destinations(8, 256), TCP, a.tcp()))]


def decoy(a):
    """Options whose bytes read as a SYN to an allowed port."""
    looks = a.tcp(SYN, ALLOWED_TCP)[:20]
    options = b"\x1e\x14" + looks + b"\x1e\x06" + bytes(6)
    return [a.frame(a.ip6(DESTINATION, bytes([TCP, 3]) + options + a.tcp()))]


UNKNOWN = "the kernel answers with an error, not from the port"

CASES = [
    Case("%d extension header%s" % (n, "s" if n > 1 else ""), chain(*destinations(n)), TCP, (6,)) for n in range(1, 10)
] + [
    Case("20 extension headers", chain(*destinations(20)), TCP, (6,)),
    Case("hop-by-hop options", chain((HOPS, 8)), TCP, (6,)),
    Case("hop-by-hop and destination options", chain((HOPS, 8), (DESTINATION, 8)), TCP, (6,)),
    Case("destination options of 256 bytes", chain((DESTINATION, 256)), TCP, (6,)),
    Case("headers longer than 1,500 bytes", long_chain, TCP, (6,)),
    Case("options that look like an allowed port", decoy, TCP, (6,)),
    Case("routing header type 0, at its end", routed(0, 0), TCP, (6,)),
    Case("routing header type 2, at its end", routed(2, 0), TCP, (6,)),
    Case("routing header type 0, one hop left", routed(0, 1), TCP, (6,), UNKNOWN),
    Case("hop-by-hop options that do not come first", chain((DESTINATION, 8), (HOPS, 8)), TCP, (6,), UNKNOWN),
]

CONTROLS = [Case("8 extension headers", chain(*destinations(8), port=ALLOWED_TCP), TCP, (6,))]
