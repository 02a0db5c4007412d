# The figures of `make bench-plot': how many look-ups a second, and the p99 of
# each, against the number of connections and against the number of lists, of
# the floor and of listmapd by turns.  Lines of
#
#	connections|lists NUMBER FLOOR'S-RATE RATE FLOOR'S-P99 P99
#
# which are medians of the rounds, p99 in microseconds.

# plotted AXIS NUMBER SERVER CONNECTIONS LISTS
plotted()
{
	local axis=$1 number=$2 server=$3 base=floor figure=rate i try
	local base_asked="-c $4 -g $5 $unix_floor"
	local server_asked="-c $4 -g $5 $exact local:$dir/$3.sock"
	local basis basis_time basis_p99 value value_time value_p99
	local rates=() floors=() p99s=() floor_p99s=() middle=()

	PIN=apart
	[ "$4" != 1 ] || PIN=together
	for ((i = 0; i < rounds; i++)); do
		for ((try = 0; try < tries; try++)); do
			pair "$i" && break
		done
		floors+=("$basis") floor_p99s+=("$basis_p99")
		rates+=("$value") p99s+=("$value_p99")
	done
	read -r _ "middle[0]" _ < <(median "${floors[@]}")
	read -r _ "middle[1]" _ < <(median "${rates[@]}")
	read -r _ "middle[2]" _ < <(median "${floor_p99s[@]}")
	read -r _ "middle[3]" _ < <(median "${p99s[@]}")
	echo "$axis $number ${middle[*]}"
}

# The figures, on standard output.
plot_data()
{
	local n name

	serve served "$lists"
	for n in "${plot_connections[@]}"; do
		plotted connections "$n" served "$n" "$lists"
	done
	for n in "${plot_lists[@]}"; do
		name=lists$n
		if [ "$n" -ge 1000000 ] && ! place_large "$n"; then
			echo "bench: no room for $n lists" >&2
			continue
		fi
		serve "$name" "$n"
		plotted lists "$n" "$name" 64 "$n"
		stop "$name"
	done
}
