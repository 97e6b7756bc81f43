#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""flood.py DEVICE MAC OWN4 OWN6 TARGET4 TARGET6 FAMILY COUNT: later fragments that have no first one."""
import sys

from wire import UDP, Attacker, Wire, mac


def main(device, target_mac, own4, own6, target4, target6, family, count):
    wire = Wire(device)
    own, target = (own6, target6) if family == "6" else (own4, target4)
    one = Attacker(int(family), own, target, (mac(device), target_mac), 0, "flood")
    for number in range(int(count)):
        wire.send(one.frame(one.fragment(UDP, b"x" * 64, 1024, True, ident=40000 + number)))


main(*sys.argv[1:])
