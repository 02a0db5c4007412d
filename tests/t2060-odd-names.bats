# Names of lists that Mailman gives no new list: older ones did, and a site may
# have its own ACCEPTABLE_LISTNAME_CHARACTERS.  And directories that look like
# lists and that no address leads to.

load lib

MM_HANDLER=${MM_HANDLER:-$top_builddir/mm-handler}

odd=("art&artists" "o'neil" "a~b" "~b" "a#b" "#b" "a%b" "a!b" "te st"
    'q"q' '"q"' 'back\slash' 'a$(id)' 'a;id' 'a|id' 'a*b' "müller" -dash '{x}' '$x' '(p)')

test_setup() {
	local account=

	[ "$(id -u)" != 0 ] || account='delivery_user = "nobody"'
	conf "" "$account data_dir = \"$T/data\"
	    mailer = \"mailman\""
	sed -i "s:/usr/lib/mailman/mail/mailman:$T/wrapper:" "$T/conf"
	# It keeps what it was called with.
	cat >"$T/wrapper" <<-'END'
	#!/bin/sh
	cat >/dev/null
	for a; do printf '%s\n' "$a"; done >"${0%/*}/called/last"
	END
	mkdir "$T/called"
	chmod 755 "$T/wrapper"
	chmod 777 "$T/called"
	mklist dev
}

listmap() {
	"$LISTMAP" -c "$T/conf" "$@"
}

# both ROLE KEY: the caches and the daemon say it is there; it is in $output.
both() {
	exits 0 query --direct "$@"
	exits 0 query "$@"
}

status_line() {
	query .status all | grep "	$1	"
}

misnamed_is() {
	status_line misnamed | grep -q "	$1 ("
}

@test "every name is a list's at every address, in every role but aliases" {
	mklist "${odd[@]}"
	start_daemon
	until_ok scanned_since 0
	for name in "${odd[@]}"; do
		for local in "$name" "$name-owner" "owner-$name" \
		    "$name-bounces+u=d.org"; do
			both listmap "$local@lists.example.org"
			says "mailman:lists.example.org"
			both recipients "$local@lists.example.org"
			both virtuser "$local@example.org"
			says "%1@example.org.mailman"
			both transport "$local@example.org"
			exits 1 query refusal "$local@lists.example.org"
		done
		exits 1 query recipients "$name-nosuch@lists.example.org"
	done
	# Upper case means the same.
	both recipients "ART&Artists@lists.example.org"
}

@test "every name is delivered to, without a shell" {
	mklist "${odd[@]}"
	for name in "${odd[@]}"; do
		exits 0 eval 'printf "Subject: x\n\nhello\n" |
		    "$MM_HANDLER" -c "$T/conf" -- lists.example.org \
		    "${name//\\/\\\\}-request"'
		printf 'request\n%s\n' "$name" | cmp - "$T/called/last"
	done
	# As sendmail writes a local part with a blank, or with a quote.
	exits 0 eval 'printf "Subject: x\n\nhello\n" | "$MM_HANDLER" \
	    -c "$T/conf" -- lists.example.org "q\\\"q"'
	printf 'post\nq"q\n' | cmp - "$T/called/last"
	exits 0 eval 'printf "Subject: x\n\nhello\n" | "$MM_HANDLER" \
	    -c "$T/conf" -- lists.example.org "\"te st\""'
	printf 'post\nte st\n' | cmp - "$T/called/last"
	exits 67 "$MM_HANDLER" -c "$T/conf" --test "n'osuch@lists.example.org"
}

