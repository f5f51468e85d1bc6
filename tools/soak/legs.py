# SPDX-License-Identifier: GPL-2.0-only
"""Run one leg of the soak, and say what came out."""

import dataclasses
import functools
import re
import shutil
import time

from common import (BUILD, ROOT, Failed, Result, guest, modules, place, selftests,
                    static_tools)
from loads import LEGS, MODULES

SOAK = BUILD / "soak"
GUEST_SCRIPT = ROOT / "tools" / "soak" / "leg.sh"

# Rounds of a leg have seeds that follow each other.
SEEDS_PER_LEG = 1000

# What it looks like when output is missing or half there
BROKEN = (Failed, OSError, ValueError, KeyError)

RULE = re.compile(r"[=-]+$|-+\[ cut here \]-+$")


@dataclasses.dataclass
class Leg:
    """A guest's run: which one, and what came out."""
    number: int
    kernel: str
    load: object
    seconds: float = 0
    # What should not be; of a planted load, what was not found.
    notes: list = dataclasses.field(default_factory=list)
    figures: dict = dataclasses.field(default_factory=dict)
    planted: int = 0

    @property
    def seed(self):
        return self.number * SEEDS_PER_LEG + 1

    @property
    def log(self):
        """Name of its files, see common.run()."""
        return SOAK / f"leg-{self.number:05}"

    def title(self):
        return f"leg {self.number}: {self.kernel}, {self.load.name}, seed {self.seed}"

    def finding(self):
        return {"leg": self.number, "kernel": self.kernel, "load": self.load.name,
                "seed": self.seed, "notes": self.notes,
                "command": f"tools/soak/soak.py --leg {self.number}",
                "log": str(place(self.log, "log"))}


def leg_of(number):
    return Leg(number, *LEGS[number % len(LEGS)])


@functools.cache
def prepare(kernel):
    """Once for each kernel, since it may take minutes: the kernel and what it runs."""
    modules(kernel, *MODULES.get(kernel, ()))
    static_tools(kernel)
    for width in {w for name, load in LEGS if name == kernel for w in load.selftests}:
        selftests(width, kernel)


def run(leg, seconds):
    """Fill in what came out; a finding is no exception."""
    started = time.monotonic()
    try:
        result = (leg.load.run(leg.kernel, leg.log) if leg.load.run else
                  _steps(leg, seconds))
    except BROKEN as broken:
        result = Result(notes=[f"{type(broken).__name__}: {broken}"])
    leg.seconds = time.monotonic() - started
    leg.figures = result.figures
    leg.notes = result.notes + _reports(leg)
    if leg.load.planted:
        _judge_planted(leg)
    if not leg.notes:
        _forget(leg)


def _steps(leg, seconds):
    load, result = leg.load, Result()
    seconds = 0 if load.once else seconds
    lines = {"prepare": load.prepare, **{step.name: step.line for step in load.steps},
             "finish": load.finish}
    text = leg.log.with_suffix(".txt")
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text("".join(f"{name} {line}\n" for name, line in lines.items()))
    add = [static_tools(leg.kernel) / "shardmap-stress", f"{GUEST_SCRIPT}:/leg.sh",
           f"{text}:/leg.txt"]
    add += [f"{selftests(width, leg.kernel)}:/selftests{width}" for width in load.selftests]
    shutil.rmtree(leg.log.with_suffix(".out"), ignore_errors=True)
    # Where stderr is no terminal, the tools show no progress.
    command = f"set -o pipefail; sh /leg.sh {seconds:.0f} {leg.seed} 2>&1 | cat"
    status, output = guest(
        leg.log, leg.kernel, command, ko=load.ko, add=add,
        timeout=seconds + load.longest, ok=None,
        options=("--append", load.append) if load.append else ())
    for name, seed, ended in re.findall(r"^leg: (\S+), seed (\d+): status (\d+)$",
                                        output, re.M):
        if ended != "0":
            result.notes.append(f"{name}, seed {seed}: status {ended}")
    _count(leg, result)
    result.count_guest(status, leg.log)
    return result


def _count(leg, result):
    """What the steps printed, which is nothing if the guest died."""
    for step in leg.load.steps:
        rounds = sorted(leg.log.with_suffix(".out").glob(f"{step.name}.*"))
        for path in rounds if step.count else ():
            own = Result()
            try:
                step.count(own, path)
            except BROKEN as broken:
                own.notes.append(f"its output: {type(broken).__name__}: {broken}")
            seed = leg.seed + int(path.suffix[1:])
            result.notes += [f"{step.name}, seed {seed}: {note}" for note in own.notes]
            for name, value in own.figures.items():
                result.figure(name, value)


def _reports(leg):
    """The first line of what the kernel log has of detectors."""
    path = leg.log.with_suffix(".report")
    if not path.exists():
        return []
    lines = path.read_text(errors="replace").splitlines()
    return ["kernel log: " + next(line for line in lines if not RULE.match(line))]


def _judge_planted(leg):
    """Turn it round: what was found is well, what was not is a finding."""
    missed = [f"planted and not found: {wanted}" for wanted in leg.load.planted
              if not any(re.search(wanted, note) for note in leg.notes)]
    leg.planted = len(leg.load.planted) - len(missed)
    leg.notes = missed + leg.notes if missed else []
    leg.figures = {}


def _forget(leg):
    """Logs of what went well are long and say little."""
    shutil.rmtree(leg.log.with_suffix(".out"), ignore_errors=True)
    for path in SOAK.glob(f"{leg.log.name}[.-]*"):
        path.unlink()
