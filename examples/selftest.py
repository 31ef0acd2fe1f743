# SPDX-License-Identifier: BSD-3-Clause
"""The tests behind selftest.sh. Standard library only; times are seconds."""
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import soak
from bed import (BACK_WITHIN, BUILD, ISLAND, PATIENCE, PMM, Bed, Failure, check, read_all, read_until, short_directory,
                 some_bytes, swallow, until)

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = []


def test(f):
    TESTS.append((f.__name__, f))
    return f


def with_bed(*arguments, **options):
    """A test that wants both sides running."""
    def wrap(f):
        def run():
            with Bed(*arguments, **options) as bed:
                bed.start()
                return f(bed)
        TESTS.append((f.__name__, run))
        return f
    return wrap


def exchange(s, data):
    """Send everything, shut, and read to the end, at the same time; what came back."""
    def send():
        swallow(lambda: s.sendall(data))
        swallow(lambda: s.shutdown(socket.SHUT_WR))
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    back = read_all(s)
    sender.join(PATIENCE)
    return back


# --- the command line

BAD_LINES = [
    ([], "--shm FILE is missing"),
    (["--shm"], "--shm: expected a value"),
    (["--shm", ""], "--shm FILE is missing"),
    (["--shm", "x", "more"], "more: expected only options"),
    (["--shm", "x", "--bogus"], "--bogus: no such option"),
    (["--shm", "x", "-x"], "no such option"),
    (["--shm", "x", "--size", "0"], "--size 0: expected a value from"),
    (["--shm", "x", "--size", "abc"], "--size abc: expected a number"),
    (["--shm", "x", "--size", "-1"], "--size -1: expected a number"),
    (["--shm", "x", "--size", "1Q"], "--size 1Q: expected a number"),
    (["--shm", "x", "--size", "64K"], "--size 0x10000: expected at least 0x26000"),
    (["--shm", "x", "--size", "99999999999999999999"], "expected a value from"),
    (["--shm", "x", "--phys", "0x123"], "--phys 0x123: expected a multiple of 0x1000"),
    (["--shm", "x", "--phys", "0x80000000000"], "--phys 0x80000000000: expected a value from"),
    (["--shm", "x", "--layout", "fdt"], "--layout fdt: expected dtb or nodtb"),
    (["--shm", "x", "--doorbell", "tcp:1"], "--doorbell tcp:1: expected unix:PREFIX or poll:USEC"),
    (["--shm", "x", "--doorbell", "unix:"], "--doorbell unix:: expected unix:PREFIX or poll:USEC"),
    (["--shm", "x", "--doorbell", "unix:" + "p" * 200], "expected a prefix of at most"),
    (["--shm", "x", "--doorbell", "poll:0"], "expected a value from"),
    (["--shm", "x", "--doorbell", "poll:"], "expected a number"),
    (["--shm", "x", "--vsock-at", "0x10"], "--vsock-at 0x10: expected a multiple of 0x1000"),
    (["--shm", "x", "--console-at", "x"], "--console-at x: expected a number"),
    (["--shm", "x", "--console-at", "0x11000"], "expected blocks that do not overlap"),
    (["--shm", "x", "--console-at", "0x40000,0x200"], "--console-at: expected no header"),
    (["--shm", "x", "--layout", "nodtb", "--vsock-at", "0,2"], "expected a header at a multiple of 4"),
]


@test
def bad_command_lines_get_one_sentence_and_status_2():
    for arguments, message in BAD_LINES:
        r = subprocess.run([ISLAND, *arguments], capture_output=True, text=True, timeout=PATIENCE)
        check(r.returncode == 2, f"{arguments}: status {r.returncode} instead of 2")
        check(r.stdout == "", f"{arguments}: something on standard output")
        check(r.stderr.count("\n") == 1 and r.stderr.startswith("skerry-island: "), f"{arguments}: said {r.stderr!r}")
        check(message in r.stderr, f"{arguments}: said {r.stderr!r}, expected {message!r}")
    return f"{len(BAD_LINES)} lines"


@test
def help_and_version_have_status_0():
    for option, text in (("--help", "usage: skerry-island"), ("-h", "usage:"), ("--version", "skerry-island 0."), ("-V", "0.")):
        r = subprocess.run([ISLAND, option], capture_output=True, text=True, timeout=PATIENCE)
        check(r.returncode == 0 and text in r.stdout and r.stderr == "", f"{option}: {r}")


