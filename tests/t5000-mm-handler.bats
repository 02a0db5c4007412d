# mm-handler by hand: one message from standard input to the wrapper, byte for
# byte, and an exit status that is 0, 67 or 75 whatever happens.

load lib
load mmhandler

host=lists.example.org

# --- from the address to the wrapper

@test "each of the ten addresses" {
	delivers post foo $host foo
	for a in admin bounces confirm join leave owner request subscribe \
	    unsubscribe; do
		delivers $a foo $host foo-$a
	done
	is "calls" 10 "$(stored)"
	delivers owner dev-announce $host owner-dev-announce
	delivers request dev-announce $host dev-announce-request
	delivers owner mailman $host mailman-owner
}

@test "details: bounces and confirmations only, unless plus = any" {
	delivers bounces foo $host foo-bounces+user+tag=example.com
	delivers bounces foo $host foo-bounces+a-b+c=d-e.example.com
	delivers confirm foo $host foo-confirm+0123456789abcdef0123456789abcdef
	forget
	for user in foo+x foo-owner+x foo-request+confirm; do
		refuses $host $user
	done
	mm_conf "" 'plus = "any"'
	delivers post foo $host foo+x
	delivers owner foo $host foo-owner+x
}

@test "capitals and a dot in user and host; Delivered-To keeps them" {
	delivers post foo $host FOO
	handed FOO@$host
	delivers bounces foo LISTS.Example.ORG Foo-BOUNCES+User=Example.COM
	handed Foo-BOUNCES+User=Example.COM@LISTS.Example.ORG
	delivers request dev-announce lists.example.org. Dev-Announce-Request
}

@test "a local part in quotes" {
	delivers post foo $host '"foo"'
	handed '"foo"@'$host
	delivers post foo $host '"\f\oo"'
	delivers request foo $host '"Foo-Request"'
	delivers bounces foo $host '"foo-bounces+a b=c.example.com"'
	handed '"foo-bounces+a b=c.example.com"@'$host
	delivers bounces foo $host 'foo-bounces+"a b"=c.example.com'
}

@test "a list is never refused for its host" {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" <<-END
	list here lists.example.org
	list there example.org
	list away www.example.net
	list none
	END
	mm_own
	delivers post here $host here
	delivers post here example.org here
	delivers post there $host there
	delivers owner there $host there-owner
	delivers post away example.org away
	delivers post away $host away
	delivers post none example.org none
	# a domain that nobody serves
	delivers post there elsewhere.example.net there
	delivers bounces here localhost here-bounces+a=b.c
}

@test "of two lists that want an address the one of that host" {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" <<-END
	list foo lists.example.org
	list foo-admin example.org
	END
	mm_own
	delivers admin foo $host foo-admin
	delivers post foo-admin example.org foo-admin
}

@test "unknown addresses are refused, and nothing is run" {
	for user in nosuch nosuch-owner foo-post foo-nosuch owner-nosuch fo \
	    foo-admin-owner 'foo bar' ' foo' 'foo.' - \
	    '"' '""' '"foo' 'foo"' '"nosuch"' '"foo"-owner' '"foo\"'; do
		refuses $host "$user"
	done
	refuses example.org nosuch
	refuses elsewhere.example.net nosuch
}

@test "the text of a refusal is the configured one, on one line" {
	refuses $host nosuch-owner
	[[ $said == *"No mailing list nosuch here"* ]]
	mm_conf 'refusal = "{address}: no {list} at {domain}, see {url}"' \
	    'url = "https://lists.example.org/"'
	refuses $host nosuch-owner
	[[ $said == *"nosuch-owner@$host: no nosuch at $host, see https://lists.example.org/"* ]]
	# bytes of strangers do not end the line, nor do they go on for ever
	refuses $host $'no\nsuch\r\e[1m\177'
	LC_ALL=C not grep -q '[^ -~]' "$T/err"
	refuses $host "$(printf 'x%.0s' {1..3000})"
	[ "$(wc -c <"$T/err")" -lt 500 ]
}

@test "actions: the others are absent" {
	mm_conf "" 'actions = { "post", "bounces" }'
	delivers bounces foo $host foo-bounces
	forget
	refuses $host foo-request
}

@test "a redirect has to be followed by sendmail" {
	mm_conf "" "" 'redirect = { "postmaster=root@example.org" }'
	defers $host postmaster
	defers $host PostMaster+x
	called 0
}

# --- absent, or no answer?

@test "the lists directory is missing, a file, unreadable: later" {
	mv "$T/lists" "$T/away"
	defers $host foo
	defers $host nosuch
	: >"$T/lists"
	defers $host foo
	defers $host nosuch
	rm "$T/lists"
	mv "$T/away" "$T/lists"
	chmod 0 "$T/lists"
	unprivileged
	defers $host foo
	defers $host nosuch
	# may be searched, may not be read: what is not there may be there
	chmod 111 "$T/lists"
	defers $host nosuch
	chmod 755 "$T/lists"
	called 0
	refuses $host nosuch
	delivers post foo $host foo
}

@test "a list that may not be looked into: later" {
	unprivileged
	chmod 0 "$T/lists/foo"
	defers $host foo
	defers $host foo-request
	refuses $host nosuch
	called 0
}

