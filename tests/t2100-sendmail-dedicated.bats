#!/usr/bin/env bats
# Dedicated domains in the real sendmail, by its stock tables.

load sendmail

sm_text='No such list (see http://lists.lab.test/), 100% sure; <ask> $j'

setup_file() {
	sm_require || return 0
	sm_world
	sm_cf dedicated cname
	sm_lists mailman test foo foo-admin
	sm_conf <<-'END'
		refusal = "No such list (see {url}), 100% sure; <ask> $j"
		site "lists" {
		    mailman = "2.1"
		    lists_dir = "/run/mailman/lists"
		    url = "http://lists.lab.test/"
		    domain "lists.lab.test" {
		        dedicated = true
		        redirect = { "postmaster=postmaster@lab.test" }
		    }
		    domain "clists.lab.test" { dedicated = true }
		}
	END
	sm_daemon first
	sm_sendmail dedicated
}

teardown_file() {
	sm_end
}

@test "/map: lists are absent from virtuser, all else is refused" {
	sm_check sm_map dedicated virtuser <<-'END'
	test@lists.lab.test	virtuser (test@lists.lab.test) no match (68)
	TEST@Lists.Lab.Test	virtuser (TEST@Lists.Lab.Test) no match (68)
	test-request@lists.lab.test	virtuser (test-request@lists.lab.test) no match (68)
	nope@lists.lab.test	virtuser (nope@lists.lab.test) returns error:5.1.1:"550 5.1.1 TEXT" (0)
	postmaster@lists.lab.test	virtuser (postmaster@lists.lab.test) returns postmaster@lab.test (0)
	test@lab.test	virtuser (test@lab.test) no match (68)
	@lists.lab.test	virtuser (@lists.lab.test) no match (68)
	++@lists.lab.test	virtuser (++@lists.lab.test) no match (68)
	+*@lists.lab.test	virtuser (+*@lists.lab.test) no match (68)
	END
}

@test "/map: mailertable knows the dedicated domains, exactly" {
	sm_check sm_map dedicated mailertable <<-'END'
	lists.lab.test	mailertable (lists.lab.test) returns mailman:lists.lab.test (0)
	LISTS.lab.test	mailertable (LISTS.lab.test) returns mailman:lists.lab.test (0)
	clists.lab.test	mailertable (clists.lab.test) returns mailman:clists.lab.test (0)
	.lists.lab.test	mailertable (.lists.lab.test) no match (68)
	sub.lists.lab.test	mailertable (sub.lists.lab.test) no match (68)
	lab.test	mailertable (lab.test) no match (68)
	remote.test	mailertable (remote.test) no match (68)
	.	mailertable (.) no match (68)
	END
}

@test "3,0: every address of a list leads to the mailer" {
	sm_check sm_route dedicated <<-'END'
	test@lists.lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	test-admin@lists.lab.test	$# mailman $@ lists.lab.test $: test-admin < @ lists.lab.test. >
	test-bounces@lists.lab.test	$# mailman $@ lists.lab.test $: test-bounces < @ lists.lab.test. >
	test-confirm@lists.lab.test	$# mailman $@ lists.lab.test $: test-confirm < @ lists.lab.test. >
	test-join@lists.lab.test	$# mailman $@ lists.lab.test $: test-join < @ lists.lab.test. >
	test-leave@lists.lab.test	$# mailman $@ lists.lab.test $: test-leave < @ lists.lab.test. >
	test-owner@lists.lab.test	$# mailman $@ lists.lab.test $: test-owner < @ lists.lab.test. >
	test-request@lists.lab.test	$# mailman $@ lists.lab.test $: test-request < @ lists.lab.test. >
	test-subscribe@lists.lab.test	$# mailman $@ lists.lab.test $: test-subscribe < @ lists.lab.test. >
	test-unsubscribe@lists.lab.test	$# mailman $@ lists.lab.test $: test-unsubscribe < @ lists.lab.test. >
	owner-test@lists.lab.test	$# mailman $@ lists.lab.test $: owner-test < @ lists.lab.test. >
	mailman-owner@lists.lab.test	$# mailman $@ lists.lab.test $: mailman-owner < @ lists.lab.test. >
	foo-admin-owner@lists.lab.test	$# mailman $@ lists.lab.test $: foo-admin-owner < @ lists.lab.test. >
	END
}

