# SPDX-License-Identifier: BSD-3-Clause
"""A raw front-end for skerry-pmm's tests: plays the island by the protocol alone, on the shared file and the doorbell sockets.
It shares nothing with the code under test, and does no more checking than the tests ask for."""

import mmap
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

PHYS = 0x60000000
SIZE = 1 << 20
ACK = 0xAABBAABB
FENCE = 0x80000000
UNWRITTEN = 0x00FF00FF

HOST_FEATURES, GUEST_FEATURES, PAGE_SIZE = 0x10, 0x20, 0x28
QUEUE_SEL, QUEUE_NUM_MAX, QUEUE_NUM, QUEUE_ALIGN, QUEUE_PFN = 0x30, 0x34, 0x38, 0x3C, 0x40
INTERRUPT_STATE, INTERRUPT_ACK, STATUS = 0x60, 0x64, 0x70
SHM_LEN, SHM_BASE = 0xB0, 0xB8

EVENT_IDX = 1 << 29
NEXT, WRITE, INDIRECT = 1, 2, 4

REQUEST, RESPONSE, RST, SHUTDOWN, RW, CREDIT_UPDATE, CREDIT_REQUEST = range(1, 8)
OP_NAMES = {1: "REQUEST", 2: "RESPONSE", 3: "RST", 4: "SHUTDOWN", 5: "RW", 6: "CREDIT_UPDATE", 7: "CREDIT_REQUEST"}
HEADER = struct.Struct("<QQIIIHHIII")
CID = 3


class Failure(Exception):
    pass


def check(condition, text):
    if not condition:
        raise Failure(text)


def wait_for(what, text, timeout=3.0):
    end = time.monotonic() + timeout
    while True:
        got = what()
        if got:
            return got
        check(time.monotonic() < end, "timed out waiting for " + text)
        time.sleep(0.0005)


class Pmm:
    """A running skerry-pmm and its temporary folder."""

    def __init__(self, binary, *args, layout="dtb", doorbell=True, vsock=True, console="unix", folder=None, stdin=None,
                 size=SIZE, shm=None):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="pmm", dir="/tmp")
        self.shm = shm or self.path("shm")
        self.size = size
        self.layout = layout
        self.command = [binary, "--shm", self.shm, "--phys", hex(PHYS), "--layout", layout, "--size", str(size), "-v"]
        self.command += ["--doorbell", "unix:" + self.path("bell")] if doorbell else []
        self.command += ["--vsock", self.path("v")] if vsock else []
        self.command += ["--console", "unix:" + self.path("con") if console == "unix" else console]
        self.command += list(args)
        self.stdin = stdin
        self.log = ""
        self.process = None
        self.start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=self.stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        os.set_blocking(self.process.stderr.fileno(), False)
        self.wait_log("skerry-pmm: ready", 10)

    def read_log(self):
        try:
            self.log += os.read(self.process.stderr.fileno(), 1 << 20).decode(errors="replace")
        except BlockingIOError:
            pass
        return self.log

    def wait_log(self, text, timeout=3.0):
        def seen():
            self.read_log()
            check(text in self.log or self.process.poll() is None, "skerry-pmm ended: " + self.log[-600:])
            return text in self.log
        wait_for(seen, "the message '%s', got: %s" % (text, self.log[-300:]), timeout)

    def alive(self):
        return self.process.poll() is None

    def cpu(self):
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Ends it; returns the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("did not end on signal %d" % number)
        finally:
            self.read_log()
            self.process.stderr.close()
            self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if not self.process.stderr.closed:
                died = self.process.poll()
                status = self.end()
                if died is not None:
                    raise Failure("skerry-pmm died with status %d: %s" % (died, self.log[-1500:])) from value
                if kind is None:
                    check(status == 0, "exit status %d: %s" % (status, self.log[-1500:]))
        finally:
            if self.own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)


