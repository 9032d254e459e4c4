# SPDX-License-Identifier: GPL-2.0-only
#
# mfr export: read by promtool, a real Prometheus, and clients of its own server.

promtool_accepts() {	# TREE
	unpack "$1"
	"$mfr" export --root "$tmp/$1" 2>/dev/null >"$tmp/metrics"
	promtool check metrics <"$tmp/metrics"
}

# The rule of the guide, as a file of rules.
rules_of_guide() {
	echo "groups:"
	echo "- name: mfr"
	echo "  rules:"
	sed -n '/^    - alert:/,/^$/p' docs/operator.md
}

# As promtool reads them; each node has a cycle of 100 s.
series_of_node() {	# NODE AGE READ_BYTES
	local labels="instance=\"a\",node=\"$1\""
	printf "  - { series: '%s', values: %s }\\n" \
		"mfr_scanner_age_seconds{$labels,scope=\"all\"}" "$2 $2" \
		"mfr_scanner_cycle_seconds{$labels}" "100 100" \
		"mfr_scanner_read_bytes_total{$labels}" "$3 $3"
}

# It fires for memory that is too old, and for no other.
promtool_tests_rule() {	# SCAN_AGE_ON_NODE_1
	rules_of_guide >"$tmp/rules.yml"
	cat >"$tmp/test.yml" <<-END
	rule_files: [rules.yml]
	tests:
	- input_series:
	$(series_of_node 0 100 5; series_of_node 1 "$1" 5; series_of_node 2 999 0)
	  alert_rule_test:
	  - eval_time: 1m
	    alertname: MemoryNotScanned
	    exp_alerts:
	    - exp_labels: { instance: a, node: "1", scope: all, severity: warning }
	      exp_annotations:
	        summary: "Node 1: memory not scanned for 3m 33s"
	END
	(cd "$tmp" && promtool check rules rules.yml && promtool test rules test.yml)
}

promtool_refuses_wrong() {
	! printf 'mfr_things_total{a="b} 1\n' | promtool check metrics
}

# It reads OpenMetrics with times only; those that we serve have none.
read_openmetrics() {
	rm -rf "$tmp/blocks"
	sed '/^#/!s/$/ 1764075600/' >"$tmp/openmetrics"
	promtool tsdb create-blocks-from openmetrics "$tmp/openmetrics" \
		"$tmp/blocks"
}

openmetrics_accepted() {	# TREE
	unpack "$1"
	"$mfr" export --openmetrics --root "$tmp/$1" 2>/dev/null |
		read_openmetrics && [ -n "$(ls "$tmp/blocks")" ]
}

openmetrics_cut_refused() {
	unpack scanned
	"$mfr" export --openmetrics --root "$tmp/scanned" | sed '$d' |
		read_openmetrics 2>&1 | grep "EOF"
}

labels_end() {
	unpack scanned
	[ "$("$mfr" export --root "$tmp/scanned" | grep -oE '[{,][a-z_]+=' |
		tr -d '{,=' | sort -u | paste -sd ' ')" = \
		"node outcome result scope source state" ]
}

masks_label() {
	with kept /sys/devices/system/edac/mc/mc0/dimm0/dimm_label $'DIMM \377'
	"$mfr" export --root "$tmp/changed" |
		tee >(grep -q 'label="DIMM ?"' && touch "$tmp/masked") |
		promtool check metrics && await test -e "$tmp/masked"
}

type_for() {	# ACCEPT
	curl -sf -o /dev/null -w '%{content_type}\n' -H "Accept: $1" \
		--unix-socket "$tmp/socket" http://host/metrics
}