@test
def unusable_files_get_one_sentence_and_status_1():
    with Bed() as bed:
        os.mkdir(bed.path("made.dir"))
        for shm, message in (("made.dir", "cannot open"), ("/dev/null", "is not a regular file")):
            r = subprocess.run([ISLAND, "--shm", os.path.join(bed.dir, shm)], capture_output=True, text=True, timeout=PATIENCE)
            check(r.returncode == 1 and message in r.stderr and r.stderr.count("\n") == 1, f"{shm}: {r}")
        r = subprocess.run([ISLAND, "--shm", "x", "--doorbell", "unix:/nonexistent/b"], capture_output=True, text=True,
                           timeout=PATIENCE)
        check(r.returncode == 1 and "cannot receive on /nonexistent/b.fe" in r.stderr, f"doorbell: {r}")


# --- layouts and doorbells

def variant(layout, doorbell, phys):
    def run():
        with Bed(layout, doorbell, phys) as bed:
            bed.start()
            data = some_bytes(200000)
            with bed.connect(7) as s:
                check(exchange(s, data) == data, "echo gave other bytes back")
    TESTS.append((f"echo_and_console_with_{layout}_{doorbell}_phys_{phys:x}", run))


variant("dtb", "unix", 0)
variant("dtb", "poll", 0x60000000)
variant("nodtb", "unix", 0x140000000)
variant("nodtb", "poll", 0)


@with_bed(island_options=["--event-idx"])
def event_idx_loses_no_wake_up(bed):
    data = some_bytes(1 << 20)
    begin = time.monotonic()
    with bed.connect(7) as s:
        check(exchange(s, data) == data, "echo gave other bytes back")
    took = time.monotonic() - begin
    # A window of 4 KiB per tick of 10 ms would need 2.5 s: then nobody was woken.
    check(took < 1.5, f"1 MiB took {took:.1f} s: the island lives on its tick, not on doorbells")
    return f"1 MiB in {took:.2f} s"


# --- the services

@with_bed()
def half_closed_connection_gets_every_byte_back(bed):
    for size in (0, 1, 1000, 4096, 4097, 65536, 1 << 20):
        data = some_bytes(size, size)
        with bed.connect(7) as s:
            check(exchange(s, data) == data, f"{size} bytes were not echoed exactly")


@with_bed()
def four_mebibytes_are_echoed_exactly(bed):
    data = some_bytes(4 << 20)
    begin = time.monotonic()
    with bed.connect(7) as s:
        back = exchange(s, data)
    took = time.monotonic() - begin
    check(hashlib.sha256(back).digest() == hashlib.sha256(data).digest(), "SHA-256 differs")
    return f"4 MiB in {took:.2f} s, {len(data) / 1e6 / took:.1f} MB/s each way"


@with_bed()
def a_peer_that_does_not_read_is_held_back_and_loses_nothing(bed):
    data = some_bytes(8 << 20)
    with bed.connect(7) as s:
        s.settimeout(0.5)
        sent = 0
        try:
            while sent < len(data):
                sent += s.send(data[sent:sent + 65536])
        except socket.timeout:
            pass
        check(sent < len(data), "8 MiB went out though nobody read: something stores without bound")
        check(bed.echo_works(), "a blocked connection blocks the others")
        # Read in odd amounts and with breaks: room comes in odd amounts too, and echo has to send pieces of pieces.
        s.settimeout(PATIENCE)
        sender = threading.Thread(target=lambda: (s.sendall(data[sent:]), s.shutdown(socket.SHUT_WR)), daemon=True)
        sender.start()
        back = bytearray()
        for i in range(400):
            back += s.recv(7777)
            time.sleep(0.001)
        back += read_all(s)
        sender.join(PATIENCE)
        check(back == data, "echo gave other bytes back")
    return f"held back after {sent} bytes"


@with_bed()
def sixty_four_connections_in_a_row(bed):
    begin = time.monotonic()
    for i in range(64):
        data = b"connection %d" % i
        s = until(f"connection {i}", lambda: bed.connect(7))
        with s:
            check(exchange(s, data) == data, f"connection {i} was not echoed")
    check(bed.stat("island defects") == 0, "the application met a status it should not")
    return f"{time.monotonic() - begin:.2f} s"


