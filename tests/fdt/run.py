#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Discovery as a gate: unit tests, fuzzing, skerry-dtb2c, a PMM's own tree, and tests that see each fault put into fdt.c.

    run.py [--build DIR] [part of a check's name]...
"""
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "tools"), os.path.join(TESTS, "pmm")]
import frontend  # noqa: E402
from compile import COMPILERS, WARNINGS  # noqa: E402
from gate import ROOT, Gate, options, run  # noqa: E402

NOISE = 300
FUZZED = 20000  # executions of the fuzz target, always the same ones
FOUND = 200000  # within which it finds the fault that is put before it
LIMIT = 120  # seconds for one program

# Faults: text of fdt.c, what it becomes, and a test that has to fail.
FAULTS = [
    ("window is not looked at", "((address - window->address) <= (window->size - bytes))", "true", "leaves_the_window"),
    ("sum that wraps", "((address - window->address) <= (window->size - bytes))",
     "((address + bytes) <= (window->address + window->size))", "leaves_the_window"),
    ("shared blob is parsed", "take_nodes(tree, buffer)", "take_nodes(tree, (const void *)(uintptr_t)blob)", "after_the_copy"),
    ("size is read twice", "blob, head, total - head)", "blob, head, reversed(skr_shm_read32(blob, CELL_BYTES)) - head)",
     "read_once"),
    ("copy is not bounded", "} else if (total > capacity) {", "} else if (total > 0x7FFFFFFFU) {", "larger_than_the_buffer"),
    ("no barrier", "skr_port_barrier_acquire(); /*", "/*", "read_once"),
    ("wrapping length", "(length >= 0) && (length <= (next - offset - (int)sizeof *property))", "true", "inside_itself"),
    ("name without end", "(SKR_FDT_NAME_MAX + 1U)) != NULL)", "(SKR_FDT_NAME_MAX + 1U)) != NULL || true)", "name_without_end"),
    ("blocks that overlap", "(aligned && apart)", "aligned", "overlapping_blocks"),
    ("unaligned blocks", "(aligned && apart)", "apart", "unaligned_blocks"),
    ("structure is not checked", "(fdt_check_full(copy, capacity) != 0)", "false", "tags_out_of_order"),
    ("any depth", "depth > SKR_FDT_DEPTH_MAX", "depth > 100000U", "deeper"),
    ("any number of nodes", "nodes > SKR_FDT_NODES_MAX", "nodes > 100000U", "more_nodes"),
    ("pages that overlap", "if (!is_apart(page, other)) {", "if (false) {", "pages_that_overlap"),
    ("order of nodes", "if (other.first < page.first) {", "if (true) {", "second_console"),
    ("too many devices", "tree->count == SKR_FDT_DEVICES_MAX", "tree->count == (SKR_FDT_DEVICES_MAX + 1U)", "too_many"),
    ("longer reg", "bytes == ((cells", "bytes >= ((cells", "reg_of_another_length"),
    ("nodes of a bus", "if (depth != 1) {", "if (depth == 0) {", "below_a_bus"),
    ("nodes that are off", "(match >= 0) && is_enabled(copy, node)", "match >= 0", "only_if_okay"),
    ("half a result", "    if (result != SKR_FDT_OK) {\n        tree->count = 0U;", "    if (false) {\n        tree->count = 0U;",
     "below_a_bus"),
    ("block is not looked at", "(length > SKR_HVL_HEADER_BYTES) && is_inside(", "is_inside(", "wrong_is_refused"),
    ("rings over pages", "is_apart(block, other)) && is_apart(rings, page)", "is_apart(block, other))", "empty_slot"),
    ("blocks on blocks", "((i == which) || is_apart(block, other))", "true", "wrong_is_refused"),
    ("config at the page", "where->config = &window->base[device->block + CONFIG_AT];", "", "config_of_the_block"),
    ("any register version", "skr_shm_read32(window, device->page + SKR_REG_VERSION) != version", "false", "wrong_is_refused"),
]

PMM_TREE = """/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>;
  virtio@60010000 { compatible = "virtio,mmio"; reg = <0 0x60010000 0 0x200>; dma-coherent; };
  virtio@60020000 { compatible = "virtio,mmio"; reg = <0 0x60020000 0 0x200>; dma-coherent; }; };
