#!/usr/bin/env bats
# Lists move from Mailman 2.1 to 3, one by one, under steady mail: no message is
# lost, none comes twice, none is refused, with nothing edited; by
# FEATURE(listmap), and by the stock tables at the same time.

load lib
load sendmail
load delivery
load mailman3
load mm3_world

setup_file() {
	mw_require || return 0
	export record=$BATS_FILE_TMPDIR/record
	mw_begin
	sm_conf < <(
		mw_site
		cat <<-'END'
		site "old" {
		    lists_dir = "/run/mailman/lists"
		    wrapper = "/run/mailman/mail/mailman"
		    hosts = "any"
		    domain "lists.lab.test" { dedicated = true }
		    domain "lab.test" {}
		}
		map "mtlists" { role = "mailertable" }
		END
	)
	sm_daemon first
	mw_sendmails
}

setup() {
	mw_skip
}

teardown() {
	! grep -s Sanitizer "$sm_run"/*.log || return
}

teardown_file() {
	mw_end
}

tally() {
	/usr/bin/python3 "$top_srcdir/tests/migration.py" tally "$sm_run" \
	    "$MM3/var" "$record" 3>&-
}

# wrong TEXT: the tally says it, which says that it can.
wrong() {
	run tally
	echo "$output"
	[ "$status" = 1 ]
	grep -q "^wrong: .*$1" <<<"$output"
}

@test "50 lists move: every message is in one of the two, none was refused" {
	sm_in python3 "$top_srcdir/tests/migration.py" live \
	    "$(realpath "$LISTMAP")" "$record" 3>&- 4>&-
	tally >"$BATS_TEST_TMPDIR/tally" ||
	    { cat "$BATS_TEST_TMPDIR/tally" "$sm_run/first.log"; return 1; }
	sed 's/^/# /' "$BATS_TEST_TMPDIR/tally" >&3
}

@test "the tally misses a message, and sees one twice, in both" {
	tally
	old=$(find "$dl_got" -mindepth 1 -maxdepth 1 -name '[1-9]*' | head -n 1)
	new=$(find "$MM3/var/queue" -name '*.pck' | head -n 1)
	for one in "$old" "$new"; do
		mv "$one" "$T/away"
		wrong 'is 0 times in 2.1 and 0 times in 3'
		cp -r "$T/away" "$one"
		cp -r "$one" "$(dirname "$one")/0$(basename "$one")"
		wrong 'is . times in 2.1 and . times in 3'
		rm -r "$(dirname "$one")/0$(basename "$one")" "$T/away"
	done
	tally
}

@test "the tally sees mail that went to 2.1 after the move" {
	cp "$record" "$T/record"
	python3 - "$record" <<-'END' 3>&-
	import json, sys
	with open(sys.argv[1]) as f:
	    r = json.load(f)
	for name in r["settled"]:
	    r["settled"][name] -= 1000
	with open(sys.argv[1], "w") as f:
	    json.dump(r, f)
	END
	wrong 'came late, and is not in 3'
	mv "$T/record" "$record"
}

@test "then Mailman 2.1 has none of them, and nobody is still nobody" {
	[ "$(ls "$sm_run/mailman/lists")" = mailman ]
	[ "$(ls "$MM3/var/lists" | wc -l)" = 50 ]
	sm_check sm_route mailman3 <<-'END'
	team01@lists.lab.test	$# mailman3 $@ [ 127.0.0.1 ] $: team01 < @ lists.lab.test. >
	team05-join@lab.test	$# mailman3 $@ [ 127.0.0.1 ] $: team05-join < @ lab.test. >
	mailman-owner@lists.lab.test	$# mailman $@ lists.lab.test $: mailman-owner < @ lists.lab.test. >
	END
	for sm_port in 2525 2527; do
		sm_check sm_rcpt <<-'END'
		team01@lists.lab.test	250 2.1.5 <ADDR>... Recipient ok
		team50@lists.lab.test	550 5.1.1 <ADDR>... No mailing list team50 here
		team50@lab.test	550 5.1.1 <ADDR>... User unknown
		END
	done
}
