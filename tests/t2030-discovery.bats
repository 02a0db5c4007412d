# Which domains there are: those of the configuration, those that the lists
# themselves have, other names of these; what the roles say of them.

load lib

pickles() {
	python3 "$top_srcdir/tests/pickles.py" "${1:-$T/lists}"
}

# head_conf, then site blocks on standard input.
site_conf() {
	{
		cat <<-END
		listen = { "local:$T/run/socket" }
		cache_dir = "$T/cache"
		user = "root"
		debounce = 0.01
		deadline = 20
		END
		cat
	} >"$T/conf"
}

listmap() {
	$ENTER "$LISTMAP" -c "$T/conf" "$@"
}

# answer ROLE KEY VALUE: an empty value is absent.
answer() {
	local role=$1 key=$2

	run query "$role" "$key" 3>&-
	[ "$output" = "$3" ] && [ "$status" = "$([ -n "$3" ] && echo 0 || echo 1)" ] &&
	    return
	echo "$role $key: '$output' ($status), not '$3'"
	return 1
}

answers_so() {
	answer "$@" >/dev/null
}

@test "no domain configured: the hosts of the lists are shared domains" {
	site_conf <<<"site \"lists\" { lists_dir = \"$T/lists\" }"
	pickles <<-END
	list foo lists.example.org
	list bar Example.COM
	list none
	END
	start_daemon
	answer listmap foo@lists.example.org mailman:lists.example.org
	answer listmap Bar-Request@EXAMPLE.com. mailman:example.com
	answer virtuser foo-bounces+a=b@lists.example.org \
	    %1@lists.example.org.mailman
	# at its host only, and never refusing
	for address in foo@example.com nosuch@lists.example.org \
	    nosuch@example.com foo@other.org; do
		for role in listmap virtuser refusal recipients; do
			answer $role $address ""
		done
	done
	# of an unknown host: at every one
	answer recipients none@lists.example.org OK
	answer recipients none-owner@example.com OK
	# for DNS they stay what they are, and nobody is relayed for
	for domain in lists.example.org example.com; do
		answer domains $domain ""
		answer mailertable $domain ""
		answer mailertable $domain.mailman mailman:$domain
	done
	[ -z "$(listmap dump domains)" ]
	[ "$(listmap dump --shared domains | sort | xargs)" = \
	    "example.com lists.example.org" ]
}

@test "discover = true beside domains of the configuration" {
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		discover = true
		domain "lists.example.org" { dedicated = true }
		domain "example.org" {}
		domain "old.example.org" { alias = "lists.example.org" }
	}
	END
	pickles <<-END
	list foo lists.example.org
	list bar users.example.net
	list baz old.example.org
	list none
	END
	start_daemon
	answer listmap bar@users.example.net mailman:users.example.net
	answer recipients bar@lists.example.org ""
	answer recipients baz@lists.example.org OK
	answer recipients baz@old.example.org OK
	answer listmap foo@old.example.org mailman:lists.example.org
	# there is a dedicated domain: the rule for unknown hosts names it
	answer recipients none@lists.example.org OK
	answer recipients none@users.example.net ""
	exits 0 query refusal nosuch@old.example.org
	says 'error:5.1.1:'
	answer refusal nosuch@users.example.net ""
	[ "$(listmap dump domains | sort | xargs)" = \
	    "lists.example.org old.example.org" ]
	[ "$(listmap dump --shared domains | sort | xargs)" = \
	    "example.org users.example.net" ]
	for domain in lists.example.org example.org old.example.org; do
		answer domains $domain OK
	done
	answer domains users.example.net ""
	answer mailertable lists.example.org mailman:lists.example.org
	answer mailertable users.example.net ""
	answer mailertable example.org ""
}

