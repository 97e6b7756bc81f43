# SPDX-License-Identifier: GPL-2.0-only
"""VLAN tags: priority tags (id 0) reach the stack without any VLAN device, however many there are."""
from wire import ALLOWED_UDP, TCP, UDP, Case

CUSTOMER, SERVICE = 0x8100, 0x88A8
NO_DEVICE = "no device of that VLAN"


def tagged(*tags, port=None):
    return lambda a: [a.frame(a.ip(UDP, a.udp(port) if port else a.udp()), tags)]


def priority(count):
    return [(CUSTOMER, 0)] * count


CASES = [Case("%d priority tag%s" % (n, "s" if n > 1 else ""), tagged(*priority(n))) for n in range(1, 9)] + [
    Case("TCP SYN behind a priority tag", lambda a: [a.frame(a.ip(TCP, a.tcp()), priority(1))], TCP),
    Case("TCP SYN behind 3 priority tags", lambda a: [a.frame(a.ip(TCP, a.tcp()), priority(3))], TCP),
    Case("a tag with a priority", tagged((CUSTOMER, 0xF000))),
    Case("an 802.1ad tag", tagged((SERVICE, 0))),
    Case("an 802.1ad tag before an 802.1Q tag", tagged((SERVICE, 0), (CUSTOMER, 0))),
    Case("a tag of a VLAN", tagged((CUSTOMER, 5)), silent=NO_DEVICE),
    Case("a priority tag before one of a VLAN", tagged((CUSTOMER, 0), (CUSTOMER, 5)), silent=NO_DEVICE),
    Case("a tag of a VLAN before a priority tag", tagged((CUSTOMER, 5), (CUSTOMER, 0)), silent=NO_DEVICE),
]

CONTROLS = [Case("a priority tag", tagged((CUSTOMER, 0), port=ALLOWED_UDP))]
