# listmap diff: what becomes of the lines of hand-kept tables.

load lib

w=/usr/lib/mailman/mail/mailman

listmap() {
	"$LISTMAP" -c "$T/conf" "$@"
}

pickles() {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists"
}

# Two lists, each at its host; one more for real addresses of two sites.
test_setup() {
	pickles <<-END
	list foo lists.example.org
	list bar example.org
	list dev-announce lists.example.org
	list mailman lists.example.org
	END
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	site "lists" {
		lists_dir = "$T/lists"
		wrapper = "$w"
		domain "lists.example.org" {
			dedicated = true
			redirect = { "postmaster=p@example.org" }
		}
		domain "example.org" {}
		domain "example.net" { dedicated = true }
	}
	END
	any
	listmap rebuild
}

# The hosts of the lists are in the way where a table is about something else.
any() {
	sed -i 's/^wrapper = .*/&\nhosts = "any"/' "$T/conf"
}

separate() {
	sed -i '/hosts = "any"/d' "$T/conf"
}

# differ CODE FILE: as listmap's, what it said in $output, the lines that are
# not the same in $T/said.
differ() {
	exits "$1" listmap diff "$2"
	grep -v ": same: \|^[0-9]* same" <<<"$output" | sed "s:^$2\:::" \
	    >"$T/said" || :
}

# What is missing, a line for each address: one of listmap's is about a list.
each_missing() {
	python3 /dev/fd/9 9<<-'END' 3>&-
	import re, sys
	for line in sys.stdin:
	    m = re.search(r": missing: ([^:]+): list (\S+), (.*)", line)
	    at = m and "".join(m[1].partition("@")[1:])
	    for action in m[3].split(", ") if m else []:
	        print("missing %s%s" % (m[2] if action == "post" else
	                                m[2] + "-" + action, at))
	END
}

# verdicts EXPECTED: of what differ() found.
verdicts() {
	diff - "$T/said"
}

