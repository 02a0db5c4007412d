# What the shell tests share.  Every test runs in a directory of its own, $T,
# and whatever it starts is stopped in its teardown.

LISTMAPD=${LISTMAPD:-$top_builddir/listmapd}
LISTMAP=${LISTMAP:-$top_builddir/listmap}
DATA=${LISTMAP_DATA:-$top_srcdir/../shared/data}
TABLES=$top_srcdir/tests/data

. "${BASH_SOURCE[0]%/*}/patience.bash"

# Short, since a unix socket's path has 107 bytes at most.
setup() {
	T=$(mktemp -d /tmp/lm.XXXXXX)
	chmod 755 "$T"
	DAEMONS= ENTER=
	mkdir "$T/lists" "$T/cache" "$T/run"
	declare -F test_setup >/dev/null && test_setup
	return 0
}

teardown() {
	local clean=0 pid

	declare -F test_teardown >/dev/null && test_teardown
	for pid in $DAEMONS; do
		kill -CONT "$pid" 2>/dev/null
		kill "$pid" 2>/dev/null
	done
	for pid in $DAEMONS; do
		wait_gone "$pid" || kill -KILL "$pid" 2>/dev/null
	done
	umount_all
	chmod -R u+rwx "$T" 2>/dev/null
	# Where the programs are built with sanitizers, they are heard.
	! grep -s -A 20 'Sanitizer\|runtime error:' "$T/log" || clean=1
	rm -rf "$T"
	return $clean
}

