#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Show that the runner tells good runs from bad ones: selftest.py KERNEL..."""

import filecmp
import os
import pathlib
import subprocess
import sys
import tempfile

VM = pathlib.Path(__file__).resolve().parent / "vm"
WARNING = 'echo "WARNING: CPU: 0 PID: 1 at planted" > /dev/kmsg'


def run(kernel, command, *options):
    """(status, output) of one guest."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [VM, "run", "--kernel", kernel, "--console", f"{scratch}/console",
             "--no-kmemleak", *options, "--", *command], stdout=subprocess.PIPE,
            stderr=None if os.environ.get("V") else subprocess.DEVNULL)
    return done.returncode, done.stdout


def status_cases(kernel):
    uml = kernel == "uml"
    yield "exit 0", 0, ["true"], []
    yield "exit 3", 3, ["sh", "-c", "exit 3"], []
    yield "killed by SIGKILL", 137, ["kill -9 $$"], []
    yield "command not found", 127, ["/no/such"], []
    yield "planted warning", 4, [WARNING], []
    yield "allowed warning", 0, [WARNING], ["--allow", "planted"]
    yield "failure beats bad log", 3, [WARNING + "; exit 3"], []
    yield "time limit", 124, ["sleep 1000"], ["--timeout", "3" if uml else "40"]
    yield "reboot", 125, ["reboot -f; sleep 9"], []
    if not uml:
        yield "panic", 125, ["echo c > /proc/sysrq-trigger; sleep 9"], []
        yield "CPU missing", 126, ["true"], ["--append", "maxcpus=1"]


def check_statuses(kernel):
    for what, wanted, command, options in status_cases(kernel):
        got, _ = run(kernel, command, *options)
        yield what, got == wanted, f"status {got}, expected {wanted}"


def check_output(kernel):
    _, got = run(kernel, ["printf", "a\\nb\\r\\n\\000\\377end"])
    wanted = b"a\nb\r\n\0\xffend"
    yield "output is binary-clean", got == wanted, f"got {got!r}"
    _, got = run(kernel, ["seq 100000"])
    wanted = b"".join(b"%d\n" % n for n in range(1, 100001))
    yield "output is complete", got == wanted, f"{len(got)} of {len(wanted)} bytes"


def check_files(kernel):
    with tempfile.TemporaryDirectory() as scratch:
        given, back = pathlib.Path(scratch, "given"), pathlib.Path(scratch, "back")
        given.write_bytes(os.urandom(20 << 20))
        got, _ = run(kernel, ["mkdir /out/d; cp /data/f /out/d/"],
                     "--add", f"{given}:data/f", "--out", str(back))
        same = (back / "d/f").exists() and filecmp.cmp(given, back / "d/f", False)
        yield "20 MiB through /out", got == 0 and same, f"status {got}, same {same}"


def main():
    failed = number = 0
    print("TAP version 13")
    for kernel in sys.argv[1:] or ["stock-6.12"]:
        for checks in (check_statuses, check_output, check_files):
            for what, good, detail in checks(kernel):
                number += 1
                failed += not good
                print(f"{'ok' if good else 'not ok'} {number} - {kernel}: {what}",
                      flush=True)
                if not good:
                    print(f"# {detail}", flush=True)
    print(f"1..{number}")
    return failed > 0


sys.exit(main())
