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

# A pipe in the place of the file: it has all addresses, not the last one alone.
collect_addresses() {
	local file=$tmp/bad/sys/devices/system/memory/hard_offline_page
	rm -f "$file"
	mkfifo "$file"
	exec {collected}<>"$file"
}

retires() {	# STATUS ADDRESSES OPTION...
	local status said
	collect_addresses
	badpages restore "${@:3}" >"$tmp/said" 2>&1
	status=$?
	said=$(dd if="$tmp/bad/sys/devices/system/memory/hard_offline_page" bs=64k \
		count=1 iflag=nonblock status=none 2>/dev/null | sed 's/0x/ &/g')
	exec {collected}>&-
	echo "$status:$said; $(cat "$tmp/said")"
	[ "$status" = "$1" ] && [ "${said# }" = "$2" ]
}

retires_each_page() {
	bad_tree
	old_list "page 0x3000 0x3000" "page 0x7fff000 0x2000" "page 0x3ffff000 0x1000"
	retires 0 "0x3000 0x4000 0x5000 0x7fff000 0x8000000 0x3ffff000" &&
		grep -x "24 KiB of 24 KiB are out of use" "$tmp/said"
}

# What was flagged before a reboot is not flagged after it.
remembers_across_saves() {
	bad_tree
	flag_page 2 "$hwpoison"
	flag_page 5 "$hwpoison"
	badpages save && badpages save || return
	flag_page 1 '\0\0\0\0\0\0\0\0'
	flag_page 2 '\0\0\0\0\0\0\0\0'
	flag_page 4 "$hwpoison"
	badpages save >"$tmp/said" && cat "$tmp/said" "$tmp/list" &&
		grep -x "16 KiB are on the list $tmp/list" "$tmp/said" &&
		[ "$(grep -c ^page "$tmp/list")" = 2 ] &&
		grep -x "page 0x1000 0x2000" "$tmp/list" &&
		grep -x "page 0x4000 0x2000" "$tmp/list" &&
		retires 0 "0x1000 0x2000 0x4000 0x5000"
}

# Pages on both sides of a range, between two, within one, and the very first.
joins_ranges() {
	local page
	bad_tree
	old_list "page 0x2000 0x2000" "page 0x8000 0x1000"
	for page in 0 3 4 5 7 9 17; do
		flag_page $page "$hwpoison"
	done
	badpages save && cat "$tmp/list" &&
		diff - <(grep ^page "$tmp/list") <<-END
		page 0x0 0x6000
		page 0x7000 0x3000
		page 0x11000 0x1000
		END
}

# A huge page that stock Linux took away has the flag at its head alone.
finds_huge_pages() {
	local head='\0\200\012\0\0\0\0\0' tail='\0\0\003\0\0\0\0\0' page
	bad_tree
	flag_page 1 '\0\0\0\0\0\0\0\0'
	flag_page 8 "$head"
	for page in 9 10 11; do
		flag_page $page "$tail"
	done
	flag_page 12 '\0\200\002\0\0\0\0\0'	# the next one is good
	flag_page 13 "$tail"
	flag_page 16 "$hwpoison"
	flag_page 17 "$tail"
	badpages save && diff - <(grep ^page "$tmp/list") <<-END
	page 0x8000 0x4000
	page 0x10000 0x1000
	END
}

# More than is read at a time, and a page at the end of that and of the file.
reads_all_flags() {
	local page
	bad_tree
	for page in 65535 65536 131071 262143; do
		flag_page $page "$hwpoison"
	done
	badpages save && diff - <(grep ^page "$tmp/list") <<-END
	page 0x1000 0x1000
	page 0xffff000 0x2000
	page 0x1ffff000 0x1000
	page 0x3ffff000 0x1000
	END
}

lists_pages() {
	bad_tree
	flag_page 2 "$hwpoison"
	flag_page 6 "$hwpoison"
	"$mfr" badpages list --root "$tmp/bad" >"$tmp/said"
	[ $? = 1 ] && diff - "$tmp/said" <<-END || return
	0x1000 8 KiB
	0x6000 4 KiB
	END
	"$mfr" badpages list --json --root "$tmp/bad" | jq -e '.unplaced_bytes == 0 and
		.pages == [{address: 4096, length: 8192}, {address: 24576, length: 4096}]'
}

