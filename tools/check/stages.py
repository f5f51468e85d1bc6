# SPDX-License-Identifier: GPL-2.0-only
"""The stages of `make check` that run code: on the host, and in guests."""

import re

import cases
import storms
from common import (BUILD, CI, LOGS, ROOT, STRESS, Result, add_ktap, add_selftests,
                    guest, modules, place, read_json, run, selftests, static_tools,
                    test_counts)

# Operations of one concurrent KUnit case, of the table and of the alternatives to
# it, and seconds of stress, on each bed.
KUNIT_OPS = {"uml": 200000, "kcsan": 100000 if CI else 20000, "kasan": 20000}
BACKENDS_OPS = {"uml": 400000, "kcsan": 100000 if CI else 20000, "kasan": 6000}
KCSAN_STRESS_SECONDS = 300 if CI else 15
KCSAN_OPS_WANTED = 20000000 if CI else 0

# Operations on each of Debian's kernels, and how they are made.
STOCK_OPS_WANTED = 100000000 if CI else 2000000
STOCK_LOADS = {
    "stress": (0.1, ""),
    "stress-growth": (0.3, "--batch 64 --growth --keys 20000"),
    "stress-inline": (0.1, "--inline --growth"),
    "stress-inline-batch": (0.5, "--inline --batch 64 --keys 20000"),
}
STOCK_STRESS = "".join(
    f"{STRESS}--ops {round(part * STOCK_OPS_WANTED)} {options} > /out/{name}.json || "
    "exit 1; " for name, (part, options) in STOCK_LOADS.items())

# Recorded operations on each kind of table, and how many kinds of them there are.
LIN_OPS = 10000000 if CI else 500000
KCSAN_LIN_OPS = 130000 if CI else 30000
LIN_KINDS = 14

# KCSAN watches one access in so many.  It takes a closer look at the alternatives,
# whose suites are short; a prime, so as not to fall into step with their loops.
KCSAN_SKIP = "/sys/module/kcsan/parameters/skip_watch"

# The suites inject failures by the hundred.
QUIET_FAILSLAB = ("if [ -e /sys/kernel/debug/failslab ]; then "
                  "echo 0 > /sys/kernel/debug/failslab/verbose; fi; ")

KUNIT_COMMAND = QUIET_FAILSLAB + (
    "insmod /ko/shardmap.ko || exit 1; "
    "insmod /ko/shardmap_kunit.ko ops={ops}; loaded=$?; rmmod shardmap_kunit; "
    "if [ -e {skip} ]; then echo 499 > {skip}; fi; "
    "insmod /ko/shardmap_bench.ko repeats=0 && "
    "insmod /ko/shardmap_bench_kunit.ko ops={backends_ops} || loaded=1; "
    "rmmod shardmap_bench_kunit; rmmod shardmap_bench; rmmod shardmap; exit $loaded")
KUNIT_MODULES = ("shardmap.ko", "shardmap_kunit.ko", "shardmap_bench.ko",
                 "shardmap_bench_kunit.ko")


def host():
    """The core in user space, under the sanitizers; the tools and the library."""
    result = Result()
    status, _ = run("tools-test", ["make", "-s", "-C", "tools", "test",
                                   f"O={BUILD / 'tools'}"], ok=None)
    result.count(status == 0, "make -C tools test failed, log build/check/tools-test.log")
    status, text = run("host", ["make", "-s", "-C", "selftests/host", "check"], ok=None)
    result.add(*test_counts(text))
    result.count(status == 0, "selftests/host failed, log build/check/host.log")
    for name, value in re.findall(r"^(host_\w+): ([\d.]+)$", text, re.M):
        result.figures[name] = float(value) if "." in value else int(value)
    return result


def kunit(kernel, timeout, log=None):
    """Run the KUnit suites on a kernel; returns (result, operations done)."""
    result = Result()
    modules(kernel, "SHARDMAP_BENCH=1")
    log = log or f"{kernel}-kunit"
    command = KUNIT_COMMAND.format(ops=KUNIT_OPS[kernel], skip=KCSAN_SKIP,
                                   backends_ops=BACKENDS_OPS[kernel])
    status, _ = guest(log, kernel, command, ko=KUNIT_MODULES, timeout=timeout, ok=None)
    console = (LOGS / f"{log}.console").read_text(errors="replace")
    # The parser ends with the first plan, and each module has one; KUnit itself
    # prints an empty one at boot.
    plans = re.split(r"(?m)^(?=(?:\[ *[\d.]+\] )?KTAP version 1$)",
                     console[max(console.find("command starts"), 0):])[1:]
    for number, plan in enumerate(plans):
        results = LOGS / f"{log}-{number}.ktap"
        results.write_text(plan)
        add_ktap(result, results)
    result.count(len(plans) == 2, f"{len(plans)} modules printed results, not 2, "
                                  f"log {place(log, 'console')}")
    result.count_guest(status, log)
    ops = sum(int(n) for n in re.findall(r"shardmap_(?:bench_)?kunit: ops=(\d+)", console))
    return result, ops


