#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Put the module under load for hours, on all kernels in turn.

One leg after the other, each a guest's run of some minutes: a kernel, a load, a seed
that follows from the leg's number, and faults where the kernel can have them.  An
interrupted soak goes on where it was.  A finding is listed and does not stop it.
"""

import argparse
import fcntl
import pathlib
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "check"))

import legs  # noqa: E402
import loads  # noqa: E402
from common import ROOT, Failed  # noqa: E402
from state import State  # noqa: E402

LEG_SECONDS = 240
STOPPING = (signal.SIGINT, signal.SIGTERM)
# So many guests that end at once say that none can run here.
TOO_SHORT_SECONDS = 5
TOO_SHORT_LEGS = 5


def say(text):
    print(text, flush=True)


def run_leg(leg, seconds):
    say(f"soak: {leg.title()} ...")
    legs.prepare(leg.kernel)
    legs.run(leg, seconds)


def tell(leg, left=""):
    did = ", ".join(f"{value:,} {name}" for name, value in sorted(leg.figures.items()))
    if leg.load.planted:
        did = f"{leg.planted} of {len(leg.load.planted)} planted faults found"
    say(f"soak: leg {leg.number}: {'FINDING' if leg.notes else 'ok'}, "
        f"{leg.seconds:.0f} s, {did or 'nothing counted'}{left}")
    for note in leg.notes:
        say(f"  {note}")


def one(number, seconds):
    """A leg by its number, to see a finding again."""
    leg = legs.leg_of(number)
    try:
        run_leg(leg, seconds)
    except Failed as failed:
        say(f"soak: {failed}")
        return 2
    tell(leg)
    if leg.notes:
        say(f"soak: log {leg.log.relative_to(ROOT)}.log")
    return 1 if leg.notes else 0


def soak(state, hours, kernels):
    """Until the time is over, but one leg at least."""
    number, short = state.data["next"], 0
    while True:
        leg = legs.leg_of(number)
        number += 1
        if leg.kernel not in kernels:
            continue
        left = (hours - state.hours()) * 3600
        run_leg(leg, max(1, min(LEG_SECONDS, left)))
        state.add(leg)
        state.save()
        tell(leg, f"; {max(hours - state.hours(), 0):.2f} of {hours:g} hours left")
        short = short + 1 if leg.notes and leg.seconds < TOO_SHORT_SECONDS else 0
        if short == TOO_SHORT_LEGS:
            raise Failed(f"{short} guests in turn ended at once")
        if state.hours() >= hours:
            state.data["finished"] = True
            state.save()
            return


def interrupt(*_):
    """As an exception, so that no guest outlives us and the report is printed.  A second
    one would come while the first is dealt with."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def end(state):
    say("\n" + state.text())
    say("report: build/soak/report.json")
    return 1 if state.data["findings"] else 0


def whole(args):
    state = State.load(args.fresh)
    state.begin()
    if state.data["kernels"]:
        say(f"soak: goes on with leg {state.data['next']} after {state.hours():.2f} "
            "hours; --fresh starts anew")
    try:
        soak(state, args.hours, args.kernels.split())
    except KeyboardInterrupt:
        end(state)
        say("soak: interrupted; the leg that was running is the next one's to do")
        return 130
    except Failed as failed:
        end(state)
        say(f"soak: cannot go on: {failed}")
        return 2
    return end(state)


def parse():
    known = sorted({kernel for kernel, _ in loads.LEGS})
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8,
                        help="in guests, those of before an interruption included (8)")
    parser.add_argument("--fresh", action="store_true",
                        help="forget what an interrupted soak did; begin with leg 0")
    parser.add_argument("--kernels", default=" ".join(known),
                        help=f"only legs on these (all: {' '.join(known)})")
    parser.add_argument("--leg", type=int, metavar="N", help="just this leg")
    parser.add_argument("--list", action="store_true", help="print the table of legs")
    args = parser.parse_args()
    for kernel in args.kernels.split() or [""]:
        if kernel not in known:
            parser.error(f"no kernel '{kernel}', there are: {' '.join(known)}")
    return args


def main():
    args = parse()
    if args.list:
        for number, (kernel, load) in enumerate(loads.LEGS):
            say(f"{number:3} {kernel:12} {load.name:16} "
                f"{' '.join(step.name for step in load.steps)}")
        return 0
    if subprocess.run([ROOT / "tools" / "setup.sh", "soak"]).returncode:
        return 2
    legs.SOAK.mkdir(parents=True, exist_ok=True)
    with open(legs.SOAK / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("soak: another one is running in this tree")
            return 2
        for number in STOPPING:
            signal.signal(number, interrupt)
        return whole(args) if args.leg is None else one(args.leg, LEG_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
