#!/usr/bin/env bats
# The tables of `listmap build --standalone' in the real sendmail, beside the
# daemon.

load sendmail

: "${LISTMAP:=$top_builddir/listmap}"

setup_file() {
	sm_require || return 0
	sm_world
	sm_cf standalone both
	sm_conf <<-'END'
		refusal = "No such list here"
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    domain "lists.lab.test" {
		        dedicated = true
		        redirect = { "postmaster=staff@lab.test" }
		    }
		    domain "lab.test" { redirect = { "webmaster=staff@lab.test" } }
		}
	END
	python3 "$top_srcdir/tests/pickles.py" "$sm_run/mailman/lists" <<-'END'
		list test lists.lab.test
		list foo lists.lab.test
		list foo-bounces lists.lab.test
		list club lab.test
		list a+b lists.lab.test
		list mailman lists.lab.test
	END
	sm_daemon first
	for map in virtuser mailertable; do
		form=$([ $map = virtuser ] && echo --standalone || :)
		sm_in "$(realpath "$LISTMAP")" -c /run/listmap.conf build \
		    $form text $map /run/sendmail/$map.text
	done
	sm_hash virtusertable <"$sm_run/sendmail/virtuser.text"
	sm_hash mailertable <"$sm_run/sendmail/mailertable.text"
}

teardown_file() {
	sm_end
}

# The pseudo domain is the tables' way to the mailer, and no part of where mail
# goes.
routes() {
	sm_route "$@" | sed 's/\.mailman\. >/. >/'
}

addresses() {
	local name domain

	for domain in lists.lab.test lab.test; do
		printf "%s@$domain\n" {test,foo,club,mailman}{,-request,-owner,-bounces,-confirm,-nope} \
		    {test,foo,club}-{bounces+u=dom.org,confirm+0123abc,bounces+A+b=C.org,bounces+} \
		    owner-{test,club} Test-Bounces+User=dom.org TEST-Request \
		    foo-bounces-owner foo-bounces-bounces+x nope games nope+x \
		    postmaster postmaster+x webmaster webmaster+x games+x \
		    a+b a+b-owner mailman-join owner-a+b
	done
	printf '%s\n' test@remote.test test@mx.lab.test
}

@test "3,0: the tables route as the daemon does" {
	mapfile -t all < <(addresses)
	[ "${#all[@]}" -gt 100 ]
	paste <(printf '%s\n' "${all[@]}") <(routes both "${all[@]}") \
	    >"$BATS_TEST_TMPDIR/daemon"
	paste <(printf '%s\n' "${all[@]}") <(routes standalone "${all[@]}") \
	    >"$BATS_TEST_TMPDIR/tables"
	diff "$BATS_TEST_TMPDIR/daemon" "$BATS_TEST_TMPDIR/tables"
	# and all three sorts are there
	for what in 'mailman \$@ lists.lab.test' 'mailman \$@ lab.test' \
	    'error \$@ 5.1.1' 'local \$:'; do
		grep -q "$what" "$BATS_TEST_TMPDIR/tables"
	done
}

@test "3,0: what the tables say" {
	sm_check sm_route standalone <<-'END'
	test@lists.lab.test	$# mailman $@ lists.lab.test $: test < @ lists.lab.test.mailman. >
	Test-Bounces+User=dom@lists.lab.test	$# mailman $@ lists.lab.test $: Test-Bounces + User=dom < @ lists.lab.test.mailman. >
	foo-bounces+u=dom@lists.lab.test	$# mailman $@ lists.lab.test $: foo-bounces + u=dom < @ lists.lab.test.mailman. >
	a+b@lists.lab.test	$# mailman $@ lists.lab.test $: a + b < @ lists.lab.test.mailman. >
	test+x@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 No such list here"
	club@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 No such list here"
	nope@lists.lab.test	$# error $@ 5.1.1 $: "550 5.1.1 No such list here"
	club-bounces+x@lab.test	$# mailman $@ lab.test $: club-bounces + x < @ lab.test.mailman. >
	test@lab.test	$# local $: test
	postmaster+x@lists.lab.test	$# local $: staff
	END
}
