#!/usr/bin/env bats
# From a client outside to the wrapper: the real sendmail with FEATURE(listmap)
# and MAILER(mailman), the real mm-handler, a double of Mailman's wrapper.

load sendmail
load delivery

setup_file() {
	sm_require || return 0
	sm_world
	sm_hash virtusertable <<-'END'
		sales@lists.lab.test	games
		team@lists.lab.test	staff@lab.test
		fwd@lists.lab.test	joe@remote.test
		old@lists.lab.test	foo@lists.lab.test
		sales@lab.test		games
		other@lab.test		joe@remote.test
	END
	sm_hash mailertable <<-'END'
		remote.test		far:remote.test
		byhand.lab.test		mailman:lists.lab.test
	END
	dl_world <<<'crew: foo-owner@lists.lab.test'
	# a mount, that it can go away
	mkdir "$sm_run/mailman/disk"
	chown list:list "$sm_run/mailman/disk"
	dl_disk mount
	dl_mklist mailman test foo
	sm_sendmail delivery
	until_ok test -e "$sm_run/sendmail/sendmail.pid"
}

setup() {
	sm_skip
	conf
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

# conf [SECONDS]: that deliveries may take.
conf() {
	sm_conf <<-END
		refusal = "No list {list} here, ask postmaster@{domain}"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    wrapper = "/run/mailman/mail/mailman"
		    delivery_timeout = ${1:-60}
		    hosts = "any"
		    domain "lists.lab.test" {
		        dedicated = true
		        redirect = { "postmaster=postmaster@lab.test",
		            "away=joe@remote.test" }
		    }
		    domain "lab.test" {}
		}
	END
}

# No path and nobody's standard error; but the mailer's, which sendmail tells.
harmless() {
	! sed 's/mailer (\/[^ ]*\/mm-handler) exited with EX_TEMPFAIL$//' "$1" |
	    grep -e /run -e /mailman -e secret -e rror: -e wrapper
}

# It ends a program that sendmail gave two user ids with status 1.
without_leak_sanitizer() {
	! grep -q __asan_init "$MM_HANDLER" || skip "LeakSanitizer is in it"
}

@test "every kind of address" {
	dl_sent test@lists.lab.test
	dl_kept <<<'post test test@lists.lab.test'
	dl_logged ' mm-handler.*: delivered: to=<test@lists.lab.test>, queue=[^,]*, site=lists, list=test, action=post, size=[0-9]*, seconds=[0-9.]*$'
	dl_begin
	dl_sent test-request@lists.lab.test
	dl_kept <<<'request test test-request@lists.lab.test'
	dl_begin
	dl_sent Test-Bounces+Joe.User=Dom.Org@Lists.Lab.TEST
	dl_kept <<-'END'
		bounces test Test-Bounces+Joe.User=Dom.Org@lists.lab.test
	END
	dl_begin
	dl_sent test-confirm+0123abc@lists.lab.test
	dl_kept <<<'confirm test test-confirm+0123abc@lists.lab.test'
	dl_begin
	dl_sent TEST@LISTS.LAB.TEST
	dl_kept <<<'post test TEST@lists.lab.test'
	dl_begin
	dl_sent '"test"@lists.lab.test'
	dl_kept <<<'post test test@lists.lab.test'
	dl_begin
	dl_sent owner-test@lists.lab.test
	dl_kept <<<'owner test owner-test@lists.lab.test'
}

@test "names that Mailman gives no new list" {
	dl_mklist "art&artists" "o'neil" "a#b" 'a;b' 'q"q' 'b\s' "a%b" "a!b"
	for at in lists.lab.test lab.test; do
		dl_begin
		dl_sent "art&artists-bounces+u=d.org@$at" "O'Neil@$at" "a#b@$at" \
		    "\"a;b-join\"@$at" '"q\"q-leave"'@$at '"b\\s"'@$at
		dl_kept <<-END
			bounces art&artists art&artists-bounces+u=d.org@$at
			post o'neil O'Neil@$at
			post a#b a#b@$at
			join a;b a;b-join@$at
			leave q"q q\\"q-leave@$at
			post b\\s b\\\\s@$at
		END
	done
	# sendmail reads these as routes where the domain is its own.
	dl_begin
	dl_sent "a%b@lists.lab.test" "a!b@lists.lab.test"
	dl_kept <<-'END'
		post a%b a%b@lists.lab.test
		post a!b a!b@lists.lab.test
	END
	# These it would change on the way.
	dl_mklist '<x>' 'a:b'
	sm_check sm_rcpt <<-'END'
	"<x>"@lists.lab.test	451 4.3.0 List lookup failed, please try again later
	"a:b"@lists.lab.test	451 4.3.0 List lookup failed, please try again later
	END
	dl_kept <<-'END'
		post a%b a%b@lists.lab.test
		post a!b a!b@lists.lab.test
	END
}

