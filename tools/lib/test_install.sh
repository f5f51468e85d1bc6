#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# test_install.sh DIR
#
# Install the library below DIR and use it as other programs would: through
# pkg-config, from C and C++, shared and static, for 64 and 32 bit.  Each function
# of the header must be exported with its version, and nothing else.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
tools=$(dirname "$here")
[ $# -eq 1 ] || { sed -n '4p' "$0" >&2; exit 2; }
dir=$1
rm -rf "$dir"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

fail() {
	echo "test_install: $*" >&2
	exit 1
}

# Names of the functions that the installed header declares
declared() {
	cc -E -P "$1/include/libshardmap.h" -I"$1/include" | tr '\n' ' ' |
		tr ';' '\n' | tr '}' '\n' | sed -n \
		'/static inline/d; s/^[^{(]*[ *]\(shardmap_[a-z_0-9]*\) *(.*/\1/p' |
		sort -u
}

check_symbols() {
	declared "$root" > "$work/declared"
	[ -s "$work/declared" ] || fail "found no functions in libshardmap.h"
	sed 's/$/@@LIBSHARDMAP_0/' "$work/declared" > "$work/wanted"
	nm -D --defined-only "$root/lib/libshardmap.so" |
		awk '$2 != "A" { print $3 }' | sort > "$work/exported"
	diff -u "$work/wanted" "$work/exported" >&2 ||
		fail "libshardmap.so does not export just what libshardmap.h declares"
	readelf -d "$root/lib/libshardmap.so" | grep -q 'SONAME.*\[libshardmap\.so\.0\]' ||
		fail "libshardmap.so has another soname than libshardmap.so.0"
	# The static library must not take names that a program may want for itself.
	nm -g --defined-only "$root/lib/libshardmap.a" |
		awk 'NF == 3 && $3 !~ /^(shardmapi?_|__x86\.)/ { print $3 }' > "$work/strange"
	[ ! -s "$work/strange" ] ||
		fail "libshardmap.a defines $(tr '\n' ' ' < "$work/strange")"
}

# All functions at once: each must be found by the linker.
write_all() {
	echo '#include <libshardmap.h>'
	echo 'typedef void (*function)(void);'
	echo 'extern const function all[];'
	echo 'const function all[] = {'
	sed 's/.*/\t(function)&,/' "$work/declared"
	echo '};'
	echo 'int main(void) { return !all[0]; }'
}

# build_and_run NAME COMPILER...: both programs, with what pkg-config says
build_and_run() {
	name=$work/$1
	shift
	# shellcheck disable=SC2086,SC2046 # lists of words
	for source in "$work/all.c" "$here/test_user.c"; do
		"$@" -Wall -Wextra -Werror -Wno-cast-function-type \
			$(config --cflags) "$source" -x none $link -o "$name" ||
			fail "cannot build $(basename "$source") with: $*"
		LD_LIBRARY_PATH=$root/lib $execute "$name" ||
			fail "$(basename "$source") built with '$*' fails"
	done
}

config() {
	PKG_CONFIG_PATH=$root/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$scratch \
		pkg-config "$@" shardmap
}

# test_width NAME MAKE_OPTION COMPILER_OPTION [WHAT_EXECUTES]
test_width() {
	execute=${4:-}
	work=$dir/$1
	scratch=$work/scratch
	root=$scratch/opt/shardmap
	mkdir -p "$scratch"
	make -s -C "$tools" install-lib "$2" O="$work/build" DESTDIR="$scratch" \
		prefix=/opt/shardmap > "$work/install.log" 2>&1 || {
		cat "$work/install.log" >&2
		fail "make install-lib $2 failed"
	}
	check_symbols
	write_all > "$work/all.c"
	link=$(config --libs)
	build_and_run c cc "$3" -std=c99 -Wpedantic -x c
	# cc, for there may be no libstdc++ of this width; nothing here needs it.
	build_and_run c++ cc "$3" -std=c++11 -Wpedantic -x c++
	readelf -d "$work/c" | grep -q 'NEEDED.*\[libshardmap\.so\.0\]' ||
		fail "a program does not ask for libshardmap.so.0"
	link=$root/lib/libshardmap.a
	build_and_run static cc "$3" -std=gnu11 -x c
	echo "test_install: $1 bit: $(wc -l < "$work/declared") functions"
}

# The make that runs this may have been given options of its own.
unset MAKEFLAGS MFLAGS CFLAGS
test_width 64 M32= -m64
test_width 32 M32=1 -m32 "$tools/run32.sh"
