# What the daemon answers in the moment after something happened to a name, in
# each state that its knowledge of the lists directory may be in: the table of
# states, events and answers, at the level of processes.
load lib
load sites

export PYTHONDONTWRITEBYTECODE=1

# events DOMAIN=DIRECTORY...: where the lists are changed.
events() {
	run python3 "$top_srcdir/tests/turns.py" events "$T/run/socket" \
	    "$PID" "$@" 3>&-
	echo "$output"
	[ "$status" = 0 ] || {
		tail -n 20 "$T/log"
		return 1
	}
}

# lists_in DIR...: so many that the guard of mass loss is content.
lists_in() {
	local dir

	for dir; do
		mkdir -p "$dir"
		many_lists 60 "$dir"
	done
}

# bind_fuse FROM TO: a file server; what it forgets at once nobody remembers.
bind_fuse() {
	need bindfs
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	mkdir -p "$1" "$2"
	bindfs -o attr_timeout=0,entry_timeout=0 "$1" "$2" 3>&- ||
	    skip "may not mount FUSE"
}

# fold_case DIR: an ext4 whose names have no case, where that is to be had.
fold_case() {
	truncate -s 16M "$T/image"
	mkdir "$1"
	PATH=$PATH:/sbin:/usr/sbin
	mkfs.ext4 -q -O casefold "$T/image" && mount -o loop "$T/image" "$1" &&
	    mkdir "$1/lists" && chattr +F "$1/lists"
}

@test "each event, on each kind of filesystem" {
	local more=

	need_mounts
	begin_conf 'debounce = 0.01'
	site 0 2.1 "$T/0/lists" 'hosts = "any"' zero.example.org
	mkdir "$T/1"
	mount -t tmpfs listmap-test "$T/1"
	site 1 2.1 "$T/1/lists" 'hosts = "any"' one.example.org
	on_overlay "$T/2"
	site 2 2.1 "$T/2/lists" 'hosts = "any"' two.example.org
	bind_fuse "$T/3.server" "$T/3"
	site 3 2.1 "$T/3/lists" 'hosts = "any"' three.example.org
	lists_in "$T"/{0,1,2,3}/lists
	if fold_case "$T/4"; then
		site 4 2.1 "$T/4/lists" 'hosts = "any"' four.example.org
		lists_in "$T/4/lists"
		more=four.example.org=$T/4/lists
	fi
	start_daemon
	events "zero.example.org=$T/0/lists" "one.example.org=$T/1/lists" \
	    "two.example.org=$T/2/lists" "three.example.org=$T/3.server/lists" \
	    $more
	not logged 'away\|failed'
}

@test "each event, without a watch" {
	without_watches
	begin_conf 'debounce = 0.01'
	site 0 2.1 "$T/0/lists" 'hosts = "any"' zero.example.org
	lists_in "$T/0/lists"
	start_daemon
	logged 'raise fs.inotify.max_user_watches'
	events "zero.example.org=$T/0/lists"
}

@test "made between two system calls of the daemon's turn" {
	need_attach
	conf
	mklist l{1..40}
	start_daemon
	until_ok scanned_since 0
	run python3 "$top_srcdir/tests/turns.py" stops "$T/run/socket" \
	    lists.example.org "$T/lists" "$PID" 3>&-
	echo "$output"
	[ "$status" = 0 ]
}