@test "an alias file of many lists with 30 lines that are not right" {
	put_lists
	rm "$T"/cache/*
	listmap rebuild
	python3 - "$TABLES/mailman-2.1/lists-small.expected.tsv" "$T" "$w" <<-'END'
	import random, sys
	seen = {}
	for line in open(sys.argv[1]):
	    if line.startswith("#") or "@" not in line:
	        continue
	    address, action, name = line.rstrip("\n").split("\t")[:3]
	    seen.setdefault(address.rpartition("@")[0], []).append(
	        (action, name))
	lines = []
	for local, answers in sorted(seen.items()):
	    action, name = sorted(set(answers),
	                          key=lambda a: a != ("post", local))[0]
	    lines.append((local, '"|%s %s %s"' % (sys.argv[3], action, name)))
	random.seed(3)
	order = random.sample(range(len(lines)), 20)
	gone, other = order[:10], order[10:]
	want = []
	with open(sys.argv[2] + "/right", "w") as f:
	    f.writelines('%s:\t%s\n' % l for l in lines)
	with open(sys.argv[2] + "/wrong", "w") as f:
	    n = 0
	    for i, (local, value) in enumerate(lines):
	        if i in gone:
	            want.append("missing %s" % local)
	            continue
	        n += 1
	        if i in other:
	            value = value.replace(sys.argv[3], "/usr/bin/other")
	            want.append("different %s %d" % (local, n))
	        f.write("%s: %s\n" % (local, value))
	    for i in range(10):
	        want.append("not a list's hand%d %d" % (i, n + i + 1))
	        f.write("hand%d: someone\n" % i)
	with open(sys.argv[2] + "/want", "w") as f:
	    f.writelines(l + "\n" for l in sorted(want))
	END
	[ "$(wc -l <"$T/want")" = 30 ]
	# Of the lists that Mailman could not load no alias file says anything.
	exits 0 listmap diff "$T/right"
	each_missing <<<"$output" >"$T/unloadable"
	[ "$(wc -l <"$T/unloadable")" -gt 10 ]
	not grep -v '^missing z-\|mailman-loop' "$T/unloadable"
	not grep ": different: \|: not a list" <<<"$output"
	exits 1 listmap diff "$T/wrong"
	{
		grep ": different: \|: not a list's: " <<<"$output" |
		    sed -E "s!^$T/wrong:([0-9]+): ([^:]*): ([^:]*):.*!\2 \3 \1!"
		each_missing <<<"$output" | grep -vxFf "$T/unloadable"
	} | sort | diff "$T/want" -
}

@test "the same: 0, and what it is the same as" {
	listmap dump aliases | sed 's/\t/: /' >"$T/aliases"
	exits 0 listmap diff "$T/aliases"
	says "aliases:1: same: "
	says ": same: foo-request: list foo, request"
	says " 0 different, 0 not a list's, 0 missing, 0 newly refused"
	not grep -v ": same: \|^[0-9]* same" <<<"$output"
	# the forms that Mailman never wrote need not be there
	sed -i '/^owner-\|^mailman-loop/d' "$T/aliases"
	exits 0 listmap diff "$T/aliases"
	# from standard input
	exits 0 listmap diff - <"$T/aliases"
}

# table FORM...: an alias file of all but foo's request, and these lines.
table() {
	listmap dump aliases | sed 's/\t/: /; /^foo-request:/d' >"$T/aliases"
	count=$(wc -l <"$T/aliases")
	printf '%b' "$1" >>"$T/aliases"
}

@test "aliases: quotes, continued lines, comments, CRLF, case" {
	for form in "foo-request: \"|$w request foo\"\n" \
	    "foo-request: |$w request foo\n" \
	    "\"foo-request\":\"|$w request foo\"" \
	    "Foo-Request  :\t \"|$w request foo\"  \n" \
	    "foo-request:\n\t\"|$w request foo\"\n" \
	    "foo-request:\n# a comment\n\n \"|$w request foo\"\n" \
	    "foo-request: \"|$w request foo\"\r\n"; do
		table "$form"
		differ 0 "$T/aliases"
	done
	table "foo-request: \"|$w request bar\"\nhand: a,\n  b\n# foo: x\n"
	differ 1 "$T/aliases"
	verdicts <<-END
	$((count + 1)): different: foo-request: listmap: list foo, request; here: "|$w request bar"
	$((count + 2)): not a list's: hand: a, b
	END
	table "foo-request: \"|$w -x request foo\"\n"
	differ 1 "$T/aliases"
	says "different: foo-request"
	# CRLF all over
	table "foo-request: \"|$w request foo\"\n"
	sed -i 's/$/\r/' "$T/aliases"
	differ 0 "$T/aliases"
}

@test "aliases: a line that is missing" {
	table ""
	differ 0 "$T/aliases"
	verdicts <<-END
	 missing: foo-request: list foo, request
	END
	says " 1 missing"
}

@test "aliases: what is missing of one list is one line" {
	listmap dump aliases | sed 's/\t/: /; /^foo\|^bar-[al]/d' \
	    >"$T/aliases"
	differ 0 "$T/aliases"
	verdicts <<-END
	 missing: bar-admin: list bar, admin, leave
	 missing: foo: list foo, post, admin, bounces, confirm, join, leave, owner, request, subscribe, unsubscribe
	END
	says " 12 missing"
	not grep '^$' <<<"$output"
	[ "${lines[0]#* same}" = ", 0 different, 0 not a list's, 12 missing, 0 newly refused, 0 left to sendmail, 0 without an answer" ]
}

@test "aliases: which addresses the hosts of the lists would refuse" {
	separate
	listmap dump aliases | sed 's/\t/: /' >"$T/aliases"
	# Of the dedicated domains, where a file without hosts has them all.
	differ 1 "$T/aliases"
	not grep -v ": newly refused: \|: left to sendmail: " "$T/said"
	grep -q ": newly refused: foo@example.net: the list has another host" \
	    "$T/said"
	grep -q ": newly refused: bar-leave@lists.example.org: " "$T/said"
	not grep "foo[-a-z]*@lists.example.org\| bar[-a-z]*@example.org" \
	    "$T/said"
	not grep " mailman@" "$T/said"
	# 10 for each of 3 at example.net, of bar at lists.example.org, and
	# owner-NAME; of the site list what is not everywhere.
	[ "$(grep -c "@example.net" "$T/said")" = $((3 * 11 + 7)) ]
	[ "$(grep -c "bar[-a-z]*@lists.example.org" "$T/said")" = 11 ]
}

@test "aliases: a line is not the same where a shared domain needs it" {
	separate
	sed -i 's/domain "example.org" {}/&\ndomain "example.com" {}/
		s/domain "example.net" .*//
		/dedicated/d; /redirect/d' "$T/conf"
	echo "test: \"|$w post test\"" >"$T/table"
	echo "list test example.org" | pickles
	listmap rebuild
	text='the list has another host (hosts = "any" would take it)'
	exits 1 listmap diff "$T/table"
	grep ":1: " <<<"$output" | diff - <(cat <<-END
	$T/table:1: left to sendmail: test@example.com: $text
	$T/table:1: left to sendmail: test@lists.example.org: $text
	END
	)
	says "0 same, 0 different, "
	says " 0 newly refused, 2 left to sendmail, "
	# That is what becomes of it.
	exits 1 listmap query --direct listmap test@example.com
	exits 0 listmap query --direct listmap test@example.org
	# Another wrapper's line is different, too.
	sed -i "s:$w:/other:" "$T/table"
	exits 1 listmap diff "$T/table"
	says ":1: different: test: listmap: list test, post; here: "
	says ":1: left to sendmail: test@example.com: $text"
	sed -i "s:/other:$w:" "$T/table"
	any
	exits 0 listmap diff "$T/table"
	says ":1: same: test: list test, post"
	not grep "left to sendmail:" <<<"$output"
}

