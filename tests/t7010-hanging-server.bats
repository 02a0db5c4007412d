# A file server that hangs hurts nobody but the lists that it holds, and these
# no more than must be: hits come from the cache, misses are TEMP.
load lib
load hang

export PYTHONDONTWRITEBYTECODE=1

test_setup() {
	need_far
	far_and_near
}

begun() {
	start_daemon
	until_ok well
}

# As it must be while the far server hangs and its sites have caches.
near_and_cached() {
	near_is_served
	asks OK $FAR_HITS
	asks TEMP $FAR_MISSES
	near_is_served
}

# The far server goes on: all is well by itself.
heals() {
	far_goes_on
	until_ok well
	probed
}

@test "it hangs while the daemon runs" {
	begun
	probe
	far_hangs
	near_and_cached
	until_ok sites_are "0 3 4 7" stuck away
	sites_are "1 2 5 6" ok
	exits 75 in_time "$LISTMAP" -c "$T/conf" status
	# A near list that is new.
	put_lists_of 2.1 "$T/near/s1/lists" near.example.org new
	asks OK new@near.example.org
	for pair in far.example.org:near.example.org \
	    both3.example.org:both3.example.org; do
		hang_clients order "recipients nosuch@${pair%:*}" \
		    "recipients far@${pair%:*}" "recipients near@${pair#*:}"
	done
	hang_clients budget "recipients nosuch%d@far.example.org" \
	    "recipients far@far.example.org" 1400
	hang_clients give-up "recipients nosuch%d@far.example.org" 60
	near_and_cached
	heals
	exits 0 in_time "$LISTMAP" -c "$T/conf" status
	# And what was made meanwhile, or is made now, is seen.
	put_lists_of 2.1 "$T/server/s0/lists" far.example.org new
	asks OK new@far.example.org
}

@test "it hangs before the daemon starts, which has caches" {
	"$LISTMAP" -c "$T/conf" rebuild
	far_hangs
	start_daemon
	probe
	near_and_cached
	until_ok sites_are "0 3 4 7" stuck away
	heals
}

@test "it hangs before the daemon starts, which has no cache" {
	far_hangs
	start_daemon
	probe
	near_is_served
	asks TEMP $FAR_HITS $FAR_MISSES
	not sites_are 0 ok
	exits 75 in_time "$LISTMAP" -c "$T/conf" status
	heals
}

# Whether the daemon has read its configuration again since there were N such
# lines in its log.
reloaded_since() {
	[ "$(logged_times "configuration read again")" -gt "$1" ]
}

reload() {
	local before

	before=$(logged_times "configuration read again")
	kill -HUP "$PID"
	until_ok reloaded_since "$before"
}

@test "reload: the same, one far site more, one less" {
	begun
	probe
	far_hangs
	reload
	near_and_cached
	cp "$T/conf" "$T/before"
	one_of_them 8 2.1 far far8.example.org
	reload
	near_and_cached
	asks TEMP far@far8.example.org nosuch@far8.example.org
	# Without s8 and s7.
	sed '/^site "s7"/,$d' "$T/before" >"$T/conf"
	reload
	asks NOTFOUND far@far8.example.org
	asks OK far@far.example.org
	near_is_served
	cp "$T/before" "$T/conf"
	reload
	near_is_served
	heals
}

@test "take-over: one after the other" {
	begun
	probe
	far_hangs
	start_daemon --take-over
	near_is_served
	start_daemon --take-over
	near_and_cached
	until_ok sites_are "0 3 4 7" stuck away
	heals
}

@test "listmap rebuild, status, query, query --direct, listmapd -t" {
	begun
	probe
	far_hangs
	put_lists_of 2.1 "$T/near/s1/lists" near.example.org new
	exits 75 in_time "$LISTMAP" -c "$T/conf" rebuild
	until_ok asks OK new@near.example.org
	near_is_served
	exits 0 in_time "$LISTMAP" -c "$T/conf" rebuild s1
	until_ok sites_are 0 stuck away
	exits 75 in_time "$LISTMAP" -c "$T/conf" status
	exits 0 in_time "$LISTMAP" -c "$T/conf" query recipients \
	    far@far.example.org
	exits 0 in_time "$LISTMAP" -c "$T/conf" query --direct recipients \
	    near@near.example.org far@far.example.org
	exits 0 in_time "$LISTMAPD" -t -c "$T/conf"
	near_and_cached
	heals
}

@test "listmap query --direct of what no cache has" {
	"$LISTMAP" -c "$T/conf" rebuild
	far_hangs
	exits 75 in_time "$LISTMAP" -c "$T/conf" query --direct recipients \
	    nosuch@far.example.org
}

@test "SIGTERM while far misses wait" {
	begun
	sed -i 's/^deadline = .*/deadline = 25/' "$T/conf"
	reload
	far_hangs
	python3 "$top_srcdir/tests/asking.py" "$T/run/socket" \
	    "recipients nosuch@far.example.org" >"$T/asked" 2>&1 3>&- &
	DAEMONS="$DAEMONS $!"
	kill "$PID"
	wait_gone "$PID"
	far_goes_on
}

@test "killed, mounted anew, and replaced by a local directory" {
	begun
	probe
	far_hangs
	asks TEMP $FAR_MISSES
	kill -KILL "$SERVER"
	near_and_cached
	until_ok sites_are "0 3 4 7" away stuck
	umount -l "$T/far"
	near_and_cached
	serve_far
	until_ok well
	# And it hangs again, and a local directory comes in its place.
	far_hangs
	asks TEMP $FAR_MISSES
	umount -l "$T/far"
	near_and_cached
	cp -a "$T/server/." "$T/far"
	until_ok well
	far_goes_on
	probed
	put_lists_of 2.1 "$T/far/s0/lists" far.example.org new
	asks OK new@far.example.org
}

# What is on the hanging server is one list of a local directory.
@test "a list that is a link to it, and one that is a mount point of it" {
	put_lists_of 2.1 "$T/server/lists" - linked late mounted
	ln -s "$T/far/lists/linked" "$T/near/s1/lists/linked"
	mkdir "$T/near/s1/lists/mounted"
	mount --bind "$T/far/lists/mounted" "$T/near/s1/lists/mounted"
	start_daemon
	until_ok well
	until_ok asks OK linked@near.example.org mounted@near.example.org
	probe
	far_hangs
	ln -s "$T/far/lists/late" "$T/near/s1/lists/late"
	asks TEMP late@near.example.org
	near_is_served
	asks OK linked@near.example.org mounted@near.example.org
	put_lists_of 2.1 "$T/near/s1/lists" near.example.org new
	asks OK new@near.example.org
	asks NOTFOUND nosuch2@near.example.org
	far_goes_on
	until_ok asks OK late@near.example.org
	until_ok well
	probed
	umount "$T/near/s1/lists/mounted"
}

@test "a lists directory that becomes a link to it" {
	begun
	put_lists_of 2.1 "$T/server/new" - near more{1..5}-s1 newer
	mv "$T/near/s1/lists" "$T/near/s1/there"
	ln -s there "$T/near/s1/lists"
	until_ok well
	far_hangs
	ln -s "$T/far/new" "$T/near/s1/link"
	mv -T "$T/near/s1/link" "$T/near/s1/lists"
	asks OK $NEAR_HITS $FAR_HITS
	asks NOTFOUND nosuch@near3.example.org
	until_ok asks TEMP nosuch@near.example.org
	until_ok sites_are 1 stuck away
	asks OK $NEAR_HITS $FAR_HITS
	far_goes_on
	until_ok asks OK newer@near.example.org
	until_ok well
}