@test "without discover the host of a list makes no domain" {
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "example.org" {}
	}
	END
	pickles <<-END
	list foo example.org
	list bar users.example.net
	END
	start_daemon
	answer recipients bar@users.example.net ""
	answer recipients bar@example.org OK
	answer mailertable users.example.net.mailman ""
	answer mailertable example.org.mailman mailman:example.org
	[ "$(listmap dump --shared domains)" = example.org ]
}

@test "a host with hostile bytes is no domain" {
	site_conf <<<"site \"lists\" { lists_dir = \"$T/lists\" }"
	# a..b, "a b.c", tab, newline, quote, %1, a/b, [1.2.3.4], UTF-8, @, a
	# NUL, 300 bytes, a colon, dots alone
	{
		echo "list good example.org"
		n=0
		for hex in 612e2e62 6120622e63 6109622e63 610a622e63 61222e63 \
		    2531 612f62 5b312e322e332e345d c3a92e6f7267 614062 610062 \
		    "$(printf '61%.0s' {1..300})" 3a686f73743a 2e 2e2e 2a \
		    3c3e 5c 2d2d 2c; do
			n=$((n + 1))
			echo "bytes bad$n $hex"
		done
	} | pickles
	start_daemon
	until_ok settled 21
	listmap dump --shared domains >"$T/domains"
	# what is left is a name of letters, digits, dashes and dots
	grep -qx example.org "$T/domains"
	not grep -vEx '[a-z0-9_-]+(\.[a-z0-9_-]+)*' "$T/domains"
	# and the lists are found where there is a domain
	for n in 1 4 7 12 14; do
		answer recipients bad$n@example.org OK
	done
	listmap dump recipients >"$T/dump"
	not LC_ALL=C grep -q '[^ -~	]' "$T/dump"
	query .status all >"$T/status"
	not LC_ALL=C grep -q '[^ -~	]' "$T/status"
	not LC_ALL=C grep -q '[^ -~	]' "$T/log"
}

@test "a new host is a new domain, as soon as its list is known" {
	site_conf <<<"site \"lists\" { lists_dir = \"$T/lists\" }"
	pickles <<<"list foo example.org"
	start_daemon
	answer recipients bar@example.net ""
	pickles <<<"list bar example.net"
	until_ok answers_so recipients bar@example.net OK
	# A scan may have met it before its configuration, as of no known host.
	a_domain() {
		listmap dump --shared domains | grep -qx example.net
	}
	until_ok a_domain
	until_ok answers_so recipients bar@example.org ""
	answer listmap bar-owner@example.net mailman:example.net
	# a host of which the last list went is none any more
	rm -r "$T/lists/bar"
	until_ok answers_so mailertable example.net.mailman \
	    mailman:example.net
	no_domain() {
		[ "$(listmap dump --shared domains)" = example.org ]
	}
	until_ok no_domain
	answer recipients foo@example.org OK
}

@test "pseudo domains: found for every domain where domains are discovered" {
	site_conf <<<"site \"lists\" { lists_dir = \"$T/lists\" }"
	pickles <<<"list foo example.org"
	start_daemon
	answer mailertable example.org.mailman mailman:example.org
	answer mailertable gone.example.org.mailman mailman:gone.example.org
	answer mailertable example.org.mailman3 ""
	answer mailertable .mailman ""
	answer mailertable mailman ""
	[ "$(listmap dump mailertable)" = \
	    "example.org.mailman	mailman:example.org" ]
}