@test "aliases: a dedicated domain refuses with the line and without it" {
	separate
	echo "bar: \"|$w post bar\"" >"$T/table"
	exits 1 listmap diff "$T/table"
	says ":1: newly refused: bar@lists.example.org: "
	says ":1: newly refused: bar@example.net: "
	says ":1: same: bar: list bar, post"
	says " 2 newly refused, 0 left to sendmail, "
}

@test "aliases: a shared domain of another site, a name of a domain" {
	separate
	mkdir "$T/more"
	alias='domain "e.org" { alias = "example.org" }'
	sed -i "s/domain \"example.org\" {}/&\\n$alias/" "$T/conf"
	cat >>"$T/conf" <<-END
	site "more" {
		lists_dir = "$T/more"
		domain "example.com" {}
	}
	END
	echo "list other example.com" | python3 \
	    "$top_srcdir/tests/pickles.py" "$T/more"
	listmap rebuild
	echo "bar: \"|$w post bar\"" >"$T/table"
	differ 1 "$T/table"
	grep ': left to' "$T/said" | diff - <(cat <<-END
	1: left to sendmail: bar@example.com: the list is not of a site of that domain
	END
	)
	echo "foo: \"|$w post foo\"" >"$T/table"
	differ 1 "$T/table"
	grep -q "1: left to sendmail: foo@e.org: the list has another" \
	    "$T/said"
	grep -q "1: left to sendmail: foo@example.org: the list has another" \
	    "$T/said"
}

@test "aliases: hosts that only lists name are nobody's domains" {
	separate
	sed -i 's/domain "example.net" .*/discover = true/' "$T/conf"
	echo "list far elsewhere.example.net" | pickles
	listmap rebuild
	echo "bar: \"|$w post bar\"" >"$T/table"
	exits 1 listmap diff "$T/table"
	not grep "@elsewhere" <<<"$output"
}

@test "virtusertable: to an alias, to a pseudo domain, to an address" {
	cat >"$T/table" <<-END
	# comment
	foo@lists.example.org		foo
	Foo-Request@LISTS.example.org	foo-request
	foo-owner@lists.example.org	owner-foo
	foo-bounces@lists.example.org	%1@lists.example.org.mailman
	foo-admin@lists.example.org	foo-admin@lists.example.org
	foo-leave@lists.example.org	foo-join
	foo-join@lists.example.org	%1@elsewhere.example.com
	postmaster@lists.example.org	p@example.org
	someone@example.org		user
	@example.org			catchall
	nosuch@lists.example.org	error:nouser No such list
	hand@lists.example.org		staff@example.org
	a@other.org			b
	END
	exits 1 listmap diff "$T/table"
	grep -v ": missing: \|^[0-9]* same" <<<"$output" | sed "s:^$T/table\:::" \
	    >"$T/said"
	verdicts <<-END
	2: same: foo@lists.example.org: list foo, post
	3: same: foo-request@lists.example.org: list foo, request
	4: same: foo-owner@lists.example.org: list foo, owner
	5: same: foo-bounces@lists.example.org: list foo, bounces
	6: same: foo-admin@lists.example.org: list foo, admin
	7: different: foo-leave@lists.example.org: listmap: list foo, leave; here: foo-join
	8: different: foo-join@lists.example.org: listmap: list foo, join; here: %1@elsewhere.example.com
	9: same: postmaster@lists.example.org: redirect to p@example.org
	10: not a list's: someone@example.org: user
	11: not a list's: @example.org: catchall
	12: same: nosuch@lists.example.org: refused
	13: not a list's: hand@lists.example.org: staff@example.org
	14: not a list's: a@other.org: b
	END
	# only of domains that the table is about
	says ": missing: bar@lists.example.org: list bar, post, admin, "
	says ": missing: bar@example.org: list bar, post, admin, "
	says ": missing: foo-confirm@lists.example.org: list foo, confirm, "
	not grep "missing: .*@example.net" <<<"$output"
}

