# SPDX-License-Identifier: GPL-2.0-only
#
# For series and check: what the series is made of, and copies of the lab's
# built kernel trees, since those are cached and must stay as they are.

keep=kernel/keep
scratch=

. kernel/list.sh

make_scratch() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/mfr-kernel.XXXXXX")
	tmp=$scratch
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

patches() { patch_names | sed "s|^|$keep/|"; }

# Below the first are fixes of the base's own defects; KVM's part is from the
# second to the third.
first_hook=0030
first_kvm=0070
after_kvm=0080

part_of() {	# PATCH
	local name=${1##*/}
	if [[ $name < $first_hook ]]; then
		echo fixes
	elif [[ $name < $first_kvm || ! $name < $after_kvm ]]; then
		echo policy
	else
		echo kvm
	fi
}

# "FILE PATCH" for the new files that patches bring: "Adds: PATH..." between a
# patch's message and its first hunk, where git am does not look.
added() {	# PATCH...
	awk 'FNR == 1 { part = 0 }
		/^---$/ { part = 1 }
		/^--- ./ { part = 2 }
		part == 1 && /^Adds:/ {
			for (i = 2; i <= NF; i++)
				print $i, FILENAME
		}' "$@" | LC_ALL=C sort
}

added_by() { added "$1" | cut -d' ' -f1; }	# PATCH

# Each new file is of one patch, and each that a patch names is there.
check_added() {
	local file list all

	mapfile -t list < <(patches)
	all=$(added "${list[@]}")
	for file in $(grep -L '^+++ ' "${list[@]}"); do
		die "$file changes no file of the base: who would call what it adds?"
	done
	for file in $(comm -13 <(new_files) <(cut -d' ' -f1 <<<"$all" | uniq)); do
		die "$(grep "^$file " <<<"$all" | sed 's/.* //') adds $file, but $keep has no such file below ${new_dirs[*]}"
	done
	for file in $(comm -23 <(new_files) <(cut -d' ' -f1 <<<"$all" | uniq)); do
		die "$keep/$(path_of "$file") is of no patch: name it in the one that needs it first: Adds: $file"
	done
	for file in $(cut -d' ' -f1 <<<"$all" | uniq -d); do
		die "$keep/$(path_of "$file") is added by more than one patch:" \
			$(sed -n "s|^$file ||p" <<<"$all")
	done
}

# A patch is named after its subject, as git format-patch would.
name_of() {	# PATCH
	local subject

	subject=$(sed -n 's/^Subject: \[PATCH\] //p' "$1" |
		sed -E 's/[^A-Za-z0-9_.]+/-/g; s/^(.{52}).*/\1/; s/-$//')
	echo "$subject.patch"
}

check_names() {
	local patch name

	for patch in $(patches); do
		name=$(name_of "$patch")
		[[ $patch = */0[0-9][0-9][0-9]-"$name" ]] ||
			die "$patch should be named $name, after its subject"
	done
}

# memscan's own files as a tree has them: "FILE_HERE FILE_IN_TREE" lines.
memscan=kernel/memscan
memscan_dir=drivers/ras/memscan

memscan_files() {
	(cd "$memscan" &&
	 find Documentation -type f -printf '%p %p\n' &&
	 find . -maxdepth 1 -type f ! -name series.msg \
		-printf "%P $memscan_dir/%P\n") | LC_ALL=C sort
}

# Existing files that the patches change.
touched_files() {
	patches | xargs sed -nE 's|^--- a/([^	]*).*|\1|p' |
		LC_ALL=C sort -u
}

# What a tree needs to find memscan, one line each; generated, so that no
# patch of them grows old.
memscan_hooks=(drivers/ras/Kconfig drivers/ras/Makefile)

hook_memscan() {	# TREE
	sed -i "s|^endif\$|source \"$memscan_dir/Kconfig\"\n\n&|" \
		"$1/drivers/ras/Kconfig"
	echo 'obj-$(CONFIG_MEMSCAN)	+= memscan/' >>"$1/drivers/ras/Makefile"
}

need_series() {
	[ -d "$keep/$base" ] && [ -n "$(patches)" ] && [ -n "$(new_files)" ] ||
		die "$keep has no series for $base: it wants $keep/$base/0*.patch and new files such as $keep/mm/*.c"
}

# Path of a kernel tree that the lab has built; what it says goes to stderr.
built_tree() {	# KERNEL
	lab/vm src --kernel "$1" </dev/null ||
		die "lab/vm has no built tree of $1: see its words above"
}

# All that make wants for what the series touches, with the objects' times: other
# sources of drivers and of other processors are most of a tree and never read.
copy_tree() {	# FROM TO
	local others dirs
	mapfile -t dirs < <(touched_files | sed 's|/[^/]*$||' | uniq)
	mapfile -t others < <(cd "$1" && find arch -mindepth 1 -maxdepth 1 \
		-type d ! -name x86 -printf '--exclude=./%p/*.[chS]\n')
	mkdir -p "$2"
	tar -C "$1" -cf - --exclude='./drivers/*.[choaS]' --exclude='./net/*.[coa]' \
		--exclude='./sound/*.[ch]' --exclude='./arch/*/*.dts*' \
		"${others[@]}" --exclude='./include/dt-bindings' \
		--exclude='./tools/testing' --exclude='./tools/perf' \
		--exclude='./vmlinux*' --exclude='./.tmp_vmlinux*' \
		--exclude='./Documentation/devicetree' \
		--exclude='./Documentation/translations' . |
		tar -C "$2" -xf - &&
	(cd "$1" && find "${dirs[@]}" -maxdepth 1 -type f -print0) |
		tar -C "$1" --null -T - -cf - | tar -C "$2" -xf - ||
		die "cannot copy $1 to $2: is the disk full?"
}

# As the lab calls make, so that its compiler cache knows the answers.
kernel_make() {	# TREE WORD...
	local tree=$1

	shift
	CCACHE_DIR=${MFR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mfr}/ccache \
	KBUILD_BUILD_TIMESTAMP=1970-01-01 KBUILD_BUILD_USER=mfr \
	KBUILD_BUILD_HOST=lab LC_ALL=C \
		make -C "$tree" -j"$(nproc)" CC="ccache gcc" "$@" </dev/null 2>&1
}
