#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
#   check.sh DIRECTORY [UPDATES]
#
# Have Spin go through all that table.pml can do with so many updates, and then find
# each of the mistakes that it can be made with.  What is built goes to DIRECTORY.

set -u

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?which directory shall I build in?}
updates=${2:-2}
n=0 failed=0

result() # STATUS NAME
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2"
	fi
}

# All states of the model made with these options; says "errors: N" at the end.
search() # OPTIMIZATION OPTION...
{
	rm -rf "$out"
	mkdir -p "$out"
	level=$1
	shift
	(cd "$out" && spin "$@" -a "$here/table.pml" > log 2>&1 &&
		gcc "$level" -w -DSAFETY -DCOLLAPSE -o pan pan.c >> log 2>&1 &&
		./pan -m100000 >> log 2>&1)
	cat "$out/log"
}

found=$(search -O1 "-DUPDATES=$updates")
echo "$found" | grep -q 'errors: 0$' &&
	! echo "$found" | grep -qE 'too small|max search depth|out of memory'
status=$?
[ "$status" -eq 0 ] || echo "$found"
result "$status" "every order of $updates updates, a split and a lookup is right"
echo "$found" | sed -n 's/^ *\([0-9]*\) states, stored.*/host_model_states: \1/p'

plants=$(sed -n 's/^ \*   \(PLANT_[A-Z_]*\) .*/\1/p' "$here/table.pml")
for plant in $plants; do
	found=$(search -O0 "-D$plant" -DUPDATES=2)
	echo "$found" | grep -q 'assertion violated' &&
		echo "$found" | grep -q 'errors: 1$'
	status=$?
	[ "$status" -eq 0 ] || echo "$found"
	result "$status" "$plant is found"
done
echo "1..$n"
[ "$failed" -eq 0 ] && [ "$n" -gt 1 ]
