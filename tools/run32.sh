#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run32.sh PROGRAM ARGUMENT...
#
# Run a 32-bit program, emulated where the machine's kernel runs 64-bit programs only.

set -eu

[ $# -gt 0 ] || { sed -n '4p' "$0" >&2; exit 2; }

# Of libc6-i386, a program itself.  bash, unlike sh, does not take it for a script
# when it cannot be executed.
if /lib32/ld-linux.so.2 --version > /dev/null 2>&1; then
	exec "$@"
fi
command -v qemu-i386 > /dev/null ||
	"$(dirname "$0")/setup.sh" pkg:qemu-user
exec qemu-i386 "$@"
