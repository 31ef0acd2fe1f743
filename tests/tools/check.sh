#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs the gates named on the command line, one after another, goes on after a failing one, and sums up. Each gate
# ends with the line `N passed, N failed[, N skipped]`; a gate without that line, or one that contradicts its own exit
# status, counts as a failure. The last line of all is the sum.
set -u
cd "$(dirname "$0")/../.."
logs=${BUILD:-build}/gates
rm -f "$logs/sum"
mkdir -p "$logs"
table=$logs/table
: > "$table"
gates=$*
passed=0 failed=0 skipped=0
for gate in $gates; do
    log=$logs/$gate.log
    printf '%s\n' "== $gate"
    begin=$(date +%s)
    # The status is kept in a file because a pipe would lose it.
    { "${MAKE:-make}" --no-print-directory "$gate" 2>&1; echo $? > "$logs/status"; } | tee "$log"
    status=$(cat "$logs/status")
    seconds=$(($(date +%s) - begin))
    # make adds a line of its own after a failing recipe
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -1)
    if [ -z "$line" ]; then
        p=0 f=1 s=0
    else
        # shellcheck disable=SC2046  # split into numbers
        set -- $(echo "$line" | tr -c '0-9\n' ' ')
        p=$1 f=$2 s=${3:-0}
        if [ "$status" -eq 0 ] && [ "$f" -ne 0 ]; then f=$((f + 1)); fi
        if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$f" -eq 0 ]; then verdict=ok; else verdict=FAILED; fi
    printf '%-14s %7d passed %5d failed %5d skipped %6d s  %s\n' "$gate" "$p" "$f" "$s" "$seconds" "$verdict" >> "$table"
done
echo
cat "$table"
echo
sum="$passed passed, $failed failed"
if [ "$skipped" -ne 0 ]; then
    sum="$sum, $skipped skipped"
fi
echo "$sum" | tee "$logs/sum"
[ "$failed" -eq 0 ] && [ "$passed" -ne 0 ]