# As root it would become the account "listmap", which need not exist.
@test "no configuration file: Debian's paths, the hosts of the lists" {
	default=$("$LISTMAP" --help | sed -n 's/^-c file.*(\(.*\))$/\1/p')
	[ -n "$default" ]
	[ ! -e "$default" ] || skip "there is a $default"
	enter_namespace
	for place in /var/lib /var/cache /run; do
		$ENTER mount -t tmpfs tmpfs $place
	done
	$ENTER mkdir -p /var/lib/mailman/lists /var/cache/listmap /run/listmap
	$ENTER chown nobody /var/cache/listmap /run/listmap
	$ENTER python3 "$top_srcdir/tests/pickles.py" /var/lib/mailman/lists \
	    <<<"list foo example.org"
	ENTER="$ENTER setpriv --reuid=nobody --regid=nogroup --clear-groups"
	$ENTER "$LISTMAP" rebuild
	[ "$($ENTER "$LISTMAP" query --direct listmap foo@example.org)" = \
	    mailman:example.org ]
	$ENTER "$LISTMAPD" </dev/null >"$T/log" 2>&1 3>&- &
	PID=$!
	DAEMONS="$DAEMONS $PID"
	up() {
		$ENTER "$LISTMAP" query .status pid
	}
	until_ok up
	[ "$($ENTER "$LISTMAP" query listmap foo@example.org)" = \
	    mailman:example.org ]
	[ "$($ENTER "$LISTMAP" query aliases foo)" = \
	    '"|/var/lib/mailman/mail/mailman post foo"' ]
	[ "$($ENTER "$LISTMAP" dump --shared domains)" = example.org ]
	# but a file that was asked for must be there
	exits 78 $ENTER "$LISTMAP" -c /nowhere.conf dump domains
}

@test "alias domains: every address means the same there" {
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "lists.example.org" {
			dedicated = true
			redirect = { "postmaster=p@example.org" }
		}
		domain "old.example.org" { alias = "lists.example.org" }
		domain "example.org" {}
		domain "old.example.net" { alias = "example.org" }
	}
	END
	pickles <<-END
	list foo lists.example.org
	list bar example.org
	list two old.example.net
	END
	start_daemon
	answer listmap foo@old.example.org mailman:lists.example.org
	answer virtuser foo@old.example.org ""
	answer virtuser bar@old.example.net %1@example.org.mailman
	answer recipients two@example.org OK
	answer recipients two@old.example.net OK
	answer recipients two@lists.example.org ""
	answer recipients bar@old.example.org ""
	answer redirect postmaster@old.example.org p@example.org
	answer mailertable old.example.org mailman:lists.example.org
	answer domains old.example.net OK
	for role in recipients listmap virtuser; do
		listmap dump $role | cut -f1 | sed 's/.*@//' | sort -u |
		    xargs >"$T/$role"
	done
	[ "$(cat "$T/recipients")" = "example.org lists.example.org \
old.example.net old.example.org" ]
	cmp "$T/recipients" "$T/listmap"
}

@test "one Mailman for each domain: the same names, kept apart" {
	mkdir "$T/a" "$T/b"
	site_conf <<-END
	site "a" {
		lists_dir = "$T/a"
		wrapper = "/a/wrapper"
		domain "a.org" { dedicated = true }
	}
	site "b" {
		lists_dir = "$T/b"
		wrapper = "/b/wrapper"
		domain "b.org" { dedicated = true }
	}
	map "aliases_b" { role = "aliases" site = { "b" } }
	END
	pickles "$T/a" <<-END
	list foo a.org
	list mailman a.org
	list only-a b.org
	END
	pickles "$T/b" <<-END
	list foo b.org
	list only-b b.org
	END
	start_daemon
	answer listmap foo@a.org mailman:a.org
	answer listmap foo@b.org mailman:b.org
	answer recipients only-b@b.org OK
	answer recipients only-b@a.org ""
	# its host is no domain of its own site
	answer recipients only-a@a.org OK
	answer recipients only-a@b.org ""
	answer recipients mailman-owner@a.org OK
	answer recipients mailman-owner@b.org ""
	answer aliases foo '"|/a/wrapper post foo"'
	answer aliases_b foo '"|/b/wrapper post foo"'
}

