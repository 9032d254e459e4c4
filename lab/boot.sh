# SPDX-License-Identifier: GPL-2.0-only
#
# Boot a kernel in QEMU, run a command, and judge from the console what the
# kernel thought of it.

qemu="qemu-system-x86_64"
keep_logs=100
unsafe_interrupts='vfio_iommu_type1.allow_unsafe_interrupts=1'
unsafe_interrupts+=' iommufd.allow_unsafe_interrupts=1'

# Lines of a kernel that is not well.
reports='BUG:|kernel BUG at|WARNING:|Oops|general protection fault'
reports+='|Bad page (state|map|cache)|KASAN:|KFENCE:|UBSAN:|KCSAN:'
reports+='|possible (circular|recursive) locking|possible irq lock'
reports+='|INFO: (task .* blocked|rcu|lockdep|suspicious)|suspicious RCU usage'
reports+='|rcu:.*(stall|detected)|kmemleak: [0-9]+ new|list_(add|del) corruption'
reports+='|refcount_t:|Voluntary context switch within RCU'

# The plugin knows the inside of this one.
check_qemu_version() {
	"$qemu" --version | grep -q 'version 7\.2\.' ||
		die "the lab's plugin is for QEMU 7.2, but here is $("$qemu" --version | head -n 1); use Debian 12's qemu-system-x86"
}

make_plugin() {	# DIRECTORY
	check_qemu_version
	gcc -std=gnu11 -O2 -Wall -Wextra -fPIC -shared -fvisibility=hidden \
		-o "$1/poison.so" "$lab"/{poison,watch,stale,count,insn}.c ||
		die "cannot compile the plugin, $lab/{poison,watch,stale,count,insn}.c"
	check_same_inputs plugin "$1"
}

plugin_inputs() {
	compilers
	package_version qemu-system-x86
	cat "$lab"/{poison,watch,stale,count,insn}.c \
		"$lab"/{plugin,doorbell,poison,watch,count,insn}.h
	declare -f make_plugin
}

link_applets() {	# BIN_DIRECTORY
	local applet
	# The list has busybox itself: a link to itself would take its place
	"$1/busybox" --list | grep -vx busybox | while read -r applet; do
		ln -s busybox "$1/$applet"
	done
}

archive() {	# DIRECTORY
	(cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet --reproducible -o -H newc)
}

make_initramfs() {	# DIRECTORY
	local files=$1/files
	mkdir -p "$files/bin"
	gcc -std=gnu11 -O2 -Wall -Wextra -static -o "$files/init" "$lab/init.c" ||
		die "cannot compile $lab/init.c"
	cp "$(command -v busybox)" "$files/bin/busybox" &&
	link_applets "$files/bin" &&
	archive "$files" >"$1/base.cpio" ||
		die "cannot make the initramfs in $1"
	check_same_inputs initramfs "$1"
}

initramfs_inputs() {
	compilers
	package_version busybox-static
	cat "$lab/init.c"
	declare -f make_initramfs link_applets archive
}

need_guest() {
	artefact plugin
	plugin=$artefact/poison.so
	artefact initramfs
	base_initramfs=$artefact/base.cpio
}

# The kernel unpacks archives one after the other: the same for all guests,
# then what this one is to run.
build_initramfs() {	# [COMMAND...]
	local files=$tmp/files to=$tmp/files file
	mkdir -p "$files/lab"
	if [ "$root" = host ]; then
		to=$files/lab/files
		mkdir "$to"
	fi
	for file in "${copies[@]}"; do
		cp -L "$file" "$to/" || die "cannot copy $file"
	done
	add_distro_modules "$files"
	((!$#)) || printf '%s\0' "$@" >"$files/lab/argv"
	{ cat "$base_initramfs" && archive "$files"; } >"$tmp/initramfs" ||
		die "cannot write $tmp/initramfs"
	rm -rf "$files"
}

cpu_model() {
	case $cpu in
	# A server's, or Linux does not recover (Ice Lake)
	intel) echo "max,vendor=GenuineIntel,family=6,model=106,stepping=6" ;;
	amd) echo "EPYC,+svm" ;;
	esac
}

# A node is a socket where that can be: CPUs of one that were of two nodes would share
# a cache across them, of which newer kernels warn.
smp_words() {
	((smp % nodes)) && echo "$smp" ||
		echo "$smp,sockets=$nodes,cores=$((smp / nodes)),threads=1"
}

# Node n gets its share of the memory and the CPUs that fall to it.
numa_words() {
	local mib=${mem%[MG]} node first last
	[[ $mem == *M ]] || mib=$((mib * 1024))
	((nodes > 1)) || return 0
	for ((node = 0; node < nodes; node++)); do
		first=$((node * smp / nodes))
		last=$(((node + 1) * smp / nodes - 1))
		printf '%s\0' \
			-object "memory-backend-ram,id=node$node,size=$((mib / nodes))M" \
			-numa "node,nodeid=$node,cpus=$first-$last,memdev=node$node"
	done
}

guest_memory() {
	local mib=${mem%[MG]}
	[[ $mem == *M ]] || mib=$((mib * 1024))
	echo "$((mib / nodes * nodes))M"
}

# The mask is that of the IOMMU; by itself edu knows 28 bits of address.
vfio_words() {
	[ -z "$vfio" ] || printf '%s\0' -machine q35 -device intel-iommu \
		-device edu,dma_mask=0x7fffffffff
}

# As words of QEMU, where a comma in a file's name is doubled.
disk_words() {
	[ -z "$disk" ] || printf '%s\0' -drive \
		"if=virtio,format=raw,cache=writethrough,file=${disk//,/,,}"
}

