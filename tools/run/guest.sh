#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: the main job, step by step.

set -u

step() {
	printf '\n== %s\n' "$*"
}

fail() {
	echo "FAILED: $*"
	exit 1
}

step "load the module into Linux $(uname -r), $(nproc) CPUs"
insmod /ko/shardmap.ko || fail "insmod shardmap.ko"
ls -l /dev/shardmap

step "count the words of the kernel's Documentation: 4 processes, one table"
sh /wordcount.sh > /out/wordcount.json || fail "word counts differ"
cat /out/wordcount.json
echo "every count equals that of sort | uniq -c"

step "stress: 2 processes of 2 threads, 90 % reads, every value verified"
shardmap-stress --processes 2 --threads 2 --read-percent 90 --duration 5 ||
	fail "shardmap-stress ended with $?"

step "unload the module"
rmmod shardmap || fail "rmmod shardmap"
dmesg | grep '\] shardmap: '
echo "unloaded"
