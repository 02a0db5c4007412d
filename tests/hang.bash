# A file server that can be made to hang: bindfs (FUSE) in the foreground, whose
# process is stopped.  A call on a path below $T/far does not come back then.

. "${BASH_SOURCE[0]%/*}/sites.bash"

need_far() {
	need_root
	need bindfs
	[ -c /dev/fuse ] || skip "/dev/fuse is missing"
	mkdir -p "$T/server" "$T/far"
	serve_far
	far_answers || skip "bindfs cannot mount here: $(cat "$T/bindfs")"
}

# The kernel remembers nothing, so that each call asks the server.
serve_far() {
	bindfs -f -o attr_timeout=0,entry_timeout=0,negative_timeout=0 \
	    "$T/server" "$T/far" >"$T/bindfs" 2>&1 3>&- &
	SERVER=$!
	DAEMONS="$DAEMONS $SERVER"
	until_ok far_or_gone
}

far_answers() {
	mountpoint -q "$T/far" && in_time ls "$T/far"
}

far_or_gone() {
	gone "$SERVER" || far_answers
}

far_is_silent() {
	local rc=0

	timeout -s KILL 0.2 ls "$T/far" >/dev/null 2>&1 || rc=$?
	[ "$rc" = 137 ]
}

far_hangs() {
	kill -STOP "$SERVER"
	until_ok far_is_silent
}

far_goes_on() {
	kill -CONT "$SERVER"
}

# What hangs there has to end before the daemons can.
test_teardown() {
	[ -z "${SERVER:-}" ] || {
		kill -CONT "$SERVER"
		kill -KILL "$SERVER"
		umount -l "$T/far"
	} 2>/dev/null || :
}

# A command that hangs is ended, for it would hold the test.
in_time() {
	timeout -s KILL "$PATIENCE" "$@"
}

# put_lists_of KIND DIRECTORY DOMAIN NAME...: lists of Mailman 2.1 or 3.
put_lists_of() {
	local kind=$1 dir=$2 domain=$3 name

	shift 3
	mkdir -p "$dir"
	for name; do
		case $kind in
		2.1)
			mkdir "$dir/$name"
			printf '}q\001.' >"$dir/$name/config.pck"
			;;
		3)
			mkdir "$dir/$name.$domain"
			touch -d '2 days ago' "$dir/$name.$domain"
			;;
		esac
	done
}

# far_and_near: eight sites: of Mailman 2.1 and of 3, the far one before the
# near one and behind it, at domains of their own and at one they share.
far_and_near() {
	begin_conf "rescan = 1 debounce = 0.01"
	sed -i 's/^deadline = .*/deadline = 1/' "$T/conf"
	one_of_them 0 2.1 far far.example.org
	one_of_them 1 2.1 near near.example.org
	one_of_them 2 3 near near3.example.org
	one_of_them 3 3 far far3.example.org
	one_of_them 4 2.1 far both.example.org
	one_of_them 5 2.1 near both.example.org
	one_of_them 6 3 near both3.example.org
	one_of_them 7 3 far both3.example.org
}

# one_of_them NUMBER MAILMAN near|far DOMAIN: with the lists near or far, and
# some more.
one_of_them() {
	local where=$T/near

	mkdir -p "$T/near"
	[ "$3" = near ] || where=$T/server
	put_lists_of "$2" "$where/s$1/lists" "$4" "$3" more{1..5}-s$1
	site "$1" "$2" "$T/$3/s$1/lists" \
	    "hosts = \"any\" scan_timeout = 1" "$4"
}

# asks WORD KEY...: whether each of them is answered so.
asks() {
	local word=$1

	shift
	hang_clients ask $(printf "recipients_%s=$word\n" "$@")
}

NEAR_HITS="near@near.example.org near@near3.example.org near@both.example.org
    near@both3.example.org"
NEAR_MISSES="nosuch@near.example.org nosuch@near3.example.org"
FAR_HITS="far@far.example.org far@far3.example.org far@both.example.org
    far@both3.example.org"
FAR_MISSES="nosuch@far.example.org nosuch@far3.example.org
    nosuch@both.example.org nosuch@both3.example.org"

# probe: asks for the near ones in the background, from now until probed.
probe() {
	local key

	set --
	for key in $NEAR_HITS; do
		set -- "$@" "recipients_$key=OK"
	done
	for key in $NEAR_MISSES; do
		set -- "$@" "recipients_$key=NOTFOUND"
	done
	rm -f "$T/probes"
	python3 "$top_srcdir/tests/hang.py" probe "$T/run/socket" "$T/probes" \
	    "$@" >"$T/probed" 2>&1 3>&- &
	PROBE=$!
	DAEMONS="$DAEMONS $PROBE"
	until_ok [ -s "$T/probes" ]
}

# Whether the near ones are answered now, some times more.
near_is_served() {
	local before

	before=$(cat "$T/probes")
	until_ok probed_since $((before + 20))
}

probed_since() {
	[ "$(cat "$T/probes")" -gt "$1" ] || ! kill -0 "$PROBE"
}

# The probe ends, and nothing was wrong.
probed() {
	kill "$PROBE" || : # it ends where something is wrong, and says what
	wait "$PROBE" || {
		cat "$T/probed"
		return 1
	}
	echo "# $BATS_TEST_DESCRIPTION: near: $(head -n 1 "$T/probed")" >&3
}

# sites_are NUMBERS STATE...: what the status says of each is one of these.
sites_are() {
	hang_clients states "$@"
}

# All is as before: states, hits and misses.
well() {
	sites_are "0 1 2 3 4 5 6 7" ok && all_answered
}

all_answered() {
	asks OK $NEAR_HITS $FAR_HITS && asks NOTFOUND $NEAR_MISSES $FAR_MISSES
}

hang_clients() {
	run in_time python3 "$top_srcdir/tests/hang.py" "$1" "$T/run/socket" \
	    "${@:2}" 3>&-
	[ "$status" = 0 ] || {
		echo "$output"
		return 1
	}
}