lists_nothing() {
	bad_tree
	flag_page 1 '\0\0\0\0\0\0\0\0'
	"$mfr" badpages list --root "$tmp/bad" >"$tmp/said" 2>&1 && [ ! -s "$tmp/said" ]
}

# A process that maps a kept file from its second page on, at 0x7f0000000000.
kept_tree() {
	local process=$tmp/bad/proc/300
	bad_tree
	mkdir -p "$process"/fd "$process"/fdinfo
	echo qemu >"$process/comm"
	printf 'mnt_id:\t15\nino:\t7\nmf_keep_ue_mapped: 1\nmf_ue: 0x2000+0x2000\n' \
		>"$process/fdinfo/4"
	ln -s "/memfd:ram (deleted)" "$process/fd/4"
	echo "7f0000000000-7f0000008000 rw-s 00001000 00:0f 7 /memfd:ram (deleted)" \
		>"$process/maps"
}

# Flags of a page in use, and its number, for the page at that place.
map_page() {	# PAGE_OF_PROCESS PFN_IN_BYTES
	printf "$2" | dd of="$tmp/bad/proc/300/pagemap" bs=8 conv=notrunc status=none \
		seek="$((0x7f0000000 + $1))"
}

places_kept_pages() {
	kept_tree
	map_page 1 '\007\0\0\0\0\0\0\200'
	map_page 2 '\011\0\0\0\0\0\0\201'
	badpages save && diff - <(grep ^page "$tmp/list") <<-END
	page 0x1000 0x1000
	page 0x7000 0x1000
	page 0x9000 0x1000
	END
}

# A page that is not mapped has no address that anybody could find.
counts_pages_without_address() {
	kept_tree
	map_page 1 '\007\0\0\0\0\0\0\200'
	map_page 2 '\011\0\0\0\0\0\0\0'
	badpages save 2>"$tmp/said"
	[ $? = 1 ] && grep "4 KiB in kept files that nobody maps are not on the list" "$tmp/said" &&
		[ "$(grep -c ^page "$tmp/list")" = 2 ] || return
	"$mfr" badpages list --root "$tmp/bad" | grep "^4 KiB more are lost in kept files" &&
		"$mfr" badpages list --json --root "$tmp/bad" | jq -e '.unplaced_bytes == 4096'
}

refuses_foreign() {	# LINE_OF_LIST OTHER_LINE WHY
	local before
	bad_tree
	old_list "page 0x3000 0x2000"
	sed -i "s/^$1/$2/" "$tmp/list"
	before=$(cat "$tmp/list")
	retires 2 "" && grep "is a list $3" "$tmp/said" || return
	! badpages save && [ "$(cat "$tmp/list")" = "$before" ] || return
	retires 0 "0x3000 0x4000" --foreign
}

# The pages of the other list stay, and it is this machine's from now on.
adopts_foreign() {
	bad_tree
	old_list "page 0x3000 0x2000"
	sed -i 's/machine_id 4/machine_id 5/' "$tmp/list"
	badpages save --foreign && grep -x "page 0x3000 0x2000" "$tmp/list" &&
		grep -x "page 0x1000 0x1000" "$tmp/list" &&
		grep -x "machine machine_id 4d6f73742073757265206f6620697421" "$tmp/list" &&
		retires 0 "0x1000 0x3000 0x4000"
}

has_machine() {	# LINE_OF_LIST
	badpages save && cat "$tmp/list" && grep -x "machine $1" "$tmp/list"
}

# The firmware's number comes first, if it is one.
knows_machine() {
	local uuid=$tmp/bad/sys/class/dmi/id/product_uuid
	bad_tree
	mkdir -p "${uuid%/*}"
	echo 4c4c4544-0047-3010-8053-b2c04f4d3232 >"$uuid"
	has_machine "product_uuid 4c4c4544-0047-3010-8053-b2c04f4d3232" || return
	echo FFFFFFFF-ffff-FFFF-FFFF-FFFFFFFFFFFF >"$uuid"
	rm "$tmp/list"
	has_machine "machine_id 4d6f73742073757265206f6620697421" || return
	echo 00000000-0000-0000-0000-000000000000 >"$uuid"
	has_machine "machine_id 4d6f73742073757265206f6620697421" || return
	: >"$tmp/bad/etc/machine-id"
	! badpages save 2>"$tmp/said" && grep "this machine has no identity" "$tmp/said"
}