@test "the lists directory is empty: later" {
	rm -r "$T"/lists/*
	defers $host foo
	defers $host nosuch
	# what is no list does not count
	mkdir "$T/lists/nolist"
	: >"$T/lists/README"
	defers $host nosuch
	called 0
	mklist dev
	mm_own
	refuses $host nosuch
}

@test "one of two sites is away: later, but for the other's lists" {
	cat >>"$T/conf" <<-END
	site "second" {
		lists_dir = "$T/second"
		wrapper = "$wrapper"
		domain "lists.example.org" { dedicated = true }
	}
	END
	delivers post foo $host foo
	forget
	defers $host nosuch
	# no site serves it: all sites count
	defers elsewhere.example.net nosuch
	mkdir "$T/second"
	defers $host nosuch
	called 0
	# the other one's domain
	refuses example.org nosuch
	mkdir "$T/second/bar"
	printf "}." >"$T/second/bar/config.pck"
	[ "$(id -u)" != 0 ] || chown -R nobody:nogroup "$T/second"
	refuses $host nosuch
	delivers request bar $host bar-request
}

@test "the cache knows the list, the directory does not: later" {
	mklist gone
	mm_own
	"$LISTMAP" -c "$T/conf" rebuild 3>&-
	refuses $host nosuch
	delivers post gone $host gone
	forget
	rm -r "$T/lists/gone"
	for user in gone gone-owner owner-gone gone-bounces+a=b.c GONE; do
		defers $host "$user"
		defers example.org "$user"
	done
	called 0
	refuses $host nosuch
	# and when it knows better
	"$LISTMAP" -c "$T/conf" rebuild 3>&-
	refuses $host gone
}

@test "a list that the cache does not know is there all the same" {
	"$LISTMAP" -c "$T/conf" rebuild 3>&-
	mklist new
	mm_own
	delivers post new $host new
}

@test "a cache that cannot be read does not say that it knows nothing" {
	"$LISTMAP" -c "$T/conf" rebuild 3>&-
	unprivileged
	refuses $host nosuch
	chmod 0 "$T"/cache/*.cdb
	defers $host nosuch
	chmod 644 "$T"/cache/*.cdb
	# not one bit of it may be wrong
	printf '\x80' | dd of="$T/cache/lists.cdb" bs=1 seek=2200 \
	    conv=notrunc status=none
	defers $host nosuch
	: >"$T/cache/lists.cdb"
	defers $host nosuch
	delivers post foo $host foo
	# no cache and no directory of caches: nobody wants one
	rm -r "$T/cache"
	forget
	refuses $host nosuch
}

# --- the command line

@test "wrong usage is mendable: later, before anything is read" {
	defers
	defers $host
	defers $host foo bar
	defers $host foo ''
	defers $host '' foo
	defers $host foo -h
	defers $host foo foo foo foo
	defers -x $host foo
	defers --nonsense $host foo
	defers -i
	defers -r
	defers --
	defers '' foo
	defers foo@$host foo
	called 0
}

@test "an empty user is nobody" {
	mm $host ''
	[ $rc = 67 ] || [ $rc = 75 ]
	called 0
	# the message stays to be read by whoever starts it
	{
		"$MM_HANDLER" -c "$T/conf" $host foo bar || :
		cat
	} <"$T/message" >"$T/out" 2>/dev/null 3>&-
	cmp "$T/message" "$T/out"
}

@test "options end at HOST" {
	mklist -- -dash --test -r
	mm_own
	delivers post -dash $host -dash
	delivers post -dash -- $host -dash
	delivers post -r $host -r
	delivers post --test $host --test
	forget
	refuses $host -h
	refuses $host --version
	refuses -- $host -c
}

# mklist gives its arguments to mkdir.
mklist() {
	local name

	for name; do
		[ "$name" != -- ] || continue
		mkdir -p "$T/lists/$name"
		printf '}q\001.' >"$T/lists/$name/config.pck"
	done
}

@test "old mailer lines: -r with any sender" {
	for sender in u@example.net '' '<>' MAILER-DAEMON -x '$(touch '$T'/x)' \
	    '`touch '$T'/x`' "u'\"; touch $T/x;@example.net" $'a\nb' '-c' \
	    "$(printf 'x%.0s' {1..2000})"; do
		delivers post foo -r "$sender" $host foo
		handed foo@$host
	done
	[ ! -e "$T/x" ]
	delivers post foo -ru@example.net -- $host foo
}

@test "the queue id is logged, on one line" {
	mm -i AA12345 $host foo-owner
	logs delivered "to=<foo-owner@$host>" queue=AA12345 site=lists list=foo \
	    action=owner
	: >"${mm_log:-/dev/null}"
	mm -i AA12345 $host nosuch
	[ -z "$mm_log" ] || one_line_logged
	[ -z "$mm_log" ] || [[ $log == "refused: to=<nosuch@$host>, queue=AA12345, "*reason=* ]]
	forget
	for id in '' $'x\ny' $'x\r\ny\e' "$(printf 'x%.0s' {1..5000})"; do
		delivers post foo -i "$id" $host foo
	done
}

@test "what is logged of a delivery" {
	mm $host foo-request
	logs delivered "to=<foo-request@$host>" site=lists list=foo \
	    action=request
	[ -z "$mm_log" ] || [[ $log == *", size=$(stat -c %s "$T/message"), "* ]]
	forget
	script read "exit 1"
	mm $host foo-request
	logs deferred "to=<foo-request@$host>" site=lists list=foo \
	    action=request
	forget
	mm $host nosuch
	logs refused "to=<nosuch@$host>"
	forget
	mm $host $'foo\nmm-handler: delivered: to=<x>\e'
	one_line_logged
	# no byte of it was raw
	[[ $log != *{[0-9a-f][0-9a-f]}* ]]
	[ -z "$mm_log" ] || [[ $log == refused:\ to=* ]]
}

@test "a wrong configuration is mendable: later" {
	echo 'nonsense = "x"' >>"$T/conf"
	defers $host foo
	: >"$T/conf"
	mm $host foo
	is "status without a site" 75 $rc
	one_line_logged
	rm "$T/conf"
	[ -z "$mm_log" ] || : >"$mm_log"
	defers $host foo
	mkdir "$T/conf"
	defers $host foo
	called 0
	rmdir "$T/conf"
	mm_conf
	chmod 0 "$T/conf"
	unprivileged
	defers $host foo
	called 0
}

@test "help and version" {
	for option in -h --help -V --version; do
		mm $option
		is "status of $option" 0 $rc
		[ -s "$T/out" ]
		[ ! -s "$T/err" ]
	done
	grep -q '^mm-handler (listmap) [0-9]' "$T/out"
	[ -z "$mm_log" ] || [ ! -s "$mm_log" ]
}

# --- the message

# Each message of the table as it is, and behind a From_ line.
@test "byte for byte" {
	python3 - "$T" <<-'END' 3>&-
	import sys
	body = bytes(range(256)) * 40
	table = {
	    "newline": b"\n",
	    "header-only": b"Subject: x\n",
	    "header-without-end": b"Subject: x",
	    "empty-body": b"Subject: x\n\n",
	    "no-final-newline": b"Subject: x\n\nbody",
	    "8-bit": b"Subject: \xe9\xff\n\n\x80\x81\xfe\n",
	    "nul": b"Subject: \0x\n\0\n\n\0\0body\0",
	    "all-bytes": b"Subject: x\n\n" + body,
	    "from-in-body": b"Subject: x\n\nFrom here on\n>From there\nFrom \n",
	    "second-from": b"From: u@example.net\nFrom x y\n\nz\n",
	    "dot": b"Subject: x\n\n.\n..\n.\n",
	    "crlf": b"Subject: x\r\nTo: y\r\n\r\nbody\r\n.\r\n",
	    "cr": b"Subject: x\rTo: y\r\rbody\r",
	    "blank": b" folded\n\tmore\n\nx\n",
	    "not-a-header": b"\xff\xfe\0\0\n",
	    "fro": b"Fro",
	    "from": b"From",
	    "fromx": b"Fromage: x\n\nx\n",
	    "delivered-to": b"Delivered-To: foo@lists.example.org\n\nx\n",
	    "long-first": b"Subject: " + b"x" * 300000 + b"\n\nbody\n",
	    "long-only": b"y" * 300000,
	    "page": b"z" * 4096, "pipe": b"z" * 65536, "more": b"z" * 65537,
	}
	for name, text in table.items():
	    with open(sys.argv[1] + "/plain." + name, "wb") as f:
	        f.write(text)
	    with open(sys.argv[1] + "/from." + name, "wb") as f:
	        f.write(b"From u@example.net Sun Nov 22 15:18:13 2026\n" + text)
	END
	for file in "$T"/plain.* "$T"/from.*; do
		echo "${file##*/}"
		cp "$file" "$T/message"
		delivers post foo $host foo
		handed foo@$host
	done
	is "messages" 48 "$(stored)"
}

