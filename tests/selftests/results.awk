# SPDX-License-Identifier: GPL-2.0-only
#
# From what the programs print to one line a result:
#	NAME <tab> pass|fail|skip|xfail <tab> WHY
# where NAME is BOOT, the command, and what the program calls the test if it
# tells of each.  A command has a result of its own, how it ended.

function emit(name, result, why) {
	name = name == "" ? command : command ": " name
	if (seen[name]++)
		name = name " (" seen[name] ")"
	gsub(/\t/, " ", name)
	gsub(/\t/, " ", why)
	printf "%s: %s\t%s\t%s\n", boot, name, result, why
}

# The TAP of kselftest.h: SKIP and XFAIL are said behind a "#", and what was
# tried is said before, in a line with [RUN].
function tap(line, ok) {
	sub(/^(not )?ok [0-9]+ *(- )?/, "", line)
	why = ""
	if (match(line, /# *(SKIP|XFAIL|XPASS)/)) {
		ok = tolower(substr(line, RSTART + 1, RLENGTH - 1))
		why = substr(line, RSTART + RLENGTH)
		line = substr(line, 1, RSTART - 1)
		gsub(/ /, "", ok)
		sub(/^ */, "", why)
	}
	sub(/ *$/, "", line)
	if (tried != "")
		line = tried (line == "" ? "" : ": ") line
	emit(line, ok, ok == "fail" ? said : why)
}

# A line of uffd-unit-tests: Testing NAME... done|skipped|failed [reason: WHY]
function uffd(line, ok) {
	sub(/^Testing /, "", line)
	match(line, /\.\.\. ?/)
	why = substr(line, RSTART + RLENGTH)
	line = substr(line, 1, RSTART - 1)
	ok = why ~ /^done/ ? "pass" : why ~ /^skipped/ ? "skip" : "fail"
	emit(line, ok, ok == "pass" ? "" : why)
}

function how_it_ended(status) {
	if (status == 124 || status == 137)
		return "did not end in time"
	if (status > 128)
		return "killed by signal " status - 128
	return "exit status " status
}

{ sub(/\r$/, "") }

/^# run: / { command = substr($0, 8); tried = said = chunk = theme = charge = ""; next }

# A run that flagged nothing is none of what it was for.
/^# flagged: 0 / { flagged_none = 1 }
/^# flagged: / { next }

/^# end: / {
	if (flagged_none)
		emit("has files with the flag", "fail")
	flagged_none = 0
	# memfd_test says what it begins; behind the last is how it ended
	if (theme != "")
		emit(theme, $3 == 0 ? "pass" : "fail", said)
	emit("", $3 == 0 ? "pass" : $3 == 4 ? "skip" : "fail",
	     $3 == 0 ? "" : how_it_ended($3) (said == "" ? "" : ": " said))
	command = ""
	next
}

command == "" { next }

/^# \[RUN\] / { tried = substr($0, 9); next }
/^ok [0-9]/ { tap($0, "pass"); next }
/^not ok [0-9]/ { tap($0, "fail"); next }
/^Testing [^ ]+ .*\.\.\. / { uffd($0); next }

# hugetlb-read-hwpoison
/^Write\/read chunk size=/ { chunk = $NF; sub(/.*=/, "", chunk); next }
/\.\.\.TEST_(PASSED|FAILED|SKIPPED)$/ {
	ok = /PASSED$/ ? "pass" : /SKIPPED$/ ? "skip" : "fail"
	sub(/^ *\.\.\. /, ""); sub(/\.\.\.TEST.*/, "")
	emit($0 ", chunks of " chunk, ok, said)
	next
}

/^memfd[^ ]*:/ {
	if (theme != "")
		emit(theme, "pass")
	theme = $0
	sub(/^[^:]*:[ \t]*/, "", theme); sub(/ *$/, "", theme)
	if (theme == "DONE")
		theme = ""
	next
}

# charge_reserved_hugetlb.sh
/^Test .*case/ { charge = $0; next }
/^private=.*reserve=/ { charge = charge " " $0; next }
/^PASS$/ { emit(charge, "pass"); next }

/^\/guest: line/ { next }	# the shell, of a program killed by a signal
/^# Totals:/ { next }
/[^ ]/ { said = $0; sub(/^# */, "", said) }
