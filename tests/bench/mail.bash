# The rows of the bench about mail: what mm-handler costs beside the wrapper
# that it runs, and sendmail with FEATURE(listmap) beside sendmail with tables
# made by hand.  What they mean is in the head of bench.sh.

top_srcdir=${top_srcdir:-$here/../..} top_builddir=$build
. "$top_srcdir/tests/sendmail.bash"

run=$build/tests/bench/run
rcpt=$build/tests/bench/rcpt
sessions=${BENCH_SESSIONS:-8}
tables_port=2526
listmap_port=2525

# MM-HANDLER AND THE WRAPPER

# The stand-in of the wrapper and mm-handler's command line in "alone" and
# "handled"; messages of 10 KB and 10 MB.
prepare_delivery()
{
	# as root it runs the wrapper as the owner of the lists directory
	[ "$(id -u)" != 0 ] || chown nobody "$trees/$lists" || die chown
	chmod 711 "$dir" && install -m 755 "$build/tests/bench/sink" \
	    "$dir/wrapper" || die "cannot make the wrapper"
	alone=("$dir/wrapper" bounces list-000001)
	handled=("$build/mm-handler" -c "$dir/served.conf" --
		lists.example.org list-000001-bounces+user=example.net)
	for size in small:10240 large:10485760; do
		{
			printf 'From user@example.net Mon Jan  1 00:00:00 2024\n'
			printf 'Subject: test\n\n'
			yes 'The quick brown fox jumps over the lazy dog.' |
			    head -c "${size#*:}"
		} >"$dir/${size%:*}.mail" || die "cannot write a message"
	done
}

# signed LOWEST MEDIAN HIGHEST: "more" and "spread" of a row.
signed()
{
	printf -v spread '%+.2f..%+.2f' "$1" "$3"
	printf -v more '%+.2f' "$2"
}

# delivery_time WHAT TARGET MESSAGE
delivery_time()
{
	local base=() got=() diff=() cpu=() cpus=() i turn more spread b g

	for ((i = 0; i < rounds; i++)); do
		for turn in $((i % 2)) $(((i + 1) % 2)); do
			if [ "$turn" = 0 ]; then
				figures "$run" -n "$deliveries" \
				    "$dir/$3.mail" "${alone[@]}"
				base[i]=${v[wall]} cpu[i]=${v[cpu]}
			else
				figures "$run" -n "$deliveries" \
				    "$dir/$3.mail" "${handled[@]}"
				got[i]=${v[wall]} cpus[i]=${v[cpu]}
			fi
		done
		diff[i]=$(calc "(${got[i]} - ${base[i]}) / 1000")
	done
	# shellcheck disable=SC2046
	signed $(median "${diff[@]}")
	read -r _ b _ < <(median "${base[@]}")
	read -r _ g _ < <(median "${got[@]}")
	row "$1" "$(calc "sprintf(\"%.2f\", $b / 1000)")" \
	    "$(calc "sprintf(\"%.2f\", $g / 1000)")" "$more" "$spread" \
	    "${2/= /= +}" "$(judge "$more" "$2")" \
	    "$(processor_note cpu cpus)"
}

# Medians of two arrays of microseconds.
processor_note()
{
	local -n one=$1 two=$2
	local b g

	read -r _ b _ < <(median "${one[@]}")
	read -r _ g _ < <(median "${two[@]}")
	calc "sprintf(\"%.2f / %.2f ms of processor time\", \
	    $b / 1000, $g / 1000)"
}

# The wrapper runs while mm-handler does: together they need the sum.
delivery_memory()
{
	local b g resident pss
	# a process that is traced cannot be searched for leaks
	local -x ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

	figures "$run" -m "$dir/large.mail" "${alone[@]}"
	b=${v[private]}
	figures "$run" -m "$dir/large.mail" "${handled[@]}"
	# shellcheck disable=SC2154
	g=${v[private]} resident=${v[resident]} pss=${v[pss]}
	row "delivery of 10 MB, private memory, MB; wrapper" \
	    "$(calc "sprintf(\"%.2f\", $b / 1024)")" \
	    "$(calc "sprintf(\"%.2f\", ($b + $g) / 1024)")" \
	    "$(calc "sprintf(\"%+.2f\", $g / 1024)")" - "<= +3" \
	    "$(judge "$g / 1024" "<= 3")" \
	    "$(calc "sprintf(\"mm-handler: Pss %.2f, resident %.2f MB\", \
	        $pss / 1024, $resident / 1024)")"
}

delivery()
{
	local alone handled size

	prepare_delivery
	delivery_time "delivery by mm-handler, 10 KB, ms; wrapper" "<= 3" small
	delivery_time "delivery by mm-handler, 10 MB, ms; wrapper" - large
	delivery_memory
}

# SENDMAIL

