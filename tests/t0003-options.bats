# Every option there is stands in the manual page and in the sample file, and
# the sample file is right.

setup() {
	T=$(mktemp -d)
	printf 'site "s" {\n\tdomain "d.test" {}\n}\n%s\n' \
	    'map "m" { role = "virtuser" }' >"$T/conf"
}

teardown() {
	rm -rf "$T"
}

# The names of all options, as the program prints them.
options() {
	"$top_builddir/listmapd" -T -c "$T/conf" |
	    sed -n 's/^[[:blank:]]*\([a-z_]*\) = .*/\1/p' | sort -u
}

@test "listmapd -T prints every row of the table" {
	rows=$(grep -v '#member' "$top_srcdir/src/base/conf_options.c" |
	    grep -c '^	\([A-Z]*_\)\{0,1\}ROW(CONF_')
	[ "$rows" -gt 20 ]
	n=$("$top_builddir/listmapd" -T -c "$T/conf" | grep -c ' = ')
	echo "$rows rows, $n options"
	[ "$n" -eq "$rows" ]
}

@test "listmap.conf(5) names every option" {
	for o in $(options); do
		echo "$o"
		grep -q "^\.It Ic $o\>" "$top_srcdir/doc/listmap.conf.5"
	done
}

@test "the sample file names every option" {
	for o in $(options); do
		echo "$o"
		grep -Eq "^[#[:blank:]]*$o[[:blank:]]*=" \
		    "$top_srcdir/doc/listmap.conf.sample"
	done
}

@test "the sample file is right, also with everything in force" {
	"$top_builddir/listmapd" -T -c "$top_srcdir/doc/listmap.conf.sample"
	# Options and sections are commented out by a # without a blank.
	sed 's/^\([[:blank:]]*\)#\([^ ]\)/\1\2/' \
	    "$top_srcdir/doc/listmap.conf.sample" >"$T/all"
	run diff "$top_srcdir/doc/listmap.conf.sample" "$T/all"
	[ "$status" -eq 1 ]
	"$top_builddir/listmapd" -T -c "$T/all"
}

# Every "-x" and "--word" of PROGRAM's usage is in PAGE.
page_has_options() {
	local o page="$top_srcdir/doc/$2" n=0

	for o in $("$top_builddir/$1" --help |
	    grep -oE -e '(^|[^[:alnum:]-])--?[[:alpha:]][[:alpha:]-]*' |
	    grep -oE -e '--?[[:alpha:]].*' | sort -u); do
		echo "$1 $o"
		n=$((n + 1))
		# mdoc writes the first dash itself, the second is \- or Fl.
		sed 's/\\-/-/g; s/Fl Fl /Fl -/g' "$page" |
		    grep -qE -e "Fl ([^ ]+ )*${o#-}([[:blank:]]|\$)"
	done
	[ "$n" -ge 3 ]
}

@test "listmapd(8) names every option of --help" {
	page_has_options listmapd listmapd.8
}

@test "listmap(1) names every option and command of --help" {
	page_has_options listmap listmap.1
	for c in $("$top_builddir/listmap" --help |
	    sed -n '/^commands:/,/^$/s/^  \([a-z]\{1,\}\).*/\1/p'); do
		echo "$c"
		grep -q "^\.It Cm $c\>" "$top_srcdir/doc/listmap.1"
	done
}

@test "mm-handler(8) names every option of --help" {
	page_has_options mm-handler mm-handler.8
}
