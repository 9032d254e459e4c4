# SPDX-License-Identifier: GPL-2.0-only
#
# Processes that the kernel does not tell about, as they hold the lock of their own
# mappings for ever: here the list of these is a pipe that nobody writes to.

hanging_pids=(601 602 603 604)

hanging_tree() {
	local pid process
	unpack kept
	rm -rf "$tmp/hanging"
	cp -a "$tmp/kept" "$tmp/hanging"
	for pid in "${hanging_pids[@]}"; do
		process=$tmp/hanging/proc/$pid
		mkdir -p "$process/fdinfo"
		printf 'sleep\0' >"$process/cmdline"
		mkfifo "$process/maps"
	done
}

mfr_of_hanging() {
	timeout 10 "$mfr" "$@" --root "$tmp/hanging"
}

shows_the_others() {
	diff <("$mfr" status --json --root "$tmp/kept" | jq .kept) \
		<(mfr_of_hanging status --json | jq .kept)
}

says_that_it_cannot_look() {
	local said
	said=$(mfr_of_hanging check --pid 601 2>&1)
	[ $? = 2 ] && grep "cannot look at process 601: the kernel waits for a server" <<<"$said"
}

says_what_may_be_missing() {
	local maps=$tmp/bad/proc/300/maps
	kept_tree
	rm "$maps" && mkfifo "$maps"
	timeout 10 "$mfr" badpages list --root "$tmp/bad" 2>&1 |
		grep "pages that 1 process has lost may be missing"
}

# It answers once: where the page is in memory is asked later.
answers_once_only() {
	local maps=$tmp/bad/proc/300/maps line answer
	kept_tree
	map_page 1 '\007\0\0\0\0\0\0\200'
	map_page 2 '\011\0\0\0\0\0\0\201'
	line=$(cat "$maps")
	rm "$maps" && mkfifo "$maps"
	echo "$line" >"$maps" &
	answer=$!
	timeout 10 "$mfr" badpages list --json --root "$tmp/bad" | tee "$tmp/said" |
		jq -e '.unplaced_bytes == 8192' || { cat "$tmp/said"; return 1; }
	wait "$answer"
}

unseen() {	# COUNT
	curl -sf -m 10 --unix-socket "$tmp/socket" http://host/metrics |
		grep -xF "mfr_unseen_processes $1"
}

# What hangs is not asked again, until it answers after all.
asks_again() {
	local pid process status=0
	serve "unix:$tmp/socket" hanging
	await unseen 4 || status=1
	for pid in "${hanging_pids[@]}"; do
		process=$tmp/hanging/proc/$pid
		mv "$process/maps" "$process/pipe"
		: >"$process/maps"
	done
	unseen 4 || status=1
	for pid in "${hanging_pids[@]}"; do
		: >"$tmp/hanging/proc/$pid/pipe"
	done
	await unseen 0 || status=1
	end_server && return $status
}

# Of a process whose mappings are not told, the descriptors are.
shows_its_descriptors() {
	kept_tree
	rm "$tmp/bad/proc/300/maps" && mkfifo "$tmp/bad/proc/300/maps"
	timeout 10 "$mfr" status --json --root "$tmp/bad" |
		jq -e '(.kept | map(.name) == ["ram"]) and .processes_not_seen == 1'
}

test_hanging() {
	hanging_tree
	check "hanging: its descriptors are known" shows_its_descriptors
	check "hanging: status has the files of all others" shows_the_others
	check "hanging: it counts them" eval \
		'mfr_of_hanging status --json | jq -e ".processes_not_seen == 4"'
	check "hanging: it says why" eval \
		'mfr_of_hanging status | grep "^Not all is known of the files of 4 processes, such as 601: the kernel"'
	check "hanging: check --pid says that it cannot look" says_that_it_cannot_look
	check "hanging: badpages says what may be missing" says_what_may_be_missing
	check "hanging: a page that cannot be placed any more is counted" answers_once_only
	check "hanging: export does not ask again what has not answered" asks_again
}
