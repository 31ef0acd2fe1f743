#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the documents promise: examples compile and link, commands run, links lead somewhere.

A fenced block marked `c example` is compiled as C99 with warnings as errors and linked with the library; one marked
`sh run` is executed by sh -eu from the top of the project.
"""
import os
import re
import shutil
import subprocess
import sys

from gate import Gate, files, options, run

LIMIT = 600  # seconds for one block of commands
DOCUMENTS = ("README.md", "safety-manual", "spec", "misra", "proofs", "coverage", "tests", "pmm", "examples")


def blocks(text, mark):
    return re.findall(r"^```%s[^\n]*\n(.*?)^```" % re.escape(mark), text, re.M | re.S)


def documents(root):
    found = []
    for place in DOCUMENTS:
        found += [place] if os.path.isfile(os.path.join(root, place)) else files(root, place, ".md")
    return found


def build_example(gate, root, build, cflags, libs, label):
    """Compile and link each example of the README. Hooks that it leaves to the integrator get empty bodies."""
    shutil.rmtree(build, ignore_errors=True)
    os.makedirs(build)
    readme = os.path.join(root, "README.md")
    examples = blocks(open(readme).read(), "c example") if os.path.exists(readme) else []
    gate.check(bool(examples), "README.md has an example marked `c example`")
    for number, text in enumerate(examples, 1):
        source = os.path.join(build, "example%d.c" % number)
        with open(source, "w") as handle:
            handle.write(text)
        result = run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *cflags, "-c", source,
                      "-o", source[:-1] + "o"])
        if not gate.check(result.returncode == 0, "README example %d compiles (%s)" % (number, label), result.stdout):
            continue
        stubs = os.path.join(build, "stubs%d.c" % number)
        defined = run(["nm", "--defined-only", source[:-1] + "o"]).stdout
        with open(stubs, "w") as handle:
            if not re.search(r" T main$", defined, re.M):
                handle.write("int main(void) { return 0; }\n")
            if "skr_port_doorbell" not in defined:
                handle.write("void skr_port_doorbell(unsigned n);\nvoid skr_port_doorbell(unsigned n) { (void)n; }\n")
        result = run(["gcc", *cflags, "-o", source[:-2], source[:-1] + "o", stubs, *libs])
        gate.check(result.returncode == 0, "README example %d links (%s)" % (number, label), result.stdout)


def main():
    parser, places = options(__doc__.splitlines()[0], "docs")
    root, build = places(parser.parse_args())
    gate = Gate("docs")
    os.makedirs(build, exist_ok=True)
    made = run(["make", "--no-print-directory", "-C", root, "lib", "BUILD=" + os.path.join(build, "out")])
    if gate.check(made.returncode == 0, "make lib", made.stdout):
        build_example(gate, root, os.path.join(build, "example"), ["-I" + os.path.join(root, "include")],
                      [os.path.join(build, "out", "libskerry.a")], "source tree")
    commands = 0
    for path in documents(root):
        text = open(os.path.join(root, path), encoding="utf-8").read()
        for block in blocks(text, "sh run"):
            commands += 1
            print("docs: %s: %s" % (path, block.strip().splitlines()[0]), flush=True)
            try:
                result = run(["sh", "-eu", "-c", block], cwd=root, timeout=LIMIT, stdin=subprocess.DEVNULL)
                gate.check(result.returncode == 0, "%s: a command ends with status %d" % (path, result.returncode),
                           block + result.stdout[-2000:])
            except subprocess.TimeoutExpired:
                gate.fail("%s: a command runs longer than %d s" % (path, LIMIT), block)
        dead = []
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)):
            target = link.split("#")[0]
            if target and ":" not in target and not os.path.exists(os.path.join(root, os.path.dirname(path), target)):
                dead.append(link)
        gate.check(not dead, path + ": links that lead nowhere", "\n".join(dead))
    gate.check(commands > 0, "no command marked `sh run` in any document")
    print("docs: %d documents, %d blocks of commands" % (len(documents(root)), commands))
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
