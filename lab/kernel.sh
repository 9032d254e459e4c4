# SPDX-License-Identifier: GPL-2.0-only
#
# The lab's kernels: base is the distribution's source, in the version $base, with
# our configuration; keep is a copy of base's built tree with our files and
# patches, compiled on.  keep-debug has keep's source and more in its configuration.

keep=$top/kernel/keep
. "$top/kernel/list.sh"

config=$lab/kernel.config
keep_config=$lab/kernel-keep.config
debug_config=$lab/kernel-debug.config
tree_mib=2500	# source and objects

# Two trees with equal sources shall share what the compiler made of them.
compile() {	# TREE WORD...
	local tree=$1
	shift
	CCACHE_DIR=$cache/ccache KBUILD_BUILD_TIMESTAMP=1970-01-01 \
	KBUILD_BUILD_USER=mfr KBUILD_BUILD_HOST=lab LC_ALL=C \
		make -C "$tree" -j"$(nproc)" CC="ccache gcc" "$@" 2>&1
}

# One line a second on a terminal, else one each half a minute.
show_progress() {	# LABEL LINES_EXPECTED
	local label=$1 expected=$2 n=0 next=0 every=30 end='\n' text line
	[ ! -t 2 ] || { every=1; end='\033[K\r'; }
	while read -r line; do
		n=$((n + 1))
		((SECONDS >= next)) || continue
		next=$((SECONDS + every))
		text="$label: $n of about $expected files, $SECONDS s"
		((SECONDS < 5 || n >= expected)) ||
			text+=", $(((expected - n) * SECONDS / n)) s left"
		printf "lab/vm: %s$end" "$text" >&2
	done
	say "$label: $n files, $SECONDS s"
	echo "$n"
}

# Compile, and remember for the next time how many files that was.
compile_shown() {	# NAME TREE EXPECTED
	local name=$1 tree=$2 expected=$3 log=$cache/logs/build-$base-$1.log
	local counted=$cache/logs/build-$base-$1.count
	[ ! -s "$counted" ] || expected=$(cat "$counted")
	SECONDS=0
	compile "$tree" bzImage modules | tee "$log" | grep --line-buffered '^  [A-Z]' |
		show_progress "$name: compile" "$expected" >"$counted.new"
	((!PIPESTATUS[0])) || {
		rm -f "$counted.new"
		grep -m 5 -E '(error|Error|undefined|No space)' "$log" >&2
		die "cannot compile the kernel $name; all of it: $log"
	}
	mv "$counted.new" "$counted"
}

# Each option of the fragments once, as the last that names it has it.
wanted_options() {	# FRAGMENT...
	awk -F= '/^CONFIG_/ { line[$1] = $0 }
		END { for (name in line) print line[name] }' "$@" | LC_ALL=C sort
}

# What the configuration asks for must not be lost to an unknown name or an
# unmet dependency.
check_config() {	# TREE FRAGMENT...
	local tree=$1 line name
	shift
	while read -r line; do
		name=${line%%=*}
		case $line in
		*=n) ! grep -q "^$name=" "$tree/.config" ;;
		*) grep -qxF "$line" "$tree/.config" ;;
		esac || die "$* ask for $line, but the kernel's configuration then says: $(grep -w "$name" "$tree/.config" || echo "nothing")"
	done < <(wanted_options "$@")
}

configure() {	# TREE FRAGMENT...
	local tree=$1
	shift
	wanted_options "$@" >"$tree/.wanted.config" &&
	compile "$tree" tinyconfig &&
	(cd "$tree" && scripts/kconfig/merge_config.sh -m .config .wanted.config) &&
	compile "$tree" olddefconfig
}

# Options that a configured tree has got since.
configure_more() {	# TREE FRAGMENT
	(cd "$1" && scripts/kconfig/merge_config.sh -m .config "$2") &&
	compile "$1" olddefconfig
}

configure_checked() {	# NAME TREE FRAGMENT...
	local log=$cache/logs/configure-$1.log
	shift
	configure "$@" >"$log" ||
		die "cannot configure the kernel in $1: see $log"
	check_config "$@"
}

