# bootstrap: packages, the copy of the sources, and what it leaves in the tree.

load bootstrap

@test "another argument is 64, with the usage" {
	exits 64 bootstrap test
	says "usage: sh bootstrap"
	exits 64 bootstrap demo check
	exits 64 bootstrap ""
}

@test "demo builds and shows; nothing stands outside of ./build" {
	before=$(in_tree)
	exits 0 bootstrap demo
	says "demo: one"
	[ "$(in_tree)" = "$before" ]
	[ "$(ls "$tree")" = "$(printf '%s\n' Makefile.am bootstrap build \
	    configure.ac doc m4 src tests)" ]
}

@test "demo works where the tree is configured and built, and leaves it so" {
	cd "$tree"
	exits 0 bootstrap
	[ -x configure ]
	mkdir -p src/.deps m4/sendmail autom4te.cache installed \
	    out/sub
	for left in Makefile config.status config.log aclocal.m4 m4/compile \
	    src/one.o libx.a src/.deps/one.Po src/.dirstamp tests/test_a.trs \
	    out/config.status out/sub/file m4/made.m4 m4/made.m4.in \
	    installed/x.1; do
		echo "left" >"$left"
	done
	mkdir m4/sendmail/mailer
	echo "made" >m4/sendmail/mailer/x.m4
	echo "source" >m4/sendmail/mailer/x.m4.in
	cp "$(readlink -f /bin/true)" tests/test_a
	before=$(in_tree)
	exits 0 bootstrap demo
	says "demo: one"
	[ "$(in_tree)" = "$before" ]
	cd build/src
	[ "$(find . -type f | sort)" = "$(printf './%s\n' .sources \
	    Makefile.am Makefile.in bootstrap configure configure.ac \
	    doc/demo.sh m4/sendmail/feature.m4 m4/sendmail/mailer/x.m4.in \
	    src/one.c tests/check.sh tests/steps.sh tests/t0001-a.bats \
	    tests/t0900-a.bats tests/test_a.c)" ]
	# The other way round as well.
	rm "$tree/configure"
	exits 0 bootstrap
	[ -x "$tree/configure" ]
}

@test "the copy follows the sources: changed, older, new, gone" {
	exits 0 bootstrap demo
	echo "two" >"$tree/src/one.c"
	exits 0 bootstrap demo
	says "demo: two"
	# Of the same size and older than what was built.
	echo "six" >"$tree/src/one.c"
	touch -d 2001-01-01 "$tree/src/one.c"
	exits 0 bootstrap demo
	says "demo: six"
	[ "$tree/build/src/src/one.c" -nt "$tree/src/one.c" ]
	# A file that becomes a directory, and back.
	rm "$tree/src/one.c"
	mkdir "$tree/src/one.c"
	echo "dir" >"$tree/src/one.c/with blank"
	exits 0 bootstrap
	cp -r "$tree/build/src" "$T/earlier"
	sed -i 's|src/src/\*|src/src/one.c/*|' "$T/Makefile"
	rm -r "$tree/build/demo"
	exits 0 bootstrap demo
	says "demo: dir"
	rm -r "$tree/src/one.c"
	echo "end" >"$tree/src/one.c"
	cp "$T/Makefile" "$tree/build/demo/Makefile"
	sed -i 's|one.c/\*|one.c|' "$tree/build/demo/Makefile"
	exits 0 bootstrap demo
	says "demo: end"
	[ -f "$tree/build/src/src/one.c" ]
}

@test "what has not changed is neither copied nor configured again" {
	exits 0 bootstrap demo
	touch -d 2001-01-01 "$tree/build/src/src/one.c"
	exits 0 bootstrap demo
	[ "$(stat -c %y "$tree/build/src/src/one.c" | cut -c 1-4)" = 2001 ]
	called 1 autoreconf
	called 1 configure
}

@test "a change of configure.ac, of flags, of the place configures again" {
	exits 0 bootstrap demo
	echo "ac 2" >"$tree/configure.ac"
	exits 0 bootstrap demo
	called 2 autoreconf
	called 1 configure
	CFLAGS=-O3 exits 0 bootstrap demo
	called 2 configure
	mv "$tree" "$T/moved"
	tree=$T/moved
	CFLAGS=-O3 exits 0 bootstrap demo
	says "demo: one"
	called 3 configure
	called 2 autoreconf
}

