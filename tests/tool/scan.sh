# SPDX-License-Identifier: GPL-2.0-only
#
# What mfr scan does with the files of a scanner, here in a tree.  The kernel's
# own part is in guest.

# A tree of its own, which is changed; and nothing that the test before has printed
# to be awaited: a command in the background empties its file when it starts.
scan_tree() {
	unpack scanned
	rm -rf "$tmp"/{scan,said,watched,terminal}
	cp -a "$tmp/scanned" "$tmp/scan"
}

scan() {	# WORD...
	"$mfr" scan --root "$tmp/scan" "$@"
}

# Does the file of the scanner hold that?
holds() {	# FILE VALUE
	[ "$(cat "$tmp/scan$memscan/$1")" = "$2" ]
}

put() {	# FILE VALUE
	echo "$2" >"$tmp/scan$memscan/$1.new"
	mv "$tmp/scan$memscan/$1.new" "$tmp/scan$memscan/$1"
}

sets() {
	scan_tree
	scan set --node=2 cycle_seconds=7200 scope=hugetlb pause=1 max_hits=9 \
		max_hits_per_minute=8 &&
		holds node2/cycle_seconds 7200 && holds node2/scope hugetlb &&
		holds node0/cycle_seconds 86400 && holds node0/scope all &&
		holds pause 1 && holds max_hits 9 && holds max_hits_per_minute 8 &&
		scan set max_cpu_percent=20 && holds node0/max_cpu_percent 20 &&
		holds node2/max_cpu_percent 20
}

starts_and_stops() {
	scan_tree
	scan start --node=2 cycle_seconds=60 &&
		holds node2/enabled 1 && holds node2/cycle_seconds 60 &&
		holds node0/cycle_seconds 86400 &&
		scan stop && holds node0/enabled 0 && holds node2/enabled 0 &&
		scan start && holds node0/enabled 1 && holds node2/enabled 1
}

leaves_out_far_nodes() {
	local nodes=$tmp/scan/sys/devices/system/node
	scan_tree
	mkdir -p "$nodes"/node{0,2}
	echo 0-3 >"$nodes/node0/cpulist"
	echo >"$nodes/node2/cpulist"
	put node2/enabled 0
	scan start 2>"$tmp/said"
	holds node0/enabled 1 && holds node2/enabled 0 &&
		grep -q "node 2 has no CPU.*--node=2" "$tmp/said" &&
		scan start --node=2 && holds node2/enabled 1
}

refuses_to_start() {	# CHECK WHY WHAT_TO_DO
	scan_tree
	put capability "$1: refused: $2"
	refused "$1: refused: $2; .*$3" scan start --root "$tmp/scan" &&
		holds node2/enabled 0
}

# The device as a file: what is written takes the place of its first bytes, and
# what follows is what it says.
device_says() {	# ORDER LINE...
	mkdir -p "$tmp/scan/dev"
	printf '%s\n' "${1//?/-}" "${@:2}" >"$tmp/scan/dev/memscan"
}

device_was_told() {	# ORDER
	[ "$(head -n 1 "$tmp/scan/dev/memscan")" = "$1" ]
}

end_of_range="end read_pages=4090 leaving_pages=1 offline_pages=2 hwpoison_pages=3 known_pages=0 unmapped_pages=0 hits=2"

reads_range() {	# OPTION_OR_WORD...
	scan_tree
	device_says "0x200000000 16777216 ${cpu-100}" "$end_of_range"
	scan range 0x200000000 16M "$@" >"$tmp/said" 2>&1
	set -- $?
	cat "$tmp/said"
	device_was_told "0x200000000 16777216 ${cpu-100}" && [ "$1" = 0 ] &&
		grep -F "read 16360 KiB, left out 1 leaving page, left out 2 offline pages, left out 3 hwpoison pages; hits: 0 recovered" \
			"$tmp/said"
}

reads_range_in_json() {
	scan_tree
	device_says "0x200000000 16777216 100" "$end_of_range"
	scan range 0x200000000 16M --json | jq -e '
		.schema == "mfr-scan-range-1" and .ended and .read_bytes == 4090 * 4096
		and .lost == [] and .pages == { read: 4090, leaving: 1,
			offline: 2, hwpoison: 3, known: 0, unmapped: 0 }
		and .hits == { recovered: 0, known: 0, not_recovered: 0 }'
}

