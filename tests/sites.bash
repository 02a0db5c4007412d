# Configurations of several sites, s0 and so on, each with dedicated domains.

# begin_conf [TEXT]
begin_conf() {
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	deadline = 25
	${1:-}
	END
}

# site NUMBER MAILMAN LISTS_DIR OPTIONS DOMAIN...
site() {
	local number=$1 mailman=$2 dir=$3 options=$4 domain

	shift 4
	{
		echo "site \"s$number\" {
			mailman = \"$mailman\"
			lists_dir = \"$dir\"
			wrapper = \"/usr/lib/mailman/mail/mailman\"
			$options"
		for domain; do
			echo "domain \"$domain\" { dedicated = true }"
		done
		echo "}"
	} >>"$T/conf"
}

# without_watches: from now on the daemon starts where the limit of inotify's
# watches is 0.
without_watches() {
	need_root
	cat >"$T/enter" <<-'END'
	#!/bin/sh
	exec unshare -Ur sh -c '
	    echo 0 >/proc/sys/user/max_inotify_watches && exec "$@"' sh "$@"
	END
	chmod 755 "$T/enter"
	"$T/enter" true || skip "may not set limits in a user namespace"
	ENTER=$T/enter
}

# on_overlay DIR: an overlay there; its layers are DIR.upper and DIR.lower.
on_overlay() {
	mkdir -p "$1" "$1.lower" "$1.upper" "$1.work"
	mount -t overlay listmap-test "$1" -o \
	    "lowerdir=$1.lower,upperdir=$1.upper,workdir=$1.work" ||
	    skip "may not mount overlays"
}
