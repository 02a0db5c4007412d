# The daemon, the caches asked directly and the dumps say the same, for every
# role and every address of the tables, with variants.

load lib

by_address="listmap virtuser recipients transport redirect"

test_setup() {
	export LC_ALL=C
	put_lists
	cat >"$T/conf" <<-END
	listen = { "local:$T/run/socket" }
	cache_dir = "$T/cache"
	user = "root"
	refusal = "No {list} at {domain} ({address}), 100%; see {url}"
	site "lists" {
		lists_dir = "$T/lists"
		url = "http://lists.example.org/"
		domain "lists.example.org" {
			dedicated = true
			redirect = { "postmaster=p@example.com" }
		}
		domain "lists.example.net" {}
		domain "example.com" { redirect = { "abuse=a@other.org" } }
		domain "alias.example.com" { alias = "example.com" }
	}
	site "other" {
		lists_dir = "$T/other"
		plus = "any"
		actions = { "post", "owner" }
		domain "example.com" {}
		domain "other.org" {}
	}
	END
	mkdir "$T/other"
	mkdir "$T/other/dev" "$T/other/club"
	printf "}." >"$T/other/dev/config.pck"
	printf "}." >"$T/other/club/config.pck"
	# The one that has no answer: "they agree on what has no answer, too".
	python3 "$top_srcdir/tests/lists_small.py" "$TABLES/mailman-2.1" addresses |
	    grep -vx at@example.com >"$T/locals"
	[ "$(wc -l <"$T/locals")" -gt 1200 ]
	keys
}

# $T/addresses, $T/domains: what to ask.
keys() {
	for domain in lists.example.org lists.example.net. EXAMPLE.com \
	    alias.example.com other.org lists.example.invalid; do
		sed "s/\$/@$domain/" "$T/locals"
	done >"$T/addresses"
	printf '%s\n' postmaster@lists.example.org abuse+x@alias.example.com \
	    @lists.example.org ++@example.com +\*@example.com club@other.org \
	    club-owner+x@example.com club+x+y@other.org club-admin@other.org \
	    dev-admin@other.org no-at-sign "" >>"$T/addresses"
	for domain in lists.example.org lists.example.net example.com \
	    alias.example.com other.org lists.example.invalid org; do
		printf '%s\n' "$domain" "$domain.mailman" "x.$domain" \
		    ".$domain" "$domain." "$domain.mailman.mailman" \
		    "${domain^^}"
	done >"$T/domains"
}

# keys_of ROLE
keys_of() {
	case $1 in
	mailertable | domains | site_domain) echo "$T/domains" ;;
	aliases) echo "$T/locals" ;;
	*) echo "$T/addresses" ;;
	esac
}

# ask_all FILE ROLE [OPTION]: answers, complaints and the code.
ask_all() {
	local file=$1 role=$2 code=0

	shift 2
	query "$@" "$role" - <"$(keys_of "$role")" >"$file" 2>"$file.err" ||
	    code=$?
	echo "ended with $code" >>"$file.err"
}

# agree ROLE: the daemon and --direct.
agree() {
	ask_all "$T/daemon" "$1"
	ask_all "$T/direct" "$1" --direct
	cmp "$T/daemon" "$T/direct"
	cmp "$T/daemon.err" "$T/direct.err"
	[ -s "$T/daemon" ]
}

@test "the daemon and the caches agree" {
	start_daemon
	for role in $by_address refusal aliases mailertable domains site_domain; do
		agree $role
		# of lists whose names no alias file can have, and of those whose
		# configuration is broken
		case $role in
		mailertable | domains | site_domain) code=0 ;;
		*) code=75 ;;
		esac
		grep -qx "ended with $code" "$T/daemon.err"
	done
}

# Without the rights of root some of the lists have no answer.
@test "they agree on what has no answer, too" {
	need_root
	chown nobody "$T/cache"
	sed -i 's/^user = .*/user = "nobody"/' "$T/conf"
	echo at@example.com >>"$T/locals"
	keys
	start_daemon
	ENTER="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	for role in $by_address refusal aliases; do
		agree $role
		[ $role = virtuser ] || [ $role = redirect ] ||
		    grep -q "z-noaccess.*: no answer: " "$T/daemon.err"
		[ $role = virtuser ] || [ $role = redirect ] ||
		    grep -q "at@example.com.*: no answer: " "$T/daemon.err"
		grep -qx "ended with 75" "$T/daemon.err"
	done
	ask_all "$T/daemon" virtuser
	grep -q '^z-noaccess@lists.example.org	error:4.3.0:"451 ' \
	    "$T/daemon"
}

# Of the addresses that are found, a dump has those without a detail.
@test "the dumps agree with the answers" {
	start_daemon
	for role in $by_address aliases mailertable domains site_domain; do
		"$LISTMAP" -c "$T/conf" dump $role >"$T/dump"
		[ $role != domains ] || {
			"$LISTMAP" -c "$T/conf" dump --shared domains >>"$T/dump"
			sed -i 's/$/\tOK/' "$T/dump"
		}
		# What no line can begin with is in comments.
		sed -i '/^# left out, for /d' "$T/dump"
		cut -f1 "$T/dump" | query $role - >"$T/answers"
		cmp "$T/dump" "$T/answers"
		ask_all "$T/daemon" $role
		tr A-Z a-z <"$T/dump" >"$T/lower"
		# "dot." is a list, "example.net." the domain example.net.
		tr A-Z a-z <"$T/daemon" |
		    sed "$([ $role = aliases ] || echo 's/\.\t/\t/')" |
		    awk -F'\t' 'NR == FNR { dumped[$0] = 1; next }
			!($0 in dumped) && $1 !~ /\+|^#| / && !/\terror:/' \
			"$T/lower" - >"$T/missing"
		[ ! -s "$T/missing" ] || {
			head "$T/missing"
			return 1
		}
	done
}

# Nobody refuses what another role lets through.
@test "the roles agree with each other" {
	start_daemon
	for role in $by_address refusal; do
		ask_all "$T/$role" $role
		cut -f1 "$T/$role" | sort >"$T/$role.keys"
	done
	# What is refused is no recipient.
	[ -z "$(comm -12 "$T/refusal.keys" "$T/recipients.keys")" ]
	# Every recipient is routed, and only recipients are.
	cmp "$T/recipients.keys" "$T/listmap.keys"
	sort "$T/transport.keys" "$T/redirect.keys" | diff - "$T/recipients.keys"
	# On dedicated domains virtuser refuses what refusal refuses, but the
	# forms without a user, after which sendmail asks for no more.
	grep '	error:' "$T/virtuser" >"$T/refused"
	grep -v '^\(\|++\|+\*\)@' "$T/refusal" | cmp - "$T/refused"
	# On shared domains it has each recipient.
	grep -v '	error:' "$T/virtuser" | cut -f1 | grep -v @lists.example.org |
	    sort | diff - <(grep -v @lists.example.org "$T/recipients.keys")
}