@with_bed()
def sessions_at_once_do_not_mix(bed):
    echo = [bed.connect(7) for _ in range(3)]
    shell = [bed.connect(23) for _ in range(2)]
    check(all(echo) and all(shell), "not all were accepted")
    for i, s in enumerate(shell):
        s.sendall(b"echo I am shell %d\n" % i)
    for i, s in enumerate(echo):
        s.sendall(b"I am echo %d" % i)
    for i, s in enumerate(echo):
        check(read_until(s, b"%d" % i) == b"I am echo %d" % i, f"echo {i} got another's bytes")
    for i, s in enumerate(shell):
        read_until(s, b"I am shell %d\n" % i)
    for s in echo + shell:
        s.close()


@with_bed()
def a_full_table_refuses_and_recovers(bed):
    open_ones = []
    for _ in range(12):
        s = bed.connect(7)
        if s is not None:
            open_ones.append(s)
    check(4 <= len(open_ones) < 12, f"{len(open_ones)} of 12 connections were accepted")
    for s in open_ones:
        s.close()
    until("echo after the crowd", bed.echo_works)
    return f"{len(open_ones)} of 12 accepted"


@with_bed()
def a_port_without_listener_refuses(bed):
    begin = time.monotonic()
    check(bed.connect(99) is None, "port 99 was accepted")
    took = time.monotonic() - begin
    check(took < 1.0, f"the refusal took {took:.1f} s")
    return f"{took * 1000:.0f} ms"


@with_bed()
def discard_reads_everything_and_says_nothing(bed):
    with bed.connect(9) as s:
        check(exchange(s, some_bytes(500000)) == b"", "discard said something")


@with_bed()
def the_character_generator_follows_rfc_864(bed):
    with bed.connect(19) as s:
        s.shutdown(socket.SHUT_WR)
        data = bytearray()
        while len(data) < 74 * 200:
            data += s.recv(65536)
    for i in range(200):
        line = bytes(32 + (i + column) % 95 for column in range(72)) + b"\r\n"
        check(data[74 * i:74 * (i + 1)] == line, f"line {i} is {bytes(data[74 * i:74 * (i + 1)])!r}")


# --- the shell

@with_bed()
def the_shell_over_tcp_knows_its_commands(bed):
    with open(bed.path("shm"), "rb") as f:
        memory = f.read(0x10020)[0x10000:]
    text = bed.tcp_shell("help\nstat\nports\nuptime\necho a  b\nmem 0x10000 16\nmem\nmem 0xfffff 2\nmem 0 5000\nfault\nnonsense\n"
                         + "x" * 200 + "\n")
    for part in ("  help ", "console: up, device READY", "vsock: up, device READY", "our cid 42", "vsock packets_received",
                 "listen 23         shell", "flow 23 ", "up days 0 00:00:0", "skerry> a  b\n",
                 "0000010000  " + " ".join(f"{b:02x}" for b in memory[:16]), "may be shown: 0x100000 bytes from 0x0",
                 "0xfffff may not be read", "usage: mem [ADDR LEN], LEN 1 to 4096", "usage: fault console | vsock | hang MS",
                 "unknown command; try help", "the line is too long: at most 128 bytes", "skerry> bye\n"):
        check(part in text, f"{part!r} is missing in {text!r}")


@with_bed()
def the_console_shell_edits_lines(bed):
    with bed.open_path(bed.path("console")) as s:
        s.sendall(b"\recho abx\x7fc\x01\r\n\r\nquit\r")
        text = read_until(s, b"cannot be closed from here")
    check(b"echo abx\b \bc\r\nabc\r\n" in text, f"the console said {text!r}")


@with_bed()
def commands_in_one_write_are_all_answered(bed):
    text = bed.tcp_shell("\n".join(f"echo number {i}" for i in range(300)))
    check([int(n) for n in re.findall(r"number (\d+)\n", text)] == list(range(300)), f"not all came: {text[-200:]!r}")


# --- restarts

