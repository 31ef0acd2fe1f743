# SPDX-License-Identifier: BSD-3-Clause
"""A PMM and an island in a directory of their own, and what programs need that drive them. Times are seconds."""
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(os.path.dirname(__file__), "..", "build")))
PMM = os.path.join(BUILD, "pmm", "skerry-pmm")
ISLAND = os.path.join(BUILD, "examples", "skerry-island")
BACK_WITHIN = 2.0  # what the project promises after a restart of either side
PATIENCE = 8.0     # more than anything here takes on a busy machine


class Failure(Exception):
    pass


def check(condition, why):
    if not condition:
        raise Failure(why)


def short_directory():
    """A socket's name has 107 bytes: a deep TMPDIR would be too long."""
    base = os.environ.get("TMPDIR", "/tmp")
    return tempfile.mkdtemp(prefix="sky.", dir=base if len(base) <= 60 else "/tmp")


def some_bytes(count, seed=1):
    return random.Random(seed).randbytes(count)


def until(what, condition, patience=PATIENCE):
    """Ask again and again; what `condition` returned once it is true."""
    deadline = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        check(time.monotonic() < deadline, f"waited {patience:.0f} s in vain for {what}")
        time.sleep(0.01)


def read_all(s):
    data = bytearray()
    while True:
        part = s.recv(65536)
        if not part:
            return bytes(data)
        data += part


def read_until(s, mark):
    data = bytearray()
    while mark not in data:
        part = s.recv(4096)
        check(part, f"the connection ended before {mark!r} came; came {bytes(data)!r}")
        data += part
    return bytes(data)


def swallow(f):
    """For what may fail because the other side is gone."""
    try:
        f()
    except OSError:
        pass


class Bed:
    """A directory, one PMM and one island in it."""

    def __init__(self, layout="dtb", doorbell="unix", phys=0, island_options=()):
        self.dir = short_directory()
        self.layout = layout
        self.doorbell = doorbell
        self.phys = phys
        self.island_options = list(island_options)
        self.pmm = None
        self.island = None
        self.logs = 0
        self.shm_stays = False  # a PMM removes the file it made; one that found it there leaves it

    def path(self, name):
        return os.path.join(self.dir, name)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.end("island")
            self.end("pmm")
            if kind is None:
                if self.shm_stays:
                    os.unlink(self.path("shm"))
                left = [n for n in os.listdir(self.dir) if not n.startswith(("log.", "made."))]
                check(not left, f"files were left behind: {left}")
            else:
                for name in sorted(os.listdir(self.dir)):
                    if name.startswith("log."):
                        with open(self.path(name), errors="replace") as f:
                            print(f"  --- {name}: " + " | ".join(f.read().splitlines()[-6:]))
        finally:
            shutil.rmtree(self.dir)

    def spawn(self, name, arguments):
        self.logs += 1
        log = self.path(f"log.{self.logs}.{name}")
        with open(log, "wb") as f:
            process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        process.log = log
        setattr(self, name, process)
        return process

    def start_pmm(self, ready=True):
        bell = f"unix:{self.path('bell')}"
        how = ["--doorbell", bell] if self.doorbell == "unix" else ["--poll", "500"]
        p = self.spawn("pmm", [PMM, "--shm", self.path("shm"), "--phys", hex(self.phys), "--layout", self.layout, *how,
                               "--console", f"unix:{self.path('console')}", "--vsock", self.path("vsock"), "--cid", "42",
                               "--forward", "tcp:127.0.0.1:0=23"])
        if ready:
            until("skerry-pmm to be ready", lambda: "ready" in self.log(p))
            self.tcp = int(re.search(r"tcp 127\.0\.0\.1 port (\d+)", self.log(p)).group(1))
        return p

    def start_island(self, *more):
        bell = f"unix:{self.path('bell')}" if self.doorbell == "unix" else "poll:500"
        return self.spawn("island", [ISLAND, "--shm", self.path("shm"), "--phys", hex(self.phys), "--layout", self.layout,
                                     "--doorbell", bell, *self.island_options, *more])

    def start(self):
        self.start_pmm()
        self.start_island()
        self.answered()
        return self

    @staticmethod
    def log(process):
        with open(process.log, errors="replace") as f:
            return f.read()

    def kill(self, name):
        """As a crash would: no chance to clean up."""
        process = getattr(self, name)
        process.kill()
        process.wait()
        setattr(self, name, None)
        self.shm_stays = self.shm_stays or name == "pmm"

    def end(self, name):
        """As an orderly stop; the status is returned."""
        process = getattr(self, name)
        setattr(self, name, None)
        if process is None:
            return 0
        process.terminate()
        try:
            return process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure(f"{name} did not end within 3 s of SIGTERM") from None

    def open_path(self, path, timeout=PATIENCE):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(timeout)
        try:
            s.connect(path)
        except OSError:
            s.close()
            raise
        return s

    def connect(self, port, timeout=PATIENCE):
        """A connection to the island's port, or None if it was refused."""
        s = self.open_path(self.path("vsock"), timeout)
        swallow(lambda: s.sendall(b"CONNECT %d\n" % port))  # without an island it is closed at once
        line = bytearray()
        while not line.endswith(b"\n"):
            try:
                c = s.recv(1)
            except ConnectionError:
                c = b""
            if not c:
                s.close()
                return None
            line += c
        check(re.fullmatch(rb"OK \d+\n", line), f"CONNECT {port} was answered by {bytes(line)!r}")
        s.settimeout(PATIENCE)
        return s

    def echo_works(self):
        """One try; false if anything is not as it should be."""
        try:
            s = self.connect(7, 0.3)
            if s is None:
                return False
            with s:
                s.settimeout(0.3)
                s.sendall(b"still there?")
                s.shutdown(socket.SHUT_WR)
                return read_all(s) == b"still there?"
        except OSError:
            return False

    def console_works(self):
        try:
            with self.open_path(self.path("console"), 0.3) as s:
                s.sendall(b"\recho con%d\r" % os.getpid())
                return b"\ncon%d\r\n" % os.getpid() in read_until(s, b"\ncon%d\r\n" % os.getpid())
        except (OSError, Failure):
            return False

    def answered(self, patience=PATIENCE):
        until("echo on vsock port 7", self.echo_works, patience)
        until("the shell on the console", self.console_works, patience)

    def tcp_shell(self, commands):
        """Say the commands to the shell over TCP; all it said until it closed."""
        with socket.create_connection(("127.0.0.1", self.tcp), PATIENCE) as s:
            s.sendall(commands.encode() + b"\nquit\n")
            return read_all(s).decode()

    def stat(self, name):
        text = self.tcp_shell("stat")
        found = re.search(rf"^  {name} +(\d+)$", text, re.M)
        check(found, f"stat shows no counter {name}: {text!r}")
        return int(found.group(1))
