#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark: measures every point many times, and says which goals hold. bench/README.md tells how to read it."""
import argparse
import csv
import os
import subprocess
import sys
import tempfile

import plot
from points import Figures, Point, Value, goals, label, points, verdict

HERE = os.path.dirname(os.path.abspath(__file__))


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build", "bench"), help="where the programs are")
    parser.add_argument("--pmm", help="skerry-pmm; default: beside the folder of --build")
    parser.add_argument("--repetitions", type=int, help="default 10, with --quick 2")
    parser.add_argument("--seconds", type=float, help="for one point, its probes left aside; default 0.05, with --quick 0.02")
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    parser.add_argument("--only", default="", help="only points whose line in the table holds this text")
    parser.add_argument("--cpus", help="two cores, A,B; default: the first two this process may use")
    args = parser.parse_args()
    if args.repetitions is None:
        args.repetitions = 2 if args.quick else 10
    if args.seconds is None:
        args.seconds = 0.02 if args.quick else 0.05
    if args.repetitions < 1 or not 0.0 < args.seconds <= 5.0:
        parser.error("expected --repetitions of 1 or more and --seconds above 0, at most 5")
    args.build = os.path.abspath(args.build)
    args.pmm = os.path.abspath(args.pmm or os.path.join(args.build, "..", "pmm", "skerry-pmm"))
    return args


def cores(args):
    """Two cores to pin to, or the end with a sentence that says what is lacking."""
    usable = sorted(os.sched_getaffinity(0))
    wanted = usable[:2]
    if args.cpus:
        try:
            wanted = [int(part) for part in args.cpus.split(",")]
        except ValueError:
            sys.exit("bench: --cpus %s: expected two numbers, A,B" % args.cpus)
    if len(usable) < 2:
        sys.exit("bench: two cores are needed, front-end and back-end spin on one each; this process may use %d"
                 % len(usable))
    if len(set(wanted)) != 2 or not set(wanted) <= set(usable):
        sys.exit("bench: --cpus %s: expected two different cores out of %s" % (args.cpus, usable))
    return "%d,%d" % tuple(wanted)


def measure(args, cpus, point):
    """One point; None and a sentence if it failed."""
    command = [os.path.join(args.build, "skerry-bench-" + point.program), point.transport, point.test, "--bytes",
               str(point.bytes), "--mode", point.mode, "--seconds", str(args.seconds), "--cpus", cpus, *point.extra]
    with tempfile.TemporaryDirectory(prefix="skerry-bench.") as folder:
        if point.transport == "pmm":
            command += ["--pmm", args.pmm, "--folder", folder]
        try:
            result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=40)
        except (OSError, subprocess.TimeoutExpired) as error:
            return None, str(error)
    lines = [line for line in result.stdout.splitlines() if line.startswith("ns=")]
    if result.returncode != 0 or len(lines) != 1:
        said = [line for line in result.stderr.splitlines() if line.startswith("skerry-bench")]
        return None, said[0] if said else "ended with status %d and said nothing" % result.returncode
    return Value(point, dict(part.split("=") for part in lines[0].split())), ""


def shown(value):
    unit = {"roundtrip": "%.2f x flag round trip", "stream": "%.0f %% of the copy", "receive": "%.0f %% of the copy",
            "message": "%.2f in a flag round trip"}[value.point.test]
    return unit % value.ratio


def name(point):
    return "%-9s %5d B  %s" % (point.test, point.bytes, label(point))


def run(args, cpus):
    """All repetitions; a line for each point as it is done."""
    wanted = [p for p in points() if args.only in name(p)]
    total, done, values, failed = len(wanted) * args.repetitions, 0, [], []
    if not wanted:
        sys.exit("bench: no point matches --only %s" % args.only)
    for repetition in range(args.repetitions):
        for point in wanted:
            done += 1
            value, why = measure(args, cpus, point)
            if value is None:
                failed.append((point, why))
                said = "FAILED: " + why
            else:
                values.append((repetition, value))
                said = "%10.1f ns  %s  %s" % (value.ns, "near" if value.near else "far ",
                                              "dropped, probes differ" if value.dropped else shown(value))
            print("[%3d/%d] %-46s %s" % (done, total, name(point), said), flush=True)
    return wanted, values, failed


