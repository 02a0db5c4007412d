# What could not be looked into, or could not be read, is not absent and has no
# host to be absent for: lists that nobody may read now, broken files, an empty
# directory that is perhaps the wrong one, and a restore in place.

load lib

# Three domains, each list at its own host alone; and an account that modes
# mean something to.
site() {
	conf "$@"
	sed -i -e '/hosts = "any"/d' \
	    -e 's/domain "example.org" {}/&\ndomain "example.net" {}/' "$T/conf"
	[ "$(id -u)" = 0 ] || return 0
	sed -i 's/user = "root"/user = "nobody"/' "$T/conf"
	chown -R nobody "$T/cache"
}

# A list at each domain, and the site list, as every Mailman 2.1 has it.
put_site() {
	pickles <<-END
	list mailman lists.example.org
	list dev lists.example.org
	list users example.org
	list press example.net
	END
}

pickles() {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" 3>&-
}

started() {
	site "rescan = 3600" "${1:-}"
	put_site
	start_daemon
	until_ok settled 4
	until_ok scanned_since 0
	until_ok status_is ok
}

# all_are found|absent|"no answer" ROLE ADDRESS...
all_are() {
	local want=$1 role=$2 result=0 found none

	shift 2
	printf '%s\n' "$@" | query "$role" - >"$T/said" 2>"$T/err" || result=$?
	found=$(wc -l <"$T/said")
	none=$(grep -c ': no answer: ' "$T/err") || :
	case $want:$result:$found:$none in
	"found:0:$#:0" | "no answer:75:0:$#" | absent:1:0:0) return ;;
	esac
	echo "$role: not all of $* are $want:"
	cat "$T/said" "$T/err"
	return 1
}

# Each ADDRESS, in a role that says no more and in that of FEATURE(listmap).
found() {
	all_are found recipients "$@"
	all_are found listmap "$@"
	all_are absent refusal "$@"
}

no_answer() {
	all_are "no answer" recipients "$@"
	all_are "no answer" listmap "$@"
}

absent() {
	all_are absent recipients "$@"
	all_are absent listmap "$@"
}

not_found() {
	local address

	for address; do
		not query recipients "$address"
	done
}

not_absent() {
	local address

	for address; do
		not ends_with 1 query recipients "$address"
		not ends_with 1 query listmap "$address"
	done
}

# Each at its host, where it was before; and what is no list is absent.
found_as_ever() {
	found dev@lists.example.org users@example.org press-owner@example.net \
	    dev-bounces+a=b@lists.example.org
	not_found dev@example.org users@lists.example.org press@example.org
	absent nosuch@lists.example.org nosuch@example.org nosuch@example.net
}

# The same where they are well: of another's trouble they know nothing.
others_as_ever() {
	found_as_ever
	absent dev@example.org users@lists.example.org press@example.org
}

# heals ADDRESS: found in the end, and never absent until then.
heals() {
	until_ok not ends_with 75 query recipients "$1"
	found "$1"
}

ends_with() {
	local want=$1 got=0

	shift
	"$@" >/dev/null 2>&1 || got=$?
	[ "$got" = "$want" ]
}

# Found at its host now, and at no other domain of the site.
only_at() {
	local list=$1 at

	for at in lists.example.org example.org example.net; do
		[ "$at" = "$2" ] ||
		    until_ok ends_with 1 query recipients "$list@$at"
	done
	heals "$list@$2"
	found "$list-owner@$2"
}

# The host of LIST is not known.
host_not_known() {
	local list

	for list; do
		found "$list@lists.example.org" "$list-request@lists.example.org"
		no_answer "$list@example.org" "$list@example.net" \
		    "$list-owner@example.org"
	done
}

# looked_again [N]: N scans more that began after this.
looked_again() {
	local before i

	# One may have begun already.
	for ((i = 0; i <= ${1:-1}; i++)); do
		before=$(scans)
		mkdir "$T/lists/noise" && rmdir "$T/lists/noise"
		until_ok scanned_since "$before"
	done
}

rebuild() {
	"$LISTMAP" -c "$T/conf" rebuild "$@"
}

