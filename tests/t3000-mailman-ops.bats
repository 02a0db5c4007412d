# What Mailman 2.1.39 does to its lists directory, system call for system call,
# under a running daemon: the very first answer afterwards is right, and the
# cache settles to what is on disk.

load lib

test_setup() {
	mkdir "$T/pickles"
	put_data pickles "$T/pickles"
	pck=$T/pickles/mm2139-0-members.pck
	mklist old
	conf "rescan = 3600" # what is seen is seen by the watch
	start_daemon
	until_ok settled 1
}

op() {
	python3 "$top_srcdir/tests/mm2ops.py" "$T/lists" "$@"
}

found() {
	exits 0 query recipients "$1@lists.example.org"
	exits 0 query aliases "$1"
	says "post $1"
}

absent() {
	exits 1 query recipients "$1@lists.example.org"
	exits 1 query aliases "$1"
}

# claimed BY LOCAL: the first action of the address is this list's.
claimed() {
	exits 0 query aliases "$2"
	says "$1"
}

# The cache and the directory say the same: N lists.  Where it was N before, the
# daemon may not know that cache yet: the command that shows it looks itself.
settles() {
	until_ok settled "$1"
	until_ok same_as_directory
}

same_as_directory() {
	cmp -s <("$LISTMAP" -c "$T/conf" dump aliases |
	    sed -n 's/.* post \(.*\)"$/\1/p' | LC_ALL=C sort) \
	    <(cd "$T/lists" && ls -d */config.pck */config.pck.last \
	    2>/dev/null | sed 's,/.*,,' | LC_ALL=C sort -u)
}

@test "newlist: found at once" {
	for i in 1 2 3 4 5; do
		op newlist new$i "$pck"
		found new$i
		exits 0 query recipients new$i-bounces+x=y@example.org
	done
	settles 6
	not logged "error\|failed\|away"
}

@test "a list that is half created is absent, and no error" {
	op halfway half
	absent half
	op killed-save half "$pck"
	absent half
	settles 1
	op newlist half "$pck"
	found half
	settles 2
	not logged "error\|failed\|away"
}

@test "save: the list stays found, the cache learns the new file" {
	op newlist dev "$pck"
	settles 2
	for i in 1 2 3; do
		op save dev "$pck"
		found dev
	done
	op killed-save dev "$pck"
	found dev
	op touch-noise dev
	found dev
	settles 2
}

# Mailman's own way of saving; the link from config.pck.last is what is left
# when it is stopped between.
@test "save: between unlink, link and rename it is a list as well" {
	op newlist dev "$pck"
	op save dev "$pck"
	settles 2
	cd "$T/lists/dev"
	rm config.pck.last
	found dev
	ln config.pck config.pck.last
	rm config.pck
	found dev
	settles 2
}

@test "rename: the new name at once" {
	op newlist dev "$pck"
	settles 2
	op rename dev moved
	found moved
	settles 2
	until_ok absent dev
}

@test "rename over and back, a list of another's name" {
	op newlist dev "$pck"
	op newlist dev-admin "$pck"
	settles 3
	claimed "post dev-admin" dev-admin
	op rename dev-admin away
	settles 3
	until_ok claimed "admin dev" dev-admin
	# The newer claim is the better one, at once.
	op rename away dev-admin
	claimed "post dev-admin" dev-admin
	settles 3
}

@test "rmlist: absent as soon as the cache knows" {
	op newlist dev "$pck"
	op newlist dev2 "$pck"
	settles 3
	op rmlist dev
	settles 2
	absent dev
	op rmlist-lastfirst dev2
	settles 1
	absent dev2
	found old
	not logged "error\|failed\|away"
}

@test "the last list is removed, and a new one made" {
	op rmlist old
	settles 0
	absent old
	op newlist dev "$pck"
	found dev
	settles 1
	not logged "away"
}

