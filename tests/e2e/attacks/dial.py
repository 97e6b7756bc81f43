#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""dial.py ADDRESS4 ADDRESS6: knocks at every door that stdin names, all at once, and tells who opened.

A door is a line `HOOK FAMILY NAME PROTO PORT [ADDRESS [OWN-ADDRESS OWN-PORT]]`, parted by tabs; proto:
tcp, udp, udplite. It is open when something is received from it. Lines that tell a result already are
passed on.
"""
import errno
import selectors
import socket
import sys
import time

SILENCE = 0.4
UDPLITE = 136
FAMILY = {"4": socket.AF_INET, "6": socket.AF_INET6}


def knock(family, proto, address, port, *own):
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    s = socket.socket(FAMILY[family], kind, UDPLITE if proto == "udplite" else 0)
    s.setblocking(False)
    if own:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((own[0], int(own[1])))
    if proto == "tcp":
        s.connect_ex((address, int(port)))
    else:  # not connected: the answer may come from another of the host's addresses
        s.sendto(b"knock\n", (address, int(port)))
    return s


def tell(words, outcome, why):
    print("\t".join(words[:3] + [outcome, why]), flush=True)


def hear(sel, key):
    """One door has something to say: it takes what was sent, answers, or refuses."""
    s, words = key.fileobj, key.data
    try:
        if words[3] == "tcp" and key.events & selectors.EVENT_WRITE:
            s.send(b"knock\n")
            sel.modify(s, selectors.EVENT_READ, words)
            return
        tell(words, "open", "-") if s.recv(100) else tell(words, "refused", "closed")
    except OSError as error:
        tell(words, "refused", errno.errorcode.get(error.errno, str(error)))
    sel.unregister(s)


def main(address4, address6):
    sel = selectors.DefaultSelector()
    for line in sys.stdin:
        words = line.rstrip("\n").split("\t")
        if len(words) > 3 and words[3] in ("tcp", "udp", "udplite"):
            address = words[5] if len(words) > 5 else address6 if words[1] == "6" else address4
            s = knock(words[1], words[3], address, words[4], *words[6:])
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            sel.register(s, both if words[3] == "tcp" else selectors.EVENT_READ, words)
        elif len(words) > 3:
            print(line, end="")
    end = time.monotonic() + SILENCE
    while sel.get_map() and time.monotonic() < end:
        for key, _ in sel.select(max(0, end - time.monotonic())):
            hear(sel, key)
    for key in list(sel.get_map().values()):
        tell(key.data, "refused", "silent")


main(*sys.argv[1:])
