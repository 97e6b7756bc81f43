#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tunnel.py LOG PHASE: packets that come out of a tunnel's device, to ports that are closed.

It is the daemon of a tunnel (a VPN's, say), which writes the inner packets to a TUN device. No
guarded interface has seen them: the socket's own cgroup must refuse. Judged as wire.py says.
"""
import fcntl
import os
import select
import selectors
import struct
import subprocess
import sys
import time

from wire import SILENCE, TCP, UDP, UDPLITE, Case, answered, attack, tokens

DEVICE = "tun-attack"
ADDRESSES = {4: ("10.82.0.2", "10.82.0.1"), 6: ("fd82::2", "fd82::1")}
TUNSETIFF, IFF_TUN, IFF_NO_PI, IFA_F_TENTATIVE = 0x400454CA, 1, 0x1000, 0x40
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")  # not sent

CASES = [
    Case("TCP SYN out of a tunnel", lambda a: [a.ip(TCP, a.tcp())], TCP, hook="deliver"),
    Case("UDP out of a tunnel", lambda a: [a.ip(UDP, a.udp())], hook="deliver"),
    Case("UDP from port 53 out of a tunnel", lambda a: [a.ip(UDP, a.udp(sport=53))], hook="deliver"),
    Case("UDP-Lite out of a tunnel", lambda a: [a.ip(UDPLITE, a.udplite())], UDPLITE, hook="deliver"),
    Case("UDP of another own address out of a tunnel",
         lambda a: [a.ip(UDP, a.udp(target=elsewhere(a)), target=elsewhere(a))], hook="deliver"),
]


def elsewhere(a):
    """The address by which the guarded interface is known."""
    return "fd77::1" if a.six else "10.77.0.1"


def is_settled():
    """Whether the kernel has made up its mind about the device's IPv6 addresses."""
    with open("/proc/net/if_inet6") as table:
        lines = [line.split() for line in table]
    return any(words[5] == DEVICE and words[0].startswith("fd82") and not int(words[4], 16) & IFA_F_TENTATIVE
               for words in lines)


class Tunnel:
    def __init__(self):
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22s", DEVICE.encode(), IFF_TUN | IFF_NO_PI, b""))
        subprocess.run(["ip", "link", "set", DEVICE, "up"], check=True)
        for address in "10.82.0.1/24", "fd82::1/64":
            subprocess.run(["ip", "address", "add", address, "dev", DEVICE], check=True)
        end = time.monotonic() + 3
        while not is_settled() and time.monotonic() < end:
            select.select([], [], [], 0.01)

    def send(self, packet, _):
        os.write(self.fd, packet)

    def answers(self, wanted, log):
        sel, got = selectors.DefaultSelector(), set()
        sel.register(self.fd, selectors.EVENT_READ)
        end = time.monotonic() + SILENCE
        while len(got) < len(wanted) and time.monotonic() < end:
            if sel.select(0.02):
                got |= {answered(os.read(self.fd, 2048))} & set(wanted)
            got |= set(tokens(log)) & set(wanted)
        return got


def main(log, phase):
    if not os.path.exists("/dev/net/tun"):
        for case in CASES:
            for family in case.families:
                print("\t".join([case.hook, str(family), case.name, "unsupported", "no TUN devices"]))
        return
    attack(CASES, Tunnel(), log, phase, ADDRESSES, MACS)


main(*sys.argv[1:])
