#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which lines and branches of the core the tests have reached.

    coverage.py FILE.gcda...

A function of a header is compiled once for each file that includes it.  A line or branch
counts once, and is reached if any of its copies was.
"""

import collections
import json
import os
import subprocess
import sys

# Percent of the lines and of the branches that must be reached.
WANTED = {"line": 90, "branch": 80}

CORE = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../kmod/core"))


def gcov(path):
    """What gcov says about one object file."""
    text = subprocess.run(["gcov", "--json-format", "--stdout", "-b", path], check=True,
                          capture_output=True, text=True).stdout
    for document in filter(None, text.split("\n")):
        data = json.loads(document)
        for entry in data["files"]:
            yield os.path.join(data["current_working_directory"], entry["file"]), entry


def main(paths):
    lines, branches = collections.Counter(), collections.Counter()
    for path in paths:
        for name, entry in gcov(path):
            name = os.path.realpath(name)
            if os.path.dirname(name) != CORE:
                continue
            for line in entry["lines"]:
                place = name, line["line_number"]
                lines[place] += line["count"]
                for number, branch in enumerate(line["branches"]):
                    branches[(*place, number)] += branch["count"]
    if not lines:
        sys.exit("coverage.py: nothing of the core was measured")
    missed = []
    for kind in (lines, branches):
        sums = collections.defaultdict(lambda: [0, 0])
        for place, count in kind.items():
            sums[os.path.basename(place[0])][0] += 1
            sums[os.path.basename(place[0])][1] += count > 0
        word = "line" if kind is lines else "branch"
        for name, (total, hit) in sorted(sums.items()):
            print(f"# {word}: {100 * hit / total:5.1f}% of {total:3} in {name}")
        percent = 100 * sum(c > 0 for c in kind.values()) / len(kind)
        print(f"host_{word}_coverage: {percent:.1f}")
        if percent < WANTED[word]:
            missed.append(f"{percent:.1f}% by {word}, {WANTED[word]}% is wanted")
    if missed:
        sys.exit("coverage.py: reached " + ", ".join(missed))


if __name__ == "__main__":
    main(sys.argv[1:])
