# SPDX-License-Identifier: BSD-3-Clause
"""The vsock device: connections both ways, ends, credit, refusals."""

import hashlib
import re
import signal
import socket
import threading
import time

from frontend import *

BUFFER = 0x40000  # what skerry-pmm buffers for one connection


def tests():
    return [(n[5:], f) for n, f in globals().items() if n.startswith("test_")]


class Setup:
    def __init__(self, binary, *args, features=0, device=None, **more):
        self.features, self.device = features, device or {}
        self.pmm = Pmm(binary, *args, **more)

    def __enter__(self):
        self.pmm.__enter__()
        self.island = Island(self.pmm)
        self.v = Vsock(self.island, **self.device)
        self.v.set_up(self.features)
        return self.pmm, self.v

    def __exit__(self, *what):
        return self.pmm.__exit__(*what)


def closed(s):
    """The host's socket is at its end, by end of file or reset."""
    try:
        return s.recv(1) == b""
    except ConnectionResetError:
        return True


def test_vsock_connect_to_island(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        t, tt = connect_in(pmm, v, 7)
        check(st.host_port != tt.host_port, "two connections from one port")
        t.sendall(b"two")
        s.sendall(b"one")
        seen = {}
        for _ in range(2):
            p = v.expect(RW)
            seen[p.src_port] = p.data
        check(seen == {st.host_port: b"one", tt.host_port: b"two"}, "data went to the wrong connection")
        st.op(RW, b"1")
        tt.op(RW, b"2")
        check(recv_exactly(s, 1) == b"1" and recv_exactly(t, 1) == b"2", "data came from the wrong connection")


def test_vsock_connect_with_data_at_once(binary):
    """What follows the CONNECT line in the same segment belongs to the connection."""
    with Setup(binary) as (pmm, v):
        s = unix_client(pmm.path("v"))
        s.sendall(b"CONNECT 9\nearly data")
        s.shutdown(1)
        p = v.expect(REQUEST)
        st = Stream(v, 9, p.src_port, p)
        st.op(RESPONSE)
        check(st.read(10) == b"early data", "the data")
        check(v.expect(SHUTDOWN).flags == 2, "the end of file")


def test_vsock_connect_line_in_pieces(binary):
    with Setup(binary) as (pmm, v):
        s = unix_client(pmm.path("v"))
        for c in (b"CON", b"NECT", b" 12", b"3\r", b"\n"):
            s.sendall(c)
            time.sleep(0.02)
        check(v.expect(REQUEST).dst_port == 123, "the port")


def test_vsock_connect_refused(binary):
    with Setup(binary) as (pmm, v):
        s = unix_client(pmm.path("v"))
        s.sendall(b"CONNECT 99\n")
        p = v.expect(REQUEST)
        v.send(RST, 99, p.src_port)
        check(s.recv(10) == b"", "the refused socket was not closed")


def test_vsock_connect_bad_commands(binary):
    with Setup(binary) as (pmm, v):
        for line in (b"CONNECT\n", b"CONNECT x\n", b"CONNECT -1\n", b"CONNECT 4294967295\n", b"CONNECT 99999999999\n", b"\n",
                     b"GET / HTTP/1.0\r\n", b"CONNECT 7 8\n", b"x" * 200, b"CONNECT 7"):
            s = unix_client(pmm.path("v"))
            s.sendall(line)
            if b"\n" not in line:
                s.shutdown(1)
            check(closed(s), "%r was not refused" % line)
        v.nothing()


def test_vsock_connect_without_island(binary):
    with Pmm(binary) as pmm:
        check(closed(unix_client(pmm.path("v"))), "accepted a connection to an island that is not there")


def test_vsock_connect_from_island(binary):
    with Setup(binary) as (pmm, v):
        server = unix_server(pmm.path("v_1234"))
        s, st = connect_out(pmm, v, 5000, 1234, server)
        st.op(RW, b"telemetry")
        check(recv_exactly(s, 9) == b"telemetry", "data out")
        s.sendall(b"order")
        check(st.read(5) == b"order", "data in")
        server.close()


def test_vsock_connect_from_island_refused(binary):
    with Setup(binary) as (pmm, v):
        v.send(REQUEST, 5000, 1234)
        p = v.expect(RST)
        check((p.src_port, p.dst_port) == (1234, 5000), "RST %s" % p)
        unix_server(pmm.path("v_1235")).close()  # a socket file that nobody serves
        v.send(REQUEST, 5000, 1235)
        v.expect(RST)


def test_vsock_forward_tcp(binary):
    with Setup(binary, "--forward", "tcp:127.0.0.1:0=23", "--forward", "tcp:[::1]:0=24") as (pmm, v):
        for port, family, host in ((23, socket.AF_INET, "127.0.0.1"), (24, socket.AF_INET6, "::1")):
            tcp = int(re.search(r"vsock port %d is tcp \S+ port (\d+)" % port, pmm.log).group(1))
            s = socket.create_connection((host, tcp), 3)
            p = v.expect(REQUEST)
            check(p.dst_port == port, "REQUEST is for port %d" % p.dst_port)
            st = Stream(v, port, p.src_port, p)
            st.op(RESPONSE)
            st.op(RW, b"login: ")
            check(recv_exactly(s, 7) == b"login: ", "data out, and no OK line before it")
            s.sendall(b"root\r\n")
            check(st.read(6) == b"root\r\n", "data in")
            s.close()
            check(v.expect(SHUTDOWN).flags & 2, "the end")


def test_vsock_end_by_host_half(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        s.sendall(b"question")
        s.shutdown(socket.SHUT_WR)
        check(st.read(8) == b"question", "data before the end")
        check(v.expect(SHUTDOWN).flags == 2, "SHUTDOWN with SEND alone")
        st.op(RW, b"answer")
        st.op(SHUTDOWN, flags=2)
        check(recv_exactly(s, 6) == b"answer" and s.recv(1) == b"", "answer and end of file")
        check(v.expect(SHUTDOWN, skip=(CREDIT_UPDATE,)).flags == 3, "SHUTDOWN of both halves")
        st.op(RST)
        v.nothing()


def test_vsock_end_by_island_half(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        st.op(RW, b"last words")
        st.op(SHUTDOWN, flags=2)
        check(recv_exactly(s, 10) == b"last words" and s.recv(1) == b"", "data and end of file")
        s.sendall(b"reply")
        check(st.read(5) == b"reply", "the other direction")
        s.close()
        check(v.expect(SHUTDOWN).flags == 3, "SHUTDOWN of both halves")
        st.op(RST)
        v.nothing()


def test_vsock_end_by_island_both(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        st.op(RW, b"last words")
        st.op(SHUTDOWN, flags=3)
        v.expect(RST)
        check(recv_exactly(s, 10) == b"last words" and s.recv(1) == b"", "data and end of file")
        v.nothing()


def test_vsock_end_by_island_both_slow_host(binary):
    """The island may forget the connection at once; the host program still gets all of it."""
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        data = bytes(900) + b"end"
        total = 0
        while total + len(data) < BUFFER:
            st.op(RW, data)
            total += len(data)
        st.op(SHUTDOWN, flags=3)
        v.expect(RST, skip=(CREDIT_UPDATE,))
        got = recv_exactly(s, total)
        check(got == data * (total // len(data)) and s.recv(1) == b"", "data lost at the end")


def test_vsock_end_by_host_close(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        s.sendall(b"bye")
        s.close()
        check(st.read(3) == b"bye", "data before the end")
        check(v.expect(SHUTDOWN).flags == 3, "SHUTDOWN of both halves")
        st.op(RW, b"crossed on the way")
        v.nothing()
        st.op(SHUTDOWN, flags=3)
        v.expect(RST)
        v.nothing()


def test_vsock_end_by_island_receive(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        st.op(SHUTDOWN, flags=1)
        v.nothing()
        try:
            s.sendall(b"nobody reads this")
            time.sleep(0.05)
        except BrokenPipeError:
            pass
        v.nothing()
        st.op(RW, b"but I talk")
        check(recv_exactly(s, 10) == b"but I talk", "data after SHUTDOWN of the receiving half")
        s.close()
        check(v.expect(SHUTDOWN).flags == 3, "SHUTDOWN of both halves")


def test_vsock_end_by_rst(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        st.op(RST)
        check(closed(s), "the socket survived RST")
        v.nothing()


def test_vsock_end_without_answer(binary):
    """Eight seconds after a SHUTDOWN that the island does not answer, RST and the slot is free."""
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        s.close()
        v.expect(SHUTDOWN)
        p = v.expect(RST, timeout=9.5)
        check(p.dst_port == 7, "RST")


def test_vsock_rst_for_unknown(binary):
    with Setup(binary) as (pmm, v):
        for op in (RESPONSE, SHUTDOWN, RW, CREDIT_UPDATE, CREDIT_REQUEST, 0, 8, 0xFFFF):
            v.send(op, 1000 + op, 77, b"x" if op == RW else b"")
            p = v.expect(RST)
            check((p.src_port, p.dst_port, p.type) == (77, 1000 + op, 1), "RST %s" % p)
        v.send(REQUEST, 1, 2, kind=2)
        check(v.expect(RST).type == 2, "RST of another type than what it answers")
        v.send(RST, 1, 2)
        v.send(RST, 1, 2, kind=9)
        v.nothing()


def test_vsock_stray_packets_vanish(binary):
    with Setup(binary) as (pmm, v):
        for src, dst in ((4, 2), (CID, 3), (CID | 1 << 32, 2), (CID, 2 | 1 << 32), (2, CID)):
            v.send(REQUEST, 1, 2, src=src, dst=dst)
        v.transmit(b"short")
        v.transmit(b"")
        v.nothing()


def test_vsock_protocol_violations_reset_one_connection(binary):
    def cases(st):
        yield "RESPONSE twice", lambda: st.op(RESPONSE)
        yield "REQUEST again", lambda: st.op(REQUEST)
        yield "unknown operation", lambda: st.op(99)
        yield "unknown type", lambda: st.op(RW, b"x", kind=7)
        yield "length beyond the buffer", lambda: st.op(RW, b"x", length=1000)
        yield "data after SHUTDOWN", lambda: (st.op(SHUTDOWN, flags=2), st.op(RW, b"x"))
    with Setup(binary) as (pmm, v):
        other, ot = connect_in(pmm, v, 8)
        for n in range(6):
            s, st = connect_in(pmm, v, 7)
            name, act = list(cases(st))[n]
            act()
            p = v.expect(RST)
            check(p.dst_port == 7 and p.src_port == st.host_port, "%s: RST %s" % (name, p))
            if name == "unknown type":  # a flow of that type does not exist; the stream of the same ports goes on
                st.op(RW, b"x")
                check(recv_exactly(s, 1) == b"x", "the stream suffered")
                st.op(RST)
            check(closed(s), "%s: the socket survived" % name)
            v.nothing(0.01)
        other.sendall(b"still here")
        check(ot.read(10) == b"still here", "another connection suffered")


def test_vsock_credit_of_the_host(binary):
    """A host program that does not read: exactly the buffer fits, and one byte more is a violation."""
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        check(st.peer_alloc == BUFFER, "buf_alloc is %d" % st.peer_alloc)
        chunk = bytes(range(256)) * 3
        total = 0

        def room():
            while True:
                v.poll()
                while v.queue:
                    st.take(v.queue.pop(0))
                if st.credit() >= len(chunk):
                    return True
                v.send(CREDIT_REQUEST, 7, st.host_port)
                before = st.credit()
                st.take(v.expect(CREDIT_UPDATE))
                if st.credit() == before:
                    return False
        while room():
            st.op(RW, chunk)
            total += len(chunk)
        check(st.credit() < len(chunk), "credit %d left" % st.credit())
        st.op(RW, chunk[:st.credit()])
        total = st.sent
        check(total > BUFFER, "only %d bytes taken" % total)
        v.nothing()
        got = recv_exactly(s, total)
        check(got[:total // 768 * 768] == chunk * (total // 768), "data damaged")
        p = st.take(v.expect(CREDIT_UPDATE))
        st.take(v.queue.pop()) if v.queue else None
        check(st.credit() > BUFFER // 2, "after the program has read, the credit is %d" % st.credit())
        st.op(RW, b"goes on")
        check(recv_exactly(s, 7) == b"goes on", "data after the recovery")


def test_vsock_credit_exceeded(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        for _ in range(1000):
            st.op(RW, bytes(970))
            v.poll()
            if v.queue and any(p.op == RST for p in v.queue):
                break
        v.expect(RST, skip=(CREDIT_UPDATE,))
        check(v.fence(), "fence")
        v.poll()  # what was sent after that was for nobody
        check(all(p.op == RST for p in v.queue), "not only RST for a connection that is gone")


def test_vsock_credit_of_the_island(binary):
    """An island with a small buffer: never more than it has room for, a request when blocked, and on when it has room."""
    with Setup(binary) as (pmm, v):
        v.alloc = 1000
        s, st = connect_in(pmm, v, 7)
        s.sendall(bytes(range(250)) * 20)
        got = b""
        while len(got) < 5000:
            before = len(got)
            while True:
                p = v.next()
                if p.op == CREDIT_REQUEST:
                    break
                check(p.op == RW, "expected data, got %s" % p)
                got += p.data
                check(len(got) - before <= 1000, "more than the island's buffer")
                if len(got) == 5000:
                    break
            if len(got) < 5000:
                v.send(CREDIT_UPDATE, 7, st.host_port, fwd=len(got))
        check(got == bytes(range(250)) * 20, "data damaged")
        # A buffer that shrinks below what is under way closes the window instead of opening it wide.
        v.alloc = 10
        v.send(CREDIT_UPDATE, 7, st.host_port, fwd=4000)
        s.sendall(b"x" * 100)
        v.expect(CREDIT_REQUEST)
        p = v.expect(CREDIT_REQUEST, timeout=2)  # asked again
        v.nothing()
        v.alloc = 1000
        v.send(CREDIT_UPDATE, 7, st.host_port, fwd=5000)
        check(v.expect(RW).data == b"x" * 100, "data after the recovery")
        v.alloc = 150  # 100 of which are full, as far as the PMM knows
        v.send(CREDIT_UPDATE, 7, st.host_port, fwd=999999)  # more than was ever sent: not believed
        s.sendall(b"y" * 60)
        check(v.expect(RW).len == 50, "the window after a false fwd_cnt")


def test_vsock_credit_request_is_answered(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        st.op(RW, b"12345")
        recv_exactly(s, 5)
        st.op(CREDIT_REQUEST)
        p = v.expect(CREDIT_UPDATE)
        check((p.alloc, p.fwd) == (BUFFER, 5), "buf_alloc %d, fwd_cnt %d" % (p.alloc, p.fwd))


def test_vsock_receive_buffers_are_backpressure(binary):
    """No RX buffers: the host's sockets fill up, nothing spins, nothing is lost."""
    Vsock.post_rx = False
    try:
        with Setup(binary) as (pmm, v):
            s = unix_client(pmm.path("v"))
            s.sendall(b"CONNECT 7\n")
            time.sleep(0.05)
            cpu = pmm.cpu()
            time.sleep(0.4)
            check(pmm.cpu() - cpu < 0.1, "busy while the island is dead")
            check(v.rings[0].no_notify() == 0, "starved, but not asking for kicks")
            v.rings[0].offer(0)
            v.i.kick()
            p = v.expect(REQUEST)
            st = Stream(v, 7, p.src_port, p)
            st.op(RESPONSE)
            recv_exactly(s, len("OK %d\n" % p.src_port))
            data = bytes(range(256)) * 256
            s.sendall(data)
            check(st.read(65536) == data, "data through one buffer")
    finally:
        Vsock.post_rx = True


def echo(pmm, v, total, chunk=60000):
    """Sends TOTAL bytes through an echo in the island; returns MB/s."""
    s, st = connect_in(pmm, v, 7)
    block = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(chunk // 32))
    blocks = total // len(block)
    digest = hashlib.sha256()
    errors = []

    def writer():
        try:
            for _ in range(blocks):
                s.sendall(block)
            s.shutdown(1)
        except OSError as e:
            errors.append(str(e))

    def reader():
        try:
            while True:
                part = s.recv(1 << 18)
                if not part:
                    return
                digest.update(part)
        except OSError as e:
            errors.append(str(e))
    s.settimeout(20)
    threads = [threading.Thread(target=writer), threading.Thread(target=reader)]
    start = time.monotonic()
    for t in threads:
        t.start()
    ended = False
    backlog = []
    told = 0
    while not ended or backlog:
        v.poll()
        if not v.queue and not (backlog and st.credit() >= len(backlog[0])):
            v.i.kick()
            time.sleep(0.0002)
            check(time.monotonic() - start < 40, "stuck: %d bytes echoed, %s" % (st.sent, errors))
        while v.queue:
            p = st.take(v.queue.pop(0))
            if p.op == RW:
                backlog.append(p.data)
            elif p.op == SHUTDOWN:
                ended = True
            else:
                check(p.op in (CREDIT_UPDATE, CREDIT_REQUEST), "unexpected %s" % p)
        while backlog and st.credit() >= len(backlog[0]):
            st.op(RW, backlog.pop(0), kick=False)
            told = st.got
        if st.got - told > 20000:
            st.op(CREDIT_UPDATE)
            told = st.got
        v.i.kick()
    st.op(SHUTDOWN, flags=2)
    for t in threads:
        t.join(20)
    expected = hashlib.sha256()
    for _ in range(blocks):
        expected.update(block)
    check(not errors and digest.digest() == expected.digest(), "the echo is not what was sent: %s" % errors)
    return blocks * len(block) / 1e6 / (time.monotonic() - start)


def test_vsock_big_echo(binary):
    with Setup(binary, device={"num": 64, "buffer": 2048}) as (pmm, v):
        return "%.0f MB/s with this script as the island" % echo(pmm, v, 16 << 20)


def test_vsock_big_echo_event_idx(binary):
    with Setup(binary, features=EVENT_IDX, device={"num": 64, "buffer": 2048}) as (pmm, v):
        return "%.0f MB/s" % echo(pmm, v, 8 << 20)


def test_vsock_many_connections(binary):
    """The table has 1024 places; more are refused, and places become free again."""
    with Setup(binary, device={"num": 128, "buffer": 128}) as (pmm, v):
        socks, streams = [], []
        for n in range(1024):
            s, st = connect_in(pmm, v, n % 50)
            socks.append(s)
            streams.append(st)
        check(closed(unix_client(pmm.path("v"))), "connection 1025 was not refused")
        server = unix_server(pmm.path("v_1"))
        v.send(REQUEST, 1, 1)
        v.expect(RST)
        pmm.wait_log("all 1024 connections are in use")
        for n in (0, 500, 1023):
            socks[n].sendall(b"%d" % n)
            p = v.expect(RW)
            check(p.src_port == streams[n].host_port and p.data == b"%d" % n, "data of connection %d" % n)
        streams[3].op(RST)
        s, st = connect_out(pmm, v, 1, 1, server)
        for s in socks:
            s.close()


def test_vsock_request_and_reset_flood(binary):
    """Refusals are bounded: the device stops taking packets until the island takes the answers, and then goes on."""
    with Setup(binary, device={"num": 128, "buffer": 128}) as (pmm, v):
        v.rings[0].collect()
        for n in range(2000):
            v.send(REQUEST, n, 9999, kick=n % 50 == 49)
            v.poll()
        v.i.kick()
        wait_for(lambda: v.poll() or len(v.queue) >= 2000, "2000 answers", 10)
        check([p.dst_port for p in v.queue] == list(range(2000)) and all(p.op == RST for p in v.queue), "answers")


def test_vsock_transport_reset(binary):
    with Setup(binary, device={"queues": 3}) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        pmm.kill(signal.SIGUSR2)
        pmm.wait_log("no event buffer")
        v.rings[2].set_desc(0, v.addr(2, 0), 4, WRITE)
        v.i.w32(v.buf_off(2, 0), 0xFFFFFFFF)
        v.rings[2].offer(0)
        pmm.kill(signal.SIGUSR2)
        used = []
        wait_for(lambda: used.extend(v.rings[2].collect()) or used, "the event")
        check(used == [(0, 4)] and v.i.r32(v.buf_off(2, 0)) == 0, "event %s" % used)
        check(closed(s), "the connection outlived the transport reset")
        v.nothing()


def test_vsock_statistics(binary):
    with Setup(binary) as (pmm, v):
        s, st = connect_in(pmm, v, 7)
        st.op(RW, b"12345")
        recv_exactly(s, 5)
        pmm.kill(signal.SIGUSR1)
        pmm.wait_log("vsock: 1 connections open, 1 in total")
        pmm.wait_log("vsock queue 1: 2 buffers, 93 bytes")
        pmm.wait_log("kicks received")
