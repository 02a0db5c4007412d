# What makes things worse at night: a cache that is removed or damaged, a
# writer that never ends, a volume behind a link, a list half made.

load lib

mklists() {
	mklist a b c d e f g h
}

started() {
	conf "rescan = 3600"
	start_daemon
	until_ok settled 8
	until_ok scanned_since 0
	until_ok status_is ok
}

nothing_is_refused() {
	exits 0 query recipients a@lists.example.org
	exits 75 query recipients nosuch@lists.example.org
}

@test "the cache is removed while the directory is away" {
	mklists
	started
	mv "$T/lists" "$T/elsewhere"
	mkdir "$T/lists"
	until_ok status_is away
	rm "$T/cache/lists.cdb"
	before=$(scans)
	until_ok scanned_since $((before + 1))
	status_is away
	nothing_is_refused
	rmdir "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	until_ok status_is ok
	until_ok test -s "$T/cache/lists.cdb"
	exits 1 query recipients nosuch@lists.example.org
	exits 0 query --direct recipients a@lists.example.org
}

@test "the cache is removed while all is well: the one in use is put there" {
	mklists
	started
	rm "$T/cache/lists.cdb"
	until_ok test -s "$T/cache/lists.cdb"
	status_is ok
	exits 0 query --direct recipients a@lists.example.org
}

@test "the cache is damaged and the directory empty when the daemon starts" {
	mklists
	started
	stop_daemon
	mv "$T/lists" "$T/elsewhere"
	mkdir "$T/lists"
	truncate -s 1000 "$T/cache/lists.cdb"
	: >"$T/log"
	start_daemon
	until_ok logged "listmap rebuild --accept-empty"
	exits 75 query recipients a@lists.example.org
	exits 75 query recipients nosuch@lists.example.org
	exits 75 "$LISTMAP" -c "$T/conf" rebuild
	rmdir "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	until_ok settled 8
	exits 1 query recipients nosuch@lists.example.org
}

# lost_state TEXT: there is no cache, and a running daemon that knows how many
# lists there were finds a state with TEXT, or none.
lost_state() {
	local before

	mklists
	started
	stop_daemon
	mv "$T/lists" "$T/elsewhere"
	mkdir "$T/lists"
	mklist h
	rm "$T/cache/lists.cdb"
	start_daemon
	until_ok status_is away
	rm "$T/cache/lists.state"
	[ -z "$1" ] || printf '%b' "$1" >"$T/cache/lists.state"
	before=$(scans)
	until_ok scanned_since $before
	status_is away
	nothing_is_refused_of h
	grep -qx "lists 8" "$T/cache/lists.state"
	stop_daemon
	start_daemon
	until_ok status_is away
	nothing_is_refused_of h
	exits 0 "$LISTMAP" -c "$T/conf" rebuild --accept-empty
	until_ok status_is ok
	exits 1 query recipients a@lists.example.org
	grep -qx "lists 1" "$T/cache/lists.state"
}

# nothing_is_refused_of LIST: while the directory holds that one alone.
nothing_is_refused_of() {
	exits 0 query recipients "$1@lists.example.org"
	exits 75 query recipients a@lists.example.org
	exits 75 query recipients nosuch@example.org
}

@test "the state is removed under a daemon that has no cache" {
	lost_state ""
}

@test "another listmap's state comes under a daemon that has no cache" {
	lost_state "away no\nlists 1\nmilliseconds 5\nreason \n"
}

@test "a list behind a link whose volume is away is still a list" {
	mklists
	mkdir "$T/volume"
	for name in i j k; do
		mv "$T/lists/${name/i/a}" "$T/volume/$name" 2>/dev/null ||
		    mkdir "$T/volume/$name"
		printf "}." >"$T/volume/$name/config.pck"
		ln -s "$T/volume/$name" "$T/lists/$name"
	done
	mklist a
	conf "rescan = 3600"
	start_daemon
	until_ok settled 11
	mv "$T/volume" "$T/volume.gone"
	mklist another
	noticed another
	until_ok settled 12
	for name in i j k; do
		exits 0 query recipients $name@lists.example.org
	done
	# The link itself is what makes it one.
	rm "$T/lists/k"
	until_ok settled 11
	exits 1 query recipients k@lists.example.org
}

@test "a list that is finished long after its directory was made" {
	mklists
	mkdir "$T/lists/a-admin"
	started
	run query aliases a-admin
	says "admin a"
	printf "}." >"$T/lists/a-admin/config.pck"
	run query aliases a-admin
	says "post a-admin"
	exits 0 query recipients a-admin@example.org
}

@test "a half-made directory: nothing is complete when the mount goes" {
	mklists
	mkdir "$T/lists/fresh"
	started
	printf "}." >"$T/lists/fresh/config.pck"
	mv "$T/lists" "$T/elsewhere"
	until_ok status_is away
	exits 75 query recipients fresh@example.org
}

@test "without verification an old snapshot does not say absent for ever" {
	need_root
	mklists
	conf 'rescan = 3600' 'verify_misses = "no"'
	sed -i 's/user = .*/user = "nobody"/' "$T/conf"
	chown -R nobody "$T/cache" "$T/run"
	start_daemon
	until_ok settled 8
	until_ok scanned_since 0
	exits 1 query recipients nosuch@lists.example.org
	stop_daemon
	mklist new
	chown root "$T/cache"
	chmod 755 "$T/cache"
	start_daemon
	until_ok status_is failing
	exits 75 query recipients new@lists.example.org
	exits 0 query recipients a@lists.example.org
	chown nobody "$T/cache"
	until_ok settled 9
	until_ok status_is ok
	exits 0 query recipients new@lists.example.org
	exits 1 query recipients nosuch@lists.example.org
}

@test "nobody else may hold the lock" {
	need_root
	mklists
	started
	[ "$(stat -c %a "$T/cache/lists.lock")" = 600 ]
	chmod 644 "$T/cache/lists.lock"
	"$LISTMAP" -c "$T/conf" rebuild
	[ "$(stat -c %a "$T/cache/lists.lock")" = 600 ]
}
