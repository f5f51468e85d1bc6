# SPDX-License-Identifier: GPL-2.0-only
"""Pieces of reStructuredText."""

import textwrap


def heading(text, mark="="):
    return f"{text}\n{mark * len(text)}\n"


def paragraph(text):
    return textwrap.fill(" ".join(text.split()), 88, break_long_words=False,
                         break_on_hyphens=False) + "\n"


def table(head, rows):
    """A simple table; numbers to the right.  An empty cell is a dash."""
    cells = [[str(cell) if cell not in (None, "") else "-" for cell in row]
             for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    rule = "  ".join("=" * width for width in widths)

    def line(row):
        first, *others = row
        return "  ".join([first.ljust(widths[0]), *(
            cell.rjust(width) for cell, width in zip(others, widths[1:]))]).rstrip()
    return "\n".join([rule, line(cells[0]), rule, *map(line, cells[1:]), rule]) + "\n"


def image(name, text):
    return f".. image:: plots/{name}.svg\n   :alt: {text}\n"


def number(value):
    """Three digits that mean something."""
    if value is None:
        return None
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"
