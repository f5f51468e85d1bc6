# SPDX-License-Identifier: GPL-2.0-only
"""Paths, and what the machine is."""

import datetime
import os
import pathlib
import platform
import re
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
WORK = BUILD / "bench"
RESULTS = BUILD / "bench.json"
VM = ROOT / "tools" / "vm" / "vm"

PAYLOADS = ("8+8", "16+64")


class Trouble(Exception):
    """A suite cannot be measured; the text says why."""


def say(text):
    print(f"bench: {text}", flush=True)


def _cache_sizes():
    found = {}
    for index in pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        if (index / "type").read_text().strip() != "Instruction":
            found[(index / "level").read_text().strip()] = (
                index / "size").read_text().strip()
    return ", ".join(f"L{level} {size}" for level, size in sorted(found.items()))


def machine():
    """What every row says about where it was measured."""
    model = re.search(r"^model name\s*: (.*)$",
                      pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    return {"cpu": model[1] if model else platform.machine(),
            "cores": len(os.sched_getaffinity(0)), "caches": _cache_sizes(),
            "host_kernel": platform.release(),
            "date": datetime.date.today().isoformat()}


def _cpu_times():
    line = pathlib.Path("/proc/stat").read_text().splitlines()[0]
    times = [int(word) for word in line.split()[1:9]]
    # user nice system idle iowait irq softirq steal
    return sum(times), times[3] + times[4]


def busy():
    """How busy others keep the machine, in %, looked at for a second."""
    total, idle = _cpu_times()
    time.sleep(1)
    total, idle = (after - before for before, after in zip((total, idle), _cpu_times()))
    return round(100 * (1 - idle / total)) if total else 0
