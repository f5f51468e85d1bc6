# SPDX-License-Identifier: GPL-2.0-only
"""Documentation/benchmarks.rst, made of rows and of nothing else."""

import bars
import plots
import readme
import sections
from rst import heading, paragraph, table

HEAD = """.. SPDX-License-Identifier: GPL-2.0-only
.. Written by make bench; changes are lost.

==========
Benchmarks
==========

"""

METHOD = (
    "``make bench`` measures all of this on one machine and writes this page.  The "
    "maps stand side by side in one kernel module, ``kmod/bench``, behind one table of "
    "functions.  They get the same keys in the same order and store the same values.",
    "In each round every map is filled, measured and freed, one after the other; so "
    "what disturbs the machine disturbs all.  A figure is the median of the rounds.  "
    "All operations are in: each get copies the value out, and the run fails if one "
    "key is lost or one value is wrong.",
    "Which entry an operation takes was drawn before.  ``zipf`` is an exponent of "
    "0.99, where the hottest entry of a million gets about 6 % of the operations.  "
    "The row ``loop`` is the same work on no map: what the loop, the making of the key "
    "and the call cost.  It is part of every figure and not subtracted.",
    "``floor-1-miss`` and ``floor-2-misses`` are no maps either: they load from memory "
    "as large as a table's, once or twice in a row.",
    "``host`` is no kernel: the same core and the same runner are compiled as a "
    "program.  RCU is liburcu's, in the flavour where a reader does nothing (QSBR), "
    "also for ``cds_lfht`` and ``ck_ht``.  All maps there have the fast hash of "
    "``shardmap`` (only ``shardmap-siphash`` has not), memory from jemalloc in huge "
    "pages, and no reservation.  Each map is measured in a process of its "
    "own.",
    "``uml`` is the kernel as a Linux process, at native speed, with one CPU, and the "
    "configuration of the tests, ``tools/vm/configs``.  The "
    "other beds are virtual machines.  Where they are emulated, a cache miss costs "
    "nothing, instructions are what counts, and several virtual CPUs share the cores "
    "of the machine; tables are smaller there.  Compare maps within one table, and not "
    "figures between beds.",
)


def _machine(results):
    rows = []
    for suite in results.values("suite"):
        row = results.all(suite=suite)[0]
        beds = ", ".join(results.values("bed", suite=suite))
        rows.append([suite, beds, row.get("date"), row.get("host_kernel"),
                     row.get("busy_before"), row.get("suite_seconds")])
    machines = sorted({f"{r.get('cpu')}, {r.get('cores')} cores, {r.get('caches')}"
                       for r in results.rows})
    return "\n".join([
        heading("Machine"), paragraph("; ".join(machines) + "."),
        table(["Suite", "Beds", "Date", "Kernel of the machine", "Busy before, %",
               "Seconds"], rows)])


def _bars(results):
    found = bars.verdicts(results)
    rows = [[v.goal, v.payload, v.wanted, v.measured, v.word] for v in found]
    return "\n".join([
        heading("Bars"),
        paragraph("What the project wants of itself.  A factor is that of throughput "
                  "unless it says otherwise.  "
                  f"{bars.summary(found)}."),
        table(["Goal", "Payload", "Wanted", "Measured", "Verdict"], rows),
        *_reasons(found)])


def _reasons(found):
    reasons = bars.reasons(found)
    if not reasons:
        return []
    return [paragraph("What stands in the way of those that are missed:"),
            *(paragraph(f"*{goals}.*  {why}") for goals, why in reasons)]


def text(results):
    if not results.rows:
        return HEAD + paragraph("Nothing is measured yet: ``make bench`` does it, and "
                                "writes this page.")
    parts = [_machine(results), heading("Method"), *map(paragraph, METHOD),
             _bars(results)]
    parts += [section(results) for section in sections.ALL]
    return HEAD + "\n".join(part for part in parts if part)


def write(results, out, with_plots=True):
    target = out / "Documentation"
    target.mkdir(parents=True, exist_ok=True)
    (target / "benchmarks.rst").write_text(text(results))
    if with_plots:
        plots.draw(results, target / "plots")
    readme.write(results, out / "README.md")
