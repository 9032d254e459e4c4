# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash
#
# A Linux guest in QEMU, on memory of huge pages: start it, ask it, break its
# memory.  For a test that has $tmp.

backend=memory-backend-memfd	# the name of QEMU's memfd
bad_byte=$((0x140))		# of a page: the line that breaks (guest.c)
vm='' broken_at=()

# $memory is the guest's, by huge pages of $page; it runs $kernel_image, $initrd.  What QEMU prints, its guest and
# its monitor is in the directory $out.
start_vm() {	# QEMU_WORD...
	stop_vm
	out=$(mktemp -d "$tmp/vm.XXXXXX")
	mkfifo "$out"/{wire,monitor}.{in,out}
	exec {wire_fd}<>"$out/wire.in" {qmp_fd}<>"$out/monitor.in"
	cat "$out/wire.out" >"$out/said" &
	readers=($!)
	cat "$out/monitor.out" >"$out/qmp" &
	readers+=($!)
	"$@" -nodefaults -no-user-config -display none -accel kvm -smp 1 \
		-m "$memory" -machine pc,memory-backend=ram \
		-object "memory-backend-memfd,id=ram,size=$memory,hugetlb=on,hugetlbsize=$page,share=on" \
		-kernel "$kernel_image" -initrd "$initrd" \
		-append "console=ttyS0 loglevel=4 panic=-1 pattern_mib=$pattern_mib" \
		-serial "file:$out/console" \
		-chardev "pipe,id=wire,path=$out/wire" -serial chardev:wire \
		-chardev "pipe,id=qmp,path=$out/monitor" \
		-mon chardev=qmp,mode=control \
		>"$out/qemu" 2>&1 </dev/null &
	vm=$! broken_at=()
	qmp qmp_capabilities
}

stop_vm() {
	[ -n "$vm" ] || return 0
	kill -KILL "$vm" "${readers[@]}" 2>/dev/null
	wait "$vm" "${readers[@]}" 2>/dev/null
	exec {wire_fd}>&- {qmp_fd}>&-
	vm=
}

# A command of QEMU's monitor protocol.
qmp() {	# COMMAND [ARGUMENTS_AS_JSON]
	echo "{\"execute\": \"$1\"${2:+, \"arguments\": $2}}" >&"$qmp_fd"
}

lives() {
	[ -d "/proc/$vm/fd" ] && [ -n "$(ls "/proc/$vm/fd")" ]
}

answers() {	# SECONDS QUESTION REGEX
	local before
	before=$(wc -l <"$out/said")
	echo "$2" >&"$wire_fd"
	within "$1" eval "tail -n +$((before + 1)) '$out/said' | grep -qE '^${2%% *}.*: '"
	tail -n +$((before + 1)) "$out/said"
	tail -n +$((before + 1)) "$out/said" | tr -d '\r' | grep -qxE -- "$3"
}

is_ready() {	# TIMES
	[ "$(grep -c '^ready: ' "$out/said")" -ge "$1" ]
}

# Where a page of the guest's pattern is in its memory.
offset_of() {	# PAGE
	answers 30 "where $1" "where $1: 0x.*" |
		tr -d '\r' | sed -n "s/^where $1: //p"
}

# All that were broken are in broken_at.
break_page() {	# PAGE
	local at
	at=$(offset_of "$1")
	[ -n "$at" ] && poison add "$vm" $backend $((at + bad_byte)) &&
		broken_at+=("$at")
}

events() {
	grep -c '"event": "MEMORY_FAILURE"' "$out/qmp"
}

# What the kernel lists as lost, a line "OFFSET+LENGTH" each.
listed_as_lost() {
	sed -n 's/^mf_ue: //p' /proc/"$vm"/fdinfo/*
}
