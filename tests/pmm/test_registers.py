# SPDX-License-Identifier: BSD-3-Clause
"""The register page: layouts, the pass fence, set-up, reset, attach."""

import struct
import subprocess
import time

from frontend import *


def tests():
    return [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]


def check_header(d, features, queue_max, block_len):
    check(d.i.mem[d.header:d.header + 4] == b"virt", "no magic at 0x%x" % d.header)
    check((d.get(4), d.get(8)) == (1, d.number), "version %d, device id %d" % (d.get(4), d.get(8)))
    check(d.get(HOST_FEATURES) == features, "features 0x%x" % d.get(HOST_FEATURES))
    check(d.get(PAGE_SIZE) == 4096 and d.get(QUEUE_ALIGN) == 4096, "page size or alignment")
    check(d.get(QUEUE_SEL) == UNWRITTEN, "QUEUE_SEL is 0x%x" % d.get(QUEUE_SEL))
    check(d.get(QUEUE_NUM_MAX) == queue_max, "QUEUE_NUM_MAX is %d" % d.get(QUEUE_NUM_MAX))
    check(d.get(STATUS) == 0 and d.get(QUEUE_PFN) == 0, "STATUS or QUEUE_PFN is not 0")
    check(d.get(SHM_LEN) == block_len and d.get(SHM_LEN + 4) == 0, "SHM_LEN is 0x%x" % d.get(SHM_LEN))
    check(d.i.r64(d.header + SHM_BASE) == PHYS + d.block, "SHM_BASE is 0x%x" % d.i.r64(d.header + SHM_BASE))


def check_both(island):
    v, c = Vsock(island), Console(island)
    check_header(v, 1 | EVENT_IDX, 256, 0x10000)
    check_header(c, 1 | EVENT_IDX, 128, 0x6000)
    for at in (v.block, v.header):
        check(island.r64(at + 0x100) == CID, "CID at 0x%x is %d" % (at + 0x100, island.r64(at + 0x100)))
    for at in (c.block, c.header):
        check(struct.unpack_from("<HHI", island.mem, at + 0x100) == (80, 24, 1), "console config at 0x%x" % (at + 0x100))


