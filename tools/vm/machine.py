# SPDX-License-Identifier: GPL-2.0-only
"""Start a guest, relay its output, keep its log, watch the clock.

Channels: the kernel log goes to a file, the command's output through a second
serial line to a pipe, the verdict through a third channel to another pipe.
"""

import dataclasses
import os
import pathlib
import selectors
import signal
import subprocess
import sys
import time

from common import Trouble, cache_dir, say

# The I/O port of QEMU's isa-debugcon: needs no driver in the guest.
VERDICT_PORT = 0xe9
OUT_DISK_BYTES = 512 << 20

# Boot warnings are not judged, so panic_on_warn is left to init.
COMMON_ARGS = ("loglevel=7 printk.devkmsg=on panic=-1 oops=panic "
               "softlockup_panic=1 hung_task_panic=1 kunit.enable=1")
# Mitigations test nothing of ours and cost a lot under emulation.
X86_ARGS = "console=ttyS0 reboot=t mitigations=off"
ARM64_ARGS = "console=ttyAMA0 mitigations=off"


@dataclasses.dataclass
class Guest:
    kernel: object
    initramfs: pathlib.Path
    console: pathlib.Path
    cpus: int = 2
    mem: int = 1024
    append: str = ""
    out_disk: pathlib.Path = None
    interactive: bool = False
    kvm: bool = False
    icount: bool = False


@dataclasses.dataclass
class Result:
    verdict: dict = dataclasses.field(default_factory=dict)
    boot: float = 0.0
    seconds: float = 0.0
    timed_out: bool = False


def settings_for(kernel, interactive):
    """The part of init's configuration that follows from the machine."""
    if kernel.arch == "um":
        return {"tty": "/dev/tty0" if interactive else "/dev/ttyS0",
                "verdict": "/dev/ttyS1", "out": "/dev/ubda", "poweroff": 1}
    if kernel.arch == "arm64":
        return {"tty": "/dev/ttyAMA0" if interactive else "/dev/ttyS0",
                "verdict": "/dev/ttyS1", "out": "/dev/nvme0n1"}
    return {"tty": "/dev/ttyS0" if interactive else "/dev/ttyS1",
            "verdict": hex(VERDICT_PORT), "out": "/dev/nvme0n1"}


def _qemu(guest, data_fd, verdict_fd):
    arm64 = guest.kernel.arch == "arm64"
    threads = "single" if guest.icount else "multi"
    accel = "kvm" if guest.kvm else f"tcg,thread={threads}"
    argv = ["qemu-system-aarch64" if arm64 else "qemu-system-x86_64",
            "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot", "-machine", "virt" if arm64 else "q35",
            "-accel", accel, "-cpu", "host" if guest.kvm else "max",
            "-smp", str(guest.cpus), "-m", f"{guest.mem}M",
            "-kernel", guest.kernel.image, "-initrd", guest.initramfs, "-append",
            f"{COMMON_ARGS} {ARM64_ARGS if arm64 else X86_ARGS} {guest.append}",
            "-chardev", f"file,id=verdict,path=/dev/fd/{verdict_fd}"]
    if not arm64:
        argv += ["-device", f"isa-debugcon,iobase={VERDICT_PORT:#x},chardev=verdict"]
    if guest.interactive:
        argv += ["-chardev", "stdio,id=console,mux=on,signal=off"
                 f",logfile={guest.console}",
                 "-mon", "chardev=console", "-serial", "chardev:console"]
    else:
        argv += ["-chardev", f"file,id=console,path={guest.console}",
                 "-serial", "chardev:console",
                 "-chardev", f"file,id=data,path=/dev/fd/{data_fd}",
                 *(["-device", "pci-serial,chardev=data"] if arm64 else
                   ["-serial", "chardev:data"])]
    if arm64:
        argv += ["-device", "pci-serial,chardev=verdict"]
    if guest.icount:
        # A nanosecond of the guest's time is one instruction of its.
        argv += ["-icount", "shift=0,sleep=off"]
    if guest.out_disk:
        argv += ["-drive", f"if=none,id=out,format=raw,file={guest.out_disk}"
                 ",cache=unsafe", "-device", "nvme,serial=out,drive=out"]
    return argv


