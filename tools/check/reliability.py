# SPDX-License-Identifier: GPL-2.0-only
"""What no load, no unload and no reader may bring about, on Debian's kernels."""

from common import (CI, LOGS, STRESS, Result, add_selftests, guest, modules, read_json,
                    selftests, static_tools)

LARGE_ENTRIES = 4 << 20 if CI else 400000
UNLOADS = 500 if CI else 40
FLOOD_MS = 10000 if CI else 1000
TORTURE_SECONDS = 60 if CI else 5
STORM_SECONDS = 900 if CI else 300

# A thread that wants a CPU waits for no longer.  Under emulation anything may take
# longer, so what the same threads see beside other work is what counts then.
GAP_MS = 50
GAP_TIMES_CONTROL = 4

# Caches of their own, so that one which is not empty when it goes is told of.
STORM_KERNEL_ARGS = "slab_nomerge"
STORMS = {
    "large": f"shardmap-stress large --json --entries {LARGE_ENTRIES}",
    "flood": "shardmap-stress flood --json --pin /ko/shardmap_reader.ko "
             f"--free-ms {FLOOD_MS}",
}
TORTURES = {"torture": "--ttl 50", "torture-inline": "--inline",
            "torture-evict": "--evict --max-entries 300"}
TORTURE = f"shardmap-stress torture --json --duration {TORTURE_SECONDS} "
STORMS.update((name, TORTURE + options) for name, options in TORTURES.items())
# Each must be found.
TORTURE_PLANTS = "".join(
    f"shardmap-stress torture --ops 20000 --plant {fault} > /dev/null 2>&1; "
    f"[ $? = 3 ] || {{ echo 'not found: {fault}'; exit 1; }}; "
    for fault in ("stale", "torn", "lost"))
UNLOAD = f"shardmap-stress unload --json --unloads {UNLOADS}"
# Status 3, a violation, is for the figures to tell.
TO_FILE = "{} > /out/{}.json || [ $? = 3 ] || exit 1; "
STORM_COMMAND = ("insmod /ko/shardmap.ko || exit 1; "
                 + "".join(TO_FILE.format(line, name) for name, line in STORMS.items())
                 + TORTURE_PLANTS + "rmmod shardmap || exit 1; "
                 + TO_FILE.format(UNLOAD, "unload"))

# Memory has what others left in it, or a pattern: a byte that was not set shows.
POISON_KERNEL_ARGS = "init_on_alloc=0 slub_debug=P"
POISON_TESTS = ("leak_test", "leak_small_test")

# Those who sleep, wait and are killed: where a lock that became one that sleeps, or
# a section that can be preempted now, would matter.
RT_TESTS = ("batch_test", "batch_signal_test", "scan_test", "drain_test", "ttl_test",
            "evict_test", "inline_test", "race_test", "lifetime_test",
            "names_race_test", "limit_race_test", "watch_wait_test", "freeze_test",
            "atomic_batch_test", "stall_test", "stall_hole_test", "flood_test", "memcg_test")
RT_STRESS_SECONDS = 60 if CI else 6


def count_large(result, large):
    """What `shardmap-stress large` printed."""
    control = large["control"]["gap_ms"]
    most = max(GAP_MS, GAP_TIMES_CONTROL * control)
    phases = {name: large[name]["gap_ms"] for name in ("fill", "drain", "clear", "close")}
    result.figures.update(gap_ms=max(phases.values()), gap_control_ms=control)
    result.count(not large["lost"] and not large["left_over"],
                 "entries of a large table were lost, or its memory did not come back")
    for name, gap in phases.items():
        result.count(gap <= most, f"to {name} a table of {large['entries']} entries "
                     f"kept others off a CPU for {gap:.0f} ms, {control:.0f} ms is usual")


def _torture(result, out):
    for name in TORTURES:
        torture = read_json(out, name)
        result.figure("torture_ops", torture["ops"])
        result.count(not torture["failures"], f"shardmap-stress {name}: "
                     f"{torture['failures']} faults, see {out}/{name}.json")
        for what in ("stored", "left", "cleared", "passes", "batches", "resizes"):
            result.count(torture[what], f"shardmap-stress {name}: {what} is 0")
    result.count(read_json(out, "torture-evict")["evicted"], "nothing was evicted")
    result.count(read_json(out, "torture")["expired"], "nothing came to its end")