negotiates() {
	local open=application/openmetrics-text accept type status=0
	unpack scanned
	serve "unix:$tmp/socket" scanned
	await curl -sf --unix-socket "$tmp/socket" http://host/metrics
	while IFS='|' read -r type accept; do
		[[ $(type_for "$accept") == "$type;"* ]] ||
			{ echo "not $type for $accept"; status=1; }
	done <<-END
	$open|$open
	$open|$open; version=1.0.0
	$open|$open;version="1.0.0";q=0.5,text/plain;q=0.4
	$open|text/html, $open;version=0.0.1;q=0.75,$open;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1
	text/plain|*/*
	text/plain|$open;q=0
	text/plain|$open;q=0.3, text/plain;q=0.5
	text/plain|$open;version=2.0.0
	text/plain|${open}x
	text/plain|;;q=,,
	END
	curl -sf -H "Accept: $open" --unix-socket "$tmp/socket" \
		http://host/metrics | diff - \
		<("$mfr" export --openmetrics --root "$tmp/scanned") || status=1
	end_server && return $status
}

replaces_at_once() {
	local inode
	unpack kept
	echo old >"$tmp/mfr.prom"
	inode=$(stat -c %i "$tmp/mfr.prom")
	exec {old}<"$tmp/mfr.prom"
	"$mfr" export --root "$tmp/kept" --file "$tmp/mfr.prom" &&
		[ "$(stat -c %i "$tmp/mfr.prom")" != "$inode" ] &&
		[ "$(cat <&"$old")" = old ] &&
		[ "$(stat -c %a "$tmp/mfr.prom")" = 644 ] &&
		diff "$tmp/mfr.prom" <("$mfr" export --root "$tmp/kept") &&
		[ "$(echo "$tmp"/mfr.prom*)" = "$tmp/mfr.prom" ]
}

# What is no regular file is written to; of a link, the target is replaced.
writes_to_pipe() {
	unpack kept
	mkfifo "$tmp/pipe"
	timeout 20 cat "$tmp/pipe" >"$tmp/read" &
	timeout 10 "$mfr" export --root "$tmp/kept" --file "$tmp/pipe" || return
	wait $!
	[ -p "$tmp/pipe" ] &&
		diff "$tmp/read" <("$mfr" export --root "$tmp/kept")
}

writes_to_stdout() {
	unpack kept
	ln -s /proc/self/fd/1 "$tmp/stdout"
	{
		echo before
		"$mfr" export --root "$tmp/kept" --file "$tmp/stdout" || return
		echo after
	} >"$tmp/read"
	[ -L "$tmp/stdout" ] && diff "$tmp/read" \
		<(echo before; "$mfr" export --root "$tmp/kept"; echo after)
}

# Neither what is beside the standard output nor its own name is a link to it.
replaces_beside_stdout() {
	local inode
	unpack kept
	ln -sf beside "$tmp/link"
	: >"$tmp/beside"
	: >"$tmp/read"
	inode=$(stat -c %i "$tmp/read")
	"$mfr" export --root "$tmp/kept" --file "$tmp/link" >>"$tmp/read" &&
		[ ! -s "$tmp/read" ] && [ -s "$tmp/beside" ] &&
		"$mfr" export --root "$tmp/kept" --file "$tmp/read" >>"$tmp/read" &&
		[ "$(stat -c %i "$tmp/read")" != "$inode" ] &&
		cmp "$tmp/read" "$tmp/beside"
}

writes_to_device() {
	unpack kept
	ln -s /dev/full "$tmp/full"
	refused "cannot replace .*/full: No space left" \
		export --root "$tmp/kept" --file "$tmp/full" &&
		[ -L "$tmp/full" ] && [ -c /dev/full ]
}

replaces_target() {	# DIRECTORY_THAT_HAS_IT
	local inode
	unpack kept
	rm -rf "$tmp/links" && mkdir -p "$tmp/links/real"
	[ -z "$1" ] || echo old >"$tmp/links/real/x"
	inode=$(stat -c %i "$tmp/links/real/x" 2>/dev/null)
	ln -s real/x "$tmp/links/middle" && ln -s "$tmp/links/middle" "$tmp/links/x"
	"$mfr" export --root "$tmp/kept" --file "$tmp/links/x" &&
		[ -L "$tmp/links/x" ] && [ -L "$tmp/links/middle" ] &&
		[ "$(stat -c %i "$tmp/links/real/x")" != "$inode" ] &&
		diff "$tmp/links/real/x" <("$mfr" export --root "$tmp/kept")
}

