# mm-handler as sendmail and as root start it: ids dropped for good, the
# wrapper as Mailman installs it, file systems that are full or away.

load lib
load mmhandler

# lib.bash's own, by other names.
eval "lib_$(declare -f setup)"
eval "lib_$(declare -f teardown)"

host=lists.example.org

setup() {
	need_root
	[ -n "$mm_holder" ] || skip "may not make mount namespaces"
	getent passwd list >/dev/null || skip "there is no account list"
	lib_setup
	uid=$(id -u list) gid=$(id -g list)
	nobody_uid=$(id -u nobody) nobody_gid=$(id -g nobody)
	daemon=$(getent group daemon | cut -d: -f3)
	games=$(getent group games | cut -d: -f3)
	MOUNTED=
}

teardown() {
	for m in ${MOUNTED-}; do
		$ENTER umount -l "$m"
	done
	[ -z "${T-}" ] || lib_teardown
}

# mounts OPTION... TARGET: in the namespace, until the test is over.
mounts() {
	$ENTER mount "$@"
	MOUNTED="${*: -1} $MOUNTED"
}

# must_be UID GID GROUP...: what the double is to find.
must_be() {
	printf 'uid %s\ngid %s\n' "$1" "$2" >"$T/mailman/mail/ids"
	shift 2
	echo "groups $*" >>"$T/mailman/mail/ids"
}

# started_as UID GID GROUPS: as sendmail does it with F=S and U=, which leaves
# the real user and the groups of who knows whom.
started_as() {
	VIA="python3 $top_srcdir/tests/mm_start.py ids=0,$1,$1
	    gids=$2,$2,$2 groups=$3 --"
}

@test "from sendmail: the effective ids become all of them" {
	started_as "$uid" "$gid" "0,$games"
	must_be "$uid" "$gid" "$gid"
	delivers post foo $host foo
	handed foo@$host
	started_as "$uid" "$gid" ""
	delivers post foo $host foo
	# another group than the account's
	started_as "$uid" "$daemon" "0,$games,$gid"
	must_be "$uid" "$daemon" "$daemon"
	delivers post foo $host foo
	# whose lists these are does not matter
	chown root:root "$T/lists"
	delivers post foo $host foo
}

@test "from sendmail, with root as the real group" {
	VIA="python3 $top_srcdir/tests/mm_start.py ids=0,$uid,$uid
	    gids=0,$gid,$gid groups=0 --"
	must_be "$uid" "$gid" "$gid"
	delivers post foo $host foo
}

@test "from root: the owner and the group of the lists directory" {
	must_be "$nobody_uid" "$nobody_gid" "$nobody_gid"
	delivers post foo $host foo
	chown list:daemon "$T/lists"
	must_be "$uid" "$daemon" "$daemon"
	delivers post foo $host foo
	VIA="python3 $top_srcdir/tests/mm_start.py groups=0,$games --"
	delivers post foo $host foo
}

@test "from root with root's lists: somebody has to say who" {
	chown root:daemon "$T/lists"
	defers $host foo
	reason_has "set delivery_user"
	called 0
	mm --test foo@$host
	is "its status" 75 $rc
	refuses $host nosuch
	mm_conf "" 'delivery_user = "list"'
	must_be "$uid" "$gid" "$gid"
	delivers post foo $host foo
}

@test "delivery_user and delivery_group" {
	mm_conf "" 'delivery_user = "list"'
	must_be "$uid" "$gid" "$gid"
	delivers post foo $host foo
	mm_conf "" 'delivery_user = "list"
		delivery_group = "daemon"'
	must_be "$uid" "$daemon" "$daemon"
	delivers post foo $host foo
	mm --test foo@$host
	grep -qx "user: list ($uid)" "$T/out"
	grep -qx "group: daemon ($daemon)" "$T/out"
	mm_conf "" 'delivery_group = "daemon"'
	must_be "$nobody_uid" "$daemon" "$daemon"
	delivers post foo $host foo
	# sendmail says who, the configuration the group
	started_as "$uid" "$gid" "0,$games"
	must_be "$uid" "$daemon" "$daemon"
	delivers post foo $host foo
	# the configuration says all
	mm_conf "" 'delivery_user = "nobody"
		delivery_group = "daemon"'
	must_be "$nobody_uid" "$daemon" "$daemon"
	delivers post foo $host foo
}

