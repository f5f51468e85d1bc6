# SPDX-License-Identifier: GPL-2.0-only
"""Write the guest's root as an uncompressed newc cpio archive.

Written here and not by cpio(1), because then neither root (device nodes)
nor a staging directory is needed.
"""

import os
import stat
import subprocess

import cross
from common import BUILD, HERE, Trouble

BUSYBOX = "/bin/busybox"
DIRS = ("bin", "dev", "etc", "ko", "lib", "out", "proc", "root", "run", "sbin",
        "sys", "tmp", "usr", "usr/bin", "usr/sbin", "var")


class Archive:
    def __init__(self, stream):
        self.stream = stream
        self.names = set()
        for name in DIRS:
            self.directory(name)

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.names.add(name)
        raw = name.encode() + b"\0"
        fields = (len(self.names), mode, 0, 0, 1, 0, len(data), 0, 0,
                  *rdev, len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self.stream.write(head + b"\0" * (-len(head) % 4))
        self.stream.write(data)
        self.stream.write(b"\0" * (-len(data) % 4))

    def directory(self, name):
        if name and name not in self.names:
            self.directory(os.path.dirname(name))
            self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        name = os.path.normpath(name).lstrip("/")
        self.directory(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data)

    def symlink(self, name, target):
        self.directory(os.path.dirname(name))
        self._entry(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def device(self, name, major, minor):
        self._entry(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def add(self, source, name):
        """A file or a whole directory, links kept as links."""
        name = os.path.normpath(name).lstrip("/")
        if os.path.islink(source):
            self.symlink(name, os.readlink(source))
        elif os.path.isdir(source):
            self.directory(name)
            for child in sorted(os.listdir(source)):
                self.add(os.path.join(source, child), os.path.join(name, child))
        else:
            with open(source, "rb") as data:
                self.file(name, data.read(), os.stat(source).st_mode & 0o777)

    def close(self):
        self._entry("TRAILER!!!", 0)


def guest_init(arch):
    """Our init, compiled when it is older than its source."""
    source = HERE / "init.c"
    binary = BUILD / "vm" / (f"init-{arch}" if arch in cross.TARGETS else "init")
    binary.parent.mkdir(parents=True, exist_ok=True)
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        fresh = binary.with_suffix(f".{os.getpid()}")
        compile_it = [*cross.compiler(arch), *cross.linker(arch), "-static", "-O2",
                      "-Wall", "-Wextra", "-o", fresh, source]
        if subprocess.run(compile_it).returncode:
            raise Trouble(f"cannot compile {source}")
        os.rename(fresh, binary)
    return binary


def write(path, arch, settings, command, additions):
    """settings: dict for /vm.conf; command: argv; additions: (source, name)."""
    with open(path, "wb") as stream:
        archive = Archive(stream)
        # The kernel opens it for init before devtmpfs is mounted.
        archive.device("dev/console", 5, 1)
        archive.add(guest_init(arch), "init")
        archive.add(cross.busybox(arch), "bin/busybox")
        # Debian's has the same applets everywhere, and this one can be run here.
        for applet in subprocess.check_output([BUSYBOX, "--list"], text=True).split():
            if applet != "busybox":
                archive.symlink(f"bin/{applet}", "busybox")
        archive.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
                     b"nobody:x:65534:65534:nobody:/:/bin/false\n")
        archive.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        archive.file("vm.conf", "".join(
            f"{k}={v}\n" for k, v in settings.items()).encode())
        archive.file("vm.cmd", b"".join(os.fsencode(a) + b"\0" for a in command))
        for source, name in additions:
            if not os.path.exists(source):
                raise Trouble(f"no such file: {source}")
            archive.add(source, name)
        archive.close()