metrics_at() {	# SOCKET
	curl -sf -m 5 --unix-socket "$1" http://host/metrics >/dev/null
}

refuses_live_socket() {
	local socket=$tmp/live
	unpack kept
	serve "unix:$socket" kept
	await metrics_at "$socket" || return
	refused "Address already in use; is another mfr export running there" \
		export --root "$tmp/kept" --listen "unix:$socket" &&
		metrics_at "$socket"
	set -- $?
	end_server && [ ! -e "$socket" ] && return "$1"
}

replaces_stale_socket() {
	local socket=$tmp/stale
	unpack kept
	serve "unix:$socket" kept
	await metrics_at "$socket" || return
	kill -KILL "$server"
	wait "$server"
	[ -S "$socket" ] || return
	serve "unix:$socket" kept
	await metrics_at "$socket"
	set -- $?
	end_server && return "$1"
}

# In the place of the socket there is another one, then a file.
leaves_other_socket() {
	local socket=$tmp/other
	unpack kept
	serve "unix:$socket" kept
	await metrics_at "$socket" || return
	rm "$socket" && echo file >"$socket"
	end_server && [ "$(cat "$socket")" = file ] &&
		refused "Address already in use" \
			export --root "$tmp/kept" --listen "unix:$socket" &&
		[ "$(cat "$socket")" = file ]
}

socket_has_mode() {	# MODE
	local socket=$tmp/mode
	unpack kept
	(umask 022; exec "$mfr" export --root "$tmp/kept" --listen "unix:$socket" \
		--mode "$1") &
	server=$!
	await test -S "$socket" && [ "$(stat -c %a "$socket")" = "$1" ]
	set -- $?
	end_server && return "$1"
}

# More idle connections than are served at a time, and a reader.
serves_beside_idle() {
	local port fd fds=() i
	unpack kept
	port=$(free_port) || return 1
	serve "127.0.0.1:$port" kept
	await curl -sf -o /dev/null "http://127.0.0.1:$port/metrics" || return 1
	for i in {1..40}; do
		exec {fd}<>"/dev/tcp/127.0.0.1/$port" || return 1
		fds+=("$fd")
	done
	curl -sf -m 5 -o /dev/null "http://127.0.0.1:$port/metrics"
	set -- $?
	for fd in "${fds[@]}"; do
		exec {fd}>&-
	done
	end_server && return "$1"
}

test_files_and_sockets() {
	check "export --file writes to a pipe" writes_to_pipe
	check "to the standard output, in its place" writes_to_stdout
	check "but not for a file beside it, or its name" replaces_beside_stdout
	check "and to a device" writes_to_device
	check "of a link, export --file replaces the target" replaces_target real
	check "also one that is not there yet" replaces_target ""
	check "a live socket is not taken" refuses_live_socket
	check "a stale one is" replaces_stale_socket
	check "only the own socket is removed at the end" leaves_other_socket
	check "the socket has the mode that --mode says" socket_has_mode 660
	check "control: another mode" socket_has_mode 600
	check "a wrong mode is refused" refused "not an octal mode" \
		export --listen "unix:$tmp/mode" --mode 888
	check "a mode without a unix socket is refused" refused "unix:/PATH alone" \
		export --mode 600
	check "idle connections keep nobody out" serves_beside_idle
}