@test "two sites on one domain: the first that has the list" {
	mkdir "$T/a" "$T/b"
	site_conf <<-END
	site "a" {
		lists_dir = "$T/a"
		wrapper = "/a/wrapper"
		domain "example.org" { dedicated = true }
		domain "a.org" {}
	}
	site "b" {
		lists_dir = "$T/b"
		wrapper = "/b/wrapper"
		discover = true
		domain "example.org" {
			dedicated = true
			redirect = { "postmaster=p@b.org" }
		}
	}
	END
	pickles "$T/a" <<-END
	list both example.org
	list elsewhere a.org
	END
	pickles "$T/b" <<-END
	list both example.org
	list elsewhere example.org
	list elsewhere-admin example.org
	list found b.org
	END
	start_daemon
	while read -r address meaning; do
		[ "$("$top_builddir/tests/where" "$T/conf" <<<"$address")" = \
		    "$address	$meaning" ]
	done <<-END
	both@example.org post both
	elsewhere@example.org post elsewhere
	elsewhere@a.org post elsewhere
	elsewhere-admin@a.org admin elsewhere
	elsewhere-admin@example.org post elsewhere-admin
	postmaster@example.org redirect p@b.org
	found@b.org post found
	END
	answer aliases both '"|/a/wrapper post both"'
	answer recipients found@example.org ""
	answer listmap postmaster+x@example.org redirect:p@b.org
}

@test "redirects: in every role that knows them, with +detail" {
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "lists.example.org" {
			dedicated = true
			redirect = { "postmaster=p@example.org",
			    "abuse=postmaster@lists.example.org" }
		}
		domain "example.org" { redirect = { "root=r@example.net" } }
	}
	END
	pickles <<<"list root example.org"
	start_daemon
	for address in postmaster@lists.example.org \
	    PostMaster@Lists.example.org. postmaster+x+y@lists.example.org; do
		answer listmap $address redirect:p@example.org
		answer virtuser $address p@example.org
		answer redirect $address p@example.org
		answer recipients $address OK
		answer refusal $address ""
		answer transport $address ""
	done
	answer redirect abuse+@lists.example.org postmaster@lists.example.org
	# before a list of that name
	answer virtuser root@example.org r@example.net
	answer virtuser root-owner@example.org %1@example.org.mailman
	answer redirect root@lists.example.org ""
	answer redirect postmaster@example.org ""
	exits 0 query virtuser postmaster-x@lists.example.org
	says error:5.1.1
	[ "$(listmap dump redirect | sort)" = "$(sort <<-END
	abuse@lists.example.org	postmaster@lists.example.org
	postmaster@lists.example.org	p@example.org
	root@example.org	r@example.net
	END
	)" ]
}

nowhere() {
	query .status all | grep "leads nowhere" | sort
}

@test "postmaster and abuse that lead nowhere: said at the start, in status" {
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "bare.org" { dedicated = true }
		domain "half.org" {
			dedicated = true
			redirect = { "postmaster=p@example.org" }
		}
		domain "list.org" {
			dedicated = true
			redirect = { "postmaster=p@example.org" }
		}
		domain "alias.org" { alias = "bare.org" }
		domain "shared.org" {}
	}
	END
	pickles <<-END
	list foo bare.org
	list abuse list.org
	END
	start_daemon
	diff - <(nowhere) <<-END
	domain bare.org	abuse	leads nowhere
	domain bare.org	postmaster	leads nowhere
	domain half.org	abuse	leads nowhere
	END
	logged_so_often 1 "nobody gets postmaster@bare.org"
	logged_so_often 1 "nobody gets abuse@bare.org"
	logged_so_often 1 "nobody gets abuse@half.org"
	logged_so_often 3 "nobody gets"
	# a redirect, at the next reload; a list, at once
	sed -i 's/"bare.org" { dedicated = true }/"bare.org" {\n dedicated = true\n redirect = { "abuse=a@x.org", "postmaster=p@x.org" }\n}/' \
	    "$T/conf"
	pickles <<<"list abuse half.org"
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	# list.org's list moved away
	last_one() {
		[ "$(nowhere)" = "domain list.org	abuse	leads nowhere" ]
	}
	until_ok last_one
	pickles <<<"list abuse list.org"
	# whoever asks for it learns that, and so does the daemon
	until_ok answers_so recipients abuse@list.org OK
	last_one() {
		[ "$(nowhere)" = "domain half.org	abuse	leads nowhere" ]
	}
	until_ok last_one
}