@test "delivery_user has the groups of the account, others have none" {
	sed 's/^games:.*/games:x:'"$games"':list,nobody/' /etc/group \
	    >"$T/group"
	mounts --bind "$T/group" /etc/group
	mm_conf "" 'delivery_user = "list"'
	must_be "$uid" "$gid" $(printf '%s\n' "$gid" "$games" | sort -n)
	delivers post foo $host foo
	started_as "$uid" "$gid" "0,$daemon"
	delivers post foo $host foo
	mm_conf
	must_be "$uid" "$gid" "$gid"
	delivers post foo $host foo
	VIA=
	must_be "$nobody_uid" "$nobody_gid" "$nobody_gid"
	delivers post foo $host foo
}

@test "accounts and groups that there are not" {
	for site in 'delivery_user = "nosuchuser"' \
	    'delivery_group = "nosuchgroup"' \
	    'delivery_user = "list"
		delivery_group = "nosuchgroup"' 'delivery_user = "root"'; do
		mm_conf "" "$site"
		defers $host foo
		mm --test foo@$host
		is "its status" 75 $rc
	done
	called 0
}

# What /etc/passwd does not have is getent's to say: here it is a double.
@test "accounts that are elsewhere than in /etc/passwd" {
	cat >"$T/getent" <<-END
	#!/bin/sh
	[ -z "\$(cat "$T/fails" 2>/dev/null)" ] || exit "\$(cat "$T/fails")"
	case \$* in
	"passwd -- faraway") echo faraway:x:54321:$daemon::/:/bin/false ;;
	"passwd -- 54321") echo faraway:x:54321:$daemon::/:/bin/false ;;
	"group -- farther") echo farther:x:$games: ;;
	"initgroups -- faraway") echo "faraway    54324 54325" ;;
	*) exit 2 ;;
	esac
	END
	chmod 755 "$T/getent"
	mounts --bind "$T/getent" /usr/bin/getent
	mm_conf "" 'delivery_user = "faraway"'
	must_be 54321 "$daemon" "$daemon" 54324 54325
	mm --test foo@$host
	grep -qx "user: faraway (54321)" "$T/out"
	grep -qx "group: daemon ($daemon)" "$T/out"
	delivers post foo $host foo
	mm_conf "" 'delivery_user = "faraway"
		delivery_group = "farther"'
	must_be 54321 "$games" "$games" 54324 54325
	VIA="python3 $top_srcdir/tests/mm_start.py ignore=CHLD --"
	delivers post foo $host foo
	forget
	VIA=
	echo 3 >"$T/fails"
	defers $host foo
	reason_has "cannot be looked up"
	rm "$T/fails"
	mm_conf "" 'delivery_user = "nowhere"'
	defers $host foo
	reason_has "no account"
	# and without any getent
	$ENTER umount /usr/bin/getent
	mounts --bind /dev/null /usr/bin/getent
	defers $host foo
	reason_has "cannot be looked up"
	mm_conf "" 'delivery_user = "list"'
	must_be "$uid" "$gid" "$gid"
	delivers post foo $host foo
}

@test "accounts are found without a library" {
	need strace
	$ENTER strace -o /dev/null true 2>/dev/null ||
	    skip "strace may not trace"
	mm_conf "" 'delivery_user = "list"
		delivery_group = "daemon"'
	VIA="strace -o $T/opened -e trace=openat,open,connect"
	mm $host foo
	is "its status" 0 $rc
	grep '"/etc/passwd"' "$T/opened"
	grep '"/etc/group"' "$T/opened"
	not grep -E 'nsswitch|libnss|nscd|sss' "$T/opened"
}

@test "not from root: its own ids, and no others" {
	VIA="setpriv --reuid=list --regid=list --clear-groups --"
	must_be "$uid" "$gid" ""
	rm "$T/mailman/mail/ids"
	delivers post foo $host foo
	grep -q "^Uid: $uid	$uid	$uid	$uid" "$last/report"
	grep -q "^Gid: $gid	$gid	$gid	$gid" "$last/report"
	mm_conf "" 'delivery_user = "list"'
	delivers post foo $host foo
	forget
	mm_conf "" 'delivery_user = "nobody"'
	defers $host foo
	mm_conf "" 'delivery_group = "daemon"'
	defers $host foo
	called 0
}

# 6 and 7 are CAP_SETGID and CAP_SETUID.
@test "root that may not become anybody" {
	for without in 6 7 6,7; do
		VIA="python3 $top_srcdir/tests/mm_start.py without=$without --"
		defers $host foo
		reason_has "cannot become"
	done
	# it may always become what it is
	started_as "$uid" "$gid" "0,$games"
	VIA="${VIA% --} without=6 --"
	defers $host foo
	reason_has "cannot become"
	called 0
}

