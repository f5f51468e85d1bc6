#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure shardmap beside its alternatives, and write the report.

All backends do the same operations on the same keys in interleaved rounds on one
kernel; see kmod/bench.  Every measurement goes to build/bench.json, from which
Documentation/benchmarks.rst, its plots, and the figures in README.md are made.
"""

import argparse
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True

import bars  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
from common import RESULTS, ROOT, Trouble, busy, say  # noqa: E402
from suites import SUITES, Context  # noqa: E402


def run_suite(name, context):
    others = busy()
    say(f"suite {name} ... ({others} % of the machine is busy with other things)")
    started = time.monotonic()
    try:
        found = SUITES[name](context)
    except Trouble as trouble:
        say(f"suite {name}: FAILED: {trouble}")
        return False
    seconds = round(time.monotonic() - started)
    rows.merge(name, [{**row, "suite_seconds": seconds, "busy_before": others}
                      for row in found])
    say(f"suite {name}: {len(found)} rows in {seconds} s")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"any of: {' '.join(SUITES)}")
    parser.add_argument("--scale", type=float, default=1.0,
                        help="times as many entries and operations, to try things out")
    parser.add_argument("--repeats", type=int, help="instead of each load's own number")
    parser.add_argument("--report", action="store_true",
                        help="measure nothing, make the report of what is there")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT,
                        help="where README.md and Documentation are (the tree)")
    args = parser.parse_args()
    names = args.suite or os.environ.get("SUITES", "").split() or list(SUITES)
    for name in names:
        if name not in SUITES:
            parser.error(f"no suite '{name}', there are: {' '.join(SUITES)}")
    failed = []
    if not args.report:
        context = Context(args.scale, args.repeats)
        failed = [name for name in names if not run_suite(name, context)]
    results = rows.Results(rows.load())
    if not results.rows:
        say("nothing is measured")
        return 1
    try:
        report.write(results, args.out)
    except Trouble as trouble:
        say(trouble)
        failed.append("report")
    print("\n" + bars.text(results))
    say(f"{len(results.rows)} rows in {RESULTS.relative_to(ROOT)}, report in "
        "Documentation/benchmarks.rst")
    if failed:
        say(f"FAILED: {' '.join(failed)}")
    return 1 if failed else 0


sys.exit(main())
