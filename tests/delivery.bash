# Deliveries from end to end, beside sendmail.bash: the real mm-handler hands
# mail to a double of Mailman's wrapper (see wrapper_double.c), and the stand-in
# keeps what is for users and other hosts.  The log is in /run/syslog.
#
#	setup_file()	sm_require || return 0
#			sm_world; dl_world; sm_conf <<<...; sm_daemon; ...
#	setup()		sm_skip; dl_begin
#	teardown()	dl_end

: "${LISTMAP:=$top_builddir/listmap}"
: "${MM_HANDLER:=$top_builddir/mm-handler}"
: "${WRAPPER_DOUBLE:=$top_builddir/tests/wrapper}"

dl_py=$top_srcdir/tests/delivery.py
dl_later='Mailman could not take this message'

# The world's own /dev, with a log.
dl_syslog() {
	mkdir -m 755 "$sm_run/dev"
	sm_in sh -c 'cd /run/dev || exit
		for file in null zero full random urandom; do
			: >$file && mount --bind /dev/$file $file || exit
		done
		ln -s /proc/self/fd fd
		mount --rbind . /dev'
	sm_spawn syslogd python3 "$top_srcdir/tests/mm_syslog.py" \
	    /dev/log /run/syslog
	until_ok sm_in test -S /dev/log
}

# A Mailman, whose wrapper is setgid as the real one is: only so may it store.
dl_mailman() {
	local mail=$sm_run/mailman/mail uid gid
	uid=$(id -u list) gid=$(id -g list)
	install -m 755 "$MM_HANDLER" "$sm_run/mailman/mm-handler"
	mkdir -m 755 "$mail"
	install -g nogroup -m 2755 "$WRAPPER_DOUBLE" "$mail/mailman"
	mkdir "$mail/got" "$sm_run/mailman/data"
	chgrp nogroup "$mail/got"
	chmod 2770 "$mail/got"
	chown list:list "$sm_run/mailman/data"
	ln -s ../lists "$mail/lists"
	getent group "$gid" | cut -d: -f1 >"$mail/groups"
	printf 'uid %d\ngid %d\ngroups %d\n' "$uid" "$gid" "$gid" >"$mail/ids"
}

# Aliases are on standard input; tables are for the test to make.
dl_world() {
	export dl_got=$sm_run/mailman/mail/got dl_log=$sm_run/syslog
	cat >>"$sm_run/sendmail/aliases"
	dl_syslog
	dl_mailman
	sm_cf delivery
}

# The lists directory is a mount that can go away: dl_disk mount|umount.
dl_disk() {
	case $1 in
	mount)
		sm_in mount --bind /run/mailman/disk /run/mailman/lists
		;;
	umount)
		sm_in umount -l /run/mailman/lists
		;;
	esac
}

# dl_mklist NAME...: as Mailman makes them, on that disk.
dl_mklist() {
	local name
	for name; do
		mkdir "$sm_run/mailman/disk/$name"
		printf '}.' >"$sm_run/mailman/disk/$name/config.pck.tmp"
		chown -R list:list "$sm_run/mailman/disk/$name"
		mv "$sm_run/mailman/disk/$name/config.pck.tmp" \
		    "$sm_run/mailman/disk/$name/config.pck"
	done
}

