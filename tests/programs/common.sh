# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash
#
# What the programs' tests share.  They run in the lab's guests, with all of their
# files in /.

. /tap.sh
PATH=/:$PATH
tmp=$(mktemp -d)
kept=(mfr run --preload /mfr-preload.so)
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd	# guests have none

not() {
	! "$@"
}

# Retry a command until it succeeds.
within() {	# SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || { echo "in vain: $*"; return 1; }
		sleep 0.1
	done
}

kib() {	# SIZE_SUCH_AS_2M
	echo $(($(numfmt --from=iec "$1") / 1024))
}

meminfo() {	# NAME
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

pool_file() {	# SIZE_OF_A_PAGE NAME
	echo "/sys/kernel/mm/hugepages/hugepages-$(kib "$1")kB/$2"
}

# The pool of huge pages, as "N pages, N free".
pool() {	# SIZE_OF_A_PAGE
	echo "$(cat "$(pool_file "$1" nr_hugepages)") pages, $(cat "$(pool_file "$1" free_hugepages)") free"
}

pool_is() {	# SIZE_OF_A_PAGE PAGES FREE
	pool "$1"
	[ "$(pool "$1")" = "$2 pages, $3 free" ]
}

set_pool() {	# SIZE_OF_A_PAGE PAGES
	echo "$2" >"$(pool_file "$1" nr_hugepages)"
}

# Machine checks since the machine was started.
raised() {	# TIMES
	local hits
	hits=$(poison hits)
	echo "$hits"
	[ "$hits" = "$1" ]
}

corrupted() {	# KIB
	meminfo HardwareCorrupted
	[ "$(meminfo HardwareCorrupted)" = "$1" ]
}

# What a program said on its way to its end is in $tmp/said.
ended_with() {	# STATUS PROCESS
	local status
	wait "$2"
	status=$?
	tail -n 20 "$tmp/said"
	echo "status $status"
	[ "$status" = "$1" ]
}

# Nobody gets these pages: the machine is switched off.
all_seen() {
	check "no load of poison was missed" [ "$(poison missed)" = 0 ]
	poison clear >/dev/null
}
