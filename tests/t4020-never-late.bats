#!/usr/bin/env bats
# sendmail takes a late answer as the answer to its next question: whatever
# stops the daemon, no client may get one.

load lib

export PYTHONDONTWRITEBYTECODE=1

test_setup() {
	local port
	need python3
	mklist l{0..199}
	port=$(python3 "$top_srcdir/tests/sockets.py" port)
	SPECS="local:$T/run/socket inet:$port@127.0.0.1"
	conf
	sed -i "s|^listen = .*|listen = { \"${SPECS/ /\", \"}\" }|" "$T/conf"
}

# late SCENARIO DEADLINE WORD...
late() {
	local scenario=$1

	echo "deadline = $2" >>"$T/conf"
	shift 2
	start_daemon
	# shellcheck disable=SC2086
	python3 "$top_srcdir/tests/late.py" "$scenario" "$PID" "$@" $SPECS
}

@test "stopped for longer than the deadline: closed, never answered late" {
	late late 2 5 2 2.2
	[ "$(logged_times 'the answer would come too late')" = 1 ]
}

@test "the same with a short deadline" {
	late late 0.5 1.6 3 1
}

@test "stopped at any moment" {
	late often 0.1 0.5 20 0.4
}

@test "stopped for less than the deadline: answered" {
	late short 25 0.6 3 "$PATIENCE"
	! logged 'too late'
}
