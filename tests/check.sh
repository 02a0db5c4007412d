#!/bin/sh
# check.sh - builds listmap in every way that counts and runs every test.
# Called by `sh bootstrap check' in the top directory; works in ./build.
#
#	gcc	warnings are errors; all tests, two at a time
#	clang	warnings are errors
#	asan	gcc's address and undefined behaviour sanitizers; unit tests
#	dist	make distcheck: a distribution builds and passes by itself,
#		without the data; no test of sendmail or under load again
#
# Ends with the sum: N passed, N failed, N skipped.

set -u
here=$PWD
failed_steps=
passed=0 failed=0 skipped=0

step() {
	printf '== %s\n' "$*"
}

# run NAME COMMAND...: keeps the output in build/NAME.log, shows it where it
# failed.
run() {
	name=$1
	shift
	start=$(date +%s)
	if "$@" >"build/$name.log" 2>&1; then
		printf '   ok: %s (%d s)\n' "$name" \
		    $(($(date +%s) - start))
		return 0
	fi
	tail -n 200 "build/$name.log"
	printf '   FAILED: %s (build/%s.log)\n' "$name" "$name"
	failed_steps="$failed_steps $name"
	return 1
}

# In DIR, with configure's arguments.
build() {
	dir=build/$1
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$dir" && "$here/configure" -q "$@" &&
	    make -s -j"$(nproc)" all &&
	    make -s -j"$(nproc)" check TESTS=)
}

# The unit tests and the replay of the fuzzers' corpora.
unit_tests() {
	for t in tests/*/test_*.c; do
		printf '%s ' "${t%.c}"
	done
	echo tests/t0900-corpora.bats
}

# What shows that a distribution is whole: these, the house rules and the
# command line.
dist_tests() {
	unit_tests
	echo tests/t0*.bats tests/t10[012]*.bats
}

# Adds up what the tests of a build directory came to, and names the failures.
count() {
	for trs in $(find "build/$1" -name '*.trs' | sort); do
		p=$(grep -c '^:test-result: PASS' "$trs")
		x=$(grep -c -E '^:test-result: (FAIL|ERROR|XPASS)' "$trs")
		s=$(grep -c '^:test-result: SKIP' "$trs")
		passed=$((passed + p)) failed=$((failed + x))
		skipped=$((skipped + s))
		[ "$x" = 0 ] || grep -E '^:test-result: (FAIL|ERROR)' "$trs"
		[ "$s" = 0 ] || grep '^:test-result: SKIP' "$trs"
	done
}

step "gcc: everything"
if run gcc-build build gcc --enable-werror; then
	run gcc-check make -s -j2 -C build/gcc check -k
	count gcc
fi

step "gcc, address and undefined behaviour sanitizers: unit tests"
if run asan-build build asan --enable-werror --enable-sanitizers; then
	run asan-check make -s -C build/asan check -k TESTS="$(unit_tests)"
	count asan
fi

step "clang: builds without a warning"
run clang-build build clang --enable-werror CC=clang

step "the distribution"
run distcheck make -s -C build/gcc distcheck TESTS="$(dist_tests)" \
    LISTMAP_DATA=/nonexistent

[ -z "$failed_steps" ] || printf 'failed:%s\n' "$failed_steps"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ -z "$failed_steps" ] && [ "$failed" = 0 ]