@test "fix-corrupt: found all the time" {
	op newlist dev "$pck"
	op save dev "$pck"
	settles 2
	op fix-corrupt dev
	found dev
	settles 2
}

@test "a list removed and made again at once" {
	op newlist dev "$pck"
	settles 2
	for i in 1 2 3; do
		op rmlist dev
		op newlist dev "$pck"
		found dev
	done
	settles 2
}

@test "the lists directory is removed and made again" {
	op rmlist old
	settles 0
	rmdir "$T/lists"
	until_ok logged "away"
	mkdir "$T/lists"
	until_ok status_is ok
	op newlist dev "$pck"
	found dev
	settles 1
	op newlist dev2 "$pck"
	found dev2
	settles 2
}

# More events than the kernel queues while the daemon does not read.
@test "20,000 lists at once: the queue overflows, nothing is missed" {
	kill -STOP "$PID"
	many_lists 20000
	kill -CONT "$PID"
	found list00001
	found list20000
	until_ok settled 20001
	exits 0 query recipients list12345-owner@example.org
	absent list20001
	# The watch works as before.
	op newlist new "$pck"
	found new
	until_ok settled 20002
	not logged "away\|failed"
}

@test "lists come in a stream: each is found, and the cache keeps up" {
	python3 - "$T/run/socket" "$T/lists" "$top_srcdir/tests" <<-'END' 3>&-
	import os, sys
	sys.path.insert(0, sys.argv[3])
	sys.dont_write_bytecode = True
	from ask import Asker
	asker = Asker(sys.argv[1])
	for i in range(2000):
	    name = "stream%d" % i
	    d = sys.argv[2] + "/" + name
	    os.mkdir(d)
	    reply = asker.ask(b"recipients %s@example.org" % name.encode())
	    assert reply == b"NOTFOUND ", reply
	    open(d + "/config.pck.tmp", "w").close()
	    os.rename(d + "/config.pck.tmp", d + "/config.pck")
	    reply = asker.ask(b"recipients %s@example.org" % name.encode())
	    assert reply == b"OK OK", reply
	END
	until_ok settled 2001
	not logged "away\|failed"
}

# inotify instances are counted by account: another process has them all.
@test "no watch to be had: lists are found all the same, and it heals" {
	need_root
	stop_daemon
	id games >/dev/null || skip "no account games"
	python3 - "$(id -u games)" >"$T/taken" <<-'END' 3>&- &
	import ctypes, os, signal, sys
	os.setresuid(*[int(sys.argv[1])] * 3)
	libc = ctypes.CDLL(None)
	while libc.inotify_init() != -1:
	    pass
	print("all", flush=True)
	signal.pause()
	END
	taker=$!
	DAEMONS="$DAEMONS $taker"
	until_ok test -s "$T/taken"
	chown games "$T/cache"/* "$T/cache"
	conf 'user = "games"
		rescan = 1'
	: >"$T/log"
	start_daemon
	logged_so_often 1 "cannot watch: .*max_user_instances"
	op newlist dev "$pck"
	found dev
	absent nosuch
	settles 2
	logged_so_often 1 "cannot watch"
	kill "$taker"
	until_ok logged "watching again"
	settles 2
}

@test "no room for the cache: lists are found all the same, and it heals" {
	stop_daemon
	enter_namespace
	$ENTER mount -t tmpfs -o size=16k none "$T/cache"
	conf # rescan is the longest that a failure waits
	start_daemon
	until_ok settled 1
	many_lists 500
	found list00001
	found list00500
	until_ok logged "No space left on device"
	until_ok status_is failing
	exits 75 "$LISTMAP" -c "$T/conf" status
	found old
	absent nosuch
	[ "$($ENTER ls -A "$T/cache" | xargs)" = \
	    "lists.cdb lists.lock lists.state" ]
	$ENTER mount -o remount,size=1m "$T/cache"
	until_ok settled 501
	status_is ok
	logged_so_often 1 "No space left on device"
}
