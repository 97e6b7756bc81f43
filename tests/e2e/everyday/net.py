#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Traffic of the everyday programs, one command a purpose; a client exits 0 when all went as it should.

answer PORT[,PORT] [ADDRESS…]  UDP: answers whoever asks, from the address that was asked
give PORT BYTES               TCP: sends that much to whoever connects, IPv4 and IPv6
take ADDRESS PORT BYTES       connects and wants that much
put ADDRESS PORT BYTES        connects, sends that much, wants the count back
swallow PORT                  the server for it
late PORT [tcp]               TCP and UDP, IPv4 and IPv6: answers a line `SECONDS` so much later
idle PROTO ADDRESS PORT client|server SECONDS [alive]   speaks, is silent, then that side speaks first
                              alive: with TCP keep-alives every second
query ADDRESS PORT WANTED [PORT-OF-ITS-OWN]   one question, so many different ones must answer
responder GROUP PORT          joins and answers questions to the group, by unicast
mdns-listen                   binds 5353, joins both groups and wants a question by each family
mdns-ask                      asks both groups from port 5353, until it is killed
hear GROUP PORT DEVICE        joins and wants a datagram
shout GROUP PORT DEVICE       sends datagrams to the group until it is killed
reports DEVICE PROTO          asks who is in which group and wants a report (PROTO: igmp or mld)
member GROUP DEVICE           joins and stays
several PORT ADDRESS…         one unconnected socket asks all of them, all must answer
ntp-server                    answers time requests on port 123
ntp ADDRESS OWN               asks the time from that port of its own (0: any)
syslog FILE [PORT]            writes what comes to port 514
stub ADDRESS PORT SERVER      a resolver's stub: hands questions on from ports that the kernel chooses
options ADDRESS PORT          connects by TCP with the IP option record route
raw-talk ADDRESS PROTO        sends packets of that IP protocol, wants them back
raw-echo ADDRESS PROTO        the server for it
tun NAME OWN PORT PEER        carries a tunnel's packets in UDP; PORT 0: to whoever speaks first
activated                     accepts and answers on file descriptor 3
once ADDRESS PORT             its client: says something, and wants it back
icmp ADDRESS                  an echo request by a raw socket of its own
fast-open ADDRESS PORT        TCP with data on its SYN
connected ADDRESS PORT [OWN]  UDP, connected: a question and its answer
mptcp ADDRESS PORT            a question and its answer, by MPTCP
"""
import fcntl
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make(address, kind=socket.SOCK_DGRAM, proto=0):
    s = socket.socket(family(address), kind, proto)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family(address) == socket.AF_INET6 and kind != socket.SOCK_RAW:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.settimeout(1.5)
    return s


def bound(address, port, kind=socket.SOCK_DGRAM):
    s = make(address, kind)
    s.settimeout(None)
    s.bind((address, int(port)))
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    return s


def ready():
    print("ready", flush=True)


def check(condition, words="that is not so"):
    if not condition:
        sys.exit(words)


def threads(work, sockets):
    for s in sockets:
        threading.Thread(target=work, args=(s,), daemon=True).start()
    ready()
    signal.pause()


def both(port, kind=socket.SOCK_DGRAM):
    return [bound(address, port, kind) for address in ("0.0.0.0", "::")]


def answer(ports, *addresses):
    def work(s):
        while True:
            data, whence = s.recvfrom(65535)
            s.sendto(data, whence)
    threads(work, [bound(a, p) for p in ports.split(",") for a in addresses or ("0.0.0.0", "::")])


def each_connection(listener, work):
    while True:
        threading.Thread(target=work, args=(listener.accept()[0],), daemon=True).start()


def give(port, size):
    def work(c):
        c.sendall(bytes(int(size)))
        c.close()
    threads(lambda s: each_connection(s, work), both(port, socket.SOCK_STREAM))


def swallow(port):
    def work(c):
        left = struct.unpack("!I", c.recv(4, socket.MSG_WAITALL))[0]
        while left:
            left -= len(c.recv(65536)) or sys.exit(1)
        c.sendall(b"done")
    threads(lambda s: each_connection(s, work), both(port, socket.SOCK_STREAM))


def connect(address, port):
    s = make(address, socket.SOCK_STREAM)
    s.connect((address, int(port)))
    s.settimeout(6)
    return s


def take(address, port, size):
    s, got = connect(address, port), 0
    while got < int(size):
        data = s.recv(65536)
        check(data, "only %d bytes came" % got)
        got += len(data)


def put(address, port, size):
    s = connect(address, port)
    s.sendall(struct.pack("!I", int(size)) + bytes(int(size)))
    check(s.recv(4) == b"done")


def late(port, proto="both"):
    def line(c):
        while True:
            data = c.recv(100)
            if not data:
                return
            time.sleep(float(data))
            c.sendall(data)

    def datagrams(s):
        def reply(data, whence):
            time.sleep(float(data))
            s.sendto(data, whence)
        while True:
            threading.Thread(target=reply, args=s.recvfrom(100), daemon=True).start()
    for s in both(port) if proto != "tcp" else ():
        threading.Thread(target=datagrams, args=(s,), daemon=True).start()
    threads(lambda s: each_connection(s, line), both(port, socket.SOCK_STREAM))


def idle(proto, address, port, who, seconds, alive=""):
    s = make(address, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
    if alive:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option in socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL:
            s.setsockopt(socket.IPPROTO_TCP, option, 1)
    s.connect((address, int(port)))

    def say(line, wait=1.5):
        s.settimeout(wait)
        s.sendall(line)
        check(s.recv(100) == line)
    say(b"0")
    if who == "client":
        time.sleep(float(seconds))
        say(b"0")
    else:
        say(seconds.encode(), float(seconds) + 3)
        say(b"0")


def collect(s, wanted):
    those, end = set(), time.monotonic() + 1.5
    while len(those) < wanted and time.monotonic() < end:
        s.settimeout(max(0.01, end - time.monotonic()))
        try:
            those.add(s.recvfrom(2000)[1][:2])
        except TimeoutError:
            break
    check(len(those) >= wanted, "%d answered: %s" % (len(those), those))


def query(address, port, wanted, own="0"):
    s = make(address)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if ":" in address:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("host0"))
    if own != "0":
        s.bind(("", int(own)))
    s.sendto(b"who is there?", (address, int(port)))
    collect(s, int(wanted))


def join(s, group, device):
    index = socket.if_nametoindex(device)
    if ":" in group:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                     socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index))
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    else:
        request = socket.inet_aton(group) + bytes(4) + struct.pack("@I", index)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)


# Two machines in one: answers come from both addresses of the neighbour.
def responder(group, port):
    s = bound("::" if ":" in group else "0.0.0.0", port)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if group.startswith(("2", "ff")):
        join(s, group, "peer0")
    froms = []
    for address in ("fd77::2", "fd77::3") if ":" in group else ("10.77.0.2", "10.77.0.3"):
        one = make(address)
        one.bind((address, int(port)))
        froms.append(one)
    ready()
    while True:
        data, whence = s.recvfrom(2000)
        for one in froms:
            one.sendto(data, whence)


MDNS = ("224.0.0.251", "0.0.0.0"), ("ff02::fb", "::")


def mdns_sockets(device):
    those = []
    for group, address in MDNS:
        s = make(address)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind((address, 5353))
        join(s, group, device)
        those.append((s, group))
    return those


def mdns_listen():
    for s, group in mdns_sockets("host0"):
        s.settimeout(2)
        data, whence = s.recvfrom(2000)
        s.sendto(b"answer", (group, 5353))
        print(group, "heard", whence)


def repeat(work):
    ready()
    while True:
        work()
        time.sleep(0.1)


def mdns_ask():
    those = mdns_sockets("peer0")
    repeat(lambda: [s.sendto(b"who is host.local?", (group, 5353)) for s, group in those])


def hear(group, port, device):
    s = make("::" if ":" in group else "0.0.0.0")
    s.bind(("", int(port)))
    join(s, group, device)
    s.settimeout(2)
    print(s.recvfrom(2000))


def shout(group, port, device):
    s = make(group)
    join(s, group, device)
    repeat(lambda: s.sendto(b"news", (group, int(port))))


def member(group, device):
    s = make(group)
    join(s, group, device)
    ready()
    signal.pause()


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def igmp_query(index):
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("@4s4sI", bytes(4), bytes(4), index))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x94\x04\0\0")  # router alert
    body = struct.pack("!BBH4s", 0x11, 3, 0, bytes(4))
    s.sendto(body[:2] + struct.pack("!H", checksum(body)) + body[4:], ("224.0.0.1", 0))


def mld_query(index):
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
    alert = bytes((58, 0, 5, 2, 0, 0, 1, 0))  # hop-by-hop: router alert
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_HOPOPTS, alert)
    s.sendto(struct.pack("!BBHHH16s", 130, 0, 0, 300, 0, bytes(16)), ("ff02::1", 0, 0, index))


def is_report(proto, packet):
    if proto == "igmp":
        return packet[9] == 2 and packet[(packet[0] & 15) * 4] in (0x16, 0x22)
    return packet[6] == 0 and packet[40] == 58 and packet[48] in (131, 143)


def reports(device, proto):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    s.bind((device, 0x0800 if proto == "igmp" else 0x86DD))
    index = socket.if_nametoindex(device)
    s.setsockopt(263, 1, struct.pack("@iHH8s", index, 2, 0, bytes(8)))  # all multicast frames
    (igmp_query if proto == "igmp" else mld_query)(index)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        s.settimeout(max(0.01, end - time.monotonic()))
        packet, whence = s.recvfrom(2000)
        if whence[2] != socket.PACKET_OUTGOING and is_report(proto, packet):
            return


def several(port, *addresses):
    for six in False, True:
        those = [a for a in addresses if (":" in a) == six]
        if those:
            s = make(those[0])
            for address in those:
                s.sendto(b"hello", (address, int(port)))
            collect(s, len(those))


def ntp_server():
    def work(s):
        while True:
            data, whence = s.recvfrom(100)
            now = int(time.time()) + 2208988800
            s.sendto(struct.pack("!BBbbII4sQ8sQQ", 0x24, 1, 3, -20, 0, 0, b"LOCL", now << 32,
                                 data[40:48], now << 32, now << 32), whence)
    threads(work, both(123))


def ntp(address, own):
    s = make(address)
    s.bind(("", int(own)))
    s.sendto(b"\x23" + bytes(47), (address, 123))
    data, whence = s.recvfrom(100)
    check(len(data) == 48 and data[0] & 7 == 4 and whence[1] == 123)


def syslog(path, port="514"):
    def work(s):
        while True:
            data = s.recv(2000)
            with open(path, "ab") as out:
                out.write(data + b"\n")
    threads(work, both(port))


def stub(address, port, server):
    s = bound(address, port)
    ready()
    while True:
        data, whence = s.recvfrom(4096)
        question = make(server)
        question.connect((server, 53))
        question.send(data)
        try:
            s.sendto(question.recv(4096), whence)
        except TimeoutError:
            pass


def options(address, port):
    s = make(address, socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01\x07\x27\x04" + bytes(36))
    s.connect((address, int(port)))
    check(s.recv(4))


def raw_talk(address, proto):
    s = make(address, socket.SOCK_RAW, int(proto))
    for _ in range(5):
        s.sendto(b"\0\0\x88\xb5ping", (address, 0))
        s.settimeout(0.3)
        try:
            while b"pong" not in s.recv(2000):
                pass
            return
        except TimeoutError:
            pass
    sys.exit("no answer")


def raw_echo(address, proto):
    s = make(address, socket.SOCK_RAW, int(proto))
    s.settimeout(None)
    ready()
    while True:
        data, whence = s.recvfrom(2000)
        if b"ping" in data:
            s.sendto(b"\0\0\x88\xb5pong", whence)


def tun(name, own, port, peer):
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, 0x400454CA, struct.pack("16sH22s", name.encode(), 0x1001, b""))
    s = bound("::" if ":" in peer else "0.0.0.0", own)
    whom = (peer, int(port)) if port != "0" else None
    ready()
    sel = selectors.DefaultSelector()
    sel.register(device, selectors.EVENT_READ)
    sel.register(s, selectors.EVENT_READ)
    while True:
        for key, _ in sel.select():
            try:
                if key.fileobj is s:
                    data, whence = s.recvfrom(2000)
                    whom = whom or whence
                    os.write(device, data)
                elif whom:
                    s.sendto(os.read(device, 2000), whom)
                else:
                    os.read(device, 2000)
            except OSError:  # the other end, or the device, is not up yet
                pass


def activated():
    s = socket.socket(fileno=3)
    while True:
        c = s.accept()[0]
        c.sendall(c.recv(100))
        c.close()


def once(address, port):
    s = connect(address, port)
    s.settimeout(1.5)
    s.send(b"hello")
    check(s.recv(100) == b"hello")


def icmp(address):
    six = ":" in address
    s = make(address, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
    body = struct.pack("!BBHHH", 128 if six else 8, 0, 0, 77, 1)
    if not six:
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    s.sendto(body, (address, 0))
    while True:
        data = s.recv(2000)
        data = data if six else data[20:]
        if data[0] == (129 if six else 0) and data[4:6] == b"\0\x4d":
            return


def fast_open(address, port):
    s = make(address, socket.SOCK_STREAM)
    s.settimeout(None)  # else the first one, which asks for a cookie, says EINPROGRESS
    s.sendto(b"0", socket.MSG_FASTOPEN, (address, int(port)))
    check(s.recv(10) == b"0")


def connected(address, port, own="0"):
    s = make(address)
    if own != "0":
        s.bind(("", int(own)))
    s.connect((address, int(port)))
    s.send(b"hello")
    check(s.recv(100) == b"hello")


def mptcp(address, port):
    s = make(address, socket.SOCK_STREAM, 262)
    s.connect((address, int(port)))
    s.send(b"0")
    check(s.recv(10) == b"0")


if __name__ == "__main__":
    try:
        globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
    except OSError as error:
        sys.exit("%s: %s" % (sys.argv[1], error))
