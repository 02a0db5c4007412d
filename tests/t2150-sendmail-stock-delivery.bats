#!/usr/bin/env bats
# From a client outside to the wrapper by sendmail's stock tables: virtusertable
# and mailertable from the daemon, the real mm-handler, a double of Mailman's
# wrapper.

load sendmail
load delivery

sm_text='No list of that name here'

# The way that listmap-sendmail(7) has under STOCK TABLES; dl_run knows it by
# the name of the other way's.
stock_cf() {
	cat >"$BATS_FILE_TMPDIR/stock.mc" <<-'END'
		include(`base.m4')dnl
		define(`confQUEUE_LA', `1000')dnl
		define(`confREFUSE_LA', `1000')dnl
		define(`confREJECT_NUL', `False')dnl
		DAEMON_OPTIONS(`Family=inet, Name=queue, Port=2526, Addr=127.0.0.1, DeliveryMode=q')dnl
		define(`MAILMAN_MAILER_PATH', `/run/mailman/mm-handler')dnl
		define(`MAILMAN_MAILER_ARGS', `mm-handler -c /run/listmap.conf -i $i -- $h $u')dnl
		LOCAL_CONFIG
		CPlists.lab.test MAILMAN
		FEATURE(`virtusertable', `socket local:/run/listmap/socket')dnl
		FEATURE(`mailertable', `socket local:/run/listmap/socket')dnl
		FEATURE(`relay_hosts_only')dnl
		VIRTUSER_DOMAIN(`lists.lab.test')dnl
		MAILER(`local')dnl
		MAILER(`smtp')dnl
		MAILER(`mailman')dnl
	END
	sm_m4 "$BATS_FILE_TMPDIR/stock.mc" >"$sm_run/sendmail/delivery.cf"
}

setup_file() {
	sm_require || return 0
	sm_world
	dl_world <<<'crew: foo-owner@lab.test'
	stock_cf
	mkdir "$sm_run/mailman/disk"
	chown list:list "$sm_run/mailman/disk"
	dl_disk mount
	dl_mklist mailman test foo
	sm_conf <<-END
		refusal = "$sm_text"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    wrapper = "/run/mailman/mail/mailman"
		    hosts = "any"
		    domain "lists.lab.test" {
		        dedicated = true
		        redirect = { "postmaster=postmaster@lab.test" }
		    }
		    domain "lab.test" {}
		}
	END
	sm_sendmail delivery
	until_ok test -e "$sm_run/sendmail/sendmail.pid"
}

setup() {
	sm_skip
	sm_in mountpoint -q /run/mailman/lists || dl_disk mount
	sm_alive first || sm_daemon first
	dl_begin
	mail=$sm_run/mailman/mail
}

teardown() {
	dl_end
}

teardown_file() {
	sm_end
}

# arrives ADDRESS ACTION LIST AS: the wrapper is called so, once.
arrives() {
	dl_begin
	dl_sent "$1"
	dl_kept <<<"$2 $3 $4"
}

@test "a dedicated domain: posts, commands, VERP, cookies, case, quotes" {
	at=lists.lab.test
	arrives test@$at post test test@$at
	dl_logged ' mm-handler.*: delivered: to=<test@lists.lab.test>, queue=[^,]*, site=lists, list=test, action=post, '
	arrives TEST-Request@Lists.Lab.TEST request test TEST-Request@$at
	arrives Test-Bounces+Joe.User=Dom.Org@$at bounces test \
	    Test-Bounces+Joe.User=Dom.Org@$at
	arrives test-confirm+0123aBc@$at confirm test test-confirm+0123aBc@$at
	arrives '"test"'@$at post test test@$at
	arrives owner-foo@$at owner foo owner-foo@$at
	arrives mailman@$at post mailman mailman@$at
}

@test "a shared domain: posts, commands, VERP, cookies, case, quotes" {
	at=lab.test
	arrives test@$at post test test@$at
	arrives TEST-Request@Lab.TEST request test TEST-Request@$at
	arrives Test-Bounces+Joe.User=Dom.Org@$at bounces test \
	    Test-Bounces+Joe.User=Dom.Org@$at
	arrives test-confirm+0123aBc@$at confirm test test-confirm+0123aBc@$at
	arrives '"test"'@$at post test test@$at
	arrives owner-foo@$at owner foo owner-foo@$at
}

# A % or ! is a route to sendmail, which refuses it for itself.
@test "names that Mailman gives no new list" {
	dl_mklist "art&artists" "o'neil" "a~b" "te st" "mü"
	for at in lists.lab.test lab.test; do
		dl_begin
		dl_sent "Art&Artists@$at" "o'neil-request@$at" "a~b-owner@$at" \
		    "\"te st\"@$at"
		dl_kept <<-END
			post art&artists Art&Artists@$at
			request o'neil o'neil-request@$at
			owner a~b a~b-owner@$at
			post te st "te st"@$at
		END
	done
}

@test "a detail: the shared domain posts without it, the other refuses" {
	arrives Test+x@lab.test post test Test@lab.test
	sm_check sm_rcpt <<-'END'
	test+x@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	nope+x@lab.test	550 5.1.1 <ADDR>... User unknown
	END
}

@test "one message to lists of both domains, a user, a redirect, an alias" {
	dl_sent test@lists.lab.test foo@lab.test test-owner@lists.lab.test \
	    postmaster@lists.lab.test games@lab.test crew@lab.test
	dl_kept <<-'END'
		post test test@lists.lab.test
		post foo foo@lab.test
		owner test test-owner@lists.lab.test
		owner foo foo-owner@lab.test
	END
	dl_elsewhere <<<'local games'
}

@test "what is no list is refused at RCPT, and nothing is delivered" {
	sm_check sm_rcpt <<-'END'
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	test@lab.test.mailman	550 5.7.1 <ADDR>... Relaying denied
	test@sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	END
	dl_kept </dev/null
	dl_elsewhere </dev/null
}

@test "bytes of every kind" {
	dl_text body '\0a\0\nFrom here\n.\n..\n\374\377\200\n \t \n'
	dl_sent test@lists.lab.test foo@lab.test
	dl_kept <<-'END'
		post test test@lists.lab.test
		post foo foo@lab.test
	END
}

@test "mailman-loop of either domain goes to Mailman's mailbox" {
	for at in lists.lab.test lab.test; do
		dl_begin
		rm -f "$sm_run/mailman/data/owner-bounces.mbox"
		dl_appended=1
		dl_text loop 'From here\n'
		dl_sent mailman-loop@$at
		dl_kept </dev/null
		python3 - "$sm_run/mailman/data/owner-bounces.mbox" $at \
		    <<-'END' 3>&-
		import mailbox, sys
		(mail,) = mailbox.mbox(sys.argv[1], create=False)
		assert mail["Delivered-To"] == "mailman-loop@" + sys.argv[2]
		assert mail["Subject"] == "loop", mail
		assert mail.get_payload() == ">From here\n", mail
		END
	done
}

@test "the wrapper fails: both wait, and are delivered once" {
	printf '%s\n' read 'say 2 /secret' 'exit 1' >"$mail/script"
	dl_sent test@lists.lab.test foo@lab.test
	dl_logged ' mm-handler.*: deferred: to=<test@lists.lab.test>, '
	dl_logged ' mm-handler.*: deferred: to=<foo@lab.test>, '
	dl_run
	[ "$(dl_queued)" = 1 ]
	[ "$(dl_stored)" = 0 ]
	[ -z "$(sm_mails)" ]
	rm "$mail/script"
	dl_run
	dl_kept <<-'END'
		post test test@lists.lab.test
		post foo foo@lab.test
	END
	dl_run
	[ "$(dl_stored)" = 2 ]
	dl_elsewhere </dev/null
}

state_is() {
	sm_in "$(realpath "$LISTMAP")" -c /run/listmap.conf query .status all \
	    3>&- 4>&- | grep -q "	state	$1\$"
}

@test "the lists directory is unmounted between RCPT and delivery" {
	! grep -q __asan_init "$MM_HANDLER" || skip "LeakSanitizer is in it"
	dl_sent -p 2526 test@lists.lab.test foo-request@lab.test
	dl_disk umount
	dl_run
	dl_run
	[ "$(dl_queued)" = 1 ]
	[ "$(dl_stored)" = 0 ]
	dl_logged ' mm-handler.*: deferred: to=<test@lists.lab.test>, .*no list'
	dl_logged ' mm-handler.*: deferred: to=<foo-request@lab.test>, '
	until_ok state_is away
	run sm_rcpt nope@lists.lab.test test@lists.lab.test games@lab.test
	[[ ${lines[0]} = '451 4.3.0 '* ]]
	[[ ${lines[1]} = '250 2.1.5 '* ]]
	[[ ${lines[2]} = '250 2.1.5 '* ]]
	[ -z "$(sm_mails)" ]
	dl_disk mount
	until_ok state_is ok
	dl_run
	dl_kept <<-'END'
		post test test@lists.lab.test
		request foo foo-request@lab.test
	END
	dl_elsewhere </dev/null
}

# bounced ADDRESS TEXT: in one of the mails.
bounced() {
	sm_mails | xargs cat >"$BATS_TEST_TMPDIR/mails"
	[ "$(grep -cxF "550 5.1.1 <$1>... $2" "$BATS_TEST_TMPDIR/mails")" = 1 ]
}

@test "the daemon is away: what is taken waits for it, nobody is lost" {
	sm_daemon_stop first
	dl_sent -s games@lab.test test@lists.lab.test foo@lab.test \
	    staff@lab.test nope@lab.test
	dl_run
	[ "$(dl_stored)" = 0 ]
	[ -z "$(sm_mails)" ]
	[ "$(dl_queued)" = 1 ]
	sm_daemon first
	dl_run
	dl_kept games@lab.test <<-'END'
		post test test@lists.lab.test
		post foo foo@lab.test
	END
	# the alias, and the bounce to the sender
	dl_elsewhere <<<$'local games\nlocal games'
	bounced nope@lab.test 'User unknown'
}

@test "a list is removed between RCPT and delivery: one bounce" {
	dl_mklist brief
	until_ok dl_knows brief@lists.lab.test
	until_ok dl_cached brief
	dl_sent -p 2526 -s games@lab.test brief@lists.lab.test \
	    brief@lab.test test@lab.test
	rm -r "$sm_run/mailman/disk/brief"
	until_ok dl_forgot brief@lists.lab.test
	dl_run
	dl_kept games@lab.test <<<'post test test@lab.test'
	dl_elsewhere <<<'local games'
	bounced brief@lists.lab.test "$sm_text"
	bounced brief@lab.test 'User unknown'
	dl_run
	dl_elsewhere <<<'local games'
}