# Under the test's directory, last mounted first.
umount_all() {
	awk -v t="$T/" 'index($2, t) == 1 { print $2 }' /proc/self/mounts |
	    sort -r | while read -r m; do umount -l "$m"; done
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

wait_gone() {
	until_ok gone "$1"
}

# conf [TEXT [SITE]]: writes $T/conf: one site on lists.example.org (dedicated)
# and example.org (shared), with TEXT at its top and SITE in the site.  Every
# list is on both, for the tests that are not about hosts.  No answer comes too
# late, for the tests that are not about that.
conf() {
	cat >"$T/conf" <<-EOF
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	${1:-}
	site "lists" {
		lists_dir = "$T/lists"
		wrapper = "/usr/lib/mailman/mail/mailman"
		hosts = "any"
		${2:-}
		domain "lists.example.org" { dedicated = true }
		domain "example.org" {}
	}
	deadline = 25
	EOF
}

# Whether the lists directory's last change is past, so that each snapshot of it
# is the same, its time included.
lists_are_old() {
	local time=$(stat -c %.9Z "$T/lists")

	[ $(($(date +%s%N) - ${time/./})) -gt 2500000000 ] ||
	    { [ ${time#*.} != 000000000 ] &&
	    [ $(($(date +%s%N) - ${time/./})) -gt 100000000 ]; }
}

# mklist NAME...: as Mailman's newlist does it, the configuration renamed into
# its place.
mklist() {
	local name

	for name; do
		mkdir -p "$T/lists/$name"
		printf '}q\001.' >"$T/lists/$name/config.pck.tmp"
		mv "$T/lists/$name/config.pck.tmp" "$T/lists/$name/config.pck"
	done
}

# many_lists N [DIR]: list00001 to N, quickly.
many_lists() {
	python3 - "$1" "${2:-$T/lists}" <<-'END' 3>&-
	import os, sys
	for i in range(1, int(sys.argv[1]) + 1):
	    d = "%s/list%05d" % (sys.argv[2], i)
	    os.mkdir(d)
	    with open(d + "/config.pck.tmp", "wb") as f:
	        f.write(b"}q\001.")
	    os.rename(d + "/config.pck.tmp", d + "/config.pck")
	END
}

# noticed NAME...: a scan may meet a list that is half made; then nothing but a
# look-up, or the next rescan, tells the daemon that it is whole.
noticed() {
	local name

	for name; do
		until_ok query recipients "$name@lists.example.org"
	done
}

rmlist() {
	local name

	for name; do
		rm -r "$T/lists/$name"
	done
}

# hold_lock: scans wait from now on, until free_lock.  The holder lives, for
# /proc/locks does not show the lock of a process that is gone everywhere.
hold_lock() {
	flock -F "$T/cache/lists.lock" sleep 600 3>&- &
	HOLDER=$!
	DAEMONS="$DAEMONS $HOLDER"
	until_ok not flock -n "$T/cache/lists.lock" true
}

free_lock() {
	kill "$HOLDER"
	wait "$HOLDER" || :
}

# rmlist_singly NAME...: one after the other, as people call Mailman's rmlist;
# the daemon sees each go before the next one does.
rmlist_singly() {
	local name

	for name; do
		rmlist "$name"
		query domains nosuch || :
		sleep 0.05
	done
}

# start_daemon [OPTION...]: with $T/conf; its number is in $PID, what it logs
# in $T/log; returns when it answers.
start_daemon() {
	$ENTER "$LISTMAPD" -c "$T/conf" "$@" </dev/null >>"$T/log" 2>&1 3>&- &
	PID=$!
	DAEMONS="$DAEMONS $PID"
	until_ok answers_or_gone && answers || {
		cat "$T/log"
		return 1
	}
}

answers_or_gone() {
	answers || gone "$PID"
}

# Whether the daemon with number $PID is the one that answers.
answers() {
	"$LISTMAP" -c "$T/conf" query .status pid | grep -q "pid	$PID\$"
}

stop_daemon() {
	kill "${1:-$PID}"
	wait_gone "${1:-$PID}"
}

query() {
	$ENTER "$LISTMAP" -c "$T/conf" query "$@"
}

# exits CODE COMMAND...: whether it ends so; what it said is in $output.
exits() {
	local want=$1

	shift
	run "$@" 3>&-
	[ "$status" = "$want" ] && return
	printf 'ended with %s, not with %s: %s\n%s\n' "$status" "$want" "$*" \
	    "$output"
	return 1
}

# Whether $output has TEXT in it.
says() {
	case $output in
	*"$1"*) return 0 ;;
	esac
	printf 'not said: %s\n%s\n' "$1" "$output"
	return 1
}

# A mount namespace of its own for the daemon and for commands after $ENTER;
# what is mounted there goes with it.
enter_namespace() {
	local holder

	need_mounts
	setpriv --pdeathsig KILL unshare -m sleep infinity \
	    </dev/null >/dev/null 2>&1 3>&- &
	holder=$!
	DAEMONS="$DAEMONS $holder"
	until_ok in_other_namespace "$holder"
	ENTER="nsenter -m -t $holder"
}

in_other_namespace() {
	[ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] &&
	    [ "$(cat "/proc/$1/comm")" = sleep ]
}

# As an account without rights; needs root.
nobody() {
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$@" 3>&-
}

# settled N: whether the daemon's snapshot holds N lists.
settled() {
	query .status all | grep -q "	lists	$1\$"
}

# status_is ok|away|failing|stuck|"no cache"
status_is() {
	query .status all | grep -q "	state	$1\$"
}

# scanned_since N: whether more scans than N have ended; scans says how many.
scanned_since() {
	[ "$(scans)" -gt "$1" ]
}

scans() {
	query .status all | awk '$3 == "scans" { print $4 }'
}

logged() {
	grep -q -e "$1" "$T/log"
}

# How often a line was logged.
logged_times() {
	grep -c -e "$1" "$T/log" || :
}

# logged_so_often N TEXT: N times and no more, now or in a while.
logged_so_often() {
	until_ok logged_at_least "$@"
	[ "$(logged_times "$2")" = "$1" ]
}

logged_at_least() {
	[ "$(logged_times "$2")" -ge "$1" ]
}

# For a statement that must fail: bash's own `!' never ends a test.
not() {
	! "$@"
}

# put_lists: the lists of the tables in $T/lists, and whoever is not root sees
# what only root can look into.
put_lists() {
	rm -r "$T/lists"
	put_data lists "$T"
	[ "$(id -u)" = 0 ] || chmod u+rwX "$T/lists/z-noaccess" \
	    "$T/lists/z-unreadable/config.pck"
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

need_trace() {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
}

# Processes of others, which are not our children: by CAP_SYS_PTRACE.
need_attach() {
	local have

	need_root
	need_trace
	have=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)
	[ $((0x$have >> 19 & 1)) = 1 ] || skip "root may not trace others here"
}

need_mounts() {
	need_root
	unshare -m true 2>/dev/null || skip "may not make mount namespaces"
}

# put_data lists|pickles|mailman-3 DIR: what the tables in $TABLES are about, as
# tests/data/make makes it; or, for t2900-real-data.bats, Mailman's own.
put_data() {
	case ${LISTMAP_KIND:-made}:$1 in
	made:*) python3 "$TABLES/make" "$1" "$2" 3>&- ;;
	real:lists) tar xzpf "$DATA/mailman-2.1/lists-small.tar.gz" -C "$2" ;;
	real:pickles) cp "$DATA"/mailman-2.1/pickles/* "$2" ;;
	real:mailman-3) tar xzpf "$DATA/mailman-3/var-lists.tar.gz" -C "$2" ;;
	esac
}

need() {
	local p

	for p; do
		command -v "$p" >/dev/null || skip "$p is not installed"
	done
}
