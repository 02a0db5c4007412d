#!/usr/bin/env bats
# The daemon ends, starts again, or is succeeded, while the real sendmail holds
# sessions.

load sendmail

sm_text='No such list'

setup_file() {
	sm_require || return 0
	sm_world
	sm_cf dedicated
	sm_lists mailman test
	sm_conf <<-'END'
		refusal = "No such list"
		site "lists" {
		    mailman = "2.1"
		    lists_dir = "/run/mailman/lists"
		    domain "lists.lab.test" { dedicated = true }
		}
	END
	sm_sendmail dedicated
}

setup() {
	sm_skip
	sm_daemon first
}

teardown() {
	local name
	[ -z "$sm_lacks" ] || return 0
	for name in first second third; do
		if sm_alive $name; then
			sm_daemon_stop $name
		fi
	done
}

teardown_file() {
	sm_end
}

# What every new session must get.
served() {
	sm_check sm_rcpt <<-'END'
	test@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	nope@lists.lab.test	550 5.1.1 <ADDR>... TEXT
	Test-Bounces+User=dom@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
}

listed() {
	[[ $reply = '250 2.1.5 '*' Recipient ok' ]]
}

refused() {
	[[ $reply = '550 5.1.1 '*" $sm_text" ]]
}

# What sendmail says of a connection that its map lost, a reason behind it or
# not: a look-up that failed, and mail that the sender keeps.
broken() {
	[[ $reply = '451 4.3.0 socket_map_lookup(virtuser): failed to send '* ]]
}

message=$'Subject: hello\n\nbody\n.'

@test "restart: the session gets 451 until its next message, others work" {
	sm_open
	sm_say 'MAIL FROM:<u@remote.test>' 'RCPT TO:<test@lists.lab.test>'
	listed
	sm_daemon_stop first
	sm_daemon first
	sm_say 'RCPT TO:<test-request@lists.lab.test>'
	broken
	sm_say 'RCPT TO:<nope@lists.lab.test>'
	broken
	served
	sm_say DATA "$message"
	[[ $reply = '250 2.0.0 '* ]]
	[ "$(sm_delivered 1)" = '-- lists.lab.test test' ]
	sm_say 'MAIL FROM:<u@remote.test>' 'RCPT TO:<test@lists.lab.test>'
	listed
	sm_say 'RCPT TO:<nope@lists.lab.test>'
	refused
	sm_close
	served
}

@test "restart: a session that had not asked yet does not notice" {
	sm_open
	sm_daemon_stop first
	sm_daemon first
	sm_say 'MAIL FROM:<u@remote.test>' 'RCPT TO:<test@lists.lab.test>'
	listed
	sm_say 'RCPT TO:<nope@lists.lab.test>'
	refused
	sm_close
}

@test "restart after a kill: the dead daemon's socket is replaced" {
	sm_in kill -KILL "$(cat "$sm_run/first.pid")"
	until_ok sm_gone first
	[ -S "$sm_run/listmap/socket" ]
	sm_daemon first
	served
}

@test "stopped: mail is queued, and delivered when it is back" {
	sm_daemon_stop first
	sm_open
	sm_say 'MAIL FROM:<u@remote.test>' 'RCPT TO:<test@lists.lab.test>'
	[ "$reply" = \
	    "250 2.1.5 <test@lists.lab.test>... Recipient ok (will queue)" ]
	sm_daemon first
	sm_say 'RCPT TO:<test-owner@lists.lab.test>'
	[[ $reply = *' Recipient ok (will queue)' ]]
	served
	sm_say DATA "$message"
	[[ $reply = '250 2.0.0 '* ]]
	sm_close
	[ -z "$(sm_delivered 0)" ]
	sm_in sendmail -C /run/sendmail/dedicated.cf -qf
	[ "$(sm_delivered 2)" = \
	    $'-- lists.lab.test test\n-- lists.lab.test test-owner' ]
}

@test "take-over: open sessions stay with the old daemon, which then ends" {
	sm_open
	sm_say 'MAIL FROM:<u@remote.test>' 'RCPT TO:<test@lists.lab.test>'
	listed
	sm_daemon second --take-over
	sm_say 'RCPT TO:<test-request@lists.lab.test>'
	listed
	sm_say 'RCPT TO:<nope@lists.lab.test>'
	refused
	served
	sm_alive first
	sm_lists new
	sm_say 'RCPT TO:<new@lists.lab.test>'
	listed
	sm_check sm_rcpt <<-'END'
	new@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
	END
	sm_say DATA "$message"
	[[ $reply = '250 2.0.0 '* ]]
	[ "$(sm_delivered 3 | wc -l)" = 3 ]
	sm_say 'MAIL FROM:<u@remote.test>' 'RCPT TO:<test@lists.lab.test>'
	listed
	sm_close
	until_ok sm_gone first
	sm_alive second
	served
}

@test "take-over: no look-up fails, of no session" {
	local n sessions
	sm_open
	sm_say 'MAIL FROM:<u@remote.test>'
	for n in {1..15}; do
		served || exit
	done >"$BATS_TEST_TMPDIR/sessions" 2>&1 3>&- 4>&- &
	sessions=$!
	for n in second third first second third; do
		sm_daemon $n --take-over
		sm_say 'RCPT TO:<test@lists.lab.test>'
		listed
		sm_say 'RCPT TO:<nope@lists.lab.test>'
		refused
	done
	wait $sessions
	sm_close
	served
	until_ok sm_gone first
	until_ok sm_gone second
}

@test "without --take-over a live daemon's socket is left alone" {
	local code=0
	sm_in timeout $PATIENCE "$(realpath "$LISTMAPD")" -c /run/listmap.conf 3>&- 4>&- ||
	    code=$?
	[ $code -ne 0 ]
	[ $code -ne 124 ] # it ran on
	sm_alive first
	served
}
