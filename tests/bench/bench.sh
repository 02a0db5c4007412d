#!/usr/bin/env bash
# The speed of listmapd as ratios, in one run, against what ships with the
# bench: a server that frames requests and returns a constant (floor.c), asked
# by the same load generator (load.c).  Then mm-handler beside the wrapper that
# it runs, and sendmail with FEATURE(listmap) beside sendmail with hash tables.
#
#	bench.sh [--quick] [--self | --plot]
#
# --quick   tiny sizes: shows that the bench works, its figures mean nothing
# --self    the floor in listmapd's place: how far two equal servers come
#           apart here
# --plot    no table, but the figures of `make bench-plot' (plot.bash)
#
#	BENCH_ROUNDS=9  BENCH_SECONDS=1   rounds of each row, seconds of a round
#	BENCH_LARGE=1                     with 1,000,000 lists as well: minutes, and
#                                     3 GB of /dev/shm or 5 GB of disk
#	BENCH_TREES=DIR                   keeps the lists directories there, which
#                                     takes 1 GB and most of the time before the
#                                     first row; another run finds them again
#	BENCH_UNKNOWN=10                  per cent of addresses that do not exist
#
# How to read the table
#
# "base" is the floor, or what the row names.  Base and listmapd are asked by
# turns, now the one first, now the other; "ratio" is the median of the ratios
# of the rounds, "spread" their lowest and highest.  A round in which another
# process took the processor away is done again; where that is in vain it does
# not count, unless all rounds of the row are such.  Then "met" is a question
# mark, and the processor times of the row are worth more than its rates.
#
# Each connection has one request outstanding, as those of sendmail and Postfix
# have.  Every answer is checked; a wrong one, TEMP or a lost one ends the run.
# 10 % of the addresses do not exist (no such list, no such address of a list,
# a domain that is not served); for those listmapd asks the directory too
# (verify_misses), which costs it system calls that the floor never makes.
#
# With 64 and 500 connections, server and generator have a processor each, so
# the rate is that of the slower one.  "the floor + 0.5 us" proves that the
# server is not hidden behind the generator: it shows what a known cost does to
# the ratio.  "us/look-up" is the processor time of the two servers; it shrinks
# when a busy server finds more requests at each turn.
# With 1 connection server and generator share one processor: on two, nearly
# all of the time would be that of waking up the other one, and every server
# would look the same.  Half of what is measured there is the generator.
#
# p99 is measured with 64 connections at a rate far below the highest, from the
# moment a look-up is due: a server that stands still is not asked less for it.
# A machine that stands still for seconds shows there, too: with its usual
# deadline listmapd would close connections then, which would end the run.
# While a rebuild runs means: lists are made and changed all the time, each
# rescan followed by the next one; their number is printed.
#
# "A list each 10 ms" means: lists are made in that site all the time, as
# Mailman makes them, in the rounds of both servers.  Whatever is no list has to
# be told from one that was made a moment ago then (meanwhile.bash).
#
# "Another site hangs" means: the lists directory of a second site, of which the
# daemon has a snapshot, is on a file server that has stopped (bindfs, a FUSE
# file system, with SIGSTOP), and ten look-ups a second are of what that one has
# not.  Measured are look-ups of the first site.
#
# Other servers are asked for what costs them least (peers.bash); "listmapd" is
# the other server there, and it has one processor like all of them.
#
# A list is a directory with a pickle of nearly 4 KB, as Mailman writes it for
# a new list, which names the domain that is asked for (hosts = "separate").
# What a scan reads is in the memory of the machine by then; "find" and "cat"
# are what reading the same costs other programs.  "saved" means: 1 % of the
# lists are saved each minute, as by mail to them, while 1000 look-ups/s run;
# base is the same time without.  The processor time is that of listmapd and
# its children, which scan every 20 s, fifteen times as often as by default.
#
# Lists of Mailman 3 are empty directories, and "find -links" looks at each of
# them once, as a scan does.  "written down" means: with a postfix_lmtp of all
# lists, some 600 bytes for each, which a scan reads; base is the same scan
# without.
#
# "delivery" is one message to one address, by mm-handler and the wrapper that
# it runs, base by the wrapper alone; "ratio" is what mm-handler adds.  The
# wrapper is one that does nothing but read (sink.c); the real one starts
# Python then.  Each round times 50 processes one after the other, from before
# they are started until their end was seen, and takes the median.  Memory is
# private memory (USS): what one more process at the same time needs; pages of
# libraries that other processes map are in "resident", in full, and in "Pss",
# by their share.  run.c says how it is measured.  Each delivery is logged.
#
# RCPTs/s are those of the real sendmail, to which recipients of one dedicated
# domain are named, ten after each MAIL, then RSET, never DATA, in 8 sessions
# (BENCH_SESSIONS) that were greeted before the clock runs (rcpt.c).  It has
# FEATURE(listmap) and asks listmapd; base has hash tables made of the same
# lists: a virtusertable with the addresses of each list and a last line that
# refuses the rest, and a mailertable (tables.mc, listmap.mc; the rest of the
# configuration is the same).  Both sendmails are there all the time, and are
# asked by turns.  They and listmapd have one processor, the client has another;
# the processor time is that of sendmail and of listmapd.  Where sendmail knows
# cdb tables (Debian's does not) they have rows as well.  Sendmail never sleeps
# here (no BadRcptThrottle, no limits of connections), never asks DNS but for
# the client's name, and logs nothing.  Each reply's code is checked.  It needs
# root and sendmail, and is left out where they are not.  "sendmail -bt" is one
# sendmail that does nothing but look keys up and print what it found: the table
# alone, as sendmail sees it; the processor time is that of sendmail, and it and
# listmapd share a processor.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$here/../patience.bash"
build=${top_builddir:-$here/../..}
build=$(cd "$build" && pwd) || exit 1
floor=$build/tests/bench/floor
load=$build/tests/bench/load
tree=$build/tests/bench/tree

