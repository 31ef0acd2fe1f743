# SPDX-License-Identifier: BSD-3-Clause
"""Front-ends that break the rules. Each violation stops its device, with a message; the other device goes on, and a reset
makes the first one work again."""

import os
import random
import time

from frontend import *


def tests():
    return [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]


END = PHYS + SIZE


def desc(ring, addr, length, flags=0, nxt=0):
    """One bad descriptor, offered."""
    def act(d):
        r = d.rings[ring]
        r.set_desc(0, addr(d) if callable(addr) else addr, length, (WRITE if ring == 0 else 0) ^ flags, nxt)
        r.offer(0)
    return act


def loop(length):
    def act(d):
        r = d.rings[1]
        for n in range(length):
            r.set_desc(n, d.addr(1, n), 8, NEXT, (n + 1) % length)
        r.offer(0)
    return act


def avail_jump(ring, by):
    def act(d):
        r = d.rings[ring]
        d.i.w16(r.avail + 2, r.avail_idx + by)
    return act


def head(ring, n):
    def act(d):
        r = d.rings[ring]
        d.i.w16(r.avail + 4 + 2 * (r.avail_idx % r.num), n)
        d.i.w16(r.avail + 2, r.avail_idx + 1)
    return act


def next_beyond(d):
    d.rings[1].set_desc(0, d.addr(1, 0), 8, NEXT, d.num)
    d.rings[1].offer(0)


# (name, what to do to a running device). All rings have 16 entries, so descriptor 16 is the first that is not there.
RING_CASES = [
    ("address below the memory", desc(1, PHYS - 8, 16)),
    ("address 0", desc(1, 0, 16)),
    ("address just behind the memory", desc(1, END, 1)),
    ("one byte over the end", desc(1, END - 15, 16)),
    ("length 0xffffffff", desc(1, lambda d: d.addr(1, 0), 0xFFFFFFFF)),
    ("address + length wraps", desc(1, (1 << 64) - 8, 16)),
    ("address 2^64 - 1", desc(1, (1 << 64) - 1, 0xFFFFFFFF)),
    ("high half of an address", desc(1, lambda d: d.addr(1, 0) | 1 << 32, 16)),
    ("TX buffer that is writable", desc(1, lambda d: d.addr(1, 0), 16, WRITE)),
    ("indirect table", desc(1, lambda d: d.addr(1, 0), 16, INDIRECT)),
    ("indirect and next", desc(1, lambda d: d.addr(1, 0), 16, INDIRECT | NEXT)),
    ("chain to itself", desc(1, lambda d: d.addr(1, 0), 16, NEXT, 0)),
    ("loop of two", loop(2)),
    ("loop of the whole ring", loop(16)),
    ("next beyond the ring", next_beyond),
    ("next 65535", desc(1, lambda d: d.addr(1, 0), 16, NEXT, 65535)),
    ("head beyond the ring", head(1, 16)),
    ("head 65535", head(1, 65535)),
    ("avail.idx jumps by size + 1", avail_jump(1, 17)),
    ("avail.idx jumps by 32768", avail_jump(1, 32768)),
    ("avail.idx steps back", avail_jump(1, 65535)),
]


# For the RX queue; these are looked at only when there is something to deliver.
RX_CASES = [
    ("RX address outside", desc(0, END, 1024)),
    ("RX one byte over the end", desc(0, END - 1023, 1024)),
    ("RX buffer that is not writable", desc(0, lambda d: d.addr(0, 0), 1024, WRITE)),
    ("RX indirect", desc(0, lambda d: d.addr(0, 0), 1024, INDIRECT)),
    ("RX chain to itself", desc(0, lambda d: d.addr(0, 0), 1024, NEXT, 0)),
    ("RX buffer of no bytes", desc(0, lambda d: d.addr(0, 0), 0)),
    ("RX head beyond the ring", head(0, 16)),
    ("RX avail.idx jumps", avail_jump(0, 17)),
    ("RX avail.idx steps back", avail_jump(0, 65535)),
]


def page(off):
    return (PHYS + off) // 4096


