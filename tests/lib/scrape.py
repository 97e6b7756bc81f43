# SPDX-License-Identifier: GPL-2.0-only
#
# scrape.py SOCKET SECONDS: some hundred clients a second that mean no good to the metrics endpoint: they say
# nothing, begin and do not end, send headers without end, garbage, ask many times, or ask and do not read.
# It prints `ready` when all kinds have been there, and goes on until its time is over.
import os
import random
import socket
import sys
import time

KINDS = [
    b"",
    b"G",
    b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 4000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"GET /metrics HTTP/1.1\r\n\r\n" * 50,
    b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
]


def attack(path, seconds):
    held, tried = [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        try:
            client.connect(path)
            client.send(KINDS[tried % len(KINDS)])
        except OSError:  # it waits before the door, or was cut off
            pass
        held.append(client)
        if len(held) > 100:
            held.pop(random.randrange(len(held))).close()
        tried += 1
        time.sleep(0.002)
        if tried == 10 * len(KINDS):
            print("ready", flush=True)
    print("tried", tried, flush=True)


if __name__ == "__main__":
    random.seed(int(os.environ.get("SEED", "1")))
    attack(sys.argv[1], float(sys.argv[2]))
