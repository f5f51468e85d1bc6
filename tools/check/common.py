# SPDX-License-Identifier: GPL-2.0-only
"""What the stages of `make check` share: running, counting, figures."""

import dataclasses
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "check"
VM = ROOT / "tools" / "vm" / "vm"

# The larger counts that the project's bars name.
CI = os.environ.get("CI") == "true"


# The stress test as most stages run it
STRESS = "shardmap-stress --threads 2 --processes 2 --json "


class Failed(Exception):
    """A step of a stage ended badly; the text says which and where its log is."""


@dataclasses.dataclass
class Result:
    """Counts of one stage, and its figures for build/figures.json."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    figures: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)

    def count(self, ok, text):
        """One check of the stage's own."""
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            self.notes.append(text)

    def count_guest(self, status, log):
        """Did a guest's command end well, and what did its kernel report?"""
        self.count(status == 0, f"guest ended with {status}, log {place(log, 'log')}")
        text = (LOGS / f"{log}.log").read_text(errors="replace")
        self.figure("reports", text.count("bad kernel log:\n"))

    def add(self, passed, failed, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def figure(self, name, value):
        self.figures[name] = self.figures.get(name, 0) + value


def place(log, suffix):
    """Where a file of a log is, for readers."""
    return (LOGS / f"{log}.{suffix}").relative_to(ROOT)


def _wait_for(child):
    """Its status.  Whoever is interrupted ends it first: it may have a guest to stop."""
    try:
        return child.wait()
    except BaseException:
        try:
            # Of a Ctrl-C it knows, and is busy with its end.
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.terminate()
            child.wait()
        raise


def run(log, argv, ok=(0,), env=None, cwd=ROOT):
    """Run with all output in a log; returns (status, output).

    A log is named by its place below build/check, or by a whole path; without suffix.
    """
    path = LOGS / f"{log}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(a) for a in argv]
    with open(path, "w") as stream:
        stream.write("$ " + " ".join(argv) + "\n")
        stream.flush()
        status = _wait_for(subprocess.Popen(
            argv, stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            cwd=cwd, env={**os.environ, **(env or {})}))
    output = path.read_text(errors="replace")
    if ok is not None and status not in ok:
        tail = "\n".join("    " + line for line in output.splitlines()[-25:])
        raise Failed(f"{argv[0]} ended with {status}, log {path.relative_to(ROOT)}\n"
                     f"{tail}")
    return status, output


def modules(kernel, *options):
    """Build the modules for a kernel; returns the folder they are in."""
    run(f"modules-{kernel}", [VM, "modules", kernel, *options])
    return BUILD / kernel


@functools.cache
def cross(kernel):
    """(suffix of a folder, arguments for make) for programs that a kernel can run."""
    if kernel != "arm64":
        return "", ()
    _, text = run(f"cross-{kernel}", [VM, "cross", kernel])
    return f"-{kernel}", tuple(re.findall(r"^[A-Z]+=.*$", text, re.M))


def static_tools(kernel=None):
    """User programs for guests, which have no shared libraries."""
    suffix, options = cross(kernel)
    out = BUILD / f"tools-static{suffix}"
    # Of another architecture just the one that the soak takes
    run(f"tools-static{suffix}", ["make", "-s", "-C", "tools", "STATIC=1", f"O={out}",
                                  *options, *([out / "shardmap-stress"] if suffix else [])])
    return out


def guest(log, kernel, command, *, ko=(), add=(), timeout=300, ok=(0,), options=()):
    """Run a command in a guest; returns (status, its output)."""
    out = LOGS / f"{log}.out"
    argv = [VM, "run", "--kernel", kernel, "--timeout", timeout, "--out", out,
            "--console", LOGS / f"{log}.console", *options]
    for module in ko:
        argv += ["--ko", BUILD / kernel / module]
    for path in add:
        argv += ["--add", path]
    return run(log, [*argv, "--", command], ok=ok)


@functools.cache
def kernel_source():
    """Debian's kernel source, for its scripts and test headers."""
    _, text = run("kernel-source", [VM, "source"])
    return pathlib.Path(text.splitlines()[-1])


def add_ktap(result, path):
    """Add the tests of a KTAP file to a result, as the kernel's parser counts."""
    tool = kernel_source() / "tools/testing/kunit/kunit.py"
    status, text = run(f"ktap-{path.stem}", [sys.executable, tool, "parse", path],
                       ok=None)
    line = re.search(r"Testing complete\. Ran (\d+) tests: (.*)", text)
    if not line:
        raise Failed(f"no test results in {path.relative_to(ROOT)}")
    # kunit.py names only the counts that are not zero.
    counts = {name: int(n) for name, n in re.findall(r"(\w+): (\d+)", line[2])}
    failed = sum(counts.get(n, 0) for n in ("failed", "crashed", "errors"))
    if not counts.get("passed"):
        raise Failed(f"no test passed in {path.relative_to(ROOT)}")
    if status and not failed:
        failed = 1
    result.add(counts["passed"], failed, counts.get("skipped", 0))
    result.notes += re.findall(r"Failures: .*", text)


def read_json(out, name):
    """What a tool has left in a guest's /out."""
    return json.loads((out / f"{name}.json").read_text())


def test_counts(text):
    """Sum of the closing lines 'N passed, N failed, N skipped'."""
    found = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", text, re.M)
    if not found:
        raise Failed("a test runner printed no closing line")
    return [sum(int(row[i] or 0) for row in found) for i in range(3)]


def selftests(width, kernel=None):
    """Build the selftests of 64 or 32 bit; returns the folder they are in."""
    suffix, options = cross(kernel)
    out = BUILD / f"selftests{width}{suffix}"
    source = kernel_source() / "tools" / "testing" / "selftests"
    run(out.name, ["make", "-s", "-C", "selftests", f"KSFT_DIR={source}", f"O={out}",
                   *options, *(["M32=1"] if width == 32 else [])])
    return out


def add_selftests(result, path, name):
    """Add what selftests/run.sh printed; returns how many tests failed."""
    text = path.read_text(errors="replace")
    passed, failed, skipped = test_counts(text)
    result.add(passed, failed, skipped)
    if failed:
        result.notes += [f"{name}: {line}" for line in
                         re.findall(r"^not ok .*$", text, re.M)]
    return failed


def write_figures(figures):
    """Merge into build/figures.json, a flat object of name to number."""
    path = BUILD / "figures.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known.update(figures)
    path.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


class Progress:
    """A line per stage on stdout: what runs, then how it ended and how long."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.started = time.monotonic()
        print(f"check: {self.name} ...", flush=True)
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self.started
        return False
