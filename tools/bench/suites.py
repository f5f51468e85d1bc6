# SPDX-License-Identifier: GPL-2.0-only
"""What is measured where.  Each suite returns its rows.

Under emulation (all beds but uml) a cache miss costs nothing and an operation some
hundred ns, so the sizes are smaller there.
"""

import json
import re

import program
import rows
from common import BUILD, ROOT, Trouble, machine, say
from guest import Guest, Load, boot, logged, measure, modules

MIXES = "mix99,mix90,mix80,mix50"
GROWERS = "loop,sharded,rhashtable,shardmap,shardmap-inline"
LOCKED = "mutex,rwlock,sharded,syncmap"
HOST_MAPS = ("mutex,rwlock,sharded,cds_lfht,ck_ht,tbb,libcuckoo,shardmap,"
             "shardmap-siphash,shardmap-inline")
MAPS = f"{LOCKED},rhashtable,shardmap,shardmap-siphash,shardmap-inline"


class Context:
    """What the command line says about all suites."""

    def __init__(self, scale=1.0, repeats=None):
        self.scale = scale
        self.repeats = repeats
        self.machine = machine()

    def common(self, suite, guest):
        return {"suite": suite, "bed": guest.bed, "cpus": guest.cpus, **self.machine}

    def measured(self, suite, guest, *loads):
        guest.suite = suite
        loads = [load.scaled(self.scale, self.repeats) for load in loads]
        return rows.rows_of(measure(guest, loads), self.common(suite, guest),
                            guest.hold)


def uml(context):
    """At native speed, on one CPU: every backend, and what a lookup can cost at best."""
    million = 1000000
    return context.measured(
        "uml", Guest("uml", mem=6144, timeout=2400),
        Load(million, 500000, 5, dist="both"),
        # A write copies the whole map, so it is compared at its own size.
        Load(10000, 50000, 5, works=f"insert_grow,hit,{MIXES},update",
             backends="loop,immutable,immutable-sharded,rhashtable,shardmap"))


def uml_grow(context):
    """Latencies while growing, memory before and after, how long locks are held."""
    guest = Guest("uml", mem=8192, timeout=2400)
    found = context.measured(
        "uml-grow", guest,
        Load(1000000, 1000000, 3, backends=GROWERS,
             works="insert_latency,mix90_latency,memory_after_delete"),
        Load(10000000, 1000000, 1, works="insert_latency", backends=GROWERS))
    if not (ROOT / "kmod" / "core" / "hold.h").exists():
        say("uml-grow: this tree cannot record lock holds, left out")
        return found
    shardmaps = "shardmap,shardmap-inline"
    return found + context.measured(
        "uml-grow", Guest("uml", mem=8192, timeout=2400, hold=True),
        Load(1000000, 1000000, 3, works="insert_latency", backends=shardmaps),
        Load(10000000, 1000000, 1, works="insert_latency", backends=shardmaps))


def stock(context):
    """Several threads on Debian's kernel: what locks do to each other."""
    works = f"insert_grow,hit,{MIXES},churn90"
    million = 1000000
    found = context.measured(
        "stock", Guest("stock-6.12", cpus=2, mem=4096, timeout=2400),
        Load(million, 100000, 5, threads=1, works=works, backends=f"loop,{MAPS}"),
        Load(million, 100000, 5, threads=2, works=works, backends=f"loop,{MAPS}"))
    crowd = "mutex,rwlock,sharded,syncmap,rhashtable,shardmap"
    for cpus in (8, 16):
        found += context.measured(
            "stock", Guest("stock-6.12", cpus=cpus, mem=4096, timeout=1200),
            Load(million, 160000 // cpus, 5, threads=cpus, works="mix90",
                 backends=crowd))
    return found