def uml():
    """KUnit at native speed."""
    result, ops = kunit("uml", 120)
    result.figures["uml_kunit_ops"] = ops
    return result


def kasan():
    """KUnit where bad accesses, leaks, and locks in the wrong order are reported."""
    result, ops = kunit("kasan", 900)
    result.figures["kasan_kunit_ops"] = ops
    cases.count(result, cases.run_bed("kasan"))
    return result


def kcsan():
    """KUnit and stress where races are reported, and planted ones that must be."""
    result, ops = kunit("kcsan", 1200)
    ops += _kcsan_stress(result)
    reports = 0
    for log in ("kcsan-kunit", "kcsan-stress"):
        console = (LOGS / f"{log}.console").read_text(errors="replace")
        reports += len(re.findall(r"BUG: KCSAN:.*shardmap", console))
    result.figures.update(kcsan_ops=ops, kcsan_reports=reports)
    result.count(not reports, f"{reports} KCSAN reports")
    result.count(ops >= KCSAN_OPS_WANTED,
                 f"only {ops} operations under KCSAN, {KCSAN_OPS_WANTED} wanted")
    # Races that must be found, or silence means nothing.
    cases.count(result, cases.run_bed("kcsan"))
    return result


def _kcsan_stress(result):
    """Both kinds of tables, half of the time each; then their linearizability."""
    tools = static_tools()
    stress = (f"{STRESS}--growth --keys 20000 --batch 16 "
              f"--duration {KCSAN_STRESS_SECONDS // 2}")
    status, _ = guest(
        "kcsan-stress", "kcsan",
        "insmod /ko/shardmap.ko && "
        f"{stress} > /out/tagged.json && {stress} --inline > /out/inline.json || "
        f"exit 1; {LIN_COMMAND.format(ops=KCSAN_LIN_OPS)}",
        ko=("shardmap.ko",), add=(tools / "shardmap-stress",),
        timeout=KCSAN_STRESS_SECONDS + 480, ok=None)
    result.count_guest(status, "kcsan-stress")
    if status:
        return 0
    out = LOGS / "kcsan-stress.out"
    return sum(read_json(out, table)["ops"] + lin_ops
               for table, (lin_ops, _) in _lin(result, out).items())


# Status 3, a violation, is for the figures to tell.
LIN_COMMAND = (
    "for table in tagged inline; do "
    "option=; [ $table = tagged ] || option=--inline; "
    "shardmap-stress lin $option --ops {ops} --json > /out/lin-$table.json || "
    "[ $? = 3 ] || exit 1; done; ")
# A planted bug must be found, or silence means nothing.
LIN_CONTROL_COMMAND = (
    "for table in tagged inline; do "
    "option=; [ $table = tagged ] || option=--inline; "
    "shardmap-stress lin $option --plant lost-update --json "
    "> /out/lin-control-$table.json 2> /out/lin-control-$table.txt || "
    "[ $? = 3 ] || exit 1; done; ")


def _lin(result, out):
    """What shardmap-stress lin found; returns (operations, violations) by table."""
    counts = {}
    for table in ("tagged", "inline"):
        lin = read_json(out, f"lin-{table}")
        counts[table] = lin["ops"], lin["violations"]
        count_lin(result, lin, table, f"build/check/{out.stem}.log")
    return counts


def count_lin(result, lin, table, log):
    """What one `shardmap-stress lin` printed."""
    result.count(not lin["violations"], f"{lin['violations']} keys of a {table} "
                 f"table are not linearizable, log {log}")
    result.count(len(lin["by_operation"]) == LIN_KINDS,
                 f"shardmap-stress lin did {len(lin['by_operation'])} kinds of "
                 f"operations of {LIN_KINDS} on a {table} table")


def _lin_figures(result, out):
    for table, (ops, violations) in _lin(result, out).items():
        name = "lin" if table == "tagged" else "lin_inline"
        control = read_json(out, f"lin-control-{table}")
        found = int(control["violations"] > 0)
        result.figures.update({f"{name}_ops": ops, f"{name}_violations": violations,
                               f"{name}_control_found": found})
        result.count(found, f"the planted lost update was not found, {table} table")


STOCK_COMMAND = (
    "insmod /ko/shardmap.ko || exit 1; "
    "insmod /ko/shardmap_sample.ko && sleep 1 && rmmod shardmap_sample || exit 1; "
    "{selftests}"
    "sh /test_ctl.sh > /out/ctl.txt 2>&1; test_table > /out/library.txt 2>&1; "
    "sh /wordcount.sh > /out/wordcount.json || exit 1; "
    "{stress}"
    "shardmap-stress bench --entries 1000 --ops 1000 --repeats 1 --threads 1,2 "
    "--json > /out/bench.json || exit 1; "
    "{storms}"
    "{lin}"
    "rmmod shardmap")

