# SPDX-License-Identifier: GPL-2.0-only
"""Checks of the source text, and builds that must be silent."""

import re
import subprocess

import case_page
import cases
import litmus
import ops
from common import BUILD, ROOT, VM, Failed, Result, kernel_source, run

MAX_LINES = 600
# UML is the one with KUnit, and so with the suites.
COMPILERS = (("stock-6.12", None), ("stock-6.12", "clang-19"),
             ("stock-6.1", None), ("stock-6.1", "clang-19"), ("uml", None))
SPARSE = ("stock-6.12", "uml")
# Modules that are built on request only.
REQUESTED = ("SHARDMAP_BENCH=1", "SHARDMAP_CASES=1", "SHARDMAP_READER=1",
             "SHARDMAP_SAMPLES=1")
# What is written by hand.
TEXTS = ("*.c", "*.h", "*.cc", "*.hh", "*.py", "*.sh", "*.rst", "*.md", "*Makefile",
         "*Kbuild")


def tracked(*patterns):
    """Files of the tree, also those not committed yet."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--",
                           *patterns], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          check=True)
    return [ROOT / name for name in sorted(set(done.stdout.split()))
            if (ROOT / name).exists()]


def rel(path):
    return str(path.relative_to(ROOT))


def grep(paths, pattern, allow=lambda path: False):
    expression = re.compile(pattern)
    return [f"{rel(path)}:{number}: {line.strip()}"
            for path in paths if not allow(path)
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if expression.search(line)]


def layers():
    """The include rules of the tree."""
    core = tracked("kmod/core/*")
    chardev = tracked("kmod/chardev/*")
    kmod = tracked("kmod/*.c", "kmod/*.h")
    return (
        grep(core, r'#\s*include.*(uapi/|chardev|obs/|uaccess|miscdevice|linux/fs\.h)')
        + grep(chardev, r'#\s*include.*core/')
        + grep(kmod, r"LINUX_VERSION_CODE|KERNEL_VERSION\(",
               allow=lambda path: path.name == "compat.h")
        + grep(core, r"__no_kcsan|__no_sanitize"))


# Written by programs: as long as there are figures or cases, and nobody's to edit.
# And the user interface, which is one header for those who include it.
LONG = ("Documentation/benchmarks.rst", "Documentation/race-cases.rst",
        "uapi/linux/shardmap.h")


def file_length():
    long = []
    for path in tracked(*TEXTS):
        lines = len(path.read_text().splitlines())
        if lines > MAX_LINES and str(rel(path)) not in LONG:
            long.append(f"{rel(path)}: {lines} lines, at most {MAX_LINES}")
    return long


def machine_paths():
    """Nothing in the tree may depend on where it was checked out."""
    return grep(tracked(*TEXTS), re.escape(f"{ROOT}/"))


def clang_format():
    wrong = []
    for path in tracked("*.c", "*.h", "*.cc", "*.hh"):
        done = subprocess.run(["clang-format", "--dry-run", "-Werror", path],
                              stderr=subprocess.PIPE, text=True, cwd=ROOT)
        if done.returncode:
            wrong.append(f"{rel(path)}: run clang-format -i on it")
    return wrong


def checkpatch():
    script = kernel_source() / "scripts" / "checkpatch.pl"
    # checkpatch is against what compat.h is made of, version checks, and what
    # shardmap_ops.h and errno_rows.c are, lists of macro calls.
    paths = [p for p in tracked("kmod/*.c", "kmod/*.h", "uapi/*.h")
             if p.name not in ("compat.h", "shardmap_ops.h", "errno_rows.c")]
    done = subprocess.run(["perl", script, "--terse", "--no-summary", "--show-types",
                           "-f", *paths], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    return [line for line in done.stdout.splitlines()
            if re.search(r"(ERROR|WARNING|CHECK):", line)]


def kernel_doc():
    script = kernel_source() / "scripts" / "kernel-doc"
    paths = tracked("kmod/*.c", "kmod/*.h", "uapi/*.h")
    done = subprocess.run(["perl", script, "-none", "-Wall", *paths],
                          stderr=subprocess.PIPE, text=True, cwd=ROOT)
    return [line for line in done.stderr.splitlines() if "warning" in line
            or "error" in line]


def shellcheck():
    paths = tracked("*.sh", ".ci/run")
    done = subprocess.run(["shellcheck", "-x", *paths], stdout=subprocess.PIPE,
                          text=True, cwd=ROOT)
    return [done.stdout] if done.returncode else []


def double_fetch():
    """The rule that finds the planted double fetch finds no other."""
    rule = ROOT / "kmod/cases/double_fetch.cocci"
    paths = [p for p in tracked("kmod/*.c") if p.stem != rule.stem]
    done = subprocess.run(["spatch", "-D", "report", "--very-quiet", "--sp-file", rule,
                           *paths], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    return [line for line in done.stdout.splitlines() if line] or \
        [f"spatch ended with {done.returncode}"] * bool(done.returncode)


def _own_tests(tool):
    done = subprocess.run([ROOT / "tools" / tool / "selftest.py"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.splitlines()[-3:] if done.returncode else []


def bench_report():
    """The report of `make bench`, from rows of a known sort."""
    return _own_tests("bench")


def soak_sums():
    """What `make soak` makes of its legs, without guests."""
    return _own_tests("soak")


def man_pages():
    """Sound markup, and a page that has each function of the library as it is."""
    pages = tracked("tools/man/*")
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", *pages],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = done.stdout.splitlines()
    page = (ROOT / "tools/man/libshardmap.3").read_text().splitlines()
    header = (ROOT / "tools/lib/libshardmap.h").read_text()
    header = re.sub(r"/\*.*?\*/|^#.*?$", "", header, flags=re.S | re.M)
    for name, args in re.findall(r"^[^\n(){}=\t]*?\b(shardmap_\w+)\(([^)]*)\)\s*[;{]",
                                 re.sub(r"\s*\n(?=shardmap_\w+\()", " ", header), re.M):
        args = [" ".join(arg.split()) for arg in args.split(",")]
        line = " ".join([f".Fn {name}", *(f'"{a}"' if " " in a else a for a in args)])
        if line not in page or not {f".Nm {name}", f".Nm {name} ,"} & set(page):
            found.append(f"tools/man/libshardmap.3 has no '{line}'")
    return found


def operations():
    """The tables in the documentation, from the description of the operations."""
    return ops.stale()


def planted_bugs():
    """The page of the planted bugs, from their files."""
    return case_page.stale()


def litmus_tests():
    """Those of Documentation/litmus, which need herd7 to be run."""
    return litmus.check()


TEXT_CHECKS = (layers, file_length, machine_paths, clang_format, checkpatch,
               kernel_doc, shellcheck, man_pages, operations, litmus_tests,
               bench_report, soak_sums, double_fetch, planted_bugs)


def silent_build(kernel, compiler):
    out = BUILD / "lint" / (f"{kernel}-{compiler}" if compiler else kernel)
    options = ["--cc", compiler] if compiler else []
    run(f"lint-{out.name}", [VM, "modules", kernel, "KCFLAGS=-Werror",
                             *REQUESTED, "--w1", "--out", out, *options])


def sparse():
    """Every file is checked anew at each run, so no object hides a warning."""
    found = []
    for kernel in SPARSE:
        _, text = run(f"lint-sparse-{kernel}",
                      [VM, "modules", kernel, *REQUESTED, "--check", "--out",
                       BUILD / "lint" / f"sparse-{kernel}"])
        found += [line for line in text.splitlines()
                  if re.search(r"(warning|error):", line)]
    return found


def stage(quick=False):
    result = Result()
    for check in TEXT_CHECKS + (() if quick else (sparse,)):
        findings = check()
        result.count(not findings, f"{check.__name__}:\n  " + "\n  ".join(findings))
    for kernel, compiler in () if quick else COMPILERS:
        try:
            silent_build(kernel, compiler)
            result.passed += 1
        except Failed as failed:
            result.count(False, str(failed))
    if not quick:
        cases.count(result, cases.run_bed("build"))
    return result
