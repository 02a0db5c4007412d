# The rows of the bench in which something else goes on while a site is asked.
# What they mean is in the head of bench.sh.

# Look-ups of what is no list, while lists are made in the same site.
making()
{
	local made tell_p99=yes

	PIN=apart
	start maker nice -n 19 "$tree" -m -i 10 "$trees/$lists" 1000000
	compare "look-ups/s, none found, a list each 10 ms" ">= 0.90" \
	    floor "-c 64 -u 100 -g $lists $unix_floor" \
	    served "-c 64 -u 100 -g $lists $exact $unix_served" rate
	stop maker || die "no lists can be made"
	read -r _ made <"$dir/maker.log"
	[ "$made" -gt 0 ] || die "no list was made"
	rm -rf "$trees/$lists"/made-*
	settle
}

# A SITE NEARBY, AND ONE WHOSE FILE SERVER HANGS

# What is missing to have a file server that can be stopped, or nothing.
far_missing()
{
	local tool

	for tool in bindfs fusermount3 mountpoint setpriv; do
		command -v $tool >/dev/null || { echo "$tool"; return; }
	done
	[ -w /dev/fuse ] || echo "/dev/fuse"
}

# What asks the kernel for something of the far site waits until its file server
# has ended, and so does the end of a process.
far_end()
{
	[ -n "${pid[bindfs]:-}" ] || return 0
	kill -KILL "${pid[bindfs]}"
	wait "${pid[bindfs]}" 2>/dev/null
	unset "pid[bindfs]"
	fusermount3 -u -z "$dir/far" 2>/dev/null
}

# bindfs: the lists of the site "far", by a process that can be stopped.
start_bindfs()
{
	mkdir "$dir/far" || die "cannot make $dir/far"
	start bindfs setpriv --pdeathsig KILL bindfs -f -r "$trees/$few" \
	    "$dir/far"
	until_ok far_is_there
	mountpoint -q "$dir/far"
}

far_is_there()
{
	mountpoint -q "$dir/far" || ! kill -0 "${pid[bindfs]}" 2>/dev/null
}

# The configuration of "near" with a second site.
add_far_site()
{
	cat <<-END >>"$dir/near.conf" || die "cannot write near.conf"
	site "far" {
		mailman = "2.1"
		lists_dir = "$dir/far"
		hosts = "any"
		domain "far.example.org" { dedicated = true }
	}
	END
	# Who asks for what is no list there waits so long at most.
	sed -i 's/^deadline = .*/deadline = 5/' "$dir/near.conf"
}

# Asks for what the far site has not, until it is killed.  Each TEMP is an error
# to the load generator, which gives up after a thousand.
ask_far()
{
	awk 'BEGIN { for (i = 0; i < 1000; i++)
	    printf "nolist-%06d@far.example.org\tNOTFOUND\n", i }' \
	    >"$dir/far.keys" || die "cannot write far.keys"
	start far setpriv --pdeathsig KILL "$load" -c 8 -r 10 -d 3600 -w 0 \
	    -k "$dir/far.keys" "local:$dir/near.sock"
}

# hanging_row WHAT UNKNOWN
hanging_row()
{
	compare "look-ups/s, $1, another site hangs" ">= 0.90" \
	    floor "-c 64 -u $2 -g $lists $unix_floor" \
	    near "-c 64 -u $2 -g $lists $exact local:$dir/near.sock" rate
}

# Look-ups of a site whose directory is on this machine, while the file server
# of another one has stopped, and somebody asks for that one, too.
hanging()
{
	local lacks tell_p99=yes

	lacks=$(far_missing)
	if [ -z "$lacks" ] && ! start_bindfs; then
		lacks="a bindfs that can mount: $(tail -n 1 "$dir/bindfs.log")"
		far_end
	fi
	if [ -n "$lacks" ]; then
		row "look-ups/s, another site hangs" - - - - ">= 0.90" - \
		    "not measured: needs $lacks"
		return
	fi
	configure near "$trees/$lists" "local:$dir/near.sock"
	add_far_site
	start near "$build/listmapd" -c "$dir/near.conf"
	ready near "local:$dir/near.sock"
	kill -STOP "${pid[bindfs]}"
	ask_far
	PIN=apart
	hanging_row "all found" 0
	hanging_row "none found" 100
	kill "${pid[far]}" 2>/dev/null
	wait "${pid[far]}" 2>/dev/null
	unset "pid[far]"
	far_end
	stop near
}