def back_after(bed, begin):
    """Both services have to be back; how long that took since `begin`."""
    bed.answered()
    took = time.monotonic() - begin
    check("console: up" in bed.tcp_shell("stat"), "the shell over TCP does not answer")
    check(took <= BACK_WITHIN, f"both services were back after {took:.2f} s only")
    return took


@with_bed()
def services_come_back_after_kill_9_of_the_pmm(bed):
    times = []
    for _ in range(3):
        bed.kill("pmm")
        begin = time.monotonic()
        bed.start_pmm()
        times.append(back_after(bed, begin))
    check(bed.island.poll() is None, "the island ended")
    return "back after " + ", ".join(f"{t:.2f} s" for t in times)


@with_bed()
def services_come_back_after_kill_9_of_the_island(bed):
    times = []
    for _ in range(3):
        bed.kill("island")
        begin = time.monotonic()
        bed.start_island()
        times.append(back_after(bed, begin))
    check(bed.pmm.poll() is None, "the PMM ended")
    return "back after " + ", ".join(f"{t:.2f} s" for t in times)


@with_bed()
def services_come_back_after_kill_9_under_load(bed):
    """Bytes are under way when the side dies; both sides have connections that the other one has forgotten."""
    times = []
    for name in ("island", "pmm", "island"):
        s = bed.connect(7)
        pump = threading.Thread(target=lambda c=s: swallow(lambda: exchange(c, some_bytes(64 << 20))), daemon=True)
        pump.start()
        time.sleep(0.1)
        bed.kill(name)
        begin = time.monotonic()
        bed.start_island() if name == "island" else bed.start_pmm()
        times.append(back_after(bed, begin))
        swallow(lambda c=s: c.shutdown(socket.SHUT_RDWR))
        pump.join(PATIENCE)
        check(not pump.is_alive(), "the old connection hangs")
        s.close()
    return "back after " + ", ".join(f"{t:.2f} s" for t in times)


@with_bed()
def services_come_back_after_kill_9_of_both(bed):
    bed.kill("pmm")
    bed.kill("island")
    begin = time.monotonic()
    bed.start_island()
    bed.start_pmm()
    return f"back after {back_after(bed, begin):.2f} s"


@with_bed(layout="nodtb", doorbell="poll")
def services_come_back_without_doorbell_too(bed):
    bed.kill("pmm")
    begin = time.monotonic()
    bed.start_pmm()
    first = back_after(bed, begin)
    bed.kill("island")
    begin = time.monotonic()
    bed.start_island()
    return f"back after {first:.2f} s, {back_after(bed, begin):.2f} s"


@with_bed(island_options=["--no-reset"])
def an_island_that_must_not_reset_attaches(bed):
    bed.kill("island")
    begin = time.monotonic()
    bed.start_island()
    took = back_after(bed, begin)
    check(bed.tcp_shell("stat").count("(attached)") == 2, "the devices were not attached to")
    return f"back after {took:.2f} s"


@with_bed()
def a_pmm_that_stalls_is_waited_for(bed):
    with bed.connect(7) as s:
        bed.pmm.send_signal(signal.SIGSTOP)
        time.sleep(0.7)
        bed.pmm.send_signal(signal.SIGCONT)
        s.sendall(b"x")
        check(s.recv(1) == b"x", "the connection did not live on")
    check(bed.stat("vsock faults") == 0, "vsock was given up")


@with_bed()
def a_file_that_was_replaced_is_mapped_again(bed):
    """The PMM ends in order and takes its file with it; the next one makes another."""
    inode = os.stat(bed.path("shm")).st_ino
    bed.end("pmm")
    check(not os.path.exists(bed.path("shm")), "the PMM left its file behind")
    open(bed.path("made.other"), "w").close()  # so that the inode number is not used again
    begin = time.monotonic()
    bed.start_pmm()
    took = back_after(bed, begin)
    check(os.stat(bed.path("shm")).st_ino != inode, "the file is the same one: nothing was tested")
    check("is mapped again" in bed.log(bed.island), "the island did not say that it mapped the file again")
    return f"back after {took:.2f} s"


@with_bed()
def a_file_that_was_truncated_does_not_kill_the_island(bed):
    bed.kill("pmm")
    os.truncate(bed.path("shm"), 0)
    time.sleep(0.3)  # some turns on what is left
    check(bed.island.poll() is None, f"the island ended with status {bed.island.poll()}")
    begin = time.monotonic()
    bed.start_pmm()
    took = back_after(bed, begin)
    return f"back after {took:.2f} s"


