# The house rules that a program can check; each is a function of rules.py.

rule() {
	python3 "$top_srcdir/tests/rules.py" "$1" "${2:-$top_srcdir}"
}

# Nothing breaks it.
green() {
	run rule "$1"
	echo "$output"
	[ "$status" -eq 0 ]
}

# red RULE PATH TEXT WHY: a tree of one file breaks it.
red() {
	mkdir -p "$(dirname "$T/$2")"
	printf "$3" >"$T/$2"
	run rule "$1" "$T"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"$4"* ]]
}

setup() {
	T=$(mktemp -d)
}

teardown() {
	rm -rf "$T"
}

lines() {
	yes "$2" | head -n "$1"
}

@test "functions are short" {
	green short_functions
	red short_functions src/x.c \
	    "int\nf(void)\n{\n$(lines 59 '	g();')\n}\n" "f() has 61 lines"
}

@test "files are short" {
	green short_files
	red short_files src/x.c "$(lines 501 'int x;')\n" "has 501 lines"
	red short_files maps/x.h "$(lines 121 'int x;')\n" "has 121 lines"
}

@test "lines are narrow and end where they seem to" {
	green line_shape
	red line_shape src/x.c "$(printf '%%081d' 0)\n" "wider than 80"
	red line_shape src/x.c "int x; \n" "blanks at its end"
}

@test "every header compiles alone and has a guard" {
	command -v ${CC:-cc} >/dev/null || skip "no C compiler"
	green headers_alone
	red headers_alone src/base/x.h \
	    "#ifndef BASE_X_H\n#define BASE_X_H\nsize_t x;\n#endif\n" \
	    "does not compile alone"
	red headers_alone src/base/x.h "int x;\n" "no guard BASE_X_H"
}

@test "includes have their order" {
	green include_order
	red include_order src/x.c '#include "x.h"\n#include <a.h>\n' "behind"
	red include_order src/x.c '#include <b.h>\n#include <a.h>\n' \
	    "not sorted"
	red include_order src/x.c '#include "b.h"\n#include "x.h"\n' \
	    "not the first"
	red include_order src/x.c '#include "b.h"\n#include "b.h"\n' "twice"
}

@test "a function is found by its name" {
	green unique_names
	mkdir -p "$T/maps"
	printf 'static int\nf(void)\n{\n}\n' >"$T/maps/y.c"
	red unique_names src/x.c 'int\nf(void)\n{\n}\n' "f(): "
	printf 'int\nmain(void)\n{\n}\n' >"$T/maps/y.c"
	printf 'int\nmain(void)\n{\n}\n' >"$T/src/x.c"
	rule unique_names "$T"
}

@test "what a header declares is in the file of its name" {
	green one_header_one_file
	mkdir -p "$T/src"
	printf 'int\nf(void)\n{\n}\n' >"$T/src/y.c"
	red one_header_one_file src/x.h 'int f(void);\n' "src/y.c"
	# another file's static function of that name is not meant
	printf 'static int\nf(void)\n{\n}\n' >"$T/src/y.c"
	rule one_header_one_file "$T"
}

@test "the glossary has a word for every file" {
	green words_for_files
	mkdir -p "$T/doc" "$T/src/base"
	printf '| `base/y` | what |\n' >"$T/doc/GLOSSARY.md"
	red words_for_files src/base/x.c "" "base/x: doc/GLOSSARY.md does not"
	red words_for_files src/base/x.c "" "base/y is not there"
}

@test "functions without bounds are not used" {
	green banned_functions
	red banned_functions tests/x.c 'int x = ato''i("1");\n' "atoi()"
	red banned_functions maps/x.c 'strcpy (a, b);\n' "strcpy()"
	printf '/* strcpy(a) */\nchar *x = "strcpy(";\nstrtok_r(a);\n' \
	    >"$T/maps/x.c"
	rm -r "$T/tests"
	rule banned_functions "$T"
}

@test "goto goes to the end" {
	green goto_out
	red goto_out src/x.c 'goto again;\n' "goto again"
}

@test "nothing is left for later, no code in comments" {
	green nothing_left
	red nothing_left tests/x.bats '# FIX''ME\n' "FIX""ME"
	red nothing_left src/x.c 'int x; // y\n' "other kind"
	red nothing_left src/x.c '/*\n * return x;\n */\n' "code in a comment"
	red nothing_left src/x.c '/* f(x, y); */\n' "code in a comment"
}

@test "Makefile.am names every file" {
	green named_in_makefile
	printf '%s\n' 'unit_tests =' 'shell_tests =' 'fuzz_targets =' \
	    'x = tests/test_x.c tests/fuzz_x.c' >"$T/Makefile.am"
	red named_in_makefile tests/test_x.c "" "not among unit_tests"
	red named_in_makefile tests/fuzz_x.c "" "not among fuzz_targets"
	red named_in_makefile tests/t9-x.bats "" "not among shell_tests"
	red named_in_makefile src/x.c "" "src/x.c: Makefile.am does not"
}

@test "scripts can be parsed" {
	green scripts_parse
	red scripts_parse tests/x.sh 'if true; then\n' "x.sh"
	red scripts_parse tests/x.py 'def f(:\n' "x.py:1"
	run sh -n "$top_srcdir/bootstrap"
	[ "$status" -eq 0 ]
}

@test "manual pages are clean" {
	command -v mandoc >/dev/null || skip "no mandoc"
	green manual_pages
	red manual_pages doc/x.1 '.Dd no date\n.Nosuch x\n' "x.1"
}
