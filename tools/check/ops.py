#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The tables of operations in Documentation/operations.rst, from uapi/shardmap_ops.h.

    tools/check/ops.py      writes them
"""

import re
import sys
import textwrap

sys.dont_write_bytecode = True

from common import ROOT  # noqa: E402

HEADER = ROOT / "uapi" / "shardmap_ops.h"
PAGE = ROOT / "Documentation" / "operations.rst"
BEGIN = ".. The tables of operations: written by tools/check/ops.py\n"
END = ".. End of the tables of operations\n"

MEMBERS = {"VALUE": "``value``", "OUT": "``out``", "EXPECTED": "``expected``",
           "VERSION": "``version``", "DELTA": "``delta``", "INITIAL": "``initial``",
           "TTL": "``ttl``"}


def rows(text, macro):
    """The arguments of each X() of a list."""
    body = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n", text, re.S)[1]
    body = body.replace("\\\n", " ")
    for call in re.findall(r"X\(((?:[^()]|\([^()]*\))*)\)", body):
        yield [" ".join(part.split())
               for part in re.findall(r"(?:[^,()]|\([^()]*\))+", call)]


def words(cell, prefix=""):
    """The names of a cell, '0' and '(0)' being none."""
    names = re.findall(r"[A-Z_]+", cell)
    return [name.removeprefix("SHARDMAP_").removeprefix(prefix) for name in names]


def code(names):
    return " ".join(f"``{name}``" for name in names) or "--"


def members(cell):
    return " ".join(MEMBERS[name] for name in words(cell, "TAKES_")) or "--"


def access(cell):
    return " ".join(name.lower() for name in words(cell)) or "--"


def errnos(cell):
    return " ".join(words(cell)) or "--"


def table(heads, widths, lines):
    """A simple table; cells are wrapped."""
    rule = "  ".join("=" * width for width in widths)
    text = [rule]
    for number, line in enumerate([heads, *lines]):
        cells = [textwrap.wrap(cell, width, break_on_hyphens=False) or [""]
                 for cell, width in zip(line, widths)]
        for i in range(max(map(len, cells))):
            text.append("  ".join((cell[i] if i < len(cell) else "").ljust(width)
                                  for cell, width in zip(cells, widths)).rstrip())
        if not number:
            text.append(rule)
    return "\n".join([*text, rule]) + "\n"


def flags(cell, one_of):
    return ("one of " if words(one_of) else "") + code(words(cell))


def tables():
    text = HEADER.read_text()
    common = re.search(r"#define SHARDMAP_OP_ERRNOS (.*)", text)[1]
    operations = [(f"``{name}``", flags(known, one_of), members(takes),
                   access(needs), errnos(err))
                  for name, _, needs, takes, known, one_of, err in
                  rows(text, "SHARDMAP_OPS")]
    changes = [(f"``{name}``", members(takes), access(needs), code(words(excludes)),
                errnos(err))
               for name, needs, takes, excludes, err in
               rows(text, "SHARDMAP_OP_FLAGS")]
    note = textwrap.fill(f"Each may also fail with {common}.  A flag changes what the "
                         "operation takes, needs and fails with:", 88,
                         break_on_hyphens=False)
    return (table(("Command", "Flags", "Members", "Needs", "Errors"),
                  (14, 22, 17, 10, 16), operations)
            + f"\n{note}\n\n"
            + table(("Flag", "Members besides", "Needs", "Not with", "Errors"),
                    (14, 22, 10, 17, 16), changes))


def parts():
    """The page before the tables, what is there, and the page behind them."""
    before, rest = PAGE.read_text().split(BEGIN)
    inside, after = rest.split(END)
    return before, inside, after


def stale():
    """Findings for lint."""
    if parts()[1].strip() == tables().strip():
        return []
    return ["Documentation/operations.rst differs from uapi/shardmap_ops.h: run "
            "tools/check/ops.py"]


if __name__ == "__main__":
    head, _, tail = parts()
    PAGE.write_text(head + BEGIN + "\n" + tables() + "\n" + END + tail)