# status_names LIST: whether status tells of it.
status_names() {
	run "$LISTMAP" -c "$T/conf" status 3>&-
	grep -w "$1" <<<"$output"
}

# A config.pck that is there and may not be read, in a directory that may be
# looked into: what tar, cp -a and a umask leave for a while.
unreadable() {
	local list

	for list; do
		chmod 0 "$T/lists/$list"/config.pck*
	done
}

# asking REQUEST...: from now on, by a client that never stops.
asking() {
	python3 "$top_srcdir/tests/asking.py" "$T/run/socket" "$@" \
	    >"$T/asked" 2>&1 3>&- &
	ASKER=$!
	DAEMONS="$DAEMONS $ASKER"
	until_ok grep -q once "$T/asked"
}

never_absent() {
	local result=0

	kill "$ASKER"
	wait "$ASKER" || result=$?
	cat "$T/asked"
	return $result
}

# --- a list that could not be read, and can be later

@test "restored by root with umask 077: found at its host when it may be read" {
	need_root
	started
	pickles <<<"list model example.org"
	mv "$T/lists/model" "$T/model"
	mkdir "$T/lists/club"
	(umask 077 && cp "$T/model/config.pck" "$T/lists/club/config.pck")
	noticed club
	until_ok settled 5
	host_not_known club
	others_as_ever
	asking "recipients club@example.org" "listmap club-owner@example.org"
	# neither of them changes the inode, the time or the size
	chown nobody "$T/lists/club/config.pck"
	chmod 660 "$T/lists/club/config.pck"
	heals club@example.org
	never_absent
	only_at club example.org
	others_as_ever
}

# hidden_list: club, of which only the directory can be seen.
hidden_list() {
	mkdir "$T/out"
	python3 "$top_srcdir/tests/pickles.py" "$T/out" 3>&- \
	    <<<"list club ${1:-example.org}"
	chmod 0 "$T/out/club/config.pck"
	mv "$T/out/club" "$T/lists/club"
	until_ok settled 5
}

@test "moved into its place unreadable, then check_perms" {
	started
	hidden_list
	host_not_known club
	chmod 660 "$T/lists/club/config.pck"
	chmod o+r "$T/lists/club/config.pck"
	heals club@example.org
	only_at club example.org
	others_as_ever
}

@test "the same at a dedicated domain: at no other host when it is read" {
	started
	hidden_list lists.example.org
	host_not_known club
	chmod 644 "$T/lists/club/config.pck"
	only_at club lists.example.org
	others_as_ever
}

@test "a rebuild, a reload and a restart forget nothing of it" {
	started
	hidden_list
	for i in 1 2; do
		exits 75 rebuild
		says club
		host_not_known club
	done
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	looked_again
	host_not_known club
	stop_daemon
	start_daemon
	host_not_known club
	others_as_ever
	chmod 644 "$T/lists/club/config.pck"
	exits 0 rebuild
	until_ok query recipients club@example.org
	only_at club example.org
}

@test "it is counted, named and logged once, and query -v tells why" {
	started
	hidden_list
	looked_again 2
	status_names club
	logged_so_often 1 club
	exits 75 query -v recipients club@example.org
	[[ $output =~ read|host ]]
	exits 0 query -v recipients club@lists.example.org
	says "list club"
	chmod 644 "$T/lists/club/config.pck"
	kill -HUP "$PID"
	only_at club example.org
	looked_again
	not status_names club
}