def _storms(kernel, result):
    log = f"{kernel}-storms"
    tools = static_tools()
    status, _ = guest(log, kernel, STORM_COMMAND, ok=None, timeout=STORM_SECONDS,
                      ko=("shardmap.ko", "shardmap_reader.ko"),
                      add=(tools / "shardmap-stress",),
                      options=("--append", STORM_KERNEL_ARGS))
    result.count_guest(status, log)
    out = LOGS / f"{log}.out"
    if status:
        return
    count_large(result, read_json(out, "large"))
    count_flood(result, read_json(out, "flood"))
    _torture(result, out)
    count_unload(result, read_json(out, "unload"), f"build/check/{log}.out/unload.json")


def count_flood(result, flood):
    """What `shardmap-stress flood` printed."""
    result.count(flood["most"] <= flood["bound"] and not flood["left_over"],
                 f"{flood['most']} bytes waited for readers, of {flood['bound']}")
    result.count(flood["pinned_ops"] and flood["pinned_ops"] < flood["ops"],
                 "updates came to no end beside a long reader, or did not begin")


def count_unload(result, unload, where):
    """What `shardmap-stress unload` printed."""
    result.count(not unload["failures"], f"shardmap-stress unload: {unload['failures']} "
                 f"failures, see {where}")
    result.figure("unloads", unload["unloads"])
    result.figure("leaks", unload["left_over"] + unload["caches"])
    for name in ("refused", "opened", "closed", "looks"):
        result.count(unload[name], f"shardmap-stress unload: {name} is 0")


def _poison(kernel, result):
    log = f"{kernel}-poison"
    widths = (64, 32)
    add, command = [], "insmod /ko/shardmap.ko || exit 1; "
    for width in widths:
        add.append(f"{selftests(width)}:/selftests{width}")
        tests = " ".join(f"/selftests{width}/{test}" for test in POISON_TESTS)
        command += (f"sh /selftests{width}/run.sh {tests} > /out/selftests{width}.tap; ")
    # Without the pattern the tests prove nothing.
    command += "grep -q 1 /sys/kernel/slab/kmalloc-256/poison && rmmod shardmap"
    status, _ = guest(log, kernel, command, ko=("shardmap.ko",), add=add, ok=None,
                      options=("--append", POISON_KERNEL_ARGS))
    result.count_guest(status, log)
    for width in widths:
        result.figure("leaks", add_selftests(
            result, LOGS / f"{log}.out" / f"selftests{width}.tap",
            f"{kernel} {width} bit, {POISON_KERNEL_ARGS}"))


def stock(kernel):
    """On a stock kernel: storms, and memory that is not cleared."""
    result = Result()
    modules(kernel, "SHARDMAP_SAMPLES=1", "SHARDMAP_READER=1")
    if kernel == "stock-6.12":
        _storms(kernel, result)
    _poison(kernel, result)
    return result


def rt():
    """Selftests and stress on Debian's real-time kernel."""
    result = Result()
    kernel, log = "rt-6.12", "rt-6.12-selftests"
    tools = static_tools()
    modules(kernel)
    built = selftests(64)
    tests = "" if CI else " ".join(f"/selftests64/{test}" for test in RT_TESTS)
    stress = STRESS + "--duration {}"
    status, _ = guest(
        log, kernel,
        "[ \"$(cat /sys/kernel/realtime)\" = 1 ] || exit 1; "
        f"insmod /ko/shardmap.ko || exit 1; "
        f"sh /selftests64/run.sh {tests} > /out/selftests64.tap; "
        f"{stress.format(RT_STRESS_SECONDS)} > /out/stress.json || exit 1; "
        f"{stress.format(RT_STRESS_SECONDS // 3)} --growth --inline > /out/inline.json "
        "|| exit 1; rmmod shardmap",
        ko=("shardmap.ko",), ok=None, timeout=900 if CI else 400,
        add=(f"{built}:/selftests64", tools / "shardmap-stress"))
    out = LOGS / f"{log}.out"
    result.count_guest(status, log)
    add_selftests(result, out / "selftests64.tap", kernel)
    if status == 0:
        for name in ("stress", "inline"):
            result.figure("rt_ops", read_json(out, name)["ops"])
    return result