def user(context):
    """System calls of processes: the device beside BPF's hash map."""
    guest = Guest("stock-6.12", cpus=2, mem=4096, timeout=2400, suite="user")
    kos = modules(guest)
    tools = BUILD / "tools-static"
    logged("tools", ["make", "-s", "-C", ROOT / "tools", "STATIC=1", f"O={tools}"])
    out = ROOT / "build" / "bench" / "user.out"
    entries = max(int(1000000 * context.scale), 1000)
    ops = max(int(50000 * context.scale), 1000)
    stress = (f"shardmap-stress bench --json --bed {guest.bed} --threads 1,2 "
              f"--entries {entries} --ops {ops} --repeats {context.repeats or 5}")
    # Asked first, since without the subcommand the tool starts its stress test.
    command = ("shardmap-stress bench --help | grep -q -e --bed || "
               "{ echo 'bench: shardmap-stress has no subcommand bench'; exit 9; }; "
               f"insmod /ko/shardmap.ko && {stress} > /out/user.json && "
               "rmmod shardmap")
    say("user: shardmap-stress bench in a guest")
    boot(guest, command, kos[:1], add=[tools / "shardmap-stress"], out=out)
    try:
        found = json.loads((out / "user.json").read_text())
    except (OSError, ValueError) as error:
        raise Trouble(f"shardmap-stress bench printed no JSON: {error}") from error
    return [{**row, **context.common("user", guest)} for row in found]


def icount(context):
    """The emulator counts instructions; nothing else is measured."""
    guest = Guest("stock-6.12", icount=True)
    found = context.measured(
        "icount", guest,
        Load(100000, 200000, 3, works="insert_grow,hit,hit_dep,miss,batch32,update",
             backends="loop,sharded,rhashtable,shardmap,shardmap-siphash,"
             "shardmap-inline"))
    counted = []
    for row in found:
        kept = {k: v for k, v in row.items()
                if not re.match("ns_per_op|mops|bytes", k)}
        counted.append({**kept, "instructions_per_op": row["ns_per_op"]})
    return counted


def detectors(context):
    """What a kernel that looks for races or memory errors costs, beside a plain one."""
    found = []
    for bed in ("stock-6.12", "kcsan", "kasan"):
        found += context.measured(
            "detectors", Guest(bed, cpus=2, timeout=1200),
            Load(20000, 20000, 3, threads=2, works="insert_grow,hit,mix90,delete",
                 backends="loop,rhashtable,shardmap", payloads=("16+64",)))
    return found


# How many accesses KCSAN skips between two that it watches; 4000 is its default.
SKIP_WATCH = ("off", 100000, 20000, 4000, 1000, 200)


def watch(context):
    """What KCSAN costs by the share of accesses that it watches."""
    found = []
    for skip in SKIP_WATCH:
        setup = ("echo off > /sys/kernel/debug/kcsan; " if skip == "off" else
                 f"echo {skip} > /sys/module/kcsan/parameters/skip_watch; ")
        measured = context.measured(
            "watch", Guest("kcsan", cpus=2, setup=setup, label=f"skip-{skip}"),
            Load(10000, 10000, 3, threads=2, works="hit,mix90",
                 backends="loop,rhashtable,shardmap", payloads=("16+64",)))
        found += [{**row, "skip_watch": skip} for row in measured]
    return found


def host(context):
    """The core as a program on the CPUs of this machine, beside maps of user space."""
    program.build()
    million = 1000000
    cores = context.machine["cores"]
    loads = [Load(million, 500000, 5, threads=count, dist="both",
                  backends=f"loop,floor-1-miss,floor-2-misses,{HOST_MAPS}")
             for count in (1, 2, 4, 8, 16) if count <= cores]
    loads.append(Load(16 * million, 1000, 3, works="insert_latency",
                      backends=f"loop,{HOST_MAPS}"))
    loads = [load.scaled(context.scale, context.repeats) for load in loads]
    return rows.rows_of(program.measure(loads), {
        "suite": "host", "bed": "host", "cpus": cores, **context.machine})


SUITES = {"uml": uml, "uml-grow": uml_grow, "stock": stock, "user": user,
          "icount": icount, "detectors": detectors, "watch": watch, "host": host}
