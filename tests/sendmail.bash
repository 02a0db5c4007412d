# The real sendmail for tests, in a world of its own: private network, mounts,
# host name and processes, whose /run is a directory of the test file.
#
#	setup_file()	sm_require || return 0
#			sm_world; sm_conf <<<...; sm_daemon; ...
#	teardown_file()	sm_end
#
# What runs in the world ends with its first process, and that with bats.

top_srcdir=$(realpath "${top_srcdir:-$BATS_TEST_DIRNAME/..}")
: "${top_builddir:=$top_srcdir}"
: "${LISTMAPD:=$top_builddir/listmapd}"
. "${BASH_SOURCE[0]%/*}/patience.bash"
PATH=$PATH:/usr/sbin:/sbin

sm_cf_dir=${SENDMAIL_CF:-/usr/share/sendmail/cf}/

# What is missing for these tests, or nothing.
sm_missing() {
	local tool
	[ "$(id -u)" = 0 ] || { echo "root, for a private network"; return; }
	for tool in unshare nsenter setpriv ip m4 python3 sendmail makemap; do
		command -v $tool >/dev/null || { echo "$tool"; return; }
	done
	grep -qw SOCKETMAP "$(command -v sendmail)" ||
	    { echo "a sendmail that knows socket maps"; return; }
	[ -r "${sm_cf_dir}m4/cf.m4" ] || { echo "sendmail-cf"; return; }
	getent passwd list >/dev/null || { echo "the account list"; return; }
	unshare -n -m -u -p -f true 2>/dev/null ||
	    echo "the permission to unshare"
}

# For setup_file(), where this bats cannot skip: fails, and the tests skip.
sm_require() {
	export sm_lacks
	sm_lacks=$(sm_missing)
	[ -z "$sm_lacks" ]
}

sm_skip() {
	[ -z "$sm_lacks" ] || skip "needs $sm_lacks"
}

setup() {
	sm_skip
}

# The first process of the world; $1 becomes /run.
sm_first_process() {
	local pid file
	set -e
	read -r pid _ </proc/self/stat # the outer /proc: our number out there
	mount -t proc proc /proc
	mount --bind "$1" /run
	for file in hosts resolv.conf nsswitch.conf; do
		mount --bind /run/etc/$file /etc/$file
	done
	hostname mx.lab.test
	ip link set lo up
	echo "$pid" >/run/world
	exec env --ignore-signal=CHLD sleep infinity
}

# Directories that sendmail's rules of safe paths allow: nobody else's to write.
sm_tree() {
	mkdir -m 755 "$1" "$1"/{etc,cache,listmap,mailman,mailman/lists,sendmail}
	mkdir -m 700 "$1/sendmail/queue"
	mkdir -m 1777 "$1/sendmail/delivered"
	chown list:list "$1"/{cache,listmap,mailman,mailman/lists}
	echo '127.0.0.1 localhost' >"$1/etc/hosts"
	echo 'nameserver 127.0.0.1' >"$1/etc/resolv.conf"
	printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' \
	    >"$1/etc/nsswitch.conf"
	printf '%s\n' 'passwd files' 'hosts files dns' 'aliases files' \
	    >"$1/sendmail/service.switch"
	printf '%s\n' 'postmaster: games' 'staff: games' \
	    >"$1/sendmail/aliases"
	# the stand-in for all mailers: keeps its arguments and its input
	cat >"$1/sendmail/deliver" <<-'END'
		#!/bin/sh
		new=$(mktemp /run/sendmail/delivered/.XXXXXX) || exit 75
		{ echo "$*"; cat; } >"$new" || exit 75
		mv "$new" "/run/sendmail/delivered/mail${new##*.}" || exit 75
	END
	chmod 755 "$1/sendmail/deliver"
}

