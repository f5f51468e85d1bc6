# SPDX-License-Identifier: GPL-2.0-only
"""The planted bugs of kmod/cases: each must be found, and its cure be silent.

kmod/cases/cases.txt says by whom and how fast.
"""

import dataclasses
import re

import found
import static
from common import BUILD, LOGS, ROOT, Result, guest, modules

CASES = ROOT / "kmod" / "cases"
REPORTS = BUILD / "cases"
BEDS = ("kcsan", "kasan", "stock-6.12", "stock-6.1", "build")
MODULES = ("shardmap.ko", "shardmap_cases.ko")
# The runner must see more than one report, and all of the log.
OPTIONS = ("--no-panic-on-warn", "--no-kmemleak",
           "--append", "kasan_multi_shot log_buf_len=4M")


@dataclasses.dataclass
class Row:
    """A case on a bed, and how it went."""
    case: str
    bed: str
    trigger: str
    seconds: int
    detector: str
    expected: str
    # Seconds until the report, None if there was none; its title and its text.
    after: float = None
    title: str = ""
    report: str = ""
    # What the fixed variant made somebody say; None if it did not run.
    noise: str = None

    def on(self, bed):
        return self.bed == bed or self.bed == bed.rsplit("-", 1)[0]

    def in_time(self):
        return self.after is not None and self.after <= self.seconds


def rows_of(bed):
    rows = []
    for line in (CASES / "cases.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            case, where, trigger, seconds, rest = line.split(maxsplit=4)
            detector, expected = re.split(r"  +", rest, maxsplit=1)
            row = Row(case, where, trigger, int(seconds), detector, expected)
            if row.on(bed):
                row.bed = bed
                rows.append(row)
    return rows


def run_bed(bed):
    """Run the cases of a bed; returns their rows."""
    rows = rows_of(bed)
    if bed == "build":
        static.run_rows(rows)
    else:
        modules(bed, "SHARDMAP_CASES=1")
        _together(bed, rows)
        for row in rows:
            if row.trigger == "alone":
                _alone(row)
    _keep(bed, rows)
    return rows


def _keep(bed, rows):
    """Reports as files, with the lines of our functions."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    ko = [BUILD / bed / name for name in MODULES]
    # Of two rows of a case the first one's stays.
    for row in reversed(rows):
        text = row.report if bed == "build" else found.decoded(row.report, ko)
        (REPORTS / f"{row.case}-{bed}.txt").write_text(text)


def _guest(bed, log, timeout, case="", options=()):
    """Run the cases' script; returns (status, console, folder of outputs)."""
    status, _ = guest(
        log, bed, "insmod /ko/shardmap.ko && "
        f"sh /run.sh /cases.txt {bed} {case} && rmmod shardmap",
        ko=MODULES, ok=None, timeout=timeout,
        add=(f"{CASES / 'run.sh'}:/run.sh", f"{CASES / 'cases.txt'}:/cases.txt"),
        options=options)
    return status, (LOGS / f"{log}.console").read_text(errors="replace"), \
        LOGS / f"{log}.out"


def _together(bed, rows):
    """One guest for all but the buggy variants of the trigger 'alone'."""
    timeout = 120 + sum(row.seconds + 10 for row in rows)
    status, console, out = _guest(bed, f"{bed}-cases", timeout, options=OPTIONS)
    parts = iter(found.parts(console))
    for variant in ("fixed", "buggy"):
        for row in rows:
            if (row.trigger, variant) == ("alone", "buggy"):
                continue
            part = next(parts, None)
            if not part or (part.case, part.variant) != (row.case, variant):
                # Whatever is missing from here on was not run.
                return
            said = out / f"{row.case}.{variant}"
            text = said.read_text(errors="replace") if said.exists() else ""
            if variant == "fixed":
                row.noise = _noise(row, part, text)
            else:
                _look(row, part, text)
    if status not in (0, 4):
        rows[0].noise = f"the guest ended with {status}, log build/check/{bed}-cases.log"


def _alone(row):
    """A guest as those of the tests are: the first report ends it."""
    log = f"{row.bed}-cases-{row.case}"
    status, console, _ = _guest(row.bed, log, 120 + row.seconds, row.case)
    for part in found.parts(console):
        if (part.case, part.variant) == (row.case, "buggy"):
            _look(row, part, "")
    if not status:
        row.after, row.title = None, "the run passed"


def _noise(row, part, text):
    """What is wrong with a fixed variant, or nothing."""
    if not text:
        return "it gave no result"
    if re.search(row.expected, text, re.M):
        return text.strip()
    blocks = part.blocks()
    return blocks[0].title if blocks else ""


def _look(row, part, text):
    """Find what is expected in the log, or in what the case gave."""
    hit = part.find(row.expected)
    if hit:
        row.after, row.title, row.report = hit
        return
    match = re.search(f"(?m)^.*(?:{row.expected}).*$|{row.expected}", text)
    if match and row.detector == "result":
        row.after = part.seconds()
        row.title = "".join(c if c.isprintable() else "." for c in match[0])
        row.report = row.title + "\n"


def count(result, rows):
    """Add the rows of a bed to a stage's result."""
    for row in rows:
        where = f"case {row.case} on {row.bed}"
        result.figure("cases_buggy_total", 1)
        result.figure("cases_fixed_total", 1)
        result.figure("cases_buggy_found", int(row.in_time()))
        result.figure("cases_fixed_silent", int(row.noise == ""))
        result.count(row.in_time(), f"{where}: not found by {row.detector} within "
                     f"{row.seconds} s {row.title}")
        result.count(row.noise == "", f"{where}: its fixed variant "
                     + (row.noise or "did not run"))


def table(rows):
    """Lines to print: what was found where, by whom, and when."""
    lines = [f"{'case':24} {'bed':10} {'detector':14} {'after':>7}  report"]
    for row in rows:
        after = f"{row.after:.1f} s" if row.after is not None else "never"
        fixed = "" if row.noise == "" else f"  FIXED VARIANT: {row.noise or 'not run'}"
        lines.append(f"{row.case:24} {row.bed:10} {row.detector:14} {after:>7}  "
                     f"{row.title[:100]}{fixed}")
    return lines


def stage():
    """All planted bugs on all beds: `make cases`."""
    result, rows = Result(), []
    for bed in BEDS:
        of_bed = run_bed(bed)
        count(result, of_bed)
        rows += of_bed
        print(*table(of_bed), "", sep="\n", flush=True)
    (REPORTS / "table.txt").write_text("\n".join(table(rows)) + "\n")
    return result
