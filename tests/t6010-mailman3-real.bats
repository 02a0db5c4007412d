# A real Mailman 3, started here: whatever comes and goes in it while the
# daemon runs, listmap answers what its LMTP server answers.

load lib
load mailman3

test_setup() {
	need_mailman3
}

test_teardown() {
	stop_mailman3
}

# mm3_conf DOMAIN...: the first one dedicated.
mm3_conf() {
	local domain dedicated="dedicated = true"

	cat >"$T/conf" <<-EOT
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	site "three" {
		mailman = "3"
		lists_dir = "$MM3/var/lists"
		lmtp = "[127.0.0.1]:$MM3_LMTP"
		$(for domain; do
			echo "domain \"$domain\" { $dedicated }"
			dedicated=
		done)
	}
	EOT
}

# differs ADDRESS...: what listmap answers otherwise than the LMTP server to
# everything that can be made of the lists.  A directory x.lists.d.test may be
# either of two lists: where no file tells, both are found, and left out here.
differs() {
	mm3 addresses "$@" | mm3 rcpt >"$T/want"
	python3 "$top_srcdir/tests/lmtp_expected.py" "$T/want" "$LISTMAP" \
	    -c "$T/conf" query 3>&- |
	    grep -v -e "${BOTH_SPLITS:-^$}" || :
}

same() {
	[ -z "$(differs "$@")" ]
}

# Waits for it.
becomes_same() {
	until_ok same "$@"
}

lists="foo@lists.d.test foo-request@lists.d.test foo@d.test
    bar-bounces@lists.d.test join-leave@d.test .dot@lists.d.test
    dash-@d.test -dash@d.test dots..two@e.test 7.8.9@e.test c++@lists.d.test
    br{ace}~!\$@d.test star*@e.test"

# The line of listmap.conf(5) and MIGRATION, with this Mailman's paths.
make_directories() {
	as_list sh -c "cd $MM3/var/lists &&
	    $MM3_BIN/mailman -C $MM3/mailman.cfg lists -q | tr @ . |
	    xargs mkdir -p --" 3>&-
}

# A restore of the database alone.  Mailman goes on without directories.
lose_directories() {
	ls -A "$MM3/var/lists" >"$T/directories"
	find "$MM3/var/lists" -mindepth 1 -delete
	mm3 rcpt <<<new@e.test | grep '	250$'
	[ -z "$(ls -A "$MM3/var/lists")" ]
}

@test "lists that come and go; Mailman writes no files; a restore" {
	start_mailman3 null.NullMTA
	mm3 domain lists.d.test
	mm3 domain d.test
	mm3 domain e.test
	mm3_conf lists.d.test d.test e.test
	# There is no list yet, and Mailman writes that nowhere.
	exits 0 "$LISTMAP" -c "$T/conf" rebuild --accept-empty
	start_daemon
	same foo@lists.d.test foo@d.test
	mm3 create $lists
	BOTH_SPLITS='^+[^@]*[.]lists@d[.]test$'
	becomes_same $lists
	echo "$(wc -l <"$T/want") addresses, $(grep -c 250 "$T/want") taken"
	[ "$(wc -l <"$T/want")" -ge 300 ]
	[ "$(grep -c '	250$' "$T/want")" -ge 100 ]
	[ "$(grep -c '	550$' "$T/want")" -ge 100 ]
	mm3 remove foo@lists.d.test join-leave@d.test dots..two@e.test
	becomes_same $lists
	mm3 create foo@lists.d.test
	as_list $MM3_BIN/mailman -C "$MM3/mailman.cfg" create new@e.test \
	    >"$T/out" 2>&1 3>&-
	becomes_same $lists new@e.test
	exits 0 query -v recipients foo-join+x@lists.d.test
	says "list foo at lists.d.test, action join, detail x, known by its"
	lose_directories
	make_directories
	ls -A "$MM3/var/lists" | diff -u "$T/directories" -
	becomes_same $lists new@e.test
}

@test "a new list is never refused, nor found before Mailman has it" {
	start_mailman3 null.NullMTA
	mm3 domain d.test
	mm3_conf d.test
	exits 0 "$LISTMAP" -c "$T/conf" rebuild --accept-empty
	start_daemon
	run mm3 loop 200 d.test "$T/run/socket"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "${lines[-1]}" == *TEMP* ]]
	until_ok settled 200
	same loop0@d.test loop99@d.test loop199@d.test
}

sql() {
	as_list python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute(sys.argv[2])
c.commit()' "$MM3/var/data/mailman.db" "$1" 3>&-
}

# As Mailman's own command writes the files.
aliases() {
	as_list $MM3_BIN/mailman -C "$MM3/mailman.cfg" aliases \
	    >"$T/out" 2>&1 3>&-
}

told_by_files="foo@lists.d.test foo.lists@d.test dev.lists@d.test dev@lists.d.test
    nodir@d.test newname@d.test oldname@e.test x@alias.test x@real.test
    alpha@gone.test beta@gone.test"

@test "Mailman's files tell what directories do not" {
	local domain type

	start_mailman3 postfix.LMTP
	for domain in lists.d.test d.test e.test gone.test; do
		mm3 domain $domain
	done
	mm3 domain real.test alias.test
	mm3_conf lists.d.test d.test gone.test
	start_daemon
	mm3 create foo@lists.d.test dev.lists@d.test nodir@d.test \
	    oldname@e.test x@real.test alpha@gone.test beta@gone.test
	becomes_same $told_by_files
	mm3 nodomain gone.test
	rmdir "$MM3/var/lists/nodir.d.test"
	sql "update mailinglist set list_name = 'newname', mail_host = 'd.test'
	    where list_name = 'oldname'"
	for type in hash regex; do
		echo "$type"
		printf '[postfix]\npostmap_command: /bin/true\n%s\n' \
		    "transport_file_type: $type" >"$MM3/postfix.cfg"
		aliases
		becomes_same $told_by_files
	done
	grep -q '^/\^newname@d' "$MM3/var/data/postfix_lmtp"
	exits 0 query -v recipients newname@d.test
	says "known by postfix_lmtp alone"
	exits 0 "$LISTMAP" -c "$T/conf" status
	says "postfix_lmtp 3, postfix_lmtp alone 2"
	says "directories 3"
	# From now on it does not write them.
	sed -i 's/^incoming: .*/incoming: mailman.mta.null.NullMTA/' \
	    "$MM3/mailman.cfg"
	as_list $MM3_BIN/mailman -C "$MM3/mailman.cfg" create \
	    later@lists.d.test >"$T/out" 2>&1 3>&-
	as_list $MM3_BIN/mailman -C "$MM3/mailman.cfg" remove \
	    foo@lists.d.test >"$T/out" 2>&1 3>&-
	BOTH_SPLITS='^+later[.]lists@d[.]test$'
	becomes_same $told_by_files later@lists.d.test
}