@test "the wrapper as Mailman installs it: setgid, and particular" {
	case ,$(findmnt -no OPTIONS -T "$T"), in
	*,nosuid,*) skip "$T is on a file system without setgid" ;;
	esac
	chown root:games "$wrapper"
	chmod 2755 "$wrapper"
	echo list >"$T/mailman/mail/groups"
	started_as "$uid" "$gid" "0"
	must_be "$uid" "$gid" "$gid"
	delivers post foo $host foo
	grep -q "^Gid: $gid	$games	$games	$games" "$last/report"
	handed foo@$host
	forget
	# the name of the real group is another
	started_as "$uid" "$daemon" "0"
	rm "$T/mailman/mail/ids"
	defers $host foo
	reason_has "status 2"
	printf 'mail\ndaemon\n' >"$T/mailman/mail/groups"
	delivers post foo $host foo
	# a group that nobody has
	forget
	started_as "$uid" 54321 "0"
	defers $host foo
}

@test "an account that may have no more processes" {
	need prlimit
	VIA="prlimit --nproc=0:0"
	defers $host foo
	called 0
}

@test "the lists' file system is not there: later" {
	mkdir "$T/store"
	mounts -t tmpfs none "$T/store"
	$ENTER cp -a "$T/lists" "$T/store/"
	sed -i "s:$T/lists:$T/store/lists:" "$T/conf"
	delivers post foo $host foo
	forget
	$ENTER umount "$T/store"
	MOUNTED=
	defers $host foo
	defers $host nosuch
	# the place where it is mounted, empty
	mkdir "$T/store/lists"
	chown list:list "$T/store/lists"
	defers $host foo
	defers $host nosuch
	called 0
}

@test "mailman-loop: the mailbox is the site's, and the ids are dropped" {
	mbox=$T/data/owner-bounces.mbox
	chown list:list "$T/data"
	started_as "$uid" "$gid" "0"
	mm $host mailman-loop
	is "its status" 0 $rc
	silent
	is "its owner" "list:list 660" "$(stat -c '%U:%G %a' "$mbox")"
	# where only root may write
	chown root:root "$T/data"
	chmod 755 "$T/data"
	rm "$mbox"
	forget
	defers $host mailman-loop
	[ ! -e "$mbox" ]
}

# How many messages are in the mailbox, as the namespace has it.
in_mbox() {
	$ENTER grep -c '^From ' "$mbox"
}

@test "mailman-loop: a full disk" {
	mbox=$T/data/owner-bounces.mbox
	mounts -t tmpfs -o size=64k,uid=$uid,gid=$gid none "$T/data"
	started_as "$uid" "$gid" "0"
	mm $host mailman-loop
	is "its status" 0 $rc
	forget
	$ENTER cp "$mbox" "$T/old"
	head -c 200000 /dev/zero | tr '\0' x >"$T/message"
	defers $host mailman-loop
	reason_has "No space left"
	$ENTER cmp "$mbox" "$T/old"
	is "files" "owner-bounces.mbox" "$($ENTER ls -A "$T/data")"
	$ENTER mount -o remount,size=1m "$T/data"
	mm $host mailman-loop
	is "its status" 0 $rc
	is "messages" 2 "$(in_mbox)"
	# not even the lock file can be made
	$ENTER rm "$mbox"
	$ENTER sh -c "head -c 2000000 /dev/zero >'$T/data/big' || :" 2>/dev/null
	printf 'Subject: x\n\ny\n' >"$T/message"
	forget
	defers $host mailman-loop
	not $ENTER test -s "$mbox"
	$ENTER rm "$T/data/big"
	mm $host mailman-loop
	is "its status" 0 $rc
	is "messages" 1 "$(in_mbox)"
}

@test "the wrapper's disk is full: later, and then once" {
	$ENTER mkdir -p "$T/full"
	mounts -t tmpfs -o size=64k,mode=1777 none "$got"
	head -c 200000 /dev/urandom >"$T/message"
	mm $host foo
	is "its status" 75 $rc
	is "standard error" "$mm_later" "$(cat "$T/err")"
	is "messages" 0 "$($ENTER find "$got" -name '[0-9]*' | wc -l)"
	$ENTER mount -o remount,size=1m "$got"
	mm $host foo
	is "its status" 0 $rc
	is "messages" 1 "$($ENTER find "$got" -name '[0-9]*' | wc -l)"
}
