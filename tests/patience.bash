# How the tests wait: until the thing has happened.  They give up only after
# what no machine needs, however busy it is.

PATIENCE=${PATIENCE:-120}

# until_ok COMMAND...: runs it until it succeeds; where it never does, the last
# run shows why.
until_ok() {
	local end=$((SECONDS + PATIENCE)) pause result=0

	"$@" >/dev/null 2>&1 && return
	# Reading from a pipe that nobody writes to is a pause without a process.
	exec {pause}<> <(:)
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			echo "in vain: $*" >&2
			result=0
			"$@" || result=$?
			break
		fi
		read -rt 0.02 -u "$pause" || :
	done
	exec {pause}>&-
	return "$result"
}
