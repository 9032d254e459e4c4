# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash
#
# What tests of examples share, on the host and in the lab's guests.

# A command ends with that status and says something that matches.
says() {	# STATUS REGEX COMMAND...
	local said status
	said=$("${@:3}" 2>&1)
	status=$?
	echo "$status: $said"
	[ "$status" = "$1" ] && grep -qE -- "$2" <<<"$said"
}

# The kernel took nothing away for known poison that is consumed too often,
# and had next to none to count.
within_budget() {	# MOST_REPEATS
	local files=/sys/kernel/mm/mf_keep
	head $files/{repeats,unmapped,max_repeats}
	[ "$(cat $files/unmapped)" = 0 ] && [ "$(cat $files/repeats)" -le "$1" ]
}
