# `sh bootstrap check': what it shows, its sum, its status, and how it is
# stopped; `make check' without cmocka or bats, and `make check-fast'.

load bootstrap

test_teardown() {
	for pid in $(cat "$T/pids" 2>/dev/null); do
		kill -KILL "$pid" 2>/dev/null || :
	done
	PATH=$path_before
}

# Two of the five tests pass; the rest waits for $T/go.
tests_wait() {
	cat >"$T/run-tests" <<-'EOT'
	mkdir -p tests
	printf 'PASS: tests/test_a %s - name\n' 1 2
	printf ':test-result: PASS %s\n' 1 2 >tests/test_a.trs
	until [ -e "$T/go" ] || [ ! -e "$T" ]; do sleep 0.1; done
	EOT
}

# in_background COMMAND...: what it shows is in $T/out, its number in $PID.
in_background() {
	setsid env --default-signal=INT,TERM,HUP "$@" </dev/null >"$T/out" \
	    2>&1 3>&- &
	PID=$!
	DAEMONS="$DAEMONS $PID"
}

shown() {
	grep -q -e "$1" "$T/out"
}

@test "check: each step and the sum" {
	exits 0 bootstrap check
	for line in "== 1 of 4, gcc" "   ok: gcc-build" "   ok: gcc-check" \
	    "== 2 of 4, " "   ok: asan-build" "   ok: asan-check" \
	    "== 3 of 4, " "   ok: clang-build" "== 4 of 4, " \
	    "   ok: distcheck"; do
		says "$line"
	done
	[ "${lines[-1]}" = "5 passed, 0 failed, 0 skipped" ]
	called 1 "^configure -q --enable-werror\$"
	called 1 "^configure -q --enable-werror --enable-sanitizers\$"
	called 1 "^configure -q --enable-werror CC=clang\$"
}

@test "check: nothing stands outside of ./build, configured or not" {
	before=$(in_tree)
	exits 0 bootstrap check
	[ "$(in_tree)" = "$before" ]
	cd "$tree"
	exits 0 bootstrap
	echo "left" >config.status
	before=$(in_tree)
	exits 0 bootstrap check
	[ "$(in_tree)" = "$before" ]
}

# The doubles have no package to unpack.
@test "check: Postfix is asked for, unpacked, and may be lacking" {
	exits 0 bootstrap check
	says "Postfix is not to be had"
	called 1 "^apt-get -q download postfix postfix-cdb\$"
	[ "${lines[-1]}" = "5 passed, 0 failed, 0 skipped" ]
	double dpkg-deb <<-'EOT'
	echo "dpkg-deb $*" >>"$T/calls"
	mkdir -p usr/sbin
	cp /bin/true usr/sbin/postmap
	EOT
	double apt-get <<-'EOT'
	: >postfix_3_all.deb
	EOT
	exits 0 bootstrap check
	not says "Postfix is not to be had"
	called 1 "^dpkg-deb -x postfix_3_all.deb \.\$"
	[ -x "$tree/build/postfix/usr/sbin/postmap" ]
	exits 0 bootstrap check
	called 1 "^dpkg-deb "
}

@test "check: the shared data is found beside the tree" {
	echo 'echo "data: $LISTMAP_DATA" >>"$T/calls"' >>"$T/run-tests"
	exits 0 bootstrap check
	called 2 "^data: $tree/../shared/data\$"
	called 2 "^data: "
	LISTMAP_DATA=/elsewhere exits 0 bootstrap check
	called 2 "^data: /elsewhere\$"
}

@test "check: a log has a line now and then: tests of how many" {
	tests_wait
	STEPS_EVERY=1 in_background sh "$tree/bootstrap" check
	eventually shown \
	    "^   gcc-check, [0-9]* s: 2 of 6 tests, 0 failed, 0 skipped"
	! grep "$(printf '\r')" "$T/out"
	: >"$T/go"
	eventually shown "^4 passed, 0 failed, 0 skipped\$"
}

@test "check: a terminal has one line that is rewritten" {
	tests_wait
	TERM=xterm in_background script -qfec "sh '$tree/bootstrap' check" \
	    "$T/typescript"
	eventually shown "$(printf '\r')   gcc-check, [0-9]* s: 2 of 6 tests"
	: >"$T/go"
	eventually shown "^4 passed, 0 failed, 0 skipped"
	# A line that ended is not left behind.
	shown "$(printf '\r\033')\[K   ok: gcc-check"
}

@test "check: a test that fails is shown whole, and counts" {
	cat >"$T/run-tests" <<-'EOT'
	mkdir -p tests
	echo ":test-result: PASS 1" >tests/test_a.trs
	echo ":test-result: FAIL 2 - broken" >>tests/test_a.trs
	echo ":test-result: SKIP 3 - no data" >>tests/test_a.trs
	echo "PASS: tests/test_a 1 - whole"
	echo "FAIL: tests/test_a 2 - broken"
	seq 1000 1999
	exit 1
	EOT
	exits 1 bootstrap check
	says "
1000
"
	says "
1999
"
	case $output in *"PASS: tests"*) false ;; esac
	says "   FAILED: gcc-check ($tree/build/gcc-check.log)"
	says ":test-result: FAIL 2 - broken"
	says ":test-result: SKIP 3 - no data"
	says "failed: gcc-check asan-check"
	[ "${lines[-1]}" = "2 passed, 2 failed, 2 skipped" ]
}

