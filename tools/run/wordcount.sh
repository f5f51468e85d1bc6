#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: count the words of /corpus.txt on one shared table and compare
# with /oracle.txt, which sort and uniq made.  Prints one JSON object.

set -eu
export LC_ALL=C

shardmap-wordcount --processes "${PROCESSES:-4}" --batch 256 \
	--json /tmp/wordcount.json --output /tmp/counted.txt /corpus.txt

# Lines that are in one of the two files only: each is a wrong count.
sort /tmp/counted.txt /oracle.txt | uniq -u > /tmp/differences.txt
mismatches=$(wc -l < /tmp/differences.txt)
head -n 10 /tmp/differences.txt >&2

expected=$(wc -l < /oracle.txt)
counted=$(wc -l < /tmp/counted.txt)
[ "$expected" = "$counted" ] || mismatches=$((mismatches + 1))
[ "$expected" -gt 0 ] || mismatches=$((mismatches + 1))

sed "s/}[[:space:]]*\$/, \"mismatches\": $mismatches}/" /tmp/wordcount.json |
	tr -d '\n'
echo
[ "$mismatches" = 0 ]
