#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The fuzz targets: as long as one likes, or the same short run every time.

    fuzz.py [run] [--seconds N | --runs N] [TARGET ...]   on from what earlier runs have found out; 60 s each by default
    fuzz.py gate                                          regressions, corpus, then a fixed number of runs from a fixed seed
    fuzz.py mutants                                       each fault put into the core is found in the runs of the gate
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
    "fuzz_console": (60000, 450), "fuzz_flow": (80000, 800), "fuzz_packet": (20000, 30), "fuzz_virtq": (150000, 220),
    "fuzz_vsock": (80000, 950), None: (50000, 1),
}
COMMON = ["-max_len=512", "-timeout=20", "-detect_leaks=0", "-close_fd_mask=1", "-print_final_stats=1"]
LONGEST = 400  # seconds in which a run of the gate has to be over
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


def execute(program, *more):
    """Run a program of libFuzzer: its output, executions, edges, executions in a second, and what it found, if anything."""
    result = run(["timeout", str(LONGEST), program, *COMMON, *more])
    number = re.findall(r"^stat::number_of_executed_units:\s*(\d+)", result.stdout, re.M)
    speed = re.findall(r"^stat::average_exec_per_sec:\s*(\d+)", result.stdout, re.M)
    edges = re.findall(r"\bcov: (\d+)", result.stdout)
    said = "\n".join(KEPT.findall(result.stdout)) if False else "\n".join(
        m.group(0) for m in KEPT.finditer(result.stdout))
    finding = "" if result.returncode == 0 else said or result.stdout[-1500:] or "status %d" % result.returncode
    return (int(number[-1]) if number else 0, max(map(int, edges), default=0), int(speed[-1]) if speed else 0, finding)


def replay(program, place):
    """Each input of a folder once; what was found."""
    inputs = [os.path.join(place, name) for name in sorted(os.listdir(place))]
    return run(["timeout", str(LONGEST), program, *COMMON, *inputs])


def budgeted(program, target, seed_place, scratch):
    """The run of the gate: from the committed corpus, always the same."""
    found = os.path.join(scratch, "new")
    os.makedirs(found)
    runs = BUDGET.get(target, BUDGET[None])[0]
    return execute(program, "-seed=1", "-runs=%d" % runs, "-artifact_prefix=" + scratch + "/", found, seed_place)


def examine(tree, target):
    """One target in the gate: checks as arguments of Gate.check(), and the line to print."""
    program = os.path.join(tree.out, target)
    scratch = tree.fresh("gate", target)
    runs, least = BUDGET.get(target, BUDGET[None])
    regressions, old = tree.committed("regressions", target)
    corpus, known = tree.committed("corpus", target)
    checked = [(known > 0, "%s has no corpus" % target)]
    findings = 0
    for place, count, name in ((regressions, old, "regressions"), (corpus, known, "corpus")):
        if count:
            result = replay(program, place)
            passed = len(re.findall(r"^Executed .* in \d+ ms", result.stdout, re.M))
            good = result.returncode == 0 and passed == count
            findings += not good
            checked.append((good, "%s: a finding in the %s" % (target, name), result.stdout[-3000:]))
    done, edges, speed, finding = budgeted(program, target, corpus if known else scratch, scratch)
    findings += bool(finding)
    checked.append((not finding, "%s: a finding, kept in %s" % (target, scratch), finding))
    checked.append((finding or done >= runs, "%s: %d executions of %d" % (target, done, runs)))
    checked.append((finding or edges >= least, "%s: %d edges, and should see %d" % (target, edges, least)))
    return checked, "fuzz: %-13s %3d regressions %4d of the corpus %8d executions %5d edges %6d/s %2d findings" % (
        target, old, known, done, edges, speed, findings)


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
        result = run([program, *COMMON, *limit, "-artifact_prefix=" + findings + "/", corpus, *known])
        number = re.findall(r"^stat::number_of_executed_units:\s*(\d+)", result.stdout, re.M)
        speed = re.findall(r"^stat::average_exec_per_sec:\s*(\d+)", result.stdout, re.M)
        edges = re.findall(r"\bcov: (\d+)", result.stdout)
        kept = re.findall(r"Test unit written to (\S+)", result.stdout)
        detail = "\n".join(m.group(0) for m in KEPT.finditer(result.stdout))
        if kept:
            small = kept[-1] + ".small"
            run([program, "-minimize_crash=1", "-max_total_time=60", "-exact_artifact_path=" + small, kept[-1]])
            detail += "\nkept: %s\nagain: %s %s" % (kept[-1], program, small if os.path.exists(small) else kept[-1])
        return (result.returncode == 0, "%s: a finding" % target, detail or result.stdout[-1500:]), (
            "fuzz: %-13s %9s executions %5s edges %6s/s %2d findings" % (
                target, number[-1] if number else "?", edges[-1] if edges else "?", speed[-1] if speed else "?",
                result.returncode != 0))

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


def mutants_mode(tree):
    """Each line of mutants.csv is a fault: target, file of the core, text, what stands there instead."""
    gate = Gate("fuzz-mutants")
    made = tree.make()
    gate.check(made.returncode == 0, "the targets do not build", made.stdout[-3000:])
    with open(os.path.join(HERE, "mutants.csv"), encoding="utf-8", newline="") as handle:
        mutants = list(csv.DictReader(handle))
    untouched = sorted(set(tree.targets) & set(BUDGET) - {m["target"] for m in mutants})
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
        done, _, _, finding = budgeted(os.path.join(scratch, target), target, tree.committed("corpus", target)[0], scratch)
        first = finding.splitlines()[0] if finding else "NOT FOUND"
        return (bool(finding), label + ": not found in %d executions" % done), "fuzz: %-70s %7d  %s" % (label, done, first)

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
        return mutants_mode(tree)
    if args.mode == "merge":
        return merge_mode(tree, targets)
    return run_mode(tree, targets, args.seconds, args.runs)


if __name__ == "__main__":
    sys.exit(main())
