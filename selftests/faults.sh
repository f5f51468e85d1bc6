#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# faults.sh COMMAND...
#
# Run a command with the kernel's fault injection prepared: only what the module asks
# for can fail, whichever task runs it, and allocations that may wait can fail as well.
# When something fails is for the command to say, by fail-nth or by the probabilities
# in debugfs.  Tells at the end how much did, on stderr.  The status is the command's.

debug=/sys/kernel/debug
attributes="failslab fail_page_alloc fail_usercopy"
# The kernel counts this down.
budget=1000000000

put()
{
	echo "$2" > "$debug/$1" || {
		echo "faults.sh: cannot write $debug/$1; this needs the kasan kernel" >&2
		exit 1
	}
}

quiet()
{
	for attribute in $attributes; do
		put "$attribute/probability" 0
	done
}

# name, size, users, by whom, state, address
# shellcheck disable=SC2046 # words of a line
set -- $(grep '^shardmap ' /proc/modules) -- "$@"
[ "$1" = shardmap ] || {
	echo "faults.sh: the module shardmap is not loaded" >&2
	exit 1
}
start=$6
end=$(printf '0x%x' $(($6 + $2)))
while [ "$1" != -- ]; do
	shift
done
shift

quiet
for attribute in $attributes; do
	put "$attribute/verbose" 0
	put "$attribute/interval" 1
	put "$attribute/space" 0
	put "$attribute/times" "$budget"
	put "$attribute/task-filter" N
	put "$attribute/require-start" "$start"
	put "$attribute/require-end" "$end"
done
put failslab/ignore-gfp-wait N
put fail_page_alloc/ignore-gfp-wait N
put fail_page_alloc/ignore-gfp-highmem N
put fail_page_alloc/min-order 0

# What the detectors allocate for themselves is not the module's, and without it they
# would go blind.
put failslab/cache-filter Y
for cache in /sys/kernel/slab/*; do
	case $cache in
	*/kmemleak_* | */debug_objects_cache)
		continue
		;;
	esac
	[ -L "$cache" ] || echo 1 > "$cache/failslab"
done

"$@"
status=$?
quiet
injected=0
for attribute in $attributes; do
	left=$(cat "$debug/$attribute/times")
	injected=$((injected + budget - left))
	echo "# $attribute: $((budget - left)) faults" >&2
done
echo "# $injected faults injected" >&2
exit $status