has_blocks() {	# NUMBERS_OF_LIST NUMBER...
	local memory=$tmp/bad/sys/devices/system/memory n
	bad_tree
	rmdir "$memory"/memory?
	for n in "${@:2}"; do
		mkdir "$memory/memory$n"
	done
	mkdir "$memory/memory" "$memory/memory3x" "$memory/power"
	badpages save && cat "$tmp/list" && grep -x "blocks 0x8000000 $1" "$tmp/list"
}

names_blocks() {
	has_blocks 0 0 && has_blocks 0-1 0 1 && has_blocks 0,2 2 0 &&
		has_blocks 0-2,4,6-7,100 100 7 0 2 1 6 4 && has_blocks 9-11 10 9 11
}

# Neither a list without blocks, nor one that overwrites what is known.
refuses_odd_blocks() {	# BLOCK_SIZE
	bad_tree
	badpages save || return
	cp "$tmp/list" "$tmp/list.before"
	echo "$1" >"$tmp/bad/sys/devices/system/memory/block_size_bytes"
	! badpages save 2>"$tmp/said" && cat "$tmp/said" &&
		grep "cannot tell the memory blocks of this machine" "$tmp/said" &&
		cmp "$tmp/list" "$tmp/list.before" && ! badpages restore
}

# Of blocks, there is only their size.  That is no missing list.
refuses_no_blocks() {
	bad_tree
	badpages save || return
	cp "$tmp/list" "$tmp/list.before"
	rmdir "$tmp/bad/sys/devices/system/memory"/memory?
	! badpages save 2>"$tmp/said" && cmp "$tmp/list" "$tmp/list.before" &&
		grep "cannot tell the memory blocks" "$tmp/said" && retires 2 ""
}

refuses_no_flags() {
	bad_tree
	badpages save
	rm "$tmp/bad/proc/kpageflags"
	cp "$tmp/list" "$tmp/list.before"
	! badpages save 2>"$tmp/said" && grep "kpageflags is missing" "$tmp/said" &&
		cmp "$tmp/list" "$tmp/list.before"
}

# The limit itself is allowed; the file has the last page.
takes_largest_list() {
	bad_tree
	old_list "page 0x1000 0x4000000"
	restores 0 "64 MiB of 64 MiB are out of use" 0x4000000
}

# A page that cannot be taken out of use costs the others nothing.
goes_on_after_failure() {
	bad_tree
	old_list "page 0x3000 0x2000" "page 0x7000 0x1000"
	rm "$tmp/bad/sys/devices/system/memory/hard_offline_page"
	mkdir "$tmp/bad/sys/devices/system/memory/hard_offline_page"
	badpages restore >"$tmp/said" 2>&1
	[ $? = 1 ] && cat "$tmp/said" &&
		[ "$(grep -c "could not take this page out of use: Is a directory" "$tmp/said")" = 3 ] &&
		grep -x "0 bytes of 12 KiB are out of use" "$tmp/said"
}

# The same for all pages: it is said once.
stops_without_file() {
	bad_tree
	old_list "page 0x3000 0x2000" "page 0x7000 0x1000"
	rm "$tmp/bad/sys/devices/system/memory/hard_offline_page"
	badpages restore >"$tmp/said" 2>&1
	[ $? = 2 ] && [ "$(wc -l <"$tmp/said")" = 1 ] &&
		grep "hard_offline_page is missing" "$tmp/said"
}

is_no_list() {	# REGEX LINE...
	bad_tree
	printf '%s\n' "${@:2}" >"$tmp/list"
	cp "$tmp/list" "$tmp/list.before"
	retires 2 "" && grep -E "is not a list of bad pages: $1" "$tmp/said" &&
		! badpages save && cmp "$tmp/list" "$tmp/list.before"
}

