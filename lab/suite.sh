# SPDX-License-Identifier: GPL-2.0-only
#
# Packages of a suite that this machine does not use, such as the source of a newer
# kernel: from the mirror that the machine has, by an apt with a state of its own.
# Nothing of the machine's configuration changes, and nothing is installed.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Where the machine gets its own packages from.  Its sources can name the release by
# code name, or "stable", which is known by code name once there is a list of packages.
mirror() {
	local release
	release=$(. /etc/os-release; echo "$VERSION_CODENAME")
	{
		apt-get indextargets --format '$(REPO_URI)' "Release: $release"
		apt-get indextargets --format '$(REPO_URI)' "Codename: $release"
	} | sed -n 1p | grep ''
}

# For the rest of this subshell, apt knows the packages of SUITE, and no others.  One
# subshell at a time, as apt does not wait for itself.
use_suite() {	# SUITE
	local state=$cache/apt/$1 uri
	uri=$(mirror) ||
		die "cannot find a mirror of this release in the machine's apt sources; run apt-get update as root, then this again"
	mkdir -p "$state"/{lists,archives}/partial ||
		die "cannot use the cache $cache"
	exec 8>"$state/lock"
	flock 8
	echo "deb [signed-by=$keyring] $uri $1 main" >"$state/sources.list"
	cat >"$state/conf" <<-END
	Dir::State::Lists "$state/lists";
	Dir::Cache "$state";
	Dir::Etc::sourcelist "$state/sources.list";
	Dir::Etc::sourceparts "-";
	Acquire::Languages "none";
	APT::Sandbox::User "$(id -un)";
	END
	export APT_CONFIG=$state/conf
	apt-get -qq update >&2 ||
		die "cannot get the list of packages of $1 from $uri: see apt-get's words above; is it on that mirror?"
}

candidate() {	# PACKAGE
	apt-cache policy "$1" | awk '$1 == "Candidate:" { print $2 }'
}

# A PACKAGE can be NAME=VERSION.
download_from() {	# SUITE DIRECTORY PACKAGE...
	(use_suite "$1" && cd "$2" && apt-get -qq download "${@:3}" >&2) ||
		die "cannot download ${*:3} of $1: see apt-get's words above"
}
