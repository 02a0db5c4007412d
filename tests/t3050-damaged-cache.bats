# A cache that is damaged, whatever it was that damaged it, is no cache: no list
# is called unknown because of it, and the next rebuild makes it good.
#
# DAMAGES in the environment is how many caches each of the first six tests
# damages.

load lib
load sites

# Four lists at a dedicated domain, four at a shared one.
test_setup() {
	local name host n=0

	conf
	for name in announce club dev-users mailman news staff test x; do
		host=lists.example.org
		[ $((++n % 2)) = 1 ] || host=example.org
		mkdir "$T/lists/$name"
		printf "}(S'host_name'\nS'%s'\nu." $host \
		    >"$T/lists/$name/config.pck"
		echo $name@$host >>"$T/addresses"
	done
	own_hosts yes
	until_ok lists_are_old
	CACHE=$T/cache/lists.cdb
}

# own_hosts VERIFY: each list at its own host.
own_hosts() {
	sed -i -e "s/hosts = .*/verify_misses = \"$1\"/" \
	    -e "s/verify_misses = .*/verify_misses = \"$1\"/" "$T/conf"
}

rebuild() {
	"$LISTMAP" -c "$T/conf" rebuild "$@" 3>&-
}

# damage cold|running|rebuild SEED [COUNT]
damage() {
	rebuild
	python3 "$top_srcdir/tests/damage.py" "$1" "${DAMAGES:-${3:-8}}" "$2" \
	    "$T" "$T/conf" "$top_builddir" 3>&-
}

# Changes one byte of the cache in its place, behind its head.
flip() {
	printf '\x80' | dd of="$CACHE" bs=1 seek=2200 conv=notrunc \
	    status=none
}

is_good() {
	cmp "$T/good" "$CACHE"
}

# Keeps the good cache in $T/good.
good() {
	rebuild
	cp "$CACHE" "$T/good"
}

finds_all() {
	local address

	while read -r address; do
		exits 0 query recipients "$address"
	done <"$T/addresses"
	exits 1 query recipients nosuch@lists.example.org
	exits 1 query recipients nosuch@example.org
}

@test "some bits flipped before the daemon starts" {
	damage cold 1000
}

@test "some bits flipped before the daemon starts, misses unverified" {
	own_hosts no
	damage cold 2000
}

@test "some bits flipped while the daemon runs" {
	damage running 3000 24
}

@test "some bits flipped while the daemon runs, misses unverified" {
	own_hosts no
	damage running 4000 24
}

@test "some bits flipped where no daemon runs" {
	damage rebuild 5000 4
}

@test "some bits flipped where no daemon runs, misses unverified" {
	own_hosts no
	damage rebuild 6000 4
}

@test "a running daemon puts its snapshot back, and says so once" {
	good
	start_daemon
	until_ok settled 8
	flip
	not is_good
	until_ok is_good
	finds_all
	logged_so_often 1 "the snapshot in use is put there again"
	# Also where the file's times tell nothing.
	touch -d '2026-01-01 12:00' "$CACHE"
	until_ok is_good
	flip
	touch -d '2026-01-01 12:00' "$CACHE"
	until_ok is_good
	finds_all
}

@test "a rescan looks at the cache though no list changed" {
	good
	flip
	rebuild 2>"$T/said"
	is_good
	# Once more there is nothing to do.
	before=$(stat -c '%i %Z' "$CACHE")
	rebuild
	[ "$(stat -c '%i %Z' "$CACHE")" = "$before" ]
}

@test "a cache that is cut, emptied or overwritten under the daemon" {
	good
	start_daemon
	until_ok settled 8
	for size in 2500 2060 100 0; do
		truncate -s $size "$CACHE"
		finds_all
		rebuild
		is_good
	done
	truncate -s 0 "$CACHE"
	truncate -s "$(stat -c %s "$T/good")" "$CACHE"
	finds_all
	rebuild
	is_good
	# Nor does a rebuild have to come.
	yes | head -c 100000 >"$T/yes"
	cat "$T/yes" >"$CACHE"
	finds_all
	until_ok is_good
	answers
}

# Whether no child is about to give the daemon another snapshot.
gives_none() {
	! ls -l "/proc/$PID/fd" | grep memfd:snapshot
}

@test "the loop is given each new snapshot, and reads none itself" {
	rebuild
	start_daemon
	until_ok status_is ok
	not grep memfd:snapshot "/proc/$PID/maps"
	mklist new
	noticed new
	until_ok settled 9
	grep memfd:snapshot "/proc/$PID/maps"
	# Nothing is left of the one before, no descriptor is lost.
	mklist newer
	noticed newer
	until_ok settled 10
	[ "$(grep -c memfd:snapshot "/proc/$PID/maps")" = 1 ]
	until_ok gives_none
	# Another writer's is read.
	mklist newest
	rebuild
	until_ok settled 11
}