class Island:
    """The shared memory as the island sees it, and the doorbells."""

    def __init__(self, pmm):
        self.pmm = pmm
        fd = os.open(pmm.shm, os.O_RDWR)
        self.mem = mmap.mmap(fd, pmm.size)
        os.close(fd)
        # Native items are one access each; the struct module goes byte by byte, and the other side would see halves.
        self.words = {bits: memoryview(self.mem).cast(code) for bits, code in ((16, "H"), (32, "I"), (64, "Q"))}
        self.bell = None
        self.bells = 0
        if os.path.exists(pmm.path("bell.pmm")):
            self.bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            if os.path.exists(pmm.path("bell.fe")):
                os.unlink(pmm.path("bell.fe"))
            self.bell.bind(pmm.path("bell.fe"))

    def close(self):
        if self.bell:
            self.bell.close()
            self.bell = None

    def kick(self):
        if self.bell:
            try:
                self.bell.sendto(b"k", self.pmm.path("bell.pmm"))
            except (BlockingIOError, ConnectionRefusedError, FileNotFoundError):
                pass

    def wait_bell(self, timeout=1.0):
        """Waits for a doorbell; true if one came."""
        if not select.select([self.bell], [], [], timeout)[0]:
            return False
        self.drain_bell()
        return True

    def drain_bell(self):
        try:
            while True:
                self.bell.recv(16)
                self.bells += 1
        except BlockingIOError:
            pass

    def r16(self, off):
        return self.words[16][off // 2]

    def r32(self, off):
        return self.words[32][off // 4]

    def r64(self, off):
        return self.words[64][off // 8]

    def w16(self, off, v):
        self.words[16][off // 2] = v & 0xFFFF

    def w32(self, off, v):
        self.words[32][off // 4] = v


class Ring:
    def __init__(self, island, off, num, keep=False):
        self.i, self.off, self.num = island, off, num
        self.desc = off
        self.avail = off + 16 * num
        self.used = (self.avail + 6 + 2 * num + 4095) & ~4095
        self.end = (self.used + 6 + 8 * num + 4095) & ~4095
        if not keep:
            island.mem[off:self.end] = bytes(self.end - off)
        self.avail_idx = island.r16(self.avail + 2)
        self.last_used = island.r16(self.used + 2)

    def set_desc(self, n, addr, length, flags=0, nxt=0):
        struct.pack_into("<QIHH", self.i.mem, self.desc + 16 * n, addr & (1 << 64) - 1, length & 0xFFFFFFFF, flags, nxt)

    def offer(self, *heads):
        for h in heads:
            self.i.w16(self.avail + 4 + 2 * (self.avail_idx % self.num), h)
            self.avail_idx = (self.avail_idx + 1) & 0xFFFF
        self.i.w16(self.avail + 2, self.avail_idx)

    def collect(self):
        got = []
        idx = self.i.r16(self.used + 2)
        while self.last_used != idx:
            at = self.used + 4 + 8 * (self.last_used % self.num)
            got.append((self.i.r32(at), self.i.r32(at + 4)))
            self.last_used = (self.last_used + 1) & 0xFFFF
        return got

    def no_interrupt(self, flag):
        self.i.w16(self.avail, flag)

    def no_notify(self):
        return self.i.r16(self.used) & 1

    def used_event(self, v):
        self.i.w16(self.avail + 4 + 2 * self.num, v)

    def avail_event(self):
        return self.i.r16(self.used + 4 + 8 * self.num)


class Device:
    """One device's header, its rings and one fixed buffer per descriptor, from AREA in the shared memory."""

    name = None
    number = None

    def __init__(self, island, area, num=16, buffer=1024, queues=2):
        self.i = island
        self.area, self.num, self.buffer, self.queues = area, num, buffer, queues
        i = self.pmm_index()
        blocks = {"vsock": 0x10000, "console": 0x6000}
        before = blocks["vsock"] if i == 1 else 0
        self.block = before + (0x10000 if island.pmm.layout == "dtb" else 0)
        self.header = self.block if island.pmm.layout == "dtb" else 0x200 * i
        self.rings = []

    def pmm_index(self):
        return 1 if self.name == "console" and "--vsock" in self.i.pmm.command else 0

    def get(self, reg):
        return self.i.r32(self.header + reg)

    def put(self, reg, v):
        self.i.w32(self.header + reg, v)

    def fence(self, timeout=3.0):
        """Waits until a pass that began after this call is over; true if there was one."""
        self.put(INTERRUPT_STATE, FENCE)
        self.i.kick()
        end = time.monotonic() + timeout
        while self.get(INTERRUPT_STATE) & FENCE:
            if time.monotonic() > end:
                return False
            time.sleep(0.0002)
        return True

    def ring_off(self, q):
        size = Ring(self.i, self.area, self.num, keep=True).end - self.area
        return self.area + q * size

    def buf_off(self, q, n):
        return self.ring_off(self.queues) + (q * self.num + n) * self.buffer

    def addr(self, q, n):
        return PHYS + self.buf_off(q, n)

    def set_status(self, v):
        self.put(STATUS, v)
        check(self.fence(), "no pass after STATUS = %d" % v)

    def set_queue(self, q, num=None, pfn=None, order=True):
        self.put(QUEUE_SEL, q)
        self.put(QUEUE_NUM, self.num if num is None else num)
        self.put(QUEUE_PFN, (PHYS + self.ring_off(q)) // 4096 if pfn is None else pfn)
        self.i.kick()

    def taken(self):
        return self.get(QUEUE_PFN) == ACK

    def set_up(self, features=0, order=None):
        self.rings = [Ring(self.i, self.ring_off(q), self.num) for q in range(self.queues)]
        self.set_status(1)
        self.set_status(3)
        self.put(GUEST_FEATURES, features)
        check(self.fence(), "no pass after GUEST_FEATURES")
        for q in order or range(self.queues):
            self.set_queue(q)
            wait_for(self.taken, "the acknowledgement of queue %d of %s" % (q, self.name))
        self.set_status(7)
        self.started()

    def reset(self):
        self.set_status(0)

    def attach(self):
        """A second life: everything is where it was, no register is touched."""
        check(self.get(STATUS) == 7, "STATUS is not 7")
        self.rings = [Ring(self.i, self.ring_off(q), self.num, keep=True) for q in range(self.queues)]
        self.started(attached=True)

    def started(self, attached=False):
        self.tx_free = list(range(self.num))
        if not attached:
            for n in range(self.num):
                self.rings[0].set_desc(n, self.addr(0, n), self.buffer, WRITE)
            if self.post_rx:
                self.rings[0].offer(*range(self.num))
        self.i.kick()

    post_rx = True

    def reclaim(self):
        for n, length in self.rings[1].collect():
            check(length == 0, "used.len %d on a TX buffer" % length)
            self.tx_free.append(n)

    def transmit(self, data, kick=True, timeout=3.0):
        """Puts DATA in one TX buffer."""
        assert len(data) <= self.buffer
        if not self.tx_free:
            wait_for(lambda: self.reclaim() or self.tx_free, "a free TX buffer", timeout)
        n = self.tx_free.pop(0)
        off = self.buf_off(1, n)
        self.i.mem[off:off + len(data)] = data
        self.rings[1].set_desc(n, self.addr(1, n), len(data))
        self.rings[1].offer(n)
        if kick:
            self.i.kick()

    def received(self, repost=True):
        out = []
        for n, length in self.rings[0].collect():
            check(n < self.num and 0 < length <= self.buffer, "used element id %d len %d" % (n, length))
            off = self.buf_off(0, n)
            out.append(bytes(self.i.mem[off:off + length]))
            if repost:
                self.rings[0].offer(n)
        if out and repost:
            self.i.kick()
        return out


class Console(Device):
    name, number = "console", 3

    def __init__(self, island, area=0x80000, **more):
        super().__init__(island, area, **more)

    def read(self, length, timeout=3.0):
        got = b""
        end = time.monotonic() + timeout
        while len(got) < length:
            got += b"".join(self.received())
            check(time.monotonic() < end, "console input: %d of %d bytes" % (len(got), length))
        return got


class Packet:
    def __init__(self, raw):
        (self.src_cid, self.dst_cid, self.src_port, self.dst_port, self.len, self.type, self.op, self.flags, self.alloc,
         self.fwd) = HEADER.unpack_from(raw)
        self.data = raw[HEADER.size:]
        check(len(self.data) == self.len, "packet of %d bytes says len %d" % (len(raw), self.len))

    def __str__(self):
        return "%s %d->%d len %d flags %d" % (OP_NAMES.get(self.op, self.op), self.src_port, self.dst_port, self.len, self.flags)


class Vsock(Device):
    name, number = "vsock", 19

    def __init__(self, island, area=0x28000, **more):
        super().__init__(island, area, **more)
        self.queue = []
        self.alloc = 65536

    def send(self, op, port, host_port, data=b"", fwd=0, flags=0, kind=1, length=None, src=CID, dst=2, alloc=None, kick=True):
        head = HEADER.pack(src, dst, port, host_port, len(data) if length is None else length, kind, op, flags,
                           self.alloc if alloc is None else alloc, fwd & 0xFFFFFFFF)
        self.transmit(head + data, kick)

    def poll(self):
        self.queue += [Packet(raw) for raw in self.received()]

    def next(self, timeout=3.0):
        wait_for(lambda: self.queue or self.poll() or self.queue, "a vsock packet", timeout)
        p = self.queue.pop(0)
        check(p.src_cid == 2 and p.dst_cid == CID, "packet from CID %d to %d" % (p.src_cid, p.dst_cid))
        return p

    def expect(self, op, timeout=3.0, skip=()):
        while True:
            p = self.next(timeout)
            if p.op == op:
                return p
            check(p.op in skip, "expected %s, got %s" % (OP_NAMES[op], p))

    def nothing(self, seconds=0.05):
        time.sleep(seconds)
        check(self.fence(), "no pass")
        self.poll()
        check(not self.queue, "unexpected packet " + str(self.queue[0] if self.queue else ""))


class Stream:
    """The island's end of one vsock connection, with proper credit."""

    def __init__(self, vsock, port, host_port, peer=None):
        self.v, self.port, self.host_port = vsock, port, host_port
        self.sent = self.got = 0
        self.peer_alloc, self.peer_fwd = (peer.alloc, peer.fwd) if peer else (0, 0)

    def op(self, op, data=b"", **more):
        self.v.send(op, self.port, self.host_port, data, fwd=self.got, **more)
        if op == RW:
            self.sent += len(data)

    def credit(self):
        return self.peer_alloc - (self.sent - self.peer_fwd & 0xFFFFFFFF)

    def take(self, p):
        self.peer_alloc, self.peer_fwd = p.alloc, p.fwd
        self.got += p.len if p.op == RW else 0
        return p

    def read(self, length, timeout=3.0):
        got = b""
        while len(got) < length:
            p = self.take(self.v.next(timeout))
            if p.op == CREDIT_REQUEST:
                self.op(CREDIT_UPDATE)
            else:
                check(p.op in (RW, CREDIT_UPDATE), "expected data, got %s" % p)
            got += p.data
        return got


def unix_client(path, timeout=3.0):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(timeout)
    s.connect(path)
    return s


def unix_server(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.settimeout(3)
    s.bind(path)
    s.listen(16)
    return s


def recv_exactly(s, n):
    got = b""
    while len(got) < n:
        part = s.recv(n - len(got))
        check(part, "end of file after %d of %d bytes" % (len(got), n))
        got += part
    return got


def connect_in(pmm, vsock, port, accept=True, alloc=None):
    """A host program connects to the island's PORT: (its socket, the island's end)."""
    s = unix_client(pmm.path("v"))
    s.sendall(b"CONNECT %d\n" % port)
    p = vsock.expect(REQUEST)
    check(p.dst_port == port and p.type == 1, "REQUEST is for port %d" % p.dst_port)
    st = Stream(vsock, port, p.src_port, p)
    if accept:
        st.op(RESPONSE, alloc=alloc)
        line = recv_exactly(s, len("OK %d\n" % p.src_port))
        check(line == b"OK %d\n" % p.src_port, "answer %r" % line)
    return s, st


def connect_out(pmm, vsock, port, host_port, server, alloc=None):
    """The island connects to HOST_PORT: (the host's accepted socket, the island's end)."""
    vsock.send(REQUEST, port, host_port, alloc=alloc)
    p = vsock.expect(RESPONSE)
    check((p.src_port, p.dst_port) == (host_port, port), "RESPONSE %s" % p)
    s, _ = server.accept()
    s.settimeout(3)
    return s, Stream(vsock, port, host_port, p)
