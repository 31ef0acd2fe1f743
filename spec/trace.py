#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Trace checker: OpenFastTrace items in Markdown, OpenFastTrace tags in sources, and the results behind them.

    trace.py [gate] [--root DIR] [--tests XML]... [--proofs DIR] [--csv FILE] [--html FILE] [PATH ...]

Links are only half of the story: a `utest` tag counts if the test function below it is in the CUnit report and
passed, a `proof` tag if every goal of the function below it is proved. The last line of `gate` is the one that
`make check` sums up; the line before it is `N items, N tags, N findings`.
"""
import argparse
import csv
import html
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "tests", "tools"))
from gate import ROOT, Gate, core, files, functions  # noqa: E402

ITEM_TYPES = "asr srs arch dsn aou fm vio sman review".split()
EVIDENCE = "impl utest itest proof review sman".split()
TYPES = list(dict.fromkeys(ITEM_TYPES + EVIDENCE))
TOP = ("asr", "fm", "aou", "vio")           # nothing above them
LEAF = ("sman", "review")                   # nothing below them
ONE_SHALL = ("asr", "srs", "arch", "dsn", "aou")
WEAK = re.compile(r"\b(should|may|might|could|would|appropriate|adequate|sufficient|reasonable|usually|normally|"
                  r"typically|etc|and/or|as far as possible|if possible|user-friendly|fast|quickly|efficient|robust|"
                  r"flexible|easy|TB[DC]|to be (defined|determined|decided))\b", re.I)
# What OpenFastTrace reads; a tag elsewhere would be lost on those who use it.
READ = (".c", ".h", ".py", ".sh", ".json", ".toml", ".yaml", ".yml", ".puml")
IDENT = r"[A-Za-z]+~[A-Za-z][\w-]*(?:\.[\w-]+)*~\d+"
TAG = re.compile(r"\[\s*([a-z]+)(?:~[\w.~-]*)?\s*->\s*(%s)\s*(?:>>[^\]]*)?\]" % IDENT)
LOOSE_TAG = re.compile(r"\[\s*(?:%s)[\w.~-]*\s*->[^\]\n]*\]?" % "|".join(TYPES))
KEYWORD = re.compile(r"^(Status|Description|Rationale|Comment|Covers|Depends|Needs|Tags):\s*(.*)$")
PATHS = "spec safety-manual include src tests proofs examples pmm".split()
NOT_FUNCTIONS = set("if while for switch return sizeof __attribute__ defined".split())


class Item:
    def __init__(self, ident, title, place):
        self.kind, self.name, revision = ident.split("~")
        self.revision = int(revision)
        self.title, self.place = title, place
        self.status = "approved"
        self.text, self.rationale = "", ""
        self.covers, self.needs, self.tags = [], [], []
        self.evidence = {}   # type -> [text]; only what counts

    @property
    def key(self):
        return self.kind + "~" + self.name

    @property
    def ident(self):
        return "%s~%d" % (self.key, self.revision)


class Trace:
    def __init__(self):
        self.items, self.tags, self.findings, self.skipped = {}, [], [], []

    def find(self, kind, place, text):
        self.findings.append((kind, place, text))

    # ---- reading

    def read_markdown(self, path, text):
        lines = text.split("\n")
        item, section, off, fenced = None, "", False, False
        for number, line in enumerate(lines, 1):
            place = "%s:%d" % (path, number)
            stripped = line.strip()
            if stripped.startswith("```"):
                fenced = not fenced
            off = "oft:off" in line or (off and "oft:on" not in line)
            if off or fenced:
                continue
            match = re.fullmatch(r"`(%s)`" % IDENT, stripped)
            if match:
                title = lines[number - 2].lstrip("# ").strip() if number > 1 else ""
                item, section = Item(match.group(1), title, place), "text"
                if item.kind not in ITEM_TYPES:
                    self.find("syntax", place, "unknown item type " + item.kind)
                if item.key in self.items:
                    self.find("duplicate", place, "%s also stands at %s" % (item.key, self.items[item.key].place))
                else:
                    self.items[item.key] = item
                if not lines[number - 2].startswith("#"):
                    self.find("syntax", place, item.ident + " has no title line directly above")
                continue
            if re.fullmatch(r"`[A-Za-z]+~[^`]*`", stripped):
                self.find("syntax", place, "not a valid id: " + stripped)
                continue
            if stripped.startswith("#"):
                item = None
            if re.match(r"[a-z]+ *--> *[a-z]", stripped):
                self.find("syntax", place, "forwarding is not used in this project: " + stripped)
            if item is None:
                continue
            match = KEYWORD.match(stripped)
            if match:
                section, rest = match.group(1), match.group(2)
                if section == "Status":
                    item.status, section = rest.strip(), "text"
                elif section == "Description":
                    item.text, section = item.text + rest, "text"
                elif section == "Needs" and rest:
                    item.needs += [n.strip() for n in rest.split(",") if n.strip()]
                elif section == "Tags" and rest:
                    if "-" in rest:
                        self.find("inline tag", place, "OpenFastTrace does not see an inline tag with a hyphen; use a list")
                    item.tags += [t.strip() for t in rest.split(",") if t.strip()]
                elif section in ("Covers", "Depends") and rest:
                    self.find("syntax", place, section + " takes a list below it")
                elif section == "Rationale":
                    item.rationale += rest
                continue
            bullet = re.match(r"[-*+]\s+`?([^`]*)`?$", stripped)
            if section in ("Covers", "Depends", "Needs", "Tags") and bullet:
                value = bullet.group(1).strip()
                if section == "Covers":
                    if re.fullmatch(IDENT, value):
                        item.covers.append((value, place))
                    else:
                        self.find("syntax", place, "not a valid id: " + value)
                elif section == "Needs":
                    item.needs.append(value)
                elif section == "Tags":
                    item.tags.append(value)
            elif section == "text" and stripped:
                item.text += " " + stripped
            elif section == "Rationale" and stripped:
                item.rationale += " " + stripped

    def read_source(self, path, text):
        code = None
        for number, line in enumerate(text.split("\n"), 1):
            for loose in LOOSE_TAG.finditer(line):
                place = "%s:%d" % (path, number)
                match = TAG.match(loose.group(0))
                if not match:
                    self.find("syntax", place, "not a valid tag: " + loose.group(0))
                    continue
                if code is None:
                    code = blank_comments(text) if path.endswith((".c", ".h")) else ""
                offset = sum(len(l) + 1 for l in text.split("\n")[:number])
                self.tags.append((match.group(1), match.group(2), place, function_after(code, offset)))

    # ---- judging

    def judge(self, passed, proved, unfinished=()):
        """`passed`: test functions that passed; `proved`: functions with every goal proved; `unfinished`: functions whose
        proof is owned up to as open: their proof tags are skipped, and counted."""
        links = []
        for item in self.items.values():
            for parent, place in item.covers:
                links.append((item.kind, parent, place, item.ident, ""))
        for kind, ident, place, function in self.tags:
            shown = function or place
            broken = ""
            if kind not in EVIDENCE:
                self.find("syntax", place, "unknown tag type " + kind)
                continue
            if kind == "utest" and function not in passed:
                broken = "no passed test %s in the test report" % (function or "below the tag")
            if kind == "proof" and function in unfinished:
                self.skipped.append("%s: the proof of %s is open" % (place, function))
            elif kind == "proof" and function not in proved:
                broken = "not every goal of %s is proved" % (function or "the function below the tag")
            if broken:
                self.find("result", place, "[%s->%s]: %s" % (kind, ident, broken))
            links.append((kind, ident, place, shown, broken))
        for kind, ident, place, shown, broken in links:
            key, _, revision = ident.rpartition("~")
            item = self.items.get(key)
            if item is None:
                self.find("orphaned", place, "%s does not exist" % ident)
            elif int(revision) < item.revision:
                self.find("outdated", place, "%s is now revision %d" % (ident, item.revision))
            elif int(revision) > item.revision:
                self.find("predated", place, "%s is only at revision %d" % (ident, item.revision))
            elif kind not in item.needs:
                self.find("unwanted", place, "%s does not ask for %s" % (ident, kind))
            elif not broken:
                item.evidence.setdefault(kind, []).append(shown)
        for item in self.items.values():
            self.judge_item(item)

    def judge_item(self, item):
        def find(kind, text):
            self.find(kind, item.place, item.ident + ": " + text)
        for need in item.needs:
            if need not in TYPES:
                find("syntax", "asks for the unknown type " + need)
            elif need not in item.evidence:
                find("uncovered", "no " + need)
        if not item.needs and item.kind not in LEAF:
            find("no needs", "asks for no evidence")
        if not item.covers and item.kind not in TOP and "derived" not in item.tags:
            find("no parent", "covers nothing and is not tagged derived")
        if not item.rationale.strip() and (item.kind == "aou" or "derived" in item.tags):
            find("no rationale", "a derived requirement or an assumption needs one")
        if item.status != "approved":
            find("status", "is " + item.status)
        if item.kind in ONE_SHALL:
            number = len(re.findall(r"\bshall\b", item.text))
            if number != 1:
                find("shall", "has %d times shall; exactly one is right" % number)
        if not item.text.strip():
            find("empty", "says nothing")
        if item.kind not in LEAF:
            for weak in WEAK.finditer(item.text):
                find("weak word", weak.group(0))


def blank_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*|^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), text,
                  flags=re.S | re.M)


def function_after(code, offset):
    """The first function that is declared or defined after a tag. Macros for attributes may stand before its name."""
    for match in re.finditer(r"\b([A-Za-z_]\w*)\s*\(", code[offset:]):
        if match.group(1) not in NOT_FUNCTIONS and not match.group(1).isupper():
            # between tag and name there may be a return type, but no end of another statement
            between = code[offset:offset + match.start()]
            return "" if re.search(r"[;{}]", between) else match.group(1)
    return ""


def read_tests(paths):
    """Functions that passed in every report they are in."""
    passed, failed = set(), set()
    for path in paths:
        text = open(path, encoding="utf-8", errors="replace").read()
        for record, name in re.findall(r"<CUNIT_RUN_TEST_(SUCCESS|FAILURE)>.*?<TEST_NAME>\s*(\w+)\s*</TEST_NAME>",
                                       text, re.S):
            (passed if record == "SUCCESS" else failed).add(name)
    return passed - failed


def read_proofs(folder):
    """Functions with every goal proved, from the files that the proof gate writes."""
    proved = set()
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        if name.endswith(".json"):
            with open(os.path.join(folder, name)) as handle:
                for function, goals in json.load(handle)["functions"].items():
                    done, total = (int(n) for n in goals.split("/"))
                    if 0 < done == total:
                        proved.add(function)
    return proved


def read_unfinished(root):
    """Functions that proofs/open.csv lists."""
    table = os.path.join(root, "proofs", "open.csv")
    if not os.path.exists(table):
        return set()
    with open(table, newline="") as handle:
        return {row["function"] for row in csv.DictReader(handle)}


def orphan_functions(trace, root):
    """Every public function of the core has to say what it implements."""
    tagged = {function for kind, _, _, function in trace.tags if kind == "impl"}
    count = 0
    for path in core(root):
        for name, where, line, static, defined in functions(root, path):
            if defined and not static and where == path:
                count += 1
                if name not in tagged:
                    trace.find("orphan function", "%s:%d" % (path, line), name + " implements nothing that is asked for")
    return count


def write_csv(trace, path):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        table.writerow("id title text status tags parents needs".split() + EVIDENCE)
        for key in sorted(trace.items):
            item = trace.items[key]
            table.writerow([item.ident, item.title, item.text.strip(), item.status, " ".join(item.tags),
                            " ".join(c for c, _ in item.covers), " ".join(item.needs)]
                           + [" ".join(item.evidence.get(kind, ())) for kind in EVIDENCE])


STYLE = """body{font:15px/1.4 sans-serif;margin:2em;color:#222}table{border-collapse:collapse}
td,th{border:1px solid #bbb;padding:.25em .5em;text-align:left;vertical-align:top}th{background:#eee}
td.gap{background:#f8c0c0}td.ok{background:#e4f4e0}code{font-size:90%}"""


def write_html(trace, path):
    def cell(item, kind):
        if kind in item.needs:
            texts = item.evidence.get(kind)
            return '<td class="%s">%s</td>' % ("ok" if texts else "gap", html.escape(", ".join(texts or ["missing"])))
        return "<td></td>"
    kinds = [k for k in TYPES if any(k in item.needs for item in trace.items.values())]
    out = ["<!DOCTYPE html><meta charset=utf-8><title>Skerry: trace</title><style>%s</style><h1>Trace</h1>" % STYLE,
           "<p>%d items, %d tags, %d findings</p>" % (len(trace.items), len(trace.tags), len(trace.findings)),
           "<h2>Findings</h2><table><tr><th>kind<th>where<th>what"]
    out += ["<tr><td>%s<td><code>%s</code><td>%s" % tuple(map(html.escape, finding)) for finding in trace.findings]
    out += ["</table><h2>From requirement to evidence</h2><table><tr><th>item<th>title<th>covers"]
    out += ["<th>" + kind for kind in kinds]
    for key in sorted(trace.items):
        item = trace.items[key]
        out.append('<tr><td id="%s"><code>%s</code><td>%s<td>%s%s' % (
            html.escape(key), html.escape(item.ident), html.escape(item.title),
            " ".join('<a href="#%s"><code>%s</code></a>' % (html.escape(c.rpartition("~")[0]), html.escape(c))
                     for c, _ in item.covers), "".join(cell(item, kind) for kind in kinds)))
    out.append("</table><h2>From evidence to requirement</h2><table><tr><th>function or place<th>kind<th>item")
    for kind, ident, place, function in sorted(trace.tags, key=lambda t: (t[3], t[2])):
        out.append("<tr><td><code>%s</code> %s<td>%s<td><code>%s</code>" % tuple(
            map(html.escape, (function, place, kind, ident))))
    out.append("</table>")
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as handle:
        handle.write("\n".join(out) + "\n")


def main():
    argv = sys.argv[1:]
    as_gate = argv[:1] == ["gate"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", default=None)
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("--build")
    parser.add_argument("--tests", action="append")
    parser.add_argument("--proofs")
    parser.add_argument("--csv")
    parser.add_argument("--html")
    args = parser.parse_args(argv[1:] if as_gate else argv)
    root = os.path.abspath(args.root)
    build = os.path.abspath(args.build or os.path.join(root, "build", "trace"))
    trace = Trace()
    for folder in args.paths or PATHS:
        whole = os.path.join(root, folder)
        for path in [folder] if os.path.isfile(whole) else files(root, folder, ""):
            if "/tools/" in path or path.startswith("tests/tools"):
                continue  # the checkers' own seeded faults
            try:
                text = open(os.path.join(root, path), encoding="utf-8").read()
            except UnicodeDecodeError:
                continue
            if path.endswith(".md"):
                trace.read_markdown(path, text)
            elif path.endswith(READ):
                if path != "spec/trace.py":
                    trace.read_source(path, text)
            else:
                for match in TAG.finditer(text):
                    trace.find("unread file", path, "OpenFastTrace does not read this file type: " + match.group(0))
    results = os.path.dirname(build)
    reports = args.tests or [os.path.join(results, "tests-plain", "skerry-tests-Results.xml"),
                             os.path.join(results, "tests-fdt-plain", "skerry-fdt-tests-Results.xml")]
    trace.judge(read_tests([r for r in reports if os.path.exists(r)]),
                read_proofs(args.proofs or os.path.join(root, "proofs", "results")), read_unfinished(root))
    public = orphan_functions(trace, root)
    trace.findings.sort(key=lambda f: (f[0], f[1]))
    for kind, place, text in trace.findings:
        print("%s: %s: %s" % (place, kind, text))
    write_csv(trace, args.csv or os.path.join(build, "trace.csv"))
    write_html(trace, args.html or os.path.join(build, "trace.html"))
    print("%d items, %d tags, %d findings" % (len(trace.items), len(trace.tags), len(trace.findings)))
    if not as_gate:
        return 1 if trace.findings or not trace.items else 0
    gate = Gate("trace")
    for what in trace.skipped:
        gate.skip(what)
    gate.check(bool(trace.items), "no item")
    # One check for each item, tag and public function; the findings say which of them do not hold.
    gate.failed += len(trace.findings)
    gate.passed += max(0, len(trace.items) + len(trace.tags) + public - len(trace.findings))
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
