#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
#   check.sh run GROUP     run one group of tests, its results on stdout
#   check.sh sum GROUP...  number the results in $O/GROUP.ktap anew, add figures up
#
# Groups can run side by side.  A program that ends badly is a failure.

set -u

CI=${CI:-false}
O=${O:-../../build/host}
SEED=${SEED:-1}
# Operations of the fast model tests and of the slower ones, runs of the fuzzers, and
# updates in the model for Spin.  Some groups run with CI=true only.
if [ "$CI" = true ]; then
	: "${OPS:=26000000}" "${SLOW_OPS:=1000000}" "${UPDATES:=3}"
	: "${FUZZ_MODEL_RUNS:=120000}" "${FUZZ_IOCTL_RUNS:=2350000}"
else
	: "${OPS:=600000}" "${SLOW_OPS:=150000}" "${UPDATES:=2}"
	: "${FUZZ_MODEL_RUNS:=8000}" "${FUZZ_IOCTL_RUNS:=200000}"
fi
: "${FUZZ_MSAN_RUNS:=300000}"

result() # STATUS NAME
{
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
	fi
}

# Show what a program says, its results under the group's name.
run() # PROGRAM ARGUMENT...
{
	"$@" > "$LOG" 2>&1
	status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) result 0 "$group: ${line#* - }" ;;
		"not ok "*) result 1 "$group: ${line#* - }" ;;
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
	run "$O/coverage/model_test" --ops "$SLOW_OPS" --seed "$SEED"
	run "$O/coverage/race_test" --ops 10000
	python3 ./coverage.py "$O"/coverage/*.gcda
	result $? "coverage: tests reach enough of the core"
}

# Inputs that do something new are kept for the next step, beside those in the tree.
# Stacks of allocations would take most of the time: replay what was found without.
fuzz() # FOLDER NAME RUNS LENGTH SEED
{
	folder=$O/$1
	shift
	rm -rf "$folder/corpus-$group"
	mkdir "$folder/corpus-$group"
	ASAN_OPTIONS=malloc_context_size=0:quarantine_size_mb=1:detect_stack_use_after_return=0:allocator_release_to_os_interval_ms=-1 \
		"$folder/fuzz_$1" -seed="$4" -runs="$2" -max_len="$3" \
		-entropic=0 -detect_leaks=0 -timeout=20 -print_final_stats=1 \
		-artifact_prefix="$folder/$group-" \
		"$folder/corpus-$group" "corpus/$1" > "$LOG" 2>&1
	status=$?
	if [ "$status" -ne 0 ]; then
		grep -E 'BUG:|SUMMARY:|ERROR:|^[a-z_]+ [0-9]|# run:' "$LOG"
		echo "# replay: $folder/fuzz_$1 $folder/$group-*; log $LOG"
	fi
	sed -n 's/^stat::number_of_executed_units: */host_fuzz_execs: /p' "$LOG"
	sed -n 's/.*DONE \(.*\) corp.*/# \1/p' "$LOG"
	result "$status" "$group: nothing is found in $2 runs"
}

mkdir -p "$O"
mode=${1:-}
group=${2:-}
[ -n "$group" ] || { sed -n '4,7s/^# *//p' "$0"; exit 2; }
LOG=$O/$group.log

run_group()
{
	case $group in
	model)	run "$O/plain/model_test" --ops "$OPS" --seed "$SEED" ;;
	more)	run "$O/plain/model_test" --ops "$OPS" \
			--seed "$((SEED + 1000000))" ;;
	race)	run "$O/plain/race_test" --ops 60000 ;;
	asan)	run "$O/asan/model_test" --ops "$SLOW_OPS" --seed "$SEED"
		run "$O/asan/race_test" --ops 15000 ;;
	m32)	run ../../tools/run32.sh "$O/m32/model_test" --ops "$SLOW_OPS" --seed "$SEED" ;;
	tsan)	run "$O/tsan/race_test" --ops 15000
		planted_race ;;
	coverage) coverage ;;
	fuzz-msan) fuzz msan ioctl "$FUZZ_MSAN_RUNS" 160 "$SEED" ;;
	fuzz-model) fuzz fuzz model "$FUZZ_MODEL_RUNS" 131 "$SEED" ;;
	fuzz-ioctl) fuzz fuzz ioctl "$FUZZ_IOCTL_RUNS" 160 "$SEED" ;;
	fuzz-ioctl-more) fuzz fuzz ioctl "$FUZZ_IOCTL_RUNS" 160 $((SEED + 1)) ;;
	spin)	run ../model/check.sh "$O/spin" "$UPDATES" ;;
	*)	echo "check.sh: unknown group '$group'" >&2; exit 2 ;;
	esac
}

# Figures of one name are added up.
sum()
{
	for one; do
		cat "$O/$one.ktap" || echo "not ok - $one: was not run"
	done | awk '
		/^(not )?ok / {
			n++
			if ($1 == "not")
				failed++
			sub(/ok -/, "ok " n " -")
			print
			next
		}
		/^host_[a-z_]+: / {
			name = substr($1, 1, length($1) - 1)
			figure[name] += $2
			next
		}
		{ print }
		END {
			for (name in figure)
				print name ": " figure[name]
			print "1.." n
			printf "%d passed, %d failed, 0 skipped\n", n - failed, failed
			exit failed || !n
		}'
}

shift
case $mode in
run)	start=$(date +%s)
	run_group
	echo "# $group: $(($(date +%s) - start)) seconds" ;;
sum)	sum "$@" ;;
*)	echo "check.sh: unknown mode '$mode'" >&2; exit 2 ;;
esac