@test "a tree that cannot be written: 73, and another place works" {
	: >"$tree/build"
	exits 73 bootstrap demo
	says "LISTMAP_BUILD=DIRECTORY"
	rm "$tree/build"
	chmod -R a-w "$tree"
	cd "$T"
	LISTMAP_BUILD=else/where exits 0 bootstrap demo
	says "demo: one"
	[ ! -e "$tree/build" ]
	chmod -R u+w "$tree"
	echo "two" >"$tree/src/one.c"
	chmod -R a-w "$tree"
	LISTMAP_BUILD=$T/else/where exits 0 bootstrap demo
	says "demo: two"
	LISTMAP_BUILD=$tree exits 73 bootstrap demo
	says "the tree itself"
	# what is not bootstrap's own is not replaced
	mkdir -p "$T/mine/src/.git/refs" "$T/mine/demo"
	LISTMAP_BUILD=$T/mine exits 73 bootstrap demo
	says "not made by bootstrap"
	[ -d "$T/mine/src/.git/refs" ]
	[ -d "$T/mine/demo" ]
}

@test "root: missing packages are installed, and only those" {
	printf '%s\n' libev-dev gcc libclang-rt-14-dev >"$T/missing"
	exits 0 bootstrap demo
	says "installing gcc libev-dev"
	called 1 "^apt-get -y -q update\$"
	called 1 "^apt-get -y -q install --no-install-recommends gcc libev-dev\$"
	exits 0 bootstrap demo
	called 2 "^apt-get"
}

@test "no root and no sudo: 77, and the line for root" {
	echo 1000 >"$T/uid"
	printf '%s\n' libev-dev gcc >"$T/missing"
	exits 77 bootstrap demo
	says "
    apt-get update && apt-get install -y --no-install-recommends gcc libev-dev
"
	called 0 .
	case $output in *"not found"*) false ;; esac
	# The line does it.
	line=$(printf '%s\n' "$output" | grep "apt-get update")
	sh -c "$line"
	exits 0 bootstrap demo
	says "demo: one"
}

@test "no root, and sudo refuses: 77, and the line for root" {
	echo 1000 >"$T/uid"
	echo gcc >"$T/missing"
	double sudo <<-'EOT'
	echo "joe is not in the sudoers file" >&2
	exit 1
	EOT
	exits 77 bootstrap demo
	says "sudo does not let you"
	says "
    apt-get update && apt-get install -y --no-install-recommends gcc
"
	called 0 .
}

@test "no root, and sudo: it is asked" {
	echo 1000 >"$T/uid"
	echo gcc >"$T/missing"
	double sudo <<-'EOT'
	echo "sudo $1" >>"$T/calls"
	exec "$@"
	EOT
	exits 0 bootstrap demo
	called 2 "^sudo env"
	called 1 "^apt-get -y -q install"
}

@test "the account nobody: the line for root" {
	[ "$(/usr/bin/id -u)" = 0 ] || skip "needs root"
	rm "$T/bin/id"
	echo gcc >"$T/missing"
	chown -R nobody "$tree"
	exits 77 nobody sh "$tree/bootstrap" demo
	says "    apt-get update && apt-get install -y --no-install-recommends gcc"
	: >"$T/missing"
	chmod 666 "$T/calls"
	exits 0 nobody sh "$tree/bootstrap" demo
	says "demo: one"
}

@test "apt-get without a network: 69, and what it said" {
	echo gcc >"$T/missing"
	: >"$T/no-network"
	exits 69 bootstrap demo
	says "E: no route to host"
	says "Is there a network"
}

@test "no Debian: says what it takes, and goes on" {
	rm "$T/bin/dpkg-query" "$T/tools/dpkg-query"
	exits 0 bootstrap demo
	says "no Debian"
	says "libev-dev"
	says "demo: one"
}

@test "autoreconf that fails is shown whole and tried again" {
	echo 'seq 1000 1999; exit 1' >"$T/autoreconf"
	exits 1 bootstrap demo
	says "1000"
	says "1999"
	says "autoreconf failed"
	rm "$T/autoreconf"
	exits 0 bootstrap demo
	called 2 autoreconf
}

@test "a full disk is named" {
	need_mounts
	mkdir "$tree/build"
	cat >"$T/full" <<-'EOT'
	mount -t tmpfs -o size="$1" none "$2/build" && exec sh "$2/bootstrap" demo
	EOT
	PATH=$PATH:/usr/sbin:/sbin
	head -c 100000 /dev/zero >"$tree/src/large"
	exits 73 unshare -m sh "$T/full" 64k "$tree"
	says "No space left on device"
	says "the sources were not copied"
	echo 'head -c 10000000 /dev/zero >"$2/large"' >"$T/autoreconf"
	exits 1 unshare -m sh "$T/full" 4M "$tree"
	says "The disk is full"
}
