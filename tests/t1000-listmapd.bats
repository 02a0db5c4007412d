# listmapd: its options, what it refuses to start with, and its signals.

load lib

listmapd() {
	$ENTER "$LISTMAPD" -c "$T/conf" "$@"
}

# Ends within the test's patience, or not at all.
start_fails() {
	local code=$1

	shift
	exits "$code" timeout $PATIENCE "$LISTMAPD" -c "$T/conf" "$@"
}

# What a start that failed must not leave.
nothing_started() {
	[ ! -e "$T/run/socket" ] && [ -z "$(ls "$T/cache")" ]
}

@test "options: unknown ones are 64, with the usage" {
	conf
	for wrong in -x --nonsense argument; do
		exits 64 timeout $PATIENCE "$LISTMAPD" $wrong
		says "usage: listmapd"
	done
	exits 64 "$LISTMAPD" -c
	exits 0 "$LISTMAPD" --help
	says "usage: listmapd"
	exits 64 "$LISTMAPD" --take-ovre
	says "--take-ovre: is --take-over meant?"
	exits 0 "$LISTMAPD" -V
	says "listmapd (listmap) "
}

@test "no configuration file: 78, and which one" {
	exits 78 timeout $PATIENCE "$LISTMAPD" -c "$T/nothing"
	says "$T/nothing: No such file or directory"
}

# The text of conf's argument is line 4.
@test "wrong values: file, line and option, and nothing starts" {
	local n=0

	while IFS='|' read -r text option; do
		conf "$text"
		start_fails 78
		says "$T/conf:4: "
		says "'$option'"
		nothing_started
		n=$((n + 1))
	done <<-'END'
	rescan = 0|rescan
	rescan = "soon"|rescan
	debounce = 3|debounce
	deadline = 100|deadline
	max_connections = 0|max_connections
	socket_mode = "0999"|socket_mode
	socket_mode = "rw"|socket_mode
	log = "file"|log
	log_level = "loud"|log_level
	cache_dir = "here"|cache_dir
	pidfile = "pid"|pidfile
	refusal = "say {what}"|refusal
	nonsense = 1|nonsense
	map "m" { role = "nonsense" }|role
	END
	[ $n = 14 ]
}

# The text of conf's second argument is line 8.
@test "wrong values of a site are told the same way" {
	while IFS='|' read -r text option; do
		conf "" "$text"
		start_fails 78
		says "$T/conf:9: "
		says "'$option'"
		nothing_started
	done <<-'END'
	mailman = "1"|mailman
	plus = "some"|plus
	actions = { "post", "dance" }|actions
	verify_misses = "perhaps"|verify_misses
	data_dir = "data"|data_dir
	dedicated = true|dedicated
	domain "d" { redirect = { "postmaster" } }|redirect
	domain "d" { dedicated = 7 }|dedicated
	domain "d" { alias = "no.where" }|alias
	END
}

@test "a data_dir that is the lists_dir by another name is wrong" {
	ln -s lists "$T/link"
	for dir in "$T/lists" "$T/lists/" "$T/./lists" "$T/cache/../lists" \
	    "$T/link"; do
		conf "" "mailman = \"3\" data_dir = \"$dir\""
		start_fails 78
		says "$T/conf:"
		says "site \"lists\": option 'data_dir': is lists_dir"
		nothing_started
		exits 78 "$LISTMAPD" -t -c "$T/conf"
	done
	conf
	sed -i "s|^cache_dir.*|cache_dir = \"$T/link\"|" "$T/conf"
	start_fails 78
	says "option 'cache_dir': is the lists_dir of site \"lists\""
	[ -z "$(ls "$T/lists")" ]
	# It becomes so while the daemon runs: new lists are seen all the same.
	rm "$T/link"
	mkdir "$T/link"
	conf 'rescan = 3600' \
	    "mailman = \"3\" settle = 0 data_dir = \"$T/link\""
	start_daemon
	rmdir "$T/link"
	ln -s lists "$T/link"
	until_ok settled 0
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	mkdir "$T/lists/a.example.org"
	until_ok settled 1
}

