#!/usr/bin/env bats
# The sockets: how they are made, whom they let in, and what no client can do
# to another.

load lib

export PYTHONDONTWRITEBYTECODE=1

test_setup() {
	need python3
	mklist l{0..19}
	S="local:$T/run/socket"
}

sockets() {
	python3 "$top_srcdir/tests/sockets.py" "$@"
}

listens() {
	sed -i "s|^listen = .*|listen = { $1 }|" "$T/conf"
}

# refused CODE TEXT: the daemon does not start, and says why.
refused() {
	run timeout $PATIENCE "$LISTMAPD" -c "$T/conf"
	[ "$status" -eq "$1" ] && [[ $output = *"$2"* ]]
}

mode() {
	stat -c %a "$1"
}

@test "several listeners at once: local, inet, inet6" {
	local port
	port=$(sockets port)
	set -- "local:$T/run/socket" "unix:$T/run/second" \
	    "inet:$port@127.0.0.1" "inet:$((port + 1))@[127.0.0.1]"
	if sockets ipv6; then
		set -- "$@" "inet6:$port@::1" "inet6:$((port + 1))@[::1]"
	fi
	conf
	listens "$(printf '"%s", ' "$@" | sed 's/, $//')"
	start_daemon
	set -- "${@/\[/}"
	set -- "${@/\]/}"
	sockets serve "${@/unix:/local:}"
}

@test "a unix socket is for all by default" {
	conf
	(umask 077 && start_daemon && echo "$PID" >"$T/pid")
	DAEMONS=$(cat "$T/pid")
	[ "$(mode "$T/run/socket")" = 666 ]
	[ "$(ls -A "$T/run")" = socket ]
}

@test "mode, owner and group of a unix socket" {
	need_root
	local owner group
	owner=$(getent passwd 65534 | cut -d: -f1)
	group=$(getent group 1 | cut -d: -f1)
	conf "socket_mode = \"0640\"
		socket_owner = \"$owner\"
		socket_group = \"$group\""
	start_daemon
	[ "$(stat -c '%a %U %G' "$T/run/socket")" = "640 $owner $group" ]
}

@test "a dead daemon's socket is replaced" {
	conf
	sockets bind_only "$T/run/socket"
	start_daemon
	sockets serve "$S"
	kill -KILL "$PID"
	wait_gone "$PID"
	[ -S "$T/run/socket" ]
	start_daemon
	sockets serve "$S"
}

@test "a live socket is refused, and left alone" {
	local inode
	conf
	start_daemon
	inode=$(stat -c %i "$T/run/socket")
	refused 69 "another daemon listens there"
	[ "$(stat -c %i "$T/run/socket")" = "$inode" ]
	sockets serve "$S"
	stop_daemon
	sockets live_and_refused "$T/run/socket" "$LISTMAPD" -c "$T/conf"
}

@test "what is no socket is left alone" {
	conf
	echo precious >"$T/run/socket"
	refused 69 "no socket"
	[ "$(cat "$T/run/socket")" = precious ]
}

