#!/usr/bin/env bats
# A day in the life of a list host: not one message is lost, none comes twice,
# nobody who exists is refused.

load sendmail
load delivery

setup_file() {
	sm_require || return 0
	export day_record=$BATS_FILE_TMPDIR/record
	sm_world
	sm_hash virtusertable </dev/null
	sm_hash mailertable <<<'remote.test far:remote.test'
	dl_world </dev/null
	sm_conf <<-'END'
		refusal = "No list {list} here"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    wrapper = "/run/mailman/mail/mailman"
		    hosts = "any"
		    domain "lists.lab.test" { dedicated = true }
		    domain "lab.test" {}
		}
	END
	# There is no list yet.
	sm_in "$(realpath "$LISTMAP")" -c /run/listmap.conf rebuild \
	    --accept-empty
	sm_sendmail delivery
	until_ok test -e "$sm_run/sendmail/sendmail.pid"
}

setup() {
	sm_skip
}

teardown_file() {
	sm_end
}

tally() {
	python3 "$top_srcdir/tests/day.py" tally "$sm_run" "$day_record" 3>&-
}

# wrong TEXT: the tally says it, which says that it can.
wrong() {
	run tally
	echo "$output"
	[ "$status" = 1 ]
	grep -q "^wrong: .*$1" <<<"$output"
}

@test "lists come and go, daemons succeed each other, all mail arrives" {
	sm_in python3 "$top_srcdir/tests/day.py" live \
	    "$(realpath "$LISTMAPD")" "$(realpath "$LISTMAP")" "$day_record" \
	    3>&- 4>&-
	tally >"$BATS_TEST_TMPDIR/tally" ||
	    { cat "$BATS_TEST_TMPDIR/tally" "$sm_run/day.log"; return 1; }
	! grep Sanitizer "$sm_run/day.log" || return
	sed 's/^/# /' "$BATS_TEST_TMPDIR/tally" >&3
}

@test "the tally misses a message, sees one twice, and one that changed" {
	one=$(find "$dl_got" -mindepth 1 -maxdepth 1 -name '[1-9]*' | head -n 1)
	mv "$one" "$sm_run/away"
	wrong 'was lost'
	cp -r "$sm_run/away" "$one"
	cp -r "$one" "${one}0"
	wrong 'was there twice'
	rm -r "${one}0"
	echo >>"$one/message"
	wrong 'was changed on its way'
	rm -r "$one"
	mv "$sm_run/away" "$one"
	tally
}

@test "the tally sees a list refused, and nobody taken" {
	cp "$day_record" "$BATS_TEST_TMPDIR/record"
	sed -i '0,/"reply": "250 2.1.5 <team/s//"reply": "550 5.1.1 <team/' \
	    "$day_record"
	wrong 'lists.*team'
	cp "$BATS_TEST_TMPDIR/record" "$day_record"
	sed -i '0,/"reply": "550 5.1.1 <nobody/s//"reply": "250 2.1.5 <nobody/' \
	    "$day_record"
	wrong 'nobody.*nobody'
	cp "$BATS_TEST_TMPDIR/record" "$day_record"
}