@test "every error of a file is told, not only the first one" {
	conf 'map "a" {}' 'domain "bad..name" {}'
	start_fails 78
	says 'map "a": option '\''role'\'' is missing'
	says 'domain "bad..name"'
}

@test "two sites must agree on a domain" {
	conf
	cat >>"$T/conf" <<-END
	site "other" {
		lists_dir = "$T/other"
		domain "lists.example.org" {}
	}
	END
	start_fails 78
	says "$T/conf:"
	says 'domain "lists.example.org": option '\''dedicated'\'
	nothing_started
}

@test "a redirect round a circle is an error" {
	conf "" 'domain "a.org" { redirect = { "x=y@a.org", "y=x@a.org" } }'
	start_fails 78
	says "leads to itself"
}

@test "a missing lists directory: no answer, until it is there" {
	rmdir "$T/lists"
	conf
	start_daemon
	logged "No such file or directory"
	exits 75 query recipients a@lists.example.org
	exits 75 query recipients a@example.org
	exits 0 query mailertable lists.example.org
	mkdir "$T/lists"
	mklist a
	exits 0 query recipients a@lists.example.org
	until_ok settled 1
	exits 1 query recipients b@lists.example.org
}

@test "an unwritable cache directory: lists are found, the rest has no answer" {
	need_root
	mklist a
	conf 'user = "nobody"'
	start_daemon
	until_ok logged "$T/cache.*Permission denied"
	exits 0 query recipients a@lists.example.org
	exits 75 query recipients b@lists.example.org
	chown nobody "$T/cache"
	until_ok settled 1
	exits 1 query recipients b@lists.example.org
}

@test "a file in the place of the cache directory" {
	mklist a
	rmdir "$T/cache"
	: >"$T/cache"
	conf
	start_fails 73
	says "option 'cache_dir': $T/cache: "
	[ ! -e "$T/run/socket" ]
}

@test "the cache directory is made, for the account" {
	need_root
	rmdir "$T/cache"
	mklist a
	conf 'user = "nobody"'
	start_daemon
	[ "$(stat -c %U:%a "$T/cache")" = nobody:755 ]
	[ "$(stat -c %U "$T/cache/lists.cdb")" = nobody ]
}

@test "a socket path that is too long" {
	conf "listen = { \"local:$T/$(printf %0120d 0)\" }"
	start_fails 69
	says "option 'listen'"
	says "too long"
	exits 78 listmapd -t
	says "too long"
}

@test "a port in use" {
	python3 - "$T/port" <<-'END' 3>&- &
	import os, signal, socket, sys
	s = socket.create_server(("127.0.0.1", 0))
	with open(sys.argv[1] + ".new", "w") as f:
	    f.write(str(s.getsockname()[1]))
	os.rename(sys.argv[1] + ".new", sys.argv[1])
	signal.pause()
	END
	DAEMONS=$!
	until_ok test -s "$T/port"
	conf "listen = { \"local:$T/run/socket\", \"inet:$(cat "$T/port")@127.0.0.1\" }"
	start_fails 69
	says "Address already in use"
	[ ! -e "$T/run/socket" ]
}

@test "a live socket is an error, and the daemon there stays" {
	conf
	start_daemon
	start_fails 69
	says "another daemon listens there"
	answers
}

@test "a dead daemon's socket is replaced" {
	conf
	start_daemon
	kill -KILL "$PID"
	wait_gone "$PID"
	[ -S "$T/run/socket" ]
	start_daemon
}

@test "something else in the socket's place stays" {
	conf
	: >"$T/run/socket"
	start_fails 69
	says "is in the way"
	[ -f "$T/run/socket" ]
}

@test "-t says what would fail, and starts nothing" {
	conf
	exits 0 listmapd -t
	says "$T/conf: ok"
	nothing_started
	conf "" "lists_dir = \"$T/nowhere\""
	exits 78 listmapd -t
	says "$T/nowhere"
	nothing_started
}

