# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel said while a planted bug ran."""

import dataclasses
import re
import sys

from common import ROOT, kernel_source

# Behind this folder, since both have modules of the same name.
sys.path.append(str(ROOT / "tools" / "vm"))

import decode  # noqa: E402
import judge  # noqa: E402

LINE = re.compile(r"^(?:<\d+>)?\[ *(\d+\.\d+)\](?:\[ *[TC]\d+\])? ?(.*)$")
MARK = re.compile(r"shardmap_cases: (\w+) (buggy|fixed) (begins|ends)$")


@dataclasses.dataclass
class Part:
    """The kernel log of one variant of a case: (time, text) of its lines."""
    case: str
    variant: str
    lines: list

    def text(self):
        return "\n".join(text for _, text in self.lines)

    def seconds(self):
        return self.lines[-1][0] - self.lines[0][0]

    def blocks(self):
        """Reports; of KCSAN's those with a function of ours in them."""
        return [block for block in judge.blocks_in(self.text(), whole=True)
                if "KCSAN" not in block.title or "[shardmap" in block.text()]

    def find(self, expected):
        """(seconds, title, report) of the first line that matches, or None."""
        for time, text in self.lines:
            if re.search(expected, text):
                blocks = [b for b in self.blocks() if text in b.lines]
                report = blocks[0].text() if blocks else text
                return time - self.lines[0][0], text, report + "\n"
        return None


def parts(console):
    """The parts of a console log, in order; the last one may lack its end."""
    found, part = [], None
    for raw in console.splitlines():
        match = LINE.match(raw.rstrip("\r"))
        if not match:
            continue
        mark = MARK.search(match[2])
        # Where the modules were built is of no interest.
        line = (float(match[1]), re.sub(r"/\S*/(?=kmod/)", "", match[2]))
        if mark and mark[3] == "begins":
            part = Part(mark[1], mark[2], [line])
            found.append(part)
        elif part:
            part.lines.append(line)
            part = None if mark else part
    return found


def decoded(report, ko):
    """The report with files and lines behind frames of our modules."""
    return decode.decode(report, ko, [kernel_source()])
