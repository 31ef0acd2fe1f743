#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every source of the core, in every verified configuration, without a single warning from any of the compilers.

With --analyzer: gcc's path analysis instead.
"""
import csv
import os
import sys

from gate import Gate, core, options, run

WARNINGS = ("-std=c99 -Wall -Wextra -Wconversion -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes "
            "-Wundef -Wcast-align -Wvla").split()
COMPILERS = {
    "gcc": ["gcc", "-O2"],
    "clang": ["clang-19", "-O2"],
    "cortex-m7": ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-ffreestanding", "-Os"],
    "cortex-r5": ["arm-none-eabi-gcc", "-mcpu=cortex-r5", "-marm", "-mfloat-abi=soft", "-ffreestanding", "-O2"],
}
ANALYZER = {"gcc -fanalyzer": ["gcc", "-O2", "-fanalyzer"]}


def configurations(root):
    """The closed list of verified configurations, each as (id, compiler options)."""
    with open(os.path.join(root, "spec", "configurations.csv"), newline="") as handle:
        for row in csv.DictReader(handle):
            yield row["id"], ["-DSKR_CONFIG_HEADER=\"%s\"" % row["header"]] if row["header"] else []


def main():
    parser, places = options(__doc__.splitlines()[0], "compile")
    parser.add_argument("--analyzer", action="store_true")
    args = parser.parse_args()
    root, build = places(args)
    os.makedirs(build, exist_ok=True)
    gate = Gate("analyzer" if args.analyzer else "compile")
    if not core(root):
        gate.fail("no source in src/")
    for name, config in configurations(root):
        header = config[0].split('"')[1] if config else ""
        gate.check(not header or os.path.exists(os.path.join(root, header)), "no configuration header " + header)
        for compiler, command in (ANALYZER if args.analyzer else COMPILERS).items():
            for path in core(root):
                result = run([*command, *WARNINGS, "-Iinclude", "-I.", "-Itests", *config, "-c",
                              "-o", os.path.join(build, "out.o"), path], cwd=root)
                gate.check(result.returncode == 0, "%s, %s, configuration %s" % (path, compiler, name), result.stdout)
        print("%s: configuration %s: %d sources" % (gate.name, name, len(core(root))), flush=True)
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
