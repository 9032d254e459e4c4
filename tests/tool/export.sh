# SPDX-License-Identifier: GPL-2.0-only
#
# mfr export: read by promtool, a real Prometheus, and clients of its own server.

promtool_accepts() {	# TREE
	unpack "$1"
	"$mfr" export --root "$tmp/$1" 2>/dev/null >"$tmp/metrics"
	promtool check metrics <"$tmp/metrics"
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
		"node outcome result source state" ]
}

masks_label() {
	unpack kept
	cp -a "$tmp/kept" "$tmp/changed"
	printf 'DIMM \377\n' >"$tmp/changed/sys/devices/system/edac/mc/mc0/dimm0/dimm_label"
	"$mfr" export --root "$tmp/changed" |
		tee >(grep -q 'label="DIMM ?"' && touch "$tmp/masked") |
		promtool check metrics && await test -e "$tmp/masked"
	set -- $?
	rm -rf "$tmp/changed"
	return "$1"
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
	for tree in "${trees[@]}"; do
		check "promtool accepts the metrics of $tree" promtool_accepts $tree
		check "promtool reads the OpenMetrics of $tree" \
			openmetrics_accepted $tree
	done
	check "control: promtool refuses others" promtool_refuses_wrong
	check "control: promtool refuses OpenMetrics that is cut" \
		openmetrics_cut_refused
	check "no address and no process is a label" labels_end
	check "a label that is no UTF-8 costs no figures" masks_label
	check "the client chooses the format" negotiates
	check "export --file replaces the file at once" replaces_at_once
	check "export --listen serves a unix socket, and removes it" serves_unix
	check "Prometheus scrapes export --listen" scraped_by_prometheus
}