@test "3,0: case and detail stay as they were written" {
	sm_check sm_route dedicated <<-'END'
	Test@Lists.Lab.TEST	$# mailman $@ lists.lab.test $: Test < @ Lists.Lab.TEST. >
	TEST-Request@lists.lab.test	$# mailman $@ lists.lab.test $: TEST-Request < @ lists.lab.test. >
	test-bounces+user=dom@lists.lab.test	$# mailman $@ lists.lab.test $: test-bounces + user=dom < @ lists.lab.test. >
	Test-Bounces+User=dom.org@lists.lab.test	$# mailman $@ lists.lab.test $: Test-Bounces + User=dom.org < @ lists.lab.test. >
	test-confirm+0123abcd@lists.lab.test	$# mailman $@ lists.lab.test $: test-confirm + 0123abcd < @ lists.lab.test. >
	"test"@lists.lab.test	$# mailman $@ lists.lab.test $: "test" < @ lists.lab.test. >
	END
}

@test "3,0: what is no list is refused, whatever its form" {
	sm_check sm_route dedicated <<-'END'
	nope@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	Nope-Request@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	test-nope@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	test+x@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	nope-bounces+user=dom@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	"te st"@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	"a@b"@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	"test@lists.lab.test"@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	../test@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	test/config.pck@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	|prog@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	-test@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	.@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	END
}

@test "3,0: redirects lead away, other domains are left alone" {
	sm_check sm_route dedicated <<-'END'
	postmaster@lists.lab.test	$# local $: postmaster
	PostMaster@lists.lab.test	$# local $: postmaster
	postmaster@clists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	test@lab.test	$# local $: test
	test@sub.lists.lab.test	$# esmtp $@ sub.lists.lab.test. $: test < @ sub.lists.lab.test. >
	test@remote.test	$# esmtp $@ remote.test. $: test < @ remote.test. >
	END
}

@test "3,0: a domain that is a CNAME stays itself, thanks to class P" {
	sm_check sm_route dedicated <<-'END'
	test@clists.lab.test	$# mailman $@ clists.lab.test $: test < @ clists.lab.test. >
	nope@clists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	END
	sm_check sm_route cname <<-'END'
	test@clists.lab.test	$# esmtp $@ web.lab.test. $: test < @ web.lab.test. >
	END
}

@test "RCPT: 250 for lists, 550 with our text for others" {
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	Test-Bounces+User=dom.org@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	TEST@CLISTS.LAB.TEST	250 2.1.5 <ADDR>... Recipient ok
	nope-request@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	"te st"@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	"test"@lists.lab.test	250 2.1.5 <test@lists.lab.test>... Recipient ok
	postmaster@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	foo-admin-request@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
}

@test "RCPT: local users are untouched, nothing else is relayed for" {
	sm_check sm_rcpt <<-'END'
	games@lab.test	250 2.1.5 <ADDR>... Recipient ok
	staff@lab.test	250 2.1.5 <ADDR>... Recipient ok
	test@lab.test	550 5.1.1 <ADDR>... User unknown
	test@sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	END
}

@test "RCPT: 8-bit bytes get a refusal in printable ASCII" {
	run sm_rcpt $'t\xc3\xa9st@lists.lab.test' $'\xe9@lists.lab.test' \
	    test@lists.lab.test
	[ "${lines[0]}" = "550 5.1.1 <tC)st@lists.lab.test>... $sm_text" ]
	[ "${lines[1]}" = "550 5.1.1 <i@lists.lab.test>... $sm_text" ]
	[[ ${lines[2]} = "250 2.1.5 <test@lists.lab.test>... "* ]]
}

