# Real directories of Mailman 3.3.8, and what its LMTP server answered while
# they were there: each address has that answer here.

load lib

mm3=mailman-3

# Names as Mailman's own client would write them; sendmail takes quotes,
# comments and routes away before it asks.
SYNTAX='["(]\|^[-+]@relay'

test_setup() {
	need_data $mm3/var-lists.tar.gz
	tar xzpf "$DATA/$mm3/var-lists.tar.gz" -C "$T"
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
	    "$DATA/$mm3/expected.tsv" "$LISTMAP" -c "$T/conf" query "$@" 3>&- |
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
	data_conf "$all_domains"
	start_daemon
	until_ok 10 nothing_differs || differs
	nothing_differs
	nothing_differs --direct
	exits 0 "$LISTMAP" -c "$T/conf" status
	says "directory 0, and postfix_lmtp 39, postfix_lmtp alone 2"
	says "directories 4, of postfix_lmtp 0"
}

@test "with Mailman's files, no domain named" {
	data_conf
	"$LISTMAP" -c "$T/conf" rebuild
	# Of a leftover that was touched just now it cannot be told.
	until_ok 10 nothing_differs --direct || differs --direct
	nothing_differs --direct
	exits 0 "$LISTMAP" -c "$T/conf" dump domains
	[ -z "$output" ]
	exits 0 query -v --direct recipients campus@alias.edu.example
	says "campus at alias.edu.example (not of the configuration)"
}

@test "with the directories alone" {
	data_conf "$all_domains" "settle = 0"
	rm -r "$T/var/data"
	"$LISTMAP" -c "$T/conf" rebuild
	only_untold_differs --direct
}

@test "with files that may not be read" {
	need_root
	data_conf "$all_domains" "settle = 0"
	sed -i 's/^user = .*/user = "nobody"/' "$T/conf"
	chmod 700 "$T/var/data"
	chown nobody "$T/cache" "$T/run"
	start_daemon
	only_untold_differs
	[ "$(logged_times "postfix_lmtp Permission denied")" -eq 1 ]
	# Nor does anybody see that they change.
	chmod 755 "$T/var/data"
	chmod 644 "$T/var/data/"*
	kill -HUP "$PID"
	until_ok 10 nothing_differs
}

@test "half of a file is as good as none, and is mended at once" {
	data_conf "$all_domains" "settle = 0"
	cp -p "$T/var/data/postfix_lmtp" "$T/whole"
	head -c 15000 "$T/whole" >"$T/var/data/postfix_lmtp"
	start_daemon
	only_untold_differs
	logged "postfix_lmtp ends too early"
	cp -p "$T/whole" "$T/var/data/postfix_lmtp.new"
	mv "$T/var/data/postfix_lmtp.new" "$T/var/data/postfix_lmtp"
	until_ok 10 nothing_differs
}

@test "a dump says what look-ups say" {
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
