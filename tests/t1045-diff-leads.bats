# listmap diff: lines are judged by where they lead, as an administrator with
# an old alias file meets them.

load lib

w=/usr/lib/mailman/mail/mailman
any_hint='the list has another host (hosts = "any" would take it)'

listmap() {
	"$LISTMAP" -c "$T/conf" "$@"
}

pickles() {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists"
}

# dev is at the dedicated domain, club at the shared one.
test_setup() {
	pickles <<-END
	list dev lists.example.org
	list club example.org
	list mailman lists.example.org
	END
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	site "lists" {
		lists_dir = "$T/lists"
		data_dir = "$T/data"
		wrapper = "$w"
		domain "lists.example.org" { dedicated = true }
		domain "example.org" {}
	}
	END
	mkdir "$T/data"
	listmap rebuild
}

# only: hosts = "any", for tests that are not about hosts.
any() {
	sed -i 's/^wrapper = .*/&\nhosts = "any"/' "$T/conf"
}

# differ CODE FILE...: the lines of the first one are in $T/said, without what
# is missing and without the sums, which come first.
differ() {
	local code=$1

	shift
	exits "$code" listmap diff --no-missing "$@"
	[[ ${lines[0]} =~ ^[0-9]+" same, "[0-9]+" different, " ]]
	not grep ": missing: " <<<"$output"
	tail -n +2 <<<"$output" | sed "s:^$1\:::" >"$T/said"
}

verdicts() {
	diff - "$T/said"
}

@test "an address that leads elsewhere is not the list of another host" {
	cat >"$T/table" <<-END
	club@lists.example.org joe@elsewhere.example
	club-owner@lists.example.org club-request@example.org
	club-request@lists.example.org club-request
	club-join@lists.example.org club-join@example.org
	dev@example.org joe
	dev-admin@example.org dev-admin
	END
	differ 1 "$T/table"
	verdicts <<-END
	note: hosts = "any" would take mail of lines that are not a list's: $T/table:1, $T/table:2, $T/table:5
	1: not a list's: club@lists.example.org: joe@elsewhere.example
	2: not a list's: club-owner@lists.example.org: club-request@example.org
	3: newly refused: club-request@lists.example.org: $any_hint
	4: newly refused: club-join@lists.example.org: $any_hint
	5: not a list's: dev@example.org: joe
	6: left to sendmail: dev-admin@example.org: $any_hint
	END
	# Without such a hint there is nothing to be warned of.
	sed -i '3,4d; 6d' "$T/table"
	differ 0 "$T/table"
	not grep "^note\|newly refused\|left to" "$T/said"
}

@test "an alias that leads elsewhere is not the list of another host" {
	echo "club: joe@elsewhere.example" >"$T/aliases"
	differ 1 "$T/aliases"
	verdicts <<-END
	1: different: club: listmap: list club, post; here: joe@elsewhere.example
	END
}

@test "the same command, however it is written" {
	mkdir -p "$T/opt/mail" "$T/bin"
	printf '#!/bin/sh\n' >"$T/opt/mail/mailman"
	cp "$T/opt/mail/mailman" "$T/opt/mail/other"
	ln -s ../opt/mail/mailman "$T/bin/link"
	ln "$T/opt/mail/mailman" "$T/bin/hard"
	ln -s opt "$T/local"
	sed -i "s:$w:$T/opt/mail/mailman:" "$T/conf"
	any
	for program in opt/mail/mailman opt//mail/../mail/mailman bin/link \
	    bin/hard local/mail/mailman; do
		c="$T/$program post dev"
		for form in "\"|$c\"" "|\"$c\"" "\"| $c\"" "| $c" "|$c" \
		    "\"|'$T/$program' post dev\"" "|$T/$program  post	dev" \
		    "\"|exec $c\"" "\"|$c\", \"|$c\"" "\"|$c\"," \
		    "\"|$c\" (the list, really)" "(x) \"|$c\""; do
			echo "dev: $form" >"$T/aliases"
			differ 0 "$T/aliases"
			verdicts <<<"1: same: dev: list dev, post"
		done
	done
	c="$T/opt/mail/mailman post dev"
	for form in "\"|$T/opt/mail/other post dev\"" \
	    "\"|$T/opt/mail/mailman post\"" "\"|$c x\"" "\"|$c; true\"" \
	    "\"|$c >/dev/null\"" "\"|$c &\"" "\"|/bin/tee x | $c\"" \
	    "\"|$T/opt/mail/mailman owner dev\"" "\"|$c\", joe" "$c" \
	    "\"|$T/opt/mail/mailman post Dev\"" "\"|$c\", \"|/bin/archive\"" \
	    "\"|$T/opt/mail/mailman nosuch dev\"" "\\dev" "" "|" "\"|\"" \
	    ":include:$T/nosuch" "/var/mail/dev" "dev" "error:nouser no"; do
		echo "dev: $form" >"$T/aliases"
		differ 1 "$T/aliases"
		grep -q "^1: different: dev: listmap: list dev, post; here: " \
		    "$T/said"
		not grep "^1: same" "$T/said"
	done
}

