# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash disable=SC2034
#
# For tests that print TAP without numbers, on the host and in the lab's guests.

why=$(mktemp)

# The rule holds if the command succeeds.
check() {	# RULE COMMAND...
	local rule=$1
	shift
	if "$@" >"$why" 2>&1; then
		echo "ok - $rule"
	else
		echo "not ok - $rule"
		{ cat "$why"; echo "failed: $*"; } | tail -n 25 | cut -c -200 | sed 's/^/# /'
	fi
}

# A command ends with that status and says something that matches.
says() {	# STATUS REGEX COMMAND...
	local said status
	said=$("${@:3}" 2>&1)
	status=$?
	echo "$status: $said"
	[ "$status" = "$1" ] && grep -qE -- "$2" <<<"$said"
}

# Until the command succeeds, for a while.
await() {	# COMMAND...
	local i
	for i in {1..300}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "in vain: $*"
	return 1
}

# The kernel took nothing away for known poison that is consumed too often,
# and had next to none to count.
within_budget() {	# MOST_REPEATS
	local files=/sys/kernel/mm/mf_keep
	head $files/{repeats,unmapped,max_repeats}
	[ "$(cat $files/unmapped)" = 0 ] && [ "$(cat $files/repeats)" -le "$1" ]
}