"""
WINDOW = ["--window", "0x60000000+1M"]
BOTH = WINDOW + ["--vsock", "0x60010000", "--console", "0x60020000+24K"]
NODE = "compatible = \"virtio,mmio\"; reg = <0 0x60010000 0 0x200>;"

# Command lines: tree (None: the file is missing), arguments, status, what standard error says.
REFUSED = [
    (PMM_TREE, BOTH[2:], 2, "--window is missing: expected the shared memory as ADDR+SIZE"),
    (PMM_TREE, ["--window", "0x60000000"] + BOTH[2:], 2, "expected ADDR+SIZE, both multiples of 0x1000"),
    (PMM_TREE, ["--window", "0x60000001+1M"] + BOTH[2:], 2, "both multiples of 0x1000"),
    (PMM_TREE, ["--window", "memory"] + BOTH[2:], 2, "--window memory: expected a number such as 0x60000000"),
    (PMM_TREE, ["--window", "0x60000000+2G"] + BOTH[2:], 2, "expected a number"),
    (PMM_TREE, ["--window", "0x60000000+4096M"] + BOTH[2:], 2, "expected at most 0x40000000"),
    (PMM_TREE, BOTH + ["--base", "12"], 2, "--base 0xc: expected a multiple of 0x1000"),
    (PMM_TREE, BOTH + ["--doorbell", "0x100000000"], 2, "--doorbell 0x100000000: expected at most 0xffffffff"),
    (PMM_TREE, BOTH + ["--image"], 2, "--image: expected no --console or --vsock"),
    (PMM_TREE, BOTH + ["--doorbell"], 2, "--doorbell: expected a value behind it"),
    (PMM_TREE, BOTH + ["another.dtb"], 2, "expected one FILE, and 2 are given"),
    (PMM_TREE, BOTH + ["--fast"], 2, "--fast: no such option"),
    (PMM_TREE, WINDOW, 2, "expected --console ADDR, --vsock ADDR or --image, because a tree does not say which device is which; "
     "its nodes lie at 0x60010000, 0x60020000"),
    (PMM_TREE, WINDOW + ["--vsock", "0x60010000", "--console", "0x60010000"], 2, "expected two nodes"),
    (PMM_TREE, WINDOW + ["--vsock", "0x60030000"], 1, "--vsock 0x60030000: no such node in"),
    (PMM_TREE, WINDOW + ["--vsock", "0x60010000+0"], 2, "expected a block size that is not 0"),
    (PMM_TREE, WINDOW + ["--vsock", "0x60010000+80K"], 1, "the node at 0x60010000 has its block, or its rings, on what belongs"),
    (PMM_TREE, WINDOW + ["--vsock", "0x60010000+4K"], 1, "the node at 0x60010000 has a bad block; expected it inside the window"),
    (PMM_TREE, WINDOW + ["--console", "0x60020000+1M"], 1, "the node at 0x60020000 has a bad block"),
    (PMM_TREE, ["--window", "0x60000000+128K"] + BOTH[2:], 1, "node virtio@60020000 has its page outside the window: "
     "0x60000000+0x20000"),
    (PMM_TREE, BOTH + ["-o", "/dev/full"], 1, "/dev/full: cannot write"),
    (PMM_TREE, ["--image"] + WINDOW, 1, "the node at 0x60010000 has no register page; expected it to begin with \"virt\""),
    (None, BOTH, 1, "cannot open: No such file or directory"),
    (b"", BOTH, 1, "the tree is cut off; expected"),
    (b"/dts-v1/; / { };", BOTH, 1, "the tree is no device tree; expected it to begin with 0xd00dfeed"),
    (1, BOTH, 1, "the tree is cut off; expected"),
    ("/dts-v1/; / { };", BOTH, 1, "names no device; expected a node with compatible = \"virtio,mmio\""),
    ("/dts-v1/; / { #address-cells = <3>; #size-cells = <1>; a { %s }; };" % NODE, BOTH, 1,
     "node a has bad #address-cells or #size-cells; expected 1 or 2"),
    ("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; bus { a { %s }; }; };" % NODE, BOTH, 1,
     "node a lies below another node"),
    ("/dts-v1/; / { #address-cells = <2>; #size-cells = <1>; a { %s }; };" % NODE, BOTH, 1, "node a has a bad reg; expected"),
    ("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; o { %s status = \"disabled\"; }; a { %s }; b { %s }; };"
     % (NODE, NODE, NODE), BOTH, 1, "node b has its page on that of an earlier node"),
    ("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; a { compatible = \"virtio,mmio\"; reg = <0 0x60010002 0 0x200>; "
     "}; };", BOTH, 1, "node a has its page at an odd place; expected a multiple of 4"),
    ("/dts-v1/; / { %s };" % ("a { " * 20 + "};" * 20), BOTH, 1, "nested too deep; expected at most 16 levels"),
]

SHOW = r"""
#include "devices.h"
#include <stdio.h>
static void show(const char *name, const skr_transport_t *t)
{
    printf("%s %d %llx %x %llx %x %llx %x %llx %u %x\n", name, (int)t->kind, (unsigned long long)(uintptr_t)t->registers,
           t->registers_size, (unsigned long long)(uintptr_t)t->config, t->config_size, (unsigned long long)(uintptr_t)t->memory,
           t->memory_size, (unsigned long long)t->memory_address, t->doorbell, t->options);
}
int main(void)
{
    show("vsock", &skr_dtb_vsock);
    show("console", &skr_dtb_console);
    return 0;
}
"""


def write(path, content):
    with open(path, "wb") as handle:
        handle.write(content if isinstance(content, bytes) else content.encode())
    return path


def make_tree(place, source):
    """A blob from device-tree source; bytes are taken as they are, 1 stands for a PMM's tree without its last byte."""
    path = os.path.join(place, "tree.dtb")
    if source is None:
        return os.path.join(place, "gone.dtb")
    if isinstance(source, bytes):
        return write(path, source)
    text = PMM_TREE if source == 1 else source
    made = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", path], input=text.encode(), capture_output=True)
    if made.returncode != 0:
        raise AssertionError("dtc: " + made.stderr.decode())
    if source == 1:
        os.truncate(path, os.path.getsize(path) - 1)
    return path


