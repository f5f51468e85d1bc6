# SPDX-License-Identifier: GPL-2.0-only
"""The litmus tests of the documentation, as far as they can be checked without herd7."""

import re
import subprocess

from common import ROOT, kernel_source

FOLDER = ROOT / "Documentation" / "litmus"
LEDGER = ROOT / "Documentation" / "memory-ordering.rst"

# What the model has as macros, as far as a C compiler needs to know.
PRELUDE = """
typedef int spinlock_t;
int herd_store(void *), herd_fence(void);
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, v) ((x) = (v))
#define smp_store_release(x, v) (*(x) = (v))
#define smp_load_acquire(x) (*(x))
#define rcu_assign_pointer(x, v) ((x) = (v))
#define rcu_dereference(x) (x)
#define xchg(x, v) (*(x) = (v))
#define smp_mb() herd_fence()
#define smp_rmb() herd_fence()
#define smp_wmb() herd_fence()
#define spin_lock(x) herd_store(x)
#define spin_unlock(x) herd_store(x)
#define rcu_read_lock() herd_fence()
#define rcu_read_unlock() herd_fence()
#define synchronize_rcu() herd_fence()
"""


def headings():
    """Titles of the pairs in the ledger."""
    return set(re.findall(r"^(.+)\n-{3,}$", LEDGER.read_text(), re.M))


def known_macros():
    """What the kernel's memory model defines."""
    text = (kernel_source() / "tools/memory-model/linux-kernel.def").read_text()
    return set(re.findall(r"^(\w+)\(", text, re.M))


def compile_error(body):
    flags = ["-xc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wno-unused-but-set-variable",
             "-Wno-unused-value", "-Wno-unused-parameter", "-Werror"]
    done = subprocess.run(["gcc", *flags, "-"], text=True,
                          input=PRELUDE + re.sub(r"^P", "void P", body, flags=re.M),
                          capture_output=True)
    return done.stderr.splitlines()[0] if done.returncode else ""


def faults(path, pairs, macros):
    """What is wrong with one test."""
    text = path.read_text()
    parts = re.fullmatch(r"C (\S+)\n\n\(\*\n(.*?) \*\)\n\n(\{.*?\})\n\n(.*)\n"
                         r"exists (\(.*\))\n", text, re.S)
    if not parts:
        return ["not of the form: name, comment, start, threads, exists"]
    name, comment, start, body, exists = parts.groups()
    found = []
    if name != path.stem:
        found.append(f"is called {name}")
    if len(re.findall(r"^ \* Result: (Never|Sometimes)$", comment, re.M)) != 1:
        found.append("does not say the result")
    pair = re.findall(r"^ \* Pair: (.+)$", comment, re.M)
    if len(pair) != 1 or pair[0] not in pairs:
        found.append(f"pair {pair} is not in {LEDGER.name}")
    for macro in set(re.findall(r"\b(\w+)\(", body)) - macros:
        if not re.fullmatch(r"P\d|if", macro):
            found.append(f"the memory model has no {macro}()")
    shared = set(re.findall(r"\*(\w+)[,)]", body))
    for variable, value in re.findall(r"^(\w+)=(\w+);$", start, re.M):
        if variable not in shared and f"={variable};" not in start:
            found.append(f"{variable} is in no thread")
        if not value.isdigit() and value not in shared | set(re.findall(r"^(\w+)=", start,
                                                                      re.M)):
            found.append(f"{value} is not known")
    threads = re.split(r"^P(\d+)\(", body, flags=re.M)[1:]
    locals_of = {threads[i]: set(re.findall(r"^\tint \*?(r\d+);$", threads[i + 1], re.M))
                 for i in range(0, len(threads), 2)}
    for thread, register in re.findall(r"(\d+):(r\d+)=", exists):
        if register not in locals_of.get(thread, ()):
            found.append(f"exists: thread {thread} has no {register}")
    if exists.count("(") != exists.count(")"):
        found.append("exists: parentheses")
    return found + [error for error in [compile_error(body)] if error]


def check():
    pairs, macros = headings(), known_macros()
    paths = sorted(FOLDER.glob("*.litmus"))
    return [f"{path.name}: {fault}" for path in paths
            for fault in faults(path, pairs, macros)] or ([] if paths else ["no tests"])


if __name__ == "__main__":
    raise SystemExit("\n".join(check()))
