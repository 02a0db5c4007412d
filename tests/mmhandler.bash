# mm-handler run by hand, with a double of Mailman's wrapper (its script is
# told in wrapper_double.c) and one of syslogd.  Beside lib.bash:
#
#	load lib
#	load mmhandler
#
# As root everything runs in a mount namespace with a /dev/log of its own, and
# the lists are nobody's, since mm-handler takes nothing from root.  Without
# root there is no log to be looked at, and the ids stay what they are.

MM_HANDLER=${MM_HANDLER:-$top_builddir/mm-handler}
WRAPPER_DOUBLE=${WRAPPER_DOUBLE:-$top_builddir/tests/wrapper}
# What sendmail may tell everybody.
mm_later="Mailman could not take this message"

setup_file() {
	export mm_holder= mm_log= mm_dev=$BATS_FILE_TMPDIR/dev
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || return 0
	mm_log=$BATS_FILE_TMPDIR/syslog
	mkdir -m 755 "$mm_dev"
	setpriv --pdeathsig KILL unshare -m sh -c "
		cd '$mm_dev' || exit
		for f in null zero full random urandom; do
			: >\$f; mount --bind /dev/\$f \$f
		done
		mkdir pts; mount --bind /dev/pts pts; ln -s pts/ptmx ptmx
		ln -s /proc/self/fd fd
		mount --rbind . /dev; cd /; exec sleep infinity" \
	    </dev/null >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- 4>&- &
	mm_holder=$!
	disown
	setpriv --pdeathsig KILL python3 "$top_srcdir/tests/mm_syslog.py" \
	    "$mm_dev/log" "$mm_log" \
	    </dev/null >>"$BATS_FILE_TMPDIR/log" 2>&1 3>&- 4>&- &
	mm_syslogd=$!
	export mm_syslogd
	disown
	until_ok nsenter -m -t "$mm_holder" test -S /dev/log ||
	    { cat "$BATS_FILE_TMPDIR/log"; return 1; }
}

teardown_file() {
	[ -z "$mm_holder" ] || kill -KILL "$mm_holder" "$mm_syslogd"
}

# Before each test: a site with the lists foo, dev-announce and mailman.
test_setup() {
	VIA= wrapper=$T/mailman/mail/mailman got=$T/mailman/mail/got
	[ -z "$mm_holder" ] || ENTER="nsenter -m -t $mm_holder"
	mkdir -p "$T/mailman/mail" "$T/data"
	mkdir -m 777 "$got"
	cp "$WRAPPER_DOUBLE" "$wrapper"
	chmod 755 "$T/mailman" "$T/mailman/mail" "$wrapper"
	printf 'Subject: hello\n\nworld\n' >"$T/message"
	mm_conf
	mklist foo dev-announce mailman
	mm_own
	[ -z "$mm_log" ] || : >"$mm_log"
}

# What runs of the double ends as well.
test_teardown() {
	local exe

	[ -s "$got/faults" ] && cat "$got/faults"
	for exe in $(find /proc -maxdepth 2 -name exe -lname "$wrapper" \
	    2>/dev/null); do
		kill -KILL "$(basename "${exe%/exe}")" 2>/dev/null || :
	done
}

# Gives the site to an account without rights.
mm_own() {
	[ "$(id -u)" != 0 ] || chown -R nobody:nogroup "$T/lists" "$T/data"
}

# mm_conf [TEXT [SITE [DOMAIN]]]: $T/conf, with TEXT at its top, SITE in the
# site, DOMAIN in its dedicated domain.
mm_conf() {
	cat >"$T/conf" <<-END
	cache_dir = "$T/cache"
	user = "root"
	${1:-}
	site "lists" {
		lists_dir = "$T/lists"
		wrapper = "$wrapper"
		${2:-}
		domain "lists.example.org" {
			dedicated = true
			${3:-}
		}
		domain "example.org" {}
	}
	END
}

# script COMMAND...: what the double does.
script() {
	printf '%s\n' "$@" >"$T/mailman/mail/script"
}

# mm ARGUMENT...: runs it in this directory (which nsenter leaves), $VIA before
# it, with the message $T/message; its status is in $rc, what it said in $T/out
# and $T/err.
mm() {
	rc=0
	$ENTER ${ENTER:+env -C "$PWD"} timeout -k 5 $PATIENCE $VIA \
	    "$MM_HANDLER" -c "$T/conf" "$@" \
	    <"$T/message" >"$T/out" 2>"$T/err" 3>&- || rc=$?
}

# start ARGUMENT...: the same in the background, as process $HANDLER; with
# $T/message, which may be a FIFO.  ended STATUS: how it ended.
start() {
	$ENTER ${ENTER:+env -C "$PWD"} $VIA \
	    "$MM_HANDLER" -c "$T/conf" "$@" \
	    <"$T/message" >"$T/out" 2>"$T/err" 3>&- &
	HANDLER=$!
	DAEMONS="$DAEMONS $HANDLER"
}

ended() {
	wait_gone "$HANDLER"
	rc=0
	wait "$HANDLER" || rc=$?
	is "its status" "$1" "$rc"
}

# is WHAT WANTED GOT
is() {
	[ "$2" = "$3" ] && return
	printf '%s: "%s", not "%s"\n' "$1" "$3" "$2"
	[ ! -s "$T/err" ] || { echo "it said:"; cat "$T/err"; }
	[ -z "$mm_log" ] || cat "$mm_log"
	return 1
}

# How many messages the double has.
stored() {
	find "$got" -mindepth 1 -maxdepth 1 -type d ! -name '.*' | wc -l
}

# The double was called so often.
called() {
	is "calls of the wrapper" "$1" \
	    "$(cat "$got/events" 2>/dev/null | grep -c '^started')"
}

