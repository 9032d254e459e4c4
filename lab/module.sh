# SPDX-License-Identifier: GPL-2.0-only
#
# External kernel modules: those of a directory, against a kernel of the lab.

# What is in $module_dir except for what a build there left behind, as paths
# relative to it.
module_files() {
	(cd "$module_dir" && find . -type f ! -path '*/.*' ! -name '*.o' \
		! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' ! -name '*.cmd' \
		! -name Module.symvers ! -name modules.order -print0 |
		LC_ALL=C sort -z)
}

# The compiler's words with our copy's path turned into the original's.
module_complaints() {	# COPY LOG REGEX
	grep -E "$3" "$2" | head -n 20 | sed "s,$1/,$module_dir/,g" >&2 || :
}

make_module() {	# DIRECTORY
	local copy=$1/source log=$cache/logs/build-module-$kernel.log
	mkdir "$copy"
	(cd "$module_dir" && module_files | xargs -0 cp --parents -t "$copy") ||
		die "cannot copy $module_dir"
	check_same_inputs module "$1"
	compile "$kernel_dir/linux" M="$copy" modules >"$log" || {
		module_complaints "$copy" "$log" 'error|Error|undefined'
		die "cannot compile $module_dir for the kernel $kernel; all of it: $log"
	}
	module_complaints "$copy" "$log" 'warning:|WARNING:'
	find "$copy" -name '*.ko' | grep -q . ||
		die "$module_dir has no module in its obj-m, so none was made for the kernel $kernel"
}

module_inputs() {
	echo "$kernel_dir"
	compilers
	(cd "$module_dir" && module_files | xargs -0 -r sha256sum)
	declare -f make_module
}

# Print the paths of the modules in DIR, compiled for $kernel.
need_module() {	# DIR
	module_dir=$(readlink -f "$1")
	artefact module
	find "$artefact/source" -name '*.ko' | LC_ALL=C sort
}
