# Directories of Mailman 3.3.8, and what its LMTP server answered while
# they were there: each address has that answer here.  And what needs no more
# than directories.

load lib

# Names as Mailman's own client would write them; sendmail takes quotes,
# comments and routes away before it asks.
SYNTAX='["(]\|^[-+]@relay'

unpack() {
	put_data mailman-3 "$T"
}

all_domains='domain "example.org" {} domain "lists.example.org" {}
    domain "example.net" {} domain "lists.example.net" {}
    domain "upper.example.com" {} domain "edu.example" {}
    domain "alias.edu.example" { alias = "edu.example" }'

# data_conf [DOMAINS [SITE]]
data_conf() {
	cat >"$T/conf" <<-EOT
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	site "three" {
		mailman = "3"
		lists_dir = "$T/var/lists"
		${2:-}
		${1:-}
	}
	EOT
}

differs() {
	python3 "$top_srcdir/tests/lmtp_expected.py" \
	    "$TABLES/mailman-3/expected.tsv" "$LISTMAP" -c "$T/conf" query "$@" 3>&- |
	    grep -v -e "$SYNTAX" | sort
}

nothing_differs() {
	[ -z "$(differs "$@")" ]
}

# The few that no directory tells: splits, leftovers, and, without a directory
# of that name, a renamed list and one that lost its own.
only_untold_differs() {
	differs "$@" >"$T/differs"
	cat "$T/differs"
	sed 's/-\(bounces+u=example.com\|confirm\|leave\|request\|subscribe\)@/@/' \
	    "$T/differs" | LC_ALL=C sort -u >"$T/names"
	diff "$T/names" - <<-END
	+a.b.c.lists@example.org
	+announce.lists@example.org
	+dev@lists.example.net
	+nopostmap@lists.example.org
	+oldname@example.net
	+test.lists@example.org
	-newname@lists.example.net
	-nodir@lists.example.org
	END
}

@test "with Mailman's files, domains named" {
	unpack
	data_conf "$all_domains"
	start_daemon
	until_ok nothing_differs || differs
	nothing_differs
	nothing_differs --direct
	exits 0 "$LISTMAP" -c "$T/conf" status
	says "directory 0, and postfix_lmtp 39, postfix_lmtp alone 2"
	says "directories 4, of postfix_lmtp 0"
}

@test "with Mailman's files, no domain named" {
	unpack
	data_conf
	"$LISTMAP" -c "$T/conf" rebuild
	# Of a leftover that was touched just now it cannot be told.
	until_ok nothing_differs --direct || differs --direct
	nothing_differs --direct
	exits 0 "$LISTMAP" -c "$T/conf" dump domains
	[ -z "$output" ]
	exits 0 query -v --direct recipients campus@alias.edu.example
	says "campus at alias.edu.example (not of the configuration)"
}

@test "with the directories alone" {
	unpack
	data_conf "$all_domains" "settle = 0"
	rm -r "$T/var/data"
	"$LISTMAP" -c "$T/conf" rebuild
	only_untold_differs --direct
}

# files_unread [NUMBER]
files_unread() {
	query .status all | grep "	files_unread	${1-}"
}

@test "with files that may not be read" {
	need_root
	unpack
	data_conf "$all_domains" "settle = 0"
	sed -i 's/^user = .*/user = "nobody"/' "$T/conf"
	chmod 700 "$T/var/data"
	chown nobody "$T/cache" "$T/run"
	start_daemon
	only_untold_differs
	[ "$(logged_times "postfix_lmtp Permission denied")" -eq 1 ]
	files_unread 2 | grep "postfix_lmtp Permission denied"
	# Nobody sees that they change: they are looked at again.
	chmod 755 "$T/var/data"
	chmod 644 "$T/var/data/"*
	until_ok nothing_differs
	until_ok not files_unread
}

all_is_known() {
	exits 0 query recipients nodir@lists.example.org
	exits 0 query recipients campus@edu.example
	exits 0 query recipients campus@alias.edu.example
}

@test "what the files said stays when they may not be read any more" {
	need_root
	unpack
	data_conf "" "settle = 0"
	sed -i 's/^user = .*/user = "nobody"/' "$T/conf"
	chown nobody "$T/cache" "$T/run"
	chmod 755 "$T/var/data"
	chmod 644 "$T/var/data/"*
	start_daemon
	until_ok all_is_known
	chmod 700 "$T/var/data"
	kill -HUP "$PID"
	until_ok logged "only postfix_lmtp named stay"
	all_is_known
	files_unread 2
	# A table might lack what they name.
	exits 75 "$LISTMAP" -c "$T/conf" dump recipients
	says "lists may be missing"
	stop_daemon
	start_daemon
	all_is_known
	exits 75 "$LISTMAP" -c "$T/conf" rebuild
	says "postfix_lmtp Permission denied"
	all_is_known
	chmod 755 "$T/var/data"
	exits 0 "$LISTMAP" -c "$T/conf" rebuild
}