dl_begin() {
	find "$dl_got" "$sm_run/sendmail/queue" -mindepth 1 -delete
	: >"$dl_log"
	rm -f "$sm_run"/sendmail/delivered/*
	dl_message=$BATS_TEST_TMPDIR/message
	dl_text hello
}

# What was delivered was delivered as it must be, and the log knows it.
dl_end() {
	[ -z "$sm_lacks" ] || return 0
	[ -n "$BATS_TEST_COMPLETED" ] || { tail -n 40 "$dl_log"; return 0; }
	dl_faultless
	! grep Sanitizer "$sm_run"/*.log || return
}

dl_faultless() {
	[ ! -s "$dl_got/faults" ] || { cat "$dl_got/faults"; return 1; }
	until_ok dl_all_logged || { cat "$dl_log"; return 1; }
}

dl_all_logged() {
	[ "$(grep -c ' mm-handler.*: delivered: ' "$dl_log")" = \
	    "$(($(dl_stored) + ${dl_appended:-0}))" ]
}

# dl_text SUBJECT [BODY]: the message to be sent, in $dl_message.
dl_text() {
	{
		echo 'Date: Sun, 22 Nov 2026 15:18:13 +0000'
		echo 'From: U <u@remote.test>'
		echo "Subject: $1"
		echo 'Message-Id: <1@remote.test>'
		echo 'To: everybody@remote.test'
		echo
		printf "${2-some words\n}"
	} >"$dl_message"
}

# Sends $dl_message, as delivery.py is told.
dl_send() {
	sm_in python3 "$dl_py" send "$@" <"$dl_message" 3>&- 4>&-
}

# As dl_send; every recipient must be taken.
dl_sent() {
	dl_send "$@" >"$BATS_TEST_TMPDIR/replies" ||
	    { cat "$BATS_TEST_TMPDIR/replies"; return 1; }
}

dl_queued() {
	find "$sm_run/sendmail/queue" -name 'qf*' | wc -l
}

dl_queue_is_empty() {
	[ -z "$(ls -A "$sm_run/sendmail/queue")" ]
}

# Whether no sendmail is at work on a message: a run passes over those.
dl_idle() {
	local inode

	for inode in $(stat -c %i "$sm_run"/sendmail/queue/qf* 2>/dev/null); do
		! grep -q ":$inode " /proc/locks || return
	done
}

# Runs the queue once, as the options say; what became of it is in the log.
dl_run() {
	until_ok dl_idle
	sm_in sendmail -C /run/sendmail/delivery.cf -qf "$@" \
	    >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- 4>&- || :
}

dl_stored() {
	find "$dl_got" -mindepth 1 -maxdepth 1 -name '[0-9]*' | wc -l
}

# When all is delivered, the wrapper was called and given $dl_message as the
# lines of standard input say: ACTION LIST ADDRESS.  SENDER is the message's.
dl_kept() {
	until_ok dl_queue_is_empty || { ls "$sm_run/sendmail/queue"; return 1; }
	python3 "$dl_py" kept "$dl_got" "$dl_message" "$@" \
	    >"$BATS_TEST_TMPDIR/kept" 3>&- ||
	    { cat "$BATS_TEST_TMPDIR/kept"; return 1; }
	diff -u <(LC_ALL=C sort) <(LC_ALL=C sort "$BATS_TEST_TMPDIR/kept") &&
	    dl_faultless
}

# When all is delivered, the stand-in was called as standard input says.
dl_elsewhere() {
	until_ok dl_queue_is_empty || { ls "$sm_run/sendmail/queue"; return 1; }
	diff -u <(LC_ALL=C sort) <(sm_mails | xargs -r -n 1 head -qn 1 |
	    LC_ALL=C sort)
}

# The one mail back to the sender, as a file.
dl_bounce() {
	bounce=$(sm_mails | xargs -r grep -lx "far ${1:-u@remote.test}")
	[ -n "$bounce" ] && [ "$(wc -l <<<"$bounce")" = 1 ] ||
	    { printf 'not one bounce: "%s"\n' "$bounce"; return 1; }
}

dl_logged() {
	until_ok grep -q "$1" "$dl_log"
}

# Whether the daemon has the addresses, or has none of them.
dl_knows() {
	sm_in "$(realpath "$LISTMAP")" -c /run/listmap.conf query recipients \
	    "$@" 3>&- 4>&- >/dev/null
}

# dl_cached NAME: a scan saw it.
dl_cached() {
	grep -q "$1" "$sm_run"/cache/*.cdb
}

# The daemon answers from the disk that a list is none any more; a scan that
# began before may still bring it into the cache, which mm-handler reads.
dl_forgot() {
	local code=0
	dl_knows "$1" || code=$?
	[ $code = 1 ] && ! grep -q "${1%%@*}" "$sm_run"/cache/*.cdb
}
