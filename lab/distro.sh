# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel distro: the distribution's own image, as it is, of the version whose
# source base is made from.  Its packages are unpacked into the cache, never
# installed.  Much of it is modules, of which a guest gets those that the lab
# needs; init.c loads them.

# Versions such as 6.12.117-1~deb12u1 and 7.3.4-1~bpo13+1 say for which release;
# others are for this machine's.  From that comes what uname -r says.
name_distro() {
	local release
	release=$(sed -nE 's/.*~(deb|bpo)([0-9]+).*/\2/p' <<<"$source_version")
	distro_abi=${source_version%%-*}+deb${release:-$(. /etc/os-release; echo "$VERSION_ID")}
	distro_release=$distro_abi-amd64
}

# Some releases of the image's package have no modules, and the other way round.
image_packages() {
	case $base in
	6.12) echo "linux-image-$distro_release-unsigned" ;;
	*) printf 'linux-%s\n' "binary-unsigned-$distro_release" "modules-$distro_release" ;;
	esac
}

distro_packages() {
	{ image_packages
	  printf 'linux-%s\n' "headers-$distro_release" \
		"headers-$distro_abi-common" "kbuild-$distro_abi"
	} | sed "s/\$/=$source_version/"
}

download() {	# DIRECTORY PACKAGE...
	local to=$1
	shift
	(cd "$to" && apt -o APT::Sandbox::User=root download "$@")
}

download_distro() {	# DIRECTORY
	local packages
	mapfile -t packages < <(distro_packages)
	say "distro: download ${packages[*]%=*}"
	if [ -n "${suite_of[$base]-}" ]; then
		download_from "${suite_of[$base]}" "$1" "${packages[@]}"
		return
	fi
	download "$1" "${packages[@]}" && return
	say "that failed; once more with fresh package lists"
	((!EUID)) || die "run: sudo apt-get update, then this again"
	apt update && download "$1" "${packages[@]}" ||
		die "cannot download ${packages[*]}: see apt-get's words above"
}

# Programs that were linked for a newer release may not run here: base has the same
# ones, compiled here from the same source.
replace_programs() {	# TREE BASE_TREE
	local program
	for program in scripts/mod/modpost tools/objtool/objtool; do
		! ldd "$1/$program".real-* 2>&1 |
			grep -q 'GLIBC_.* not found' ||
			cp --remove-destination "$2/$program" "$1/$program" ||
			return
	done
}

# The image's compiler may know more than this machine's.
adapt_to_compiler() {	# TREE
	gcc -fmin-function-alignment=16 -E -x c /dev/null >/dev/null 2>&1 && return
	sed -i '/CC_HAS_MIN_FUNCTION_ALIGNMENT/d' "$1/include/config/auto.conf" &&
	sed -i -E 's/gcc-[0-9]+/gcc/' "$1/.kernelvariables"
}

# The headers become a tree like the others: linux/, with the image in it.
# Their vmlinux is there for BTF only, which modules do without, as ours.
make_distro() {	# DIRECTORY BASE_DIRECTORY
	local package image
	name_distro
	need_disk 1200 "the kernel distro"
	check_same_inputs distro "$1"
	download_distro "$1"
	for package in "$1"/*.deb; do
		dpkg-deb -x "$package" "$1" || die "cannot unpack $package"
	done
	rm "$1"/*.deb "$1/usr/src/linux-headers-$distro_release/vmlinux"
	[ -d "$1/lib" ] || ln -s usr/lib "$1/lib"
	image=$(find "$1/boot" "$1/lib/modules/" -name 'vmlinuz*' -type f 2>/dev/null)
	ln -s "usr/src/linux-headers-$distro_release" "$1/linux" &&
	sed -i "s|/usr/src/|$1&|" "$1/linux/Makefile" &&
	replace_programs "$1/linux" "${2-}/linux" &&
	adapt_to_compiler "$1/linux" &&
	mkdir -p "$1/linux/arch/x86/boot" &&
	mv "$image" "$1/linux/arch/x86/boot/bzImage" &&
	/sbin/depmod -b "$1" "$distro_release" ||
		die "the packages of distro are not laid out as expected: see $1"
}

distro_inputs() {
	name_distro
	distro_packages
	declare -f make_distro download_distro download distro_packages \
		image_packages replace_programs adapt_to_compiler
}

# What our configuration has built in for tests, and what the options of this
# guest need.
distro_modules() {
	echo hwpoison-inject
	[ "$root" != host ] || echo 9p 9pnet_virtio overlay
	[ -z "$disk" ] || echo virtio_blk ext4
	[ "$cpu" != amd ] || echo kvm_amd
	[ -z "$vfio" ] || echo vfio_iommu_type1 vfio_pci
}

# As lab/modules/101-NAME.ko.xz, 102-...: names sort as they are to be loaded,
# each behind those that it depends on.  What this machine's modprobe.d says is
# not about the guest.
add_distro_modules() {	# INITRAMFS_DIRECTORY
	local names said path n=100
	[ "$kernel" = distro ] || return 0
	mapfile -t names < <(distro_modules | tr ' ' '\n')
	name_distro
	said=$(/sbin/modprobe -C /dev/null -d "$kernel_dir" \
		-S "$distro_release" --show-depends -a "${names[@]}") ||
		die "distro lacks a module among ${names[*]}"
	mkdir "$1/lab/modules"
	while read -r path; do
		n=$((n + 1))
		cp "$path" "$1/lab/modules/$n-${path##*/}" ||
			die "cannot copy the module $path"
	done < <(awk '$1 == "insmod" && !seen[$2]++ { print $2 }' <<<"$said")
}
