#!/usr/bin/env bats
# MAILER(mailman) and MAILER(mailman3) in the real sendmail, what m4 says of
# mistakes, and the list domain that is the host's own name.

load sendmail

setup_file() {
	sm_require || return 0
	sm_world
	mkdir -m 700 "$sm_run/sendmail/inner"
	sm_cf lmtp mailer own inner
	sm_hash listmap <<-'END'
		club@lists.lab.test	mailman3:[127.0.0.1]
		club-request@lists.lab.test	mailman3:[127.0.0.1]
		nolist@lists.lab.test	mailman3:[127.0.0.1]
	END
	sm_hash virtusertable <<-'END'
		party-bounces+u=dom@lab.test	%1@lab.test.mailman3
		party-request@lab.test	party-request@lab.test.mailman3
		club@lab.test	%1@lab.test.mailman
	END
	sm_hash mailertable <<-'END'
		lab.test.mailman3	mailman3:[127.0.0.1]
		lab.test.mailman	mailman:lab.test
		lists.lab.test	mailman:lists.lab.test
	END
	cat >"$sm_run/sendmail/refuse" <<-'END'
		#!/bin/sh
		/run/sendmail/deliver "$@" || exit
		echo "no such list"
		exit 67
	END
	chmod 755 "$sm_run/sendmail/refuse"
}

teardown() {
	local name
	for name in sendmail lmtp first answers inner; do
		if [ -z "$sm_lacks" ] && sm_alive $name; then
			sm_daemon_stop $name
		fi
	done
}

teardown_file() {
	sm_end
}

lmtp_has() {
	[ "$(grep -c "$2" "$sm_run/lmtp.log")" -ge "$1" ]
}

lmtp() {
	rm -f "$sm_run/lmtp.log"
	sm_spawn lmtp python3 "$top_srcdir/tests/lmtp.py" 8025
	until_ok lmtp_has 1 '^ready$'
}

@test "mailman3: one recipient at a time, as written, without pseudo domain" {
	lmtp
	sm_sendmail lmtp
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<Club@lists.lab.test>
	RCPT TO:<club-request@lists.lab.test>
	RCPT TO:<Party-Bounces+U=Dom@lab.test>
	RCPT TO:<party-request@lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	until_ok lmtp_has 4 '^DATA'
	diff -u - <(grep -v '^QUIT$\|^NOOP$' "$sm_run/lmtp.log") <<-'END'
	ready
	LHLO mx.lab.test
	MAIL From:<u@remote.test>
	RCPT To:<Club@lists.lab.test>
	DATA
	RSET
	MAIL From:<u@remote.test>
	RCPT To:<club-request@lists.lab.test>
	DATA
	RSET
	MAIL From:<u@remote.test>
	RCPT To:<Party-Bounces+U=Dom@lab.test>
	DATA
	RSET
	MAIL From:<u@remote.test>
	RCPT To:<party-request@lab.test>
	DATA
	END
	[ -z "$(grep -i mailman3 "$sm_run/dns.log")" ]
}

@test "mailman3: a second instance at another port" {
	run sm_bt lmtp <<-'END'
	/try mm3b Club-Owner@lists.lab.test.mm3b
	/try mailman3 Club-Owner@lists.lab.test.mm3b
	/try mm3b Club@lists.lab.test
	END
	[ "$(grep -c '^Rcode = 0, addr = Club-Owner@lists.lab.test$' \
	    <<<"$output")" = 2 ]
	grep -qx 'Rcode = 0, addr = Club@lists.lab.test' <<<"$output"
	run sm_bt lmtp <<<'=M'
	grep -q '(mm3b): .*F=.*A=TCP \$h 2627$' <<<"$output"
	grep -q '(mailman3): ' <<<"$output"
}

@test "mailman3: what Mailman refuses is reported, the others arrive" {
	lmtp
	sm_sendmail lmtp
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<games@lab.test>
	RCPT TO:<nolist@lists.lab.test>
	RCPT TO:<club@lists.lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	until_ok lmtp_has 1 '^DATA'
	until_ok sm_enough_mails 1
	grep -q '^Final-Recipient: RFC822; nolist@lists\.lab\.test$' $(sm_mails)
	[ "$(grep -c '^Final-Recipient: ' $(sm_mails))" = 1 ]
	[ "$(sm_delivered 1)" = 'local games' ]
}

