# SPDX-License-Identifier: GPL-2.0-only
#
# What lab/vm says, and how it ends: messages, temporary files, interrupts.

child=
tmp=

say() {
	echo "lab/vm: $*" >&2
}

die() {
	say "$@"
	exit "$failure_status"
}

usage_error() {
	say "$@"
	exit 2
}

# Run a command or function in a process group of its own, so that all of it
# can be ended; bash runs traps while it waits, but not during a foreground job.
in_group() {
	local status=0
	set -m
	"$@" &
	child=$!
	set +m
	wait "$child" || status=$?
	child=
	return "$status"
}

end_child() {
	[ -n "$child" ] || return 0
	kill -TERM -- "-$child" 2>/dev/null || true
	wait "$child" 2>/dev/null || true
	child=
}

clean_up() {
	end_child
	[ -z "$tmp" ] || rm -rf "$tmp"
}

interrupted() {
	say "interrupted"
	exit "$1"
}

need_tmp() {
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/mfr-lab.XXXXXX")
}

trap clean_up EXIT
trap 'interrupted 130' INT
trap 'interrupted 143' TERM
trap 'interrupted 129' HUP
