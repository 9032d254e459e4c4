# SPDX-License-Identifier: GPL-2.0-only
set terminal svg size 760,420 dynamic font "sans-serif,13" background "white"
set border 3 linewidth 1
set tics nomirror
set grid ytics linecolor "#dddddd"
set key top left
set style line 1 linecolor "#c0392b" linewidth 2 pointtype 7
set style line 2 linecolor "#e59866" linewidth 2 pointtype 5
set style line 3 linecolor "#2874a6" linewidth 2 pointtype 7
set style line 4 linecolor "#7fb3d5" linewidth 2 pointtype 5
