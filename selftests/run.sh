#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [TEST...]
#
# Run test programs, by default all beside this file, print what they print, and
# at the end "N passed, N failed, N skipped" over all of them.  The status is 0
# only if nothing failed and every planned test was heard of.  Loads the module
# from /ko first, if it is there.

here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- "$here"/*_test

# A guest has its modules here.
if [ -e /ko/shardmap.ko ] && [ ! -e /sys/module/shardmap ]; then
	insmod /ko/shardmap.ko || exit 1
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0
failed=0
skipped=0

for test; do
	echo "# $test"
	{
		"$test" 2>&1
		echo "status $?"
	} | tee "$log" | grep -v '^status '

	# A test that was planned and never reported has failed too.
	# shellcheck disable=SC2046 # three numbers
	set -- $(awk '
		/^1\.\./ { planned += substr($0, 4) }
		/^ok .*# SKIP/ { skip++; next }
		/^ok / { pass++ }
		/^not ok / { fail++ }
		/^status / { status = $2 }
		END {
			missing = planned - pass - fail - skip
			if (missing > 0)
				fail += missing
			if (!planned || (status && status != 4 && !fail))
				fail++
			print pass + 0, fail + 0, skip + 0
		}' "$log")
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
	[ "$2" -eq 0 ] || echo "# $test: $2 failed"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
