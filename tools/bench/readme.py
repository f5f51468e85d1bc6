# SPDX-License-Identifier: GPL-2.0-only
"""The figures in README.md, between two marks."""

import re

from rst import number

BEGIN = "<!-- figures: written by make bench -->"
END = "<!-- end of figures -->"

# What is said, work of shardmap, work of the alternative.
LINES = (("hit", "hit", "hit"), ("hit, dependent", "hit_dep", "hit_dep"),
         ("miss", "miss", "miss"), ("get in batches of 32", "batch32", "hit"),
         ("insert while growing", "insert_grow", "insert_grow"),
         ("update", "update", "update"), ("delete", "delete", "delete"))


def text(results):
    rows = results.all(suite="uml", backend="shardmap", payload="8+8")
    if not rows:
        return "No figures yet: `make bench` measures and writes them here."
    most = max(rows, key=lambda row: row["entries"])
    entries = most["entries"]
    lines = [
        f"One thread, 8-byte keys and values, {entries:,} entries, in the kernel at "
        f"native speed\n(UML on {most.get('cpu')}, {most.get('cores')} cores, "
        f"{most.get('date')}); ns per operation:",
        "", "| | shardmap | rhashtable | rwlock per shard | sync.Map's shape | mutex |",
        "|---|---:|---:|---:|---:|---:|"]
    for name, ours, theirs in LINES:
        cells = []
        for backend in ("shardmap", "rhashtable", "sharded", "syncmap", "mutex"):
            row = results.one(suite="uml", backend=backend, payload="8+8",
                              work=ours if backend == "shardmap" else theirs,
                              entries=entries)
            cells.append(number(row["ns_per_op"]) if row else "-")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    cells = []
    for backend in ("shardmap", "rhashtable", "sharded", "syncmap", "mutex"):
        row = results.one(suite="uml", backend=backend, payload="8+8",
                          work="insert_grow", entries=entries) or {}
        cells.append(number(row.get("bytes_per_entry")) or "-")
    lines += [f"| bytes per entry | {' | '.join(cells)} |", "",
              "Only shardmap has a get of many keys; the others get them singly.  More "
              "threads, latencies\nand method: `Documentation/benchmarks.rst`."]
    return "\n".join(lines)


def write(results, path):
    if not path.exists():
        return
    before = path.read_text()
    after = re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}",
                   lambda _: f"{BEGIN}\n{text(results)}\n{END}", before, flags=re.S)
    if after != before:
        path.write_text(after)
