#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Self-tests of the gates: each passes on the clean sample and sees every fault that is put into a copy of it.

    selftest.py [--verbose] [GATE ...]

A fault is (file, text to replace, replacement, words that the gate must print). An empty text appends; a replacement
of None removes the file.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import sys
import tempfile

from gate import ROOT, Gate, run

HERE = os.path.dirname(os.path.abspath(__file__))
C, H, SHM, TEST = "src/sample.c", "include/skerry/skerry.h", "include/skerry/shm.h", "tests/test_sample.c"
LIMITS, ROWS = "bench/cost/limits.csv", "bench/cost/rows.c"
VIRTQ, DEVICE, CONSOLE = "src/virtq.c", "src/device.c", "src/console.c"
FLOW, RECEIVE, ATTACKS = "src/vsock_flow.c", "src/vsock_receive.c", "tests/hostile/catalogue.csv"
MD, README, DEVIATIONS, LEDGER = "spec/sample.md", "README.md", "misra/deviations.json", "proofs/assumptions.md"

RECORD = """[{"id": "SKR-DEV-001", "revision": 1, "date": "2026-01-01", "guidelines": ["%s"], "category": "Advisory",
"edition": "MISRA C:2012", "permit": "none", "files": ["src/sample.c"], "sites": %d, "reason": "code quality",
"description": "d", "alternatives": "a", "consequence": "c", "measures": "m", "raised_by": "author",
"reviewed_by": "reviewer", "approved_by": "lead", "recheck": "never"}]"""
GOTO = (C, "    return used;", "    /* SKR-DEV-001 */\n    goto out;\nout:\n    return used;", None)
THREE = (C, "    return used;", "    if (used + 1 > 3U) goto out;\nout:\n    return used;", "Rule 10.4")

