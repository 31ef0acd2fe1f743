#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run Frama-C/WP over the certified core and judge its answers.

    wp.py prove FILE ...      the developer loop; see prove.sh
    wp.py gate [--update]     every file against the committed results; see README.md

A *unit* is one source of src/, or one header with inline functions. Each function defined in a unit is proved
there and nowhere else: a caller sees only its contract.
"""
import argparse
import concurrent.futures
import csv
import json
import os
import re
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "tools"))
from gate import ROOT, Gate, core, files, functions, headers, run  # noqa: E402

PROVERS = "z3,cvc4"  # Alt-Ergo is not packaged by Debian 12, and WP 25 aborts when told to use cvc5

# A goal that a busy machine starved of time gets a second, longer chance before it counts: the factors of a unit's time limit.
ATTEMPTS = (1, 3)

# Z3 left to itself looks for models of quantified facts, which a goal about memory never has; told not to, as other verifiers
# of programs tell it, it proves in seconds what it missed in a minute. An answer `unsat` means the same either way.
Z3_OPTIONS = "auto_config=false smt.mbqi=false"

LEMMAS = "lemmas"  # stands for a function where the proofs of a file's lemmas are counted

# Arrays and structures by value, as WP names them in a goal. Its axioms for them compare two places as if each were one cell
# long, and so contradict each other: what such a goal says is worth nothing.
COMPOUND = re.compile(r"\b(?:Array_\w+|Load_S\w+)\b")

# Looking for contradictions. What contracts take for granted is where one would come in: preconditions, cases, invariants of
# loops. README.md says why the gate does not ask behind each call and in each branch as well.
SMOKE = {"none": []}
SMOKE["all"] = ["-wp-smoke-tests", "-wp-smoke-timeout", "1"]
SMOKE["contracts"] = SMOKE["all"] + ["-wp-no-smoke-dead-code", "-wp-no-smoke-dead-call"]

# What Frama-C only warns of by default, and what would make a proof say less than it seems to.
FATAL = (
    "-kernel-warn-key", "annot:missing-spec=abort",
    "-kernel-warn-key", "annot-error=abort",
    "-kernel-warn-key", "typing:implicit-function-declaration=abort",
)


class Fatal(Exception):
    """The tool did not do its work; there is nothing to judge."""


def unit_options(root, path):
    """Memory model and time limit of a unit: proofs/units.csv lists those that differ from the default."""
    options = {"model": "Typed", "timeout": "20"}
    table = os.path.join(root, "proofs", "units.csv")
    if os.path.exists(table):
        with open(table, newline="") as handle:
            for row in csv.DictReader(handle):
                if row["file"] == path:
                    options.update({k: row[k] for k in options if row.get(k)})
    return options


def cpp_args(root, config):
    """Preprocessor options of the proof view, the same for gcc and Frama-C."""
    args = ["-I" + os.path.join(root, "include"), "-I" + os.path.join(root, "src"), "-I" + root]
    if config and os.path.exists(os.path.join(root, config)):
        args.append("-DSKR_CONFIG_HEADER=\"%s\"" % config)
    return args


def translation_unit(root, build, path):
    """A header is proved through a source that does nothing but include it."""
    if not path.endswith(".h"):
        return os.path.join(root, path)
    stub = os.path.join(build, "unit", path.replace("/", "_") + ".c")
    os.makedirs(os.path.dirname(stub), exist_ok=True)
    text = '#include "%s"\n' % os.path.join(root, path)
    if not os.path.exists(stub) or open(stub).read() != text:
        with open(stub, "w") as handle:
            handle.write(text)
    return stub


def defined_functions(root, build, path, config):
    """Functions that `path` itself defines, in order, and those that it includes, as gcc sees them in the proof view."""
    source = translation_unit(root, build, path)
    with tempfile.NamedTemporaryFile("r", suffix=".aux") as aux:
        made = run(["gcc", "-std=c99", "-fsyntax-only", "-aux-info", aux.name, *cpp_args(root, config), source])
        if made.returncode != 0:
            raise Fatal("%s does not compile in the proof view:\n%s" % (path, made.stdout))
        want = os.path.realpath(os.path.join(root, path))
        own, included = {}, {}
        for line in aux:
            match = re.match(r"/\* (.*):\d+:[NOI]F \*/.*?(\w+) \(", line)
            if match:
                (own if os.path.realpath(match.group(1)) == want else included)[match.group(2)] = True
        return list(own), list(included)


def prover_config(build):
    """Let Why3 detect the provers once, into build/, so that nothing is left in the home directory; Z3 gets its options."""
    conf = os.path.join(build, "why3-provers.conf")
    if not os.path.exists(conf):
        os.makedirs(build, exist_ok=True)
        draft = "%s.%d" % (conf, os.getpid())
        detect = run(["why3", "config", "detect", "-C", draft])
        found = open(draft).read() if os.path.exists(draft) else ""
        for name in ("Z3", "CVC4"):
            if '"%s"' % name not in found:
                raise Fatal("why3 does not find %s:\n%s" % (name, detect.stdout))
        real = re.search(r'name = "Z3"\npath = "([^"]+)"', found)
        if not real:
            raise Fatal("why3 does not say where Z3 is:\n%s" % found)
        tuned = os.path.join(build, "z3-for-programs")
        with open("%s.%d" % (tuned, os.getpid()), "w") as handle:
            handle.write('#!/bin/sh\nexec "%s" %s "$@"\n' % (real.group(1), Z3_OPTIONS))
        os.chmod(handle.name, 0o755)
        os.replace(handle.name, tuned)
        with open(draft, "w") as handle:
            handle.write(found.replace('path = "%s"' % real.group(1), 'path = "%s"' % tuned))
        os.replace(draft, conf)
    return dict(os.environ, WHY3CONFIG=conf)


def run_wp(root, build, path, functions, select, config, machdep, timeout=None, jobs=2, smoke="none", extra=()):
    """Prove `functions` of one unit, chosen by the options `select`.

    Gives (goals, log): goals[function][name] = (proved, total). Lemmas stand under the name LEMMAS.
    """
    options = unit_options(root, path)
    tag = re.sub(r"\W", "_", path)
    env = prover_config(build)
    with tempfile.TemporaryDirectory(prefix="wp-%s-" % tag, dir=build) as scratch:
        answer = os.path.join(scratch, "wp.json")
        command = [
            "frama-c", "-machdep", machdep, "-session", scratch,
            "-cpp-extra-args=" + " ".join("'%s'" % a for a in ["-std=c99", *cpp_args(root, config)]),
            *FATAL,
            "-wp", "-wp-rte", "-wp-model", options["model"], "-wp-prover", PROVERS,
            "-wp-timeout", str(timeout or options["timeout"]), "-wp-par", str(jobs),
            "-wp-cache", "update", "-wp-cache-dir", os.path.join(build, "answers"),
            *select, "-wp-report-json", answer,
            *SMOKE[smoke], *extra,
            translation_unit(root, build, path),
            "-then", "-report", "-report-no-proven",
        ]
        os.makedirs(os.path.join(build, "answers"), exist_ok=True)
        ran = run(command, env=env, cwd=root)
        if ran.returncode != 0 or not os.path.exists(answer):
            raise Fatal("frama-c ended with status %d on %s:\n%s" % (ran.returncode, path, ran.stdout))
        with open(answer) as handle:
            report = json.load(handle)
    lemmas = {}
    for group in report.get("wp:axiomatics", {}).values():
        lemmas.update(group)
    entries = dict(report.get("wp:functions", {}), **({LEMMAS: lemmas} if lemmas else {}))
    goals = {}
    for function in functions + ([LEMMAS] if lemmas else []):
        entry = entries.get(function, {})
        goals[function] = {name: (counts["wp:main"].get("valid", 0), counts["wp:main"]["total"])
                           for name, counts in entry.items() if name != "wp:section"}
    return goals, ran.stdout


def without_smoke(goals):
    return {name: counts for name, counts in goals.items() if "_wp_smoke_" not in name}


def count(goals):
    """(proved, total) over the goals of one function."""
    return sum(good for good, _ in goals.values()), sum(total for _, total in goals.values())


def open_functions(root, path):
    """Functions of a unit whose proof is not finished, by proofs/open.csv: {name: reason}. They are skipped, and counted
    as skipped; everything else has to be proved whole."""
    table = os.path.join(root, "proofs", "open.csv")
    if not os.path.exists(table):
        return {}
    with open(table, newline="") as handle:
        return {row["function"]: row["reason"] for row in csv.DictReader(handle) if row["file"] == path}


def has_lemma(root, path):
    text = open(os.path.join(root, path)).read()
    return any(re.search(r"\blemma\b", comment) for comment in re.findall(r"/\*@.*?\*/|//@[^\n]*", text, re.S))


def run_whole(root, build, path, functions, select, lemmas, config, machdep, **more):
    """Functions of a unit, chosen by the options `select`, and its lemmas. Choosing functions leaves lemmas out, so these get
    a run of their own: a lemma that nobody proves would be an axiom in disguise."""
    goals, log = {}, ""
    if functions:
        goals, log = run_wp(root, build, path, functions, select, config, machdep, **more)
    if lemmas:
        proved, text = run_wp(root, build, path, [], ["-wp-prop", "@lemma"], config, machdep, **more)
        goals[LEMMAS] = proved.get(LEMMAS, {})
        log += text
    return goals, log


def only(functions):
    return ["-wp-fct", ",".join(functions)]


def all_but(functions):
    return ["-wp-skip-fct", ",".join(functions)] if functions else []


def open_places(log):
    """What the report lists as not proved: one line per property, with its place."""
    places = []
    function = ""
    for line in log.partition("[report] Computing")[2].splitlines():
        match = re.match(r"--- Properties of Function '(\w+)'", line)
        function = match.group(1) if match else function
        match = re.match(r"\[ *\S+ *\] (.*)", line)
        if match:
            places.append((function, match.group(1)))
    return places


def prove(argv):
    extra = []
    if "--" in argv:
        extra = argv[argv.index("--") + 1:]
        argv = argv[:argv.index("--")]
    parser = argparse.ArgumentParser(prog="prove.sh")
    parser.add_argument("file")
    parser.add_argument("-f", "--function", help="one function, or several with commas between")
    parser.add_argument("-t", "--timeout", help="seconds for one goal and one prover")
    parser.add_argument("-m", "--machdep", default="gcc_x86_64")
    parser.add_argument("-j", "--jobs", default="2")
    parser.add_argument("-s", "--smoke", action="store_true", help="also look for contradictions in the contracts")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--root", default=os.path.dirname(HERE))
    parser.add_argument("--build", default=None)
    parser.add_argument("--config", default="proofs/config_proof.h")
    args = parser.parse_args(argv)
    root = os.path.abspath(args.root)
    build = os.path.abspath(args.build or os.path.join(root, "build", "proofs"))
    os.makedirs(build, exist_ok=True)
    path = os.path.relpath(os.path.abspath(args.file), root)
    functions, included = defined_functions(root, build, path, args.config)
    if args.function:
        for name in args.function.split(","):
            if name not in functions:
                raise Fatal("%s defines no function %s; it defines: %s" % (path, name, " ".join(functions)))
        functions = args.function.split(",")
    if not functions and not has_lemma(root, path):
        raise Fatal("%s defines no function: nothing to prove" % path)
    more = {"timeout": args.timeout, "jobs": args.jobs, "smoke": "all" if args.smoke else "none", "extra": extra}
    if args.function:
        goals, log = run_wp(root, build, path, functions, only(functions), args.config, args.machdep, **more)
    else:
        goals, log = run_whole(root, build, path, functions, all_but(included), has_lemma(root, path), args.config, args.machdep,
                               **more)
    if args.verbose or extra:
        print(log)
    failed = False
    for function in goals:
        print("%s %s %d/%d" % (path, function, *count(goals[function])))
        for name, (good, total) in goals[function].items():
            if good != total:
                failed = True
                print("    open: %s" % name)
        for where, text in open_places(log):
            if where == function:
                print("    at:   %s" % text)
    return 1 if failed else 0


def units(root, build, config):
    """Every source of the core, and every header with a function of its own, the largest first."""
    found = []
    for path in core(root) + headers(root):
        if defined_functions(root, build, path, config)[0] or has_lemma(root, path):
            found.append(path)
    return sorted(found, key=lambda p: -os.path.getsize(os.path.join(root, p)))


def result_file(folder, path):
    return os.path.join(folder, path.replace("/", "_") + ".json")


def prove_unit(root, build, path, config, machdep, smoke):
    """Proved and total for each function, without the smoke tests, the open goals of both kinds, and what of COMPOUND the
    goals hold."""
    functions, included = defined_functions(root, build, path, config)
    unfinished = open_functions(root, path)
    skipped = [f for f in functions if f in unfinished]
    functions = [f for f in functions if f not in unfinished]
    limit = int(unit_options(root, path)["timeout"])
    goals, log = run_whole(root, build, path, functions, all_but(included + skipped), has_lemma(root, path), config, machdep,
                           timeout=ATTEMPTS[0] * limit, smoke=smoke, extra=("-wp-print",))
    for factor in ATTEMPTS[1:]:
        left = [f for f, names in goals.items() if any(good != total for good, total in without_smoke(names).values())]
        again = [f for f in left if f != LEMMAS]
        for f, names in run_whole(root, build, path, again, only(again), LEMMAS in left, config, machdep,
                                  timeout=factor * limit)[0].items():
            # in place of the first: without the other functions some goals have other names
            goals[f] = dict(names, **{n: c for n, c in goals[f].items() if "_wp_smoke_" in n})
    compound = sorted(set(COMPOUND.findall(log)))
    plain = {f: without_smoke(names) for f, names in goals.items()}
    still = {f: [n for n, (a, b) in names.items() if a != b] for f, names in plain.items()}
    dead = {f: [n for n, (a, b) in names.items() if a != b and "_wp_smoke_" in n] for f, names in goals.items()}
    smokes = sum(b for names in goals.values() for n, (_, b) in names.items() if "_wp_smoke_" in n)
    return {f: count(names) for f, names in plain.items()}, still, dead, smokes, compound


def has_contract(root, path, name, config):
    """Whether an annotation with `assigns` and `terminates` stands directly above a declaration of the function."""
    for found, where, line, _, _ in functions(root, path, *config_args(root, config)):
        if found != name or where.startswith(".."):
            continue
        above = "\n".join(open(os.path.join(root, where)).read().split("\n")[:line - 1])
        # attributes and storage words may stand on lines of their own between contract and name
        match = re.search(r"/\*@((?:(?!\*/).)*)\*/[^;{}]*$", above, re.S)
        if match and "assigns" in match.group(1) and "terminates" in match.group(1):
            return True
    return False


def config_args(root, config):
    return ["-I."] + (['-DSKR_CONFIG_HEADER="%s"' % config] if os.path.exists(os.path.join(root, config)) else [])


def bodiless(root, build, config):
    """Functions that the core calls in the proof view and that nobody defines: only their contracts are known."""
    defined, undefined = set(), set()
    for path in core(root):
        out = os.path.join(build, "view.o")
        made = run(["gcc", "-std=c99", "-O0", "-Iinclude", *config_args(root, config), "-c", path, "-o", out], cwd=root)
        if made.returncode != 0:
            raise Fatal("%s does not compile in the proof view:\n%s" % (path, made.stdout))
        for line in run(["nm", out]).stdout.splitlines():
            part = line.split()
            (undefined if part[-2] == "U" else defined).add(part[-1])
    return undefined - defined


def check_ledger(gate, root, build, config):
    """The assumptions in the code against those that are owned up to."""
    ledger = {"contract": set(), "axiom": set()}
    text = open(os.path.join(root, "proofs", "assumptions.md")).read()
    rows = re.findall(r"^\| *(ASM-[\w-]+) *\| *(\w+) *\| *`?([^|`]+?)`? *\|(.*)\|$", text, re.M)
    idents = [row[0] for row in rows]
    gate.check(len(idents) == len(set(idents)), "assumptions.md: an id stands twice")
    for ident, kind, name, rest in rows:
        ledger.setdefault(kind, set()).add(name)
        gate.check(len(rest.strip(" |")) > 20, "assumptions.md: %s has no justification" % ident)
    hidden = set()
    for path in core(root) + headers(root):
        for comment in re.findall(r"/\*@.*?\*/|//@[^\n]*", open(os.path.join(root, path)).read(), re.S):
            hidden |= set(re.findall(r"\baxiom\s+(\w+)", comment))
            gate.check(not re.search(r"\badmit\b", comment), "%s admits something" % path, comment)
    gate.check(hidden == ledger["axiom"], "axioms differ from assumptions.md", "code only: %s\nledger only: %s"
               % (sorted(hidden - ledger["axiom"]), sorted(ledger["axiom"] - hidden)))
    asked = bodiless(root, build, config)
    gate.check(asked == ledger["contract"], "contracts without a body differ from assumptions.md",
               "code only: %s\nledger only: %s" % (sorted(asked - ledger["contract"]), sorted(ledger["contract"] - asked)))
    return len(rows)


def check_negative(gate, root, build, config, machdep):
    """Programs with a fault. The function named after `Must stay open:` has to keep an open goal, the one named after
    `Must be proved:` shows that the file is not open for another reason."""
    count_files = 0
    for path in files(root, "proofs/negative", ".c"):
        count_files += 1
        text = open(os.path.join(root, path)).read()
        bad = re.findall(r"Must stay open: (\w+)", text)
        good = re.findall(r"Must be proved: (\w+)", text)
        gate.check(bool(bad), "%s does not say what must stay open" % path)
        names, _ = defined_functions(root, build, path, config)
        goals, _ = run_wp(root, build, path, names, only(names), config, machdep, "5")
        for name in bad:
            proved, total = count(goals.get(name, {}))
            gate.check(proved < total, "%s: %s is proved, and it is wrong" % (path, name))
        for name in good:
            proved, total = count(goals.get(name, {}))
            gate.check(0 < proved == total, "%s: %s is right and not proved" % (path, name))
    gate.check(count_files > 0, "proofs/negative is empty")
    return count_files


def judge(argv):
    parser = argparse.ArgumentParser(prog="wp.py gate")
    parser.add_argument("files", nargs="*", help="units; all of them if none is named")
    parser.add_argument("--root", default=ROOT)
    parser.add_argument("--build")
    parser.add_argument("--config", default="proofs/config_proof.h")
    parser.add_argument("--machdep", default=os.environ.get("MACHDEP", "gcc_x86_64"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--smoke", choices=sorted(SMOKE), default="contracts", help="contradictions: where to look for them")
    parser.add_argument("--update", action="store_true", help="write proofs/results anew")
    args = parser.parse_args(argv)
    root = os.path.abspath(args.root)
    build = os.path.abspath(args.build or os.path.join(root, "build", "proofs"))
    kept, made = os.path.join(root, "proofs", "results"), os.path.join(build, "results")
    for folder in (kept, made):
        os.makedirs(folder, exist_ok=True)
    gate = Gate("wp")
    prover_config(build)
    everything = units(root, build, args.config)
    chosen = args.files or everything
    if not chosen:
        gate.fail("no function in src/ or include/")
        return gate.done()
    totals = [0, 0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(max_workers=args.jobs) as pool:
        running = {pool.submit(prove_unit, root, build, path, args.config, args.machdep, args.smoke): path
                   for path in chosen}
        for done in concurrent.futures.as_completed(running):
            path = running[done]
            try:
                result, still, dead, smokes, compound = done.result()
            except Fatal as error:
                gate.fail(path, error)
                continue
            proved, total = map(sum, zip(*result.values()))
            print("wp: %-24s %2d functions %5d of %5d goals, %d smoke tests"
                  % (path, len(result), proved, total, smokes), flush=True)
            totals = [a + b for a, b in zip(totals, (len(result), proved, total, smokes))]
            names = defined_functions(root, build, path, args.config)[0]
            for name, reason in open_functions(root, path).items():
                gate.check(name in names and reason.strip() != "", "proofs/open.csv: %s is no function of %s, or has no reason"
                           % (name, path))
                gate.skip("%s: %s is not proved: %s" % (path, name, reason))
            for name, (good, goals) in result.items():
                gate.check(good == goals, "%s: %s %d/%d" % (path, name, good, goals), "\n".join(still[name]))
                gate.check(goals > 0, "%s: %s has no goal at all" % (path, name))
                if name != LEMMAS:
                    gate.check(has_contract(root, path, name, args.config),
                               "%s: %s has no contract with assigns and terminates" % (path, name))
            gate.check(not compound, "%s: goals with an array or a structure by value" % path, " ".join(compound))
            contradictions = [name for names in dead.values() for name in names]
            gate.check(not contradictions, "%s: smoke tests find contradictions" % path, "\n".join(contradictions))
            fresh = {"file": path, "machdep": args.machdep, "functions": {n: "%d/%d" % result[n] for n in sorted(result)}}
            with open(result_file(made, path), "w") as handle:
                json.dump(fresh, handle, indent=1)
                handle.write("\n")
            if args.update:
                shutil.copy(result_file(made, path), result_file(kept, path))
            try:
                oracle = json.load(open(result_file(kept, path)))
            except FileNotFoundError:
                oracle = {"functions": {}}
            if oracle.get("machdep", args.machdep) == args.machdep:
                difference = ["%s: committed %s, now %s" % (n, oracle["functions"].get(n), fresh["functions"].get(n))
                              for n in sorted(set(oracle["functions"]) | set(fresh["functions"]))
                              if oracle["functions"].get(n) != fresh["functions"].get(n)]
                gate.check(not difference, "%s: results differ from proofs/results (--update writes them)" % path,
                           "\n".join(difference))
    if not args.files:
        gate.check(args.smoke == "none" or totals[3] > 0, "no smoke test was made")
        expected = {os.path.basename(result_file(kept, path)) for path in everything}
        stale = [name for name in sorted(os.listdir(kept)) if name not in expected]
        gate.check(not stale, "proofs/results of files that are no more", "\n".join(stale))
        assumptions = check_ledger(gate, root, build, args.config)
        negative = check_negative(gate, root, build, args.config, args.machdep)
        print("wp: %d assumptions in the ledger, %d programs that must not be proved" % (assumptions, negative))
    print("wp: %d functions, %d of %d goals proved, %d smoke tests" % tuple(totals))
    return gate.done()


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("prove", "gate"):
        sys.exit(__doc__)
    try:
        sys.exit((prove if sys.argv[1] == "prove" else judge)(sys.argv[2:]))
    except Fatal as error:
        sys.exit("wp: %s" % error)


if __name__ == "__main__":
    main()
