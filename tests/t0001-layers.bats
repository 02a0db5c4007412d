# Arrows between modules point downwards, and are granted one by one in
# tests/data/layers.

check() {
	python3 "$top_srcdir/tests/layers.py" "${1:-$top_srcdir}" \
	    "${2:-$top_srcdir/tests/data/layers}"
}

# A tree of its own to spoil.
setup() {
	T=$(mktemp -d)
	mkdir -p "$T/src/base" "$T/src/wire" "$T/maps"
	printf '#include "base/b.h"\n' >"$T/src/base/a.h"
	: >"$T/src/base/b.h"
	printf '#include <ev.h>\n#include <stdio.h>\n\n#include "base/a.h"\n' \
	    >"$T/src/wire/w.c"
	printf '%s\n' 'base/:' 'wire/: base/' 'src/base/a.h: base/b.h' \
	    'src/base/b.h:' 'src/wire/w.c: <ev.h> base/a.h' >"$T/layers"
}

teardown() {
	rm -rf "$T"
}

# It fails, and says why.
red() {
	run check "$T" "$T/layers"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"$1"* ]]
}

@test "every include of src and maps is granted, and used" {
	run check
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the fence: a tree that is in order" {
	check "$T" "$T/layers"
}

@test "the fence: an include that is not granted" {
	echo '#include "base/b.h"' >>"$T/src/wire/w.c"
	red "src/wire/w.c: may not include base/b.h"
}

@test "the fence: a fenced system header" {
	echo '#include <cdb.h>' >>"$T/src/wire/w.c"
	red "src/wire/w.c: may not include <cdb.h>"
}

@test "the fence: a grant that nobody uses" {
	: >"$T/src/wire/w.c"
	red "src/wire/w.c: does not include base/a.h"
}

@test "the fence: a file without a line, a line without a file" {
	mv "$T/src/wire/w.c" "$T/maps/m.c"
	red "maps/m.c: has no line"
	red "src/wire/w.c: is not there"
}

@test "the fence: upwards, though it be granted" {
	: >"$T/src/wire/w.h"
	echo 'src/wire/w.h:' >>"$T/layers"
	echo '#include "wire/w.h"' >>"$T/src/base/b.h"
	sed -i 's|^src/base/b.h:|& wire/w.h|' "$T/layers"
	red "src/base/b.h: wire/w.h is not below base/"
	sed -i 's|^base/:|& wire/|' "$T/layers"
	red "base/: wire/ is not below it"
}

@test "the fence: headers in a circle" {
	echo '#include "base/a.h"' >>"$T/src/base/b.h"
	sed -i 's|^src/base/b.h:|& base/a.h|' "$T/layers"
	red "circle: base/a.h base/b.h base/a.h"
}
