#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Run groups of tests: check.sh model|asan|m32|tsan|coverage...
# Results are numbered anew, and a program that ends badly is a failure.

set -u

O=${O:-../../build/host}
OPS=${OPS:-600000}
SEED=${SEED:-1}
LOG=$O/check.log
passed=0 failed=0 ops=0

result() # STATUS NAME
{
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $2"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $2"
	fi
}

# Show what a program says, its results under the group's name.
run() # GROUP PROGRAM ARGUMENT...
{
	group=$1
	shift
	"$@" > "$LOG" 2>&1
	status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) result 0 "$group: ${line#* - }" ;;
		"not ok "*) result 1 "$group: ${line#* - }" ;;
		host_oracle_ops:*) ops=$((ops + ${line#*: })) ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done < "$LOG"
	if [ "$status" -gt 1 ] || ! grep -q '^1\.\.' "$LOG"; then
		result 1 "$group: ${1##*/} ended with status $status"
	fi
}

planted_race()
{
	"$O/tsan/race_test" --plant > "$LOG" 2>&1
	grep -q 'WARNING: ThreadSanitizer: data race' "$LOG" &&
		grep -q '#0 planted' "$LOG"
	result $? "tsan: a_planted_race_is_reported"
}

# Lines of the core, and branches of its source files: what is inlined from headers
# for each operation has many branches that this operation cannot take.
coverage()
{
	rm -f "$O"/coverage/*.gcda
	run coverage "$O/coverage/model_test" --ops $((OPS / 4)) --seed "$SEED"
	run coverage "$O/coverage/race_test" --ops 10000
	python3 ./coverage.py "$O"/coverage/*.gcda
	result $? "coverage: the core was measured"
}

mkdir -p "$O"
start=$(date +%s)
for group; do
	case $group in
	model)	run plain "$O/plain/model_test" --ops "$OPS" --seed "$SEED"
		run plain "$O/plain/race_test" --ops 60000 ;;
	asan)	run asan "$O/asan/model_test" --ops $((OPS / 4)) --seed "$SEED"
		run asan "$O/asan/race_test" --ops 15000 ;;
	m32)	run m32 "$O/m32/model_test" --ops $((OPS / 2)) --seed "$SEED" ;;
	tsan)	run tsan "$O/tsan/race_test" --ops 15000
		planted_race ;;
	coverage) coverage ;;
	*)	echo "check.sh: unknown group '$group'" >&2; exit 2 ;;
	esac
done

echo "host_oracle_ops: $ops"
echo "# $(($(date +%s) - start)) seconds"
echo "1..$((passed + failed))"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
