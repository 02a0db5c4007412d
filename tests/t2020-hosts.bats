# Every list at its own host: the lists that Mailman 2.1.39 made, at its hosts
# and nowhere else; and lists whose host changes.

load lib

where=$top_builddir/tests/where
all=lists.example.org,lists.example.net,example.com

# site_conf USER DEDICATED: the three domains, those of DEDICATED dedicated.
site_conf() {
	{
		cat <<-END
		listen = { "local:$T/run/socket" }
		cache_dir = "$T/cache"
		user = "$1"
		debounce = 0.01
		deadline = 20
		${3:-}
		site "lists" {
			lists_dir = "$T/lists"
			wrapper = "/usr/lib/mailman/mail/mailman"
		END
		for domain in ${all//,/ }; do
			case ,$2, in
			*,$domain,*) echo "domain \"$domain\" { dedicated = true }" ;;
			*) echo "domain \"$domain\" {}" ;;
			esac
		done
		echo "}"
	} >"$T/conf"
}

# small DEDICATED KNOWN|UNKNOWN CHECK...
small() {
	python3 "$top_srcdir/tests/hosts_small.py" "$TABLES/mailman-2.1" \
	    "$T/conf" "$where" "$LISTMAP" "$@"
}

@test "the lists of the tables, all domains dedicated" {
	put_lists
	site_conf root $all
	start_daemon
	exits 0 small $all KNOWN addresses tricky dumps daemon addresses tricky
}

@test "the lists of the tables, all domains shared" {
	put_lists
	site_conf root ""
	start_daemon
	exits 0 small "" KNOWN addresses tricky dumps daemon addresses tricky
}

@test "the lists of the tables, a dedicated domain and shared ones" {
	put_lists
	site_conf root lists.example.net
	start_daemon
	exits 0 small lists.example.net KNOWN addresses dumps daemon addresses
	# what is no list at its own dedicated domain is refused there
	exits 0 query virtuser foo@lists.example.net
	says 'error:5.1.1:"550 5.1.1 '
	exits 0 query virtuser foo@lists.example.org
	says '%1@lists.example.org.mailman'
}

# nobodys PROGRAM: prints a program that runs it without rights.
nobodys() {
	cat >"$T/${1##*/}" <<-END
	#!/bin/sh
	exec setpriv --reuid=nobody --regid=nogroup --clear-groups "$1" "\$@"
	END
	chmod 755 "$T/${1##*/}"
	echo "$T/${1##*/}"
}