@test "a list that was known and cannot be read now keeps its host" {
	started
	for list in users dev press; do
		pickles <<<"save $list"
		unreadable $list
	done
	looked_again 2
	found_as_ever
	exits 75 rebuild
	says users
	found_as_ever
	stop_daemon
	start_daemon
	looked_again 2
	found_as_ever
	chmod 644 "$T"/lists/*/config.pck*
	exits 0 rebuild
	until_ok ends_with 1 query recipients dev@example.org
	others_as_ever
}

@test "a list that was given another host meanwhile" {
	started
	pickles <<<"list users example.net"
	unreadable users
	looked_again
	found users@example.org
	chmod 644 "$T"/lists/users/config.pck*
	only_at users example.net
	absent users@example.org
	found dev@lists.example.org
}

# closed_before_known VERIFY
closed_before_known() {
	started "verify_misses = \"$1\""
	mkdir "$T/out"
	python3 "$top_srcdir/tests/pickles.py" "$T/out" 3>&- \
	    <<<"list closed example.org"
	# With a mode that lets it be moved, and not searched.
	chmod 200 "$T/out/closed"
	mv "$T/out/closed" "$T/lists/closed"
	looked_again
	no_answer closed@lists.example.org closed@example.org \
	    closed-owner@lists.example.org closed-bounces+a=b@example.net
	all_are "no answer" refusal closed@lists.example.org
	others_as_ever
	exits 75 rebuild
	says closed
	status_names closed
	exits 75 query -v recipients closed@example.org
	says closed
	stop_daemon
	start_daemon
	no_answer closed@lists.example.org closed@example.org
	chmod 755 "$T/lists/closed"
	heals closed@example.org
	only_at closed example.org
	others_as_ever
	exits 0 rebuild
}

@test "a directory that nobody may search is no answer, and is found later" {
	closed_before_known yes
}

@test "the same without verification" {
	closed_before_known no
}

# half_made VERIFY: a scan meets a list before it has its configuration, which
# comes in silence.
half_made() {
	started "verify_misses = \"$1\""
	mkdir "$T/lists/club"
	looked_again
	absent club@example.org
	cp -p "$T/lists/users/config.pck" "$T/lists/club"
	until_ok settled 5
	only_at club example.org
	others_as_ever
}

@test "a list that a scan met half made is found soon, though nobody asks" {
	half_made yes
}

@test "met half made, without verification" {
	half_made no
}

# Each scan doubles the time until a broken list is looked at again.
@test "met half made, where another list was broken for long" {
	started 'verify_misses = "no"'
	: >"$T/lists/press/config.pck"
	looked_again 9
	mkdir "$T/lists/club"
	looked_again
	cp -p "$T/lists/users/config.pck" "$T/lists/club"
	until_ok settled 5
	only_at club example.org
	others_as_ever
}

# closed_at_the_start VERIFY: there is no cache that might know it.
closed_at_the_start() {
	site "rescan = 3600" "verify_misses = \"$1\""
	put_site
	chmod 0 "$T/lists/users" "$T/lists/dev"
	exits 75 rebuild
	start_daemon
	no_answer users@example.org dev@lists.example.org users-owner@example.net
	exits 75 query refusal dev@lists.example.org
	absent nosuch@lists.example.org nosuch@example.org
	found press@example.net
	chmod 755 "$T/lists/users" "$T/lists/dev"
	heals users@example.org
	heals dev@lists.example.org
	looked_again
	others_as_ever
	exits 0 rebuild
}

@test "closed before the first scan" {
	closed_at_the_start yes
}

@test "closed before the first scan, without verification" {
	closed_at_the_start no
}

# No answer at their own hosts, and no list of others' hosts.
closed_as_ever() {
	no_answer users@example.org dev-owner@lists.example.org
	found press@example.net mailman@lists.example.org
	absent users@example.net dev@example.org nosuch@lists.example.org
}

# closed_when_known VERIFY
closed_when_known() {
	started "verify_misses = \"$1\""
	chmod 0 "$T/lists/users" "$T/lists/dev"
	looked_again
	closed_as_ever
	exits 75 rebuild
	says users
	stop_daemon
	start_daemon
	looked_again
	closed_as_ever
	chmod 755 "$T/lists/users" "$T/lists/dev"
	exits 0 rebuild
	heals users@example.org
	heals dev@lists.example.org
	others_as_ever
}

@test "a list whose directory is closed for a while has no answer" {
	closed_when_known yes
}

@test "a list whose directory is closed for a while, without verification" {
	closed_when_known no
}

@test "a list whose directory is closed has no answer when all go away" {
	started
	chmod 0 "$T/lists/users"
	looked_again
	no_answer users@example.org
	mv "$T/lists" "$T/elsewhere"
	no_answer users@example.org
	until_ok status_is away
	no_answer users@example.org
	absent nosuch@example.org
	mkdir "$T/lists"
	looked_again
	no_answer users@example.org
	rmdir "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	chmod 755 "$T/lists/users"
	until_ok status_is ok
	heals users@example.org
	others_as_ever
}

@test "a table without lists that nobody could look into is not made" {
	need_root
	started
	exits 0 "$LISTMAP" -c "$T/conf" build text recipients "$T/table"
	grep -q "^users@example.org" "$T/table"
	chmod 0 "$T/lists/users"
	looked_again
	exits 75 "$LISTMAP" -c "$T/conf" dump recipients
	says "users (Permission denied)"
	for type in text cdb; do
		exits 75 "$LISTMAP" -c "$T/conf" build $type recipients "$T/table"
		says "looked into: users (Permission denied)"
		grep -q "^users@example.org" "$T/table"
	done
	chmod 755 "$T/lists/users"
	exits 0 rebuild
	hidden_list
	exits 75 "$LISTMAP" -c "$T/conf" dump recipients
	says "left out at shared domains"
	says club
	# where hosts do not matter nothing is left out
	sed -i 's/lists_dir = .*/&\nhosts = "any"/' "$T/conf"
	exits 0 rebuild
	exits 0 "$LISTMAP" -c "$T/conf" dump recipients
	says "club@example.net"
	# nor is a broken list, which lasts, a reason to do without a table
	sed -i '/hosts = "any"/d' "$T/conf"
	: >"$T/lists/club/config.pck"
	chmod 644 "$T/lists/club/config.pck"
	exits 0 rebuild
	exits 0 "$LISTMAP" -c "$T/conf" build text recipients "$T/table"
	says "left out at shared domains"
	says club
	grep -q "^club@lists.example.org" "$T/table"
}

