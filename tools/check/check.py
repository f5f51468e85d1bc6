#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the project's tests, stage by stage, and sum them up in one line.

Logs go to build/check, figures to build/figures.json.
"""

import argparse
import subprocess
import sys

sys.dont_write_bytecode = True

import cases  # noqa: E402
import faults  # noqa: E402
import fuzz  # noqa: E402
import lint  # noqa: E402
import reliability  # noqa: E402
import stages  # noqa: E402
from common import BUILD, ROOT, Failed, Progress, Result, write_figures  # noqa: E402

FULL = {
    "lint": lint.stage,
    "host": stages.host,
    "uml": stages.uml,
    "kcsan": stages.kcsan,
    "kasan": stages.kasan,
    "stock-6.12": stages.stock612,
    "storms-6.12": lambda: reliability.stock("stock-6.12"),
    "stock-6.1": stages.stock61,
    "storms-6.1": lambda: reliability.stock("stock-6.1"),
    "rt-6.12": reliability.rt,
}

# By name only.  The planted bugs are in the stages of their beds; the others take too
# long on kasan to be part of a whole run.
ALONE = {"cases": cases.stage, "faults": faults.stage, "fuzz": fuzz.stage}

QUICK = {
    "lint": lambda: lint.stage(quick=True),
    "host": stages.host,
    "uml": stages.uml,
    "stock-6.12": stages.stock612_quick,
}


def run_stage(name, function):
    with Progress(name) as progress:
        try:
            result = function()
        except (Failed, OSError, ValueError, KeyError) as failed:
            result = Result(failed=1, notes=[f"{type(failed).__name__}: {failed}"])
    result.figures[f"seconds_{name.replace('-', '_').replace('.', '')}"] = round(
        progress.seconds)
    verdict = "FAILED" if result.failed else "ok"
    print(f"check: {name}: {verdict}, {result.passed} passed, {result.failed} failed, "
          f"{result.skipped} skipped, {progress.seconds:.0f} s", flush=True)
    for note in result.notes:
        print(f"  {note}", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="for the edit loop")
    parser.add_argument("stage", nargs="*", help=f"any of: {' '.join([*FULL, *ALONE])}")
    args = parser.parse_args()
    table = QUICK if args.quick else FULL
    names = args.stage or list(table)
    table = {**table, **ALONE}
    for name in names:
        if name not in table:
            parser.error(f"no stage '{name}', there are: {' '.join(table)}")
    if subprocess.run([ROOT / "tools" / "setup.sh", "check", "host"]).returncode:
        return 1
    BUILD.mkdir(exist_ok=True)
    total, figures, notes = Result(), {}, []
    for name in names:
        result = run_stage(name, table[name])
        total.add(result.passed, result.failed, result.skipped)
        notes += [f"{name}: {note}" for note in result.notes]
        # Stages on several kernels add to the same figure.
        for key, value in result.figures.items():
            figures[key] = figures.get(key, 0) + value
        write_figures(figures)
    print("\nfigures (build/figures.json):")
    for name, value in sorted(figures.items()):
        print(f"  {name:28} {value}")
    # Again, for who sees only the end of a long log.
    print("", *notes, sep="\n")
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed or not total.passed else 0


sys.exit(main())