# (name, registers to write before QUEUE_PFN, page number); the device has STATUS 3.
SETUP_CASES = [
    ("no such queue", {QUEUE_SEL: 3}, page(0x40000)),
    ("QUEUE_SEL never written", {}, page(0x40000)),
    ("QUEUE_SEL 0xffffffff", {QUEUE_SEL: 0xFFFFFFFF}, page(0x40000)),
    ("QUEUE_NUM 3", {QUEUE_SEL: 0, QUEUE_NUM: 3}, page(0x40000)),
    ("QUEUE_NUM twice the maximum", {QUEUE_SEL: 0, QUEUE_NUM: 512}, page(0x40000)),
    ("QUEUE_NUM 2^31", {QUEUE_SEL: 0, QUEUE_NUM: 1 << 31}, page(0x40000)),
    ("page number 1", {QUEUE_SEL: 0, QUEUE_NUM: 16}, 1),
    ("page number 0xffffffff", {QUEUE_SEL: 0, QUEUE_NUM: 16}, 0xFFFFFFFF),
    ("used ring over the end", {QUEUE_SEL: 0, QUEUE_NUM: 16}, page(SIZE - 4096)),
    ("page size 0", {QUEUE_SEL: 0, QUEUE_NUM: 16, PAGE_SIZE: 0}, page(0x40000)),
    ("page size 4095", {QUEUE_SEL: 0, QUEUE_NUM: 16, PAGE_SIZE: 4095}, page(0x40000)),
    ("page size 2^31", {QUEUE_SEL: 0, QUEUE_NUM: 16, PAGE_SIZE: 1 << 31}, page(0x40000)),
    ("alignment 0", {QUEUE_SEL: 0, QUEUE_NUM: 16, QUEUE_ALIGN: 0}, page(0x40000)),
    ("alignment 3", {QUEUE_SEL: 0, QUEUE_NUM: 16, QUEUE_ALIGN: 3}, page(0x40000)),
    ("alignment 2^31", {QUEUE_SEL: 0, QUEUE_NUM: 16, QUEUE_ALIGN: 1 << 31}, page(0x40000)),
]


def console_works(pmm, c, con):
    c.transmit(b"alive\n")
    check(recv_exactly(con, 6) == b"alive\n", "console output")
    con.sendall(b"yes")
    check(c.read(3) == b"yes", "console input")
    wait_for(lambda: c.reclaim() or len(c.tx_free) == c.num, "the console's TX buffers")


def vsock_works(pmm, v):
    v.queue.clear()
    s, st = connect_in(pmm, v, 7)
    s.sendall(b"alive")
    check(st.read(5) == b"alive", "vsock data")
    st.op(SHUTDOWN, flags=3)
    v.expect(RST)
    check(s.recv(1) == b"", "end of file")


def faults(pmm):
    return pmm.read_log().count("stopped until the front-end resets it")


def violate(binary, victim, cases, provoke=None):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        v.set_up()
        c.set_up()
        con = unix_client(pmm.path("con"))
        for n, (name, act) in enumerate(cases):
            d = v if victim == "vsock" else c
            try:
                act(d)
                island.kick()
                if provoke:
                    provoke(pmm, con)
                wait_for(lambda: faults(pmm) == n + 1, "the message about it")
                time.sleep(0.01)
                check(faults(pmm) == n + 1, "more than one message about it")
                check(d.fence(), "a stopped device must still answer the fence")
                (console_works(pmm, c, con) if victim == "vsock" else vsock_works(pmm, v))
                if victim == "console" and provoke:
                    con.close()
                    con = unix_client(pmm.path("con"))
                d.reset()
                d.set_up()
                console_works(pmm, c, con)
                vsock_works(pmm, v)
            except Failure as e:
                raise Failure("%s: %s" % (name, e)) from e
        return "%d violations" % len(cases)


def test_hostile_tx_ring_console(binary):
    return violate(binary, "console", RING_CASES)


def test_hostile_tx_ring_vsock(binary):
    return violate(binary, "vsock", RING_CASES)


