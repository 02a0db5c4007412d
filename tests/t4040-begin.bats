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
	# It looks for a successor and for its socket at the same time.
	mv "$T/run/socket" "$T/run/other"
	until_ok logged "a socket was removed"
	mv "$T/run/other" "$T/run/socket"
	exits 0 query recipients a@lists.example.org
	not gone "$before"
	not logged "a successor took over"
}

@test "the same where TCP is all there is" {
	mklist a
	port=$(PYTHONDONTWRITEBYTECODE=1 python3 \
	    "$top_srcdir/tests/sockets.py" port 3>&-)
	conf
	sed -i "s|local:$T/run/socket|inet:$port@127.0.0.1|" "$T/conf"
	start_daemon
	echo 99999999 >"$T/cache/take-over"
	echo x >>"$T/cache/take-over"
	was_looked_at
	cp "$T/cache/take-over" "$T/cache/other"
	mv "$T/cache/other" "$T/cache/take-over"
	was_looked_at
	exits 0 query recipients a@lists.example.org
	not logged "a successor took over"
	first=$PID
	start_daemon --take-over
	until_ok gone "$first"
	logged "a successor took over"
	exits 0 query recipients a@lists.example.org
}

# The daemon has seen what is there now.
was_looked_at() {
	python3 "$top_srcdir/tests/looked.py" "$T/cache/take-over" 2 3>&-
}
