#!/usr/bin/env bats
# FEATURE(listmap) in whole configurations, Debian's own and our examples, with
# sendmail's own paths; and the ways to use its files.

load sendmail

sm_text='No such list'
sm_port=25

setup_file() {
	local dir
	sm_require || return 0
	for dir in /etc/mail /var/lib/sendmail /var/spool/mqueue{,-client} \
	    "${sm_cf_dir}debian"; do
		[ -d "$dir" ] || { sm_lacks=$dir; return 0; }
	done
	sm_world
	system_paths
	sm_lists mailman test foo
	sm_conf <<-'END'
		refusal = "No such list"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    domain "lists.lab.test" {
		        dedicated = true
		        redirect = { "postmaster=postmaster@lab.test" }
		    }
		    domain "clists.lab.test" { dedicated = true }
		    domain "lab.test" {}
		}
	END
	sm_daemon first
}

teardown() {
	if [ -z "$sm_lacks" ] && sm_alive sendmail; then
		sm_daemon_stop sendmail
	fi
}

teardown_file() {
	sm_end
}

# Sendmail's own paths, of a host as Debian sets it up, with our files in the
# directory of its macros.
system_paths() {
	local dir over
	mkdir "$sm_run"/{mail,mail/m4,cf,spool,spool/queue,spool/client,lib} \
	    "$sm_run"/sendmail/{mta,msp}
	touch "$sm_run"/mail/{m4/dialup.m4,m4/provider.m4,sendmail.cf,helpfile,trusted-users}
	printf '%s\n' lab.test mx.lab.test >"$sm_run/mail/local-host-names"
	printf '%s\n' 'postmaster: games' 'staff: games, test' \
	    'crew: games, test@lab.test' \
	    >"$sm_run/mail/aliases"
	cp "$sm_run/sendmail/service.switch" "$sm_run/mail"
	cp -r "$sm_cf_dir." "$sm_run/cf"
	mkdir -p "$sm_run/share/cf"
	cp -r "$top_srcdir"/m4/sendmail/* "$sm_run/share/cf"
	cp "$top_builddir/m4/sendmail/mailer/mailman.m4" "$sm_run/share/cf/mailer"
	chown -R smmsp:smmsp "$sm_run/spool/client" "$sm_run/sendmail/msp"
	chmod 770 "$sm_run/spool/client"
	chmod 700 "$sm_run/spool/queue"
	cp "$sm_run"/share/cf/feature/*.m4 "$sm_run/cf/feature"
	cp "$sm_run"/share/cf/mailer/*.m4 "$sm_run/cf/mailer"
	while read -r dir over; do
		sm_in mount --bind "/run/$dir" "$over"
	done <<-END
		mail /etc/mail
		cf $sm_cf_dir
		lib /var/lib/sendmail
		spool/queue /var/spool/mqueue
		spool/client /var/spool/mqueue-client
	END
	sm_in makemap hash /etc/mail/access <<-'END'
		To:foo@lists.lab.test	REJECT
		GreetPause:127	0
		ClientRate:127	0
		ClientConn:127	0
	END
	sm_in makemap hash /etc/mail/virtusertable <<-'END'
		sales@lists.lab.test	games
	END
	sm_in makemap hash /etc/mail/mailertable </dev/null
}

# Makes /etc/mail/NAME.cf of standard input, with the stand-in for the mailers'
# programs, as an administrator would.
compile() {
	sed "/^DOMAIN(/a\\
define(\`LOCAL_MAILER_PATH', \`/run/sendmail/deliver')dnl\\
define(\`LOCAL_MAILER_ARGS', \`deliver local \$u')dnl\\
define(\`MAILMAN_MAILER_PATH', \`/run/sendmail/deliver')dnl\\
define(\`confDOMAIN_NAME', \`mx.lab.test')dnl\\
define(\`confTO_IDENT', \`0')dnl" >"$sm_run/mail/$1.mc"
	sm_in m4 -D_NO_MAKEINFO_ "/etc/mail/$1.mc" >"$sm_run/mail/$1.cf"
}

# Starts the sendmail of NAME.mc.
start() {
	compile "$1"
	start_again "$1"
}

start_again() {
	sm_in sendmail -C "/etc/mail/$1.cf" -bi >/dev/null
	sm_spawn sendmail sendmail -C "/etc/mail/$1.cf" -bD
	sm_smtp </dev/null >/dev/null
}

debian_mc() {
	sed "/^MAILER_DEFINITIONS/i\\
FEATURE(\`virtusertable')dnl\\
FEATURE(\`blocklist_recipients')dnl\\
FEATURE(\`relay_hosts_only')dnl\\
FEATURE(\`listmap')dnl\\
LISTMAP_DOMAIN(\`lists.lab.test')dnl\\
LISTMAP_SHARED_DOMAIN(\`lab.test')dnl
\$a\\
MAILER(\`mailman')dnl" "${sm_cf_dir}debian/sendmail.mc"
}

example_mc() {
	sed 's/lists\.example\.org/lists.lab.test/g
	    s/\([`@ ]\)example\.org/\1lab.test/g' \
	    "$top_srcdir/m4/sendmail/examples/$1.mc"
}

# What was delivered, without the queue's numbers.
delivered() {
	sm_delivered "$1" | sed 's/^-i [0-9A-Za-z]* -- /mailman /' | sort
}

@test "Debian's sendmail.mc with our lines" {
	debian_mc | start debian
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	foo@lists.lab.test	550 5.2.1 <ADDR>... Mailbox disabled for this recipient
	foo@lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	sm_check sm_rcpt <<-'END'
	postmaster@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	sales@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	staff@lab.test	250 2.1.5 <ADDR>... Recipient ok
	test@sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	END
}

# As a user of the host: `mail' calls sendmail like this.
submit() {
	sm_in setpriv --reuid=games --regid=games --clear-groups \
	    sendmail "$@" <<-END
		Subject: hello
		To: $1

		body
	END
}

@test "submission: a user's mail goes by the submission queue" {
	debian_mc | start debian
	compile submit <"${sm_cf_dir}debian/submit.mc"
	submit test@lists.lab.test Foo-Request@lab.test games
	run delivered 3
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	local games
	mailman lab.test Foo-Request
	mailman lists.lab.test test
	END
	sm_daemon_stop sendmail
	submit Test-Owner@lists.lab.test || :
	[ -n "$(ls "$sm_run/spool/client")" ]
	start_again debian
	flushed() {
		sm_in sendmail -Ac -q
		sm_enough_mails 1
	}
	until_ok flushed
	[ "$(delivered 1)" = 'mailman lists.lab.test Test-Owner' ]
}

@test "submission: submit.cf renames a domain that is a CNAME, but for class P" {
	debian_mc | sed '/^LISTMAP_DOMAIN/s/lists/clists/' | start debian
	sed '$a\
LOCAL_CONFIG\
CPclists.lab.test' "${sm_cf_dir}debian/submit.mc" | compile submit
	submit test@clists.lab.test
	until_ok sm_enough_mails 1
	grep -qx 'To: test@clists\.lab\.test' $(sm_mails)
	[ "$(delivered 1)" = 'mailman clists.lab.test test' ]
	compile submit <"${sm_cf_dir}debian/submit.mc"
	run submit -v test@clists.lab.test
	[[ $output = *'RCPT To:<test@web.lab.test>'* ]]
}

@test "example listhost.mc" {
	# with the line that is off
	example_mc listhost >"$BATS_TEST_TMPDIR/off"
	sed 's/^dnl \(FEATURE(.listmap_local\)/\1/' "$BATS_TEST_TMPDIR/off" \
	    >"$BATS_TEST_TMPDIR/mc"
	[ "$(diff "$BATS_TEST_TMPDIR"/{off,mc} | grep -c '^[<>]')" = 2 ]
	printf '%s\n' mx.lab.test >"$sm_run/mail/local-host-names"
	start listhost <"$BATS_TEST_TMPDIR/mc"
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	sales@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	games@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	foo@lists.lab.test	550 5.2.1 <ADDR>... Mailbox disabled for this recipient
	games@mx.lab.test	250 2.1.5 <sales@lists.lab.test>... Recipient ok
	nope@mx.lab.test	550 5.1.1 <ADDR>... User unknown
	test@sub.lists.lab.test	550 5.7.1 <ADDR>... Relaying denied
	u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	END
	compile submit <"${sm_cf_dir}debian/submit.mc"
	submit test
	submit staff
	submit Foo-Request@lists.lab.test root
	run delivered 5
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	local games
	local root
	mailman lists.lab.test Foo-Request
	mailman lists.lab.test test
	mailman lists.lab.test test
	END
	# as it is, a name alone is none of the lists'
	sm_daemon_stop sendmail
	start listhost <"$BATS_TEST_TMPDIR/off"
	sm_daemon_stop first
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	451 4.3.0 List lookup failed, please try again later
	test@mx.lab.test	550 5.1.1 <ADDR>... User unknown
	staff@mx.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	sm_daemon first
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	test@mx.lab.test	550 5.1.1 <ADDR>... User unknown
	END
}

@test "example mixed.mc" {
	printf '%s\n' lab.test mx.lab.test >"$sm_run/mail/local-host-names"
	example_mc mixed >"$BATS_TEST_TMPDIR/mc"
	start mixed <"$BATS_TEST_TMPDIR/mc"
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	test@lab.test	250 2.1.5 <ADDR>... Recipient ok
	staff@lab.test	250 2.1.5 <ADDR>... Recipient ok
	games@lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lab.test	550 5.1.1 <ADDR>... User unknown
	foo@lists.lab.test	550 5.2.1 <ADDR>... Mailbox disabled for this recipient
	u@remote.test	550 5.7.1 <ADDR>... Relaying denied
	END
	compile submit <"${sm_cf_dir}debian/submit.mc"
	submit test-owner@lab.test test-request@lists.lab.test crew
	run delivered 4
	diff -u - <(printf '%s\n' "${lines[@]}") <<-'END'
	local games
	mailman lab.test test
	mailman lab.test test-owner
	mailman lists.lab.test test-request
	END
}

# The rules of a file, without the remarks.
rules() {
	grep -v '^#\|^$' "$@"
}

@test "the files where they were installed: the same rules" {
	local up=../../../../../../run/share/cf
	debian_mc >"$BATS_TEST_TMPDIR/mc"
	compile intree <"$BATS_TEST_TMPDIR/mc"
	rules "$sm_run/mail/intree.cf" >"$BATS_TEST_TMPDIR/intree"
	grep -q '^Klistmap ' "$BATS_TEST_TMPDIR/intree"
	rm "$sm_run"/cf/feature/listmap*.m4 "$sm_run"/cf/mailer/mailman*.m4
	# by a path
	sed "s,^FEATURE(.listmap'),FEATURE(\`$up/feature/listmap')," \
	    "$BATS_TEST_TMPDIR/mc" |
	    sed "s,^MAILER(.mailman'),MAILER(\`$up/mailer/mailman'\, \`mailman')," |
	    compile bypath
	rules "$sm_run/mail/bypath.cf" | diff "$BATS_TEST_TMPDIR/intree" -
	# by m4's path
	sm_in m4 -D_CF_DIR_= -D_NO_MAKEINFO_ -I "${sm_cf_dir%/}" \
	    -I /run/share/cf /etc/mail/intree.mc |
	    rules | diff "$BATS_TEST_TMPDIR/intree" -
	# by a copy of sendmail's directory
	cp -r "$sm_run/cf" "$sm_run/copy"
	cp -r "$sm_run"/share/cf/* "$sm_run/copy"
	(echo 'define(`_CF_DIR_'"', \`/run/copy/')dnl"
	    sed "s,$sm_cf_dir,/run/copy/," "$BATS_TEST_TMPDIR/mc") |
	    compile bycopy
	rules "$sm_run/mail/bycopy.cf" | diff "$BATS_TEST_TMPDIR/intree" -
}
