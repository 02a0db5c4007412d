# Postfix's programs for tables, without Postfix: its package removes sendmail,
# so it is unpacked somewhere ($LISTMAP_POSTFIX; `sh bootstrap check' does it)
# where it is not installed.
#
#	pf_require		or the test is skipped
#	pf postmap -q KEY cdb:FILE

# Makes $T/postfix, a configuration that needs no account of Postfix's.
pf_require() {
	local sbin lib

	pf_root=${LISTMAP_POSTFIX:-}
	sbin=$pf_root/usr/sbin
	lib=$pf_root/usr/lib/postfix
	[ -x "$sbin/postmap" ] && [ -x "$sbin/postalias" ] ||
	    skip "needs Postfix, or its package unpacked in \$LISTMAP_POSTFIX"
	mkdir "$T/postfix"
	cat >"$T/postfix/main.cf" <<-END
	compatibility_level = 3.6
	daemon_directory = $lib/sbin
	command_directory = $sbin
	shlib_directory = $lib
	meta_directory = $T/postfix
	queue_directory = $T/postfix
	data_directory = $T/postfix
	myhostname = mx.example.org
	mail_owner = games
	setgid_group = mail
	END
	: >"$T/postfix/master.cf"
	printf 'cdb\t%s/postfix-cdb.so\tdict_cdb_open\tmkmap_cdb_open\n' \
	    "$lib" >"$T/postfix/dynamicmaps.cf"
	pf postmap -q x inline:{x=y} >/dev/null ||
	    skip "Postfix's postmap does not start here"
	pf postmap -q x "cdb:$T/nosuch" 2>&1 | grep -q 'open database' ||
	    skip "needs postfix-cdb, and root where it is only unpacked"
}

pf() {
	local program=$1

	shift
	LD_LIBRARY_PATH="$pf_root/usr/lib/postfix" \
	    "$pf_root/usr/sbin/$program" -c "$T/postfix" "$@"
}
