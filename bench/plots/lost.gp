# SPDX-License-Identifier: GPL-2.0-only
# KERNEL-PAGE.dat: errors, bytes lost by the rule, bytes measured or NaN
set logscale x 4
set logscale y 2
set xlabel "memory errors at random in 64 huge pages"
set ylabel "memory lost"
set xtics (1, 16, 256, "4,096" 4096)
set ytics ("4 KiB" 2**12, "64 KiB" 2**16, "1 MiB" 2**20, "16 MiB" 2**24, \
	"256 MiB" 2**28, "4 GiB" 2**32, "64 GiB" 2**36)
set xrange [0.8:5200]
set yrange [2**11:2**38]
set key outside right center
file(name) = sprintf("%s/%s.dat", data, name)
plot file("base-1g") using 1:2 with lines linestyle 1 title "base, 1 GiB pages", \
	file("base-1g") using 1:3 with points linestyle 1 notitle, \
	file("base-2m") using 1:2 with lines linestyle 2 title "base, 2 MiB pages", \
	file("base-2m") using 1:3 with points linestyle 2 notitle, \
	file("keep-1g") using 1:2 with lines linestyle 3 title "keep, 1 GiB pages", \
	file("keep-1g") using 1:3 with points linestyle 3 notitle, \
	file("keep-2m") using 1:2 with lines linestyle 4 dashtype 2 title "keep, 2 MiB pages", \
	file("keep-2m") using 1:3 with points linestyle 4 notitle
