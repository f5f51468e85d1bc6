# SPDX-License-Identifier: GPL-2.0-only
"""The sections of the report; each returns nothing if its suite was not run."""

import statistics

import plots
from common import PAYLOADS
from plots import READS, THREADS_WORK
from rst import heading, image, number, paragraph, table

WORKS = ("insert_grow", "hit", "hit_dep", "miss", "batch32", "update", "delete")
ZIPF = ("hit", "mix99", "mix90", "mix80", "mix50")


def _size(rows):
    """How much was measured, said of some rows."""
    entries = sorted({row["entries"] for row in rows})
    said = f"{' and '.join(f'{n:,}' for n in entries)} entries"
    # Works that take every entry once, and maps that are slow, do fewer.
    ops = max((row["ops"] // row["threads"] for row in rows if "ops" in row), default=0)
    if ops:
        said += f", up to {ops:,} operations of each thread"
    repeats = sorted({row["repeats"] for row in rows if "repeats" in row})
    if repeats:
        said += f", median of {'/'.join(map(str, repeats))} rounds"
    return said


def _matrix(results, backends, columns, field, **where):
    """A row per backend; columns are (title, fields)."""
    rows = []
    for backend in backends:
        cells = [results.one(backend=backend, **{**where, **fields})
                 for _, fields in columns]
        if any(cell and field in cell for cell in cells):
            rows.append([backend, *(number(c[field]) if c and field in c else None
                                    for c in cells), _spread(cells)])
    return table(["map", *(title for title, _ in columns), "spread"], rows)


def _spread(cells):
    """How far apart the rounds are: the median over the columns."""
    spreads = [(c["max"] - c["min"]) / c["median"] for c in cells
               if c and c.get("median")]
    return f"{statistics.median(spreads):.0%}" if spreads else None


def _plot(results, make, text):
    plot = make(results)
    return image(plot.name, text) if plot.panel_text else ""


def native(results):
    rows = results.all(suite="uml")
    if not rows:
        return None
    most = max(row["entries"] for row in rows)
    parts = [heading("One thread at native speed"),
             _plot(results, plots.works, "time of each operation and map"),
             paragraph(f"ns per operation on ``uml``: "
                           f"{_size(results.all(suite='uml', entries=most))}.  "
                           "``hit_dep``: each key depends on the value before.  "
                           "``batch32``: per key.  ``spread`` is how far the rounds "
                           "lie apart, (max - min) / median, the median of the "
                           "columns.")]
    backends = results.values("backend", suite="uml", entries=most)
    for payload in PAYLOADS:
        columns = [(work, {"work": work}) for work in WORKS]
        parts += [paragraph(f"Payload {payload}, uniform:"), _matrix(
            results, backends, columns, "ns_per_op", suite="uml", entries=most,
            payload=payload)]
        columns = [(work, {"work": work, "dist": "zipf"}) for work in ZIPF]
        parts += [paragraph(f"Payload {payload}, Zipf:"), _matrix(
            results, backends, columns, "ns_per_op", suite="uml", entries=most,
            payload=payload)]
    parts.append(_small(results, most))
    return "\n".join(parts)


def _small(results, most):
    few = [n for n in results.values("entries", suite="uml") if n != most]
    if not few:
        return ""
    columns = [(work, {"work": work}) for work in ("insert_grow", *ZIPF, "update")]
    parts = [paragraph(f"An immutable map is copied at every write, so it is compared "
                       f"with {few[0]:,} entries:")]
    backends = results.values("backend", suite="uml", entries=few[0])
    for payload in PAYLOADS:
        parts += [paragraph(f"Payload {payload}:"), _matrix(
            results, backends, columns, "ns_per_op", suite="uml", entries=few[0],
            payload=payload)]
    return "\n".join(parts)


def _boundary(results, payload):
    """Where the shape of sync.Map wins, in words."""
    said = []
    for other in ("mutex", "rwlock", "sharded", "shardmap"):
        ahead, level = [], []
        for work, share in READS:
            pair = [results.one(suite="stock", cpus=2, threads=2, payload=payload,
                                work=work, backend=b) for b in ("syncmap", other)]
            if not all(pair):
                continue
            if pair[0]["max"] < pair[1]["min"]:
                ahead.append(f"{share} %")
            elif pair[0]["min"] <= pair[1]["max"]:
                level.append(f"{share} %")
        where = f"ahead of ``{other}`` at {', '.join(ahead) or 'no share of reads'}"
        said.append(where + (f" (level at {', '.join(level)})" if level else ""))
    return paragraph(f"``syncmap`` with payload {payload} is {'; '.join(said)}.  Maps "
                     "are level where their rounds overlap.")


def reads(results):
    columns = [(f"{share} %", {"work": work}) for work, share in READS]
    columns.append(("churn90", {"work": "churn90"}))
    crowd = results.all(suite="stock", threads=2, cpus=2)
    alone = results.all(suite="uml", work="mix99")
    if not crowd and not alone:
        return None
    parts = [heading("By share of reads"), paragraph(
        "Million operations per second.  Writes are updates of keys that are there, the "
        "case that sync.Map is made for.  In ``churn90`` a tenth of the operations "
        "inserts new keys and deletes them later.")]
    if crowd:
        parts += [_plot(results, plots.reads, "throughput by reads, two threads"),
                  paragraph(f"Two threads on two CPUs, ``stock-6.12``: {_size(crowd)}.")]
        for payload in PAYLOADS:
            parts += [paragraph(f"Payload {payload}:"), _matrix(
                results, results.values("backend", suite="stock", cpus=2), columns,
                "mops", suite="stock", cpus=2, threads=2, payload=payload),
                _boundary(results, payload)]
    if alone:
        most = max(row["entries"] for row in alone)
        parts += [_plot(results, plots.reads_uml, "throughput by reads, one thread"),
                  paragraph("One thread at native speed, on ``uml``: "
                            f"{_size([r for r in alone if r['entries'] == most])}.")]
        backends = results.values("backend", suite="uml", work="mix99", entries=most)
        for payload in PAYLOADS:
            parts += [paragraph(f"Payload {payload}:"), _matrix(
                results, backends, columns, "mops", suite="uml", payload=payload,
                entries=most)]
    return "\n".join(parts)


def threads(results):
    rows = results.all(suite="stock", work=THREADS_WORK)
    if not rows:
        return None
    counts = sorted({(row["threads"], row["cpus"]) for row in rows})
    columns = [(f"{n} on {cpus}", {"threads": n, "cpus": cpus}) for n, cpus in counts]
    parts = [heading("By threads"),
             _plot(results, plots.threads, "throughput by threads"),
             paragraph("Million operations per second, 90 % reads, by threads and "
                       f"virtual CPUs, ``stock-6.12``: {_size(rows)}.  The machine has "
                       f"{rows[0].get('cores')} cores: beyond that more CPUs add no "
                       "throughput, and what shows is who waits for a CPU that does "
                       "not run.")]
    for payload in PAYLOADS:
        parts += [paragraph(f"Payload {payload}:"), _matrix(
            results, results.values("backend", suite="stock"), columns, "mops",
            suite="stock", work=THREADS_WORK, payload=payload)]
    return "\n".join(parts)


PERCENTILES = ("p50", "p99", "p999", "p9999")
SHOWN = ("p50", "p99", "p99.9", "p99.99", "worst")


def latency(results):
    rows = results.all(suite="uml-grow", work="insert_latency")
    if not rows:
        return None
    fields = [f"{p}_us" for p in PERCENTILES] + ["worst_us"]
    parts = [heading("Latencies and growth"),
             _plot(results, plots.latency, "percentiles of inserts"),
             paragraph("Microseconds of single operations on ``uml``, while the map "
                       "grows from empty, and of 90 % reads afterwards.  ``worst`` is "
                       "the longest of all rounds.  ``loop`` does nothing: its figures "
                       "are the clock and the machine's own pauses.  Those come by "
                       "time, so longer operations meet more of them.  "
                       f"{_size(rows)}.")]
    for work in ("insert_latency", "mix90_latency"):
        found = results.all(suite="uml-grow", work=work)
        parts.append(table(
            [work, "payload", "entries", *SHOWN],
            [[r["backend"], r["payload"], f"{r['entries']:,}",
              *(number(r[f]) for f in fields)] for r in found]))
    holds = results.all(work="lock_hold_insert_latency")
    fields = [f"lock_hold_{p}_us" for p in PERCENTILES] + ["max_lock_hold_us"]
    if holds:
        parts += [paragraph("How long shardmap holds a shard's lock meanwhile, in "
                            "microseconds, from modules built with clocks inside:"),
                  table(["map", "payload", "entries", *SHOWN],
                        [[r["backend"], r["payload"], f"{r['entries']:,}",
                          *(number(r[f]) for f in fields)] for r in holds])]
    return "\n".join(parts)


def memory(results):
    rows = [r for r in results.all(suite="uml", work="insert_grow")
            if "bytes_per_entry" in r]
    if not rows:
        return None
    most = max(r["entries"] for r in rows)
    parts = [heading("Memory"),
             _plot(results, plots.memory, "bytes per entry"),
             paragraph(f"Bytes per entry with {most:,} entries on ``uml``.  The first "
                       "figure is the kernel's: pages that were free before the map was "
                       "made and are not after its deferred work, whatever they are "
                       "for.  It is exact to some hundred KiB, since allocators keep "
                       "empty pages.  The second is the map's own count, where it has "
                       "one.")]
    lines = []
    for backend in dict.fromkeys(r["backend"] for r in rows if r["entries"] == most):
        line = [backend]
        for payload in PAYLOADS:
            row = results.one(suite="uml", work="insert_grow", backend=backend,
                              payload=payload, entries=most) or {}
            line += [number(row.get("bytes_per_entry")),
                     number(row.get("bytes_accounted"))]
        lines.append(line)
    parts.append(table(["map", *(f"{p} {what}" for p in PAYLOADS
                              for what in ("kernel", "own"))], lines))
    left = [r for r in results.rows if r["work"].startswith("memory_after_delete")
            and "left_share" in r]
    if left:
        parts += [paragraph("What is left of that memory when 99 % of the entries were "
                            "deleted, in % of the peak.  In random order a page of the "
                            "slab allocator stays as long as one entry on it does."),
                  table(["map", "payload", "entries", "order", "kernel", "own"],
                        [_left(r) for r in left])]
    return "\n".join(parts)


def _left(row):
    order = "random" if row["work"].endswith("random") else "insertion"
    own = row.get("left_share_accounted")
    return [row["backend"], row["payload"], f"{row['entries']:,}", order,
            number(row["left_share"] * 100), number(own * 100) if own else None]


def user(results):
    rows = results.all(suite="user")
    if not rows:
        return None
    parts = [heading("From user space"),
             paragraph("ns per key through system calls, ``stock-6.12``, uniform: "
                       f"{_size(rows)}.  ``ioctl`` is ``/dev/shardmap``, ``bpf`` is "
                       "``BPF_MAP_TYPE_HASH`` through bpf().")]
    works = results.values("work", suite="user")
    backends = results.values("backend", suite="user")
    for payload in results.values("payload", suite="user"):
        for count in results.values("threads", suite="user"):
            lines = []
            for work in works:
                found = [results.one(suite="user", work=work, backend=b,
                                     payload=payload, threads=count) for b in backends]
                if any(found):
                    lines.append([work, *(number(r["ns_per_op"]) if r else None
                                          for r in found)])
            if lines:
                parts += [paragraph(f"Payload {payload}, {count} threads:"),
                          table(["work", *backends], lines)]
    return "\n".join(parts)


def instructions(results):
    rows = results.all(suite="icount")
    if not rows:
        return None
    works = [w for w in ("insert_grow", "hit", "hit_dep", "miss", "batch32", "update")]
    parts = [heading("Instructions"),
             paragraph("Instructions per operation, counted by the emulator on "
                       f"``stock-6.12``: {_size(rows)}.  All that the CPU did meanwhile "
                       "is in, interrupts and deferred work too, and the loop.")]
    for payload in PAYLOADS:
        parts += [paragraph(f"Payload {payload}:"), _matrix(
            results, results.values("backend", suite="icount"),
            [(work, {"work": work}) for work in works], "instructions_per_op",
            suite="icount", payload=payload)]
    return "\n".join(parts)


def host(results):
    rows = results.all(suite="host")
    if not rows:
        return None
    most = results.all(suite="host", work="hit")
    parts = [heading("On the host"),
             _plot(results, plots.works_host, "time of each operation and map"),
             paragraph("The core compiled as a program, ``tools/bench-host``, beside "
                       "maps of user space, at native speed on the machine's own CPUs, "
                       "threads bound to them: "
                       f"{_size(most)}.  ``ck_ht`` has one writer at a time, by a "
                       "spinlock.  ns per operation, one thread:")]
    backends = results.values("backend", suite="host")
    for payload in PAYLOADS:
        for dist, works in (("uniform", (*WORKS, "mix50")), ("zipf", ZIPF)):
            parts += [paragraph(f"Payload {payload}, {dist}:"), _matrix(
                results, backends, [(work, {"work": work}) for work in works],
                "ns_per_op", suite="host", threads=1, payload=payload, dist=dist)]
    parts += _host_threads(results, backends)
    return "\n".join([*parts, *_host_growth(results, backends)])


def _host_threads(results, backends):
    counts = [n for n in results.values("threads", suite="host") if n > 1]
    if not counts:
        return []
    parts = [_plot(results, plots.reads_host, "throughput by reads, two threads"),
             paragraph("Million operations per second of several threads; at the end "
                       "how many times that of one thread it is with "
                       f"{counts[-1]} threads (``scaling``, of ``hit``), and bytes per "
                       "entry of maps that one thread has filled:")]
    for count in counts:
        for payload in PAYLOADS:
            for dist in ("uniform", "zipf"):
                parts += [paragraph(f"{count} threads, payload {payload}, {dist}:"),
                          _matrix(results, backends, [
                              (work, {"work": work}) for work in ZIPF], "mops",
                              suite="host", threads=count, payload=payload, dist=dist)]
    lines = [[backend, *(_host_figure(results, backend, payload, counts[-1], what)
                         for what in ("scaling", "bytes") for payload in PAYLOADS)]
             for backend in backends]
    return [*parts, table(["map", *(f"{payload} {what}" for what in ("scaling", "bytes")
                                    for payload in PAYLOADS)], lines)]


def _host_figure(results, backend, payload, count, what):
    """Throughput of all threads as a multiple of one's, or bytes per entry."""
    where = {"suite": "host", "backend": backend, "payload": payload}
    if what == "bytes":
        row = results.one(work="insert_grow", threads=1, **where) or {}
        return number(row.get("bytes_per_entry"))
    pair = [results.one(work="hit", threads=n, **where) for n in (1, count)]
    return number(pair[1]["mops"] / pair[0]["mops"]) if all(pair) else None


def _host_growth(results, backends):
    grown = results.all(suite="host", work="insert_latency")
    if not grown:
        return []
    fields = [f"{p}_us" for p in PERCENTILES] + ["worst_us_median", "worst_us"]
    return [_plot(results, plots.latency_host, "percentiles of inserts"),
            paragraph("Microseconds of single inserts by one thread, while the map grows "
                      "from empty, and bytes per entry then: pages that the process has "
                      "more than before.  ``worst`` is the longest of a round, the "
                      f"median of rounds; ``of all`` the longest of all.  {_size(grown)}."),
            table(["map", "payload", *SHOWN, "of all", "bytes"],
                  [[r["backend"], r["payload"], *(number(r[f]) for f in fields),
                    number(r.get("bytes_per_entry"))] for r in grown])]


def detectors(results):
    rows = results.all(suite="detectors")
    if not rows:
        return None
    parts = [heading("Cost of the detectors"),
             _plot(results, plots.detectors, "times of the stock kernel"),
             paragraph("How many times the time, and the memory, of ``stock-6.12`` an "
                       "operation takes on the kernels that look for races (``kcsan``) "
                       "and memory errors (``kasan``), with what else these kernels "
                       f"check: {_size(rows)}, two threads on two virtual CPUs.")]
    works = results.values("work", suite="detectors")
    lines = []
    for bed in ("kcsan", "kasan"):
        for backend in ("rhashtable", "shardmap"):
            where = {"suite": "detectors", "backend": backend}
            line = [f"{backend} on {bed}"]
            for work in works:
                line.append(_factor(results, "ns_per_op", bed, work=work, **where))
            line.append(_factor(results, "bytes_per_entry", bed, work="insert_grow",
                                **where))
            lines.append(line)
    parts.append(table(["map", *works, "memory"], lines))
    return "\n".join(parts)


def watch(results):
    rows = results.all(suite="watch")
    if not rows:
        return None
    lines = []
    for skip in results.values("skip_watch", suite="watch"):
        line = [skip]
        for backend in ("rhashtable", "shardmap"):
            for work in results.values("work", suite="watch"):
                where = {"suite": "watch", "backend": backend, "work": work}
                pair = [results.one(skip_watch=s, **where) for s in (skip, "off")]
                line.append(number(pair[0]["ns_per_op"] / pair[1]["ns_per_op"])
                            if all(pair) else None)
        lines.append(line)
    head = [f"{work} {backend}" for backend in ("rhashtable", "shardmap")
            for work in results.values("work", suite="watch")]
    return "\n".join([
        heading("Cost of watching"),
        paragraph("How many times the time with KCSAN switched off, on the kernel "
                  "``kcsan``, by ``skip_watch``, the number of accesses between two that "
                  f"are watched: {_size(rows)}, two threads on two virtual CPUs. What "
                  "the kernel costs with KCSAN off is in the factors above."),
        table(["skip_watch", *head], lines)])


def _factor(results, field, bed, **where):
    pair = [results.one(bed=b, **where) for b in (bed, "stock-6.12")]
    if not all(row and row.get(field) for row in pair):
        return None
    return number(pair[0][field] / pair[1][field])


ALL = (native, reads, threads, latency, memory, user, instructions, host, detectors,
       watch)
