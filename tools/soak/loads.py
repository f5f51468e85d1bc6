# SPDX-License-Identifier: GPL-2.0-only
"""What a leg of the soak can do in its guest, and how its output is counted."""

import dataclasses
import json
import typing

import faults
import reliability
import stages
import storms
from common import Result, add_selftests


@dataclasses.dataclass(frozen=True)
class Step:
    """A line for the guest's shell, with $seed, and who counts what it prints."""
    name: str
    line: str
    # Called with a Result and the file; its notes are findings.  None: the status says
    # it all.
    count: typing.Callable = None


@dataclasses.dataclass(frozen=True)
class Load:
    """Steps that are repeated, each time with the next seed, until the leg is over."""
    name: str
    steps: tuple = ()
    ko: tuple = ("shardmap.ko",)
    prepare: str = "insmod /ko/shardmap.ko"
    finish: str = "rmmod shardmap"
    # Widths of the selftests that the guest needs
    selftests: tuple = ()
    # More arguments for the kernel
    append: str = ""
    # Seconds that a round may take beyond the leg's time
    longest: int = 900
    # Whether the steps are done once, and not again with other seeds.
    once: bool = False
    # Not a load but a test of the soak: each expression must match a finding.
    planted: tuple = ()
    # Instead of steps: called with (kernel, log), returns a Result.
    run: typing.Callable = None


def _printed(result, path, figure="ops", member="ops"):
    """The JSON that a tool printed, its operations and faults counted."""
    printed = json.loads(path.read_text())
    if member:
        result.figure(figure, printed[member])
    if "injected" in printed:
        result.figure("faults_random", printed["injected"])
    return printed


def count_stress(result, path):
    printed = _printed(result, path)
    verify = printed["verify"]
    wrong = {name: number for name, number in verify.items()
             if name not in ("enabled", "checked") and number}
    result.count(not wrong, f"wrong results: {wrong}")
    result.count(verify["enabled"] and verify["checked"], "nothing was checked")
    result.count(not printed["reports"], f"{printed['reports']} kernel reports")


def count_lin(result, path):
    printed = _printed(result, path)
    stages.count_lin(result, printed, "inline" if printed["inline"] else "tagged", path)


def count_scan(result, path):
    printed = _printed(result, path, member="updates")
    storms.count_scan(result, path.stem, printed)
    for name in ("missed", "repeated", "wrong", "count_mismatch"):
        result.count(not printed[name], f"{name}: {printed[name]}")


def count_kill(result, path):
    printed = _printed(result, path)
    storms.count_kill(result, printed)
    result.count(not printed["failures"], f"{printed['failures']} failures after kills")


def count_large(result, path):
    printed = _printed(result, path, member="entries")
    reliability.count_large(result, printed)
    # Longest times do not add up, and have been judged.
    for name in ("gap_ms", "gap_control_ms"):
        del result.figures[name]


def count_flood(result, path):
    reliability.count_flood(result, _printed(result, path))


def count_unload(result, path):
    reliability.count_unload(result, _printed(result, path), path)


def count_selftests(result, path):
    own = Result()
    add_selftests(own, path, "selftests")
    result.figure("tests", own.passed)
    result.notes += own.notes or ["selftests failed"] * bool(own.failed)


def count_in_turn(result, path):
    own = Result()
    faults.count_systematic(own, path)
    result.figure("faults_systematic", own.figures["faults_systematic"])
    result.notes += own.notes or ["tests failed"] * bool(own.failed)


def kunit(kernel, log):
    """The KUnit suites; a boot runs them once."""
    own, ops = stages.kunit(kernel, 1200, log)
    return Result(own.passed, own.failed, own.skipped, notes=own.notes,
                  figures={"ops": ops, "tests": own.passed})


SEED = "--seed $seed "
STRESS = stages.STRESS + "--duration 20 " + SEED
LIN = "shardmap-stress lin --ops 300000 --json " + SEED
SCAN = storms.SCAN.format(50000, 100000, 10, 5) + " " + SEED
KILL = "shardmap-stress kill --json " + SEED
FAULTS_SH = "sh /selftests64/faults.sh "


def _selftests(*widths):
    return Load("selftests", tuple(
        Step(f"selftests{width}", f"sh /selftests{width}/run.sh", count_selftests)
        for width in widths), selftests=widths, longest=1200)


STRESSES = (
    Step("mixed", STRESS + "--batch 16 --value-size 8-600 --mix 40:25:15:10:10",
         count_stress),
    Step("zipf", STRESS + "--dist zipf --keys 20000", count_stress),
    Step("inline", STRESS + "--inline --batch 16 --mix 40:25:15:10:10", count_stress))
GROWTHS = (
    Step("growing", STRESS + "--growth --keys 20000 --batch 16", count_stress),
    Step("growing-inline", STRESS + "--growth --inline --keys 20000 --batch 16",
         count_stress))