# no_cache: with what lies in the place of the cache now, nothing is absent, and
# a rebuild makes a good one.
no_cache() {
	local address

	while read -r address; do
		exits 0 query --direct recipients "$address"
		exits 1 query --direct refusal "$address"
	done <"$T/addresses"
	exits 75 query --direct recipients nosuch@lists.example.org
	rebuild
	is_good
	[ "$(stat -c %a "$CACHE")" = 644 ]
}

@test "what is no cache at all" {
	good
	: >"$CACHE"
	no_cache
	seq 3000 >"$CACHE"
	no_cache
	head -c 2082 "$T/good" >"$CACHE"
	no_cache
	cat "$T/good" "$T/good" >"$CACHE"
	no_cache
	truncate -s 3G "$CACHE"
	no_cache
	for link in nowhere "$T/lists" "$T/conf" lists.cdb; do
		rm "$CACHE"
		ln -s "$link" "$CACHE"
		no_cache
		[ ! -h "$CACHE" ]
	done
	rm "$CACHE"
	mkfifo "$CACHE"
	no_cache
	rm "$CACHE"
	mkdir "$CACHE"
	no_cache
}

@test "a cache that may not be read" {
	need_root
	sed -i 's/user = .*/user = "nobody"/' "$T/conf"
	chown nobody "$T/cache"
	good
	chown root "$CACHE"
	chmod 600 "$CACHE"
	start_daemon
	until_ok settled 8
	is_good
	[ "$(stat -c '%U %a' "$CACHE")" = "nobody 644" ]
	finds_all
}

# each_has_its_own [OPTION]: whether each of both sites has its own lists alone.
each_has_its_own() {
	exits 0 query "$@" recipients club@d0.example &&
	    exits 0 query "$@" recipients other@d1.example &&
	    exits 1 query "$@" recipients other@d0.example &&
	    exits 1 query "$@" recipients club@d1.example
}

# The cache of site s1 takes the name of s0's.
take_for_another_sites() {
	cp "$T/cache/s1.cdb" "$T/cache/x"
	mv "$T/cache/x" "$CACHE"
}

@test "the cache of another site is no cache" {
	begin_conf
	site 0 2.1 "$T/lists" 'hosts = "any"' d0.example
	site 1 2.1 "$T/lists1" 'hosts = "any"' d1.example
	mkdir "$T/lists1"
	cp -r "$T/lists/club" "$T/lists1/other"
	CACHE=$T/cache/s0.cdb
	WRONG="the snapshot of site s1, not of s0"
	good
	# Where no daemon runs.
	take_for_another_sites
	exits 0 query --direct recipients club@d0.example
	exits 75 query --direct recipients other@d0.example
	says "$WRONG"
	exits 75 query --direct recipients nosuch@d0.example
	rebuild
	is_good
	each_has_its_own --direct
	# Before one starts.
	take_for_another_sites
	start_daemon
	until_ok each_has_its_own
	is_good
	logged_so_often 1 "$WRONG"
	# While it runs.
	take_for_another_sites
	exits 0 query recipients club@d0.example
	until_ok logged_so_often 2 "$WRONG"
	until_ok is_good
	each_has_its_own
	until_ok status_is ok
}

@test "a cache of version 1 is made anew without complaint" {
	need cdb
	good
	cdb -d "$CACHE" |
	    sed 's/^+[0-9,]*:\(:listmap\)->3\t[0-9a-f]*\(.*\)/\1\2/' |
	    awk -F '\t' '/^:listmap/ { v = "1\t" $2 "\t" $3 "\t" $4
	        printf "+8,%d::listmap->%s\n", length(v), v; next } 1' \
	        >"$T/dump"
	cdb -c -t "$T/tmp" "$CACHE" "$T/dump"
	[ "$(cdb -q "$CACHE" :listmap | cut -f 1)" = 1 ]
	cp "$CACHE" "$T/old"
	exits 75 query --direct recipients nosuch@example.org
	run rebuild
	[ "$status $output" = "0 " ]
	is_good
	cp "$T/old" "$CACHE"
	start_daemon
	logged_so_often 1 "$CACHE"
	logged "a new snapshot is made: $CACHE: another version (1, not 3)"
	is_good
}

@test "listmap-cache(5) says how to check one" {
	need xxh64sum
	good
	sed -n 's/^\$ \(.*2082.*\|.*xxh64sum.*\)/\1/p' \
	    "$top_srcdir/doc/listmap-cache.5" >"$T/lines"
	cd "$T/cache"
	carried=$(sh -c "$(sed -n 1p "$T/lines")")
	[ ${#carried} = 16 ]
	counted=$(sh -c "$(sed -n 2p "$T/lines")")
	[ "${counted%% *}" = "$carried" ]
	flip
	counted=$(sh -c "$(sed -n 2p "$T/lines")")
	[ "${counted%% *}" != "$carried" ]
}

@test "others can read the caches whatever the umask is" {
	for how in rebuild start_daemon; do
		rm -r "$T/cache"
		(umask 077 && $how && echo "$PID" >"$T/pid")
		[ "$(stat -c %a "$T/cache" "$CACHE" "$T/cache/lists.state" |
		    xargs)" = "755 644 644" ]
	done
	DAEMONS=$(cat "$T/pid")
}
