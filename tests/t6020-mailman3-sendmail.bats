#!/usr/bin/env bats
# From a client outside to Mailman 3: the real sendmail with FEATURE(listmap)
# and MAILER(mailman3), the real LMTP server, and what lies in Mailman's queues.

load lib
load sendmail
load delivery
load mailman3
load mm3_world

setup_file() {
	mw_require || return 0
	mw_begin
	sm_conf < <(conf)
	sm_daemon first
	mw_lists test@lists.lab.test foo@lists.lab.test foo-join@lists.lab.test \
	    test@lab.test only@lab.test
	mw_sendmails
}

setup() {
	mw_skip
	sm_alive first || sm_daemon first
	dl_begin
	mw_forget
	find "$sm_run/sendmail/stock" -mindepth 1 -delete
}

teardown() {
	[ -z "$sm_lacks$mw_lacks" ] || return 0
	[ -n "$BATS_TEST_COMPLETED" ] || tail -n 40 "$dl_log"
	! grep Sanitizer "$sm_run"/*.log || return
}

teardown_file() {
	mw_end
}

conf() {
	echo 'refusal = "No list {list} here"'
	mw_site
	echo 'map "mtlists" { role = "mailertable" }'
}

# sent_as ADDRESS QUEUE LIST-ID SUB-ADDRESS
sent_as() {
	mw_forget
	dl_sent "$1"
	mw_kept <<<"$2 $3 $4 u@remote.test"
}

@test "every kind of address" {
	id=test.lists.lab.test
	sent_as test@lists.lab.test in $id post
	sent_as TEST@LISTS.Lab.TEST in $id post
	sent_as test+detail@lists.lab.test in $id post
	sent_as '"test"@lists.lab.test' in $id post
	sent_as test-request@lists.lab.test command $id request
	sent_as test-owner@lists.lab.test in $id owner
	sent_as test-subscribe@lists.lab.test command $id join
	sent_as test-unsubscribe@lists.lab.test command $id leave
	sent_as test-leave@lists.lab.test command $id leave
	sent_as test-confirm+0123abc@lists.lab.test command $id confirm
	sent_as test-bounces@lists.lab.test bounces $id bounces
	sent_as Test-Bounces+Joe.User=Dom.Org@lists.lab.test bounces $id bounces
	sent_as test-request+x@lists.lab.test command $id request
	# a list, and no command to another one
	sent_as foo-join@lists.lab.test in foo-join.lists.lab.test post
	sent_as only@lab.test in only.lab.test post
	sent_as only-Confirm+F00@LAB.test command only.lab.test confirm
	dl_elsewhere </dev/null
}

@test "several lists and domains in one message, each once; and a user" {
	dl_sent test@lists.lab.test foo-request@lists.lab.test test@lab.test \
	    foo@lists.lab.test staff@lab.test
	mw_kept <<-'END'
		in test.lists.lab.test post u@remote.test
		command foo.lists.lab.test request u@remote.test
		in test.lab.test post u@remote.test
		in foo.lists.lab.test post u@remote.test
	END
	dl_elsewhere <<<'local games'
}

@test "the message is what was sent" {
	for body in 'lines\n\nFrom here\nFrom u@x.test Sun Nov 22 15:18:13 2026\n' \
	    '.\n..\n.x\n\n.\nend\n' '' '\n\n\n' 'gr\303\274n \374\377\200\240\n' \
	    "$(printf %0900d 0)\\n"; do
		dl_text body "$body"
		sent_as test@lists.lab.test in test.lists.lab.test post
	done
}

@test "no list: refused at RCPT, with our words" {
	sm_check sm_rcpt <<-'END'
	nope@lists.lab.test	550 5.1.1 <ADDR>... No list nope here
	test-nope@lists.lab.test	550 5.1.1 <ADDR>... No list test-nope here
	test--request@lists.lab.test	550 5.1.1 <ADDR>... No list test- here
	only@lists.lab.test	550 5.1.1 <ADDR>... No list only here
	mailman@lists.lab.test	550 5.1.1 <ADDR>... No list mailman here
	test+@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	foo@lab.test	550 5.1.1 <ADDR>... User unknown
	games@lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	# commands that only Mailman 2.1 has
	[[ $(sm_rcpt test-admin@lists.lab.test) == "550 5.1.1 "* ]]
	mw_kept </dev/null
	dl_elsewhere </dev/null
}

# run_queue [CF]: the queue once, and what sendmail says of it.
run_queue() {
	sm_in sendmail -C "/run/sendmail/${1:-mailman3}.cf" -qf -v \
	    >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- 4>&- || :
}

@test "the LMTP server is down: queued, and delivered once when it is up" {
	halt_mailman3
	dl_sent test@lists.lab.test foo-bounces+x=y@lists.lab.test games@lab.test
	dl_logged 'mailer=mailman3,.*stat=Deferred: Connection refused'
	run_queue
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... No list nope here
	END
	[ "$(dl_queued)" = 1 ]
	mw_has </dev/null
	begin_mailman3
	run_queue
	mw_kept <<-'END'
		in test.lists.lab.test post u@remote.test
		bounces foo.lists.lab.test bounces u@remote.test
	END
	run_queue
	mw_kept <<-'END'
		in test.lists.lab.test post u@remote.test
		bounces foo.lists.lab.test bounces u@remote.test
	END
	dl_elsewhere <<<'local games'
}

# It answers 550 for what is only for now: nothing before it can tell.
@test "Mailman cannot write its queue: it bounces, as the manual says" {
	chmod 555 "$MM3/var/queue/in"
	dl_sent test@lists.lab.test test-request@lists.lab.test
	until_ok dl_queue_is_empty
	chmod 770 "$MM3/var/queue/in"
	dl_elsewhere <<<'far u@remote.test'
	dl_bounce
	grep -qi '^Final-Recipient:.*test@lists.lab.test' "$bounce"
	grep -q '550 Requested action not taken: mailbox unavailable' "$bounce"
	mw_kept <<<'command test.lists.lab.test request u@remote.test'
	grep -qx '.It 550 where the queue cannot be written' \
	    "$top_srcdir/doc/listmap.conf.5"
	mw_forget
	rm "$sm_run"/sendmail/delivered/*
	sent_as test@lists.lab.test in test.lists.lab.test post
}

# One reply for two recipients: with the flag m the mailer would wait an hour.
@test "a message that Mailman takes as faulty comes back at once" {
	{
		echo 'From: U <u@remote.test>'
		echo 'Content-Type: multipart/mixed; boundary="x"'
		echo
		echo 'no part of it'
	} >"$dl_message"
	dl_sent test@lists.lab.test foo@lists.lab.test
	mw_kept </dev/null
	dl_elsewhere <<<'far u@remote.test'
	dl_bounce
	[ "$(grep -ci '^Final-Recipient:.*@lists.lab.test' "$bounce")" = 2 ]
	[ "$(grep -c '501 Message has defects' "$bounce")" -ge 2 ]
}

@test "a list is removed between RCPT and delivery: one bounce" {
	mw_lists brief@lists.lab.test
	until_ok dl_cached brief
	dl_sent -p 2526 brief@lists.lab.test test@lists.lab.test
	mm3 remove brief@lists.lab.test
	until_ok dl_forgot brief@lists.lab.test
	run_queue
	mw_kept <<<'in test.lists.lab.test post u@remote.test'
	dl_elsewhere <<<'far u@remote.test'
	dl_bounce
	grep -q 'No list brief here' "$bounce"
}

stock_queue_is_empty() {
	[ -z "$(ls -A "$sm_run/sendmail/stock")" ]
}

stock_queue_was_run() {
	run_queue mailman3-stock
	stock_queue_is_empty
}

# young NAME N DOMAIN PORT, and what RCPT was told once the list was there.
young() {
	local i

	sm_in python3 "$top_srcdir/tests/mm3_young.py" "$@" \
	    >"$BATS_TEST_TMPDIR/young" 3>&- 4>&- ||
	    { cat "$BATS_TEST_TMPDIR/young"; return 1; }
	sed "s/^/# $3, port $4: /" "$BATS_TEST_TMPDIR/young" >&3
	until_ok stock_queue_was_run
	mw_kept < <(for ((i = 0; i < $2; i++)); do
		echo "in $1$i.$3 post u@remote.test"
	done)
	dl_elsewhere </dev/null
}

@test "200 lists are made, mail is sent at once: none is refused, none lost" {
	young new 200 lists.lab.test 2525
	grep -q '^there 451' "$BATS_TEST_TMPDIR/young"
}

@test "so it is in a shared domain, and with the stock tables" {
	young shared 30 lab.test 2525
	grep -q '^there 451' "$BATS_TEST_TMPDIR/young"
	mw_forget
	young stock 30 lists.lab.test 2527
	grep -q '^there 451' "$BATS_TEST_TMPDIR/young"
	mw_forget
	# there no answer is "250, will queue"
	young shstock 30 lab.test 2527
}

@test "the stock tables: no pseudo domain reaches Mailman" {
	sm_check sm_route mailman3-stock <<-'END'
	test@lab.test	$# mailman3 $@ [ 127.0.0.1 ] $: test < @ lab.test.mailman3. >
	test-bounces+x@lists.lab.test	$# mailman3 $@ [ 127.0.0.1 ] $: test-bounces + x < @ lists.lab.test. >
	END
	dl_sent -p 2527 test@lab.test test-request@lab.test \
	    test-bounces+Joe=Dom.Org@lists.lab.test only@lab.test games@lab.test
	until_ok stock_queue_is_empty
	mw_has <<-'END'
		in test.lab.test post u@remote.test
		command test.lab.test request u@remote.test
		bounces test.lists.lab.test bounces u@remote.test
		in only.lab.test post u@remote.test
	END
	dl_elsewhere <<<'local games'
	sm_port=2527 sm_check sm_rcpt <<-'END'
	nope@lists.lab.test	550 5.1.1 <ADDR>... No list nope here
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	END
}

# It has the directory and its files for Postfix long before it has the list,
# on a machine with other work also for longer than two seconds.
@test "so it is where Mailman calls postmap, which takes its time" {
	sm_conf < <(conf | sed 's/mailman = "3"/& settle = 20/')
	sm_in kill -HUP "$(cat "$sm_run/first.pid")"
	until_ok grep -q "configuration read again" "$sm_run/first.log"
	halt_mailman3
	sed -i 's/^incoming: .*/incoming: mailman.mta.postfix.LMTP/' \
	    "$MM3/mailman.cfg"
	sed -i 's/^postmap_command: .*/postmap_command: sleep 0.1 \&\& :/' \
	    "$MM3/postfix.cfg"
	begin_mailman3
	young slow 5 lists.lab.test 2525
	grep -q '^there 451' "$BATS_TEST_TMPDIR/young"
}