def unit_tests(gate, build):
    for variant in ("plain", "san"):
        made = run(["make", "--no-print-directory", "-C", HERE, "BUILD=" + build, "VARIANT=" + variant, "test"], timeout=5 * LIMIT)
        count = re.findall(r"^(\d+) passed, (\d+) failed$", made.stdout, re.M)
        gate.check(made.returncode == 0, "unit tests, " + variant, made.stdout[-3000:])
        if gate.check(len(count) == 1 and int(count[0][0]) > 0, "unit tests, %s: no result" % variant):
            gate.passed += int(count[0][0])
            gate.failed += int(count[0][1])
            print("fdt: unit tests, %s: %s passed, %s failed" % (variant, *count[0]), flush=True)


def faults(gate, build):
    """Each fault in a copy of fdt.c makes the test fail that is there for it; the copy without a fault passes."""
    place = os.path.join(build, "fdt-faults")
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    copy = os.path.join(place, "fdt.c")
    text = open(os.path.join(ROOT, "src", "fdt.c")).read()
    command = ["make", "--no-print-directory", "-C", HERE, "BUILD=" + place, "FDT=" + copy, "test"]
    write(copy, text)
    made = run(command, timeout=LIMIT)
    if not gate.check(made.returncode == 0, "the copy without a fault passes", made.stdout[-2000:]):
        return
    for name, old, new, test in FAULTS:
        if not gate.check(text.count(old) >= 1, "fault '%s': nothing to put it into" % name):
            continue
        write(copy, text.replace(old, new))
        try:
            made = run(["make", "--no-print-directory", "-C", HERE, "BUILD=" + place, "FDT=" + copy, "WARNINGS=-w", "build"],
                       timeout=LIMIT)
            if not gate.check(made.returncode == 0, "fault '%s' compiles" % name, made.stdout[-2000:]):
                continue
            made = run([os.path.join(place, "tests-fdt-plain", "skerry-fdt-tests")], timeout=LIMIT)
        except subprocess.TimeoutExpired:
            gate.fail("fault '%s': the tests hang" % name)
            continue
        # a fault may also end the run by a signal, in the test that was asked for or before it
        seen = re.search(r"^FAIL \S*%s" % re.escape(test), made.stdout, re.M) or made.returncode < 0
        gate.check(made.returncode != 0 and seen, "fault '%s' is not seen by a test *%s*" % (name, test), made.stdout[-1500:])
    print("fdt: %d faults put into fdt.c" % len(FAULTS), flush=True)


