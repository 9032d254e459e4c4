# SPDX-License-Identifier: GPL-2.0-only
# memcycler.dat: name, then median, q1, q3 of each state, in % of all huge
set style fill solid 0.9
set boxwidth 0.18
set ylabel "rate next to all huge pages healthy, %"
set xrange [-0.5:*]
set yrange [*:4]
set key bottom left
set xzeroaxis linetype -1
file = data . "/memcycler.dat"
bar(i) = (i - 2.5) * 0.2
array titles[4] = ["5% kept", "25% kept", "5% split", "25% split"]
plot for [i = 1:4] file \
	using ($0 + bar(i)):(column(3 * i - 1)) with boxes \
	linestyle int(word("4 3 2 1", i)) \
	title titles[i], \
	for [i = 1:4] file \
	using ($0 + bar(i)):(column(3 * i - 1)):(column(3 * i)):(column(3 * i + 1)) \
	with yerrorbars linecolor "black" pointtype -1 notitle, \
	file using 0:(NaN):xtic(1) notitle
