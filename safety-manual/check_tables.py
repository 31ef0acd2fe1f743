#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Whether the tables of the safety manual say what the headers and the assumptions of use say.

    check_tables.py [--root DIR] [--self-test]

Tables are marked in the manual by a comment: `<!-- table: NAME -->`, NAME being status, causes, options or
assumptions; in spec/fmea.md NAME is fmea: what a row names as mitigation exists, and every assumption mitigates something. The last line is `N passed, N failed`; a failure, or no check at all, gives status 1.
"""
import argparse
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = {"manual": "safety-manual/README.md", "status": "include/skerry/status.h", "config": "include/skerry/config.h",
           "assumptions": "spec/assumptions.md", "fmea": "spec/fmea.md"}
NAME = r"[a-z0-9][\w-]*(?:\.[\w-]+)*~\d+"
AOU = "aou~" + NAME


def rows(manual, name):
    """Cells of all tables with this mark, without the two lines of their heads."""
    found, inside, number = [], False, 0
    for line in manual.split("\n"):
        if re.fullmatch(r"<!-- table: %s -->" % name, line.strip()):
            inside, number = True, 0
        elif inside and line.startswith("|"):
            number += 1
            if number > 2:
                found.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif inside:
            inside = False
    return found


def bare(cell):
    return cell.strip("`")


def enumerators(header, typename):
    """{name: number} of one enumeration."""
    code = re.sub(r"/\*.*?\*/", " ", header, flags=re.S)
    for body, name in re.findall(r"typedef enum\s*\{([^}]*)\}\s*(\w+)\s*;", code):
        if name == typename:
            return dict(re.findall(r"(\w+)\s*=\s*(\w+)", body))
    return {}


def plain(expression):
    """A preprocessor expression as the manual writes it: no suffixes, no brackets around the whole."""
    text = re.sub(r"\b(0x[0-9A-Fa-f]+|\d+)[uUlL]+\b", r"\1", expression).strip()
    return text[1:-1] if re.fullmatch(r"\([^()]*\)", text) else text


def options(header):
    """{option: default}, and {option: range} as the conditions say that stop the compiler."""
    defaults = {name: plain(value) for guard, name, value in
                re.findall(r"^#ifndef (SKR_\w+)\n#define (SKR_\w+) ([^\n]*?)\s*$", header, re.M) if guard == name}
    bound = r"(\([^()]*\)|\w+)"
    ranges = {low: "%s .. %s" % (plain(least), plain(most)) for low, least, high, most in
              re.findall(r"^#if \((SKR_\w+) < %s\) \|\| \((SKR_\w+) > %s\)" % (bound, bound), header, re.M) if low == high}
    return defaults, ranges


def compare(check, label, written, real):
    """Two dictionaries: the manual's rows, in order and with repetitions, against what is there."""
    names = [name for name, _ in written]
    check(bool(real), "%s: nothing found in the source" % label)
    for name, value in written:
        check(name in real, "%s: %s stands in the manual only" % (label, name))
        if name in real:
            check(value == real[name], "%s: %s is %s in the manual, %s in the source" % (label, name, value, real[name]))
        check(names.count(name) == 1, "%s: %s has more than one row" % (label, name))
    for name in real:
        check(name in names, "%s: %s has no row in the manual" % (label, name))


