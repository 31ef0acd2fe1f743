#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Rules of the project that no compiler knows: shared memory, loops, sizes, markers, words.

Shared memory is looked for in clang's syntax tree, because a type name may hide `volatile`; the rest is text.
"""
import json
import os
import re
import subprocess
import sys

from gate import Gate, compiled, core, files, functions, headers, options, run

SHARED = ("include/skerry/shm.h", "include/skerry/port.h")  # the only places that may touch it
FUNCTION_LINES = 60
FILE_LINES = 600  # of code: contracts, comments and empty lines are not counted
SOURCES = (".c", ".h", ".py", ".sh", ".S", ".ld", ".dts", "Makefile", "run", ".mk")
# Written in two parts so that this list does not find itself.
MARKERS = [a + b for a, b in (("LCOV_", "EXCL"), ("GCOV", "R_EXCL"), ("NO", "LINT"), ("cppcheck-", "suppress"),
                              ("-wp-", "no-"), ("__FRAMA", "C__"), ("coverity[", ""))]
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
CLAIMS = re.compile(r"is certified|are certified|(ASIL|SIL)[- ]?[A-D1-4] (compliant|ready|certified|qualified)|"
                    r"MISRA[- ]compliant|is MISRA compliant|certified to |qualified tool|bug[- ]free|"
                    r"guaranteed? (secure|safe)", re.I)
NEGATION = re.compile(r"\b(not|never|no|nor|without|cannot|nobody|none)\b", re.I)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def plain(text):
    """C code with comments and literals blanked; ACSL annotations become \1 (with a loop variant) or \2."""
    def comment(match):
        body = match.group(0)
        if body.startswith(('"', "'")):
            return body[0] + " " * (len(body) - 2) + body[0]
        mark = " "
        if body[2:3] == "@":
            mark = "\1" if "loop variant" in body else "\2"
        return re.sub(r"[^\n]", mark, body)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', comment, text, flags=re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def loops(text):
    """Places of loops and whether an annotation with a variant stands directly before: (line, good)."""
    code = plain(text)
    for match in re.finditer(r"\b(for|while|do)\b", code):
        before = code[:match.start()].rstrip()
        if match.group(1) == "while" and before.endswith("}"):
            depth = 0
            for index in range(len(before) - 1, -1, -1):
                depth += {"}": 1, "{": -1}.get(before[index], 0)
                if depth == 0:
                    break
            if re.search(r"\bdo\s*$", before[:index]):
                continue  # the end of a do loop, counted at its beginning
        yield line_of(code, match.start()), before.endswith("\1")


def endless(text):
    code = plain(text)
    for match in re.finditer(r"\bwhile\s*\(\s*(1U?|true)\s*\)|\bfor\s*\([^;)]*;\s*;", code):
        yield line_of(code, match.start())


def lengths(root, path, text):
    """Lines of each function from its signature to its closing brace, without annotations and contracts."""
    lines = plain(text).split("\n")
    for name, where, line, _, defined in functions(root, path):
        if defined and where == path:
            end = line
            while end < len(lines) and not lines[end - 1].startswith("}"):
                end += 1
            body = lines[line - 1:end]
            yield name, sum(not re.fullmatch(r"[\s\1\2]*[\1\2][\s\1\2]*", text) for text in body)


def shared_access(root, path):
    """Accesses to volatile objects and casts between pointers that stand in `path` itself, by clang's syntax tree."""
    command = ["clang-19", "-std=c99", "-fsyntax-only", "-Xclang", "-ast-dump=json", "-w", "-Iinclude", "-Isrc", "-x", "c",
               path]
    dump = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if dump.returncode != 0:
        sys.exit("%s does not compile:\n%s" % (path, dump.stderr))
    state = {"file": "", "line": 0}
    found = []

    def place(location):
        """clang names file and line only where they change, in the order in which it prints."""
        for part in ("spellingLoc", "expansionLoc"):
            if part in location:
                place(location[part])
        state["file"] = location.get("file", state["file"])
        state["line"] = location.get("line", state["line"])

    def visit(node, taken):
        if "loc" in node:
            place(node["loc"])
        if "range" in node:
            place(node["range"]["begin"])
            here = (state["file"], state["line"])
            place(node["range"]["end"])
        else:
            here = (state["file"], state["line"])
        kind = node.get("kind", "")
        kinds = node.get("type", {})
        shape = kinds.get("desugaredQualType", kinds.get("qualType", ""))
        if os.path.normpath(here[0]) == path:
            if (kind in ("ArraySubscriptExpr", "MemberExpr", "DeclRefExpr") or
                    kind == "UnaryOperator" and node.get("opcode") == "*"):
                if "volatile" in shape and "*" not in shape and "[" not in shape and not taken:
                    found.append((here[1], "direct access to a volatile object"))
            if kind == "CStyleCastExpr" and "*" in shape and node.get("castKind") in ("BitCast", "IntegralToPointer",
                                                                                    "NoOp"):
                found.append((here[1], "pointer cast (%s)" % kinds.get("qualType")))
        address = kind == "UnaryOperator" and node.get("opcode") == "&"
        for child in node.get("inner", ()):
            visit(child, address or (taken and kind == "ParenExpr"))

    sys.setrecursionlimit(10000)
    visit(json.loads(dump.stdout), False)
    return sorted(set(found))


