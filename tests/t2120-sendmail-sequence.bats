#!/usr/bin/env bats
# Tables made by hand and the daemon in one sequence, in the real sendmail.

load sendmail

sm_text='No such list'

setup_file() {
	sm_require || return 0
	sm_world
	sm_cf sequence sequence-last
	sm_hash virtusertable <<-'END'
		postmaster@lists.lab.test	games
		hand@lists.lab.test	staff@lab.test
		hand+*@lists.lab.test	staff@lab.test
		closed@lists.lab.test	error:5.7.1:"550 5.7.1 Closed"
		test-owner@lists.lab.test	games
		test-owner@lab.test	games
	END
	sm_hash mailertable <<-'END'
		remote.test	esmtp:[127.0.0.9]
	END
	sm_lists mailman test closed
	sm_conf <<-'END'
		refusal = "No such list"
		site "lists" {
		    mailman = "2.1"
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    domain "lists.lab.test" { dedicated = true }
		    domain "lab.test" {}
		}
		map "vulists" { role = "virtuser" }
		map "mtlists" { role = "mailertable" }
	END
	sm_daemon first
	sm_sendmail sequence
}

teardown_file() {
	sm_end
}

@test "/map: the sequence answers with whoever knows first" {
	sm_check sm_map sequence virtuser <<-'END'
	postmaster@lists.lab.test	virtuser (ADDR) returns games (0)
	test@lists.lab.test	virtuser (ADDR) no match (68)
	nope@lists.lab.test	virtuser (ADDR) returns error:5.1.1:"550 5.1.1 TEXT" (0)
	test-owner@lists.lab.test	virtuser (ADDR) returns games (0)
	test@lab.test	virtuser (ADDR) returns @lab.test.mailman (0)
	test-owner@lab.test	virtuser (ADDR) returns games (0)
	nope@lab.test	virtuser (ADDR) no match (68)
	END
	sm_check sm_map sequence mailertable <<-'END'
	remote.test	mailertable (ADDR) returns esmtp:[127.0.0.9] (0)
	lists.lab.test	mailertable (ADDR) returns mailman:lists.lab.test (0)
	lab.test.mailman	mailertable (ADDR) returns mailman:lab.test (0)
	lab.test	mailertable (ADDR) no match (68)
	END
}

@test "/map: the daemon is asked by the members' names" {
	sm_check sm_map sequence vulists <<-'END'
	nope@lists.lab.test	vulists (ADDR) returns error:5.1.1:"550 5.1.1 TEXT" (0)
	postmaster@lists.lab.test	vulists (ADDR) returns error:5.1.1:"550 5.1.1 TEXT" (0)
	END
	sm_check sm_map sequence mtlists <<-'END'
	lists.lab.test	mtlists (ADDR) returns mailman:lists.lab.test (0)
	END
}

@test "3,0: the table made by hand comes first, list addresses included" {
	sm_check sm_route sequence <<-'END'
	postmaster@lists.lab.test	$# local $: games
	hand@lists.lab.test	$# local $: staff
	closed@lists.lab.test	$# error $@ 5.7.1 $: "550 5.7.1 Closed"
	closed-request@lists.lab.test	$# mailman $@ lists.lab.test $: closed-request < @ lists.lab.test. >
	test-owner@lists.lab.test	$# local $: games
	test-owner@lab.test	$# local $: games
	test@lists.lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	Test-Bounces+User=dom@lists.lab.test	$# mailman $@ lists.lab.test $: Test-Bounces + User=dom < @ lists.lab.test. >
	test@lab.test	$# mailman $@ lab.test $: test < @ lab.test.mailman. >
	nope@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	nope@lab.test	$# local $: nope
	u@remote.test	$# esmtp $@ [ 127.0.0.9 ] $: u < @ remote.test. >
	END
}

@test "3,0: the order counts for each key: a +* by hand comes too late" {
	sm_check sm_route sequence <<-'END'
	hand+x@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	END
}

@test "3,0: with the daemon first its refusals hide the table" {
	sm_check sm_route sequence-last <<-'END'
	postmaster@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	hand@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 TEXT"
	test-owner@lists.lab.test	$# local $: games
	test-owner@lab.test	$# mailman $@ lab.test $: test-owner < @ lab.test.mailman. >
	test@lists.lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test. >
	END
}

@test "RCPT: lists, the table's addresses, users; others are refused" {
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	postmaster@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	hand@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	closed@lists.lab.test	550 5.7.1 <ADDR>... Closed
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	TEST-Request@LAB.TEST	250 2.1.5 <ADDR>... Recipient ok
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	END
}

@test "the daemon is away: the table still answers, the rest is queued" {
	sm_daemon_stop first
	sm_check sm_rcpt <<-'END'
	postmaster@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	closed@lists.lab.test	550 5.7.1 <ADDR>... Closed
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok (will queue)
	END
	sm_daemon first
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	END
}

@test "a map name without a role gets no answer, rather than absent" {
	sm_daemon_stop first
	sed -i '/^map /d' "$sm_run/listmap.conf"
	sm_daemon first
	sm_check sm_map sequence vulists <<-'END'
	test@lists.lab.test	vulists (ADDR) no match (75)
	nope@lists.lab.test	vulists (ADDR) no match (75)
	END
	sm_check sm_map sequence virtuser <<-'END'
	postmaster@lists.lab.test	virtuser (ADDR) returns games (0)
	test@lab.test	virtuser (ADDR) no match (75)
	END
}