@test "nothing at all is no message" {
	: >"$T/message"
	defers $host foo
	called 0
	printf 'From u@example.net Sun Nov 22 15:18:13 2026\n' >"$T/message"
	delivers post foo $host foo
	handed foo@$host
}

@test "From_ lines of every kind" {
	for line in 'From ' 'From  Sun Nov 22 15:18:13 2026' \
	    $'From u@x.test Sun Nov 22 15:18:13 2026\r' $'From \351\377 x' \
	    "From $(printf 'x%.0s' {1..20000}) y"; do
		printf '%s\nSubject: x\n\ny\n' "$line" >"$T/message"
		delivers post foo $host foo
		handed foo@$host
	done
}

@test "a From_ line without an end does not swallow the headers" {
	printf 'From u@x.test Sun Nov 22 15:18:13 2026' >"$T/message"
	delivers post foo $host foo
	grep -qx "Delivered-To: foo@$host" "$last/message"
}

@test "10 MB, also of one line, also where the wrapper is slow to begin" {
	head -c 10485760 /dev/urandom >"$T/message"
	delivers post foo $host foo
	handed foo@$host
	head -c 10485760 /dev/zero >"$T/message"
	delivers post foo $host foo
	handed foo@$host
	script "wait go" read store
	start $host foo
	until_ok event waiting
	: >"$T/mailman/mail/go"
	ended 0
	last=$(ls -d "$got"/[0-9]* | tail -n 1)
	handed foo@$host
	# nothing was put aside meanwhile
	[ -z "$(find "$T" -newer "$T/conf" -size +1000k ! -name message \
	    ! -name expected)" ]
}

@test "a message that comes in drops" {
	message_fifo
	start $host foo
	for part in Fr 'om u@x.test ' x '' $'\nSub' 'ject: x' $'\n\n' body $'\n'; do
		printf '%s' "$part" >&9
		until_ok fifo_is_empty
	done
	exec 9>&-
	ended 0
	faultless
	last=$(ls -d "$got"/[0-9]*)
	printf 'From u@x.test x\nSubject: x\n\nbody\n' >"$T/whole"
	handed foo@$host "$T/whole"
}

# Whether what was written to descriptor 9 was taken.
fifo_is_empty() {
	python3 -c 'import array, fcntl, sys, termios
n = array.array("i", [0])
fcntl.ioctl(9, termios.FIONREAD, n)
sys.exit(n[0] != 0)' 3>&-
}

@test "no byte of a name makes a field of the log, however many there are" {
	local many
	printf -v many '%300s' ''
	refuses $host "a>, list=foo"
	[ -z "$mm_log" ] || [[ $log == \
	    'refused: to=<a\x3e\x2c\x20list=foo@lists.example.org>, seconds='* ]]
	refuses $host "${many// /<}"
	[ -z "$mm_log" ] ||
	    [[ $log == "refused: to=<"*"...>, seconds="*"reason=no list"* ]]
}

@test "no byte of a name makes a header" {
	mklist 'x'
	mm_own
	for tail in $'\nX-Evil: 1' $'\r\nX-Evil: 1' $'\r\rX-Evil: 1' \
	    $'\n\nbody' $'\t\v\f\e[m\001\177'; do
		delivers bounces foo $host "foo-bounces+a=b$tail"
		not grep -qai '^X-Evil' <(tr '\r' '\n' <"$last/message")
		handed "foo-bounces+a=b$(tr '\001-\037\177' '?' <<<"$tail" |
		    sed 's/?$//')@$host"
	done
	delivers bounces foo $host $'foo-bounces+\351\377=b'
	handed $'foo-bounces+\351\377=b'@$host
	# and of the host
	delivers post foo $'x\nX-Evil: 1' foo
	handed "foo@x?X-Evil: 1"
}

# --- what the wrapper does

@test "every status but 0 is later" {
	for status in 1 2 3 4 5 6 7 8 64 65 66 67 68 69 70 71 72 73 74 75 76 77 \
	    78 99 126 127 128 137 255; do
		script read "exit $status"
		defers $host foo
	done
	reason_has 255
	script read "exit 0"
	mm $host foo
	is "its status" 0 $rc
	silent
}

