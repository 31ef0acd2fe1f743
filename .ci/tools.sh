#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes sure of the Debian 12 packages behind `make run`, `make check`, `make bench` or `make cost`.
#
#   .ci/tools.sh run|check|bench|cost
#
# As root it installs what is missing; as anyone else it prints the line to run and ends with status 1.
set -eu

run_packages='gcc libc6-dev make libfdt-dev socat netcat-openbsd python3'
check_packages="$run_packages g++ clang-19 llvm-19 libclang-rt-19-dev gcc-arm-none-eabi libnewlib-arm-none-eabi
    cppcheck frama-c-base why3 z3 cvc4 libcunit1-dev lcov device-tree-compiler binutils pkg-config qemu-system-arm"

case "${1-}" in
    run) wanted=$run_packages ;;
    check) wanted=$check_packages ;;
    bench) wanted='gcc libc6-dev make libfdt-dev python3' ;;
    cost) wanted='gcc libc6-dev gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm python3' ;;
    *) echo "usage: .ci/tools.sh run|check|bench|cost" >&2; exit 2 ;;
esac

missing=
for package in $wanted; do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
        'install ok installed') ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "These packages are missing. Run:" >&2
    echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi

log=${BUILD:-build}/tools.log
mkdir -p "$(dirname "$log")"
echo "installing:$missing (log: $log)"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # a list of package names
if ! { apt-get update && apt-get install -y --no-install-recommends $missing; } > "$log" 2>&1; then
    tail -20 "$log" >&2
    exit 1
fi