@test "the longest path, and one that is too long" {
	local dir=$T/run/ name
	name=$(printf '%0*d' $((107 - ${#dir})) 0)
	conf
	listens "\"local:$dir$name\""
	start_daemon
	sockets serve "local:$dir$name"
	stop_daemon
	listens "\"local:$dir${name}0\""
	refused 69 "socket path too long (107 bytes at most)"
}

@test "a port in use is refused, whoever uses it" {
	local port
	port=$(sockets port)
	conf
	listens "\"inet:$port@127.0.0.1\""
	start_daemon
	refused 69 "Address already in use"
	sockets serve "inet:$port@127.0.0.1"
	# No child that begins to scan has the port.
	until_ok scanned_since 0
	stop_daemon
	listens "\"$S\", \"inet:$port@127.0.0.1\""
	sockets busy_port "$port" "$LISTMAPD" -c "$T/conf"
	[ -z "$(ls -A "$T/run")" ]
}

@test "the socket's directory is made, its parent is not" {
	conf
	listens "\"local:$T/run/made/socket\""
	(umask 077 && start_daemon && echo "$PID" >"$T/pid")
	DAEMONS=$(cat "$T/pid")
	[ "$(mode "$T/run/made")" = 755 ]
	sockets serve "local:$T/run/made/socket"
	listens "\"local:$T/run/no/such/socket\""
	refused 69 "No such file or directory"
}

@test "over max_connections: sent away, and not left waiting" {
	conf "max_connections = 5"
	start_daemon
	sockets shed "$S" "$PID" 5
	[ "$(logged_times 'client sent away')" = 1 ]
}

# limited SOFT:HARD: the daemon to come may open so many files, and no right of
# root's raises that.
limited() {
	need prlimit setpriv
	ENTER="prlimit --nofile=$1"
	[ "$(id -u)" != 0 ] || ENTER="$ENTER setpriv \
	    --inh-caps=-sys_resource --bounding-set=-sys_resource"
}

descriptor_limit() {
	awk '/^Max open files/ { print $4 }' "/proc/$PID/limits"
}

# reload N: max_connections is N from now on.
reload() {
	local before

	before=$(logged_times 'configuration read again')
	sed -i "s/^max_connections.*/max_connections = $1/" "$T/conf"
	kill -HUP "$PID"
	until_ok logged_so_often $((before + 1)) 'configuration read again'
}

serves_at_most() {
	query .status all | grep -q "^daemon	max_connections	$1\$"
	sockets shed "$S" "$PID" "$1"
}

@test "a reload raises max_connections, and its descriptors" {
	conf "max_connections = 5"
	limited 64:2000
	start_daemon
	ENTER=
	serves_at_most 5
	reload 400
	[ "$(descriptor_limit)" -ge 500 ]
	serves_at_most 400
	reload 7
	serves_at_most 7
	not logged 'descriptors:'
}

@test "a reload raises max_connections as far as it may" {
	conf "max_connections = 5"
	limited 64:600
	start_daemon
	ENTER=
	reload 500
	[ "$(logged_times "descriptors: option 'max_connections': 500 clients \
need 756 descriptors, and the limit is 600: 344 are served")" = 1 ]
	serves_at_most 344
	# Files have theirs whatever clients do.
	mklist later
	noticed later
}

@test "a start as root keeps the right to raise it" {
	need_root
	need prlimit
	prlimit --nofile=64:128 prlimit --nofile=64:129 true 2>/dev/null ||
	    skip "root may not raise limits here"
	conf "max_connections = 5"
	sed -i 's/^user.*/user = "nobody"/' "$T/conf"
	chown nobody "$T/cache"
	ENTER="prlimit --nofile=64:128"
	start_daemon
	ENTER=
	[ "$(stat -c %U "/proc/$PID")" = nobody ]
	reload 600
	serves_at_most 600
	not logged 'descriptors:'
}

@test "with few descriptors a quarter of them is for clients" {
	conf "max_connections = 100"
	limited 64:64
	start_daemon
	ENTER=
	logged 'the limit is 64: 16 are served'
	serves_at_most 16
}

@test "a lowered max_connections closes nobody" {
	conf "max_connections = 20"
	start_daemon
	sockets lowered "$S" "$PID" "$T/conf"
}

@test "no descriptors left: nobody waits, nothing spins, it heals" {
	need_root
	conf
	start_daemon
	sockets no_descriptors "$S" "$PID"
	[ "$(logged_times 'client sent away')" = 1 ]
}

@test "a client that does not read disturbs nobody, and misses nothing" {
	local port
	port=$(sockets port)
	conf
	listens "\"$S\", \"inet:$port@127.0.0.1\""
	start_daemon
	sockets unread "$S" "$PID"
	sockets unread "inet:$port@127.0.0.1" "$PID"
}

@test "ten seconds: for half a frame, and to end; an idle client has all time" {
	local first
	conf
	start_daemon
	first=$PID
	sed -i "s|run/socket|run/second|" "$T/conf"
	start_daemon
	sockets ten_seconds "$S" "local:$T/run/second" "$PID"
	kill -0 "$first"
	logged 'a request stopped half-way'
}

@test "SIGTERM: closes the listeners, finishes what is in flight, ends" {
	local port
	port=$(sockets port)
	conf "pidfile = \"$T/pid\""
	listens "\"$S\", \"inet:$port@127.0.0.1\""
	start_daemon
	[ "$(cat "$T/pid")" = "$PID" ]
	# No child that begins to scan has the listeners.
	until_ok scanned_since 0
	sockets terminate "$PID" "$S" "inet:$port@127.0.0.1"
	[ -z "$(ls -A "$T/run")" ]
	[ ! -e "$T/pid" ]
	wait "$PID"
}

@test "malformed requests, HTTP too: one TEMP, an end, one line in the log" {
	conf
	start_daemon
	sockets malformed "$S" "$PID"
	[ "$(logged_times 'malformed request')" = 1 ]
	[ "$(logged_times 'no map has the name')" = 1 ]
	[ "$(logged_times 'no space between map')" = 1 ]
}

@test "500 idle clients are served, and need little" {
	conf
	start_daemon
	sockets idle "$S" "$PID"
}

@test "garbage on 200 connections harms nobody and leaves nothing" {
	conf
	start_daemon
	sockets garbage "$S" "$PID"
	[ "$(logged_times 'malformed request')" = 1 ]
	! logged 'ERROR\|runtime error'
}

@test "a child that scans holds no client's connection" {
	conf
	start_daemon
	sockets slow_child "$S" "$PID" "$T"
}