@test "aliases: what a shell would run is left out, and is no answer" {
	mklist "${odd[@]}"
	start_daemon
	until_ok scanned_since 0
	listmap dump aliases >"$T/dump"
	listmap build text aliases "$T/table"
	listmap build cdb aliases "$T/aliases.cdb"
	for name in "${odd[@]}"; do
		[ "$name" != -dash ] || continue
		exits 75 query --direct aliases "$name-owner"
		exits 75 query aliases "$name"
	done
	both aliases -dash
	both aliases dev-owner
	grep -q "^# left out, for a shell .*: art&artists\$" "$T/dump"
	grep -q "^# left out, .*: o'neil\$" "$T/table"
	[ "$(grep -c '^# left out' "$T/dump")" = $((${#odd[@]} - 1)) ]
	grep -v '^#' "$T/dump" | not grep "art\|neil\|id)"
	grep -q '^dev-owner	' "$T/dump"
	not grep -a 'art&artists' "$T/aliases.cdb"
	status_line no_alias
	status_line no_alias | grep -qF "	$((${#odd[@]} - 1)) ("
	status_line no_alias | grep -qF "art&artists"
}

@test "aliases: diff does not miss what cannot be there" {
	mklist "art&artists"
	listmap rebuild
	listmap dump aliases | sed -n 's/	/: /p' >"$T/aliases"
	run listmap diff "$T/aliases"
	not says "art&artists"
	echo 'art&artists: "|/w post art&artists"' >>"$T/aliases"
	run listmap diff "$T/aliases"
	says "different: art&artists: "
}

@test "tables of lines: what no line can begin with is said" {
	mklist "te st" "#b" "art&artists" "\"q\""
	listmap rebuild
	for what in dump "build text"; do
		if [ "$what" = dump ]; then
			listmap dump virtuser >"$T/table"
		else
			listmap build text virtuser "$T/table"
		fi
		grep -qx "art&artists@example.org	%1@example.org.mailman" \
		    "$T/table"
		grep -q "^# left out, .*: te st@example.org\$" "$T/table"
		grep -q "^# left out, .*: #b-owner@example.org\$" "$T/table"
		not grep -q "^te	\|^#b" "$T/table"
	done
	listmap build cdb virtuser "$T/table.cdb"
	grep -qa "te st@example.org" "$T/table.cdb"
}

@test "sendmail's makemap and newaliases take these tables" {
	need makemap newaliases
	mklist "${odd[@]}"
	listmap rebuild
	listmap dump virtuser >"$T/virtuser"
	makemap -l >"$T/types"
	for type in hash cdb; do
		grep -qx $type "$T/types" || continue
		makemap $type "$T/table" <"$T/virtuser"
		makemap -u $type "$T/table" | sort >"$T/back"
		grep -v '^#' "$T/virtuser" | sort | diff - "$T/back"
		[ "$(grep -c artists "$T/back")" -gt 5 ]
	done
}

@test "Mailman 2.1: directories that no address leads to" {
	mklist Foo news_lists.example.org news_example.org dev@lists.example.org \
	    club@lists.example.org :colon $'a\nb' plain_name \
	    a:b '<x>' a,b
	mkdir "$T/lists/NoList"
	start_daemon
	until_ok misnamed_is 10
	status_line misnamed
	for name in "Foo (a list's name is all lower case: rename it)" \
	    "news_example.org (a hosting panel's name for" \
	    "club@lists.example.org (no list's name has an @: rename it" \
	    "dev@lists.example.org" "news_lists.example.org" ":colon" \
	    'a\x0Ab' a:b '<x>' a,b; do
		status_line misnamed | grep -qF "$name"
	done
	status_line misnamed | not grep "NoList\|plain_name"
	exits 0 listmap status
	says "misnamed       10 ("
	says "a hosting panel's name for NAME@DOMAIN: rename it to NAME), news_lists"
	until_ok logged "no address leads to 10 directories.*Foo (.*rename it)"
	status_is ok
	# They are counted and named once.
	listmap rebuild
	scans=$(query .status all | sed -n 's/.*	scans	//p')
	mklist other
	until_ok query recipients other@lists.example.org
	until_ok eval '[ "$(query .status all | sed -n "s/.*	scans	//p")" -gt "$scans" ]'
	logged_so_often 1 "no address leads to"
	# What such a list is asked for has no answer; the others are found.
	for address in news@lists.example.org news-owner@lists.example.org \
	    news-bounces+x@lists.example.org club@lists.example.org \
	    dev@lists.example.org@example.org a:b-owner@lists.example.org \
	    '<x>@lists.example.org' a,b@example.org; do
		exits 75 query recipients "$address"
		exits 75 query --direct recipients "$address"
		exits 75 "$MM_HANDLER" -c "$T/conf" --test "$address"
	done
	both recipients dev@lists.example.org
	both recipients plain_name@lists.example.org
	exits 1 query recipients nosuch@lists.example.org
	exits 67 "$MM_HANDLER" -c "$T/conf" --test nosuch@lists.example.org
	# Whoever lives at a shared domain may have the name before a panel's _.
	exits 1 query recipients news@example.org
	# Nothing of the filesystem is asked for foo; mail that is here waits.
	exits 75 "$MM_HANDLER" -c "$T/conf" --test foo@lists.example.org
	listmap dump recipients >"$T/dump"
	not grep -q "Foo\|colon\|dev@.*@" "$T/dump"
}

@test "Mailman 3: directories that no address leads to" {
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	site "lists" {
		mailman = "3"
		lists_dir = "$T/lists"
		settle = 0
		domain "lists.example.org" { dedicated = true }
		domain "example.org" {}
	}
	deadline = 25
	END
	rm -r "$T/lists/dev"
	mkdir "$T/lists/"{ok.lists.example.org,old@lists.example.org,x.example.net}
	mkdir "$T/lists/"{"o'neil.lists.example.org",user@example.org}
	start_daemon
	until_ok misnamed_is 3
	status_line misnamed
	status_line misnamed | grep -qF "old@lists.example.org"
	status_line misnamed | grep -qF "user@example.org"
	status_line misnamed | grep -qF "with a dot for the @"
	status_line misnamed | grep -qF "x.example.net (it ends with no domain"
	until_ok logged "no address leads to 3 directories"
	for address in old old-join old+x; do
		exits 75 query recipients "$address@lists.example.org"
	done
	exits 75 query recipients user@example.org
	both recipients ok@lists.example.org
	both recipients "o'neil-join@lists.example.org"
	exits 1 query recipients nosuch@lists.example.org
	exits 1 query recipients x@lists.example.org
	# Renamed as it is said, it is there.
	mv "$T/lists/old@lists.example.org" "$T/lists/old.lists.example.org"
	until_ok query recipients old@lists.example.org
	until_ok misnamed_is 2
}

@test "a list of an earlier directory that is misnamed is another site's" {
	mkdir "$T/new" "$T/new/dev@lists.example.org"
	sed -i "s|^site|site \"new\" { mailman = \"3\" lists_dir = \"$T/new\"\n\
	settle = 0 domain \"lists.example.org\" { dedicated = true } }\n&|" \
	    "$T/conf"
	listmap rebuild
	exits 0 query --direct listmap dev@lists.example.org
	says "mailman:lists.example.org"
	rm -r "$T/lists/dev"
	mklist other
	listmap rebuild
	exits 75 query --direct listmap dev@lists.example.org
}

@test "keys of the cache itself are no lists" {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" \
	    <<<"list club lists.example.org"
	listmap rebuild
	grep -qa ':host' "$T/cache/lists.cdb"
	python3 - "$T/cache/lists.cdb" >"$T/keys" <<-'END'
	import re, sys
	data = open(sys.argv[1], "rb").read()
	for key in set(re.findall(rb":[a-z]+[ :]?[a-z.]*", data)):
	    print(key.decode())
	END
	grep -q . "$T/keys"
	while IFS= read -r key; do
		exits 1 query --direct recipients "$key@lists.example.org"
	done <"$T/keys"
}