generation=2.1
rounds=${BENCH_ROUNDS:-9}
seconds=${BENCH_SECONDS:-1}
unknown=${BENCH_UNKNOWN:-10}
lists=100000
few=100
mail_lists=(1000 100000)
tested=20000
deliveries=50
idle=10000
created=200
saving=60
rescan=300
often=20
warm=0.2
tries=4
plot_connections=(1 2 5 10 20 50 100 200 500 1000)
plot_lists=(100 1000 10000 100000 1000000)
during=$(awk "BEGIN { print $seconds < 2 ? 2 : $seconds }")
self=no
plot=no
how=measure
unit=look-up
tell_time=yes
tell_p99=no
for arg; do
	case $arg in
	--quick) rounds=1 tries=1 seconds=0.2 warm=0.05 during=0.5
		lists=200 few=10 idle=50 created=20 saving=2 often=1
		mail_lists=(20) tested=500 deliveries=3
		plot_connections=(1 8 64) plot_lists=(10 100) ;;
	--self) self=yes ;;
	--plot) plot=yes ;;
	*) echo "usage: bench.sh [--quick] [--self | --plot]" >&2; exit 64 ;;
	esac
done

dir=
large_dir=
declare -A pid=() v=()

die()
{
	[ -n "$dir" ] &&
	    tail -q -n 5 "$dir"/*.log "$dir"/run/*.log >&2 2>/dev/null
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

finish()
{
	far_end
	[ "${#pid[@]}" -gt 0 ] && kill "${pid[@]}" 2>/dev/null
	sm_end
	wait
	rm -rf --one-file-system "$dir" "$large_dir"
}

# start NAME COMMAND...
start()
{
	local name=$1

	shift
	"$@" >"$dir/$name.log" 2>&1 </dev/null &
	pid[$name]=$!
}

stop()
{
	kill "${pid[$1]}" && wait "${pid[$1]}"
	unset "pid[$1]"
}

# ready NAME SPEC: asks until there is an answer.
ready()
{
	until_ok answers_or_gone "$@"
	kill -0 "${pid[$1]}" 2>/dev/null || die "$1 has ended"
	answers_or_gone "$@" || die "$1 does not answer at $2"
}

answers_or_gone()
{
	! kill -0 "${pid[$1]}" 2>/dev/null || "$load" -W 1 -d 0 "$2"
}

calc()
{
	awk "BEGIN { print $1 }"
}

# Lowest, median and highest of the arguments.
median()
{
	printf '%s\n' "$@" | sort -g | awk '{ a[NR] = $1 }
	    END { print a[1], (a[int((NR + 1) / 2)] + a[int(NR / 2) + 1]) / 2,
	        a[NR] }'
}

# row WHAT BASE LISTMAPD RATIO SPREAD TARGET MET [NOTE]
row()
{
	printf '%-46s %10s %10s %7s  %-12s %-9s %-3s %s\n' "$@"
}

# judge RATIO ">= N" or "<= N" or -
judge()
{
	if [ "$2" = - ]; then
		echo -
	else
		awk "BEGIN { print ($1 $2) ? \"yes\" : \"no\" }"
	fi
}

# figures COMMAND...: its lines of NAME VALUE are then in v.
figures()
{
	local name value

	"$@" >"$dir/out" || { cat "$dir/out" >&2; die "$* fails"; }
	while read -r name value; do
		v[$name]=$value
	done <"$dir/out"
}

# place SERVER: puts the server where PIN wants it; the generator's processors
# are then in "there".
place()
{
	local here=${cpu[*]}

	there=$here
	case $PIN in
	together) here=${cpu[0]} there=${cpu[0]} ;;
	apart) here=${cpu[0]} there=${cpu[1]:-${cpu[0]}} ;;
	esac
	taskset -cp "${here// /,}" "${pid[$1]}" >/dev/null || die taskset
	there=${there// /,}
}

# measure SERVER ARGUMENT... : a round; its figures are then in v.
measure()
{
	local server=$1 there

	shift
	place "$server"
	figures timeout 300 taskset -c "$there" "$load" \
	    -P "${pid[$server]}" -w "$warm" -u "$unknown" "$@"
}

# Whether nobody else had the processor of the server or the generator for more
# than 5 % of the last round.  Where they share one they wait for each other.
clean()
{
	[ "$PIN" != apart ] || [ "${#cpu[@]}" = 1 ] ||
	    [ "$(calc "${v[server_wait]:-0} <= 0.05 && \
	        ${v[load_wait]} <= 0.05")" = 1 ]
}

# pair ROUND: base and server of compare, by turns.
pair()
{
	local turn fault=0

	unset "v[p99]"
	for turn in $(($1 % 2)) $((($1 + 1) % 2)); do
		if [ "$turn" = 0 ]; then
			# shellcheck disable=SC2086
			"$how" "$base" -d "$seconds" $base_asked
			basis=${v[$figure]} basis_time=${v[server_cpu]:-0}
			basis_p99=${v[p99]:-0}
		else
			# shellcheck disable=SC2086
			"$how" "$server" -d "$seconds" $server_asked
			value=${v[$figure]} value_time=${v[server_cpu]:-0}
			value_p99=${v[p99]:-0}
		fi
		clean || fault=1
	done
	# Nobody was served in so short a time.
	[ "$(calc "$basis > 0 && $value > 0")" = 1 ] || fault=1
	return $fault
}

# compare WHAT TARGET BASE "BASE'S ARGUMENTS" SERVER "ITS ARGUMENTS" FIGURE:
# the rounds of both, and the row.
compare()
{
	local what=$1 target=$2 base=$3 base_asked=$4 server=$5
	local server_asked=$6 figure=$7 basis basis_time value value_time
	local basis_p99 value_p99
	local good=() bad=() i try fault all r

	for ((i = 0; i < rounds; i++)); do
		for ((try = 0; try < tries; try++)); do
			fault=1
			pair "$i" && fault=0 && break
		done
		all="$(calc "$value / ($basis + 1e-9)") $basis $value"
		all+=" $basis_time $value_time $basis_p99 $value_p99"
		if [ $fault = 0 ]; then
			good+=("$all")
		else
			bad+=("$all")
		fi
	done
	r=${#bad[@]}
	[ "${#good[@]}" -gt 0 ] || good=("${bad[@]}")
	printed "$what" "$target" "$r" "${good[@]}"
}

# printed WHAT TARGET DISTURBED "RATIO BASE SERVER BASE-TIME SERVER-TIME
# BASE-P99 SERVER-P99"...
printed()
{
	local what=$1 target=$2 disturbed=$3 i note="" met column
	local low=() mid=() high=()

	shift 3
	for ((i = 0; i < 7; i++)); do
		read -r -a column < <(printf '%s\n' "$@" |
		    awk "{ printf \"%s \", \$$((i + 1)) }")
		read -r "low[i]" "mid[i]" "high[i]" < <(median "${column[@]}")
	done
	[ "$tell_time" = no ] ||
		note=$(printf '%.2f / %.2f us/%s, ' "${mid[3]}" "${mid[4]}" \
		    "$unit")
	[ "$tell_p99" = no ] ||
		note+=$(printf 'p99 %.0f / %.0f us, ' "${mid[5]}" "${mid[6]}")
	met=$(judge "${mid[0]}" "$target")
	if [ "$disturbed" != 0 ]; then
		note+="$disturbed of $rounds rounds disturbed"
		[ "$disturbed" != "$rounds" ] || [ "$met" = - ] || met="?"
	fi
	row "$what" "$(printf %.0f "${mid[1]}")" "$(printf %.0f "${mid[2]}")" \
	    "$(printf %.2f "${mid[0]}")" \
	    "$(printf '%.2f..%.2f' "${low[0]}" "${high[0]}")" "$target" \
	    "$met" "${note%, }"
}

# configure_text SPECS CACHE-DIR LISTS-DIR: listmap.conf
configure_text()
{
	printf 'listen = { %s }\ncache_dir = "%s"\n' "$1" "$2"
	printf 'log = "stderr"\nmax_connections = 12000\n'
	printf 'rescan = %s\ndeadline = 25\n' "$rescan"
	[ "$(id -u)" != 0 ] || printf 'user = "root"\n'
	printf 'site "lists" {\n\tmailman = "%s"\n' "$generation"
	printf '\tlists_dir = "%s"\n\tverify_misses = "yes"\n' "$3"
	printf '\twrapper = "%s"\n' "$dir/wrapper"
	# What is answered is the same then.
	[ "$generation" = 2.1 ] ||
		printf '\tmailer = "mailman"\n\tlmtp = "lists.example.org"\n'
	printf '\tdomain "lists.example.org" { dedicated = true }\n}\n'
}

# configure NAME LISTS-DIR SPEC...
configure()
{
	local name=$1 lists_dir=$2 spec listen=

	shift 2
	mkdir "$dir/$name.cache" || die "cannot make the cache directory"
	for spec; do
		listen+="${listen:+, }\"$spec\""
	done
	configure_text "$listen" "$dir/$name.cache" "$lists_dir" \
	    >"$dir/$name.conf" || die "cannot write $name.conf"
}

# has_room DIRECTORY MEGABYTES INODES: whether they are free there.
has_room()
{
	[ -w "$1" ] && df -m --output=avail,iavail "$1" 2>/dev/null |
	    awk -v mb="$2" -v inodes="$3" 'NR == 2 &&
	        $1 >= mb && ($2 == "-" || $2 >= inodes) { found = 1 }
	        END { exit !found }'
}

# Finds room for LISTS lists that have their files in common: in memory where
# there is enough, since they are made and removed sooner there.  "large" is
# then where they go.
place_large()
{
	local inodes=$(($1 * 11 / 10))

	large=$trees
	[ -z "${BENCH_TREES:-}" ] || return 0
	if has_room /dev/shm 3000 "$inodes" &&
	    awk '/^MemAvailable/ { exit $2 < 4000000 }' /proc/meminfo; then
		large_dir=$(mktemp -d /dev/shm/listmap-bench.XXXXXX) || return 1
		large=$large_dir
	else
		has_room "$trees" 6000 "$inodes" || large=
	fi
	[ -n "$large" ]
}

# serve NAME LISTS [SPEC...]: a listmapd over so many lists.
serve()
{
	local name=$1 n=$2 lists_dir=$trees/$2 links=

	shift 2
	if [ "$n" -ge 1000000 ]; then
		lists_dir=$large/$n
		links=-l
	fi
	# shellcheck disable=SC2086
	"$tree" $links "$lists_dir" "$n" || die "cannot make $n lists"
	configure "$name" "$lists_dir" "local:$dir/$name.sock" "$@"
	start "$name" "$build/listmapd" -c "$dir/$name.conf"
	ready "$name" "local:$dir/$name.sock"
}

# A TCP port below those that the system gives to clients.
free_port()
{
	local port i

	for ((i = 0; i < 100; i++)); do
		port=$((20000 + RANDOM % 10000))
		if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	die "no free TCP port"
}

rates()
{
	local c kind target

	PIN=apart
	compare "check: the floor itself" - floor "-c 64 $unix_floor" \
	    twin "-c 64 local:$dir/twin.sock" rate
	compare "check: the floor + 0.5 us" - floor "-c 64 $unix_floor" \
	    slow "-c 64 local:$dir/slow.sock" rate
	for kind in unix tcp; do
		for c in 1 64 500; do
			target=-
			[ $kind$c = unix64 ] && target=">= 0.90"
			PIN=apart
			[ $c = 1 ] && PIN=together
			local -n f=${kind}_floor s=${kind}_served
			compare "look-ups/s, $kind, $c connections" "$target" \
			    floor "-c $c -g $lists $f" \
			    served "-c $c -g $lists $exact $s" rate
		done
	done
	compare "look-ups/s, unix, 64, all of them found" - \
	    floor "-c 64 -u 0 -g $lists $unix_floor" \
	    served "-c 64 -u 0 -g $lists $exact $unix_served" rate
	compare "look-ups/s, unix, 64, none of them found" - \
	    floor "-c 64 -u 100 -g $lists $unix_floor" \
	    served "-c 64 -u 100 -g $lists $exact $unix_served" rate
	compare "connect, 5 look-ups, close (per s), unix" ">= 0.90" \
	    floor "-c 64 -x 5 -g $lists $unix_floor" \
	    served "-c 64 -x 5 -g $lists $exact $unix_served" connects
}

against_few()
{
	PIN=apart
	compare "look-ups/s, $1 lists against $few" ">= 0.90" \
	    few "-c 64 -e -g $few local:$dir/few.sock" \
	    "$2" "-c 64 -e -g $1 local:$dir/$2.sock" rate
}

# A million lists are made for it, which takes longer than all of the rest.
large_row()
{
	local n=1000000 why

	why="not measured: BENCH_LARGE=1 makes them"
	[ "${BENCH_LARGE:-0}" = 0 ] || place_large $n ||
	    why="not measured: needs 3 GB of /dev/shm or 6 GB of disk"
	if [ "${BENCH_LARGE:-0}" = 0 ] || [ -z "${large:-}" ]; then
		row "look-ups/s, $n lists against $few" - - - - ">= 0.90" - \
		    "$why"
		return
	fi
	serve large $n
	against_few $n large
	stop large
}

cache_inode()
{
	stat -c %i "$dir/served.cache/lists.cdb"
}

# Whether the cache was replaced: a rebuild was done.
rebuilt()
{
	[ "$(cache_inode)" != "$1" ]
}

# Waits until no rebuild comes any more.
settle()
{
	local last now quiet=0 i

	last=$(cache_inode)
	for ((i = 0; i < 3000 && quiet < 50; i++)); do
		sleep 0.02
		now=$(cache_inode)
		quiet=$((now == last ? quiet + 1 : 0))
		last=$now
	done
	[ "$quiet" = 50 ] || die "the rebuilds do not end"
}

# Changes lists and makes new ones, so that rebuild follows rebuild, until
# there is a file "stop"; leaves their number in "rebuilds".
churn()
{
	local n=0 before new lists_dir=$trees/$lists

	# What the daemon does is to be measured, not what makes it do it.
	renice -n 19 "$BASHPID" >/dev/null || return 1
	while [ ! -e "$dir/stop" ]; do
		before=$(cache_inode)
		new=$lists_dir/churn-$1-$n
		touch "$lists_dir"/list-0000[0-4]?/config.pck &&
		    mkdir "$new" &&
		    cp "$lists_dir/list-000000/config.pck" "$new/tmp" &&
		    mv "$new/tmp" "$new/config.pck" &&
		    until_ok rebuilt "$before" || return 1
		n=$((n + 1))
		echo "$n" >"$dir/rebuilds"
	done
}

# churned NAME ROUND: a round of the load while rebuilds run.
churned()
{
	local i before=0 after

	rm -f "$dir/stop" "$dir/rebuilds"
	churn "$1" &
	pid[churn]=$!
	until_ok test -s "$dir/rebuilds"
	read -r before <"$dir/rebuilds" || die "no rebuild began"
	shift
	# A round in which none ended says nothing.
	for ((i = 0; i < 10; i++)); do
		measure served "$@"
		read -r after <"$dir/rebuilds"
		[ "$after" -gt "$before" ] && break
	done
	touch "$dir/stop"
	wait "${pid[churn]}" || die "a rebuild did not come"
	unset "pid[churn]"
	[ "$after" -gt "$before" ] || die "no rebuild ended in the round"
	rebuilds=$((rebuilds + after - before))
	settle
}

# latency WHAT RATE
latency()
{
	local what=$1 rest=() busy=() ratio=() i b g r rebuilds=0
	local args=(-c 64 -e -g "$lists" "local:$dir/served.sock")

	PIN=no
	[ "$2" != max ] && args=(-r "$2" "${args[@]}")
	args=(-d "$during" "${args[@]}")
	for ((i = 0; i < rounds; i++)); do
		measure served "${args[@]}"
		rest[i]=${v[p99]}
		churned "$2-$i" "${args[@]}"
		busy[i]=${v[p99]}
		ratio[i]=$(calc "${busy[i]} / ${rest[i]}")
	done
	read -r _ b _ < <(median "${rest[@]}")
	read -r _ g _ < <(median "${busy[@]}")
	read -r -a r < <(median "${ratio[@]}")
	row "$what" "$b" "$g" "$(printf %.2f "${r[1]}")" \
	    "$(printf '%.2f..%.2f' "${r[0]}" "${r[2]}")" "<= 2" \
	    "$(judge "${r[1]}" "<= 2")" "$rebuilds rebuilds"
}

# Resident bytes of a process but for the cache that a scan gave it.
resident()
{
	awk '/^[0-9a-f]+-[0-9a-f]+ / { mine = index($6, "/memfd:") != 1 }
	    $1 == "Rss:" && mine { kb += $2 }
	    END { print kb * 1024 }' "/proc/$1/smaps"
}

memory()
{
	local limit before after held
	local server=${pid[served]}

	limit=$(($(ulimit -Hn) - 200))
	[ "$idle" -gt "$limit" ] && idle=$limit
	before=$(resident "$server")
	[ "${before:-0}" -gt 0 ] || die "cannot read smaps"
	row "memory beside the cache, MB" - \
	    "$(calc "int($before / 10485.76) / 100")" - - "<= 8" \
	    "$(judge "$before / 1048576" "<= 8")"
	coproc hold { exec "$load" -i -c "$idle" "local:$dir/served.sock"; }
	# shellcheck disable=SC2154
	pid[hold]=$hold_PID
	read -r -t 120 -u "${hold[0]}" _ held || die "cannot hold $idle"
	after=$(resident "$server")
	eval "exec ${hold[1]}>&-"
	wait "${pid[hold]}" 2>/dev/null
	unset "pid[hold]"
	row "memory of each of $held connections, bytes" - \
	    "$(calc "int(($after - $before) / $held)")" - - "<= 4096" \
	    "$(judge "($after - $before) / $held" "<= 4096")"
}

creation()
{
	figures "$tree" -a "local:$dir/served.sock" "$trees/$lists" "$created"
	row "created lists right at the first look-up" "${v[created]}" \
	    "${v[first_right]}" \
	    "$(calc "${v[first_right]} / ${v[created]}")" - ">= 1" \
	    "$(judge "${v[first_right]} / ${v[created]}" ">= 1")"
	row "created -> answered, us: median, max" "${v[median]}" \
	    "${v[max]}" - - - -
}

# Microseconds that a command takes.
took()
{
	local from=${EPOCHREALTIME/[.,]/}

	"$@" >/dev/null || die "$*: failed"
	echo $((${EPOCHREALTIME/[.,]/} - from))
}

rescan()
{
	local base=() got=() i b g before

	stop served
	settle
	"$build/listmap" -c "$dir/served.conf" rebuild || die "no rebuild"
	before=$(cache_inode)
	for ((i = 0; i < rounds * 2; i++)); do
		base[i]=$(took find "$trees/$lists" -maxdepth 2 \
		    -name config.pck -size +0) || exit 1
		got[i]=$(took "$build/listmap" -c "$dir/served.conf" \
		    rebuild) || exit 1
	done
	[ "$(cache_inode)" = "$before" ] || die "something was rewritten"
	read -r b _ < <(median "${base[@]}")
	read -r g _ < <(median "${got[@]}")
	row "rescan, $lists unchanged lists, ms, best; find" \
	    "$(calc "$b / 1000")" "$(calc "$g / 1000")" \
	    "$(printf %.2f "$(calc "$g / $b")")" - "<= 1.3" \
	    "$(judge "$g / $b" "<= 1.3")"
}

# What one scan costs that finds no cache, and reads every pickle.
first_scan()
{
	local base=() got=() i b g

	for ((i = 0; i < rounds; i++)); do
		base[i]=$(took find "$trees/$lists" -maxdepth 2 \
		    -name config.pck -exec cat {} +) || exit 1
		rm -f "$dir"/served.cache/lists.*
		got[i]=$(took "$build/listmap" -c "$dir/served.conf" \
		    rebuild) || exit 1
	done
	read -r b _ < <(median "${base[@]}")
	read -r g _ < <(median "${got[@]}")
	row "first scan, $lists lists, ms, best; find, cat" \
	    "$(calc "$b / 1000")" "$(calc "$g / 1000")" \
	    "$(printf %.2f "$(calc "$g / $b")")" - - - -
}

# Seconds of processor time of a process and its children that have ended.
consumed()
{
	awk -v ticks="$(getconf CLK_TCK)" \
	    '{ print ($14 + $15 + $16 + $17) / ticks }' "/proc/$1/stat"
}

# observed: a time of look-ups; leaves p99 and the processor time per minute.
observed()
{
	local before after

	before=$(consumed "${pid[saving]}")
	measure saving -c 64 -r 1000 -d "$saving" -e -g "$lists" \
	    "local:$dir/saving.sock"
	after=$(consumed "${pid[saving]}")
	p99=${v[p99]}
	consumption=$(calc "($after - $before) * 60 / ($saving + $warm)")
}

# Whether a scan saw what was saved: the cache is another than BEFORE.
saw_saved()
{
	[ "$(stat -c '%i %y' "$cache")" != "$1" ]
}

saves()
{
	local rest p99 rest_consumption consumption before saved
	local cache=$dir/saving.cache/lists.cdb

	rescan=$often
	serve saving "$lists"
	PIN=no
	observed
	rest=$p99 rest_consumption=$consumption
	before=$(stat -c '%i %y' "$cache")
	start saver nice -n 19 "$tree" -s $(((lists + 5999) / 6000)) \
	    "$trees/$lists" "$lists"
	observed
	stop saver || die "the lists cannot be saved"
	read -r _ saved <"$dir/saver.log"
	until_ok saw_saved "$before" || die "no scan saw what was saved"
	row "processor time, s/min, 1 % saved/min; none" \
	    "$(printf %.2f "$rest_consumption")" \
	    "$(printf %.2f "$consumption")" \
	    "$(printf %.2f "$(calc "$consumption / ($rest_consumption + 1e-9)")")" \
	    - - - "$saved lists in $saving s, a scan each $often s"
	row "p99, us, 1 % saved/min; none" "$rest" "$p99" \
	    "$(printf %.2f "$(calc "$p99 / $rest")")" - - - -
	stop saving
}

# A postfix_lmtp of all lists, and its postfix_domains.
write_down()
{
	awk -v n="$lists" 'BEGIN {
	    k = split("-bounces -confirm -join -leave -owner -request " \
	        "-subscribe -unsubscribe", suffix, " ")
	    for (i = 0; i < n; i++) {
	        for (j = 0; j <= k; j++)
	            printf "list-%06d%s@lists.example.org   " \
	                "lmtp:[127.0.0.1]:8024\n", i, j ? suffix[j] : ""
	        print ""
	    } }' >"$trees/data/postfix_lmtp" &&
	    printf 'lists.example.org lists.example.org\n\n' \
	        >"$trees/data/postfix_domains"
}

# rescans WHAT TARGET "BASE'S COMMAND": unchanged scans of Mailman 3.
rescans()
{
	local base=() got=() i b g

	for ((i = 0; i < rounds * 2; i++)); do
		# shellcheck disable=SC2086
		[ "$3" = - ] || base[i]=$(took $3) || exit 1
		got[i]=$(took "$build/listmap" -c "$dir/three.conf" \
		    rebuild) || exit 1
	done
	read -r g _ < <(median "${got[@]}")
	b=${last:-1}
	[ "$3" = - ] || read -r b _ < <(median "${base[@]}")
	row "$1" "$(calc "$b / 1000")" "$(calc "$g / 1000")" \
	    "$(printf %.2f "$(calc "$g / $b")")" - "$2" \
	    "$(judge "$g / $b" "$2")"
	last=$g
}

mailman3()
{
	local generation=3 last

	mkdir -p "$trees/data" && rm -f "$trees"/data/*
	"$tree" -3 "$trees/three" "$lists" || die "cannot make directories"
	configure three "$trees/three" "local:$dir/three.sock"
	# A new list is believed when it has settled.
	sed -i 's/mailman = "3"/&\n\tsettle = 0/' "$dir/three.conf"
	start three "$build/listmapd" -c "$dir/three.conf"
	ready three "local:$dir/three.sock"
	PIN=apart
	compare "look-ups/s, unix, 64 connections, Mailman 3" ">= 0.90" \
	    floor "-c 64 -g $lists $unix_floor" \
	    three "-c 64 -g $lists $exact local:$dir/three.sock" rate
	stop three
	"$build/listmap" -c "$dir/three.conf" rebuild || die "no rebuild"
	rescans "rescan, $lists unchanged Mailman 3, ms; find -links" \
	    "<= 1.3" "find $trees/three -maxdepth 1 -type d -links 2"
	write_down || die "cannot write postfix_lmtp"
	"$build/listmap" -c "$dir/three.conf" rebuild || die "no rebuild"
	rescans "the same, all of them written down; without" - -
}

. "$here/meanwhile.bash"
. "$here/peers.bash"
. "$here/plot.bash"
. "$here/mail.bash"

for program in "$floor" "$load" "$tree" "$run" "$rcpt" \
    "$build/tests/bench/sink"; do
	[ -x "$program" ] || die "$program is not built"
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/listmap-bench.XXXXXX") || exit 1
trap finish EXIT
trap 'exit 1' INT TERM HUP
ulimit -Sn "$(ulimit -Hn)"
trees=${BENCH_TREES:-$dir/trees}
mkdir -p "$trees" || die "cannot make $trees"
rm -rf "$trees"/*/new-* "$trees"/*/churn-* "$trees"/*/made-*
PIN=no
read -r -a cpu < <(taskset -cp $$ | sed 's/.*: //' | tr , '\n' |
    awk -F- '{ for (i = $1; i <= $NF; i++) printf "%d ", i }')
[ "${#cpu[@]}" -gt 0 ] || die "which processors there are"

port=$(free_port) || exit 1
unix_floor=local:$dir/floor.sock
tcp_floor=inet:$port@127.0.0.1
start floor "$floor" "$unix_floor" "$tcp_floor"
start twin "$floor" "local:$dir/twin.sock"
start slow "$floor" -b 500 "local:$dir/slow.sock"
ready floor "$tcp_floor"
ready twin "local:$dir/twin.sock"
ready slow "local:$dir/slow.sock"
port=$(free_port) || exit 1
unix_served=local:$dir/served.sock
tcp_served=inet:$port@127.0.0.1
exact=-e

if [ "$plot" = yes ]; then
	plot_data
	exit 0
fi
printf '%s, %s processors, load %s, %s rounds of %s s\n\n' \
    "$(uname -sr | cut -d - -f 1)" "$(nproc)" \
    "$(cut -d ' ' -f 1 /proc/loadavg)" "$rounds" "$seconds"
row what base listmapd ratio spread target met ""
if [ "$self" = yes ]; then
	exact=
	start served "$floor" "$unix_served" "$tcp_served"
	ready served "$tcp_served"
	rates
	exit 0
fi
serve served "$lists" "$tcp_served"
serve few "$few"
rates
peers
making
hanging
PIN=apart
measure served -c 64 -d "$seconds" -g "$lists" -e "$unix_served"
# shellcheck disable=SC2154
latency "p99, us, while rebuilding; at rest" "$(calc "int(${v[rate]} / 10)")"
latency "p99, us, the same at the highest rate" max
against_few "$lists" served
large_row
memory
creation
rescan
first_scan
saves
delivery
mail
mailman3
