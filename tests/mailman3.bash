# A Mailman 3 of the test's own, from the distribution's package: in $MM3, as
# the account "list", with its LMTP server and its REST API and nothing else,
# so that what it accepts stays in its incoming queue.

MM3_BIN=/usr/lib/mailman3/bin

need_mailman3() {
	local lacks

	need_root
	lacks=$(mm3_missing)
	[ -z "$lacks" ] || skip "$lacks"
	need setpriv python3
}

# Why there is no Mailman 3 to start, or nothing.
mm3_missing() {
	if [ ! -x $MM3_BIN/mailman ]; then
		echo "mailman3 is not installed"
	elif ! id list >/dev/null 2>&1; then
		echo "no account: list"
	# Its own python, not the one that comes first in PATH.
	elif ! /usr/bin/python3 -c 'import mailman' 2>/dev/null; then
		echo "no module mailman for python3"
	fi
}

free_ports() {
	python3 -c '
import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(x.getsockname()[1] for x in s))'
}

# start_mailman3 CLASS [TYPE]: with mailman.mta.CLASS for incoming mail
# (null.NullMTA, postfix.LMTP) and that type of Postfix's tables; at the ports
# $MM3_LMTP and $MM3_REST where these are set.
start_mailman3() {
	local runner

	MM3=$T/mm3
	[ -n "${MM3_LMTP:-}" ] || read -r MM3_LMTP MM3_REST < <(free_ports)
	export MM3 MM3_LMTP MM3_REST
	mkdir -p "$MM3"
	printf '[postfix]\npostmap_command: /bin/true\n%s\n' \
	    "transport_file_type: ${2:-hash}" >"$MM3/postfix.cfg"
	cat >"$MM3/mailman.cfg" <<-EOT
	[mailman]
	layout: test
	listname_chars: [-_.+=!\$*{}~0-9a-z]
	[paths.test]
	var_dir: $MM3/var
	bin_dir: $MM3_BIN
	[mta]
	incoming: mailman.mta.$1
	lmtp_host: 127.0.0.1
	lmtp_port: $MM3_LMTP
	configuration: $MM3/postfix.cfg
	[webservice]
	hostname: 127.0.0.1
	port: $MM3_REST
	EOT
	for runner in archive bounces command in nntp out pipeline retry task \
	    virgin digest; do
		printf '[runner.%s]\nstart: no\n' $runner
	done >>"$MM3/mailman.cfg"
	chown -R list:list "$MM3"
	begin_mailman3
}

# As it was configured.
begin_mailman3() {
	as_list $MM3_BIN/mailman -C "$MM3/mailman.cfg" start \
	    >"$MM3/start.log" 2>&1 3>&- </dev/null || {
		cat "$MM3/start.log"
		return 1
	}
	until_ok mm3 ready || {
		cat "$MM3/start.log" "$MM3"/var/logs/*
		return 1
	}
}

as_list() {
	${MM3_ENTER:-} setpriv --reuid=list --regid=list --clear-groups \
	    env HOME="$MM3" PATH=/usr/bin:/bin "$@"
}

stop_mailman3() {
	[ -n "${MM3:-}" ] && [ -s "$MM3/var/master.pid" ] || return 0
	halt_mailman3
	MM3=
}

# The master takes its runners with it.
halt_mailman3() {
	local pid

	pid=$(cat "$MM3/var/master.pid")
	${MM3_ENTER:-} kill "$pid"
	until_ok not ${MM3_ENTER:-} kill -0 "$pid" ||
	    ${MM3_ENTER:-} kill -KILL "$pid"
	until_ok not mm3 listening || :
}

mm3() {
	${MM3_ENTER:-} python3 "$top_srcdir/tests/mm3.py" "$@" 3>&-
}
