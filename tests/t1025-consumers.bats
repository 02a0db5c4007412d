# What build writes, in the programs that it is written for: each role as text
# and as a CDB goes through sendmail's or Postfix's own, and every pair has to
# come out again.

load lib
load postfix

listmap() {
	"$LISTMAP" -c "$T/conf" "$@"
}

for_sendmail="listmap virtuser mailertable site_domain"
for_postfix="recipients transport redirect"

# Names that other programs may trip over, of both Mailmans; the longest with
# which a command is no longer than sendmail carries.
test_setup() {
	mklist "long-$(printf %0180d 0)" dev dev-announce dev-owner a.b a..b a. a=b a+b -dash 2600-l _u \
	    =e +p .x y- mailman 'art&artists' "o'neil" 'a~b' 'a#b' '#x' 'a b' 'x$y'
	mkdir -p "$T/var/lists"
	for name in 'a!b' 'a$b' 'a*b' '{x}' 'a~b'; do
		mkdir "$T/var/lists/$name.three.org"
	done
	touch -d 2001-01-01 "$T"/var/lists/*
	conf "" 'domain "alias.org" { alias = "example.org" }
	    domain "red.org" {
		dedicated = true
		redirect = { "postmaster=p@example.org", "abuse=a.b@x.org" }
	    }'
	cat >>"$T/conf" <<-END
	site "three" {
		mailman = "3"
		settle = 0
		lists_dir = "$T/var/lists"
		domain "three.org" {}
	}
	END
	listmap rebuild
	PATH=$PATH:/usr/sbin:/sbin
}

# pairs ROLE: what the role's file has to say, KEY<TAB>VALUE.
pairs() {
	listmap dump "$1" | grep -v '^# left out'
}

# Where the host's own name has no domain sendmail waits for one, a minute each
# time: then it gets another name, in a namespace.
sendmail() {
	case $(hostname -f 2>/dev/null || uname -n) in
	*.*)
		command sendmail "$@"
		return
		;;
	esac
	unshare -u -m sh -c 'hostname mx.example.org &&
	    mount --bind "$0" /etc/hosts && exec sendmail "$@"' \
	    "$T/hosts" "$@"
}

need_sendmail() {
	need sendmail makemap m4 unshare
	need_root
	echo "127.0.0.1 mx.example.org mx localhost" >"$T/hosts"
	[[ $(hostname -f 2>/dev/null || uname -n) = *.* ]] ||
	    unshare -u -m true 2>/dev/null ||
	    skip "this host's name has no domain, and it may get no other"
}

# sendmail_cf LINE...: a sendmail.cf with these lines of configuration.
sendmail_cf() {
	local cf=${SENDMAIL_CF:-/usr/share/sendmail/cf}/

	need_sendmail
	[ -r "${cf}m4/cf.m4" ] || skip "needs sendmail-cf"
	mkdir -p -m 700 "$T/queue"
	cat >"$T/mc" <<-END
	divert(0)dnl
	OSTYPE(\`linux')dnl
	define(\`confDOMAIN_NAME', \`mx.example.org')dnl
	define(\`confDONT_PROBE_INTERFACES', \`True')dnl
	define(\`confDONT_BLAME_SENDMAIL', \`TrustStickyBit')dnl
	define(\`confSERVICE_SWITCH_FILE', \`$T/switch')dnl
	define(\`confHOST_STATUS_DIRECTORY', \`')dnl
	define(\`ALIAS_FILE', \`${aliases:-$T/aliases}')dnl
	define(\`QUEUE_DIR', \`$T/queue')dnl
	define(\`STATUS_FILE', \`$T/statistics')dnl
	define(\`confALIAS_WAIT', \`2s')dnl
	FEATURE(\`nocanonify')dnl
	MAILER(\`local')dnl
	LOCAL_CONFIG
	$(printf '%s\n' "$@")
	END
	echo "aliases files" >"$T/switch"
	m4 -D_CF_DIR_="$cf" -I "$cf" "${cf}m4/cf.m4" "$T/mc" >"$T/sendmail.cf"
}

need_cdb_sendmail() {
	need_sendmail
	makemap -l 2>/dev/null | grep -qx cdb ||
	    skip "this sendmail knows no CDB"
}

# What sendmail finds in the map TYPE FILE for each key of standard input, a
# pair a line.  It replaces %1 and %3, which here have nothing to say.
sendmail_finds() {
	sendmail_cf "Ktable $1 $2"
	sed 's/^/\/map table /' |
	    sendmail -C "$T/sendmail.cf" -bt 2>&1 |
	    sed -n 's/^\(> \)*map_lookup: table (\(.*\)) returns \(.*\) (0)$/\2\t\3/p'
}

# Such pairs of standard input as sendmail would show them.
as_sendmail_shows() {
	sed 's/	%1\(%3\)*/	/; s/%%/%/g'
}

all_found() {
	pairs "$1" | as_sendmail_shows >"$T/want"
	cut -f1 "$T/want" | sendmail_finds "$2" "$3" | diff "$T/want" -
}