# Addresses of $1 lists and what sendmail must say to them: as keys.c has them,
# but no foreign domains, which sendmail never looks up.
recipients()
{
	awk -v lists="$1" -v unknown="$unknown" 'BEGIN {
		n = split("admin bounces confirm join leave owner request " \
		    "subscribe unsubscribe", action)
		srand(1)
		for (i = 0; i < 100000; i++) {
			list = sprintf("list-%06d", int(rand() * lists))
			kind = int(rand() * 100)
			code = 250
			if (rand() * 100 < unknown) {
				code = 550
				local = kind < 50 ? "no" list "-request" : \
				    list "-nothing"
			} else if (kind < 45)
				local = list
			else if (kind < 75)
				local = list "-" action[1 + int(rand() * n)]
			else if (kind < 95)
				local = list "-bounces+user." \
				    int(rand() * 1e6) "=example.net"
			else
				local = sprintf("%s-confirm+%040d", list,
				    rand() * 1e9)
			printf "%s@lists.example.org\t%d\n", local, code
		}
	}'
}

# Whether sendmail and its makemap know tables of TYPE.
has_tables()
{
	makemap -l | grep -qx "$1"
}

# make_table TYPE NAME: from standard input.
make_table()
{
	local cache=

	# Without a large one it takes minutes to make a large hash table.
	[ "$1" = cdb ] || cache="-c 268435456"
	# shellcheck disable=SC2086
	sm_in makemap $cache "$1" "/run/sendmail/$2"
}

# The tables that an administrator would write: all addresses of all lists,
# `+*' where there is a detail, and the domain's last line.
hand_made()
{
	local listmap type

	listmap=("$(realpath "$build")/listmap" -c /run/listmap.conf build)
	sm_in "${listmap[@]}" --standalone text virtuser /run/virtuser &&
	    sm_in "${listmap[@]}" text mailertable /run/mailertable &&
	    mkdir -p "$sm_run"/sendmail/{tables,listmap} ||
	    die "cannot write the tables down"
	for type in hash cdb; do
		has_tables $type || continue
		sed '/+\*@[^	]*	error:/d' "$sm_run/virtuser" |
		    make_table $type tables/virtusertable &&
		    make_table $type tables/mailertable \
		        <"$sm_run/mailertable" || die "cannot make the tables"
		echo 'sales@example.org	games' |
		    make_table $type listmap/virtusertable &&
		    echo 'example.net	local:games' |
		    make_table $type listmap/mailertable ||
		    die "cannot make the other tables"
	done
	rm "$sm_run/virtuser" "$sm_run/mailertable"
}

# mail_daemon NAME PORT MC TYPE: sendmail with MC.mc and tables of TYPE.
mail_daemon()
{
	local place=/run/sendmail/$1 tables=/run/sendmail/$3

	mkdir -p -m 700 "$sm_run/sendmail/$1.queue" || die "no queue"
	sm_m4 -DBENCH_TABLES="$tables" -DBENCH_TYPE="$4" "../bench/$3.mc" \
	    >"$sm_run/sendmail/$1.cf" 2>"$dir/m4.log" || die "m4: $3.mc"
	sm_in sendmail -C "$place.cf" -bi >/dev/null || die "newaliases"
	sm_spawn "$1" taskset -c "$there" sendmail -C "$place.cf" -bD \
	    -O DaemonPortOptions="Family=inet,Port=$2,Addr=127.0.0.1" \
	    -O QueueDirectory="$place.queue" -O PidFile="$place.pid" \
	    -O ControlSocketName="$place.control"
	sm_in "$rcpt" -W "$PATIENCE" -d 0 "$2" "$dir/recipients" ||
	    { cat "$sm_run/$1.log" >&2; die "sendmail with $3.mc"; }
}

# The number of NAME in the world.
number_of()
{
	cat "$sm_run/$1.pid"
}

# Seconds of the processes NAME..., those that ended included: processor time,
# and how much of it was not the system's.
mail_consumed()
{
	local name files=()

	for name; do
		files+=("/proc/$(number_of "$name")/stat")
	done
	sm_in awk -v ticks="$(getconf CLK_TCK)" '
	    { user += $14 + $16; all += $14 + $15 + $16 + $17 }
	    END { print all / ticks; print user / ticks }' "${files[@]}"
}

# The same of all processes on the two processors, without that of the system,
# of which some is charged to processes and some to nobody, by the kernel's
# configuration; and the clock.
processors_used()
{
	awk -v ticks="$(getconf CLK_TCK)" -v a="cpu$there" -v b="cpu${cpu[0]}" \
	    '$1 == a || $1 == b { user += $2 + $3 }
	    END { print user / ticks }' /proc/stat
	cut -d ' ' -f 1 /proc/uptime
}

no_sessions()
{
	local pid

	pid=$(number_of "$1")
	[ -z "$(sm_in cat "/proc/$pid/task/$pid/children")" ]
}

