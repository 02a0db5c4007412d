#!/usr/bin/env bats
# FEATURE(listmap) in the real sendmail: a client that may not relay does not,
# whatever routes it writes into local parts, and whatever the tables made by
# hand do with addresses that are no lists'.

load sendmail

# Dedicated domains, one for each kind of line that a table may have.
sm_domains='user host plus detail swap bare table local given both alias sub mx'
# The same, which sendmail's own means relay for as well.
sm_relayed='access to relay virt own'

setup_file() {
	sm_require || return 0
	sm_world
	sm_hash virtusertable <<-'END'
		@user.dom.test	%1@lab.test
		@host.dom.test	%1@other.test
		+*@plus.dom.test	%1%3@lab.test
		@detail.dom.test	%1%3@lab.test
		+*@swap.dom.test	%2@lab.test
		++@swap.dom.test	%2@lab.test
		@bare.dom.test	%1
		@both.dom.test	%1@local.dom.test
		@alias.dom.test	%1@lab.test
		@sub.user.dom.test	%1@lab.test
		sales@sub.dom.test	games
		@access.dom.test	%1@lab.test
		@to.dom.test	%1@lab.test
		@relay.dom.test	%1@lab.test
		@virt.dom.test	%1@lab.test
		@own.dom.test	%1@lab.test
		@shared.dom.test	%1@lab.test
	END
	sm_hash mailertable <<-'END'
		table.dom.test	esmtp:[127.0.0.9]
		local.dom.test	local:
		given.dom.test	mailman:given.dom.test
		sub.dom.test	esmtp:[127.0.0.9]
		.	esmtp:[127.0.0.8]
	END
	sm_hash access <<-'END'
		access.dom.test	RELAY
		To:to.dom.test	RELAY
		To:blocked@user.dom.test	REJECT
		To:dev-owner@user.dom.test	REJECT
		From:spam.test	REJECT
	END
	sm_lists dev
	{
		echo 'log_level = "debug"'
		echo 'refusal = "No such list"'
		echo 'site "lists" { lists_dir = "/run/mailman/lists"'
		echo 'hosts = "any"'
		for name in ${sm_domains/alias /} $sm_relayed; do
			echo "domain \"$name.dom.test\" { dedicated = true"
			echo 'redirect = { "away=u@remote.test" } }'
		done
		echo 'domain "alias.dom.test" { alias = "user.dom.test" }'
		echo 'domain "lab.test" {} domain "shared.dom.test" {}'
		echo '}'
	} | sm_conf
	sm_daemon first
}

teardown() {
	if [ -z "$sm_lacks" ] && sm_alive sendmail; then
		sm_daemon_stop sendmail
	fi
}

teardown_file() {
	sm_end
}

