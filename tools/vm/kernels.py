# SPDX-License-Identifier: GPL-2.0-only
"""Make a kernel ready to boot and to build modules against.

Stock kernels are Debian's own binaries: the image is unpacked into the cache,
never installed, and the headers come from the package.  The others are built
here, see kbuild.py.
"""

import dataclasses
import getpass
import os
import pathlib
import re
import shutil
import subprocess

from common import Trouble, cache_dir, install, locked, output_of, say

# Name -> what the version part of linux-image-VERSION looks like.
STOCK = {
    "stock-6.12": r"6\.12\.\d+\+deb\d+-cloud-amd64",
    "stock-6.1": r"6\.1\.0-\d+-cloud-amd64",
    "rt-6.12": r"6\.12\.\d+\+deb\d+-rt-amd64",
}
BUILT = ("kcsan", "kasan", "uml")
# Of another architecture than this machine's
FOREIGN = {"arm64": r"6\.12\.\d+\+deb\d+-cloud-arm64"}
NAMES = (*STOCK, *BUILT, *FOREIGN)


@dataclasses.dataclass
class Kernel:
    name: str
    version: str
    image: pathlib.Path
    kdir: pathlib.Path
    arch: str = "x86_64"
    llvm: str = ""

    def shell_lines(self):
        return "\n".join(f"{f.name.upper()}={getattr(self, f.name)}"
                         for f in dataclasses.fields(self))

    def config(self):
        return (self.kdir / ".config").read_text()


def arch_of(name):
    """Whose programs a kernel runs."""
    return name if name in FOREIGN else "x86_64"


def prepare(name):
    if name in BUILT:
        import kbuild
        return kbuild.prepare(name)
    if name in FOREIGN:
        import cross
        version, where = cross.kernel(name, FOREIGN[name])
        return Kernel(name, version, where / "boot" / f"vmlinuz-{version}",
                      where / "usr/src" / f"linux-headers-{version}", name)
    if name not in STOCK:
        raise Trouble(f"unknown kernel '{name}' (one of {', '.join(NAMES)})")
    if os.environ.get("KDIR"):
        return _from_kdir(name, pathlib.Path(os.environ["KDIR"]).resolve())
    pattern = STOCK[name]
    return _local(name, pattern) or _fetch(name, pattern)


def _from_kdir(name, kdir):
    release = kdir / "include/config/kernel.release"
    if not release.exists():
        raise Trouble(f"KDIR={kdir} is not a configured kernel tree")
    version = release.read_text().strip()
    built = kdir / "arch/x86/boot/bzImage"
    image = built if built.exists() else _image_of(version)
    if not image:
        raise Trouble(f"no image of kernel {version} found for KDIR={kdir}")
    return Kernel(name, version, image, kdir)


def _headers_of(version):
    return pathlib.Path("/usr/src") / f"linux-headers-{version}"


def _image_of(version):
    for path in (cache_dir("stock") / version / "boot" / f"vmlinuz-{version}",
                 pathlib.Path("/boot") / f"vmlinuz-{version}"):
        if os.access(path, os.R_OK):
            return path
    return None


def _newest(versions):
    return max(versions, key=lambda v: [int(n) for n in re.findall(r"\d+", v)],
               default=None)


def _local(name, pattern):
    """The newest version whose image and headers are both here: no network."""
    prefix = "linux-headers-"
    found = [path.name[len(prefix):]
             for path in pathlib.Path("/usr/src").glob(prefix + "*")
             if re.fullmatch(pattern, path.name[len(prefix):])
             and (path / "Module.symvers").exists()]
    version = _newest(v for v in found if _image_of(v))
    return version and Kernel(name, version, _image_of(version), _headers_of(version))


def _offered(pattern):
    def versions(kind):
        names = output_of("apt-cache", "pkgnames", f"linux-{kind}-").split()
        stripped = (n[len(f"linux-{kind}-"):] for n in names)
        return {v for v in stripped if re.fullmatch(pattern, v)}
    # pkgnames also lists packages that are merely mentioned; show tells.
    both = versions("image") & versions("headers")
    while both:
        version = _newest(both)
        shown = output_of("apt-cache", "show", f"linux-image-{version}",
                          f"linux-headers-{version}", stderr=subprocess.DEVNULL)
        if len(re.findall(r"^Filename:", shown, re.M)) >= 2:
            return version
        both.discard(version)
    return None


def _fetch(name, pattern):
    version = _offered(pattern)
    if not version:
        _apt_update()
        version = _offered(pattern)
    if not version:
        raise Trouble(f"apt offers no kernel for {name} (pattern {pattern})")
    say(f"{name}: fetching Debian kernel {version}")
    install("build", f"pkg:linux-headers-{version}")
    with locked(cache_dir("stock") / f"{name}.lock"):
        image = _image_of(version) or _unpack_image(version)
    return Kernel(name, version, image, _headers_of(version))


def _apt_update():
    root = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run([*root, "apt-get", "-qq", "update"])


def _unpack_image(version):
    target = cache_dir("stock", version)
    for deb in target.glob("*.deb"):
        deb.unlink()
    # The unprivileged download user cannot write into the cache.
    download = ["apt-get", "-qq", "-o", f"APT::Sandbox::User={getpass.getuser()}",
                "download", f"linux-image-{version}"]
    if subprocess.run(download, cwd=target).returncode:
        _apt_update()
        if subprocess.run(download, cwd=target).returncode:
            raise Trouble(f"cannot download linux-image-{version}")
    (deb,) = target.glob("*.deb")
    # Unpacked aside and renamed: an interrupted run leaves no half image.
    parts = target / "unpacking"
    shutil.rmtree(parts, ignore_errors=True)
    subprocess.run(["dpkg", "-x", deb, parts], check=True)
    # The runner looks up what the out disk's driver needs.
    subprocess.run(["/sbin/depmod", "-b", parts, version], check=True)
    # boot/ comes last: the image is what says that all is there.
    for part in ("lib", "boot"):
        shutil.rmtree(target / part, ignore_errors=True)
        os.rename(parts / part, target / part)
    shutil.rmtree(parts)
    deb.unlink()
    image = _image_of(version)
    if not image:
        raise Trouble(f"linux-image-{version} holds no boot/vmlinuz-{version}")
    return image
