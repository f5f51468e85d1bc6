# SPDX-License-Identifier: GPL-2.0-only
"""Build the debug kernels and the UML kernel from Debian's kernel source.

A build lives in the cache under a name made of everything that shapes it, so
an entry never gets stale; its stamp file is written last, so an interrupted
build never looks done.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import time

from common import HERE, Trouble, cache_dir, install, jobs, locked, output_of, say
from kernels import Kernel

TARBALL = pathlib.Path("/usr/src/linux-source-6.12.tar.xz")
CONFIGS = HERE / "configs"
STAMP = "shardmap-done"


class Recipe:
    def __init__(self, fragments, llvm="", arch="x86_64"):
        self.fragments = [CONFIGS / f"{f}.config" for f in fragments]
        self.llvm = llvm
        self.arch = arch
        self.image = "linux" if arch == "um" else "arch/x86/boot/bzImage"

    def make_args(self):
        args = [f"ARCH={self.arch}"] if self.arch != "x86_64" else []
        return args + ([f"LLVM={self.llvm}"] if self.llvm else [])

    def compiler(self):
        name = f"clang{self.llvm}" if self.llvm else "gcc"
        return output_of(name, "--version").split("\n")[0]

    def text(self):
        return "".join(f.read_text() for f in self.fragments)


RECIPES = {
    "kcsan": Recipe(("base", "x86", "lockdep", "kcsan"), llvm="-19"),
    "kasan": Recipe(("base", "x86", "lockdep", "kasan"), llvm="-19"),
    "uml": Recipe(("base", "uml"), arch="um"),
}


def prepare(name):
    install("kernel")
    recipe = RECIPES[name]
    tree, source_id = source()
    key = hashlib.sha256("\n".join(
        (source_id, recipe.compiler(), recipe.text())).encode()).hexdigest()[:12]
    kdir = cache_dir("built") / f"{name}-{source_id}-{key}"
    with locked(cache_dir("built") / f"{name}.lock"):
        if not (kdir / STAMP).exists():
            _build(name, recipe, tree, kdir)
    version = (kdir / "include/config/kernel.release").read_text().strip()
    return Kernel(name, version, kdir / recipe.image, kdir, recipe.arch, recipe.llvm)


def source():
    """(folder, identity) of the kernel source, unpacked when need be."""
    given = os.environ.get("SHARDMAP_KSRC")
    if given:
        tree = pathlib.Path(given).resolve()
        makefile = (tree / "Makefile").read_text()
        parts = [re.search(rf"^{w} = *(.*)$", makefile, re.M)[1]
                 for w in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
        where = hashlib.sha256(str(tree).encode()).hexdigest()[:6]
        return tree, f"{'.'.join(parts)}-{where}"
    version = output_of("dpkg-query", "-W", "-f", "${Version}", "linux-source-6.12")
    version = version.replace("~", "-")
    tree = cache_dir("source") / version
    with locked(cache_dir("source") / "lock"):
        if not (tree / STAMP).exists():
            say(f"unpacking kernel source {version}")
            shutil.rmtree(tree, ignore_errors=True)
            tree.mkdir()
            subprocess.run(["tar", "-xf", TARBALL, "--strip-components=1",
                            "-C", tree], check=True)
            (tree / STAMP).touch()
    return tree, version


def _build(name, recipe, source, kdir):
    shutil.rmtree(kdir, ignore_errors=True)
    kdir.mkdir()
    log = kdir / "build.log"
    say(f"building the {name} kernel, once; log {log}")
    started = time.monotonic()
    wanted = kdir / "wanted.config"
    wanted.write_text(recipe.text())
    make = ["make", "-C", source, f"O={kdir}", f"-j{jobs()}", *recipe.make_args()]
    with open(log, "w") as stream:
        _logged([*make, f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig"], stream, name)
        _verify(recipe, kdir)
        # "modules" is what writes Module.symvers.
        targets = ["linux"] if recipe.arch == "um" else ["bzImage"]
        _logged([*make, *targets, "modules"], stream, name)
    if not (kdir / "Module.symvers").exists():
        raise Trouble(f"the {name} build left no Module.symvers, see {log}")
    _drop_objects(kdir)
    (kdir / STAMP).touch()
    say(f"built the {name} kernel in {time.monotonic() - started:.0f} s")


def _verify(recipe, kdir):
    """Kconfig drops what it cannot have in silence."""
    final = (kdir / ".config").read_text().splitlines()
    present = set(final)
    names = {re.split(r"[= ]", line)[0] for line in final if line.startswith("CONFIG_")}
    missing = []
    for line in recipe.text().splitlines():
        unset = re.fullmatch(r"# (CONFIG_\w+) is not set", line)
        if unset and unset[1] in names or \
                line.startswith("CONFIG_") and line not in present:
            missing.append(line)
    if missing:
        shutil.rmtree(kdir)
        raise Trouble("the kernel configuration did not take:\n  "
                      + "\n  ".join(missing))


def _logged(argv, stream, name):
    stream.write(" ".join(map(str, argv)) + "\n")
    started = shown = time.monotonic()
    objects = 0
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL, text=True, errors="replace")
    for line in child.stdout:
        stream.write(line)
        objects += line.startswith(("  CC ", "  AS "))
        if time.monotonic() - shown > 20:
            shown = time.monotonic()
            say(f"{name}: {objects} files compiled, {shown - started:.0f} s")
    if child.wait():
        stream.flush()
        tail = pathlib.Path(stream.name).read_text().splitlines()[-15:]
        raise Trouble(f"building the {name} kernel failed, see {stream.name}\n"
                      + "\n".join(tail))


def _drop_objects(kdir):
    """Module builds need headers, scripts and tools, not the kernel's objects."""
    for path in kdir.rglob("*.[oa]"):
        inside = path.relative_to(kdir).parts[0]
        if inside not in ("scripts", "tools"):
            path.unlink()