@test "half of a file is as good as none, and is mended at once" {
	unpack
	data_conf "$all_domains" "settle = 0"
	cp -p "$T/var/data/postfix_lmtp" "$T/whole"
	head -c 15000 "$T/whole" >"$T/var/data/postfix_lmtp"
	start_daemon
	only_untold_differs
	logged "postfix_lmtp ends too early"
	cp -p "$T/whole" "$T/var/data/postfix_lmtp.new"
	mv "$T/var/data/postfix_lmtp.new" "$T/var/data/postfix_lmtp"
	until_ok nothing_differs
}

@test "a data directory that comes later, or in the place of another" {
	unpack
	data_conf "$all_domains" "settle = 0"
	mv "$T/var/data" "$T/later"
	start_daemon
	only_untold_differs
	cp -rp "$T/later" "$T/var/data"
	until_ok nothing_differs
	rm -r "$T/var/data"
	until_ok only_untold_differs
	mkdir "$T/var/data"
	until_ok only_untold_differs
	cp -p "$T/later/postfix_domains" "$T/later/postfix_lmtp" "$T/var/data"
	until_ok nothing_differs
}

@test "a dump says what look-ups say" {
	unpack
	data_conf "$all_domains"
	"$LISTMAP" -c "$T/conf" rebuild
	"$LISTMAP" -c "$T/conf" dump recipients >"$T/dump"
	[ "$(wc -l <"$T/dump")" -ge 350 ]
	cut -f 1 "$T/dump" | "$LISTMAP" -c "$T/conf" query --direct recipients - |
	    cmp - "$T/dump"
	grep -q '^campus-join@alias.edu.example	OK$' "$T/dump"
	not grep -q 'c++\|oldname\|gone.example\|nopostmap\|-admin-admin' \
	    "$T/dump"
	"$LISTMAP" -c "$T/conf" build --standalone text virtuser "$T/table"
	grep -q '^foo+\*@lists.example.org	%1%3@lists.example.org.mailman3$' \
	    "$T/table"
}

# Mailman 3 stands first; a list that it has is its own.
both_conf() {
	cat >"$T/conf" <<-EOT
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	debounce = 0
	site "three" {
		mailman = "3"
		lists_dir = "$T/three"
		settle = 60
		domain "d.test" { dedicated = true }
	}
	site "two" {
		lists_dir = "$T/lists"
		hosts = "any"
		domain "d.test" { dedicated = true }
	}
	EOT
	mkdir "$T/three"
}

routed() {
	[ "$(query listmap "$2")" = "$1" ]
}

@test "a list that moves from Mailman 2.1 to Mailman 3" {
	both_conf
	mklist foo bar
	start_daemon
	routed mailman:d.test foo-join@d.test
	mkdir "$T/three/foo.d.test"
	# Never Mailman 2.1 again, and no answer until Mailman 3 takes it.
	exits 75 query listmap foo-join@d.test
	exits 75 query listmap foo@d.test
	routed mailman:d.test bar@d.test
	exits 0 query virtuser foo@d.test
	says "451 4.3.0"
	sed -i 's/settle = .*/settle = 0/' "$T/conf"
	kill -HUP "$PID"
	until_ok routed 'mailman3:[127.0.0.1]' foo-join@d.test
	exits 0 query virtuser foo-join@d.test
	[ "$output" = "%1@d.test.mailman3" ]
	exits 0 query virtuser bar@d.test
	[ "$output" = "%1@d.test.mailman" ]
	exits 1 query mailertable d.test
	exits 0 query mailertable d.test.mailman3
	[ "$output" = "mailman3:[127.0.0.1]" ]
	rmlist foo
	routed 'mailman3:[127.0.0.1]' foo@d.test
	exits 0 query transport foo@d.test
	[ "$output" = "lmtp:inet:127.0.0.1:8024" ]
	# And the cache has it by itself.
	until_ok routed_directly
}

routed_directly() {
	[ "$(query --direct listmap foo@d.test)" = 'mailman3:[127.0.0.1]' ] &&
	    grep -q foo.d.test "$T/cache/three.cdb"
}

@test "three lines are enough" {
	printf '%s\n' 'site "lists" { mailman = "3"' \
	    '	domain "lists.example.org" { dedicated = true }' '}' >"$T/conf"
	exits 0 "$LISTMAPD" -T -c "$T/conf"
	says 'lists_dir = "/var/lib/mailman3/lists"'
	says 'data_dir = "/var/lib/mailman3/data"'
	says 'mailer = "mailman3"'
	says 'settle = 2'
}
