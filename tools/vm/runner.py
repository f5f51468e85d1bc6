# SPDX-License-Identifier: GPL-2.0-only
"""`vm run` and `vm shell`: boot, run one command, judge, report."""

import lzma
import os
import pathlib
import re
import shutil
import tempfile

import decode
import initramfs
import judge
import kernels
import machine
from common import (BUILD, ROOT, STATUS_BAD_LOG, STATUS_NO_VERDICT, STATUS_TIMEOUT,
                    STATUS_WRONG_CPUS, Trouble, cache_dir, install, say, shown)

# Emulated CPUs may trip over code that the kernel is patching: an int3 that nobody
# knows, with the kernel dead before its init runs.
BOOTS = 3


def _additions(args):
    """(source, name in the guest) of --ko and --add."""
    found = [(ko, f"ko/{os.path.basename(ko)}") for ko in args.ko]
    for spec in args.add:
        source, _, name = spec.partition(":")
        found.append((source, name or f"bin/{os.path.basename(source)}"))
    return found


# The out disk's driver, and a file system that tests mount.
DRIVERS = ("nvme", "fuse")


def _drivers(kernel, work):
    """Additions that let init load drivers, where they are modules."""
    lib = kernel.image.parent.parent / "lib" / "modules" / kernel.version
    depends = lib / "modules.dep"
    lines = depends.read_text().splitlines() if depends.exists() else []
    found = []
    for line in lines:
        driver, needs = line.split(":")
        if re.search(rf"/({'|'.join(DRIVERS)})\.ko(\.xz)?$", driver):
            found += [lib / f for f in (*reversed(needs.split()), driver)]
    if not found:
        return []
    additions = []
    for path in found:
        plain = work / path.name.removesuffix(".xz")
        data = path.read_bytes()
        plain.write_bytes(lzma.decompress(data) if path.suffix == ".xz" else data)
        additions.append((plain, f"lib/drivers/{plain.name}"))
    order = work / "drivers"
    order.write_text("".join(f"/{name}\n" for _, name in additions))
    return [*additions, (order, "vm.drivers")]


def _defaults(kernel, args):
    if args.icount and (kernel.arch == "um" or (args.cpus or 1) > 1):
        raise Trouble("--icount takes an emulated machine with one CPU")
    if kernel.arch == "um" or args.icount:
        args.cpus = args.cpus or 1
    args.cpus = args.cpus or 2
    args.mem = args.mem or {"uml": 1024}.get(kernel.name, 2048)


def _boot(kernel, args, command, interactive=False):
    work = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=_vm_dir()))
    try:
        settings = machine.settings_for(kernel, interactive)
        settings.update(cpus=args.cpus, shell=int(interactive),
                        panic_on_warn=int(not args.no_panic_on_warn),
                        kmemleak=int(not args.no_kmemleak))
        additions = _additions(args) + _drivers(kernel, work)
        archive = work / "initramfs.cpio"
        initramfs.write(archive, kernel.arch, settings, command, additions)
        guest = machine.Guest(kernel, archive, args.console, args.cpus, args.mem,
                              args.append, machine.make_out_disk(work / "out.tar"),
                              interactive)
        guest.icount = args.icount
        guest.kvm = not guest.icount and machine.kvm_works(guest)
        result = machine.run(guest, args.timeout)
        if args.out and result.verdict.get("out"):
            machine.unpack_out(guest.out_disk, args.out)
        return result
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _vm_dir():
    path = BUILD / "vm"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _prepare(args):
    install("run")
    kernel = kernels.prepare(args.kernel)
    _defaults(kernel, args)
    if not args.console:
        args.console = _vm_dir() / f"{kernel.name}-console.log"
    args.console = pathlib.Path(args.console).absolute()
    return kernel


def run(args):
    kernel = _prepare(args)
    command = args.command
    if len(command) == 1:
        command = ["/bin/sh", "-c", command[0]]
    for left in reversed(range(BOOTS)):
        result = _boot(kernel, args, command)
        # A guest that died may leave anything, so no decoding errors.
        log = args.console.read_text(errors="replace")
        if not _died_in_boot(result, log):
            break
        args.console.with_suffix(f".boot{BOOTS - left}").write_text(log)
        say(f"{kernel.name}: the guest died during boot, {left} more attempts")
    status, reason, complaints = _verdict(result, log, args)
    # Debian's headers lack the script, but its source may be there for other beds.
    trees = (kernel.kdir, kernel.kdir / "source", *cache_dir("source").iterdir())
    complaints = [decode.decode(text, args.ko, trees) for text in complaints]
    for text in complaints:
        say(f"bad kernel log:\n{text}")
    _keep(complaints, args.console.with_suffix(".report"))
    if status in (STATUS_TIMEOUT, STATUS_NO_VERDICT, STATUS_WRONG_CPUS) and \
            not result.verdict.get("exit") and not complaints:
        say("last lines of the kernel log:\n" + "\n".join(log.splitlines()[-15:]))
    say(f"{kernel.name} ({kernel.version}), {args.cpus} CPUs: {reason}; boot "
        f"{result.boot:.1f} s, total {result.seconds:.1f} s, log {shown(args.console)}")
    return status


def _died_in_boot(result, log):
    """Did the kernel crash by itself, before anything of ours was there?"""
    return not result.timed_out and "up" not in result.verdict and \
        judge.START_MARK not in log


def _keep(complaints, path):
    """The reports, without the log around them; no file means there were none."""
    path.unlink(missing_ok=True)
    if complaints:
        path.write_text("\n\n".join(complaints) + "\n")


def _verdict(result, log, args):
    """(exit status, reason in words, complaints about the log)"""
    if result.timed_out:
        return (STATUS_TIMEOUT, f"no end after {args.timeout} s",
                judge.judge(log, args.allow))
    said = result.verdict
    if "cpus" in said and int(said["cpus"][0]) != args.cpus:
        return (STATUS_WRONG_CPUS,
                f"{said['cpus'][0]} CPUs online, {args.cpus} wanted", [])
    if "detector" in said:
        return STATUS_NO_VERDICT, f"{said['detector'][0]} is off after boot", []
    if not said.get("exit") or not said.get("taint"):
        where = "while the command ran" if judge.START_MARK in log else "during boot"
        return (STATUS_NO_VERDICT, f"the guest died {where}",
                judge.judge(log, args.allow))
    status = int(said["exit"][0])
    taint = tuple(int(t) for t in said["taint"])
    complaints = judge.judge(log, args.allow, taint)
    if complaints and not status:
        return STATUS_BAD_LOG, f"exit 0 but {len(complaints)} bad reports", complaints
    if said.get("out", ["0"]) != ["0"]:
        return STATUS_NO_VERDICT, "the guest could not hand back /out", complaints
    return status, f"exit {status}", complaints


def shell(args):
    kernel = _prepare(args)
    args.ko += map(str, sorted((BUILD / args.kernel).glob("*.ko")))
    args.add += [str(tool) for tool in sorted((BUILD / "tools-static").glob("shardmap*"))
                 if os.access(tool, os.X_OK)]
    say("leave with 'exit'; in QEMU Ctrl-A X kills the guest")
    result = _boot(kernel, args, ["/bin/sh", "-i"], interactive=True)
    return 0 if result.verdict.get("exit") else STATUS_NO_VERDICT