@test "an option that is set twice: -t and the log say so" {
	mklist a
	conf "rescan = 300
		rescan = 200
		listen += \"local:$T/run/other\""
	exits 0 listmapd -t
	says "warnings: $T/conf:5: option 'rescan' is set a second time"
	[ "$(grep -c 'second time' <<<"$output")" = 1 ]
	start_daemon
	logged "warnings: $T/conf:5: option 'rescan' is set a second time"
	exits 1 query recipients nosuch@example.org
	[ -z "$output" ]
}

@test "-T prints every option, and reads back as the same" {
	conf 'socket_mode = "0600"
		refusal = "No {list} at {domain} ({address}): {url} 100%"
		log_level = "debug"
		rescan = 12.5
		listen = { "local:/a b/c", "inet:7@127.0.0.1" }
		map "vu" { role = "virtuser" site = { "lists" } }' \
	    'actions = { "post", "owner" }
		url = "https://lists.example.org/"
		plus = "any"
		domain "other.org" {
			redirect = { "postmaster=p@example.org", "abuse=a@b" }
		}
		domain "alias.org" { alias = "other.org" }'
	listmapd -T >"$T/first"
	"$LISTMAPD" -T -c "$T/first" >"$T/second"
	cmp "$T/first" "$T/second"
	grep -q 'rescan = 12.5' "$T/first"
	grep -q '"inet:7@127.0.0.1"' "$T/first"
	grep -q 'alias = "other.org"' "$T/first"
}

# Whether the process PID has none of the test's files.
holds_nothing() {
	local files

	files=$(readlink "/proc/$1/fd/"*)
	[ -n "$files" ] || gone "$1"
	[ -z "$(grep -e "$T/lock" -e '^pipe:' -e bats <<<"$files")" ] || {
		echo "process $1 has: $files"
		return 1
	}
}

@test "-D detaches, and returns when it answers" {
	mklist a
	conf "pidfile = \"$T/run/pid\"" # and log: syslog, if there is one
	# Descriptor 9 is a lock of whoever starts it.
	exits 0 listmapd -D 9>"$T/lock"
	DAEMONS=$(cat "$T/run/pid")
	PID=$DAEMONS
	# Neither the daemon nor a process of its own holds what it was given:
	# whoever reads its output to the end would wait for them.
	until_ok pgrep -P "$PID"
	for pid in $PID $(pgrep -P "$PID"); do
		holds_nothing "$pid"
	done
	answers
	exits 0 query recipients a@lists.example.org
	[ "$(readlink "/proc/$PID/fd/2")" = /dev/null ]
	[ "$(readlink "/proc/$PID/cwd")" = / ]
	# It leads a session of its own.
	[ "$(ps -o sid= -p "$PID" | tr -d ' ')" = "$PID" ]
	stop_daemon
	[ ! -e "$T/run/pid" ]
	[ ! -e "$T/run/socket" ]
}

@test "-D: a start that fails ends as it would in the foreground" {
	conf
	start_daemon
	start_fails 69 -D
	says "another daemon listens there"
	conf 'user = "no-such-account"'
	[ "$(id -u)" != 0 ] || {
		start_fails 78 -D
		says "there is no such account"
	}
}

@test "pidfile: written, and removed at the end; a bad one is an error" {
	conf "pidfile = \"$T/run/pid\""
	start_daemon
	[ "$(cat "$T/run/pid")" = "$PID" ]
	stop_daemon
	[ ! -e "$T/run/pid" ]
	conf "pidfile = \"$T/nowhere/pid\""
	start_fails 73
	says "$T/nowhere/pid"
	[ ! -e "$T/run/socket" ]
}

# ask MAP KEY: over the connection that keep_connection opened.
ask() {
	printf '%s %s\n' "$1" "$2" >&"${ASKER[1]}"
	IFS= read -rt $PATIENCE -u "${ASKER[0]}" reply
}

