# SPDX-License-Identifier: GPL-2.0-only
"""Paths and small helpers shared by the parts of the VM runner."""

import contextlib
import fcntl
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build"

# `vm run` passes the guest command's status through; these are its own.
STATUS_BAD_LOG = 4
STATUS_TIMEOUT = 124
STATUS_NO_VERDICT = 125
STATUS_WRONG_CPUS = 126


class Trouble(Exception):
    """The runner itself cannot go on; ends in STATUS_NO_VERDICT."""


def say(text):
    print(f"vm: {text}", file=sys.stderr, flush=True)


def shown(path):
    """As short as it can be said."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def cache_dir(*parts):
    """Outside the tree, so that a fresh clone finds what was built before."""
    base = os.environ.get("SHARDMAP_CACHE")
    if not base:
        xdg = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        base = pathlib.Path(xdg) / "shardmap"
    path = pathlib.Path(base, *parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(path):
    """Keep two runners from building the same thing at the same time."""
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def output_of(*argv, **kwargs):
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, **kwargs)
    return done.stdout if done.returncode == 0 else ""


def install(*groups):
    script = ROOT / "tools" / "setup.sh"
    if subprocess.run([script, *groups]).returncode:
        raise Trouble(f"tools/setup.sh {' '.join(groups)} failed")


def jobs():
    return len(os.sched_getaffinity(0))
