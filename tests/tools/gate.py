# SPDX-License-Identifier: BSD-3-Clause
"""What every gate has in common: it counts its checks, names each failing one, and never passes on nothing."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Gate:
    """Counts checks; `done` prints the closing line that `make check` sums up, and gives the exit status."""

    def __init__(self, name):
        self.name = name
        self.passed = self.failed = self.skipped = 0

    def check(self, good, what, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL %s: %s" % (self.name, what))
            for line in str(detail).rstrip().splitlines()[:40]:
                print("     " + line)
            sys.stdout.flush()
        return good

    def fail(self, what, detail=""):
        return self.check(False, what, detail)

    def skip(self, what):
        self.skipped += 1
        print("SKIP %s: %s" % (self.name, what))

    def done(self):
        if self.passed + self.failed == 0:
            self.fail("checked nothing")
        print("%d passed, %d failed%s" % (self.passed, self.failed,
                                          ", %d skipped" % self.skipped if self.skipped else ""))
        return 1 if self.failed else 0


def run(command, **options):
    """Run a tool, both outputs together as text."""
    if "cwd" in options:
        # Frama-C resolves file names by this variable and not by where it is.
        options["env"] = dict(options.get("env") or os.environ, PWD=os.path.abspath(options["cwd"]))
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          **options)


def files(root, folder, *endings):
    """Paths below `folder`, relative to the root, in a fixed order."""
    found = []
    for where, _, names in os.walk(os.path.join(root, folder)):
        for name in names:
            if name.endswith(endings):
                found.append(os.path.relpath(os.path.join(where, name), root))
    return sorted(found)


def core(root):
    """Sources of the certified image. fdt.c leans on a third-party library and stays outside."""
    return [path for path in files(root, "src", ".c") if os.path.basename(path) != "fdt.c"]


def headers(root):
    """Public headers and the private ones of the core."""
    return files(root, "include", ".h") + files(root, "src", ".h")


def functions(root, path, *flags):
    """Functions that one translation unit declares or defines, as gcc sees them: (name, file, line, static, defined).

    `path` may be a source or a header; files come back relative to the root where they lie below it.
    """
    import tempfile
    with tempfile.NamedTemporaryFile("r", suffix=".aux") as aux:
        result = run(["gcc", "-std=c99", "-x", "c", "-fsyntax-only", "-w", "-aux-info", aux.name, "-Iinclude", "-Isrc",
                      *flags,
                      path], cwd=root)
        if result.returncode != 0:
            sys.exit("%s does not compile:\n%s" % (path, result.stdout))
        found = []
        for line in aux:
            match = re.match(r"/\* (.*):(\d+):[NOI]([CF]) \*/ (extern|static) (.*?);", line)
            name = match and re.search(r"(\w+) \(", match.group(5))
            if name:
                where = os.path.relpath(os.path.realpath(os.path.join(root, match.group(1))), os.path.realpath(root))
                found.append((name.group(1), where, int(match.group(2)), match.group(4) == "static",
                              match.group(3) == "F"))
        return found


def options(description, name):
    """The command line that gates share: which tree to judge, and where to build."""
    import argparse
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", default=ROOT, help="tree to judge")
    parser.add_argument("--build", help="where to build")
    return parser, lambda args: (os.path.abspath(args.root),
                                 os.path.abspath(args.build or os.path.join(args.root, "build", name)))


# What only the prover sees may define macros for its annotations, and nothing else: anything but that stays in view.
INVARIANTS = re.compile(r"^#ifdef __FRAMAC__\n(?:#define \w+\(.*(?<!\\)\n|#define \w+\((?:.*\\\n)+.*\n|\n)+#endif$", re.M)


def compiled(text):
    """The text of a source without the invariants of the proofs, line by line in its place."""
    return INVARIANTS.sub(lambda m: "\n" * m.group(0).count("\n"), text)
