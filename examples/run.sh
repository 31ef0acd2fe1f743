#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2317  # functions are called by traps and by wait_for
#
# An island and its back-end, talking: `make run` calls this.
#
#   BUILD=DIR examples/run.sh
#
# Starts skerry-pmm and skerry-island in a directory of its own, shows the console, sends a file through vsock echo and
# compares it, collects telemetry, runs shell commands over TCP. Then, on a terminal, the console is yours; otherwise it
# ends with status 0. Whatever happens, no process and no file is left behind.
set -u

here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$here/../build}
pmm=$BUILD/pmm/skerry-pmm
island=$BUILD/examples/skerry-island
wanted_bytes=4194304

dir=
terminal=
pids=
starting=
pending=
exec 3<&0 # background commands lose standard input; the terminal has to stay within reach

say() { printf '%s\n' "$*"; }

fail()
{
    printf 'run.sh: %s\n' "$*" >&2
    for log in pmm.log island.log console.log; do
        if [ -s "$dir/$log" ]; then
            printf '  --- last lines of %s\n' "$log" >&2
            tail -n 8 "$dir/$log" | sed 's/^/  /' >&2
        fi
    done
    exit 1
}

# shellcheck disable=SC2086  # a list of process ids
clean_up()
{
    trap '' INT TERM HUP
    trap - EXIT
    if [ -n "$pids" ]; then
        kill -TERM $pids 2>/dev/null
        for pid in $pids; do
            tries=60
            # More than once: a shell that was just forked may swallow the first.
            while kill -TERM "$pid" 2>/dev/null && [ "$tries" -gt 0 ]; do
                sleep 0.05
                tries=$((tries - 1))
            done
            kill -KILL "$pid" 2>/dev/null
            wait "$pid" 2>/dev/null
        done
    fi
    if [ -n "$terminal" ]; then
        stty "$terminal" <&3 2>/dev/null
    fi
    if [ -n "$dir" ]; then
        rm -rf "$dir"
    fi
}

# A signal between the start of a process and the note of its id has to wait for the note.
interrupted()
{
    if [ -n "$starting" ]; then
        pending=$1
    else
        clean_up
        exit "$1"
    fi
}

trap clean_up EXIT
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

# Everything that lasts is a child that is waited for: only `wait` lets a signal through at once. A process id that was
# waited for may soon be somebody else's: it leaves the list.
starting() { starting=yes; }

started()
{
    pids="$pids $!"
    last=$!
    starting=
    [ -z "$pending" ] || interrupted "$pending"
}

finish()
{
    wait "$1"
    result=$?
    rest=
    for pid in $pids; do
        [ "$pid" = "$1" ] || rest="$rest $pid"
    done
    pids=$rest
    return "$result"
}

stop()
{
    kill -TERM "$1" 2>/dev/null
    finish "$1" 2>/dev/null
}

pause() { sleep 0.05 & wait $!; }

alive()
{
    kill -0 "$pmm_pid" 2>/dev/null || fail "skerry-pmm ended by itself"
    kill -0 "$island_pid" 2>/dev/null || fail "skerry-island ended by itself"
}

# wait_for WHAT SECONDS COMMAND...
wait_for()
{
    what=$1
    deadline=$(($(date +%s) + $2))
    shift 2
    until "$@"; do
        alive
        [ "$(date +%s)" -le "$deadline" ] || fail "waited in vain for $what"
        pause
    done
}

lines_in() { if [ -f "$1" ]; then wc -l < "$1" | tr -d ' '; else echo 0; fi; }
telemetry_came() { [ "$(lines_in "$dir/telemetry.log")" -ge 2 ]; }
pmm_ready() { grep -q 'skerry-pmm: ready' "$dir/pmm.log"; }
console_came() { grep -q 'debug shell' "$dir/console.log" 2>/dev/null; }
console_answered() { grep -q '^up days' "$dir/console.log"; }
vsock_came()
{
    printf 'CONNECT 7\n' | socat -t 1 - "UNIX-CONNECT:$dir/vsock" 2>/dev/null | grep -q '^OK '
}

# --- what is needed

for tool in socat nc sha256sum mkfifo mktemp; do
    command -v "$tool" >/dev/null || fail "$tool is missing: install socat, netcat-openbsd and coreutils"
done
for program in "$pmm" "$island"; do
    [ -x "$program" ] || fail "$program is missing: run make first"
done

# A socket's name has 107 bytes: a deep TMPDIR would be too long.
base=${TMPDIR:-/tmp}
[ "${#base}" -le 70 ] || base=/tmp
dir=$(mktemp -d "$base/skerry.XXXXXX") || { dir=; fail "cannot make a directory in $base"; }
mkfifo "$dir/typed" "$dir/shown"
exec 4<>"$dir/typed" 5<>"$dir/shown" # held open for both, so that nobody blocks in opening

# --- the two sides, and somebody who listens for telemetry

