#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh ARGUMENT...
#
# In a guest, with modules built with SHARDMAP_COVERAGE=1: run shardmap-fuzz with these
# arguments, where the kernel can inject faults with those prepared, and in a memory
# cgroup, since one call may ask for gigabytes.  What was reached goes to /out.

set -u
memory=268435456
group=/sys/fs/cgroup/fuzz
coverage=/sys/kernel/debug/shardmap_coverage
sections=/sys/module/shardmap/sections

insmod /ko/shardmap.ko && insmod /ko/shardmap_door.ko || exit 1
echo +memory > /sys/fs/cgroup/cgroup.subtree_control
mkdir -p "$group" && echo "$memory" > "$group/memory.max" || exit 1
for section in "$sections"/.*text*; do
	echo "${section##*/} $(cat "$section")"
done > /out/sections

faults=
[ ! -e /sys/kernel/debug/failslab ] || faults='sh /faults.sh'
# In a shell of its own, so that this one stays outside
# shellcheck disable=SC2086 # words
sh -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$group" $faults shardmap-fuzz "$@"
status=$?
cat "$coverage/pcs" > /out/pcs || exit 1
rmmod shardmap_door && rmmod shardmap || exit 1
exit $status
