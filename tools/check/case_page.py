#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write Documentation/race-cases.rst: the planted bugs, from their files.

With --reports, first take the reports that the last `make cases` has left.
"""

import argparse
import sys
import textwrap

sys.dont_write_bytecode = True

import cases  # noqa: E402
from common import ROOT  # noqa: E402

PAGE = ROOT / "Documentation" / "race-cases.rst"
REPORTS = ROOT / "Documentation" / "reports"
# Enough for the stacks of both sides.
LONGEST = 44

HEAD = """.. SPDX-License-Identifier: GPL-2.0-only
.. Written by tools/check/case_page.py from the files of kmod/cases.

================
The planted bugs
================

One by one: what goes wrong, what the cure is, the code of both variants, and what the
detector says.  :doc:`races` tells what they are for and how to run them.
"""


def _all_rows():
    """Rows by case, in the order of cases.txt, a bed's first one first."""
    by_case = {}
    for bed in cases.BEDS:
        for row in cases.rows_of(bed):
            by_case.setdefault(row.case, []).append(row)
    return by_case


def _comment(case):
    """(title, text, Go's counterpart, cure) of a case's file."""
    text = (cases.CASES / f"{case}.c").read_text()
    lines = text[text.index("/*") + 2:text.index("*/")].splitlines()
    paragraphs = "\n".join(line.strip().removeprefix("*").strip()
                           for line in lines).strip().split("\n\n")
    title, *rest = (" ".join(p.split()) for p in paragraphs)
    # Go's counterpart and the cure are one paragraph.
    [last] = [p for p in rest if p.startswith("Go: ")]
    other, cure = last.removeprefix("Go: ").split(" Cure: ")
    return title, [p for p in rest if p != last], other, cure


def _shown(rows):
    """The row whose report says most: a detector's, if there is one."""
    return next((r for r in rows if r.detector != "result"), rows[0])


def _who(row):
    return "its wrong result" if row.detector == "result" else row.detector


def _report_name(row):
    return f"{row.case}-{row.bed}.txt"


def _literal(path, *options):
    return "\n".join([f".. literalinclude:: {path}",
                      *(f"   :{option}" for option in options), ""])


def _section(case, rows):
    title, text, other, cure = _comment(case)
    shown = _shown(rows)
    found = ", ".join(dict.fromkeys(f"{_who(r)} on ``{r.bed}``" for r in rows))
    report = REPORTS / _report_name(shown)
    return "\n".join([
        f"{title}\n{'=' * len(title)}\n",
        *(textwrap.fill(p, 88) + "\n" for p in text),
        f":Case: ``{case}``, `kmod/cases/{case}.c <../kmod/cases/{case}.c>`__",
        f":Found by: {found}", f":In Go: {other}", f":Cure: {cure}\n",
        _literal(f"../kmod/cases/{case}.c", "language: c", "start-after: */"),
        f"What {_who(shown)} says on ``{shown.bed}``\n"
        f"(`{report.name} <reports/{report.name}>`__):\n",
        _literal(f"reports/{report.name}", "language: none")])


def page():
    return HEAD + "\n" + "\n".join(_section(case, rows)
                                   for case, rows in _all_rows().items())


def stale():
    """For lint: is the page what the files say, and is every report there?"""
    found = [f"{path.relative_to(ROOT)} is missing: make cases, then "
             "tools/check/case_page.py --reports"
             for path in (REPORTS / _report_name(_shown(rows))
                          for rows in _all_rows().values()) if not path.exists()]
    if not PAGE.exists() or PAGE.read_text() != page():
        found.append(f"{PAGE.relative_to(ROOT)} is stale: run tools/check/case_page.py")
    return found


def _take_reports():
    REPORTS.mkdir(exist_ok=True)
    for rows in _all_rows().values():
        row = _shown(rows)
        text = (cases.REPORTS / _report_name(row)).read_text().rstrip()
        if not text:
            sys.exit(f"{row.case} was not found on {row.bed}: run make cases")
        lines = [line.rstrip() for line in text.splitlines()]
        if len(lines) > LONGEST:
            lines = [*lines[:LONGEST], "..."]
        (REPORTS / _report_name(row)).write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", action="store_true",
                        help="take the reports in build/cases")
    if parser.parse_args().reports:
        _take_reports()
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
