#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Developer loop: prove one file, or one function of it, and name what is left.
#
#   proofs/prove.sh FILE [-f FUNCTION[,FUNCTION...]] [-t SECONDS] [-m MACHDEP] [-s] [-v] [-- FRAMA-C OPTIONS]
#
# FILE is a source of src/, or a header whose inline functions are to be proved. Prints one line
# `file function proved/total` for each function and the name and place of each goal left open.
# -s adds the smoke tests, -v shows what Frama-C says. Ends with status 0 only if every goal is proved.
# Answers are cached under build/, so that only what changed is proved again.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$(dirname "$0")/wp.py" prove "$@"
