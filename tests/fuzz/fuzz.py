#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The fuzz targets: as long as one likes, or the same short run every time.

    fuzz.py [run] [--seconds N | --runs N] [TARGET ...]   on from what earlier runs have found out; 60 s each by default
    fuzz.py gate                                          regressions, corpus, then a fixed number of runs from a fixed seed
    fuzz.py mutants [TARGET ...]                          each fault put into the core is found in the runs of the gate
    fuzz.py merge [TARGET ...]                            the committed corpus anew, as small as it can be

`run` keeps new inputs in build/fuzz/corpus/ and what it finds, minimised, in build/fuzz/findings/.
"""
import concurrent.futures
import csv
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))
from gate import Gate, options, run  # noqa: E402

# Executions in the gate, and the edges without which a target no longer gets where it should. Another target: the last line.
BUDGET = {
    "fuzz_console": (60000, 500), "fuzz_flow": (60000, 950), "fuzz_packet": (20000, 35), "fuzz_virtq": (100000, 440),
    "fuzz_vsock": (80000, 1150), None: (50000, 1),
}
COMMON = ["-max_len=256", "-len_control=0", "-timeout=10", "-detect_leaks=0", "-close_fd_mask=1", "-print_final_stats=1"]
LONGEST = 1800  # seconds in which a run of the gate has to be over, however busy the machine is
KEPT = re.compile(r"violated: .*|runtime error: .*|ERROR: \w+: .*|SUMMARY: .*|#\d+ 0x\w+ in (?!__|fuzzer::|main|_start).*")


class Tree:
    """One tree of the project, and where its fuzz targets are built."""

    def __init__(self, root, build):
        self.root, self.build = root, build
        self.out = os.path.join(build, "fuzz")
        place = os.path.join(root, "tests", "fuzz")
        names = os.listdir(place) if os.path.isdir(place) else []
        self.targets = sorted(n[:-2] for n in names if re.fullmatch(r"fuzz_\w+\.c", n))

    def committed(self, kind, target):
        """The folder of the committed inputs of a target, and how many there are."""
        place = os.path.join(self.root, "tests", "fuzz", kind, target)
        return place, len(os.listdir(place)) if os.path.isdir(place) else 0

    def fresh(self, *names):
        place = os.path.join(self.out, *names)
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        return place

    def make(self, *more):
        return run(["make", "-s", "-j%d" % workers(), "-C", HERE, "ROOT=" + self.root, "BUILD=" + self.build, *more])


def workers():
    return os.cpu_count() or 1


class Outcome:
    """What a program of libFuzzer said: executions, edges, executions in a second, and what it found, if anything."""

    def __init__(self, result):
        def last(pattern):
            return int((re.findall(pattern, result.stdout, re.M) or ["0"])[-1])

        self.done = last(r"^stat::number_of_executed_units:\s*(\d+)")
        self.speed = last(r"^stat::average_exec_per_sec:\s*(\d+)")
        self.edges = last(r"\bcov: (\d+)")
        self.kept = re.findall(r"Test unit written to (\S+)", result.stdout)
        said = "\n".join(m.group(0) for m in KEPT.finditer(result.stdout))
        self.finding = "" if result.returncode == 0 else said or result.stdout[-1500:] or "status %d" % result.returncode

    def line(self, target, more=""):
        return "fuzz: %-13s%s %8d executions %5d edges %6d/s %2d findings" % (
            target, more, self.done, self.edges, self.speed, bool(self.finding))


def replay(program, place):
    """Each input of a folder once: whether all were executed and nothing was found, and what was said."""
    inputs = [os.path.join(place, name) for name in sorted(os.listdir(place))]
    result = run(["timeout", str(LONGEST), program, *COMMON, *inputs])
    executed = len(re.findall(r"^Executed .* in \d+ ms", result.stdout, re.M))
    return result.returncode == 0 and executed == len(inputs), result.stdout[-3000:]


def budgeted(program, target, corpus, scratch):
    """The run of the gate: from the committed corpus, always the same. What is new goes to a fresh folder."""
    new = os.path.join(scratch, "new")
    os.makedirs(new)
    runs = BUDGET.get(target, BUDGET[None])[0]
    return Outcome(run(["timeout", str(LONGEST), program, *COMMON, "-seed=1", "-runs=%d" % runs,
                        "-artifact_prefix=" + scratch + "/", new, corpus]))


def examine(tree, target):
    """One target in the gate: checks as arguments of Gate.check(), and the line to print."""
    program = os.path.join(tree.out, target)
    scratch = tree.fresh("gate", target)
    runs, least = BUDGET.get(target, BUDGET[None])
    places = {kind: tree.committed(kind, target) for kind in ("regressions", "corpus")}
    checked = [(places["corpus"][1], "%s has no corpus" % target)]
    for kind, (place, count) in places.items():
        if count:
            good, said = replay(program, place)
            checked.append((good, "%s: a finding in the %s" % (target, kind), said))
    outcome = budgeted(program, target, places["corpus"][0] if places["corpus"][1] else scratch, scratch)
    checked.append((not outcome.finding, "%s: a finding, kept in %s" % (target, scratch), outcome.finding))
    if not outcome.finding:
        checked.append((outcome.done >= runs, "%s: %d executions of %d" % (target, outcome.done, runs)))
        checked.append((outcome.edges >= least, "%s: %d edges, and should see %d" % (target, outcome.edges, least)))
    return checked, outcome.line(target, " %3d regressions %4d of the corpus" % (places["regressions"][1], places["corpus"][1]))


def gate_mode(tree):
    gate = Gate("fuzz")
    if not gate.check(tree.targets, "no target in tests/fuzz"):
        return gate.done()
    made = tree.make()
    if gate.check(made.returncode == 0, "the targets do not build", made.stdout[-3000:]):
        with concurrent.futures.ThreadPoolExecutor(max_workers=workers()) as pool:
            # the longest first, so that none is left alone at the end
            order = sorted(tree.targets, key=lambda t: t not in ("fuzz_flow", "fuzz_vsock"))
            for checked, line in pool.map(lambda t: examine(tree, t), order):
                for one in checked:
                    gate.check(*one)
                print(line, flush=True)
    return gate.done()


def run_mode(tree, targets, seconds, runs):
    """Fuzz on. A finding is made as small as it gets in a minute."""
    gate = Gate("fuzz")
    made = tree.make("TARGETS=" + " ".join(targets))
    if not gate.check(made.returncode == 0, "the targets do not build", made.stdout[-3000:]):
        return gate.done()

    def one(target):
        program = os.path.join(tree.out, target)
        corpus = os.path.join(tree.out, "corpus", target)
        findings = os.path.join(tree.out, "findings", target)
        os.makedirs(corpus, exist_ok=True)
        os.makedirs(findings, exist_ok=True)
        limit = ["-runs=%d" % runs] if runs else ["-max_total_time=%d" % seconds]
        known = [place for place, count in (tree.committed(k, target) for k in ("corpus", "regressions")) if count]
        outcome = Outcome(run([program, *COMMON, *limit, "-artifact_prefix=" + findings + "/", corpus, *known]))
        detail = outcome.finding
        if outcome.kept:
            small = outcome.kept[-1] + ".small"
            run([program, "-minimize_crash=1", "-max_total_time=60", "-exact_artifact_path=" + small, outcome.kept[-1]])
            detail += "\nagain: %s %s" % (program, small if os.path.exists(small) else outcome.kept[-1])
        return (not outcome.finding, "%s: a finding" % target, detail), outcome.line(target)

    with concurrent.futures.ThreadPoolExecutor(max_workers=workers()) as pool:
        for checked, line in pool.map(one, targets):
            gate.check(*checked)
            print(line, flush=True)
    return gate.done()


def merge_mode(tree, targets):
    """From what is committed and what `run` has kept: the inputs that reach every edge."""
    gate = Gate("fuzz")
    made = tree.make("TARGETS=" + " ".join(targets))
    gate.check(made.returncode == 0, "the targets do not build", made.stdout[-3000:])
    for target in targets:
        new = tree.fresh("merged", target)
        committed, _ = tree.committed("corpus", target)
        places = [p for p in (committed, os.path.join(tree.out, "corpus", target)) if os.path.isdir(p)]
        result = run([os.path.join(tree.out, target), *COMMON, "-set_cover_merge=1", "-use_counters=0", new, *places])
        inputs = os.listdir(new)
        if gate.check(result.returncode == 0 and inputs, "%s: merge" % target, result.stdout[-1500:]):
            shutil.rmtree(committed, ignore_errors=True)
            shutil.copytree(new, committed)
            print("fuzz: %-13s %4d inputs, %d bytes" % (
                target, len(inputs), sum(os.path.getsize(os.path.join(new, n)) for n in inputs)))
    return gate.done()


def mutants_mode(tree, targets):
    """Each line of mutants.csv is a fault: target, file of the core, text, what stands there instead."""
    gate = Gate("fuzz-mutants")
    made = tree.make()
    gate.check(made.returncode == 0, "the targets do not build", made.stdout[-3000:])
    with open(os.path.join(HERE, "mutants.csv"), encoding="utf-8", newline="") as handle:
        mutants = [m for m in csv.DictReader(handle) if m["target"] in targets]
    untouched = sorted(set(targets) & set(BUDGET) - {m["target"] for m in mutants})
    gate.check(not untouched, "targets without a mutant: " + ", ".join(untouched))

    def one(number):
        mutant = mutants[number]
        target, name = mutant["target"], os.path.basename(mutant["file"])
        scratch = tree.fresh("mutants", str(number))
        text = open(os.path.join(tree.root, mutant["file"]), encoding="utf-8").read()
        label = "%s: %s" % (target, mutant["fault"])
        if text.count(mutant["text"]) != 1:
            return (False, "%s: %s has its text %d times" % (label, mutant["file"], text.count(mutant["text"]))), ""
        with open(os.path.join(scratch, name), "w", encoding="utf-8") as handle:
            handle.write(text.replace(mutant["text"], mutant["instead"]))
        built = tree.make("TARGETS=" + target, "PATCHED=" + os.path.join(scratch, name))
        if built.returncode != 0:
            return (False, label + ": does not build", built.stdout[-2000:]), ""
        outcome = budgeted(os.path.join(scratch, target), target, tree.committed("corpus", target)[0], scratch)
        first = outcome.finding.splitlines()[0] if outcome.finding else "not found"
        return (outcome.finding, "%s: not found in %d executions" % (label, outcome.done)), (
            "fuzz: %-74s %7d executions: %s" % (label, outcome.done, os.path.basename(first)))

    with concurrent.futures.ThreadPoolExecutor(max_workers=workers()) as pool:
        for checked, line in pool.map(one, range(len(mutants))):
            gate.check(*checked)
            if line:
                print(line, flush=True)
    return gate.done()


def main():
    parser, places = options(__doc__.splitlines()[0], "")
    parser.add_argument("mode", nargs="?", default="run", choices=("run", "gate", "mutants", "merge"))
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--runs", type=int, default=0)
    args = parser.parse_args()
    tree = Tree(*places(args))
    targets = args.targets or tree.targets
    unknown = [t for t in targets if t not in tree.targets]
    if unknown:
        parser.error("no such target: " + ", ".join(unknown))
    if args.mode == "gate":
        return gate_mode(tree)
    if args.mode == "mutants":
        return mutants_mode(tree, targets)
    if args.mode == "merge":
        return merge_mode(tree, targets)
    return run_mode(tree, targets, args.seconds, args.runs)


if __name__ == "__main__":
    sys.exit(main())
