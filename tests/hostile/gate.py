#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The hostile back-end as a gate: the catalogue on the delivered configuration, the sweeps on large buffers, plain and san.

    gate.py                 what `make gate-hostile` runs: every row, and every access with every pattern
    gate.py --full          `make hostile`: the sweeps on the delivered configuration as well, and 10^7 random packets
    gate.py --quick PART    catalogue (san) or sweep (plain, two patterns) alone: for the self-test

The program's tables are held against its own counts and against the list of ids: neither alone is believed.
"""
import csv
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from gate import Gate, options, run  # noqa: E402

PACKETS = {("gate", "plain"): 20000, ("gate", "san"): 20000, ("full", "plain"): 10000000, ("full", "san"): 1000000}
PATTERNS = {"read": 6, "write": 5}
SCENARIOS = 20  # two devices, with and without EVENT_IDX: three transports, and a page left running, attached to or reset
WHOLE = [("catalogue", "plain", "default"), ("catalogue", "san", "default"), ("sweep", "plain", "large"), ("sweep", "san", "large")]
PARTS = {
    "gate": WHOLE,
    "full": WHOLE + [("sweep", "plain", "default")],
    "catalogue": [("catalogue", "san", "default")],
    "sweep": [("sweep", "plain", "large")],
}


def rows(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="") as handle:
        return list(csv.DictReader(handle))


def check_catalogue(gate, root, label, table):
    """Each id of the catalogue is in the table: as a run on each device and transport that it names, or as an exception."""
    wanted = {}
    for row in rows(os.path.join(root, "tests/hostile/catalogue.csv")):
        runs = len(row["devices"].split()) * len(row["transports"].split()) if row["test"] else 1
        wanted[row["id"]] = runs
    found = {}
    for row in table:
        found[row["id"]] = found.get(row["id"], 0) + 1
    gate.check(wanted == found, label + ": the table is not the catalogue",
               sorted(set(wanted.items()) ^ set(found.items())))
    bad = [row for row in table if row["result"] not in ("passed", None) and row["verdict"] != "not applicable"]
    gate.check(not bad and bool(table), label + ": rows that failed", "\n".join(str(row) for row in bad))


def check_sweep(gate, label, table, patterns):
    """Each access of each scenario was spoiled once with each pattern."""
    for kind in PATTERNS:
        lines = [row for row in table if row["access"] == kind]
        count = min(patterns, PATTERNS[kind]) if patterns else PATTERNS[kind]
        gate.check(len(lines) == count * SCENARIOS, "%s: %d lines of %ss" % (label, len(lines), kind))
        missed = [row for row in lines if row["runs"] != row["accesses"] or int(row["runs"]) == 0]
        gate.check(not missed, label + ": accesses that were not spoiled", "\n".join(str(row) for row in missed))


def main():
    parser, places = options(__doc__.splitlines()[0], "hostile")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--quick", choices=("catalogue", "sweep"))
    args = parser.parse_args()
    root, build = places(args)
    mode = args.quick or ("full" if args.full else "gate")
    gate = Gate("hostile")
    for part, variant, config in PARTS[mode]:
        label = "%s, %s, configuration %s" % (part, variant, config)
        place = os.path.join(build, "hostile-%s-%s" % (variant, config))
        table = os.path.join(place, part + ".csv")
        made = run(["make", "-s", "--no-print-directory", "-C", "tests/hostile", "BUILD=" + build, "VARIANT=" + variant,
                    "CONFIG=" + config], cwd=root)
        if not gate.check(made.returncode == 0, label + ": build", made.stdout[-3000:]):
            continue
        if os.path.exists(table):
            os.remove(table)
        patterns = 2 if args.quick else 0
        more = (["tests/hostile/catalogue.csv", "--packets", str(PACKETS.get((mode, variant), 2000))] if part == "catalogue" else
                ["--patterns", str(patterns)])
        result = run([os.path.join(place, "skerry-hostile"), part, *more, "--csv", table], cwd=root)
        failures = [line for line in result.stdout.splitlines() if line.startswith("FAIL ")]
        gate.check(result.returncode == 0, "%s: status %d" % (label, result.returncode),
                   "\n".join(failures[:20] + [result.stdout[-3000:]]))
        count = re.findall(r"^(\d+) passed, (\d+) failed$", result.stdout, re.M)
        if not gate.check(bool(count), label + ": no result"):
            continue
        passed, failed = map(int, count[-1])
        gate.check(passed > 0 and failed == len([f for f in failures if not re.search(r": \S+:\d+: ", f)]),
                   "%s: %d failures counted, other ones named" % (label, failed))
        gate.passed += passed
        gate.failed += failed
        for line in result.stdout.splitlines():
            if line.startswith(("sweep ", "catalogue: ", "bound: ")):
                print("hostile: %s: %s" % (variant, line), flush=True)
        if part == "catalogue":
            check_catalogue(gate, root, label, rows(table))
        else:
            check_sweep(gate, label, rows(table), patterns)
        print("hostile: %s: %d passed, %d failed; table: %s" % (label, passed, failed, os.path.relpath(table, root)),
              flush=True)
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
