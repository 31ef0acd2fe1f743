# SPDX-License-Identifier: BSD-3-Clause
"""The console device and what it is connected to."""

import os
import pty
import re
import signal
import threading
import time
import tty

from frontend import *


def tests():
    return [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]


class Setup:
    def __init__(self, binary, *args, **more):
        self.num = more.pop("num", 16)
        self.pmm = Pmm(binary, *args, vsock=False, **more)

    def __enter__(self):
        self.pmm.__enter__()
        self.island = Island(self.pmm)
        self.c = Console(self.island, num=self.num)
        self.c.set_up()
        return self.pmm, self.c

    def __exit__(self, *what):
        return self.pmm.__exit__(*what)


def test_console_fills_buffers(binary):
    """As many bytes in one buffer as there are and fit, not one each."""
    with Setup(binary) as (pmm, c):
        con = unix_client(pmm.path("con"))
        con.sendall(b"a" * 700)
        first = wait_for(c.received, "input")
        check(first == [b"a" * 700], "%d buffers, the first of %d bytes" % (len(first), len(first[0])))
        con.sendall(b"b" * 5000)
        check(c.read(5000) == b"b" * 5000, "input longer than a buffer")


def test_console_input_waits_for_buffers(binary):
    Console.post_rx = False
    try:
        with Setup(binary) as (pmm, c):
            con = unix_client(pmm.path("con"))
            con.sendall(b"patience")
            time.sleep(0.1)
            cpu = pmm.cpu()
            time.sleep(0.3)
            check(pmm.cpu() - cpu < 0.1, "busy while waiting for a buffer")
            check(c.received() == [], "data without a buffer")
            check(c.rings[0].no_notify() == 0, "starved, but not asking for kicks")
            c.rings[0].offer(0)
            c.i.kick()
            check(wait_for(c.received, "input") == [b"patience"], "input")
    finally:
        Console.post_rx = True