@test "aliases of aliases, addresses, files of addresses" {
	any
	printf '# x\n\ndev-request@lists.example.org\n' >"$T/included"
	cat >"$T/aliases" <<-END
	dev-owner: "|$w owner dev"
	owner-dev: dev-owner
	dev-request: dev-request@lists.example.org
	dev-join: dev-subscribe@example.org
	dev-leave: Leave <dev-leave@LISTS.example.org>
	dev-bounces: "|$w bounces dev"
	dev-bounces+*: dev-bounces
	dev-admin: a1
	a1: a2
	a2: a3, a3
	a3: "|$w admin dev"
	dev: b1
	b1: b2
	b2: b1
	dev-confirm: dev-confirm
	dev-subscribe: dev-subscribe@localhost
	club: "|$w post club", club-archive
	club-archive: /var/archive
	club-owner: "joe"
	club-request: :include:$T/included
	dev-unsubscribe: "|$w unsubscribe dev", dev-unsubscribe@example.org
	mailman-loop: $T/data/../data/owner-bounces.mbox
	END
	: >"$T/data/owner-bounces.mbox"
	differ 1 "$T/aliases"
	grep -v ": not a list's: " "$T/said" | sed 's/ *$//' >"$T/s"
	mv "$T/s" "$T/said"
	verdicts <<-END
	1: same: dev-owner: list dev, owner
	2: same: owner-dev: list dev, owner
	3: same: dev-request: list dev, request
	4: different: dev-join: listmap: list dev, join; here: dev-subscribe@example.org
	5: same: dev-leave: list dev, leave
	6: same: dev-bounces: list dev, bounces
	7: same: dev-bounces+*: list dev, bounces
	8: same: dev-admin: list dev, admin
	12: different: dev: listmap: list dev, post; here: b1 (a circle: b1)
	15: different: dev-confirm: listmap: list dev, confirm; here: dev-confirm (a circle: dev-confirm)
	16: different: dev-subscribe: listmap: list dev, subscribe; here: dev-subscribe@localhost (a circle: dev-subscribe)
	17: different: club: listmap: list club, post; here: "|$w post club", club-archive (list club, post; /var/archive)
	19: different: club-owner: listmap: list club, owner; here: "joe"
	20: different: club-request: listmap: list club, request; here: :include:$T/included (list dev, request)
	21: same: dev-unsubscribe: list dev, unsubscribe
	22: same: mailman-loop: list mailman, loop
	END
}

@test "a chain of a thousand aliases, and one without an end" {
	any
	{
		echo "dev: x1"
		for i in $(seq 1 999); do
			echo "x$i: x$((i + 1))"
		done
		echo "x1000: \"|$w post dev\""
		echo "club: y1"
		for i in $(seq 1 12); do
			echo "y$i: y$((i + 1)), y$((i + 1)), z$i"
		done
	} >"$T/aliases"
	differ 1 "$T/aliases"
	# sendmail itself follows no more than ten.
	grep -q "^1: different: dev: .* (more than 10 aliases deep)" "$T/said"
	grep -q ": different: club: " "$T/said"
}

