# SPDX-License-Identifier: GPL-2.0-only
"""Build the runner as a program, tools/bench-host, and run loads of it here."""

import dataclasses
import json
import re
import subprocess

from common import ROOT, WORK, Trouble, say
from guest import logged

SOURCE = ROOT / "tools" / "bench-host"
PROGRAM = WORK / "bench-host" / "bench-host"


def build():
    """The program, which has shown that all its maps are right."""
    logged("bench-host", ["make", "-C", SOURCE, "-j2", f"O={PROGRAM.parent}"])
    logged("bench-host-check", [PROGRAM, "--check"])


def _run(parameters):
    done = subprocess.run([str(PROGRAM), *parameters.split()], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Trouble(f"bench-host {parameters} ended with {done.returncode}:\n"
                      f"{done.stderr.strip()}")
    return [json.loads(line)
            for line in re.findall(r"shardmap_bench: (\{.*\})", done.stdout)]


def measure_round(load, number):
    """Each map in a process of its own: none finds the memory that another has left."""
    reports = []
    for backend in load.backends.split(","):
        one = dataclasses.replace(load, backends=backend, repeats=1)
        for _, parameters in one.commands():
            reports += _run(f"{parameters} first={number}")
    return reports


def measure(loads):
    """Rounds over all maps; returns what the runner reported, in order."""
    reports = []
    for load in loads:
        for payload in load.payloads:
            one = dataclasses.replace(load, payloads=(payload,))
            say(f"host: {payload}, {load.entries} entries, {load.threads} threads, "
                f"{load.works or 'all works'}")
            for number in range(load.repeats):
                reports += measure_round(one, number)
    if not any("ns" in report for report in reports):
        raise Trouble("bench-host reported no measurement")
    return reports