@test "death by any signal is later" {
	for signal in 1 2 3 6 8 9 11 13 14 15 24 25 31; do
		script read "signal $signal"
		defers $host foo
	done
	reason_has signal
}

@test "no wrapper, or one that cannot be run" {
	mv "$wrapper" "$wrapper.away"
	defers $host foo
	reason_has "No such file"
	mkdir "$wrapper"
	defers $host foo
	rmdir "$wrapper"
	printf 'neither a program\n' >"$wrapper"
	defers $host foo
	chmod 755 "$wrapper"
	defers $host foo
	printf '#!%s/nosuch\n' "$T" >"$wrapper"
	defers $host foo
	: >"$wrapper"
	defers $host foo
	called 0
	mv "$wrapper.away" "$wrapper"
	delivers post foo $host foo
}

@test "a wrapper that takes not all of the message, and says all is well" {
	for size in 10 5000 60000 70000 3000000; do
		head -c $size /dev/zero >"$T/message"
		for part in 1 100 4096; do
			[ $part -lt $size ] || continue
			script "read $part" "exit 0"
			defers $host foo
		done
		script "exit 0"
		defers $host foo
		script "close 0" "exit 0"
		defers $host foo
		script "close 0" "wait go"
		rm -f "$T/mailman/mail/go"
		start $host foo
		until_ok event waiting
		: >"$T/mailman/mail/go"
		ended 75
		forget
	done
	cp /bin/true "$wrapper"
	defers $host foo
	cp /bin/false "$wrapper"
	defers $host foo
}

@test "one that prints much, before, after and instead" {
	head -c 3000000 /dev/urandom >"$T/message"
	for fd in 1 2; do
		for form in line block; do
			script "print $fd 3000000 $form" read store
			delivers post foo $host foo
			handed foo@$host
			script read "print $fd 3000000 $form" store
			delivers post foo $host foo
			rm -r "$got"/[0-9]*
			script "print $fd 3000000 $form" "exit 1"
			defers $host foo
		done
	done
	script "print 1 100000 block" "print 2 100000 line" read \
	    "print 2 1000000 block" "print 1 1000000 line" store
	delivers post foo $host foo
}

