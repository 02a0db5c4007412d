#!/usr/bin/env bats
# FEATURE(listmap) in the real sendmail: who may send what, and what becomes of
# mail while the daemon is away.

load sendmail

sm_text='No such list'

setup_file() {
	sm_require || return 0
	sm_world
	sm_cf feature-access
	sm_hash access <<-'END'
		To:foo@lists.lab.test	ERROR:5.7.1:550 Not from here
		To:foo-admin@lab.test	REJECT
		From:spam.test	REJECT
		Connect:127.0.0.9	REJECT
	END
	sm_hash virtusertable <<-'END'
		sales@lists.lab.test	games
		sales@virtual.test	games
		info@lab.test	games
	END
	# as an inner network and a smart host have it
	sm_hash mailertable <<-'END'
		.lab.test	esmtp:[127.0.0.9]
		.	esmtp:[127.0.0.8]
	END
	cat >>"$sm_run/sendmail/aliases" <<-'END'
		team: games, test
		group: staff, test-request@lists.lab.test
	END
	sm_lists mailman test foo foo-admin
	sm_conf <<-'END'
		refusal = "No such list"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    domain "lists.lab.test" {
		        dedicated = true
		        redirect = { "postmaster=postmaster@lab.test",
		            "away=u@remote.test" }
		    }
		    domain "lab.test" {}
		}
	END
	sm_in sendmail -C /run/sendmail/feature-access.cf -bi >/dev/null
	sm_daemon first
	sm_sendmail feature-access
}

teardown_file() {
	sm_end
}

# Runs the queue until N mails were delivered; the delivery in the background
# may still hold some.
queue_run() {
	sm_in sendmail -C /run/sendmail/feature-access.cf -qf
	sm_enough_mails "$1"
}

# Nothing is left to be delivered; a delivery in the background may still clean
# up.
empty_queue() {
	until_ok queue_is_empty
}

queue_is_empty() {
	[ -z "$(ls "$sm_run/sendmail/queue")" ]
}

@test "RCPT: lists, users, aliases, virtual users, and what is none of them" {
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	Test-Bounces+User=dom.org@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	games@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	postmaster@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	away@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	sales@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	test@lab.test	250 2.1.5 <ADDR>... Recipient ok
	staff@lab.test	250 2.1.5 <ADDR>... Recipient ok
	info@lab.test	250 2.1.5 <sales@lists.lab.test>... Recipient ok
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	sales@virtual.test	250 2.1.5 <sales@lists.lab.test>... Recipient ok
	END
}

@test "RCPT: a domain of sendmail.mc that listmap.conf has not: later" {
	sm_check sm_rcpt <<-'END'
	test@typo.lab.test	451 4.3.5 List domain is not configured, please try again later
	nope@typo.lab.test	451 4.3.5 List domain is not configured, please try again later
	END
}

@test "RCPT: nothing is relayed for but the dedicated domains themselves" {
	sm_check sm_rcpt <<-'END'
	test@sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	test@sub.sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	test@notlists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	@lists.lab.test:u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	u%remote.test@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	"u@remote.test"@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	u%remote.test@lab.test	550 5.7.1 <ADDR>... Relaying denied
	remote.test!u@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	END
}

@test "RCPT: no client is relayed for because of its name below a list domain" {
	sm_from=127.0.0.6
	sm_check sm_rcpt <<-'END'
	u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	sm_smtp </dev/null | head -n 1 >"$BATS_TEST_TMPDIR/greeting"
	grep 'client\.lists\.lab\.test \[127\.0\.0\.6\]' \
	    "$BATS_TEST_TMPDIR/greeting"
}

@test "RCPT: the access table holds for lists as well" {
	sm_check sm_rcpt <<-'END'
	foo@lists.lab.test	550 5.7.1 <ADDR>... Not from here
	foo-request@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	foo-admin@lab.test	550 5.2.1 <ADDR>... Mailbox disabled for this recipient
	foo-admin@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	run sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@spam.test>
	RCPT TO:<test@lists.lab.test>
	END
	[[ ${lines[3]} = 55?\ 5.7.1\ * ]]
	sm_from=127.0.0.9
	run sm_rcpt test@lists.lab.test
	[[ $output = 55?\ 5.7.1\ * ]]
}

