#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The soak without guests: what it counts, finds, and remembers."""

import argparse
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import soak  # noqa: E402
import legs  # noqa: E402
import loads  # noqa: E402
import state  # noqa: E402

ALL = " ".join({kernel for kernel, _ in loads.LEGS})
HOUR = 3600


class Soak(unittest.TestCase):
    """Legs of an hour, each with ten operations; @notes of some, by number."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        legs.SOAK = state.SOAK = pathlib.Path(scratch.name)
        state.STATE, state.REPORT = (state.SOAK / f"{name}.json"
                                     for name in ("state", "report"))
        self.notes, self.stop_at, self.ran = {}, None, []
        legs.prepare = lambda kernel: None
        legs.run = self.run_leg
        legs.place = lambda log, suffix: f"{log.name}.{suffix}"

    def run_leg(self, leg, seconds):
        if leg.number == self.stop_at:
            raise KeyboardInterrupt
        self.ran.append(leg.number)
        leg.seconds = HOUR
        leg.notes = self.notes.get(leg.number, [])
        leg.figures = {"ops": 10, "coverage": leg.number}
        leg.planted = len(leg.load.planted)

    def soak(self, hours, fresh=False, kernels=ALL):
        args = argparse.Namespace(hours=hours, fresh=fresh, kernels=kernels)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            status = soak.whole(args)
        return status, said.getvalue(), json.loads(state.REPORT.read_text())

    def test_sums(self):
        status, _, report = self.soak(4)
        self.assertEqual((status, report["legs"], report["ops"]), (0, 4, 40))
        self.assertEqual((report["hours"], report["figures"]["coverage"]), (4, 3))

    def test_one_leg_at_least(self):
        self.assertEqual(self.soak(0.01)[2]["legs"], 1)

    def test_finding(self):
        self.notes = {1: ["torn"]}
        status, text, report = self.soak(3)
        self.assertEqual((status, report["legs"]), (1, 3))
        self.assertEqual([f["leg"] for f in report["findings"]], [1])
        self.assertIn("soak.py --leg 1", text)

    def test_goes_on(self):
        self.notes, self.stop_at = {0: ["torn"]}, 2
        self.assertEqual(self.soak(4)[0], 130)
        self.stop_at = None
        status, _, report = self.soak(4)
        self.assertEqual((status, report["legs"], self.ran), (1, 4, [0, 1, 2, 3]))

    def test_next_soak(self):
        self.notes = {0: ["torn"]}
        self.soak(2)
        status, _, report = self.soak(2)
        self.assertEqual((status, report["legs"], self.ran), (0, 2, [0, 1, 2, 3]))

    def test_fresh(self):
        self.soak(2)
        self.soak(1, fresh=True)
        self.assertEqual(self.ran, [0, 1, 0])

    def test_kernels(self):
        self.soak(3, kernels="rt-6.12")
        self.assertEqual({loads.LEGS[n][0] for n in self.ran}, {"rt-6.12"})

    def test_planted(self):
        load = loads.Load("planted", planted=("^torn", "^lost"))
        leg = legs.Leg(0, "stock-6.12", load, notes=["torn, seed 1"])
        legs._judge_planted(leg)
        self.assertEqual(leg.planted, 1)
        self.assertIn("planted and not found: ^lost", leg.notes)
        leg.notes = ["lost, seed 1", "torn, seed 1"]
        legs._judge_planted(leg)
        self.assertEqual((leg.planted, leg.notes), (2, []))


unittest.main()
