# Draws what plot.bash measured:
#
#	gnuplot -e "data='FILE'; out='FILE.svg'" plot.gnuplot
set terminal svg size 880,620 dynamic font "sans-serif,12" background "#ffffff"
set output out
set style line 1 lc rgb "#888888" lw 2 pt 6 ps 0.6
set style line 2 lc rgb "#1f5fa8" lw 2 pt 7 ps 0.6
set grid lc rgb "#dddddd"
set border 3 lc rgb "#444444"
set tics nomirror
set mxtics 1
set mytics 1
set logscale x
set format x "%.0s%c"
set key above right horizontal
pick(axis) = sprintf("< awk '$1 == \"%s\"' '%s'", axis, data)
set multiplot layout 2,2
do for [axis in "connections lists"] {
	set xlabel axis
	set title "look-ups a second"
	unset logscale y
	set yrange [0:*]
	set format y "%.0s%c"
	plot pick(axis) using 2:3 with linespoints ls 1 title "floor", \
	    "" using 2:4 with linespoints ls 2 title "listmapd"
}
do for [axis in "connections lists"] {
	set xlabel axis
	set title "p99, microseconds"
	set logscale y
	set yrange [*:*]
	set format y "%.0f"
	plot pick(axis) using 2:5 with linespoints ls 1 title "floor", \
	    "" using 2:6 with linespoints ls 2 title "listmapd"
}
unset multiplot
