#!/usr/bin/env bats
# Lists among the users of a local domain, in the real sendmail, by its stock
# tables.

load sendmail

: "${LISTMAP:=$top_builddir/listmap}"

setup_file() {
	sm_require || return 0
	sm_world
	sm_cf shared
	sm_lists mailman test foo foo-admin
	sm_conf <<-'END'
		site "lists" {
		    mailman = "2.1"
		    lists_dir = "/run/mailman/lists"
		    domain "lab.test" {
		        redirect = { "webmaster=staff@lab.test" }
		    }
		}
	END
	sm_daemon first
	sm_sendmail shared
}

teardown_file() {
	sm_end
}

@test "/map: lists lead to the pseudo domain, all else is absent" {
	# test mode shows the value before %1 is filled in: without arguments
	sm_check sm_map shared virtuser <<-'END'
	test@lab.test	virtuser (ADDR) returns @lab.test.mailman (0)
	TEST-Request@lab.test	virtuser (ADDR) returns @lab.test.mailman (0)
	test-bounces+user=dom@lab.test	virtuser (ADDR) returns @lab.test.mailman (0)
	webmaster@lab.test	virtuser (ADDR) returns staff@lab.test (0)
	nope@lab.test	virtuser (ADDR) no match (68)
	games@lab.test	virtuser (ADDR) no match (68)
	test@mx.lab.test	virtuser (ADDR) no match (68)
	@lab.test	virtuser (ADDR) no match (68)
	++@lab.test	virtuser (ADDR) no match (68)
	+*@lab.test	virtuser (ADDR) no match (68)
	END
	sm_check sm_map shared mailertable <<-'END'
	lab.test.mailman	mailertable (ADDR) returns mailman:lab.test (0)
	lab.test	mailertable (ADDR) no match (68)
	other.test.mailman	mailertable (ADDR) no match (68)
	.mailman	mailertable (ADDR) no match (68)
	mailman	mailertable (ADDR) no match (68)
	.	mailertable (ADDR) no match (68)
	END
}

@test "3,0: lists lead to the mailer, with case and detail" {
	sm_check sm_route shared <<-'END'
	test@lab.test	$# mailman $@ lab.test $: test < @ lab.test.mailman. >
	Test@Lab.Test	$# mailman $@ lab.test $: Test < @ lab.test.mailman. >
	TEST-Request@lab.test	$# mailman $@ lab.test $: TEST-Request < @ lab.test.mailman. >
	test-bounces+user=dom@lab.test	$# mailman $@ lab.test $: test-bounces + user=dom < @ lab.test.mailman. >
	Test-Bounces+User=dom.org@lab.test	$# mailman $@ lab.test $: Test-Bounces + User=dom.org < @ lab.test.mailman. >
	foo-admin@lab.test	$# mailman $@ lab.test $: foo-admin < @ lab.test.mailman. >
	owner-test@lab.test	$# mailman $@ lab.test $: owner-test < @ lab.test.mailman. >
	mailman-owner@lab.test	$# mailman $@ lab.test $: mailman-owner < @ lab.test.mailman. >
	"test"@lab.test	$# mailman $@ lab.test $: test < @ lab.test.mailman. >
	END
}

@test "3,0: what is no list is left to the local mailer" {
	sm_check sm_route shared <<-'END'
	nope@lab.test	$# local $: nope
	Games@lab.test	$# local $: Games
	nope-request@lab.test	$# local $: nope-request
	test-nope@lab.test	$# local $: test-nope
	games+test@lab.test	$# local $: games + test
	"te st"@lab.test	$# local $: "te st"
	|prog@lab.test	$# local $: |prog
	webmaster@lab.test	$# local $: staff
	test@mx.lab.test	$# local $: test
	test@remote.test	$# esmtp $@ remote.test. $: test < @ remote.test. >
	END
}

@test "RCPT: lists and users are taken, the unknown are refused by sendmail" {
	sm_check sm_rcpt <<-'END'
	test@lab.test	250 2.1.5 <ADDR>... Recipient ok
	Test-Bounces+User=dom.org@lab.test	250 2.1.5 <ADDR>... Recipient ok
	TEST-REQUEST@LAB.TEST	250 2.1.5 <ADDR>... Recipient ok
	games@lab.test	250 2.1.5 <ADDR>... Recipient ok
	Games@lab.test	250 2.1.5 <games@lab.test>... Recipient ok
	staff@lab.test	250 2.1.5 <ADDR>... Recipient ok
	postmaster@lab.test	250 2.1.5 <ADDR>... Recipient ok
	webmaster@lab.test	250 2.1.5 <staff@lab.test>... Recipient ok
	games+detail@lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	test-nope@lab.test	550 5.1.1 <ADDR>... User unknown
	"te st"@lab.test	550 5.1.1 <ADDR>... User unknown
	test@mx.lab.test	550 5.1.1 <ADDR>... User unknown
	test@lab.test.mailman	550 5.7.1 <ADDR>... Relaying denied
	u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	END
}

