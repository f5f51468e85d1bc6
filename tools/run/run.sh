#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The main job: Debian's stock 6.12 kernel in a virtual machine, the module, and
# processes that share a table through /dev/shardmap.  Logs go to build/run.

set -eu
cd "$(dirname "$0")/../.."
started=$(date +%s)
log=build/run
mkdir -p $log

say() {
	printf '[%3d s] %s\n' $(($(date +%s) - started)) "$*"
}

# Long steps keep their output in a log and show it only when they fail.
quietly() {
	name=$1
	shift
	"$@" > "$log/$name.log" 2>&1 || {
		tail -n 20 "$log/$name.log" >&2
		echo "run: '$*' failed, log $log/$name.log" >&2
		exit 1
	}
}

say "install what is missing (log $log/setup.log)"
quietly setup tools/setup.sh run pkg:linux-source-6.12
say "get the kernel and build the module (log $log/modules.log)"
quietly modules tools/vm/vm modules stock-6.12
say "build the tools (log $log/tools.log)"
quietly tools make -C tools STATIC=1 O="$PWD/build/tools-static"
say "make the corpus and count its words with sort | uniq -c"
quietly corpus tools/run/corpus.sh full build/corpus.txt build/oracle.txt
say "boot Debian's stock kernel (console log $log/console.log)"

status=0
tools/vm/vm run --kernel stock-6.12 --timeout 600 --console $log/console.log \
	--ko build/stock-6.12/shardmap.ko --out $log/out \
	--add build/tools-static/shardmap-stress \
	--add build/tools-static/shardmap-wordcount \
	--add tools/run/wordcount.sh:/wordcount.sh \
	--add tools/run/guest.sh:/guest.sh \
	--add build/corpus.txt:/corpus.txt \
	--add build/oracle.txt:/oracle.txt -- sh /guest.sh || status=$?

echo
if [ $status != 0 ]; then
	say "FAILED with status $status; the kernel log is $log/console.log"
	exit 1
fi
python3 - $log/out/wordcount.json <<'END'
import json, sys
w = json.load(open(sys.argv[1]))
print(f"Summary: {w['words']} words, {w['distinct']} distinct, counted by 4 "
      f"processes on one table in {w['seconds']:.1f} s; {w['mismatches']} counts "
      "differ from sort | uniq -c.\n         The kernel log is clean.")
END
say "done"
