# SPDX-License-Identifier: BSD-3-Clause
"""The figures as one SVG, drawn by hand: nothing is needed to make it, and any browser shows it."""
import math
from xml.sax.saxutils import escape

from points import SIZES, label, points, small

COLOURS = {"skerry": "#0b6e4f", "mailbox": "#888888", "copy": "#888888", "unix": "#c97b14", "tcp": "#b3261e",
           "eventfd": "#5b5b5b", "pmm": "#3b6fb6"}
HEIGHT, TOP = 420, 60


def text(x, y, words, anchor="start", size=12, colour="#222"):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" fill="%s">%s</text>' % (x, y, anchor, size, colour,
                                                                                           escape(words))


def line(x1, y1, x2, y2, colour="#ddd", width=1.0):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f"/>' % (x1, y1, x2, y2, colour,
                                                                                              width)


def trips(figures, near, mode, left, width):
    """Round trips over their size, in flag round trips; both axes logarithmic."""
    out = [text(left, TOP - 18, "round trip, %s: flag round trips over bytes" %
                ("polled" if mode == "poll" else "sleeping receiver"), size=13)]
    curves = {}
    for (point, where), kept in figures.kept.items():
        if kept and where == near and point.test == "roundtrip" and point.mode == mode and point.extra == small(point.transport):
            curves.setdefault(point.transport, []).append((point.bytes, figures.median(point, near)))
    values = [y for curve in curves.values() for _, y in curve]
    if not values:
        return out + [text(left, TOP + 20, "nothing measured")]
    low, high = math.floor(math.log2(min(values))), math.ceil(math.log2(max(values)))
    at_y = lambda v: TOP + HEIGHT * (1 - (math.log2(v) - low) / max(high - low, 1))
    at_x = lambda b: left + 30 + (width - 90) * SIZES.index(b) / (len(SIZES) - 1)
    for power in range(low, high + 1):
        out += [line(left + 25, at_y(2.0 ** power), left + width - 55, at_y(2.0 ** power)),
                text(left + 20, at_y(2.0 ** power) + 4, "%g" % 2.0 ** power, "end", 11)]
    out += [text(at_x(size), TOP + HEIGHT + 18, str(size), "middle", 11) for size in SIZES]
    for name, curve in sorted(curves.items()):
        curve.sort()
        out.append('<polyline fill="none" stroke="%s" stroke-width="2.2" points="%s"/>'
                   % (COLOURS[name], " ".join("%.1f,%.1f" % (at_x(b), at_y(v)) for b, v in curve)))
        out += ['<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (at_x(b), at_y(v), COLOURS[name]) for b, v in curve]
        out.append(text(at_x(curve[-1][0]) + 7, at_y(curve[-1][1]) + 4, name, colour=COLOURS[name]))
    return out


def bars(figures, near, tests, title, unit, left, width):
    rows = [(figures.median(point, near), point) for (point, where), kept in figures.kept.items()
            if kept and where == near and point.test in tests]
    rows.sort(key=lambda row: points().index(row[1]))
    out = [text(left, TOP - 18, title, size=13)]
    high = max([value for value, _ in rows], default=1.0)
    for i, (value, point) in enumerate(rows):
        y = TOP + i * min(30, HEIGHT / len(rows))
        kind = "" if point.test == "message" else " %d KiB" % (point.bytes // 1024)
        way = " to island" if point.test == "receive" else ""
        out += ['<rect x="%.1f" y="%.1f" width="%.1f" height="15" fill="%s"/>' %
                (left + 165, y, (width - 230) * value / high, COLOURS[point.transport]),
                text(left + 160, y + 12, label(point) + kind + way, "end", 11),
                text(left + 169 + (width - 230) * value / high, y + 12, "%.*f%s" % (0 if unit else 2, value, unit), size=11)]
    return out


def draw(figures, path):
    near = sum(len(v) for (_, n), v in figures.kept.items() if n) >= sum(len(v) for (_, n), v in figures.kept.items() if not n)
    parts = (trips(figures, near, "poll", 20, 360) + trips(figures, near, "sleep", 400, 360) +
             bars(figures, near, ("stream", "receive"), "streaming: % of the copy limit", " %", 780, 430) +
             bars(figures, near, ("message",), "one-way 64 B messages per flag round trip", "", 1220, 400))
    parts.append(text(20, 24, "Skerry against its alternatives, %s placement; medians, each point against the probe of its own moment"
                      % ("near" if near else "far"), size=16))
    with open(path, "w") as handle:
        handle.write('<svg xmlns="http://www.w3.org/2000/svg" width="1640" height="%d" font-family="sans-serif">\n'
                     '<rect width="100%%" height="100%%" fill="white"/>\n%s\n</svg>\n' % (TOP + HEIGHT + 40, "\n".join(parts)))
