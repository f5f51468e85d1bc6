# SPDX-License-Identifier: GPL-2.0-only
"""Say in which file and line the frames of our modules are."""

import pathlib
import re
import subprocess

FRAME = re.compile(r"([\w.]+\+0x[0-9a-f]+/0x[0-9a-f]+) \[(\w+)\]")


def decode(text, modules, trees):
    """The text with ' (FILE:LINE)' behind each frame that could be decoded.

    modules are the .ko files that were loaded.  A script of the kernel's, of one of
    the trees, reads their debug information; without it the text stays as it is.
    """
    scripts = [tree / "scripts" / "faddr2line" for tree in map(pathlib.Path, trees)]
    script = next((s for s in scripts if s.exists()), None)
    by_name = {pathlib.Path(ko).stem: ko for ko in modules}
    places = {}
    for name in {m[2] for m in FRAME.finditer(text)} & set(by_name) if script else ():
        frames = sorted({m[1] for m in FRAME.finditer(text) if m[2] == name})
        places.update(_places(script, by_name[name], frames))
    return FRAME.sub(lambda m: m[0] + (f" ({places[m[1]]})" if m[1] in places else ""),
                     text)


def _places(script, ko, frames):
    done = subprocess.run([script, ko, *frames], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    found, frame = {}, None
    for line in done.stdout.splitlines():
        if line.endswith(":") and "+0x" in line:
            frame = line[:-1]
        # The first line is the innermost function, inlined ones included.
        elif frame and frame not in found and " at " in line:
            place = line.split(" at ", 1)[1].split(" (")[0]
            if re.search(r":\d+$", place):
                found[frame] = re.sub(r"^.*?/(?=kmod/|include/|arch/)", "", place)
    return found