@test "virtusertable: every line of a dump is the same" {
	separate
	listmap dump virtuser >"$T/table"
	# A redirect alone makes the table one about a dedicated domain.
	differ 0 "$T/table"
	not grep -v "missing: .*@lists.example.org: list" "$T/said"
	sed -i '/^postmaster@/d' "$T/table"
	differ 0 "$T/table"
	listmap build --standalone text virtuser "$T/table"
	differ 0 "$T/table"
}

@test "virtusertable: what the hosts of the lists would refuse" {
	separate
	cat >"$T/table" <<-END
	foo@lists.example.org	foo
	foo@example.net	foo
	foo@example.org	foo
	bar-admin@lists.example.org	bar-admin
	END
	exits 1 listmap diff "$T/table"
	grep -v ": missing: \|^[0-9]* same" <<<"$output" | sed "s:^$T/table\:::" \
	    >"$T/said"
	text='the list has another host (hosts = "any" would take it)'
	verdicts <<-END
	1: same: foo@lists.example.org: list foo, post
	2: newly refused: foo@example.net: $text
	3: left to sendmail: foo@example.org: $text
	4: newly refused: bar-admin@lists.example.org: $text
	END
	any
	exits 0 listmap diff "$T/table"
	not grep "newly refused:\|left to sendmail:" <<<"$output"
}

@test "mailertable: domains, pseudo domains, others" {
	cat >"$T/table" <<-END
	lists.example.org	mailman:lists.example.org
	Example.net		mailman:EXAMPLE.net
	example.org.mailman	mailman:example.org
	example.org		esmtp:[127.0.0.1]
	END
	differ 0 "$T/table"
	verdicts <<-END
	4: not a list's: example.org: esmtp:[127.0.0.1]
	END
	sed -i '1s/:.*/:other.example.org/; 4d' "$T/table"
	differ 1 "$T/table"
	verdicts <<-END
	1: different: lists.example.org: listmap: mailman:lists.example.org; here: mailman:other.example.org
	END
	listmap dump mailertable >"$T/table"
	differ 0 "$T/table"
}

@test "several files, each with its name" {
	listmap dump mailertable >"$T/one"
	listmap dump aliases | sed 's/\t/: /' >"$T/two"
	exits 0 listmap diff "$T/one" "$T/two"
	says "$T/one:1: same: "
	says "$T/two:1: same: "
	echo "hand: x" >>"$T/two"
	exits 0 listmap diff "$T/two" "$T/one"
}

@test "an empty file, no file, no argument, no lists" {
	: >"$T/empty"
	exits 0 listmap diff "$T/empty"
	says "0 same, 0 different, 0 not a list's, 0 missing"
	printf '# comment\n\n' >"$T/empty"
	exits 0 listmap diff "$T/empty"
	exits 66 listmap diff "$T/nosuch"
	says "$T/nosuch: No such file"
	exits 66 listmap diff "$T/lists"
	says "$T/lists: Is a directory"
	exits 64 listmap diff
	listmap dump aliases | sed 's/\t/: /' >"$T/aliases"
	rm "$T"/cache/*
	mv "$T/lists" "$T/away"
	exits 75 listmap diff "$T/aliases"
}

@test "several files share the lists: only what none has is missing" {
	listmap dump aliases | sed 's/\t/: /' >"$T/all"
	head -n 8 "$T/all" >"$T/some"
	tail -n +9 "$T/all" >"$T/rest"
	exits 0 listmap diff "$T/some" "$T/rest"
	says " 0 missing"
	sed -i 1d "$T/rest"
	exits 0 listmap diff "$T/some" "$T/rest"
	says " 1 missing"
}