def fuzz(gate, build):
    """The fuzz target on its corpus and on from there; and that it finds a window that is not looked at."""
    place = os.path.join(build, "fdt-fuzz")
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    name, old, new, _ = FAULTS[0]
    text = open(os.path.join(ROOT, "src", "fdt.c")).read()
    corpus = os.path.join(TESTS, "fuzz", "corpus", "fuzz_fdt")
    gate.check(bool(os.listdir(corpus)) and text.count(old) == 1, "fuzzing: a corpus, and a place for the fault")
    for label, source, runs in (("as it is", text, FUZZED), (name, text.replace(old, new), FOUND)):
        program, copy = os.path.join(place, "fuzz_fdt"), write(os.path.join(place, "fdt.c"), source)
        made = run(["clang-19", "-w", "-std=c11", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all",
                    "-Iinclude", "-Isrc", "-o", program, "tests/fuzz/fuzz_fdt.c", copy, "-lfdt"], cwd=ROOT)
        if not gate.check(made.returncode == 0, "the fuzz target compiles, " + label, made.stdout[-2000:]):
            continue
        grown = os.path.join(place, "grown")  # what is new goes to the first folder that is named, never to the committed one
        shutil.rmtree(grown, ignore_errors=True)
        os.makedirs(grown)
        found = run([program, "-seed=1", "-runs=%d" % runs, "-artifact_prefix=%s/" % place, grown, corpus], timeout=5 * LIMIT)
        whole = re.search(r"^Done (\d+) runs", found.stdout, re.M)
        if source is text:
            gate.check(found.returncode == 0 and whole, "fuzzing fdt.c", found.stdout[-3000:])
            print("fdt: %s executions of the fuzz target" % (whole.group(1) if whole else "no"), flush=True)
        else:
            gate.check(found.returncode != 0 and not whole, "fuzzing does not find: " + name, found.stdout[-1000:])


def table(gate, tool, tree, arguments, place):
    """What a program sees that was compiled with the tool's output."""
    header = os.path.join(place, "devices.h")
    made = run([tool, *arguments, tree, "-o", header])
    if not gate.check(made.returncode == 0, "skerry-dtb2c " + " ".join(arguments), made.stdout):
        return ""
    source, program = write(os.path.join(place, "show.c"), SHOW), os.path.join(place, "show")
    made = run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", os.path.join(ROOT, "include"), "-I", place,
                "-o", program, source])
    return run([program]).stdout if gate.check(made.returncode == 0, "what skerry-dtb2c made compiles", made.stdout) else ""


def strict(gate, build, place):
    """fdt.c stands outside the gates of the core; it is held to their compilers and to MISRA here."""
    libfdt = os.path.join(place, "libfdt")  # nothing else of the host's headers may reach the cross compilers
    os.makedirs(libfdt)
    for header in ("fdt.h", "libfdt.h", "libfdt_env.h"):
        os.symlink(os.path.join("/usr/include", header), os.path.join(libfdt, header))
    for name, command in {**COMPILERS, "gcc -fanalyzer": ["gcc", "-O2", "-fanalyzer"]}.items():
        hosted = [flag for flag in command if flag != "-ffreestanding"]  # libfdt wants string.h
        made = run([*hosted, *WARNINGS, "-isystem", libfdt, "-Iinclude", "-c", "-o", os.path.join(place, "fdt.o"), "src/fdt.c"],
                   cwd=ROOT)
        if gate.check(made.returncode == 0, "src/fdt.c, " + name, made.stdout) and "arm-none-eabi" not in command[0]:
            size = run(["size", os.path.join(place, "fdt.o")]).stdout.splitlines()[1].split()
            gate.check(size[1:3] == ["0", "0"], "src/fdt.c has data or bss, " + name, " ".join(size))
    made = run([os.path.join(ROOT, "misra", "check.py"), "--build", os.path.join(build, "misra-fdt"), "src/fdt.c"], cwd=ROOT)
    gate.check(made.returncode == 0 and " 0 failed" in made.stdout, "MISRA findings in src/fdt.c", made.stdout)