@test "RCPT: local names that nobody has are lists, behind aliases and users" {
	sm_check sm_rcpt <<-'END'
	test	250 2.1.5 <ADDR>... Recipient ok
	Test-Request	250 2.1.5 <ADDR>... Recipient ok
	test-bounces+u=dom.org	250 2.1.5 <ADDR>... Recipient ok
	test@mx.lab.test	250 2.1.5 <test>... Recipient ok
	games	250 2.1.5 <ADDR>... Recipient ok
	games+x	250 2.1.5 <ADDR>... Recipient ok
	nope	550 5.1.1 <ADDR>... User unknown
	nope+x@mx.lab.test	550 5.1.1 <ADDR>... User unknown
	END
}

@test "DATA: members of aliases and local names reach lists with their domain" {
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<team>
	RCPT TO:<group@mx.lab.test>
	RCPT TO:<Test-Owner>
	RCPT TO:<postmaster@lists.lab.test>
	RCPT TO:<sales@lists.lab.test>
	RCPT TO:<test@lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	run sm_delivered 5
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-- lab.test test
	-- lists.lab.test test
	-- lists.lab.test test-owner
	-- lists.lab.test test-request
	local games
	END
}

@test "the daemon is away: 451 for list domains, nobody else notices" {
	sm_daemon_stop first
	sm_text='List lookup failed, please try again later'
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	451 4.3.0 TEXT
	nope@lists.lab.test	451 4.3.0 TEXT
	postmaster@lists.lab.test	451 4.3.0 TEXT
	test@lab.test	451 4.3.0 TEXT
	games@lab.test	451 4.3.0 TEXT
	games@mx.lab.test	250 2.1.5 <ADDR>... Recipient ok
	staff	250 2.1.5 <ADDR>... Recipient ok
	sales@virtual.test	250 2.1.5 <games@mx.lab.test>... Recipient ok
	test@sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	END
	run sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<nope@lists.lab.test>
	RSET
	MAIL FROM:<test@lab.test>
	END
	[[ ${lines[2]} = '250 2.1.0 '* ]]
	[[ ${lines[4]} = '250 2.1.0 '* ]]
	sm_daemon first
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	games@lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
}

@test "the daemon is away: local names are taken, and wait for it" {
	sm_daemon_stop first
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<team>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	[ "$(sm_delivered 1)" = 'local games' ]
	run queue_run 1
	[ -z "$(sm_delivered 0)" ]
	sm_daemon first
	until_ok queue_run 1
	[ "$(sm_delivered 1)" = '-- lists.lab.test test' ]
	empty_queue
}

@test "the daemon is away at a queue run: mail waits, and arrives once" {
	mv "$sm_run/sendmail/delivered" "$sm_run/sendmail/away"
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<Test-Owner@lists.lab.test>
	RCPT TO:<foo-request@lab.test>
	RCPT TO:<games@mx.lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	sm_daemon_stop first
	mv "$sm_run/sendmail/away" "$sm_run/sendmail/delivered"
	until_ok queue_run 1
	[ "$(sm_delivered 1)" = 'local games' ]
	sm_daemon first
	until_ok queue_run 2
	run sm_delivered 2
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-- lab.test foo-request
	-- lists.lab.test Test-Owner
	END
	empty_queue
}

@test "no cache and no directory: 451 where it cannot be told" {
	sm_daemon_stop first
	mv "$sm_run/mailman/lists" "$sm_run/mailman/away"
	rm -rf "$sm_run"/cache/*
	sm_daemon first
	sm_text='List lookup failed, please try again later'
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	451 4.3.0 TEXT
	nope@lists.lab.test	451 4.3.0 TEXT
	games@lab.test	451 4.3.0 TEXT
	away@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	games@mx.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	mv "$sm_run/mailman/away" "$sm_run/mailman/lists"
	# absent needs a snapshot, found does not
	back() {
		sm_rcpt nope@lists.lab.test | grep -q '^550 5\.1\.1 '
	}
	until_ok back
}