# For two payloads and two numbers of threads: works with keys, at two distributions,
# on two tables and two BPF maps; iterate_batch on these four; two bare system calls;
# and for one payload an inline table.
BENCH_ROWS = 2 * 2 * (2 * (2 * 7 + 2 * 5) + 4 + 2) + 2 * (2 * 7 + 1)


def _stock(kernel, bits, storm=False):
    result = Result()
    tools = static_tools()
    modules(kernel, "SHARDMAP_SAMPLES=1")
    small_corpus, oracle = _small_corpus()
    add = [f"{tools / name}" for name in ("shardmap-stress", "shardmap-wordcount",
                                          "shardmapctl", "test_table")]
    add += [f"{ROOT / 'tools/run/wordcount.sh'}:/wordcount.sh",
            f"{ROOT / 'tools/ctl/test_ctl.sh'}:/test_ctl.sh",
            f"{small_corpus}:/corpus.txt", f"{oracle}:/oracle.txt"]
    command = ""
    for width in bits:
        built = selftests(width)
        add.append(f"{built}:/selftests{width}")
        command += f"sh /selftests{width}/run.sh > /out/selftests{width}.tap; "
    log = f"{kernel}-selftests"
    lin_command = LIN_COMMAND.format(ops=LIN_OPS) + LIN_CONTROL_COMMAND
    status, _ = guest(log, kernel,
                      STOCK_COMMAND.format(selftests=command,
                                           stress=STOCK_STRESS,
                                           lin=lin_command if storm else "",
                                           storms=storms.COMMAND if storm else ""),
                      ko=("shardmap.ko", "shardmap_sample.ko"), add=add, ok=None,
                      timeout=(1800 if CI else 600) + (storms.SECONDS if storm else 0))
    out = LOGS / f"{log}.out"
    result.count_guest(status, log)
    for width in bits:
        add_selftests(result, out / f"selftests{width}.tap", f"{kernel} {width} bit")
    for tests in ("ctl", "library"):
        text = (out / f"{tests}.txt").read_text(errors="replace")
        result.add(*test_counts(text))
        result.notes += [f"{kernel}: {tests}: {line}" for line in
                         re.findall(r"^not ok: .*$", text, re.M)]
    if status == 0:
        _sample(result, log)
        name = kernel.replace("-", "").replace(".", "")
        words = read_json(out, "wordcount")
        ops = sum(read_json(out, load)["ops"] for load in STOCK_LOADS)
        rows = read_json(out, "bench")
        result.count(len(rows) == BENCH_ROWS,
                     f"shardmap-stress bench gave {len(rows)} rows of {BENCH_ROWS}")
        result.count(ops >= STOCK_OPS_WANTED,
                     f"only {ops} operations, {STOCK_OPS_WANTED} wanted")
        result.figures.update({f"{name}_ops": ops,
                               "wordcount_words": words["words"],
                               "wordcount_mismatches": words["mismatches"]})
        result.count(not words["mismatches"], "word counts differ from sort | uniq -c")
        if storm:
            _lin_figures(result, out)
            storms.count(out, result)
    return result


def _sample(result, log):
    """What kmod/samples printed when it was unloaded: a second has many ticks."""
    console = (LOGS / f"{log}.console").read_text(errors="replace")
    found = re.search(r"shardmap_sample: (\d+) samples of (\d+) processes", console)
    samples, processes = map(int, found.groups()) if found else (0, 0)
    shown = [int(n) for n in
             re.findall(r"shardmap_sample: process \d+ \(.+\): (\d+)", console)]
    result.count(samples >= 20 and len(shown) == min(processes, 5)
                 and shown == sorted(shown, reverse=True) and sum(shown) <= samples,
                 f"the sample saw {samples} samples and shows {shown}, "
                 f"log build/check/{log}.console")


def _small_corpus():
    """A few MB of the kernel's Documentation, and its words counted by sort."""
    corpus, oracle = BUILD / "corpus-small.txt", BUILD / "oracle-small.txt"
    run("corpus-small", [ROOT / "tools/run/corpus.sh", "small", corpus, oracle])
    return corpus, oracle


def stock612():
    """kselftest, word count, stress, linearizability and storms on Debian's 6.12."""
    result = _stock("stock-6.12", (64, 32), storm=True)
    cases.count(result, cases.run_bed("stock-6.12"))
    return result


def stock612_quick():
    """The same, selftests of 64 bit only."""
    return _stock("stock-6.12", (64,), storm=True)


def stock61():
    """kselftest, word count and stress on Debian's 6.1 kernel."""
    result = _stock("stock-6.1", (64, 32))
    cases.count(result, cases.run_bed("stock-6.1"))
    return result
