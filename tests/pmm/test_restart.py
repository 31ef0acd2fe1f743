# SPDX-License-Identifier: BSD-3-Clause
"""Restarts of the PMM under a living front-end, and clean ends."""

import os
import signal
import time

from frontend import *


def tests():
    return [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]


def use(pmm, v, c):
    s, st = connect_in(pmm, v, 7)
    s.sendall(b"x")
    check(st.read(1) == b"x", "vsock data")
    con = unix_client(pmm.path("con"))
    c.transmit(b"hi")
    check(recv_exactly(con, 2) == b"hi", "console output")


def serve_both(pmm, v, c):
    v.set_up()
    c.set_up()
    use(pmm, v, c)


def fresh_header(island, v):
    return island.mem[v.header:v.header + 4] == b"virt" and v.get(STATUS) == 0


def restart(binary, number, *args):
    with Pmm(binary, *args) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        for _ in range(3):
            serve_both(pmm, v, c)
            pmm.end(number)
            if number != signal.SIGKILL:
                check(island.r32(v.header) == 0, "a front-end cannot see that the PMM has left")
            check(os.path.exists(pmm.shm), "the shared file is gone, and the front-end's mapping with it")
            island.kick()
            pmm.log = ""
            start = time.monotonic()
            pmm.start()
            check(fresh_header(island, v), "no fresh header")
            check(island.mem[v.rings[0].off:v.rings[0].end].count(0) == v.rings[0].end - v.rings[0].off, "memory not zeroed")
            check(time.monotonic() - start < 2, "restart took too long")
            v.queue.clear()


def test_restart_after_kill(binary):
    restart(binary, signal.SIGKILL)


def test_restart_after_term(binary):
    restart(binary, signal.SIGTERM, "--keep")


def test_restart_rings_front_end(binary):
    """A front-end that waits for doorbells is told of the new PMM."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        island.wait_bell(0.1)
        pmm.end(signal.SIGKILL)
        pmm.start()
        check(island.wait_bell(), "no doorbell from the new PMM")


def test_end_leaves_nothing(binary):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with Pmm(binary) as pmm:
            check(sorted(os.listdir(pmm.folder)) == ["bell.pmm", "con", "shm", "v"], "files: %s" % os.listdir(pmm.folder))
            check(pmm.end(number) == 0, "exit status %d" % pmm.process.returncode)
            check(os.listdir(pmm.folder) == [], "left behind: %s" % os.listdir(pmm.folder))


def test_end_keeps_a_file_it_did_not_make(binary):
    folder = tempfile.mkdtemp(prefix="pmm", dir="/tmp")
    try:
        with open(os.path.join(folder, "shm"), "wb") as f:
            f.write(b"\xff" * (SIZE + 8192))
        with Pmm(binary, folder=folder) as pmm:
            with open(pmm.shm, "rb") as f:
                m = f.read()
            check(len(m) == SIZE + 8192, "the file's size was changed to %d" % len(m))
            check(m[SIZE:] == b"\xff" * 8192, "bytes behind the shared memory were touched")
            check(m[0x90000:SIZE] == bytes(SIZE - 0x90000), "the memory was not zeroed")
            pmm.end()
            check(os.listdir(folder) == ["shm"], "left behind: %s" % os.listdir(folder))
    finally:
        shutil.rmtree(folder)


def test_memory_at_offset(binary):
    folder = tempfile.mkdtemp(prefix="pmm", dir="/tmp")
    try:
        with open(os.path.join(folder, "ram"), "wb") as f:
            f.write(b"\xff" * 65536)
        with Pmm(binary, "--offset", "64K", folder=folder, shm=os.path.join(folder, "ram")) as pmm:
            with open(pmm.shm, "rb") as f:
                m = f.read()
            check(m[:65536] == b"\xff" * 65536, "bytes before the shared memory were touched")
            check(m[0x20000:0x20004] == b"virt" and len(m) == SIZE + 65536, "no header at the offset")
    finally:
        shutil.rmtree(folder)


def test_second_pmm_on_the_same_file(binary):
    with Pmm(binary) as pmm:
        p = subprocess.run([binary, "--shm", pmm.shm, "--console", "none", "--vsock", pmm.path("w")], capture_output=True, timeout=5)
        check(p.returncode == 1 and b"already served" in p.stderr, "%d %s" % (p.returncode, p.stderr))
        check(not os.path.exists(pmm.path("w")), "a socket was left behind")
        p = subprocess.run([binary, "--shm", pmm.path("shm2"), "--console", "none", "--vsock", pmm.path("v")], capture_output=True,
                           timeout=5)
        check(p.returncode == 1 and b"served by another running process" in p.stderr, "%d %s" % (p.returncode, p.stderr))
        check(os.path.exists(pmm.path("v")) and not os.path.exists(pmm.path("shm2")), "files")


def test_register_page_overwritten(binary):
    """Noise over the registers: the PMM says so, shows a fresh header, and serves the next life of the front-end."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        for _ in range(2):
            serve_both(pmm, v, c)
            pmm.log = ""
            island.mem[v.header:v.header + 0x100] = os.urandom(0x100)
            island.kick()
            pmm.wait_log("vsock: its register page was overwritten")
            wait_for(lambda: fresh_header(island, v), "no fresh header")
            v.queue.clear()
            c.reset()