# mailed SERVER -d SECONDS PORT: a round; its figures are then in v.
mailed()
{
	local server=$1 from=() to=() daemons=("$1")

	shift
	[ "$server" != listmap ] || daemons+=(listmapd)
	mapfile -t from < <(processors_used; mail_consumed "${daemons[@]}")
	figures sm_in timeout 300 taskset -c "${cpu[0]}" "$rcpt" \
	    -c "$sessions" -s 127.0.0.5 -f user@remote.test -w "$warm" \
	    "$@" "$dir/recipients"
	until_ok no_sessions "$server" || die "sessions do not end"
	mapfile -t to < <(processors_used; mail_consumed "${daemons[@]}")
	v[server_cpu]=$(calc "(${to[2]} - ${from[2]}) * 1e6 / \
	    ${v[recipients]}")
	# The client sleeps most of the time, and is not woken up at once: that
	# is not for want of a processor.  What others used is counted instead.
	v[server_wait]=$(calc "(${to[0]} - ${from[0]} - ${to[3]} + \
	    ${from[3]} - ${v[user]}) / (${to[1]} - ${from[1]} + 1e-9)")
	v[load_wait]=0
}

# Sendmail's own test mode is to look the keys up in MAP.
write_tested()
{
	sed "s/^/\/map $1 /" "$dir/keys" >"$dir/tested" &&
	    echo /quit >>"$dir/tested" || die "cannot write the keys"
}

# finds_most NAME MAP: whether sendmail finds most of them.
finds_most()
{
	local found

	write_tested "$2"
	found=$(sm_in sendmail -C "/run/sendmail/$1.cf" -bt <"$dir/tested" |
	    grep -c ' returns ')
	[ "$((found * 2))" -gt "$(wc -l <"$dir/keys")" ]
}

# mapped SERVER -d SECONDS MAP: a round of that; its figures are then in v.
# SERVER has the tables.
mapped()
{
	local wall

	write_tested "$4"
	figures sm_in taskset -c "$there" "$run" -n 1 "$dir/tested" \
	    "$(command -v sendmail)" -C "/run/sendmail/$1.cf" -bt
	# shellcheck disable=SC2154
	wall=${v[wall]}
	v[rate]=$(calc "$(wc -l <"$dir/keys") / $wall * 1e6")
	v[server_cpu]=$(calc "${v[cpu]} / $(wc -l <"$dir/keys")")
	v[server_wait]=0 v[load_wait]=0
}

# type_rows LISTS TYPE: tables of TYPE beside listmapd.
type_rows()
{
	local lists=$1 type=$2 target=-

	[ "$type" != hash ] || target=">= 0.95"
	if ! has_tables "$type"; then
		row "RCPTs/s of sendmail, $lists lists; $type tables" - - - - \
		    "$target" - "not measured: this sendmail has no such tables"
		return
	fi
	mail_daemon "$type" "$tables_port" tables "$type"
	PIN=apart
	how=mailed unit=RCPT compare \
	    "RCPTs/s of sendmail, $lists lists; $type tables" "$target" \
	    "$type" "$tables_port" listmap "$listmap_port" rate
	finds_most "$type" virtuser && finds_most listmap listmap ||
	    die "sendmail -bt does not find the lists"
	how=mapped compare "look-ups/s of sendmail -bt, $lists; $type" - \
	    "$type" virtuser listmap listmap rate
	sm_daemon_stop "$type" || die "$type does not end"
}

# mail_rows LISTS
mail_rows()
{
	local name type there=${cpu[1]:-${cpu[0]}} own=hash

	has_tables hash || own=cdb
	"$tree" "$trees/$1" "$1" || die "cannot make $1 lists"
	rm -f "$sm_run"/cache/*
	configure_text '"local:/run/listmap/socket"' /run/cache "$trees/$1" \
	    >"$sm_run/listmap.conf" || die "cannot write listmap.conf"
	sm_daemon listmapd || die "listmapd in the world of sendmail"
	sm_in taskset -cp "$there" "$(number_of listmapd)" >/dev/null
	recipients "$1" >"$dir/recipients" || die "cannot write recipients"
	sed '/+/d; s/	.*//' "$dir/recipients" | head -n "$tested" \
	    >"$dir/keys" || die "cannot write the keys"
	hand_made
	mail_daemon listmap "$listmap_port" listmap $own
	for type in hash cdb; do
		type_rows "$1" $type
	done
	for name in listmap listmapd; do
		sm_daemon_stop "$name" || die "$name does not end"
	done
}

mail()
{
	local lacks n
	local BATS_FILE_TMPDIR=$dir

	lacks=$(sm_missing)
	if [ -n "$lacks" ]; then
		row "RCPTs/s of sendmail; hash tables" - - - - ">= 0.95" - \
		    "not measured: needs $lacks"
		return
	fi
	sm_world 2>"$dir/world.log" || die "no world for sendmail"
	for n in "${mail_lists[@]}"; do
		mail_rows "$n"
	done
}
