# The faults of contrib/mm-handler, the Perl program of 2002: each is a test
# here that it does not pass.

load lib
load mmhandler

host=lists.example.org

# nothing_happened: no command of an address was run.
nothing_happened() {
	[ ! -e "$T/pwned" ]
	is "in the directory" "conf data err lists message out" \
	    "$(ls "$T" | grep -v 'cache\|log\|mailman\|run' | xargs)"
}

@test "commands in the address: a pipe of Perl's went through a shell" {
	cd "$T"
	for evil in "foo-owner||touch $T/pwned" "foo-owner|touch $T/pwned" \
	    "foo;touch $T/pwned" "foo\`touch $T/pwned\`" \
	    "foo-owner&touch $T/pwned" "foo-\$(touch $T/pwned)" \
	    "|touch $T/pwned" "foo-owner||touch pwned" \
	    'foo-owner||touch${IFS}pwned' "foo >$T/pwned" \
	    $'foo-owner\ntouch '"$T/pwned"; do
		refuses $host "$evil"
		nothing_happened
		forget
		# where the rest is a detail it stays one
		delivers bounces foo $host "foo-bounces+$evil"
		nothing_happened
		forget
		mm "$evil" foo
		nothing_happened
		forget
	done
	cd /
}

@test "commands in the names of lists" {
	cd "$T"
	for name in 'a;touch pwned' 'a$(touch${IFS}pwned)' 'a`touch pwned`' \
	    'a|touch pwned'; do
		mkdir "$T/lists/$name"
		printf "}." >"$T/lists/$name/config.pck"
		mm $host "$name"
		# a name that cannot be served is no answer
		[ $rc = 0 ] || [ $rc = 67 ] || [ $rc = 75 ]
		[ $rc != 0 ] || grep -Fqx "argv: post $name" "$got"/[0-9]*/report
		nothing_happened
		forget
	done
	cd /
}

@test "a regular expression in the address" {
	for user in 'foo-.*' 'foo-o.ner' 'foo-(' 'foo-[' 'foo-)' 'foo-[a-z]*' \
	    'foo-owner$' '^foo-owner' 'f.o' 'fo*' '.*' '.*-owner' \
	    'foo|dev-announce' '[f]oo' '(foo)-owner' 'foo-owner?' 'foo\' \
	    'foo-\w+' '(?{system "touch '"$T"'/pwned"})foo' '*'; do
		refuses $host "$user"
		nothing_happened
	done
	delivers bounces foo $host foo-bounces++
	delivers bounces foo $host 'foo-bounces+('
	delivers bounces foo $host 'foo-bounces+.*'
}

@test "../: what is not a name is no list" {
	for user in ../lists/foo ./foo foo/ foo/. /foo foo/../foo . .. ... / \
	    ..-owner .-owner /-owner "$T/lists/foo" ../lists/foo-owner \
	    foo/config.pck owner-../lists/foo foo//; do
		refuses $host "$user"
	done
	# where the directory above looks like a list, too
	: >"$T/config.pck"
	refuses $host ..
	refuses $host ..-request
	: >"$T/lists/config.pck"
	refuses $host .
	refuses $host .-request
}

@test "a sender with characters of the shell" {
	cd "$T"
	for sender in '|touch pwned' ';touch pwned' '$(touch pwned)' \
	    '`touch pwned`' "'; touch pwned; '" '"; touch pwned; "' \
	    '<>' '' '-f x' '../x' $'x\ntouch pwned' '&touch pwned' \
	    "u'o@example.net" 'u"o@example.net' 'a b@example.net'; do
		delivers post foo -r "$sender" $host foo
		nothing_happened
		refuses_again "$sender"
		nothing_happened
	done
	cd /
}

# The Perl one told the sender itself, by the shell.
refuses_again() {
	forget
	refuses -r "$1" $host nosuch
	forget
}

@test "a failure of the wrapper was ignored: the message was lost" {
	for script in "exit 1" "read;exit 1" "read;exit 2" "read;exit 6" \
	    "read;exit 255" "read;signal 9" "read;signal 11" "exit 0" \
	    "read 3;exit 0" "close 0;exit 1"; do
		tr ';' '\n' <<<"$script" >"$T/mailman/mail/script"
		defers $host foo
		defers $host foo-owner
	done
	rm "$T/mailman/mail/script"
	chmod 644 "$wrapper"
	defers $host foo
	chmod 755 "$wrapper"
	# mended: it comes, and comes once
	forget
	delivers post foo $host foo
	handed foo@$host
	is "messages" 1 "$(stored)"
}

