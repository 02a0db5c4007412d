# listmap: what each command prints, and the code it ends with.

load lib

listmap() {
	$ENTER "$LISTMAP" -c "$T/conf" "$@"
}

@test "usage: wrong command lines are 64 and print it" {
	exits 64 "$LISTMAP"
	says "usage: listmap"
	exits 64 "$LISTMAP" dance
	says "there is no command dance"
	exits 64 "$LISTMAP" -x
	conf
	for line in "query" "query map" "query --slowly map key" "dump" \
	    "dump a b" "dump --everything a" "build" "build text map" \
	    "build sdbm recipients file" "rebuild --quickly" "status now"; do
		exits 64 listmap $line
		says "usage: listmap [-c file] ${line%% *}"
	done
}

@test "usage: help names every command and every role" {
	exits 0 "$LISTMAP" --help
	for word in query dump build rebuild status virtuser recipients; do
		says "$word"
	done
	exits 0 "$LISTMAP" --version
	says "listmap (listmap) "
}

@test "a wrong configuration is 78" {
	exits 78 listmap dump recipients
	says "$T/conf: No such file or directory"
	conf 'rescan = 0'
	for command in "query recipients x" "query --direct recipients x" \
	    "dump recipients" "build text recipients $T/out" rebuild status; do
		exits 78 listmap $command
		says "$T/conf:4: "
	done
	[ ! -e "$T/out" ]
}

