# Every input that a fuzzer found worth keeping, and those made by hand, once
# through its target.

replay() {
	corpus=$top_srcdir/tests/corpus/$1
	files=$(find "$corpus" -type f ! -name '.*' | wc -l)
	[ "$files" -gt 0 ]
	run "$top_builddir/tests/fuzz/fuzz_$1" "$corpus"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "$files inputs" ]
}

@test "corpus: address" {
	replay address
}

@test "corpus: conf" {
	replay conf
}

@test "corpus: netstring" {
	replay netstring
}

@test "corpus: pickle" {
	replay pickle
}

@test "corpus: postfix" {
	replay postfix
}

@test "corpus: record" {
	replay record
}

@test "corpus: request" {
	replay request
}

@test "corpus: table" {
	replay table
}

@test "every corpus has its target, and every target its corpus" {
	for corpus in "$top_srcdir"/tests/corpus/*/; do
		grep -q "replay $(basename "$corpus")\$" "$BATS_TEST_FILENAME"
	done
	for target in "$top_srcdir"/tests/fuzz/fuzz_*.c; do
		name=$(basename "$target" .c)
		[ "$name" = fuzz_main ] ||
		    [ -d "$top_srcdir/tests/corpus/${name#fuzz_}" ]
	done
}

@test "a corpus that is not there is an error" {
	run "$top_builddir/tests/fuzz/fuzz_address" "$top_srcdir/tests/nosuch"
	[ "$status" -ne 0 ]
}