@test "virtusertable: details, and what aliases and tables say together" {
	any
	cat >"$T/table" <<-END
	dev-bounces+*@lists.example.org dev-bounces%3@lists.example.org
	dev-confirm+*@lists.example.org %1%3@lists.example.org.mailman
	dev-bounces++@lists.example.org %1+%2@lists.example.org
	dev-bounces+*@example.org %1@lists.example.org
	club-bounces+*@example.org dev-bounces%3@lists.example.org
	dev+*@lists.example.org dev%3@lists.example.org
	dev@lists.example.org the-dev
	dev-owner@lists.example.org dev-owner@old.example.org
	dev-owner@old.example.org dev-owner
	dev-join@lists.example.org dev-join
	club@example.org dev-owner@old.example.org
	END
	cat >"$T/aliases" <<-END
	the-dev: "|$w post dev"
	dev-join: joe
	END
	differ 1 "$T/table" "$T/aliases"
	sed -i "/^$(sed 's:/:\\/:g' <<<"$T")/d" "$T/said"
	verdicts <<-END
	1: same: dev-bounces+*@lists.example.org: list dev, bounces
	2: same: dev-confirm+*@lists.example.org: list dev, confirm
	3: same: dev-bounces++@lists.example.org: list dev, bounces
	4: same: dev-bounces+*@example.org: list dev, bounces
	5: different: club-bounces+*@example.org: listmap: list club, bounces; here: dev-bounces%3@lists.example.org
	6: not a list's: dev+*@lists.example.org: dev%3@lists.example.org
	7: same: dev@lists.example.org: list dev, post
	8: same: dev-owner@lists.example.org: list dev, owner
	9: needs a domain: dev-owner@old.example.org: dev-owner is list dev, owner: write dev-owner@example.org
	10: different: dev-join@lists.example.org: listmap: list dev, join; here: dev-join (joe)
	11: different: club@example.org: listmap: list club, post; here: dev-owner@old.example.org (list dev, owner)
	END
}

@test "a name without a domain, in a line that stays, needs one" {
	cat >"$T/aliases" <<-END
	staff: club, joe
	club: "|$w post club"
	all: staff, dev@lists.example.org
	chief: dev-owner
	include: :include:$T/some
	END
	echo "club-request" >"$T/some"
	differ 1 "$T/aliases"
	grep -v ": same: \|newly refused" "$T/said" >"$T/s"
	mv "$T/s" "$T/said"
	verdicts <<-END
	1: needs a domain: staff: club is list club, post: write club@example.org
	3: not a list's: all: staff, dev@lists.example.org
	4: needs a domain: chief: dev-owner is list dev, owner: write dev-owner@lists.example.org
	5: needs a domain: include: club-request is list club, request: write club-request@example.org
	END
}

@test "a catch-all that refuses stops the senders of list domains" {
	cat >"$T/table" <<-END
	dev@lists.example.org dev
	@lists.example.org error:nouser No such user here
	@example.org error:5.1.1:550 No such user here
	@other.example error:nouser No such user here
	nosuch@lists.example.org error:nouser No such user here
	END
	differ 1 "$T/table"
	verdicts <<-END
	1: same: dev@lists.example.org: list dev, post
	2: stops senders: @lists.example.org: error:nouser No such user here: without FEATURE(listmap) MAIL FROM of lists gets this; delete it before the lists' lines, listmap refuses what is no list
	3: stops senders: @example.org: error:5.1.1:550 No such user here: with neither FEATURE(listmap) nor the role virtuser MAIL FROM of lists gets this; see that one of the two is in use
	4: not a list's: @other.example: error:nouser No such user here
	5: same: nosuch@lists.example.org: refused
	END
	says ", 2 that stop senders"
	# What listmap itself writes has the senders' lines before it.
	listmap build --standalone text virtuser "$T/table"
	differ 0 "$T/table"
	not grep "stops" "$T/said"
}

@test "files that are no tables are named for what they are" {
	refused() {
		exits 65 listmap diff "$T/file"
		says "$T/file: $1"
		[ "${#lines[@]}" = 1 ]
	}
	printf 'root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/bin/sh\n' \
	    >"$T/file"
	refused "this is a passwd(5) file"
	printf 'root:x:0:\nlist:x:38:joe,jim\nmail:x:8:\n' >"$T/file"
	refused "this is a group(5) file"
	printf 'root:$6$secret:20228:0:99999:7:::\nlist:*:1:0:9:7:::\n' \
	    >"$T/file"
	refused "this is a shadow(5) file"
	not says "secret" >/dev/null
	listmap build cdb recipients "$T/file.cdb"
	mv "$T/file.cdb" "$T/file"
	refused "this is a CDB"
	says "cdb -d -m"
	if command -v makemap >/dev/null && makemap -l | grep -qx hash; then
		listmap dump recipients | makemap hash "$T/hash" 2>/dev/null
		mv "$T/hash.db" "$T/file"
		refused "this is a Berkeley DB"
		says "makemap -u"
	fi
	printf 'a: b\0c\n' >"$T/file"
	refused "this is no text"
	printf '\x1f\x8b\x08\0\0' >"$T/file"
	refused "this is no text"
	printf 'lists.example.org\nexample.org\nmx.example.org\n' >"$T/file"
	refused "line 1 has a key and no value"
	printf 'Connect:1.2.3.4 RELAY\nlists.example.org RELAY\nx REJECT\n' \
	    >"$T/file"
	refused "this is an access table"
	cp "$T/conf" "$T/file"
	exits 65 listmap diff "$T/file"
	# As a CDB is told to be given:
	listmap build cdb virtuser "$T/v.cdb"
	if command -v cdb >/dev/null; then
		exits 0 listmap diff - < <(cdb -d -m "$T/v.cdb")
		says "club@example.org: list club, post"
	fi
}

