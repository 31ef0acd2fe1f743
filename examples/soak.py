#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Send many bytes through the island's echo service, and look at every one that comes back: `make soak` calls this.

    BUILD=DIR examples/soak.py [--bytes N] [--layout dtb|nodtb] [--doorbell unix|poll]

N may end in K, M or G (powers of 1024); the default is 10G. Long enough, it takes the 16-bit ring indices and the 32-bit
credit counters around their wrap many times over. Status 0 only if every byte came back in its place.
"""
import argparse
import os
import random
import re
import socket
import sys
import threading
import time

from bed import ISLAND, PMM, Bed, Failure, check, swallow

# What is sent repeats itself after a prime number of bytes, more than can be under way: a part that is lost, doubled or in
# the wrong place then differs from what is due.
PERIOD = 16777259
PIECE = 1 << 18


def amount(text):
    match = re.fullmatch(r"([1-9]\d*)([KMG]?)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of bytes, 1 or more, such as 500M or 10G")
    return int(match.group(1)) << {"": 0, "K": 10, "M": 20, "G": 30}[match.group(2)]


def pieces(total):
    """What is sent, one piece after the other."""
    once = random.Random(7).randbytes(PERIOD)
    twice = memoryview(once + once[:PIECE])
    for begin in range(0, total, PIECE):
        at = begin % PERIOD
        yield twice[at:at + min(PIECE, total - begin)]


class Progress:
    """One line that is written over on a terminal; otherwise one line every ten seconds."""

    def __init__(self, total):
        self.total = total
        self.begin = self.shown = time.monotonic()
        self.shown_bytes = 0
        self.terminal = sys.stdout.isatty()

    def show(self, done):
        now = time.monotonic()
        if now - self.shown < (0.5 if self.terminal else 10):
            return
        rate = (done - self.shown_bytes) / (now - self.shown)
        line = f"{done / 1e6:9.0f} of {self.total / 1e6:.0f} MB  {100 * done / self.total:5.1f} %  {rate / 1e6:6.1f} MB/s"
        print("\r" + line if self.terminal else line, end="" if self.terminal else "\n", flush=True)
        self.shown, self.shown_bytes = now, done

    def seconds(self):
        if self.terminal:
            print()
        return time.monotonic() - self.begin


def send(connection, total):
    for piece in pieces(total):
        connection.sendall(piece)
    connection.shutdown(socket.SHUT_WR)


def compare(connection, total):
    """Read to the end; a Failure names the first byte that is wrong."""
    done = 0
    progress = Progress(total)
    buffer = bytearray(PIECE)
    for piece in pieces(total):
        part = memoryview(buffer)[:len(piece)]
        filled = 0
        while filled < len(part):
            came = connection.recv_into(part[filled:])
            check(came, f"the stream ended after {done + filled} of {total} bytes")
            filled += came
        if part != piece:
            wrong = next(i for i, (a, b) in enumerate(zip(part, piece)) if a != b)
            raise Failure(f"byte {done + wrong} is wrong: {part[wrong]:#04x} instead of {piece[wrong]:#04x}")
        done += len(part)
        progress.show(done)
    check(not connection.recv(1), f"more than {total} bytes came back")
    return progress.seconds()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bytes", type=amount, default=amount("10G"), help="how many; 10G if not said")
    parser.add_argument("--layout", choices=("dtb", "nodtb"), default="dtb")
    parser.add_argument("--doorbell", choices=("unix", "poll"), default="unix")
    args = parser.parse_args()
    for program in (PMM, ISLAND):
        if not os.access(program, os.X_OK):
            sys.exit(f"soak.py: {program} is missing: run make first")
    with Bed(layout=args.layout, doorbell=args.doorbell) as bed:
        bed.start()
        with bed.connect(7, 60) as connection:
            sender = threading.Thread(target=swallow, args=(lambda: send(connection, args.bytes),), daemon=True)
            sender.start()
            seconds = compare(connection, args.bytes)
        packets = bed.stat("vsock packets_received")
    print(f"{args.bytes} bytes there and back in {seconds:.1f} s, {args.bytes / 1e6 / seconds:.1f} MB/s each way, all as sent; "
          f"{packets} packets came to the island")


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError) as failure:  # an OSError: nothing moved for a while
        sys.exit(f"soak.py: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