@test
def the_island_may_start_first():
    with Bed() as bed:
        island = bed.start_island()
        until("the island to say that it waits", lambda: "waiting for" in bed.log(island) and "to appear" in bed.log(island))
        begin = time.monotonic()
        bed.start_pmm()
        return f"up after {back_after(bed, begin):.2f} s"


@test
def a_file_that_is_too_small_is_waited_for():
    with Bed() as bed:
        open(bed.path("shm"), "wb").close()
        bed.shm_stays = True
        island = bed.start_island()
        until("the island to say what it needs", lambda: "0x26000 bytes are needed" in bed.log(island))
        bed.start_pmm()
        bed.answered()


@test
def the_pmm_may_start_first():
    with Bed() as bed:
        bed.start_pmm()
        time.sleep(0.2)
        begin = time.monotonic()
        bed.start_island()
        return f"up after {back_after(bed, begin):.2f} s"


@with_bed()
def a_second_island_on_the_same_doorbell_is_refused(bed):
    r = subprocess.run([ISLAND, "--shm", bed.path("shm"), "--doorbell", f"unix:{bed.path('bell')}"], capture_output=True,
                       text=True, timeout=PATIENCE)
    check(r.returncode == 1 and "another island runs" in r.stderr, f"{r}")
    check(bed.echo_works(), "the first island was disturbed")


@with_bed()
def an_orderly_end_tells_the_peers(bed):
    s = bed.connect(7)
    s.sendall(b"x")
    check(s.recv(1) == b"x", "echo does not work")
    begin = time.monotonic()
    check(bed.end("island") == 0, "the status was not 0")
    check(not os.path.exists(bed.path("bell.fe")), "the doorbell socket was left behind")
    try:
        check(s.recv(1) == b"", "bytes out of nowhere")
    except ConnectionError:
        pass
    took = time.monotonic() - begin
    check(took < 1.0, f"the peer heard of it after {took:.1f} s only")
    s.close()


# --- faults

@with_bed()
def an_injected_vsock_fault_heals_and_is_told_on_the_console(bed):
    before = bed.stat("vsock starts")
    s = bed.connect(7)
    with bed.open_path(bed.path("console")) as console:
        console.sendall(b"\rfault vsock\r")
        read_until(console, b"* vsock given up: on request")
        begin = time.monotonic()
        read_until(console, b"* vsock runs again")
        took = time.monotonic() - begin
    check(s.recv(1) == b"", "an open connection was not ended")
    s.close()
    until("echo", bed.echo_works)
    check(bed.stat("vsock starts") == before + 1, "the device was not started again once")
    return f"down for {took:.2f} s"


@with_bed()
def an_injected_console_fault_heals_and_is_told_on_vsock(bed):
    with bed.connect(23) as s:
        s.sendall(b"fault console\n")
        read_until(s, b"* console given up: on request\n")
        read_until(s, b"* console runs again")
    until("the console", bed.console_works)
    check(bed.stat("console starts") == 2, "the device was not started again once")


@with_bed()
def a_hanging_island_is_waited_for(bed):
    shell = bed.connect(23)
    shell.sendall(b"fault hang 700\n")
    read_until(shell, b"does nothing for so long\n")
    begin = time.monotonic()
    with shell, bed.connect(7) as s:
        took = time.monotonic() - begin
        s.sendall(b"x")
        check(s.recv(1) == b"x", "echo does not work afterwards")
    check(0.2 < took < 2.0, f"the connection took {took:.2f} s")
    return f"{took:.2f} s"


@test
def a_device_in_the_wrong_place_costs_only_that_device():
    """The console's header is taken for that of vsock: the cause is named on the console, which goes on."""
    with Bed("nodtb") as bed:
        bed.start_pmm()
        bed.start_island("--vsock-at", "0,0x200", "--console-at", "0x10000")
        until("the console", bed.console_works)
        with bed.open_path(bed.path("console")) as s:
            cause = until("a cause", lambda: ask_stat(s))
        check(cause == "DEVICE_ID", f"the cause is {cause}")
        check(bed.island.poll() is None, "the island ended")
        check(bed.connect(7) is None, "vsock was accepted though it cannot work")


