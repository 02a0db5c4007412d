#!/bin/sh
# demo.sh - shows listmap at work on a small Mailman 2.1 tree of its own.
#
#	sh bootstrap demo	calls it with the directory of the programs

set -eu
bin=$(cd "$1" && pwd)
t=$(mktemp -d /tmp/listmap-demo.XXXXXX)
chmod 755 "$t"
pid=

end() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || :
	rm -rf "$t"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

title() {
	printf '\n== %s\n' "$*"
}

# newlist NAME HOST: as Mailman's newlist leaves a list on disk, a pickled
# dictionary, renamed into its place.
newlist() {
	mkdir -p "$t/lists/$1"
	length=$(printf '\\%03o' ${#2})
	printf "}q\\001(U\\thost_nameq\\002U$length%sq\\003u." "$2" \
	    >"$t/lists/$1/config.pck.tmp"
	mv "$t/lists/$1/config.pck.tmp" "$t/lists/$1/config.pck"
}

# The prompt shows what an administrator would type.
ask() {
	printf '$ listmap query %s\n' "$*"
	rc=0
	"$bin/listmap" -c "$t/listmap.conf" query "$@" || rc=$?
	case $rc in
	0) ;;
	1) echo "  (no such address: exit code 1)" ;;
	*) echo "  (no answer: exit code $rc)" ;;
	esac
}

mkdir "$t/lists" "$t/cache" "$t/run"
for list in mailman staff announce announce-test; do
	newlist "$list" lists.example.org
done
newlist club example.org
cat >"$t/listmap.conf" <<EOF
listen    = { "local:$t/run/socket" }
cache_dir = "$t/cache"
user      = "$(id -un)"

site "lists" {
	lists_dir = "$t/lists"
	url       = "http://lists.example.org/"
	domain "lists.example.org" {
		dedicated = true
		redirect  = { "postmaster=root@example.org",
		              "abuse=root@example.org" }
	}
	domain "example.org" {}
}
EOF

title "The configuration"
cat "$t/listmap.conf"

title "Mailman's lists directory"
ls "$t/lists"

"$bin/listmapd" -c "$t/listmap.conf" 2>"$t/log" &
pid=$!
tries=0
until "$bin/listmap" -c "$t/listmap.conf" status >/dev/null 2>&1; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ] || ! kill -0 "$pid" 2>/dev/null; then
		cat "$t/log"
		exit 1
	fi
	sleep 0.05
done

title "Look-ups, as FEATURE(listmap) asks"
ask listmap staff@lists.example.org
ask listmap staff-request@lists.example.org
ask listmap staff-bounces+joe=user.example@lists.example.org
ask listmap nosuch@lists.example.org

title "What a dedicated domain says to an unknown address"
ask virtuser nosuch@lists.example.org

title "A shared domain: lists are found, users are left alone"
ask virtuser club@example.org
ask virtuser joe@example.org

title "Each list answers at its own host"
ask listmap club@lists.example.org
ask listmap staff@example.org

title "A new list works the moment that Mailman made it"
ask listmap newcomers@lists.example.org
echo "$ newlist newcomers"
newlist newcomers lists.example.org
ask listmap newcomers@lists.example.org

title "Lines of an old virtusertable: which can go?"
cat >"$t/virtusertable" <<EOF
club@example.org	club
club-owner@example.org	joe
joe@example.org	joe@mx.example.org
EOF
printf '$ listmap diff --no-missing virtusertable\n'
(cd "$t" && "$bin/listmap" -c "$t/listmap.conf" diff --no-missing \
    virtusertable) || :

title "What the daemon says of itself"
"$bin/listmap" -c "$t/listmap.conf" status

sendmail=$(command -v sendmail || ls /usr/sbin/sendmail 2>/dev/null || :)
cf=/usr/share/sendmail/cf/m4/cf.m4
if [ -z "$sendmail" ] || [ ! -r "$cf" ] || ! command -v m4 >/dev/null; then
	title "sendmail, sendmail-cf and m4 are not all here: the rest is left out"
	exit 0
fi

title "sendmail -bt, asking the same daemon"
cat >"$t/demo.mc" <<EOF
include(\`$cf')dnl
VERSIONID(\`listmap demo')dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mx.example.org')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
define(\`confDONT_BLAME_SENDMAIL', \`TrustStickyBit')dnl
define(\`ALIAS_FILE', \`')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`virtusertable', \`socket local:$t/run/socket')dnl
FEATURE(\`mailertable', \`socket local:$t/run/socket')dnl
VIRTUSER_DOMAIN(\`lists.example.org')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
LOCAL_CONFIG
CPMAILMAN
Cwexample.org
MAILER_DEFINITIONS
Mmailman,	P=/bin/false, F=DFMlSqu, S=EnvFromL/HdrFromL, R=EnvToL/HdrToL,
		T=DNS/RFC822/X-Unix, A=mm-handler \$h \$u
EOF
m4 "$t/demo.mc" >"$t/demo.cf" 2>/dev/null
cat >"$t/ask" <<EOF
for address in staff-request@lists.example.org nosuch@lists.example.org \\
    club@example.org; do
	printf '$ echo "3,0 %s" | sendmail -bt\n' "\$address"
	echo "3,0 \$address" | "$sendmail" -C "$t/demo.cf" -bt 2>/dev/null |
	    sed -n 's/^parse *returns: /  /p' | tail -n 1
done
EOF

# Where the host's own name has no domain sendmail waits for one, a minute each
# time: then it is shown under another name, in a namespace.
case $(hostname -f 2>/dev/null || uname -n) in
*.*)
	sh "$t/ask"
	;;
*)
	if [ "$(id -u)" != 0 ] || ! unshare -u -m true 2>/dev/null; then
		echo "(left out: this host's name has no domain)"
		exit 0
	fi
	echo "127.0.0.1 mx.example.org mx localhost" >"$t/hosts"
	unshare -u -m sh -c 'hostname mx.example.org &&
	    mount --bind "$1/hosts" /etc/hosts && sh "$1/ask"' sh "$t"
	;;
esac
