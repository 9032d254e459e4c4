# SPDX-License-Identifier: GPL-2.0-only
#
# mfr badpages on a tree: eight blocks of 128 MiB, of which the page at 0x1000 is
# flagged.  What a kernel does with the pages is in guest.

flag_page() {	# PFN FLAGS_IN_BYTES
	printf "$2" | dd of="$tmp/bad/proc/kpageflags" bs=8 seek="$1" \
		conv=notrunc status=none
}

hwpoison='\0\0\010\0\0\0\0\0' slab_hwpoison='\200\0\010\0\0\0\0\0'
lru_hwpoison='\040\0\010\0\0\0\0\0'

bad_tree() {
	local memory=$tmp/bad/sys/devices/system/memory
	rm -rf "$tmp/bad" "$tmp/list"
	mkdir -p "$memory"/memory{0..7} "$tmp/bad"/{etc,proc}
	echo 4d6f73742073757265206f6620697421 >"$tmp/bad/etc/machine-id"
	echo 8000000 >"$memory/block_size_bytes"
	: >"$memory/hard_offline_page"
	truncate -s 2M "$tmp/bad/proc/kpageflags"
	flag_page 1 "$hwpoison"
}

badpages() {	# WORD...
	"$mfr" badpages "$@" --root "$tmp/bad" --file "$tmp/list"
}

# Version 1, which has no checksum.
old_list() {	# PAGE_LINE...
	printf '%s\n' "mfr-badpages 1" \
		"machine machine_id 4d6f73742073757265206f6620697421" \
		"blocks 0x8000000 0-7" "$@" "end $#" >"$tmp/list"
}

restores() {	# STATUS REGEX LAST_PAGE OPTION...
	local status memory=$tmp/bad/sys/devices/system/memory
	badpages restore "${@:4}" >"$tmp/said" 2>&1
	status=$?
	echo "$status: $(cat "$tmp/said" "$memory/hard_offline_page")"
	[ "$status" = "$1" ] && grep -qE -- "$2" "$tmp/said" &&
		[ "$(cat "$memory/hard_offline_page")" = "$3" ]
}

saves_and_restores() {
	bad_tree
	badpages save && grep -xE "end 1 [0-9a-f]{8}" "$tmp/list" &&
		restores 0 "4 KiB of 4 KiB are out of use" 0x1000
}

refuses_flipped_digit() {
	bad_tree
	badpages save && sed -i 's/^page 0x1000/page 0x3000/' "$tmp/list" &&
		restores 2 "line 5: the checksum is not that of the list" "" &&
		! badpages save
}

takes_old_list() {
	bad_tree
	old_list "page 0x3000 0x1000"
	restores 0 "4 KiB of 4 KiB" 0x3000 && badpages save &&
		grep -x "mfr-badpages 2" "$tmp/list" &&
		grep -x "page 0x3000 0x1000" "$tmp/list"
}

bounds_what_is_retired() {
	bad_tree
	old_list "page 0x1000 0x4001000"
	restores 2 "has 65540 KiB, and --max is 64 MiB: nothing" "" &&
		sed -i 's/0x4001000/0x8000/' "$tmp/list" &&
		restores 2 "has 32 KiB, and --max is 16 KiB" "" --max=16K &&
		restores 0 "32 KiB of 32 KiB" 0x8000 --max=32K
}

restores_around_missing_block() {
	bad_tree
	old_list "page 0x1000 0x1000" "page 0x8000000 0x2000" "page 0x38000000 0x1000"
	rmdir "$tmp/bad/sys/devices/system/memory/memory1"
	restores 1 "^mfr: 0x8000000: 8 KiB here are in a memory block that is not there" \
		0x38000000 && grep "8 KiB of 16 KiB are out of use" "$tmp/said" &&
		badpages save && grep -x "blocks 0x8000000 0-7" "$tmp/list" &&
		grep -x "page 0x8000000 0x2000" "$tmp/list"
}

# Most of it is missing, or there is some that was not there.
refuses_other_memory() {
	local memory=$tmp/bad/sys/devices/system/memory
	bad_tree
	old_list "page 0x1000 0x1000"
	mv "$memory/memory1" "$memory/memory9"
	restores 2 "with other memory in it" "" || return
	rmdir "$memory"/memory{2,3,4,5,9}
	restores 2 "with other memory in it" ""
}

