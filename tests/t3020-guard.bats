# A lists directory that went away is not an empty site: the lists that were
# known are still found, nothing is refused that might be a list, the log says
# so once, and all is well again when the directory is back.

load lib

mklists() {
	mklist a b c d e f g h
}

# What every look-up says while the directory is away.  On a shared domain
# what is no list may be a user, if the cache was current: SHARED is 1 then,
# else 75.
is_guarded() {
	local shared=$1

	for name in a h; do
		exits 0 query recipients $name@lists.example.org
		exits 0 query recipients $name-owner@example.org
	done
	exits 75 query recipients nosuch@lists.example.org
	exits 75 query refusal nosuch@lists.example.org
	exits "$shared" query recipients nosuch@example.org
	exits 1 query recipients nosuch@elsewhere.org
	exits 0 query mailertable lists.example.org
}

# guarded SHARED: at once, and when the daemon has noticed.
guarded() {
	is_guarded "$1"
	until_ok status_is away
	is_guarded "$1"
	logged_so_often 1 "site is away: lists: "
}

# The same later on; it is said once, however often the daemon looks.
stays_guarded() {
	local before

	before=$(scans)
	until_ok scanned_since $((before + 1))
	logged_so_often 1 "site is away: lists: "
	is_guarded "$1"
}

# heals N: the directory is as it should be.
heals() {
	until_ok status_is ok
	until_ok settled "$1"
	logged_so_often 1 "site is back: lists: $1 lists"
	exits 1 query recipients nosuch@lists.example.org
	exits 1 query recipients nosuch@example.org
	exits 0 query refusal nosuch@lists.example.org
	exits 0 query recipients a@lists.example.org
	# And it is watched.
	mklist_there new
	exits 0 query recipients new@lists.example.org
	until_ok settled $(($1 + 1))
}

# As the daemon sees the directory.
mklist_there() {
	$ENTER mkdir "$T/lists/$1"
	printf '}.' | $ENTER tee "$T/lists/$1/config.pck" >/dev/null
}

started() {
	conf "rescan = 3600"
	begun
}

begun() {
	start_daemon
	until_ok settled 8
	until_ok scanned_since 0
	until_ok status_is ok
}

# For a daemon to whom modes mean something.
nobodys_conf() {
	chown nobody "$T/cache"
	conf 'rescan = 3600
		user = "nobody"'
}

started_as_nobody() {
	nobodys_conf
	begun
}

@test "renamed away and back" {
	mklists
	started
	mv "$T/lists" "$T/elsewhere"
	guarded 1
	stays_guarded 1
	mv "$T/elsewhere" "$T/lists"
	heals 8
}

@test "an empty directory in its place" {
	mklists
	started
	mv "$T/lists" "$T/elsewhere"
	mkdir "$T/lists"
	guarded 1
	rmdir "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	heals 8
}

@test "an older copy in its place, where some lists are missing" {
	mklists
	cp -a "$T/lists" "$T/copy"
	rm -r "$T/copy/h"
	started
	mv "$T/lists" "$T/elsewhere"
	mv "$T/copy" "$T/lists"
	guarded 1
	stays_guarded 1
	mv "$T/lists" "$T/copy"
	mv "$T/elsewhere" "$T/lists"
	heals 8
}

@test "a whole copy in its place is taken" {
	mklists
	cp -a "$T/lists" "$T/copy"
	mkdir "$T/copy/i"
	printf '}.' >"$T/copy/i/config.pck"
	started
	mv "$T/lists" "$T/elsewhere"
	mv "$T/copy" "$T/lists"
	until_ok settled 9
	until_ok query recipients i@lists.example.org
	exits 1 query recipients nosuch@lists.example.org
	mklist new
	exits 0 query recipients new@lists.example.org
	until_ok settled 10
}

@test "a link that leads elsewhere" {
	mklists
	mv "$T/lists" "$T/elsewhere"
	ln -s elsewhere "$T/lists"
	started
	mkdir "$T/other"
	ln -sfn other "$T/lists"
	guarded 1
	ln -sfn elsewhere "$T/lists"
	heals 8
}

@test "a link in its place" {
	mklists
	started
	mkdir "$T/other"
	mv "$T/lists" "$T/elsewhere"
	ln -s other "$T/lists"
	guarded 1
	rm "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	heals 8
}

@test "a file in its place" {
	mklists
	started
	mv "$T/lists" "$T/elsewhere"
	: >"$T/lists"
	guarded 1
	rm "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	heals 8
}

@test "a filesystem that is unmounted" {
	enter_namespace
	$ENTER mount -t tmpfs none "$T/lists"
	for name in a b c d e f g h; do
		mklist_there $name
	done
	started
	$ENTER umount "$T/lists"
	guarded 1
	stays_guarded 1
	# Restored from elsewhere: another directory with every list.
	$ENTER mount -t tmpfs none "$T/lists"
	for name in a b c d e f g h; do
		mklist_there $name
	done
	heals 8
}

@test "a filesystem that is mounted over it" {
	enter_namespace
	mklists
	started
	$ENTER mount -t tmpfs none "$T/lists"
	guarded 1
	$ENTER umount "$T/lists"
	heals 8
}

@test "an old half-filled directory bound over it" {
	enter_namespace
	mklists
	mkdir -p "$T/old/a" "$T/old/b"
	printf '}.' >"$T/old/a/config.pck"
	printf '}.' >"$T/old/b/config.pck"
	started
	$ENTER mount --bind "$T/old" "$T/lists"
	guarded 1
	$ENTER umount "$T/lists"
	heals 8
}

@test "made unreadable for the daemon's account" {
	need_root
	mklists
	started_as_nobody
	chmod 0 "$T/lists"
	guarded 1
	stays_guarded 1
	logged "Permission denied"
	chmod 755 "$T/lists"
	heals 8
}

