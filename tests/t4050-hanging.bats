#!/usr/bin/env bats
# A file server that does not answer hurts nobody but its own site.  The lists
# of the site "far" are on a filesystem whose server, bindfs, is stopped: a call
# on a path there does not come back.

load lib

test_setup() {
	need_root
	need bindfs
	[ -c /dev/fuse ] || skip "/dev/fuse is missing"
	mkdir "$T/disk" "$T/far"
	mklist a
	mkfar b
	conf
	cat >>"$T/conf" <<-EOF
	site "far" {
		lists_dir = "$T/far"
		hosts = "any"
		scan_timeout = 1
		domain "far.example.org" { dedicated = true }
	}
	EOF
	sed -i 's/^deadline = .*/deadline = 1/' "$T/conf"
	bindfs -f -o attr_timeout=0,entry_timeout=0,negative_timeout=0 \
	    "$T/disk" "$T/far" >"$T/bindfs" 2>&1 3>&- &
	SERVER=$!
	DAEMONS=$SERVER
	until_ok far_or_gone
	far_answers || skip "bindfs cannot mount here: $(cat "$T/bindfs")"
}

# What hangs there has to end before the test does.
test_teardown() {
	[ -z "${SERVER:-}" ] || kill -CONT "$SERVER"
}

mkfar() {
	mkdir "$T/disk/$1"
	printf '}q\001.' >"$T/disk/$1/config.pck"
}

far_answers() {
	timeout -s KILL 5 stat "$T/far/b/config.pck" >"$T/stat" 2>&1
}

far_or_gone() {
	far_answers || gone "$SERVER"
}

far_is_silent() {
	local rc=0

	timeout -s KILL 0.5 stat "$T/far/b" >"$T/stat" 2>&1 || rc=$?
	[ "$rc" = 137 ]
}

# A command that hangs is ended, for it would hold the test.
in_time() {
	timeout -s KILL "$PATIENCE" "$@"
}

# From now on a call on a path of the far site does not come back.
hang() {
	kill -STOP "$SERVER"
	until_ok far_is_silent
}

# Whatever is read again then has as much time as it needs.
heal() {
	sed -i 's/scan_timeout = .*/scan_timeout = 600/' "$T/conf"
	kill -CONT "$SERVER"
	until_ok far_answers
}

@test "rebuild: a dead file server does not keep the other sites" {
	hang
	exits 75 in_time "$LISTMAP" -c "$T/conf" rebuild
	says "site far: the lists directory $T/far does not answer"
	[ "$(cd "$T/cache" && echo *.cdb)" = lists.cdb ]
	heal
	exits 0 in_time "$LISTMAP" -c "$T/conf" rebuild
	[ -z "$output" ]
	exits 0 query --direct recipients b@far.example.org
}

@test "rebuild: only the site that is named" {
	hang
	exits 0 in_time "$LISTMAP" -c "$T/conf" rebuild lists
	[ -z "$output" ]
	exits 75 in_time "$LISTMAP" -c "$T/conf" rebuild far
}

# on_a_terminal COMMAND...
on_a_terminal() {
	python3 -c 'import pty, sys, os
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@" </dev/null
}

@test "rebuild: on a terminal it says which site waits for what" {
	sed -i '0,/hosts = "any"/s//&\nscan_timeout = 2/' "$T/conf"
	hold_lock
	hang
	exits 75 on_a_terminal timeout -s KILL "$PATIENCE" "$LISTMAP" \
	    -c "$T/conf" rebuild
	says "lists: waits for the lock, which process $HOLDER (sleep) has"
	says "site lists: cannot lock: $T/cache/lists.lock: process $HOLDER"
	says "site far: the lists directory $T/far does not answer (1 s)"
	free_lock
	heal
	exits 0 on_a_terminal "$LISTMAP" -c "$T/conf" rebuild
	says "lists [##############################] 1"
	says "lists: 1 lists, new cache"
	says "far: 1 lists, new cache"
}

@test "listmapd -t: a directory that does not answer is a warning" {
	hang
	exits 0 in_time "$LISTMAPD" -t -c "$T/conf"
	says "startup: site far: the lists directory $T/far does not answer"
	says "$T/conf: ok"
}

@test "listmapd -t: what is wrong elsewhere is said all the same" {
	hang
	rm -r "$T/lists"
	exits 78 in_time "$LISTMAPD" -t -c "$T/conf"
	says "option 'lists_dir': $T/lists: No such file or directory"
	says "startup: site far: the lists directory $T/far does not answer"
}

