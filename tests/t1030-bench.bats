# The bench itself: that it measures, not how fast anything is.

load lib

@test "make bench measures every row and finds every answer right" {
	make -s -C "$top_builddir" tests/bench/{floor,load,rcpt,run,sink,tree} \
	    >"$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
	run bash "$top_srcdir/tests/bench/bench.sh" --quick
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"unix, 64"* ]]
	[[ $output == *"connect"* ]]
	[[ $output == *"none found, a list each 10 ms"* ]]
	# with figures, or with what they need
	[[ $output =~ another\ site\ hangs.*(us/look-up|not\ measured:\ needs) ]]
	[[ $output =~ socketmapServer.pl.*(-|not\ measured:\ needs) ]]
	[[ $output =~ mta-sts-resolver.*(us/look-up|not\ measured:\ needs) ]]
	[[ $output == *"rescan"* ]]
	[[ $output == *"memory"* ]]
	[[ $output == *"delivery by mm-handler, 10 KB"* ]]
	[[ $output == *"delivery of 10 MB, private memory"* ]]
	[[ $output =~ RCPTs/s\ of\ sendmail.*(us/RCPT|not\ measured) ]]
}