@test "build text, makemap, sendmail's hash map" {
	need_sendmail
	makemap -l 2>/dev/null | grep -qx hash ||
	    skip "this sendmail knows no hash"
	for role in $for_sendmail; do
		listmap build text $role "$T/$role"
		makemap hash "$T/$role" <"$T/$role"
		all_found $role hash "$T/$role"
	done
	listmap build --standalone text virtuser "$T/alone"
	makemap hash "$T/alone" <"$T/alone"
	pairs() { grep -v '^# ' "$T/alone"; }
	all_found virtuser hash "$T/alone"
}

@test "build text, makemap, sendmail's cdb map" {
	need_cdb_sendmail
	for role in $for_sendmail; do
		listmap build text $role "$T/$role"
		makemap cdb "$T/$role" <"$T/$role"
		all_found $role cdb "$T/$role"
	done
}

@test "build cdb, sendmail's cdb map" {
	need_cdb_sendmail
	for role in $for_sendmail; do
		listmap build cdb $role "$T/$role.cdb"
		all_found $role cdb "$T/$role"
	done
	listmap build --standalone cdb virtuser "$T/alone.cdb"
	listmap build --standalone text virtuser "$T/alone.text"
	pairs() { grep -v '^# ' "$T/alone.text"; }
	all_found virtuser cdb "$T/alone"
}

# all_aliases: whether `sendmail -bv' knows each of the aliases.
all_aliases() {
	pairs aliases | sed 's/^[^	]*	//; s/^"|/mailer prog, user &/
		s/^\//mailer *file*, user &/' >"$T/want"
	sendmail -C "$T/sendmail.cf" -bv -- $(pairs aliases | cut -f1) \
	    2>&1 | sed 's/^.*\.\.\. deliverable: //' | sort -u |
	    diff <(sort -u "$T/want") -
}

@test "build text aliases, newaliases, sendmail -bv" {
	sendmail_cf
	listmap build text aliases "$T/aliases"
	sendmail -C "$T/sendmail.cf" -bi >"$T/said" 2>&1
	n=$(pairs aliases | wc -l)
	[ "$n" -gt 100 ]
	grep "aliases: $n aliases, " "$T/said"
	not grep -v "$n aliases, \|World writable directory" "$T/said"
	all_aliases
	# an address that no line has
	run sendmail -C "$T/sendmail.cf" -bv nosuchlist
	says "User unknown"
}

# Without the key "@" sendmail takes an alias database for one that is being
# made, waits, and says that it is out of date.
@test "build cdb aliases, sendmail -bv" {
	need_cdb_sendmail
	aliases=cdb:$T/list-aliases sendmail_cf
	listmap build cdb aliases "$T/list-aliases.cdb"
	all_aliases
}

@test "build text aliases, postalias" {
	pf_require
	listmap build text aliases "$T/aliases"
	pf postalias "cdb:$T/aliases" >"$T/said" 2>&1
	[ ! -s "$T/said" ]
	pairs aliases >"$T/want"
	cut -f1 "$T/want" | pf postalias -q - "cdb:$T/aliases" |
	    diff <(sed 's/	/:\t/' "$T/want") -
}

@test "build cdb aliases, Postfix's cdb" {
	pf_require
	listmap build cdb aliases "$T/aliases.cdb"
	pairs aliases >"$T/want"
	cut -f1 "$T/want" | pf postalias -q - "cdb:$T/aliases" |
	    diff <(sed 's/	/:\t/' "$T/want") -
}

postfix_finds() {
	pairs "$1" >"$T/want"
	[ -s "$T/want" ]
	cut -f1 "$T/want" | pf postmap -q - "cdb:$2" | diff "$T/want" -
	run pf postmap -q nosuchlist@example.org "cdb:$2"
	[ "$status" = 1 ]
	[ -z "$output" ]
}

@test "build text, postmap, Postfix's cdb" {
	pf_require
	for role in $for_postfix; do
		listmap build text $role "$T/$role"
		pf postmap "cdb:$T/$role" >"$T/said" 2>&1
		[ ! -s "$T/said" ]
		postfix_finds $role "$T/$role"
	done
}

@test "build cdb, Postfix's cdb" {
	pf_require
	for role in $for_postfix; do
		listmap build cdb $role "$T/$role.cdb"
		postfix_finds $role "$T/$role"
	done
	listmap build cdb domains "$T/domains.cdb"
	[ "$(pf postmap -q red.org "cdb:$T/domains")" = OK ]
}

# No postmap: that wants a value.
@test "build text domains, a class file of sendmail" {
	listmap build text domains "$T/domains"
	sendmail_cf "F{VirtHost}$T/domains"
	echo '$={VirtHost}' | sendmail -C "$T/sendmail.cf" -bt 2>&1 |
	    sed 's/^\(> \)*//' >"$T/class"
	for domain in $(listmap dump domains); do
		grep -qx "$domain" "$T/class"
	done
}

@test "the tables above are of every role" {
	for role in $for_sendmail $for_postfix aliases domains; do
		echo "$role"
	done | sort >"$T/have"
	"$LISTMAP" --help | sed -n '/^roles of maps:/,/^$/p' |
	    awk 'NR > 1 && NF && $1 != "refusal" { print $1 }' | sort |
	    diff "$T/have" -
}
