# The bench itself: that it measures, not how fast anything is.

load lib

programs() {
	make -s -C "$top_builddir" tests/bench/{floor,load,rcpt,run,sink,tree} \
	    >"$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
}

# late_server SECONDS: a server whose first answer takes so long.
late_server() {
	python3 - "$T/late" "$1" <<-'END' 3>&- &
	import os, socket, sys, time
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1] + ".new")
	s.listen()
	os.rename(sys.argv[1] + ".new", sys.argv[1])
	late = float(sys.argv[2])
	while True:
	    c = s.accept()[0]
	    while c.recv(4096):
	        time.sleep(late)
	        late = 0
	        c.sendall(b"9:NOTFOUND ,")
	END
	DAEMONS="$DAEMONS $!"
	until_ok [ -S "$T/late" ]
}

@test "a time in which nothing was answered begins anew" {
	local rate

	programs
	for rate in 0 100; do
		rm -f "$T/late"
		late_server 0.35
		run "$top_builddir/tests/bench/load" -d 0.01 -w 0 -r $rate \
		    "local:$T/late"
		echo "$output"
		[ "$status" = 0 ]
	done
}

@test "make bench measures every row and finds every answer right" {
	programs
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

@test "make bench-plot has a figure of both servers for each point" {
	local where='[0-9]+ [1-9][0-9]* [1-9][0-9]*( [0-9.]+){2}$'

	programs
	run bash "$top_srcdir/tests/bench/bench.sh" --quick --plot
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -cE "^connections $where" <<<"$output")" = 3 ]
	[ "$(grep -cE "^lists $where" <<<"$output")" = 2 ]
	command -v gnuplot >/dev/null || skip "the drawing needs gnuplot"
	echo "$output" >"$T/data"
	gnuplot -e "data='$T/data'; out='$T/plot.svg'" \
	    "$top_srcdir/tests/bench/plot.gnuplot"
	# four panels with two lines each
	[ "$(grep -cE '<title>(floor|listmapd)<' "$T/plot.svg")" = 8 ]
}

@test "make bench-profile counts instructions of hits and misses" {
	local tool

	for tool in valgrind callgrind_control callgrind_annotate; do
		command -v $tool >/dev/null || skip "needs $tool"
	done
	programs
	run bash "$top_srcdir/tests/bench/profile.sh" 50 0.5
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -cE '^ +[0-9]+ +[0-9]+  all ' <<<"$output")" = 2 ]
	# with a file, be it that of what the compiler put into it
	[ "$(grep -cE '  answer_request +src/' <<<"$output")" = 2 ]
}
