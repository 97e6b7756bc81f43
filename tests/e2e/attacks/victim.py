#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""victim.py LOG TCP UDP [raw]: whom the attacks are aimed at.

Listens on the TCP ports and answers on the UDP and UDP-Lite ports (comma lists), IPv4 and IPv6, and
writes each token [[...]] that it receives into LOG. raw: hears tunnels' and other protocols, too.
"""
import re
import selectors
import socket
import sys

UDPLITE = 136
TUNNELS = {socket.AF_INET: (4, 41, 47, 50, 132, 33, 253), socket.AF_INET6: (4, 41, 47, 50, 132, 33, 253)}
TOKEN = re.compile(rb"\[\[[^\]]*\]\]")
ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}


def make(family, kind, protocol, port):
    s = socket.socket(family, kind, protocol)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if kind == socket.SOCK_STREAM:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6 and kind != socket.SOCK_RAW:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    if kind != socket.SOCK_RAW:
        s.bind((ANY[family], port))
    return s


def open_all(tcp, udp, raw):
    for family in ANY:
        for port in tcp:
            s = make(family, socket.SOCK_STREAM, 0, port)
            s.listen(1024)
            yield s, "listen"
        for port in udp:
            yield make(family, socket.SOCK_DGRAM, 0, port), "datagram"
            try:
                yield make(family, socket.SOCK_DGRAM, UDPLITE, port), "datagram"
            except OSError:
                pass  # a kernel without UDP-Lite
        for protocol in TUNNELS[family] if raw else ():
            yield make(family, socket.SOCK_RAW, protocol, 0), "hear"


def receive(sel, s, kind, log):
    if kind == "listen":
        sel.register(s.accept()[0], selectors.EVENT_READ, "connection")
        return
    data, whence = s.recvfrom(65536)
    for token in TOKEN.findall(data):
        log.write(token + b"\n")
    if kind == "connection" and not data:
        sel.unregister(s)
        s.close()
    elif kind == "connection":
        s.sendall(data[:512])
    elif kind == "datagram":
        s.sendto(data[:512], whence)


def main(path, tcp, udp, raw=""):
    sel = selectors.DefaultSelector()
    log = open(path, "wb", buffering=0)
    for s, kind in open_all([int(p) for p in tcp.split(",")], [int(p) for p in udp.split(",")], raw):
        sel.register(s, selectors.EVENT_READ, kind)
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            try:
                receive(sel, key.fileobj, key.data, log)
            except OSError:
                if key.data == "connection":
                    sel.unregister(key.fileobj)
                    key.fileobj.close()


main(*sys.argv[1:])
