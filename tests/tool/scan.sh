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
	scan set --node=2 cycle_seconds=7200 scope=hugetlb pause=1 max_hits=9 &&
		holds node2/cycle_seconds 7200 && holds node2/scope hugetlb &&
		holds node0/cycle_seconds 86400 && holds node0/scope all &&
		holds pause 1 && holds max_hits 9 &&
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

starts_range() {
	scan_tree
	put demand/state idle
	put demand/enabled 1
	scan range 0x200000000 16M --watch 2>"$tmp/said" &
	await grep -q "^demand .* 0 %" "$tmp/said"
	put demand/hits/recovered 3
	put demand/passes 2
	wait $!
	[ $? = 1 ] && holds scan_size 16777216 &&
		holds scan_addr 0x200000000 && grep "^demand .*done" "$tmp/said"
}

# Nodes are left alone, and the range is by a stop of these.
stops_range() {
	scan_tree
	put node0/enabled 1
	put demand/enabled 1
	scan stop --node=2 && holds demand/enabled 1 &&
		scan stop range && holds demand/enabled 0 &&
		holds node0/enabled 1
}

# What an earlier pass has left out is not said of this one.
is_stopped_meanwhile() {
	scan_tree
	put demand/state scanning
	put demand/enabled 1
	put demand/last_pass/hwpoison_pages 7
	scan range 0x200000000 16M --watch >"$tmp/said" 2>&1 &
	await grep -q "^demand .* 0 %" "$tmp/said"
	put demand/read_bytes $((1073741824 + 8192))
	put demand/enabled 0
	wait $!
	set -- $?
	cat "$tmp/said"
	[ "$1" = 2 ] && grep "demand: .* ended before its pass" "$tmp/said" &&
		grep "^read 8 KiB; hits: 0 rec" "$tmp/said"
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
	put node0/state "stopped: max_hits reached"
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
interrupts_tidily() {	# WHAT_TO_STOP WORD...
	local before status what=$1
	shift
	scan_tree
	put demand/state scanning
	put demand/enabled 1
	coproc interrupted { exec "$mfr" scan --root "$tmp/scan" "$@" 2>&1; }
	exec {said}<&"${interrupted[0]}"
	read -r -u "$said" _ || return 1
	before=$(cat "$tmp/scan$memscan/node0/enabled")
	kill -INT "$interrupted_PID"
	wait "$interrupted_PID"
	status=$?
	grep -e "the kernel continues the scan; mfr scan stop $what stops" <&"$said" &&
		[ $status = 2 ] && holds node0/enabled "$before" &&
		holds demand/enabled 1
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
		refused "status, start, stop, set or range" scan fly
	check "set without a setting is refused" refused "cycle_seconds, max_cpu" \
		scan set
	check "a setting that is not known is refused" \
		refused "cycle_seconds, max_cpu" scan set speed=9
	check "a setting without a value is refused" \
		refused "cycle_seconds, max_cpu" scan start cycle_seconds
	check "a setting of nothing is refused" \
		refused "cycle_seconds, max_cpu" scan set pause=
	check "stop with a word is refused" refused "takes no argument" scan stop 1
	check "stop of two things is refused" refused "takes no argument but" \
		scan stop range range
	check "stop range takes no node" refused "no --node" \
		scan stop range --node=0
	check "range without a size is refused" refused "ADDRESS and a SIZE" \
		scan range 0x1000
	check "range at no address is refused" refused "physical address first" \
		scan range here 4K
	check "range of no size is refused" refused "a size second" \
		scan range 0x1000 4X
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
	check "range writes size and address, and shows the result" starts_range
	check "stop range ends the range alone" stops_range
	check "a range that is stopped meanwhile is not through" \
		is_stopped_meanwhile
	check "--watch shows each pass until it ends" watches
	check "--watch --json does" watches_in_json
	check "hits during --watch are exit status 1" watches_with_hits
	check "--watch draws a bar on a terminal, with the time left" draws_bar
	check "an interrupted --watch says that the scan goes on" \
		interrupts_tidily --node=0 --watch --node=0
	check "an interrupted range does" \
		interrupts_tidily range range 0x1000 4K --watch
	check "--watch notices that the module goes" notices_unloading
}
