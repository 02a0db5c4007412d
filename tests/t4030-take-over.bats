#!/usr/bin/env bats
# One daemon follows another, and no client notices.

load lib

export PYTHONDONTWRITEBYTECODE=1
export LISTMAPD

test_setup() {
	need python3
	mklist l{0..19}
	S="local:$T/run/socket"
	I="inet:$(python3 "$top_srcdir/tests/sockets.py" port)@127.0.0.1"
	conf
	listens "\"$S\", \"$I\""
}

listens() {
	sed -i "s|^listen = .*|listen = { $1 }|" "$T/conf"
}

takeover() {
	python3 "$top_srcdir/tests/takeover.py" "$1" "$T" "${@:2}" || {
		tail -n 20 "$T/log"
		return 1
	}
}

@test "without --take-over a live daemon is left alone" {
	local inode
	start_daemon
	inode=$(stat -c %i "$T/run/socket")
	for option in "" -D; do
		run timeout $PATIENCE "$LISTMAPD" -c "$T/conf" $option
		[ "$status" -eq 69 ]
		[[ $output = *"another daemon listens there"* ]]
		[ "$(stat -c %i "$T/run/socket")" = "$inode" ]
		answers
	done
}

@test "--take-over where nobody is" {
	start_daemon --take-over
}

@test "ten take-overs at once, under traffic: nothing fails" {
	listens "\"$S\""
	takeover at_once "$S"
}

@test "take-overs one by one, under traffic: nothing fails" {
	takeover one_by_one "$S" "$I"
}

@test "open connections stay with the old one, until the last is closed" {
	takeover open_connections "$S" "$I"
}

@test "drain: the old one ends with connections open" {
	echo 'drain = 1' >>"$T/conf"
	takeover drained "$S" "$I"
}

@test "a successor with a wrong configuration leaves the old one serving" {
	takeover wrong "$S" "$I"
}

@test "passed sockets: served, kept, and rid of old questions" {
	listens "\"local:$T/run/other\""
	takeover passed "$S" "$I"
}
