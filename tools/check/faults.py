# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a table when allocations and copies fail, in a guest of kasan."""

import re

import common
from common import (CI, LOGS, Result, add_ktap, guest, modules, read_json,
                    selftests, static_tools)

# Percent of the module's allocations of objects, of pages, and of its copies.  So many
# operations have so many faults, however slow the machine is.
STRESS = common.STRESS + "--faults 20:20:5 "
TIMES = 6 if CI else 1
RUNS = {
    "small": f"--ops {TIMES * 6000} --keys 200 --counters 16 --mix 30:30:20:10:10 "
             "--value-size 8-600",
    "growing": f"--ops {TIMES * 12000} --growth --keys 8000 --batch 16 "
               "--mix 20:70:0:10",
    "inline": f"--ops {TIMES * 8000} --inline --keys 200 --counters 16 "
              "--mix 30:30:20:10:10",
    "growing-inline": f"--ops {TIMES * 12000} --inline --growth --keys 8000 --batch 16 "
                      "--mix 20:70:0:10",
}
# Whoever checks an order must know of each operation whether it was carried out, so
# that copies do not fail here.
LIN = ("shardmap-stress lin --json --faults 20:20:0 --threads 2 "
       f"--ops {100000 if CI else 10000} ")
LINS = {"lin": "", "lin-inline": "--inline"}

# Kinds of tables; all of them take minutes.
VARIANTS = "" if CI else "-v words -v inline -v growing"
SYSTEMATIC_WANTED = 3000 if CI else 1000
RANDOM_WANTED = 50000 if CI else 5000

COMMAND = (
    "insmod /ko/shardmap.ko || exit 1; "
    "sh /selftests64/faults.sh sh -c '"
    f"/selftests64/faults/fail_nth_test {VARIANTS} > /out/fail_nth.tap 2>&1; "
    + "".join(f"{STRESS}{options} > /out/{name}.json || exit 1; "
              for name, options in RUNS.items())
    + "".join(f"{LIN}{options} > /out/{name}.json || exit 1; "
              for name, options in LINS.items())
    + "' || exit 1; rmmod shardmap")


def stage():
    """Each in its turn, then at random under load."""
    result = Result()
    modules("kasan")
    built = selftests(64)
    status, _ = guest("kasan-faults", "kasan", COMMAND, ko=("shardmap.ko",),
                      add=(f"{built}:/selftests64",
                           static_tools() / "shardmap-stress"),
                      timeout=1800 if CI else 900, ok=None)
    out = LOGS / "kasan-faults.out"
    result.count_guest(status, "kasan-faults")
    tap = out / "fail_nth.tap"
    if tap.exists():
        count_systematic(result, tap)
    if status == 0:
        _count_random(result, out)
    return result


def count_systematic(result, tap):
    """What fail_nth_test printed."""
    add_ktap(result, tap)
    text = tap.read_text(errors="replace")
    found = sum(int(n) for n in re.findall(r"^# (\d+) faults in turn$", text, re.M))
    result.figure("faults_systematic", found)
    result.count(found >= SYSTEMATIC_WANTED,
                 f"{found} faults in turn, {SYSTEMATIC_WANTED} wanted")


def _count_random(result, out):
    found = 0
    for name in (*RUNS, *LINS):
        run = read_json(out, name)
        found += run["injected"]
        result.count(run["injected"], f"faults: nothing failed in '{name}'")
    result.figure("faults_random", found)
    result.count(found >= RANDOM_WANTED,
                 f"{found} random faults, {RANDOM_WANTED} wanted")
