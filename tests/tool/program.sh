# SPDX-License-Identifier: GPL-2.0-only
#
# check --pid: what a running program lacks to survive an error.

# The tree kept on a kernel that keeps, on whose process 555 is QEMU with these
# arguments, on a host whose CPU is of that vendor.
qemu() {	# VENDOR ARGUMENT...
	local tree=$tmp/program vendor=$1
	shift
	unpack kept
	rm -rf "$tree"
	cp -a "$tmp/kept" "$tree"
	mkdir -p "$tree/sys/kernel/mm/mf_keep" "$tree/proc/556/fdinfo"
	echo "vendor_id	: $vendor" >"$tree/proc/cpuinfo"
	printf '%s\0' qemu-system-x86_64 "$@" >"$tree/proc/555/cmdline"
	printf '%s\0' sleep 9 >"$tree/proc/556/cmdline"
	sed -i /mf_ue:/d "$tree/proc/555/fdinfo/9"
}

says_of() {	# STATUS REGEX PID
	local said status
	said=$("$mfr" check --pid "$3" --root "$tmp/program" 2>&1)
	status=$?
	echo "$status: $said"
	[ "$status" = "$1" ] && grep -qE -- "$2" <<<"$said"
}

of_qemu() {	# STATUS REGEX VENDOR ARGUMENT...
	qemu "${@:3}"
	says_of "$1" "$2" 555
}

panics='its guest panics at the first error: .*,\+succor,\+overflow-recov$'
stays='^fine: 555: its huge pages stay mapped after an error$'

guest_cpus() {
	local model
	for model in EPYC EPYC,+succor EPYC,+overflow-recov \
		     EPYC,+succor,-succor,+overflow-recov \
		     EPYC,succor=off,overflow-recov=on EPYC,+succors,+overflow-recov; do
		check "program: a guest of AMD with $model panics" \
			of_qemu 1 "$panics" AuthenticAMD -cpu "$model"
	done
	check "program: a guest of AMD with no model panics" \
		of_qemu 1 "$panics" AuthenticAMD -m 1G
	check "program: the last model counts" \
		of_qemu 1 "$panics" AuthenticAMD \
		-cpu EPYC,+succor,+overflow-recov --cpu EPYC
	for model in EPYC,+succor,+overflow-recov host max,migratable=off \
		     EPYC,succor=on,+x2apic,overflow-recov=on; do
		check "program: a guest of AMD with $model is fine" \
			of_qemu 0 "$stays" AuthenticAMD -cpu "$model"
	done
	check "program: a guest of Intel is fine" \
		of_qemu 0 "$stays" GenuineIntel -cpu Icelake-Server
	check "program: a model with control characters stays one line" \
		of_qemu 1 '-cpu E\\x1b\\x0a,\+succor' AuthenticAMD \
		-cpu $'E\033\n'
}

test_program() {
	local tree=$tmp/program
	guest_cpus
	qemu GenuineIntel
	echo "mf_ue: 0x3000+0x1000" >>"$tree/proc/555/fdinfo/9"
	check "program: what it has lost is a problem" \
		says_of 1 "has lost 4 KiB of /dev/huge pages/qemu/ram" 555
	check "program: --json of it" \
		eval '"$mfr" check --json --pid 555 --root $tree |
			jq -e ".pid == 555 and .status == \"problem\" and
				(.problems | length == 1)"'
	check "program: without huge pages nothing is kept" \
		says_of 1 "it has no huge pages" 556
	rmdir "$tree/sys/kernel/mm/mf_keep"
	check "program: a kernel without the policy is a problem" \
		says_of 1 "this kernel does not keep huge pages" 555
	check "program: there is none" says_of 2 "process 557: there is none" 557
	check "program: --pid wants a number" refused "is not the number" \
		check --pid 0
}