def tree(root):
    """Files that belong to the project: what git knows or would take; in a bare copy, all."""
    listed = run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"])
    if listed.returncode == 0 and os.path.exists(os.path.join(root, ".git")):
        return sorted(p for p in listed.stdout.splitlines() if os.path.exists(os.path.join(root, p)))
    return [p for p in files(root, ".", "") if not p.startswith(("build/", ".git/"))]


def main():
    parser, places = options(__doc__.splitlines()[0], "grep")
    root, _ = places(parser.parse_args())
    gate = Gate("grep")
    sources = core(root)
    includes = headers(root)
    if not sources:
        gate.fail("no source in src/")

    for path in sources + includes:
        text = open(os.path.join(root, path), encoding="utf-8").read()
        code = plain(text)
        if path not in SHARED:
            words = ["%s:%d: volatile" % (path, line_of(code, m.start())) for m in re.finditer(r"\bvolatile\b", code)]
            gate.check(not words, "the word volatile outside shm.h and port.h", "\n".join(words))
            touched = ["%s:%d: %s" % (path, line, what) for line, what in shared_access(root, path)]
            gate.check(not touched, "shared memory or a pointer cast outside shm.h and port.h", "\n".join(touched))
        bare = ["%s:%d" % (path, line) for line, good in loops(text) if not good]
        gate.check(not bare, "a loop without a loop variant directly above", "\n".join(bare))
        forever = ["%s:%d" % (path, line) for line in endless(text)]
        gate.check(not forever, "an endless loop", "\n".join(forever))
        seen = compiled(text)
        marked = ["%s:%d: %s" % (path, line_of(seen, seen.index(m)), m) for m in MARKERS if m in seen]
        marked += ["%s:%d: %s" % (path, line_of(text, m.start()), m.group(0))
                   for m in re.finditer(r"@\s*(admit|axiom|axiomatic)\b|\badmit\b\s+(requires|ensures)", text)]
        gate.check(not marked, "a marker that switches evidence off", "\n".join(marked))
        # The axioms of Frama-C 25 for such values contradict each other: proofs/README.md.
        valued = ["%s:%d" % (path, line_of(text, m.start()))
                  for m in re.finditer(r"\b(predicate|logic)\b[^=;]*\([^)]*\[[^)]*\)", text)]
        gate.check(not valued, "an array by value in an annotation", "\n".join(valued))
        long = ["%s: %s has %d lines" % (path, name, count) for name, count in lengths(root, path, text)
                if count > FUNCTION_LINES]
        gate.check(not long, "a function longer than %d lines" % FUNCTION_LINES, "\n".join(long))
        if path in sources:
            code = [line for line in re.sub(r"/\*.*?\*/", "", text, flags=re.S).splitlines() if line.strip()]
            gate.check(len(code) <= FILE_LINES, "%s has more than %d lines" % (path, FILE_LINES))

    everything = tree(root)
    texts = {}
    for path in everything:
        if path.endswith(SOURCES + (".md",)):
            texts[path] = open(os.path.join(root, path), encoding="utf-8", errors="replace").read()
    for path, text in texts.items():
        if not path.endswith(".md"):
            gate.check("SPDX-License-Identifier: BSD-3-Clause" in text[:400], path + ": no SPDX line at the top")
        left = ["%s:%d" % (path, line_of(text, m.start())) for m in UNFINISHED.finditer(text)]
        gate.check(not left, "an unfinished mark", "\n".join(left))
        if path.endswith((".md", ".h")):
            claims = [path + ": " + " ".join(s.split()) for s in re.split(r"(?<=[.!?:])\s|\n\s*\n|\n\s*[-*|]", text)
                      if CLAIMS.search(s) and not NEGATION.search(s)]
            gate.check(not claims, "a claim that nobody has assessed", "\n".join(claims))
    print("grep: %d files of the core, %d files in all" % (len(sources) + len(includes), len(texts)))
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