keep_connection() {
	coproc ASKER {
		exec python3 "$top_srcdir/tests/ask.py" "$T/run/socket" 3>&-
	}
	DAEMONS="$DAEMONS $ASKER_PID"
}

@test "SIGHUP: new maps and domains at once, connections stay" {
	mklist a
	conf
	start_daemon
	keep_connection
	ask recipients a@lists.example.org
	[ "$reply" = "OK OK" ]
	ask vulists a@new.example.org
	[[ $reply = TEMP* ]]
	conf 'map "vulists" { role = "virtuser" }' 'domain "new.example.org" {}'
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	ask vulists a@new.example.org
	[ "$reply" = "OK %1@new.example.org.mailman" ]
	ask recipients a@lists.example.org
	[ "$reply" = "OK OK" ]
	conf
	kill -HUP "$PID"
	until_ok logged_so_often 2 "read again"
	ask recipients a@new.example.org
	[ "$reply" = "NOTFOUND " ]
}

@test "SIGHUP: a wrong file is reported, the old configuration stays" {
	mklist a
	conf
	start_daemon
	keep_connection
	cp "$T/conf" "$T/good"
	conf 'rescan = "never"' 'domain "new.example.org" {}'
	kill -HUP "$PID"
	until_ok logged "old configuration stays"
	logged "$T/conf:4: .*'rescan'"
	ask recipients a@lists.example.org
	[ "$reply" = "OK OK" ]
	rm "$T/conf"
	kill -HUP "$PID"
	until_ok logged_so_often 2 "old configuration stays"
	logged "$T/conf: No such file"
	ask recipients a@new.example.org
	[ "$reply" = "NOTFOUND " ]
	cp "$T/good" "$T/conf"
	kill -HUP "$PID"
	until_ok logged "configuration read again"
}

@test "SIGHUP: the path is followed anew, as it was given" {
	conf "" 'domain "old.org" {}'
	mv "$T/conf" "$T/old"
	conf "" 'domain "new.org" {}'
	mv "$T/conf" "$T/new"
	ln -s old "$T/conf"
	start_daemon
	exits 0 query domains old.org
	exits 1 query domains new.org
	ln -sfn new "$T/conf"
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	exits 1 query domains old.org
	exits 0 query domains new.org
}

@test "SIGHUP: what needs a restart is said" {
	conf "pidfile = \"$T/run/pid\""
	start_daemon
	conf "listen = { \"local:$T/run/socket\", \"local:$T/run/second\" }
		cache_dir = \"$T/second\"
		user = \"nobody\"
		pidfile = \"$T/run/pid2\"
		socket_mode = \"0600\"
		log = \"syslog\""
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	for option in listen cache_dir user pidfile socket_mode log; do
		logged "option '$option' takes effect at the next start"
	done
	[ "$(logged_times 'next start')" = 6 ]
	[ ! -e "$T/second" ]
	stop_daemon
	[ ! -e "$T/run/pid" ]
}

@test "started as root it becomes the account, with its groups" {
	need_root
	getent passwd list >/dev/null || skip "no account list"
	mklist a
	conf 'user = "list"'
	chown list "$T/cache"
	start_daemon
	uid=$(id -u list)
	gid=$(id -g list)
	grep -qx "Uid:	$uid	$uid	$uid	$uid" "/proc/$PID/status"
	grep -qx "Gid:	$gid	$gid	$gid	$gid" "/proc/$PID/status"
	[ "$(awk '/^Groups:/ { $1 = ""; print }' "/proc/$PID/status" |
	    xargs -n1 | sort)" = "$(id -G list | xargs -n1 | sort)" ]
	grep -qx "CapEff:	0*" "/proc/$PID/status"
	[ "$(stat -c %U "$T/cache/lists.cdb")" = list ]
}