# Each line of a list in turn, made wrong.
refuses_odd_lists() {
	local machine="machine machine_id 4d6f73742073757265206f6620697421"
	local start=("mfr-badpages 1" "$machine" "blocks 0x8000000 0-7")
	local page="page 0x3000 0x1000" pages="line 4: not 'page" line
	is_no_list "line 1: not 'mfr-badpages 2'" "mfr-badpages 3" &&
		is_no_list "line 2: machine" "mfr-badpages 1" "machine" &&
		is_no_list "line 2: machine" "mfr-badpages 1" "machine " &&
		is_no_list "line 3: blocks" "mfr-badpages 1" "$machine" "block 0-7" &&
		is_no_list "line 4: the list ends too early" "${start[@]}" &&
		is_no_list "line 5: the list ends too early" "${start[@]}" "$page" &&
		is_no_list "line 5: neither" "${start[@]}" "$page" "end 2" &&
		is_no_list "line 5: something follows" "${start[@]}" "$page" "end 1" "" &&
		is_no_list "line 5: .* not in order, or overlap" \
			"${start[@]}" "$page" "page 0x2000 0x1000" "end 2" &&
		is_no_list "line 5: .* not in order, or overlap" \
			"${start[@]}" "page 0x3000 0x2000" "page 0x4000 0x1000" "end 2" || return
	for line in "0x3000 0" "0x3000 0x0" "0x3001 0x1000" "0x3000 0x1001" "0x 0x1000" \
		"3000 0x1000" "0x3000  0x1000" "0x3000 0x1000 " "0x3000" "0xA000 0x1000" \
		"0xfffffffffffff000 0x1000" "0x10000000000001000 0x1000"; do
		is_no_list "$pages" "${start[@]}" "page $line" "end 1" || return
	done
}

refuses_huge_list() {
	bad_tree
	truncate -s 64M "$tmp/list"
	retires 2 "" && grep "cannot read the list .*: File too large" "$tmp/said" || return
	truncate -s $((64 * 1024 * 1024 - 1)) "$tmp/list"
	retires 2 "" && grep "is not a list of bad pages: line 1: not a line" "$tmp/said"
}

# Those that touch are two ranges of one list still.
takes_lists_in_order() {
	bad_tree
	old_list "page 0x0 0x1000" "page 0x3000 0x1000" "page 0x4000 0x1000"
	retires 0 "0x0 0x3000 0x4000"
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
	local size
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
	check "each page of each range is retired, and no other" retires_each_page
	check "what was saved stays on the list" remembers_across_saves
	check "pages that touch are one range" joins_ranges
	check "of a huge page that is bad, all is" finds_huge_pages
	check "all flags are read" reads_all_flags
	check "list shows what is bad" lists_pages
	check "and nothing if nothing is" lists_nothing
	check "pages of kept files are found where a process maps them" places_kept_pages
	check "those that no process maps are counted" counts_pages_without_address
	check "a list of another machine is refused without --foreign" \
		refuses_foreign "machine machine_id 4" "machine machine_id 5" "of another machine"
	check "one of other blocks, too" refuses_foreign "blocks 0x8000000 0-7" \
		"blocks 0x4000000 0-7" "of this machine with other memory"
	check "save --foreign makes it this machine's" adopts_foreign
	check "the machine is named by its firmware, or its system" knows_machine
	check "blocks are named in ranges" names_blocks
	for size in "" 80x 0x; do
		check "a block size of '$size' changes no list" refuses_odd_blocks "$size"
	done
	check "memory without blocks changes no list" refuses_no_blocks
	check "without the flags of pages a list stays as it is" refuses_no_flags
	check "a list of the largest size is taken" takes_largest_list
	check "a page that stays in use costs the others nothing" goes_on_after_failure
	check "a kernel without hard_offline_page is named once" stops_without_file
	check "what is no list is refused, and stays" refuses_odd_lists
	check "nor is a file of 64 MiB read" refuses_huge_list
	check "ranges that touch are in order" takes_lists_in_order
	check "what is restored is no error" counts_apart
	check "control: one more failure is" finds_more "node 0: .* 1 error: .*" \
		/sys/devices/system/node/node0/memory_failure/failed 4097
	check "control: one more page is" finds_more "4 KiB of memory are poisoned" \
		/proc/meminfo "HardwareCorrupted: 8 kB"
	check "without memory blocks a list can be saved" saves_without_blocks
	test_json_of_all
}
