# Real lists of Mailman 2.1.39, with every name that hurts: each address that
# Mailman has is found with its action and list, the rest is absent.

load lib

mm2=mailman-2.1

# Root unpacks owners, FIFOs and modes as they were.
test_setup() {
	need_root
	need_data $mm2/lists-small.tar.gz
	rmdir "$T/lists"
	tar xzpf "$DATA/$mm2/lists-small.tar.gz" -C "$T"
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
		${2:-}
		domain "lists.example.org" { dedicated = true }
		domain "lists.example.net" {}
		domain "example.com" {}
	}
	END
}

small() {
	python3 "$top_srcdir/tests/lists_small.py" "$DATA/$mm2" "$LISTMAP" \
	    -c "$T/conf" "$@"
}

@test "the daemon as root" {
	site_conf root
	start_daemon
	exits 0 small query check ROOT
}

@test "the daemon with an account of its own" {
	chown nobody "$T/cache"
	site_conf nobody
	start_daemon
	exits 0 small query check OTHER
	# Directories that cannot be looked into are said, once.
	logged_so_often 1 "1 entries.*the first is z-noaccess"
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

@test "no list is opened, read or changed" {
	need strace
	site_conf root
	ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e trace=open,openat,unlink,rename \
	    "$LISTMAP" -c "$T/conf" rebuild
	grep -q "\"$T/lists\"" "$T/trace"
	not grep -q "config\.\|\"$T/lists/" "$T/trace"
}