def test_hostile_rx_ring_console(binary):
    """The input that the PMM holds when the device stops is for the next life, so the client is replaced each time."""
    Console.post_rx = False
    try:
        with Pmm(binary) as pmm:
            island = Island(pmm)
            v, c = Vsock(island), Console(island)
            v.set_up()
            for n, (name, act) in enumerate(RX_CASES):
                try:
                    c.set_up()
                    con = unix_client(pmm.path("con"))
                    act(c)
                    island.kick()
                    con.sendall(b"input")
                    wait_for(lambda: faults(pmm) == n + 1, "the message about it")
                    check(c.fence(), "a stopped device must still answer the fence")
                    vsock_works(pmm, v)
                    c.reset()
                    c.set_up()
                    c.rings[0].offer(*range(c.num))
                    island.kick()
                    check(c.read(5) == b"input", "input for the next life")
                    console_works(pmm, c, con)
                    con.close()
                    c.reset()
                except Failure as e:
                    raise Failure("%s: %s" % (name, e)) from e
    finally:
        Console.post_rx = True
    return "%d violations" % len(RX_CASES)


def test_hostile_rx_ring_vsock(binary):
    Vsock.post_rx = False
    try:
        with Pmm(binary) as pmm:
            island = Island(pmm)
            v, c = Vsock(island), Console(island)
            c.set_up()
            con = unix_client(pmm.path("con"))
            for n, (name, act) in enumerate(RX_CASES + [("RX header without room", desc(0, lambda d: d.addr(0, 0), 44))]):
                try:
                    v.set_up()
                    act(v)
                    island.kick()
                    v.send(RW, 1, 2)  # makes the device owe an answer
                    wait_for(lambda: faults(pmm) == n + 1, "the message about it")
                    check(v.fence(), "a stopped device must still answer the fence")
                    console_works(pmm, c, con)
                    v.reset()
                    v.set_up()
                    v.rings[0].offer(*range(v.num))
                    island.kick()
                    vsock_works(pmm, v)
                    v.reset()
                except Failure as e:
                    raise Failure("%s: %s" % (name, e)) from e
    finally:
        Vsock.post_rx = True
    return "%d violations" % (len(RX_CASES) + 1)