# One line alone: what is read at once counts as one here.
counts_hit() {	# OUTCOME JQ_FILTER
	scan_tree
	device_says "0x200000000 16777216 100" "hit 0x200003000 $1"
	scan range 0x200000000 16M --json >"$tmp/said" 2>"$tmp/err"
	[ $? = 1 ] && grep "up to 0x200003000: mfr scan range 0x200003000 16764928" "$tmp/err" &&
		jq -e ".ended == false and $2 and
			.lost == [{address: 8589946880, outcome: \"$1\"}]" "$tmp/said"
}

# What the kernel says, a line for each read(2), only the lab shows.
is_cut_off() {
	scan_tree
	device_says "0x200000000 16777216 100"
	refused "up to 0x200000000: mfr scan range 0x200000000 16777216 max_cpu_percent=100 reads the rest" \
		scan range 0x200000000 16M --root "$tmp/scan"
}

# The figures are the kernel's, here by hand; the pass of node2 ends by itself.
watches() {	# OPTION...
	scan_tree
	put node2/enabled 1
	put node2/state scanning
	put node2/pass/start_seconds "$(date +%s)"
	scan --watch "$@" >"$tmp/watched" 2>&1 &
	await grep -E '^\{?.*node2.*(scanning|left)' "$tmp/watched" || return 1
	put node2/progress_percent 50
	await grep 'node2.*50' "$tmp/watched" || return 1
	put node2/passes 1
	await grep -E 'node2.*(done|ended": ?true)' "$tmp/watched" || return 1
	put node0/state idle
	put node0/enabled 0
	wait $!
	set -- $?
	cat "$tmp/watched"
	[ "$1" = 2 ] && grep "node0: .* before its pass" "$tmp/watched"
}

watches_in_json() {
	watches --json && grep '^{' "$tmp/watched" | jq -es '
		all(.schema == "mfr-scan-progress-1"
			and (.progress_percent + .rate_bytes_per_second | type == "number")
			and (.seconds_left | type == "number" or . == null)
			and (.ended | type == "boolean"))
		and map(select(.scan == "node2"))[-1].progress_percent == 100'
}

watches_with_hits() {
	scan_tree
	scan --watch --json --node=0 >"$tmp/watched" &
	await grep node0 "$tmp/watched" || return 1
	put node0/hits/recovered 3
	put node0/passes 13
	wait $!
	[ $? = 1 ] && tail -n 1 "$tmp/watched" |
		jq -e '.scanner.nodes[0].hits.recovered == 3'
}

# A terminal, on which the bar is drawn over and the cursor stays.
draws_bar() {
	scan_tree
	put node0/pass/start_seconds $(($(date +%s) - 3600))
	put node0/progress_percent 50
	script -qefc "\"$mfr\" scan --watch --root \"$tmp/scan\"" \
		"$tmp/terminal" >/dev/null </dev/null &
	await grep -E $'^node0   \\[=+> *\\]  50 %.* left\e\\[K' "$tmp/terminal" || return 1
	await grep -F $'\e[1A' "$tmp/terminal" || return 1
	put node0/passes 13
	wait $!
	grep -E '\[={30}\] 100 %.* done' "$tmp/terminal"
}

# The scan goes on: nothing of it is touched.
interrupts_tidily() {
	local before status
	scan_tree
	coproc interrupted {
		exec "$mfr" scan --root "$tmp/scan" --node=0 --watch 2>&1
	}
	exec {said}<&"${interrupted[0]}"
	read -r -u "$said" _ || return 1
	before=$(cat "$tmp/scan$memscan/node0/enabled")
	kill -INT "$interrupted_PID"
	wait "$interrupted_PID"
	status=$?
	grep -e "the kernel continues the scan; mfr scan stop --node=0 stops" <&"$said" &&
		[ $status = 2 ] && holds node0/enabled "$before"
}

# As under nohup: the signal changes nothing.
goes_on_after_hangup() {
	scan_tree
	(trap '' HUP; exec "$mfr" scan --root "$tmp/scan" --node=0 --watch) \
		>"$tmp/watched" 2>&1 &
	await grep node0 "$tmp/watched" || return 1
	kill -HUP $!
	put node0/passes 13
	wait $!
	cat "$tmp/watched"
	grep -E 'node0.* done' "$tmp/watched" && ! grep 'the kernel continues' "$tmp/watched"
}

# A module that is unloaded while somebody looks.
notices_unloading() {
	scan_tree
	scan --watch >"$tmp/watched" 2>&1 &
	await grep node0 "$tmp/watched" || return 1
	mv "$tmp/scan$memscan" "$tmp/scan$memscan.gone"
	wait $!
	[ $? = 2 ] && grep "memscan was unloaded" "$tmp/watched"
}

# A machine with its memory, and a coverage as the kernel has it.
coverage_tree() {
	local blocks=$tmp/scan/sys/devices/system/memory
	scan_tree
	mkdir -p "$tmp/scan/etc" "$blocks"/memory{0,1}
	echo 0123456789abcdef0123456789abcdef >"$tmp/scan/etc/machine-id"
	echo 8000000 >"$blocks/block_size_bytes"
	printf 'coverage 1 pages 0x0-0x10000\n1764075600\n' \
		>"$tmp/scan$memscan/node0/coverage"
	printf 'coverage 1 pages 0x10000-0x18000\n0\n' \
		>"$tmp/scan$memscan/node2/coverage"
	scan save --file="$tmp/saved"
}

empty_coverage() {
	local node
	for node in 0 2; do
		: >"$tmp/scan$memscan/node$node/coverage"
	done
}

has_coverage() {	# NODE LINES
	[ "$(wc -l <"$tmp/scan$memscan/node$1/coverage")" = "$2" ]
}

saves_and_restores() {
	coverage_tree && grep -q "^end 2$" "$tmp/saved" || return
	cp "$tmp/scan$memscan/node0/coverage" "$tmp/expected"
	empty_coverage
	scan restore --file="$tmp/saved" &&
		cmp "$tmp/expected" "$tmp/scan$memscan/node0/coverage" &&
		has_coverage 2 2
}

# What is wrong with the file is said, and no node has anything of it.
restores_nothing() {	# REGEX COMMAND_THAT_CHANGES_IT...
	coverage_tree || return
	empty_coverage
	"${@:2}" || return
	refused "$1" scan restore --file="$tmp/saved" --root "$tmp/scan" &&
		has_coverage 0 0 && has_coverage 2 0
}

restores_what_is_there() {
	coverage_tree || return
	empty_coverage
	rm -r "$tmp/scan$memscan/node2"
	refused "node 2: .*not there" scan restore --file="$tmp/saved" \
		--root "$tmp/scan" && has_coverage 0 2
}

cuts() {	# BYTES
	truncate -s "-$1" "$tmp/saved"
}

# Any cut is noticed.
restores_nothing_of_a_part() {
	local size
	coverage_tree || return
	size=$(stat -c %s "$tmp/saved")
	while ((size)); do
		size=$((size > 9 ? size - 9 : 0))
		truncate -s $size "$tmp/saved"
		empty_coverage
		refused "damaged|not of this" scan restore \
			--file="$tmp/saved" --root "$tmp/scan" &&
			has_coverage 0 0 || return
	done
}

# Node 0, which is scanned every 100 s, and once node 2.
problems_of_age() {	# AGE FILE_VALUE... [-- OPTION...]
	scan_tree
	put node0/cycle_seconds 100
	put node0/age_seconds "$1"
	shift
	while (($#)) && [ "$1" != -- ]; do
		put "${1%%=*}" "${1#*=}"
		shift
	done
	"$mfr" check --root "$tmp/scan" --json "${@:2}" |
		jq -r '.problems[] | select(test("was not read"))'
}

problems_of() {	# FILE VALUE
	scan_tree
	put "$1" "$2"
	"$mfr" check --root "$tmp/scan" --json | jq -r '.problems[]'
}

test_many_hits() {
	check "a node with too many hits a minute is a problem" eval \
		'problems_of node0/state "waiting: max_hits_per_minute reached" |
			grep "node 0 waits.*max_hits_per_minute: find the part"'
	check "so is memory that is left out as broken" eval \
		'problems_of node0/last_pass/broken_pages 32768 |
			grep "node 0 left out 128 MiB around many errors"'
	check "control: none is none" eval \
		'! problems_of node0/last_pass/broken_pages 0 | grep "left out"'
}

isolates() {
	scan_tree
	put isolate ''
	scan isolate 0x120000000 && holds isolate 0x120000000
}

# What was saved is not lost to a module that does not know it.
saves_what_was_saved() {
	coverage_tree || return
	cp "$tmp/scan$memscan/node0/coverage" "$tmp/expected"
	empty_coverage
	scan save --file="$tmp/saved" && has_coverage 0 2 &&
		cmp "$tmp/expected" "$tmp/scan$memscan/node0/coverage" &&
		grep -qx 1764075600 "$tmp/saved"
}

replaces_nothing() {
	coverage_tree || return
	cp "$tmp/saved" "$tmp/expected"
	rm -r "$tmp/scan$memscan/node2"
	refused "not replaced" scan save --file="$tmp/saved" \
		--root "$tmp/scan" && cmp "$tmp/expected" "$tmp/saved"
}

cannot_replace() {
	coverage_tree && rm "$tmp/saved" && mkdir "$tmp/saved" || return
	refused "not replaced, as it cannot be read.*move it away" \
		scan save --file="$tmp/saved" --root "$tmp/scan"
	set -- $?
	rmdir "$tmp/saved"
	return "$1"
}

test_pending() {
	check "pending lists what was reported" eval 'scan_tree
		scan pending >"$tmp/said"
		[ $? = 1 ] && [ "$(cat "$tmp/said")" = 0x120000000 ]'
	check "pending --json does" eval 'scan pending --json |
		jq -e ".schema == \"mfr-scan-pending-1\" and .pages == [4831838208]"'
	check "with nothing to list it is exit status 0" eval \
		': >"$tmp/scan$memscan/pending_pages"; scan pending'
	check "pages that are still in use are a problem" eval \
		'problems_of pending 2 | grep "2 pages with errors are still in use"'
	check "control: none is none" eval \
		'! problems_of pending 0 | grep "still in use"'
	check "isolate passes the address on" isolates
	check "isolate without an address is refused" \
		refused "needs a physical address" scan isolate
	check "the actions are settings" eval 'scan_tree
		scan set --node=2 action=report hugetlb_action=report &&
			holds node2/action report &&
			holds node2/hugetlb_action report &&
			holds node0/action isolate'
}

test_age() {
	check "memory as old as 17/8 of the cycle is no problem" eval \
		'[ -z "$(problems_of_age 212)" ]'
	check "older memory is, and what would help" eval \
		'problems_of_age 213 | grep "node 0.*3 min 33 s.*3 min 32 s.*max_cpu"'
	check "--max-age sets the limit, to more" eval \
		'[ -z "$(problems_of_age 500 -- --max-age=500)" ]'
	check "--max-age sets the limit, to less" eval \
		'problems_of_age 50 -- --max-age=49 | grep "node 0.*50 s.*49 s"'
	check "a pause is named as the cause" eval \
		'problems_of_age 213 node0/state=paused | grep "pause=0"'
	check "a refusal is" eval 'problems_of_age 213 "node0/state=refused: why" |
		grep "is refused: mfr scan"'
	check "that it is switched off is" eval \
		'problems_of_age 213 node0/enabled=0 node0/state=idle |
			grep "switched off: mfr scan start"'
	check "a node that was never scanned is no problem" eval \
		'[ -z "$(problems_of_age 1 node2/age_seconds=999999999)" ]'
	check "--max-age of nothing is refused" refused "seconds above 0" \
		check --max-age=0
}

test_coverage() {
	check "save and restore keep the coverage of each node" \
		saves_and_restores
	check "save keeps what an earlier save knew" saves_what_was_saved
	check "or does not replace it" replaces_nothing
	check "a file that is no coverage is replaced, and that is said" eval \
		'coverage_tree && echo junk >"$tmp/saved" &&
			scan save --file="$tmp/saved" 2>&1 | grep "not of this.*and is replaced" &&
			grep -q "^end 2$" "$tmp/saved"'
	check "one that cannot be read is not" cannot_replace
	check "restore without a file has nothing to do" eval \
		'scan_tree; scan restore --file="$tmp/none" | grep "nothing to restore"'
	check "restore takes nothing of another machine" restores_nothing \
		"not of this machine" sed -i s/9abc/9abd/ "$tmp/scan/etc/machine-id"
	check "nor of other memory" restores_nothing "not of this machine" \
		mkdir "$tmp/scan/sys/devices/system/memory/memory2"
	check "nor where nothing tells one machine from another" restores_nothing \
		"of a machine that cannot be identified" rm "$tmp/scan/etc/machine-id"
	check "nor of a file that was cut short" restores_nothing \
		"damaged or cut short" cuts 1
	check "wherever that was" restores_nothing_of_a_part
	check "nor of one with more in it" restores_nothing \
		"damaged or cut short" eval 'echo more >>"$tmp/saved"'
	check "nor of one with zeros at its end" restores_nothing \
		"damaged or cut short" truncate -s +1 "$tmp/saved"
	check "a node that is gone does not keep the others from it" \
		restores_what_is_there
	check "save to a directory that is not there is refused" \
		refused "cannot write .*/none/x" scan save --root "$tmp/scan" \
			--file="$tmp/none/x"
	check "save takes no node" refused "no --node" scan save --node=0
}

test_scan() {
	unpack scanned
	unpack blind
	check "scan without the module names it" \
		refused "memscan is not loaded: modprobe memscan" \
		scan --root "$tmp/blind"
	check "scan start without the module too" \
		refused "memscan is not loaded" scan start --root "$tmp/blind"
	check "a node without a scanner is refused" \
		refused "node 7 has no scanner" scan --node=7 --root "$tmp/scanned"
	check "no number of a node is refused" refused "not the number of a node" \
		scan --node=one
	check "another word is refused" \
		refused "status, start, stop, set, range, pending, isolate, save" scan fly
	check "set without a setting is refused" refused "cycle_seconds, max_cpu" \
		scan set
	check "a setting that is not known is refused" \
		refused "cycle_seconds, max_cpu" scan set speed=9
	check "a setting without a value is refused" \
		refused "cycle_seconds, max_cpu" scan start cycle_seconds
	check "a setting of nothing is refused" \
		refused "cycle_seconds, max_cpu" scan set pause=
	check "stop with a word is refused" refused "takes no argument" scan stop 1
	check "range without a size is refused" refused "ADDRESS and a SIZE" \
		scan range 0x1000
	check "range at no address is refused" refused "physical address first" \
		scan range here 4K
	check "range of no size is refused" refused "a size second" \
		scan range 0x1000 4X
	check "range of nothing is refused" refused "a size second" \
		scan range 0x1000 0
	check "range with another word is refused" \
		refused "no third word but max_cpu_percent" \
		scan range 0x1000 4K scope=all
	check "range without a device says so" eval 'scan_tree; refused \
		"cannot open /dev/memscan .load the module.*: No such" \
			scan range --root "$tmp/scan" 0x1000 4K'
	check "a size above all numbers is refused" refused "a size second" \
		scan range 0x1000 0x10000000000000000
	check "range takes no node" refused "no --node" \
		scan range --node=0 0x1000 4K
	check "a range while paused is refused" eval \
		'scan_tree; put pause 1; refused "to resume it: mfr scan set pause=0" \
			scan range --root "$tmp/scan" 0x1000 4K'
	check "in a virtual machine start refuses, with what to do" \
		refuses_to_start hypervisor "this is a virtual machine" "on its host"
	check "where machine checks are off it does" refuses_to_start \
		"machine checks" "machine checks are off" "boot without mce=off"
	check "without recovery it does" refuses_to_start \
		"machine check recovery" "no SUCCOR" "leave scanning off"
	check "where a failure panics it does" refuses_to_start \
		vm.memory_failure_recovery "it is 0" "sysctl"
	check "set writes to a node, all nodes, or all of the scanner" sets
	check "start and stop write to those that are meant" starts_and_stops
	check "start leaves out nodes without CPUs, unless named" \
		leaves_out_far_nodes
	check "range orders what is asked for, and shows the result" reads_range
	check "range has a cap on its CPU time" eval \
		'cpu=5 reads_range max_cpu_percent=5'
	check "range --json has the result" reads_range_in_json
	check "a range that ends too soon says how to read the rest" is_cut_off
	check "--watch shows each pass until it ends" watches
	check "--watch --json does" watches_in_json
	check "hits during --watch are exit status 1" watches_with_hits
	check "--watch draws a bar on a terminal, with the time left" draws_bar
	check "an interrupted --watch says that the scan goes on" \
		interrupts_tidily
	check "an ignored hangup does not end it" goes_on_after_hangup
	check "a hit of a range is counted" counts_hit recovered \
		".hits == { recovered: 1, known: 0, not_recovered: 0 }"
	check "one of known poison, too" counts_hit known \
		".hits == { recovered: 0, known: 1, not_recovered: 0 }"
	check "and one that was not recovered" counts_hit "not recovered" \
		".hits == { recovered: 0, known: 0, not_recovered: 1 }"
	check "--watch notices that the module goes" notices_unloading
	test_many_hits
	test_pending
	test_age
	test_coverage
}
