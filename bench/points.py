# SPDX-License-Identifier: BSD-3-Clause
"""What is measured: the points, the goals, and how a set of measured values becomes a figure."""
import collections
import statistics

SIZES = (8, 64, 256, 1024, 4096)
NEAR_NS = 250.0    # a flag round trip below this: the two cores sit close together
DROP = 0.25        # probes before and after may differ by this much
WRITE_BYTES = 65536.0

# Descriptors in a ring for round trips and messages; 256 for streams. A small ring has its index and its slots in few cache
# lines: a message on its own takes fewer trips between the cores, while a long stream is held up, as its sender writes slots
# into the line that the receiver polls. The other choice is measured beside each.
SMALL = ("--ring", "32")

Point = collections.namedtuple("Point", "test transport mode bytes program extra")


def small(transport):
    return SMALL if transport == "skerry" else ()


def points():
    """Every point of one repetition. Those that are compared with each other stand close together."""
    found = []
    for size in SIZES:
        found += [Point("roundtrip", t, "poll", size, "4k", small(t)) for t in ("mailbox", "skerry", "unix", "tcp")]
    found.append(Point("roundtrip", "skerry", "poll", 64, "4k", ()))
    found.append(Point("roundtrip", "skerry", "poll", 64, "4k", (*SMALL, "--flags")))
    for size in SIZES:
        found += [Point("roundtrip", t, "sleep", size, "4k", small(t)) for t in ("eventfd", "skerry", "unix", "tcp")
                  if t != "eventfd" or size == 64]
    found += [Point("roundtrip", "pmm", "sleep", size, "4k", ()) for size in (64, 4096)]
    for program, size in (("16k", 16384), ("4k", 4096)):
        found.append(Point("stream", "copy", "poll", size, program, ()))
        found += [Point("stream", "skerry", mode, size, program, ()) for mode in ("poll", "sleep")]
        found.append(Point("stream", "skerry", "poll", size, program, SMALL))
        found.append(Point("receive", "skerry", "poll", size, program, ()))
        found.append(Point("stream", "pmm", "sleep", size, program, ()))
    found += [Point("stream", t, mode, 65536, "4k", ()) for t in ("unix", "tcp") for mode in ("poll", "sleep")]
    found += [Point("message", t, "poll", 64, "4k", small(t)) for t in ("skerry", "unix", "tcp")]
    found.append(Point("message", "skerry", "poll", 64, "4k", ()))
    found.append(Point("message", "skerry", "sleep", 64, "4k", SMALL))
    found.append(Point("message", "skerry", "poll", 64, "4k", (*SMALL, "--group", "8")))
    return found


def label(p):
    name = "%s %s" % (p.transport, p.mode)
    if p.transport == "skerry" and (SMALL[0] in p.extra) == (p.test in ("stream", "receive")):
        name += " (ring of %s)" % (SMALL[1] if SMALL[0] in p.extra else "256")
    return name + (" (no EVENT_IDX)" if "--flags" in p.extra else " (8 a call)" if "--group" in p.extra else "")


class Value:
    """One measured point: kept or dropped, near or far, and its ratio to the probe of the same moment."""

    def __init__(self, point, fields):
        pair = lambda name: [float(part) for part in fields[name].split(",")]
        trips, writes = pair("trip"), pair("write")
        self.point = point
        self.ns = float(fields["ns"])
        self.trip, self.write = sum(trips) / 2, sum(writes) / 2
        self.streaming = point.test in ("stream", "receive")
        spread = lambda both: max(both) / min(both) - 1 if min(both) > 0 else float("inf")
        self.dropped = spread(trips) > DROP or (self.streaming and spread(writes) > DROP)
        self.near = self.trip < NEAR_NS
        # Streams: percent of the copy limit. Messages: how many fit into a flag round trip. Round trips: flag round trips.
        self.ratio = (100.0 * self.write / self.ns if self.streaming
                      else self.trip / self.ns if point.test == "message" else self.ns / self.trip)
        self.doorbells = int(fields["doorbells"]) - int(fields["repeated"])
        self.asks = int(fields["asks"])


class Figures:
    """Medians of what was kept, by point and placement."""

    def __init__(self, values):
        self.values = values
        self.kept = collections.defaultdict(list)
        for value in values:
            if not value.dropped:
                self.kept[value.point, value.near].append(value)

    def count(self, point, near):
        return len(self.kept[point, near])

    def median(self, point, near, what="ratio"):
        kept = self.kept[point, near]
        return statistics.median(getattr(v, what) for v in kept) if kept else None


def quotient(above, below):
    return None if above is None or not below else above / below


def goals(f):
    """(number, what, limit, sign, near, far); a missing figure is None."""
    trip = lambda t, mode, size: Point("roundtrip", t, mode, size, "4k", small(t))
    polled, tcp = trip("skerry", "poll", 64), trip("tcp", "poll", 64)
    both = lambda point: [f.median(point, near) for near in (True, False)]
    worst = lambda points: [min((m for m in (f.median(p, near) for p in points)), default=None,
                                key=lambda m: float("-inf") if m is None else m) for near in (True, False)]
    streams = [Point("stream", "skerry", mode, 16384, "16k", ()) for mode in ("poll", "sleep")]
    spurious = [v for v in f.values if v.point.transport == "skerry" and
                (v.doorbells > (v.asks if v.point.mode == "sleep" and "--flags" not in v.point.extra else 0))]
    rows = [
        ("1", "polled echo, 64 B, x flag round trip", 2.1, "<=", *both(polled)),
        ("2", "polled echo, 4096 B, x flag round trip", 4.6, "<=", *both(trip("skerry", "poll", 4096))),
        ("3", "polled echo 64 B, times faster than TCP loopback", 11.0, ">=",
         *[quotient(f.median(tcp, n), f.median(polled, n)) for n in (True, False)]),
        ("4", "sleeping receiver, 64 B, x eventfd wake-up", 1.05, "<=",
         *[quotient(f.median(trip("skerry", "sleep", 64), n, "ns"), f.median(trip("eventfd", "sleep", 64), n, "ns"))
           for n in (True, False)]),
        ("5", "streaming, 16 KiB buffers, polled and sleeping, % of the copy", 95.0, ">=", *worst(streams)),
        ("6", "streaming, 4 KiB buffers, polled, % of the copy", 50.0, ">=",
         *both(Point("stream", "skerry", "poll", 4096, "4k", ()))),
        ("7", "one-way 64 B messages per flag round trip, a packet each", 4.0, ">=",
         *both(Point("message", "skerry", "poll", 64, "4k", SMALL))),
    ]
    sent = [v for v in f.values if v.point.transport == "skerry"]
    rows.append(("11", "points with a doorbell that the peer had not asked for", 0.0, "<=",
                 float(len(spurious)) if sent else None, None))
    return rows


NEAR_ONLY = ("3", "4", "7", "11")


def verdict(number, limit, sign, near, far):
    """In words. A goal has to hold wherever it was measured; some are meant for near placement only."""
    asked = [m for m in ([near] if number in NEAR_ONLY else [near, far]) if m is not None]
    good = lambda m: m <= limit if sign == "<=" else m >= limit
    if not asked:
        return "not measured"
    bad = [m for m in asked if not good(m)]
    if not bad:
        return "met"
    worst = max(bad) if sign == "<=" else min(bad)
    return "missed by %.0f %%" % (abs(worst / limit - 1) * 100) if limit else "missed"
