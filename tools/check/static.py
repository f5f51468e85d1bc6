# SPDX-License-Identifier: GPL-2.0-only
"""Planted bugs that are found before anything runs."""

import re
import time

from common import BUILD, ROOT, VM, run

FOLDER = BUILD / "cases" / "static"
BUGGY = "SM_CASE_BUGGY"


def run_rows(rows):
    """Have the tool of each row look at both variants of its file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    run("cases-copy", ["rsync", "-a", "--delete", "--exclude=*.o", "--exclude=.*.cmd",
                       ROOT / "Kbuild", ROOT / "kmod", ROOT / "uapi", FOLDER])
    _, text = run("cases-kernel", [VM, "kernel", "stock-6.12"])
    kdir = re.search(r"^KDIR=(.*)$", text, re.M)[1]
    for row in rows:
        tool = TOOLS[row.trigger]
        quiet, _ = tool(row, kdir, buggy=False)
        row.noise = quiet.strip()
        text, seconds = tool(row, kdir, buggy=True)
        match = re.search(f"(?m)^.*(?:{row.expected}).*$", text)
        if match:
            row.after, row.title, row.report = seconds, match[0], text


def _timed(row, variant, argv):
    started = time.monotonic()
    _, text = run(f"cases-{row.trigger}-{row.case}-{variant}", argv, ok=None)
    # The first line is the command.
    return text.partition("\n")[2], time.monotonic() - started


def _kbuild(row, kdir, buggy, *options):
    """Compile the case's file alone; what kbuild itself says is left out."""
    source = f"kmod/cases/{row.case}"
    text, seconds = _timed(
        row, "buggy" if buggy else "fixed",
        ["sh", "-c", 'rm -f "$1"; shift; exec "$@"', "-", FOLDER / f"{source}.o",
         "make", "-s", "-C", kdir, f"M={FOLDER}", f"KCFLAGS={f'-D{BUGGY}' * buggy}",
         *options, f"{source}.o"])
    lines = [re.sub(r"/\S*/(?=kmod/|include/)", "", line) for line in text.splitlines()]
    return "\n".join(line for line in lines
                     if not re.match(r"make(\[\d+\])?:|warning: the compiler differs|"
                                     r"  The kernel was|  You are using", line)), seconds


def _sparse(row, kdir, buggy):
    return _kbuild(row, kdir, buggy, "C=2", "CF=-D__CHECK_ENDIAN__")


def _compiler(row, kdir, buggy):
    return _kbuild(row, kdir, buggy)


def _pahole(row, kdir, buggy):
    """Does the struct have one layout in 64 and in 32 bit?"""
    source = ROOT / "kmod" / "cases" / f"{row.case}.c"
    define = f"-D{BUGGY}" if buggy else f"-U{BUGGY}"
    return _timed(row, "buggy" if buggy else "fixed", [
        "sh", "-ec", 'cd "$1"; for width in 64 32; do '
        'gcc -m$width -g -c -DSM_CASE_NO_ASSERT "$2" -o layout$width.o "$3"; '
        'pahole -C "$4" layout$width.o > layout$width; done; '
        "diff layout64 layout32", "-", FOLDER, define, source, "sm_case_shared"])


def _coccinelle(row, kdir, buggy):
    source = f"kmod/cases/{row.case}"
    define = f"-D{BUGGY}" if buggy else f"-U{BUGGY}"
    return _timed(row, "buggy" if buggy else "fixed", [
        "sh", "-c", 'cd "$1"; unifdef "$2" -o variant.c "$3.c"; '
        'spatch -D report --very-quiet --sp-file "$3.cocci" variant.c', "-",
        FOLDER, define, source])


TOOLS = {"sparse": _sparse, "compiler": _compiler, "pahole": _pahole,
         "coccinelle": _coccinelle}
