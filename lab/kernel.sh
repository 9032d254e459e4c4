# SPDX-License-Identifier: GPL-2.0-only
#
# The lab's kernels: base is the distribution's source with our configuration,
# keep is a copy of base's built tree with our files and patches, compiled on.

series=6.12
tarball=/usr/src/linux-source-$series.tar.xz
config=$lab/kernel.config
keep=$top/kernel/keep
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
	local name=$1 tree=$2 expected=$3 log=$cache/logs/build-$1.log
	local counted=$cache/logs/build-$1.count
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

# What the configuration asks for must not be lost to an unknown name or an
# unmet dependency.
check_config() {	# TREE
	local line name
	while read -r line; do
		name=${line%%=*}
		case $line in
		CONFIG_*=n) ! grep -q "^$name=" "$1/.config" ;;
		CONFIG_*) grep -qxF "$line" "$1/.config" ;;
		*) continue ;;
		esac || die "$config asks for $line, but the kernel's configuration then says: $(grep -w "$name" "$1/.config" || echo "nothing")"
	done <"$config"
}

configure() {	# TREE
	compile "$1" tinyconfig &&
	(cd "$1" && scripts/kconfig/merge_config.sh -m .config "$config") &&
	compile "$1" olddefconfig
}

make_base() {	# DIRECTORY
	local tree=$1/linux
	need_disk "$tree_mib" "a kernel tree"
	say "base: unpack $tarball"
	mkdir "$tree"
	tar -xf "$tarball" -C "$tree" --strip-components=1 ||
		die "cannot unpack $tarball into $tree"
	configure "$tree" >"$cache/logs/configure-base.log" ||
		die "cannot configure the kernel base: see $cache/logs/configure-base.log"
	check_config "$tree"
	check_same_inputs base "$1"
	compile_shown base "$tree" 2000
}

# New files of ours, as paths relative to kernel/keep.
keep_files() {
	(cd "$keep" 2>/dev/null &&
	 find include mm Documentation -type f 2>/dev/null | LC_ALL=C sort) || :
}

keep_patches() {
	(cd "$keep" 2>/dev/null &&
	 find "$series" -name '*.patch' 2>/dev/null | LC_ALL=C sort) || :
}

# Without -p: make must see that they are new.
add_keep_files() {	# TREE
	local file
	while read -r file; do
		mkdir -p "$1/${file%/*}"
		cp "$keep/$file" "$1/$file" || die "cannot copy $keep/$file"
	done < <(keep_files)
}

apply_keep_patches() {	# TREE
	local file said
	while read -r file; do
		said=$(patch -d "$1" -p1 --no-backup-if-mismatch --force \
			-i "$keep/$file" 2>&1) ||
			die "$keep/$file does not apply to linux-source-$series:
$said"
	done < <(keep_patches)
}

make_keep() {	# DIRECTORY BASE_DIRECTORY
	local tree=$1/linux
	need_disk "$tree_mib" "a kernel tree"
	say "keep: copy the built tree of base, then apply kernel/keep"
	cp -a --reflink=auto "$2/linux" "$tree" || die "cannot copy $2/linux"
	add_keep_files "$tree"
	apply_keep_patches "$tree"
	compile "$tree" olddefconfig >"$cache/logs/configure-keep.log" ||
		die "cannot configure the kernel keep: see $cache/logs/configure-keep.log"
	check_same_inputs keep "$1"
	compile_shown keep "$tree" 353
}

compilers() {
	gcc --version | head -n 1
	ld --version | head -n 1
}

base_inputs() {
	package_version "linux-source-$series"
	dpkg-query --control-show "linux-source-$series" md5sums
	stat -c '%s %Y' "$tarball"
	compilers
	cat "$config"
	declare -f make_base configure check_config compile
}

keep_inputs() {
	base_inputs
	declare -f make_keep add_keep_files apply_keep_patches
	(cd "$keep" 2>/dev/null || exit 0
	 { keep_files; keep_patches; } | xargs -r -d '\n' sha256sum)
}

# Let $kernel_dir be the directory that holds the kernel's tree, linux/.
need_kernel() {	# NAME
	mkdir -p "$cache/logs" || die "cannot use the cache $cache"
	artefact base
	[ "$1" = base ] || artefact keep "$artefact"
	kernel_dir=$artefact
}
