#!/usr/bin/env bats
# The protocol, byte for byte: wire.py against a running daemon, over every
# kind of socket and for maps of several roles.

load lib

export PYTHONDONTWRITEBYTECODE=1

test_setup() {
	need python3
	mklist known
	S="local:$T/run/socket"
	I="inet:$(python3 "$top_srcdir/tests/sockets.py" port)@127.0.0.1"
	conf
	sed -i "s|^listen = .*|listen = { \"$S\", \"$I\" }|" "$T/conf"
	echo 'map "vulists" { role = "virtuser" }' >>"$T/conf"
	start_daemon
}

# wire SPEC MAP KNOWN UNKNOWN: every case passes, and there are cases.
wire() {
	local code=0

	python3 "$top_srcdir/tests/wire.py" "$@" >"$T/tap" || code=$?
	grep -A1 '^not ok' "$T/tap" || :
	[ $code = 0 ] && [ "$(grep -c '^ok ' "$T/tap")" -gt 100 ] && answers
}

@test "listmap, over a unix socket" {
	wire "$S" listmap known@lists.example.org nope@lists.example.org
}

@test "listmap, over TCP" {
	wire "$I" listmap known@lists.example.org nope@lists.example.org
}

@test "aliases, over a unix socket" {
	wire "$S" aliases known-request nope
}

@test "a map of another name, over TCP" {
	wire "$I" vulists known@example.org nope@example.org
}
