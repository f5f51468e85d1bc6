#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is the report made rightly?  Measures nothing and takes under two seconds."""

import pathlib
import re
import sys
import tempfile

sys.dont_write_bytecode = True

import bars  # noqa: E402
import plots  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
from common import Trouble  # noqa: E402
from suites import SUITES  # noqa: E402

COMMON = {"cpu": "CPU", "cores": 2, "caches": "L1 32K", "host_kernel": "6.0",
          "date": "2000-01-02", "cpus": 2}
# Speed of each backend as a multiple of rhashtable's.
FASTER = {"loop": 50, "floor-2-misses": 1.2, "rhashtable": 1, "shardmap": 1.3,
          "shardmap-siphash": 0.9, "sharded": 0.8, "syncmap": 0.5, "mutex": 0.25,
          "libcuckoo": 1.3, "cds_lfht": 0.65}
WORKS = ("insert_grow", "hit", "hit_dep", "miss", "batch32", "mix99", "mix90", "mix80",
         "mix50", "churn90", "update", "delete")


def reports(works=WORKS, threads=1, entries=1000, **more):
    """What the runner prints: three rounds of 90, 100 and 130 ns for rhashtable."""
    for backend, faster in FASTER.items():
        for payload in ("8+8", "16+64"):
            for work in works:
                for number, ns in enumerate((130, 90, 100)):
                    line = {"backend": backend, "payload": payload, "work": work,
                            "threads": threads, "entries": entries, "round": number,
                            "dist": "uniform", "ops": 1000, "ns": ns * 1000 / faster,
                            **more}
                    if work == "insert_grow":
                        line.update(used_bytes=entries * 100 / faster,
                                    accounted_bytes=entries * 50)
                    yield line


def latency(prefix, longest):
    return {f"{prefix}{p}_ns": 1000 * n for n, p in enumerate(rows.LATENCIES, 1)} | {
        longest: 9000}


def left():
    base = {"backend": "shardmap", "payload": "8+8", "work": "memory_after_delete",
            "threads": 1, "entries": 1000, "round": 0}
    return [{**base, "used_bytes": 1000, "accounted_bytes": 100},
            {**base, "used_bytes": 200, "accounted_bytes": 3, "after": 1}]


def sample():
    """Rows of all suites, through the same code as measured ones."""
    def made(suite, bed, lines, hold=False, **more):
        return rows.rows_of(list(lines), {**COMMON, "suite": suite, "bed": bed, **more},
                            hold)
    found = made("uml", "uml", reports(), cpus=1)
    found += made("uml", "uml", reports(("hit", "update"), entries=10), cpus=1)
    grow = ("insert_latency", "mix90_latency")
    found += made("uml-grow", "uml", [
        *reports(grow, clock_ns=20, **latency("", "max_ns")), *left()], cpus=1)
    found += made("uml-grow", "uml", reports(
        grow[:1], lock_holds=5, **latency("lock_hold_", "max_lock_hold_ns")), hold=True)
    for threads in (1, 2):
        found += made("stock", "stock-6.12", reports(threads=threads))
    found += made("stock", "stock-6.12", reports(("mix90",), threads=16), cpus=16)
    for threads in (1, 2):
        found += made("host", "host", reports(threads=threads))
    found += made("host", "host", reports(grow[:1], entries=16000, clock_ns=20,
                                          **latency("", "max_ns")))
    for bed in ("stock-6.12", "kcsan", "kasan"):
        found += made("detectors", bed, reports(threads=2))
    for skip in ("off", 4000):
        found += made("watch", "kcsan", reports(threads=2), skip_watch=skip)
    found += [{**row, "suite": "icount", "instructions_per_op": row["ns_per_op"]}
              for row in made("icount", "stock-6.12", reports())]
    found += [{**COMMON, "suite": "user", "bed": "stock-6.12", "backend": backend,
               "payload": "8+8", "work": work, "dist": "uniform", "threads": 1,
               "entries": 1000, "ns_per_op": ns, "repeats": 3}
              for backend, work, ns in (("ioctl", "get", 100), ("ioctl", "get_batch256",
                                        10), ("bpf-prealloc", "get", 150))]
    return found


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, should be {wanted!r}")


def check_rows(results):
    row = results.one(suite="uml", backend="rhashtable", work="hit", payload="8+8")
    expect("median of rounds", (row["ns_per_op"], row["min"], row["max"], row["mops"]),
           (100, 90, 130, 10))
    expect("bytes per entry", (row["bytes_per_entry"], row["bytes_accounted"]),
           (100, 50))
    row = results.one(suite="uml-grow", work="memory_after_delete")
    expect("left after delete", (row["left_share"], row["left_share_accounted"]),
           (0.2, 0.03))
    row = results.one(work="lock_hold_insert_latency", backend="shardmap")
    expect("lock hold", (row["lock_hold_p999_us"], row["max_lock_hold_us"]), (3, 9))
    expect("a time where only lock holds count", "ns_per_op" in row, False)


