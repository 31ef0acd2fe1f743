#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the archive holds and asks for: no data, no bss, no foreign symbol, no recursion, no call through a pointer.

Prints code size and worst stack of each public function. The stack figure leaves out what the port, memcpy and
memset use: those are not ours.
"""
import csv
import fnmatch
import os
import re
import shutil
import sys

from gate import Gate, core, options, run

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = {
    "host": ("", ["-O2"]),
    "cortex-m7": ("arm-none-eabi-", ["-mcpu=cortex-m7", "-mthumb", "-ffreestanding", "-Os"]),
    "cortex-r5": ("arm-none-eabi-", ["-mcpu=cortex-r5", "-marm", "-mfloat-abi=soft", "-ffreestanding", "-O2"]),
}


def build_archive(root, place, prefix, flags):
    """Compile the core and put it into an archive; gcc leaves a call graph beside each object."""
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    for path in core(root):
        result = run([prefix + "gcc", "-std=c99", *flags, "-I" + os.path.join(root, "include"), "-fcallgraph-info=su",
                      "-c", os.path.join(root, path)], cwd=place)
        if result.returncode != 0:
            sys.exit("symbols: %s does not compile:\n%s" % (path, result.stdout))
    objects = sorted(f for f in os.listdir(place) if f.endswith(".o"))
    run([prefix + "ar", "rcsD", "libskerry.a", *objects], cwd=place, check=True)
    return os.path.join(place, "libskerry.a")


def symbols(archive, prefix):
    """(defined globals, undefined) of the archive as a whole."""
    defined, undefined = {}, set()
    for line in run([prefix + "nm", archive], check=True).stdout.splitlines():
        part = line.split()
        if len(part) == 2 and part[0] in "Uwv":
            undefined.add(part[1])
        elif len(part) == 3 and (part[1].isupper() or part[1] in "wv"):
            defined[part[2]] = part[1]
    return defined, undefined - set(defined)


def sections(archive, prefix):
    """Bytes of code, constants and variables, summed over the archive."""
    total = {"text": 0, "rodata": 0, "data": 0, "bss": 0}
    for line in run([prefix + "size", "-A", archive], check=True).stdout.splitlines():
        match = re.match(r"\.(text|rodata|data|bss|tdata|tbss|init_array|ctors|sdata|sbss)\S*\s+(\d+)", line)
        if match:
            kind = match.group(1)
            total[kind if kind in ("text", "rodata", "bss") else "data"] += int(match.group(2))
    common = [s for s in run([prefix + "nm", archive]).stdout.split("\n") if re.search(r" C \w", s)]
    total["bss"] += len(common)
    return total


def call_graph(place):
    """Frames and edges from gcc's graphs. Private functions carry their file in their name, so names do not clash."""
    frames, edges = {}, {}
    for name in sorted(os.listdir(place)):
        if not name.endswith(".ci"):
            continue
        text = open(os.path.join(place, name)).read()
        for title, label in re.findall(r'node: \{ title: "([^"]*)" label: "([^"]*)"', text):
            size = re.search(r"(\d+) bytes \(([\w,]+)\)", label)
            if size:
                frames[title] = int(size.group(1))
                if size.group(2) not in ("static", "dynamic,bounded"):
                    frames[title] = float("inf")
        for source, target in re.findall(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', text):
            edges.setdefault(source, set()).add(target)
    return frames, edges


def worst(function, frames, edges, path=()):
    """Deepest stack from here on, and the cycle if there is one."""
    if function in path:
        return 0, path[path.index(function):] + (function,)
    deepest, cycle = 0, ()
    for target in edges.get(function, ()):
        depth, found = worst(target, frames, edges, path + (function,))
        deepest = max(deepest, depth)
        cycle = cycle or found
    return frames.get(function, 0) + deepest, cycle


def main():
    parser, places = options(__doc__.splitlines()[0], "symbols")
    parser.add_argument("--allowed", default=os.path.join(HERE, "symbols.allowed"))
    args = parser.parse_args()
    root, build = places(args)
    gate = Gate("symbols")
    with open(args.allowed) as handle:
        allowed = [line.strip() for line in handle if line.strip() and not line.startswith("#")]
    if not core(root):
        gate.fail("no source in src/")
        return gate.done()
    table = []
    for target, (prefix, flags) in TARGETS.items():
        archive = build_archive(root, os.path.join(build, target), prefix, flags)
        size = sections(archive, prefix)
        gate.check(size["data"] == 0 and size["bss"] == 0, "%s: data %d, bss %d, both have to be 0"
                   % (target, size["data"], size["bss"]))
        defined, undefined = symbols(archive, prefix)
        foreign = [s for s in sorted(undefined) if not any(fnmatch.fnmatchcase(s, a) for a in allowed)]
        gate.check(not foreign, "%s: asks for what is not on the list" % target, "\n".join(foreign))
        public = sorted(s for s, kind in defined.items() if kind == "T")
        gate.check(bool(public), "%s: no public function" % target)
        strange = [s for s in sorted(defined) if not s.startswith("skr_")]
        gate.check(not strange, "%s: public names without skr_" % target, "\n".join(strange))
        hooks = [s for s in sorted(set(defined) | undefined) if re.search(r"test|hook|trace|mock", s)]
        gate.check(not hooks, "%s: a test hook in the delivered archive" % target, "\n".join(hooks))
        frames, edges = call_graph(os.path.join(build, target))
        indirect = [source for source in sorted(edges) if "__indirect_call" in edges[source]]
        gate.check(not indirect, "%s: a call through a pointer" % target, "\n".join(indirect))
        loops = {cycle for cycle in (worst(f, frames, edges)[1] for f in sorted(frames)) if cycle}
        gate.check(not loops, "%s: recursion" % target, "\n".join(" -> ".join(c) for c in sorted(loops)))
        moving = [f for f in sorted(frames) if frames[f] == float("inf")]
        gate.check(not moving, "%s: a frame whose size is not known when compiling" % target, "\n".join(moving))
        depths = {f: worst(f, frames, edges)[0] for f in public}
        table += [[target, f, depths[f]] for f in public]
        deepest = max(depths, key=depths.get) if depths else "-"
        print("symbols: %-9s %6d bytes code, %5d bytes constants, %3d public functions, worst stack %s bytes (%s)"
              % (target, size["text"], size["rodata"], len(public), depths.get(deepest, 0), deepest), flush=True)
    with open(os.path.join(build, "stack.csv"), "w", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows([["target", "function", "stack_bytes"]] + table)
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