def ask_stat(console):
    console.sendall(b"\rstat\r")
    text = read_until(console, b"island defects")
    found = re.search(rb"vsock: .* last cause ([A-Z_]+)", text)
    return found.group(1).decode() if found else None


# --- telemetry

class Collector:
    """Listens where the island's connections to host port 5000 arrive."""

    def __init__(self, bed):
        self.path = bed.path("vsock_5000")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.listener.settimeout(PATIENCE)

    def lines(self, count):
        connection, _ = self.listener.accept()
        connection.settimeout(PATIENCE)
        with connection, connection.makefile("r") as f:
            return [f.readline() for _ in range(count)]

    def close(self):
        self.listener.close()
        os.unlink(self.path)


LINE = re.compile(r"skerry line=\d+ tick=\d+ up=\d+ cid=42 credit=\d+ received=\d+ sent=\d+ console_faults=\d+ "
                  r"vsock_faults=\d+ missed=\d+\n")


@with_bed()
def telemetry_comes_each_second_and_after_restarts(bed):
    collector = Collector(bed)
    try:
        lines = collector.lines(3)
        for line in lines:
            check(LINE.fullmatch(line), f"not a telemetry line: {line!r}")
        ticks = [int(re.search(r"tick=(\d+)", line).group(1)) for line in lines]
        check(all(900 <= b - a <= 1300 for a, b in zip(ticks, ticks[1:])), f"not a line a second: ticks {ticks}")
        check(collector.lines(1)[0].startswith("skerry "), "no line after the collector hung up")
        for name, start in (("pmm", bed.start_pmm), ("island", bed.start_island)):
            bed.kill(name)
            start()
            check(LINE.fullmatch(collector.lines(1)[0]), f"no line after a restart of the {name}")
    finally:
        collector.close()


@with_bed()
def telemetry_backs_off_when_refused(bed):
    time.sleep(1.5)
    first = bed.stat("telemetry refusals")
    time.sleep(2.0)
    more = bed.stat("telemetry refusals") - first
    check(1 <= first and more <= 2, f"{first} tries in the first seconds, {more} in the next two")


# --- behaviour of the process

