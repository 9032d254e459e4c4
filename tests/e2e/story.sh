# SPDX-License-Identifier: GPL-2.0-only
#
# For the demos: run a story in the lab in two columns, compare its figures
# with what they should be, print the table or the same as tests.  Whoever
# sources this has set $story, the demo's name, and has a function judge.

build=build/e2e
tap=false
case "${1-}" in
"") ;;
--tap) tap=true ;;
*) echo "usage: $0 [--tap]" >&2; exit 2 ;;
esac

declare -A fig		# COLUMN.KEY: the figures as the story printed them
declare -A bad_rows	# ROW: what is wrong with it
checks=()		# "ok ..." and "not ok ..."

die() {
	printf '%s: %s\n' "$story" "$*" >&2
	exit 1
}

compile_story() {	# PROGRAM GCC_WORD...
	local program=$1
	shift
	mkdir -p $build
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -Ilab \
		-o "$build/$program" "$@" ||
		die "cannot build $program: are gcc and libc6-dev installed?"
}

# Drawn over itself on a terminal, not at all elsewhere.
show_bar() {	# COLUMN PERCENT
	local width=40 filled
	[ -t 2 ] || return 0
	filled=$(($2 * width / 100))
	printf '\r# %s: [%-*s] %3d %%' "$1" "$width" \
		"$(printf '%*s' "$filled" '' | tr ' ' '#')" "$2" >&2
	(($2 < 100)) || echo >&2
}

# The story in one column: its progress is shown, its figures go to a log.
# Status is that of lab/vm.
run_story() {	# COLUMN VM_OPTION... -- COMMAND...
	local column=$1 line
	shift

	printf '# %s: booting\n' "$column" >&2
	lab/vm run --timeout 900 "$@" |
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		"# "*) echo "# $column: ${line#\# }" >&2 ;;
		progress=*) show_bar "$column" "${line#*=}" ;;
		esac
		echo "$line"
	done >"$build/$column.log"
}

load() {	# COLUMN KEY_OF_THE_END
	local key value

	while IFS='=' read -r key value; do
		fig[$1.$key]=$value
	done < <(grep -E '^[a-z_]+=' "$build/$1.log")
	[ -n "${fig[$1.$2]-}" ] ||
		die "the story in column $1 ended early: $build/$1.log"
}

want() {	# ROW COLUMN KEY EXPECTED
	local got=${fig[$2.$3]-missing}

	if [ "$got" = "$4" ]; then
		checks+=("ok - $2: $1 ($3 is $got)")
	else
		checks+=("not ok - $2: $1 ($3 is $got, should be $4)")
		bad_rows[$1]="$2: $3 is $got, should be $4"
	fi
}

grouped() { sed -E ':a; s/^(-?[0-9]+)([0-9]{3})/\1,\2/; ta' <<<"$1"; }

# Below the table; fails if a row is not what it should be.
print_wrong_rows() {	# COLUMN COLUMN
	local r

	[ ${#bad_rows[@]} -gt 0 ] || return 0
	for r in "${!bad_rows[@]}"; do
		echo "WRONG: row '$r', ${bad_rows[$r]}"
	done
	echo "The logs are $build/$1.log and $build/$2.log."
	return 1
}

# Exchanged columns: each row of the table that can tell them apart must.
control() {	# COLUMN COLUMN ROW...
	local -A kept
	local key r a=$1 b=$2
	shift 2

	for key in "${!fig[@]}"; do kept[$key]=${fig[$key]}; done
	fig=()
	for key in "${!kept[@]}"; do
		case $key in
		"$a".*) fig[$b.${key#*.}]=${kept[$key]} ;;
		"$b".*) fig[$a.${key#*.}]=${kept[$key]} ;;
		esac
	done
	judge
	for r; do
		if [ -n "${bad_rows[$r]-}" ]; then
			echo "ok - control: $r is found wrong in the other's place"
		else
			echo "not ok - control: $r cannot tell $a from $b"
		fi
	done
}

print_tap() {	# COLUMN COLUMN ROW...
	local results ok bad

	results=$(printf '%s\n' "${checks[@]}"; control "$@")
	echo "$results" | awk '{
		if ($1 == "ok") sub(/^ok/, "ok " NR)
		else sub(/^not ok/, "not ok " NR)
		print
	} END { print "1.." NR }'
	ok=$(grep -c '^ok' <<<"$results") || true
	bad=$(grep -c '^not ok' <<<"$results") || true
	echo "$ok passed, $bad failed"
	[ "$bad" -eq 0 ]
}
