# SPDX-License-Identifier: GPL-2.0-only
#
# For series --verify: what the series touches, in other configurations than the
# lab's and for other processors.  To link one would mean to compile all of a
# kernel.  Instead, what our new files call must be defined by what that
# configuration compiles of the objects that the base has it from.

configs=(PROC_FS=n HUGETLBFS=n TRANSPARENT_HUGEPAGE=n MEMORY_FAILURE=n KVM=m)

set_config() {	# NAME=VALUE
	"$scratch/tree/scripts/config" --file "$scratch/tree/.config" \
		--set-val "${1%%=*}" "${1#*=}"
}

has_config() {	# NAME=VALUE
	case $1 in
	*=n) ! grep -q "^CONFIG_${1%%=*}=" "$scratch/tree/.config" ;;
	*) grep -qx "CONFIG_$1" "$scratch/tree/.config" ;;
	esac
}

new_objects() {	# ARCH_DIR
	new_files | grep '\.c$' | grep -v '^tools/' |
		configured "$scratch/tree" "$1"
}

# "SYMBOL OBJECT" for each that the base's objects define.
definitions() {	# BASE_TREE
	(cd "$1" && find mm lib fs kernel virt -name '*.o' -print0 |
		xargs -0 nm -A --defined-only 2>/dev/null |
		sed -nE 's/^([^:]*):[0-9a-f]* [A-Z] (.*)/\2 \1/p' |
		LC_ALL=C sort -u)
}

# Their sources are compiled with ours, and what they define is not known but
# where it is defined.
find_providers() {	# BASE_TREE
	local objects

	mapfile -t objects < <(new_objects x86)
	(cd "$scratch/tree" && symbols -u "${objects[@]}") | LC_ALL=C sort -u |
		join - <(definitions "$1") | sed 's/ \(.*\)\.o$/ \1.c/' \
		>"$scratch/provided"
	cut -d' ' -f1 "$scratch/provided" | LC_ALL=C sort -u |
		comm -13 - "$scratch/symbols" >"$scratch/known"
}

compile_config() {	# ARCH_DIR
	local objects news

	mapfile -t objects < <({ touched_sources
		cut -d' ' -f2 "$scratch/provided"; } | LC_ALL=C sort -u |
		configured "$scratch/tree" "$1")
	mapfile -t news < <(new_objects "$1")
	verify_objects "$scratch/tree" "${objects[@]}" || return
	((!${#news[@]})) || [ "$1" != x86 ] ||
		verify_links "$scratch/tree" "$scratch/known" \
			"${objects[*]}" "${news[*]}"
}

compiles_with() {	# NAME=VALUE
	cp "$scratch/lab.config" "$scratch/tree/.config"
	set_config "$1"
	configure && has_config "$1" && compile_config x86
}

has_no_policy() {
	cp "$scratch/lab.config" "$scratch/tree/.config"
	configure && has_config MEMORY_FAILURE=y && has_config HUGETLBFS=y &&
		has_config MF_KEEP_UE_MAPPED=n
}

# Rule 23: where a machine check in the kernel's user accesses is fatal, or
# there is none, there must be no policy.
verify_gate() {	# NAME ARCH_DIR MAKE_WORD...
	local name=$1 arch=$2 make_words=("${@:3}")

	check "$name has memory_failure(), and no policy" has_no_policy
	check "compiles for $name" compile_config "$arch"
}

add_arm64() {	# BASE_TREE
	tests/packages gcc-aarch64-linux-gnu || die "there is no compiler for arm64"
	tar -C "$1" -cf - --exclude='*.dts*' arch/arm64 |
		tar -C "$scratch/tree" -xf -
}

verify_configs() {	# BASE_TREE
	local config make_words=()

	cp "$1/.config" "$scratch/lab.config"
	find_providers "$1"
	: >"$scratch/known_warnings"
	for config in "${configs[@]}"; do
		check "compiles with $config" compiles_with "$config"
	done
	verify_gate "32-bit x86" x86 ARCH=i386
	add_arm64 "$1"
	verify_gate arm64 arm64 ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
		CC="ccache aarch64-linux-gnu-gcc"
}
