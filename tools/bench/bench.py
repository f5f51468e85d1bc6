#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure shardmap beside its alternatives, in the kernel.

All backends do the same operations on the same keys in interleaved rounds on one
kernel; see kmod/bench.  Every measurement goes to build/bench.json, a table of
medians to stdout.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VM = ROOT / "tools" / "vm" / "vm"
OUT = ROOT / "build" / "bench.json"
PAYLOADS = ("8+8", "16+64")
WORKS = ("insert_grow", "hit", "hit_dep", "miss", "batch32", "mix90", "update",
         "delete")


def guest_command(args):
    loads = " && ".join(
        f"insmod /ko/shardmap_bench.ko payload={payload} entries={args.entries} "
        f"ops={args.ops} repeats={args.repeats} threads={args.threads} && "
        "rmmod shardmap_bench" for payload in PAYLOADS)
    return f"insmod /ko/shardmap.ko && {loads} && rmmod shardmap"


def run_guest(args):
    out = ROOT / "build" / args.bed
    console = ROOT / "build" / f"bench-{args.bed}.console"
    subprocess.run([VM, "modules", args.bed, "SHARDMAP_BENCH=1"], check=True)
    subprocess.run([VM, "run", "--kernel", args.bed, "--timeout", "3000", "--mem",
                    "6144", "--console", console, "--cpus", str(args.cpus),
                    "--ko", out / "shardmap.ko", "--ko", out / "shardmap_bench.ko",
                    "--", guest_command(args)], check=True)
    return console.read_text(errors="replace")


def measurements(args, log):
    rounds = {}
    for line in re.findall(r"shardmap_bench: (\{.*\})", log):
        m = json.loads(line)
        key = (m["backend"], m["payload"], m["work"])
        rounds.setdefault(key, []).append(m)
    for (backend, payload, work), rows in rounds.items():
        ns = sorted(row["ps_per_op"] / 1000 for row in rows)
        median = statistics.median(ns)
        yield {
            "bed": args.bed, "backend": backend, "payload": payload, "work": work,
            "dist": "uniform", "entries": args.entries, "threads": args.threads,
            "ns_per_op": median, "mops": 1000 / median,
            "bytes_per_entry": max(row["bytes_per_entry"] for row in rows),
            "repeats": len(ns), "min": ns[0], "median": median, "max": ns[-1],
        }


def table(rows, payload):
    median = {(r["backend"], r["work"]): r for r in rows if r["payload"] == payload}
    lines = [f"{payload}: ns per operation, median", " " * 18 + "".join(
        f"{work:>12}" for work in WORKS) + "   B/entry"]
    for backend in dict.fromkeys(b for b, _ in median):
        cells = [median.get((backend, work)) for work in WORKS]
        size = max((c["bytes_per_entry"] for c in cells if c), default=0)
        lines.append(f"{backend:18}" + "".join(
            f"{c['ns_per_op']:12.0f}" if c else f"{'-':>12}" for c in cells)
            + (f"{size:10}" if size else f"{'-':>10}"))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bed", default="uml", help="kernel, as for tools/vm/vm")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--entries", type=int, default=1000000)
    parser.add_argument("--ops", type=int, default=1000000)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    rows = list(measurements(args, run_guest(args)))
    if not rows:
        print("bench: the guest reported no measurement", file=sys.stderr)
        return 1
    OUT.write_text(json.dumps(rows, indent=1) + "\n")
    for payload in PAYLOADS:
        print(table(rows, payload), end="\n\n")
    print(f"{len(rows)} measurements in {OUT.relative_to(ROOT)}")
    return 0


sys.exit(main())