@test "RCPT: 8-bit and very long local parts are unknown users" {
	local long
	printf -v long '%200s' ''
	run sm_rcpt $'t\xc3\xa9st@lab.test' "${long// /a}@lab.test" \
	    test@lab.test
	[ "${lines[0]}" = "550 5.1.1 <tC)st@lab.test>... User unknown" ]
	[[ ${lines[1]} = "550 5.1.1 <aaa"*"a@lab.test>... User unknown" ]]
	[[ ${lines[2]} = "250 2.1.5 <test@lab.test>... "* ]]
}

@test "MAIL: every sender of the domain may send" {
	run sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<test-bounces@lab.test>
	RSET
	MAIL FROM:<nope@lab.test>
	END
	[[ ${lines[2]} = "250 2.1.0 <test-bounces@lab.test>... "* ]]
	[[ ${lines[4]} = "250 2.1.0 <nope@lab.test>... "* ]]
}

@test "DATA: one message goes to users and to lists" {
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<Test-Bounces+User=dom.org@lab.test>
	RCPT TO:<test@lab.test>
	RCPT TO:<games@lab.test>
	RCPT TO:<nope@lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	run sm_delivered 3
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-- lab.test Test-Bounces+User=dom.org
	-- lab.test test
	local games
	END
}

@test "DNS is not asked for the pseudo domain" {
	sm_check sm_rcpt <<-'END'
	test@lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	grep -q remote.test "$sm_run/dns.log"
	[ "$(grep -ci "\.mailman" "$sm_run/dns.log")" = 0 ]
}

@test "a list that is made takes over the name, and gives it back" {
	sm_check sm_rcpt <<-'END'
	new@lab.test	550 5.1.1 <ADDR>... User unknown
	END
	sm_lists new staff
	sm_check sm_rcpt <<-'END'
	new@lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	sm_check sm_route shared <<-'END'
	staff@lab.test	$# mailman $@ lab.test $: staff < @ lab.test.mailman. >
	END
	rm -r "$sm_run"/mailman/lists/{new,staff}
	back() {
		[ "$(sm_route shared staff@lab.test)" = '$# local $: staff' ]
	}
	until_ok back
	sm_check sm_rcpt <<-'END'
	new@lab.test	550 5.1.1 <ADDR>... User unknown
	END
}

has_scanned() {
	sm_in "$(realpath "$LISTMAP")" -c /run/listmap.conf query .status all \
	    3>&- 4>&- | grep -q "	scans	[1-9]"
}

@test "the lists directory vanishes: lists and users are served as before" {
	# The snapshot is complete: nothing changed since its scan began.
	sm_daemon_stop first
	sm_daemon first
	until_ok has_scanned
	mv "$sm_run/mailman/lists" "$sm_run/mailman/away"
	sm_check sm_rcpt <<-'END'
	test@lab.test	250 2.1.5 <ADDR>... Recipient ok
	games@lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	END
	sm_check sm_route shared <<-'END'
	test@lab.test	$# mailman $@ lab.test $: test < @ lab.test.mailman. >
	END
	mv "$sm_run/mailman/away" "$sm_run/mailman/lists"
}

@test "no cache and no directory: mail is queued, later delivered" {
	sm_daemon_stop first
	mv "$sm_run/mailman/lists" "$sm_run/mailman/away"
	rm -rf "$sm_run"/cache/*
	sm_daemon first
	run sm_map shared virtuser test@lab.test
	[ "$output" = "virtuser (test@lab.test) no match (75)" ]
	run sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<test@lab.test>
	RCPT TO:<games@lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	[ "${lines[3]}" = \
	    "250 2.1.5 <test@lab.test>... Recipient ok (will queue)" ]
	[ "${lines[4]}" = \
	    "250 2.1.5 <games@lab.test>... Recipient ok (will queue)" ]
	mv "$sm_run/mailman/away" "$sm_run/mailman/lists"
	# absent needs a snapshot, found does not
	back() {
		[ "$(sm_map shared virtuser games@lab.test)" = \
		    "virtuser (games@lab.test) no match (68)" ]
	}
	until_ok back
	sm_in sendmail -C /run/sendmail/shared.cf -qf
	run sm_delivered 2
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-- lab.test test
	local games
	END
}
