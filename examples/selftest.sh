#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Drives skerry-pmm and skerry-island as their users do, and asserts what issue and README promise.
#
#   BUILD=DIR examples/selftest.sh [NAME...]     all tests, or those whose name contains a NAME
#
# One line per test, "ok name" or "FAIL name why"; the last line is "N passed, N failed". Status 0 only if none failed
# and at least one ran.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$here/../build}
export BUILD
exec python3 -B "$here/selftest.py" "$@"
