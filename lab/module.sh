# SPDX-License-Identifier: GPL-2.0-only
#
# Modules of ours that are not part of a kernel's tree, built against any.

# What the module is made from, as paths relative to its directory; never what
# somebody's make left there.
module_sources() {
	(cd "$module" && find . -type f \( -name '*.[chS]' -o -name Kbuild \
		-o -name Makefile -o -name Kconfig \) | LC_ALL=C sort)
}

make_module() {	# DIRECTORY
	local log=$1/build.log file
	while read -r file; do
		install -D -m 644 "$module/$file" "$1/$file" ||
			die "cannot copy $module/$file"
	done < <(module_sources)
	check_same_inputs module "$1"
	compile "$kernel_dir/linux" M="$1" modules >"$log" || {
		cat "$log" >&2
		die "cannot compile the module $module for the kernel $kernel"
	}
	! sed '/differs from the one used to build the kernel/,+2d' "$log" |
		grep -A 2 -E 'warning:|WARNING:' >&2 ||
		say "those were warnings about $module"
	find "$1" -name '*.ko' | grep -q '' ||
		die "$module made no module (.ko) for the kernel $kernel; does its Kbuild have obj-m?"
}

module_inputs() {
	compilers
	echo "$kernel_dir"
	(cd "$module" && module_sources | xargs -r -d '\n' sha256sum)
	declare -f make_module module_sources compile
}

# Let $artefact be the directory with what was built.
need_module() {	# DIRECTORY
	module=$(cd "$1" && pwd) || die "cannot read the directory $1"
	artefact module
}
