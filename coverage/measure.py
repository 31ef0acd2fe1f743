#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Structural coverage of the core by the unit tests: functions, lines, branches (gcov) and MC/DC (clang).

Every gap is named in a form that survives moved lines, `kind: source text: what is missing`; only a row of
justified.csv with that text excuses it, and a row that fits no gap is a failure too.
"""
import csv
import glob
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "tools"))
from gate import Gate, core, functions, headers, options, run  # noqa: E402

CLANG = "-19"
KINDS = ("function", "line", "branch", "mcdc")


class Gap:
    def __init__(self, kind, path, function, text, missing, line):
        self.kind, self.path, self.function, self.line = kind, path, function, line
        self.construct = "%s: %s%s" % (kind, " ".join(text.split()), ": " + missing if missing else "")

    def key(self):
        return self.path, self.function, self.construct


def excerpt(lines, l1, c1, l2, c2):
    """Source text of a region."""
    if l1 == l2:
        return lines[l1 - 1][c1 - 1:c2 - 1]
    return " ".join([lines[l1 - 1][c1 - 1:], *lines[l1:l2 - 1], lines[l2 - 1][:c2 - 1]])


def build_and_run(gate, root, build, variant):
    made = run(["make", "--no-print-directory", "-C", os.path.join(root, "tests"), "BUILD=" + build,
                "VARIANT=" + variant, "build"])
    if not gate.check(made.returncode == 0 and "unsupported MC/DC" not in made.stdout,
                      "the tests build, variant " + variant, made.stdout[-3000:]):
        return False
    place = os.path.join(build, "tests-" + variant)
    for old in glob.glob(os.path.join(place, "**", "*.gcda"), recursive=True):
        os.remove(old)  # counts of an earlier run must not help this one
    profile = os.path.join(place, "skerry-tests.profraw")
    if os.path.exists(profile):
        os.remove(profile)
    ran = run([os.path.join(place, "skerry-tests")], cwd=place, env=dict(os.environ, LLVM_PROFILE_FILE=profile))
    return gate.check(ran.returncode == 0, "the tests pass, variant " + variant, ran.stdout[-3000:])


def gcov(root, build, wanted, sources):
    """Lines and branches, summed over all translation units that hold a header's inline functions."""
    place = os.path.join(build, "tests-gcov")
    lines, branches, calls = {}, {}, {}
    for data in sorted(glob.glob(os.path.join(place, "**", "*.gcda"), recursive=True)):
        result = run(["gcov", "--json-format", "--stdout", "--branch-probabilities", data], cwd=place)
        for text in result.stdout.splitlines():
            if not text.startswith("{"):
                continue
            for entry in json.loads(text)["files"]:
                path = os.path.relpath(os.path.realpath(os.path.join(place, entry["file"])), root)
                if path not in wanted:
                    continue
                for f in entry["functions"]:
                    key = (path, f["name"])
                    calls[key] = calls.get(key, 0) + f["execution_count"]
                for l in entry["lines"]:
                    key = (path, l.get("function_name", ""), l["line_number"])
                    lines[key] = lines.get(key, 0) + l["count"]
                    for index, b in enumerate(b for b in l["branches"] if not b["throw"]):
                        branches.setdefault(key, {}).setdefault(index, 0)
                        branches[key][index] += b["count"]
    gaps = []
    total = {"function": len(calls), "line": len(lines), "branch": sum(map(len, branches.values()))}
    for (path, name), count in calls.items():
        if count == 0:
            gaps.append(Gap("function", path, name, name, "", 0))
    for (path, name, number), count in lines.items():
        if count == 0:
            gaps.append(Gap("line", path, name, sources[path][number - 1], "", number))
    for (path, name, number), counts in branches.items():
        for index, count in sorted(counts.items()):
            if count == 0:
                gaps.append(Gap("branch", path, name, sources[path][number - 1], "way %d" % (index + 1), number))
    return total, gaps, set(calls)


def mcdc(root, build, wanted, sources):
    """Decisions with two conditions or more, and each condition's independent effect."""
    place = os.path.join(build, "tests-mcdc")
    program = os.path.join(place, "skerry-tests")
    data = os.path.join(place, "skerry-tests.profdata")
    run(["llvm-profdata" + CLANG, "merge", "-o", data, os.path.join(place, "skerry-tests.profraw")], check=True)
    export = run(["llvm-cov" + CLANG, "export", "-instr-profile=" + data, program])
    report = json.loads(export.stdout[export.stdout.index("{"):])["data"][0]
    covered = {}
    for function in report["functions"]:
        name = function["name"].rpartition(":")[2]
        for record in function.get("mcdc_records", []):
            # line, column, end line, end column, expanded file, kind, one truth value per condition [, vectors]
            l1, c1, l2, c2 = record[:4]
            verdicts = next(part for part in record[4:] if isinstance(part, list))
            index = next((part for part in record[4:] if isinstance(part, int)), 0)
            path = os.path.relpath(os.path.realpath(function["filenames"][min(index, len(function["filenames"]) - 1)]),
                                   root)
            if path not in wanted:
                continue
            key = (path, name, l1, c1, l2, c2)
            old = covered.get(key, [False] * len(verdicts))
            covered[key] = [a or b for a, b in zip(old, verdicts)]
    gaps = []
    for (path, name, l1, c1, l2, c2), verdicts in sorted(covered.items()):
        for index, good in enumerate(verdicts):
            if not good:
                gaps.append(Gap("mcdc", path, name, excerpt(sources[path], l1, c1, l2, c2),
                                "condition %d" % (index + 1), l1))
    return {"decision": len(covered), "mcdc": sum(map(len, covered.values()))}, gaps