# --- an account that lacks Mailman's group

# groupless: no list can be read at the first start.
groupless() {
	need_root
	site "rescan = 3600"
	put_site
	chgrp list "$T"/lists/*/config.pck
	chmod 640 "$T"/lists/*/config.pck
	start_daemon
}

@test "the account lacks Mailman's group: failing, and no user unknown" {
	groupless
	until_ok settled 4
	host_not_known dev users press
	absent nosuch@lists.example.org nosuch@example.org
	until_ok status_is failing
	exits 75 "$LISTMAP" -c "$T/conf" status
	[[ $output =~ usermod|gpasswd|adduser|chgrp|group ]]
	exits 75 rebuild
	[[ $output =~ read ]]
	# the files are the group's of another account, which is told in the end
	stop_daemon
	sed -i 's/user = "nobody"/user = "list"/' "$T/conf"
	chown -R list "$T/cache"
	start_daemon
	heals users@example.org
	heals press@example.net
	others_as_ever
	until_ok status_is ok
	exits 0 "$LISTMAP" -c "$T/conf" status
}

@test "listmapd -t tells that the account lacks Mailman's group" {
	groupless
	run "$LISTMAPD" -c "$T/conf" -t 3>&-
	[[ $output =~ read|group ]]
}

@test "the files are given to the group later: by itself" {
	groupless
	until_ok settled 4
	asking "recipients users@example.org" "recipients press@example.net" \
	    "recipients dev@lists.example.org"
	chmod 644 "$T"/lists/*/config.pck
	heals users@example.org
	heals press@example.net
	never_absent
	until_ok status_is ok
	others_as_ever
}

@test "the files are given to the group later: at once by SIGHUP" {
	groupless
	until_ok settled 4
	no_answer users@example.org
	chmod 644 "$T"/lists/*/config.pck
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	heals users@example.org
	heals press@example.net
	# What was asked for is healed by its own question, the others by a scan.
	until_ok status_is ok
	others_as_ever
}

# --- broken content

# break_as KIND LIST: all that Mailman could load of it.
break_as() {
	local f

	for f in "$T/lists/$2/config.pck" "$T/lists/$2/config.pck.last"; do
		case $1 in
		empty) : >"$f" ;;
		truncated) truncate -s 20 "$f" ;;
		garbage) head -c 300 /dev/zero | tr '\0' '?' >"$f" ;;
		away) ln -sf "$T/volume/config.pck" "$f" ;;
		loop) ln -sf "${f##*/}" "$f" ;;
		directory) rm "$f" && mkdir "$f" ;;
		fifo) rm "$f" && mkfifo "$f" ;;
		esac
	done
}