# [itest->dsn~fdt.tool~1]
def round_trip(gate, tool, place):
    tree = make_tree(place, PMM_TREE)
    got = table(gate, tool, tree, BOTH, place)
    gate.check(got == "vsock 3 60010000 100 60010100 100 60011000 f000 60011000 0 0\n"
               "console 3 60020000 100 60020100 100 60021000 5000 60021000 0 0\n", "figures of the table", got)
    got = table(gate, tool, tree, WINDOW + ["--vsock", "0x60010000+32K", "--console", "0x60020000", "--base", "0x200000000",
                                            "--doorbell", "7", "--event-idx", "--pmm-resets"], place)
    gate.check(got == "vsock 3 200010000 100 200010100 100 200011000 7000 60011000 7 3\n"
               "console 3 200020000 100 200020100 100 200021000 df000 60021000 7 3\n", "figures with all options", got)
    high = PMM_TREE.replace("<0 0x6", "<5 0x6").replace("@6", "@56")
    got = table(gate, tool, make_tree(place, high), ["--window", "0x560000000+1M", "--vsock", "0x560020000", "--console",
                                                     "0x560010000"], place)
    gate.check(got == "vsock 3 560020000 100 560020100 100 560021000 df000 560021000 0 0\n"
               "console 3 560010000 100 560010100 100 560011000 f000 560011000 0 0\n", "figures above 4 GiB, kinds exchanged", got)
    # an image whose pages lie in a row, as in the layout without a tree
    image = bytearray(1 << 20)
    image[:] = open(make_tree(place, PMM_TREE.replace("60020000", "60010200")), "rb").read().ljust(1 << 20, b"\0")
    for at, number, block, length in ((0x10000, 19, 0x10000, 0x10000), (0x10200, 3, 0x20000, 0x6000)):
        struct.pack_into("<4sII", image, at, b"virt", 1, number)
        struct.pack_into("<QQ", image, at + 0xB0, length, 0x60000000 + block)
    got = table(gate, tool, write(os.path.join(place, "image"), bytes(image)), ["--image"] + WINDOW, place)
    gate.check(got == "vsock 3 60010000 100 60010100 100 60011000 f000 60011000 0 0\n"
               "console 3 60010200 100 60020100 100 60021000 5000 60021000 0 0\n", "figures of an image", got)
    struct.pack_into("<I", image, 0x10008, 4)
    struct.pack_into("<I", image, 0x10208, 0)
    made = run([tool, "--image", *WINDOW, write(os.path.join(place, "image"), bytes(image))])
    gate.check(made.returncode == 1 and "neither a console nor a vsock" in made.stdout, "an image of other devices", made.stdout)


# [itest->dsn~fdt.tool~1]
def refusals(gate, tool, place):
    for source, arguments, status, text in REFUSED:
        out = os.path.join(place, "refused.h")
        more = [] if "-o" in arguments else ["-o", out]
        made = subprocess.run([tool, make_tree(place, source), *more, *arguments], capture_output=True, text=True, timeout=LIMIT)
        gate.check(made.returncode == status and text in made.stderr and not made.stdout and not os.path.exists(out),
                   "skerry-dtb2c %s: expected status %d and '%s'" % (" ".join(arguments), status, text),
                   "status %d: %s%s" % (made.returncode, made.stderr, made.stdout))
    made = subprocess.run([tool, "--help"], capture_output=True, text=True)
    gate.check(made.returncode == 0 and "usage: skerry-dtb2c" in made.stdout, "skerry-dtb2c --help", made.stdout)


# [itest->dsn~fdt.tool~1]
def noise(gate, tool, place):
    """Trees with bytes spoilt: the tool ends in order, with a header that was asked for or with one line."""
    random.seed(20261130)
    good = bytearray(open(make_tree(place, PMM_TREE), "rb").read())
    accepted, faults = 0, []
    for number in range(NOISE):
        bad = bytearray(good)
        for _ in range(random.randrange(1, 4)):
            bad[random.randrange(4, len(bad))] = random.choice((0, 1, 2, 3, 4, 9, 0x7F, 0x80, 0xF4, 0xFF, random.randrange(256)))
        made = subprocess.run([tool, *BOTH, write(os.path.join(place, "noise.dtb"), bytes(bad))], capture_output=True, text=True,
                              errors="replace", timeout=LIMIT)
        accepted += made.returncode == 0
        fine = made.returncode == 0 and made.stdout.endswith("#endif\n") and not made.stderr
        refused = made.returncode == 1 and not made.stdout and re.fullmatch(r"skerry-dtb2c: [ -~]*\n", made.stderr)
        if not fine and not refused:
            faults.append("%d: status %d: %s" % (number, made.returncode, made.stderr))
    gate.check(not faults and 0 < accepted < NOISE, "skerry-dtb2c on %d spoilt trees, %d of them accepted" % (NOISE, accepted),
               "\n".join(faults))


