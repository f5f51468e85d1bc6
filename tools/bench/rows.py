# SPDX-License-Identifier: GPL-2.0-only
"""Rows: one per figure, made of the repeats that the runner reported."""

import json
import statistics

from common import RESULTS, Trouble

LATENCIES = ("p50", "p99", "p999", "p9999")


def check_zipf(report):
    """Are the runner's skewed draws, made in fixed point, what the formula says?"""
    entries, draws = report["entries"], report["draws"]
    weights = [rank ** -0.99 for rank in range(1, entries + 1)]
    total = sum(weights)
    for name, count in (("first", 1), ("ten", 10), ("hundredth", entries // 100)):
        share = sum(weights[:count]) / total
        noise = (draws * share * (1 - share)) ** 0.5
        if abs(report[name] - draws * share) > 5 * noise + draws / 5000:
            raise Trouble(f"zipf draws are off: {name} {report[name]} of {draws}, "
                          f"should be {draws * share:.0f}")


def _spread(values):
    values = sorted(values)
    return {"repeats": len(values), "min": values[0],
            "median": statistics.median(values), "max": values[-1]}


def _throughput(group):
    # Wall time by the operations of all threads.
    spread = _spread([r["ns"] / r["ops"] for r in group])
    return {"ns_per_op": spread["median"], "mops": 1000 / spread["median"], **spread}


def _latency(group):
    row = {f"{name}_us": statistics.median(r[f"{name}_ns"] for r in group) / 1000
           for name in LATENCIES}
    row["worst_us"] = max(r["max_ns"] for r in group) / 1000
    row["worst_us_median"] = statistics.median(r["max_ns"] for r in group) / 1000
    row["clock_ns"] = statistics.median(r["clock_ns"] for r in group)
    return row


def _lock_hold(group):
    row = {f"lock_hold_{name}_us":
           statistics.median(r[f"lock_hold_{name}_ns"] for r in group) / 1000
           for name in LATENCIES}
    row["max_lock_hold_us"] = max(r["max_lock_hold_ns"] for r in group) / 1000
    row["lock_holds"] = statistics.median(r["lock_holds"] for r in group)
    return {**row, "repeats": len(group)}


def _left(group):
    """What is left after most entries were deleted, as a share of the peak."""
    row = {}
    for field, name in (("used_bytes", "left_share"),
                        ("accounted_bytes", "left_share_accounted")):
        peaks = [r[field] for r in group if "after" not in r and field in r]
        after = [r[field] for r in group if "after" in r and field in r]
        if peaks and all(peaks):
            shares = [a / p for a, p in zip(after, peaks)]
            row[name] = statistics.median(shares)
            if name == "left_share":
                row.update(_spread(shares))
    return row


def _grouped(reports, *keys):
    groups = {}
    for report in reports:
        groups.setdefault(tuple(report.get(k) for k in keys), []).append(report)
    return groups


def _memory(reports):
    """Bytes per entry of each map, which stand in all of its rows."""
    found = {}
    filled = [r for r in reports if "used_bytes" in r and "ns" in r]
    for key, group in _grouped(filled, "backend", "payload", "entries").items():
        row = {"bytes_per_entry": statistics.median(
            r["used_bytes"] / r["entries"] for r in group)}
        if "accounted_bytes" in group[0]:
            row["bytes_accounted"] = statistics.median(
                r["accounted_bytes"] / r["entries"] for r in group)
        found[key] = row
    return found


def rows_of(reports, common, hold=False):
    """The rows of one guest; with @hold only those of lock holds."""
    for report in reports:
        if report.get("check") == "zipf":
            check_zipf(report)
    reports = [r for r in reports if "backend" in r]
    memory = _memory(reports)
    rows = []
    for key, group in _grouped(reports, "backend", "payload", "work", "dist",
                               "threads", "entries").items():
        backend, payload, work, dist, threads, entries = key
        row = {**common, "backend": backend, "payload": payload, "work": work,
               "dist": dist or "uniform", "threads": threads, "entries": entries}
        if hold:
            if "lock_holds" not in group[0]:
                continue
            row.update(_lock_hold(group), work="lock_hold_" + work)
        elif "ns" not in group[0]:
            row.update(_left(group))
        else:
            row["ops"] = group[0]["ops"]
            if "p50_ns" in group[0]:
                row.update(_latency(group))
            row.update(_throughput(group))
        if not hold:
            row.update(memory.get((backend, payload, entries), {}))
        rows.append({name: round(value, 4) if isinstance(value, float) else value
                     for name, value in row.items()})
    return rows


def load(path=RESULTS):
    if not path.exists():
        return []
    # Files of before there were suites have rows that belong to none.
    return [row for row in json.loads(path.read_text()) if row.get("suite")]


def merge(suite, rows, path=RESULTS):
    """Take the place of the suite's rows of before, and of no others."""
    kept = [row for row in load(path) if row.get("suite") != suite]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept + rows, indent=1) + "\n")


class Results:
    """Rows to look up by their fields."""

    def __init__(self, rows):
        self.rows = rows
        self.by_backend = {None: rows}
        for row in rows:
            self.by_backend.setdefault(row["backend"], []).append(row)

    def all(self, backend=None, **wanted):
        wanted = [(k, v) for k, v in wanted.items() if v is not None]
        return [row for row in self.by_backend.get(backend, [])
                if all(row.get(k) == v for k, v in wanted)]

    def one(self, **wanted):
        """The row with most entries, since sizes depend on the bed."""
        found = self.all(**{"dist": "uniform", **wanted})
        return max(found, key=lambda row: row["entries"], default=None)

    def values(self, field, **wanted):
        """The different values of a field, in the order of the rows."""
        return list(dict.fromkeys(row[field] for row in self.all(**wanted)
                                  if field in row))
