# SPDX-License-Identifier: GPL-2.0-only
#
# mfr run: which program it starts, how it ends, and of which it says that the
# policy will not reach them.  This machine's kernel may have the policy or not.

start_with() {	# PROGRAM [ARGUMENT]...
	"$mfr" run --any-kernel --preload="$out/lib/mfr-preload.so" "$@"
}

runs() {	# STATUS REGEX PROGRAM
	start_with "$3" 2>"$tmp/said"
	set -- $? "$@"
	cat "$tmp/said"
	[ "$1" = "$2" ] && grep -qE "$3" "$tmp/said"
}

says_nothing() {	# PROGRAM
	start_with "$1" 2>"$tmp/said" && [ ! -s "$tmp/said" ] ||
		{ cat "$tmp/said"; return 1; }
}

# A directory each, whose program still is: linked statically; the same, but not to
# be executed; linked as programs are; the same with the rights of its owner.
build_programs() {
	local kind
	echo 'int main(void) { return 0; }' >"$tmp/still.c"
	mkdir -p "$tmp"/{static,unready,shared,owned}
	gcc -static -o "$tmp/static/still" "$tmp/still.c" &&
		gcc -o "$tmp/shared/still" "$tmp/still.c" ||
		die "cannot build the programs that run starts"
	cp "$tmp/static/still" "$tmp/unready" && chmod -x "$tmp/unready/still"
	cp "$tmp/shared/still" "$tmp/owned" && chmod u+s "$tmp/owned/still"
	printf '#!/bin/sh\nexit 0\n' >"$tmp/shared/script" &&
		chmod +x "$tmp/shared/script"
}

by_path() {	# PATH COMMAND...
	(PATH=$1; "${@:2}")
}

unreached() {
	local static="^mfr: still is linked statically: " path=/usr/bin:/bin
	build_programs
	check "run warns of a static program" runs 0 "static/still is linked statically: " \
		"$tmp/static/still"
	check "... also by its name" by_path "$tmp/static:$path" runs 0 "$static" still
	check "... behind directories without it" \
		by_path "/none:$tmp:$tmp/static:$path" runs 0 "$static" still
	check "... in the working directory, which an empty name is" \
		eval '(cd "$tmp/static" && by_path ":$path" runs 0 "$static" still)'
	check "of two programs, the first in PATH counts" \
		by_path "$tmp/shared:$tmp/static:$path" says_nothing still
	check "... of those that can be executed" \
		by_path "$tmp/unready:$tmp/shared:$path" says_nothing still
	check "run says nothing of another program" says_nothing "$tmp/shared/still"
	check "... nor of a script" says_nothing "$tmp/shared/script"
	check "run warns of a program with the rights of its owner" \
		runs 0 "owned/still runs with the rights of its owner" "$tmp/owned/still"
}

refuses_preload() {	# NAME
	cp "$out/lib/mfr-preload.so" "$1" || return
	refused "no colon and no space" run --any-kernel --preload="$1" true
	set -- $? "$1"
	rm "$2"
	return "$1"
}

preloads() {	# EXPECTED
	start_with printenv LD_PRELOAD | tee "$tmp/said" | grep -xF "$1" ||
		{ cat "$tmp/said"; return 1; }
}

test_run() {
	local ours=$out/lib/mfr-preload.so
	check "run without a program is refused" refused "which program" run
	check "a preload that is not there is named" \
		refused "cannot read /none.so: No such file.*--preload names" \
		run --any-kernel --preload=/none.so true
	check "a preload with a colon in its name is refused" \
		refuses_preload "$tmp/a:b.so"
	check "... or with a space" refuses_preload "$tmp/a b.so"
	check "a program that is not there is named" \
		runs 127 "cannot run /none: No such file" /none
	check "one that cannot be executed, too" \
		runs 126 "cannot run /dev/null: Permission denied" /dev/null
	check "the program's options are its own, its status is run's" \
		eval 'start_with sh -c "exit 7"; [ $? = 7 ]'
	check "without other preloads ours is the only one" preloads "$ours"
	check "other preloads stay" eval \
		'LD_PRELOAD=/other.so preloads "$ours:/other.so"'
	unreached
}
