# Sites whose mm_cfg.py has another site list (MAILMAN_SITE_LIST) or another
# delimiter of VERP (VERP_FORMAT): every program and every role knows it.

load lib

MM_HANDLER=${MM_HANDLER:-$top_builddir/mm-handler}

# site_conf TEXT: lists at two hosts, one domain dedicated.
site_conf() {
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	site "lists" {
		lists_dir = "$T/lists"
		data_dir = "$T/data"
		wrapper = "$T/wrapper"
		$account
		$1
		domain "lists.example.org" { dedicated = true }
		domain "lists.example.net" { dedicated = true }
		domain "example.org" {}
	}
	END
	listmap rebuild
}

test_setup() {
	account=
	python3 "$top_srcdir/tests/pickles.py" "$T/lists" <<-END
	list dev lists.example.org
	list dev-bounces lists.example.org
	list meta lists.example.net
	list mailman lists.example.net
	END
	printf '#!/bin/sh\n' >"$T/wrapper"
	chmod 755 "$T/wrapper"
	[ "$(id -u)" != 0 ] || account='delivery_user = "nobody"'
}

listmap() {
	"$LISTMAP" -c "$T/conf" "$@"
}

asks() {
	query --direct "$@"
}

# means ADDRESS ACTION LIST: for every program; or ADDRESS none: it is refused.
means() {
	if [ "$2" = none ]; then
		exits 67 "$MM_HANDLER" -c "$T/conf" --test "$1"
		exits 1 asks recipients "$1"
		return
	fi
	exits 0 asks recipients "$1"
	exits 0 "$MM_HANDLER" -c "$T/conf" --test "$1"
	says "action: $2"
	says "list: $3"
}

@test "the site list's addresses are on every domain, the others at its host" {
	site_conf 'site_list = "meta"'
	mkdir -m 777 "$T/data"
	for at in lists.example.org lists.example.net example.org; do
		means meta@$at post meta
		means meta-owner@$at owner meta
		means meta-bounces@$at bounces meta
		means meta-bounces+x@$at bounces meta
		means meta-request@$at request meta
		exits 0 asks listmap meta-loop@$at
		says "mailman:$at"
		exits 0 "$MM_HANDLER" -c "$T/conf" --test meta-loop@$at
		says "mailbox: $T/data/owner-bounces.mbox"
		exits 1 asks recipients mailman-loop@$at
	done
	exits 1 asks recipients meta-join@example.org
	exits 0 asks recipients meta-join@lists.example.net
	# A list called mailman is one like any other.
	exits 1 asks recipients mailman-owner@lists.example.org
	exits 0 asks recipients mailman-owner@lists.example.net
}

@test "the site list in dumps, tables and diff" {
	site_conf 'site_list = "meta"'
	listmap dump aliases >"$T/dump"
	grep -qx "meta-loop	$T/data/owner-bounces.mbox" "$T/dump"
	not grep -q "^mailman-loop" "$T/dump"
	exits 0 asks aliases meta-loop
	says "$T/data/owner-bounces.mbox"
	listmap dump virtuser >"$T/dump"
	for action in "" -owner -bounces -request -loop; do
		grep -qx "meta$action@example.org	%1@example.org.mailman" "$T/dump"
	done
	not grep -q "^meta-join@example.org\|^mailman-" "$T/dump"
	listmap build --standalone text virtuser "$T/table"
	grep -qx "meta-loop@lists.example.org	%1@lists.example.org.mailman" \
	    "$T/table"
	echo "meta-loop: $T/data/owner-bounces.mbox" >"$T/aliases"
	run listmap diff "$T/aliases"
	says "same: meta-loop"
	not says "missing.*loop"
}

@test "the site list by default" {
	site_conf ''
	means mailman-owner@example.org owner mailman
	exits 0 asks aliases mailman-loop
	exits 1 asks recipients meta-owner@example.org
	exits 1 asks recipients meta-loop@example.org
}

@test "bounces behind a dash" {
	site_conf 'verp_delimiter = "-"'
	site_conf 'verp_delimiter = "-"'
	rm -r "$T/lists/dev-bounces"
	listmap rebuild
	means dev-bounces-user=dom.org@lists.example.org bounces dev
	says "detail: user=dom.org"
	means dev-confirm-0123456789@lists.example.org confirm dev
	means dev-bounces-u%x=dom.org@lists.example.org bounces dev
	means dev-bounces-u+tag=dom.org@lists.example.org bounces dev
	means dev-owner-x@lists.example.org none
	means dev-x@lists.example.org none
	means dev-bounces+user=dom.org@lists.example.org none
	# sendmail's fall-back forms of the one with a plus are no refusals.
	for key in dev-bounces-u++ dev-bounces-u+\* dev-bounces-u; do
		exits 1 asks virtuser $key@lists.example.org
	done
}

@test "bounces behind a dash, beside a list of that name" {
	site_conf 'verp_delimiter = "+-"'
	means dev-bounces-user=dom.org@lists.example.org bounces dev
	means dev-bounces+user=dom.org@lists.example.org bounces dev
	means dev-bounces-bounces-user=dom.org@lists.example.org bounces \
	    dev-bounces
	means dev-bounces-owner@lists.example.org owner dev-bounces
	means dev-bounces@lists.example.org post dev-bounces
}

@test "no dash by default, nor by plus" {
	site_conf ''
	means dev-bounces-user=dom.org@lists.example.org none
	means dev-bounces+user=dom.org@lists.example.org bounces dev
	site_conf 'plus = "any"'
	means dev-bounces-user=dom.org@lists.example.org none
	means dev-x@lists.example.org none
}

@test "what the options cannot be" {
	site_conf ''
	sed -i 's/data_dir/verp_delimiter = "x"\n&/' "$T/conf"
	exits 78 "$LISTMAPD" -t -c "$T/conf"
	says "$T/conf:6: option 'verp_delimiter': must be one or more of"
	sed -i 's/verp_delimiter.*/verp_delimiter = "-" mailman = "3"/' "$T/conf"
	exits 78 "$LISTMAPD" -t -c "$T/conf"
	says "'verp_delimiter': '-' cannot be one for Mailman 3"
	sed -i 's/verp_delimiter.*/site_list = "Mailman"/' "$T/conf"
	exits 78 "$LISTMAPD" -t -c "$T/conf"
	says "option 'site_list': must be lower case"
}
