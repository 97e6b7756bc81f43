#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""talker.py PEER4 PEER6 OTHER4 OTHER6 ELSEWHERE4 ELSEWHERE6: unconnected UDP sockets that talk
to port 7 of a peer, and hear anybody.

Says for each where a stranger may knock, as dial.py reads it, and answers until it is killed. OTHER is
another address of that peer's; ELSEWHERE is this machine's by an interface that is not guarded. The peer
himself must be heard, or it says so instead.
"""
import select
import socket
import sys

FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6}
OWN = {"4": "10.77.0.1", "6": "fd77::1"}  # as tests/lib/lab.sh has it
SILENCE = 0.4


def talk(family, peer):
    s = socket.socket(FAMILIES[family], socket.SOCK_DGRAM)
    s.settimeout(SILENCE)
    s.sendto(b"hello\n", (peer, 7))
    s.recv(100)
    return s


def doors(family, port, other, elsewhere):
    name = "UDP that talks to a peer, "
    yield "inbound", family, name + "a stranger asks", "udp", port
    yield "deliver", family, name + "a stranger asks elsewhere", "udp", port, elsewhere
    # One who knows whom it talks to, but has another address.
    yield "inbound", family, name + "a stranger from the peer's port", "udp", port, OWN[family], other, 7


def main(*words):
    sockets = []
    for family, peer, other, elsewhere in zip(FAMILIES, words[:2], words[2:4], words[4:]):
        try:
            s = talk(family, peer)
        except OSError as error:
            sys.exit("the peer's answer did not come, IPv%s: %s" % (family, error))
        for door in doors(family, s.getsockname()[1], other, elsewhere):
            print(*door, sep="\t")
        sockets.append(s)
    print("ready", flush=True)
    while True:
        for s in select.select(sockets, [], [])[0]:
            data, whence = s.recvfrom(100)
            s.sendto(data, whence)


main(*sys.argv[1:])