@test "silent loss: 0 is said of stored messages only" {
	for user in nosuch nosuch-owner nosuch-bounces+a=b foo-nosuch \
	    mailer-daemon '' @ foo@elsewhere "foo " -; do
		mm $host "$user"
		[ $rc = 67 ] || [ $rc = 75 ]
		[ -s "$T/err" ]
		is "messages" 0 "$(stored)"
	done
	one_line_logged >/dev/null || : # nothing is logged late
	# an action that the site does not want
	mm_conf "" 'actions = { "post", "bounces" }'
	forget
	refuses $host foo-subscribe
	# those that were not approved if nobody said so
	mm_conf
	for action in admin join leave subscribe unsubscribe; do
		delivers $action foo $host foo-$action
	done
}

@test "backscatter: it writes to nobody, and runs nothing" {
	need_trace
	export ASAN_OPTIONS=detect_leaks=0
	for user in nosuch nosuch-owner "foo||id"; do
		VIA="strace -f -o $T/trace
		    -e trace=execve,execveat,fork,vfork,clone,clone3"
		refuses -r u@example.net $host "$user"
		cat "$T/trace"
		is "programs run" 1 "$(grep -c 'execve(.*= 0' "$T/trace")"
		not grep -q 'fork(\|clone' "$T/trace"
	done
}

@test "plus-addressed members: all of it is the detail" {
	delivers bounces foo $host foo-bounces+user+tag=example.com
	delivers bounces foo $host foo-bounces+a-b+c=d.com
	delivers bounces foo $host foo-bounces+a+b+c-owner=d-e.com
	delivers bounces dev-announce $host \
	    dev-announce-bounces+u-v+w=h-i.com
	delivers bounces foo $host foo-bounces+foo-request=$host
	delivers bounces foo $host 'foo-bounces+"q s"=example.com'
	handed 'foo-bounces+"q s"=example.com'@$host
}

@test "owner-a-b" {
	delivers owner dev-announce $host owner-dev-announce
	mklist owner join owner-join
	mm_own
	# a list of that name, its own addresses, and owner-NAME after them
	delivers post owner-join $host owner-join
	delivers request owner $host owner-request
	delivers owner owner-join $host owner-join-owner
	delivers owner owner $host owner-owner
	delivers owner foo $host owner-foo
}

@test "several recipients: none was served when the second was lost" {
	for second in foo '' nosuch dev-announce; do
		defers $host foo "$second"
		defers $host "$second" foo
		defers $host foo foo "$second"
	done
	called 0
}

@test "case: a list was lost where sendmail kept the capitals" {
	delivers post foo $host Foo
	delivers request foo $host FOO-Request
	delivers owner dev-announce $host Owner-Dev-Announce
	delivers bounces foo $host Foo-BOUNCES+User=Example.COM
	handed Foo-BOUNCES+User=Example.COM@$host
}

@test "the host was not looked at: the same name at two sites" {
	cp -a "$T/mailman" "$T/second"
	mkdir -p "$T/lists2"
	cp -a "$T/lists/foo" "$T/lists2/"
	mkdir "$T/lists2/only"
	printf "}." >"$T/lists2/only/config.pck"
	cat >>"$T/conf" <<-END
	site "second" {
		lists_dir = "$T/lists2"
		wrapper = "$T/second/mail/mailman"
		domain "lists.example.net" {}
	}
	END
	[ "$(id -u)" != 0 ] || chown -R nobody:nogroup "$T/lists2"
	mm lists.example.net foo
	is "its status" 0 $rc
	is "messages of the first" 0 "$(stored)"
	got=$T/second/mail/got
	is "messages of the second" 1 "$(stored)"
	got=$T/mailman/mail/got
	[ -z "$mm_log" ] || : >"$mm_log"
	delivers post foo $host foo
	# a list of the other site's is none here
	forget
	refuses $host only
}
