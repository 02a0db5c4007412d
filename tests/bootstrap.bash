# A small tree with the real bootstrap, check.sh and steps.sh in $T/tree.  What
# they call and would take long is a double: autoreconf, configure, the Makefile
# that configure makes, dpkg-query, apt-cache, apt-get, id, sudo.

load lib

path_before=$PATH

test_setup() {
	unset LISTMAP_DATA LISTMAP_BUILD STEPS_EVERY CC CFLAGS CPPFLAGS LDFLAGS LIBS
	tree=$T/tree
	mkdir -p "$tree/tests" "$tree/doc" "$tree/src" "$tree/m4/sendmail"
	cp "$top_srcdir/bootstrap" "$tree"
	cp "$top_srcdir"/tests/{check,steps}.sh "$tree/tests"
	echo "ac" >"$tree/configure.ac"
	echo "am" >"$tree/Makefile.am"
	echo "m4" >"$tree/m4/sendmail/feature.m4"
	echo "one" >"$tree/src/one.c"
	echo 'echo "demo: $(cat "$1/made")"' >"$tree/doc/demo.sh"
	cat >"$tree/tests/test_a.c" <<-'EOT'
	#define TEST(f) cmocka_unit_test(f)
		const struct CMUnitTest tests[] = {
			TEST(first),
			cmocka_unit_test(second),
		};
	EOT
	printf '@test "%s" {\n}\n' 1 2 3 >"$tree/tests/t0001-a.bats"
	printf '@test "%s" {\n}\n' 1 >"$tree/tests/t0900-a.bats"
	make_tools
	make_doubles
	echo 0 >"$T/uid"
	: >"$T/missing"
	: >"$T/calls"
}

# $PATH has every program of this machine but sudo.
make_tools() {
	mkdir "$T/tools" "$T/bin"
	ln -s /usr/bin/* "$T/tools"
	[ -L /bin ] || ln -s /bin/* "$T/tools" 2>/dev/null || :
	rm -f "$T/tools/sudo"
	PATH=$T/bin:$T/tools
}

test_teardown() {
	PATH=$path_before
}

# double NAME: a program from standard input.
double() {
	{ printf '#!/bin/sh\nT=%s\n' "$T" && cat; } >"$T/bin/$1"
	chmod 755 "$T/bin/$1"
}

make_doubles() {
	double dpkg-query <<-'EOT'
	for name; do :; done
	grep -qx -e "$name" "$T/missing" || echo "install ok installed"
	EOT
	double apt-cache <<-'EOT'
	echo "  Depends: clang-14"
	EOT
	double apt-get <<-'EOT'
	echo "apt-get $*" >>"$T/calls"
	[ ! -e "$T/no-network" ] || { echo "E: no route to host"; exit 100; }
	case $* in *install*) : >"$T/missing" ;; esac
	EOT
	double id <<-'EOT'
	cat "$T/uid"
	EOT
	double autoreconf <<-'EOT'
	echo "autoreconf $*" >>"$T/calls"
	[ ! -e "$T/autoreconf" ] || . "$T/autoreconf"
	: >"$2/Makefile.in"
	mkdir -p "$2/autom4te.cache"
	cp "$T/configure" "$2/configure"
	EOT
	cat >"$T/configure" <<-EOT
	#!/bin/sh
	echo "configure \$*" >>"$T/calls"
	[ ! -e ../src/config.status ] || exit 1
	cp "$T/Makefile" Makefile
	EOT
	chmod 755 "$T/configure"
	printf '%s\n' 'TESTS = tests/test_a tests/t0001-a.bats tests/t0900-a.bats' \
	    'all:' '	@cat ../src/src/* >made' \
	    'check:' "	@[ -z '\$(TESTS)' ] || T='$T' sh '$T/run-tests' \$(TESTS)" \
	    'distcheck:' '	@echo distributed' >"$T/Makefile"
	cat >"$T/run-tests" <<-'EOT'
	for t; do
		mkdir -p tests
		echo ":test-result: PASS 1" >$t.trs
		echo "PASS: $t 1 - first"
	done
	EOT
}

# eventually COMMAND...: whether it succeeds before the patience of two minutes
# ends.
eventually() {
	local tries

	for ((tries = 0; tries < 1200; tries++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}

# bootstrap ARGUMENT...: the small tree's, with nothing at its input.
bootstrap() {
	sh "$tree/bootstrap" "$@" </dev/null 3>&-
}

# called N TEXT: so many lines of what the doubles were called with hold TEXT.
called() {
	echo "calls:" && cat "$T/calls"
	[ "$(grep -c -e "$2" "$T/calls")" = "$1" ]
}

# What is in the tree, the build directory left out, with sizes and times.
in_tree() {
	(cd "$tree" && find . -path ./build -prune -o \
	    -type f -printf '%p %s %T@\n' | sort)
}
