#!/bin/sh
# tap.sh - runs a unit test.  cmocka 1.1 reports a skipped test as "not ok N #
# SKIP NAME", which is a failure to everybody else.

out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT
"$@" >"$out"
status=$?
sed 's/^not ok \([0-9]*\) # SKIP/ok \1 # SKIP/' "$out"
exit $status
