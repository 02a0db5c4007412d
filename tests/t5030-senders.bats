# Whoever sends the message dies, at any moment: what was cut is never stored.
# What was sent whole is, however early its sender was done.

load lib
load mmhandler

host=lists.example.org user=foo as=

# senders WORD=VALUE...: as mm_sender.py is told; what it prints is in $ends.
# $as comes before mm-handler, $user is whom the mail is for.
senders() {
	ends=$($ENTER python3 "$top_srcdir/tests/mm_sender.py" "$@" -- \
	    $as "$MM_HANDLER" -c "$T/conf" $host $user 3>&-)
	echo "$*: $ends"
	until_ok no_wrapper
	faultless
}

no_wrapper() {
	[ -z "$(find /proc -maxdepth 2 -name exe -lname "$wrapper" \
	    2>/dev/null)" ]
}

# none_stored WORD=VALUE...: senders that die.
none_stored() {
	senders "$@"
	is "messages" 0 "$(stored)"
	forget
}

# all_stored WORD=VALUE...: senders that live, and send what is whole.
all_stored() {
	senders end=close times=10 half='Subject: x\n\nwhole\n' "$@"
	is "ends" "0 10" "$ends"
	is "messages" 10 "$(stored)"
	forget
}

@test "as sendmail starts it, killed 0 us to 200 ms after the start" {
	none_stored reaper=init times=30 \
	    delays=0,50,500,2000,10000,50000,100000,200000
	none_stored reaper=init times=30 delays=0,2000,20000 size=100000
	none_stored reaper=init times=30 delays=0,2000,20000 \
	    half='Subject: x\n\na line\n'
}

@test "as sendmail starts it, where another process becomes the parent" {
	none_stored reaper=us times=30 delays=0,1000,20000
	is "ends" "75 90" "$ends"
}

@test "by something else: the children of process 1" {
	for how in pipe held; do
		none_stored how=$how times=30 delays=0,1000,20000 \
		    half='Subject: x\n\na line\n'
	done
}

@test "by something else: the children of another session" {
	for how in pipe held; do
		none_stored how=$how reaper=us times=30 delays=0,1000,20000 \
		    half='Subject: x\n\na line\n'
	done
}

# Nothing else tells.
@test "by something else, children of its session: within a line" {
	none_stored how=pipe reaper=session times=30 delays=0,1000,20000
}

@test "mail for the loop is no exception" {
	user=mailman-loop
	mbox=$T/data/owner-bounces.mbox
	none_stored reaper=init times=20 delays=0,2000,20000
	[ ! -s "$mbox" ]
	senders end=close times=3 half='Subject: x\n\nwhole\n'
	is "messages" 3 "$(grep -c '^From ' "$mbox")"
}

# As sendmail's mailers with flag S, root is the real user alone: it may look.
@test "where /proc hides who sends" {
	need_root
	[ -n "$mm_holder" ] || skip "may not make mount namespaces"
	$ENTER mount -t proc -o hidepid=2 proc /proc ||
	    skip "may not hide processes"
	uid=$(id -u nobody) gid=$(id -g nobody)
	as="python3 $top_srcdir/tests/mm_start.py ids=0,$uid,$uid
	    gids=$gid,$gid,$gid groups= --"
	$ENTER $(mm_nobody) test ! -e /proc/1/stat
	# no Python begins in less time
	none_stored reaper=init times=20 delays=300000
	all_stored
	# nor does root's help matter where there is none
	as="$as $(mm_nobody)"
	none_stored reaper=init times=20 delays=300000
	all_stored
	$ENTER umount /proc
}

# first NAME HOW: a program of that name is process 1, and sends a message, or
# lets a child do so that dies; the mailer begins when all is written.
first() {
	cat >"$T/$1" <<-END
	#!$(python3 -c 'import sys; print(sys.executable)' 3>&-)
	import os, sys
	if os.getpid() == 1 and "$2" == "dies" and os.fork() == 0:
	    os.setsid()
	if os.getpid() == 1 and "$2" == "dies":
	    os.wait()
	    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
	message, back, go = os.pipe(), os.pipe(), os.pipe()
	pid = os.fork()
	if pid == 0:
	    for fd in message[1], back[0], go[1]:
	        os.close(fd)
	    os.read(go[0], 1)
	    os.setsid()
	    os.dup2(message[0], 0)
	    os.dup2(back[1], 1)
	    os.dup2(1, 2)
	    os.closerange(3, 100)
	    os.execv(sys.argv[1], sys.argv[1:])
	os.write(message[1], b"Subject: x\n\nwhole\n")
	for fd in *message, back[1]:
	    os.close(fd)
	if "$2" == "dies":
	    os.kill(os.getpid(), 9)
	os.close(go[1])
	sys.stdout.buffer.write(os.read(back[0], 4096))
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	chmod 755 "$T/$1"
	rc=0
	$ENTER unshare -p -f --mount-proc "$T/$1" "$MM_HANDLER" \
	    -c "$T/conf" $host foo >"$T/out" 2>"$T/err" 3>&- || rc=$?
}

@test "process 1 is believed where it is sendmail" {
	need_root
	$ENTER unshare -p -f --mount-proc true 2>/dev/null ||
	    skip "may not have processes of its own"
	first sendmail lives
	is "status" 0 $rc
	is "messages" 1 "$(stored)"
	forget
	first sendmail dies
	is "status" 75 $rc
	forget
	first init lives
	is "status" 75 $rc
	one_line_logged
	[ -z "$mm_log" ] || [[ $log == *"process 1"*"has to be a file"* ]]
	is "messages" 0 "$(stored)"
}

@test "whoever lives is believed, however early the message ends" {
	for how in sendmail pipe held; do
		for reaper in us session; do
			all_stored how=$how reaper=$reaper
		done
	done
}