def test_layout_dtb(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        check_both(island)
        total = struct.unpack_from(">I", island.mem, 4)[0]
        check(total < 0x10000, "device tree of %d bytes" % total)
        text = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", "-q"], input=bytes(island.mem[:total]), capture_output=True)
        dts = text.stdout.decode()
        for line in ("#address-cells = <0x02>", "#size-cells = <0x02>", "virtio@60010000 {", "virtio@60020000 {",
                     'compatible = "virtio,mmio"', "reg = <0x00 0x60010000 0x00 0x200>", "dma-coherent"):
            check(line in dts, "no '%s' in the device tree: %s%s" % (line, dts, text.stderr.decode()))
        check(dts.index("60010000") < dts.index("60020000"), "order of the nodes")


def test_layout_nodtb(binary):
    with Pmm(binary, layout="nodtb") as pmm:
        check_both(Island(pmm))


def test_layout_without_vsock_console_is_first(binary):
    with Pmm(binary, layout="nodtb", vsock=False) as pmm:
        check_header(Console(Island(pmm)), 1 | EVENT_IDX, 128, 0x6000)


def test_layout_sizes_by_option(binary):
    with Pmm(binary, "--queue-size", "vsock=1024", "--block-size", "vsock=256K", "--queue-size", "console=2", "--cid", "77") as pmm:
        island = Island(pmm)
        v = Vsock(island)
        check_header(v, 1 | EVENT_IDX, 1024, 0x40000)
        check(island.r64(v.block + 0x100) == 77, "CID")
        check(island.mem[0x50000:0x50004] == b"virt" and island.r32(0x50034) == 2, "console behind the larger block")


def run_both(binary, layout, features=0):
    with Pmm(binary, layout=layout) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        v.set_up(features)
        c.set_up(features & ~1)
        s, st = connect_in(pmm, v, 7)
        s.sendall(b"to the island")
        check(st.read(13) == b"to the island", "data to the island")
        st.op(RW, b"to the host")
        check(recv_exactly(s, 11) == b"to the host", "data to the host")
        con = unix_client(pmm.path("con"))
        c.transmit(b"hello\n")
        check(recv_exactly(con, 6) == b"hello\n", "console output")
        con.sendall(b"input")
        check(c.read(5) == b"input", "console input")


def test_set_up_dtb(binary):
    run_both(binary, "dtb")


def test_set_up_nodtb(binary):
    run_both(binary, "nodtb")


def test_set_up_event_idx(binary):
    run_both(binary, "dtb", EVENT_IDX | 1)


def test_set_up_kvmtool_rings_in_blocks(binary):
    """The sizes that kvmtool dictates, inside the 64 KiB and 24 KiB blocks, with no QUEUE_NUM written at all."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v = Vsock(island, area=0x11000, num=256, buffer=64)
        c = Console(island, area=0x21000, num=128, buffer=16)
        v.buf_off = lambda q, n: 0x17000 + (q * 256 + n) * 64
        c.buf_off = lambda q, n: 0x25000 + (q * 128 + n) * 16
        for d in (v, c):
            d.rings = [Ring(island, d.ring_off(q), d.num) for q in range(2)]
            d.set_status(1)
            d.set_status(3)
            for q in range(2):
                d.put(QUEUE_SEL, q)
                d.put(QUEUE_PFN, (PHYS + d.ring_off(q)) // 4096)
                island.kick()
                wait_for(d.taken, "the acknowledgement")
            d.set_status(7)
            d.started()
        s, st = connect_in(pmm, v, 7)
        data = bytes(range(256)) * 8
        s.sendall(data)
        check(st.read(len(data)) == data, "data split over small buffers")
        for i in range(0, len(data), 16):
            st.op(RW, data[i:i + 16], kick=False)
        island.kick()
        check(recv_exactly(s, len(data)) == data, "data gathered from small buffers")
        con = unix_client(pmm.path("con"))
        con.sendall(data)
        check(c.read(len(data)) == data, "console input")


def test_set_up_queues_in_any_order(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v = Vsock(island, queues=3)
        v.set_up(order=[2, 1, 0])
        s, st = connect_in(pmm, v, 7)
        s.sendall(b"x")
        check(st.read(1) == b"x", "data")


def test_set_up_page_number_written_back(binary):
    """OpenAMP's driver puts the page number back after the acknowledgement; it must not count as the next queue's."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        c.rings = [Ring(island, c.ring_off(q), c.num) for q in range(2)]
        c.set_status(1)
        c.set_status(3)
        for q in range(2):
            c.set_queue(q)
            wait_for(c.taken, "the acknowledgement")
            c.put(QUEUE_PFN, (PHYS + c.ring_off(q)) // 4096)
            if q == 0:
                c.put(QUEUE_SEL, 1)
            check(c.fence(), "fence")
            check(not c.taken(), "the written-back number was acknowledged")
        c.set_status(7)
        c.started()
        con = unix_client(pmm.path("con"))
        c.transmit(b"hi")
        check(recv_exactly(con, 2) == b"hi", "output")
        con.sendall(b"ho")
        check(c.read(2) == b"ho", "input")


def test_set_up_one_doorbell_for_everything(binary):
    """Registers of both devices written, then a single datagram: both are seen."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        v.put(INTERRUPT_STATE, FENCE)
        c.put(INTERRUPT_STATE, FENCE)
        island.kick()
        wait_for(lambda: not (v.get(INTERRUPT_STATE) | c.get(INTERRUPT_STATE)) & FENCE, "both fences")


def test_fence_rings_back(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        island.drain_bell()
        check(c.fence(), "fence")
        check(island.wait_bell(), "no doorbell after the fence was answered")
        check(c.get(INTERRUPT_STATE) == 0, "interrupt state 0x%x" % c.get(INTERRUPT_STATE))


def test_interrupt_ack_does_not_swallow_the_pass(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        c.set_up()
        con = unix_client(pmm.path("con"))
        c.transmit(b"1")
        recv_exactly(con, 1)
        wait_for(lambda: c.get(INTERRUPT_STATE) == 1, "interrupt state")
        c.put(INTERRUPT_ACK, 1)
        c.transmit(b"2")
        check(recv_exactly(con, 1) == b"2", "output posted along with an acknowledgement")
        check(c.get(INTERRUPT_ACK) == 0, "INTERRUPT_ACK was not cleared")


def test_interrupt_suppressed_by_flag(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        c.set_up()
        con = unix_client(pmm.path("con"))
        for flag, wanted in ((0, True), (1, False), (0, True)):
            check(c.fence(), "fence")
            island.wait_bell(0.05)
            c.rings[1].no_interrupt(flag)
            c.transmit(b"x")
            recv_exactly(con, 1)
            check(island.wait_bell(0.15) == wanted, "flag %d: doorbell expected: %s" % (flag, wanted))
            wait_for(lambda: c.reclaim() or len(c.tx_free) == c.num, "the used buffer")


def test_interrupt_suppressed_by_event_idx(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        c.set_up(EVENT_IDX)
        con = unix_client(pmm.path("con"))
        c.rings[1].used_event(2)  # only the third completion
        for n, wanted in enumerate((False, False, True, False)):
            check(c.fence(), "fence")
            island.wait_bell(0.05)
            c.transmit(b"x")
            recv_exactly(con, 1)
            check(island.wait_bell(0.15) == wanted, "completion %d: doorbell expected: %s" % (n, wanted))


def test_kicks_wanted_only_when_idle(binary):
    """An idle TX queue asks for kicks; an RX queue with buffers to spare does not."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v = Vsock(island)
        v.set_up()
        v.nothing()
        check(v.rings[1].no_notify() == 0, "the TX queue does not ask for kicks")
        check(v.rings[0].no_notify() == 1, "the RX queue asks for kicks though it has buffers")
        v = Vsock(island)
        v.reset()
        v.set_up(EVENT_IDX)
        for n in range(5):
            v.send(CREDIT_UPDATE, 1, 2)
            v.expect(RST)
        check(v.fence(), "fence")
        check(v.rings[1].avail_event() == v.rings[1].avail_idx, "avail_event %d" % v.rings[1].avail_event())


def test_avail_index_wraps(binary):
    """Around 65536, where kvmtool's vsock misses kicks: index 0 is nothing special."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island, num=128, buffer=64)
        c.set_up()
        con = unix_client(pmm.path("con"))
        ring = c.rings[1]
        for n in range(128):
            ring.set_desc(n, c.addr(1, n), 1)
        sent = 0
        while sent < 65535:
            burst = min(128, 65535 - sent)
            ring.offer(*[k % 128 for k in range(sent, sent + burst)])
            island.kick()
            recv_exactly(con, burst)
            wait_for(lambda: island.r16(ring.used + 2) == ring.avail_idx, "used buffers")
            sent += burst
        for n in range(3):
            ring.offer(n)
            island.kick()
            recv_exactly(con, 1)
        check(ring.avail_idx == 2, "the index is %d" % ring.avail_idx)


def test_reset_again_and_again(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        con = unix_client(pmm.path("con"))
        for n in range(20):
            v.set_up(EVENT_IDX if n % 2 else 0)
            c.set_up(EVENT_IDX if n % 3 else 0)
            s, st = connect_in(pmm, v, 7)
            s.sendall(b"x" * n)
            check(st.read(n) == b"x" * n, "data")
            c.transmit(b"life %2d\n" % n)
            check(recv_exactly(con, 8) == b"life %2d\n" % n, "console")
            v.reset()
            c.reset()
            check(s.recv(1) == b"", "the connection outlived the reset")
            for d in (v, c):
                check(d.get(HOST_FEATURES) == 1 | EVENT_IDX, "features after reset")
                check(d.get(QUEUE_PFN) == 0 and d.get(QUEUE_SEL) == UNWRITTEN and d.get(GUEST_FEATURES) == 0, "registers")
            v.queue.clear()


def test_reset_by_lower_status(binary):
    """A front-end that starts over with STATUS 1, without 0."""
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        c.set_up()
        c.set_up()
        con = unix_client(pmm.path("con"))
        c.transmit(b"hi")
        check(recv_exactly(con, 2) == b"hi", "output")


def test_reset_in_the_middle_of_set_up(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        c.set_status(1)
        c.set_status(3)
        Ring(island, c.ring_off(0), c.num)
        c.set_queue(0)
        wait_for(c.taken, "the acknowledgement")
        c.reset()
        c.set_up()
        con = unix_client(pmm.path("con"))
        c.transmit(b"hi")
        check(recv_exactly(con, 2) == b"hi", "output")


def test_attach_keeps_everything_going(binary):
    with Pmm(binary) as pmm:
        first = Island(pmm)
        v, c = Vsock(first), Console(first)
        v.set_up()
        c.set_up()
        con = unix_client(pmm.path("con"))
        s, st = connect_in(pmm, v, 7)
        c.transmit(b"one")
        check(recv_exactly(con, 3) == b"one", "output of the first life")
        c.reclaim()
        first.close()
        con.sendall(b"typed meanwhile")
        second = Island(pmm)
        c2, v2 = Console(second), Vsock(second)
        c2.attach()
        c2.rings[0].last_used = c.rings[0].last_used  # what was used while nobody looked
        v2.attach()
        check(c2.read(15) == b"typed meanwhile", "input kept for the second life")
        c2.transmit(b"two")
        check(recv_exactly(con, 3) == b"two", "output of the second life")
        s.sendall(b"hello?")
        p = v2.expect(RW)
        v2.send(RST, p.dst_port, p.src_port)
        check(s.recv(1) == b"", "a connection of the first life survived its RST")
        s, st = connect_in(pmm, v2, 7)
        s.sendall(b"new")
        check(st.read(3) == b"new", "a new connection")


def test_poll_mode(binary):
    with Pmm(binary, "--poll", "200", doorbell=False) as pmm:
        island = Island(pmm)
        v, c = Vsock(island), Console(island)
        v.set_up()
        c.set_up()
        con = unix_client(pmm.path("con"))
        c.transmit(b"hi")
        check(recv_exactly(con, 2) == b"hi", "output")
        s, st = connect_in(pmm, v, 7)
        s.sendall(b"new")
        check(st.read(3) == b"new", "data")


def test_features_not_offered_are_masked(binary):
    with Pmm(binary) as pmm:
        island = Island(pmm)
        c = Console(island)
        c.set_up(0x0C000000)
        pmm.wait_log("not offered")
        con = unix_client(pmm.path("con"))
        c.transmit(b"hi")
        check(recv_exactly(con, 2) == b"hi", "output")