@test "two lists in one message, each once; and a third address" {
	dl_sent test@lists.lab.test foo@lists.lab.test test-owner@lab.test
	dl_kept <<-'END'
		post test test@lists.lab.test
		post foo foo@lists.lab.test
		owner test test-owner@lab.test
	END
}

@test "the message is what was sent" {
	for body in 'lines\n\nFrom here\nFrom u@x.test Sun Nov 22 15:18:13 2026\n>From\n' \
	    '.\n..\n.x\n\n.\nend\n' '\0a\0\0b\n\0\n' '' '\n\n\n' \
	    'gr\303\274n \374\377\200\240\n' '\001\033\177\t \n  \n' \
	    "$(printf %05000d 0)\\n"; do
		dl_text body "$body"
		dl_sent test@lists.lab.test
		dl_kept <<<'post test test@lists.lab.test'
		find "$dl_got" -mindepth 1 -delete
		: >"$dl_log"
	done
}

@test "10 MB, all bytes but line ends" {
	python3 - >>"$dl_message" <<-'END' 3>&-
	import random, sys
	r = random.Random(4)
	keep = bytes(b for b in range(256) if b not in b"\r\n")
	for i in range(16384):
	    sys.stdout.buffer.write(bytes(r.choices(keep, k=639)) + b"\n")
	END
	dl_sent test@lists.lab.test foo@lists.lab.test
	dl_kept <<-'END'
		post test test@lists.lab.test
		post foo foo@lists.lab.test
	END
}

@test "no list: refused at RCPT, with our words" {
	sm_check sm_rcpt <<-'END'
	nope@lists.lab.test	550 5.1.1 <ADDR>... No list nope here, ask postmaster@lists.lab.test
	test-nope@lists.lab.test	550 5.1.1 <ADDR>... No list test-nope here, ask postmaster@lists.lab.test
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	test@sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	END
	dl_kept </dev/null
	dl_elsewhere </dev/null
}

@test "senders in list domains are nobody's business" {
	dl_sent -s nope@lists.lab.test test@lists.lab.test
	dl_kept nope@lists.lab.test <<<'post test test@lists.lab.test'
	dl_begin
	dl_sent -s Test-Bounces+x=y@lists.lab.test foo@lists.lab.test
	dl_kept Test-Bounces+x=y@lists.lab.test <<<'post foo foo@lists.lab.test'
}

@test "a shared domain's users, aliases and virtusertable" {
	dl_sent games@lab.test staff@lab.test sales@lab.test other@lab.test \
	    test@lab.test
	dl_kept <<<'post test test@lab.test'
	# three names of one user are one delivery
	dl_elsewhere <<-'END'
		far joe@remote.test
		local games
	END
	dl_begin
	dl_sent crew@lab.test games+test@lab.test
	dl_kept <<<'owner foo foo-owner@lists.lab.test'
	dl_elsewhere <<<'local games'
}

