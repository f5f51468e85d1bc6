# SPDX-License-Identifier: GPL-2.0-only
"""Programs for guests of another architecture than this machine's.

clang compiles for all of them; the C library comes from Debian's cross packages, for
gcc's own cross compilers cannot be installed beside gcc-multilib.  What has no cross
package is Debian's of that architecture, unpacked into the cache and never installed.
"""

import getpass
import shutil
import subprocess

from common import Trouble, cache_dir, install, locked, say

CLANG = "-19"
TARGETS = {"arm64": "aarch64-linux-gnu"}
PACKAGES = ("busybox-static", "libjansson-dev")
STAMP = "shardmap-done"


def root(arch):
    """The folder with the foreign packages, fetched when need be."""
    where = cache_dir("cross", arch)
    with locked(cache_dir("cross") / f"{arch}.lock"):
        if not (where / STAMP).exists():
            say(f"fetching {' and '.join(PACKAGES)} for {arch}")
            shutil.rmtree(where)
            _fetch(arch, cache_dir("cross", arch))
            (where / STAMP).touch()
    return where


def _fetch(arch, where):
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
    for step in (["update"], ["download", *PACKAGES]):
        if subprocess.run([*apt, *step], cwd=work).returncode:
            raise Trouble(f"apt-get {' '.join(step)} for {arch} failed")
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
