# SPDX-License-Identifier: BSD-3-Clause
"""Command lines and files that cannot be used: one sentence that names the problem, and the right exit status."""

import os
import subprocess

from frontend import *


def tests():
    return [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]


# (arguments, what the message must name); {d} is a temporary folder.
BAD = [
    ([], "--shm"),
    (["--shm"], "--shm: expected a value"),
    (["--shm", "{d}/s", "--size"], "--size: expected a value"),
    (["--shm", "{d}/s", "--bogus"], "--bogus is not an option"),
    (["--shm", "{d}/s", "-x"], "-x is not an option"),
    (["--shm", "{d}/s", "extra"], "extra"),
    (["--shm", "{d}/s", "--size", "abc"], "--size abc: expected a number"),
    (["--shm", "{d}/s", "--size", "1MM"], "--size 1MM"),
    (["--shm", "{d}/s", "--size", "-4096"], "--size -4096"),
    (["--shm", "{d}/s", "--size", "0"], "--size 0: expected a value from 4096"),
    (["--shm", "{d}/s", "--size", "99999999999999999999"], "--size 9999"),
    (["--shm", "{d}/s", "--size", "18446744073709551615K"], "--size 18446744073709551615K"),
    (["--shm", "{d}/s", "--size", "64K"], "too small"),
    (["--shm", "{d}/s", "--size", "1000001"], "multiples of 4096"),
    (["--shm", "{d}/s", "--phys", "0x60000001"], "multiples of 4096"),
    (["--shm", "{d}/s", "--phys", "0xfffffffffffff000"], "--phys"),
    (["--shm", "{d}/s", "--phys", "0x100000000000"], "--phys 0x100000000000"),
    (["--shm", "{d}/s", "--offset", "1"], "--offset"),
    (["--shm", "{d}/s", "--layout", "xyz"], "--layout xyz: expected dtb or nodtb"),
    (["--shm", "{d}/s", "--doorbell", "tcp:1"], "--doorbell tcp:1: expected unix:PREFIX"),
    (["--shm", "{d}/s", "--doorbell", "unix:"], "--doorbell unix:: expected unix:PREFIX"),
    (["--shm", "{d}/s", "--doorbell", "unix:{d}/b", "--poll", "5"], "exclude"),
    (["--shm", "{d}/s", "--poll", "0"], "--poll 0"),
    (["--shm", "{d}/s", "--console", "vga"], "--console vga: expected stdio, pty"),
    (["--shm", "{d}/s", "--console", "unix:"], "--console unix:: expected"),
    (["--shm", "{d}/s", "--console", "none"], "nothing to serve"),
    (["--shm", "{d}/s", "--cid", "2"], "--cid 2"),
    (["--shm", "{d}/s", "--cid", "4294967295"], "--cid 4294967295"),
    (["--shm", "{d}/s", "--forward", "udp:1:2=3"], "--forward udp:1:2=3: expected tcp:ADDR:PORT=VSOCKPORT"),
    (["--shm", "{d}/s", "--forward", "tcp:127.0.0.1:80"], "expected tcp:ADDR:PORT=VSOCKPORT"),
    (["--shm", "{d}/s", "--forward", "tcp:80=1"], "expected an address and a port"),
    (["--shm", "{d}/s", "--forward", "tcp:127.0.0.1:0=x"], "--forward"),
    (["--shm", "{d}/s", "--forward", "tcp:127.0.0.1:65536=1"], "expected an address and a port"),
    (["--shm", "{d}/s", "--queue-size", "5"], "--queue-size 5: expected vsock=NUMBER"),
    (["--shm", "{d}/s", "--queue-size", "vsock=100"], "power of two"),
    (["--shm", "{d}/s", "--queue-size", "console=2048"], "from 2 to 1024"),
    (["--shm", "{d}/s", "--block-size", "vsock=5000"], "multiple of 4096"),
]

# The command line is right, the world is not: status 1.
UNUSABLE = [
    (["--shm", "{d}"], "{d}"),
    (["--shm", "/dev/null"], "/dev/null is not a regular file"),
    (["--shm", "{d}/no/such/folder"], "{d}/no/such/folder: No such file"),
    (["--shm", "{d}/s", "--vsock", "{d}/no/such/v"], "{d}/no/such/v: No such file"),
    (["--shm", "{d}/s", "--vsock", "{d}/file"], "{d}/file exists and is not a socket"),
    (["--shm", "{d}/s", "--doorbell", "unix:{d}/" + 100 * "x"], "too long"),
    (["--shm", "{d}/s", "--vsock", "{d}/" + 110 * "x"], "too long"),
    (["--shm", "{d}/s", "--console", "unix:{d}/" + 110 * "x"], "too long"),
    (["--shm", "{d}/s", "--forward", "tcp:203.0.113.1:9=1"], "cannot listen on 203.0.113.1 port 9"),
]


def run_table(binary, table, status):
    folder = tempfile.mkdtemp(prefix="pmm", dir="/tmp")
    try:
        open(os.path.join(folder, "file"), "w").close()
        for args, text in table:
            command = [a.replace("{d}", folder) for a in args]
            p = subprocess.run([binary] + command, capture_output=True, text=True, timeout=5, stdin=subprocess.DEVNULL)
            shown = "'%s': status %d, %s" % (" ".join(args), p.returncode, p.stderr)
            check(p.returncode == status, shown)
            check(text.replace("{d}", folder) in p.stderr and p.stderr.startswith("skerry-pmm: "), shown)
            check(p.stderr.count("\n") == 1 and not p.stdout, "not one line: " + shown)
            check(os.listdir(folder) == ["file"], "left behind %s: %s" % (os.listdir(folder), shown))
    finally:
        shutil.rmtree(folder)
    return "%d command lines" % len(table)


def test_command_line_bad(binary):
    return run_table(binary, BAD, 2)


def test_command_line_unusable(binary):
    return run_table(binary, UNUSABLE, 1)


def test_command_line_help_and_version(binary):
    p = subprocess.run([binary, "--help"], capture_output=True, text=True, timeout=5)
    check(p.returncode == 0 and "examples" in p.stdout and not p.stderr, "--help: %d %s" % (p.returncode, p.stderr))
    for option in ("--shm", "--size", "--phys", "--layout", "--doorbell", "--poll", "--console", "--vsock", "--cid", "--forward",
                   "--queue-size", "--quiet", "--verbose", "--version"):
        check(option in p.stdout, "--help does not name " + option)
    p = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=5)
    check(p.returncode == 0 and p.stdout.startswith("skerry-pmm "), "--version: %r" % p.stdout)


def test_command_line_quiet(binary):
    with Pmm(binary, "--quiet") as pmm:
        c = Console(Island(pmm))
        c.set_up()
        check(pmm.read_log() == "skerry-pmm: ready\n", "said: " + pmm.log)
