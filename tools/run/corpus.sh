#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Make a text corpus and the count of its words by sort and uniq.
#
#   tools/run/corpus.sh full|small CORPUS ORACLE
#
# The text is the kernel's own Documentation from Debian's linux-source-6.12,
# all of it or the first four megabytes.  It is unpacked once, into the cache.

set -eu
export LC_ALL=C

[ $# = 3 ] || { sed -n '4,9s/^# *//p' "$0"; exit 2; }
size=$1 corpus=$2 oracle=$3

tarball=/usr/src/linux-source-6.12.tar.xz
"$(dirname "$0")/../setup.sh" pkg:linux-source-6.12 pkg:xz-utils
version=$(dpkg-query -W -f '${Version}' linux-source-6.12)
cache=${SHARDMAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/shardmap}/corpus
text=$cache/documentation-$version.txt

if [ ! -e "$text" ]; then
	mkdir -p "$cache"
	echo "corpus: unpacking Documentation of linux-source-6.12 $version" >&2
	# Renamed when complete: an interrupted run leaves no short corpus.
	tar -xJf "$tarball" -O --wildcards '*/Documentation/*' > "$text.$$"
	mv "$text.$$" "$text"
fi

mkdir -p "$(dirname "$corpus")"
case $size in
full)	cp "$text" "$corpus" ;;
small)	head -c 4000000 "$text" > "$corpus" ;;
*)	echo "corpus: no size '$size'" >&2; exit 2 ;;
esac

tr -cs 'A-Za-z' '\n' < "$corpus" | tr '[:upper:]' '[:lower:]' | grep . | sort | uniq -c |
	awk '{ print $1, $2 }' > "$oracle"