# Makes NAME.cf of the LINES of a sendmail.mc before the FEATURE, and after it.
variant() {
	local name=$1 before=$2 after=${3-}
	{
		cat <<-END
			include(\`feature.m4')dnl
			FEATURE(\`access_db', \`hash -T<TMPF> /run/sendmail/access')dnl
			LOCAL_DOMAIN(\`own.dom.test shared.dom.test')dnl
			RELAY_DOMAIN(\`relay.dom.test')dnl
			VIRTUSER_DOMAIN(\`virt.dom.test')dnl
			$before
			FEATURE(\`listmap')dnl
			$after
			LISTMAP_DOMAIN(\`$(printf '%s.dom.test ' \
			    $sm_domains $sm_relayed)')dnl
			LISTMAP_SHARED_DOMAIN(\`lab.test shared.dom.test')dnl
			FEATURE(\`listmap_local', \`user.dom.test')dnl
			MAILER(\`local')dnl
			MAILER(\`smtp')dnl
			MAILER(\`mailman')dnl
		END
	} | sm_m4 - >"$sm_run/sendmail/$name.cf"
}

# Addresses at DOMAIN with a way to victim@remote.test in the local part.
routes() {
	sed "s/DOM/$1.dom.test/g" "$top_srcdir/tests/sendmail/routes"
}

# Addresses of lists with what looks like a way in it, and without.
lists() {
	sed "s/DOM/$1.dom.test/g" <<-'END'
	dev@DOM
	Dev-Request@DOM
	"dev"@DOM
	dev-bounces+user=dom.org@DOM
	dev-bounces+u%x=dom.org@DOM
	dev-bounces+u%x%y=dom.org@DOM
	dev-bounces+a!b=dom.org@DOM
	"dev-bounces+u%x=dom.org"@DOM
	"dev-bounces+u@dom.org"@DOM
	"dev-bounces+a,b%y"@DOM
	dev-confirm+u%0123456789@DOM
	END
}

relay() {
	sm_in python3 "$top_srcdir/tests/relay.py" "/run/sendmail/$1.cf"
}

# What CF takes from a stranger that does not end here, and what it does not take
# of the lists' mail, at the domains NAMES.
#
# Where sendmail's own means relay, it judges what is left without the domain: a %
# that is no way for it may go on to a table, but not to the other host.  A domain
# that is sendmail's own loses its ways before anybody is asked.  An escaped @ is
# no way that sendmail would go, and a name without any @ is a user's, also at
# lab.test.
faults() {
	local cf=$1 name
	shift
	for name; do
		routes $name
		[ $name = own ] || [ $name = shared ] || lists $name
	done >"$BATS_TEST_TMPDIR/asked"
	relay "$cf" <"$BATS_TEST_TMPDIR/asked" >"$BATS_TEST_TMPDIR/said" ||
	    echo "no answers"
	awk -F '\t' -v relayed="(shared|${sm_relayed// /|})" '
		$1 ~ /^"?[Dd]ev("?@|-)/ {
			if ($2 != "taken" || $3 !~ /^mailman /)
				print
			next
		}
		$2 != "taken" || $3 ~ /^(error|mailman) / { next }
		$1 ~ /\\@/ || ($1 !~ /@/ && $3 ~ /^local /) { next }
		$1 ~ /^[^@]*@lab[.]test$/ && $3 ~ /^local / { next }
		$1 ~ relayed "[.]dom[.]test" &&
		    ($3 ~ /^local / || $3 !~ /@remote[.]test[.]?>/) { next }
		{ print }' "$BATS_TEST_TMPDIR/said"
}

@test "no way is taken, and no list's address lost, whatever the features" {
	local name before
	variant every ''
	[ -z "$(faults every $sm_domains $sm_relayed shared | tee /dev/stderr)" ]
	while IFS=$'\t' read -r name before; do
		variant "$name" "$before"
		echo "$name: $before"
		[ -z "$(faults "$name" user plus virt mx shared |
		    tee /dev/stderr)" ]
	done <<-'END'
		uucp	FEATURE(`nouucp', `nospecial')dnl
		nouucp	FEATURE(`nouucp', `reject')dnl
		percent	FEATURE(`nopercenthack', `nospecial')dnl
		nopercent	FEATURE(`nopercenthack', `reject')dnl
		special	FEATURE(`nouucp', `nospecial')FEATURE(`nopercenthack', `nospecial')dnl
		nospecial	FEATURE(`nouucp', `reject')FEATURE(`nopercenthack', `reject')FEATURE(`delay_checks')dnl
		delay	FEATURE(`delay_checks')FEATURE(`relay_hosts_only')FEATURE(`nouucp', `reject')dnl
		friend	FEATURE(`delay_checks', `friend')FEATURE(`blocklist_recipients')dnl
		hosts	FEATURE(`relay_hosts_only')FEATURE(`nopercenthack', `nospecial')dnl
		entire	FEATURE(`virtuser_entire_domain')FEATURE(`blocklist_recipients')dnl
		sticky	FEATURE(`stickyhost')FEATURE(`nocanonify')dnl
		loose	FEATURE(`loose_relay_check')dnl
		route	define(`_USE_DEPRECATED_ROUTE_ADDR_', `1')dnl
		mine	FEATURE(`relay_entire_domain')FEATURE(`relay_local_from')dnl
		best	FEATURE(`bestmx_is_local')FEATURE(`blocklist_recipients')dnl
		served	FEATURE(`relay_based_on_MX')FEATURE(`bestmx_is_local', `dom.test')dnl
	END
}

@test "a dedicated domain whose MX is this host is not the users'" {
	local before after
	for before in '' "FEATURE(\`bestmx_is_local')"; do
		after=
		[ -n "$before" ] || after="FEATURE(\`bestmx_is_local')"
		variant best "$before" "$after"
		diff -u - <(printf '%s@mx.dom.test\n' dev games nope+x \
		    dev-bounces+u%x=dom.org games%remote.test |
		    relay best | cut -d ' ' -f 1 | cut -f 2-) <<-'END'
		taken	mailman
		taken	error
		taken	error
		taken	mailman
		denied	error
		END
	done
	sm_sendmail best
	sm_check sm_rcpt <<-'END'
	dev@mx.dom.test	250 2.1.5 <ADDR>... Recipient ok
	dev-bounces+u%x=dom.org@mx.dom.test	250 2.1.5 <ADDR>... Recipient ok
	"dev-bounces+u@dom.org"@mx.dom.test	250 2.1.5 <ADDR>... Recipient ok
	games%remote.test@mx.dom.test	550 5.1.1 <ADDR>... No such list
	games@mx.dom.test	550 5.1.1 <ADDR>... No such list
	END
	sm_daemon_stop first
	[[ $(sm_rcpt dev@mx.dom.test) = '451 4.3.0 '* ]]
	[[ $(sm_rcpt games@mx.dom.test) = '451 4.3.0 '* ]]
	[[ $(sm_rcpt dev-bounces+u%x=dom.org@mx.dom.test) = '451 4.3.0 '* ]]
	sm_daemon first
}

@test "RCPT: a stranger's ways are refused, whatever the table says" {
	local name
	variant smtp "FEATURE(\`delay_checks')dnl"
	sm_sendmail smtp
	for name in user host plus table local access virt own shared; do
		mapfile -t ways < <(routes $name |
		    grep -v '\\@\|relay\.dom\.test@\(own\|shared\)')
		run sm_rcpt "${ways[@]}"
		[ ${#lines[@]} -eq ${#ways[@]} ]
		diff -u - <(printf '%s\n' "${lines[@]}" | grep -v '^55[0-9] ') \
		    </dev/null
		[ $name = own ] || [ $name = shared ] && continue
		mapfile -t ways < <(lists $name)
		run sm_rcpt "${ways[@]}"
		[ "$(printf '%s\n' "${lines[@]}" | grep -c '^250 ')" = \
		    ${#ways[@]} ]
	done
	sm_check sm_rcpt <<-'END'
	victim%remote.test@user.dom.test	550 5.7.1 <ADDR>... Relaying denied
	"victim@remote.test"+x@virt.dom.test	550 5.7.1 <ADDR>... Relaying denied
	nouser@user.dom.test	550 5.1.1 <ADDR>... User unknown
	games@user.dom.test	250 2.1.5 <ADDR>... Recipient ok
	"games"@user.dom.test	250 2.1.5 <games@user.dom.test>... Recipient ok
	games+x@plus.dom.test	250 2.1.5 <ADDR>... Recipient ok
	any@host.dom.test	250 2.1.5 <ADDR>... Recipient ok
	any@table.dom.test	250 2.1.5 <ADDR>... Recipient ok
	victim%remote.test@sub.user.dom.test	550 5.7.1 <ADDR>... Relaying denied
	END
}

@test "who may relay, may, and what the access table forbids stays forbidden" {
	variant inside "FEATURE(\`blocklist_recipients')dnl"
	sm_sendmail inside
	sm_from=127.0.0.1
	sm_check sm_rcpt <<-'END'
	victim%remote.test@user.dom.test	250 2.1.5 <ADDR>... Recipient ok
	"victim@remote.test"+x@virt.dom.test	250 2.1.5 <victim%remote.test@user.dom.test>... Recipient ok
	blocked@user.dom.test	550 5.2.1 <ADDR>... Mailbox disabled for this recipient
	END
	sm_from=127.0.0.5
	sm_check sm_rcpt <<-'END'
	victim%remote.test@user.dom.test	550 5.7.1 <ADDR>... Relaying denied
	blocked@user.dom.test	550 5.2.1 <ADDR>... Mailbox disabled for this recipient
	dev-bounces+u%x=dom.org@user.dom.test	250 2.1.5 <ADDR>... Recipient ok
	dev-owner@user.dom.test	550 5.2.1 <ADDR>... Mailbox disabled for this recipient
	END
}

@test "a redirect leads where the configuration says, whatever is in the detail" {
	variant redirect ''
	diff -u - <(printf '%s@user.dom.test\n' away away+x \
	    away+victim%third.test away+a!b '"away+victim@third.test"' |
	    relay redirect | cut -f 2-) <<-'END'
	taken	esmtp [127.0.0.8] u<@remote.test.>
	taken	esmtp [127.0.0.8] u<@remote.test.>
	taken	esmtp [127.0.0.8] u<@remote.test.>
	taken	esmtp [127.0.0.8] u<@remote.test.>
	taken	esmtp [127.0.0.8] u<@remote.test.>
	END
}

@test "only what names another host is asked for a second time" {
	variant asked ''
	sm_sendmail asked
	sm_asked first >/dev/null
	sm_rcpt dev@user.dom.test games@user.dom.test \
	    dev-bounces+u%x=dom.org@user.dom.test dev+x@host.dom.test \
	    victim%remote.test@user.dom.test
	diff -u - <(sm_asked first) <<-'END'
	listmap dev@user.dom.test
	listmap games@user.dom.test
	listmap games@lab.test
	listmap dev-bounces+u%x=dom.org@user.dom.test
	listmap dev-bounces+u%x=dom.org@user.dom.test
	listmap dev+x@host.dom.test
	listmap victim%remote.test@user.dom.test
	listmap victim%remote.test@user.dom.test
	END
	sm_rcpt '"dev-owner"@user.dom.test' '"dev-bounces+(x"@lab.test'
	diff -u - <(sm_asked first) <<-'END'
	listmap dev-owner@user.dom.test
	listmap nobody@lab.test
	listmap dev-bounces+(x@lab.test
	listmap nobody@lab.test
	listmap dev-bounces+(x@lab.test
	END
}

@test "the daemon is away: later, and never taken" {
	local address
	variant away "FEATURE(\`delay_checks')dnl"
	sm_sendmail away
	sm_daemon_stop first
	for address in victim%remote.test@user.dom.test \
	    '"victim@remote.test"+x@virt.dom.test' \
	    dev-bounces+u%x=dom.org@user.dom.test \
	    '"dev-bounces+u%(x"@user.dom.test' \
	    '"victim@remote.test>"@virt.dom.test'; do
		[[ $(sm_rcpt "$address") = '451 4.3.0 '* ]]
		[[ $(relay away <<<"$address") = "$address"$'\tlater\t'* ]]
	done
	[[ $(sm_rcpt '"x(y"@mx.lab.test') = '250 2.1.5 '* ]]
	sm_daemon first
}

@test "shared domains: % and ! are no part of a detail, but for two features" {
	local ways=('dev-bounces+u%x=dom.org@lab.test'
	    'dev-bounces+a!b=dom.org@lab.test')
	variant special "FEATURE(\`nouucp', \`nospecial')FEATURE(\`nopercenthack', \`nospecial')dnl"
	diff -u - <(printf '%s\n' "${ways[@]}" | relay special) <<-'END'
	dev-bounces+u%x=dom.org@lab.test	taken	mailman lab.test dev-bounces+u%x=dom.org<@lab.test.>
	dev-bounces+a!b=dom.org@lab.test	taken	mailman lab.test dev-bounces+a!b=dom.org<@lab.test.>
	END
	# nor are users' names with them a way to somewhere
	diff -u - <(printf '%s\n' u%x@lab.test '"a!b"@lab.test' \
	    games%remote.test@shared.dom.test '"u@remote.test"@lab.test' |
	    relay special) <<-'END'
	u%x@lab.test	taken	local - u%x
	"a!b"@lab.test	taken	local - a!b
	games%remote.test@shared.dom.test	taken	local - games%remote.test
	"u@remote.test"@lab.test	denied	esmtp [127.0.0.8] u<@remote.test.>
	END
	sm_sendmail special
	[ "$(sm_rcpt "${ways[@]}" | grep -c '^250 ')" = 2 ]
	sm_daemon_stop sendmail
	variant usual ''
	sm_sendmail usual
	[ "$(sm_rcpt "${ways[@]}" | grep -c '^550 5\.7\.1 ')" = 2 ]
}

@test "lines of the access table take in sub-domains, but for relay_hosts_only" {
	local name want lines
	while IFS=$'\t' read -r name want lines; do
		variant $name "$lines"
		diff -u <(printf '%s\n' $want) <(printf '%s.dom.test\n' \
		    x@sub.access x@sub.to x@sub.relay x@sub.user |
		    relay $name | cut -f 2) </dev/null
	done <<-'END'
		below	taken taken taken denied	dnl
		exact	denied denied denied denied	FEATURE(`relay_hosts_only')dnl
	END
}
