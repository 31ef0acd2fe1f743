#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# MISRA C:2012 gate. Without arguments: the whole core, with deviations, summary and everything; with the names of
# sources: only what the checker finds in these and the headers they include (the developer loop).
#
#   misra/check.sh [FILE.c ...] [--update]      --update writes the compliance summary, gcs.csv, anew
PYTHONDONTWRITEBYTECODE=1 exec python3 "$(dirname "$0")/check.py" "$@"
