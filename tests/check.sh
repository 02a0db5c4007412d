#!/bin/sh
# check.sh - builds listmap in every way that counts and runs every test.
# `sh bootstrap check' calls it in the build directory, whose ./src is a copy of
# the sources.
#
#	gcc	warnings are errors; all tests, two at a time
#	asan	gcc's address and undefined behaviour sanitizers; unit tests
#	clang	warnings are errors
#	dist	make distcheck: a distribution builds and passes by itself,
#		without the data; no test of sendmail or under load again
#
# Ends with the sum: N passed, N failed, N skipped.

set -u
build=$PWD
. src/tests/steps.sh
failed_steps=
passed=0 failed=0 skipped=0

head_line() {
	printf '== %s\n' "$*"
}

# run NAME COMMAND...: keeps the output in NAME.log, shows it where it failed.
run() {
	start=$(date +%s)
	if step "$@"; then
		printf '   ok: %s (%d s)\n' "$1" $(($(date +%s) - start))
		return 0
	fi
	step_failure
	printf '   FAILED: %s (%s/%s.log)\n' "$1" "$build" "$1"
	failed_steps="$failed_steps $1"
	return 1
}

# build DIR CONFIGURE-ARGUMENTS...
build() {
	step_tests=0
	rm -rf "./$1"
	mkdir "$1" || return
	run "$1-build" sh -ec 'cd "$1"
		shift
		../src/configure -q "$@"
		make -s -j"$(nproc)" all
		exec make -s -j"$(nproc)" check TESTS=' sh "$@"
}

# check NAME TESTS MAKE-ARGUMENTS...: runs make with TESTS, a line each; what
# was written to test-suite.log of those that failed is shown too.
check() {
	name=$1
	tests=$2
	shift 2
	step_tests=$(number_of "$tests")
	run "$name" make -s AWK="$prompt_awk" VERBOSE=1 \
	    TESTS="$(echo "$tests" | tr '\n' ' ')" "$@"
}

# mawk waits for a whole block of its input, unless it is told not to.
prompt_awk=$(command -v mawk >/dev/null && echo 'mawk -W interactive' ||
    echo awk)

# Every test that configure left in, a line each.
all_tests() {
	printf '%s\n' 'names-of-tests:' '	@echo $(TESTS)' |
	    make -s -C gcc -f Makefile -f - names-of-tests 2>/dev/null | tr ' ' '\n'
}

# How many tests there are in TESTS.
number_of() {
	for t in $1; do
		case $t in
		*.bats) grep -c '^@test ' "src/$t" ;;
		*) sed -n '/struct CMUnitTest .*{$/,/};/p' "src/$t.c" |
		    grep -c '^	*[A-Za-z_]*(' ;;
		esac
	done | awk '{ n += $1 } END { print n + 0 }'
}

# The unit tests and the replay of the fuzzers' corpora.
unit_tests() {
	all_tests | grep -e '/test_' -e '/t0900-'
}

# What shows that a distribution is whole: these, the house rules and the
# command line.
dist_tests() {
	all_tests | grep -e '/test_' -e '/t0' -e '/t10[012]'
}

# Adds up what the tests of a build directory came to, and names the failures.
count() {
	for trs in $(find "$1" -name '*.trs' | sort); do
		p=$(grep -c '^:test-result: PASS' "$trs")
		x=$(grep -c -E '^:test-result: (FAIL|ERROR|XPASS)' "$trs")
		s=$(grep -c '^:test-result: SKIP' "$trs")
		passed=$((passed + p)) failed=$((failed + x))
		skipped=$((skipped + s))
		[ "$x" = 0 ] || grep -E '^:test-result: (FAIL|ERROR)' "$trs"
		[ "$s" = 0 ] || grep '^:test-result: SKIP' "$trs"
	done
}

head_line "1 of 4, gcc: everything"
if build gcc --enable-werror; then
	check gcc-check "$(all_tests)" -j2 -C gcc check -k
	count gcc
	for kind in /test_ /t0001-; do
		all_tests | grep -q -e "$kind" ||
		    failed_steps="$failed_steps tests-left-out"
	done
fi

# Newer compilers look for this by themselves.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_stack_use_after_return=1
export ASAN_OPTIONS
head_line "2 of 4, gcc, address and undefined behaviour sanitizers: unit tests"
if build asan --enable-werror --enable-sanitizers; then
	check asan-check "$(unit_tests)" -C asan check -k
	count asan
fi

head_line "3 of 4, clang: builds without a warning"
build clang --enable-werror CC=clang

head_line "4 of 4, the distribution"
check distcheck "$(dist_tests)" -C gcc distcheck LISTMAP_DATA=/nonexistent

[ -z "$failed_steps" ] || printf 'failed:%s\n' "$failed_steps"
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ -z "$failed_steps" ] && [ "$failed" = 0 ]
