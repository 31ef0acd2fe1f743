#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs skerry-pmm's tests: run.py BINARY [part of a test's name]...
One line per test, a closing count; the exit status is 0 only if tests ran and all of them passed."""

import os
import signal
import sys
import time
import traceback

sys.dont_write_bytecode = True  # build output goes elsewhere

import frontend
import test_command_line
import test_console
import test_hostile
import test_registers
import test_restart
import test_vsock

LIMIT = 60  # seconds for one test: a test that hangs is a failure, not a hang


class Hang(Exception):
    pass


def on_alarm(number, frame):
    raise Hang("took longer than %d s" % LIMIT)


def main():
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit("usage: run.py BINARY [part of a test's name]...")
    binary, wanted = os.path.abspath(sys.argv[1]), sys.argv[2:]
    passed = failed = 0
    signal.signal(signal.SIGALRM, on_alarm)
    for module in (test_registers, test_console, test_vsock, test_hostile, test_restart, test_command_line):
        for name, test in module.tests():
            if wanted and not any(w in name for w in wanted):
                continue
            start = time.monotonic()
            signal.alarm(LIMIT)
            try:
                note = test(binary)
                passed += 1
                print("ok %s%s" % (name, " (%s)" % note if note else ""), flush=True)
            except (frontend.Failure, OSError, Hang) as e:
                failed += 1
                print("FAIL %s %s" % (name, " ".join(str(e).split())), flush=True)
            except Exception as e:  # a defect of the test itself is a failure as well
                failed += 1
                print("FAIL %s %r" % (name, e), flush=True)
                traceback.print_exc()
            finally:
                signal.alarm(0)
            if time.monotonic() - start > 5:
                print("# %s took %.1f s" % (name, time.monotonic() - start))
    print("%d passed, %d failed" % (passed, failed))
    return 0 if failed == 0 and passed > 0 else 1


sys.exit(main())