unpack() {	# NAME TREE
	need_disk "$tree_mib" "a kernel tree"
	say "$1: unpack $tarball"
	mkdir "$2"
	tar -xf "$tarball" -C "$2" --strip-components=1 ||
		die "cannot unpack $tarball into $2"
}

make_base() {	# DIRECTORY
	unpack base "$1/linux"
	configure_checked base "$1/linux" "$config" "$lab/kernel-$base.config"
	check_same_inputs base "$1"
	compile_shown base "$1/linux" 2000
}

# Without -p: make must see that they are new.
add_keep_files() {	# TREE
	local file
	while read -r file; do
		mkdir -p "$1/${file%/*}"
		cp "$keep/$(path_of "$file")" "$1/$file" ||
			die "cannot copy $keep/$(path_of "$file")"
	done < <(new_files)
}

apply_keep_patches() {	# TREE
	local file said
	while read -r file; do
		said=$(patch -d "$1" -p1 --no-backup-if-mismatch --force \
			-i "$keep/$file" 2>&1) ||
			die "$keep/$file does not apply to linux-source-$base:
$said"
	done < <(patch_names)
}

make_keep() {	# DIRECTORY BASE_DIRECTORY
	local tree=$1/linux
	need_disk "$tree_mib" "a kernel tree"
	say "keep: copy the built tree of base, then apply kernel/keep"
	cp -a --reflink=auto "$2/linux" "$tree" || die "cannot copy $2/linux"
	add_keep_files "$tree"
	apply_keep_patches "$tree"
	configure_more "$tree" "$keep_config" >"$cache/logs/configure-keep.log" ||
		die "cannot configure the kernel keep: see $cache/logs/configure-keep.log"
	check_config "$tree" "$config" "$lab/kernel-$base.config" "$keep_config"
	check_same_inputs keep "$1"
	compile_shown keep "$tree" 353
}

make_keep-debug() {	# DIRECTORY
	local tree=$1/linux
	unpack keep-debug "$tree"
	add_keep_files "$tree"
	apply_keep_patches "$tree"
	configure_checked keep-debug "$tree" "$config" \
		"$lab/kernel-$base.config" "$keep_config" "$debug_config"
	check_same_inputs keep-debug "$1"
	compile_shown keep-debug "$tree" 2100
}

compilers() {
	gcc --version | head -n 1
	ld --version | head -n 1
}

base_inputs() {
	echo "linux-source-$base $source_version"
	echo "$source_sums"
	compilers
	cat "$config" "$lab/kernel-$base.config"
	declare -f make_base unpack configure_checked configure check_config \
		wanted_options compile
}

# A patch without its message, which no kernel is made from.
hunks='FNR == 1 { print FILENAME; hunk = 0 }
	/^--- a\// { hunk = 1 }
	hunk'

keep_inputs() {
	base_inputs
	cat "$keep_config"
	declare -f make_keep configure_more add_keep_files apply_keep_patches
	(cd "$keep" 2>/dev/null || exit 0
	 for file in $(new_files); do sha256sum "$(path_of "$file")"; done
	 patch_names | xargs -r -d '\n' awk "$hunks")
}

keep-debug_inputs() {
	keep_inputs
	cat "$debug_config"
	declare -f make_keep-debug
}

# Let $kernel_dir be the directory that holds the kernel's tree, linux/: the
# caller's own built one, if $MFR_TREE_keep, say, names its directory.
need_kernel() {	# NAME
	local own=MFR_TREE_${1//-/_}
	mkdir -p "$cache/logs" || die "cannot use the cache $cache"
	if [ -n "${!own-}" ]; then
		kernel_dir=${!own}
		[ -f "$kernel_dir/linux/arch/x86/boot/bzImage" ] ||
			die "$own: $kernel_dir/linux is no kernel tree with a built bzImage"
		return
	fi
	need_source
	case $1 in
	base | keep-debug) artefact "$1" ;;
	keep) artefact base; artefact keep "$artefact" ;;
	distro)	# of a newer release it may need programs that base has
		[ -z "${suite_of[$base]-}" ] || artefact base
		artefact distro "${artefact-}" ;;
	esac
	kernel_dir=$artefact
}
