# What a daemon finds at its beginning and must not trip over.

load lib

@test "closed descriptors do not become sockets that -D closes" {
	mklist a
	conf
	for closed in "<&-" ">&-" "2>&-" "<&- >&- 2>&-"; do
		eval '"$LISTMAPD" -c "$T/conf" -D 3>&-' "$closed"
		until_ok query recipients a@lists.example.org
		PID=$(query .status all | awk '$2 == "pid" { print $3 }')
		DAEMONS="$DAEMONS $PID"
		stop_daemon
	done
}

@test "the pidfile: root follows no link" {
	need_root
	mklist a
	conf 'pidfile = "'"$T"'/run/pid"'
	echo precious >"$T/victim"
	ln -s "$T/victim" "$T/run/pid"
	start_daemon
	[ "$(cat "$T/victim")" = precious ]
	[ "$(cat "$T/run/pid")" = "$PID" ]
	[ ! -L "$T/run/pid" ]
}

@test "not everything that happens to the cache directory is a successor" {
	mklist a
	conf
	start_daemon
	touch "$T/cache/take-over"
	echo 1 >"$T/cache/take-over"
	chmod -R u+w "$T/cache"
	cp -al "$T/cache" "$T/backup"
	before=$PID
	until_ok status_is ok
	sleep_ticks
	exits 0 query recipients a@lists.example.org
	not gone "$before"
	not logged "a successor took over"
}

@test "the same where TCP is all there is" {
	mklist a
	port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])' 3>&-)
	conf
	sed -i "s|local:$T/run/socket|inet:$port@127.0.0.1|" "$T/conf"
	start_daemon
	echo 99999999 >"$T/cache/take-over"
	echo x >>"$T/cache/take-over"
	sleep_ticks
	cp "$T/cache/take-over" "$T/cache/other"
	mv "$T/cache/other" "$T/cache/take-over"
	sleep_ticks
	exits 0 query recipients a@lists.example.org
	not logged "a successor took over"
	first=$PID
	start_daemon --take-over
	until_ok gone "$first"
	logged "a successor took over"
	exits 0 query recipients a@lists.example.org
}

# Long enough for the daemon to have looked: its own scans show that.
sleep_ticks() {
	local before

	before=$(scans)
	for i in 1 2; do
		mklist "tick$i$RANDOM"
		until_ok scanned_since $((before + i - 1))
	done
	read -rt 2.2 <> <(:) || :
}