@test "nothing is said of domains whose roles are covered" {
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "lists.example.org" {
			dedicated = true
			redirect = { "postmaster=p@x.org", "abuse=a@x.org" }
		}
	}
	END
	pickles <<<"list foo lists.example.org"
	start_daemon
	not logged "nobody gets"
	[ -z "$(nowhere || :)" ]
}

@test "a host that no snapshot knows: its lists are found at the first look-up" {
	site_conf <<<"site \"lists\" { lists_dir = \"$T/lists\" }"
	pickles <<-END
	list foo a.org
	list bar a.org
	END
	start_daemon
	until_ok settled 2
	answer listmap foo@a.org mailman:a.org
	# A list moves: the watch on the parent does not see it.
	pickles <<<"list foo c.org"
	answer listmap foo@c.org mailman:c.org
	answer virtuser foo-bounces+x=y@c.org %1@c.org.mailman
	answer recipients bar@c.org ""
	pickles <<<"list new d.org"
	answer listmap new@d.org mailman:d.org
	answer recipients new@e.org ""
	answer domains d.org ""
	# Nothing changed: a domain that is nobody's is nobody's.
	answer refusal nosuch@e.org ""
}

@test "hosts that nobody can tell now are no answer, not absent" {
	need_root
	site_conf <<<"site \"lists\" { lists_dir = \"$T/lists\" }"
	sed -i 's/user = .*/user = "nobody"/' "$T/conf"
	chown nobody "$T/cache" "$T/run"
	pickles <<<"list foo a.org"
	chmod 700 "$T/lists"
	start_daemon
	exits 75 query virtuser foo@a.org
	chmod 755 "$T/lists"
	until_ok query virtuser foo@a.org
}