# QEMU's monitor, connected with a serial port of the guest.
monitor_words() {
	[ -z "$monitor" ] || printf '%s\0' \
		-chardev "socket,id=monitor,path=$tmp/monitor,server=on,wait=off" \
		-mon chardev=monitor \
		-chardev "socket,id=asks,path=$tmp/monitor" \
		-device pci-serial,chardev=asks
}

# A warning is the end where nothing is to be warned of.  A program's physical
# addresses shall hold, so distro may not move its pages from node to node.  Our
# kernels do not remap interrupts: VFIO needs to be told that none is forged here.
kernel_arguments() {
	echo -n "console=ttyS0 panic=-1 "
	# While Linux identifies its CPU it forgets for a moment that it has five
	# levels of page tables: KASAN then takes an interrupt's accesses for wild.
	[ "$kernel" != keep-debug ] ||
		echo -n "panic_on_warn=1 page_owner=on no5lvl "
	[ "$kernel" != distro ] || echo -n "numa_balancing=disable "
	[ -z "$vfio" ] || echo -n "intel_iommu=on $unsafe_interrupts "
	# Else it warns that the emulated CPU lacks a microcode.
	[ "$kernel $cpu" != "distro amd" ] || echo -n "spec_rstack_overflow=off "
	echo "$append"
}

# panic=-1 resets at once, and -no-reboot makes that the end.
qemu_words() {
	printf '%s\0' -nodefaults -no-user-config -no-reboot -display none \
		-accel tcg,thread=multi -cpu "$(cpu_model)" -smp "$(smp_words)" \
		-m "$(guest_memory)" \
		-kernel "$kernel_dir/linux/arch/x86/boot/bzImage" \
		-initrd "$tmp/initramfs" \
		-append "$(kernel_arguments)" \
		-plugin "file=$plugin,cpu=$cpu" \
		-serial "file:$console" \
		-chardev stdio,id=command,signal=off -serial chardev:command
	numa_words
	vfio_words
	disk_words
	monitor_words
	((!${#qemu_more[@]})) || printf '%s\0' "${qemu_more[@]}"
	[ "$root" != host ] || printf '%s\0' \
		-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
		-device virtio-9p-pci,fsdev=host,mount_tag=host
}

prepare_boot() {	# [COMMAND...]
	need_guest
	need_tmp
	build_initramfs "$@"
	console=$cache/logs/console-$(date +%Y%m%d-%H%M%S)-$$.log
	: >"$console" || die "cannot write $console"
	find "$cache/logs" -name 'console-*' -printf '%T@ %p\n' | sort -rn |
		tail -n +$((keep_logs + 1)) | cut -d' ' -f2- | xargs -r -d '\n' rm -f
	mapfile -d '' -t qemu_command < <(qemu_words)
	qemu_command=("$qemu" "${qemu_command[@]}")
}

# QEMU makes its output non-blocking, which must not happen to our caller's,
# so it gets a pipe.  It ends with us, even if we are killed.
boot_and_judge() {	# COMMAND...
	local status=0 relay started
	prepare_boot "$@"
	exec {relay_fd}> >(exec cat)
	relay=$! started=$SECONDS
	in_group setpriv --pdeathsig TERM timeout --foreground -k 5 "$timeout" \
		"${qemu_command[@]}" </dev/null >&"$relay_fd" 2>"$tmp/qemu" ||
		status=$?
	exec {relay_fd}>&-
	wait "$relay" || true
	judge "$status" "$((SECONDS - started))"
}

boot_shell() {
	prepare_boot
	"${qemu_command[@]}" 2>"$tmp/qemu" || die "QEMU failed: $(cat "$tmp/qemu")"
	guest_said exit >/dev/null || show_failure "the guest did not end well"
}

# The last "lab init: WORD [VALUE]" on the console: print VALUE.
guest_said() {	# WORD
	tr -d '\r' <"$console" | sed -nE "s/^(\[[^]]*\] )?lab init: $1 ?//p" |
		tail -n 1 | grep ''
}

show_failure() {	# WHAT
	say "$1; console: $console"
}

kernel_reports() {
	tr -d '\r' <"$console" | grep -aE "$reports" |
		{ [ -n "$expect_report" ] && grep -vE "$expect_report" || cat; }
}

warn_of_missed() {
	grep -q '^poison:.* missed=0$' "$tmp/qemu" ||
		! grep -q '^poison:' "$tmp/qemu" ||
		say "loads of poison went unnoticed, results may be wrong: $(grep '^poison:' "$tmp/qemu")"
}

judge() {	# STATUS_OF_QEMU SECONDS
	local status said
	warn_of_missed
	if (($1 == 137 && $2 < timeout)); then
		show_failure "QEMU was killed after $2 s: is the host out of memory?"
		exit 125
	fi
	if (($1 == 124 || $1 == 137)); then
		show_failure "the guest did not end within $timeout s"
		exit 124
	fi
	if (($1)); then
		show_failure "QEMU failed: $(tail -n 3 "$tmp/qemu")"
		exit 125
	fi
	if said=$(guest_said failed); then
		show_failure "the guest's init failed, as its output says"
		exit 125
	fi
	if ! status=$(guest_said exit); then
		said=$(grep -a -m 1 -o 'Kernel panic.*' "$console" | tr -d '\r')
		show_failure "the guest died: ${said:-it reset, or its console was silenced}"
		exit 126
	fi
	if said=$(kernel_reports | head -n 5 | grep ''); then
		say "the kernel reported (the command's exit status was $status):"
		echo "$said" >&2
		show_failure "that is a failure"
		exit 127
	fi
	exit "$status"
}
