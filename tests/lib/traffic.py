#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Traffic of the end-to-end tests, one command a purpose.

serve TCP UDP            answer on these ports (comma lists), IPv4 and IPv6; says ready
dial PROTO ADDRESS PORT [SECONDS]     OPEN when an answer came, silent, or the errno's name
bind PROTO ADDRESS PORT [stay]        OPEN, or the errno's name; stay: until it is killed
talk PROTO ADDRESS PORT FILE [OWN]    ask and be answered, over and over; FILE counts answers
push tcp PORT            send to whoever connects, over and over, without ever listening to them
push udp PORT ADDRESS TO send from PORT to ADDRESS:TO, over and over
hear tcp ADDRESS PORT FILE            connect, then only receive
hear udp ADDRESS PORT FILE OWN        connect from port OWN, then only receive
accept PORT FILE         accept, then only receive
tell ADDRESS PORT [fast] connect by TCP and send, over and over; fast: as much as there is room for
chat OWN ADDRESS PORT FILE            an unconnected UDP socket that sends unasked, and counts what it gets
flood DEVICE MAC TARGET PORTS SOURCES COUNT   spoofed UDP: COUNT packets in all, spread evenly
datagrams ADDRESS PORT COUNT          plain UDP
big ADDRESS PORT BYTES   one large datagram, answered or not: OPEN or silent
ping ADDRESS COUNT       echo requests at once; how many were answered
raw-send ADDRESS PROTOCOL             one packet of that IP protocol
raw-hear PROTOCOL FILE                counts what comes of it
"""
import errno
import os
import selectors
import signal
import socket
import struct
import sys
import time

STEP = 0.02


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make(proto, address="::"):
    s = socket.socket(family(address), socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return s


def name(error):
    if isinstance(error, (TimeoutError, socket.timeout)):
        return "silent"
    return errno.errorcode.get(error.errno, str(error))


def ports(text):
    return [int(p) for p in text.split(",") if p]


def note(path):
    """A counter that others read while we write."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    return lambda n: os.pwrite(fd, b"%-20d\n" % n, 0)


def serve(tcp, udp):
    sel = selectors.DefaultSelector()
    for proto, numbers in ("tcp", ports(tcp)), ("udp", ports(udp)):
        for number in numbers:
            for any_address in "0.0.0.0", "::":
                s = make(proto, any_address)
                if any_address == "::":
                    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                s.bind((any_address, number))
                if proto == "tcp":
                    s.listen(128)
                sel.register(s, selectors.EVENT_READ, proto)
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            s, kind = key.fileobj, key.data
            try:
                if kind == "tcp":
                    sel.register(s.accept()[0], selectors.EVENT_READ, "connection")
                elif kind == "udp":
                    data, whence = s.recvfrom(65536)
                    s.sendto(data, whence)
                else:
                    data = s.recv(2048)
                    if data:
                        s.sendall(data)
                    else:
                        sel.unregister(s)
                        s.close()
            except OSError:
                if kind == "connection":
                    sel.unregister(s)
                    s.close()


def dial(proto, address, port, seconds="0.6"):
    s = make(proto, address)
    s.settimeout(float(seconds))
    try:
        s.connect((address, int(port)))
        s.sendall(b"hello\n")
        print("OPEN" if s.recv(100) else "closed")
    except OSError as error:
        print(name(error))


def bind(proto, address, port, then=""):
    try:
        make(proto, address).bind((address, int(port)))
        print("OPEN", flush=True)
    except OSError as error:
        print(name(error), flush=True)
    if then == "stay":
        signal.pause()


def talk(proto, address, port, path, own="0"):
    s, say, n = make(proto, address), note(path), 0
    if own != "0":
        s.bind(("", int(own)))
    s.connect((address, int(port)))
    s.settimeout(1)
    while True:
        try:
            s.sendall(b"%d\n" % n)
            if not s.recv(100):
                break
        except TimeoutError:
            continue
        except ConnectionRefusedError:
            continue
        n += 1
        say(n)
        time.sleep(STEP)
    say(-1)


def push(proto, *words):
    s = make(proto, "0.0.0.0")
    s.bind(("", int(words[0])))
    print("ready", flush=True)
    if proto == "udp":
        while True:
            try:
                s.sendto(b"news\n", (words[1], int(words[2])))
            except OSError:
                pass
            time.sleep(STEP)
    s.listen(16)
    s.settimeout(STEP)
    those = []
    while True:
        try:
            those.append(s.accept()[0])
        except TimeoutError:
            pass
        for one in list(those):
            try:
                one.sendall(b"news\n")
            except OSError:
                those.remove(one)


def listen_only(s, path):
    say, n = note(path), 0
    while s.recv(65536):
        n += 1
        say(n)


def hear(proto, address, port, path, own="0"):
    s = make(proto, address)
    if own != "0":
        s.bind(("", int(own)))
    s.connect((address, int(port)))
    listen_only(s, path)


def accept(port, path):
    s = make("tcp", "0.0.0.0")
    s.bind(("", int(port)))
    s.listen(1)
    print("ready", flush=True)
    listen_only(s.accept()[0], path)


def tell(address, port, how="slow"):
    s = make("tcp", address)
    s.connect((address, int(port)))
    data = b"news\n" if how == "slow" else bytes(65536)
    while True:
        s.sendall(data)
        if how == "slow":
            time.sleep(STEP)


def chat(own, address, port, path):
    s, say, n = make("udp", address), note(path), 0
    s.bind(("", int(own)))
    s.settimeout(STEP)
    while True:
        try:
            s.sendto(b"news\n", (address, int(port)))
            s.recv(100)
        except OSError:
            continue
        n += 1
        say(n)
        time.sleep(STEP)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp4(mac, source, target, port, payload=b"flood!"):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0,
                       socket.inet_aton(source), socket.inet_aton(target))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    ether = bytes.fromhex(mac.replace(":", "")) + b"\x02\0\0\0\0\x99\x08\0"
    return ether + head + struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload


def flood(device, mac, target, numbers, sources, count):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((device, 0))
    packets = [udp4(mac, "10.%d.%d.%d" % (100 + i // 62500, i // 250 % 250, i % 250 + 1), target, port)
               for i in range(int(sources)) for port in ports(numbers)]
    for i in range(int(count)):
        s.send(packets[i % len(packets)])


def datagrams(address, port, count):
    s = make("udp", address)
    for _ in range(int(count)):
        try:
            s.sendto(b"x", (address, int(port)))
        except ConnectionRefusedError:
            pass


def big(address, port, size):
    s = make("udp", address)
    s.settimeout(0.6)
    s.connect((address, int(port)))
    try:
        s.sendall(bytes(int(size)))
        print("OPEN" if len(s.recv(65536)) else "short")
    except OSError as error:
        print(name(error))


def ping(address, count):
    six = ":" in address
    s = socket.socket(family(address), socket.SOCK_DGRAM,
                      socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    s.settimeout(0.6)
    s.connect((address, 0))
    answered = 0
    for i in range(int(count)):
        s.sendall(struct.pack("!BBHHH", 128 if six else 8, 0, 0, 0, i))
    try:
        while answered < int(count):
            s.recv(100)
            answered += 1
    except OSError:
        pass
    print(answered)


def raw_send(address, protocol):
    s = socket.socket(family(address), socket.SOCK_RAW, int(protocol))
    s.sendto(bytes(8), (address, 0))


def raw_hear(protocol, path):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, int(protocol))
    print("ready", flush=True)
    say, n = note(path), 0
    while s.recv(100):
        n += 1
        say(n)


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
