#!/usr/bin/env bash
# What listmapd executes for a hit and for a miss: instructions for each
# look-up, function by function, counted by valgrind (callgrind).
#
#	profile.sh [LISTS [SECONDS]]
#
# The daemon serves LISTS lists (10,000) to 64 connections, for so many SECONDS
# (2) each; the keys are those of the bench, all of them found, or none.  A count
# does not depend on what else the machine does.  It leaves out the kernel, whose
# share is the number of system calls, and how long an instruction takes.
#
# Columns: instructions of the function itself; with all that it calls, each
# function being counted once however deep it calls itself; its name; where it
# is.  Functions with less than 15 are left out.  The compiler puts small ones
# into those that call them, where they are counted then.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/../patience.bash"
build=$(cd "${top_builddir:-$here/../..}" && pwd) || exit 1
load=$build/tests/bench/load
lists=${1:-10000}
seconds=${2:-2}
dir=$(mktemp -d "${TMPDIR:-/tmp}/listmap-profile.XXXXXX") || exit 1
spec=local:$dir/socket
daemon=

die()
{
	tail -n 5 "$dir"/*.log >&2
	printf 'profile: %s\n' "$*" >&2
	exit 1
}

finish()
{
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null
	wait
	rm -rf "$dir"
}

configure()
{
	printf 'listen = { "%s" }\ncache_dir = "%s"\n' "$spec" "$dir/cache"
	printf 'log = "stderr"\nrescan = 3600\ndeadline = 25\n'
	[ "$(id -u)" != 0 ] || printf 'user = "root"\n'
	printf 'site "lists" {\n\tmailman = "2.1"\n'
	printf '\tlists_dir = "%s"\n' "$dir/lists"
	printf '\tdomain "lists.example.org" { dedicated = true }\n}\n'
}

# annotated FILE [OPTION...]: lines of NUMBER FUNCTION PLACE.
annotated()
{
	callgrind_annotate --threshold=100 --auto=no "${@:2}" "$1" \
	    2>>"$dir/annotate.log" |
	    awk '/PROGRAM TOTALS/ { gsub(",", "", $1); print $1, "all", "-" }
	    /^ *[0-9,]+ \(/ && /:/ {
	        number = $1
	        gsub(",", "", number)
	        sub(/^[^)]*\) */, "")
	        sub(/ \[.*/, "")
	        place = $0
	        sub(/:[^:]*$/, "", place)
	        sub(/^.*:/, "")
	        sub(/^.*\/src\//, "src/", place)
	        sub(/^.*\/maps\//, "maps/", place)
	        if (place !~ /^(src|maps)\//) place = "-"
	        sub(/\047.*/, "")
	        print number, $1, place
	    }'
}

# table FILE LOOK-UPS
table()
{
	annotated "$1" >"$dir/own"
	annotated "$1" --inclusive=yes >"$dir/with"
	awk -v n="$2" 'FNR == NR { own[$2] += $1; next }
	    !($2 in with) || $1 > with[$2] { with[$2] = $1 }
	    $3 != "-" || !($2 in place) { place[$2] = $3 }
	    END {
	        for (f in with)
	            # not those that were running before it was counted
	            if (own[f] / n >= 15 &&
	                (f == "all" || own[f] < own["all"]))
	                printf "%8.0f %8.0f  %-28s %s\n", own[f] / n,
	                    with[f] / n, f, place[f]
	    }' "$dir/own" "$dir/with" | sort -rn
}

# counted WHAT UNKNOWN
counted()
{
	local replies

	callgrind_control -z "$daemon" >>"$dir/control.log" 2>&1 ||
	    die "callgrind_control"
	"$load" -c 64 -d "$seconds" -w 0 -e -u "$2" -g "$lists" "$spec" \
	    >"$dir/load.log" || die "the load generator failed"
	rm -f "$dir"/counts.*
	callgrind_control -d "$daemon" >>"$dir/control.log" 2>&1
	until_ok test -s "$dir"/counts.*.*
	replies=$(awk '$1 == "found" || $1 == "notfound" { n += $2 }
	    END { print n }' "$dir/load.log")
	printf '%s, %s look-ups\n' "$1" "$replies"
	table "$dir"/counts.*.* "$replies"
}

for tool in valgrind callgrind_control callgrind_annotate; do
	command -v $tool >/dev/null || die "needs $tool (valgrind)"
done
trap finish EXIT
trap 'exit 1' INT TERM HUP
mkdir "$dir/cache" && "$build/tests/bench/tree" -l "$dir/lists" "$lists" &&
    configure >"$dir/listmap.conf" || die "cannot make $lists lists"
valgrind -q --tool=callgrind \
    --callgrind-out-file="$dir/counts.%p" "$build/listmapd" \
    -c "$dir/listmap.conf" 2>"$dir/daemon.log" &
daemon=$!
"$load" -W "$PATIENCE" -d 0 "$spec" || die "listmapd does not answer"
counted "all found" 0
echo
counted "none found" 100