def live(gate, build, tool, place):
    """A PMM writes its tree; what is installed finds the devices in it, and they answer."""
    stage = os.path.join(build, "fdt-stage")
    shutil.rmtree(stage, ignore_errors=True)
    made = run(["make", "--no-print-directory", "-C", ROOT, "install", "BUILD=" + build, "DESTDIR=" + stage, "PREFIX=/usr"])
    if not gate.check(made.returncode == 0, "make install", made.stdout[-2000:]):
        return
    gate.check(os.access(os.path.join(stage, "usr/bin/skerry-dtb2c"), os.X_OK), "skerry-dtb2c is installed")
    environment = dict(os.environ, PKG_CONFIG_LIBDIR=os.path.join(stage, "usr/lib/pkgconfig"), PKG_CONFIG_SYSROOT_DIR=stage)
    flags = run(["pkg-config", "--cflags", "--libs", "skerry-fdt"], env=environment).stdout.split()
    strict = ["gcc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-I", place, "-o"]
    source = os.path.join(HERE, "live", "discover.c")
    program, fixed = os.path.join(place, "discover"), os.path.join(place, "fixed")
    made = run([*strict, program, source, *flags])
    if not gate.check(made.returncode == 0, "an island links with what is installed", made.stdout):
        return
    with frontend.Pmm(os.path.join(build, "pmm", "skerry-pmm"), doorbell=False) as pmm:
        found = run([program, pmm.shm, hex(frontend.PHYS)], timeout=LIMIT)
        gate.check(found.returncode == 0 and "vsock: page 0x10000 config 0x10100 memory 0x11000+0xf000 seen at 0x60011000" in
                   found.stdout and "console: page 0x20000 config 0x20100 memory 0x21000+0x5000 seen at 0x60021000" in
                   found.stdout, "an island finds and starts the devices of skerry-pmm by its tree", found.stdout)
        with socket.socket(socket.AF_UNIX) as client:  # the PMM keeps what came before
            client.settimeout(LIMIT)
            client.connect(pmm.path("con"))
            said = client.recv(100)
        gate.check(said == b"found by its tree\n", "what the island says reaches the PMM's console", said)
        print("fdt: " + found.stdout.strip().replace("\n", "; "), flush=True)
        header = os.path.join(place, "live.h")
        made = run([tool, "--image", *WINDOW, "--base", "0x200000000", "--pmm-resets", pmm.shm, "-o", header])
        gate.check(made.returncode == 0, "skerry-dtb2c reads the memory of a running PMM", made.stdout)
        made = run([*strict, fixed, "-DDEVICES=\"live.h\"", source, *flags])
        if gate.check(made.returncode == 0, "the island compiles with constants", made.stdout):
            same = run([fixed, pmm.shm, hex(frontend.PHYS)], timeout=LIMIT)
            gate.check(same.returncode == 0 and same.stdout == found.stdout, "constants lead where the tree does", same.stdout)
        wrong = run([program, pmm.shm, "0x70000000"], timeout=LIMIT)
        gate.check(wrong.returncode == 1 and wrong.stdout == "not found\n", "another window: nothing is found", wrong.stdout)
    with frontend.Pmm(os.path.join(build, "pmm", "skerry-pmm"), doorbell=False, layout="nodtb") as pmm:
        none = run([program, pmm.shm, hex(frontend.PHYS)], timeout=LIMIT)
        gate.check(none.returncode == 1 and none.stdout == "not found\n", "layout without a tree: nothing is found", none.stdout)


def main():
    parser, places = options(__doc__.splitlines()[0], "")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    _, build = places(args)
    gate = Gate("fdt")
    tool = os.path.join(build, "pmm", "skerry-dtb2c")
    with tempfile.TemporaryDirectory(prefix="fdt") as place:
        checked = os.path.join(build, "pmm-san", "skerry-dtb2c")
        for check, arguments in ((unit_tests, (build,)), (fuzz, (build,)), (strict, (build, place)), (round_trip, (checked, place)),
                                 (refusals, (checked, place)), (noise, (checked, place)), (live, (build, tool, place)),
                                 (faults, (build,))):
            if not args.names or any(name in check.__name__ for name in args.names):
                check(gate, *arguments)
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