event() {
	grep -qs "^$1 " "$got/events"
}

# The number of the process that had an event.
process_of() {
	sed -n "s/^$1 \([0-9]*\).*/\1/p" "$got/events"
}

forget() {
	find "$got" -mindepth 1 -delete
	[ -z "$mm_log" ] || : >"$mm_log"
}

marked() {
	grep -q " mark: $mm_mark\$" "$mm_log"
}

# Everything that was logged until now is in $log, which is one line; but a
# wrong configuration says besides where it is wrong.
one_line_logged() {
	log=
	[ -n "$mm_log" ] || return 0
	mm_mark=$RANDOM$RANDOM
	logger -d -u "$mm_dev/log" -t mark "$mm_mark" 3>&-
	until_ok marked
	log=$(grep -v ' mark: \| conf: ' "$mm_log" || :)
	[ "$(wc -l <<<"$log")" = 1 ] && [ -n "$log" ] ||
	    { printf 'logged, not one line:\n%s\n' "$log"; return 1; }
	# LOG_MAIL
	[[ $log =~ ^2\ [0-7]\ mm-handler(\[[0-9]+\])?:\  ]] ||
	    { printf 'logged: %s\n' "$log"; return 1; }
	log=${log#*: }
}

# logs WHAT FIELD...: the line is WHAT with these fields in this order, and
# reason, if it has one, in $reason.
logs() {
	local what=$1 fields

	shift
	one_line_logged
	[ -n "$mm_log" ] || return 0
	reason=${log##*, reason=}
	fields=$(sed 's/, reason=.*//; s/, size=[0-9]*//
		s/, seconds=[0-9]*\.[0-9][0-9][0-9]$//' <<<"$log")
	is "logged" "$(printf '%s: ' "$what"; printf '%s, ' "$@")" "$fields, "
}

# Nobody is told anything.
silent() {
	is "standard output" "" "$(cat "$T/out")"
	is "standard error" "" "$(cat "$T/err")"
}

faultless() {
	is "faults" "" "$(cat "$got/faults" 2>/dev/null)"
}

# delivers ACTION LIST ARGUMENT...: ends well, one message more is there.
delivers() {
	local action=$1 list=$2 before

	shift 2
	before=$(stored)
	mm "$@"
	is "its status" 0 "$rc"
	silent
	faultless
	is "messages" $((before + 1)) "$(stored)"
	one_line_logged
	last=$(find "$got" -mindepth 1 -maxdepth 1 -type d | LC_ALL=C sort |
	    tail -n 1)
	is "called as" "argv: $action $list" "$(grep -a ^argv: "$last/report")"
	[ -z "$mm_log" ] || [[ $log == "delivered: to=<"*", site="*", list=$list, action=$action, size="*", seconds="* ]] ||
	    { echo "logged: $log"; return 1; }
	[ -z "$mm_log" ] || : >"$mm_log"
}

# defers ARGUMENT...: 75, one line that says nothing, nothing is kept.
defers() {
	mm "$@"
	is_deferred
}

is_deferred() {
	is "its status" 75 "$rc"
	is "standard output" "" "$(cat "$T/out")"
	is "standard error" "$mm_later" "$(cat "$T/err")"
	faultless
	is "messages" 0 "$(stored)"
	one_line_logged
	[ -z "$mm_log" ] || [[ $log =~ ^deferred:\ .*reason=(.+)$ ]] ||
	    { echo "logged: $log"; return 1; }
	reason=${log##*reason=}
	[ -z "$mm_log" ] || : >"$mm_log"
}

# reason_has WORD: the last deferred's; there is one only where there is a log.
reason_has() {
	[ -z "$mm_log" ] || [[ ${reason,,} == *"${1,,}"* ]] ||
	    { echo "reason: $reason"; return 1; }
}

# refuses ARGUMENT...: 67 and one line, which is in $said; nothing is run.
refuses() {
	mm "$@"
	is "its status" 67 "$rc"
	is "standard output" "" "$(cat "$T/out")"
	is "lines of standard error" 1 "$(wc -l <"$T/err")"
	said=$(cat "$T/err")
	[ -n "$said" ]
	called 0
	one_line_logged
	[ -z "$mm_log" ] || [[ $log =~ ^refused:\ to=\<.*\>,\ (.*,\ )?reason=.+$ ]] ||
	    { echo "logged: $log"; return 1; }
	[ -z "$mm_log" ] || : >"$mm_log"
}

# handed ADDRESS [FILE]: the last message is FILE with the two headers at its
# begin, behind a From_ line.
handed() {
	local file=${2:-$T/message} from=0

	[ -n "${mm_version-}" ] || mm_version
	[ "$(head -c 5 "$file" | tr -d '\0')" != "From " ] || from=1
	{
		head -n $from "$file"
		printf 'Delivered-To: %s\n' "$1"
		printf 'X-Mailman-Handler: listmap %s\n' "$mm_version"
		tail -n +$((from + 1)) "$file"
	} >"$T/expected"
	cmp "$T/expected" "$last/message"
}

# Version of the program, as it tells it.
mm_version() {
	mm_version=$("$MM_HANDLER" -V 3>&- | sed -n '1s/.* //p')
	[ -n "$mm_version" ]
}

# A FIFO as the message, open for writing as descriptor 9.
message_fifo() {
	rm "$T/message"
	mkfifo "$T/message"
	exec 9<>"$T/message"
}

# Runs COMMAND... as nobody where this is root; the others have no rights as
# it is.
unprivileged() {
	VIA="$VIA${VIA:+ }$(mm_nobody)"
}

mm_nobody() {
	[ "$(id -u)" != 0 ] ||
	    echo "setpriv --reuid=nobody --regid=nogroup --clear-groups --"
}
