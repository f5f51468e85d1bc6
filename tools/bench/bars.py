# SPDX-License-Identifier: GPL-2.0-only
"""The project's bars: what the figures must be, and what they are.

A bar that is missed is reported so; nothing here chooses among measurements.
"""

import dataclasses
import operator

from common import PAYLOADS

HOLDS = {">=": operator.ge, "<=": operator.le, ">": operator.gt}


@dataclasses.dataclass
class Bar:
    """@value takes results and a payload, and returns None if not measured.

    @why says what is known to stand in the way, for the report of a bar that is missed.
    """
    goal: str
    value: object
    relation: str
    bound: float
    unit: str = "x"
    payloads: tuple = PAYLOADS
    why: str = ""


@dataclasses.dataclass
class Verdict:
    goal: str
    payload: str
    wanted: str
    measured: str
    word: str
    why: str


def speed(backend, other, work, other_work=None, threads=None, other_threads=None,
          **where):
    """How many times as fast one backend is as another."""
    def value(results, payload):
        ours = results.one(backend=backend, work=work, payload=payload,
                           threads=threads, **where)
        theirs = results.one(backend=other, work=other_work or work, payload=payload,
                             threads=other_threads or threads, **where)
        if not ours or not theirs:
            return None
        return theirs["ns_per_op"] / ours["ns_per_op"]
    return value


def ratio(field, backend, other, work, **where):
    """One backend's figure as a multiple of another's."""
    def value(results, payload):
        pair = [results.one(backend=b, work=work, payload=payload, **where)
                for b in (backend, other)]
        if not all(row and row.get(field) for row in pair):
            return None
        return pair[0][field] / pair[1][field]
    return value


def figure(field, backend, work, scale=1, **where):
    def value(results, payload):
        row = results.one(backend=backend, work=work, payload=payload, **where)
        return row[field] * scale if row and field in row else None
    return value


def uml(backend, other, work, other_work=None):
    return speed(backend, other, work, other_work, suite="uml", threads=1)


def stock(other, cpus):
    return speed("shardmap", other, "mix90", suite="stock", cpus=cpus, threads=cpus)


WHY_HOST_HIT = (
    "The two misses of a lookup depend on each other, here as on ``uml``; chains of one or "
    "two nodes have as many, and fewer instructions, so that more lookups overlap.  "
    "libcuckoo's entries stand in its table, where no miss waits for another.")
WHY_HOST_STORE = (
    "A value of 64 bytes is published whole: a store makes an entry, in memory that no "
    "cache has, and frees one after a grace period, on the same CPU.  Maps whose locks "
    "keep readers out overwrite the value.")
WHY_HOST_SCALING = (
    "Two cores are all that the machine has: what moves buckets, RCU's callbacks, and "
    "whatever else runs take their time from the two threads, and one thread alone has "
    "the shared cache for itself.")
WHY_HOST_BATCH = (
    "``ck_ht`` has keys and values of 8 bytes in its table: one miss, and the fewest "
    "instructions of all.")

PEERS = ("cds_lfht", "ck_ht", "tbb", "libcuckoo", "sharded", "rwlock", "mutex")


def host(other, work, other_work=None, threads=1, other_threads=None):
    return speed("shardmap", other, work, other_work, threads, other_threads,
                 suite="host")


def fastest_peer(work, other_work=None, threads=1):
    """How many times as fast as whichever of the others is the fastest."""
    def value(results, payload):
        found = [host(peer, work, other_work, threads)(results, payload)
                 for peer in PEERS]
        return min((x for x in found if x is not None), default=None)
    return value


def _host(count):
    """Natively, by threads."""
    who = f"host, {count} thread{'s' if count > 1 else ''}"
    large = PAYLOADS[1:]
    return (
        *(Bar(f"{who}: hit, against {peer}", host(peer, "hit", threads=count), ">=",
              bound, payloads=large, why=WHY_HOST_HIT)
          for peer, bound in (("cds_lfht", 1.8), ("tbb", 1.8), ("libcuckoo", 1.1))),
        Bar(f"{who}: mix50, against the fastest other",
            fastest_peer("mix50", threads=count), ">=", 1.0, why=WHY_HOST_STORE))