def examine(texts):
    """List of (good, what)."""
    found = []

    def check(good, what):
        found.append((bool(good), what))

    def pick(name, columns, where="manual"):
        cells = rows(texts[where], name)
        check(bool(cells), "no table marked %s in the %s" % (name, where))
        for row in cells:
            check(len(row) == columns, "table %s: %s has %d cells, not %d" % (name, row[0], len(row), columns))
        return [row for row in cells if len(row) == columns]

    compare(check, "status", [(bare(r[0]), r[1]) for r in pick("status", 6)], enumerators(texts["status"], "skr_status_t"))
    compare(check, "causes", [(bare(r[0]), r[1]) for r in pick("causes", 7)], enumerators(texts["status"], "skr_cause_t"))

    defaults, ranges = options(texts["config"])
    table = pick("options", 5)
    compare(check, "options", [(bare(r[0]), r[1]) for r in table], defaults)
    for row in table:
        real = ranges.get(bare(row[0]))
        check(row[2] == real, "options: range of %s is %s in the manual, %s in the source" % (bare(row[0]), row[2], real))
    guarded = set(re.findall(r"^#ifndef (SKR_\w+)$", texts["config"], re.M))
    check(guarded == set(defaults), "options: without a default next to #ifndef: %s" % sorted(guarded - set(defaults)))

    items = re.findall(r"^`(%s)`$" % AOU, texts["assumptions"], re.M)
    compare(check, "assumptions", [(bare(r[0]), "") for r in pick("assumptions", 3)], {item: "" for item in items})
    covered = re.findall(r"^- (%s)$" % AOU, texts["manual"], re.M)
    for item in items:
        check(item in covered, "assumptions: no section of the manual covers %s" % item)
    for mention in sorted(set(re.findall(AOU, texts["manual"]))):
        check(mention in items, "assumptions: %s is named in the manual and does not exist" % mention)

    known = set(re.findall(r"^`((?:srs|aou)~%s)`$" % NAME, texts["items"], re.M))
    table = pick("fmea", 8, "fmea")
    used = set()
    for number, row in enumerate(table, 1):
        named = re.findall(r"(?:srs|aou)~" + NAME, row[4])
        used.update(named)
        check(row[0] == "FM-%02d" % number, "fmea: row %d is called %s" % (number, row[0]))
        check(bool(named), "fmea: %s is mitigated by nothing" % row[0])
        check(row[6] == "yes", "fmea: %s is not mitigated enough" % row[0])
        check(all(row), "fmea: %s has an empty cell" % row[0])
        for name in named:
            check(name in known, "fmea: %s names %s, which does not exist" % (row[0], name))
    for item in items:
        check(item in used, "fmea: %s mitigates nothing" % item)
    return found


def report(found, prefix="FAIL manual: "):
    failed = [what for good, what in found if not good]
    for what in failed:
        print(prefix + what)
    if not found:
        print(prefix + "checked nothing")
    print("%d passed, %d failed" % (len(found) - len(failed), len(failed) if found else 1))
    return 1 if failed or not found else 0