@test "an alias database, given as praliases and makemap -u print it" {
	any
	listmap dump aliases >"$T/tabs"
	differ 0 "$T/tabs"
	not grep -v ": same: " "$T/said"
	sed 's/	/:/' "$T/tabs" >"$T/colons"
	echo "@:@" >>"$T/colons"
	differ 0 "$T/colons"
	not grep -v ": same: " "$T/said"
}

@test "an old file: first line, blanks, BOM, CR, quotes, comments, no end" {
	any
	printf '\xef\xbb\xbf# Aliases\r\nroot@localhost root\r\n\tx\r\n' >"$T/old"
	{
		echo "MAILER-DAEMON: postmaster"
		echo "Dev-Owner   :	\"|$w owner dev\"   "
		echo '"dev-request":'
		echo "    \"|$w request dev\""
		echo "dev-admin:\\"
		echo "this is no line of an alias file"
		echo "a , b: c"
		echo "\"quoted name\": joe"
		echo "\"unclosed: joe"
		echo "dev@lists.example.org: \"|$w post dev\""
		echo "postmaster: root,"
		echo "	jim"
		printf 'club: "|%s post club"' "$w"
	} >>"$T/old"
	differ 1 "$T/old"
	sed -i 's/ *$//' "$T/said"
	verdicts <<-END
	2: not understood: root@localhost root: x
	4: not a list's: mailer-daemon: postmaster
	5: same: dev-owner: list dev, owner
	6: same: dev-request: list dev, request
	8: different: dev-admin: listmap: list dev, admin; here: \\
	9: not understood: this is no line of an alias file
	10: not understood: a , b: c
	11: not a list's: quoted name: joe
	12: not understood: "unclosed: joe
	13: same: dev@lists.example.org: list dev, post
	14: not a list's: postmaster: root, jim
	16: same: club: list club, post
	END
}

@test "3,000 lines of twenty years" {
	any
	python3 - "$T" "$w" <<-'END' 3>&-
	import random, sys
	random.seed(20)
	suffixes = ["-admin", "-bounces", "-confirm", "-join", "-leave",
	            "-owner", "-request", "-subscribe", "-unsubscribe"]
	lines = ["# Aliases", "", "mailer-daemon: postmaster", "root: joe"]
	for i in range(150):
	    name = "old%03d" % i
	    print("list %s lists.example.org" % name)
	    for s in [""] + suffixes:
	        cmd = "%s %s %s" % (sys.argv[2], s[1:] or "post", name)
	        form = random.choice(['"|%s"', '|%s', '"| %s"', '|"%s"'])
	        lines.append("%s%s:%s%s" % (name, s, random.choice(
	            [" ", "\t", "\t\t"]), form % cmd))
	    lines.append("owner-%s: %s-owner" % (name, name))
	for i in range(3000 - len(lines)):
	    lines.append("user%04d: \\user%04d, u%d@home.example" % (i, i, i))
	open(sys.argv[1] + "/aliases", "w").write("\n".join(lines) + "\n")
	END
	python3 - <<-'END' 3>&- | pickles
	for i in range(150):
	    print("list old%03d lists.example.org" % i)
	END
	listmap rebuild
	differ 0 "$T/aliases"
	says "1650 same, 0 different, 1348 not a list's, 30 missing, 0 newly"
	exits 0 listmap diff "$T/aliases"
	[ "$(grep -c ": missing: " <<<"$output")" = 3 ]
}