@test "the way to it made unreadable" {
	need_root
	mkdir "$T/up"
	mv "$T/lists" "$T/up"
	ln -s up/lists "$T/lists"
	mklists
	started_as_nobody
	chmod 0 "$T/up"
	guarded 1
	chmod 755 "$T/up"
	heals 8
}

# It can be listed, but no entry can be looked at: that is no doubt about each
# list of it, but a directory that is away.  A look-up asks for no scan of its
# own, however many of them there are.
@test "made unsearchable for the daemon's account" {
	need_root
	mklists
	started_as_nobody
	chmod 744 "$T/lists"
	guarded 1
	stays_guarded 1
	logged "Permission denied"
	chmod 755 "$T/lists"
	heals 8
}

@test "unsearchable at the first start" {
	need_root
	mklists
	nobodys_conf
	chmod 744 "$T/lists"
	start_daemon
	exits 75 query recipients a@lists.example.org
	exits 75 query recipients a@example.org
	exits 75 "$LISTMAP" -c "$T/conf" status
	says "Permission denied"
	chmod 755 "$T/lists"
	heals 8
}

# What the other directory holds is not believed before the site is back, but
# nobody can say either that it is not there.
@test "a list that only the directory in its place has is not absent" {
	mklists
	cp -a "$T/lists" "$T/copy"
	rm -r "$T/copy/h"
	mkdir "$T/copy/i"
	printf '}.' >"$T/copy/i/config.pck"
	started
	mv "$T/lists" "$T/elsewhere"
	mv "$T/copy" "$T/lists"
	guarded 1
	exits 75 query recipients i@lists.example.org
	exits 75 query recipients i@example.org
	stays_guarded 1
	exits 75 query recipients i@example.org
	mv "$T/elsewhere/h" "$T/lists"
	heals 9
	exits 0 query recipients i@example.org
}

# Nobody watched, so nobody saw the lists go; nor is the cache current.
@test "emptied while the daemon was down" {
	mklists
	started
	stop_daemon
	mkdir "$T/elsewhere"
	mv "$T"/lists/* "$T/elsewhere"
	start_daemon
	until_ok status_is away
	guarded 75
	stays_guarded 75
	logged "8 of 8 lists vanished"
	mv "$T"/elsewhere/* "$T/lists"
	heals 8
}

@test "away when the daemon starts" {
	mklists
	started
	stop_daemon
	mv "$T/lists" "$T/elsewhere"
	: >"$T/log"
	start_daemon
	guarded 75
	mv "$T/elsewhere" "$T/lists"
	heals 8
}

@test "away over a reload and a restart" {
	mklists
	started
	mv "$T/lists" "$T/elsewhere"
	mkdir "$T/lists"
	until_ok status_is away
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	# What was complete when the directory went is so after a reload.
	is_guarded 1
	until_ok status_is away
	is_guarded 1
	stop_daemon
	start_daemon
	is_guarded 75
	for role in "recipients nosuch@lists.example.org" \
	    "recipients nosuch@example.org"; do
		exits 75 query --direct $role
	done
	exits 0 query --direct recipients a@lists.example.org
	rmdir "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	until_ok status_is ok
	exits 1 query recipients nosuch@lists.example.org
	exits 1 query --direct recipients nosuch@lists.example.org
}

@test "listmap rebuild --accept-empty ends it" {
	mklists
	started
	mv "$T/lists" "$T/elsewhere"
	mkdir "$T/lists"
	guarded 1
	exits 75 "$LISTMAP" -c "$T/conf" rebuild
	is_guarded 1
	exits 0 "$LISTMAP" -c "$T/conf" rebuild --accept-empty
	until_ok settled 0
	until_ok status_is ok
	exits 1 query recipients a@lists.example.org
	exits 0 query refusal a@lists.example.org
	logged_so_often 1 "site is away"
	mklist new
	exits 0 query recipients new@lists.example.org
	until_ok settled 1
}

@test "a list made in the emptied directory is found; the others stay" {
	mklists
	started
	stop_daemon
	rm -r "$T"/lists/*
	start_daemon
	until_ok status_is away
	mklist new
	exits 0 query recipients new@lists.example.org
	is_guarded 75
}

@test "lists that are really deleted, one by one, do not trip it" {
	mklists
	started
	rmlist_singly a b c d e f g h
	until_ok settled 0
	exits 1 query recipients a@lists.example.org
	mklists
	noticed a b c d e f g h
	until_ok settled 8
	rmlist_singly a b c d e f g h
	until_ok settled 0
	not logged "away"
}

@test "a reload forgets nothing of what was seen to go" {
	mklist a b c d e f g h
	conf 'debounce = 1'
	start_daemon
	until_ok settled 8
	rmlist_singly a b c d e f g h
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	until_ok settled 0
	not logged "away"
	exits 1 query recipients a@lists.example.org
}

@test "few lists may go unseen" {
	mklist a b c
	conf
	start_daemon
	until_ok settled 3
	stop_daemon
	rmlist a b c
	start_daemon
	until_ok settled 0
	not logged "away"
	exits 1 query recipients a@lists.example.org
}

@test "a site that never had a list is empty where somebody says so" {
	conf
	start_daemon
	until_ok status_is failing
	exits 0 "$LISTMAP" -c "$T/conf" rebuild --accept-empty
	until_ok status_is ok
	exits 1 query recipients nosuch@lists.example.org
	exits 0 query refusal nosuch@lists.example.org
	not logged "away\|error"
	# Even where it is another directory the next day.
	mv "$T/lists" "$T/elsewhere"
	mkdir "$T/lists"
	mklist new
	noticed new
	until_ok settled 1
	not logged "is another directory"
}