starting
socat -u "UNIX-LISTEN:$dir/vsock_5000" "OPEN:$dir/telemetry.log,creat,append" 2>"$dir/telemetry.err" &
started
starting
"$pmm" --shm "$dir/shm" --doorbell "unix:$dir/bell" --console "unix:$dir/console" --vsock "$dir/vsock" --cid 3 \
       --forward tcp:127.0.0.1:0=23 </dev/null >"$dir/pmm.log" 2>&1 &
started
pmm_pid=$last
starting
"$island" --shm "$dir/shm" --doorbell "unix:$dir/bell" </dev/null >"$dir/island.log" 2>&1 &
started
island_pid=$last

wait_for "skerry-pmm to be ready" 10 pmm_ready
tcp=$(sed -n 's/.*vsock port 23 is tcp .* port \([0-9]*\)$/\1/p' "$dir/pmm.log")
[ -n "$tcp" ] || fail "skerry-pmm did not say which TCP port it chose"
say "back-end: skerry-pmm, process $pmm_pid     island: skerry-island, process $island_pid     directory: $dir"

# --- the console, shown as it comes; prompts have no line end and are left out

starting
sed -u -e 's/\r//g' -e '/^skerry> $/d' -e "w $dir/console.log" -e 's/^/console | /' <&5 &
started
shown_pid=$last
starting
socat - "UNIX-CONNECT:$dir/console" <&4 >&5 2>"$dir/console.err" &
started
console_pid=$last
wait_for "the island's banner on the console" 10 console_came
printf 'uptime\r' >&4
wait_for "the console shell to answer" 10 console_answered
wait_for "vsock" 10 vsock_came

# --- a real file through echo and back: our own programs and sources, each round under another heading

round=0
: > "$dir/sent"
while [ "$(wc -c < "$dir/sent")" -lt "$wanted_bytes" ]; do
    round=$((round + 1))
    { echo "round $round"; cat "$pmm" "$island" "$BUILD/libskerry.a" "$here"/../src/*.c "$here"/app/*.c; } >> "$dir/sent" \
        || fail "cannot put the file together"
done
bytes=$(wc -c < "$dir/sent")

begin=$(date +%s%N)
starting
{ printf 'CONNECT 7\n'; cat "$dir/sent"; } | socat -t 20 - "UNIX-CONNECT:$dir/vsock" >"$dir/echoed" 2>"$dir/echo.err" &
started
finish "$last" || fail "socat ended with an error: $(tail -n 1 "$dir/echo.err")"
end=$(date +%s%N)
head -n 1 "$dir/echoed" | grep -aq '^OK ' || fail "port 7 gave no connection"
tail -n +2 "$dir/echoed" > "$dir/back"
back=$(wc -c < "$dir/back")
sum_sent=$(sha256sum < "$dir/sent")
sum_back=$(sha256sum < "$dir/back")
[ "$sum_sent" = "$sum_back" ] || fail "$bytes bytes were sent to echo and $back came back, not the same ones"

# --- the debug shell, over TCP

starting
printf 'uptime\nports\nquit\n' | nc -N 127.0.0.1 "$tcp" >"$dir/shell.log" 2>&1 &
started
finish "$last" || fail "nc got no shell on TCP port $tcp: $(tail -n 1 "$dir/shell.log")"
sed 's/^/shell   | /' "$dir/shell.log"
grep -q '^bye$\|> bye$' "$dir/shell.log" || fail "the shell on TCP port $tcp did not answer to the end"

# --- telemetry

wait_for "two lines of telemetry" 10 telemetry_came
tail -n 1 "$dir/telemetry.log" | sed 's/^/telemetry | /'

alive
say ""
awk -v bytes="$bytes" -v back="$back" -v ns="$((end - begin))" 'BEGIN {
    printf "echo       %d bytes there, %d bytes back, %.2f s, %.1f MB/s each way\n", bytes, back, ns / 1e9, bytes / 1e6 / (ns / 1e9)
}'
say "SHA-256    ok, ${sum_sent%% *}"
say "telemetry  $(lines_in "$dir/telemetry.log") lines"
say "console    $(lines_in "$dir/console.log") lines"

[ -t 3 ] || exit 0

# --- the terminal is the console, until Ctrl-D or Ctrl-C

say ""
say "From another terminal:"
say "  nc 127.0.0.1 $tcp                                           the debug shell"
say "  (echo CONNECT 7; cat) | socat - UNIX-CONNECT:$dir/vsock     echo; 9 discards, 19 generates, 23 is the shell"
say "  tail -f $dir/telemetry.log                     telemetry"
say "  kill -9 $island_pid; $island --shm $dir/shm --doorbell unix:$dir/bell     the island's next life"
say "This terminal is the console: Return gives a prompt, Ctrl-D or Ctrl-C ends it all."
say ""
stop "$console_pid"
stop "$shown_pid"
terminal=$(stty -g <&3)
trap 'clean_up; exit 0' INT
starting
socat "-,icanon=0,echo=0,escape=0x04" "UNIX-CONNECT:$dir/console" <&3 2>"$dir/console.err" &
started
finish "$last"
kill -0 "$pmm_pid" 2>/dev/null || fail "skerry-pmm ended by itself"
exit 0
