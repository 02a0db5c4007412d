#!/usr/bin/env bats
# A file server that does not answer hurts nobody but its own site.  The lists
# of the site "far" are on a filesystem whose server, bindfs, is stopped: a call
# on a path there does not come back.

load lib

test_setup() {
	need_root
	need bindfs
	[ -c /dev/fuse ] || skip "/dev/fuse is missing"
	mkdir "$T/disk" "$T/far"
	mklist a
	mkfar b
	conf
	cat >>"$T/conf" <<-EOF
	site "far" {
		lists_dir = "$T/far"
		hosts = "any"
		scan_timeout = 2
		domain "far.example.org" { dedicated = true }
	}
	EOF
	sed -i 's/^deadline = .*/deadline = 1/' "$T/conf"
	bindfs -f -o attr_timeout=0,entry_timeout=0,negative_timeout=0 \
	    "$T/disk" "$T/far" >"$T/bindfs" 2>&1 3>&- &
	SERVER=$!
	DAEMONS=$SERVER
	until_ok far_or_gone
	far_answers || skip "bindfs cannot mount here: $(cat "$T/bindfs")"
}

# What hangs there has to end before the test does.
test_teardown() {
	[ -z "${SERVER:-}" ] || kill -CONT "$SERVER"
}

mkfar() {
	mkdir "$T/disk/$1"
	printf '}q\001.' >"$T/disk/$1/config.pck"
}

far_answers() {
	timeout -s KILL 5 stat "$T/far/b/config.pck"
}

far_or_gone() {
	far_answers || gone "$SERVER"
}

far_is_silent() {
	local rc=0

	timeout -s KILL 0.5 stat "$T/far/b" || rc=$?
	[ "$rc" = 137 ]
}

# A command that hangs is ended, for it would hold the test.
in_time() {
	timeout -s KILL "$PATIENCE" "$@"
}

# From now on a call on a path of the far site does not come back.
hang() {
	kill -STOP "$SERVER"
	until_ok far_is_silent
}

heal() {
	kill -CONT "$SERVER"
	until_ok far_answers
}

@test "rebuild: a dead file server does not keep the other sites" {
	hang
	exits 75 in_time "$LISTMAP" -c "$T/conf" rebuild
	says "site far: the lists directory $T/far does not answer"
	[ "$(cd "$T/cache" && echo *.cdb)" = lists.cdb ]
	heal
	exits 0 in_time "$LISTMAP" -c "$T/conf" rebuild
	[ -z "$output" ]
	exits 0 query --direct recipients b@far.example.org
}

@test "rebuild: only the site that is named" {
	hang
	exits 0 in_time "$LISTMAP" -c "$T/conf" rebuild lists
	[ -z "$output" ]
	exits 75 in_time "$LISTMAP" -c "$T/conf" rebuild far
}
