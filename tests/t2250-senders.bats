#!/usr/bin/env bats
# FEATURE(listmap) in the real sendmail: what the lists send is taken, whatever
# the tables say of unknown addresses; those are refused as the tables say.

load sendmail

setup_file() {
	sm_require || return 0
	sm_world
	sm_hash virtusertable <<-'END'
		sales@lists.lab.test	games
		gone@lists.lab.test	error:5.1.6:"551 5.1.6 Has moved"
		@lists.lab.test	error:nouser No such user here
		@clists.lab.test	error:5.1.1:550 5.1.1 Not at this domain
		@flists.lab.test	error:4.2.1:450 4.2.1 Not now
		@round.lab.test	%1@there.lab.test
		@there.lab.test	%1@round.lab.test
		joe@lab.test	games
		elsewhere@lab.test	joe@remote.test
		@lab.test	error:nouser No such user at lab
		@mx.lab.test	error:nouser No such user at mx
		@sub.lists.lab.test	error:nouser No such user below
	END
	sm_hash mailertable <<-'END'
		tlists.lab.test	error:5.7.0:550 No mail for this domain
		.lab.test	error:5.7.0:550 No mail for these domains
		.	esmtp:[127.0.0.8]
	END
	sm_hash access <<-'END'
		From:spam@lists.lab.test	REJECT
		From:spam@lab.test	REJECT
		To:blocked@lists.lab.test	REJECT
	END
	cat >"$sm_run/sendmail/refuse" <<-'END'
		#!/bin/sh
		case "$*" in *nolist*) exit 67;; esac
		exec /run/sendmail/deliver "$@"
	END
	chmod 755 "$sm_run/sendmail/refuse"
	sm_lists dev nolist
	sm_conf <<-'END'
		log_level = "debug"
		refusal = "No such list"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    domain "lists.lab.test" { dedicated = true }
		    domain "clists.lab.test" { dedicated = true }
		    domain "flists.lab.test" { dedicated = true }
		    domain "tlists.lab.test" { dedicated = true }
		    domain "round.lab.test" { dedicated = true }
		    domain "there.lab.test" { dedicated = true }
		    domain "lab.test" {}
		    domain "mx.lab.test" {}
		}
	END
	sm_daemon first
	variant plain "FEATURE(\`access_db', \`hash /run/sendmail/access')dnl"
	sm_in sendmail -C /run/sendmail/plain.cf -bi >/dev/null
}

teardown() {
	if [ -z "$sm_lacks" ] && sm_alive sendmail; then
		sm_daemon_stop sendmail
	fi
}

teardown_file() {
	sm_end
}

# Makes NAME.cf of LINES of a sendmail.mc before the FEATURE.
variant() {
	sm_m4 - >"$sm_run/sendmail/$1.cf" <<-END
		include(\`feature.m4')dnl
		define(\`MAILMAN_MAILER_PATH', \`/run/sendmail/refuse')dnl
		$2
		FEATURE(\`listmap')dnl
		LISTMAP_DOMAIN(\`lists.lab.test clists.lab.test flists.lab.test')dnl
		LISTMAP_DOMAIN(\`tlists.lab.test round.lab.test there.lab.test')dnl
		LISTMAP_SHARED_DOMAIN(\`lab.test mx.lab.test')dnl
		MAILER(\`local')dnl
		MAILER(\`smtp')dnl
		MAILER(\`mailman')dnl
	END
}

# The replies to MAIL of each ADDRESS.
mail_from() {
	{
		echo 'HELO mx.remote.test'
		printf 'MAIL FROM:<%s>\nRSET\n' "$@"
	} | sm_smtp | tail -n +3 | grep -v '^250 2\.0\.0 '
}

# Senders in list domains that MAIL takes.
senders() {
	local domain
	for domain in {,lists.,clists.,flists.,tlists.,round.,there.,mx.}lab.test; do
		printf "%s@$domain\n" dev-bounces dev dev-bounces+user=dom.org \
		    nope gone joe sales '"dev-owner"'
	done
}

# MAIL takes them all.
all_pass() {
	mapfile -t all < <(senders)
	diff -u <(printf '250 2.1.0 <%s>... Sender ok\n' "${all[@]}") \
	    <(mail_from "${all[@]}")
}

@test "MAIL: senders in list domains meet no table, whatever the features" {
	local name lines
	while IFS=$'\t' read -r name lines; do
		echo "$name: $lines"
		variant "$name" "$lines"
		sm_sendmail "$name"
		all_pass </dev/null
		sm_daemon_stop sendmail
	done <<-'END'
		none	dnl
		entire	FEATURE(`virtuser_entire_domain')FEATURE(`access_db', `hash /run/sendmail/access')FEATURE(`blocklist_recipients')dnl
		delay	FEATURE(`access_db', `hash /run/sendmail/access')FEATURE(`delay_checks')VIRTUSER_DOMAIN(`lists.lab.test')dnl
		sticky	FEATURE(`stickyhost')FEATURE(`nocanonify')define(`SMART_HOST', `esmtp:[127.0.0.9]')dnl
	END
}

@test "MAIL: nobody is asked for them, and nobody need be there" {
	sm_sendmail plain
	sm_asked first >/dev/null
	all_pass
	[ -z "$(sm_asked first)" ]
	sm_daemon_stop first
	all_pass
	sm_daemon first
}

@test "MAIL: the access table holds, and so does what is no list domain" {
	sm_sendmail plain
	run mail_from spam@lists.lab.test spam@lab.test dev@nowhere.test
	[[ ${lines[0]} = 55?\ 5.7.1\ * ]]
	[[ ${lines[1]} = 55?\ 5.7.1\ * ]]
	[[ ${lines[2]} = 55?\ 5.1.8\ * ]]
	[ ${#lines[@]} -eq 3 ]
}

@test "RCPT: lists come first, others hear what the table says" {
	sm_sendmail plain
	sm_check sm_rcpt <<-'END'
	dev@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	dev-bounces+user=dom.org@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	sales@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	553 5.3.0 <ADDR>... No such user here
	gone@lists.lab.test	551 5.1.6 Has moved
	dev@clists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@clists.lab.test	550 5.1.1 <ADDR>... Not at this domain
	dev@flists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@flists.lab.test	450 4.2.1 <ADDR>... Not now
	dev@tlists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@tlists.lab.test	550 5.7.0 <ADDR>... No mail for this domain
	dev@lab.test	250 2.1.5 <ADDR>... Recipient ok
	joe@lab.test	250 2.1.5 <sales@lists.lab.test>... Recipient ok
	nope@lab.test	553 5.3.0 <ADDR>... No such user at lab
	END
}

@test "DATA: the sender stays as it is, and a bounce goes to the list" {
	sm_sendmail plain
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<Dev-Bounces+A@lists.lab.test>
	RCPT TO:<dev@clists.lab.test>
	RCPT TO:<nolist@lists.lab.test>
	DATA
	Subject: hello
	From: Dev-Owner@lab.test

	body
	.
	QUIT
	END
	until_ok sm_enough_mails 2
	[ "$(grep -lx 'From: Dev-Owner@lab.test' $(sm_mails) | wc -l)" -ge 1 ]
	grep -h '^From ' $(sm_mails) | cut -d ' ' -f 2 | sort |
	    diff -u - <(printf '%s\n' Dev-Bounces+A@lists.lab.test MAILER-DAEMON)
	run sm_delivered 2
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-- clists.lab.test dev
	-- lists.lab.test Dev-Bounces+A
	END
}
