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
