# The bench itself: that it measures, not how fast anything is.

load lib

@test "make bench measures every row and finds every answer right" {
	make -s -C "$top_builddir" tests/bench/floor tests/bench/load \
	    tests/bench/tree >"$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
	run bash "$top_srcdir/tests/bench/bench.sh" --quick
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"unix, 64"* ]]
	[[ $output == *"connect"* ]]
	[[ $output == *"rescan"* ]]
	[[ $output == *"memory"* ]]
}