# near_is_served: found and absent are told, as if there were no other site; on
# a busy machine an answer may come too late for the deadline of these tests.
near_is_served() {
	until_ok exits 0 in_time "$LISTMAP" -c "$T/conf" query recipients \
	    a@lists.example.org
	until_ok exits 1 in_time "$LISTMAP" -c "$T/conf" query recipients \
	    nosuch@lists.example.org
}

all_is_well() {
	"$LISTMAP" -c "$T/conf" status
}

far_is_served() {
	query recipients b@far.example.org
}

@test "start: the near site is served while the far one hangs" {
	hang
	start_daemon
	near_is_served
	exits 75 query recipients b@far.example.org
	logged "startup: no snapshot yet: far: the lists directory $T/far "
	[ "$(logged_times 'startup: .*far')" = 1 ]
	heal
	until_ok far_is_served
}

@test "start: caches of before serve both sites" {
	"$LISTMAP" -c "$T/conf" rebuild
	hang
	start_daemon
	near_is_served
	until_ok far_is_served
}

child_of() {
	ps -o pid= --ppid "$1" | grep -q .
}

@test "start: SIGTERM ends it while it waits, and its children" {
	local child pid
	sed -i 's/^deadline = .*/deadline = 25/' "$T/conf"
	hang
	"$LISTMAPD" -c "$T/conf" </dev/null >>"$T/log" 2>&1 3>&- &
	pid=$!
	DAEMONS="$DAEMONS $pid"
	until_ok child_of "$pid"
	child=$(ps -o pid= --ppid "$pid" | xargs)
	kill "$pid"
	wait_gone "$pid"
	wait_gone "$child"
}

@test "take-over: the old one serves until the new one can" {
	local old successor
	start_daemon
	until_ok far_is_served
	old=$PID
	# The successor has to wait for a first scan of the far site.
	rm "$T/cache/far.cdb"
	sed -i 's/^deadline = .*/deadline = 25/' "$T/conf"
	hang
	"$LISTMAPD" -c "$T/conf" --take-over </dev/null >>"$T/log" 2>&1 3>&- &
	successor=$!
	DAEMONS="$DAEMONS $successor"
	until_ok child_of "$successor"
	near_is_served
	until_ok far_is_served
	PID=$old answers
	heal
	PID=$successor
	until_ok answers
	near_is_served
	until_ok far_is_served
}

@test "take-over: a dead file server keeps nobody from it" {
	start_daemon
	until_ok far_is_served
	hang
	start_daemon --take-over
	near_is_served
	until_ok far_is_served
}

@test "reload: a dead file server keeps nobody from it" {
	start_daemon
	until_ok far_is_served
	hang
	# A site that is new, and hangs as well.
	cat >>"$T/conf" <<-EOF
	site "new" {
		lists_dir = "$T/far/b"
		hosts = "any"
		domain "new.example.org" { dedicated = true }
	}
	EOF
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	near_is_served
	until_ok far_is_served
	exits 75 query recipients x@new.example.org
}

# status_says REASON: and its exit code says that something is wrong.
status_says() {
	exits 75 "$LISTMAP" -c "$T/conf" status
	says "$1"
}

@test "status: a site whose scans do not end is stuck, until they do" {
	start_daemon
	until_ok far_is_served
	until_ok all_is_well
	hang
	kill -HUP "$PID"
	until_ok status_is stuck
	# The worker may have told first.
	until_ok status_says "the scan of $T/far took longer than scan_timeout (1 s)"
	near_is_served
	until_ok far_is_served
	heal
	kill -HUP "$PID"
	until_ok all_is_well
}

# There are no domains, and so no site needs one.
@test "without a configuration, a directory that does not answer counts" {
	need_mounts
	[ ! -e "$("$LISTMAPD" --help | sed -n 's/.*configuration (\(.*\))/\1/p')" ] ||
	    skip "this machine has a configuration"
	enter_namespace
	$ENTER mount -t tmpfs none /var/lib
	$ENTER mkdir -p /var/lib/mailman3/lists
	exits 0 in_time $ENTER "$LISTMAPD" -T
	[ "$(grep -c '^site' <<<"$output")" = 1 ]
	says 'mailman = "3"'
	$ENTER mkdir -p /var/lib/mailman/lists
	$ENTER mount --bind "$T/far" /var/lib/mailman
	hang
	exits 0 in_time $ENTER "$LISTMAPD" -T
	[ "$(grep -c '^site' <<<"$output")" = 2 ]
	says 'mailman = "2.1"'
}