@test "RCPT: very long local parts are refused, the session goes on" {
	local long
	printf -v long '%200s' ''
	long=${long// /a}
	run sm_rcpt "${long:0:64}@lists.lab.test" "$long@lists.lab.test" \
	    "test-bounces+$long@lists.lab.test" \
	    "$long$long@lists.lab.test" test@lists.lab.test
	[ "${lines[0]}" = \
	    "550 5.1.1 <${long:0:64}@lists.lab.test>... $sm_text" ]
	# sendmail shortens what it repeats, with dots
	[[ ${lines[1]} = "550 5.1.1 <aaa"*"a@lists.lab.test>... $sm_text" ]]
	[[ ${lines[2]} = "250 2.1.5 <test-bounces+aaa"* ]]
	[[ ${lines[3]} = "553 5.1.0 <aaa"* ]] # sendmail's own limit
	[[ ${lines[4]} = "250 2.1.5 <test@lists.lab.test>... "* ]]
}

@test "MAIL: a list may send, an unknown address of its domain may not" {
	run sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<test-bounces@lists.lab.test>
	RSET
	MAIL FROM:<nope@lists.lab.test>
	END
	[[ ${lines[2]} = "250 2.1.0 <test-bounces@lists.lab.test>... "* ]]
	[ "${lines[4]}" = "550 5.1.1 <nope@lists.lab.test>... $sm_text" ]
}

@test "DATA: the mailer gets the domain and the local part as they were" {
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<Test-Bounces+User=dom.org@lists.lab.test>
	RCPT TO:<nope@lists.lab.test>
	RCPT TO:<test@clists.lab.test>
	RCPT TO:<postmaster@lists.lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	run sm_delivered 3
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-- clists.lab.test test
	-- lists.lab.test Test-Bounces+User=dom.org
	local games
	END
}

@test "a new list works at once, a removed one is refused at once" {
	sm_check sm_rcpt <<-'END'
	new@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	END
	sm_lists new
	sm_check sm_rcpt <<-'END'
	new@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	new-request@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	rm -r "$sm_run/mailman/lists/new"
	gone() {
		sm_rcpt new@lists.lab.test | grep -q '^550 5\.1\.1 '
	}
	until_ok gone
}

@test "the lists directory vanishes: 451 where it would have been 550" {
	mv "$sm_run/mailman/lists" "$sm_run/mailman/away"
	sm_check sm_map dedicated mailertable <<-'END'
	lists.lab.test	mailertable (lists.lab.test) returns mailman:lists.lab.test (0)
	remote.test	mailertable (remote.test) no match (68)
	END
	run sm_map dedicated virtuser nope@lists.lab.test
	[[ $output =~ 'returns error:4.3.0:"451 4.3.0 '[[:print:]]+'" (0)'$ ]]
	run sm_rcpt nope@lists.lab.test test@lists.lab.test games@lab.test
	[[ ${lines[0]} =~ ^'451 4.3.0 '[[:print:]]+$ ]]
	[[ ${lines[1]} = '250 2.1.5 '* ]]
	[[ ${lines[2]} = '250 2.1.5 '* ]]
	mv "$sm_run/mailman/away" "$sm_run/mailman/lists"
	back() {
		sm_rcpt nope@lists.lab.test | grep -q '^550 5\.1\.1 '
	}
	until_ok back
}

@test "no cache and no directory: 451 for all of the domain's addresses" {
	sm_daemon_stop first
	mv "$sm_run/mailman/lists" "$sm_run/mailman/away"
	rm -rf "$sm_run"/cache/*
	sm_daemon first
	run sm_rcpt test@lists.lab.test nope@lists.lab.test games@lab.test \
	    postmaster@lists.lab.test
	[[ ${lines[0]} =~ ^'451 4.3.0 '[[:print:]]+$ ]]
	[[ ${lines[1]} =~ ^'451 4.3.0 '[[:print:]]+$ ]]
	[[ ${lines[2]} = '250 2.1.5 '* ]]
	[[ ${lines[3]} = '250 2.1.5 '* ]]
	mv "$sm_run/mailman/away" "$sm_run/mailman/lists"
	# absent needs a snapshot, found does not
	back() {
		sm_rcpt nope@lists.lab.test | grep -q '^550 5\.1\.1 '
	}
	until_ok back
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	END
}

@test "the refusal may name the address, and has a default" {
	local long
	sm_daemon_stop first
	sed -i 's/^refusal.*/refusal = "{address} is no list; 100%"/' \
	    "$sm_run/listmap.conf"
	sm_daemon first
	printf -v long '%200s' ''
	run sm_rcpt Nope-X@lists.lab.test "${long// /a}@lists.lab.test" \
	    '"a\"b\\c%s"@lists.lab.test' $'t\xc3\xa9st@lists.lab.test'
	[ "${lines[0]}" = "550 5.1.1 <Nope-X@lists.lab.test>... "`
	    `"nope-x@lists.lab.test is no list; 100%" ]
	[[ ${lines[1]} =~ ^'550 5.1.1 <aaa'[[:print:]]+'a@lists.lab.test>... '[[:print:]]+$ ]]
	[[ ${lines[2]} =~ ^'550 5.1.1 <"a\"b\\c%s"@lists.lab.test>... '[[:print:]]+$ ]]
	[[ ${lines[3]} =~ ^'550 5.1.1 <tC)st@lists.lab.test>... '[[:print:]]+$ ]]
	sm_daemon_stop first
	sed -i /^refusal/d "$sm_run/listmap.conf"
	sm_daemon first
	run sm_rcpt nope@lists.lab.test
	[[ $output =~ ^'550 5.1.1 <nope@lists.lab.test>... '[[:print:]]+$ ]]
	[[ $output = *http://lists.lab.test/* ]]
}
