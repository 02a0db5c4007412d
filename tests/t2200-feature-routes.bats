#!/usr/bin/env bats
# FEATURE(listmap) in the real sendmail: where mail for list domains goes.

load sendmail

sm_text='No such list (see http://lists.lab.test/), 100% sure; <ask> $j'

setup_file() {
	sm_require || return 0
	sm_world
	echo flists.lab.test >"$sm_run/sendmail/list-domains"
	sm_cf feature
	sm_hash virtusertable <<-'END'
		sales@lists.lab.test	games
		team@lists.lab.test	staff@lab.test
		fwd@lists.lab.test	%1@remote.test
		toall@lists.lab.test	test@clists.lab.test
		gone@lists.lab.test	error:5.1.6:"551 5.1.6 Has moved"
		@flists.lab.test	%1@lab.test
		round@lab.test	round@lists.lab.test
		sales@lab.test	games
	END
	sm_hash mailertable </dev/null
	sm_lists mailman test foo foo-admin
	sm_conf <<-'END'
		log_level = "debug"
		refusal = "No such list (see {url}), 100% sure; <ask> $j"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    url = "http://lists.lab.test/"
		    domain "lists.lab.test" {
		        dedicated = true
		        redirect = { "postmaster=postmaster@lab.test",
		            "away=u@remote.test", "root=games@lab.test",
		            "hop=test-owner@clists.lab.test",
		            "lost=nope@clists.lab.test",
		            "round=round@lab.test" }
		    }
		    domain "clists.lab.test" { dedicated = true }
		    domain "flists.lab.test" { dedicated = true }
		    domain "lab.test" {
		        redirect = { "webmaster=staff@lab.test" }
		    }
		}
	END
	sm_daemon first
	sm_sendmail feature
}

teardown_file() {
	sm_end
}

@test "3,0: lists of dedicated domains, however they are written" {
	sm_check sm_route feature <<-'END'
	test@lists.lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	TEST-Request@lists.lab.test	$# mailman $@ lists.lab.test $: TEST-Request < @ lists.lab.test. >
	Test-Bounces+User=dom.org@Lists.Lab.TEST	$# mailman $@ lists.lab.test $: Test-Bounces + User=dom.org < @ Lists.Lab.TEST. >
	owner-test@lists.lab.test	$# mailman $@ lists.lab.test $: owner-test < @ lists.lab.test. >
	foo-admin@lists.lab.test	$# mailman $@ lists.lab.test $: foo-admin < @ lists.lab.test. >
	"test"@lists.lab.test	$# mailman $@ lists.lab.test $: "test" < @ lists.lab.test. >
	test@lists.lab.test.	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	@remote.test:test@lists.lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	test@clists.lab.test	$# mailman $@ clists.lab.test $: test < @ clists.lab.test. >
	test@flists.lab.test	$# mailman $@ flists.lab.test $: test < @ flists.lab.test. >
	END
}

@test "3,0: what is no list of a dedicated domain is refused in our words" {
	sm_check sm_route feature <<-'END'
	nope@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	test+x@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	games@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	nope@clists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	"te st"@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	"a@b"@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	test%remote.test@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	"test@remote.test"@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	|prog@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	../test@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	END
}

@test "3,0: redirects are followed: to users, elsewhere, to other lists" {
	sm_check sm_route feature <<-'END'
	postmaster@lists.lab.test	$# local $: postmaster
	PostMaster+x@lists.lab.test	$# local $: postmaster
	root@lists.lab.test	$# local $: games
	away@lists.lab.test	$# esmtp $@ remote.test. $: u < @ remote.test. >
	hop@lists.lab.test	$# mailman $@ clists.lab.test $: test-owner < @ clists.lab.test. >
	lost@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	webmaster@lab.test	$# local $: staff
	END
}

@test "3,0: the virtusertable has what lists have not, in dedicated domains too" {
	sm_check sm_route feature <<-'END'
	sales@lists.lab.test	$# local $: games
	team@lists.lab.test	$# local $: staff
	fwd@lists.lab.test	$# esmtp $@ remote.test. $: fwd < @ remote.test. >
	toall@lists.lab.test	$# mailman $@ clists.lab.test $: test < @ clists.lab.test. >
	gone@lists.lab.test	$# error $@ 5.1.6 $: "551 5.1.6 Has moved"
	games@flists.lab.test	$# local $: games
	foo@lists.lab.test	$# mailman $@ lists.lab.test $: foo < @ lists.lab.test. >
	sales@lab.test	$# local $: games
	END
}