finds_page_in_use() {	# FLAGS
	bad_tree
	badpages save
	flag_page 1 "$1"
	restores 1 "0x1000: .* still in use" 0x1000 &&
		grep "0 bytes of 4 KiB are out of use" "$tmp/said"
}

saves_without_blocks() {
	bad_tree
	rm -r "$tmp/bad/sys/devices/system/memory"
	badpages save && badpages save && grep -x "blocks unknown" "$tmp/list" &&
		! badpages restore 2>"$tmp/said" &&
		grep "hard_offline_page is missing" "$tmp/said"
}

# Each write to hard_offline_page is one to a counter here, which so grows.
counts_apart() {
	local node=$tmp/bad/sys/devices/system/node/node0/memory_failure
	bad_tree
	mkdir -p "$node"
	tee "$node"/{total,recovered,delayed,ignored,failed} <<<0
	echo "HardwareCorrupted: 4 kB" >"$tmp/bad/proc/meminfo"
	ln -sf "$node/failed" "$tmp/bad/sys/devices/system/memory/hard_offline_page"
	badpages save && badpages restore || return
	cat "$tmp/bad/run/mfr/restored"
	[ "$(($(cat "$node/failed")))" = 4096 ] &&
		grep -x "node0 4096" "$tmp/bad/run/mfr/restored" || return
	printf 'bytes 4096\nnode0 4096\n' >"$tmp/bad/run/mfr/restored"
	"$mfr" check --root "$tmp/bad" &&
		"$mfr" status --json --root "$tmp/bad" | jq -e '.restored_bytes == 4096'
}

# After counts_apart: one more of each.
finds_more() {	# REGEX FILE LINE
	with bad "$2" "$3"
	"$mfr" check --root "$tmp/changed" | grep -E "^problem: $1"
}

# Whatever happens, the standard output is one JSON value.
prints_json() {	# JQ_FILTER COMMAND WORD...
	"$mfr" "${@:2}" --json --root "$tmp/bad" 2>"$tmp/said" >"$tmp/out.json"
	cat "$tmp/said" "$tmp/out.json"
	jq -es "length == 1 and (.[0] | $1)" "$tmp/out.json"
}

test_json_of_all() {
	local result='.schema == "mfr-result-1" and .status =='
	bad_tree
	check "badpages save --json prints JSON" \
		prints_json "$result \"fine\"" badpages save --file "$tmp/list"
	check "badpages restore --json prints JSON" \
		prints_json "$result \"fine\"" badpages restore --file "$tmp/list"
	check "and without a list" \
		prints_json "$result \"fine\"" badpages restore --file "$tmp/none"
	rm "$tmp/bad/proc/kpageflags"
	check "badpages list --json that fails prints JSON" \
		prints_json "$result \"unknown\"" badpages list
	check "scan --json without a scanner prints JSON" \
		prints_json "$result \"unknown\"" scan
	check "control: what has JSON of its own prints no other" \
		prints_json '.schema == "mfr-check-1"' check
}

test_badpages() {
	check "what is saved is restored" saves_and_restores
	check "a digit that flipped is found" refuses_flipped_digit
	check "a list without a checksum is taken, and gets one" takes_old_list
	check "a list of much memory is refused" bounds_what_is_retired
	check "a block that is missing costs the others nothing" \
		restores_around_missing_block
	check "control: a list of other memory is refused" refuses_other_memory
	check "a bad page of a slab is not out of use" \
		finds_page_in_use "$slab_hwpoison"
	check "nor is one that can be mapped" finds_page_in_use "$lru_hwpoison"
	check "what is restored is no error" counts_apart
	check "control: one more failure is" finds_more "node 0: .* 1 error: .*" \
		/sys/devices/system/node/node0/memory_failure/failed 4097
	check "control: one more page is" finds_more "4 KiB of memory are poisoned" \
		/proc/meminfo "HardwareCorrupted: 8 kB"
	check "without memory blocks a list can be saved" saves_without_blocks
	test_json_of_all
}