TABLE = {
    "compile": (["tests/tools/compile.py"], [
        (C, "uint32_t used = 0U;", "uint32_t used = 0U; int spare;", "gcc"),
        (C, "", "static inline uint32_t skr_spare(void)\n{\n    return 1U;\n}\n", "clang"),
        (C, "", "#if defined(__arm__)\n#error \"not for this core\"\n#endif\n", "cortex-r5"),
        ("spec/configurations.csv", "delivered,", "delivered,missing.h", "missing.h"),
        (C, "", None, "no source"),
    ]),
    "analyzer": (["tests/tools/compile.py", "--analyzer"], [
        (C, "    uint32_t used = 0U;", "    const uint32_t *none = (void *)0;\n    uint32_t used = (table == (void *)0)"
         " ? *none : 0U;", "analyzer"),
    ]),
    "grep": (["tests/tools/grep.py"], [
        (C, "const uint32_t i = skr", "const volatile uint32_t i = skr", "the word volatile"),
        (C, "skr_shm_read(id)", "*id", "shared memory or a pointer cast"),
        (C, "skr_shm_read(id)", "id[0]", "shared memory or a pointer cast"),
        (C, "skr_shm_read(id)", "*(const uint32_t *)(const void *)table", "shared memory or a pointer cast"),
        (C, "      @ loop variant SKR_SIZE - i;\n", "", "a loop without a loop variant"),
        (C, "    skr_port_doorbell(used);", "    do { used--; } while (used > 9U);", "a loop without a loop variant"),
        (C, "    skr_port_doorbell(used);", "    /*@ loop variant 1; */\n    while (1) { used--; }", "an endless loop"),
        (C, "used++;", "used++; /* NO" "LINT */", "switches evidence off"),
        (C, "used++;", "used++;\n#ifdef __FRAMAC__\nused--;\n#endif", "switches evidence off"),
        (C, "used++;", "used++;\n#ifndef __FRAMAC__\nused--;\n#endif", "switches evidence off"),
        (H, "ensures \\result <= SKR_SIZE", "ad" "mit ensures \\result <= SKR_SIZE", "switches evidence off"),
        (C, "", "/*@ predicate big(uint32_t a[9]) = a[1] > 9; */\n", "an array by value"),
        (C, "    return used;", "    used++;\n" * 60 + "    return used;", "longer than 60 lines"),
        (C, "", "typedef int skr_long_t;\n" * 600, "more than 600 lines"),
        (C, "/* SPDX-License-Identifier: BSD-3-Clause */\n", "", "no SPDX line"),
        (C, "used++;", "used++; /* TO" "DO */", "unfinished"),
        (README, "# Sample", "# Sample\n\nThe library is cert" "ified.", "a claim that nobody"),
        (C, "", None, "no source"),
    ]),
    "symbols": (["tests/tools/symbols.py"], [
        (C, "uint32_t used = 0U;", "static uint32_t used; used = 0U;", "bss"),
        (C, "", "uint32_t skr_state = 5U;\n", "data 4"),
        (C, "    skr_port_doorbell(used);", "    extern void *malloc(unsigned long); (void)malloc(used);", "malloc"),
        (C, "", "uint32_t helper(uint32_t a);\nuint32_t helper(uint32_t a) { return a; }\n", "without skr_"),
        (C, "    skr_port_doorbell(used);", "    if (used > 3U) { used = skr_look_up(&used, table, 1U) + skr_count(table"
         " + 1) * used; }", "recursion"),
        (C, "    skr_port_doorbell(used);", "    ((void (*)(uint32_t))table[0])(used);", "a call through a pointer"),
        (C, "    skr_port_doorbell(used);", "    uint32_t room[used + 1U]; skr_port_doorbell(skr_look_up(room, room, 0U));", "not known"),
        (C, "", "void skr_test_open(void);\nvoid skr_test_open(void) { skr_port_doorbell(1U); }\n", "test hook"),
    ]),
    "cost": (["bench/cost/cost.py", "gate"], [
        (C, "used++;", "used++;\n            used += skr_look_up(&used, table, 0U);", "count, cortex-m33: "),
        (C, "skr_port_doorbell(used);", "skr_port_doorbell(used);\n    skr_port_doorbell(used);", "count.doorbells, any: 2"),
        (C, "used++;", "used++;\n            static uint32_t all;\n            all++;", "size.data_bss, cortex-r5: 4"),
        (C, "used++;", "used++;\n            uint32_t room[8] = { 0U };\n            used += skr_look_up(&used, room, 0U);", "stack.data_path, cortex-r5: "),
        (C, "skr_port_doorbell(used);", "skr_port_doorbell(used + (used * 123457U));", "size.text, cortex-r5: "),
        (LIMITS, "count,cortex-m7,46,,\n", "", "count, cortex-m7: no limit"),
        (LIMITS, "", "count.9,cortex-m7,46,,\n", "count.9, cortex-m7: has a limit and was not measured"),
        (LIMITS, "count,cortex-m7,46,,", "count,cortex-m7,46,47,8", "below the goal"),
        (ROWS, "used == 2U", "used == 3U", "ended with status"),
        (C, "", None, "no source"),
    ]),
    "headers": (["tests/tools/headers.py"], [
        (H, '#include "skerry/shm.h"\n', "", "alone in C99"),
        (H, "#define SKR_SIZE 8U", "#define SKR_SIZE 8U\nextern uint32_t class;", "alone in C++"),
        (H, 'extern "C" {', "namespace skr {", ""),
        (H, "#ifndef SKERRY_SKERRY_H\n#define SKERRY_SKERRY_H", "#if 1\ntypedef struct { int a; } skr_a_t;", "alone"),
        (H, "uint32_t skr_count(", "uint32_t skr_gone(void);\nuint32_t skr_count(", "links from C++"),
    ]),
    "docs": (["tests/tools/docs.py"], [
        (README, "skr_count(table)", "skr_sum(table)", "example 1 compiles"),
        (README, "test -f", "test ! -f", "a command ends with status 1"),
        (README, "(include/skerry/skerry.h)", "(include/skerry/gone.h)", "lead nowhere"),
        (README, "```c example", "```c", "has an example"),
    ]),
    "misra": (["misra/check.py"], [
        (*THREE[:3], "Rule 10.4"), (*THREE[:3], "Rule 15.1"), (*THREE[:3], "Rule 15.6"),
        (SHM, "    return *at;", "    return *at + 010;", "Rule 7.1"),
        (C, "    return used;", "    return used;\n    used++;", "Rule 2.1"),
        (C, "    uint32_t result = 0U;", "    uint32_t result;", "Rule 9.1"),
        (C, "", "uint32_t skr_spare(uint32_t a[4]);\nuint32_t skr_spare(uint32_t a[4])\n{\n    return (uint32_t)sizeof(a);"
         "\n}\n", "Rule 12.5"),
        (C, "const uint32_t i = skr_shm_read(id);", "const uint32_t i = *(const uint32_t *)id;", "Rule 11.8"),
        (H, "#define SKR_SIZE 8U", "#define SKR_SIZE 8U\n#define SKR_SPARE 1U", "Rule 2.5"),
        (C, "#endif\n", "#endif\n#define SPARE(x) (x + 1U)\n", "Rule 20.7"),
        (C, "#ifdef __FRAMAC__\n", "#ifdef __FRAMAC__\n#define SPARE(x) (x + 1U)\nextern int skr_spare;\n", "Rule 20.7"),
        (*GOTO[:3], "no record for SKR-DEV-001"),
        (DEVIATIONS, "[]", RECORD % ("Rule 15.1", 1), "records 1 sites, the code has 0"),
        ([GOTO, (DEVIATIONS, "[]", RECORD % ("Rule 15.1", 2), None)], "records 2 sites, the code has 1"),
        ([GOTO, (DEVIATIONS, "[]", RECORD % ("Rule 15.7", 1), None)], "excuses no finding"),
        ([GOTO, (DEVIATIONS, "[]", RECORD % ("Rule 99.1", 1), None)], "unknown guideline"),
        ([GOTO, (DEVIATIONS, "[]", RECORD % ("Rule 9.1", 1), None)], "mandatory"),
        ([GOTO, (DEVIATIONS, "[]", (RECORD % ("Rule 15.1", 1)).replace('"measures": "m"', '"measures": ""'), None)],
         "lacks measures"),
        ([GOTO, (DEVIATIONS, "[]", RECORD % ("Rule 15.1", 1), None)], "gcs.csv differs"),
        ("misra/grp.csv", "Rule 17.2,Required,Mandatory", "Rule 17.2,Required,Advisory", "cannot go"),
        ("misra/gep.csv", "Rule 15.1,", "Rule 15.9,", "enforcement plan"),
        (C, "", None, "no source"),
    ]),
    "tests": (["tests/tools/tests.py"], [
        (TEST, "== 2U", "== 3U", "plain, configuration default"),
        ([(TEST, "== 2U", "== 3U", None), (TEST, 'return failures == 0U ? 0 : 1;', "return 0;", None),
          (TEST, "2U - failures, failures", "2U, 0U", None)], "its report 1 and 1"),
        (TEST, "    test_look_up();\n    test_count();\n", "", "its report 0 and 0"),
        (TEST, "table[SKR_SIZE] = { 1U, 9U };\n\n    verdict(\"test_c", "table[7] = { 1U, 9U };\n\n    verdict(\"test_c",
         "san, configuration default"),
    ]),
    "coverage": (["coverage/measure.py", "--no-html"], [
        (TEST, " &&\n                            skr_look_up(&large, table, 5U) == 0U", "", "<= limit): condition 2"),
        (TEST, "{ 1U, 9U };\n\n    verdict(\"test_count\", skr_count(table) == 2U", "{ 0U };\n\n    verdict(\"test_count\","
         " skr_count(table) == 0U", "line: used++;"),
        (TEST, "{ 1U, 9U };\n\n    verdict(\"test_count\", skr_count(table) == 2U", "{ 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U };"
         "\n\n    verdict(\"test_count\", skr_count(table) == 8U", "branch: if (table[i] != 0U) {"),
        (C, "", "uint32_t skr_never(uint32_t a);\nuint32_t skr_never(uint32_t a) { return a; }\n", "function: skr_never"),
        (C, "(table[i] <= limit)", "(table[i] <= limit) && (i != 9U) && (i != 10U) && (i != 11U) && (i != 12U) && "
         "(i != 13U) && (i != 14U)", "tests build, variant mcdc"),
        ("coverage/justified.csv", "", "src/sample.c,skr_count,line: gone,dead,review\n", "no such gap any more"),
        ("coverage/justified.csv", "", "src/sample.c,skr_count,line: gone,,\n", "incomplete"),
        ("coverage/thresholds.csv", "mcdc,100\n", "", "thresholds.csv"),
    ]),
    "wp": (["proofs/wp.py", "gate"], [
        (C, "(i < SKR_SIZE) && ", "", "skr_look_up"),
        (C, '#include "skerry/skerry.h"\n', '#include "skerry/skerry.h"\n/*@ axiomatic bad { axiom nope: \\false; } */\n',
         "contradictions"),
        (C, '#include "skerry/skerry.h"\n', '#include "skerry/skerry.h"\n/*@ axiomatic ok { axiom fine: \\true; } */\n',
         "axioms differ"),
        (C, '#include "skerry/skerry.h"\n', '#include "skerry/skerry.h"\n/*@ lemma wrong: \\forall integer a; a > 0; */\n',
         "lemmas"),
        (H, "/*@ terminates \\true; exits \\false; assigns \\nothing; */\n", "", "missing-spec"),
        (H, "  @ terminates \\true; exits \\false; assigns \\nothing;\n  @ ensures \\result <= SKR_SIZE;\n",
         "  @ ensures \\result <= SKR_SIZE;\n", "no contract"),
        (C, "", "/*@ requires a < a; terminates \\true; exits \\false; assigns \\nothing; ensures \\result == 5; */\n"
         "uint32_t skr_no(uint32_t a);\nuint32_t skr_no(uint32_t a)\n{\n    return a;\n}\n", "contradictions"),
        (H, "ensures \\result <= SKR_SIZE", "ad" "mit ensures \\result <= SKR_SIZE", "admit"),
        (H, "ensures \\result <= SKR_SIZE", "ensures \\result <= SKR_SIZ", ""),
        (H, "  @ ensures \\result <= SKR_SIZE;\n", "", "results differ"),
        (C, "", "/*@ predicate five(uint32_t a[9]) = a[1] == 5; */\ntypedef struct { uint32_t a[9]; } skr_nine_t;\n"
         "/*@ requires \\valid(s) && five(s->a); terminates \\true; exits \\false; assigns s->a[1]; ensures five(s->a); */\n"
         "void skr_set(skr_nine_t *s);\nvoid skr_set(skr_nine_t *s)\n{\n    s->a[1] = 6U;\n}\n", "by value"),
        (LEDGER, "| ASM-1", "| no", "without a body differ"),
        ("proofs/negative/double_fetch.c", "result = shared->length;", "result = 1U;", "is proved, and it is wrong"),
        ("proofs/results/src_sample.c.json", "", None, "results differ"),
        ("proofs/open.csv", "", "file,function,reason\nsrc/sample.c,skr_gone,unfinished\n", "is no function of"),
        ("proofs/open.csv", "", "file,function,reason\nsrc/sample.c,skr_count,unfinished\n", "results differ"),
    ]),
    "eva": (["proofs/eva.py"], [
        (C, "(i < SKR_SIZE) && ", "", "out of bounds"),
        ("proofs/eva/sample.c", " + skr_count(table)", "", "no driver reaches skr_count"),
        ("proofs/eva/sample.c", "", None, "no driver"),
        ("proofs/eva/sample.c", "skr_look_up(&id", "skr_look_dow(&id", "did not come to an end"),
    ]),
    "hostile": (["tests/hostile/gate.py", "--quick", "catalogue"], [
        (VIRTQ, "id >= q->count) {\n        cause = SKR_CAUSE_USED_ID", "id >= 0xFFFFFFFFU) {\n        cause = SKR_CAUSE_USED_ID",
         "ADV-Q01 console mmio-v2: memory fault"),
        (VIRTQ, "ready > q->outstanding", "(ready > q->outstanding) && (q->size == 0U)", "ADV-Q06"),
        (VIRTQ, "q->owner[id] != SKR_VIRTQ_DEVICE) {\n        cause = SKR_CAUSE_USED_TWICE", "q->owner[id] == 7) {\n"
         "        cause = SKR_CAUSE_USED_TWICE", "ADV-Q04"),
        (VIRTQ, "length > q->length[id]", "length > 0xFFFFFFFEU", "ADV-Q09"),
        (VIRTQ, "q->popped = (uint16_t)id;", "q->popped = (uint16_t)skr_shm_read32(q->base, at);", "ADV-Q16"),
        (VIRTQ, "skr_shm_clear(q->base, q->used, ", "skr_shm_clear(q->base, q->used, q->limit + ", "outside the window"),
        (VIRTQ, "void skr_virtq_release(skr_virtq_t *q, uint16_t id)\n{", "void skr_virtq_release(skr_virtq_t *q, uint16_t id)\n{\n"
         "    static skr_virtq_t *other;\n    if (other != NULL) { other->popped_length++; }\n    other = q;",
         "the neighbour's memory is as it was"),
        (RECEIVE, "v->packet.length > bytes", "v->packet.length > (bytes | 0xFFFFFFFEU)", "ADV-V01"),
        (RECEIVE, "(i < SKR_VSOCK_STEP_PACKETS) && more", "more", "ADV-Q08 vsock mmio-v2: wedged: skr_vsock_step"),
        (RECEIVE, "skr_shm_write64(q->base, skr_virtq_buffer(q, id), 0U);", "", "ADV-V09"),
        (FLOW, "!may_send || (length > (SKR_VSOCK_WINDOW_BYTES - f->stored))", "!may_send", "ADV-V26"),
        (FLOW, "if (possible && (news != 0U))", "if (news != 0U)", "ADV-V23"),
        (CONSOLE, "(c->device.state != SKR_DEVICE_FAILED) && (c->device.state != SKR_DEVICE_IDLE)",
         "c->device.state != SKR_DEVICE_IDLE", "call_acknowledge(VICTIM) == 0U"),
        (DEVICE, "give_up(d, SKR_CAUSE_NEEDS_RESET)", "give_up(d, SKR_CAUSE_STATUS_LOST)", "ADV-T09"),
        (DEVICE, "        give_up(d, late);", "        d->since = d->now;\n        (void)late;", "refused"),
        (DEVICE, "skr_passed(d->now, d->rung, SKR_TICKS_KICK)) {\n        d->counters", "(d->now == 0U)) {\n        d->counters",
         "ADV-Q19"),
        (ATTACKS, "ADV-Q25,", "ADV-Q27,", "ADV-Q25: neither a test nor"),
        (ATTACKS, "contained,adv_q06", "refused,adv_q06", "ADV-Q06: contained"),
        (ATTACKS, ",adv_v44,", ",,a reason that is none", "ADV-V44: neither a test nor"),
    ]),
    "sweep": (["tests/hostile/gate.py", "--quick", "sweep"], [
        (VIRTQ, "ready > q->outstanding", "(ready > q->outstanding) && (q->size == 0U)", "used index"),
        (VIRTQ, "length > q->length[id]", "length > 0xFFFFFFFEU", "used length"),
        (DEVICE, "give_up(d, SKR_CAUSE_NEEDS_RESET)", "give_up(d, SKR_CAUSE_USED_ID)", "status"),
        (DEVICE, "        give_up(d, late);", "        d->since = d->now;\n        (void)late;", "timed out, cause 0"),
        (CONSOLE, "(c->device.state != SKR_DEVICE_FAILED) && (c->device.state != SKR_DEVICE_IDLE)",
         "c->device.state != SKR_DEVICE_IDLE", "call_accesses() == 0U"),
        ("tests/hostile/sweep.c", "n += plan->stride", "n += 2U", "accesses that were not spoiled"),
    ]),
    "trace": (["spec/trace.py", "gate"], [
        (MD, "`srs~bounded~1`", "`srs~bounded~2`", "outdated"),
        (MD, "- srs~bounded~1\n\nNeeds: impl, utest, proof\n\n### Count", "- srs~bounded~2\n\nNeeds: impl, utest, proof\n\n"
         "### Count", "predated"),
        (MD, "- asr~safe~1", "- asr~gone~1", "orphaned"),
        (MD, "`dsn~count~1`", "`dsn~count~x`", "not a valid id"),
        (MD, "### Assumption", "### Twice\n`dsn~count~1`\n\n### Assumption", "duplicate"),
        (H, "[impl->dsn~count~1]", "[impl->dsn~count]", "not a valid tag"),
        (MD, "Needs: impl, utest, proof\n\n### Count", "Needs: impl, proof\n\n### Count", "unwanted"),
        (MD, "Needs: impl, utest, proof\n\n### Count", "Needs: impl, utest, proof, itest\n\n### Count", "no itest"),
        (MD, "Needs: sman", "", "no needs"),
        (MD, "Covers:\n- asr~safe~1\n", "", "no parent"),
        (MD, "Rationale:\nWithout it the other side does not wake up.\n", "", "no rationale"),
        (MD, "Status: approved", "Status: proposed", "is proposed"),
        (MD, "shall touch", "touches", "0 times shall"),
        (MD, "shall touch its own memory only", "shall touch its own memory and shall stop", "2 times shall"),
        (MD, "its own memory only", "appropriate memory", "weak word"),
        (MD, "Tags:\n- asil-d", "Tags: asil-d", "inline tag"),
        (MD, "`skr_count` shall answer the number of entries that are not 0.", "", "says nothing"),
        (TEST, "    test_count();\n", "", "no passed test test_count"),
        (TEST, "skr_count(table) == 2U", "skr_count(table) == 3U", "no passed test test_count"),
        ("proofs/results/src_sample.c.json", '"skr_count": "', '"skr_count": "0/9", "other": "', "not every goal of skr_count"),
        ("spec/notes.acsl", "", "[impl->dsn~count~1]\n", "unread file"),
        (H, " * [impl->dsn~count~1] [proof->dsn~count~1]\n", "", "orphan function"),
        (MD, "", None, "orphaned"),
    ]),
}