@test "check: what does not build is shown whole; the rest is tried" {
	cat >>"$T/configure" <<-'EOT'
	case $* in *clang*) seq 1000 1999; exit 1 ;; esac
	EOT
	exits 1 bootstrap check
	says "
1000
"
	says "   ok: distcheck"
	says "failed: clang-build"
	[ "${lines[-1]}" = "5 passed, 0 failed, 0 skipped" ]
}

@test "check: half of the tests missing is no success" {
	sed -i 's|^TESTS = .*|TESTS = tests/test_a|' "$T/Makefile"
	exits 1 bootstrap check
	says "failed: tests-left-out"
}

# A test that takes notice of SIGINT, as bats does, with a process of its own;
# the process takes notice only if there is no $T/deaf.
tests_hang() {
	cat >"$T/run-tests" <<-'EOT'
	trap 'echo told >>"$T/told"; exit 1' INT
	hears=--default-signal=INT
	[ ! -e "$T/deaf" ] || hears=--ignore-signal=INT
	env "$hears" sleep 600 &
	echo "$$ $!" >>"$T/pids"
	echo begun >"$T/begun"
	wait
	EOT
}

# interrupted SIGNAL: nothing is left of a check that gets it.
interrupted() {
	rm -f "$T/begun" "$T/told"
	in_background sh "$tree/bootstrap" check
	eventually test -s "$T/begun"
	kill -s "$1" "$PID"
	for pid in $PID $(cat "$T/pids"); do
		eventually gone "$pid"
	done
	[ -s "$T/told" ]
	shown "interrupted: stopping gcc-check"
	status=0
	wait "$PID" || status=$?
	[ "$status" -gt 128 ]
}

@test "check: an interrupt stops what was started" {
	tests_hang
	interrupted INT
	interrupted TERM
	interrupted HUP
}

@test "check: an interrupt stops what does not listen to it" {
	tests_hang
	: >"$T/deaf"
	interrupted INT
}

@test "check: ^C on a terminal stops what was started" {
	tests_hang
	mkfifo "$T/keys"
	TERM=xterm setsid env --default-signal=INT,TERM,HUP \
	    script -qfec "sh '$tree/bootstrap' check" "$T/typescript" \
	    <>"$T/keys" >"$T/out" 2>&1 3>&- &
	PID=$!
	DAEMONS="$DAEMONS $PID"
	eventually test -s "$T/begun"
	printf '\003' >"$T/keys"
	eventually test -s "$T/told"
	for pid in $(cat "$T/pids"); do
		eventually gone "$pid"
	done
}

# make_here DIRECTORY ARGUMENT...: not as a part of the make that runs this.
make_here() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u TESTS make -C "$@" 3>&-
}

@test "make check: a half that is left out is named, and is no failure" {
	exits 0 make_here "$top_builddir" -s -o check-TESTS check-local \
	    CMOCKA_LIBS=-lcmocka BATS=
	says "THE SHELL TESTS WERE LEFT OUT"
	says "apt-get install bats"
	exits 0 make_here "$top_builddir" -s -o check-TESTS check-local \
	    CMOCKA_LIBS= BATS=bats
	says "THE UNIT TESTS WERE LEFT OUT"
	says "apt-get install libcmocka-dev"
	exits 0 make_here "$top_builddir" -s -o check-TESTS check-local \
	    CMOCKA_LIBS=-lcmocka BATS=bats
	case $output in *"LEFT OUT"*) false ;; esac
}

@test "make check: without cmocka and bats it fails and names the packages" {
	double pkg-config <<-'EOT'
	case $* in *cmocka*) exit 1 ;; esac
	exec "$T/tools/pkg-config" "$@"
	EOT
	rm -f "$T/tools/bats"
	# The source tree may be configured itself.
	mkdir "$T/s" "$T/b"
	cd "$(realpath "$top_srcdir")"
	eval "$(grep '^ac_unique_file=' configure)"
	cp -p --parents "$ac_unique_file" tests/whole.sh configure Makefile.in \
	    aclocal.m4 "$T/s"
	touch "$T/s/Makefile.am" "$T/s/configure.ac"
	cp -pr m4 "$T/s"
	cd "$T/b"
	../s/configure -q PKG_CONFIG="$T/bin/pkg-config" >"$T/log" 2>&1 3>&- || {
		cat "$T/log"
		false
	}
	exits 2 make_here . -s check-TESTS check-local check_PROGRAMS= \
	    check_LIBRARIES= \
	    AUTOMAKE=: AUTOCONF=: ACLOCAL=: AUTOHEADER=:
	says "# TOTAL: 0"
	says "NO TEST WAS RUN"
	says "apt-get install libcmocka-dev bats"
}

@test "make check-fast: the unit tests and the house rules, nothing else" {
	grep -q '^CMOCKA_LIBS = .' "$top_builddir/Makefile" ||
	    skip "configured without cmocka"
	make_here "$top_builddir" -n check-fast >"$T/would"
	grep -o 'tests/[a-z0-9_/-]*\.log' "$T/would" | sort -u >"$T/logs"
	cat "$T/logs"
	grep -q /test_ "$T/logs"
	grep -q /t0002 "$T/logs"
	! grep -v -e /test_ -e /t000 "$T/logs"
	units=$(ls "$top_srcdir"/tests/*/test_*.c | wc -l)
	[ "$(grep -c /test_ "$T/logs")" = "$units" ]
}
