# SPDX-License-Identifier: GPL-2.0-only
#
# The distribution's packages that the lab needs.  None is asked for, and no
# network used, if all are there.

packages=(qemu-system-x86 gcc libc6-dev make flex bison bc libelf-dev libssl-dev
	cpio kmod lz4 xz-utils patch ccache busybox-static)

missing_packages() {
	local installed
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' \
		"${packages[@]}" 2>/dev/null | sed -n 's/^installed //p')
	printf '%s\n' "${packages[@]}" | grep -vxF -e "$installed"
}

apt() {
	DEBIAN_FRONTEND=noninteractive in_group apt-get -qq -o Dpkg::Use-Pty=0 \
		"$@" </dev/null >&2
}

need_packages() {
	local missing
	[ -n "${suite_of[$base]-}" ] || packages+=("linux-source-$base")
	command -v dpkg-query >/dev/null ||
		die "the lab wants a Debian system, whose kernel source and QEMU it uses; there is no dpkg here"
	mapfile -t missing < <(missing_packages)
	((${#missing[@]})) || return 0
	((EUID == 0)) ||
		die "packages are missing; run: sudo apt-get install ${missing[*]}"
	say "installing ${#missing[@]} packages: ${missing[*]}"
	apt install --no-install-recommends "${missing[@]}" && return
	say "that failed; once more with fresh package lists"
	apt update && apt install --no-install-recommends "${missing[@]}" ||
		die "cannot install ${missing[*]}: see apt-get's words above"
}

# What identifies a package's files, without reading them: stale is impossible,
# for an upgrade or a rebuild changes the version.
package_version() {
	dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' "$1"
}