def check_bars(results):
    found = {(v.goal, v.payload): v for v in bars.verdicts(results)}
    for goal, measured, word in (
            ("hit, against rhashtable", "1.30x", "met"),
            ("miss, against rhashtable", "1.30x", "MISSED"),
            ("hit, inline, against rhashtable", "-", "not measured"),
            ("mix90, 2 CPUs, against a mutex", "5.20x", "met"),
            ("mix90, 2 threads against 1, on 2 CPUs", "1.00x", "MISSED"),
            ("get by ioctl, against bpf()", "1.50x", "MISSED"),
            ("get_batch256 by ioctl, against single gets by bpf()", "15.00x", "met"),
            ("lock hold while growing, p99.9", "3.0 us", "met"),
            ("host, 2 threads: mix50, against the fastest other", "1.00x", "met"),
            ("host: batch of 32, against single hits of the fastest other", "1.00x",
             "MISSED"),
            ("memory after deleting 99 % in order of insertion, of the peak", "20.0 %",
             "MISSED")):
        verdict = found[goal, "8+8"]
        expect(goal, (verdict.measured, verdict.word), (measured, word))


def check_tables(text):
    """Every row of a table must have as many cells as its head."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("==") or " " not in line:
            continue
        ends = [i for i, c in enumerate(line) if c == " "]
        for row in lines[number + 1:]:
            if not row or row.startswith("=="):
                break
            if any(i < len(row) and row[i] != " " for i in ends):
                raise AssertionError(f"a cell crosses its column: {row}")


def check_report(results, folder):
    (folder / "README.md").write_text("a\n<!-- figures: written by make bench -->\n"
                                      "old\n<!-- end of figures -->\nz\n")
    report.write(results, folder, with_plots=False)
    text = (folder / "Documentation" / "benchmarks.rst").read_text()
    for word in ("uml-grow", "MISSED", "kcsan", "churn90", "2000-01-02", "plots/reads",
                 "Cost of watching"):
        expect(f"'{word}' in the report", word in text, True)
    for suite in SUITES:
        expect(f"suite {suite} in the report", f"\n{suite} " in text, True)
    check_tables(text)
    readme = (folder / "README.md").read_text()
    expect("README's own lines", (readme[:2], readme[-2:]), ("a\n", "z\n"))
    expect("README's figures", ("old" in readme, "| hit | 76.9 | 100 |" in readme),
           (False, True))


def check_parts(results):
    """Any suite alone must make a report whose pictures are those that are drawn."""
    for suite in SUITES:
        part = rows.Results(results.all(suite=suite))
        text = report.text(part)
        drawn = {plot.name for plot in (make(part) for make in plots.ALL)
                 if plot.panel_text}
        expect(f"pictures of {suite}", set(re.findall(r"plots/([\w-]+)", text)), drawn)
        check_tables(text)
        bars.text(part)


def check_merge(folder):
    """A suite's rows take the place of its own and leave those of others."""
    path = folder / "bench.json"
    for suite, numbers in (("a", (1, 2)), ("b", (3,)), ("a", (4,))):
        rows.merge(suite, [{"suite": suite, "n": n} for n in numbers], path)
    expect("merged rows", [row["n"] for row in rows.load(path)], [3, 4])


def check_zipf():
    good = {"entries": 1000, "draws": 100000, "first": 12888, "ten": 38217,
            "hundredth": 38217}
    weights = [r ** -0.99 for r in range(1, 1001)]
    good["first"] = round(100000 / sum(weights))
    good["ten"] = good["hundredth"] = round(100000 * sum(weights[:10]) / sum(weights))
    rows.check_zipf(good)
    try:
        rows.check_zipf({**good, "first": good["first"] * 1.1})
    except Trouble:
        return
    raise AssertionError("skewed draws of the wrong shape passed")


def main():
    results = rows.Results(sample())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_rows(results)
        check_bars(results)
        check_report(results, folder)
        check_merge(folder)
    check_parts(results)
    check_zipf()
    for make in plots.ALL:
        plot = make(results)
        expect(f"panels of {plot.name}", len(plot.panel_text) > 0, True)
        expect("script", plot.script("x.svg").count("plot "), len(plot.panel_text) + 1)
    report.text(rows.Results([]))
    print("bench selftest: ok")
    return 0


sys.exit(main())
