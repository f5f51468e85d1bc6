#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Install the Debian packages that a group of make targets needs.
#
#   tools/setup.sh GROUP|pkg:NAME...
#
# Does nothing, quickly, when everything is there.

set -eu

packages_of() {
	case $1 in
	build)	echo gcc make libc6-dev bc libelf-dev libssl-dev kmod xz-utils \
		     rsync cpio pkgconf libjansson-dev python3 ;;
	run)	packages_of build
		echo qemu-system-x86 busybox-static ;;
	kernel)	# what it takes to build the kcsan, kasan and uml kernels
		packages_of run
		echo g++ flex bison perl clang-19 lld-19 llvm-19 \
		     linux-source-6.12 ;;
	check)	packages_of kernel
		echo git sparse dwarves coccinelle unifdef clang-format \
		     shellcheck mandoc gcc-multilib libc6-dev-i386 ;;
	soak)	packages_of kernel
		echo git gcc-multilib libc6-dev-i386 qemu-system-arm \
		     libc6-dev-arm64-cross libgcc-12-dev-arm64-cross ;;
	bench)	packages_of kernel
		echo gnuplot-nox liburcu-dev libck-dev libtbb-dev \
		     libcuckoo-dev libjemalloc-dev ;;
	host)	echo gcc make libc6-dev gcc-multilib python3 clang-19 \
		     libclang-rt-19-dev spin ;;
	docs)	echo make python3-sphinx man-db groff-base ;;
	pkg:*)	echo "${1#pkg:}" ;;
	*)	echo "setup.sh: unknown group '$1'" \
		     "(build run kernel check soak bench host docs pkg:NAME)" >&2
		return 1 ;;
	esac
}

[ $# -gt 0 ] || { sed -n '4,8s/^# *//p' "$0"; exit 2; }

wanted=
for group; do
	packages=$(packages_of "$group")
	wanted="$wanted $(echo "$packages" | tr '\n' ' ')"
done

command -v dpkg-query >/dev/null || {
	echo "setup.sh: not a Debian system; please install:$wanted" >&2
	exit 1
}

# Packages unknown to dpkg make dpkg-query fail; they are simply not listed.
# shellcheck disable=SC2086 # a list of words, here and below
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted \
	    2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ') || true
missing=
for p in $wanted; do
	case " $installed $missing " in
	*" $p "*) ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "setup.sh: neither root nor sudo; please install:$missing" >&2
		exit 1
	}
	root=sudo
fi

echo "setup.sh: installing$missing" >&2
apt() {
	$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=300 "$@" >&2
}
# A failed update is not final: the lists at hand may do.
apt update || true
# shellcheck disable=SC2086
apt install -y --no-install-recommends $missing || {
	echo "setup.sh: could not install:$missing" >&2
	exit 1
}