@test "an account that does not exist is an error" {
	need_root
	conf 'user = "no-such-account"'
	start_fails 78
	says "option 'user': no-such-account: there is no such account"
	exits 78 listmapd -t
	nothing_started
}

@test "user = \"root\" serves as root" {
	need_root
	conf
	start_daemon
	grep -q "^Uid:	0	0	0	0" "/proc/$PID/status"
}

@test "not started as root, user is ignored" {
	need_root
	chown -R nobody "$T"
	conf 'user = "list"'
	ENTER="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	start_daemon
	[ "$(stat -c %U "/proc/$PID")" = nobody ]
}

# A logger of the test's own at /dev/log, its datagrams in $T/syslog.
own_syslog() {
	need logger
	enter_namespace
	python3 - "$T/devlog" >"$T/syslog" <<-'END' 3>&- &
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind(sys.argv[1])
	os.chmod(sys.argv[1], 0o777)
	while True:
	    print(s.recv(9000).decode(), flush=True)
	END
	LOGGER=$!
	DAEMONS="$DAEMONS $LOGGER"
	until_ok test -w "$T/devlog"
	$ENTER mount -t tmpfs none /dev
	$ENTER mknod -m 666 /dev/null c 1 3
	$ENTER ln -s "$T/devlog" /dev/log
}

# All that was sent there until now is in $T/syslog.
syslog_is_current() {
	local mark=mark$RANDOM$RANDOM

	logger -d -u "$T/devlog" "$mark" 3>&-
	until_ok grep -q "$mark" "$T/syslog"
}

@test "log: auto is stderr in the foreground and syslog when detached" {
	own_syslog
	conf "pidfile = \"$T/run/pid\""
	start_daemon
	logged "listmapd: daemon: listmapd .* serves 1 site"
	syslog_is_current
	not grep -qF "listmapd[$PID]" "$T/syslog"
	stop_daemon
	$ENTER "$LISTMAPD" -D -c "$T/conf" 2>"$T/err" 3>&-
	PID=$(cat "$T/run/pid")
	DAEMONS="$DAEMONS $PID"
	until_ok grep -q "listmapd\[$PID\]: daemon: listmapd .* serves" \
	    "$T/syslog"
}

@test "log: syslog and stderr are taken at their word" {
	own_syslog
	conf 'log = "syslog"'
	start_daemon
	until_ok grep -q "listmapd\[$PID\]: daemon: .* serves 1 site" \
	    "$T/syslog"
	not logged "serves 1 site"
	stop_daemon
	: >"$T/syslog"
	conf 'log = "stderr"'
	start_daemon
	logged "serves 1 site"
	syslog_is_current
	not grep -qF "listmapd[$PID]" "$T/syslog"
	stop_daemon
	# Detached there is no standard error any more once it serves.
	start_fails 78 -D
	says "option 'log'"
}

# told CODE TEXT ARGUMENT...: listmapd ends so, and says TEXT where its caller
# reads it and in syslog.
told() {
	exits "$1" timeout $PATIENCE $ENTER "$LISTMAPD" "${@:3}"
	says "$2"
	syslog_is_current
	grep -q "<19>.*listmapd\[[0-9]*\]: .*$2" "$T/syslog" || {
		cat "$T/syslog"
		return 1
	}
	: >"$T/syslog"
}