def _inline(goal, value, bound, why=""):
    return Bar(goal, value, ">=", bound, payloads=PAYLOADS[:1], why=why)


WHY_WINDOW = (
    "Independent lookups overlap as far as the processor's window of instructions "
    "reaches, and a lookup has several times the instructions of the floor.  Dependent "
    "hits cannot overlap, and take about the floor's time; a batch fetches before it "
    "looks, and takes less than the floor's.")
WHY_ENTRY = (
    "A lookup also looks whether its entry has a time to live or is to be marked as used: "
    "one instruction more, at the very moment when the entry arrives.  Runs differ by "
    "some percent in either direction.")
WHY_ONE_MISS = (
    "The time per key is near that of one miss, ``floor-1-miss``, and of the work of "
    "making 32 requests: there is little left to overlap.")
WHY_EMULATED = (
    "Under emulation each instruction costs the same and a miss costs nothing.  A get "
    "takes a third more instructions than one that follows a chain, which it saves in "
    "misses.  A put of 64 bytes makes an entry and frees one after a grace period, "
    "where maps under locks overwrite a value.  Two CPUs on many locks hardly ever "
    "meet.")
WHY_CROWD = (
    "Sixteen virtual CPUs run on two cores.  One that holds a lock is mostly not "
    "running, and those that want it spin until it is.  Maps with a lock per bucket "
    "meet it less often than shards do.")
WHY_SYSCALL = (
    "More than half of the instructions of a get are those of entering the kernel, of "
    "the descriptor, and of the security module, which bpf() has as well.")
WHY_BATCH = (
    "What is left is the lookup itself and one copy in and out per key; under emulation "
    "the misses of a large table show in the emulated TLB.")


