# What tests/data/make makes stands for files of real Mailmans.  Where those are
# ($LISTMAP_DATA), both are of the same form and give the same results, and
# every test that has the made ones passes with the real ones.

load lib

need_data() {
	[ -d "$DATA/mailman-2.1" ] || skip "no real files: set LISTMAP_DATA"
}

# all_of KIND: all of that kind, in $T/KIND.
all_of() {
	mkdir "$T/$1" "$T/$1/pickles"
	for what in lists mailman-3; do
		LISTMAP_KIND=$1 put_data $what "$T/$1"
	done
	LISTMAP_KIND=$1 put_data pickles "$T/$1/pickles"
}

@test "Python reads the files that are made" {
	all_of made
	exits 0 python3 "$top_srcdir/tests/alike.py" "$T/made"
}

tables_are_the_same() {
	local table

	for table in $(cd "$DATA" && find . -name '*.tsv' -o -name 'db-*.txt'); do
		cmp "$DATA/$table" "$TABLES/$table"
	done
	[ -n "$table" ]
}

# known KIND: what is known of the lists once they were walked.
known() {
	rm -rf "$T/lists" "$T/var" "$T/cache"/*
	cp -a "$T/$1/lists" "$T/$1/var" "$T"
	"$LISTMAP" -c "$T/conf" rebuild
	for role in recipients virtuser aliases transport; do
		"$LISTMAP" -c "$T/conf" dump $role
	done
	# the hosts with their pages; of a list not inode, time and size
	for cache in two three; do
		cdb -d "$T/cache/$cache.cdb" | grep -v '^+[0-9,]*::listmap' |
		    sed '/::host:/! s/\(->.	[^	]*\).*/\1/; s/^+[0-9,]*://' | sort
	done
}

@test "made and real ones are alike, and are read alike" {
	need_root
	need cdb
	need_data
	tables_are_the_same
	all_of made
	all_of real
	exits 0 python3 "$top_srcdir/tests/alike.py" "$T/made" "$T/real"
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	site "two" {
		lists_dir = "$T/lists"
		domain "lists.example.org" { dedicated = true }
		domain "lists.example.net" { dedicated = true }
		domain "example.com" {}
	}
	site "three" {
		mailman = "3"
		lists_dir = "$T/var/lists"
		domain "edu.example" {}
		domain "example.org" {}
	}
	END
	known made >"$T/known.made"
	known real >"$T/known.real"
	[ "$(wc -l <"$T/known.made")" -gt 1000 ]
	grep -q '^foo->d	lists.example.org$' "$T/known.made"
	diff "$T/known.made" "$T/known.real"
}

# again FILE [FILTER]: tests of that file, with the real ones; by a bats that
# knows nothing of this one.
again() {
	env $(compgen -e BATS_ | sed 's/^/-u /') LISTMAP_KIND=real \
	    "$BATS_ROOT/bin/bats" --tap ${2:+--filter "$2"} \
	    "$top_srcdir/tests/$1" >"$T/tap" 2>&1 3>&- 4>&- ||
	    { cat "$T/tap"; return 1; }
	grep -v ' # skip' "$T/tap" | grep -q '^ok '
}

@test "with real ones: Mailman 2.1" {
	need_data
	again t1040-diff.bats 'many lists'
	again t2000-lists-small.bats
	again t2010-agreement.bats
	again t2020-hosts.bats 'lists of the tables|no cache on disk'
	again t2040-standalone.bats 'lists of the tables'
	again t5000-mm-handler.bats 'address of the tables'
	again t3000-mailman-ops.bats
}

@test "with real ones: Mailman 3" {
	need_data
	again t6000-mailman3-data.bats
}