# broken_content KIND...: a list of each name is broken in that way.
broken_content() {
	local kind

	started
	for kind; do
		pickles <<-END
		list $kind example.org
		save $kind
		END
	done
	until_ok settled $((4 + $#))
	for kind; do
		break_as "$kind" "$kind"
	done
	looked_again
	stays_broken "$@"
	rebuild || :
	stays_broken "$@"
	stop_daemon
	start_daemon
	looked_again
	stays_broken "$@"
	# A list that comes back may have another host by then.
	for kind; do
		rm -r "$T/lists/$kind"/config.pck*
		echo "list $kind example.net"
	done | pickles
	kill -HUP "$PID"
	for kind; do
		only_at "$kind" example.net
	done
}

stays_broken() {
	local kind

	for kind; do
		found "$kind@example.org" "$kind-owner@example.org"
		not_found "$kind@example.net" "$kind@lists.example.org"
		status_names "$kind"
	done
	others_as_ever
}

@test "broken config.pck and config.pck.last: the host stays" {
	broken_content empty truncated garbage
}

@test "no file any more where config.pck and config.pck.last were" {
	broken_content directory fifo
}

@test "links whose target is away where config.pck and config.pck.last were" {
	broken_content away loop
}

@test "broken before it was ever read: found where lists are all there is" {
	site "rescan = 3600"
	put_site
	for kind in empty truncated garbage fifo; do
		pickles <<-END
		list $kind example.org
		save $kind
		END
		break_as $kind $kind
	done
	start_daemon
	until_ok settled 8
	host_not_known empty truncated garbage fifo
	others_as_ever
	for kind in empty truncated garbage fifo; do
		status_names $kind
		rm "$T/lists/$kind"/config.pck*
		pickles <<<"list $kind example.org"
	done
	kill -HUP "$PID"
	for kind in empty truncated garbage fifo; do
		heals $kind@example.org
	done
	exits 0 rebuild
	only_at empty example.org
}

@test "a file that was read and names no domain of ours is another thing" {
	site "rescan = 3600"
	put_site
	pickles <<-END
	list away host.example.com
	list none
	END
	start_daemon
	until_ok settled 6
	until_ok scanned_since 0
	until_ok status_is ok
	found away@lists.example.org none@lists.example.org
	absent away@example.org none@example.org away@host.example.com
	others_as_ever
	exits 0 rebuild
}

# --- a directory without a list

NO_LIST="is this Mailman's lists directory?"

says_no_list() {
	exits 75 "$LISTMAP" -c "$T/conf" status
	says "no list in $T/lists: $NO_LIST"
}

@test "no list at the first start: no answer, and failing" {
	site "rescan = 3600"
	mkdir -p "$T/lists/bin" "$T/lists/lib/nothing"
	start_daemon
	no_answer dev@lists.example.org users@example.org nosuch@example.net
	until_ok status_is failing
	exits 75 query refusal dev@lists.example.org
	says "or not be believed, now: see listmap status"
	exits 0 query mailertable lists.example.org
	exits 1 query recipients dev@elsewhere.org
	says_no_list
	exits 75 rebuild
	says "no list in $T/lists: $NO_LIST"
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	looked_again
	no_answer dev@lists.example.org users@example.org
	says_no_list
	stop_daemon
	start_daemon
	no_answer dev@lists.example.org users@example.org
	until_ok status_is failing
	# until the first one is there
	pickles <<<"list dev lists.example.org"
	heals dev@lists.example.org
	until_ok status_is ok
	absent nosuch@lists.example.org users@example.org
	exits 0 "$LISTMAP" -c "$T/conf" status
	exits 0 rebuild
}

@test "a site that never had a list: the daemon says so once" {
	site "rescan = 3600"
	start_daemon
	looked_again 2
	logged_so_often 1 "refresh: .*no list in $T/lists"
}

@test "a site that never had a list: listmapd -t says so" {
	site
	run "$LISTMAPD" -c "$T/conf" -t 3>&-
	says "no list in $T/lists"
}

@test "a site that never had a list is empty where somebody says so" {
	for verify in yes no; do
		site "rescan = 3600" "verify_misses = \"$verify\""
		start_daemon
		no_answer dev@lists.example.org
		exits 0 rebuild --accept-empty
		until_ok status_is ok
		absent dev@lists.example.org users@example.org
		exits 0 query refusal dev@lists.example.org
		exits 0 rebuild
		stop_daemon
		start_daemon
		absent dev@lists.example.org users@example.org
		until_ok status_is ok
		pickles <<<"list dev lists.example.org"
		until_ok query recipients dev@lists.example.org
		stop_daemon
		rm -r "$T"/lists/* "$T"/cache/*
	done
}

@test "an empty mount at the first start, and the real one later" {
	enter_namespace
	site "rescan = 3600"
	put_site
	$ENTER mount -t tmpfs none "$T/lists"
	start_daemon
	no_answer dev@lists.example.org users@example.org
	until_ok status_is failing
	$ENTER umount "$T/lists"
	until_ok settled 4
	until_ok status_is ok
	others_as_ever
}

# --- a restore in place

SITE=60

# all_lists MAP: a request for each of them, at its domain.
all_lists() {
	for i in $(seq "$SITE"); do
		if [ $((i % 2)) = 0 ]; then
			echo "recipients list$i@lists.example.org"
		else
			echo "listmap list$i@example.org"
		fi
	done
}

big_site() {
	site "rescan = 3600" "${1:-}"
	for i in $(seq "$SITE"); do
		if [ $((i % 2)) = 0 ]; then
			echo "list list$i lists.example.org"
		else
			echo "list list$i example.org"
		fi
	done | pickles
	cp -a "$T/lists" "$T/backup"
	start_daemon
	until_ok settled "$SITE"
	until_ok scanned_since 0
	until_ok status_is ok
	mapfile -t requests < <(all_lists)
	asking "${requests[@]}"
}

is_whole() {
	until_ok settled "$SITE"
	until_ok status_is ok
	never_absent
	exits 1 query recipients nosuch@lists.example.org
	exits 1 query recipients list1@lists.example.org
}

restored_in_place() {
	big_site "verify_misses = \"$1\""
	rm -rf "$T"/lists/*
	sleep 1
	cp -a "$T"/backup/* "$T/lists"
	is_whole
}

@test "a restore in place: not one absent" {
	restored_in_place yes
}

@test "a restore in place, without verification: not one absent" {
	restored_in_place no
}

@test "emptied by a move: away until all of them are back, not just half" {
	big_site
	mkdir "$T/elsewhere"
	mv "$T"/lists/* "$T/elsewhere"
	until_ok status_is away
	exits 75 query recipients nosuch@lists.example.org
	exits 75 rebuild
	mv "$T"/elsewhere/list[1-4]* "$T/lists"
	looked_again 2
	mv "$T"/elsewhere/* "$T/lists"
	is_whole
}

# Whether a child of the daemon, which is $SCANNER then, waits for the lock.
scan_waits() {
	for SCANNER in $(awk '$2 == "->" { print $6 }' /proc/locks); do
		[ "$(ps -o ppid= -p "$SCANNER" | xargs)" = "$PID" ] && return
	done
	return 1
}

# looked_at N: whether the scanner has looked at so many lists.
looked_at() {
	[ "$(grep -c 'config.pck"' "$T/trace")" -ge "$1" ]
}

# slow_scan: the scan of $SCANNER, which waits, goes on slowly.
slow_scan() {
	strace -p "$SCANNER" -o "$T/trace" -e trace=newfstatat \
	    -e inject=newfstatat:delay_enter=4000 2>"$T/strace" 3>&- &
	until_ok grep -q attached "$T/strace"
}

# in_the_middle: what is to scan waits for the lock.
in_the_middle() {
	need_attach
	big_site
	hold_lock
}

# The scan has seen most of them, and misses less than half.
@test "a restore in place in the middle of a scan: not one absent" {
	in_the_middle
	mkdir "$T/lists/noise" && rmdir "$T/lists/noise"
	until_ok scan_waits
	slow_scan
	before=$(scans)
	free_lock
	until_ok looked_at 40
	rm -rf "$T"/lists/*
	until_ok scanned_since "$before"
	sleep 1
	cp -a "$T"/backup/* "$T/lists"
	is_whole
}

# The child that scans for `listmap rebuild' waits for the lock.
cron_waits() {
	SCANNER=$(pgrep -P "$CRON") &&
	    grep -q -e "-> FLOCK .* $SCANNER " /proc/locks
}

# The daemon saw how they went, and cron did not.
@test "a restore in place in the middle of cron's rebuild: not one absent" {
	in_the_middle
	"$LISTMAP" -c "$T/conf" rebuild >/dev/null 2>&1 3>&- &
	CRON=$!
	until_ok cron_waits
	slow_scan
	free_lock
	until_ok looked_at 40
	rm -rf "$T"/lists/*
	wait "$CRON" || :
	sleep 1
	cp -a "$T"/backup/* "$T/lists"
	is_whole
}

no_scan() {
	! scan_waits && query .status all | grep -q '	scanning	no$'
}

# in_two_strokes: a scan reads when two of them are gone, and then the others
# go.  False where the daemon may have seen the second stroke so late that it is
# another event than the first, by GONE_WINDOW of cache/gone.h.
in_two_strokes() {
	local began=${EPOCHREALTIME/[.,]/} result=0

	hold_lock
	rmlist list1 list10
	until_ok scan_waits
	free_lock
	until_ok no_scan
	rm -rf "$T"/lists/*
	# Before it answers it has read what the watch told.
	query domains nosuch || :
	[ $((${EPOCHREALTIME/[.,]/} - began)) -lt 2000000 ] || result=1
	until_ok status_is away
	return $result
}

@test "removed in two strokes: those that went first are not absent either" {
	local end=$((SECONDS + PATIENCE))

	big_site
	never_absent
	until in_two_strokes; do
		[ $SECONDS -lt $end ] || skip "two seconds are too few here"
		cp -a "$T"/backup/* "$T/lists"
		until_ok settled "$SITE"
		until_ok status_is ok
	done
	not_absent list1@example.org list10@lists.example.org \
	    list2@lists.example.org
	asking "${requests[@]}"
	cp -a "$T"/backup/* "$T/lists"
	is_whole
}

@test "removed at a stroke: away, until somebody accepts it" {
	big_site
	rm -rf "$T"/lists/*
	until_ok status_is away
	looked_again 2
	status_is away
	never_absent
	exits 0 rebuild --accept-empty
	until_ok settled 0
	exits 1 query recipients list2@lists.example.org
	exits 0 query refusal list2@lists.example.org
	until_ok status_is ok
}

@test "less than half removed at a stroke is believed" {
	big_site
	rm -rf "$T"/lists/list[12]?
	until_ok settled $((SITE - 20))
	exits 1 query recipients list12@lists.example.org
	exits 1 query recipients list11@example.org
	exits 0 query recipients list2@lists.example.org
	status_is ok
	not logged "away"
}

@test "three lists removed at a stroke are believed, though they are all" {
	site "rescan = 3600"
	pickles <<-END
	list mailman lists.example.org
	list dev lists.example.org
	list users example.org
	END
	start_daemon
	until_ok settled 3
	rm -rf "$T"/lists/*
	until_ok settled 0
	absent dev@lists.example.org users@example.org
	not logged "away"
}

# A process for each, which takes its time to start: as bin/rmlist is called.
@test "one rmlist after the other is believed, down to the last" {
	site "rescan = 3600
		debounce = 0.25"
	for list in a b c d e f g h; do
		echo "list $list lists.example.org"
	done | pickles
	start_daemon
	until_ok settled 8
	left=8
	for list in a b c d e f g h; do
		rmlist $list
		left=$((left - 1))
		until_ok settled $left
		absent $list@lists.example.org
	done
	until_ok status_is ok
	not logged "away"
	pickles <<<"list new lists.example.org"
	heals new@lists.example.org
}