@with_bed()
def an_idle_island_does_not_spin(bed):
    def ticks():
        with open(f"/proc/{bed.island.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    begin = ticks()
    time.sleep(1.0)
    used = (ticks() - begin) / os.sysconf("SC_CLK_TCK")
    check(used < 0.1, f"{used:.2f} s of processor time in one idle second")
    return f"{used * 100:.0f} % of a processor"


@with_bed()
def nothing_is_a_defect_of_the_application(bed):
    """All of the above in small, with a look at the counters that only a wrong program moves."""
    for port in (7, 9, 19, 23):
        with bed.connect(port) as s:
            s.sendall(b"x\n")
        s = bed.connect(port)  # and one that goes away at once, without a word
        s.close()
    for command in ("fault vsock", "fault console"):
        bed.tcp_shell(command)
        time.sleep(0.3)
        bed.answered()
    check(bed.stat("island defects") == 0, "the application met a status that only a wrong program gets")
    check(bed.stat("vsock broken_flows") == 0, "a connection was cut for breaking a rule")


# --- make run

def run_environment(directory):
    return dict(os.environ, BUILD=BUILD, TMPDIR=directory)


@test
def run_sh_ends_well_and_leaves_nothing():
    directory = short_directory()
    try:
        begin = time.monotonic()
        r = subprocess.run([os.path.join(HERE, "run.sh")], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           env=run_environment(directory), timeout=50)
        check(r.returncode == 0 and r.stderr == "", f"status {r.returncode}: {r.stdout[-500:]} {r.stderr[-1500:]}")
        for part in ("console | skerry-island", "SHA-256    ok", "shell   | skerry> bye"):
            check(part in r.stdout, f"{part!r} is missing in {r.stdout!r}")
        check(re.search(r"^telemetry  [2-9]\d* lines$", r.stdout, re.M), f"no telemetry in {r.stdout!r}")
        check(os.listdir(directory) == [], f"left behind: {os.listdir(directory)}")
        check(not users_of(directory), f"processes left behind: {users_of(directory)}")
        return f"{time.monotonic() - begin:.1f} s, " + re.search(r"[\d.]+ MB/s", r.stdout).group(0)
    finally:
        shutil.rmtree(directory)


def users_of(directory):
    """Command lines of processes that name the directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if directory in line:
            found.append(line)
    return found


@test
def run_sh_interrupted_leaves_nothing():
    for which, after in ((signal.SIGINT, "back-end:"), (signal.SIGTERM, "console |"), (signal.SIGHUP, "back-end:")):
        directory = short_directory()
        try:
            # As a terminal does it: the whole group gets the signal.
            p = subprocess.Popen([os.path.join(HERE, "run.sh")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True, env=run_environment(directory), start_new_session=True)
            for line in p.stdout:
                if after in line:
                    break
            os.killpg(p.pid, which)
            p.communicate(timeout=10)
            check(p.returncode == 128 + which, f"status {p.returncode} after {which.name}")
            check(os.listdir(directory) == [], f"{which.name} left behind: {os.listdir(directory)}")
            check(not users_of(directory), f"{which.name} left processes behind: {users_of(directory)}")
        finally:
            shutil.rmtree(directory)


@with_bed()
def both_recover_when_their_memory_is_overwritten(bed):
    """Random bytes over registers, rings and buffers of both devices: both sides say so, and begin anew."""
    for times in (1, 2):
        with open(bed.path("shm"), "r+b") as shm:
            shm.seek(0x1000)  # the device tree is read once, at the island's start
            shm.write(some_bytes(os.path.getsize(bed.path("shm")) - 0x1000, times))
        for device in ("vsock", "console"):
            said = f"{device}: its register page was overwritten"
            until(f"the PMM to say {times} times: {said}", lambda: bed.log(bed.pmm).count(said) == times)
        bed.answered()
    check(bed.stat("vsock faults") >= 1, "vsock did not notice")


# --- the long transfer

@test
def soak_sends_and_compares():
    r = subprocess.run([os.path.join(HERE, "soak.py"), "--bytes", "8M"], capture_output=True, text=True, timeout=60)
    check(r.returncode == 0 and "8388608 bytes there and back" in r.stdout, f"status {r.returncode}: {r.stdout} {r.stderr}")
    return r.stdout.split(",")[1].strip()


@test
def soak_sees_every_fault():
    total = 3 * soak.PIECE + 5
    right = b"".join(soak.pieces(total))
    at = soak.PIECE + 17
    wrong_byte = bytearray(right)
    wrong_byte[at] ^= 1
    for stream, said in ((bytes(wrong_byte), f"byte {at} is wrong"), (right[:at] + right[at + 1:], f"byte {at} is wrong"),
                         (right[:-1], f"the stream ended after {total - 1} of {total} bytes"),
                         (right + b"x", f"more than {total} bytes came back")):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            def send(stream=stream, theirs=theirs):
                swallow(lambda: theirs.sendall(stream))
                theirs.close()
            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            try:
                soak.compare(ours, total)
                raise AssertionError(f"not seen: {said}")
            except Failure as failure:
                check(said in str(failure), f"said {failure}, expected {said}")
            ours.close()
            sender.join(PATIENCE)
    r = subprocess.run([os.path.join(HERE, "soak.py"), "--bytes", "ten"], capture_output=True, text=True, timeout=PATIENCE)
    check(r.returncode == 2 and "'ten': expected a number of bytes" in r.stderr, f"--bytes ten: {r}")


def main():
    passed = failed = 0
    begin = time.monotonic()
    for program in (PMM, ISLAND):
        if not os.access(program, os.X_OK):
            print(f"FAIL build {program} is missing: run make first")
            failed += 1
    wanted = sys.argv[1:]
    for name, run in TESTS if not failed else ():
        if wanted and not any(w in name for w in wanted):
            continue
        started = time.monotonic()
        try:
            note = run()
            if os.environ.get("TIMES"):
                note = f"{note or ''} [{time.monotonic() - started:.1f} s]".strip()
            print(f"ok {name}" + (f" ({note})" if note else ""), flush=True)
            passed += 1
        except Exception as error:  # whatever it is: the other tests are to run
            print(f"FAIL {name} {type(error).__name__}: {error}", flush=True)
            failed += 1
    print(f"{time.monotonic() - begin:.1f} s")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
