# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck shell=bash
#
# How much of this machine others used while a benchmark ran. Sourced, by scripts
# that have die() of say.sh.

# What was measured while others used more than this, in percent of a CPU, is no
# figure.
others_max=5

hz=$(getconf CLK_TCK)

# Seconds of CPU time that the whole machine has used, with those that its host
# gave to others (steal).
machine_seconds() {
	awk -v hz="$hz" '/^cpu / {
		print ($2 + $3 + $4 + $7 + $8 + $9) / hz; exit }' /proc/stat
}

# The same for this script and its children that have ended: proc_pid_stat(5).
own_seconds() {
	sed 's/.*) //' /proc/$$/stat |
		awk -v hz="$hz" '{ print ($12 + $13 + $14 + $15) / hz }'
}

note_load() {
	noted_machine=$(machine_seconds) noted_own=$(own_seconds)
	noted_at=$EPOCHREALTIME
}

# What others have used since note_load(), in percent of one CPU.
others_percent() {
	awk "BEGIN {
		used = $(machine_seconds) - $noted_machine
		own = $(own_seconds) - $noted_own
		percent = 100 * (used - own) / ($EPOCHREALTIME - $noted_at)
		printf \"%.1f\", (percent > 0 ? percent : 0) }"
}

# True if they left the machine alone since then, or nothing but a quick look was
# wanted. Lets $others be what they used.
was_quiet() {
	others=$(others_percent)
	printf '# others used %s %% of a CPU meanwhile\n' "$others" >&2
	[ -n "${quick-}" ] || awk "BEGIN { exit !($others <= $others_max) }"
}

# What others disturbed is measured anew, twice at most.
measure_quietly() {	# COMMAND...
	local try
	for try in 1 2 3; do
		note_load
		"$@"
		! was_quiet || return 0
		echo "# disturbed, try $try of 3" >&2
	done
	die "these are no figures: others used $others % of a CPU meanwhile," \
	    "and $others_max % is the limit; wait until they end"
}