def _uml(guest, data_fd, verdict_fd):
    argv = [guest.kernel.image, f"mem={guest.mem}M", f"initrd={guest.initramfs}",
            "con0=fd:0,fd:1", "con=null", "ssl=null",
            f"ssl0=null,fd:{data_fd}", f"ssl1=null,fd:{verdict_fd}",
            "console=tty0", "noreboot", *COMMON_ARGS.split(), *guest.append.split()]
    if guest.out_disk:
        argv.append(f"ubd0={guest.out_disk}")
    return argv


def run(guest, timeout=None, probing=False):
    """Run the guest to its end or its time limit; a probe, until init is up."""
    data_read, data_write = os.pipe()
    verdict_read, verdict_write = os.pipe()
    uml = guest.kernel.arch == "um"
    argv = (_uml if uml else _qemu)(guest, data_write, verdict_write)
    streams = {}
    if not guest.interactive:
        log = open(guest.console, "wb")
        # UML's console is its own standard output.
        streams = {"stdin": subprocess.DEVNULL, "stdout": log if uml else 2,
                   "stderr": subprocess.DEVNULL if probing else log if uml else None,
                   "start_new_session": True}
    started = time.monotonic()
    child = subprocess.Popen(argv, pass_fds=(data_write, verdict_write), **streams)
    os.close(data_write)
    os.close(verdict_write)
    result = Result()
    try:
        _relay(child, data_read, verdict_read, result, started, timeout, probing)
    finally:
        _stop(child, grace=5 if result.verdict and not result.timed_out else 0)
        result.seconds = time.monotonic() - started
        os.close(data_read)
        os.close(verdict_read)
    return result


def _stop(child, grace):
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        if os.getpgid(child.pid) == child.pid:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.wait()


def _relay(child, data, verdict, result, started, timeout, probing):
    """Until both pipes are closed, which the guest's end does."""
    pending = b""
    with selectors.DefaultSelector() as selector:
        for fd in (data, verdict):
            selector.register(fd, selectors.EVENT_READ)
        while selector.get_map():
            left = timeout and started + timeout - time.monotonic()
            if timeout and left <= 0:
                result.timed_out = True
                return
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fd)
                elif key.fd == data:
                    sys.stdout.buffer.write(chunk)
                    sys.stdout.buffer.flush()
                else:
                    *lines, pending = (pending + chunk).split(b"\n")
                    for line in lines:
                        word, *rest = line.decode(errors="replace").split()
                        result.verdict[word] = rest
                        if word == "up":
                            result.boot = time.monotonic() - started
                            if probing:
                                return


def kvm_works(guest):
    """Opening /dev/kvm proves nothing: boot this kernel once per host boot."""
    if guest.kernel.arch != "x86_64" or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    boot_id = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = cache_dir("kvm-probe") / f"{boot_id}-{guest.kernel.version}"
    if not known.exists():
        probe = dataclasses.replace(guest, kvm=True, interactive=False,
                                    console=pathlib.Path("/dev/null"))
        up = "up" in run(probe, timeout=10, probing=True).verdict
        known.write_text("yes" if up else "no")
        say(f"KVM {'works' if up else 'does not run this kernel, using emulation'}")
    return known.read_text() == "yes"


def make_out_disk(path):
    with open(path, "wb") as disk:
        disk.truncate(OUT_DISK_BYTES)
    return path


def unpack_out(disk, target):
    pathlib.Path(target).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["tar", "-x", "--no-same-owner", "-f", disk, "-C", target],
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Trouble(f"cannot unpack what the guest put into /out: {done.stderr}")
