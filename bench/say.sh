# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash
#
# What the benchmarks say. Sourced by them in the top directory.

# The benchmark cannot do its work.
die() {
	printf 'bench/%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The comment at the head of the script.
help() {
	awk 'NR > 2 && !/^#/ { exit } NR > 2 { sub(/^# ?/, ""); print }' \
		"bench/${0##*/}"
}
