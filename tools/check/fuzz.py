# SPDX-License-Identifier: GPL-2.0-only
"""The device fuzzed on kasan, guided by what is reached of the module's code."""

import places
from common import BUILD, CI, LOGS, ROOT, VM, Result, guest, read_json, run, static_tools

IOCTLS = 200000 if CI else 20000
# Percent of the module's places, see places.py.
COVERAGE_WANTED = 85.0 if CI else 80.0
SECONDS = 1200 if CI else 600

# Not where the modules without coverage are.
FOLDER = BUILD / "kasan-coverage"
FUZZ = ROOT / "tools" / "fuzz"
CORPORA = (ROOT / "selftests" / "host" / "corpus" / "ioctl", FUZZ / "corpus")


def stage():
    """All inputs that are kept, then changed ones."""
    result = Result()
    log = "kasan-fuzz"
    run("modules-kasan-coverage", [VM, "modules", "kasan", "SHARDMAP_COVERAGE=1",
                                   "--out", FOLDER])
    corpora = [(path, f"/corpus{n}") for n, path in enumerate(CORPORA)]
    status, _ = guest(
        log, "kasan",
        f"sh /guest.sh --json --ioctls {IOCTLS} --out /out/found "
        + " ".join(f"--corpus {name}" for _, name in corpora) + " > /out/fuzz.json",
        ko=(FOLDER / "shardmap.ko", FOLDER / "shardmap_door.ko"), timeout=SECONDS,
        add=(static_tools() / "shardmap-fuzz", f"{FUZZ / 'guest.sh'}:/guest.sh",
             f"{ROOT / 'selftests' / 'faults.sh'}:/faults.sh",
             *(f"{path}:{name}" for path, name in corpora)), ok=None)
    out = LOGS / f"{log}.out"
    result.count_guest(status, log)
    if status == 0:
        _count(result, out)
    return result


def _count(result, out):
    fuzz = read_json(out, "fuzz")
    coverage = places.measure(FOLDER / "shardmap.ko", out / "sections", out / "pcs")
    percent = round(coverage.percent(), 1)
    result.figure("fuzz_ioctls", fuzz["ioctls"])
    result.figure("fuzz_coverage_percent", percent)
    result.count(fuzz["ioctls"] >= IOCTLS, f"{fuzz['ioctls']} ioctls, {IOCTLS} wanted")
    result.count(fuzz["faults"], "nothing was made to fail")
    result.count(fuzz["interrupted"], "no signal ended a call")
    result.count(percent >= COVERAGE_WANTED,
                 f"{percent} % of {len(coverage.places)} places reached, "
                 f"{COVERAGE_WANTED} % wanted; tools/check/places.py "
                 f"{FOLDER.relative_to(ROOT)}/shardmap.ko {out.relative_to(ROOT)} "
                 "tells which are missing")
