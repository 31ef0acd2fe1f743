#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The unit tests as a gate: each verified configuration, as delivered and under the sanitizers.

The runner's own count is set against its report: neither alone is believed.
"""
import os
import re
import sys

from compile import configurations
from gate import Gate, options, run


def main():
    parser, places = options(__doc__.splitlines()[0], "")
    root, build = places(parser.parse_args())
    gate = Gate("tests")
    for config, _ in configurations(root):
        for variant in ("plain", "san"):
            label = "%s, configuration %s" % (variant, config)
            made = run(["make", "--no-print-directory", "-C", "tests", "BUILD=" + build, "VARIANT=" + variant,
                        "CONFIG=" + config, "test"], cwd=root)
            count = re.findall(r"^(\d+) passed, (\d+) failed", made.stdout, re.M)
            place = os.path.join(build, "tests-" + variant + ("" if config == "default" else "-" + config))
            report = os.path.join(place, "skerry-tests-Results.xml")
            gate.check(made.returncode == 0, label, made.stdout[-3000:])
            if not gate.check(count and os.path.exists(report), label + ": no result"):
                continue
            passed, failed = map(int, count[-1])
            text = open(report, encoding="utf-8", errors="replace").read()
            good = len(re.findall("<CUNIT_RUN_TEST_SUCCESS>", text))
            bad = len(re.findall("<CUNIT_RUN_TEST_FAILURE>", text))
            gate.check((passed, failed) == (good, bad) and passed > 0,
                       "%s: the runner says %d passed, %d failed; its report %d and %d"
                       % (label, passed, failed, good, bad))
            gate.passed += passed
            gate.failed += failed
            print("tests: %s: %d tests passed, %d failed" % (label, passed, failed), flush=True)
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
