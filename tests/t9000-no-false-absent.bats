# A list that exists is never absent, whatever happens around it.

load lib

hammer() {
	python3 "$top_srcdir/tests/no_false_absent.py" \
	    "${HAMMER_SECONDS:-6}" "$T/run/socket" "$T/lists" "$PID" \
	    "$LISTMAP" -c "$T/conf" rebuild
}

@test "not one false absent, not one connection lost" {
	conf 'debounce = 0.01'
	mklist mailman
	start_daemon
	exits 0 hammer
	logged "new snapshot"
	logged "configuration read again"
	not logged "away\|failed"
	answers
}

@test "nor with the usual settings" {
	conf
	mklist mailman
	start_daemon
	exits 0 hammer
	not logged "away\|failed"
	answers
}