# (text to change, pattern, replacement, words that the checker has to print)
FAULTS = [
    ("manual", r"\| `SKR_STALE`.*\n", "", "SKR_STALE has no row"),
    ("manual", r"\| `SKR_FULL` \| 6 ", "| `SKR_FULL` | 7 ", "SKR_FULL is 7 in the manual, 6"),
    ("manual", r"(\| `SKR_FULL` .*\n)", r"\1\1", "more than one row"),
    ("manual", r"\| `SKR_RESET` \|", "| `SKR_CUT` |", "SKR_CUT stands in the manual only"),
    ("manual", r"\| `SKR_CAUSE_CID`.*\n", "", "SKR_CAUSE_CID has no row"),
    ("manual", r"`SKR_CAUSE_ATTACH` \| 29", "`SKR_CAUSE_ATTACH` | 30", "SKR_CAUSE_ATTACH is 30"),
    ("manual", r"(\| `SKR_CAUSE_MAGIC` .*)\|[^|\n]*\|\n", r"\1|\n", "SKR_CAUSE_MAGIC` has 6 cells"),
    ("manual", r"\| `SKR_TICKS_WATCH`.*\n", "", "SKR_TICKS_WATCH has no row"),
    ("manual", r"`SKR_VSOCK_LISTENERS` \| 8", "`SKR_VSOCK_LISTENERS` | 9", "SKR_VSOCK_LISTENERS is 9"),
    ("manual", r"(`SKR_CONFIG_TRIES` \| 4) \| 1 \.\. 16", r"\1 | 1 .. 17", "range of SKR_CONFIG_TRIES"),
    ("config", r"SKR_TICKS_KICK > 0x40000000U", "SKR_TICKS_KICK > 0x20000000U", "range of SKR_TICKS_KICK"),
    ("config", r"#if \(SKR_TICKS_KICK < ", "#if (SKR_TICKS_KICK <= ", "SKR_TICKS_KICK is 1 .. 0x40000000 in the manual, None"),
    ("manual", r"\| `aou~stk.reserve~1` .*\n", "", "aou~stk.reserve~1 has no row"),
    ("manual", r"\n- aou~stk.reserve~1", "", "no section of the manual covers aou~stk.reserve~1"),
    ("manual", r"aou~tim.budget~1", "aou~tim.budget~2", "aou~tim.budget~2 is named in the manual"),
    ("manual", r"<!-- table: causes -->", "", "no table marked causes"),
    ("manual", r"(?s).*", "", "no table marked status"),
    ("status", r"SKR_FAULT = 11 ", "SKR_FAULT = 11, SKR_EXTRA = 12 ", "SKR_EXTRA has no row"),
    ("status", r"SKR_CAUSE_USED_LENGTH = 46", "SKR_CAUSE_USED_LENGTH = 47", "SKR_CAUSE_USED_LENGTH is 46 in the manual, 47"),
    ("status", r"(?s).*", "", "status: nothing found in the source"),
    ("config", r"#define SKR_CONSOLE_RX_COUNT 32U", "#define SKR_CONSOLE_RX_COUNT 64U", "SKR_CONSOLE_RX_COUNT is 32 in the manual, 64"),
    ("config", r"$", "\n#ifndef SKR_MORE\n#define SKR_MORE 1U\n#endif\n", "SKR_MORE has no row"),
    ("config", r"$", "\n#ifndef SKR_MORE\n/* hidden */\n#define SKR_MORE 1U\n#endif\n", "without a default next to #ifndef"),
    ("config", r"(?s).*", "", "options: nothing found in the source"),
    ("assumptions", r"`aou~sec.window~1`", "`aou~sec.window~2`", "aou~sec.window~2 has no row"),
    ("assumptions", r"(?s).*", "", "assumptions: nothing found in the source"),
    ("fmea", r"`aou~stk.reserve~1`", "`srs~ring.id~1`", "aou~stk.reserve~1 mitigates nothing"),
    ("fmea", r"`srs~ring.length~1`", "`srs~ring.width~1`", "srs~ring.width~1, which does not exist"),
    ("fmea", r"`srs~ring.length~1`", "a check", "FM-04 is mitigated by nothing"),
    ("fmea", r"(\| FM-09 .*)\| yes \|", r"\1| no |", "FM-09 is not mitigated enough"),
    ("fmea", r"\| FM-10 .*\n", "", "row 10 is called FM-11"),
    ("fmea", r"(?s).*", "", "no table marked fmea"),
]


def self_test(texts):
    """Each seeded fault has to be seen, and the tables as they are have to pass."""
    found = [(all(good for good, _ in examine(texts)), "the tables as they are do not pass")]
    for number, (which, pattern, replacement, words) in enumerate(FAULTS, 1):
        changed = dict(texts)
        changed[which], count = re.subn(pattern, replacement, texts[which], count=1 if pattern != r"(?s).*" else 0)
        seen = [what for good, what in examine(changed) if not good]
        found.append((count > 0 and changed[which] != texts[which], "fault %d cannot be seeded: %s" % (number, pattern)))
        found.append((any(words in what for what in seen), "fault %d is not seen: %s" % (number, words)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=ROOT, help="tree to judge")
    parser.add_argument("--self-test", action="store_true", help="seed faults and see whether they are caught")
    args = parser.parse_args()
    texts = {}
    for name, path in SOURCES.items():
        with open(os.path.join(args.root, path), encoding="utf-8") as handle:
            texts[name] = handle.read()
    folder = os.path.join(args.root, "spec")
    texts["items"] = ""
    for name in sorted(os.listdir(folder)):
        if name.endswith(".md"):
            with open(os.path.join(folder, name), encoding="utf-8") as handle:
                texts["items"] += handle.read() + "\n"
    return report(self_test(texts) if args.self_test else examine(texts))


if __name__ == "__main__":
    sys.exit(main())