# Makes the world, with a name server in it.  $sm_run is its /run out here.
sm_world() {
	export sm_run=$BATS_FILE_TMPDIR/run sm_unshare sm_first
	umask 022
	sm_tree "$sm_run"
	setpriv --pdeathsig KILL unshare -n -m -u -p -f --kill-child bash -c \
	    "$(declare -f sm_first_process); sm_first_process '$sm_run'" \
	    </dev/null >"$sm_run/world.log" 2>&1 3>&- 4>&- &
	sm_unshare=$!
	disown # no word about its end
	until_ok test -s "$sm_run/world" ||
	    { cat "$sm_run/world.log"; return 1; }
	read -r sm_first <"$sm_run/world"
	sm_spawn dns python3 "$top_srcdir/tests/dns.py" \
	    "$top_srcdir/tests/sendmail/zone"
	until_ok grep -qx ready "$sm_run/dns.log" ||
	    { cat "$sm_run/dns.log"; return 1; }
}

sm_end() {
	[ -z "${sm_unshare-}" ] || kill -KILL "$sm_unshare"
}

# Runs a command in the world.
sm_in() {
	nsenter -t "$sm_first" -n -m -u -p -- "$@"
}

# Starts a command in the world; its output is in NAME.log, its number in there
# in NAME.pid.
sm_spawn() {
	local name=$1
	shift
	rm -f "$sm_run/$name.pid"
	sm_in sh -c 'echo $$ >"/run/$0.pid"; exec "$@"' "$name" "$@" \
	    </dev/null >>"$sm_run/$name.log" 2>&1 3>&- 4>&- &
}

sm_alive() {
	[ -s "$sm_run/$1.pid" ] &&
	    sm_in test -d "/proc/$(cat "$sm_run/$1.pid")"
}

# Has run, and does not any more.
sm_gone() {
	[ -s "$sm_run/$1.pid" ] && ! sm_alive "$1"
}

# Sendmail's m4 with listmap's files beside sendmail's own.
sm_m4() {
	local src build
	src=$(realpath "$top_srcdir")/m4/sendmail
	build=$(realpath "$top_builddir")/m4/sendmail
	(cd "$top_srcdir/tests/sendmail" && m4 -D_CF_DIR_= -D_NO_MAKEINFO_ \
	    -I "$sm_cf_dir" -I "$src" -I "$build" "$@")
}

# Makes NAME.cf of NAME.mc.
sm_cf() {
	local name
	for name; do
		sm_m4 "$name.mc" >"$sm_run/sendmail/$name.cf" || return
	done
	sm_in sendmail -C "/run/sendmail/$1.cf" -bi >/dev/null
}

# Makes the hash table NAME of standard input.
sm_hash() {
	sm_in makemap hash "/run/sendmail/$1"
}

# The sendmail that sm_smtp talks to.
sm_sendmail() {
	sm_spawn sendmail sendmail -C "/run/sendmail/$1.cf" -bD
}

sm_lists() {
	local name
	for name; do
		mkdir "$sm_run/mailman/lists/$name" &&
		    printf '}.' >"$sm_run/mailman/lists/$name/config.pck" ||
		    return
	done
}

# listmap.conf: what is the same in all tests, and standard input.
sm_conf() {
	{
		echo 'listen = { "local:/run/listmap/socket" }'
		echo 'cache_dir = "/run/cache"'
		echo 'user = "list"'
		echo 'log = "stderr"'
		echo 'deadline = 25' # the machine may be busy
		cat
	} >"$sm_run/listmap.conf"
}

# Which socket is at the socket's path: inode numbers are used again.
sm_socket() {
	stat -c '%i %z' "$sm_run/listmap/socket" 2>/dev/null
}

sm_other_socket() {
	local now
	now=$(sm_socket) && [ "$now" != "$1" ]
}

sm_up_or_gone() {
	sm_other_socket "$2" || sm_gone "$1"
}

# Starts NAME, a listmapd with further ARGUMENTS, and waits until it listens.
sm_daemon() {
	local name=$1 old
	shift
	old=$(sm_socket) || :
	sm_spawn "$name" "$(realpath "$LISTMAPD")" -c /run/listmap.conf "$@"
	until_ok sm_up_or_gone "$name" "$old"
	sm_other_socket "$old" || { cat "$sm_run/$name.log"; return 1; }
}