# A port of this machine that nobody listens on.
free_port() {
	local port
	for port in {19920..19999}; do
		(exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null ||
			{ echo "$port"; return; }
	done
	return 1
}

serve() {	# ADDRESS TREE
	"$mfr" export --root "$tmp/$2" --listen "$1" >/dev/null &
	server=$!
}

end_server() {
	kill "$server"
	wait "$server"
	set -- $?
	server=
	return "$1"
}

serves_unix() {
	local socket=$tmp/socket
	unpack kept
	serve "unix:$socket" kept
	await curl -sf --unix-socket "$socket" http://host/metrics &&
		diff <(curl -sf --unix-socket "$socket" http://host/metrics) \
			<("$mfr" export --root "$tmp/kept") &&
		[ "$(curl -s -o /dev/null -w '%{http_code}' \
			--unix-socket "$socket" http://host/)" = 404 ] &&
		[ "$(curl -s -o /dev/null -w '%{http_code}' -X POST \
			--unix-socket "$socket" http://host/metrics)" = 405 ]
	set -- $?
	end_server && [ ! -e "$socket" ] && return "$1"
}

query() {	# PORT QUERY
	curl -sfG "http://127.0.0.1:$1/api/v1/query" --data-urlencode "query=$2" |
		jq -e -r '.data.result[0].value[1]'
}

# Only OpenMetrics tells the unit.
unit() {	# PORT METRIC
	curl -sfG "http://127.0.0.1:$1/api/v1/targets/metadata" \
		--data-urlencode "metric=$2" | jq -e -r '.data[0].unit'
}

scraped() {	# PORT
	[ "$(query "$1" 'mfr_memory_failures_total{node="0",outcome="recovered"}')" = 3 ] &&
		[ "$(query "$1" 'mfr_scanner_hits_total{node="0",outcome="known"}')" = 1 ] &&
		[ "$(query "$1" mfr_poisoned_memory_bytes)" = 12288 ] &&
		[ "$(query "$1" 'up{job="mfr"}')" = 1 ] &&
		[ "$(unit "$1" mfr_poisoned_memory_bytes)" = bytes ]
}

# The distribution's own Prometheus, with mfr as its one target.
scraped_by_prometheus() {
	local port prometheus status
	unpack scanned
	port=$(free_port) || return 1
	serve "127.0.0.1:$port" scanned
	await curl -sf "http://127.0.0.1:$port/metrics" || return 1
	cat >"$tmp/prometheus.yml" <<-END
	scrape_configs:
	  - job_name: mfr
	    scrape_interval: 1s
	    static_configs:
	      - targets: ["127.0.0.1:$port"]
	END
	port=$(free_port) || return 1
	prometheus --config.file="$tmp/prometheus.yml" \
		--storage.tsdb.path="$tmp/tsdb" \
		--web.listen-address="127.0.0.1:$port" >"$tmp/prometheus.log" 2>&1 &
	prometheus=$!
	await scraped "$port"
	status=$?
	kill "$prometheus"
	wait "$prometheus"
	((!status)) || tail -n 5 "$tmp/prometheus.log"
	end_server && return "$status"
}

test_export() {
	local tree
	for tree in "${trees[@]}" "${hosts[@]}"; do
		check "promtool accepts the metrics of $tree" promtool_accepts $tree
		check "promtool reads the OpenMetrics of $tree" \
			openmetrics_accepted $tree
	done
	check "the rule of docs/operator.md fires for old memory alone" \
		promtool_tests_rule 213
	check "control: for memory that is not too old it does not" \
		eval "! promtool_tests_rule 212"
	check "control: promtool refuses others" promtool_refuses_wrong
	check "control: promtool refuses OpenMetrics that is cut" \
		openmetrics_cut_refused
	check "no address and no process is a label" labels_end
	check "a label that is no UTF-8 costs no figures" masks_label
	check "the client chooses the format" negotiates
	check "export --file replaces the file at once" replaces_at_once
	check "export --listen serves a unix socket, and removes it" serves_unix
	test_files_and_sockets
	check "Prometheus scrapes export --listen" scraped_by_prometheus
}
