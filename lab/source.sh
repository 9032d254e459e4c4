# SPDX-License-Identifier: GPL-2.0-only
#
# The source of the kernels: linux-source-$base of this machine's own release, which
# need_packages installs, or of a newer one.

# Its newest version of the day when it was first needed; removing the directory
# gets a newer one.
make_source() {	# DIRECTORY
	local package=linux-source-$base deb
	need_disk 500 "$package"
	say "download $package of ${suite_of[$base]}: 170 MB"
	check_same_inputs source "$1"
	download_from "${suite_of[$base]}" "$1" "$package"
	deb=$(echo "$1"/*.deb)
	dpkg-deb -f "$deb" Version >"$1/version" &&
	dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./md5sums >"$1/md5sums" &&
	dpkg-deb --fsys-tarfile "$deb" |
		tar -xO "./usr/src/linux-source-$base.tar.xz" >"$1/linux.tar.xz" ||
		die "$deb is not laid out as expected"
	rm "$deb"
	say "$package: $(cat "$1/version")"
}

source_inputs() {
	echo "linux-source-$base ${suite_of[$base]}"
	declare -f make_source
}

# Let $tarball be the source of $base, $source_version its package's version, and
# $source_sums the file with its checksums.
need_source() {
	if [ -n "${suite_of[$base]-}" ]; then
		artefact source
		tarball=$artefact/linux.tar.xz
		source_version=$(cat "$artefact/version")
		source_sums=$(cat "$artefact/md5sums")
	else
		tarball=/usr/src/linux-source-$base.tar.xz
		source_version=$(dpkg-query -W -f '${Version}' "linux-source-$base")
		source_sums=$(dpkg-query --control-show "linux-source-$base" md5sums)
	fi
}