# The same questions by both ways.
query_ends_well() {
	exits 0 query "$@" recipients a@example.org
	[ "$output" = OK ]
	exits 1 query "$@" recipients c@example.org
	[ "$output" = "" ]
	exits 0 query "$@" recipients a@example.org c@example.org b@example.org
	[ "$output" = "a@example.org	OK
b@example.org	OK" ]
	exits 1 query "$@" recipients c@example.org d@example.org
	[ "$output" = "" ]
	exits 0 query "$@" aliases b-owner
	[ "$output" = '"|/usr/lib/mailman/mail/mailman owner b"' ]
}

@test "query: 0 found, 1 absent, by the daemon and --direct" {
	mklist a b
	conf
	start_daemon
	query_ends_well
	query_ends_well --direct
}

@test "query: 75 where any key has no answer, whatever the others have" {
	rmdir "$T/lists"
	conf "" 'domain "d.org" { redirect = { "p=q@example.org" } }'
	start_daemon
	for how in "" --direct; do
		exits 75 query $how listmap a@d.org
		says "a@d.org: no answer: the lists directory cannot be read"
		exits 75 query $how listmap p@d.org a@d.org
		says "p@d.org	redirect:q@example.org"
		exits 75 query $how listmap a@d.org x@elsewhere.org
		exits 1 query $how listmap x@elsewhere.org
	done
}

@test "query: keys from standard input, among others" {
	mklist a b
	conf
	start_daemon
	for how in "" --direct; do
		printf 'a@example.org\nc@example.org\nb@example.org' |
		    "$LISTMAP" -c "$T/conf" query $how recipients - >"$T/out"
		[ "$(cat "$T/out")" = "a@example.org	OK
b@example.org	OK" ]
		printf 'b@example.org\n' | "$LISTMAP" -c "$T/conf" query $how \
		    recipients a@example.org - a-owner@example.org >"$T/out"
		[ "$(cut -f1 "$T/out" | xargs)" = \
		    "a@example.org b@example.org a-owner@example.org" ]
		run query $how recipients - </dev/null
		[ "$status" = 1 ]
	done
}

@test "query: keys with dashes, blanks, 8-bit bytes and NUL" {
	mklist -- -dash a
	conf
	start_daemon
	for how in "" --direct; do
		exits 0 query $how recipients -dash@example.org
		exits 0 query $how recipients --dash@example.org ./x \
		    -dash-owner@example.org
		[ "$output" = "-dash-owner@example.org	OK" ]
		exits 1 query $how recipients "a b@example.org" " " "" \
		    $'a\xe9@example.org' $'a\tb@example.org'
		[ "$output" = "" ]
		# VERP carries nearly anything.
		exits 0 query $how aliases $'a-bounces+q "\xe9 s"=x'
		says "bounces a"
		printf 'a\0b@example.org\na@example.org\0\n\0\n' |
		    run query $how recipients -
		[ "$(printf 'a\0@example.org\na-bounces+\0@example.org\n' |
		    query $how recipients - | tr '\0' 0)" = \
		    "a-bounces+0@example.org	OK" ]
	done
}

@test "query: an unknown map" {
	conf
	start_daemon
	exits 75 query nonsense key
	says "no map has that name"
	exits 64 query --direct nonsense key
	says "nonsense: no map has that name"
}

@test "query, status: why nobody answers" {
	conf
	exits 75 query -s local:run/socket recipients a@example.org
	says "socket path does not begin with / (--direct"
	exits 75 listmap status -s inet:0@127.0.0.1
	says "inet:0@127.0.0.1: bad port (1 to 65535)"
	not says "running"
	[ "$(id -u)" = 0 ] || skip "another account takes root"
	start_daemon
	chmod 0600 "$T/run/socket"
	exits 75 setpriv --reuid=65534 --clear-groups "$LISTMAP" -c "$T/conf" \
	    query recipients a@example.org
	says "Permission denied: may this account connect"
	not says "running"
}

@test "query: a key that no request can carry" {
	conf
	start_daemon
	exits 75 query recipients "$(printf %012000d 0)@example.org"
	says "key too long"
	answers
}

@test "query: without a daemon 75, and --direct goes on" {
	mklist a
	conf
	listmap rebuild
	exits 75 query recipients a@example.org
	says "$T/run/socket: No such file or directory: is listmapd running?"
	exits 75 listmap status
	says "is listmapd running?"
	exits 0 query --direct recipients a@example.org
	start_daemon
	# A child that begins to scan has its sockets for a moment.
	until_ok scanned_since 0
	kill -KILL "$PID"
	wait_gone "$PID"
	exits 75 query recipients a@example.org
	says "Connection refused"
}

@test "query: sites limited by a map" {
	conf 'map "none" { role = "recipients" site = { "other" } }'
	mklist a
	mkdir "$T/other"
	cat >>"$T/conf" <<-END
	site "other" {
		lists_dir = "$T/other"
		domain "example.org" {}
	}
	END
	mkdir -p "$T/other/b"
	printf '}.' >"$T/other/b/config.pck"
	start_daemon
	for how in "" --direct; do
		exits 0 query $how recipients a@example.org
		exits 1 query $how none a@example.org
	done
}

@test "dump: what cannot be dumped" {
	conf
	exits 64 listmap dump refusal
	says "refusal: its answers have no end"
	exits 64 listmap dump nonsense
	exits 64 listmap dump --shared recipients
	says "--shared has no meaning"
	exits 75 listmap dump recipients
	says "is there a cache (listmap rebuild)?"
	# The configuration alone knows these.
	exits 0 listmap dump domains
	[ "$output" = lists.example.org ]
	exits 0 listmap dump --shared domains
	[ "$output" = example.org ]
}

@test "dump: a full disk is an error" {
	mklist a
	conf
	listmap rebuild
	run bash -c "'$LISTMAP' -c '$T/conf' dump recipients >/dev/full"
	[ "$status" = 74 ]
	says "No space left on device"
}

@test "build: unknown maps and types, endless answers, no cache" {
	conf
	exits 64 listmap build sdbm recipients "$T/out"
	says "sdbm: no such type"
	for type in text cdb; do
		exits 64 listmap build $type refusal "$T/out"
		exits 64 listmap build $type nonsense "$T/out"
		exits 75 listmap build $type recipients "$T/out"
	done
	[ "$(ls "$T")" = "cache
conf
lists
run" ]
}

@test "build: a place that cannot be written" {
	mklist a
	conf
	listmap rebuild
	for type in text cdb; do
		exits 73 listmap build $type recipients "$T/nowhere/file"
		says "$T/nowhere/file: No such file or directory"
	done
	need_root
	chmod 755 "$T"
	for type in text cdb; do
		exits 73 nobody "$LISTMAP" -c "$T/conf" build $type \
		    recipients "$T/file"
		says "$T/file: Permission denied"
	done
	[ ! -e "$T/file" ]
}

@test "build: a full disk leaves the old file, and nothing else" {
	enter_namespace
	mkdir "$T/small"
	$ENTER mount -t tmpfs -o size=64k none "$T/small"
	mklist a
	conf
	listmap rebuild
	listmap build text aliases "$T/small/text"
	listmap build cdb aliases "$T/small/cdb"
	before=$($ENTER cksum "$T/small/text" "$T/small/cdb")
	many_lists 400
	listmap rebuild
	for type in text cdb; do
		exits 74 listmap build $type aliases "$T/small/$type"
		says "$T/small/$type: No space left on device"
	done
	[ "$($ENTER cksum "$T/small/text" "$T/small/cdb")" = "$before" ]
	[ "$($ENTER ls -A "$T/small" | xargs)" = "cdb text" ]
}

@test "build: the file is for everybody to read, and replaced whole" {
	mklist a
	conf
	listmap rebuild
	echo old >"$T/out"
	ln "$T/out" "$T/link"
	umask 077
	listmap build text recipients "$T/out"
	[ "$(stat -c %a "$T/out")" = 644 ]
	grep -q "^a@example.org	OK" "$T/out"
	[ "$(cat "$T/link")" = old ]
}

# complains CODE TEXT COMMAND...: ends with CODE and one line on stderr.
complains() {
	local code=$1 text=$2

	shift 2
	exits "$code" "$@"
	[ "$(printf '%s\n' "$output" | wc -l)" = 1 ]
	says "$text"
	[ -z "$("$@" 2>/dev/null)" ]
}

@test "rebuild: silent when all is well" {
	mklist a b
	conf
	exits 0 listmap rebuild
	[ -z "$output" ]
	before=$(stat -c %i "$T/cache/lists.cdb")
	exits 0 listmap rebuild
	[ -z "$output" ]
	# Unchanged lists write nothing.
	[ "$(stat -c %i "$T/cache/lists.cdb")" = "$before" ]
	mklist c
	exits 0 listmap rebuild lists
	[ -z "$output" ]
	exits 0 query --direct recipients c@example.org
	exits 64 listmap rebuild other
	says "other: there is no such site"
}

@test "rebuild: one line and a code of sysexits when not" {
	mklist $(seq 1 6)
	conf
	listmap rebuild
	mv "$T/lists" "$T/elsewhere"
	complains 66 "site lists: " listmap rebuild
	says "$T/lists cannot be read (No such file or directory)"
	mkdir "$T/lists"
	complains 75 "is another directory" listmap rebuild
	rmdir "$T/lists"
	mv "$T/elsewhere" "$T/lists"
	exits 0 listmap rebuild
	[ -z "$output" ]
	rmlist $(seq 1 5)
	complains 75 "5 of 6 lists vanished" listmap rebuild
	says "listmap rebuild --accept-empty"
	exits 0 listmap rebuild --accept-empty
	[ -z "$output" ]
	[ "$(listmap dump domains)" = lists.example.org ]
	exits 0 query --direct recipients 6@example.org
	exits 1 query --direct recipients 5@example.org
	rm -r "$T/cache"
	: >"$T/cache"
	complains 73 "Not a directory" listmap rebuild
}

@test "rebuild: a missing cache directory is made, for the account" {
	mklist a
	conf
	rmdir "$T/cache"
	exits 0 listmap rebuild
	exits 0 query --direct recipients a@example.org
	need_root
	rm -r "$T/cache"
	conf 'user = "nobody"'
	exits 0 listmap rebuild
	[ "$(stat -c %U "$T/cache" "$T/cache"/* | sort -u)" = nobody ]
}

@test "rebuild: an unwritable cache directory" {
	need_root
	mklist a
	conf 'user = "nobody"'
	complains 73 "$T/cache/lists.lock: Permission denied" listmap rebuild
	exits 73 nobody "$LISTMAP" -c "$T/conf" rebuild
}

@test "rebuild: a full disk leaves the old cache, and nothing else" {
	enter_namespace
	$ENTER mount -t tmpfs -o size=48k none "$T/cache"
	mklist a
	conf
	exits 0 listmap rebuild
	many_lists 1000
	exits 73 listmap rebuild
	says "No space left on device"
	[ "$($ENTER ls -A "$T/cache" | xargs)" = \
	    "lists.cdb lists.lock lists.state" ]
	exits 0 query --direct recipients a@example.org
	exits 0 query --direct recipients list00001@example.org
}

@test "rebuild: every site is tried, and the first failure counts" {
	mklist a
	conf
	sed -i 's/^site "lists"/site "zero" {\n\tlists_dir = "\/nowhere"\n\tdomain "z.org" {}\n}\n&/' \
	    "$T/conf"
	exits 66 listmap rebuild
	[ "$(printf '%s\n' "$output" | wc -l)" = 1 ]
	says "site zero: "
	exits 0 query --direct recipients a@example.org
	exits 0 listmap rebuild lists
}

@test "rebuild: run by root it leaves files of the account" {
	need_root
	mklist a
	conf 'user = "nobody"'
	chown nobody "$T/cache"
	exits 0 listmap rebuild
	[ "$(stat -c %U "$T/cache"/* | sort -u)" = nobody ]
	start_daemon
	mklist b
	exits 0 listmap rebuild
	[ "$(stat -c %U "$T/cache"/* | sort -u)" = nobody ]
	until_ok settled 2
	conf 'user = "no-such-account"'
	exits 78 listmap rebuild
}

@test "rebuild: a progress bar on a terminal only" {
	mklist a b
	conf
	pty='import pty, sys, os
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'
	python3 -c "$pty" "$LISTMAP" -c "$T/conf" rebuild </dev/null \
	    >"$T/out" 3>&-
	grep -q "lists \[##*\] 2" "$T/out"
	grep -q "lists: 2 lists, new cache, " "$T/out"
	python3 -c "$pty" "$LISTMAP" -c "$T/conf" rebuild </dev/null \
	    >"$T/out" 3>&-
	grep -q "lists: 2 lists, unchanged, " "$T/out"
	mv "$T/lists" "$T/elsewhere"
	run python3 -c "$pty" "$LISTMAP" -c "$T/conf" rebuild </dev/null 3>&-
	[ "$status" = 66 ]
}

# Whether the child of process $1 waits for a lock.
child_waits() {
	grep -q -e "-> FLOCK .* $(ps -o pid= --ppid "$1" | xargs) " /proc/locks
}

@test "rebuild: two at once take turns" {
	mklist a
	conf
	listmap rebuild
	mklist b
	# The process that took it must live: else a process namespace of our
	# own, as in a container, does not show it.
	flock -F "$T/cache/lists.lock" sleep 600 3>&- &
	holder=$!
	DAEMONS=$holder
	until_ok grep -q -e ": FLOCK .* $holder " /proc/locks
	"$LISTMAP" -c "$T/conf" rebuild 3>&- &
	first=$!
	"$LISTMAP" -c "$T/conf" rebuild 3>&- &
	second=$!
	DAEMONS="$holder $first $second"
	# Both wait for the lock; the readers do not.
	until_ok child_waits "$first"
	until_ok child_waits "$second"
	exits 0 query --direct recipients a@example.org
	kill "$holder"
	wait "$first"
	wait "$second"
	[ "$(cd "$T/cache" && echo *)" = "lists.cdb lists.lock lists.state" ]
	exits 0 query --direct recipients b@example.org
}

@test "rebuild: a lock that is not given back is said, and is 75" {
	mklist a
	conf '' 'scan_timeout = 1'
	hold_lock
	complains 75 "cannot lock: $T/cache/lists.lock: process $HOLDER" \
	    listmap rebuild
	says "(sleep) has had it for more than 1 s: wait for its end"
	free_lock
	exits 0 listmap rebuild
}

@test "status: what is served, and a code that tells" {
	mklist a b
	conf
	start_daemon
	until_ok settled 2
	until_ok scanned_since 0
	exits 0 listmap status
	says "daemon"
	says "site lists"
	[[ $output =~ state\ +ok ]]
	[[ $output =~ lists\ +2 ]]
	[[ $output =~ watching\ +yes ]]
	[[ $output =~ scan_at\ +20..-..-..\ ..:..:..\ \([0-9]+\ s\ ago\) ]]
	mv "$T/lists" "$T/elsewhere"
	until_ok status_is away
	exits 75 listmap status
	says "No such file or directory"
	mv "$T/elsewhere" "$T/lists"
	until_ok status_is ok
	exits 0 listmap status
}

# asked_at CODE TEXT...: status ends so, and says each of these.
asked_at() {
	exits "$1" listmap status
	for text in "${@:2}"; do
		says "$text"
	done
}

@test "status: 1,500 domains are shown whole" {
	mklist a
	conf "" "$(seq -f 'domain "d%04.f.example.net" { dedicated = true }' \
	    1500)"
	start_daemon
	"$LISTMAP" -c "$T/conf" status >"$T/out"
	[ "$(grep -c '^domain d....\.example\.net$' "$T/out")" = 1500 ]
	[ "$(grep -c '^  postmaster .*leads nowhere$' "$T/out")" = 1501 ]
	[ "$(grep -c '^  abuse .*leads nowhere$' "$T/out")" = 1501 ]
	# Nothing of how it was sent.
	not grep -q more "$T/out"
	exits 75 query .status 1.99999999
	exits 75 query .status 99.1
	says "ask again"
}

@test "status: long values are shown whole" {
	mkdir "$T/$(printf %0200d 0)" "$T/$(printf %0200d 0)/$(printf %0200d 1)"
	conf
	sed -i "s|\"$T/lists\"|\"$T/$(printf %0200d 0)/$(printf %0200d 1)\"|" \
	    "$T/conf"
	rmdir "$T/$(printf %0200d 0)/$(printf %0200d 1)"
	start_daemon
	until_ok scanned_since 0
	exits 75 listmap status
	says "$(printf %0200d 1)"
	says "No such file or directory"
}

@test "status: a wrong configuration on disk does not keep it from asking" {
	mklist a
	conf
	start_daemon
	exits 0 listmap status
	conf 'rescan = 0'
	asked_at 78 "$T/conf:4: option 'rescan'" "state          ok" \
	    "this asks the daemon at local:$T/run/socket"
	not says "refused since"
	kill -HUP "$PID"
	until_ok logged "not used, the old configuration stays"
	asked_at 78 "configuration refused since 20" \
	    ", because $T/conf:4: option 'rescan'" "state          ok"
	# The file is right again, and the daemon does not know it.
	conf
	asked_at 75 "configuration refused since 20" "state          ok"
	kill -HUP "$PID"
	until_ok logged "configuration read again"
	exits 0 listmap status
	not says "refused since"
}

@test "status, query: what can still be read of a wrong configuration" {
	mklist a
	conf
	start_daemon
	cp "$T/conf" "$T/good"
	# Behind the mistake, within a section, without an end, not at all.
	for wrong in 's/^cache_dir/nonsense = 1 &/' 's/hosts =/hots =/' \
	    '$ s/.*/site "x" {/' 's/^user.*/listen += {}\nuser = "root/'; do
		sed "$wrong" "$T/good" >"$T/conf"
		asked_at 78 "$T/conf" "state          ok"
		exits 0 query recipients a@example.org
		says "$T/conf:"
		says OK
		exits 1 query recipients b@example.org
		exits 75 query nonsense x
	done
	rm "$T/conf"
	exits 78 listmap status
	exits 78 listmap status -s "local:$T/run/socket"
	says "state          ok"
	exits 78 listmap query recipients a@example.org
	exits 0 listmap query -s "local:$T/run/socket" recipients a@example.org
	[ "$output" = OK ]
	# These read the file themselves.
	for command in "query --direct recipients x" "dump recipients" \
	    "build text recipients $T/out" rebuild "diff $T/good"; do
		exits 78 listmap $command
	done
	stop_daemon
	cp "$T/good" "$T/conf"
	exits 75 listmap status -s "local:$T/nowhere"
	exits 75 query -s "local:$T/nowhere" recipients a@example.org
	says "local:$T/nowhere: No such file or directory"
	exits 64 query -s "local:$T/nowhere" --direct recipients a@example.org
}

# hints CODE TEXT ARGUMENT...: listmap ends so, and says TEXT on stderr alone.
hints() {
	local text=$2

	exits "$1" listmap "${@:3}"
	says "$text"
	[ -z "$(listmap "${@:3}" 2>/dev/null)" ]
}

@test "a misspelt command, option or map: which one may be meant" {
	mklist a
	conf 'map "vulists" { role = "virtuser" }'
	start_daemon
	hints 64 "there is no command qurey: is query meant?" qurey
	hints 64 "there is no command xyz" xyz
	not says meant
	hints 64 "--dirct: is --direct meant?" query --dirct recipients a
	hints 64 "--sharde: is --shared meant?" dump --sharde domains
	hints 64 "--accept-emtpy: is --accept-empty meant?" \
	    rebuild --accept-emtpy
	for code in 75 64; do
		set -- query
		[ $code = 75 ] || set -- query --direct
		hints $code "no map has that name: is recipients meant? there \
are vulists, listmap, " "$@" recipient a@example.org
		says " mailertable, "
		hints $code "is vulists meant?" "$@" vulist a@example.org
		hints $code "is virtuser meant?" "$@" virtusertable a@example.org
		hints $code "vulists, listmap, refusal, virtuser, mailertable" \
		    "$@" nonsense a@example.org
		not says meant
		hints $code "a map stands before the address" \
		    "$@" a@example.org b@example.org
	done
	hints 64 "lsits: there is no such site: is lists meant?" rebuild lsits
	hints 64 "x: there is no such site: there are lists" rebuild lists x
	hints 64 "is recipients meant?" dump recipient
	hints 64 "is recipients meant?" build text recipient "$T/out"
}

@test "query: an address alone, a map alone, a key of another kind" {
	mklist a
	conf 'map "vulists" { role = "virtuser" }'
	start_daemon
	hints 64 "a map stands before the address: listmap query recipients a@b" \
	    query a@b
	hints 64 "a key stands behind the map: listmap query recipients KEY" \
	    query recipients
	hints 64 "a map stands before the keys: listmap query recipients -" \
	    query -
	for how in "" --direct; do
		for map in recipients virtuser vulists refusal; do
			hints 1 "a: absent: the keys of this map are addresses" \
			    query $how $map a
		done
		hints 1 "keys of this map are domains" \
		    query $how domains a@example.org
		hints 1 "keys of this map are local parts" \
		    query $how aliases a@example.org
		hints 1 "in their xn-- form" \
		    query $how recipients a@bücher.example
		hints 1 "in their xn-- form" \
		    query $how mailertable bücher.example
		# Nothing is wrong with these.
		for key in "recipients b@example.org" "aliases b" \
		    "domains other.org" "recipients a@b c@d" "recipients b c"; do
			exits 1 query $how $key
			[ -z "$output" ]
		done
	done
}
