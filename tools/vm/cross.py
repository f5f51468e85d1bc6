# SPDX-License-Identifier: GPL-2.0-only
"""Kernels and programs for guests of another architecture than this machine's.

clang compiles for all of them; the C library comes from Debian's cross packages, for
gcc's own cross compilers cannot be installed beside gcc-multilib.  What has no cross
package is Debian's of that architecture, unpacked into the cache and never installed.
"""

import getpass
import re
import shutil
import subprocess

from common import Trouble, cache_dir, install, locked, output_of, say

CLANG = "-19"
TARGETS = {"arm64": "aarch64-linux-gnu"}
PACKAGES = ("busybox-static", "libjansson-dev")
STAMP = "shardmap-done"


def root(arch):
    """The folder with the foreign packages, fetched when need be."""
    return _unpacked(arch, "root", lambda apt: PACKAGES)


def kernel(arch, pattern):
    """(version, folder) of Debian's kernel and its headers."""
    def packages(apt):
        names = output_of("apt-cache", *apt[2:], "pkgnames", "linux-headers-").split()
        found = [n.removeprefix("linux-headers-") for n in names]
        found = [v for v in found if re.fullmatch(pattern, v)]
        if not found:
            raise Trouble(f"apt offers no kernel for {arch} (pattern {pattern})")
        version = max(found, key=lambda v: [int(n) for n in re.findall(r"\d+", v)])
        return [f"linux-{kind}-{version}" for kind in ("image", "headers")]

    where = _unpacked(arch, "kernel", packages)
    (image,) = (where / "boot").glob("vmlinuz-*")
    version = image.name.removeprefix("vmlinuz-")
    # What the headers share, and programs that run here
    base = version.split("-")[0]
    install("soak", f"pkg:linux-headers-{base}-common", f"pkg:linux-kbuild-{base}")
    kbuild = where / "usr/lib" / f"linux-kbuild-{base}"
    if not kbuild.exists():
        kbuild.parent.mkdir(exist_ok=True)
        kbuild.symlink_to(f"/usr/lib/linux-kbuild-{base}")
    # The runner looks up what drivers need.
    if not (where / "lib/modules" / version / "modules.dep").exists():
        subprocess.run(["/sbin/depmod", "-b", where, version], check=True)
    return version, where


def _unpacked(arch, part, packages):
    where = cache_dir("cross") / f"{arch}-{part}"
    with locked(cache_dir("cross") / f"{arch}.lock"):
        if not (where / STAMP).exists():
            shutil.rmtree(where, ignore_errors=True)
            _fetch(arch, where, packages)
            (where / STAMP).touch()
    return where


def _fetch(arch, where, packages):
    """apt with lists of its own: the system's architectures stay what they are."""
    work = cache_dir("cross", f"{arch}-apt")
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    (work / "status").touch()
    options = {"APT::Architecture": arch, "APT::Architectures": arch,
               "APT::Sandbox::User": getpass.getuser(), "Dir::Cache": work / "cache",
               "Dir::State::Lists": work / "lists",
               "Dir::State::Status": work / "status"}
    apt = ["apt-get", "-qq", *(word for name, value in options.items()
                               for word in ("-o", f"{name}={value}"))]
    if subprocess.run([*apt, "update"], cwd=work).returncode:
        raise Trouble(f"apt-get update for {arch} failed")
    wanted = packages(apt)
    say(f"fetching {' and '.join(wanted)} for {arch}")
    if subprocess.run([*apt, "download", *wanted], cwd=work).returncode:
        raise Trouble(f"cannot download {' '.join(wanted)} for {arch}")
    for deb in work.glob("*.deb"):
        subprocess.run(["dpkg", "-x", deb, where], check=True)
    shutil.rmtree(work)


def compiler(arch):
    """The C compiler's command, for this machine's architecture too."""
    if arch not in TARGETS:
        return ["gcc"]
    return [f"clang{CLANG}", f"--target={TARGETS[arch]}"]


def linker(arch):
    """Arguments of the compiler that make it link."""
    return ["-fuse-ld=lld"] if arch in TARGETS else []


def busybox(arch):
    return root(arch) / "bin/busybox" if arch in TARGETS else "/bin/busybox"


def make_args(arch):
    """Arguments for the makefiles of programs; none for this machine's architecture."""
    if arch not in TARGETS:
        return []
    install("soak")
    where = root(arch) / "usr"
    return [f"CC={' '.join(compiler(arch))}", f"AR=llvm-ar{CLANG}",
            f"CPPFLAGS=-I{where}/include",
            f"LDFLAGS={' '.join(linker(arch))} -L{where}/lib/{TARGETS[arch]}"]
