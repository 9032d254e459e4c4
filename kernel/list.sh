# SPDX-License-Identifier: GPL-2.0-only
#
# What the series keep is made of: for the lab, which builds it, and for
# kernel/series and kernel/check, which export and check it.
#
# The caller sets $keep, the directory kernel/keep.  In it are the new files, as
# in a kernel tree, and per base a directory of patches that is named after it,
# which also has the few new files that differ from base to base.

# The kernel versions that the patches apply to: those of the packages
# linux-source-VERSION.
bases=(6.12 7.3)

# The release whose archive has it, for those that are not the machine's own.
declare -A suite_of=([7.3]=trixie-backports)

# The one in use; MFR_BASE chooses another one for whatever is run.
base=${MFR_BASE:-6.12}

# Where new files can be.
new_dirs=(Documentation arch fs include lib mm tools virt)

# New files, as paths in a kernel tree.
new_files() {
	(cd "$keep" 2>/dev/null || exit 0
	 for dir in . "$base"; do
		(cd "$dir" 2>/dev/null && find "${new_dirs[@]}" -type f 2>/dev/null)
	 done | LC_ALL=C sort) || :
}

# Where one of them is kept, relative to $keep.
path_of() {	# FILE
	if [ -f "$keep/$base/$1" ]; then echo "$base/$1"; else echo "$1"; fi
}

# Patches in the order in which they apply, as paths relative to $keep.
patch_names() {
	(cd "$keep" 2>/dev/null && find "$base" -name '0*.patch' 2>/dev/null |
		LC_ALL=C sort) || :
}
