#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh LIST BED [CASE]
#
# Run the cases of one bed on the running kernel, as LIST has them (cases.txt): the
# fixed variants, then the buggy ones, each until its report is there or its time is
# up.  With CASE, only the buggy variant of that one, which has its guest alone.  Marks
# in the kernel log tell where each begins and ends; what reading a case's file gives
# goes to /out.  The judging is left to the caller, and the status is 0 if all could be
# run.

list=$1
bed=$2
alone=$3
files=/sys/kernel/debug/shardmap_cases
kmemleak=/sys/kernel/debug/kmemleak
stall=/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
# KCSAN watches one access in so many, by default 4000: our races are short.
watch=/sys/module/kcsan/parameters/skip_watch
status=0

now() {
	cut -d. -f1 /proc/uptime
}

mark() {
	echo "shardmap_cases: $*" > /dev/kmsg
}

# Has what is expected been seen since the case began?
seen() {
	grep -aEq "$expected" "/out/$case.$variant" || dmesg | grep -aEq "$expected"
}

once() {
	if ! echo "$variant" > "$files/$case" ||
	   ! cat "$files/$case" > "/out/$case.$variant"; then
		mark "$case $variant could not be run"
		status=1
	fi
}

# kmemleak takes nothing for lost that is younger than five seconds, and reports
# what it has found lost twice.
look_for_leaks() {
	sleep 6
	echo scan > $kmemleak
	echo scan > $kmemleak
	cat $kmemleak >> "/out/$case.$variant"
}

load() {
	insmod /ko/shardmap_cases.ko
}

run_variant() {
	dmesg -c > /dev/null
	[ "$trigger" != leak ] || echo clear > $kmemleak
	[ "$trigger" != stall ] || echo 3 > $stall
	if [ -e $watch ]; then
		skip=200
		[ "$trigger" != often ] || skip=50
		echo $skip > $watch
	fi
	end=$(($(now) + seconds))
	mark "$case $variant begins"
	once
	case $trigger in
	leak) look_for_leaks ;;
	unload) rmmod shardmap_cases ;;
	esac
	# A race may take more than one run.
	while [ "$variant,$trigger" = buggy,write ] ||
	      [ "$variant,$trigger" = buggy,often ]; do
		if seen || [ "$(now)" -ge "$end" ]; then
			break
		fi
		once
	done
	mark "$case $variant ends"
	[ "$trigger" != leak ] || echo clear > $kmemleak
	[ "$trigger" != unload ] || load || exit 1
}

load || exit 1
for variant in fixed buggy; do
	while read -r case where trigger seconds rest; do
		case $where in
		"$bed" | "${bed%-*}") ;;
		*) continue ;;
		esac
		expected=${rest#*  }
		expected=${expected#"${expected%%[! ]*}"}
		# A guest of its own is for the bug alone.
		case $alone,$trigger,$variant in
		,alone,buggy) continue ;;
		,*) ;;
		"$case",alone,buggy) ;;
		*) continue ;;
		esac
		run_variant
	done < "$list"
done
rmmod shardmap_cases
exit $status