@test "a configuration that may not be read now keeps the host it had" {
	need_root
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "one.org" { dedicated = true }
		domain "two.org" { dedicated = true }
	}
	END
	sed -i 's/user = .*/user = "nobody"/' "$T/conf"
	chown nobody "$T/cache" "$T/run"
	pickles <<-END
	list foo two.org
	list foo one.org
	list bar one.org
	END
	chmod 644 "$T"/lists/*/config.pck*
	start_daemon
	until_ok settled 2
	answer listmap foo@one.org mailman:one.org
	# Root changes its host; config.pck.last is old and may be read.
	pickles <<<"list foo two.org"
	chmod 600 "$T/lists/foo/config.pck"
	exits 75 query listmap foo@two.org
	# A scan that has a list made after that met the unreadable one.
	pickles <<<"list poke one.org"
	chmod 644 "$T/lists/poke/config.pck"
	until_ok answers_so listmap poke@one.org mailman:one.org
	until_ok settled 3
	answer listmap foo@one.org mailman:one.org
	answer listmap foo@two.org ""
	chmod 644 "$T/lists/foo/config.pck"
	answer listmap foo@two.org mailman:two.org
	until_ok answers_so listmap foo@one.org ""
}

@test "a hostile configuration does not hold up the daemon" {
	need prlimit getconf
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "one.org" { dedicated = true }
		domain "two.org" {}
	}
	END
	pickles <<<"list bar one.org"
	start_daemon
	mkdir "$T/lists/evil"
	python3 - "$T/lists/evil/config.pck" <<-END
	import sys
	o = bytearray(b"}U\x09host_name")
	for i in range(256):
	    o += b"r" + (i + 1000).to_bytes(4, "little")
	o += b"0" + b"h\x000" * 330000
	for i, f in enumerate((b"host_name", b"web_page_url", b"advertised")):
	    m = 10 + i * 10
	    o += b"Nq" + bytes([m]) + b"0"
	    for k in range(1, 9):
	        o += b"h" + bytes([m + k - 1]) + b"q" + bytes([m + k]) + b"0"
	    o += b"U" + bytes([len(f)]) + f + b"h" + bytes([m + 8]) + b"s"
	open(sys.argv[1], "wb").write(o + b".")
	END
	# It may use two seconds of the processor more than it did.
	spent=$(awk -v tick="$(getconf CLK_TCK)" \
	    '{ print int(($14 + $15) / tick) + 1 }' "/proc/$PID/stat")
	prlimit --pid "$PID" --cpu=$((spent + 2))
	exits 0 query listmap bar@one.org evil@one.org
	exits 75 query listmap evil@two.org
	until_ok settled 2
}

# overview NAME URL ADVERTISED: saves a list of two.org that says so.
overview() {
	mkdir -p "$T/lists/$1"
	python3 - "$T/lists/$1/config.pck" "$2" "$3" <<-'END' 3>&-
	import os, pickle, sys
	path, url, advertised = sys.argv[1:]
	state = {"host_name": "two.org", "web_page_url": url,
	         "advertised": int(advertised)}
	with open(path + ".tmp", "wb") as f:
	    f.write(pickle.dumps(state, 1))
	os.rename(path + ".tmp", path)
	END
}

@test "a refusal links what an advertised list says now, and nothing else" {
	site_conf <<-END
	site "lists" {
		lists_dir = "$T/lists"
		domain "two.org" { dedicated = true }
	}
	END
	overview bar http://secret.example/ 1
	overview baz http://other.example/ 0
	"$LISTMAP" -c "$T/conf" rebuild
	run query --direct refusal nope@two.org
	says "see http://secret.example/listinfo"
	overview bar http://secret.example/ 0
	"$LISTMAP" -c "$T/conf" rebuild
	run query --direct refusal nope@two.org
	says "No mailing list nope here\""
	overview baz http://other.example/ 1
	overview bar http://secret.example/ 1
	"$LISTMAP" -c "$T/conf" rebuild
	run query --direct refusal nope@two.org
	says "see http://secret.example/listinfo"
	rm -r "$T/lists/bar"
	"$LISTMAP" -c "$T/conf" rebuild
	run query --direct refusal nope@two.org
	says "see http://other.example/listinfo"
}

@test "a domain that is no list's host has nothing, not even the site list" {
	for hosts in separate any; do
		site_conf <<-END
		site "lists" {
			lists_dir = "$T/lists"
			hosts = "$hosts"
			discover = true
			domain "one.org" {}
		}
		END
		pickles <<-END
		list mailman one.org
		list foo one.org
		END
		start_daemon
		until_ok settled 2
		answer listmap mailman-owner@one.org mailman:one.org
		for local in mailman mailman-owner mailman-bounces \
		    mailman-request mailman-loop foo foo-request \
		    foo-bounces+a=b; do
			for role in listmap virtuser recipients transport \
			    refusal; do
				answer $role $local@elsewhere.org ""
			done
		done
		stop_daemon
	done
}

@test "a new list that says no host now is no answer for unknown domains" {
	need_root
	site_conf <<<"site \"lists\" { lists_dir = \"$T/lists\" }"
	sed -i 's/user = .*/user = "nobody"/' "$T/conf"
	chown nobody "$T/cache" "$T/run"
	pickles <<<"list foo a.org"
	chmod 644 "$T"/lists/*/config.pck
	start_daemon
	until_ok settled 1
	# No scan ends meanwhile.
	exec 9<"$T/cache/lists.lock"
	flock 9
	umask 077
	pickles <<<"list new b.org"
	chmod 755 "$T/lists/new"
	exits 75 query listmap new@b.org
	exits 1 query listmap foo@b.org
	exec 9<&-
}
