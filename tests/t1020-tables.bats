# What dump and build write, through the programs that read it.

load lib

listmap() {
	"$LISTMAP" -c "$T/conf" "$@"
}

roles="listmap virtuser mailertable aliases domains recipients transport
redirect site_domain"

# Lists that other programs may trip over: names with dashes, dots, signs of
# equality, a plus, the longest name; two sites, an alias domain, redirects.
test_setup() {
	mklist dev dev-announce dev-owner a.b a=b a+b -dash 2600-l mailman \
	    "long-$(printf %0230d 0)"
	mkdir "$T/other"
	conf 'map "vulists" { role = "virtuser" site = { "other" } }' \
	    'domain "alias.org" { alias = "example.org" }
	    domain "red.org" {
		dedicated = true
		redirect = { "postmaster=p@example.org", "abuse=100%@x.org" }
	    }'
	sed -i 's/100%/abuse.desk/' "$T/conf"
	cat >>"$T/conf" <<-END
	site "other" {
		lists_dir = "$T/other"
		domain "other.org" { redirect = { "root=r@example.org" } }
	}
	END
	mkdir "$T/other/club"
	printf "}." >"$T/other/club/config.pck"
	listmap rebuild
}

# The roles of this version: all that the help names but refusal.
@test "every role but refusal can be dumped" {
	help=$("$LISTMAP" --help | sed -n '/^roles of maps:/,/^$/p' |
	    awk 'NR > 1 && NF { print $1 }' | sort | xargs)
	[ "$help" = "$(echo $roles refusal | xargs -n1 | sort | xargs)" ]
	for role in $roles; do
		exits 0 listmap dump $role
		[ -n "$output" ]
	done
}

@test "what is dumped is what is answered" {
	for role in $roles vulists; do
		listmap dump $role >"$T/dump"
		[ $role != domains ] ||
		    sed -i 's/$/\tOK/' "$T/dump"
		cut -f1 "$T/dump" |
		    listmap query --direct $role - >"$T/answers"
		cmp "$T/dump" "$T/answers"
		[ "$(cut -f1 "$T/dump" | sort | uniq -d)" = "" ]
	done
}

@test "dump virtuser: shared domains and redirects, no dedicated lists" {
	listmap dump virtuser >"$T/dump"
	grep -qx "dev@example.org	%1@example.org.mailman" "$T/dump"
	grep -qx "dev-owner@alias.org	%1@example.org.mailman" "$T/dump"
	grep -qx "postmaster@red.org	p@example.org" "$T/dump"
	grep -qx "club@other.org	%1@other.org.mailman" "$T/dump"
	# but of a list that sendmail would take for one with a detail
	not grep -q "^[^+]*@lists.example.org	" "$T/dump"
	grep -qx "a+b-owner@lists.example.org	%1@lists.example.org.mailman" \
	    "$T/dump"
	not grep -q "^[^+]*@red.org	%1" "$T/dump"
}

@test "dump virtuser of a map with one site" {
	listmap dump vulists >"$T/dump"
	grep -qx "club@other.org	%1@other.org.mailman" "$T/dump"
	not grep -q "example.org.mailman" "$T/dump"
}

@test "dump aliases: each of the ten addresses, the old owner, the loop" {
	listmap dump aliases >"$T/dump"
	w=/usr/lib/mailman/mail/mailman
	grep '	"|.* dev"$' "$T/dump" | sort >"$T/dev"
	sort >"$T/want" <<-END
	dev	"|$w post dev"
	dev-admin	"|$w admin dev"
	dev-bounces	"|$w bounces dev"
	dev-confirm	"|$w confirm dev"
	dev-join	"|$w join dev"
	dev-leave	"|$w leave dev"
	dev-request	"|$w request dev"
	dev-subscribe	"|$w subscribe dev"
	dev-unsubscribe	"|$w unsubscribe dev"
	owner-dev	"|$w owner dev"
	END
	# dev-owner is a list.
	diff "$T/want" "$T/dev"
	grep -qx "dev-owner	\"|$w post dev-owner\"" "$T/dump"
	grep -qx "mailman-loop	.*/owner-bounces.mbox" "$T/dump"
}

