#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pcapng.py FILE: a line of JSON for each packet of a pcapng file; anything out of order is an error.

Written from the format's specification, not from the writer: blocks, lengths at both ends, options.
"""
import json
import struct
import sys


def options(body):
    found = {}
    while body:
        code, length = struct.unpack_from("=HH", body)
        if code == 0:
            assert length == 0 and len(body) == 4, "options end with the block"
            return found
        found[code] = body[4:4 + length]
        padding = body[4 + length:4 + length + (-length % 4)]
        assert not padding.strip(b"\0"), "padding is zero"
        body = body[4 + length + len(padding):]
    raise AssertionError("options without an end")


def blocks(data):
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("=II", data, at)
        assert length % 4 == 0 and length >= 12, "a block's length"
        assert struct.unpack_from("=I", data, at + length - 4)[0] == length, "the same at its end"
        yield kind, data[at + 8:at + length - 4]
        at += length


def packets(data):
    interfaces = None
    for kind, body in blocks(data):
        if kind == 0x0A0D0D0A:
            magic, major, minor, length = struct.unpack_from("=IHHQ", body)
            assert (magic, major, minor, length) == (0x1A2B3C4D, 1, 0, 2**64 - 1)
            assert options(body[16:])[4].startswith(b"portguard ")
            interfaces = []
        elif kind == 1:
            link, reserved, snaplen = struct.unpack_from("=HHI", body)
            known = options(body[8:])
            assert reserved == 0 and known[9] == b"\x09"
            interfaces.append({"interface": known[2].decode(), "link": link})
        elif kind == 6:
            number, high, low, captured, length = struct.unpack_from("=IIIII", body)
            known = options(body[20 + captured + -captured % 4:])
            verdict = known.get(7)
            yield interfaces[number] | {
                "seconds": (high << 32 | low) / 1e9, "captured": captured, "length": length,
                "bytes": body[20:20 + captured].hex(), "comment": known[1].decode(),
                "flags": struct.unpack("=I", known[2])[0],
                "verdict": verdict and [verdict[0], struct.unpack("=Q", verdict[1:])[0]]}
        else:
            raise AssertionError(f"a block of type {kind}")


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        for packet in packets(file.read()):
            print(json.dumps(packet))
