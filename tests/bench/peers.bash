# The rows of the bench about other socketmap servers, asked by the same load
# generator beside the same floor.  What they mean is in the head of bench.sh.

# peer NAME SPEC ARGUMENT...: its row; the arguments are the load generator's.
peer()
{
	local name=$1 spec=$2

	shift 2
	PIN=apart
	compare "look-ups/s, $name" - floor "-c 64 $* $unix_floor" \
	    "$name" "-c 64 $* $spec" rate
	kill "${pid[$name]}" && wait "${pid[$name]}" 2>/dev/null
	unset "pid[$name]"
}

no_peer()
{
	row "look-ups/s, $1" - - - - - - "not measured: needs $2"
}

# Where sendmail's contrib/socketmapServer.pl is, or nothing.
find_contrib()
{
	local file

	for file in "${BENCH_SOCKETMAP_SERVER:-}" \
	    /usr/share/doc/sendmail*/{,contrib/,examples/}socketmapServer.pl \
	    /usr/share/sendmail/{,contrib/}socketmapServer.pl; do
		[ -r "$file" ] && echo "$file" && return
	done
}

# It knows two addresses, which are written in it, and forks for each
# connection.  Its NOTFOUND lacks the space that the protocol wants: only what is
# found is asked for.
contrib()
{
	local name=socketmapServer.pl file tell_time=no

	file=$(find_contrib)
	if ! command -v perl >/dev/null || [ -z "$file" ]; then
		no_peer $name "perl, and $name of sendmail's sources \
(BENCH_SOCKETMAP_SERVER=FILE)"
		return
	fi
	printf '%s\n' bastiaan.bakker@example.com wolter.eldering@example.com \
	    >"$dir/contrib.keys" || die "cannot write contrib.keys"
	start $name perl "$file" "local:$dir/contrib.sock"
	until_ok test -S "$dir/contrib.sock"
	peer $name "local:$dir/contrib.sock" -m virtuser -k "$dir/contrib.keys"
}

# Nothing but its cache and parent domains is answered without DNS.  Its cache
# cannot be filled from here, so parent domains are asked for: what it does is
# to read the frame and to look at the first byte of the key.
mta_sts()
{
	local name=postfix-mta-sts-resolver

	if ! command -v mta-sts-daemon >/dev/null; then
		no_peer $name $name
		return
	fi
	awk 'BEGIN { for (i = 0; i < 100000; i++)
	    printf ".list-%06d.lists.example.org\tNOTFOUND\n", i }' \
	    >"$dir/sts.keys" &&
	    printf '%s: %s\n' path "$dir/sts.sock" mode 384 \
	        shutdown_timeout 1 >"$dir/sts.yml" &&
	    printf 'cache:\n  type: internal\ndefault_zone:\n  timeout: 1\n' \
	        >>"$dir/sts.yml" || die "cannot write sts.yml"
	start $name mta-sts-daemon -c "$dir/sts.yml"
	until_ok test -S "$dir/sts.sock"
	peer $name "local:$dir/sts.sock" -m postfix -k "$dir/sts.keys"
}

# They are far from the floor: few rounds show it.
peers()
{
	local rounds=$((rounds < 5 ? rounds : 5))

	contrib
	mta_sts
}