@test "dump mailertable and domains" {
	listmap dump mailertable | sort >"$T/dump"
	grep -qx "lists.example.org	mailman:lists.example.org" "$T/dump"
	grep -qx "example.org.mailman	mailman:example.org" "$T/dump"
	not grep -q "^example.org	" "$T/dump"
	[ "$(listmap dump domains | sort | xargs)" = \
	    "lists.example.org red.org" ]
	[ "$(listmap dump --shared domains | sort | xargs)" = \
	    "alias.org example.org other.org" ]
}

# An alias file has colons.
@test "build text is what dump prints" {
	for role in $roles; do
		listmap dump $role >"$T/dump"
		[ $role != aliases ] || sed -i 's/\t/:\t/' "$T/dump"
		listmap build text $role "$T/text"
		cmp "$T/dump" "$T/text"
	done
}

# But domains: a class file is for sendmail's F line.  An alias file is not for
# makemap, but a dump of one can be taken apart and put together.
@test "makemap takes every dump, and gives the same pairs back" {
	need makemap
	for role in $roles; do
		[ $role != domains ] || continue
		listmap dump $role >"$T/dump"
		makemap hash "$T/map" <"$T/dump" >"$T/said" 2>&1
		# Of the test's own place it complains rightly.
		not grep -v "World writable directory" "$T/said"
		makemap -u hash "$T/map" 2>&1 | sort >"$T/back"
		sed -i '/World writable directory/d' "$T/back"
		sort "$T/dump" | cmp - "$T/back"
	done
}

@test "cdb reads what build cdb writes" {
	need cdb
	for role in $roles; do
		listmap dump $role >"$T/dump"
		listmap build cdb $role "$T/map.cdb"
		[ $role != domains ] || sed -i 's/$/\tOK/' "$T/dump"
		# what sendmail wants to see in an alias database
		[ $role != aliases ] || echo "@	@" >>"$T/dump"
		cdb -d -m "$T/map.cdb" | sed 's/ /\t/' | cmp - "$T/dump"
	done
	listmap build cdb recipients "$T/map.cdb"
	[ "$(cdb -q "$T/map.cdb" dev-request@example.org)" = OK ]
	run cdb -q "$T/map.cdb" nobody@example.org
	[ "$status" = 100 ]
}

@test "build of an empty site: an empty map" {
	need cdb
	mkdir "$T/empty"
	sed -i "s:$T/lists\":$T/empty\":" "$T/conf"
	rm "$T"/cache/lists.*
	listmap rebuild --accept-empty
	listmap build cdb aliases "$T/map.cdb"
	[ "$(cdb -d -m "$T/map.cdb" | wc -l)" = 12 ]
	listmap build text aliases "$T/text"
	[ "$(wc -l <"$T/text")" = 11 ]
}

@test "a CDB whose name does not end in .cdb is made, with a word" {
	exits 0 listmap build cdb recipients "$T/map.cdb"
	[ -z "$output" ]
	exits 0 listmap build cdb recipients "$T/map"
	says "$T/map: sendmail and Postfix look for a file whose name ends in .cdb"
	cmp "$T/map" "$T/map.cdb"
}

# A rename onto a device takes its place for the whole host, and who follows links
# replaces any file for whoever owns a directory.
@test "build replaces files alone" {
	mkdir "$T/dir"
	mkfifo "$T/fifo"
	ln -s /dev/null "$T/null"
	ln -s nosuch "$T/nowhere"
	ln -s table "$T/link"
	echo precious >"$T/table"
	cd "$T"
	for type in text cdb; do
		for file in - "" dir fifo; do
			exits 73 listmap build $type recipients "$file"
			says "$file: is no file that can be replaced"
		done
		for file in null nowhere link; do
			exits 73 listmap build $type recipients $file
			says "$file: is a link: name the file itself"
		done
		[ -d dir ] && [ -p fifo ] && [ -L null ] && [ -L nowhere ]
		[ ! -e ./- ] && [ ! -e nosuch ] && [ -L link ]
		[ "$(cat table)" = precious ]
	done
	[ "$(find . -name '*.??????' | wc -l)" = 0 ]
}

@test "the pidfile is no device" {
	ln -s /dev/null "$T/null"
	sed -i "1i pidfile = \"$T/null\"" "$T/conf"
	run timeout 20 "$LISTMAPD" -c "$T/conf" 3>&-
	[ "$status" != 0 ]
	says "option 'pidfile': $T/null: Operation not supported"
	[ -L "$T/null" ]
}
