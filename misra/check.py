#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""MISRA C:2012 gate: findings of cppcheck and of its misra.py, set against the deviation records.

Findings come from the addon run on dumps, not from the command line of cppcheck 2.10, which merges equal messages on
one line. The whole program is looked at a second time through the addon's summaries (5.6 to 5.9, 8.5 to 8.7, ...).
"""
import argparse
import csv
import glob
import json
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "tools"))
from gate import ROOT, Gate, compiled, core, files, headers, run  # noqa: E402

TAG = re.compile(r"(SKR-DEV-\d{3})(?: (begin|end)\b)?")
FIELDS = ("id revision date guidelines category edition permit files sites reason description alternatives "
          "consequence measures raised_by reviewed_by approved_by recheck").split()
REASONS = ("code quality", "access to hardware", "adopted code integration", "non-compliant adopted code")
# Of these three the library alone cannot judge: what it offers is used by those who include it.
USE_RULES = ("Rule 2.3", "Rule 2.4", "Rule 2.5")
# Both sizes of pointer that the core is built for, each with the compiler's own macros that port.h asks about.
PLATFORMS = {"unix64": ("-D__GNUC__=12", "-D__x86_64__=1"), "unix32": ("-D__GNUC__=12", "-D__arm__=1")}
# Not findings: cppcheck only says what it did not look at.
NOT_FINDINGS = ("missingInclude", "missingIncludeSystem", "toomanyconfigs", "ConfigurationNotChecked",
                "purgedConfiguration", "unmatchedSuppression", "checkersReport", "normalCheckLevelMaxBranches")


def rows(path):
    with open(path, newline="") as handle:
        return list(csv.DictReader(handle))


def addon_path():
    for place in ("/usr/lib/*/cppcheck/addons/misra.py", "/usr/share/cppcheck/addons/misra.py"):
        for path in glob.glob(place):
            return path
    sys.exit("misra: cppcheck's misra.py is not installed")


def native_rules(gep):
    """Message ids of cppcheck itself and of gcc, as the enforcement plan assigns them to rules."""
    table = {}
    for row in gep:
        for part in row["tool"].split(";"):
            name, _, ids = part.strip().partition(":")
            if name in ("cppcheck", "gcc") and "every" not in ids:
                for ident in ids.split():
                    table.setdefault(ident, row["guideline"])
    return table


def addon(arguments, tree):
    """Findings of misra.py on dumps or on summaries, as (file, line, column, guideline, text)."""
    result = run([sys.executable, addon_path(), "--cli", "--rule-texts=" + os.path.join(tree, "rule-texts.txt"),
                  *arguments], cwd=tree)
    found = set()
    for line in result.stdout.splitlines():
        if not line.startswith("{"):
            sys.exit("misra: the addon did not do its work:\n" + result.stdout)
        item = json.loads(line)
        if "errorId" in item:
            found.add((os.path.normpath(item["file"]), item["linenr"], item["column"],
                       "Rule " + item["errorId"].rpartition("-")[2], item["message"]))
    return found


def analyse(root, build, sources, clients, native, whole):
    """All findings for `sources` and the headers they include."""
    found = set()
    flags = sorted(ident for ident in native if ident.startswith("-W"))
    for path in sources:
        for line in run(["gcc", "-std=c99", "-fsyntax-only", "-Iinclude", *flags, path], cwd=root).stdout.splitlines():
            match = re.match(r"([^:]+):(\d+):(\d+): warning: (.*) \[(-W[\w-]+)=?\]", line)
            if match:
                found.add((os.path.normpath(match.group(1)), int(match.group(2)), int(match.group(3)),
                           native.get(match.group(5), "gcc " + match.group(5)), match.group(4)))
    tree = os.path.join(build, "tree")
    shutil.rmtree(tree, ignore_errors=True)
    for platform in PLATFORMS:
        # cppcheck writes a dump beside its source; it gets a tree of links to write into
        place = os.path.join(tree, platform)
        for path in sorted({*sources, *clients, *files(root, "src", ".h"), *files(root, "include", ".h")}):
            os.makedirs(os.path.dirname(os.path.join(place, path)), exist_ok=True)
            os.symlink(os.path.join(root, path), os.path.join(place, path))
        shutil.copy(os.path.join(HERE, "rule-texts.txt"), place)
        result = run(["cppcheck", "--dump", "--quiet", "--std=c99", "--platform=" + platform, "-Iinclude",
                      "-USKR_CONFIG_HEADER", "-U__FRAMAC__", *PLATFORMS[platform],
                      "--enable=warning,style,performance,portability", "--inconclusive", "--max-configs=64",
                      "--template={file}\t{line}\t{column}\t{severity}\t{id}\t{message}", "--template-location=",
                      *sources], cwd=place)
        for line in result.stdout.splitlines():
            part = line.split("\t")
            if len(part) != 6:
                sys.exit("misra: cppcheck did not do its work:\n" + result.stdout)
            path, number, column, severity, ident, text = part
            if ident in NOT_FINDINGS:
                continue
            rule = native.get(ident) or ("Rule 1.3" if severity == "error" else "cppcheck " + ident)
            found.add((os.path.normpath(path), int(number), int(column), rule, "%s: %s" % (ident, text)))
        for path in sources:
            if not os.path.exists(os.path.join(place, path + ".dump")):
                sys.exit("misra: no dump for %s:\n%s" % (path, result.stdout))
        # Rules about spelling look at the main file of a dump only, so each header is a main file once.
        includes = headers(root)
        run(["cppcheck", "--dump", "--quiet", "--std=c99", "--platform=" + platform, "-Iinclude", "--language=c",
             "-USKR_CONFIG_HEADER", "-U__FRAMAC__", *PLATFORMS[platform], *includes], cwd=place)
        # One process per dump: the addon keeps its whole-program notes once per process.
        for path in sources + includes:
            found |= addon([path + ".dump"], place)
        if whole and platform == "unix64":
            summaries = sorted(p + ".ctu-info" for p in sources if os.path.exists(os.path.join(place, p + ".ctu-info")))
            found |= {f for f in addon(summaries, place) if f[3] not in USE_RULES}
            if clients:
                run(["cppcheck", "--dump", "--quiet", "--std=c99", "--platform=" + platform, "-Iinclude", *clients],
                    cwd=place)
                for path in clients:
                    if os.path.exists(os.path.join(place, path + ".dump")):
                        addon([path + ".dump"], place)
                        summaries.append(path + ".ctu-info")
            summaries = [s for s in summaries if os.path.exists(os.path.join(place, s))]
            found |= {f for f in addon(summaries, place) if f[3] in USE_RULES and f[0] not in clients}
    own = ("src" + os.sep, "include" + os.sep)
    return sorted(f for f in found if (f[0].startswith(own) or f[0] in sources) and is_compiled(root, f))


def is_compiled(root, finding):
    """Whether a finding is about a line that a compiler sees; README.md, Known about the tools."""
    path, number = os.path.join(root, finding[0]), finding[1]
    if not os.path.exists(path):
        return True
    with open(path, encoding="utf-8", errors="replace") as handle:
        text = handle.read()
    before, after = text.split("\n"), compiled(text).split("\n")
    return not 0 < number <= len(before) or before[number - 1] == after[number - 1]


def tags(root, paths, records, found):
    """Deviation tags in the code: {(file, line): {id, ...}}.

    A tag speaks for its own line and the next. Between `SKR-DEV-nnn begin` and `SKR-DEV-nnn end` each line with a
    finding of the recorded guidelines is a site.
    """
    sites, faults = {}, []
    for path in paths:
        begun = {}
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as handle:
            for number, line in enumerate(handle, 1):
                for ident, word in TAG.findall(line):
                    if word == "begin" and ident not in begun:
                        begun[ident] = number
                    elif word == "end" and ident in begun:
                        first = begun.pop(ident)
                        inside = {f[1] for f in found if f[0] == path and first < f[1] < number
                                  and f[3] in records.get(ident, {}).get("guidelines", [])}
                        for place in inside or {first}:
                            sites.setdefault((path, place), set()).add(ident)
                    elif word:
                        faults.append("%s:%d: %s %s without its partner" % (path, number, ident, word))
                    else:
                        sites.setdefault((path, number), set()).add(ident)
        faults += ["%s:%d: %s begins and does not end" % (path, line, ident) for ident, line in begun.items()]
    return sites, faults


def check_record(gate, record, ours):
    """A deviation record must be whole before it can excuse anything."""
    faults = ["lacks " + field for field in FIELDS if not record.get(field)]
    faults += ["has the unknown field " + field for field in sorted(set(record) - set(FIELDS))]
    if record.get("reason") not in REASONS:
        faults.append("gives a reason that is none of: " + ", ".join(REASONS))
    for guideline in record.get("guidelines", []):
        if guideline not in ours and not guideline.startswith("cppcheck "):
            faults.append("names the unknown guideline " + guideline)
        if ours.get(guideline) == "Mandatory":
            faults.append("deviates from %s, which is mandatory" % guideline)
    gate.check(not faults, record.get("id", "a deviation record without an id"), "\n".join(faults))


def read_plan(gate, root):
    """Enforcement plan and re-categorization; gives (plan, our category of each guideline)."""
    gep = rows(os.path.join(root, "misra", "gep.csv"))
    texts = dict(re.findall(r"^((?:Rule|Dir) \d+\.\d+) (Required|Mandatory|Advisory)$",
                            open(os.path.join(HERE, "rule-texts.txt")).read(), re.M))
    ours = {}
    faults = []
    for row in gep:
        name = row["guideline"]
        if name in ours:
            faults.append(name + " stands twice")
        if texts.get(name) != row["category"]:
            faults.append(name + " has another category in rule-texts.txt")
        if not any(row[k] for k in ("compiler", "tool", "proof", "review")):
            faults.append(name + " has no means of enforcement")
        ours[name] = row["category"]
    faults += [name + " is missing" for name in sorted(set(texts) - set(ours))]
    gate.check(not faults, "enforcement plan gep.csv", "\n".join(faults))
    order = ["Disapplied", "Advisory", "Required", "Mandatory"]
    faults = []
    for row in rows(os.path.join(root, "misra", "grp.csv")):
        name, old, new = row["guideline"], row["category"], row["our_category"]
        if ours.get(name) != old or new not in order or not row["reason"]:
            faults.append(name + ": unknown guideline or category, or no reason")
        elif order.index(new) <= order.index(old) and (old, new) != ("Advisory", "Disapplied"):
            faults.append("%s cannot go from %s to %s" % (name, old, new))
        ours[name] = new
    gate.check(not faults, "re-categorization plan grp.csv", "\n".join(faults))
    return gep, ours


def main():
    parser = argparse.ArgumentParser(prog="check.sh", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("--build")
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    root = os.path.abspath(args.root)
    build = os.path.abspath(args.build or os.path.join(root, "build", "misra"))
    os.makedirs(build, exist_ok=True)
    gate = Gate("misra")
    whole = not args.files
    sources = [os.path.relpath(os.path.abspath(f), root) for f in args.files] or core(root)
    if not sources:
        gate.fail("no source in src/")
        return gate.done()
    clients = (files(root, "tests/unit", ".c") + files(root, "examples", ".c")) if whole else []

    gep, ours = read_plan(gate, root)
    found = analyse(root, build, sources, clients, native_rules(gep), whole)
    includes = headers(root)
    with open(os.path.join(root, "misra", "deviations.json")) as handle:
        deviations = json.load(handle)
    records = {}
    for record in deviations:
        gate.check(record.get("id") not in records, "%s stands twice" % record.get("id"))
        records[record.get("id")] = record
        check_record(gate, record, ours)

    code_tags, faults = tags(root, sources + includes, records, found)
    gate.check(not faults, "deviation tags that do not pair", "\n".join(faults))
    by_tool = {row["guideline"] for row in gep if row["tool"]}
    used, open_rules, deviated, disapplied = set(), {}, {}, {}
    for path, line, column, rule, text in found:
        if ours.get(rule) == "Disapplied":
            disapplied[rule] = disapplied.get(rule, 0) + 1
            continue
        excuse = None
        for place in ((path, line), (path, line - 1)):
            for ident in code_tags.get(place, ()):
                if rule in records.get(ident, {}).get("guidelines", []):
                    excuse = ident
                    used.add((place, ident))
        if excuse is None:
            open_rules.setdefault(rule, []).append("%s:%d:%d: %s: %s" % (path, line, column, rule, text))
        else:
            deviated.setdefault(rule, set()).add(excuse)

    # A guideline that only people enforce has no findings; there the tag itself is the site.
    for place, idents in code_tags.items():
        for ident in idents:
            for rule in set(records.get(ident, {}).get("guidelines", [])) - by_tool & set(ours):
                used.add((place, ident))
                deviated.setdefault(rule, set()).add(ident)

    for rule in sorted(by_tool | set(open_rules)):
        gate.check(rule not in open_rules, "%s: %d findings without a deviation"
                   % (rule, len(open_rules.get(rule, []))), "\n".join(open_rules.get(rule, [])))

    for (path, line), idents in sorted(code_tags.items()):
        for ident in sorted(idents):
            if gate.check(ident in records, "%s:%d: no record for %s" % (path, line, ident)):
                gate.check(((path, line), ident) in used, "%s:%d: %s excuses no finding" % (path, line, ident))
                gate.check(path in records[ident].get("files", []), "%s:%d: %s does not name this file"
                           % (path, line, ident))
    if whole:
        for ident, record in records.items():
            sites = sum(ident in idents for idents in code_tags.values())
            gate.check(sites == record.get("sites") and sites > 0,
                       "%s records %s sites, the code has %d" % (ident, record.get("sites"), sites))
        summary = [["guideline", "category", "our_category", "result", "deviations"]]
        for row in gep:
            name = row["guideline"]
            if name in open_rules:
                result = "Violations"
            elif ours[name] == "Disapplied":
                result = "Disapplied"
            elif name in deviated:
                result = "Deviations"
            else:
                result = "Compliant"
            summary.append([name, row["category"], ours[name], result, " ".join(sorted(deviated.get(name, ())))])
        made = os.path.join(build, "gcs.csv")
        with open(made, "w", newline="") as handle:
            csv.writer(handle, lineterminator="\n").writerows(summary)
        kept = os.path.join(root, "misra", "gcs.csv")
        if args.update:
            shutil.copy(made, kept)
        gate.check(os.path.exists(kept) and open(kept).read() == open(made).read(),
                   "gcs.csv differs from what was found; see %s, or --update" % os.path.relpath(made, root))
    print("misra: %d files, %d findings, %d with a deviation record, %d under a disapplied advisory, %d open"
          % (len(sources) + len(includes), len(found),
             len(found) - sum(map(len, open_rules.values())) - sum(disapplied.values()), sum(disapplied.values()),
             sum(map(len, open_rules.values()))))
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
