# Errors in the middle of a scan: nothing is lost in silence, nothing is absent
# that is there, and all is well when they are over.  This is a sample of what
# `make check-faults' does, and the same by means that need no strace.
load lib

# separate: two domains, each list at its own host.
separate() {
	conf "$@"
	sed -i -e '/hosts = "any"/d' "$T/conf"
}

put_site() {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" 3>&- <<-END
	list mailman lists.example.org
	list dev lists.example.org
	list users example.org
	list press example.org
	list club example.org
	END
	until_ok lists_are_old
}

all_found() {
	exits 0 query recipients dev@lists.example.org users@example.org \
	    press-owner@example.org club-bounces+a=b@example.org
	[ "$(wc -l <<<"$output")" = 4 ]
}

exact() {
	all_found
	exits 1 query recipients nosuch@lists.example.org users@lists.example.org
	exits 1 query recipients nosuch@example.org dev@example.org
}

# Those of the site, and more.
not_absent() {
	local address

	for address in dev@lists.example.org users@example.org \
	    press-owner@example.org club-bounces+a=b@example.org "$@"; do
		exits_not 1 query recipients "$address"
	done
}

exits_not() {
	local unwanted=$1

	shift
	run "$@" 3>&-
	[ "$status" != "$unwanted" ] && return
	printf 'ended with %s: %s\n%s\n' "$status" "$*" "$output"
	return 1
}

# whole CACHE: whether it is as a scan in peace makes it.
whole() {
	sed "s:$T/cache:$T/peace:" "$T/conf" >"$T/peace.conf"
	"$LISTMAP" -c "$T/peace.conf" rebuild
	cmp -s "$T/peace/lists.cdb" "$1/lists.cdb"
}

@test "a sample of the table of faults" {
	need_attach
	run python3 "$top_srcdir/tests/faults.py" --sample 120 \
	    "$LISTMAPD" "$LISTMAP" 3>&-
	[ "$status" != 77 ] || skip "$output"
	echo "$output"
	[ "$status" = 0 ]
}

# limited LIMIT: a rebuild under it does all, or does not say that it did.
limited() {
	rm -f "$T"/cache/*
	if prlimit "$1" "$LISTMAP" -c "$T/conf" rebuild 2>"$T/said"; then
		whole "$T/cache" || {
			echo "not whole, and exit 0: $1"
			return 1
		}
		LAST=whole
	else
		# Not where the loader fails, or the kernel.
		[ $? -gt 125 ] || [ -s "$T/said" ] || {
			echo "failed in silence: $1"
			return 1
		}
		FIRST=failed
	fi
}

@test "a rebuild that has too few descriptors says so" {
	need prlimit
	separate
	put_site
	for n in 3 4 5 6 7 8 9 10; do
		limited --nofile=$n
	done
	[ "$FIRST $LAST" = "failed whole" ]
}

@test "a rebuild that has too little memory says so" {
	need prlimit
	separate
	put_site
	for kb in 32 64 96 128 160 192 224 256 288 320 352 384 448 512 1024; do
		limited --data=$((kb * 1024))
	done
	[ "$FIRST $LAST" = "failed whole" ]
}

# Whether a child of the daemon, which is $SCANNER then, waits for the lock.
scanner_waits() {
	for SCANNER in $(awk '$2 == "->" { print $6 }' /proc/locks); do
		[ "$(ps -o ppid= -p "$SCANNER" | xargs)" = "$PID" ] && return
	done
	return 1
}

# limited_scan LIMIT NAME: the next scan of the daemon, which finds a new list.
limited_scan() {
	local before

	hold_lock
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" 3>&- \
	    <<<"list $2 example.org"
	touch "$T/lists"/*/config.pck
	until_ok scanner_waits
	prlimit --pid "$SCANNER" "$1"
	before=$(scans)
	free_lock
	until_ok scanned_since "$before"
}

@test "a scan that has too few descriptors, or too little memory" {
	need_root
	need prlimit flock
	separate
	put_site
	start_daemon
	until_ok settled 5
	n=5
	for limit in nofile=4 nofile=5 nofile=6 nofile=7 data=1 as=1 fsize=100; do
		limited_scan --$limit $limit
		not_absent $limit@example.org
		n=$((n + 1))
		until_ok settled $n
		until_ok status_is ok
		until_ok query recipients $limit@example.org
		until_ok whole "$T/cache"
		exact
	done
}

@test "a daemon that has no descriptor left refuses nothing, and heals" {
	need prlimit
	separate
	put_site
	start_daemon
	until_ok settled 5
	# as many as it has, and one for a client
	prlimit --pid "$PID" --nofile="$(($(ls "/proc/$PID/fd" | wc -l) + 1)):"
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" 3>&- \
	    <<<"list new example.org"
	for i in 1 2 3; do
		not_absent new@example.org
	done
	prlimit --pid "$PID" --nofile=1024:
	until_ok settled 6
	until_ok status_is ok
	exact
	exits 0 query recipients new@example.org
}