def test_hostile_set_up(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        c.set_up()
        con = unix_client(pmm.path("con"))
        for n, (name, registers, pfn) in enumerate(SETUP_CASES):
            try:
                v.reset()
                v.put(PAGE_SIZE, 4096)
                v.put(QUEUE_ALIGN, 4096)
                v.set_status(1)
                v.set_status(3)
                for reg, value in registers.items():
                    v.put(reg, value)
                v.put(QUEUE_PFN, pfn)
                island.kick()
                wait_for(lambda: faults(pmm) == n + 1, "the message about it")
                check(v.get(QUEUE_PFN) == pfn, "an impossible queue was acknowledged")
                v.put(STATUS, 7)
                check(v.fence(), "fence")
                console_works(pmm, c, con)
            except Failure as e:
                raise Failure("%s: %s" % (name, e)) from e
        v.reset()
        v.put(PAGE_SIZE, 4096)
        v.put(QUEUE_ALIGN, 4096)
        v.set_up()
        vsock_works(pmm, v)
    return "%d violations" % len(SETUP_CASES)


def test_hostile_driver_ok_without_queues(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        v.set_status(7)
        c.set_status(7)
        con = unix_client(pmm.path("con"))
        con.sendall(b"x")
        s = unix_client(pmm.path("v"))
        s.sendall(b"CONNECT 7\n")
        check(c.fence() and v.fence(), "fence")
        c.reset()
        c.set_up()
        check(c.read(1) == b"x", "input")


def test_hostile_device_stopped_closes_connections(binary):
    with Pmm(binary) as pmm:
        v = Vsock(Island(pmm))
        v.set_up()
        s, st = connect_in(pmm, v, 7)
        v.rings[1].set_desc(0, 0, 1)
        v.rings[1].offer(0)
        v.i.kick()
        check(s.recv(1) == b"", "the connection outlived its device")


def test_hostile_device_writes_stay_inside(binary):
    """RX buffers over the rings and the headers: the front-end harms itself, nobody else."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        Console.post_rx = False
        try:
            c.set_up()
        finally:
            Console.post_rx = True
        con = unix_client(pmm.path("con"))
        for n, off in enumerate((c.rings[0].desc, c.rings[0].used, c.rings[1].avail, c.header + 0x30)):
            c.rings[0].set_desc(n, PHYS + off, 64, WRITE)
            c.rings[0].offer(n)
            island.kick()
            con.sendall(b"\xff" * 64)
            time.sleep(0.02)
        check(pmm.alive(), "skerry-pmm died")
        for reg, value in ((PAGE_SIZE, 4096), (QUEUE_ALIGN, 4096)):
            c.put(reg, value)
        c.put(STATUS, 0xFF)
        check(c.fence(), "fence")
        c.reset()
        con.close()
        con = unix_client(pmm.path("con"))
        c.set_up()
        console_works(pmm, c, con)


def random_word(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randrange(1 << 32)
    if kind == 1:
        return rng.randrange(32)
    if kind == 2:
        return PHYS + rng.randrange(SIZE)
    if kind == 3:
        return (PHYS + rng.randrange(SIZE)) // 4096
    return rng.choice((0, 1, 2, 3, 7, 0xFFFF, 0xFFFFFFFF, 0xFFFF0000, 16, 17, 1024, FENCE))


def start_over(devices, features=0):
    """Resets all before it sets up one: until then, they may write anywhere, registers included."""
    for d in devices:
        d.reset()
    for d in devices:
        d.put(PAGE_SIZE, 4096)
        d.put(QUEUE_ALIGN, 4096)
        d.set_up(features)


def test_hostile_random(binary, seconds=5.0, seed=None):
    """Words anywhere in registers, rings and packets, while data is on its way; set-up in between, so that it gets deep."""
    seed = seed or random.randrange(1 << 32)
    rng = random.Random(seed)
    with Pmm(binary, "--quiet") as pmm:
        island = Island(pmm)
        v, c = Vsock(island, queues=3), Console(island)
        end = time.monotonic() + seconds
        writes = rounds = 0
        while time.monotonic() < end:
            rounds += 1
            clients = []
            try:
                start_over((v, c), rng.choice((0, EVENT_IDX)))
            except Failure as e:
                raise Failure("seed %d: %s: %s" % (seed, e, pmm.read_log()[-300:])) from e
            v.queue.clear()
            try:
                for _ in range(3):
                    s = unix_client(pmm.path("v"))
                    clients.append(s)
                    s.sendall(b"CONNECT 7\n")
                    p = v.expect(REQUEST, skip=(RW, RST, SHUTDOWN, CREDIT_UPDATE, CREDIT_REQUEST))
                    v.send(RESPONSE, 7, p.src_port)
                    s.setblocking(False)
                    s.send(bytes(3000))
                con = unix_client(pmm.path("con"))
                clients.append(con)
                con.sendall(bytes(3000))
            except (Failure, OSError) as e:
                raise Failure("seed %d: %s" % (seed, e)) from e
            for _ in range(rng.randrange(10, 150)):
                d = rng.choice((v, c))
                where = rng.randrange(10)
                if where == 0:
                    off = d.header + rng.choice((0x20, 0x28, 0x30, 0x38, 0x3C, 0x40, 0x60, 0x64, 0x70, 0x100))
                elif where < 5:
                    r = rng.choice(d.rings)
                    off = rng.choice((r.desc, r.avail, r.used)) + 4 * rng.randrange(20)
                else:
                    off = d.buf_off(1, rng.randrange(d.num)) + 4 * rng.randrange(12)
                island.w32(off, random_word(rng))
                if where == 9:
                    r = d.rings[1]
                    r.offer(*[rng.randrange(16) for _ in range(rng.randrange(8))])
                if rng.randrange(4) == 0:
                    island.kick()
                    pmm.read_log()
                writes += 1
            island.kick()
            for s in clients:
                s.close()
            check(pmm.alive(), "seed %d: skerry-pmm died: %s" % (seed, pmm.read_log()[-1500:]))
        start_over((v, c))
        con = unix_client(pmm.path("con"))
        time.sleep(0.05)
        check(c.fence(), "fence")
        c.received()  # what an earlier client had typed
        console_works(pmm, c, con)
        vsock_works(pmm, v)
    return "seed %d, %d rounds, %d writes" % (seed, rounds, writes)