@test "3,0: shared domain: lists, and all others as if there were none" {
	sm_check sm_route feature <<-'END'
	test@lab.test	$# mailman $@ lab.test $: test < @ lab.test. >
	Test-Bounces+User=dom.org@lab.test	$# mailman $@ lab.test $: Test-Bounces + User=dom.org < @ lab.test. >
	"test"@lab.test	$# mailman $@ lab.test $: test < @ lab.test. >
	test%lists.lab.test@lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	"test@lists.lab.test"@lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	nope@lab.test	$# local $: nope
	Games@lab.test	$# local $: Games
	games+test@lab.test	$# local $: games + test
	test+x@lab.test	$# local $: test + x
	test%remote.test@lab.test	$# esmtp $@ remote.test. $: test < @ remote.test. >
	END
}

@test "3,0: other domains are left alone" {
	sm_check sm_route feature <<-'END'
	test	$# local $: test
	test@mx.lab.test	$# local $: test
	test@sub.lists.lab.test	$# esmtp $@ sub.lists.lab.test. $: test < @ sub.lists.lab.test. >
	test@remote.test	$# esmtp $@ remote.test. $: test < @ remote.test. >
	END
}

@test "one question for a recipient, one more for a refusal, none for a sender" {
	sm_asked first >/dev/null
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<test-bounces@lists.lab.test>
	RSET
	MAIL FROM:<nope@lists.lab.test>
	RSET
	MAIL FROM:<nope@lab.test>
	RCPT TO:<Test-Bounces+U=dom.org@lists.lab.test>
	RCPT TO:<nope@lists.lab.test>
	RCPT TO:<sales@lists.lab.test>
	RCPT TO:<hop@lists.lab.test>
	RCPT TO:<games+x@lab.test>
	RCPT TO:<games@mx.lab.test>
	RCPT TO:<staff>
	RCPT TO:<u@remote.test>
	END
	diff -u - <(sm_asked first) <<-'END'
	listmap test-bounces+u=dom.org@lists.lab.test
	listmap nope@lists.lab.test
	refusal nope@lists.lab.test
	listmap sales@lists.lab.test
	listmap hop@lists.lab.test
	listmap test-owner@clists.lab.test
	listmap games+x@lab.test
	END
}

@test "DNS is not asked for list domains; their addresses stay in the headers" {
	: >"$sm_run/dns.log"
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<test-bounces@clists.lab.test>
	RCPT TO:<test@lab.test>
	RCPT TO:<Test@Clists.Lab.Test>
	RCPT TO:<nope@clists.lab.test>
	RCPT TO:<"test-bounces+A@b"@lists.lab.test>
	DATA
	Subject: hello
	From: Test <test@clists.lab.test>
	To: test@clists.lab.test, Foo <foo@clists.lab.test>
	Cc: nope@lists.lab.test, test@lab.test

	body
	.
	QUIT
	END
	until_ok sm_enough_mails 3
	for mail in $(sm_mails); do
		diff -u - <(grep '^From: \|^To: \|^Cc: ' "$mail") <<-'END'
		From: Test <test@clists.lab.test>
		To: test@clists.lab.test, Foo <foo@clists.lab.test>
		Cc: nope@lists.lab.test, test@lab.test
		END
	done
	run sm_delivered 3
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-- clists.lab.test Test
	-- lab.test test
	-- lists.lab.test test-bounces+A@b
	END
	grep -q '^mx\.remote\.test ' "$sm_run/dns.log"
	[ -z "$(grep -E '^((lists|clists|web)\.)?lab\.test ' \
	    "$sm_run/dns.log")" ]
}

@test "a circle of redirects is cut, and the session goes on" {
	run sm_rcpt round@lists.lab.test test@lists.lab.test
	[[ ${lines[0]} = 554\ 5.* ]]
	[[ ${lines[1]} = '250 2.1.5 '* ]]
}

@test "a list that is made, or removed, is known at once" {
	sm_check sm_rcpt <<-'END'
	new@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	new@lab.test	550 5.1.1 <ADDR>... User unknown
	END
	sm_lists new
	sm_check sm_rcpt <<-'END'
	new@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	new-request@lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	rm -r "$sm_run/mailman/lists/new"
	gone() {
		sm_rcpt new@lists.lab.test | grep -q '^550 5\.1\.1 '
	}
	until_ok gone
}

@test "a file of domains that is not there keeps sendmail from starting" {
	sm_in sendmail -C /run/sendmail/feature.cf -bi >/dev/null
	mv "$sm_run/sendmail/list-domains" "$sm_run/sendmail/away"
	run sm_in sendmail -C /run/sendmail/feature.cf -bi
	mv "$sm_run/sendmail/away" "$sm_run/sendmail/list-domains"
	[ "$status" -ne 0 ]
	[[ $output = *list-domains*'No such file'* ]]
}
