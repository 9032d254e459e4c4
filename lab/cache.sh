# SPDX-License-Identifier: GPL-2.0-only
#
# What was built before: $cache/KIND/KEY/, where KEY is a hash of everything
# that the artefact is made from.  It counts only once it holds the file
# "complete", the last thing to be written; whatever a killed build left
# behind is without, and is removed before the next attempt.

keep_artefacts=4

# Hash of the standard input, short enough for a path.
key() {
	sha256sum | cut -c1-20
}

# Let $artefact be the directory that make_KIND makes, given it and the ARGs,
# from what KIND_inputs prints.  One lab/vm makes a kind at a time, others wait.
artefact() {	# KIND [ARG]...
	local kind=$1
	artefact=$cache/$kind/$("$1_inputs" | key)
	if [ ! -e "$artefact/complete" ]; then
		mkdir -p "$cache/$kind" || die "cannot use the cache $cache"
		exec 9>"$cache/$kind/lock"
		if ! flock -n 9; then
			say "another lab/vm makes a $kind; waiting for it"
			in_group flock 9
		fi
		[ -e "$artefact/complete" ] || make_artefact "$@"
		prune "$kind"
		exec 9>&-
	fi
	touch "$artefact/complete"	# when it was used last
}

make_artefact() {	# KIND [ARG]...
	rm -rf "$artefact"
	mkdir "$artefact"
	in_group make_to_the_end "$@" || exit "$failure_status"
}

# Should only its parent be killed, this goes on, and is of use to the next.
make_to_the_end() {	# KIND [ARG]...
	local kind=$1
	shift
	"make_$kind" "$artefact" "$@" && touch "$artefact/complete"
}

# To be called once a make_KIND has read all of its inputs, for they may have
# been edited since they were hashed.
check_same_inputs() {	# KIND DIRECTORY
	[ "$("$1_inputs" | key)" = "${2##*/}" ] ||
		die "what $1 is made from was changed while it was read; start again"
}

# Keep the few that were used last, and those that may be in use right now.
# Nobody else makes one, so what is not complete is left from a killed build.
prune() {	# KIND
	local old
	for old in "$cache/$1"/*/; do
		[ -e "$old/complete" ] || rm -rf "$old"
	done
	find "$cache/$1" -mindepth 2 -maxdepth 2 -name complete -mmin +20 \
		-printf '%T@ %h\n' | sort -rn | tail -n +$((keep_artefacts + 1)) |
	while read -r _ old; do
		rm -f "$old/complete"
		rm -rf "$old"
	done
}

need_disk() {	# MIB WHAT
	local free
	free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
	((free >= $1)) ||
		die "$2 takes $1 MiB, but $cache has only $free MiB free; free some, or set MFR_CACHE to a larger place"
}