sm_daemon_stop() {
	sm_in kill -TERM "$(cat "$sm_run/$1.pid")" && until_ok sm_gone "$1"
}

# What NAME, a daemon whose log_level is "debug", was asked since the last time,
# a line each: the map and the key.
sm_asked() {
	sed -n 's/^listmapd: answer: \(.*\): .*/\1/p' "$sm_run/$1.log"
	: >"$sm_run/$1.log"
}

# sendmail's test mode on standard input, without the prompts.
sm_bt() {
	sm_in sendmail -C "/run/sendmail/$1.cf" -bt 2>&1 | sed 's/^\(> \)*//'
}

# Where mail to each ADDRESS goes, a line each; rules may call parse again.
sm_route() {
	local cf=$1
	shift
	printf '3,0 %s\n' "$@" | sm_bt "$cf" |
	    awk '$1 == "parse" && $2 == "input:" { depth++ }
		$1 == "parse" && $2 == "returns:" && --depth == 0' |
	    sed 's/^parse *returns: //; s/ \. \([^>$]\)/.\1/g; s/ \. /. /g'
}

# What the map says to each KEY, a line each: `no match (68)' is absent.
sm_map() {
	local cf=$1 map=$2
	shift 2
	printf "/map $map %s\n" "$@" | sm_bt "$cf" | sed -n 's/^map_lookup: //p'
}

# Holds a command's result for each ADDRESS of a table, a line each, against the
# table's second column.  ADDR there stands for the address, TEXT for $sm_text.
sm_check() {
	local address want addresses=() table=
	while IFS=$'\t' read -r address want; do
		addresses+=("$address")
		want=${want//ADDR/"$address"}
		table+=$address$'\t'${want//TEXT/"$sm_text"}$'\n'
	done
	diff -u <(printf %s "$table") <(paste \
	    <(printf '%s\n' "${addresses[@]}") <("$@" "${addresses[@]}"))
}

# An SMTP session of a stranger: commands on standard input, replies out.
sm_smtp() {
	sm_in python3 "$top_srcdir/tests/smtp.py" -f "${sm_from:-127.0.0.5}" \
	    "${sm_host:-127.0.0.1}" "${sm_port:-2525}"
}

# The replies to RCPT of each ADDRESS.
sm_rcpt() {
	{
		printf '%s\n' 'HELO mx.remote.test' 'MAIL FROM:<u@remote.test>'
		printf 'RCPT TO:<%s>\n' "$@"
	} | sm_smtp | tail -n +4
}

# A session in steps: sm_open, sm_say COMMAND... which sets $reply to the last
# line of the last reply, sm_close.
sm_open() {
	coproc sm_session { sm_smtp 3>&- 4>&-; }
	sm_reply && sm_say 'HELO mx.remote.test'
}

sm_say() {
	local command
	for command; do
		printf '%s\n' "$command" >&"${sm_session[1]}" && sm_reply ||
		    return
	done
}

sm_reply() {
	reply=
	until [[ $reply =~ ^([0-9]{3}( |$)|closed) ]]; do
		read -rt $PATIENCE reply <&"${sm_session[0]}" || return
	done
}

sm_close() {
	local pid=$sm_session_PID # bash forgets it when the process ends
	sm_say QUIT
	eval "exec ${sm_session[1]}>&-"
	wait "$pid"
}

sm_mails() {
	find "$sm_run/sendmail/delivered" -name 'mail*'
}

sm_enough_mails() {
	[ "$(sm_mails | wc -l)" -ge "$1" ]
}

# Waits until N mails were delivered, prints a line each, how the mailer was
# called, and forgets them.
sm_delivered() {
	until_ok sm_enough_mails "$1"
	sm_mails | xargs -r -n 1 head -n 1 | sort
	sm_mails | xargs -r rm
}
