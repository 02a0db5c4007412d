#!/bin/sh
# tap.sh - runs a unit test.  cmocka 1.1 reports a skipped test as "not ok N #
# SKIP NAME", which is a failure to everybody else.

status=$( {
	{
		"$@"
		echo $? >&3
	} | sed -u 's/^not ok \([0-9]*\) # SKIP/ok \1 # SKIP/' >&4
} 3>&1 ) 4>&1
exit "$status"
