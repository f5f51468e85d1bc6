#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# test_ctl.sh
#
# Run each command of shardmapctl, which must be in PATH, on tables of the loaded
# module.  Prints "N passed, N failed, N skipped" at the end.

passed=0
failed=0
name=test-ctl-$$
err=$(mktemp) || exit 1
trap 'rm -f "$err"; shardmapctl table unlink --name "$name" 2>/dev/null' EXIT

# expect STATUS OUTPUT COMMAND...: output without the last newline
expect() {
	status=$1
	output=$2
	shift 2
	got=$("$@" 2>"$err")
	real=$?
	if [ "$real" = "$status" ] && [ "$got" = "$output" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "not ok: $*: status $real, not $status; printed '$got', not '$output'"
	cat "$err"
}

# complains WORD COMMAND...: fails, and the complaint has the word
complains() {
	word=$1
	shift
	"$@" >/dev/null 2>"$err"
	real=$?
	if [ "$real" != 0 ] && grep -q -- "$word" "$err"; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "not ok: $*: status $real, no '$word' in:"
	cat "$err"
}

ctl() {
	shardmapctl "$@"
}

# field NAME: a number of the JSON object on stdin
field() {
	sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p"
}

entry() {
	command=$1
	shift
	shardmapctl entry "$command" --name "$name" "$@"
}

names() {
	complains 'no table of this name' entry get k
	expect 0 "$name" ctl table create --name "$name" --max-entries 100
	complains EEXIST ctl table create --name "$name"
	complains '--mode' ctl table create --mode 0600
	complains 'octal' ctl table create --name x --mode 0700
	expect 0 "$name" sh -c "shardmapctl table list | cut -f 6 | grep -x $name"
	expect 0 0600 sh -c "shardmapctl table list | grep $name | cut -f 2"
	expect 0 "$name" sh -c "shardmapctl table show --name $name |
		sed -n 's/^name *//p'"
}

operations() {
	expect 0 '' entry put k one
	expect 0 one entry get k
	complains EEXIST entry put --noexist k two
	complains ENOENT entry put --exist absent two
	complains 'does not go with' entry put --exist --noexist k two
	expect 0 one entry swap k two
	expect 0 '' entry swap fresh first
	expect 0 first entry take fresh
	complains ENOENT entry take fresh
	expect 0 two entry get-or-put k three
	expect 0 three entry get-or-put g three
	expect 0 5 entry add --create --initial 2 n 3
	expect 0 4 entry add -- n -1
	complains 'goes with --create' entry add --ttl 5 n 1
	expect 0 '' entry delete g
	complains ENOENT entry delete g
	complains 'takes KEY VALUE' entry put k
	complains 'unexpected argument' entry get k k
}

conditions() {
	version=$(entry get --json k | field version)
	complains 'needs --if-version or --if-value' entry cas k x
	complains 'does not go with' entry cas --if-version 1 --if-value y k x
	complains ESTALE entry cas --if-version $((version + 1)) k x
	complains ESTALE entry cas --if-value one k x
	complains ENOENT entry cas --if-value one absent x
	expect 0 '' entry cas --if-version "$version" k three
	expect 0 '' entry cas --if-value three k four
	complains ESTALE entry delete --if-version "$version" k
	complains ESTALE entry take --if-value three k
	version=$(entry get --json k | field version)
	expect 0 '' entry get --if-changed "$version" k
	expect 0 four entry get --if-changed $((version - 1)) k
	expect 0 four entry take --if-version "$version" k
}

lifetimes() {
	complains 'is no time' entry put --ttl soon t v
	expect 0 '' entry put --ttl 1h t v
	expect 0 v entry get t
	expect 0 '' entry put --ttl 50ms t v
	sleep 1
	complains ENOENT entry get t
}

scans() {
	expect 0 '1 entries removed' ctl table clear --name "$name"
	for key in a1 a2 a3 b1 b2; do
		entry put "$key" "v$key"
	done
	expect 0 'a1 a2 a3 ' sh -c "shardmapctl entry scan --name $name --prefix a \
		--keys-only | sort | tr '\n' ' '"
	expect 0 'b1 b2 ' sh -c "shardmapctl entry scan --name $name --prefix b \
		--drain --keys-only | sort | tr '\n' ' '"
	expect 0 3 sh -c "shardmapctl table show --name $name |
		sed -n 's/^entries *//p'"
	expect 0 '' entry scan --prefix b
}

states() {
	expect 0 '' ctl table reserve --name "$name" 10000
	expect 0 '' ctl table reserve --name "$name" 0
	complains 'not within' ctl table reserve --name "$name" 5000000000
	expect 0 0 sh -c "shardmapctl run --name $name -- \
		shardmapctl entry add --create late 0"
	expect 0 '' ctl table freeze --name "$name"
	complains 'the table is frozen' entry put k v
	expect 0 va1 entry get a1
	expect 0 '' ctl table unlink --name "$name"
	complains 'no table of this name' ctl table unlink --name "$name"
	complains 'which table' ctl table unlink
	complains 'no table of this name' entry get a1
}

evicting() {
	complains 'needs --max-entries' ctl run --evict -- true
	complains 'does not go with' ctl run --evict --inline --max-entries 9 -- true
	expect 0 evict ctl run --evict --max-entries 100 -- sh -c \
		"shardmapctl table show | sed -n 's/^when full *//p'"
}

names
operations
conditions
lifetimes
scans
states
evicting
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
