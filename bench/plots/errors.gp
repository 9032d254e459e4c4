# SPDX-License-Identifier: GPL-2.0-only
# WAY-KERNEL.dat: errors in the page so far, instructions for the last of them
set logscale xy
set xlabel "errors in the same 1 GiB page, this one included"
set ylabel "instructions of the guest"
set xtics (1, "1,024" 1024, "4,096" 4096, "65,536" 65536)
set format y "%.0s %c"
set xrange [0.7:100000]
set key bottom left
file(name) = sprintf("%s/%s.dat", data, name)
plot file("error-base") with linespoints linestyle 1 title "base, reported", \
	file("error-keep") with linespoints linestyle 3 title "keep, reported", \
	file("consumed-keep") with linespoints linestyle 4 title "keep, consumed", \
	file("consumed-base") with points linestyle 2 title "base, consumed"