BARS = (
    Bar("hit, against rhashtable", uml("shardmap", "rhashtable", "hit"), ">=", 1.2,
        why=WHY_ENTRY),
    _inline("hit, inline, against rhashtable",
            uml("shardmap-inline", "rhashtable", "hit"), 1.5),
    Bar("hit, SipHash, against rhashtable",
        uml("shardmap-siphash", "rhashtable", "hit"), ">=", 1.0),
    Bar("dependent hit, against rhashtable",
        uml("shardmap", "rhashtable", "hit_dep"), ">=", 1.1, why=WHY_ENTRY),
    _inline("dependent hit, inline, against rhashtable",
            uml("shardmap-inline", "rhashtable", "hit_dep"), 1.6),
    Bar("miss, against rhashtable", uml("shardmap", "rhashtable", "miss"), ">=", 1.5),
    Bar("batch of 32, against single hits of rhashtable",
        uml("shardmap", "rhashtable", "batch32", "hit"), ">=", 3.5),
    _inline("batch of 32, inline, against single hits of rhashtable",
            uml("shardmap-inline", "rhashtable", "batch32", "hit"), 5.0,
            WHY_ONE_MISS),
    Bar("insert while growing, against rhashtable",
        uml("shardmap", "rhashtable", "insert_grow"), ">=", 1.5),
    Bar("update, against rhashtable",
        uml("shardmap", "rhashtable", "update"), ">=", 1.2),
    Bar("delete, against rhashtable",
        uml("shardmap", "rhashtable", "delete"), ">=", 1.2),
    Bar("hit: time, as a multiple of two dependent cache misses",
        ratio("ns_per_op", "shardmap", "floor-2-misses", "hit", suite="uml"),
        "<=", 1.3, why=WHY_WINDOW),
    Bar("mix90, 2 CPUs, against a mutex", stock("mutex", 2), ">=", 3.0,
        why=WHY_EMULATED),
    Bar("mix90, 2 CPUs, against rwlocks per shard", stock("sharded", 2), ">=", 1.3,
        why=WHY_EMULATED),
    Bar("mix90, 2 CPUs, against sync.Map's shape", stock("syncmap", 2), ">=", 2.0,
        why=WHY_EMULATED),
    Bar("mix90, 16 virtual CPUs, against a mutex", stock("mutex", 16), ">", 7.4,
        why=WHY_CROWD),
    Bar("mix90, 2 threads against 1, on 2 CPUs",
        speed("shardmap", "shardmap", "mix90", suite="stock", cpus=2, threads=2,
              other_threads=1), ">=", 1.9, why=WHY_EMULATED),
    Bar("get by ioctl, against bpf()",
        speed("ioctl", "bpf-prealloc", "get", suite="user", threads=1), ">=", 2.0,
        why=WHY_SYSCALL),
    Bar("get_batch256 by ioctl, against single gets by bpf()",
        speed("ioctl", "bpf-prealloc", "get_batch256", "get", suite="user",
              threads=1), ">=", 8.0, why=WHY_BATCH),
    Bar("lock hold while growing, p99.9",
        figure("lock_hold_p999_us", "shardmap", "lock_hold_insert_latency"),
        "<=", 10, "us"),
    Bar("insert while growing, p99.99",
        figure("p9999_us", "shardmap", "insert_latency", suite="uml-grow"),
        "<=", 50, "us"),
    Bar("bytes per entry, as a multiple of rhashtable's",
        ratio("bytes_per_entry", "shardmap", "rhashtable", "insert_grow", suite="uml"),
        "<=", 1.0),
    Bar("memory after deleting 99 % in order of insertion, of the peak",
        figure("left_share", "shardmap", "memory_after_delete", 100), "<=", 5, "%"),
    Bar("memory after deleting 99 % in random order, of the peak",
        figure("left_share", "shardmap", "memory_after_delete_random", 100),
        "<=", 5, "%"),
    *_host(1), *_host(2),
    Bar("host: batch of 32, against single hits of the fastest other",
        fastest_peer("batch32", "hit"), ">=", 3.0, why=WHY_HOST_BATCH),
    Bar("host: worst insert while growing to 16 M, libcuckoo's as a multiple",
        ratio("worst_us_median", "libcuckoo", "shardmap", "insert_latency",
              suite="host"), ">=", 100),
    *(Bar(f"host: {work}, 2 threads against 1",
          host("shardmap", work, threads=2, other_threads=1), ">=", 1.9,
          why=WHY_HOST_SCALING)
      for work in ("hit", "mix90")),
)


def _number(value, unit):
    return f"{value:.2f}x" if unit == "x" else f"{value:.1f} {unit}"


def verdicts(results):
    found = []
    for bar in BARS:
        for payload in bar.payloads:
            value = bar.value(results, payload)
            if value is None:
                measured, word = "-", "not measured"
            else:
                measured = _number(value, bar.unit)
                met = HOLDS[bar.relation](value, bar.bound)
                word = "met" if met else "MISSED"
            wanted = f"{bar.relation} {_number(bar.bound, bar.unit)}"
            found.append(Verdict(bar.goal, payload, wanted, measured, word, bar.why))
    return found


def reasons(found):
    """What stands in the way of missed bars: each reason once, with its bars."""
    why = {}
    for verdict in found:
        if verdict.word == "MISSED" and verdict.why:
            goals = why.setdefault(verdict.why, [])
            if verdict.goal not in goals:
                goals.append(verdict.goal)
    return [("; ".join(goals), text) for text, goals in why.items()]


def summary(found):
    count = [sum(v.word == word for v in found)
             for word in ("met", "MISSED", "not measured")]
    return f"{count[0]} met, {count[1]} missed, {count[2]} not measured"


def text(results):
    found = verdicts(results)
    wide = max(len(v.goal) for v in found)
    lines = [f"{v.goal:{wide}}  {v.payload:6} {v.wanted:>11} {v.measured:>10}  {v.word}"
             for v in found]
    return "\n".join([*lines, "bars: " + summary(found)])
