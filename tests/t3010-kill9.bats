#!/usr/bin/env bats
# A rebuild that is killed at any system call leaves the complete old snapshot
# or the complete new one, and nothing that the next rebuild does not mend.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	LISTMAP=${top_builddir:-$BATS_TEST_DIRNAME/..}/listmap
	command -v strace >/dev/null || skip "no strace"
	command -v cdb >/dev/null || skip "no cdb (tinycdb)"
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	mkdir lists cache
	for i in 1 2 3 4 5 6; do make_list "old-$i"; done
	cat >conf <<-END
		cache_dir = "$PWD/cache"
		user = "root"
		site "s" {
		    mailman = "2.1"
		    lists_dir = "$PWD/lists"
		    domain "lists.example.org" {}
		}
	END
}

make_list() {
	mkdir "lists/$1" && printf '}q\001.%s' "$1" >"lists/$1/config.pck"
}

rebuild() {
	"$LISTMAP" -c conf rebuild
}

# The names in the snapshot, on one line.
names() {
	cdb -d cache/s.cdb | sed -n 's/^+[0-9]*,[0-9]*:\([^:]*\)->.*/\1/p' |
		sort | tr '\n' ' '
}

# What the head record of the snapshot says there should be.
count() {
	cdb -q cache/s.cdb :listmap | cut -f 3
}

# Each system call from the one that opens the lock on, by its name and its
# number among those of that name: strace counts each name apart.
calls() {
	rm -rf cache && cp -a before cache
	strace -f -qq -o trace "$LISTMAP" -c conf rebuild
	awk '{
		sub(/^[0-9]+ +/, "")
		if (!match($0, /^[a-z_0-9]+\(/))
			next
		name = substr($0, 1, RLENGTH - 1)
		n[name]++
		if (index($0, "s.lock"))
			begun = 1
		if (begun && name != "exit_group")
			print name, n[name]
	}' trace
}

# A rebuild that SIGKILL meets at the entry of call $2 of those named $1.
killed_at() {
	rm -rf cache && cp -a before cache
	strace -f -qq -o trace -e "trace=$1" \
		-e "inject=$1:signal=KILL:when=$2" "$LISTMAP" -c conf rebuild
}

# What there is: the old snapshot or the new one, whole, or none if there was
# none; then what the next rebuild makes of it.
check_after() {
	local left

	if [ -e before/s.cdb ] || [ -e cache/s.cdb ]; then
		left=$(names)
		[ "$left" = "$old" ] || [ "$left" = "$new" ]
		[ "$(count)" = "$(echo "$left" | wc -w)" ]
	fi
	rebuild
	[ "$(names)" = "$new" ]
	[ "$(ls cache | tr '\n' ' ')" = "s.cdb s.lock s.state " ]
}

kill_everywhere() {
	local name number killed=0

	calls >list
	while read -r name number <&4; do
		echo "at $name, call $number"
		if killed_at "$name" "$number"; then
			[ "$(names)" = "$new" ]
		else
			check_after
			killed=$((killed + 1))
		fi
	done 4<list
	echo "killed $killed times"
	[ "$killed" -gt 20 ]
}

@test "killed at every system call while it replaces a snapshot" {
	rebuild
	old=$(names)
	[ "$(count)" = 6 ]
	cp -a cache before
	make_list new
	rm -r lists/old-1
	new="new $(echo "$old" | sed 's/old-1 //')"
	kill_everywhere
}

@test "killed at every system call while it makes the first snapshot" {
	cp -a cache before
	old="nothing yet"
	rebuild
	new=$(names)
	kill_everywhere
}
