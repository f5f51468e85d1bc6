# SPDX-License-Identifier: GPL-2.0-only
"""What a soak has done so far: kept in a file, told as text and as JSON."""

import json
import os
import subprocess

from common import ROOT
from legs import SOAK
from loads import LEGS

STATE = SOAK / "state.json"
REPORT = SOAK / "report.json"

# Figures that do not add up from leg to leg begin with one of these: the largest counts.
LARGEST = ("coverage",)


def _revision():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or "unknown"


class State:
    """The sums of a soak, and the number of its next leg."""

    def __init__(self, number=0):
        self.data = {"next": number, "finished": False, "kernels": {}, "loads": {},
                     "planted": {"found": 0, "of": 0}, "findings": [], "revisions": []}

    @classmethod
    def load(cls, fresh):
        """Goes on with one that was interrupted.  After one that came to its end the
        sums begin anew, but not the numbers of legs, so that the seeds are others."""
        state = cls()
        if not fresh and STATE.exists():
            state.data = json.loads(STATE.read_text())
            if state.data["finished"]:
                state = cls(state.data["next"])
        return state

    def save(self):
        """Whole or not at all, whenever it is interrupted."""
        SOAK.mkdir(parents=True, exist_ok=True)
        for path, data in ((STATE, self.data), (REPORT, self.report())):
            fresh = path.with_suffix(".tmp")
            fresh.write_text(json.dumps(data, indent=1) + "\n")
            os.replace(fresh, path)

    def begin(self):
        revision = _revision()
        if revision not in self.data["revisions"]:
            self.data["revisions"].append(revision)

    def add(self, leg):
        kernel = self.data["kernels"].setdefault(
            leg.kernel, {"seconds": 0, "legs": 0, "figures": {}})
        kernel["seconds"] += leg.seconds
        kernel["legs"] += 1
        _merge(kernel["figures"], leg.figures)
        name = f"{leg.kernel} {leg.load.name}"
        self.data["loads"][name] = self.data["loads"].get(name, 0) + 1
        self.data["planted"]["found"] += leg.planted
        self.data["planted"]["of"] += len(leg.load.planted)
        if leg.notes:
            self.data["findings"].append(leg.finding())
        self.data["next"] = leg.number + 1

    def hours(self):
        return sum(k["seconds"] for k in self.data["kernels"].values()) / 3600

    def report(self):
        """For build/soak/report.json."""
        figures = {}
        for kernel in self.data["kernels"].values():
            _merge(figures, kernel["figures"])
        return {
            "hours": round(self.hours(), 3),
            "legs": sum(k["legs"] for k in self.data["kernels"].values()),
            "kinds_of_legs": len(self.data["loads"]),
            "kinds_of_legs_in_all": len({(k, load.name) for k, load in LEGS}),
            "ops": figures.get("ops", 0), "faults": faults(figures),
            "planted_found": self.data["planted"]["found"],
            "planted_total": self.data["planted"]["of"],
            "revisions": self.data["revisions"], "figures": figures,
            "kernels": {name: {"hours": round(k["seconds"] / 3600, 3),
                               "legs": k["legs"], **k["figures"]}
                        for name, k in self.data["kernels"].items()},
            "findings": self.data["findings"]}

    def text(self):
        report = self.report()
        lines = [f"{report['hours']:.2f} hours, {report['legs']} legs, "
                 f"{report['kinds_of_legs']} of {report['kinds_of_legs_in_all']} kinds; "
                 f"revision {', '.join(report['revisions'])}", "",
                 f"{'':12} {'hours':>7} {'legs':>5} {'operations':>14} {'faults':>10}"]
        for name, kernel in sorted(report["kernels"].items()):
            lines.append(f"{name:12} {kernel['hours']:7.2f} {kernel['legs']:5} "
                         f"{kernel.get('ops', 0):14,} {faults(kernel):10,}")
        lines += [f"{'all':12} {report['hours']:7.2f} {report['legs']:5} "
                  f"{report['ops']:14,} {report['faults']:10,}", ""]
        lines += [f"{name}: {value:,}" for name, value in sorted(
            report["figures"].items()) if name != "ops"]
        lines += [f"planted faults found: {report['planted_found']} of "
                  f"{report['planted_total']}", f"findings: {len(report['findings'])}"]
        for found in report["findings"]:
            lines.append(f"  leg {found['leg']}: {found['kernel']}, {found['load']}, "
                         f"seed {found['seed']}; {found['command']}; {found['log']}")
            lines += [f"    {note}" for note in found["notes"]]
        return "\n".join(lines)


def faults(figures):
    return figures.get("faults_random", 0) + figures.get("faults_systematic", 0)


def _merge(sums, figures):
    for name, value in figures.items():
        before = sums.get(name, 0)
        sums[name] = max(before, value) if name.startswith(LARGEST) else before + value