# Gates whose subject is the library itself: these parts of the project take the place of the sample.
OWN = {name: ("include", "src", "tests/backend", "tests/configurations", "tests/hostile") for name in ("hostile", "sweep")}


def edit(copy, seed):
    name, old, new = seed[:3]
    path = os.path.join(copy, name)
    if new is None:
        os.remove(path)
        return
    text = open(path).read() if os.path.exists(path) else ""
    if old and old not in text:
        raise SystemExit("selftest: the sample's %s no longer has: %s" % (name, old))
    with open(path, "w") as handle:
        handle.write(text.replace(old, new, 1) if old else text + new)


def prepare(place):
    """The sample, with those data of the project that are not the sample's own."""
    shutil.copytree(os.path.join(HERE, "sample"), place)
    for name in ("Makefile", "misra/gep.csv", "misra/grp.csv"):
        shutil.copy(os.path.join(ROOT, name), os.path.join(place, name))
    shutil.copytree(os.path.join(ROOT, "proofs/negative"), os.path.join(place, "proofs/negative"))
    shutil.copytree(os.path.join(ROOT, "bench/cost/sample"), os.path.join(place, "bench/cost"))


def command(gate, copy, *more):
    return [sys.executable, os.path.join(ROOT, TABLE[gate][0][0]), *TABLE[gate][0][1:], "--root", copy, *more]


