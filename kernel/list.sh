# SPDX-License-Identifier: GPL-2.0-only
#
# What the series keep is made of: for the lab, which builds it, and for
# kernel/series and kernel/check, which export and check it.
#
# The caller sets $keep, the directory kernel/keep.  In it are the new files, as
# in a kernel tree, and per base a directory of patches that is named after it.

# The kernel version that the patches apply to, whose source is the
# distribution's package linux-source-$base.
base=6.12

# Where new files can be.
new_dirs=(Documentation arch fs include lib mm tools virt)

# New files, as paths relative to $keep.
new_files() {
	(cd "$keep" 2>/dev/null && find "${new_dirs[@]}" -type f 2>/dev/null |
		LC_ALL=C sort) || :
}

# Patches in the order in which they apply, as paths relative to $keep.
patch_names() {
	(cd "$keep" 2>/dev/null && find "$base" -name '0*.patch' 2>/dev/null |
		LC_ALL=C sort) || :
}
