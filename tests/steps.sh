# steps.sh - the steps of bootstrap and check.sh, which source this file.
#
# A step keeps its output in $build/NAME.log.  While it runs it shows where it
# is: on a terminal in a line that is rewritten, elsewhere in a line every
# $STEPS_EVERY seconds.  When the script is interrupted, the step's processes
# are stopped first.
#
#	step NAME COMMAND...		COMMAND has a session of its own, so
#					that all of it can be stopped
#	step_at_terminal NAME COMMAND...
#					COMMAND may ask for a password, and is
#					never killed
#
# Both return COMMAND's status.  $step_tests is the number of tests that the
# step is going to run; 0 if it runs none.

step_every=${STEPS_EVERY:-30}
step_tests=0
step_pid=
step_session=

# A terminal that cannot rewrite a line is treated like a file.
step_on_terminal() {
	[ -t 1 ] && [ "${TERM:-dumb}" != dumb ]
}

# What make's output tells: the count of tests, or else its last line.
step_place() {
	awk -v total="$step_tests" '
	/^=====/ { exit }
	/^(PASS|XFAIL): / { passed++; where = $2 }
	/^(FAIL|XPASS|ERROR): / { failed++; where = $2 }
	/^SKIP: / { skipped++; where = $2 }
	NF { last = $0 }
	END {
		done = passed + failed + skipped
		if (done > total)
			total = done
		gsub(/[^ -~]/, " ", last)
		sub(/^ +/, "", last)
		if (done)
			printf "%d of %d tests, %d failed, %d skipped, %s", \
			    done, total, failed, skipped, where
		else
			print last
	}' "$step_log" 2>/dev/null || :
}

# step_show SECONDS: where the step is, SECONDS after it began.
step_show() {
	if step_on_terminal; then
		step_columns=$(stty size <&1 2>/dev/null | cut -d ' ' -f 2)
		[ "${step_columns:-0}" -gt 20 ] || step_columns=80
		printf '\r%.*s\033[K' $((step_columns - 1)) \
		    "   $step_name, $1 s: $(step_place)"
	elif [ "$1" -ge "$step_next" ]; then
		step_next=$(($1 + step_every))
		printf '   %s, %d s: %s\n' "$step_name" "$1" "$(step_place)"
	fi
}

# Follows process $step_pid to its end.
step_follow() {
	step_name=$1
	step_began=$(date +%s)
	step_next=$step_every
	step_pause=0.1
	while kill -0 "$step_pid" 2>/dev/null; do
		sleep "$step_pause"
		step_time=$(($(date +%s) - step_began))
		[ "$step_time" -ge 1 ] || continue
		step_show "$step_time"
		step_pause=1
	done
	step_status=0
	wait "$step_pid" || step_status=$?
	step_pid=
	! step_on_terminal || printf '\r\033[K'
	return "$step_status"
}

# The shell starts what runs in the background with SIGINT ignored.
step() {
	step_log=$build/$1.log
	setsid env --default-signal=INT,QUIT sh -c 'shift; exec "$@"' sh "$@" \
	    >"$step_log" 2>&1 </dev/null &
	step_pid=$! step_session=yes
	step_follow "$1"
}

step_at_terminal() {
	step_log=$build/$1.log
	env --default-signal=INT,QUIT sh -c 'shift; exec "$@"' sh "$@" \
	    >"$step_log" 2>&1 </dev/null &
	step_pid=$! step_session=
	step_follow "$1"
}

# The whole output of a step that failed, without its tests that passed.
step_failure() {
	grep -v '^PASS: ' "$step_log" || :
	if grep -q 'No space left on device' "$step_log" ||
	    df -Pk "$build" | awk 'NR == 2 { exit $4 >= 1024 }'; then
		printf 'The disk is full: df %s /tmp\n' "$build"
	fi
}

# step_group_gone TENTHS: waits so long until no process of the step is left.
step_group_gone() {
	step_tries=$1
	while kill -s 0 -- "-$step_pid" 2>/dev/null; do
		[ "$step_tries" -gt 0 ] || return 1
		step_tries=$((step_tries - 1))
		sleep 0.1
	done
}

# step_interrupted SIGNAL: tests that get SIGINT still run their teardown.
step_interrupted() {
	trap '' HUP INT PIPE TERM
	! step_on_terminal || printf '\n' || :
	[ -z "$step_pid" ] ||
	    printf 'interrupted: stopping %s\n' "$step_name" >&2 || :
	if [ -n "$step_pid" ] && [ -n "$step_session" ]; then
		kill -s INT -- "-$step_pid" 2>/dev/null || :
		step_group_gone 100 ||
		    kill -s TERM -- "-$step_pid" 2>/dev/null || :
		step_group_gone 50 ||
		    kill -s KILL -- "-$step_pid" 2>/dev/null || :
	elif [ -n "$step_pid" ]; then
		kill -s INT "$step_pid" 2>/dev/null || :
		wait "$step_pid" || :
	fi
	trap - HUP INT PIPE TERM
	kill -s "$1" $$
}
for step_signal in HUP INT PIPE TERM; do
	# shellcheck disable=SC2064
	trap "step_interrupted $step_signal" "$step_signal"
done
