# Lists of Mailman 2.1.39, with every name that hurts: each address that
# Mailman has is found with its action and list, the rest is absent.  With
# hosts = "any": t2020-hosts.bats has them each at its host.

load lib

test_setup() {
	put_lists
}

# site_conf USER [TEXT]
site_conf() {
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "$1"
	site "lists" {
		lists_dir = "$T/lists"
		wrapper = "/usr/lib/mailman/mail/mailman"
		hosts = "any"
		${2:-}
		domain "lists.example.org" { dedicated = true }
		domain "lists.example.net" {}
		domain "example.com" {}
	}
	END
}

small() {
	python3 "$top_srcdir/tests/lists_small.py" "$TABLES/mailman-2.1" "$LISTMAP" \
	    -c "$T/conf" "$@"
}

@test "the daemon as root" {
	site_conf root
	start_daemon
	exits 0 small query check ROOT
}

@test "the daemon with an account of its own" {
	need_root
	chown nobody "$T/cache"
	site_conf nobody
	start_daemon
	exits 0 small query check OTHER
	# Directories that cannot be looked into are said, once.
	until_ok scanned_since 0
	logged_so_often 1 "1 entries of .*: z-noaccess (Permission denied)"
}

@test "the caches alone" {
	site_conf root
	"$LISTMAP" -c "$T/conf" rebuild
	exits 0 small query --direct check ROOT
}

@test "the directory alone: no cache could be written" {
	rm -r "$T/cache"
	: >"$T/file"
	site_conf root
	sed -i "s:$T/cache:$T/file/cache:" "$T/conf"
	exits 75 query --direct recipients nosuch@example.com
	exits 0 query --direct aliases foo-admin
	says "post foo-admin"
}

@test "lists are read where they changed, and never written" {
	need_trace
	site_conf root
	trace() {
		ASAN_OPTIONS=detect_leaks=0 strace -f -y -o "$T/trace" \
		    -e trace=openat,unlink,unlinkat,rename,renameat,renameat2 \
		    "$LISTMAP" -c "$T/conf" rebuild
		grep -q "\"$T/lists\"" "$T/trace"
		# not one that could wait or change anything
		grep "config\.\|$T/lists/" "$T/trace" |
		    not grep -v 'O_RDONLY|O_NOCTTY|O_NONBLOCK|O_CLOEXEC)'
	}
	trace
	grep -q '"foo/config.pck"' "$T/trace"
	# what could be read is not opened again, also where it names no host
	trace
	grep -q '"z-empty/config.pck"' "$T/trace"
	not grep -q '"z-nohost/config.pck"' "$T/trace"
	not grep -q '"foo/config.pck"' "$T/trace"
	: >"$T/lists/foo/config.pck.new"
	mv "$T/lists/foo/config.pck.new" "$T/lists/foo/config.pck"
	trace
	grep -q '"foo/config.pck"' "$T/trace"
	not grep -q '"dev-announce/config.pck"' "$T/trace"
}
