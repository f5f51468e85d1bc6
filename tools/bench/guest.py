# SPDX-License-Identifier: GPL-2.0-only
"""Build the modules for a bed, run loads of the runner there, read its log."""

import dataclasses
import json
import re
import subprocess

from common import PAYLOADS, ROOT, VM, WORK, Trouble, say


@dataclasses.dataclass
class Load:
    """One load of the runner for each payload; fields are its parameters."""
    entries: int
    ops: int
    repeats: int
    threads: int = 1
    dist: str = "uniform"
    works: str = ""
    backends: str = ""
    payloads: tuple = PAYLOADS

    def scaled(self, scale, repeats):
        return dataclasses.replace(
            self, entries=max(int(self.entries * scale), 1000),
            ops=max(int(self.ops * scale), 1000), repeats=repeats or self.repeats)

    def commands(self):
        for payload in self.payloads:
            words = [f"{name}={getattr(self, name)}" for name in (
                "entries", "ops", "repeats", "threads", "dist", "works", "backends")
                if getattr(self, name)]
            yield (f"{payload}, {self.entries} entries, {self.threads} threads, "
                   f"{self.works or 'all works'}",
                   f"payload={payload} {' '.join(words)}")


@dataclasses.dataclass
class Guest:
    """A kernel to measure on, as the options of tools/vm/vm."""
    bed: str
    cpus: int = 1
    mem: int = 2048
    timeout: int = 1200
    icount: bool = False
    hold: bool = False
    suite: str = ""
    # What the shell does first, and the name of a guest that is set up that way.
    setup: str = ""
    label: str = ""

    @property
    def name(self):
        extra = f"-{self.cpus}cpus" if self.cpus > 1 else ""
        return (f"{self.suite}-{self.bed}" + extra + ("-icount" if self.icount else "")
                + ("-hold" if self.hold else "")
                + (f"-{self.label}" if self.label else ""))


def logged(name, argv):
    """Run with all output in a log; returns the path of the log."""
    WORK.mkdir(parents=True, exist_ok=True)
    log = WORK / f"{name}.log"
    with open(log, "w") as stream:
        done = subprocess.run([str(a) for a in argv], stdout=stream,
                              stderr=subprocess.STDOUT)
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise Trouble(f"{argv[0]} ended with {done.returncode}, log "
                      f"{log.relative_to(ROOT)}\n{tail}")
    return log


def modules(guest):
    """Apart from the modules of other targets, and those with clocks inside too."""
    out = WORK / (guest.bed + ("-hold" if guest.hold else ""))
    options = ["SHARDMAP_LOCK_HOLD=1"] if guest.hold else []
    logged(f"modules-{out.name}", [VM, "modules", guest.bed, "--out", out,
                                   "SHARDMAP_BENCH=1", *options])
    return [out / "shardmap.ko", out / "shardmap_bench.ko"]


def boot(guest, command, kos, add=(), out=None):
    """Run a command in a guest with its output shown; returns the kernel log."""
    console = WORK / f"{guest.name}.console"
    argv = [VM, "run", "--kernel", guest.bed, "--cpus", guest.cpus, "--mem",
            guest.mem, "--timeout", guest.timeout, "--console", console]
    argv += ["--icount"] if guest.icount else []
    argv += ["--out", out] if out else []
    for ko in kos:
        argv += ["--ko", ko]
    for path in add:
        argv += ["--add", path]
    status = subprocess.run([str(a) for a in (*argv, "--", command)]).returncode
    log = console.read_text(errors="replace")
    if status:
        why = re.findall(r"shardmap_bench: (?!\{)(.*)", log)
        raise Trouble(f"the guest {guest.name} ended with {status}, log "
                      f"{console.relative_to(ROOT)}" + "".join(f"\n  {w}" for w in why))
    return log


def measure(guest, loads):
    """Run loads in one guest; returns what the runner reported, in order."""
    kos = modules(guest)
    steps = [step for load in loads for step in load.commands()]
    command = guest.setup + "insmod /ko/shardmap.ko"
    for number, (text, parameters) in enumerate(steps, 1):
        command += (f" && echo 'bench: {guest.name} {number}/{len(steps)}: {text}'"
                    f" && insmod /ko/shardmap_bench.ko {parameters}"
                    " && rmmod shardmap_bench")
    say(f"{guest.name}: {len(steps)} loads")
    log = boot(guest, command + " && rmmod shardmap", kos)
    reports = [json.loads(line)
               for line in re.findall(r"shardmap_bench: (\{.*\})", log)]
    if not any("ns" in report for report in reports):
        raise Trouble(f"the guest {guest.name} reported no measurement")
    return reports
