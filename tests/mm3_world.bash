# A Mailman 3 in the world of sendmail.bash, beside delivery.bash: what the two
# files of tests about mail to it share.  Behind lib, sendmail, delivery and
# mailman3.
#
#	setup_file()	mw_require || return 0
#			mw_begin; sm_conf <<<...; sm_daemon; mw_sendmails
#	setup()		mw_skip
#	teardown_file()	mw_end

MM3_ENTER=sm_in

mw_require() {
	export mw_lacks=
	sm_require || return
	mw_lacks=$(mm3_missing)
	[ -z "$mw_lacks" ]
}

mw_skip() {
	sm_skip
	[ -z "$mw_lacks" ] || skip "$mw_lacks"
}

# The world and its Mailman 3, without lists.  $T is the same directory in there and out here.
mw_begin() {
	export T MM3_LMTP=8025 MM3_REST=8026
	T=$(mktemp -d /tmp/lm.XXXXXX)
	chmod 755 "$T"
	sm_world
	export dl_got=$sm_run/mailman/mail/got dl_log=$sm_run/syslog
	dl_syslog
	dl_mailman
	start_mailman3 null.NullMTA
	mm3 domain lists.lab.test
	mm3 domain lab.test
}

# FEATURE(listmap) on ports 2525 and 2526, the stock tables on 2527.
mw_sendmails() {
	sm_hash virtusertable </dev/null
	sm_hash mailertable <<<'remote.test far:remote.test'
	mkdir -m 700 "$sm_run/sendmail/stock"
	sm_cf mailman3 mailman3-stock
	sm_sendmail mailman3
	sm_spawn stock sendmail -C /run/sendmail/mailman3-stock.cf -bD
	until_ok test -e "$sm_run/sendmail/sendmail.pid"
	until_ok test -e "$sm_run/sendmail/stock.pid"
}

mw_end() {
	sm_end
	[ -z "${T-}" ] || until_ok rm -rf "$T"
}

# The configuration's site of Mailman 3.
mw_site() {
	cat <<-END
		site "new" {
		    mailman = "3"
		    lists_dir = "$MM3/var/lists"
		    lmtp = "[127.0.0.1]:$MM3_LMTP"
		    domain "lists.lab.test" { dedicated = true }
		    domain "lab.test" {}
		}
	END
}

# Makes lists, and waits until they are believed.
mw_lists() {
	mm3 create "$@"
	until_ok mw_knows "$@"
}

mw_knows() {
	local address
	for address; do
		dl_knows "$address" || return
	done
}

# What Mailman 3 has in its queues, as the lines of standard input say, when
# sendmail's is empty: QUEUE LIST-ID SUB-ADDRESS SENDER.
mw_kept() {
	until_ok dl_queue_is_empty || { ls "$sm_run/sendmail/queue"; return 1; }
	mw_has
}

mw_has() {
	/usr/bin/python3 "$top_srcdir/tests/mm3_queue.py" "$MM3/var" \
	    "$dl_message" >"$BATS_TEST_TMPDIR/kept" 3>&- ||
	    { cat "$BATS_TEST_TMPDIR/kept"; return 1; }
	diff -u <(LC_ALL=C sort) <(LC_ALL=C sort "$BATS_TEST_TMPDIR/kept")
}

mw_forget() {
	find "$MM3/var/queue" -name '*.pck' -delete
}
