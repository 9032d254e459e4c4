# SPDX-License-Identifier: GPL-2.0-only
#
# Names that users, programs and firmware chose: none reaches a terminal, or the
# one line of a check, as it is.

escape=$'\033'
memfd_name=$'x\r\033[2K\nfine: no memory error needs attention\n\033]52;c;aGk=\a'

named() {
	local process=$tmp/named/proc/77
	local dimm=$tmp/named/sys/devices/system/edac/mc/mc0/dimm0
	[ ! -d "$tmp/named" ] || return 0
	unpack scanned
	cp -a "$tmp/scanned" "$tmp/named"
	mkdir -p "$process"/fd{,info} "$dimm"
	printf 'e\033[31mvil\302\233\n' >"$process/comm"
	printf 'mnt_id:\t15\nino:\t9\nmf_keep_ue_mapped: 1\nmf_ue: 0x0+0x1000\n' \
		>"$process/fdinfo/4"
	ln -s "/memfd:$memfd_name (deleted)" "$process/fd/4"
	printf 'A1\033[8m\377\342\200\256\n' >"$dimm/dimm_label"
	printf 'channel\b\b\b 0\n' >"$dimm/dimm_location"
	echo F19h$'\a' >"$dimm/../mc_name"
	echo 1 | tee "$dimm"/dimm_{u,c}e_count "$dimm"/../{u,c}e_{noinfo_,}count >"$tmp/said"
	echo "a\"ll${escape}[2K\\" >"$tmp/named$memscan/node0/scope"
	echo "waiting${escape}[2K" >"$tmp/named$memscan/node0/state"
}

is_plain() {	# WORD...
	"$mfr" "$@" --root "$tmp/named" >"$tmp/said" 2>&1
	cat -v "$tmp/said"
	! LC_ALL=C grep -aq '[^ -~]' "$tmp/said"
}

is_one_line() {
	local said
	said=$("$mfr" check --root "$tmp/named"; echo "$?")
	cat -v <<<"$said"
	[ "$(wc -l <<<"$said")" = 2 ] && [[ $said == "problem: "*"
1" ]] && grep -F 'x\x0d\x1b[2K\x0afine: no memory' <<<"$said"
}

json_has() {	# FILTER NAME
	"$mfr" status --json --root "$tmp/named" |
		jq -e --arg name "$2" "$1 == \$name"
}

scope_is_escaped() {
	"$mfr" export --root "$tmp/named" | tee "$tmp/said" | promtool check metrics &&
		grep -F 'mfr_scanner_age_seconds{node="0",scope="a\"ll?[2K\\"}' "$tmp/said"
}

# The figures stand below the heads of their columns.
columns_stand() {	# TREE
	unpack "$1"
	"$mfr" status --root "$tmp/$1" | awk '
		/^Errors of DIMM/ { end = index($0, "uncorrected") + 10; next }
		/^$/ { end = 0 }
		end { n++; if (substr($0, end, 2) !~ /[0-9] /) exit 1 }
		END { exit !n }'
}

test_names() {
	named
	local command
	for command in status check scan export; do
		# shellcheck disable=SC2086
		check "$command prints no byte of a name that a terminal obeys" \
			is_plain $command
	done
	check "control: the names have such bytes" \
		json_has '.kept[0].name' "$memfd_name"
	check "a name cannot add a line to check" is_one_line
	check "JSON has the names as they are" \
		json_has '.kept[0].holders[0].command' $'e\033[31mvil\302\233'
	check "JSON has a name that is not UTF-8 escaped" \
		json_has '.dimms[0].label' 'A1\x1b[8m\xff\xe2\x80\xae'
	check "and still has its schema" eval '"$mfr" status --json \
		--root "$tmp/named" | jq -e "$status_schema"'
	check "a quote in a word of the scanner costs no metric" scope_is_escaped
	check "columns stand below their heads, with long labels" columns_stand intel
	check "and with short ones" columns_stand kept
}
