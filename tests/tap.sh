# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash
#
# What all suites print, in TAP's form: "ok N - NAME" or "not ok N - NAME" per
# test, comments in lines that begin with "#", and at the end the line
# "N passed, N failed".  A suite sources this and has a directory $tmp.

passed=0 failed=0

# The suite cannot do its work: an error in how it was called, or of the machine.
die() {
	echo "$0: $*" >&2
	exit 2
}

ok() {	# NAME
	passed=$((passed + 1))
	echo "ok $((passed + failed)) - $1"
}

not_ok() {	# NAME [FILE_THAT_SAYS_WHY]
	failed=$((failed + 1))
	echo "not ok $((passed + failed)) - $1"
	[ $# -lt 2 ] || tail -n 25 "$2" | cut -c -200 | sed 's/^/# /'
}

# The test passes if the command succeeds; else what it printed says why.
check() {	# NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$tmp/why" 2>&1; then
		ok "$name"
	else
		echo "failed: $*" >>"$tmp/why"
		not_ok "$name" "$tmp/why"
	fi
}

# Retry a command until it succeeds, for a minute at most.
await() {	# COMMAND...
	local i
	for i in {1..600}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "in vain: $*"
	return 1
}

# Take over the results in a guest's output; other lines pass as they are.  A
# skipped test is not a pass.
relay() {	# PREFIX < OUTPUT
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		line=${line%$'\r'}
		if [[ $line =~ ^ok.*'# SKIP' ]]; then
			not_ok "$1: skipped: ${line#ok}"
		elif [[ $line =~ ^(not )?ok( [0-9]+)?( -)?" "(.*) ]]; then
			"${BASH_REMATCH[1]:+not_}ok" "$1: ${BASH_REMATCH[4]}"
		else
			echo "$line"
		fi
	done
}

# The same from a file, where all else becomes a comment.  A guest that printed
# no result has shown nothing.
adopt() {	# PREFIX FILE
	local before=$((passed + failed))
	sed -E '/^(ok|not ok|#)/! s/^/# /' "$2" >"$tmp/tap"
	relay "$1" <"$tmp/tap"
	((passed + failed > before)) || not_ok "$1: printed no result"
}

# The last line.  A suite that ran no test has failed.
tally() {
	echo "$passed passed, $failed failed"
	((!failed && passed))
}