@test "what it says goes to the log, harmless, and nowhere else" {
	script read "say 2 its own words" "exit 1"
	defers $host foo
	reason_has "its own words"
	script read "say 2 one line" "say 1 another line" "exit 1"
	defers $host foo
	reason_has "line"
	script read "say 1 this stands on stdout" "exit 1"
	defers $host foo
	reason_has "this stands on stdout"
	script read $'say 2 \e[31m\007\377evil\r' "exit 1"
	defers $host foo
	[[ $reason != *{[0-9a-f][0-9a-f]}* ]]
	script read "print 2 100000 block" "exit 1"
	defers $host foo
	[ ${#reason} -lt 2000 ]
	script read "say 2 a warning" store
	delivers post foo $host foo
}

@test "one that closes everything and goes on" {
	script read "close 0" "close 1" "close 2" "wait go" store
	start $host foo
	until_ok event waiting
	: >"$T/mailman/mail/go"
	ended 0
	is "messages" 1 "$(stored)"
}

@test "one that leaves a process behind: nobody waits for that" {
	script read background store "exit 0"
	delivers post foo $host foo
	forget
	script background read "exit 1"
	defers $host foo
	# it would have the rest of the message
	head -c 1000000 /dev/zero >"$T/message"
	script "read 1000" background "exit 0"
	defers $host foo
	printf 'x\n' >"$T/message"
	script "read 1" background "exit 0"
	defers $host foo
	is "messages" 0 "$(stored)"
}

# Where the wrapper ended well after all had been taken that is a delivery.
@test "what it leaves behind does not store the half of a message" {
	head -c 1000000 /dev/zero >"$T/message"
	for status in 0 1; do
		# What has read all before the wrapper ends has no half.
		script "background orphan;read;store" "exit $status"
		mm $host foo
		until_ok event background
		if [ $rc = 0 ]; then
			is "status" 0 $status
			until_ok is "messages" 1 "$(stored)"
		else
			is_deferred
			until_ok gone "$(process_of background)"
			is "messages" 0 "$(stored)"
		fi
		forget
	done
}

@test "nor does one in a session of its own, whatever ends it" {
	message_fifo
	script "background session;read;store" "read"
	for signal in TERM HUP; do
		VIA="python3 $top_srcdir/tests/mm_start.py --"
		start $host foo
		printf 'Subject: x\n\nbody\n' >&9
		until_ok event reading
		until_ok event background
		kill -$signal "$HANDLER"
		ended 75
		is "messages" 0 "$(stored)"
		gone "$(process_of background)"
		forget
	done
	exec 9>&-
	rm "$T/message"
	VIA=
	# one that would read what the wrapper left, and take it a second time
	printf 'Subject: x\n\nbody\n' >"$T/message"
	for status in 0 1; do
		script "background session;wait go;read;store" "exit $status"
		mm $host foo
		is_deferred
		: >"$T/mailman/mail/go"
		until_ok gone "$(process_of background)"
		is "messages" 0 "$(stored)"
		rm "$T/mailman/mail/go"
		forget
	done
}

# mm_until EVENT ARGUMENT...: mm, with a delivery_timeout in which the double
# comes as far as EVENT: a longer one where the machine needs it.
mm_until() {
	local event=$1 seconds

	shift
	for seconds in 1 5 25 75; do
		forget
		mm_conf "" "delivery_timeout = $seconds"
		mm "$@"
		! event "$event" || return 0
	done
	echo "never: $event"
	return 1
}

@test "one that does not end is killed, whatever it does" {
	for script in "hang" "read 5;hang" "read;hang"; do
		for size in 10 1000000; do
			head -c $size /dev/zero >"$T/message"
			tr ';' '\n' <<<"$script" >"$T/mailman/mail/script"
			mm_until hanging $host foo
			is_deferred
			until_ok gone "$(process_of hanging)"
		done
	done
	# that does not care, with all of its children
	script "on-term ignore" background hang
	mm_until hanging $host foo
	is_deferred
	until_ok gone "$(process_of hanging)"
	until_ok event background
	until_ok gone "$(process_of background)"
}

@test "killed, it says that all is well: that counts where it was" {
	script "on-term exit 0" read store hang
	mm_until term $host foo
	is "its status" 0 $rc
	silent
	is "messages" 1 "$(stored)"
	script "on-term exit 0" "read 5" hang
	mm_until term $host foo
	is_deferred
	script "on-term exit 1" read hang
	mm_until term $host foo
	is_deferred
}

@test "a message that does not come to its end" {
	mm_conf "" 'delivery_timeout = 1'
	message_fifo
	printf 'Subject: x\n\nbody\n' >&9
	defers $host foo
	exec 9>&-
}

@test "a message that does not even begin" {
	mm_conf "" 'delivery_timeout = 1'
	message_fifo
	start $host foo
	ended 75
	exec 9>&-
}

# --- what must not be stored: the half of a message

@test "standard input that cannot be read" {
	rm "$T/message"
	mkdir "$T/message"
	defers $host foo
}

@test "standard input that fails half-way" {
	printf 'Subject: x\n\nbody\n' >"$T/part"
	VIA="python3 $top_srcdir/tests/mm_start.py input=$T/part --"
	defers $host foo
	sed -i '1i From u@x.test Sun Nov 22 15:18:13 2026' "$T/part"
	defers $host foo
	# nothing at all
	: >"$T/part"
	defers $host foo
}

@test "a signal before anything came" {
	message_fifo
	for signal in TERM INT HUP; do
		VIA="python3 $top_srcdir/tests/mm_start.py --"
		start $host foo
		until_ok takes_signals
		kill -$signal "$HANDLER"
		ended 75
		called 0
	done
	exec 9>&-
}

# Whether what was started has come so far that no signal passes it by: one
# that is ignored, as SIGINT is in the background, is lost before.
takes_signals() {
	readlink "/proc/$HANDLER"/fd/* | grep -qxF 'anon_inode:[signalfd]'
}

@test "a signal half-way" {
	message_fifo
	for signal in TERM INT HUP; do
		VIA="python3 $top_srcdir/tests/mm_start.py --"
		start $host foo
		printf 'Subject: x\n\nbody\n' >&9
		until_ok event reading
		kill -$signal "$HANDLER"
		ended 75
		is "standard error" "$mm_later" "$(cat "$T/err")"
		is "messages" 0 "$(stored)"
		until_ok gone "$(process_of started)"
		is "messages" 0 "$(stored)"
		not event read
		one_line_logged
		[ -z "$mm_log" ] || [[ $log == deferred:*reason=* ]]
		forget
	done
	exec 9>&-
}

# SIGKILL leaves it no time to do anything; so another process looks after that.
@test "killed half-way: what it has started stores nothing" {
	message_fifo
	for script in "read|store" "background read;store|hang"; do
		tr '|' '\n' <<<"$script" >"$T/mailman/mail/script"
		VIA="python3 $top_srcdir/tests/mm_start.py --"
		start $host foo
		printf 'Subject: x\n\nbody\n' >&9
		until_ok event reading
		kill -KILL "$HANDLER"
		wait_gone "$HANDLER"
		until_ok gone "$(process_of started)"
		[[ $script != background* ]] ||
		    until_ok gone "$(process_of background)"
		is "messages" 0 "$(stored)"
		faultless
		forget
	done
	exec 9>&-
}

@test "a signal when the wrapper has it all: stored once, or not at all" {
	script read "wait go" store
	VIA="python3 $top_srcdir/tests/mm_start.py --"
	start $host foo
	until_ok event waiting
	kill -TERM "$HANDLER"
	: >"$T/mailman/mail/go"
	wait_gone "$HANDLER"
	rc=0
	wait "$HANDLER" || rc=$?
	until_ok gone "$(process_of started)"
	case $rc in
	0) is "messages" 1 "$(stored)" ;;
	75) is "messages" 0 "$(stored)" ;;
	*) is "status" "0 or 75" "$rc" ;;
	esac
}

# --- how it is started

@test "descriptors that are closed" {
	for closed in 1 2 1,2; do
		VIA="python3 $top_srcdir/tests/mm_start.py closed=$closed --"
		delivers post foo $host foo
		handed foo@$host
	done
	forget
	for closed in 0 0,1 0,2 0,1,2; do
		VIA="python3 $top_srcdir/tests/mm_start.py closed=$closed --"
		mm $host foo
		is "its status without standard input" 75 $rc
		is "messages" 0 "$(stored)"
	done
}

@test "descriptors that are open" {
	VIA="python3 $top_srcdir/tests/mm_start.py open=3,20 --"
	delivers post foo $host foo
	VIA="python3 $top_srcdir/tests/mm_start.py open=250,900 closed=2 --"
	delivers post foo $host foo
}

@test "signals that are ignored or blocked" {
	for how in ignore=PIPE ignore=CHLD ignore=PIPE,CHLD,TERM,HUP,INT,ALRM \
	    block=TERM,CHLD,ALRM,HUP,INT,PIPE,USR1; do
		VIA="python3 $top_srcdir/tests/mm_start.py $how --"
		rm -f "$T/mailman/mail/script"
		delivers post foo $host foo
		rm -r "$got"/[0-9]*
		script "close 0" "exit 0"
		defers $host foo
		script read "exit 1"
		defers $host foo
	done
}

@test "a timeout, with the signals ignored or blocked" {
	mm_conf "" 'delivery_timeout = 1'
	script hang
	for how in ignore=PIPE,CHLD,TERM,ALRM block=TERM,CHLD,ALRM; do
		VIA="python3 $top_srcdir/tests/mm_start.py $how --"
		defers $host foo
	done
}

@test "environment, directory and mask are not passed on" {
	cd "$T/run"
	umask 077
	VIA="env LD_LIBRARY_PATH=/nonexistent IFS=x PYTHONPATH=$T SENDER=;id
	    BASH_ENV=$T/x PATH=$T LC_ALL=C HOME=/ MAILTO=x"
	delivers post foo $host foo
	# the double would have complained; and it says so itself
	is "environment" "env: PATH=/usr/bin:/bin" \
	    "$(grep ^env: "$last/report")"
	grep -qx "cwd: /" "$last/report"
	umask 000
	VIA="env -i"
	delivers post foo $host foo
	umask 022
}

# Whether it needs shared libraries to run, which configure was told to allow.
needs_libraries() {
	not grep -q '^MM_HANDLER_LDFLAGS = .*-static' "$top_builddir/Makefile"
}

@test "it needs nothing that can be missing when it starts" {
	need readelf
	! needs_libraries || skip "configured without static linking"
	not grep -E 'NEEDED|INTERP' < <(readelf -dlW "$MM_HANDLER")
	grep -q LOAD < <(readelf -lW "$MM_HANDLER")
}

@test "little memory: 0, 75 or death, and no status that bounces" {
	need prlimit
	! needs_libraries || skip "the loader exits with 127"
	# libconfuse wants a line as a whole, and ends the program without it
	{ printf '# '; head -c 600000 /dev/zero | tr '\0' x; echo; } >>"$T/conf"
	for kb in {400..6400..500} 12000; do
		VIA="prlimit --data=$((kb * 1024))"
		mm $host foo
		[ $rc = 0 ] || [ $rc = 75 ] || is "status with $kb KB" signal $rc
	done
	is "the last status" 0 $rc
}

@test "files and memory that are not to be had: no status that bounces" {
	need strace
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace"
	! needs_libraries || skip "the loader exits with 127"
	for call in openat:ENFILE openat:EMFILE openat:EIO mmap:ENOMEM \
	    pipe2:ENFILE; do
		for n in 1 2 3 4 6 8 10; do
			VIA="strace -qq -o /dev/null
			    -e inject=${call%:*}:error=${call#*:}:when=$n+"
			mm $host foo
			[ $rc = 0 ] || [ $rc = 75 ] || is "$call $n" 75 $rc
		done
		VIA="${VIA%when=*}when=200"
		mm $host foo
		is "status without $call" 0 $rc
	done
}

# A loader needs a descriptor itself.
@test "few descriptors, few processes: there is no third outcome" {
	need prlimit
	for n in $(needs_libraries || echo 3) 4 5 6 7 8 9 10 11 12 13 14 16; do
		VIA="prlimit --nofile=$n:$n"
		mm $host foo
		[ $rc = 75 ] || [ $rc = 0 ]
		is "messages" $((rc == 0)) "$(stored)"
		forget
	done
	is "the last status" 0 $rc
	VIA=
	unprivileged
	VIA="$VIA prlimit --nproc=0:0"
	defers $host foo
}

@test "its own working directory is gone" {
	cat >"$T/nowhere" <<-'END'
		mkdir "$0.d" && cd "$0.d" && rmdir "$0.d" && exec "$@"
	END
	VIA="sh $T/nowhere"
	delivers post foo $host foo
}

# The log daemon is stopped, its socket full.  A delivery that waits for it until
# it is ended has no exit code, and is made again.
@test "the log daemon does not read" {
	[ -n "$mm_log" ] || skip "no log of its own: needs root"
	kill -STOP "$mm_syslogd"
	python3 - "$mm_dev/log" <<-'END'
	import socket, sys
	while True:
	    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	    s.setblocking(False)
	    s.connect(sys.argv[1])
	    n = 0
	    try:
	        while True:
	            s.send(b"<22>full")
	            n += 1
	    except BlockingIOError:
	        if n == 0:
	            break
	END
	mm $host foo
	kill -CONT "$mm_syslogd"
	is "its status" 0 $rc
	silent
	is "messages" 1 "$(stored)"
}

@test "nobody listens to the log" {
	[ -z "$mm_log" ] || $ENTER mv /dev/log /dev/log.away
	mm $host foo
	[ -z "$mm_log" ] || $ENTER mv /dev/log.away /dev/log
	is "its status" 0 $rc
	silent
	is "messages" 1 "$(stored)"
}

# --- saying what would be done

@test "--test says what would be run, and runs nothing" {
	account=$(id -un):$(id -u) group=$(id -gn):$(id -g)
	if [ "$(id -u)" = 0 ]; then
		account=nobody:$(id -u nobody)
		group=nogroup:$(getent group nogroup | cut -d: -f3)
	fi
	mm --test Foo-BOUNCES+a=b@LISTS.example.org
	is "its status" 0 $rc
	grep -v ^detail: "$T/out" >"$T/rest"
	diff - "$T/rest" <<-END
	site: lists
	list: foo
	action: bounces
	command: $wrapper bounces foo
	user: ${account%:*} (${account#*:})
	group: ${group%:*} (${group#*:})
	END
	grep -qix 'detail: a=b' "$T/out"
	mm --test foo@$host
	not grep -q ^detail "$T/out"
	mm --test mailman-loop@$host
	is "its status" 0 $rc
	grep -qx "mailbox: $T/data/owner-bounces.mbox" "$T/out"
	not grep -q ^command "$T/out"
	[ ! -e "$T/data/owner-bounces.mbox" ]
	mm --test nosuch@$host
	is "its status" 67 $rc
	grep -q 'mm-handler: refused' "$T/err"
	mv "$T/lists" "$T/away"
	mm --test foo@$host
	is "its status" 75 $rc
	grep -q 'mm-handler: deferred' "$T/err"
	# none of it was a delivery
	[ -z "$mm_log" ] || [ ! -s "$mm_log" ]
	called 0
}

@test "--test of what is no address says so" {
	for arguments in "" dev "foo@$host bar@$host" "dev foo"; do
		mm --test $arguments
		is "its status" 75 $rc
		grep -q "^mm-handler: --test${arguments:+ ${arguments%% *}}: " \
		    "$T/err"
		grep -q '^usage: ' "$T/err"
		[ ! -s "$T/out" ]
	done
	mm --test dev
	grep -qi 'there is no @' "$T/err"
	[ -z "$mm_log" ] || [ ! -s "$mm_log" ]
}

# As the daemon knows it from the lists.
@test "a refusal says where the lists are, as RCPT does" {
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" \
	    <<<"list dev $host 1" 3>&-
	mm_own
	refuses $host nosuch
	[[ $said != *see* ]]
	"$LISTMAP" -c "$T/conf" rebuild 3>&-
	refuses $host nosuch
	is "what is said" "No mailing list nosuch here, see http://$host/mailman/listinfo" \
	    "$said"
	"$LISTMAP" -c "$T/conf" query --direct refusal nosuch@$host 3>&- |
	    grep -F "$said"
	mm --test nosuch@$host
	is "its status" 67 $rc
	grep -qxF "$said" "$T/err"
}

@test "--test says what is wrong with the wrapper" {
	says() {
		mm --test foo@$host
		is "its status" 75 $rc
		grep -q "^command: $wrapper post foo\$" "$T/out"
		grep "mm-handler: deferred: cannot run $wrapper: $1" "$T/err"
	}
	mv "$wrapper" "$T/away"
	says "No such file"
	mkdir "$wrapper"
	says "Permission denied"
	rmdir "$wrapper"
	cp "$T/away" "$wrapper"
	chmod 644 "$wrapper"
	says "Permission denied"
	# that account may not, whatever root may
	chmod 744 "$wrapper"
	[ "$(id -u)" != 0 ] || says "Permission denied"
	chmod 755 "$wrapper"
	if [ "$(id -u)" = 0 ]; then
		chmod 700 "$T/mailman/mail"
		says "Permission denied"
		chmod 755 "$T/mailman/mail"
	fi
	mm --test foo@$host
	is "its status" 0 $rc
	[ ! -s "$T/err" ]
	rm -r "$T/data"
	mm --test mailman-loop@$host
	is "its status" 75 $rc
	grep -q "deferred: cannot write into $T/data: No such file" "$T/err"
}

@test "--test of every address of the tables" {
	put_lists
	[ "$(id -u)" != 0 ] || chown nobody:nogroup "$T/lists"
	sed -i '/domain "example.org"/d; $d' "$T/conf"
	cat >>"$T/conf" <<-END
		domain "lists.example.net" { dedicated = true }
		domain "example.com" { dedicated = true }
	}
	END
	PYTHONDONTWRITEBYTECODE=1 python3 - "$top_srcdir/tests" \
	    "$TABLES/mailman-2.1" "$MM_HANDLER" "$T/conf" <<-'END' 3>&-
	import subprocess, sys
	sys.path.insert(0, sys.argv[1])
	from hosts_small import Site, raw, rows
	from lists_small import DOMAINS
	data, handler, conf = sys.argv[2:]
	wanted = Site(data, DOMAINS).wanted()
	asked, wrong = 0, []
	for address, *_ in rows(data + "/lists-small.expected.tsv"):
	    local, _, host = raw(address).rpartition(b"@")
	    want = wanted.get((local, host.lower()))
	    if want is None:
	        continue
	    p = subprocess.run([handler, "-c", conf, "--test",
	                        local + b"@" + host],
	                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	    said = dict(line.split(b": ", 1) for line in p.stdout.split(b"\n")
	                if b": " in line)
	    got = said.get(b"action", b"") + b" " + said.get(b"list", b"")
	    if p.returncode != 0 or got != want:
	        wrong.append("%r: %r (%d), not %r" %
	                     (address, got, p.returncode, want))
	    asked += 1
	sys.exit("\n".join(wrong) or (asked < 550 and "only %d" % asked) or 0)
	END
}

# --- mailman-loop

mbox_mails() {
	python3 -c 'import mailbox, sys
for m in mailbox.mbox(sys.argv[1], create=False):
    print(m["Subject"], len(m.get_payload(decode=False)))' "$1" 3>&-
}

# appends USER: ends well, and no wrapper was needed.
appends() {
	mm $host "$1"
	is "its status" 0 $rc
	silent
	called 0
	one_line_logged
	[ -z "$mm_log" ] || [[ $log == "delivered: to=<$1@$host>, site=lists, "*"action=loop, size="* ]]
	[ -z "$mm_log" ] || : >"$mm_log"
}

@test "mailman-loop goes to a mailbox" {
	mbox=$T/data/owner-bounces.mbox
	printf 'From u@x.test Sun Nov 22 15:18:13 2026\nSubject: one\n\nx\n' \
	    >"$T/message"
	appends mailman-loop
	printf 'Subject: two\n\nFrom here\n>From there\nFromage\n.\n' \
	    >"$T/message"
	appends Mailman-Loop
	printf 'From u@x.test Sun Nov 22 15:18:13 2026\nSubject: three' \
	    >"$T/message"
	appends mailman-loop
	printf 'Subject: four\r\n\r\nlast line without an end' >"$T/message"
	appends mailman-loop
	cat "$mbox"
	is "messages" 4 "$(grep -c '^From ' "$mbox")"
	is "subjects" "one two three four" \
	    "$(mbox_mails "$mbox" | cut -d' ' -f1 | xargs)"
	grep -qx '>From here' "$mbox"
	grep -qx '>*>From there' "$mbox"
	grep -qx 'Fromage' "$mbox"
	not grep -qx 'From here' "$mbox"
	# each begins behind an empty line
	awk '/^From / && NR > 1 && last != "" { exit 1 } { last = $0 }' "$mbox"
	[ ! -e "$mbox.lock" ]
	[ "$(stat -c %a "$mbox")" != 666 ]
	[ "$(id -u)" != 0 ] || [ "$(stat -c %U:%G "$mbox")" = nobody:nogroup ]
}

@test "mailman-loop: what was there stays as it was" {
	mbox=$T/data/owner-bounces.mbox
	printf 'From a@x.test Sun Nov 22 15:18:13 2026\nSubject: old\n\ny\n\n' \
	    >"$mbox"
	cp "$mbox" "$T/old"
	mm_own
	chmod 660 "$mbox"
	appends mailman-loop
	cmp -n "$(stat -c %s "$T/old")" "$T/old" "$mbox"
	is "messages" 2 "$(grep -c '^From ' "$mbox")"
	is "its mode" 660 "$(stat -c %a "$mbox")"
	# one that somebody cut
	printf 'From a@x.test Sun Nov 22 15:18:13 2026\nSubject: cut\n\ny' \
	    >"$mbox"
	appends mailman-loop
	is "messages" 2 "$(mbox_mails "$mbox" | wc -l)"
}

@test "mailman-loop: eight at once" {
	python3 - "$T" <<-'END' 3>&-
	import sys
	for i in range(8):
	    with open("%s/m%d" % (sys.argv[1], i), "w") as f:
	        f.write("Subject: s%d\n\n" % i + ("%d" % i * 70 + "\n") * 3000)
	END
	for i in 0 1 2 3 4 5 6 7; do
		$ENTER "$MM_HANDLER" -c "$T/conf" $host mailman-loop \
		    <"$T/m$i" >>"$T/out" 2>>"$T/err" 3>&- &
		pids="${pids-} $!"
	done
	for pid in $pids; do
		wait $pid
	done
	mbox_mails "$T/data/owner-bounces.mbox" | sort >"$T/subjects"
	cat "$T/subjects"
	is "messages" 8 "$(wc -l <"$T/subjects")"
	is "lengths" 1 "$(cut -d' ' -f2 "$T/subjects" | sort -u | wc -l)"
	is "subjects" 8 "$(grep -c '^s[0-7] ' "$T/subjects")"
}

# hold HOW: somebody else has the mailbox, as process $HOLDER.
hold() {
	rm -f "$T/held"
	: >>"$mbox"
	mm_own
	python3 - "$1" "$mbox" >"$T/held" <<-'END' 3>&- &
	import fcntl, os, signal, sys
	f = open(sys.argv[2], "r+")
	if sys.argv[1] == "fcntl":
	    fcntl.lockf(f, fcntl.LOCK_EX)
	else:
	    with open(sys.argv[2] + ".lock", "w") as lock:
	        lock.write("%d\n" % os.getpid())
	print("held", flush=True)
	signal.pause()
	END
	HOLDER=$!
	DAEMONS="$DAEMONS $HOLDER"
	until_ok test -s "$T/held"
}

@test "mailman-loop: a mailbox that others have locked" {
	mbox=$T/data/owner-bounces.mbox
	mm_conf "" 'delivery_timeout = 1'
	printf 'From a@x.test Sun Nov 22 15:18:13 2026\nSubject: old\n\ny\n\n' \
	    >"$mbox"
	cp "$mbox" "$T/old"
	for how in fcntl dotlock; do
		hold $how
		defers $host mailman-loop
		cmp "$mbox" "$T/old"
		kill "$HOLDER"
		wait_gone "$HOLDER"
		rm -f "$mbox.lock"
	done
	mm_conf
	appends mailman-loop
	[ ! -e "$mbox.lock" ]
}

has_mailbox_open() {
	readlink "/proc/$HANDLER"/fd/* | grep -qxF "$mbox"
}

@test "mailman-loop: waits for a lock that is given back" {
	mbox=$T/data/owner-bounces.mbox
	hold fcntl
	start $host mailman-loop
	until_ok has_mailbox_open
	kill "$HOLDER"
	ended 0
	is "messages" 1 "$(mbox_mails "$mbox" | wc -l)"
}

@test "mailman-loop: a mailbox that is none" {
	mbox=$T/data/owner-bounces.mbox
	: >"$T/target"
	[ "$(id -u)" != 0 ] || chown nobody "$T/target"
	mm_conf "" 'delivery_timeout = 2'
	ln -s "$T/target" "$mbox"
	defers $host mailman-loop
	[ ! -s "$T/target" ]
	ln -sf "$T/nosuch" "$mbox"
	defers $host mailman-loop
	[ ! -e "$T/nosuch" ]
	rm "$mbox"
	mkfifo "$mbox"
	mm_own
	defers $host mailman-loop
	rm "$mbox"
	mkdir "$mbox"
	mm_own
	defers $host mailman-loop
	rmdir "$mbox"
	: >"$mbox"
	ln "$mbox" "$T/data/other"
	rm "$mbox" "$T/data/other"
	rm -r "$T/data"
	defers $host mailman-loop
	mkdir "$T/data"
	mm_own
	mm_conf
	appends mailman-loop
}

@test "mailman-loop: may not be written" {
	mbox=$T/data/owner-bounces.mbox
	: >"$mbox"
	chmod 400 "$mbox"
	mm_own
	unprivileged
	# root may write what its owner may not
	defers $host mailman-loop
	rm "$mbox"
	chmod 555 "$T/data"
	defers $host mailman-loop
}

@test "mailman-loop: standard input that fails leaves it as it was" {
	mbox=$T/data/owner-bounces.mbox
	printf 'Subject: x\n\nbody\n' >"$T/part"
	VIA="python3 $top_srcdir/tests/mm_start.py input=$T/part --"
	defers $host mailman-loop
	[ ! -s "$mbox" ]
	VIA=
	appends mailman-loop
	cp "$mbox" "$T/old"
	VIA="python3 $top_srcdir/tests/mm_start.py input=$T/part --"
	defers $host mailman-loop
	cmp "$mbox" "$T/old"
	message_fifo
	VIA="python3 $top_srcdir/tests/mm_start.py --"
	start $host mailman-loop
	head -c 60000 /dev/zero >&9
	until_ok fifo_is_empty
	kill "$HANDLER"
	exec 9>&-
	ended 75
	cmp "$mbox" "$T/old"
	[ ! -e "$mbox.lock" ]
}

@test "mailman-loop: a file that may not grow is truncated back" {
	need prlimit
	mbox=$T/data/owner-bounces.mbox
	appends mailman-loop
	cp "$mbox" "$T/old"
	head -c 300000 /dev/zero | tr '\0' x >"$T/message"
	VIA="prlimit --fsize=100000:100000"
	defers $host mailman-loop
	cmp "$mbox" "$T/old"
	[ ! -e "$mbox.lock" ]
}

@test "mailman-loop without the site list is nobody" {
	rm -r "$T/lists/mailman"
	refuses $host mailman-loop
	[ ! -e "$T/data/owner-bounces.mbox" ]
}
