#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the library costs, in counts that are the same in every run: instructions, fences, cache lines, bytes, stack.

    cost.py [report]              measure, print a table, leave cost.csv in the build folder
    cost.py gate                  measure, and fail where a figure is above its limit in limits.csv
    cost.py gate --update         write limits.csv anew: the goal where it is met, else what was measured
    cost.py profile ROW [CORE]    where the instructions of one row go, function by function (Cortex-M only)
"""
import csv
import math
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "tools"))
from gate import ROOT, Gate, core, functions, options, run  # noqa: E402
from symbols import build_archive, call_graph, sections, worst  # noqa: E402

# As the archive is built: one section per function, so that an island links only what it calls.
LIBRARY = ["-std=c99", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra"]
PUBLIC = ("console.h", "vsock.h", "skerry.h")  # what an application calls
ARM = "arm-none-eabi-"
CORES = {  # compiler flags, board, where its RAM begins
    "cortex-m33": (["-mcpu=cortex-m33", "-mthumb", "-Os"], "mps2-an505", "0x10000000"),
    "cortex-m7": (["-mcpu=cortex-m7", "-mthumb", "-Os"], "mps2-an500", "0x0"),
}
R5 = ["-mcpu=cortex-r5", "-mthumb", "-mfloat-abi=soft", "-Os"]
CONNECTIONS = (1, 8, 32, 128)
GROWTH = ("full.send_64", "full.receive_64", "full.receive_64_collision", "full.idle_step")

# skr_..._step() leads to set-up and to the data path: each figure for the stack leaves out what is the other's alone.
SETUP = {"blank", "come_up", "begin_life", "place", "announce", "step_identify", "step_found", "step_reset", "step_status",
         "step_negotiate", "step_confirm", "step_queue_size", "step_queue_start", "step_queue_answer", "step_attach", "step_fill",
         "fill_queue", "fence", "await", "advance_registers"}
RUNNING = {"skr_vsock_receive", "skr_vsock_settle", "skr_vsock_take_events", "reclaim", "step_ready"}
# Metrics of which the worst sample counts and not the mean.
EXACT = {"full_fences", "doorbells"}
KEPT = {"instructions", "full_fences", "doorbells", "shared_reads", "shared_writes", "cache_lines", "bytes"}


# --- images ---

def image(root, place, name, compiler, flags, link, target):
    """Compile the rows with the library and one kind of meter; the program."""
    folder = os.path.join(place, name)
    os.makedirs(folder, exist_ok=True)
    rows = os.path.join(root, "bench", "cost")
    own = [os.path.join(HERE, "meter.c"), os.path.join(HERE, target)]
    own += [os.path.join(rows, f) for f in sorted(os.listdir(rows)) if f in ("rows.c", "backend.c")]
    includes = ["-I" + os.path.join(root, "include"), "-I" + rows, "-I" + HERE]
    objects = []
    for path, standard in [(p, []) for p in own] + [(os.path.join(root, p), LIBRARY) for p in core(root)]:
        objects.append(os.path.join(folder, os.path.basename(path) + ".o"))
        result = run([*compiler, *flags, *(standard or ["-std=gnu11", "-ffunction-sections", "-Wall", "-Wextra"]), *includes,
                      "-c", "-o", objects[-1], path], cwd=root)
        if result.returncode != 0:
            sys.exit("cost: %s does not compile for %s:\n%s" % (path, name, result.stdout))
    program = os.path.join(folder, "image")
    result = run([*compiler, *flags, "-Wl,--gc-sections", *link, "-o", program, *objects])
    if result.returncode != 0:
        sys.exit("cost: the image for %s does not link:\n%s" % (name, result.stdout))
    return program


def core_image(root, place, name, core_name, more=()):
    flags, _, base = CORES[core_name]
    return image(root, place, name, [ARM + "gcc"], [*flags, *more],
                 ["--specs=nano.specs", "-nostartfiles", "-Wl,--defsym=base=" + base, "-T", os.path.join(HERE, "qemu.ld")],
                 "target_qemu.c")


def emulator(core_name, program):
    return ["qemu-system-arm", "-M", CORES[core_name][1], "-nographic", "-monitor", "none", "-serial", "none",
            "-icount", "shift=10", "-semihosting-config", "enable=on,target=native", "-kernel", program]


def collect(name, command, environment=None):
    """Run an image: {(row, metric): (samples, sum, most, intervals)}. It has to come to its end."""
    try:
        result = run(command, timeout=300, env=dict(os.environ, **(environment or {})))
    except FileNotFoundError:
        sys.exit("cost: %s is not installed" % command[0])
    except subprocess.TimeoutExpired:
        sys.exit("cost: the image for %s did not come to an end" % name)
    lines = result.stdout.splitlines()
    if result.returncode != 0 or not lines or lines[-1] != "end":
        sys.exit("cost: the image for %s ended with status %d:\n%s" % (name, result.returncode, "\n".join(lines[-5:])))
    rows = {}
    for line in lines:
        part = line.split(",")
        if part[0] == "row":
            rows[part[1], part[2]] = tuple(int(n) for n in part[3:])
    return rows


def check_meter(name, rows):
    """The meter on runs whose length is known. A wrong one measures nothing."""
    nothing = rows["check.0", "instructions"]
    for length in (10, 401, 1000):
        samples, total, most, _ = rows["check.%d" % length, "instructions"]
        if (total != samples * most) or (most - nothing[2] != length):
            sys.exit("cost: the meter of %s says %d instructions of a run of %d" % (name, most - nothing[2], length))


def figures(target, rows):
    """{(name, target): value}: a mean, rounded up to a tenth, and of instructions the worst sample beside it."""
    found = {}
    for (row, metric), (samples, total, most, _) in rows.items():
        if row.startswith("check.") or metric not in KEPT:
            continue
        mean = math.ceil(total * 10 / samples) / 10
        if metric == "instructions" and row.startswith("worst."):
            found[row, target] = most
        elif metric == "instructions":
            found[row, target] = mean
            if most > mean:
                found[row + ".most", target] = most
        elif metric == "bytes":
            found[row, target] = most
        else:
            found["%s.%s" % (row, metric), target] = most if metric in EXACT else mean
    return found


def measure_images(root, place):
    """Everything that an image counts."""
    found = {}
    for name in CORES:
        program = core_image(root, place, name, name)
        rows = collect(name, emulator(name, program))
        check_meter(name, rows)
        found.update(figures(name, rows))
    program = image(root, place, "x86-64", ["gcc"], ["-O2", "-fno-pie", "-DCOST_SAMPLES=28U"], ["-no-pie"], "target_step.c")
    rows = collect("x86-64", [program])
    check_meter("x86-64", rows)
    found.update(figures("x86-64", {key: value for key, value in rows.items() if key[1] != "bytes"}))
    program = image(root, place, "counting", ["gcc"], ["-O2", '-DSKR_CONFIG_HEADER="counting.h"'], [], "target_count.c")
    rows = collect("counting", [program])
    found.update(figures("any", {key: value for key, value in rows.items()
                                 if key[1] != "bytes" and not key[0].startswith(("copy.", "full.", "worst."))}))
    return found


def measure_growth(root, place):
    """The same rows with tables of several sizes, and what one connection more costs."""
    found = {}
    if "COST_GROWTH" not in open(os.path.join(root, "bench", "cost", "rows.c")).read():
        return found
    for count in CONNECTIONS:
        name = "cortex-m33, %d connections" % count
        program = core_image(root, place, "connections-%d" % count, "cortex-m33",
                             ["-DCOST_GROWTH=1", "-DSKR_VSOCK_CONNECTIONS=%dU" % count])
        rows = collect(name, emulator("cortex-m33", program))
        check_meter(name, rows)
        found.update({(row, name): value for (row, _), value in figures(name, rows).items() if row in GROWTH})
    first, last = CONNECTIONS[0], CONNECTIONS[-1]
    for row in GROWTH:
        if (row, "cortex-m33, %d connections" % first) in found:
            more = found[row, "cortex-m33, %d connections" % last] - found[row, "cortex-m33, %d connections" % first]
            # To the nearest whole: a scan costs several, other constants in the code a fraction.
            found["growth." + row.split(".", 1)[1], "cortex-m33"] = max(0, round(more / (last - first)))
    return found


# --- without running ---

def public(root):
    """Functions that an application may call."""
    names = set()
    for header in PUBLIC:
        path = os.path.join("include", "skerry", header)
        if os.path.exists(os.path.join(root, path)):
            names |= {name for name, where, _, static, _ in functions(root, path) if where == path and not static}
    return sorted(names)


def linked_bytes(flags, place, name, archive, wanted):
    """Code and constants of an image that keeps `wanted`; helpers of compiler and C library are not there."""
    program = os.path.join(place, name)
    result = run([ARM + "gcc", *flags, "-ffunction-sections", "-nostdlib", "-Wl,--gc-sections",
                  "-Wl,--unresolved-symbols=ignore-all", "-Wl,-e,start", *["-Wl,-u," + w for w in wanted],
                  "-o", program, os.path.join(HERE, "start_empty.c"), archive])
    if result.returncode != 0:
        sys.exit("cost: the image for code size does not link:\n" + result.stdout)
    size = sections(program, ARM)
    return size["text"] + size["rodata"], size["data"] + size["bss"]


def measure_size(root, place):
    """Code size of all public functions as an island links them, less an empty image."""
    archive = build_archive(root, os.path.join(place, "cortex-r5"), ARM, [*R5, *LIBRARY])
    wanted = public(root)
    if not wanted:
        sys.exit("cost: no public function in %s" % ", ".join(PUBLIC))
    full = linked_bytes(R5, place, "size-full", archive, wanted)
    empty = linked_bytes(R5, place, "size-empty", archive, [])
    return {("size.text", "cortex-r5"): full[0] - empty[0], ("size.data_bss", "cortex-r5"): full[1] - empty[1]}


def measure_stack(root, place):
    """Worst stack of set-up and of the data path. What port, memcpy and memset use is not ours."""
    found = {}
    known = {name for path in core(root) for name, where, _, _, _ in functions(root, path) if where == path}
    if os.path.samefile(root, ROOT) and (SETUP | RUNNING) - known:
        sys.exit("cost: no functions of the core any more: %s" % ", ".join(sorted((SETUP | RUNNING) - known)))
    for target, flags in (("cortex-r5", R5), ("cortex-m33", CORES["cortex-m33"][0])):
        folder = os.path.join(place, "stack-" + target)
        build_archive(root, folder, ARM, [*flags, *LIBRARY])
        frames, edges = call_graph(folder)
        for name, kind, left_out in (("stack.startup", r"_(init|start|step)$", RUNNING),
                                     ("stack.data_path", r"(?<!_init)(?<!_start)$", SETUP)):
            graph = {source: {t for t in targets if t.split(":")[-1] not in left_out} for source, targets in edges.items()}
            chosen = [f for f in public(root) if re.search(kind, f)]
            depths = {f: worst(f, frames, graph)[0] for f in chosen}
            if depths:
                found[name, target] = max(depths.values())
                print("cost: %s, %s: %d bytes in %s" % (name, target, max(depths.values()), deepest(frames, graph, depths)))
    return found


def deepest(frames, edges, depths):
    """The path of the worst stack, in words."""
    at = max(sorted(depths), key=depths.get)
    path = []  # gcc names a private function with its file
    while at:
        path.append("%s %d" % (at.split(":")[-1], frames.get(at, 0)))
        at = max(sorted(edges.get(at, ())), key=lambda f: worst(f, frames, edges)[0], default=None)
    return " > ".join(path)


def measure(root, place):
    found = {}
    for step in (measure_images, measure_growth, measure_size, measure_stack):
        found.update(step(root, place))
    return found


# --- limits ---

FIELDS = ["name", "target", "limit", "goal", "number"]


def number(text):
    return float(text) if text else None


def shown(value):
    return "" if value is None else "%g" % value


def read_limits(path):
    """{(name, target): (limit, goal, number of the goal)}"""
    limits = {}
    if os.path.exists(path):
        with open(path, newline="") as handle:
            for row in csv.DictReader(handle):
                limits[row["name"], row["target"]] = (number(row["limit"]), number(row["goal"]), row["number"])
    return limits


def write_limits(path, found, limits):
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(FIELDS)
        for key in sorted(found, key=lambda k: (k[1], k[0])):
            _, goal, label = limits.get(key, (None, None, ""))
            limit = found[key] if goal is None or found[key] > goal else goal
            writer.writerow([*key, shown(limit), shown(goal), label])


def table(found, limits):
    """Goals first, then everything."""
    def line(key):
        limit, goal, label = limits.get(key, (None, None, ""))
        verdict = "" if goal is None else ("met" if found[key] <= goal else "missed by %g" % round(found[key] - goal, 1))
        return (label, key[0], key[1], shown(goal), shown(found[key]), shown(limit), verdict)
    goals = sorted((key for key in found if limits.get(key, (None, None, ""))[1] is not None),
                   key=lambda k: (int(limits[k][2] or 0), k[1], k[0]))
    rest = sorted((key for key in found if key not in goals), key=lambda k: (k[1], k[0]))
    head = ("no.", "what", "target", "goal", "measured", "limit", "verdict")
    for title, keys in (("goals", goals), ("all other figures", rest)):
        lines = [head] + [line(key) for key in keys]
        if len(lines) > 1:
            widths = [max(len(l[i]) for l in lines) for i in range(len(head))]
            print("\n" + title)
            for l in lines:
                print("  " + "  ".join((cell.rjust if i in (3, 4, 5) else cell.ljust)(widths[i])
                                       for i, cell in enumerate(l)).rstrip())
    print()


def judge(gate, found, limits):
    for key in sorted(found, key=lambda k: (k[1], k[0])):
        limit = limits.get(key, (None,))[0]
        if limit is None:
            gate.fail("%s, %s: no limit" % key, "measured %g; `cost.py gate --update` writes one" % found[key])
        else:
            gate.check(found[key] <= limit, "%s, %s: %g is above the limit of %g" % (*key, found[key], limit))
    for key in sorted(set(limits) - set(found)):
        gate.fail("%s, %s: has a limit and was not measured" % key)
    for key, (limit, goal, _) in sorted(limits.items()):
        if goal is not None and limit is not None and key in found:
            # The goal, or while it is missed what was measured when the limit was set: never room in between.
            gate.check(limit >= goal, "%s, %s: the limit of %g is below the goal of %g: state the goal" % (*key, limit, goal))


# --- profile ---

def program_symbols(program):
    """Functions by address."""
    found = []
    for line in run([ARM + "nm", "-n", program], check=True).stdout.splitlines():
        part = line.split()
        if len(part) == 3 and part[1] in "tTwW" and not part[2].startswith("$"):
            found.append((int(part[0], 16) & ~1, part[2]))
    return sorted(found)


def profile(root, place, row, core_name):
    """Every instruction that QEMU executes in the intervals of a row, by function."""
    import bisect
    program = core_image(root, place, core_name, core_name)
    rows = collect(core_name, emulator(core_name, program))
    names = [name for name, metric in rows if metric == "instructions"]
    if row not in names:
        sys.exit("cost: no row %s; there are: %s" % (row, " ".join(names)))
    places = program_symbols(program)
    addresses = [a for a, _ in places]
    mark = {name: address for address, name in places if name in ("target_start", "target_stop", "meter_close")}
    process = subprocess.Popen([*emulator(core_name, program), "-singlestep", "-d", "exec,nochain"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    intervals, current, closed, own = [], None, 0, 0
    for line in process.stderr:
        if line.startswith("Stopped execution") and current is not None:
            at = int(re.search(r"\[([0-9a-f]+)\]", line).group(1), 16)
            current[at] = current.get(at, 0) - 1  # logged, not executed yet: it comes again
            continue
        match = re.search(r"\[[0-9a-f]+/([0-9a-f]+)/", line)
        at = int(match.group(1), 16) if match else None
        if at == mark["target_start"]:
            current = {}
        elif at == mark["target_stop"] and current is not None:
            intervals.append(current)
            current = None
        elif at == mark["meter_close"]:
            if names[closed] == "check.0":
                # Of the rows of known length, taken in turn, the first: nothing but a call and its return.
                own = sum(intervals[-4 * rows["check.0", "instructions"][3]].values()) - 2
            if names[closed] == row:
                break
            closed += 1
            intervals = []
        elif current is not None and at is not None:
            current[at] = current.get(at, 0) + 1
    process.kill()
    process.wait()
    samples, total, _, count = rows[row, "instructions"]
    traced = sum(sum(one.values()) - own for one in intervals[-count:])
    if traced != total:
        sys.exit("cost: %s: the meter says %d instructions, the trace %d" % (row, total, traced))
    by_function = {}
    for one in intervals[-count:]:
        for at, passes in one.items():
            name = places[bisect.bisect_right(addresses, at) - 1][1]
            by_function[name] = by_function.get(name, 0) + passes
    print("%s, %s: %.1f instructions in the mean of %d samples; the meter's own are listed, not counted"
          % (row, core_name, total / samples, samples))
    for name in sorted(by_function, key=by_function.get, reverse=True):
        print("  %8.1f  %s" % (by_function[name] / samples, name))


def main():
    parser, places = options(__doc__.splitlines()[0], "cost")
    parser.add_argument("command", nargs="?", default="report", choices=("report", "gate", "profile"))
    parser.add_argument("row", nargs="?", help="with profile: a row of instructions")
    parser.add_argument("core", nargs="?", default="cortex-m33", choices=sorted(CORES))
    parser.add_argument("--update", action="store_true", help="with gate: write limits.csv anew")
    args = parser.parse_args()
    root, place = places(args)
    os.makedirs(place, exist_ok=True)
    if not core(root):
        gate = Gate("cost")
        gate.fail("no source in src/")
        return gate.done()
    if args.command == "profile":
        profile(root, place, args.row, args.core)
        return 0
    path = os.path.join(root, "bench", "cost", "limits.csv")
    limits = read_limits(path)
    found = measure(root, place)
    if args.update:
        write_limits(path, found, limits)
        limits = read_limits(path)
    table(found, limits)
    with open(os.path.join(place, "cost.csv"), "w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["name", "target", "measured", "limit", "goal", "number"])
        for key in sorted(found, key=lambda k: (k[1], k[0])):
            limit, goal, label = limits.get(key, (None, None, ""))
            writer.writerow([*key, shown(found[key]), shown(limit), shown(goal), label])
    print("cost: %d figures in %s" % (len(found), os.path.join(place, "cost.csv")))
    if args.command == "report":
        return 0
    gate = Gate("cost")
    judge(gate, found, limits)
    return gate.done()


if __name__ == "__main__":
    sys.exit(main())