def reports(root, build, out):
    """Reading matter: HTML from both tools, text from llvm-cov."""
    place = os.path.join(build, "tests-mcdc")
    common = ["-instr-profile=" + os.path.join(place, "skerry-tests.profdata"), os.path.join(place, "skerry-tests"),
              os.path.join(root, "src"), os.path.join(root, "include")]
    text = run(["llvm-cov" + CLANG, "report", "--show-mcdc-summary", "--show-branch-summary", *common]).stdout
    with open(os.path.join(out, "mcdc.txt"), "w") as handle:
        handle.write(text)
    run(["llvm-cov" + CLANG, "show", "-format=html", "--show-mcdc", "--show-branches=count",
         "-output-dir=" + os.path.join(out, "mcdc"), *common])
    info = os.path.join(out, "lines.info")
    branch = ["--rc", "lcov_branch_coverage=1"]
    run(["lcov", "--quiet", *branch, "--capture", "--directory", os.path.join(build, "tests-gcov"), "-o", info + ".all"])
    run(["lcov", "--quiet", *branch, "--extract", info + ".all", os.path.join(root, "src/*"),
         os.path.join(root, "include/*"), "-o", info])
    run(["genhtml", "--quiet", *branch, "--legend", "-o", os.path.join(out, "lines"), info])


def main():
    parser, places = options(__doc__.splitlines()[0], "coverage")
    parser.add_argument("--tables", help="folder of thresholds.csv and justified.csv")
    parser.add_argument("--no-html", action="store_true")
    args = parser.parse_args()
    root, out = places(args)
    root = os.path.realpath(root)
    build = os.path.join(out, "work")
    tables = args.tables or os.path.join(root, "coverage")
    os.makedirs(build, exist_ok=True)
    gate = Gate("coverage")
    wanted = set(core(root) + headers(root))
    sources = {path: open(os.path.join(root, path)).read().split("\n") for path in wanted}
    if not (build_and_run(gate, root, build, "gcov") and build_and_run(gate, root, build, "mcdc")):
        return gate.done()

    total, gaps, seen = gcov(root, build, wanted, sources)
    decisions, more = mcdc(root, build, wanted, sources)
    total.update(decisions)
    gaps += more
    # A function that no tool has counted has no gap either.
    config = ["-Itests", '-DSKR_CONFIG_HEADER="configurations/default.h"']
    config = config if os.path.exists(os.path.join(root, "tests/configurations/default.h")) else []
    for path in core(root):
        for name, where, line, _, defined in functions(root, path, *config):
            if defined and where in wanted and (where, name) not in seen:
                seen.add((where, name))
                total["function"] += 1
                gaps.append(Gap("function", where, name, name, "", line))

    with open(os.path.join(tables, "justified.csv"), newline="") as handle:
        excuses = list(csv.DictReader(handle))
    for row in excuses:
        gate.check(all(row[k] for k in ("file", "function", "construct", "reason", "evidence")),
                   "justified.csv: an incomplete row", row)
    excused = {(row["file"], row["function"], row["construct"]) for row in excuses}
    real = {gap.key() for gap in gaps}
    for key in sorted(excused):
        gate.check(key in real, "justified.csv: no such gap any more: %s: %s: %s" % key)
    open_gaps = [gap for gap in gaps if gap.key() not in excused]
    with open(os.path.join(out, "gaps.csv"), "w", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["file", "function", "construct", "reason", "evidence"])
        table.writerows(sorted({gap.key() + ("", "") for gap in open_gaps}))
    with open(os.path.join(tables, "thresholds.csv"), newline="") as handle:
        thresholds = {row["measure"]: float(row["percent"]) for row in csv.DictReader(handle)}
    gate.check(set(thresholds) == set(KINDS), "thresholds.csv names other measures than " + ", ".join(KINDS))
    for kind in KINDS:
        missing = [gap for gap in gaps if gap.kind == kind]
        unexcused = [gap for gap in open_gaps if gap.kind == kind]
        number = total[kind]
        reached = 100.0 * (number - len(missing)) / number if number else 100.0
        after = 100.0 * (number - len(unexcused)) / number if number else 100.0
        print("coverage: %-8s %5d of %5d, %6.2f %%, %d justified" % (kind, number - len(missing), number, reached,
                                                                   len(missing) - len(unexcused)))
        # MC/DC may have nothing to count; the other measures may not.
        gate.check((number > 0 or kind == "mcdc") and after >= thresholds.get(kind, 100.0),
                   "%s coverage is below the threshold" % kind,
                   "\n".join("%s:%d: %s: %s" % (g.path, g.line, g.function, g.construct) for g in unexcused))
    print("coverage: %d MC/DC decisions with %d conditions" % (total["decision"], total["mcdc"]))
    if not args.no_html:
        reports(root, build, out)
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