@test "a dedicated domain's redirects and virtusertable" {
	dl_sent postmaster@lists.lab.test
	dl_elsewhere <<<'local games'
	dl_begin
	dl_sent away@lists.lab.test
	dl_elsewhere <<<'far joe@remote.test'
	dl_begin
	for name in sales team; do
		dl_sent $name@lists.lab.test
		dl_elsewhere <<<'local games'
		rm "$sm_run"/sendmail/delivered/*
	done
	dl_sent fwd@lists.lab.test
	dl_elsewhere <<<'far joe@remote.test'
	dl_begin
	dl_sent old@lists.lab.test
	dl_kept <<<'post foo foo@lists.lab.test'
	dl_elsewhere </dev/null
}

@test "the daemon is down: 451 for list domains, all else flows" {
	dl_sent -p 2526 test@lists.lab.test games@mx.lab.test
	sm_daemon_stop first
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	451 4.3.0 List lookup failed, please try again later
	nope@lists.lab.test	451 4.3.0 List lookup failed, please try again later
	games@lab.test	451 4.3.0 List lookup failed, please try again later
	games@mx.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@mx.lab.test	550 5.1.1 <ADDR>... User unknown
	END
	# what comes in flows, what is queued for lists waits
	dl_run
	until_ok sm_enough_mails 1
	dl_sent games@mx.lab.test
	until_ok sm_enough_mails 2
	dl_run
	[ "$(dl_queued)" = 1 ]
	[ "$(dl_stored)" = 0 ]
	sm_daemon first
	dl_run
	dl_kept <<<'post test test@lists.lab.test'
	dl_elsewhere <<<$'local games\nlocal games'
}

# A DSN that mail is late is what everybody sees of a failure.
warned() {
	dl_run -OTimeout.queuewarn=1s
	[ "$(sm_mails | wc -l)" -gt 0 ]
}

# deferred REASON: the wrapper was broken, and is mended as the function mend
# does it: sent once, kept once.
deferred() {
	dl_sent test@lists.lab.test foo@lists.lab.test
	dl_logged ' mm-handler.*: deferred: to=<foo@.*, reason='
	until_ok warned
	dl_logged " mm-handler.*: deferred: to=<test@lists.lab.test>, queue=[^,]*, site=lists, list=test, action=post, .*reason=.*$1"
	[ "$(dl_queued)" = 1 ]
	[ "$(dl_stored)" = 0 ]
	dl_bounce
	grep -qx "$dl_later" "$bounce"
	harmless "$bounce"
	mend
	dl_run
	dl_kept <<-'END'
		post foo foo@lists.lab.test
		post test test@lists.lab.test
	END
	dl_run
	[ "$(dl_stored)" = 2 ]
	dl_elsewhere <<<'far u@remote.test'
	# a message that was not kept was not
	[ "$(grep -c '^stored' "$dl_got/events")" = 2 ]
}

mend() {
	rm "$mail/script"
}

# scripted REASON COMMAND...: see wrapper_double.c.
scripted() {
	printf '%s\n' "${@:2}" >"$mail/script"
	deferred "$1"
}

@test "the wrapper ends with 1, as it does for everything" {
	scripted 'secret' read 'say 2 IOError: /secret/path' 'exit 1'
}

@test "the wrapper ends with 67" {
	scripted 67 read 'exit 67'
}

@test "the wrapper dies by a signal" {
	scripted '' read 'signal 9'
}

@test "the wrapper hangs for longer than delivery_timeout" {
	mend() {
		rm "$mail/script"
		conf
	}
	conf 1
	scripted '' read hang
}

@test "the wrapper takes half of it and is content" {
	scripted '' 'read 100' 'exit 0'
}

@test "the wrapper does not like the group" {
	mend() {
		mv "$mail/groups.right" "$mail/groups"
	}
	mv "$mail/groups" "$mail/groups.right"
	echo daemon >"$mail/groups"
	deferred 'Group mismatch'
}

@test "the wrapper is missing" {
	mend() {
		mv "$mail/away" "$mail/mailman"
	}
	mv "$mail/mailman" "$mail/away"
	deferred 'No such file'
}

@test "the wrapper cannot store" {
	mend() {
		chgrp nogroup "$dl_got"
	}
	chgrp root "$dl_got"
	deferred ''
}

@test "the wrapper fails for one of two: the other gets nothing again" {
	rm "$mail/lists"
	mkdir -p "$mail/lists/foo"
	dl_sent test@lists.lab.test foo@lists.lab.test
	dl_logged ' mm-handler.*: delivered: to=<foo@'
	dl_logged ' mm-handler.*: deferred: to=<test@.*list not found: test$'
	dl_run
	[ "$(dl_queued)" = 1 ]
	rm -r "$mail/lists"
	ln -s ../lists "$mail/lists"
	dl_run
	dl_kept <<-'END'
		post foo foo@lists.lab.test
		post test test@lists.lab.test
	END
	dl_elsewhere </dev/null
}

known_again() {
	sm_in "$(realpath "$LISTMAP")" -c /run/listmap.conf query .status all \
	    3>&- 4>&- | grep -q '	state	ok$'
}

away() {
	! known_again
}

# The number of the sendmail that runs mm-handler.
sender_of_mail() {
	local handler
	handler=$(sm_in pgrep -xo mm-handler) &&
	    sender=$(sm_in ps -o ppid= -p "$handler") && [ "$sender" -gt 1 ]
}

half_taken() {
	grep -q '^waiting' "$dl_got/events"
}

@test "sendmail dies while it hands a message over: once, and whole" {
	without_leak_sanitizer
	local signal
	for signal in TERM KILL; do
		dl_begin
		rm -f "$sm_run/mailman/mail/go"
		dl_text large
		yes "a line of a large message, which is long" |
		    head -n 50000 >>"$dl_message"
		printf '%s\n' 'wait go' read store \
		    >"$sm_run/mailman/mail/script"
		dl_sent test@lists.lab.test
		until_ok half_taken
		until_ok sender_of_mail
		sm_in kill -$signal $sender
		: >"$sm_run/mailman/mail/go"
		dl_logged ' mm-handler.*: deferred: .*reason=who sent the message died'
		[ "$(dl_stored)" = 0 ]
		rm -f "$sm_run/mailman/mail/script"
		: >"$dl_got/events"
		dl_run
		dl_kept <<<'post test test@lists.lab.test'
	done
}

# In the place of mm-handler: kills who runs it, and then is mm-handler.
begins_orphaned() {
	mv "$sm_run/mailman/mm-handler" "$sm_run/mailman/mm-handler.real"
	cat >"$sm_run/mailman/mm-handler" <<-'END'
		#!/bin/sh
		parent=$PPID
		kill -KILL $parent
		while read -r _ _ state _ 2>/dev/null </proc/$parent/stat &&
		    [ "$state" != Z ]; do :; done
		exec /run/mailman/mm-handler.real "$@"
	END
	chmod 755 "$sm_run/mailman/mm-handler"
}

begins_alone() {
	mv "$sm_run/mailman/mm-handler.real" "$sm_run/mailman/mm-handler"
}

@test "sendmail dies before mm-handler begins: once, and whole" {
	without_leak_sanitizer
	local lines
	for lines in 1 500 50000; do
		dl_begin
		dl_text half
		yes "a line of a message" | head -n $lines >>"$dl_message"
		begins_orphaned
		dl_sent test@lists.lab.test
		dl_logged ' mm-handler.*: deferred: .*reason=who sent the message died before'
		dl_run
		begins_alone
		[ "$(dl_stored)" = 0 ]
		dl_run
		dl_kept <<<'post test test@lists.lab.test'
	done
}

@test "the lists directory is unmounted between RCPT and delivery" {
	without_leak_sanitizer
	dl_sent -p 2526 test@lists.lab.test foo-request@lists.lab.test
	dl_disk umount
	dl_run
	dl_run
	[ "$(dl_queued)" = 1 ]
	[ "$(dl_stored)" = 0 ]
	until_ok away
	dl_sent test@lists.lab.test
	dl_logged ' mm-handler.*: deferred: .*reason=.*no list at all'
	sm_check sm_rcpt <<-'END'
	nope@lists.lab.test	451 4.3.0 List lookup failed, please try again later
	games@mx.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	dl_run
	[ "$(dl_queued)" = 2 ]
	[ -z "$(sm_mails)" ]
	dl_disk mount
	until_ok known_again
	dl_run
	dl_kept <<-'END'
		post test test@lists.lab.test
		post test test@lists.lab.test
		request foo foo-request@lists.lab.test
	END
	dl_elsewhere </dev/null
}

@test "a list is removed between RCPT and delivery: one bounce" {
	dl_mklist brief
	until_ok dl_knows brief@lists.lab.test
	until_ok dl_cached brief
	dl_sent -p 2526 brief@lists.lab.test test@lists.lab.test
	rm -r "$sm_run/mailman/disk/brief"
	until_ok dl_forgot brief@lists.lab.test
	dl_run
	dl_kept <<<'post test test@lists.lab.test'
	dl_elsewhere <<<'far u@remote.test'
	dl_bounce
	grep -q 'No list brief here, ask postmaster@lists.lab.test' "$bounce"
	grep -qi '^Final-Recipient:.*brief@lists.lab.test' "$bounce"
	grep -qx 'Status: 5.1.1' "$bounce"
	harmless "$bounce"
	dl_run
	dl_elsewhere <<<'far u@remote.test'
}

# So it is where the tables are made by hand.
@test "mm-handler is asked for a list that there is not: one bounce" {
	without_leak_sanitizer
	dl_sent nope@byhand.lab.test test@byhand.lab.test
	dl_kept <<<'post test test@lists.lab.test'
	dl_elsewhere <<<'far u@remote.test'
	dl_bounce
	grep -qx 'No list nope here, ask postmaster@lists.lab.test' "$bounce"
	grep -qx 'Status: 5.1.1' "$bounce"
	harmless "$bounce"
	dl_logged ' mm-handler.*: refused: to=<nope@lists.lab.test>, .*reason='
}

@test "mailman-loop goes to Mailman's mailbox" {
	dl_appended=1
	dl_text loop 'From here\n'
	dl_sent mailman-loop@lists.lab.test
	dl_kept </dev/null
	python3 - "$sm_run/mailman/data/owner-bounces.mbox" <<-'END' 3>&-
	import mailbox, sys
	(mail,) = mailbox.mbox(sys.argv[1], create=False)
	assert mail.get_from().split()[0] == "u@remote.test", mail.get_from()
	assert mail["Delivered-To"] == "mailman-loop@lists.lab.test", mail
	assert mail["Subject"] == "loop", mail
	assert mail.get_payload() == ">From here\n", mail.get_payload()
	END
	[ "$(stat -c %U:%G "$sm_run/mailman/data/owner-bounces.mbox")" = \
	    "list:list" ]
}
