# SPDX-License-Identifier: GPL-2.0-only
"""Build the project's modules for one kernel, out of the source tree."""

import pathlib
import re
import shutil
import subprocess

import cross
import kernels
from common import BUILD, ROOT, Trouble, install, jobs, locked, say, shown

SOURCES = ("Kbuild", "kmod", "uapi")
# Survive the copying, so that the second build is incremental.
PRODUCTS = ("*.o", "*.ko", "*.mod", "*.mod.c", ".*.cmd", ".*.d", "*.symvers",
            "modules.order", ".tmp_*", "*.gcno")
NOISE = re.compile(r"warning:|error:|Error \d|\*\*\*|undefined|WARNING:|ERROR:|note:")
# Debian's headers come without vmlinux; that costs BTF and nothing else.
HARMLESS = re.compile(r"Skipping BTF|the compiler differs from|"
                      r"^ +(The kernel was built by|You are using)")

# Debian's kernels are configured for gcc: what their makefiles must believe
# before clang can build modules for them.
CLANG_FOR_GCC_KERNEL = (
    "CONFIG_CC_IS_GCC=", "CONFIG_GCC_VERSION=0", "CONFIG_CC_IS_CLANG=y",
    "CONFIG_FTRACE_MCOUNT_USE_CC=", "CONFIG_FTRACE_MCOUNT_USE_OBJTOOL=y",
    "CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough")
# Headers configured for gcc name an address space twice.
CLANG_FLAGS = "-Wno-duplicate-decl-specifier"


def options(parser):
    parser.add_argument("name", choices=kernels.NAMES)
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR",
                        help="default build/NAME")
    parser.add_argument("--cc", metavar="clang-VERSION",
                        help="another compiler, into build/NAME-COMPILER")
    parser.add_argument("--check", action="store_true", help="sparse (C=2)")
    parser.add_argument("--w1", action="store_true", help="more warnings (W=1)")
    parser.add_argument("variables", nargs="*", metavar="VAR=VALUE",
                        help="for make")


def command(args):
    install("build")
    for word in args.variables:
        if "=" not in word:
            raise Trouble(f"not VAR=VALUE: {word}")
    kernel = kernels.prepare(args.name)
    if args.cc:
        match = re.fullmatch(r"clang(-\d+)", args.cc)
        if not match:
            raise Trouble("--cc takes clang-VERSION")
        install(*(f"pkg:{tool}{match[1]}" for tool in ("clang", "lld", "llvm")))
        args.cc = match[1]
    if args.check:
        install("pkg:sparse")
    out = args.out or BUILD / args.name
    if args.cc and not args.out:
        out = BUILD / f"{args.name}-clang{args.cc}"
    out = out.absolute()
    (out / "src").mkdir(parents=True, exist_ok=True)
    with locked(out / ".lock"):
        return build(kernel, out, args)


def build(kernel, out, args):
    src = out / "src"
    there = [ROOT / s for s in SOURCES if (ROOT / s).exists()]
    subprocess.run(["rsync", "-a", "--delete",
                    *(f"--exclude={p}" for p in PRODUCTS), *there, src], check=True)
    log = out / "modules.log"
    status = _make(_make_argv(kernel, src, args), log)
    if status:
        say(f"building the modules for {kernel.name} failed, see {shown(log)}")
        return status
    for old in out.glob("*.ko"):
        old.unlink()
    found = sorted(src.rglob("*.ko"))
    for ko in found:
        shutil.copy2(ko, out / ko.name)
    names = " ".join(ko.name for ko in found)
    say(f"{kernel.name} ({kernel.version}): {names} in {shown(out)}")
    return 0


def _make_argv(kernel, src, args):
    argv = ["make", "-C", kernel.kdir, f"M={src}", f"-j{jobs()}"]
    variables = dict(v.split("=", 1) for v in args.variables)
    if kernel.arch != "x86_64":
        argv.append(f"ARCH={kernel.arch}")
    llvm = args.cc or kernel.llvm or cross.CLANG * (kernel.arch in cross.TARGETS)
    if llvm:
        argv.append(f"LLVM={llvm}")
    # Debian's, for clang is what compiles for other architectures here.
    if llvm and not kernel.llvm:
        flags = variables.get("KCFLAGS", "")
        variables["KCFLAGS"] = f"{flags} {CLANG_FLAGS}".strip()
        # CC and LD too, since Debian's headers set them in spite of LLVM.
        argv += [f"CC=clang{llvm}", f"LD=ld.lld{llvm}", *CLANG_FOR_GCC_KERNEL]
    if kernel.llvm:
        # Our own kernels have no debug information, and reports are decoded.
        variables["KCFLAGS"] = f"{variables.get('KCFLAGS', '')} -g1".strip()
    if args.check:
        # C=2 also checks files that need no compiling.
        argv += ["C=2", "CF=-D__CHECK_ENDIAN__"]
    if args.w1:
        argv.append("W=1")
    return [*argv, *(f"{k}={v}" for k, v in variables.items()), "modules"]


def _make(argv, log):
    """Everything to the log; warnings and errors, with their context, shown."""
    with open(log, "w") as stream:
        stream.write(" ".join(map(str, argv)) + "\n")
        stream.flush()
        child = subprocess.Popen(argv, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True,
                                 errors="replace")
        context = 0
        for line in child.stdout:
            stream.write(line)
            if HARMLESS.search(line):
                continue
            # The source lines that compilers print are indented.
            context = 8 if NOISE.search(line) else context - 1
            if context == 8 or context > 0 and line.startswith(" ") \
                    and not re.match(r"  [A-Z]", line):
                print(line, end="", flush=True)
        return child.wait()
