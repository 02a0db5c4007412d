# Four processes make, rename, remove, half-make and replace lists, and ask for
# each of them in the microsecond after: no false absent, no false found.
#
# `make check-hammer' does it for ten minutes.  HAMMER_SEED=N, which a failure
# tells, makes each process choose the same again.
load lib
load sites

export PYTHONDONTWRITEBYTECODE=1

# begin SITE...: as hammer.py wants them.
begin() {
	SITES="$*"
	python3 "$top_srcdir/tests/hammer.py" fill "$@"
	start_daemon
}

# hammer PARTS WORD...: for so many sixteenths of the time.
hammer() {
	local seconds

	seconds=$((${HAMMER_SECONDS:-22} * $1 / 16))
	shift
	run python3 "$top_srcdir/tests/hammer.py" "$@" "$seconds" \
	    "$T/run/socket" $SITES 3>&-
	echo "$output"
	[ "$status" = 0 ] || {
		tail -n 30 "$T/log"
		return 1
	}
}

# Nothing was amiss, as the log says.
well() {
	answers
	not logged 'away\|failed\|stuck\|late'
}

@test "five sites of Mailman 2.1 and 3" {
	begin_conf 'debounce = 0.005'
	site 0 2.1 "$T/0/lists" 'hosts = "any"' two.example.org
	site 1 2.1 "$T/1/lists" '' hosts.example.org other.example.org
	site 2 3 "$T/2/lists" 'settle = 0' three.example.org
	site 3 3 "$T/3/lists" '' young.example.org
	site 4 3 "$T/4/lists" "settle = 0" files.example.org
	mkdir -p "$T/4/data"
	begin "two,two.example.org,$T/0/lists" \
	    "hosts,hosts.example.org,$T/1/lists,other.example.org" \
	    "three,three.example.org,$T/2/lists" \
	    "young,young.example.org,$T/3/lists" \
	    "files,files.example.org,$T/4/lists,$T/4/data"
	hammer 7
	well
}

@test "an overlay, whose lower layer changes unseen" {
	need_mounts
	# Made in both later, it would be another directory as soon as the
	# kernel forgot the one in the upper layer.
	mkdir -p "$T/merged.lower/lists"
	on_overlay "$T/merged"
	begin_conf 'debounce = 0.005'
	site 0 2.1 "$T/merged/lists" 'hosts = "any"' lower.example.org
	begin "lower,lower.example.org,$T/merged/lists,$T/merged.lower/lists"
	hammer 3
	well
}

@test "no inotify watch is to be had" {
	without_watches
	begin_conf 'rescan = 5'
	site 0 2.1 "$T/0/lists" 'hosts = "any"' two.example.org
	site 1 3 "$T/1/lists" 'settle = 0' three.example.org
	begin "stale,two.example.org,$T/0/lists" \
	    "stale3,three.example.org,$T/1/lists"
	logged 'raise fs.inotify.max_user_watches'
	hammer 3
	well
}

@test "the inotify queue overflows again and again" {
	begin_conf 'debounce = 0.005'
	site 0 2.1 "$T/0/lists" 'hosts = "any"' two.example.org
	site 1 3 "$T/1/lists" 'settle = 0' three.example.org
	begin "two,two.example.org,$T/0/lists" \
	    "three,three.example.org,$T/1/lists"
	hammer 3 --flood "$PID"
	well
}