def judge(gate, copy):
    """Run a gate on a tree; what it needs of other gates is made first."""
    if gate == "trace":
        run(["make", "-s", "-C", os.path.join(copy, "tests"), "BUILD=" + os.path.join(copy, "build"), "VARIANT=plain",
             "test"])
    return run(command(gate, copy))


def examine(name, clean, scratch, verbose):
    """One gate in a place of its own: what was checked, as arguments of Gate.check(), and how many faults were seen."""
    place = os.path.join(scratch, name)
    sample, copy = os.path.join(place, "clean"), os.path.join(place, "copy")
    for part in OWN.get(name, ()):
        shutil.copytree(os.path.join(ROOT, part), os.path.join(sample, part))
    if name not in OWN:
        shutil.copytree(clean, sample, symlinks=True)
    result = judge(name, sample)
    last = result.stdout.rstrip().split("\n")[-1]
    checked = [(result.returncode == 0 and re.fullmatch(r"[1-9]\d* passed, 0 failed", last),
                "%s does not pass the clean sample" % name, result.stdout)]
    seen = 0
    for number, seed in enumerate(TABLE[name][1], 1):
        edits, words = (seed[0], seed[-1]) if isinstance(seed[0], list) else ([seed], seed[-1])
        if words is None:
            continue
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(sample, copy, symlinks=True)
        for one in edits:
            edit(copy, one)
        result = judge(name, copy)
        good = result.returncode != 0 and words in result.stdout
        seen += good
        checked.append((good, "%s does not see fault %d (status %d, looked for: %s)"
                        % (name, number, result.returncode, words), str(edits)[:300] + "\n" + result.stdout[-1500:]))
        if verbose:
            print("  %s %d: %s" % (name, number, words if good else "NOT SEEN"), flush=True)
    return checked, seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gates", nargs="*")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    names = args.gates or list(TABLE)
    total = Gate("selftest")
    with tempfile.TemporaryDirectory(prefix="skerry-selftest-") as scratch:
        clean = os.path.join(scratch, "clean")
        prepare(clean)
        run(command("misra", clean, "--update"))
        if {"wp", "trace"} & set(names):
            run(command("wp", clean, "--update"))
        with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            for name, (checked, seen) in zip(
                    names, pool.map(lambda n: examine(n, clean, scratch, args.verbose), names)):
                for one in checked:
                    total.check(*one)
                print("selftest: %-9s sees %d faults" % (name, seen), flush=True)
    return total.done()


if __name__ == "__main__":
    sys.exit(main())
