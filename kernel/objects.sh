# SPDX-License-Identifier: GPL-2.0-only
#
# For series --verify: which objects of a tree the series is about, and whether
# they compile and would link.  Whole directories would take minutes each time.

# Some directories have no Makefile: another one's compiles them.  Prints that
# one, and how it calls ours.
made_in() {	# TREE DIR ARCH_DIR
	local dir=$2 way=

	if [ "$dir" = virt/kvm ]; then
		echo "arch/$3/kvm ../../../virt/kvm/"
		return
	fi
	while [ ! -f "$1/$dir/Makefile" ] && [ ! -f "$1/$dir/Kbuild" ]; do
		way=${dir##*/}/$way
		dir=${dir%/*}
	done
	echo "$dir $way"
}

# All that a directory's Makefile lists in this configuration, objects and
# directories, as it writes them.
listed_in() {	# TREE DIR
	local makefile=$2/Makefile

	[ ! -f "$1/$2/Kbuild" ] || makefile=$2/Kbuild
	make -s --no-print-directory -C "$1" -f - none 2>/dev/null <<-END
		include .config
		srctree := .
		src := $2
		obj := $2
		include $makefile
		\$(foreach v,\$(filter %-y %-m %-objs,\$(.VARIABLES)),\$(foreach o,\$(\$(v)),\$(info \$(o))))
		none: ;
	END
}

# Is the directory compiled at all?
entered() {	# TREE DIR
	local dir=$2

	while [[ $dir == */* && $dir != arch/?* || $dir == arch/*/* ]]; do
		# grep -q would end first, and the pipe with SIGPIPE at times.
		listed_in "$1" "${dir%/*}" |
			grep -xF "${dir##*/}/" >/dev/null || return
		dir=${dir%/*}
	done
}

touched_sources() {
	{ new_files; touched_files; } | grep '\.c$' | grep -v '^tools/' |
		LC_ALL=C sort -u
}

# Of one directory, as make's targets.  Names of sources come on stdin.
objects_in() {	# TREE DIR ARCH_DIR
	local dir way list object

	[ -d "$1/$2" ] && [[ $2 != arch/* || $2 == arch/$3/* ]] || return 0
	read -r dir way < <(made_in "$@")
	[ -d "$1/$dir" ] && entered "$1" "$dir" || return 0
	list=$(listed_in "$1" "$dir")
	while read -r object; do
		! grep -qxF "$way$object" <<<"$list" || echo "$dir/$way$object"
	done < <(sed -n "s|^$2/\([^/]*\)\.c$|\1.o|p")
}

# Objects of those sources on stdin that the tree's configuration has.
configured() {	# TREE ARCH_DIR
	local dir sources

	sources=$(cat)
	while read -r dir; do
		objects_in "$1" "$dir" "$2" <<<"$sources"
	done < <(sed 's|/[^/]*$||' <<<"$sources" | LC_ALL=C sort -u)
}

touched_objects() {	# TREE
	touched_sources | configured "$1" x86
}

# Line numbers move; what is said does not.
without_lines() { sed -E 's/:[0-9]+(:[0-9]+)?:/:/' | LC_ALL=C sort -u; }

# What the base's own files say without the series does not count.
verify_objects() {	# TREE OBJECT...
	local tree=$1 log=$scratch/build.log

	shift
	kernel_make "$tree" "${make_words[@]}" "$@" >"$log" || {
		grep -E -m 10 'error|Error|\*\*\*' "$log"
		return 1
	}
	! grep 'warning:' "$log" | without_lines |
		grep -vxF -f "$scratch/known_warnings"
}
make_words=(W=1)

symbols() { nm "$@" 2>/dev/null | awk 'NF > 1 { print $NF }'; }	# WORD...

# What the base's objects define: a link would find it.
know_symbols() {	# BASE_TREE
	symbols --defined-only "$1/vmlinux" "$1"/mm/*.o "$1"/virt/kvm/*.o \
		"$1"/arch/x86/kvm/*.o | LC_ALL=C sort -u >"$scratch/symbols"
}

# What the objects of the second list call must be defined in one of the first,
# or known.
verify_links() {	# TREE KNOWN DEFINING CALLING
	local tree=$1 known=$2 missing

	missing=$(cd "$tree" && comm -23 \
		<(symbols -u $4 | LC_ALL=C sort -u) \
		<({ symbols --defined-only $3; cat "$known"; } | LC_ALL=C sort -u))
	[ -n "$missing" ] || return 0
	printf '%s is called, and defined nowhere\n' $missing
	return 1
}