@test "mailman: what can be defined, and no pseudo domain in a report" {
	sm_in sendmail -C /run/sendmail/mailer.cf -bt <<<'=M' |
	    grep '(mailman): .* M=100000 U=5:38 F=9DFMSlqu '
	grep -A 4 '^Mmailman,' "$sm_run/sendmail/mailer.cf" | grep 'Q=listq,'
	sm_sendmail mailer
	sm_smtp <<-'END'
	HELO mx.remote.test
	MAIL FROM:<games@lab.test>
	RCPT TO:<Club@lab.test>
	RCPT TO:<"club-owner"@lists.lab.test>
	DATA
	Subject: hello
	To: Club@lab.test

	body
	.
	QUIT
	END
	until_ok sm_enough_mails 3
	grep -h '^Final-Recipient: ' $(sm_mails)
	run grep -il 'lab\.test\.mailman' $(sm_mails)
	[ -z "$output" ]
	run sm_delivered 3
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	-c /run/listmap.conf lab.test Club
	-c /run/listmap.conf lists.lab.test club-owner
	local games
	END
}

@test "a domain of lists that is the host's own name has its users as well" {
	local domain
	sm_lists mailman test
	sm_conf <<-'END'
		refusal = "No such list"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    domain "mx.lab.test" { dedicated = true }
		    domain "lab.test" { dedicated = true }
		}
	END
	sm_daemon first
	sm_sendmail own
	for domain in mx.lab.test lab.test; do
		sm_check sm_rcpt <<-END
		test@$domain	250 2.1.5 <ADDR>... Recipient ok
		Test-Bounces+U=x@$domain	250 2.1.5 <ADDR>... Recipient ok
		postmaster@$domain	250 2.1.5 <ADDR>... Recipient ok
		staff@$domain	250 2.1.5 <ADDR>... Recipient ok
		daemon@$domain	250 2.1.5 <ADDR>... Recipient ok
		nope@$domain	550 5.1.1 <ADDR>... User unknown
		test@sub.$domain	550 5.7.1 <ADDR>... Relaying denied
		END
	done
	sm_daemon_stop first
	sm_check sm_rcpt <<-'END'
	postmaster	250 2.1.5 <ADDR>... Recipient ok
	daemon	250 2.1.5 <ADDR>... Recipient ok
	daemon@mx.lab.test	451 4.3.0 List lookup failed, please try again later
	END
}

@test "answers as they may come while lists are made, and wrong ones" {
	printf '%s\t%s\n' \
	    'listmap new@lists.lab.test' 'NOTFOUND ' \
	    'listmap new@lists.lab.test' 'OK mailman:lists.lab.test' \
	    'refusal away@lists.lab.test' 'TEMP away' \
	    'site_domain lists.lab.test' 'OK OK' \
	    'listmap bare@lists.lab.test' 'OK lists.lab.test' \
	    'listmap empty@lists.lab.test' 'OK ' \
	    'listmap not@lists.lab.test' \
	    'OK error:5.7.1:"550 5.7.1 Not for you, 100%%"' \
	    >"$sm_run/answers"
	sm_spawn answers sh -c 'exec python3 "$0" /run/listmap/answers <"$1"' \
	    "$top_srcdir/tests/answers.py" /run/answers
	until_ok test -S "$sm_run/listmap/answers"
	sm_cf answers
	sm_sendmail answers
	sm_check sm_rcpt <<-'END'
	new@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	away@lists.lab.test	451 4.3.0 List lookup failed, please try again later
	bare@lists.lab.test	451 4.3.5 List lookup gave no mailer
	empty@lists.lab.test	451 4.3.5 List lookup gave no mailer
	not@lists.lab.test	550 5.7.1 <ADDR>... Not for you, 100%
	nope@lists.lab.test	550 5.1.1 <ADDR>... No such list or user here
	END
}