def tabulate(wanted, figures, failed):
    """The table as lines, and the same as rows for a CSV file."""
    cell = lambda v, form: "-" if v is None else form % v
    rows, out = [], ["%-46s %10s %8s %4s   %10s %8s %4s" % ("", "near ns", "ratio", "n", "far ns", "ratio", "n")]
    for point in wanted:
        row = [point.test, point.bytes, label(point)]
        text = "%-46s" % name(point)
        for near in (True, False):
            ns, ratio, n = figures.median(point, near, "ns"), figures.median(point, near), figures.count(point, near)
            row += [ns, ratio, n]
            text += " %10s %8s %4d  " % (cell(ns, "%.0f"), cell(ratio, "%.2f"), n)
        rows.append(row)
        out.append(text.rstrip())
    out += ["", "ns: of one round trip, 64 KiB written, one message. ratio: round trips in flag round trips, streams in % of the",
            "copy of 64 KiB, messages per flag round trip. n: repetitions kept.", ""]
    form = "%-3s %-62s %2s %5s   %7s %7s  %s"
    out.append(form % ("#", "goal", "", "", "near", "far", ""))
    for number, what, limit, sign, near, far in goals(figures):
        out.append(form % (number, what, sign, "%g" % limit, cell(near, "%.2f"), cell(far, "%.2f"),
                           verdict(number, limit, sign, near, far)))
    floor = lambda point, form: " / ".join(cell(figures.median(point, near), form) for near in (True, False))
    out += ["", "what this machine allows, near / far: a bare mailbox needs %s flag round trips for 64 B, %s for 4096 B;"
            % tuple(floor(Point("roundtrip", "mailbox", "poll", size, "4k", ()), "%.2f") for size in (64, 4096)),
            "the copy ring itself reaches %s %% with slots of 4 KiB."
            % floor(Point("stream", "copy", "poll", 4096, "4k", ()), "%.0f"), ""]
    out += ["%d of %d points dropped because their probes differed by more than 25 %%, %d failed"
            % (sum(v.dropped for v in figures.values), len(figures.values) + len(failed), len(failed))]
    return out, rows


def main():
    args = options()
    cpus = cores(args)
    if os.getloadavg()[0] > 1.0:
        print("bench: the load average is %.1f: others use these cores, and the figures will tell less" % os.getloadavg()[0])
    wanted, values, failed = run(args, cpus)
    figures = Figures([value for _, value in values])
    table, rows = tabulate(wanted, figures, failed)
    print("\n" + "\n".join(table))
    with open(os.path.join(args.build, "table.txt"), "w") as handle:
        handle.write("\n".join(table) + "\n")
    with open(os.path.join(args.build, "points.csv"), "w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow("repetition test bytes transport mode extra ns flag_ns copy_ns ratio placement kept doorbells asks".split())
        for repetition, v in values:
            out.writerow([repetition, v.point.test, v.point.bytes, v.point.transport, v.point.mode, " ".join(v.point.extra), v.ns,
                          "%.2f" % v.trip, "%.1f" % v.write, "%.4f" % v.ratio, "near" if v.near else "far",
                          int(not v.dropped), v.doorbells, v.asks])
    with open(os.path.join(args.build, "summary.csv"), "w", newline="") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow("test bytes transport near_ns near_ratio near_n far_ns far_ratio far_n".split())
        out.writerows(["" if cell is None else cell for cell in row] for row in rows)
    plot.draw(figures, os.path.join(args.build, "bench.svg"))
    print("written: table.txt, summary.csv, points.csv, bench.svg in %s" % args.build)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