@test "log: a start that fails with -D, or for syslog, is there as well" {
	own_syslog
	conf 'nonsense = 1'
	told 78 "$T/conf:4: no such option" -D -c "$T/conf"
	told 78 "$T/nothing: No such file" -D -c "$T/nothing"
	conf 'log = "stderr"'
	told 78 "there is no standard error" -D -c "$T/conf"
	for detach in -D ""; do
		conf 'log = "syslog"'
		sed -i "s|^cache_dir.*|cache_dir = \"$T/no/where\"|" "$T/conf"
		told 73 "option 'cache_dir'" $detach -c "$T/conf"
		conf 'log = "syslog"'
		sed -i "s|^listen.*|listen = { \"local:$T/no/where/s\" }|" \
		    "$T/conf"
		told 69 "option 'listen'" $detach -c "$T/conf"
		conf "pidfile = \"$T/no/where/pid\" log = \"syslog\""
		told 73 "option 'pidfile'" $detach -c "$T/conf"
	done
	conf
	for wrong in "-D --tkae-over" "--tkae-over -D" "-D word"; do
		exits 64 timeout $PATIENCE $ENTER "$LISTMAPD" $wrong
		syslog_is_current
		grep -q "<19>.*wrong command line" "$T/syslog"
		: >"$T/syslog"
	done
	# In the foreground it is for whoever reads it there.
	conf 'nonsense = 1'
	exits 78 timeout $PATIENCE $ENTER "$LISTMAPD" -c "$T/conf"
	exits 78 timeout $PATIENCE $ENTER "$LISTMAPD" -D -t -c "$T/conf"
	syslog_is_current
	not grep -q listmapd "$T/syslog"
}

# The log daemon is stopped, as one whose disk hangs: 5,000 lines are more than
# its socket holds.
@test "log: a log daemon that does not read holds up nobody" {
	mklist a
	own_syslog
	conf 'log = "syslog" log_level = "debug"'
	start_daemon
	kill -STOP "$LOGGER"
	yes a@lists.example.org | head -5000 |
	    timeout $PATIENCE "$LISTMAP" -c "$T/conf" query recipients - \
	    >"$T/answers"
	[ "$(grep -c "OK" "$T/answers")" = 5000 ]
	kill -CONT "$LOGGER"
	syslog_is_current
	query recipients a@lists.example.org
	until_ok grep -q "<20>.*listmapd\[$PID\]: log: [1-9][0-9]* lines were lost: syslog did" \
	    "$T/syslog"
}

@test "log_level" {
	mklist a
	conf 'log_level = "debug"'
	start_daemon
	query recipients a@lists.example.org
	logged "answer: recipients a@lists.example.org: found OK"
	# This one waits until the disk was asked, and is logged when it is
	# answered.
	mkdir "$T/lists/half"
	exits 1 query recipients half@lists.example.org
	logged "answer: recipients half@lists.example.org: absent"
	[ "$(logged_times "recipients half@lists.example.org")" = 1 ]
	stop_daemon
	: >"$T/log"
	conf 'log_level = "error"'
	start_daemon
	[ ! -s "$T/log" ]
}

# heals TEXT: with the cache as it is now.
heals() {
	: >"$T/log"
	start_daemon
	logged "${2:-old snapshot is no use}: $T/cache/lists.cdb: $1"
	[ "$(logged_times "$T/cache/lists.cdb")" = 1 ]
	until_ok settled 2
	exits 0 query recipients a@lists.example.org
	exits 1 query recipients c@lists.example.org
	stop_daemon
}

@test "a cache that is no use is said so once, and made anew" {
	mklist a b
	conf
	"$LISTMAP" -c "$T/conf" rebuild
	head -c 2100 "$T/cache/lists.cdb" >"$T/new"
	mv "$T/new" "$T/cache/lists.cdb"
	heals truncated
	seq 2000 >"$T/cache/lists.cdb"
	heals "no CDB"
	: >"$T/cache/lists.cdb"
	heals "no CDB"
}

@test "a cache of another version, or another program's, is made anew" {
	need cdb
	mklist a b
	conf
	"$LISTMAP" -c "$T/conf" rebuild
	cdb -d "$T/cache/lists.cdb" | sed 's/->3\t/->7\t/' >"$T/dump"
	cdb -c -t "$T/tmp" "$T/cache/lists.cdb" "$T/dump"
	# That is no fault.
	heals "another version (7, not 3)" "a new snapshot is made"
	sed '/:listmap/d' "$T/dump" >"$T/dump2"
	cdb -c -t "$T/tmp" "$T/cache/lists.cdb" "$T/dump2"
	heals "no snapshot of listmap"
}