@test "lists on another host, and lists with a mailer of another name" {
	sm_lists remote near
	mkdir -p "$sm_run/mailman/old/near"
	echo config >"$sm_run/mailman/old/near/config.pck"
	sm_hash inner-table <<-'END'
		lists.lab.test	mailman:lists.lab.test
	END
	sm_conf <<-'END'
		refusal = "No such list"
		site "there" {
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    mailer = "esmtp"
		    domain "lists.lab.test" { dedicated = true
		        redirect = { "postmaster=games@mx.lab.test",
		            "abuse=games@mx.lab.test" } }
		    domain "lab.test" {}
		}
		site "here" {
		    lists_dir = "/run/mailman/old"
		    hosts = "any"
		    mailer = "mine"
		    domain "mine.lab.test" { dedicated = true
		        redirect = { "postmaster=games@mx.lab.test",
		            "abuse=games@mx.lab.test" } }
		}
	END
	# nothing is said of it
	run sm_in "$(realpath "$LISTMAPD")" -t -c /run/listmap.conf
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$(grep -i 'warn\|mailer' <<<"$output")" ]
	run sm_cf relay
	[ -z "$output" ]
	sm_daemon first
	sm_check sm_route relay <<-'END'
	remote@lists.lab.test	$# esmtp $@ [ 127.0.0.9 ] $: remote < @ lists.lab.test. >
	Near-Bounces+u=x@lab.test	$# esmtp $@ [ 127.0.0.9 ] $: Near-Bounces + u=x < @ lab.test. >
	near@mine.lab.test	$# mine $@ mine.lab.test $: near < @ mine.lab.test. >
	games@mx.lab.test	$# local $: games
	END
	run sm_in sendmail -C /run/sendmail/relay.cf -bv remote@lists.lab.test
	[ "$output" = "remote@lists.lab.test... deliverable: mailer esmtp,\
 host [127.0.0.9], user remote@lists.lab.test" ]
	sm_spawn inner sendmail -C /run/sendmail/inner.cf -bD
	sm_from=127.0.0.1 sm_port=25 sm_host=127.0.0.9 sm_smtp </dev/null
	sm_sendmail relay
	sm_smtp <<-'END' >"$BATS_TEST_TMPDIR/said"
	HELO mx.remote.test
	MAIL FROM:<u@remote.test>
	RCPT TO:<Remote-Bounces+U=Dom.org@lists.lab.test>
	RCPT TO:<nope@lists.lab.test>
	RCPT TO:<Near-Owner@mine.lab.test>
	DATA
	Subject: hello

	body
	.
	QUIT
	END
	grep -x '550 5.1.1 <nope@lists.lab.test>... No such list' \
	    "$BATS_TEST_TMPDIR/said"
	run sm_delivered 2
	diff -u - <(printf '%s\n' "${lines[@]}" | sed 's/^-i [^ ]* //') <<-'END'
	-- lists.lab.test Remote-Bounces+U=Dom.org
	mine.lab.test Near-Owner
	END
}

# What m4 says of the lines on standard input, and the line of the map.
said() {
	{
		echo "include(\`base.m4')dnl"
		cat
	} | sm_m4 - 2>&1 >"$BATS_TEST_TMPDIR/cf"
	grep '^Klistmap ' "$BATS_TEST_TMPDIR/cf" || :
}

@test "m4: the map's line, and what is said of mistakes" {
	local feature line mailers="MAILER(\`local')dnl
MAILER(\`smtp')dnl
MAILER(\`mailman')dnl"
	while IFS=$'\t' read -r feature line; do
		diff -u <(echo "$line") <(said <<<"$feature$mailers")
	done <<-'END'
		FEATURE(`listmap')	Klistmap socket -T<TMPF> local:/run/listmap/socket
		FEATURE(`listmap', `socket -d5 inet:7777@localhost')	Klistmap socket -T<TMPF> -d5 inet:7777@localhost
		FEATURE(`listmap', `socket -T<TMPF> -d5 local:/x')	Klistmap socket -T<TMPF> -d5 local:/x
		FEATURE(`listmap', `hash -o /etc/mail/listmap')	Klistmap hash -o /etc/mail/listmap
	END
	run said <<<"FEATURE(\`listmap', \`socket -o local:/x')$mailers"
	[[ ${lines[0]} = '*** WARNING: '*' -o or -t '* ]]
	run said <<<"FEATURE(\`listmap')MAILER(\`local')dnl"
	[[ ${lines[0]} = '*** WARNING: '*' without MAILER('* ]]
	run said <<<"FEATURE(\`listmap')LISTMAP_MAILER(\`mm2')MAILER(\`local')dnl"
	[ ${#lines[@]} -eq 1 ]
	run said <<<"FEATURE(\`listmap')MAILER(\`local')
MAILER_DEFINITIONS
Mmm2, P=/x, F=lsDFMSqu, A=x \$h \$u"
	[ ${#lines[@]} -eq 1 ]
	run said <<<"FEATURE(\`listmap_local', \`lists.lab.test')$mailers"
	[[ ${lines[0]} = '*** ERROR: '*' requires FEATURE('* ]]
	run said <<<"FEATURE(\`listmap')FEATURE(\`listmap_local')$mailers"
	[[ ${lines[0]} = '*** ERROR: '*' needs a domain' ]]
	run said <<<"define(\`confRUN_AS_USER', \`smmsp')FEATURE(\`listmap')$mailers"
	[[ ${lines[0]} = '*** WARNING: '*' confRUN_AS_USER' ]]
	run said <<<"MAILER(\`mailman3')dnl"
	[[ ${lines[0]} = '*** ERROR: MAILER('* ]]
}
