# SPDX-License-Identifier: GPL-2.0-only
"""What the contract promises under storms of updates and kills, counted in a guest."""

from common import CI, read_json

# A wave of so many other keys has shards grow and shrink again.  There are few shards,
# so that a pass is often in one whose buckets are being moved.
SCAN = ("shardmap-stress scan --json --shards 4 --keys {} --churn {} --passes {} "
        "--one-record-every {}")
SCANS = {
    "scan": SCAN.format(*((1000000, 1500000, 100, 20) if CI else
                          (100000, 200000, 10, 5))),
    "scan-inline": SCAN.format(*((1000000, 1500000, 20, 20) if CI else
                                 (100000, 200000, 5, 5))) + " --inline",
}
KILLS = {
    "kill": f"shardmap-stress kill --json --kills {1000 if CI else 100}",
    "kill-inline": "shardmap-stress kill --json --inline --children 4 "
                   f"--kills {100 if CI else 20}",
}

# Each must be found.
PLANTED = [f"scan --keys 2000 --passes 2 --plant {fault}" for fault in ("skip", "repeat")]
PLANTED += [f"kill --kills 20 --plant {fault}" for fault in ("lost", "torn", "split")]

SECONDS = 1200 if CI else 150

COMMAND = "".join(f"{line} > /out/{name}.json || exit 1; "
                  for name, line in {**SCANS, **KILLS}.items())
COMMAND += "".join(f"shardmap-stress {line} > /dev/null 2>&1; [ $? = 3 ] || "
                   f"{{ echo 'not found: {line}'; exit 1; }}; " for line in PLANTED)


def count_scan(result, name, scan):
    """What `shardmap-stress scan` printed."""
    for figure in ("passes", "missed", "repeated", "resizes"):
        result.figure(f"scan_{figure}", scan[figure])
    result.count(scan["resizes"], f"{name}: no shard was resized meanwhile")
    result.count(scan["buckets_least"] < scan["buckets_most"],
                 f"{name}: the number of buckets stayed the same")
    result.count(scan["resumes"], f"{name}: no pass went on in another process")


def count_kill(result, kill):
    """What `shardmap-stress kill` printed."""
    result.figure("kill_storm_kills", kill["kills"])
    result.figure("kill_storm_cut", kill["cut"])
    result.figure("kill_storm_atomic", kill["atomic_begun"])
    result.figure("kill_storm_failures", kill["failures"])


def count(out, result):
    """Add what the guest left in @out to a stage's result."""
    for name in SCANS:
        count_scan(result, name, read_json(out, name))
    for name in KILLS:
        count_kill(result, read_json(out, name))
    result.count(result.figures["kill_storm_cut"], "no batch was cut short")
    result.count(result.figures["kill_storm_atomic"], "no all-or-nothing batch was met")