STRESS_LOAD = Load("stress", STRESSES)
GROWTH = Load("growth", GROWTHS)
# KCSAN looks at four times as many accesses; a prime, so as not to fall into step.
WATCHED = Load("watched", GROWTHS + STRESSES,
               prepare=f"insmod /ko/shardmap.ko && echo 1009 > {stages.KCSAN_SKIP}")
LINEARIZABLE = Load("lin", (Step("lin", LIN, count_lin),
                            Step("lin-inline", LIN + "--inline", count_lin)))
SCANS = Load("scan", (Step("scan", SCAN, count_scan),
                      Step("scan-inline", SCAN + "--inline", count_scan)))
KILLS = Load("kill", (
    Step("kill", KILL + "--kills 50", count_kill),
    Step("kill-inline", KILL + "--kills 20 --inline --children 4", count_kill)))
SELFTESTS = _selftests(64)
SELFTESTS_BOTH = _selftests(64, 32)
KUNIT = Load("kunit", run=kunit)

# What the program unloads must not be loaded.
UNLOAD = ("rmmod shardmap || exit 1; " + reliability.UNLOAD + f" {SEED}; "
          "ended=$?; insmod /ko/shardmap.ko || exit 1; exit $ended")
STORMS = Load("storms", (
    Step("large", reliability.STORMS["large"], count_large),
    Step("flood", reliability.STORMS["flood"], count_flood),
    Step("unload", UNLOAD, count_unload)),
    ko=("shardmap.ko", "shardmap_reader.ko"), append=reliability.STORM_KERNEL_ARGS)

FAULTS = Load("faults", tuple(
    [Step(name, FAULTS_SH + faults.STRESS + SEED + options, count_stress)
     for name, options in faults.RUNS.items()]
    + [Step(name, FAULTS_SH + faults.LIN + SEED + options, count_lin)
       for name, options in faults.LINS.items()]), selftests=(64,))
IN_TURN = Load("faults-in-turn", (
    Step("fail_nth", FAULTS_SH + "/selftests64/faults/fail_nth_test", count_in_turn),),
    once=True, selftests=(64,), longest=1800)

# Silence means something only if these are found.  What says it all by its status is
# known by the first and the last word.
STATUS_PLANTED = {"-".join((line.split()[0], line.split()[-1])): line
                  for line in storms.PLANTED}
PLANTED = Load("planted", (
    Step("torn", STRESS + "--plant torn", count_stress),
    Step("lost", STRESS + "--plant lost", count_stress),
    Step("lost-update", "shardmap-stress lin --json " + SEED + "--plant lost-update",
         count_lin),
    *(Step(name, f"shardmap-stress {line}") for name, line in STATUS_PLANTED.items())),
    planted=("^torn, .*wrong results:", "^lost, .*wrong results:",
             "^lost-update, .*not linearizable",
             *(f"^{name}, .*status 3" for name in STATUS_PLANTED)))
PLANTED_REPORT = Load("planted-report", (
    Step("report", "echo 'BUG: planted by the soak' > /dev/kmsg"),), once=True,
    planted=("guest ended with 4", "kernel log: BUG: planted by the soak"))

# Kernels take turns, so that a short soak has been on most of them.  A new kind of load
# is a line here; legs are numbered through the table again and again.
LEGS = (
    ("stock-6.12", STRESS_LOAD),
    ("kcsan", GROWTH),
    ("kasan", FAULTS),
    ("rt-6.12", STRESS_LOAD),
    ("stock-6.1", GROWTH),
    ("arm64", STRESS_LOAD),
    ("stock-6.12", PLANTED),
    ("kcsan", KUNIT),
    ("kasan", IN_TURN),
    ("rt-6.12", KILLS),
    ("stock-6.1", SELFTESTS_BOTH),
    ("arm64", SELFTESTS),
    ("stock-6.12", STORMS),
    ("kcsan", LINEARIZABLE),
    ("kasan", KUNIT),
    ("rt-6.12", SELFTESTS),
    ("stock-6.1", SCANS),
    ("arm64", LINEARIZABLE),
    ("stock-6.12", SCANS),
    ("kcsan", WATCHED),
    ("kasan", KILLS),
    ("rt-6.12", LINEARIZABLE),
    ("stock-6.1", KILLS),
    ("arm64", GROWTH),
    ("stock-6.12", LINEARIZABLE),
    ("kcsan", KILLS),
    ("kasan", FAULTS),
    ("rt-6.12", GROWTH),
    ("arm64", KILLS),
    ("stock-6.12", PLANTED_REPORT),
    ("stock-6.12", KILLS),
    ("kcsan", SCANS),
    ("kasan", STRESS_LOAD),
    ("stock-6.12", SELFTESTS_BOTH),
    ("arm64", SCANS),
)

# The modules that a kernel's loads need beside shardmap.ko
MODULES = {"stock-6.12": ("SHARDMAP_READER=1",), "kcsan": ("SHARDMAP_BENCH=1",),
           "kasan": ("SHARDMAP_BENCH=1",)}