@test "the lists of the tables whose files may not be read: the rule for unknown hosts" {
	need_root
	put_lists
	where=$(nobodys "$where") LISTMAP=$(nobodys "$LISTMAP")
	chown nobody "$T/cache"
	for dedicated in $all "" lists.example.net; do
		rm -f "$T"/cache/*
		site_conf nobody "$dedicated"
		start_daemon
		exits 0 small "$dedicated" UNKNOWN addresses dumps \
		    daemon addresses
		until_ok logged "configurations of .* lists in $T/lists cannot be \
read now: "
		stop_daemon
	done
}

@test "the same with no cache on disk: found at the host, asked of the file" {
	put_lists
	site_conf root $all
	rmdir "$T/cache"
	: >"$T/file"
	sed -i "s:$T/cache:$T/file/cache:" "$T/conf"
	exits 0 query --direct recipients foo@lists.example.org
	exits 0 query --direct recipients mixedhost@LISTS.example.net
	# the file tells that it lives elsewhere; of others nobody knows
	exits 1 query --direct recipients foo@example.com
	exits 75 query --direct recipients nosuch@example.com
}

pickles() {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists"
}

# ok ADDRESS..., refused ADDRESS...: each, at the daemon's.
ok() {
	for address; do
		exits 0 query recipients "$address"
	done
}

refused() {
	for address; do
		exits 1 query recipients "$address"
	done
}

is_refused() {
	query recipients "$1" >/dev/null
	[ $? = 1 ]
}

@test "a list moves to another host: there at once, then there only" {
	site_conf root $all
	pickles <<-END
	list foo lists.example.org
	list bar lists.example.net
	END
	start_daemon
	until_ok settled 2
	ok foo@lists.example.org bar@lists.example.net
	refused foo@example.com foo@lists.example.net
	for host in example.com Lists.Example.NET lists.example.org; do
		pickles <<<"list foo $host"
		# the very next look-ups, whatever was scanned
		ok foo@$host foo-bounces+a=b@$host owner-foo@$host
		"$LISTMAP" -c "$T/conf" rebuild
		for other in ${all//,/ }; do
			[ $other = ${host,,} ] ||
			    until_ok is_refused foo@$other
		done
		ok foo@$host bar@lists.example.net
	done
}

@test "a move is seen without the help of the cache's refresh, too" {
	site_conf root $all
	pickles <<<"list foo lists.example.org"
	"$LISTMAP" -c "$T/conf" rebuild
	pickles <<<"list foo example.com"
	exits 0 query --direct recipients foo-owner@example.com
	exits 1 query --direct recipients foo@lists.example.net
	"$LISTMAP" -c "$T/conf" rebuild
	exits 1 query --direct recipients foo@lists.example.org
}

@test "saved by traffic: the answers stay" {
	site_conf root $all
	pickles <<-END
	list foo lists.example.org
	list bar lists.example.net
	END
	start_daemon
	for i in 1 2 3; do
		pickles <<<"save foo"
		ok foo@lists.example.org
		refused foo@example.com foo@lists.example.net bar@example.com
		"$LISTMAP" -c "$T/conf" rebuild
		ok foo@lists.example.org
		refused foo@example.com foo@lists.example.net bar@example.com
	done
}

@test "nothing changed: nothing is written" {
	site_conf root $all
	pickles <<-END
	list foo lists.example.org
	list away host.example.com
	list none
	END
	printf 'broken' >"$T/broken"
	mkdir "$T/lists/broken"
	cp "$T/broken" "$T/lists/broken/config.pck"
	"$LISTMAP" -c "$T/conf" rebuild
	before=$(stat -c '%i %Y %Z' "$T/cache/lists.cdb")
	"$LISTMAP" -c "$T/conf" rebuild
	[ "$before" = "$(stat -c '%i %Y %Z' "$T/cache/lists.cdb")" ]
	# and written where something did
	pickles <<<"list foo example.com"
	"$LISTMAP" -c "$T/conf" rebuild
	[ "$before" != "$(stat -c '%i %Y %Z' "$T/cache/lists.cdb")" ]
}

@test "a broken config.pck: the one before it tells the host" {
	site_conf root $all
	pickles <<-END
	list mailman lists.example.org
	list foo lists.example.org
	save foo
	END
	rm "$T/lists/foo/config.pck"
	printf 'junk' >"$T/lists/foo/config.pck"
	start_daemon
	ok foo@lists.example.org
	refused foo@example.com
	# both broken: the host that was known stays
	printf 'junk' >"$T/lists/foo/config.pck.new"
	printf 'junk' >"$T/lists/foo/config.pck.last"
	mv "$T/lists/foo/config.pck.new" "$T/lists/foo/config.pck"
	ok foo@lists.example.org
	"$LISTMAP" -c "$T/conf" rebuild
	until_ok is_refused foo@example.com
	ok foo@lists.example.org
}

@test "the hosts of lists that have none of the site's are counted and told" {
	site_conf root lists.example.org
	pickles <<-END
	list foo lists.example.org
	list one www.example.com
	list two www.example.com
	list none
	END
	start_daemon
	ok foo@lists.example.org one@lists.example.org none@lists.example.org
	refused one@example.com none@lists.example.net two@www.example.com
	logged_so_often 1 "2 lists answer at every dedicated domain"
	logged "no domain of the site: 2 www.example.com"
	logged_so_often 1 "1 lists answer at .*, for they name no host"
	query .status all | grep -qx "site lists	foreign_hosts	2 (2 www.example.com)"
	query .status all | grep -qx "site lists	no_host	1"
	# said again only where the number is another
	pickles <<-END
	save one
	list four four.example.com
	END
	n=$(scans)
	"$LISTMAP" -c "$T/conf" rebuild
	four() {
		query .status all |
		    grep -q "	foreign_hosts	3 (2 www.example.com, 1 four.*)"
	}
	until_ok four
	logged_so_often 1 "2 lists answer at every dedicated domain"
	logged_so_often 1 "3 lists answer at every dedicated domain"
	logged_so_often 1 "they name no host"
	# also where the hosts are the same
	pickles <<-END
	list five four.example.com
	END
	five() {
		query .status all |
		    grep -q "	foreign_hosts	4 (2 four.*, 2 www.example.com)"
	}
	until_ok five
	logged_so_often 1 "4 lists answer at every dedicated domain"
}

@test "hosts = any: no host is foreign, every list everywhere" {
	site_conf root lists.example.org
	sed -i 's/^\(.*\)wrapper =/\1hosts = "any"\n\twrapper =/' "$T/conf"
	pickles <<-END
	list foo lists.example.org
	list one www.example.com
	END
	start_daemon
	ok foo@lists.example.net one@example.com one@lists.example.org
	not logged "lists answer at"
	not grep -q 'foreign_hosts\|no_host' <(query .status all)
}

@test "two lists that want one address keep it apart by their hosts" {
	site_conf root $all
	pickles <<-END
	list foo lists.example.org
	list foo-admin example.com
	list foo-owner lists.example.net
	END
	"$LISTMAP" -c "$T/conf" rebuild
	for domain in ${all//,/ }; do
		printf "%s@$domain\n" foo foo-admin foo-owner owner-foo
	done | "$where" "$T/conf" >"$T/said"
	diff - "$T/said" <<-END
	foo@lists.example.org	post foo
	foo-admin@lists.example.org	admin foo
	foo-owner@lists.example.org	owner foo
	owner-foo@lists.example.org	owner foo
	foo-owner@lists.example.net	post foo-owner
	foo-admin@example.com	post foo-admin
	END
}