def test_console_output_waits_for_reader(binary):
    """A slow client loses nothing, and costs nothing."""
    with Setup(binary) as (pmm, c):
        con = unix_client(pmm.path("con"))
        data = bytes((n * 7 + n // 251) & 0xFF for n in range(1024)) * 1024
        got = []

        def reader():
            time.sleep(0.3)
            got.append(recv_exactly(con, len(data)))
        t = threading.Thread(target=reader)
        t.start()
        cpu = pmm.cpu()
        for i in range(0, len(data), 1000):
            c.transmit(data[i:i + 1000], kick=i % 8000 == 0)
        c.i.kick()
        t.join(10)
        check(got and got[0] == data, "output was damaged")
        check(pmm.cpu() - cpu < 1.0, "busy while the client was slow")


def test_console_replay_for_the_next_client(binary):
    with Setup(binary) as (pmm, c):
        c.transmit(b"said to nobody\n")
        wait_for(lambda: c.reclaim() or len(c.tx_free) == c.num, "the buffer")
        con = unix_client(pmm.path("con"))
        check(recv_exactly(con, 15) == b"said to nobody\n", "replay")
        con.close()
        for n in range(40):
            c.transmit(b"%1000d" % n)
        wait_for(lambda: c.reclaim() or len(c.tx_free) == c.num, "the buffers")
        con = unix_client(pmm.path("con"))
        got = recv_exactly(con, 8192)
        check(got.endswith(b"39") and len(got) == 8192, "the last 8 KiB")


def test_console_newest_client_wins(binary):
    with Setup(binary) as (pmm, c):
        old = unix_client(pmm.path("con"))
        c.transmit(b"1")
        recv_exactly(old, 1)
        new = unix_client(pmm.path("con"))
        check(old.recv(1) == b"", "the old client is still there")
        c.transmit(b"2")
        check(recv_exactly(new, 1) == b"2", "output to the new client")


def test_console_half_closed_client_still_reads(binary):
    with Setup(binary) as (pmm, c):
        con = unix_client(pmm.path("con"))
        con.sendall(b"help\n")
        con.shutdown(1)
        check(c.read(5) == b"help\n", "input")
        c.transmit(b"text")
        check(recv_exactly(con, 4) == b"text", "output after the client's end of file")


def test_console_chains_and_empty_buffers(binary):
    with Setup(binary) as (pmm, c):
        con = unix_client(pmm.path("con"))
        r = c.rings[1]
        c.i.mem[c.buf_off(1, 0):c.buf_off(1, 0) + 3] = b"abc"
        c.i.mem[c.buf_off(1, 1):c.buf_off(1, 1) + 3] = b"def"
        r.set_desc(5, c.addr(1, 0), 3, NEXT, 9)
        r.set_desc(9, c.addr(1, 2), 0, NEXT, 2)
        r.set_desc(2, c.addr(1, 1), 3)
        r.set_desc(3, c.addr(1, 1), 0)
        r.offer(3, 5, 3)
        c.i.kick()
        check(recv_exactly(con, 6) == b"abcdef", "a chain")
        used = []
        wait_for(lambda: used.extend(r.collect()) or len(used) == 3, "used elements")
        check(used == [(3, 0), (5, 0), (3, 0)], "used elements %s" % used)


def test_console_pty(binary):
    with Setup(binary, console="pty") as (pmm, c):
        path = re.search(r"console is (/dev/pts/\d+)", pmm.log).group(1)
        c.transmit(b"before\n")
        wait_for(lambda: c.reclaim() or len(c.tx_free) == c.num, "the buffer")
        for n in range(2):
            fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
            expected = b"before\n" if n == 0 else b"between\n"
            got = b""
            while len(got) < len(expected):
                got += os.read(fd, 100)
            check(got == expected, "replay %r" % got)
            os.write(fd, b"typed\r")
            check(c.read(6) == b"typed\r", "input")
            c.transmit(b"out\n")
            check(os.read(fd, 100) == b"out\n", "output")
            os.close(fd)
            time.sleep(0.05)
            c.transmit(b"between\n")
            wait_for(lambda: c.reclaim() or len(c.tx_free) == c.num, "the buffer")


def test_console_stdio_pipes(binary):
    """Redirected input and output; end of file ends input and nothing else."""
    r, w = os.pipe()
    with Setup(binary, console="stdio", stdin=r) as (pmm, c):
        os.close(r)
        os.write(w, b"commands\n")
        check(c.read(9) == b"commands\n", "input")
        os.close(w)
        time.sleep(0.05)
        cpu = pmm.cpu()
        c.transmit(b"output\n")
        check(os.read(pmm.process.stdout.fileno(), 100) == b"output\n", "output")
        time.sleep(0.3)
        check(pmm.cpu() - cpu < 0.1, "busy after the end of file")
        check(c.received() == [], "empty buffers after the end of file")


def test_console_stdio_file(binary):
    """Standard input from a regular file, which epoll refuses."""
    with open(__file__, "rb") as f:
        with Setup(binary, console="stdio", stdin=f) as (pmm, c):
            text = open(__file__, "rb").read()
            check(c.read(len(text)) == text, "input")


def test_console_stdio_tty(binary):
    """Raw while it runs, as before when it ends; the window's size is published and followed."""
    import fcntl, struct, termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
    before = termios.tcgetattr(slave)
    folder = tempfile.mkdtemp(prefix="pmm", dir="/tmp")
    shm = os.path.join(folder, "shm")
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        os.execv(binary, [binary, "--shm", shm, "--doorbell", "unix:" + os.path.join(folder, "bell")])
    try:
        got = b""
        while b"ready" not in got:
            got += os.read(master, 1000)
        with open(shm, "rb") as f:
            m = f.read()
        check(struct.unpack_from("<HH", m, 0x10100) == (132, 50), "size %s" % (struct.unpack_from("<HH", m, 0x10100),))
        check(not termios.tcgetattr(slave)[3] & (termios.ECHO | termios.ICANON), "the terminal is not raw")
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 20, 0, 0))

        def resized():
            with open(shm, "rb") as f:
                return struct.unpack_from("<HH", f.read(), 0x10100) == (20, 10)
        wait_for(resized, "the new size")
        os.write(master, b"\x03")  # Ctrl-C
        end = time.monotonic() + 5
        while (done := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() < end:
            time.sleep(0.01)
        pid = 0 if done[0] else pid
        check(done[0] and os.WIFEXITED(done[1]) and os.WEXITSTATUS(done[1]) == 0, "Ctrl-C did not end it cleanly: %s" % (done,))
        check(termios.tcgetattr(slave)[:4] == before[:4], "the terminal was not restored")
        check(os.listdir(folder) == [], "left behind: %s" % os.listdir(folder))
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(master)
        os.close(slave)
        shutil.rmtree(folder)
