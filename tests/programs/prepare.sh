# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash
#
# What the programs' prepare scripts share: each has $out, the directory that a guest
# gets, and $top, that of the tree.

# The command mfr, what "mfr run" preloads.
add_mfr() {
	local built=$top/build/tests/programs/mfr
	"$top/tests/packages" gcc libc6-dev make
	make -s -C "$top/tools" deps
	make -s -C "$top/tools" OUT="$built"
	cp "$built/mfr" "$built/lib/mfr-preload.so" "$out"
}

add_program() {	# SOURCE
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -I"$top/lab" \
		-o "$out/$(basename "$1" .c)" "$1"
}
