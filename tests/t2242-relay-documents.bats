#!/usr/bin/env bats
# Every line of a table that the documents and the examples show, and every
# table that listmap builds: no client that may not relay does, whatever routes
# it writes into local parts.

load sendmail

: "${LISTMAP:=$top_builddir/listmap}"

setup_file() {
	sm_require || return 0
	sm_world
	mkdir "$sm_run/tables"
	python3 "$top_srcdir/tests/table_lines.py" "$sm_run/tables" \
	    "$top_srcdir"/doc/*.[1-8] "$top_srcdir"/doc/*.md \
	    "$top_srcdir/doc/listmap.conf.sample" "$top_srcdir/README.md" \
	    "$top_srcdir"/m4/sendmail/examples/*.mc
	sm_lists mailman dev club foo
	sm_conf <<-'END'
		site "lists" {
		    lists_dir = "/run/mailman/lists"
		    hosts = "any"
		    domain "lists.lab.test" { dedicated = true
		        redirect = { "postmaster=postmaster@lab.test" } }
		    domain "lab.test" {}
		}
		map "vulists" { role = "virtuser" }
		map "mtlists" { role = "mailertable" }
	END
	tables 0 0
	sm_hash access </dev/null
	sm_cf feature-access sequence standalone
	sm_daemon first
}

teardown_file() {
	sm_end
}

# Makes tables N of the virtusertable and M of the mailertable those in force.
tables() {
	sm_hash virtusertable <"$sm_run/tables/$1.virtusertable"
	sm_hash mailertable <"$sm_run/tables/$2.mailertable"
}

# Routes at the domains of the tables, and at DOMAIN, that CF takes, and that leave
# the host.
leaks() {
	local domain
	for domain in lists.lab.test lab.test ${2-}; do
		sed "s/DOM/$domain/g" "$top_srcdir/tests/sendmail/routes"
	done >"$BATS_TEST_TMPDIR/asked"
	sm_in python3 "$top_srcdir/tests/relay.py" "/run/sendmail/$1.cf" \
	    <"$BATS_TEST_TMPDIR/asked" >"$BATS_TEST_TMPDIR/said" ||
	    echo "no answers"
	grep -vP '\t(denied|later)\t|\ttaken\t(error|mailman|local) |\\@' \
	    "$BATS_TEST_TMPDIR/said" || :
}

@test "the documents show lines of all kinds" {
	grep -q $'^@lists\.lab\.test\t%1@' "$sm_run"/tables/*.virtusertable
	grep -q $'^@lists\.lab\.test\terror:' "$sm_run"/tables/*.virtusertable
	grep -q $'^@lab\.test\terror:' "$sm_run"/tables/*.virtusertable
	grep -q $'^lists\.lab\.test\tmailman:' "$sm_run"/tables/*.mailertable
	grep -q $'^lists\.lab\.test\tesmtp:\[' "$sm_run"/tables/*.mailertable
	[ "$(cat "$sm_run"/tables/* | wc -l)" -ge 12 ]
}

@test "FEATURE(listmap): none of them relays" {
	local n=0
	while [ -e "$sm_run/tables/$n.virtusertable" ]; do
		[ ! -e "$sm_run/tables/$n.mailertable" ] || last=$n
		tables $n $last
		[ -z "$(leaks feature-access | tee /dev/stderr)" ]
		n=$((n + 1))
	done
	[ $n -ge 2 ]
}

@test "stock tables before the daemon: none of them relays" {
	local n=0
	while [ -e "$sm_run/tables/$n.virtusertable" ]; do
		tables $n 0
		[ -z "$(leaks sequence lab.test.mailman | tee /dev/stderr)" ]
		n=$((n + 1))
	done
	[ $n -ge 2 ]
}

@test "stock tables without the daemon: the one that we warn of relays" {
	sm_hash virtusertable <<<'@lists.lab.test %1@lab.test'
	leaks standalone >"$BATS_TEST_TMPDIR/leaks"
	grep '^"victim@remote\.test"+x@lists\.lab\.test	taken	esmtp ' \
	    "$BATS_TEST_TMPDIR/leaks"
	[ -z "$(grep -v '"+' "$BATS_TEST_TMPDIR/leaks")" ]
}

@test "stock tables: a line for a whole domain hides its lists, as we say" {
	sm_hash virtusertable <<-'END'
		@lists.lab.test	error:nouser No such user
	END
	sm_hash mailertable </dev/null
	[ "$(sm_route sequence dev@lists.lab.test)" = \
	    '$# error $@ nouser $: No such user' ]
	sm_hash virtusertable </dev/null
	[[ $(sm_route sequence dev@lists.lab.test) = '$# mailman '* ]]
}

@test "listmap build --standalone: none of its lines relays" {
	local map form
	for map in virtuser mailertable; do
		form=$([ $map = virtuser ] && echo --standalone || :)
		sm_in "$(realpath "$LISTMAP")" -c /run/listmap.conf build $form \
		    text $map "/run/tables/built.${map%user}"
	done
	sm_hash virtusertable <"$sm_run/tables/built.virt"
	sm_hash mailertable <"$sm_run/tables/built.mailertable"
	[ -z "$(leaks standalone lab.test.mailman | tee /dev/stderr)" ]
}
